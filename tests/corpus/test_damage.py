"""Damaged files: none crashes, hangs or eats memory, and each has its reason."""

import io
import zipfile
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from test_ingest import TUNE

from musegen import corpus, midi
from musegen.corpus import REASONS, Rejected, chorales, lpd5, scores
from musegen.corpus.ingest import read_song
from musegen.corpus.synthetic import write_song
from musegen.song import Song, as_notes


@pytest.fixture(scope="module")
def good(tmp_path_factory) -> dict[str, bytes]:
    """Make one good file for each suffix."""
    rng = np.random.default_rng(0)
    notes = as_notes(rng.integers(0, 350, 40), rng.integers(1, 34, 40), rng.integers(30, 90, 40))
    song = Song(notes, 384, 24)
    chorale = chorales.files()["bwv10.7"].read_bytes()
    with zipfile.ZipFile(io.BytesIO(chorale)) as packed:
        score = packed.read(max(packed.infolist(), key=lambda m: m.file_size))
    path = tmp_path_factory.mktemp("good") / "good.npz"
    npz = write_song(path, {"Piano": song, "Bass": song}, 120).read_bytes()
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


@pytest.mark.parametrize(("suffix", "form"), [(".npz", lpd5.FORMAT), (".mid", scores.FORMAT)])
def test_a_damaged_file_is_a_song_or_a_reason(suffix, form, good):
    """Read with nothing to catch what the reader itself does not."""
    rng = np.random.default_rng(1)
    for _ in range(200):
        with suppress(Rejected):
            read_song(form, damaged(good[suffix], rng), Path(f"x{suffix}"))


# Scores take music21 a tenth of a second each, so there are fewer of them.
SHARE = {".npz": 0.55, ".mid": 0.35, ".abc": 0.05, ".mxl": 0.03, ".xml": 0.02}


@pytest.mark.parametrize("files", [60, pytest.param(10_000, marks=pytest.mark.soak)])
def test_damaged_collections_end_as_songs_and_reasons(files, good, build, tmp_path):
    rng = np.random.default_rng(files)
    suffixes = rng.choice(list(SHARE), files, p=list(SHARE.values())).tolist()
    for i, suffix in enumerate([*SHARE, *suffixes]):
        path = tmp_path / ("lpd5" if suffix == ".npz" else "midi") / f"{i:05d}{suffix}"
        path.parent.mkdir(exist_ok=True)
        content = good[suffix] if i < len(SHARE) else damaged(good[suffix], rng)
        path.write_bytes(content)
    for kind, untouched in (("lpd5", [0]), ("midi", [1, 2, 3, 4])):
        audit = corpus.audit_of(f"{kind}:{tmp_path / kind}")
        assert audit.read == len(list((tmp_path / kind).iterdir()))
        there = {*audit.songs, *audit.dropped.get("copy", [])}
        assert {f"{i:05d}" for i in untouched} <= there, "what was good is still there"
        assert set(audit.dropped) <= set(REASONS) - {"crashed", "timeout"}
