"""How much of a song stands in others already, in whatever key.

Songs are compared in two ways, and two passages are the same if one is the other transposed:

frames of a song
    What sounds at each eighth, octaves and silent eighths left out, as the LSTM's tokens have it
    (report 2.1).
notes of a song
    Note after note, how much later and how much higher: octaves, voicing and rhythm must agree,
    too. Durations are left out: how long a note is held depends on how a song is told (the LSTM
    strikes it anew each eighth, report 4.4.1), not on what it copies.

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
GRID = 24  # times a beat at which notes begin: the corpora's steps, which 6, 4 and 2 divide
LONGEST_REST = 40 * BEATS_PER_BAR * GRID  # a longer one counts as this; it keeps integers small


@dataclass(frozen=True)
class SharedRun:
    """The longest run that a song shares with one of some others.

    Attributes
    ----------
    length, start : int
        In eighths, silence not counted; in notes if notes are compared.
    title : str
        Of the other song.
    start_there : int
        Where it begins there.
    shift : int
        Semitones up from the song to the other one, 0..11; of notes the true ones, octaves
        and all, negative if the other song is lower.
    """

    length: int
    start: int
    title: str
    start_there: int
    shift: int


NOTHING = SharedRun(0, 0, "", 0, 0)


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


def moves(song: Song) -> np.ndarray:
    """Tell how each note but the first follows the one before it, by when it begins and by pitch.

    Notes are in the order of `Song.notes`, a chord from the bottom up.

    Returns
    -------
    int array, shape (note - 1,)
        ``256 * later + 128 + higher``: in 24ths of a beat and in semitones, negative if lower.

    Examples
    --------
    >>> from musegen.song import as_notes
    >>> moves(Song(as_notes([0, 0, 2], [2, 1, 1], [60, 64, 61]), 4, steps_per_beat=2)).tolist()
    [132, 6269]
    >>> 256 * 0 + 128 + 4, 256 * 24 + 128 - 3
    (132, 6269)
    """
    later = np.rint(np.diff(song.notes["onset"]) * GRID / song.steps_per_beat).astype(int)
    higher = np.diff(song.notes["pitch"].astype(int))
    return 256 * later.clip(max=LONGEST_REST) + 128 + higher


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
        self.songs = list(songs)
        self.frames = [frames(song) for song in self.songs]
        self.moves = [moves(song) for song in self.songs]

    @property
    def titles(self) -> list[str]:
        """What the songs are called."""
        return [song.title for song in self.songs]

    @cached_property
    def _text(self) -> str:
        return as_text(self.frames)

    @cached_property
    def _moves_text(self) -> str:
        return as_text(self.moves)

    def longest_shared(self, song: Song) -> SharedRun:
        """Find the longest run of a song that stands in one of these, in whatever key."""
        return self._longest(frames(song))

    def _longest(self, bits: np.ndarray) -> SharedRun:
        best = NOTHING
        for shift in range(12):
            text = as_text([transposed(bits, shift)])
            length, start = longest_run(text, self._text, longer_than=best.length)
            if length > best.length:
                number, there = _place(text[start : start + length], self._text)
                best = SharedRun(length, start, self.songs[number].title, there, shift)
        return best

    def longest_notes(self, song: Song) -> SharedRun:
        """Find the longest run of notes of a song that stands in one of these, in whatever key.

        It is counted in notes, two at least: any single note is another one, transposed. Songs are
        compared as they are told: a held note is no run of short ones.
        """
        text = as_text([moves(song)])
        length, start = longest_run(text, self._moves_text)
        if not length:
            return NOTHING
        number, there = _place(text[start : start + length], self._moves_text)
        other = self.songs[number]
        shift = int(other.notes["pitch"][there]) - int(song.notes["pitch"][start])
        return SharedRun(length + 1, start, other.title, there, shift)

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

    def only(self, which: Sequence[int]) -> "Library":
        """Take some of the songs."""
        some = Library(())
        some.songs = [self.songs[i] for i in which]
        some.frames = [self.frames[i] for i in which]
        some.moves = [self.moves[i] for i in which]
        return some

    def without(self, i: int) -> "Library":
        """Leave one song out."""
        return self.only([k for k in range(len(self.songs)) if k != i])


def _place(part: str, lines: str) -> tuple[int, int]:
    """Say in which line a text first stands, and where in it."""
    place = lines.find(part)
    return lines.count("\n", 0, place), place - lines.rfind("\n", 0, place) - 1


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
        song's title), shared notes (of the longest shared run of notes), passages (share of
        four-bar passages found).

    Notes
    -----
    64 songs of 500 eighths are looked up in 256 songs in five to ten seconds.
    Report 3.3.3 and 4.1. Notebook: 04_generation, "Is it copying?".
    """
    import pandas as pd

    rows = []
    for song in songs:
        part = song if ticks is None else _beginning(song, ticks)
        bits = frames(part)
        run, notes = library._longest(bits), library.longest_notes(part).length
        rows.append((song.title, len(bits), run.length, run.title, notes, library._passages(bits)))
    columns = ["title", "eighths", "shared", "with", "shared notes", "passages"]
    return pd.DataFrame(rows, columns=columns)


def _beginning(song: Song, ticks: int) -> Song:
    """Keep the first so many eighths, silence not counted."""
    steps = sounding(song)
    return song.cut(0, int(steps[ticks])) if len(steps) > ticks else song


def leave_one_out(songs: Sequence[Song], ticks: int | None = None):
    """Look each song up in all the others: how much people share, as `novelty` gives it."""
    import pandas as pd

    library = Library(songs)
    return pd.concat(
        [novelty([song], library.without(i), ticks) for i, song in enumerate(songs)],
        ignore_index=True,
    )
