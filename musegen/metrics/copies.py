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
others, are what to compare with: `leave_one_out`.
"""

import io
from collections.abc import Sequence
from functools import cache, cached_property, lru_cache
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
LONGEST_REST = 40 * BEATS_PER_BAR * GRID  # a longer one counts as this; it keeps integers small


# --- Tokens, in the song's own key ---------------------------------------------------------------


def distinct_tokens(places: Sequence[int]) -> int:
    """Count the different notes and chords of a song: "two notes" (report 3.3.1) or "varied".

    Notes
    -----
    Notebook: 04_generation, "Figure 9".
    """
    return len(set(np.asarray(places).tolist()))


class CopiedRun(NamedTuple):
    """The longest run of tokens that a song shares with one training song.

    Attributes
    ----------
    length : int
        Tokens, that is eighth notes.
    start : int
        Where it begins in the song.
    song : int
        Which training song it is from; -1 if nothing is shared.
    """

    length: int
    start: int
    song: int


def copied_run(places: Sequence[int], training: Sequence[Sequence[int]]) -> CopiedRun:
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
    CopiedRun(length=3, start=1, song=1)

    Notes
    -----
    A run of one token repeated counts like any other if a training song holds it. Report 3.3.3:
    "taking snippets from the training set". Notebook: 04_generation, "Figure 11".
    """
    song, lines = as_text([places]), as_text(training)
    length, start = longest_run(song, lines)
    number = place_of(song[start : start + length], lines)[0] if length else -1
    return CopiedRun(length, start, number)


class Loop(NamedTuple):
    """How a song ends: what it repeats to its last token.

    Attributes
    ----------
    period : int
        Tokens of the snippet that is repeated; 1 is one note or chord; 0 if nothing is.
    start : int
        Where the snippet first begins; the song's length if nothing is repeated.
    """

    period: int
    start: int


def loop_at_end(places: Sequence[int]) -> Loop:
    """Find the shortest snippet that a song repeats to its end, for four bars at least.

    Examples
    --------
    >>> loop_at_end([9, 8] + [1, 2, 3] * 12), loop_at_end(range(99))
    (Loop(period=3, start=2), Loop(period=0, start=99))

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
            return Loop(period, start)
    return Loop(0, len(places))


def measure_songs(run: Run):
    """Measure the songs that a run generates the report's way (`generation.report_songs`).

    Returns
    -------
    DataFrame
        A row a song: run, way, song, kinds (different notes and chords), copied (tokens of the
        longest run that stands in a training song), start (where it begins), training_title,
        period and loop (see `Loop`). Where the training songs are not ours to give, as those of
        LPD-5, it comes with the run.

    Notes
    -----
    Notebook: 04_generation, "Greedy or sampled?".
    """
    if MEASURED in run.manifest["files"]:
        return pd.read_csv(io.BytesIO(run.read(MEASURED)))
    rows = []
    for way in generation.WAYS:
        for i, places in enumerate(generation.report_songs(run, way)):
            copied = copied_run(places, run.tokens.encoded)
            about = {"run": run.cfg.name, "way": way, "song": i, "kinds": distinct_tokens(places)}
            about |= {"copied": copied.length, "start": copied.start}
            period, start = loop_at_end(places)
            title = run.songs[copied.song].title
            rows.append(about | {"training_title": title, "period": period, "loop": start})
    return pd.DataFrame(rows)


# --- Frames and notes, in whatever key -----------------------------------------------------------


class SharedRun(NamedTuple):
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

    length: int = 0
    start: int = 0
    title: str = ""
    start_there: int = 0
    shift: int = 0


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
        self.moves = [moves(song) for song in self.songs]

    @cached_property
    def _text(self) -> str:
        return as_text(self.frames)

    @cached_property
    def _moves_text(self) -> str:
        return as_text(self.moves)

    def longest_shared(self, song: Song) -> SharedRun:
        """Find the longest run of a song that stands in one of these, in whatever key."""
        best = SharedRun()
        for shift, bits in enumerate(in_all_keys(frames(song))):
            text = as_text([bits])
            length, start = longest_run(text, self._text, longer_than=best.length)
            if length > best.length:
                number, there = place_of(text[start : start + length], self._text)
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
            return SharedRun()
        number, there = place_of(text[start : start + length], self._moves_text)
        other = self.songs[number]
        shift = int(other.notes["pitch"][there]) - int(song.notes["pitch"][start])
        return SharedRun(length + 1, start, other.title, there, shift)

    def passages_found(self, song: Song) -> float:
        """Give the share of a song's four-bar passages that stand in one of these, in whatever key.

        A passage begins at each bar; 0 for a song of less than four.
        """
        texts = [as_text([bits]) for bits in in_all_keys(frames(song))]
        starts = range(0, len(texts[0]) - PASSAGE + 1, BAR)
        found = [any(text[at : at + PASSAGE] in self._text for text in texts) for at in starts]
        return float(np.mean(found)) if found else 0.0

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

    def only(self, which: Sequence[int]) -> "CopyIndex":
        """Take some of the songs."""
        some = CopyIndex(())
        for name in ("songs", "frames", "moves"):
            setattr(some, name, [getattr(self, name)[i] for i in which])
        return some


def novelty(songs: Sequence[Song], index: CopyIndex, ticks: int | None = None):
    """Look songs up.

    Parameters
    ----------
    songs : sequence of Song
    index : CopyIndex
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
    Report 3.3.3 and 4.1. Notebook: more/copies_and_measures, "Is it copying?".
    """
    rows = []
    for song in songs:
        steps = sounding(song)
        part = song if ticks is None or len(steps) <= ticks else song.cut(0, int(steps[ticks]))
        run, notes = index.longest_shared(part), index.longest_notes(part).length
        eighths, passages = len(sounding(part)), index.passages_found(part)
        rows.append((song.title, eighths, run.length, run.title, notes, passages))
    columns = ["title", "eighths", "shared", "with", "shared notes", "passages"]
    return pd.DataFrame(rows, columns=columns)


def leave_one_out(songs: Sequence[Song], ticks: int | None = None):
    """Look each song up in all the others: how much people share, as `novelty` gives it."""
    index, every = CopyIndex(songs), range(len(songs))
    others = [index.only([k for k in every if k != i]) for i in every]
    tables = [novelty([song], rest, ticks) for song, rest in zip(songs, others, strict=True)]
    return pd.concat(tables, ignore_index=True)


# --- All passages of two songs -------------------------------------------------------------------


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
    Report 3.3.3. Notebook: more/copies_and_measures, "Is it copying?".
    """
    mine, theirs = in_all_keys(frames(song)), frames(other)  # (shift, eighth), (eighth,)
    same = np.pad(mine[:, :, None] == theirs, ((0, 0), (0, 1), (0, 1)))
    length = np.zeros((12, len(theirs) + 1), int)  # of the run that ends before each place
    longest_first = []
    for end in range(same.shape[1]):
        over = (length >= at_least) & ~same[:, end]
        for shift, there in np.argwhere(over).tolist():
            n = int(length[shift, there])
            longest_first.append(SharedRun(n, end - n, other.title, there - n, shift))
        length[:, 1:] = (length[:, :-1] + 1) * same[:, end, :-1]
    longest_first.sort(key=lambda run: (-run.length, run.start, run.start_there, run.shift))
    free, runs = np.ones(mine.shape[1], bool), []
    for run in longest_first:
        place = slice(run.start, run.start + run.length)
        if free[place].all():
            free[place] = False
            runs.append(run)
    return sorted(runs, key=lambda run: run.start)


def marks(song: Song, other: Song, runs: Sequence[SharedRun]) -> tuple[list, list]:
    """Say where shared runs stand in both songs, for `player.SideBySide` and `figures.plot_songs`.

    For each song a list of (start, end, label), in its steps.
    The label numbers the runs and says their length and, where the other song stands in another
    key, how many semitones it is higher (or lower).
    """
    mine, theirs = [], []
    for number, run in enumerate(runs, 1):
        key = f", {(run.shift + 5) % 12 - 5:+d}" if run.shift else ""  # the nearest way, -5..+6
        label = f"{number}: {run.length} eighths{key}"
        mine.append(_mark(song, run.start, run.length, label))
        theirs.append(_mark(other, run.start_there, run.length, label))
    return mine, theirs


def _mark(song: Song, start: int, length: int, label: str) -> tuple[int, int, str]:
    steps = sounding(song)[start : start + length]
    end = int(steps[-1]) + song.steps_per_beat // TICKS
    return int(steps[0]), min(end, song.length), label


# --- Runs of text --------------------------------------------------------------------------------


# Songs are written as text, a character a token, frame or note and a line a song.


def as_text(songs: Sequence[Sequence[int]]) -> str:
    """Write integers as characters and songs as lines, for `longest_run`."""
    return "\n".join("".join(chr(32 + place) for place in song) for song in songs)


def place_of(part: str, lines: str) -> tuple[int, int]:
    """Say in which line a text first stands, and where in it."""
    place = lines.find(part)
    return lines.count("\n", 0, place), place - lines.rfind("\n", 0, place) - 1


def longest_run(song: str, lines: str, longer_than: int = 0) -> tuple[int, int]:
    """Find the longest part of a text that stands in another one, if it beats a length.

    Returns
    -------
    tuple of int
        Its length and where it starts; `longer_than` and 0 if there is none.

    Examples
    --------
    >>> longest_run("xabcy", "zabc"), longest_run("xabcy", "zabc", longer_than=3)
    ((3, 1), (3, 0))
    """
    length, most, start = longer_than, len(song), 0
    asked = length + 1  # first whether there is any, then twice as long, then between
    while length < most:
        known, places = _parts(lines, asked), range(len(song) - asked + 1)
        place = next((i for i in places if hash(song[i : i + asked]) in known), None)
        if place is None:
            most = asked - 1
        else:
            length, start = asked, place
        asked = min(2 * length, most) if most == len(song) else (length + most + 1) // 2
    return length, start


@lru_cache(maxsize=32)
def _parts(text: str, length: int) -> frozenset[int]:
    """Hash all parts of a length: to search for each takes minutes in songs that repeat theirs."""
    return frozenset(hash(text[i : i + length]) for i in range(len(text) - length + 1))
