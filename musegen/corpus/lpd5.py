"""LPD-5, the report's own data (2.1): one compressed file a song, five tracks, 24 steps a beat.

The format
----------
A file is a zip of arrays, as pypianoroll 0.3 wrote them:

``info.json``
    ``beat_resolution`` (24), and for tracks ``"0"`` .. ``"4"`` name, program and is_drum:
    Drums, Piano, Guitar, Bass, Strings.
``pianoroll_k_csc_data``, ``_indices``, ``_indptr``, ``_shape``
    The roll of track k, a sparse (time, 128) matrix by columns; (0, 128) if it is empty. Cells
    are velocities, and above 0 wherever a note sounds.
``tempo``
    Float array (time,), scrambled: written as ``bpm[t % beats]`` instead of each beat's value 24
    times. Only what does not ask for the order is right, such as the median.
``downbeat``
    Bool array (time,), True at step 0 alone. All songs are 4/4, their bars 96 steps.

Notes
-----
Only the piano and the tempo are read. Notebook: 01_data_preparation, "Only the piano".
"""

import hashlib
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from musegen.corpus import cache
from musegen.corpus.audit import Dropped
from musegen.files import whole
from musegen.song import PITCHES, Song, as_notes

TRACKS = {  # name: (General MIDI program, is_drum), in the order of LPD-5
    "Drums": (0, True),
    "Piano": (0, False),
    "Guitar": (24, False),
    "Bass": (32, False),
    "Strings": (48, False),
}
PIANO = list(TRACKS).index("Piano")


def load(folder: str) -> cache.Packed:
    """Read every file of an LPD-5 folder, or take the songs from the cache."""
    files = cache.find_files(folder, (".npz",))
    key = cache.make_key("lpd5", [__file__], cache.file_facts(files))
    return cache.stored(key, lambda: cache.read_files(files, read_song, "LPD-5"))


def read_song(path) -> Song:
    """Read the piano of one file.

    Raises
    ------
    Dropped
        If it is unreadable, or its piano track is missing (``no piano``) or silent.
    """
    path = Path(path)
    try:
        with np.load(path, allow_pickle=False) as arrays:
            steps = int(json.loads(arrays["info.json"])["beat_resolution"])
            members = ("data", "indices", "indptr", "shape")
            track = [arrays[f"pianoroll_{PIANO}_csc_{member}"] for member in members]
            tempo_qpm = float(np.median(arrays["tempo"]))
        runs = _runs(*track)
    except cache.DAMAGED as error:
        raise Dropped("unreadable") from error
    length = int(track[-1][0])
    if not length:
        raise Dropped("no piano")
    if not len(runs):
        raise Dropped("silent piano")
    if not tempo_qpm > 0 or steps < 1:
        raise Dropped("no tempo")
    onset, end, pitch = runs.T
    return Song(as_notes(onset, end - onset, pitch), length, steps, tempo_qpm, path.stem, "lpd5")


def _runs(data, indices, indptr, shape) -> np.ndarray:
    """Stretches of sounding steps of a sparse roll: onset, end and pitch, int array (note, 3)."""
    length, pitches = shape.tolist()
    if pitches != PITCHES or len(indptr) != PITCHES + 1 or len(data) != len(indices):
        raise ValueError("not a roll of 128 pitches")
    if len(indices) and not 0 <= indices.min() <= indices.max() < length:
        raise ValueError("steps outside the song")
    pitch = np.repeat(np.arange(PITCHES), np.diff(indptr))
    cell = np.sort((pitch * (length + 1) + indices)[data > 0])  # + 1: no run joins two pitches
    first = np.diff(cell, prepend=-2) > 1
    last = np.append(first, True)[1:]
    pitch, onset = np.divmod(cell[first], length + 1)
    return np.stack([onset, onset + cell[last] - cell[first] + 1, pitch], axis=1)


def write_song(path, tracks: Mapping[str, Song], tempo_qpm, *, steps_per_beat: int = 24) -> Path:
    """Write one file in the old format, tiled tempo and all.

    Parameters
    ----------
    path : str or Path
    tracks : mapping of LPD-5's track names to Song
        Of one length and grid; tracks that are left out become empty, shape (0, 128).
    tempo_qpm : float or float array, shape (beat,)
        One value, or one a beat.
    """
    length = max((song.length for song in tracks.values()), default=0)
    beats = np.broadcast_to(np.asarray(tempo_qpm, float), max(1, length // steps_per_beat))
    arrays = {"tempo": np.resize(beats, length), "downbeat": np.arange(length) == 0}
    info = {"beat_resolution": steps_per_beat, "name": Path(path).stem}
    for k, (name, (program, is_drum)) in enumerate(TRACKS.items()):
        info[str(k)] = {"program": program, "is_drum": is_drum, "name": name}
        roll = tracks[name].roll if name in tracks else np.zeros((0, PITCHES), bool)
        arrays |= {f"pianoroll_{k}_csc_{part}": array for part, array in _sparse(roll).items()}
    path = Path(path)
    with whole(path) as part:
        with part.open("wb") as file:
            np.savez_compressed(file, **arrays)
        with zipfile.ZipFile(part, "a") as archive:
            archive.writestr("info.json", json.dumps(info), zipfile.ZIP_DEFLATED)
    return path


def _sparse(roll: np.ndarray) -> dict[str, np.ndarray]:
    pitch, step = np.nonzero(roll.T)
    return {
        "data": np.ones(len(step), np.uint8 if len(roll) else bool),  # velocity 1: only on and off
        "indices": step.astype(np.int32),
        "indptr": np.searchsorted(pitch, np.arange(PITCHES + 1)).astype(np.int32),
        "shape": np.array(roll.shape, np.int64),
    }


def write_collection(folder, songs: Mapping[str, tuple[Mapping[str, Song], object]]) -> Path:
    """Write a collection in the folders of LPD-5: ``A/B/C/TRABC.../<32 digits>.npz``.

    Parameters
    ----------
    folder : str or Path
    songs : mapping of track id, such as ``"TRABC01"``, to (tracks, tempo) as in `write_song`
    """
    folder = Path(folder)
    for track_id, (tracks, tempo_qpm) in songs.items():
        name = hashlib.md5(track_id.encode(), usedforsecurity=False).hexdigest()
        write_song(folder.joinpath(*track_id[2:5], track_id, f"{name}.npz"), tracks, tempo_qpm)
    return folder


def read_tracks(path) -> dict[str, Song]:
    """Read all five tracks of a file, by name; empty ones come out as songs without notes.

    For looking at what the piano-only rule leaves out. Notebook: 01_data_preparation,
    "Only the piano".
    """
    path = Path(path)
    songs = {}
    with np.load(path, allow_pickle=False) as arrays:
        info = json.loads(arrays["info.json"])
        length, steps = len(arrays["tempo"]), int(info["beat_resolution"])
        tempo_qpm = float(np.median(arrays["tempo"]))
        for k in range(len(TRACKS)):
            members = ("data", "indices", "indptr", "shape")
            onset, end, pitch = _runs(*(arrays[f"pianoroll_{k}_csc_{m}"] for m in members)).T
            name = info[str(k)]["name"]
            notes = as_notes(onset, end - onset, pitch)
            songs[name] = Song(notes, length, steps, tempo_qpm, name, "lpd5")
    return songs
