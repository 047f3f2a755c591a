"""A small five-track collection *made for this page*, to show what report 2.1 does to LPD-5.

The chorales have one instrument group, no tempo and begin at once; LPD-5 does not. These songs
are simple patterns over four chords, made by rule from a seed, and written in LPD-5's own format.
They are never trained on.

Notes
-----
Notebook: more/other_songs, "Only the piano".
"""

import hashlib
import json
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from scipy.sparse import csc_matrix

from musegen.corpus.lpd5 import TRACKS
from musegen.files import atomic_write
from musegen.song import Song, as_notes

PROGRAMS = (0, 0, 24, 32, 48)  # General MIDI, for each of LPD-5's tracks
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
    for i in range(songs):
        track_id, tracks, tempo_qpm = _song(i, rng, bars)
        name = hashlib.md5(track_id.encode(), usedforsecurity=False).hexdigest()
        path = Path(folder, *track_id[2:5], track_id, f"{name}.npz")  # as LPD-5 has its folders
        write_song(path, tracks, tempo_qpm)
    return Path(folder)


def write_song(path, tracks: Mapping[str, Song], tempo_qpm) -> Path:
    """Write one file in LPD-5's format, tiled tempo and all.

    Parameters
    ----------
    path : str or Path
    tracks : mapping of LPD-5's track names to Song
        Of one length, 24 steps a beat; tracks that are left out become empty, shape (0, 128).
    tempo_qpm : float or float array, shape (beat,)
        One value, or one a beat.
    """
    length = max((song.length for song in tracks.values()), default=0)
    beats = np.broadcast_to(np.asarray(tempo_qpm, float), max(1, length // BEAT))
    arrays = {"tempo": np.resize(beats, length), "downbeat": np.arange(length) == 0}
    info = {"beat_resolution": BEAT, "name": Path(path).stem}
    for k, (name, program) in enumerate(zip(TRACKS, PROGRAMS, strict=True)):
        info[str(k)] = {"program": program, "is_drum": name == "Drums", "name": name}
        # Velocity 1: only on and off. A track that is left out is of bool.
        roll = tracks[name].roll.astype(np.uint8) if name in tracks else np.zeros((0, 128), bool)
        for part in ("data", "indices", "indptr", "shape"):
            arrays[f"pianoroll_{k}_csc_{part}"] = getattr(csc_matrix(roll), part)
    path = Path(path)
    with atomic_write(path) as part:
        with part.open("wb") as file:
            np.savez_compressed(file, **arrays)
        with zipfile.ZipFile(part, "a") as packed:
            packed.writestr("info.json", json.dumps(info), zipfile.ZIP_DEFLATED)
    return path


def _song(i: int, rng: np.random.Generator, between: tuple[int, int]):
    """Make the id, the tracks and the tempo of each beat of one song."""
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
    return f"TR{'ABC'[i % 3]}{'AB'[i % 2]}A{i:02d}", songs, tempo_qpm


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
