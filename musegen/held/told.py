"""What a network is told before each token: where it is, and what was settled beforehand."""

from bisect import bisect
from dataclasses import replace
from math import ceil
from typing import NamedTuple

import numpy as np

from musegen import preprocess
from musegen.held.notes import END, SAME, Reader, encode, hold, start, transposed
from musegen.song import BEATS_PER_BAR, PITCHES, Song

MOST_BARS, MOST_BEATS, MOST_NOTES = 32, 128, 8  # ours: what lies beyond counts as the last of them
PACES = tuple(0.5 + i / 8 for i in range(21))  # onsets a beat: the borders of 22 classes
BARS_AGO = (1, 2, 4)  # whose rhythm is told: phrases are mostly two bars long
RHYTHMS = 4 ** len(BARS_AGO)
MARGIN = 3  # semitones: kept to the very notes of its range, a network dares less than it may
INPUTS = (
    *("token", "place", "before", "chord", "chord before"),
    *("step", "bar", "beats left", "rhythm", "pace", "minor", "lowest", "highest"),
)
CHORDS = 2**12  # a bit a pitch class


class Outline(NamedTuple):
    """What is settled before the first note of a song.

    Attributes
    ----------
    bars : int
    pace : float
        Onsets a beat, from the first to the end of the music.
    minor : bool
    lowest, highest : int
        Between which pitches all notes start.
    first : int
        The step at which the music begins: 12 of 16 for an upbeat of a beat.
    rest : int
        Steps of silence from the end of the music to the end of the last bar.
    form : tuple of int
        For each bar the first one that it is like, note for note; itself if it is new. Bars
        beyond are new.
    tempo_qpm : float
    """

    bars: int
    pace: float
    minor: bool
    lowest: int = 0
    highest: int = PITCHES - 1
    first: int = 0
    rest: int = 0
    form: tuple[int, ...] = ()
    tempo_qpm: float = 120.0


def outline(song: Song) -> Outline:
    """Find the outline of a song.

    Examples
    --------
    >>> from musegen.song import as_notes
    >>> song = Song(as_notes([4, 8, 10], [4, 2, 2], [60, 64, 67]), 16, 4)
    >>> outline(song)._asdict()  # doctest: +NORMALIZE_WHITESPACE
    {'bars': 1, 'pace': 1.5, 'minor': False, 'lowest': 60, 'highest': 67, 'first': 4, 'rest': 4,
     'form': (0,), 'tempo_qpm': 120.0}
    """
    notes, tempo = song.notes, float(song.tempo_qpm)
    minor = preprocess.estimate_key(song).mode == "minor"
    if not len(notes):
        return Outline(song.bars, 0.0, minor, tempo_qpm=tempo)
    first, end = int(notes["onset"].min()), int((notes["onset"] + notes["duration"]).max())
    return Outline(
        song.bars,
        len(np.unique(notes["onset"])) * song.steps_per_beat / (end - first),
        minor,
        int(notes["pitch"].min()),
        int(notes["pitch"].max()),
        first,
        song.bars * song.steps_per_bar - end,
        _form(song),
        tempo,
    )


def _form(song: Song) -> tuple[int, ...]:
    whole = replace(song, length=song.bars * song.steps_per_bar)
    bars = np.concatenate([whole.roll, whole.onsets], axis=1).reshape(song.bars, -1)
    seen: dict[bytes, int] = {}
    return tuple(seen.setdefault(bar.tobytes(), i) for i, bar in enumerate(bars))


def inputs(reader: Reader, outline: Outline, steps_per_bar: int) -> tuple[int, ...]:
    """Say what a network is told before the next token, in the order of `INPUTS`.

    Returns
    -------
    tuple of int
        The last token; how many notes this frame has so far; the token that would hold the note
        at that place of the frame before (0: none); the pitch classes of this frame so far, and of
        the frame before, as bits; the step within the bar, the bar, and how many beats there are
        still, with this one (0: the music is over); the rhythm of this beat one, two and four bars
        ago (`_rhythm`); how many onsets a beat are still to come (a class of `PACES`); whether
        the song is in minor; its lowest and its highest note.
    """
    place = len(reader.written)
    before = hold(reader.sounding[place][0]) if place < len(reader.sounding) else END
    bar, step = divmod(reader.frame, steps_per_bar)
    beat = steps_per_bar // BEATS_PER_BAR
    end = outline.bars * steps_per_bar - outline.rest
    beats, left = (end - outline.first) / beat, (end - reader.frame) / beat
    to_come = (outline.pace * beats - sum(reader.struck)) / max(1, left)
    return (
        reader.last,
        min(place, MOST_NOTES - 1),
        before,
        _chord(reader.written),
        _chord(reader.sounding),
        step,
        min(bar, MOST_BARS - 1),
        min(max(0, ceil(left)), MOST_BEATS - 1),
        _rhythm(reader, steps_per_bar),
        bisect(PACES, to_come),
        int(outline.minor),
        outline.lowest,
        outline.highest,
    )


def _chord(notes: list[tuple[int, int]]) -> int:
    chord = 0
    for pitch, _ in notes:
        chord |= 1 << pitch % 12
    return chord


def _rhythm(reader: Reader, steps_per_bar: int) -> int:
    """Tell whether, at this beat some bars ago, something began on it, and after it: 0 to 63."""
    beat, rhythm = steps_per_bar // BEATS_PER_BAR, 0
    for bars in BARS_AGO:
        at = reader.frame // beat * beat - bars * steps_per_bar
        on, after = (reader.struck[at], reader.struck[at + 1 : at + beat]) if at >= 0 else (0, ())
        rhythm = 4 * rhythm + on + 2 * any(after)
    return rhythm


def possible(reader: Reader, outline: Outline, steps_per_bar: int) -> np.ndarray:
    """Say which tokens may come next in a song of an outline, bool array of shape (258,).

    Silence before the music begins and after its end, a note where it begins, and none that
    starts more than `MARGIN` semitones too low or too high.
    """
    end = outline.bars * steps_per_bar - outline.rest
    able = reader.possible()
    if reader.frame < outline.first or reader.frame >= end:
        able[:] = False
        able[END if reader.sounding or reader.written else SAME] = True
    elif reader.frame == outline.first and not reader.written:
        able[[END, SAME]] = False
    able[start(0) : start(max(0, outline.lowest - MARGIN)) : 2] = False
    able[start(outline.highest + MARGIN + 1) :: 2] = False
    return able


def learnt(song: Song) -> tuple[np.ndarray, np.ndarray]:
    """Write a song as a network learns it, its last bar filled up with rest.

    Returns
    -------
    inputs : int32 array, shape (token, 13)
        What the network is told before each token, see `INPUTS`.
    tokens : int32 array, shape (token,)
    """
    tokens = encode(replace(song, length=song.bars * song.steps_per_bar))
    reader, settled, rows = Reader(), outline(song), []
    for token in tokens.tolist():
        rows.append(inputs(reader, settled, song.steps_per_bar))
        reader.feed(token)
    return np.array(rows, np.int32).reshape(-1, len(INPUTS)), tokens


def inputs_transposed(inputs: np.ndarray, semitones: int) -> np.ndarray:
    """Transpose what a network is told, shape (token, 13), up."""
    inputs, turn = inputs.copy(), semitones % 12
    for name in ("token", "before"):
        column = inputs[:, INPUTS.index(name)]
        column[:] = transposed(column, semitones)
    for name in ("lowest", "highest"):
        inputs[:, INPUTS.index(name)] += semitones
    for name in ("chord", "chord before"):
        column = inputs[:, INPUTS.index(name)]
        column[:] = (column << turn | column >> (12 - turn)) % CHORDS
    return inputs
