"""What a network is told before each token: where it is, and what was settled beforehand."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from musegen import preprocess
from musegen.held.notes import END, Reader, encode, hold, transposed
from musegen.song import Song

MOST_BARS, MOST_NOTES = 32, 8  # ours: what lies beyond counts as the last of them
PACES = (0.9, 1.1, 1.3, 1.5, 1.75, 2.0, 2.5)  # onsets a beat: the borders of eight classes
INPUTS = (
    *("token", "place", "before", "chord", "chord before"),
    *("step", "bar", "bars left", "pace", "minor"),
)
CHORDS = 2**12  # a bit a pitch class


class Outline(NamedTuple):
    """What is settled before the first note of a song.

    Attributes
    ----------
    bars : int
    pace : int
        How much happens, 0 (an onset a beat or less) to 7: a class of `PACES`.
    minor : bool
    tempo_qpm : float
    """

    bars: int
    pace: int
    minor: bool
    tempo_qpm: float = 120.0


def outline(song: Song) -> Outline:
    """Find the outline of a song.

    Examples
    --------
    >>> from musegen.song import as_notes
    >>> outline(Song(as_notes([0, 4, 8, 10], [4, 4, 2, 6], [60, 64, 67, 60]), 16, 4))
    Outline(bars=1, pace=1, minor=False, tempo_qpm=120.0)
    """
    onsets_a_beat = len(np.unique(song.notes["onset"])) * song.steps_per_beat / max(1, song.length)
    pace = int(np.searchsorted(PACES, onsets_a_beat))
    minor = preprocess.estimate_key(song).mode == "minor"
    return Outline(song.bars, pace, minor, float(song.tempo_qpm))


def inputs(reader: Reader, outline: Outline, steps_per_bar: int) -> tuple[int, ...]:
    """Say what a network is told before the next token, in the order of `INPUTS`.

    Returns
    -------
    tuple of int
        The last token; how many notes this frame has so far; the token that would hold the note
        at that place of the frame before (0: none); the pitch classes of this frame so far, and of
        the frame before, as bits; the step within the bar, the bar, and how many bars come after
        it; the outline's pace and whether it is in minor.
    """
    place = len(reader.written)
    before = hold(reader.sounding[place][0]) if place < len(reader.sounding) else END
    bar, step = divmod(reader.frame, steps_per_bar)
    return (
        reader.last,
        min(place, MOST_NOTES - 1),
        before,
        _chord(reader.written),
        _chord(reader.sounding),
        step,
        min(bar, MOST_BARS - 1),
        min(max(0, outline.bars - 1 - bar), MOST_BARS - 1),
        outline.pace,
        int(outline.minor),
    )


def _chord(notes: list[tuple[int, int]]) -> int:
    chord = 0
    for pitch, _ in notes:
        chord |= 1 << pitch % 12
    return chord


def learnt(song: Song) -> tuple[np.ndarray, np.ndarray]:
    """Write a song as a network learns it, its last bar filled up with rest.

    Returns
    -------
    inputs : int32 array, shape (token, 10)
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
    """Transpose what a network is told, shape (token, 10), up."""
    inputs, turn = inputs.copy(), semitones % 12
    for name in ("token", "before"):
        column = inputs[:, INPUTS.index(name)]
        column[:] = transposed(column, semitones)
    for name in ("chord", "chord before"):
        column = inputs[:, INPUTS.index(name)]
        column[:] = (column << turn | column >> (12 - turn)) % CHORDS
    return inputs
