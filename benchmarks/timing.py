"""Ours against the obvious way, in the same run: medians of repeats that take turns."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import ClassVar

from musegen import config


@dataclass(frozen=True)
class Row:
    """One line of the results.

    Attributes
    ----------
    what, size : str
    ours, naive : float
        Seconds for one of `unit`.
    unit : str
        What is counted: a song, a token, a file.
    peer : str
        The naive way, in words.
    promised : float
        The ratio that was asked for; 0 if none was.
    """

    HEAD: ClassVar = (
        "| what | size | ours | the obvious way | times as fast | asked for |\n" + 6 * "|---" + "|"
    )
    what: str
    size: str
    ours: float
    naive: float
    unit: str
    peer: str
    promised: float = 0.0

    @property
    def ratio(self) -> float:
        """How many times as fast ours is."""
        return self.naive / self.ours

    def line(self) -> str:
        """Write a row: seconds in the unit that reads best."""
        ours, naive = (_short(value, self.unit) for value in (self.ours, self.naive))
        asked = f"{self.promised:g}" if self.promised else ""
        ratio = f"{self.ratio:,.0f}" if self.ratio >= 100 else f"{self.ratio:.2g}"
        return f"| {self.what} | {self.size} | {ours} | {naive}, {self.peer} | {ratio} | {asked} |"


def _short(seconds: float, unit: str) -> str:
    scales = ((1, "s"), (1e3, "ms"), (1e6, "µs"), (1e9, "ns"))
    factor, name = next((scale for scale in scales if seconds * scale[0] >= 1), scales[-1])
    return f"{seconds * factor:.3g} {name} a {unit}"


def seconds(job: Callable) -> float:
    """Time a job once."""
    start = time.perf_counter()
    job()
    return time.perf_counter() - start


def compare(ours: Callable, naive: Callable, repeats: int = 7) -> tuple[float, float]:
    """Time two jobs in turns, after one run of each that does not count; give both medians."""
    ours()
    naive()
    times = [(seconds(ours), seconds(naive)) for _ in range(repeats)]
    return median(our for our, _ in times), median(its for _, its in times)


def fresh(code: str) -> dict:
    """Run code in an interpreter of its own; give what it prints as JSON, its seconds and peak."""
    measured = (
        "import json, time\nbegan = time.perf_counter()\nsaid = {}\n"
        f"{code}\n"
        "said['seconds'] = time.perf_counter() - began\n"
        # What the process itself came to; getrusage would count the one that started it, too.
        "try:\n    said['peak_mb'] = int(open('/proc/self/status').read()"
        ".split('VmHWM:')[1].split()[0]) // 1024\n"
        "except OSError:\n    pass  # only Linux tells\n"
        "print(json.dumps(said))"
    )
    run = subprocess.run(
        [sys.executable, "-c", measured],
        cwd=config.root(),
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(run.stdout.splitlines()[-1])
