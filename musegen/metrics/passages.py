"""Which passages two songs share, and where they stand in both: for the player and the figures."""

from collections.abc import Sequence

import numpy as np

from musegen.metrics.novelty import BAR, TICKS, SharedRun, frames, sounding, transposed
from musegen.song import Song


def shared_runs(song: Song, other: Song, at_least: int = BAR) -> list[SharedRun]:
    """Find all passages that two songs share, each in a key of its own.

    Parameters
    ----------
    song, other : Song
    at_least : int
        Eighths; a shorter run is not listed.

    Returns
    -------
    list of SharedRun
        In the order of `song`, of which no eighth is told twice: the longest run comes first, then
        the longest of what remains beside it. A passage of `other` may come several times.

    Examples
    --------
    >>> from musegen.song import as_notes
    >>> one = Song(as_notes(range(5), 1, [60, 62, 64, 65, 61]), 5, steps_per_beat=2)
    >>> other = Song(as_notes(range(5), 1, [60, 69, 71, 72, 72]), 5, 2, title="other")
    >>> shared_runs(one, other, at_least=3)
    [SharedRun(length=3, start=1, title='other', start_there=1, shift=7)]

    Notes
    -----
    Report 3.3.3. Notebook: 04_generation, "Is it copying?".
    """
    mine, theirs = frames(song), frames(other)
    keys = np.stack([transposed(mine, shift) for shift in range(12)], axis=1)  # (eighth, shift)
    free = np.ones(len(mine), bool)
    runs = []
    for length, start, start_there, shift in _longest_first(keys, theirs, at_least):
        if free[start : start + length].all():
            free[start : start + length] = False
            runs.append(SharedRun(length, start, other.title, start_there, shift))
    return sorted(runs, key=lambda run: run.start)


def _longest_first(keys: np.ndarray, theirs: np.ndarray, at_least: int) -> list[tuple[int, ...]]:
    """List every run that cannot be made longer as (length, start, start there, shift)."""
    runs = []
    before = np.zeros((12, len(theirs) + 1), int)  # how long the run is that ends at each place
    for end in range(len(keys) + 1):
        here = np.zeros_like(before)
        if end < len(keys):
            same = keys[end][:, None] == theirs
            here[:, 1:] = (before[:, :-1] + 1) * same
        goes_on = np.pad(here[:, 1:] > 0, ((0, 0), (0, 1)))
        for shift, there in np.argwhere((before >= at_least) & ~goes_on).tolist():
            length = int(before[shift, there])
            runs.append((length, end - length, there - length, shift))
        before = here
    return sorted(runs, key=lambda run: (-run[0], *run[1:]))


def marks(song: Song, other: Song, runs: Sequence[SharedRun]) -> tuple[list, list]:
    """Say where shared runs stand in both songs, for `player.SideBySide` and `figures.plot_songs`.

    Returns
    -------
    tuple of two lists of (start, end, label)
        In steps of each song; the label numbers the runs and says their length and, where the other
        song stands in another key, how many semitones it is higher (or lower).
    """
    named = [(run, f"{n}: {run.length} eighths{_key(run.shift)}") for n, run in enumerate(runs, 1)]
    return (
        [_mark(song, run.start, run.length, label) for run, label in named],
        [_mark(other, run.start_there, run.length, label) for run, label in named],
    )


def _key(shift: int) -> str:
    return f", {(shift + 5) % 12 - 5:+d}" if shift else ""  # the nearest way, -5..+6


def _mark(song: Song, start: int, length: int, label: str) -> tuple[int, int, str]:
    steps = sounding(song)[start : start + length]
    end = int(steps[-1]) + song.steps_per_beat // TICKS
    return int(steps[0]), min(end, song.length), label
