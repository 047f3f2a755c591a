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
import io
import json
import re
import struct
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from isal import isal_zlib  # unpacks in half the time zlib takes

from musegen.corpus import collection
from musegen.corpus.audit import Dropped
from musegen.corpus.reading import Format, read_song
from musegen.files import whole
from musegen.song import PITCHES, Song, as_notes

TRACKS = {  # name: (General MIDI program, is_drum), in the order of LPD-5
    "Drums": (0, True),
    "Piano": (0, False),
    "Guitar": (24, False),
    "Bass": (32, False),
    "Strings": (48, False),
}
LARGEST_FILE = 16 * 2**20  # bytes; a song takes about 50 kB
LARGEST_ARRAY = 64 * 2**20
MOST_STEPS = 2**31 - 1  # of a song; the notes count in 32 bits
# What a damaged zip, JSON text or array makes their readers raise.
DAMAGED = (ValueError, KeyError, TypeError, OverflowError, EOFError, IndexError, RuntimeError)
DAMAGED += (struct.error, isal_zlib.error, zipfile.BadZipFile, AttributeError, RecursionError)
# How numpy writes the head of an array of one dimension, and how little it takes to read it.
HEAD = re.compile(
    rb"\x93NUMPY\x01\x00..\{'descr': '([<|][bif]\d|[<|]u\d)', 'fortran_order': False, "
    rb"'shape': \((\d{1,10})L?,\), \} *\n",
    re.DOTALL,
)


def read(content: bytes, path) -> Song:
    """Read the piano of one file, given what it holds.

    Raises
    ------
    Dropped
        With one of `musegen.corpus.REASONS`.

    Notes
    -----
    Report 2.1. Three times as fast as `pypianoroll.load`, and equal to it bit by bit; nothing is
    unpickled. Notebook: 01_data_preparation, "Only the piano".
    """
    try:
        file = _File(content)
        track = file.track("Piano")
        tempo_qpm = file.tempo_qpm()
        onset, end, pitch = track.runs()
    except DAMAGED as error:
        raise Dropped("unreadable") from error
    if not track.length:
        raise Dropped("empty_piano")
    notes = as_notes(onset, end - onset, pitch)
    return Song(notes, track.length, file.steps, tempo_qpm, Path(path).stem, "lpd5")


FORMAT = Format((".npz",), read, (__file__,), LARGEST_FILE, batch=32)


def read_file(path) -> Song:
    """Read the piano of one file of a folder; see `read`."""
    return read_song(FORMAT, Path(path).read_bytes(), Path(path))


class _File:
    """One file of LPD-5, opened."""

    def __init__(self, content: bytes):
        with collection.open_zip(content) as archive:
            self._members = archive.NameToInfo
        self._content = memoryview(content)
        if "info.json" not in self._members:
            raise Dropped("wrong_type")
        self.info = json.loads(self._member("info.json"))
        self.steps = int(self.info["beat_resolution"])
        if not 1 <= self.steps <= 960:
            raise ValueError(f"{self.steps} steps a beat")

    def tempo_qpm(self) -> float:
        """Give the median, the one thing that survives the scrambling; 0 if there is none."""
        tempo = self.array("tempo", "f")
        return float(np.median(tempo)) if len(tempo) else 0.0

    def track(self, name: str) -> "_Track":
        """Unpack one of the five tracks."""
        numbers = [k for k, track in self.info.items() if k.isdigit() and track["name"] == name]
        if not numbers:
            raise Dropped("no_piano")
        stem = f"pianoroll_{numbers[0]}_csc_"
        kinds = {"data": "bui", "indices": "i", "indptr": "i", "shape": "i"}
        return _Track(*(self.array(stem + part, kind) for part, kind in kinds.items()))

    def array(self, name: str, kinds: str) -> np.ndarray:
        """Read an array of one dimension whose dtype is of one of these kinds."""
        stored = self._member(f"{name}.npy")
        if head := HEAD.match(stored):
            array = np.frombuffer(stored, head[1].decode(), int(head[2]), head.end())
        elif stored.startswith(b"\x93NUMPY"):
            array = np.lib.format.read_array(io.BytesIO(stored), allow_pickle=False)
        else:
            raise Dropped("wrong_type")
        if array.ndim != 1 or array.dtype.kind not in kinds:
            raise Dropped("wrong_type")
        return array

    def _member(self, name: str) -> bytes:
        """Unpack one member, as much as it says it holds and no more."""
        member = self._members[name]
        if member.file_size > LARGEST_ARRAY:
            raise Dropped("too_large")
        name_and_extra = struct.unpack_from("<HH", self._content, member.header_offset + 26)
        start = member.header_offset + 30 + sum(name_and_extra)
        stored = self._content[start : start + member.compress_size]
        if member.compress_type == zipfile.ZIP_DEFLATED:
            unpacker = isal_zlib.decompressobj(-isal_zlib.MAX_WBITS)
            stored = unpacker.decompress(stored, member.file_size + 1)
        elif member.compress_type != zipfile.ZIP_STORED:
            raise ValueError(f"compression {member.compress_type}")
        if len(stored) != member.file_size or isal_zlib.crc32(stored) != member.CRC:
            raise ValueError(f"{name} is damaged")
        return bytes(stored)


class _Track:
    """A sparse roll: for each pitch, from ``indptr[pitch]`` on, the steps at which it sounds."""

    def __init__(self, data, indices, indptr, shape):
        if len(shape) != 2 or shape[1] != PITCHES or len(indptr) != PITCHES + 1:
            raise ValueError("not a roll of 128 pitches")
        if len(data) != len(indices) or indptr[0] != 0 or indptr[-1] != len(indices):
            raise ValueError("more or fewer cells than announced")
        if (indptr[1:] < indptr[:-1]).any():
            raise ValueError("pitches out of order")
        self.length = int(shape[0])
        if self.length > MOST_STEPS:
            raise Dropped("too_long")
        if len(indices) and not (indices.min() >= 0 and indices.max() < self.length):
            raise ValueError("steps outside the song")
        self._data, self._indices, self._indptr = data, indices, indptr

    def runs(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Stretches of sounding steps: onset, end and pitch, int arrays (note,)."""
        steps, first_of_pitch = self._sounding()
        if not len(steps):
            return steps, steps, steps
        starts = np.concatenate([[True], np.diff(steps) != 1, [True]])
        starts[first_of_pitch] = True  # no run joins two pitches
        edges = np.flatnonzero(starts)
        first, last = edges[:-1], edges[1:] - 1
        pitch = np.searchsorted(first_of_pitch, first, side="right") - 1
        return steps[first], steps[last] + 1, pitch

    def _sounding(self) -> tuple[np.ndarray, np.ndarray]:
        """Give the steps that sound, in order for each pitch, and where each pitch begins."""
        steps, first_of_pitch = self._indices, self._indptr[:-1]
        ordered = np.diff(steps) > 0
        ordered[(first_of_pitch[(first_of_pitch > 0) & (first_of_pitch < len(steps))]) - 1] = True
        if ordered.all() and self._data.all():
            return steps, first_of_pitch
        pitch = np.repeat(np.arange(PITCHES, dtype=np.int64), np.diff(self._indptr))
        cells = np.unique((pitch * (self.length + 1) + steps)[self._data > 0])
        pitch, steps = np.divmod(cells, self.length + 1)
        return steps, np.searchsorted(pitch, np.arange(PITCHES))


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


def write_collection(
    folder, songs: Iterable[tuple[str, tuple[Mapping[str, Song], object]]]
) -> Path:
    """Write a collection in the folders of LPD-5: ``A/B/C/TRABC.../<32 digits>.npz``.

    Parameters
    ----------
    folder : str or Path
    songs : iterable of track id, such as ``"TRABC01"``, and (tracks, tempo) as in `write_song`
    """
    folder = Path(folder)
    for track_id, (tracks, tempo_qpm) in songs:
        name = hashlib.md5(track_id.encode(), usedforsecurity=False).hexdigest()
        write_song(folder.joinpath(*track_id[2:5], track_id, f"{name}.npz"), tracks, tempo_qpm)
    return folder


def read_tracks(path) -> dict[str, Song]:
    """Read all five tracks of a file, by name; empty ones come out as songs without notes.

    For looking at what the piano-only rule leaves out. Notebook: 01_data_preparation,
    "Only the piano".
    """
    file = _File(Path(path).read_bytes())
    length, tempo_qpm = len(file.array("tempo", "f")), file.tempo_qpm()
    songs = {}
    for name in TRACKS:
        onset, end, pitch = file.track(name).runs()
        notes = as_notes(onset, end - onset, pitch)
        songs[name] = Song(notes, length, file.steps, tempo_qpm, name, "lpd5")
    return songs
