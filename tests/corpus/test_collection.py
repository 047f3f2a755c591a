"""Folders and archives that nobody should trust."""

import gzip
import io
import os
import shutil
import tarfile
import tracemalloc

import numpy as np
import pytest

from musegen import corpus
from musegen.corpus import collection, lpd5
from musegen.corpus.made import made_collection
from musegen.song import Song, as_notes

SONG = Song(as_notes([0, 96], [96, 120], [60, 64]), 240, 24)


@pytest.fixture
def good(tmp_path):
    """Bytes of one file that becomes a song."""
    return lpd5.write_song(tmp_path / "good.npz", {"Piano": SONG}, 120).read_bytes()


def archive(path, *members, mode="w:gz"):
    """Write a tar of (name, content or TarInfo)."""
    with tarfile.open(path, mode) as tar:
        for name, content in members:
            info = content if isinstance(content, tarfile.TarInfo) else tarfile.TarInfo(name)
            info.name = name
            if isinstance(content, bytes):
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
            else:
                tar.addfile(info)
    return path


def special(kind, link=""):
    info = tarfile.TarInfo()
    info.type, info.linkname = kind, link
    return info


def entries(path, largest=2**20):
    return list(collection.in_archive(path, (".npz",), largest))


def test_an_archive_gives_what_its_folder_gives(tmp_path, build):
    folder = made_collection(tmp_path / "lpd_5_cleansed", songs=40)
    here = corpus.load(f"lpd5:{folder}")
    for name in ("lpd_5_cleansed.tar.gz", "plain.tar", "UPPER.TGZ"):
        with tarfile.open(tmp_path / name, "w" if name == "plain.tar" else "w:gz") as tar:
            tar.add(folder, "lpd_5/lpd_5_cleansed")
        there = corpus.load(f"lpd5:{tmp_path / name}")
        assert there.key == here.key
        assert there.audit.dropped == here.audit.dropped
        assert there.audit.read == 40


def test_scores_in_an_archive_are_read_from_it_and_nowhere_else(tmp_path, build, monkeypatch):
    tune = "X:1\nM:C\nL:1/4\nQ:1/4={}\nK:G\nG A B c|d2 B2|c A F D|G4||\n"
    members = [(f"{name}.abc", tune.format(120).encode()) for name in "ab"]
    path = archive(tmp_path / "tunes.tgz", *members)
    (tmp_path / "a.abc").write_text(tune.format(99))
    monkeypatch.chdir(tmp_path)
    songs = corpus.load(f"midi:{path}")
    assert {song.title: song.tempo_qpm for song in songs} == {"a": 120, "b": 120}


def test_what_is_odd_in_an_archive_has_its_reason(tmp_path, good):
    path = archive(
        tmp_path / "odd.tar.gz",
        ("a/good.NPZ", good),
        ("/etc/absolute.npz", good),
        ("a/../../above.npz", good),
        ("a\\..\\..\\windows.npz", good),
        ("C:/drive.npz", good),
        ("a/soft.npz", special(tarfile.SYMTYPE, "/etc/passwd")),
        ("a/hard.npz", special(tarfile.LNKTYPE, "a/good.NPZ")),
        ("a/pipe.npz", special(tarfile.FIFOTYPE)),
        ("a/device.npz", special(tarfile.CHRTYPE)),
        ("a/large.npz", bytes(2**20 + 1)),
        ("a/notes.txt", b"not counted"),
        ("a/folder.npz", special(tarfile.DIRTYPE)),
    )
    found = entries(path)
    assert [(e.name, e.reason) for e in found] == [
        ("a/good.NPZ", ""),
        ("/etc/absolute.npz", "unsafe_path"),
        ("a/../../above.npz", "unsafe_path"),
        ("a\\..\\..\\windows.npz", "unsafe_path"),
        ("C:/drive.npz", "unsafe_path"),
        ("a/soft.npz", "link"),
        ("a/hard.npz", "link"),
        ("a/pipe.npz", "wrong_type"),
        ("a/device.npz", "wrong_type"),
        ("a/large.npz", "too_large"),
    ]
    assert found[0].content == good
    assert all(entry.content is None for entry in found[1:])


def test_a_name_that_comes_again_counts_again(tmp_path, good, build):
    path = archive(tmp_path / "twice.tgz", ("a.npz", good), ("a.npz", good), ("b.npz", b""))
    audit = corpus.load(f"lpd5:{path}").audit
    assert sorted(audit.songs) == ["2/a.npz", "a.npz"]
    assert audit.dropped == {"truncated": ["b"]}


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (["a.mid", "b/c.mid"], ["a", "c"]),
        (["a.mid", "b/a.mid", "c.mid"], ["a.mid", "b/a.mid", "c"]),
        (["a.mid", "b/a.mid", "a.mid.mid"], ["a.mid", "b/a.mid", "a.mid.mid"]),
    ],
)
def test_every_file_has_a_name_of_its_own(paths, names):
    assert list(collection.call(paths).values()) == names


def test_an_odd_archive_writes_nothing_outside(tmp_path, good, build):
    path = archive(
        tmp_path / "odd.tar.gz",
        ("../escaped.npz", good),
        (str(tmp_path / "absolute.npz"), good),
        ("one.npz", good),
        ("two.npz", good),
    )
    before = sorted(tmp_path.iterdir())
    songs = corpus.load(f"lpd5:{path}")
    assert songs.audit.dropped == {"unsafe_path": ["absolute", "escaped"]}
    assert sorted(tmp_path.iterdir()) == sorted([*before, build])


@pytest.mark.parametrize("packed", [True, False])
def test_an_archive_cut_off_anywhere_gives_what_it_has(packed, tmp_path, good):
    names = [f"{i}.npz" for i in range(4)]
    path = archive(tmp_path / "a.tar", *((n, good) for n in names), mode="w:gz" if packed else "w")
    whole = path.read_bytes()
    seen = set()
    for length in range(0, len(whole), 7 if packed else 301):
        path.write_bytes(whole[:length])
        found = entries(path)
        songs = [entry for entry in found if not entry.reason]
        assert [entry.name for entry in songs] == names[: len(songs)]
        assert all(entry.content == good for entry in songs)
        seen.add(len(songs))
        if packed or len(songs) < 4:
            assert [(e.name, e.reason) for e in found[len(songs) :]] == [("a.tar", "truncated")]
    assert seen == {0, 1, 2, 3, 4}


def header(name: str, size: bytes) -> bytes:
    """Write a tar header whose size is whatever it says, with a right checksum."""
    block = bytearray(tarfile.TarInfo(name).tobuf())
    block[124:136] = size
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


@pytest.mark.parametrize(
    ("head", "reasons"),
    [
        (header("x.npz", b"\xff" * 12), ["unreadable"]),  # minus one
        (header("x.npz", b"\xff" * 10 + b"\x00\x00"), ["unreadable", "unreadable"]),
        (header("x.npz", b"\x80" + b"\x7f" * 11), ["too_large", "truncated"]),
        (header("x.npz", b"77777777777\0"), ["too_large", "truncated"]),
        (header("x.npz", b"not a number"), ["unreadable"]),
    ],
)
def test_a_header_with_an_absurd_size_ends_the_archive(head, reasons, tmp_path, good):
    path = archive(tmp_path / "a.tar", ("good.npz", good), mode="w")
    whole = path.read_bytes()
    end = 512 + -(-len(good) // 512) * 512
    path.write_bytes(whole[:end] + head + whole[end:])
    assert [entry.reason for entry in entries(path)] == ["", *reasons]


def test_a_long_header_is_not_taken_into_memory(tmp_path):
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.XHDTYPE, 2**33
    path = tmp_path / "bomb.tar.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(info.tobuf())
        for _ in range(64):
            file.write(bytes(2**20))
    tracemalloc.start()
    assert [entry.reason for entry in entries(path)] == ["unreadable"]
    assert tracemalloc.get_traced_memory()[1] < 32 * 2**20
    tracemalloc.stop()


def test_a_bomb_in_an_archive_is_passed_by(tmp_path, good):
    path = tmp_path / "bomb.tar.gz"
    info = tarfile.TarInfo("bomb.npz")
    info.size = 2**28
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(info.tobuf())
        for _ in range(2**8):
            file.write(bytes(2**20))
    path.write_bytes(path.read_bytes() + archive(tmp_path / "b.tgz", ("g.npz", good)).read_bytes())
    tracemalloc.start()
    assert [entry.reason for entry in entries(path)] == ["too_large", ""]
    assert tracemalloc.get_traced_memory()[1] < 32 * 2**20
    tracemalloc.stop()


@pytest.mark.parametrize("content", [b"", b"<html>", b"\x1f\x8b", b"\x1f\x8b\x08" + bytes(40)])
def test_what_is_no_archive_is_told(content, tmp_path):
    path = tmp_path / "a.tar.gz"
    path.write_bytes(content)
    (entry,) = entries(path)
    assert entry.reason in {"truncated", "unreadable"}


@pytest.mark.skipif(os.name == "nt", reason="pipes and links as Unix has them")
def test_what_is_odd_in_a_folder_has_its_reason(tmp_path, good, build):
    folder = tmp_path / "songs"
    (folder / "deep" / "er").mkdir(parents=True)
    for name in ("one.npz", "deep/er/TWO.NPZ"):
        (folder / name).write_bytes(good)
    (tmp_path / "outside.npz").write_bytes(good)
    (folder / "soft.npz").symlink_to(tmp_path / "outside.npz")
    (folder / "loop.npz").symlink_to(folder / "loop.npz")
    (folder / "up").symlink_to(folder, target_is_directory=True)
    (folder / "folder.npz").mkdir()
    os.mkfifo(folder / "pipe.npz")
    with (folder / "large.npz").open("wb") as file:
        file.truncate(lpd5.LARGEST_FILE + 1)
    (folder / "empty.npz").write_bytes(b"")
    audit = corpus.load(f"lpd5:{folder}").audit
    assert sorted(audit.songs) == ["TWO", "one"]
    assert audit.dropped == {
        "link": ["loop", "soft"],
        "too_large": ["large"],
        "truncated": ["empty"],
        "wrong_type": ["pipe"],
    }


def test_a_bomb_in_a_file_of_lpd5_is_not_unpacked(tmp_path, build):
    path = lpd5.write_song(tmp_path / "bombs" / "a.npz", {"Piano": SONG}, 120)
    with np.load(path) as stored:
        arrays = {name: stored[name] for name in stored.files if name != "info.json"}
        info = stored["info.json"]
    arrays["tempo"] = np.zeros(lpd5.LARGEST_ARRAY // 8 + 1)
    np.savez_compressed(path, **arrays)
    import zipfile

    with zipfile.ZipFile(path, "a") as file:
        file.writestr("info.json", info)
    assert path.stat().st_size < 2**20
    assert corpus.audit_of(f"lpd5:{path.parent}").dropped == {"too_large": ["a"]}
    # The same, with a size in the table of contents that is a lie.
    content = path.read_bytes()
    at = content.rindex(b"PK\x01\x02", 0, content.rindex(b"tempo.npy"))
    path.write_bytes(content[: at + 24] + (1000).to_bytes(4, "little") + content[at + 28 :])
    assert corpus.audit_of(f"lpd5:{path.parent}").dropped == {"unreadable": ["a"]}


def test_same_names_are_told_apart(tmp_path, good, build):
    for name in ("a/x.npz", "b/x.npz", "y.npz"):
        (tmp_path / "s" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "s" / name).write_bytes(good)
    assert sorted(corpus.load(f"lpd5:{tmp_path / 's'}").names) == ["a/x.npz", "b/x.npz", "y"]
    shutil.rmtree(tmp_path / "s")
