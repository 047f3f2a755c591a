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

from bisect import bisect
from collections.abc import Sequence
from dataclasses import replace
from math import ceil
from typing import NamedTuple

import numpy as np

from musegen import preprocess
from musegen.song import BEATS_PER_BAR, PITCHES, Song, as_notes
from musegen.tokens import token_of

# --- Tokens: written from a song, read back, and which of them may come next ---------------------

END, SAME = 0, 1
TOKENS = 2 + 2 * PITCHES
MOST_AT_ONCE = 32  # notes of a frame that a network may write


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
    reader = Reader()
    for token in tokens:
        reader.feed(int(token))
    if reader.written:
        raise ValueError(f"frame {reader.frame} has no end")
    notes = [*reader.ended, *((o, reader.frame, p) for p, o in reader.sounding)]
    onset, end, pitch = np.array(notes, int).reshape(-1, 3).T
    return Song(as_notes(onset, end - onset, pitch), reader.frame, steps_per_beat, **fields)


class Reader:
    """Reads tokens one by one and knows where it is and what may come next.

    Attributes
    ----------
    frame : int
        The frame that the next token belongs to.
    last : int
        The token read last; 0 at the beginning.
    sounding : list of (pitch, onset)
        In the frame before, from high to low.
    written : list of (pitch, onset)
        So far in this frame; the onset is -1 where the note is held.
    ended : list of (onset, end, pitch)
    struck : list of bool
        Of each frame so far: does something start in it?
    """

    def __init__(self):
        self.frame, self.last = 0, END
        self.sounding: list[tuple[int, int]] = []
        self.written: list[tuple[int, int]] = []
        self.ended: list[tuple[int, int, int]] = []
        self.struck: list[bool] = []

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
            self.struck.append(False)
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
        self.struck.append(any(onset >= 0 for _, onset in self.written))
        self.written = []
        self.frame += 1

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


def transposed(tokens: np.ndarray, semitones: int) -> np.ndarray:
    """Transpose tokens up; the marks stay.

    Examples
    --------
    >>> transposed(np.array([start(60), hold(48), END]), 2).tolist() == [start(62), hold(50), END]
    True
    """
    return np.where(tokens > SAME, tokens + 2 * semitones, tokens)


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


# --- Conditioning: what a network is given before each token ----------------------------------

MOST_BARS, MOST_BEATS, MOST_NOTES = 32, 128, 8  # ours: what lies beyond counts as the last of them
PACES = tuple(0.5 + i / 8 for i in range(21))  # onsets a beat: the borders of 22 classes
BARS_AGO = (1, 2, 4)  # whose rhythm is given: phrases are mostly two bars long
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
    """Say what a network is given before the next token, in the order of `INPUTS`.

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
        What the network is given before each token, see `INPUTS`.
    tokens : int32 array, shape (token,)
    """
    tokens = encode(replace(song, length=song.bars * song.steps_per_bar))
    reader, settled, rows = Reader(), outline(song), []
    for token in tokens.tolist():
        rows.append(inputs(reader, settled, song.steps_per_bar))
        reader.feed(token)
    return np.array(rows, np.int32).reshape(-1, len(INPUTS)), tokens


def inputs_transposed(inputs: np.ndarray, semitones: int) -> np.ndarray:
    """Transpose what a network is given, shape (token, 13), up."""
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
