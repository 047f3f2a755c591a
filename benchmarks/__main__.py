"""``python -m benchmarks``: what was promised to be quick, timed on this machine.

Each row is the best of some tries, so that other work on the machine disturbs it least.
"""

import subprocess
import sys
import time
from collections.abc import Callable

from musegen import config, corpus
from musegen.corpus import chorales

PARSED = 8  # songs parsed one by one; the whole corpus is this, extrapolated


def best(job: Callable, tries: int) -> float:
    """Time a job `tries` times and return the least seconds."""
    seconds = []
    for _ in range(tries):
        start = time.perf_counter()
        job()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def interpreter(code: str) -> Callable:
    """Make a job of running `code` in a fresh interpreter."""
    return lambda: subprocess.run([sys.executable, "-c", code], check=True, cwd=config.root())


def parse_some() -> None:
    for name in corpus.load("chorales").names[:PARSED]:
        chorales.read(chorales.files()[name])


def rows():
    """Yield what is timed, the seconds, and what was promised."""
    bare = best(interpreter(""), 5)
    yield "import musegen", best(interpreter("import musegen"), 5) - bare, "under 0.5 s"
    songs = len(corpus.load("chorales"))
    parsed = best(parse_some, 1) / PARSED * songs
    yield f"{songs} chorales, music21 one by one (extrapolated from {PARSED})", parsed, ""
    yield f"{songs} chorales, second load", best(lambda: corpus.load("chorales"), 5), "under 1 s"
    yield (
        "table 1, recovered",
        best(interpreter("from musegen import survey; survey.recovered()"), 1),
        "under 5 s",
    )


if __name__ == "__main__":
    for what, seconds, promised in rows():
        print(f"{seconds:9.3f} s  {what}{f' ({promised})' if promised else ''}", flush=True)
