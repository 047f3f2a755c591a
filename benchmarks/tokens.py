"""How do tokens and windows grow with the music?"""

from collections.abc import Iterator

import numpy as np

from benchmarks.timing import Row, compare
from musegen import tokens

WINDOW = 64


def _naive(song: list[int]) -> tuple[list, list]:
    """Cut windows as tutorials do: a slice and an append for each token."""
    inputs, targets = [], []
    for i in range(len(song) - WINDOW):
        inputs.append(song[i : i + WINDOW])
        targets.append(song[i + WINDOW])
    return np.array(inputs), np.array(targets)


def rows() -> Iterator[Row]:
    for count in (1_000, 20_000, 200_000):
        song = np.random.default_rng(0).integers(0, 300, count)
        plain = song.tolist()
        ours, naive = compare(
            lambda song=song: tokens.windows([song], WINDOW), lambda song=plain: _naive(song), 3
        )
        size = f"{count:,} tokens"
        yield Row("windows of 64", size, ours / count, naive / count, "token", "a loop of slices")
