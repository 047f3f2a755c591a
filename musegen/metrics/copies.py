"""How much of a song stands in others already, and which passages.

tokens of a song
    The LSTM's integers, one by one, in the song's own key.

In whatever key, two passages are the same if one is the other transposed:

frames of a song
    What sounds at each eighth, octaves and silent eighths left out, as the LSTM's tokens have it
    (report 2.1).
notes of a song
    Note after note, how much later and how much higher: octaves, voicing and rhythm must agree,
    too. Durations are left out: how long a note is held depends on how a song is told (the LSTM
    strikes it anew each eighth, report 4.4.1), not on what it copies.

Chorales share a great deal among themselves, so the same figures of human songs, each against all
others, are what to compare with: see `novelty`.
"""

import io
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import NamedTuple

import numpy as np
import pandas as pd

from musegen import generation, tokens
from musegen.song import BEATS_PER_BAR, Song
from musegen.training import Run
from musegen.training.run_folder import MEASURED

LEAST_LOOP = 32  # ours: tokens that come again before we speak of a loop: four bars
TICKS = 2  # a beat
BAR = BEATS_PER_BAR * TICKS
PASSAGE = 4 * BAR  # "four-bar passages"
GRID = 24  # times a beat at which notes begin: the corpora's steps, which 6, 4 and 2 divide
SHARED = ["shared", "shared notes", "passages"]  # what `novelty` says of a song
LONGEST_REST = 40 * BEATS_PER_BAR * GRID  # a longer one counts as this; it keeps integers small


# --- Tokens, in the song's own key ---------------------------------------------------------------


class SharedRun(NamedTuple):
    """The longest run that a song shares with one of some others.

    Attributes
    ----------
    length : int
        Of tokens or frames, that is eighths, or of notes; 0 if nothing is shared.
    shift : int
        Semitones up from the song to the other one, 0..11, where frames are compared.
    start : int
        Where it begins in the song.
    other : int
        The other song's number; -1 if nothing is shared.
    there : int
        Where it begins in the other song.
    """

    length: int = 0
    shift: int = 0
    start: int = 0
    other: int = -1
    there: int = 0


def copied_run(places: Sequence[int], training: Sequence[Sequence[int]]) -> SharedRun:
    """Find the longest run of tokens that also stands in a training song.

    Parameters
    ----------
    places : int array, shape (token,)
        A song as integers of the vocabulary.
    training : sequence of int arrays
        The training songs, likewise.

    Examples
    --------
    >>> copied_run([5, 1, 2, 3, 5], [[9, 1, 2], [1, 2, 3, 4]])
    SharedRun(length=3, shift=0, start=1, other=1, there=0)

    Notes
    -----
    A run of one token repeated counts like any other if a training song holds it. Report 3.3.3:
    "taking snippets from the training set". Notebook: 04_generation, "Figure 11".
    """
    return Lines(training).longest(np.asarray(places)[None])


def loop_at_end(places: Sequence[int]) -> tuple[int, int]:
    """Find the shortest snippet that a song repeats to its end, for four bars at least.

    Returns
    -------
    tuple of two ints
        How many tokens are repeated, 1 is one note or chord, 0 if nothing is; and where they first
        begin, the song's length if nothing is repeated.

    Examples
    --------
    >>> loop_at_end([9, 8] + [1, 2, 3] * 12), loop_at_end(range(99))
    ((3, 2), (0, 99))

    Notes
    -----
    Report 3.3.2: songs "play some single notes throughout the end" or repeat a snippet. Notebook:
    04_generation, "Figure 10".
    """
    places = np.asarray(places)
    for period in range(1, len(places) // 2 + 1):
        differs = np.flatnonzero(places[period:] != places[:-period])
        start = int(differs[-1]) + 1 if len(differs) else 0
        if len(places) - period - start >= max(period, LEAST_LOOP):
            return period, start
    return 0, len(places)


def measure_songs(run: Run):
    """Measure the songs that a run generates the report's way (`generation.report_songs`).

    Returns
    -------
    DataFrame
        A row a song: run, way, song, kinds (different notes and chords), copied (tokens of the
        longest run that stands in a training song), start (where it begins), training_title,
        period and loop (see `loop_at_end`). Where the training songs are not ours to give, as
        those of LPD-5, it comes with the run.

    Notes
    -----
    Notebook: 04_generation, "Greedy or sampled?".
    """
    if MEASURED in run.manifest["files"]:
        return pd.read_csv(io.BytesIO(run.read(MEASURED)))
    rows, learnt = [], Lines(run.tokens.encoded)
    for way in generation.WAYS:
        for i, places in enumerate(generation.report_songs(run, way)):
            copied, kinds = learnt.longest(places[None]), len(set(places))
            title = run.songs[copied.other].title
            found = (kinds, copied.length, copied.start, title, *loop_at_end(places))
            rows.append((run.cfg.name, way, i, *found))
    columns = ["run", "way", "song", "kinds", "copied", "start", "training_title", "period", "loop"]
    return pd.DataFrame(rows, columns=columns)


# --- Frames and notes, in whatever key -----------------------------------------------------------


def frames(song: Song) -> np.ndarray:
    """Tell which pitch classes sound at each eighth, as bits of an integer, silence left out.

    Examples
    --------
    >>> from musegen.song import as_notes
    >>> frames(Song(as_notes([0, 0, 2], [2, 1, 1], [60, 64, 61]), 4, steps_per_beat=2)).tolist()
    [17, 1, 2]
    """
    return np.array([_classes(token) for token in tokens.tokenize(song, TICKS)], int)


@cache
def _classes(token: str) -> int:
    return sum({1 << pitch % 12 for pitch in tokens.pitches_of(token)})


def sounding(song: Song) -> np.ndarray:
    """Give the step at which each of the song's `frames` stands."""
    step = song.steps_per_beat // TICKS
    return np.flatnonzero(song.roll[::step].any(axis=1)) * step


def in_all_keys(bits: np.ndarray) -> np.ndarray:
    """Transpose frames, shape (eighth,), up by 0 to 11 semitones: int array (12, eighth)."""
    shift = np.arange(12)[:, None]
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


class CopyIndex:
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
        self._frames = Lines(self.frames)
        self._moves = Lines([moves(song) for song in self.songs])

    def longest_shared(self, song: Song, but: int | None = None) -> SharedRun:
        """Find the longest run of a song that stands in one of these, in whatever key.

        Parameters
        ----------
        song : Song
        but : int, optional
            Which one of these is left out: the song itself.
        """
        return self._frames.longest(in_all_keys(frames(song)), but)

    def longest_notes(self, song: Song, but: int | None = None) -> SharedRun:
        """Find the longest run of notes of a song that stands in one of these, in whatever key.

        It is counted in notes, two at least: any single note is another one, transposed. Songs are
        compared as they are told: a held note is no run of short ones.
        """
        run = self._moves.longest(moves(song)[None], but)
        return run._replace(length=run.length + 1) if run.length else run

    def passages_found(self, song: Song, but: int | None = None) -> float:
        """Give the share of a song's four-bar passages that stand in one of these, in whatever key.

        A passage begins at each bar; 0 for a song of less than four.
        """
        keys = in_all_keys(frames(song))
        if keys.shape[1] < PASSAGE:
            return 0.0
        found = self._frames.holds(Hashes(keys), PASSAGE, but)
        return float(found.any(axis=0)[::BAR].mean())

    def nearest_bars(self, song: Song):
        """Find, for each bar of a song, the eight eighths in these that agree most.

        Returns
        -------
        DataFrame
            A row a bar: bar (from 1), share (of the eighths that agree), title, start_there
            (in eighths), shift.
        """
        bits = frames(song)
        long = [i for i, there in enumerate(self.frames) if len(there) >= BAR]
        view = np.lib.stride_tricks.sliding_window_view
        known = np.concatenate([view(self.frames[i], BAR) for i in long])
        starts = [(i, at) for i in long for at in range(len(self.frames[i]) - BAR + 1)]
        rows = []
        for number, bar in enumerate(bits[: len(bits) // BAR * BAR].reshape(-1, BAR), 1):
            agree = (known == in_all_keys(bar)[:, None]).sum(axis=2)
            shift, place = np.unravel_index(agree.argmax(), agree.shape)
            there, at = starts[place]
            share = agree[shift, place] / BAR
            rows.append((number, share, self.songs[there].title, at, int(shift)))
        return pd.DataFrame(rows, columns=["bar", "share", "title", "start_there", "shift"])


def novelty(songs: Sequence[Song], index: CopyIndex, *, but_itself: bool = False):
    """Look songs up.

    Parameters
    ----------
    songs : sequence of Song
    index : CopyIndex
    but_itself : bool
        They are the songs of the index: each is looked up in all others.

    Returns
    -------
    DataFrame
        A row a song: shared (eighths of the longest shared run), shared notes (of the longest
        shared run of notes), passages (share of four-bar passages found).

    Notes
    -----
    64 songs of 500 eighths are looked up in 256 songs in four seconds.

    Report 3.3.3 and 4.1. Notebook: more/copies_and_measures, "Is it copying?".
    """
    rows = []
    for number, song in enumerate(songs):
        but = number if but_itself else None
        run, notes = index.longest_shared(song, but), index.longest_notes(song, but)
        rows.append((run.length, notes.length, index.passages_found(song, but)))
    return pd.DataFrame(rows, columns=SHARED)


def marks(song: Song, other: Song, runs: Sequence[SharedRun]) -> tuple[list, list]:
    """Say where runs of frames stand in both songs, for `player.SideBySide`.

    For each song a list of (start, end, label), in its steps.
    The label numbers the runs and says their length and, where the other song stands in another
    key, how many semitones it is higher (or lower).
    """
    mine, theirs = [], []
    for number, run in enumerate(runs, 1):
        key = f", {(run.shift + 5) % 12 - 5:+d}" if run.shift else ""  # the nearest way, -5..+6
        label = f"{number}: {run.length} eighths{key}"
        mine.append(_mark(song, run.start, run.length, label))
        theirs.append(_mark(other, run.there, run.length, label))
    return mine, theirs


def _mark(song: Song, start: int, length: int, label: str) -> tuple[int, int, str]:
    steps = sounding(song)[start : start + length]
    end = int(steps[-1]) + song.steps_per_beat // TICKS
    return int(steps[0]), min(end, song.length), label


# --- Runs of integers ----------------------------------------------------------------------------


BASE = 0x9E3779B97F4A7C15  # odd, so that it has an inverse
BORDER = -1  # stands between two songs, and in none


class Hashes:
    """Hashes of all parts of sequences, by sums of their integers times powers of a base.

    Parameters
    ----------
    values : int array, shape (..., place)
    """

    def __init__(self, values: np.ndarray):
        mixed = (values + 2).astype(np.uint64) * np.uint64(BASE)  # whatever overflows is left out
        mixed ^= mixed >> np.uint64(29)
        self.places = values.shape[-1]
        sums = (mixed * _powers(BASE, self.places)).cumsum(axis=-1, dtype=np.uint64)
        self._sums = np.concatenate([np.zeros_like(sums[..., :1]), sums], axis=-1)

    def parts(self, length: int) -> np.ndarray:
        """Hash all parts of a length: uint64 array (..., place)."""
        sums = self._sums[..., length:] - self._sums[..., :-length]
        return sums * _powers(pow(BASE, -1, 2**64), sums.shape[-1])


@lru_cache(maxsize=64)
def _powers(base: int, many: int) -> np.ndarray:
    return np.concatenate([[np.uint64(1)], np.full(many, base, np.uint64)]).cumprod()[:many]


class Lines:
    """Sequences of integers above or equal 0, a line each, in which others are looked up.

    Examples
    --------
    >>> Lines([[9, 1, 2], [1, 2, 3, 4]]).longest(np.array([[5, 1, 2, 3, 5], [0, 0, 0, 0, 0]]))
    SharedRun(length=3, shift=0, start=1, other=1, there=0)
    """

    def __init__(self, lines: Sequence[Sequence[int]]):
        self._lengths = np.array([len(line) + 1 for line in lines], int)
        self._line = np.repeat(np.arange(len(lines)), self._lengths)
        bordered = [np.append(np.asarray(line, int), BORDER) for line in lines]
        self._hashes = Hashes(np.concatenate([np.zeros(0, int), *bordered]))
        self._sorted = {}  # parts' hashes and places, by length

    def _known(self, length: int) -> tuple[np.ndarray, np.ndarray]:
        """Sort the parts of a length by their hashes: these, and their places."""
        if length not in self._sorted:
            hashes = self._hashes.parts(length)
            order = np.argsort(hashes, kind="stable")  # of equal ones the first place comes first
            self._sorted[length] = hashes[order], order
        return self._sorted[length]

    def holds(self, rows: Hashes, length: int, but: int | None = None) -> np.ndarray:
        """Tell which parts of a length stand here, not in line `but`: bool array (shift, place)."""
        hashes, order = self._known(length)
        asked = rows.parts(length)
        first, after = (np.searchsorted(hashes, asked, side) for side in ("left", "right"))
        found = first < after
        ends = self._line[order[np.where(found, [first, after - 1], 0)]]
        return found & (ends != but).any(axis=0)

    def longest(self, rows: np.ndarray, but: int | None = None) -> SharedRun:
        """Find the longest part of some rows, int array (shift, place), that stands here."""
        hashed, most, best = Hashes(rows), min(rows.shape[1], self._hashes.places), SharedRun()
        asked = 1  # first whether there is any, then twice as long, then between
        limit = most
        while best.length < most:
            where = np.argwhere(self.holds(hashed, asked, but))
            if len(where):
                best = SharedRun(asked, *where[0].tolist())
            else:
                most = asked - 1
            asked = min(2 * asked, most) if most == limit else (best.length + most + 1) // 2
        if not best.length:
            return best
        part = hashed.parts(best.length)[best.shift, best.start]
        hashes, order = self._known(best.length)
        places = order[slice(*(np.searchsorted(hashes, part, side) for side in ("left", "right")))]
        place = int(places[self._line[places] != but][0])
        line = int(self._line[place])
        return best._replace(other=line, there=place - int(self._lengths[:line].sum()))
