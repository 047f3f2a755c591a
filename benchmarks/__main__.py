"""``python -m benchmarks``: what was promised to be quick, timed on this machine.

Each row is the best of some tries, so that other work on the machine disturbs it least.
"""

import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np

from musegen import config, corpus, generation, training
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


def generation_rows():
    """Yield how fast tokens are generated, as a ratio to one `predict` a token, the naive way."""
    run = training.load_or_train("lstm_small_128")
    rng = np.random.default_rng(0)
    seed = generation.random_seeds(run, 64, rng)
    run.model.predict(seed[:1], verbose=0)
    naive = best(lambda: run.model.predict(seed[:1], verbose=0), 10)
    yield "one token, one `predict`", naive, "the naive way"
    for songs in (1, 64):
        window = generation.SlidingWindow(run, songs)
        for column in seed[:songs].T:
            window.feed(column)
        seconds = best(lambda w=window, n=songs: w.feed(seed[:n, 0]), 20) / songs
        yield f"one token, sliding window, {songs} songs", seconds, f"{naive / seconds:.0f} times"


if __name__ == "__main__":
    for what, seconds, promised in (*rows(), *generation_rows()):
        print(f"{seconds:9.4f} s  {what}{f' ({promised})' if promised else ''}", flush=True)
