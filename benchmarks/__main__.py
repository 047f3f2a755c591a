"""``make bench``: one file a question, ours against the obvious way, written to RESULTS.md."""

import os
import platform
import sys
from datetime import date
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

from benchmarks.timing import Row, fresh
from musegen.files import whole

QUESTIONS = ("start_up", "reading", "tokens", "generating", "learning")
HEAD = "| what | size | ours | the obvious way | times as fast | asked for |\n" + 6 * "|---" + "|"
PEAKS = {
    "import musegen": "import musegen",
    "256 chorales, cached": "from musegen import corpus; list(corpus.load('chorales', 256))",
    "generating 64 songs, 20 tokens": (
        "import numpy as np; from musegen import generation, training; "
        "run = training.load_or_train('lstm_small_128'); rng = np.random.default_rng(0); "
        "generation.lstm_songs(run, 64, rng, length=20)"
    ),
}


def line(row: Row) -> str:
    """Write a row: seconds in the unit that reads best."""
    ours, naive = (_short(value, row.unit) for value in (row.ours, row.naive))
    asked = f"{row.promised:g}" if row.promised else ""
    ratio = f"{row.ratio:,.0f}" if row.ratio >= 100 else f"{row.ratio:.2g}"
    return f"| {row.what} | {row.size} | {ours} | {naive}, {row.peer} | {ratio} | {asked} |"


def _short(seconds: float, unit: str) -> str:
    scales = ((1, "s"), (1e3, "ms"), (1e6, "µs"), (1e9, "ns"))
    factor, name = next((scale for scale in scales if seconds * scale[0] >= 1), scales[-1])
    return f"{seconds * factor:.3g} {name} a {unit}"


def machine() -> str:
    """Say what these figures were taken on."""
    libraries = ", ".join(f"{name} {version(name)}" for name in ("tensorflow", "keras", "numpy"))
    cores = os.process_cpu_count() if sys.version_info >= (3, 13) else os.cpu_count()
    system = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    return f"{cores} cores, {system}, {libraries}"


def main() -> None:
    """Run the questions named, or all; write the table only if all were run."""
    asked = sys.argv[1:] or QUESTIONS
    text = [
        "# Results",
        "",
        f"Written by `make bench` on {date.today()}: {machine()}.",
        "Medians of repeats that take turns with the obvious way, in one run.",
    ]
    for name in asked:
        module = import_module(f"benchmarks.{name}")
        text += ["", f"## {module.__doc__.strip()}", "", HEAD]
        for row in module.rows():
            text.append(line(row))
            print(text[-1], flush=True)
    if tuple(asked) != QUESTIONS:
        return
    text += ["", "## How much memory?", "", "| what | peak |", "|---|---|"]
    text += [f"| {what} | {fresh(code).get('peak_mb', '?')} MB |" for what, code in PEAKS.items()]
    installed = sum(file.stat().st_size for file in Path(sys.prefix).rglob("*") if file.is_file())
    text += ["", f"Installed: {installed / 1e9:.1f} GB, test tools and byte-code included."]
    with whole(Path(__file__).parent / "RESULTS.md") as part:
        part.write_text("\n".join(text) + "\n", encoding="utf-8")
    print("written to benchmarks/RESULTS.md")


if __name__ == "__main__":
    main()
