"""A piece of music as notes on a grid of steps: what all other modules pass around.

Corpora yield songs, generators yield songs, figures draw songs and `midi` writes them.

Conventions
-----------
step
    The smallest unit of time; `steps_per_beat` of them make a quarter note. All music is 4/4
    (report 2.1 works on LPD-5, where it is so), hence ``steps_per_bar = 4 * steps_per_beat``.
pitch
    MIDI number, 0..127; 60 is middle C (C4).
roll
    Piano-roll, bool array of shape (time, 128), True while a pitch sounds.
"""

from dataclasses import dataclass, replace

import numpy as np

BEATS_PER_BAR = 4
PITCHES = 128
NO_VOICE = -1
MOST_STEPS = 2**31 - 1  # of a song; the notes count in 32 bits

NOTE = np.dtype(
    [("onset", np.int32), ("duration", np.int32), ("pitch", np.int16), ("voice", np.int16)]
)


def as_notes(onset, duration, pitch, voice=NO_VOICE) -> np.ndarray:
    """Make a note array, sorted by onset, then by pitch, then by voice.

    Parameters
    ----------
    onset, duration, pitch, voice : int or int array, shape (note,)
        In steps, steps, MIDI numbers and voice numbers (0 is the highest voice, -1 unknown).

    Returns
    -------
    array of dtype `NOTE`, shape (note,)

    Examples
    --------
    >>> as_notes([4, 0], [2, 4], [67, 60])["pitch"].tolist()
    [60, 67]
    """
    notes = np.empty(np.size(onset), NOTE)
    for name, values in zip(NOTE.names, (onset, duration, pitch, voice), strict=True):
        notes[name] = values
    return notes[np.lexsort([notes[name] for name in ("duration", "voice", "pitch", "onset")])]


@dataclass(frozen=True, eq=False, repr=False)
class Song:
    """A piece of music on a grid.

    Parameters
    ----------
    notes : array of dtype `NOTE`, shape (note,)
        Onset and duration in steps, pitch as MIDI number, voice (-1: unknown). The truth of a
        song; `roll` and `onsets` are derived from it.
    length : int
        Steps; at least the end of the last note, more if the song ends in silence.
    steps_per_beat : int
        Steps in a quarter note: 24 in the corpora, 6 for the autoencoder, 2 for tokens.
    tempo_qpm : float
        Quarter notes per minute, constant throughout (report 4.4.1).
    title, source : str
        What it is called, and where it comes from: a corpus or the run that generated it.
    probabilities : float32 array, shape (time, 128), or None
        Where a model made the song: how sure it was of each cell of the roll.
    fermatas : tuple of int
        Steps at which phrases' last chords begin, as far as known.

    Raises
    ------
    ValueError
        If a note lies outside the song or the 128 pitches, or does not last.

    Examples
    --------
    >>> song = Song(as_notes([0, 2], [2, 6], [60, 64]), length=8, steps_per_beat=2, title="two")
    >>> song
    Song('two', 1 bar, 2 notes, 120 qpm)
    >>> song.roll[:, 64].astype(int).tolist()
    [0, 0, 1, 1, 1, 1, 1, 1]

    Notes
    -----
    Notebook: 01_data_preparation, "One song".
    """

    notes: np.ndarray
    length: int
    steps_per_beat: int
    tempo_qpm: float = 120.0
    title: str = ""
    source: str = ""
    probabilities: np.ndarray | None = None
    fermatas: tuple[int, ...] = ()

    def __post_init__(self):
        if self.notes.dtype != NOTE:
            raise ValueError(f"notes are of dtype {self.notes.dtype}, not NOTE; use as_notes")
        if len(self.notes):
            title = self.title or "song"
            end = int((self.notes["onset"] + self.notes["duration"]).max())
            low, high = self.notes["pitch"].min(), self.notes["pitch"].max()
            if self.notes["duration"].min() < 1 or self.notes["onset"].min() < 0:
                raise ValueError(f"{title}: every note starts at 0 or later and lasts")
            if end > self.length:
                raise ValueError(f"{title}: a note ends at step {end} of {self.length}")
            if low < 0 or high >= PITCHES:
                raise ValueError(f"{title}: pitches {low}..{high} leave 0..127")

    @classmethod
    def from_roll(cls, roll, steps_per_beat: int, **fields) -> "Song":
        """Read a bare piano-roll, starting a note where the roll turns on.

        A roll cannot tell a repeated note from a held one; both become one note.

        Parameters
        ----------
        roll : bool array, shape (time, 128)
        steps_per_beat : int
        **fields
            `tempo_qpm`, `title`, `source`, `probabilities`.

        Examples
        --------
        >>> roll = np.zeros((4, 128), bool)
        >>> roll[1:3, 60] = True
        >>> Song.from_roll(roll, 1).notes.tolist()
        [(1, 2, 60, -1)]
        """
        roll = np.asarray(roll)
        if roll.ndim != 2 or roll.shape[1] != PITCHES or roll.dtype != bool:
            raise ValueError(f"a roll is bool (time, 128), got {roll.dtype} {roll.shape}")
        edges = np.diff(np.pad(roll.T, ((0, 0), (1, 1))).astype(np.int8), axis=1)
        pitch, onset = np.nonzero(edges == 1)
        _, end = np.nonzero(edges == -1)
        return cls(as_notes(onset, end - onset, pitch), len(roll), steps_per_beat, **fields)

    @property
    def roll(self) -> np.ndarray:
        """Piano-roll, bool array of shape (time, 128): True while a pitch sounds.

        Made each time it is asked for: those of 256 songs of LPD-5 take 200 MB.
        """
        change = np.zeros((PITCHES, self.length + 1), np.int32)  # time last: ten times as fast
        np.add.at(change, (self.notes["pitch"], self.notes["onset"]), 1)
        np.add.at(change, (self.notes["pitch"], self.notes["onset"] + self.notes["duration"]), -1)
        return np.ascontiguousarray(change.cumsum(axis=1)[:, :-1].T > 0)

    @property
    def onsets(self) -> np.ndarray:
        """Note starts, bool array of shape (time, 128)."""
        onsets = np.zeros((self.length, PITCHES), bool)
        onsets[self.notes["onset"], self.notes["pitch"]] = True
        return onsets

    @property
    def steps_per_bar(self) -> int:
        """Four beats."""
        return BEATS_PER_BAR * self.steps_per_beat

    @property
    def bars(self) -> int:
        """Bars, the unfinished last one counted."""
        return -(-self.length // self.steps_per_bar)

    @property
    def seconds(self) -> float:
        """Playing time at the song's tempo."""
        return self.length / self.steps_per_beat * 60 / self.tempo_qpm

    def resample(self, steps_per_beat: int) -> "Song":
        """Bring the song onto another grid; on a coarser one a note fills every step it touches.

        Examples
        --------
        >>> song = Song(as_notes(3, 2, 60), length=8, steps_per_beat=4)
        >>> song.resample(2).notes.tolist()
        [(1, 2, 60, -1)]
        """
        new, old = steps_per_beat, self.steps_per_beat
        onset = self.notes["onset"] * new // old
        end = -(-(self.notes["onset"] + self.notes["duration"]) * new // old)
        return replace(
            self,
            notes=as_notes(onset, end - onset, self.notes["pitch"], self.notes["voice"]),
            length=-(-self.length * new // old),
            steps_per_beat=new,
            probabilities=None,
            fermatas=tuple(at * new // old for at in self.fermatas),
        )

    def transpose(self, semitones: int) -> "Song":
        """Move every note up by `semitones` (down if negative).

        Raises
        ------
        ValueError
            If a note would leave MIDI's 0..127.
        """
        notes = self.notes.copy()
        notes["pitch"] += semitones
        return replace(self, notes=notes, probabilities=None)

    def cut(self, start: int, stop: int | None = None) -> "Song":
        """Keep the steps from `start` up to `stop`; notes that reach across are shortened.

        Examples
        --------
        >>> song = Song(as_notes([0, 4], [4, 4], [60, 62]), length=8, steps_per_beat=2)
        >>> song.cut(2, 6).notes.tolist()
        [(0, 2, 60, -1), (2, 2, 62, -1)]
        """
        stop = self.length if stop is None else min(stop, self.length)
        onset = self.notes["onset"].clip(start, stop)
        end = (self.notes["onset"] + self.notes["duration"]).clip(start, stop)
        kept = end > onset
        notes = as_notes(
            onset[kept] - start,
            (end - onset)[kept],
            self.notes["pitch"][kept],
            self.notes["voice"][kept],
        )
        inside = tuple(at - start for at in self.fermatas if start <= at < stop)
        return replace(self, notes=notes, length=stop - start, probabilities=None, fermatas=inside)

    def __eq__(self, other) -> bool:
        """Songs are equal if they sound equal: same notes, grid, length and tempo."""
        if not isinstance(other, Song):
            return NotImplemented
        mine, theirs = ((s.length, s.steps_per_beat, s.tempo_qpm) for s in (self, other))
        return mine == theirs and np.array_equal(_heard(self.notes), _heard(other.notes))

    __hash__ = None

    def __repr__(self) -> str:
        bars = f"{self.bars} bar{'s' * (self.bars != 1)}"
        notes = f"{len(self.notes)} note{'s' * (len(self.notes) != 1)}"
        return f"Song({self.title!r}, {bars}, {notes}, {self.tempo_qpm:g} qpm)"

    # Display and export: the only imports that point upwards (tests/test_arrows.py names them).

    def _repr_html_(self) -> str:
        from musegen import player

        return player.player_html(self)

    def to_midi(self, path, program: int = 0):
        """Write the song as a MIDI file; see `musegen.midi.write`."""
        from musegen import midi

        return midi.write(self, path, program)

    def to_audio(self, path, program: int = 0):
        """Write the song as a sound file: .wav or .mp3; see `musegen.audio.write`."""
        from musegen import audio

        return audio.write(self, path, program)

    def to_musicxml(self, path):
        """Write the song as a score: .musicxml or .xml; see `musegen.musicxml.write`."""
        from musegen import musicxml

        return musicxml.write(self, path)


def _heard(notes: np.ndarray) -> np.ndarray:
    """Give notes without their voices, in an order that does not depend on them."""
    return np.sort(notes[["onset", "pitch", "duration"]])
