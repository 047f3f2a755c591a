"""Good files of every kind, and ways to damage them; for `test_damage.py`."""

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import mido
import numpy as np

from musegen import midi
from musegen.corpus import chorales, lpd5
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
        ".npz": lpd5.write_song(folder / "good.npz", {"Piano": song, "Bass": song}, 120),
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


def rewrite(content: bytes, change: Callable[[dict], None]) -> bytes:
    """Write the arrays of a file again, some of them changed."""
    with np.load(io.BytesIO(content)) as stored:
        arrays = {name: stored[name] for name in stored.files if name != "info.json"}
        arrays["info.json"] = json.loads(stored["info.json"])
    change(arrays)
    info = arrays.pop("info.json")
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("info.json", json.dumps(info), zipfile.ZIP_DEFLATED)
    return file.getvalue()


def _member(rng: np.random.Generator) -> str:
    return "pianoroll_1_csc_" + ("data", "indices", "indptr", "shape")[rng.integers(4)]


def swap_members(content: bytes, rng: np.random.Generator) -> bytes:
    def change(arrays):
        one, two = _member(rng), (*map(_member, [rng] * 2), "tempo")[rng.integers(3)]
        arrays[one], arrays[two] = arrays[two], arrays[one]

    return rewrite(content, change)


def wrong_dtype(content: bytes, rng: np.random.Generator) -> bytes:
    kinds = ("f2", "f8", "u1", "i1", "i8", "U4", "S3", "c16", "M8[s]", "V5", "?")

    def change(arrays):
        name = (_member(rng), "tempo")[rng.integers(2)]
        arrays[name] = np.zeros(len(arrays[name]), kinds[rng.integers(len(kinds))])

    return rewrite(content, change)


def wrong_shape(content: bytes, rng: np.random.Generator) -> bytes:
    def change(arrays):
        name = (_member(rng), "tempo")[rng.integers(2)]
        old = arrays[name]
        news = (old[:-1], old[:, None], old[:0], np.append(old, old), np.array(0), old[None])
        arrays[name] = news[rng.integers(len(news))]

    return rewrite(content, change)


def absurd_size(content: bytes, rng: np.random.Generator) -> bytes:
    sizes = (-1, 2**31 - 1, 2**31, 2**40, 2**62, 10**6)

    def change(arrays):
        name = ("shape", "indices", "indptr")[rng.integers(3)]
        array = arrays[f"pianoroll_1_csc_{name}"].astype(np.int64)
        array[rng.integers(len(array))] = sizes[rng.integers(len(sizes))]
        arrays[f"pianoroll_1_csc_{name}"] = array

    return rewrite(content, change)


def bomb(content: bytes, rng: np.random.Generator) -> bytes:
    size = int(rng.integers(1, 20)) * 2**20

    def change(arrays):
        arrays[(_member(rng), "tempo")[rng.integers(2)]] = np.zeros(size)

    return rewrite(content, change)


def odd_tempo(content: bytes, rng: np.random.Generator) -> bytes:
    values = (np.nan, np.inf, -np.inf, 0.0, -120.0, 1e300, 1e-300)

    def change(arrays):
        arrays["tempo"] = np.full(len(arrays["tempo"]), values[rng.integers(len(values))])

    return rewrite(content, change)


def odd_info(content: bytes, rng: np.random.Generator) -> bytes:
    infos = ([], {}, None, {"1": 3}, {"beat_resolution": -1}, {"beat_resolution": 1e99}, "x")

    def change(arrays):
        info = infos[rng.integers(len(infos))]
        arrays["info.json"] = info if rng.integers(2) else arrays["info.json"] | {"1": info}

    return rewrite(content, change)


LPD5: tuple[Damage, ...] = (
    *(swap_members, wrong_dtype, wrong_shape, absurd_size),
    *(bomb, odd_tempo, odd_info),
)

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
    ways = ANY + {".npz": LPD5, ".mid": MIDI}.get(suffix, ())
    return ways[rng.integers(len(ways))](content, rng)
