"""Good files of every kind, and ways to damage them; for `test_damage.py`."""

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import mido
import numpy as np

from musegen import midi
from musegen.corpus import chorales
from musegen.corpus.synthetic import write_song
from musegen.song import Song, as_notes

Damage = Callable[[bytes, np.random.Generator], bytes]

TUNE = "X:1\nT:A tune\nM:C\nL:1/4\nQ:1/4=126\nK:G\nD|G A B c|d2 B2|c A F D|G3||\n"


def a_song(rng: np.random.Generator) -> Song:
    """Make a song of random notes, four bars long."""
    count = int(rng.integers(20, 60))
    onset = rng.integers(0, 350, count)
    notes = as_notes(onset, rng.integers(1, 34, count), rng.integers(30, 90, count))
    return Song(notes, 384, 24)


def good_files(folder: Path, rng: np.random.Generator) -> dict[str, Path]:
    """Write one good file for each suffix."""
    folder.mkdir(parents=True, exist_ok=True)
    chorale = next(p for p in sorted(chorales.files().values()) if p.stem == "bwv269")
    with zipfile.ZipFile(chorale) as archive:
        score = archive.read(max(archive.infolist(), key=lambda m: m.file_size))
    song = a_song(rng)
    return {
        ".npz": write_song(folder / "good.npz", {"Piano": song, "Bass": song}, 120),
        ".mid": midi.write(song, folder / "good.mid"),
    } | {
        suffix: _written(folder / f"good{suffix}", content)
        for suffix, content in (
            (".mxl", chorale.read_bytes()),
            (".xml", score),
            (".abc", TUNE.encode()),
        )
    }


def _written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


# --- Any kind of file ----------------------------------------------------------------------------


def flip(content: bytes, rng: np.random.Generator) -> bytes:
    """Flip one to twenty bits."""
    damaged = bytearray(content)
    for place in rng.integers(0, len(content) * 8, rng.integers(1, 21)).tolist():
        damaged[place // 8] ^= 1 << place % 8
    return bytes(damaged)


def cut(content: bytes, rng: np.random.Generator) -> bytes:
    """Leave the end out."""
    return content[: rng.integers(0, len(content))]


def behead(content: bytes, rng: np.random.Generator) -> bytes:
    """Leave the beginning out."""
    return content[rng.integers(1, len(content)) :]


def swap(content: bytes, rng: np.random.Generator) -> bytes:
    """Exchange two pieces."""
    a, b, c, d = np.sort(rng.integers(0, len(content), 4)).tolist()
    return content[:a] + content[c:d] + content[b:c] + content[a:b] + content[d:]


def repeat(content: bytes, rng: np.random.Generator) -> bytes:
    """Write a piece many times."""
    a, b = np.sort(rng.integers(0, len(content), 2)).tolist()
    return content[:b] + content[a:b] * int(rng.integers(1, 20)) + content[b:]


def overwrite(content: bytes, rng: np.random.Generator) -> bytes:
    """Write random bytes, zeros or ones over a piece."""
    a, b = np.sort(rng.integers(0, len(content), 2)).tolist()
    piece = (rng.bytes(b - a), bytes(b - a), b"\xff" * (b - a))[rng.integers(3)]
    return content[:a] + piece + content[b:]


def replace_all(content: bytes, rng: np.random.Generator) -> bytes:
    """Put something else in its place."""
    others = (b"", b"<html>not found</html>", rng.bytes(500), b"PK\x03\x04", b"MThd", b"<?xml")
    return others[rng.integers(len(others))]


ANY: tuple[Damage, ...] = (flip, cut, behead, swap, repeat, overwrite, replace_all)

# --- LPD-5 ---------------------------------------------------------------------------------------

OTHERS = (  # what may stand in place of an array
    *(np.zeros(200, kind) for kind in ("f2", "u1", "i8", "U4", "c16", "M8[s]", "V5", "?")),
    *(np.array(0), np.zeros(0), np.zeros((1, 200), int), np.zeros(2**21)),
    *(np.full(200, value) for value in (np.nan, np.inf, -120.0, 1e300, -1, 2**31, 2**62)),
    *(np.array([2**40, 128]), np.array([-1, 128]), np.array([384, 2**62])),
)
INFOS = ([], {}, None, {"1": 3}, {"beat_resolution": -1}, {"beat_resolution": 1e99}, "x")


def rewrite(content: bytes, rng: np.random.Generator) -> bytes:
    """Write the arrays of a file again, one of them changed, exchanged or cut."""
    with np.load(io.BytesIO(content)) as stored:
        arrays = {name: stored[name] for name in stored.files}
    info = json.loads(arrays.pop("info.json"))
    names = [name for name in arrays if name == "tempo" or "_1_" in name]
    one, two = rng.choice(names, 2)
    change = rng.integers(5)
    if change == 0:
        arrays[one], arrays[two] = arrays[two], arrays[one]
    elif change == 1:
        arrays[one] = OTHERS[rng.integers(len(OTHERS))]
    elif change == 2:
        arrays[one] = arrays[one][: rng.integers(len(arrays[one]))]
    elif change == 3:
        arrays[one] = arrays[one].astype(np.int64)
        arrays[one][rng.integers(len(arrays[one]))] = 2 ** int(rng.integers(63))
    else:
        info = INFOS[rng.integers(len(INFOS))]
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    with zipfile.ZipFile(file, "a") as packed:
        packed.writestr("info.json", json.dumps(info), zipfile.ZIP_DEFLATED)
    return file.getvalue()


# --- MIDI ----------------------------------------------------------------------------------------


def odd_ticks(content: bytes, rng: np.random.Generator) -> bytes:
    """Write zero, negative (SMPTE) or other ticks a beat."""
    ticks = (0, -1, -480, -32768, 1, 32767)[rng.integers(6)]
    return content[:12] + ticks.to_bytes(2, "big", signed=True) + content[14:]


def odd_times(content: bytes, rng: np.random.Generator) -> bytes:
    """Let some messages come after ages."""
    file = mido.MidiFile(file=io.BytesIO(content))
    for track in file.tracks:
        for _ in range(int(rng.integers(1, 4))):
            message = track[int(rng.integers(len(track)))]
            message.time = int(2 ** rng.uniform(10, 28))
    written = io.BytesIO()
    file.save(file=written)
    return written.getvalue()


MIDI: tuple[Damage, ...] = (odd_ticks, odd_times)


def damaged(suffix: str, content: bytes, rng: np.random.Generator) -> bytes:
    """Damage a file in one of the ways that fit it."""
    ways = ANY + {".npz": (rewrite,) * 7, ".mid": MIDI}.get(suffix, ())
    return ways[rng.integers(len(ways))](content, rng)
