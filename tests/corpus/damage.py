"""Good files of every kind, and ways to damage them; for `test_damage.py`."""

import io
import json
import zipfile
from pathlib import Path

import mido
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


OTHERS = (  # what may stand in place of an array of LPD-5
    *(np.zeros(200, kind) for kind in ("f2", "u1", "i8", "U4", "c16", "M8[s]", "V5", "?")),
    *(np.array(0), np.zeros(0), np.zeros((1, 200), int), np.zeros(2**21)),
    *(np.full(200, value) for value in (np.nan, np.inf, -120.0, 1e300, -1, 2**31, 2**62)),
    *(np.array([2**40, 128]), np.array([-1, 128]), np.array([384, 2**62])),
)
INFOS = ([], {}, None, {"1": 3}, {"beat_resolution": -1}, {"beat_resolution": 1e99}, "x")


def rewrite_lpd5(content: bytes, rng: np.random.Generator) -> bytes:
    """Write the arrays of a file again, one of them changed, exchanged or cut."""
    with np.load(io.BytesIO(content)) as stored:
        arrays = {name: stored[name] for name in stored.files}
    info = json.loads(arrays.pop("info.json"))
    one, two = rng.choice([name for name in arrays if name == "tempo" or "_1_" in name], 2)
    change = rng.integers(4)
    if change == 0:
        arrays[one], arrays[two] = arrays[two], arrays[one]
    elif change == 1:
        arrays[one] = OTHERS[rng.integers(len(OTHERS))]
    elif change == 2:
        arrays[one] = arrays[one][: rng.integers(len(arrays[one]))]
    else:
        info = INFOS[rng.integers(len(INFOS))]
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    with zipfile.ZipFile(file, "a") as packed:
        packed.writestr("info.json", json.dumps(info), zipfile.ZIP_DEFLATED)
    return file.getvalue()


def rewrite_midi(content: bytes, rng: np.random.Generator) -> bytes:
    """Write odd ticks a beat, and let a message come after ages."""
    file = mido.MidiFile(file=io.BytesIO(content))
    track = file.tracks[int(rng.integers(len(file.tracks)))]
    track[int(rng.integers(len(track)))].time = int(2 ** rng.uniform(10, 28))
    written = io.BytesIO()
    file.save(file=written)
    ticks = (0, -1, -480, -32768, 1, 32767)[rng.integers(6)].to_bytes(2, "big", signed=True)
    content = written.getvalue()
    return content[:12] + (ticks if rng.integers(2) else content[12:14]) + content[14:]


def damaged(suffix: str, content: bytes, rng: np.random.Generator) -> bytes:
    """Damage a file in one of the ways that fit it."""
    own = {".npz": [rewrite_lpd5] * 3, ".mid": [rewrite_midi]}.get(suffix, [])
    ways = [flip, rearrange, replace_all, *own]
    return ways[rng.integers(len(ways))](content, rng)
