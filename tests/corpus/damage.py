"""Good files of every kind, and ways to damage them; for `test_damage.py`."""

import io
import zipfile
from pathlib import Path

import numpy as np

from musegen import midi
from musegen.corpus import chorales
from musegen.corpus.synthetic import write_song
from musegen.song import Song, as_notes

TUNE = b"X:1\nT:A tune\nM:C\nL:1/4\nQ:1/4=126\nK:G\nD|G A B c|d2 B2|c A F D|G3||\n"


def good_files(folder: Path, rng: np.random.Generator) -> dict[str, bytes]:
    """Make one good file for each suffix."""
    notes = as_notes(rng.integers(0, 350, 40), rng.integers(1, 34, 40), rng.integers(30, 90, 40))
    song = Song(notes, 384, 24)
    chorale = chorales.files()["bwv10.7"].read_bytes()
    with zipfile.ZipFile(io.BytesIO(chorale)) as packed:
        score = packed.read(max(packed.infolist(), key=lambda m: m.file_size))
    npz = write_song(folder / "good.npz", {"Piano": song, "Bass": song}, 120).read_bytes()
    mid = midi.to_bytes(song)
    return {".npz": npz, ".mid": mid, ".mxl": chorale, ".xml": score, ".abc": TUNE}


def flip(content: bytes, rng: np.random.Generator) -> bytes:
    """Flip one to twenty bits."""
    damaged = bytearray(content)
    for place in rng.integers(0, len(content) * 8, rng.integers(1, 21)).tolist():
        damaged[place // 8] ^= 1 << place % 8
    return bytes(damaged)


def rearrange(content: bytes, rng: np.random.Generator) -> bytes:
    """Cut off an end, exchange two pieces, write one many times, or write over one."""
    a, b, c, d = np.sort(rng.integers(0, len(content), 4)).tolist()
    return (
        content[:d],
        content[a:],
        content[:a] + content[c:d] + content[b:c] + content[a:b] + content[d:],
        content[:b] + content[a:b] * int(rng.integers(1, 20)) + content[b:],
        content[:a] + (rng.bytes(b - a), b"\xff" * (b - a))[rng.integers(2)] + content[b:],
    )[rng.integers(5)]


def replace_all(content: bytes, rng: np.random.Generator) -> bytes:
    """Put something else in its place."""
    others = (b"", b"<html>not found</html>", rng.bytes(500), b"PK\x03\x04", b"MThd", b"<?xml")
    return others[rng.integers(len(others))]


def damaged(content: bytes, rng: np.random.Generator) -> bytes:
    """Damage a file in one of the ways."""
    return (flip, rearrange, replace_all)[rng.integers(3)](content, rng)
