"""How much of a song stands in others already, in whatever key.

Songs are compared as *frames*: what sounds at each eighth, octaves and silent eighths left out, as
the LSTM's tokens have it (report 2.1). Two passages are the same if one is the other transposed.

Chorales share a great deal among themselves, so the same figures of human songs, each against all
others, are the yardstick: `leave_one_out`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np

from musegen import tokens
from musegen.metrics.measures import as_text, longest_run
from musegen.song import BEATS_PER_BAR, Song

TICKS = 2  # a beat
BAR = BEATS_PER_BAR * TICKS
PASSAGE = 4 * BAR  # "four-bar passages"


@dataclass(frozen=True)
class SharedRun:
    """The longest run that a song shares with one of some others.

    Attributes
    ----------
    length, start : int
        In eighths, silence not counted.
    title : str
        Of the other song.
    start_there : int
        Where it begins there.
    shift : int
        Semitones up from the song to the other one, 0..11.
    """

    length: int
    start: int
    title: str
    start_there: int
    shift: int


def frames(song: Song) -> np.ndarray:
    """Tell which pitch classes sound at each eighth, as bits of an integer, silence left out.

    Examples
    --------
    >>> from musegen.song import as_notes
    >>> frames(Song(as_notes([0, 0, 2], [2, 1, 1], [60, 64, 61]), 4, steps_per_beat=2)).tolist()
    [17, 1, 2]
    """
    return np.array([_classes(token) for token in tokens.tokenize(song, TICKS)], int)


def sounding(song: Song) -> np.ndarray:
    """Give the step at which each of the song's `frames` stands."""
    step = song.steps_per_beat // TICKS
    return np.flatnonzero(song.roll[::step].any(axis=1)) * step


@cache
def _classes(token: str) -> int:
    return sum({1 << pitch % 12 for pitch in tokens.pitches_of(token)})


def transposed(bits: np.ndarray, shift: int) -> np.ndarray:
    """Transpose frames up."""
    return ((bits << shift) | (bits >> (12 - shift))) & 0xFFF


class Library:
    """Songs that others are looked up in: what a network has seen.

    Parameters
    ----------
    songs : sequence of Song

    Notes
    -----
    Report 3.3.3 and 4.1: "taking snippets from the training set".
    """

    def __init__(self, songs: Sequence[Song]):
        self.titles = [song.title for song in songs]
        self.frames = [frames(song) for song in songs]

    @cached_property
    def _text(self) -> str:
        return as_text(self.frames)

    def longest_shared(self, song: Song) -> SharedRun:
        """Find the longest run of a song that stands in one of these, in whatever key."""
        return self._longest(frames(song))

    def _longest(self, bits: np.ndarray) -> SharedRun:
        best = SharedRun(0, 0, "", 0, 0)
        for shift in range(12):
            text = as_text([transposed(bits, shift)])
            length, start = longest_run(text, self._text, longer_than=best.length)
            if length > best.length:
                place = self._text.find(text[start : start + length])
                title = self.titles[self._text.count("\n", 0, place)]
                begins = self._text.rfind("\n", 0, place) + 1
                best = SharedRun(length, start, title, place - begins, shift)
        return best

    def passages_found(self, song: Song) -> float:
        """Give the share of a song's four-bar passages that stand in one of these, in whatever key.

        A passage begins at each bar; 0 for a song of less than four.
        """
        return self._passages(frames(song))

    def _passages(self, bits: np.ndarray) -> float:
        starts = range(0, len(bits) - PASSAGE + 1, BAR)
        texts = [as_text([transposed(bits, shift)]) for shift in range(12)]
        found = [
            any(text[start : start + PASSAGE] in self._text for text in texts) for start in starts
        ]
        return float(np.mean(found)) if found else 0.0

    def nearest_bars(self, song: Song):
        """Find, for each bar of a song, the eight eighths in these that agree most.

        Returns
        -------
        DataFrame
            A row a bar: bar (from 1), share (of the eighths that agree), title, start_there
            (in eighths), shift.
        """
        import pandas as pd

        bits = frames(song)
        bars = bits[: len(bits) // BAR * BAR].reshape(-1, BAR)
        windows = [
            np.lib.stride_tricks.sliding_window_view(there, BAR)
            for there in self.frames
            if len(there) >= BAR
        ]
        titles = [
            (title, start)
            for title, there in zip(self.titles, self.frames, strict=True)
            for start in range(len(there) - BAR + 1)
        ]
        known = np.concatenate(windows)
        rows = []
        for number, bar in enumerate(bars, 1):
            agree = [(known == transposed(bar, shift)).sum(axis=1) for shift in range(12)]
            shift, place = np.unravel_index(np.argmax(agree), (12, len(known)))
            share = agree[shift][place] / BAR
            rows.append((number, share, *titles[place], int(shift)))
        return pd.DataFrame(rows, columns=["bar", "share", "title", "start_there", "shift"])

    def without(self, i: int) -> "Library":
        """Leave one song out."""
        rest = Library(())
        rest.titles = self.titles[:i] + self.titles[i + 1 :]
        rest.frames = self.frames[:i] + self.frames[i + 1 :]
        return rest


def novelty(songs: Sequence[Song], library: Library, ticks: int | None = None):
    """Look songs up.

    Parameters
    ----------
    songs : sequence of Song
    library : Library
    ticks : int, optional
        Only their first so many eighths: a longer song has more chances to share something.

    Returns
    -------
    DataFrame
        A row a song: title, eighths, shared (eighths of the longest shared run), with (the other
        song's title), passages (share of four-bar passages found).
    """
    import pandas as pd

    rows = []
    for song in songs:
        bits = frames(song)[:ticks]
        run = library._longest(bits)
        rows.append((song.title, len(bits), run.length, run.title, library._passages(bits)))
    return pd.DataFrame(rows, columns=["title", "eighths", "shared", "with", "passages"])


def leave_one_out(songs: Sequence[Song], ticks: int | None = None):
    """Look each song up in all the others: how much people share, as `novelty` gives it."""
    import pandas as pd

    library = Library(songs)
    return pd.concat(
        [novelty([song], library.without(i), ticks) for i, song in enumerate(songs)],
        ignore_index=True,
    )


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
