"""Songs as sequences of tokens, the way the LSTM reads them (report 2.1 and 2.3).

A token says which pitches sound at one tick, an eighth note: a single note by its name (``C4``),
several by the normal order of their pitch classes (``0.4.7``), as in the reference implementation,
Skuldur/Classical-Piano-Composer. Held notes repeat at every tick and silent ticks are dropped
(report 4.4.1), so durations, octaves of chords and rests are lost: notebook 01 plays both.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from musegen.song import Song, as_notes

NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")  # as pretty_midi
CHORD_OCTAVE = 60  # ours: chords are played from middle C up


@lru_cache(maxsize=4096)
def normal_order(pitch_classes: frozenset[int]) -> tuple[int, ...]:
    """Order pitch classes so that they span as little as possible, packed to the left (Forte).

    Examples
    --------
    >>> normal_order(frozenset([0, 4, 9]))
    (9, 0, 4)
    """
    classes = sorted(pitch_classes)
    turns = [classes[i:] + classes[:i] for i in range(len(classes))]

    def spans(turn):
        above = [(pitch - turn[0]) % 12 for pitch in turn]
        return above[-1], above, turn[0]

    return tuple(min(turns, key=spans))


def token_of(pitches: Iterable[int]) -> str:
    """Name what sounds at one tick.

    Examples
    --------
    >>> token_of([60]), token_of([48, 64, 67])
    ('C4', '0.4.7')
    """
    pitches = list(pitches)
    if len(pitches) == 1:
        return f"{NAMES[pitches[0] % 12]}{pitches[0] // 12 - 1}"
    return ".".join(map(str, normal_order(frozenset(int(p) % 12 for p in pitches))))


def pitches_of(token: str) -> list[int]:
    """Read a token back; a chord comes out in the octave of middle C.

    Examples
    --------
    >>> pitches_of("C4"), pitches_of("9.0.4")
    ([60], [69, 60, 64])
    """
    if token[0].isdigit():
        return [CHORD_OCTAVE + int(pitch_class) for pitch_class in token.split(".")]
    name = token.rstrip("-0123456789")
    octave = token[len(name) :]
    return [12 * (int(octave) + 1) + NAMES.index(name)]


def tokenize(song: Song, ticks_per_beat: int = 2) -> list[str]:
    """Name what sounds at each tick of a song, leaving silent ticks out.

    Parameters
    ----------
    song : Song
        On any grid that is a multiple of `ticks_per_beat`.
    ticks_per_beat : int
        2 is an eighth note (reference implementation).

    Returns
    -------
    list of str
        One token a sounding tick.

    Examples
    --------
    >>> song = Song(as_notes([0, 0, 4], [4, 2, 2], [60, 64, 67]), length=8, steps_per_beat=2)
    >>> tokenize(song)
    ['0.4', '0.4', 'C4', 'C4', 'G4', 'G4']

    Notes
    -----
    Report 2.1 and 4.4.1. Notebook: 01_data_preparation, "Tokens".
    """
    if song.steps_per_beat % ticks_per_beat:
        raise ValueError(
            f"{song.title}: {song.steps_per_beat} steps a beat hold no whole number of "
            f"{ticks_per_beat} ticks a beat; resample the song first"
        )
    at_ticks = song.roll[:: song.steps_per_beat // ticks_per_beat]
    return [token_of(np.flatnonzero(tick).tolist()) for tick in at_ticks[at_ticks.any(axis=1)]]


def to_song(tokens: Sequence[str], ticks_per_beat: int = 2, **fields) -> Song:
    """Play tokens: every token is struck anew and lasts one tick (report 4.4.1).

    Parameters
    ----------
    tokens : sequence of str
    ticks_per_beat : int
    **fields
        `tempo_qpm`, `title`, `source` of the song. 120 qpm makes an eighth last 0.25 s; the
        "0.5 seconds for each note" of report 4.2.2 is 60 qpm.

    Examples
    --------
    >>> to_song(["C4", "0.4"]).notes[["onset", "pitch"]].tolist()
    [(0, 60), (1, 60), (1, 64)]

    Notes
    -----
    Notebook: 04_generation, "A sliding window".
    """
    played = [(tick, pitch) for tick, token in enumerate(tokens) for pitch in pitches_of(token)]
    onset, pitch = np.array(played, int).reshape(-1, 2).T
    return Song(as_notes(onset, 1, pitch), len(tokens), ticks_per_beat, **fields)


@dataclass(frozen=True)
class Vocabulary:
    """The tokens a network knows, sorted by name; a token's integer is its place.

    Examples
    --------
    >>> words = Vocabulary(("0.4.7", "C4", "G4"))
    >>> words.encode(["G4", "C4"]).tolist()
    [2, 1]

    Notes
    -----
    Report 2.1: "a vocabulary was created, mapping a note or chord to an integer token".
    Notebook: 01_data_preparation, "The vocabulary".
    """

    tokens: tuple[str, ...]

    @classmethod
    def from_songs(cls, tokenized: Iterable[Sequence[str]]) -> "Vocabulary":
        """Collect the tokens of tokenized songs."""
        return cls(tuple(sorted({token for song in tokenized for token in song})))

    def __len__(self) -> int:
        return len(self.tokens)

    @cached_property
    def _places(self) -> dict[str, int]:
        return {token: place for place, token in enumerate(self.tokens)}

    def encode(self, tokens: Sequence[str]) -> np.ndarray:
        """Replace tokens by their integers, int32 array of shape (token,).

        Raises
        ------
        ValueError
            If a token is not in the vocabulary.
        """
        unknown = [token for token in tokens if token not in self._places]
        if unknown:
            raise ValueError(
                f"token {unknown[0]!r} is not among the {len(self)} of this vocabulary; "
                "use encode_known for songs outside the training set"
            )
        return np.array([self._places[token] for token in tokens], np.int32)

    def encode_known(self, tokens: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """Replace tokens that may be unknown: those take the place they would be sorted to.

        Returns
        -------
        places : int32 array, shape (token,)
        known : bool array, shape (token,)
            False where the token is outside; as a target it counts as wrong.
        """
        known = np.array([token in self._places for token in tokens], bool)
        places = [min(bisect_left(self.tokens, token), len(self) - 1) for token in tokens]
        return np.array(places, np.int32), known

    def decode(self, places: Iterable[int]) -> list[str]:
        """Replace integers by their tokens."""
        return [self.tokens[place] for place in places]


@dataclass(frozen=True)
class Windows:
    """Windows of consecutive tokens of the same song, and the token after each.

    Attributes
    ----------
    inputs : int32 array, shape (window, 64)
    targets : int32 array, shape (window,)
    """

    inputs: np.ndarray
    targets: np.ndarray

    def __len__(self) -> int:
        return len(self.targets)


def windows(encoded: Sequence[np.ndarray], window: int = 64) -> Windows:
    """Slide a window over each song; none reaches across the border of two songs.

    Parameters
    ----------
    encoded : sequence of int arrays, shape (token,) each
        Songs as integers. A song of `window` tokens or fewer gives no window.
    window : int
        64 in report 2.3: "the next note based on the 64 previous ones".

    Examples
    --------
    >>> cut = windows([np.array([0, 1, 2, 3]), np.array([7, 8, 9])], window=2)
    >>> cut.inputs.tolist(), cut.targets.tolist()
    ([[0, 1], [1, 2], [7, 8]], [2, 3, 9])

    Notes
    -----
    Report 2.1 and 2.3. Notebook: 01_data_preparation, "Windows".
    """
    view = np.lib.stride_tricks.sliding_window_view
    none = np.zeros((0, window + 1), np.int32)
    pieces = [view(song, window + 1) for song in encoded if len(song) > window]
    rows = np.concatenate([none, *pieces]).astype(np.int32)
    return Windows(rows[:, :-1], rows[:, -1])
