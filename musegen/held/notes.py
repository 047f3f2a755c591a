"""The tokens: written from a song, read back, and which of them may come next."""

from collections.abc import Sequence

import numpy as np

from musegen.song import PITCHES, Song, as_notes
from musegen.tokens import token_of

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
