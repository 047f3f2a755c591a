"""Folders and archives that nobody should trust."""

import io
import os
import tarfile

import pytest

from musegen import corpus
from musegen.corpus import ingest
from musegen.corpus.synthetic import made_collection, write_song
from musegen.song import Song, as_notes

SONG = Song(as_notes(range(0, 240, 24), 24, [60, 62] * 5), 240, 24)


@pytest.fixture
def good(tmp_path):
    """Bytes of one file that becomes a song."""
    return write_song(tmp_path / "good.npz", {"Piano": SONG}, 120).read_bytes()


def tar_of(path, *members, mode="w:gz"):
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


def entries(path):
    return list(ingest.in_archive(path, (".npz",)))


@pytest.mark.parametrize("name", ["lpd_5_cleansed.tar.gz", "plain.tar", "UPPER.TGZ"])
def test_an_archive_gives_what_its_folder_gives(name, tmp_path, build):
    folder = made_collection(tmp_path / "lpd_5_cleansed")
    here = corpus.load(f"lpd5:{folder}")
    with tarfile.open(tmp_path / name, "w" if name == "plain.tar" else "w:gz") as tar:
        tar.add(folder, "lpd_5/lpd_5_cleansed")
    there = corpus.load(f"lpd5:{tmp_path / name}")
    assert there.key_of(there) == here.key_of(here)
    assert there.audit.dropped == here.audit.dropped
    assert list(there) == list(here)


def test_what_is_odd_in_an_archive_has_its_reason(tmp_path, good):
    members = [
        ("a/good.NPZ", good, ""),
        ("a/../../above.npz", good, ""),
        ("a/soft.npz", special(tarfile.SYMTYPE, "/etc/passwd"), "link"),
        ("a/hard.npz", special(tarfile.LNKTYPE, "a/good.NPZ"), "link"),
        ("a/pipe.npz", special(tarfile.FIFOTYPE), "wrong_type"),
        ("a/device.npz", special(tarfile.CHRTYPE), "wrong_type"),
        ("a/large.npz", bytes(ingest.LARGEST + 1), "too_large"),
    ]
    others = ("a/notes.txt", b"not counted"), ("a/folder.npz", special(tarfile.DIRTYPE))
    path = tar_of(tmp_path / "odd.tar.gz", *(member[:2] for member in members), *others)
    before = sorted(tmp_path.iterdir())
    found = entries(path)
    assert sorted(tmp_path.iterdir()) == before  # nothing is written, nowhere
    assert [(e.name, e.reason) for e in found] == [(name, reason) for name, _, reason in members]
    assert [entry.content for entry in found] == [good, good, *[None] * 5]


@pytest.mark.parametrize("packed", [True, False])
def test_an_archive_cut_off_anywhere_gives_what_it_has(packed, tmp_path, good):
    names = [f"{i}.npz" for i in range(4)]
    path = tar_of(tmp_path / "a.tar", *((n, good) for n in names), mode="w:gz" if packed else "w")
    whole = path.read_bytes()
    seen = set()
    for length in range(0, len(whole), 13 if packed else 997):
        path.write_bytes(whole[:length])
        found = entries(path)
        songs = [entry for entry in found if not entry.reason]
        assert [entry.name for entry in songs] == names[: len(songs)]
        assert all(entry.content == good for entry in songs)
        seen.add(len(songs))
        if len(songs) < 4:
            assert [(e.name, e.reason) for e in found[len(songs) :]] == [("a.tar", "truncated")]
    assert seen == {0, 1, 2, 3, 4}


@pytest.mark.parametrize(
    ("size", "reasons"),
    [(b"77777777777\0", ["too_large", "truncated"]), (b"not a number", ["unreadable"])],
)
def test_a_damaged_header_ends_the_archive(size, reasons, tmp_path, good):
    path = tar_of(tmp_path / "a.tar", ("good.npz", good), mode="w")
    whole = path.read_bytes()
    end = 512 + -(-len(good) // 512) * 512
    head = bytearray(tarfile.TarInfo("x.npz").tobuf())
    head[124:136], head[148:156] = size, b" " * 8
    head[148:156] = b"%06o\0 " % sum(head)  # a right checksum
    path.write_bytes(whole[:end] + head + whole[512:])
    assert [entry.reason for entry in entries(path)] == ["", *reasons]


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
        file.truncate(ingest.LARGEST + 1)
    (folder / "empty.npz").write_bytes(b"")
    audit = corpus.audit_of(f"lpd5:{folder}")
    assert list(audit.songs) == ["TWO"]
    assert audit.dropped == {
        "copy": ["one"],
        "link": ["loop", "soft"],
        "too_large": ["large"],
        "truncated": ["empty"],
        "wrong_type": ["pipe"],
    }
