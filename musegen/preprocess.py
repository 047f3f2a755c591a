"""From a song to what the autoencoder reads: report 2.1 and figure 1.

The report filters by tempo, cuts up to the first note and brings all songs into one key, for the
autoencoder alone; the LSTM takes the songs as they are.

Conventions
-----------
tensor
    Bool array of shape (bar, step, pitch) = (n, 24, 96), for a song of n bars.
window
    16 bars of a tensor, (16, 24, 96): one input of the autoencoder.

Notes
-----
Notebook: 01_data_preparation.
"""

from dataclasses import dataclass

import numpy as np

from musegen.config import RollConfig
from musegen.song import PITCHES, Song

TONICS = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
HOME = {"major": 0, "minor": 9}  # ours: C major and A minor, which have the same seven notes
TEMPO_SLACK = 0.01  # qpm; LPD-5 holds values such as 130.0006 for a tempo of 130

# How much each degree of the scale, from the tonic up, is heard: B. Aarden, "Dynamic Melodic
# Expectancy" (2003), measured on the Essen folk songs.
WEIGHTS = {
    "major": (17.77, 0.15, 14.93, 0.16, 19.80, 11.36, 0.29, 22.06, 0.15, 8.15, 0.23, 4.95),
    "minor": (18.26, 0.74, 14.05, 16.86, 0.70, 14.44, 0.70, 18.62, 4.57, 1.93, 7.38, 1.76),
}
ROLL = RollConfig()


@dataclass(frozen=True)
class Key:
    """A major or minor key.

    Examples
    --------
    >>> key = Key(7, "major")
    >>> str(key), key.shift
    ('G major', 5)
    """

    tonic: int
    mode: str

    @property
    def shift(self) -> int:
        """Semitones of the nearest way to C major or A minor, -6..5."""
        return (HOME[self.mode] - self.tonic + 6) % 12 - 6

    def __str__(self) -> str:
        return f"{TONICS[self.tonic]} {self.mode}"


def cut_to_first_note(song: Song, cut: str = "note") -> Song:
    """Drop the silence before the first note.

    Parameters
    ----------
    song : Song
        Comes back unchanged if it has no notes.
    cut : "note" or "bar"
        Start at the first note itself (report), or at the bar line before it, which keeps the
        bars in their places (ours).

    Examples
    --------
    >>> from musegen.song import as_notes
    >>> song = Song(as_notes(11, 2, 60), length=13, steps_per_beat=2)
    >>> cut_to_first_note(song).length, cut_to_first_note(song, "bar").length
    (2, 5)

    Notes
    -----
    Report 2.1. Notebook: more/other_songs, "Starting at the first note".
    """
    if cut not in ("note", "bar"):
        raise ValueError(f"cut is {cut!r}; it must be 'note' or 'bar'")
    first = int(song.notes["onset"].min()) if len(song.notes) else 0
    return song.cut(first if cut == "note" else first - first % song.steps_per_bar)


def pitch_classes(song: Song) -> np.ndarray:
    """Share of sounding time of C, C#, D ... B, float array of shape (12,)."""
    time = np.bincount(song.notes["pitch"] % 12, weights=song.notes["duration"], minlength=12)
    return time / max(time.sum(), 1)


def key_fits(song: Song) -> list[tuple[Key, float]]:
    """Say how well each of the 24 keys fits a song, best first.

    The fit is the correlation between the pitch classes of the song and the weights of the key.
    """
    keys = [Key(tonic, mode) for mode in WEIGHTS for tonic in range(12)]
    heard = pitch_classes(song)
    if np.ptp(heard) == 0:  # silence, or all twelve alike
        return [(key, 0.0) for key in keys]
    expected = np.stack([np.roll(WEIGHTS[key.mode], key.tonic) for key in keys])
    fits = np.corrcoef(heard, expected)[0, 1:].tolist()
    return sorted(zip(keys, fits, strict=True), key=lambda pair: -pair[1])


def estimate_key(song: Song) -> Key:
    """Find the key that fits a song best; a song without notes counts as C major.

    Notes
    -----
    Notebook: 01_data_preparation, "All in one key".
    """
    return key_fits(song)[0][0]


def to_common_key(song: Song) -> Song:
    """Transpose a song to C major or A minor, whichever its mode is, by `shift_to_common_key`.

    Notes
    -----
    Report 2.1: "every training song was transposed to be in the same key"; which one is ours.
    Notebook: 01_data_preparation, "All in one key".
    """
    return song.transpose(shift_to_common_key(song))


def shift_to_common_key(song: Song) -> int:
    """Find the way to C major or A minor, in semitones: the nearest that keeps to the 128 pitches.

    That may be the other way round the octave. A song too wide for any stays where it is: 0.
    """
    shift, pitches = estimate_key(song).shift, song.notes["pitch"]
    ways = (shift, shift - 12 if shift > 0 else shift + 12, 0)
    return next(way for way in ways if ((pitches + way >= 0) & (pitches + way < PITCHES)).all())


def rejection_reason(song: Song, cfg: RollConfig = ROLL) -> str:
    """Say why the autoencoder cannot train on a song; an empty string if it can.

    Returns
    -------
    str
        ``"tempo"`` (the band has both its ends), ``"silent"`` or ``"out_of_range"`` (after
        transposition), as `musegen.corpus.REASONS` explains them.

    Notes
    -----
    Report 2.1. Notebook: more/other_songs, "Only one tempo".
    """
    slowest, fastest = cfg.tempo_qpm
    if not slowest - TEMPO_SLACK <= song.tempo_qpm <= fastest + TEMPO_SLACK:
        return "tempo"
    if not len(song.notes):
        return "silent"
    pitches = song.notes["pitch"] + shift_to_common_key(song)
    lowest, highest = cfg.lowest_pitch, cfg.lowest_pitch + cfg.pitches - 1
    return "out_of_range" if pitches.min() < lowest or pitches.max() > highest else ""


def for_autoencoder(song: Song, cfg: RollConfig = ROLL) -> Song:
    """Cut a song to its first note, bring it into the common key and onto the bar's 24 steps.

    Parameters
    ----------
    song : Song
        Any tempo; `rejection_reason` sorts out the songs that are not to be trained on.

    Returns
    -------
    Song
        6 steps a beat, ready for `to_tensor`.

    Notes
    -----
    Report 2.1. Notebook: 01_data_preparation, "From song to tensor".
    """
    return to_common_key(cut_to_first_note(song, cfg.cut)).resample(cfg.steps_per_beat)


def to_tensor(song: Song, cfg: RollConfig = ROLL) -> np.ndarray:
    """Fold a song into bars, the last one filled up with silence.

    Parameters
    ----------
    song : Song
        With the steps of the configuration: 6 a beat.

    Returns
    -------
    bool array, shape (bar, step, pitch) = (n, 24, 96)

    Raises
    ------
    ValueError
        If the song has other steps, or pitches outside MIDI 16..111.

    Examples
    --------
    >>> from musegen.song import as_notes
    >>> tensor = to_tensor(Song(as_notes(24, 6, 60), length=30, steps_per_beat=6))
    >>> tensor.shape, np.argwhere(tensor)[0].tolist()
    ((2, 24, 96), [1, 0, 44])

    Notes
    -----
    Report 2.2, figure 1. Notebook: 01_data_preparation, "From song to tensor".
    """
    if song.steps_per_beat != cfg.steps_per_beat:
        raise ValueError(
            f"{song.title or 'song'} has {song.steps_per_beat} steps a beat, the tensor "
            f"{cfg.steps_per_beat}; use for_autoencoder or song.resample({cfg.steps_per_beat})"
        )
    lowest, above = cfg.lowest_pitch, cfg.lowest_pitch + cfg.pitches
    pitches = song.notes["pitch"]
    if len(pitches) and (pitches.min() < lowest or pitches.max() >= above):
        raise ValueError(
            f"{song.title or 'song'} has pitches {pitches.min()}..{pitches.max()}, the tensor "
            f"holds {lowest}..{above - 1}; transpose it or leave it out (see rejection_reason)"
        )
    padded = np.pad(song.roll, ((0, -song.length % cfg.steps_per_bar), (0, 0)))
    return padded[:, lowest:above].reshape(-1, cfg.steps_per_bar, cfg.pitches)


def unfold(tensor: np.ndarray, cfg: RollConfig = ROLL) -> np.ndarray:
    """Lay the bars of a tensor end to end: (bar, step, pitch) to (time, 128), any dtype."""
    roll = np.zeros((len(tensor) * cfg.steps_per_bar, PITCHES), tensor.dtype)
    roll[:, cfg.lowest_pitch : cfg.lowest_pitch + cfg.pitches] = tensor.reshape(-1, cfg.pitches)
    return roll


def from_tensor(tensor: np.ndarray, cfg: RollConfig = ROLL, **fields) -> Song:
    """Make a song of a tensor; ``to_tensor(from_tensor(tensor))`` is the tensor again.

    Parameters
    ----------
    tensor : bool array, shape (bar, step, pitch)
    **fields
        `tempo_qpm`, `title`, `source`, `probabilities` of the `Song`.
    """
    return Song.from_roll(unfold(tensor, cfg), cfg.steps_per_beat, **fields)


def wrapped_window(tensor: np.ndarray, start, bars: int = 16) -> np.ndarray:
    """Take `bars` bars from bar `start` on; past its end the song begins again.

    Several starts, shape (window,), give (window, bar, ...).

    Examples
    --------
    >>> song_bsp = np.zeros((3, 24, 96), bool)
    >>> song_bsp[2, 0, 44] = True
    >>> np.argwhere(wrapped_window(song_bsp, start=1, bars=5).any(axis=(1, 2))).ravel().tolist()
    [1, 4]

    Notes
    -----
    Most chorales have fewer than 16 bars; wrapping is the reference implementation's way
    (HackerPoet/Composer).
    Notebook: 01_data_preparation, "Sixteen bars".
    """
    return tensor[(np.expand_dims(start, -1) + np.arange(bars)) % len(tensor)]
