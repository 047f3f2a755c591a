"""A small five-track collection *made for this page*, to show what report 2.1 does to LPD-5.

The chorales have one instrument group, no tempo and begin at once; LPD-5 does not. These songs
are simple patterns over four chords, made by rule from a seed, and written in LPD-5's own format.
They are never trained on.

Notes
-----
Notebook: 01_data_preparation, "Only the piano".
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from musegen.corpus import lpd5
from musegen.song import Song, as_notes

BEAT = 24  # steps
BAR = 4 * BEAT
SCALES = {"major": (0, 2, 4, 5, 7, 9, 11), "minor": (0, 2, 3, 5, 7, 8, 10)}
PROGRESSIONS = {"major": (0, 4, 5, 3), "minor": (0, 3, 6, 4)}  # degrees: I V vi IV, i iv VII v
# In and out of the report's 110-130, and on its edges as LPD-5 writes them.
TEMPI = (120.0, 96.0, 130.0006, 152.0, 114.0, 109.5, 126.0, 75.0, 110.0, 140.0, 122.0018, 118.0)


def made_collection(
    folder, songs: int = 12, seed: int = 2021, bars: tuple[int, int] = (8, 17)
) -> Path:
    """Write the collection: every fourth song has no piano, every third changes its tempo.

    Parameters
    ----------
    folder : str or Path
    songs : int
    seed : int
    bars : (int, int)
        Each song has the first or more, and fewer than the second.

    Returns
    -------
    Path
        The folder, for ``corpus.load(f"lpd5:{folder}")``.
    """
    rng = np.random.default_rng(seed)
    return lpd5.write_collection(folder, (_song(i, rng, bars) for i in range(songs)))


def _song(
    i: int, rng: np.random.Generator, between: tuple[int, int]
) -> tuple[str, tuple[dict[str, Song], np.ndarray]]:
    bars, silent = int(rng.integers(*between)), int(rng.integers(0, 4))
    mode = ("major", "minor")[i % 2]
    chords = _chords(mode, int(rng.integers(12)), bars)
    tracks = {
        "Drums": _drums(bars),
        "Piano": _piano(chords, silent, rng),
        "Guitar": _arpeggio(chords, rng),
        "Bass": ((bar * BAR, BAR, chord[0] - 24) for bar, chord in enumerate(chords)),
        "Strings": ((bar * BAR, BAR, p) for bar, c in enumerate(chords[:-1]) for p in c),
    }
    if i % 4 == 3:
        del tracks["Piano"]
    tempo_qpm = np.full(bars * 4, TEMPI[i % len(TEMPI)])
    if i % 3 == 2:
        tempo_qpm[-4:] -= 20  # slows down in the last bar
    songs = {name: _to_song(rows, bars) for name, rows in tracks.items()}
    return f"TR{'ABC'[i % 3]}{'AB'[i % 2]}A{i:02d}", (songs, tempo_qpm)


def _to_song(rows, bars: int) -> Song:
    return Song(as_notes(*np.array(list(rows), int).reshape(-1, 3).T), bars * BAR, BEAT)


def _chords(mode: str, tonic: int, bars: int) -> list[list[int]]:
    """One triad a bar, as MIDI pitches around middle C."""
    scale = [48 + tonic + 12 * octave + step for octave in range(3) for step in SCALES[mode]]
    degrees = [PROGRESSIONS[mode][bar % 4] for bar in range(bars - 1)] + [0]
    return [[scale[degree + third] for third in (0, 2, 4)] for degree in degrees]


def _drums(bars: int) -> Iterator[tuple[int, int, int]]:
    for beat in range(bars * 4):
        yield beat * BEAT, 6, 36 if beat % 2 == 0 else 38  # bass drum and snare


def _piano(chords, silent: int, rng) -> Iterator[tuple[int, int, int]]:
    """Chords on the left, a melody of chord tones on the right, after `silent` bars and a beat."""
    for bar, chord in enumerate(chords[silent:], silent):
        late = BEAT if bar == silent else 0
        yield from ((bar * BAR + late, BAR - late, pitch) for pitch in chord)
        for eighth in range(2 if late else 0, 8, int(rng.integers(1, 3))):
            yield bar * BAR + eighth * 12, 12, int(rng.choice(chord)) + 12


def _arpeggio(chords, rng) -> Iterator[tuple[int, int, int]]:
    order = rng.permutation(3)
    for bar, chord in enumerate(chords):
        yield from ((bar * BAR + i * 12, 10, chord[order[i % 3]]) for i in range(8))
