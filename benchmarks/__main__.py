"""``make bench``: one file a question, ours against the obvious way, written to RESULTS.md."""

import os
import platform
import sys
import sysconfig
from collections import Counter
from datetime import date
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

from benchmarks.timing import fresh
from musegen.files import write

QUESTIONS = ("start_up", "reading", "tokens", "generating", "learning", "quality")
LARGEST = 10  # packages that are named
PEAKS = {
    "import musegen": "import musegen",
    "256 chorales, cached": "from musegen import corpus; corpus.load()[:256]",
    "importing everything": "import keras, tensorflow, music21, pypianoroll, seaborn, musegen",
    "10 chorales, cached": "from musegen import corpus; corpus.load()[:10]",
    "decoding 256 songs": (
        "from musegen import generation, training; run = training.load_or_train('ae_10'); "
        "generation.decode(run, generation.latents_of_training(run)[:1].repeat(256, axis=0))"
    ),
    "generating 1 song, 20 tokens": (
        "import numpy as np; from musegen import generation, training; "
        "run = training.load_or_train('lstm_small_128'); rng = np.random.default_rng(0); "
        "generation.continue_tokens(run, generation.random_seeds(run, 1, rng), rng, length=20)"
    ),
    "generating 64 songs, 20 tokens": (
        "import numpy as np; from musegen import generation, training; "
        "run = training.load_or_train('lstm_small_128'); rng = np.random.default_rng(0); "
        "generation.continue_tokens(run, generation.random_seeds(run, 64, rng), rng, length=20)"
    ),
}


def machine() -> str:
    """Say what these figures were taken on."""
    libraries = ", ".join(f"{name} {version(name)}" for name in ("tensorflow", "keras", "numpy"))
    cores = os.process_cpu_count() if sys.version_info >= (3, 13) else os.cpu_count()
    system = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    return f"{cores} cores, {system}, {libraries}"


def installed() -> list[str]:
    """Weigh the environment, and name the largest packages in it."""
    sizes = Counter()
    packages = Path(sysconfig.get_path("purelib"))
    for file in packages.rglob("*"):
        if file.is_file():
            sizes[file.relative_to(packages).parts[0]] += file.stat().st_size
    table = [f"| {name} | {size / 1e6:.0f} MB |" for name, size in sizes.most_common(LARGEST)]
    total = f"| everything, test tools and byte-code included | {sizes.total() / 1e6:.0f} MB |"
    return ["| package | on the disk |", "|---|---|", *table, total]


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
        text += ["", f"## {module.__doc__.strip()}", ""]
        for row in module.rows():
            text += [row.line()] if text[-1] else [row.HEAD, row.line()]
            print(text[-1], flush=True)
    if tuple(asked) != QUESTIONS:
        return
    text += ["", "## How much memory?", "", "| what | peak |", "|---|---|"]
    text += [f"| {what} | {fresh(code).get('peak_mb', '?')} MB |" for what, code in PEAKS.items()]
    text += ["", "## What is installed?", "", *installed()]
    write(Path(__file__).parent / "RESULTS.md", "\n".join(text) + "\n")
    print("written to benchmarks/RESULTS.md")


if __name__ == "__main__":
    main()
