"""LPD-5, the report's own data (2.1): one compressed file a song, five tracks, 24 steps a beat.

The format
----------
A file is a zip of arrays, as pypianoroll 0.3 wrote them:

``info.json``
    ``beat_resolution`` (24; pypianoroll 1 writes ``resolution``), and for tracks ``"0"`` .. ``"4"``
    name, program and is_drum: Drums, Piano, Guitar, Bass, Strings.
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
Only the piano and the tempo are read. The piano is every track of General MIDI's pianos that is no
drums, whatever its name: one in LPD-5, any number in the LPD it was made of. Notebook:
more/other_songs, "Only the piano".
"""

import csv
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.sparse import csc_matrix

from musegen import config
from musegen.corpus import Rejected, SongInfo
from musegen.corpus.ingest import Format
from musegen.midi import PIANOS
from musegen.song import MOST_STEPS, PITCHES, Song, as_notes

TRACKS = ("Drums", "Piano", "Guitar", "Bass", "Strings")
ZIP = b"PK\x03\x04"


def read(content: bytes, path) -> Song:
    """Read the piano of one file, given what it holds.

    Raises
    ------
    Rejected
        With one of `musegen.corpus.REASONS`.

    Notes
    -----
    Report 2.1. Twice as fast as `pypianoroll.load` or faster, equal to it bit by bit; nothing
    is unpickled. Notebook: more/other_songs, "Only the piano".
    """
    pianos = _read(content, lambda track: not track["is_drum"] and track["program"] in PIANOS)
    if not pianos:
        raise Rejected("no_piano")
    song = max(pianos, key=lambda piano: piano.length)
    if not song.length:
        raise Rejected("empty_piano")
    notes = np.sort(np.concatenate([each.notes for each in pianos]), order=["onset", "pitch"])
    return replace(song, notes=notes, title=Path(path).stem)


FORMAT = Format((".npz",), read)


def read_tracks(path) -> dict[str, Song]:
    """Read all five tracks of a file, by name; empty ones come out as songs without notes.

    For looking at what the piano-only rule leaves out. Notebook: more/other_songs,
    "Only the piano".
    """
    songs = _read(Path(path).read_bytes(), lambda track: True)
    length = max(song.length for song in songs)
    return {song.title: replace(song, length=length) for song in songs}


def _read(content: bytes, wanted: Callable[[dict], bool]) -> list[Song]:
    """Read some of the tracks, each with its own length: 0 if it was left out."""
    if not content.startswith(ZIP):
        raise Rejected("truncated" if ZIP.startswith(content) else "wrong_type")
    try:
        stored = np.load(io.BytesIO(content), allow_pickle=False)
    except Exception as error:  # the table of contents stands at the end
        whole = zipfile.is_zipfile(io.BytesIO(content))
        raise Rejected("unreadable" if whole else "truncated") from error
    if "info.json" not in stored.files:
        raise Rejected("wrong_type")
    try:
        info = json.loads(stored["info.json"])
        steps = int(info.get("beat_resolution") or info["resolution"])
        if not 1 <= steps <= 960:
            raise ValueError(f"{steps} steps a beat")
        names = {k: track["name"] for k, track in info.items() if k.isdigit() and wanted(track)}
        tempo = stored["tempo"]
        tempo_qpm = float(np.median(tempo)) if tempo.size else 0.0  # survives the scrambling
        return [
            Song(*_notes(stored, f"pianoroll_{k}_csc_"), steps, tempo_qpm, name, "lpd5")
            for k, name in names.items()
        ]
    except Rejected:
        raise
    except Exception as error:  # a damaged file makes zipfile, json and numpy raise nearly anything
        raise Rejected("unreadable") from error


def _notes(stored, stem: str) -> tuple[np.ndarray, int]:
    """Read a sparse roll as notes and its length: a note is a run of cells above 0."""
    parts = ("data", "indices", "indptr", "shape")
    data, step, first, shape = (stored[f"{stem}{part}"] for part in parts)
    length, pitches = shape.tolist()
    if length > MOST_STEPS:
        raise Rejected("too_long")
    if pitches != PITCHES:
        raise ValueError("not a roll of 128 pitches")
    roll = csc_matrix((data, step, first), (length, PITCHES))
    roll.check_format()  # what lies outside raises a ValueError
    stride = length + 1  # so that no run joins two pitches
    cells = np.repeat(np.arange(PITCHES) * stride, np.diff(roll.indptr)) + roll.indices
    cells = np.sort(cells[roll.data > 0], kind="stable")  # which is quick where they are in order
    last = np.append(np.diff(cells) > 1, True)[: len(cells)]
    starts, ends = cells[np.roll(last, 1)], cells[last]
    pitch, onset = np.divmod(starts, stride)
    return as_notes(onset, ends - starts + 1, pitch), length


def listed_first(songs: dict[str, SongInfo]) -> tuple[dict[str, SongInfo], list[str]]:
    """Put the songs that ``data/lpd5_songs.csv`` lists before all others, in its order.

    Returns
    -------
    tuple of dict and list
        The songs, and the names of those listed as test songs if all of them are there.
    """
    with (config.data_dir() / "lpd5_songs.csv").open(newline="") as file:
        parts = {row["fingerprint"]: row["part"] for row in csv.DictReader(file)}
    place = {fingerprint: i for i, fingerprint in enumerate(parts)}
    songs = dict(sorted(songs.items(), key=lambda song: place.get(song[1].fingerprint, len(place))))
    test = [name for name, info in songs.items() if parts.get(info.fingerprint) == "test"]
    return songs, test if len(test) == list(parts.values()).count("test") else []
