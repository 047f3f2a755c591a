"""Songs as held notes: at each sixteenth, which notes start and which are held (ours).

The report's tokens repeat a held note at every tick (4.4.1) and know neither octaves of chords nor
rests. Here a frame, a sixteenth, lists its notes from high to low, each as one token, "starts
here" or "is held", and ends with a mark; a frame in which nothing starts and nothing ends is one
token. So any song on the grid comes back as it was: durations, repeated notes, rests, unisons.

Conventions
-----------
frame
    One step of the grid, four a beat unless the song says otherwise.
token
    0 ends a frame, 1 is a whole frame like the one before, 2 + 2 pitch starts a note, 3 + 2 pitch
    holds one.
unison
    Of notes of the same pitch the one that ends first stands first.

Notes
-----
Report 4.4.1: "encode notes for multiple consecutive ticks as one token". Notebook:
06_beyond_the_report, "Held notes".
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from musegen import preprocess
from musegen.song import BEATS_PER_BAR, PITCHES, Song, as_notes
from musegen.tokens import token_of

END, SAME = 0, 1
TOKENS = 2 + 2 * PITCHES
MOST_BARS, MOST_NOTES = 32, 8  # ours: what lies beyond counts as the last of them
MOST_AT_ONCE = 32  # notes of a frame that a network may write
PACES = (0.9, 1.1, 1.3, 1.5, 1.75, 2.0, 2.5)  # onsets a beat: the borders of eight classes
# What a network is told before it says the next token, see `Reader.inputs`.
INPUTS = (
    *("token", "place", "before", "chord", "chord before"),
    *("step", "bar", "bars left", "pace", "minor"),
)
CHORDS = 2**12  # a bit a pitch class


def start(pitch):
    """Name the token that starts a pitch."""
    return 2 + 2 * pitch


def hold(pitch):
    """Name the token that holds a pitch."""
    return 3 + 2 * pitch


def encode(song: Song) -> np.ndarray:
    """Write a song as tokens, int32 array of shape (token,); its steps are the frames.

    Examples
    --------
    >>> song = Song(as_notes([0, 0, 2], [4, 2, 2], [60, 64, 64]), length=5, steps_per_beat=4)
    >>> [say(token) for token in encode(song)]
    ['E4', 'C4', '|', '=', 'E4', 'C4 held', '|', '=', '|']

    Notes
    -----
    Notebook: 06_beyond_the_report, "Held notes".
    """
    notes = song.notes
    onset, pitch = notes["onset"].astype(int), notes["pitch"].astype(int)
    end = onset + notes["duration"]
    changes = np.zeros(song.length + 1, bool)
    changes[onset] = changes[end] = True
    order = np.lexsort((onset, end, -pitch))  # high to low; of a unison what ends first
    onset, pitch, end = onset[order], pitch[order], end[order]
    written = []
    for frame in range(song.length):
        if not changes[frame]:
            written.append(SAME)
            continue
        sounding = np.flatnonzero((onset <= frame) & (end > frame))
        written += (hold(pitch[sounding]) - (onset[sounding] == frame)).tolist()
        written.append(END)
    return np.array(written, np.int32)


def to_song(tokens: Sequence[int], steps_per_beat: int = 4, **fields) -> Song:
    """Read tokens back: ``to_song(encode(song)) == song``.

    Parameters
    ----------
    tokens : sequence of int
    steps_per_beat : int
    **fields
        `tempo_qpm`, `title`, `source` of the song.

    Raises
    ------
    ValueError
        If a note is held that does not sound, or the last frame has no end.

    Notes
    -----
    Notebook: 06_beyond_the_report, "Held notes".
    """
    reader = Reader(BEATS_PER_BAR * steps_per_beat)
    for token in tokens:
        reader.feed(int(token))
    if reader.written:
        raise ValueError(f"frame {reader.frame} has no end")
    notes = [*reader.ended, *((o, reader.frame, p) for p, o in reader.sounding)]
    onset, end, pitch = np.array(notes, int).reshape(-1, 3).T
    return Song(as_notes(onset, end - onset, pitch), reader.frame, steps_per_beat, **fields)


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


ONE_BAR = Outline(1, 0, minor=False)


def outline(song: Song) -> Outline:
    """Find the outline of a song.

    Examples
    --------
    >>> outline(Song(as_notes([0, 4, 8, 10], [4, 4, 2, 6], [60, 64, 67, 60]), 16, 4))
    Outline(bars=1, pace=1, minor=False, tempo_qpm=120.0)
    """
    onsets_a_beat = len(np.unique(song.notes["onset"])) * song.steps_per_beat / max(1, song.length)
    pace = int(np.searchsorted(PACES, onsets_a_beat))
    minor = preprocess.estimate_key(song).mode == "minor"
    return Outline(song.bars, pace, minor, float(song.tempo_qpm))


class Reader:
    """Reads tokens one by one and knows where it is and what may come next.

    Parameters
    ----------
    steps_per_bar : int
    outline : Outline

    Attributes
    ----------
    frame : int
        The frame that the next token belongs to.
    sounding : list of (pitch, onset)
        In the frame before, from high to low.
    written : list of (pitch, onset)
        So far in this frame; the onset is -1 where the note is held.
    ended : list of (onset, end, pitch)
    """

    def __init__(self, steps_per_bar: int, outline: Outline = ONE_BAR):
        self.steps_per_bar, self.outline = steps_per_bar, outline
        self.frame, self.last = 0, END
        self.sounding: list[tuple[int, int]] = []
        self.written: list[tuple[int, int]] = []
        self.ended: list[tuple[int, int, int]] = []

    @property
    def end(self) -> int:
        """Frames that the song will have."""
        return self.outline.bars * self.steps_per_bar

    def feed(self, token: int) -> None:
        """Take the next token.

        Raises
        ------
        ValueError
            If it cannot stand here.
        """
        if token == SAME:
            if self.written:
                raise ValueError(f"frame {self.frame} has notes and is not like the one before")
            self.frame += 1
        elif token == END:
            self._end()
        else:
            pitch, held = divmod(token - 2, 2)
            if self.written and pitch > self.written[-1][0]:
                raise ValueError(f"frame {self.frame}: {say(token)} stands below a lower note")
            if held and not self._left(pitch):
                raise ValueError(f"frame {self.frame}: {say(token)}, which does not sound")
            self.written.append((pitch, -1 if held else self.frame))
        self.last = token

    def _left(self, pitch: int) -> int:
        """Count the notes of a pitch that can still be held in this frame."""
        sounding = sum(one == pitch for one, _ in self.sounding)
        return sounding - sum(one == pitch and onset < 0 for one, onset in self.written)

    def _end(self) -> None:
        before: dict[int, list[int]] = {}
        for pitch, onset in self.sounding:
            before.setdefault(pitch, []).append(onset)
        for pitch, onsets in before.items():  # of a unison the first ones end first
            gone = self._left(pitch)
            self.ended += [(onset, self.frame, pitch) for onset in onsets[:gone]]
            before[pitch] = onsets[gone:]
        self.sounding = [(p, before[p].pop(0) if onset < 0 else onset) for p, onset in self.written]
        self.written = []
        self.frame += 1

    def inputs(self) -> tuple[int, ...]:
        """Say what a network is told before the next token, in the order of `INPUTS`.

        Returns
        -------
        tuple of int
            The last token; how many notes this frame has so far; the token that would hold the
            note at that place of the frame before (0: none); the pitch classes of this frame so
            far, and of the frame before, as bits; the step within the bar, the bar, and how many
            bars come after it; the outline's pace and whether it is in minor.
        """
        place = len(self.written)
        before = hold(self.sounding[place][0]) if place < len(self.sounding) else END
        bar, step = divmod(self.frame, self.steps_per_bar)
        return (
            self.last,
            min(place, MOST_NOTES - 1),
            before,
            _chord(self.written),
            _chord(self.sounding),
            step,
            min(bar, MOST_BARS - 1),
            min(max(0, self.outline.bars - 1 - bar), MOST_BARS - 1),
            self.outline.pace,
            int(self.outline.minor),
        )

    def possible(self) -> np.ndarray:
        """Say which tokens may come next, bool array of shape (258,)."""
        possible = np.zeros(TOKENS, bool)
        possible[END], possible[SAME] = True, not self.written
        if len(self.written) == MOST_AT_ONCE:
            return possible
        highest = self.written[-1][0] if self.written else PITCHES - 1
        possible[start(0) : start(highest) + 1 : 2] = True
        for pitch, _ in self.sounding:
            possible[hold(pitch)] = pitch <= highest and self._left(pitch) > 0
        return possible


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
    reader, rows = Reader(song.steps_per_bar, outline(song)), []
    for token in tokens.tolist():
        rows.append(reader.inputs())
        reader.feed(token)
    return np.array(rows, np.int32).reshape(-1, len(INPUTS)), tokens


def transposed(tokens: np.ndarray, semitones: int) -> np.ndarray:
    """Transpose tokens up; the marks stay.

    Examples
    --------
    >>> transposed(np.array([start(60), hold(48), END]), 2).tolist() == [start(62), hold(50), END]
    True
    """
    return np.where(tokens > SAME, tokens + 2 * semitones, tokens)


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


def say(token: int) -> str:
    """Write a token so that it can be read.

    Examples
    --------
    >>> say(0), say(1), say(start(60)), say(hold(60))
    ('|', '=', 'C4', 'C4 held')
    """
    if token <= SAME:
        return "|="[token]
    pitch, held = divmod(int(token) - 2, 2)
    return token_of([pitch]) + " held" * held
