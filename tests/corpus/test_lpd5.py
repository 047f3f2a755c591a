"""LPD-5's old format, written by us, read by us and by pypianoroll alike."""

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from musegen import config, corpus
from musegen.corpus import Rejected, lpd5
from musegen.corpus.ingest import read_song
from musegen.corpus.synthetic import made_collection, write_song
from musegen.song import Song, as_notes
from tools.lpd5 import make_list

# Two and a bit bars and ten notes, the least that is a song; 208 cells.
ONSETS, DURATIONS = [5, 30, *range(30, 38)], [20, 180, *[1] * 8]
PIANO = Song(as_notes(ONSETS, DURATIONS, [60, 64, *range(8)]), length=216, steps_per_beat=24)


def read(path):
    return read_song(lpd5.FORMAT, path.read_bytes(), path)


def test_pypianoroll_reads_the_same(tmp_path):
    import pypianoroll

    for path in sorted(made_collection(tmp_path).rglob("*.npz")):
        theirs = pypianoroll.load(path)
        for track, song in zip(theirs.tracks, lpd5.read_tracks(path).values(), strict=True):
            assert np.array_equal(song.roll[: len(track.pianoroll)], track.pianoroll > 0)
            assert track.name == song.title
        piano = theirs.tracks[1].pianoroll
        if piano.any():
            song = lpd5.read(path.read_bytes(), path)
            assert np.array_equal(song.roll, piano > 0)
            assert song.tempo_qpm == np.median(theirs.tempo)


def test_what_pypianoroll_saved_again_is_read_the_same(tmp_path):
    import pypianoroll

    path = write_song(tmp_path / "a.npz", {"Piano": PIANO}, 120)
    song = read(path)
    pypianoroll.save(path, pypianoroll.load(path))
    assert b'"resolution"' in np.load(path)["info.json"]
    assert read(path) == song


def renamed(path, *tracks):
    """Give the first tracks of a file other names, programs and kinds."""
    with np.load(path) as stored:
        info = json.loads(stored["info.json"])
    for track, (name, program, is_drum) in zip("0123", tracks, strict=False):
        info[track] = {"name": name, "program": program, "is_drum": is_drum}
    return damaged(path, info=json.dumps(info))


def test_a_piano_is_known_by_its_program_not_by_its_name(tmp_path):
    bass = Song(as_notes(range(0, 160, 8), 4, 40), 216, 24)
    tracks = {name: bass for name in ("Drums", "Guitar")} | {"Piano": PIANO}
    path = write_song(tmp_path / "a.npz", tracks, 120)
    hands = renamed(path, ("Kit", 0, True), ("Right", 0, False), ("Left", 7, False))
    assert sorted(read(hands).notes["pitch"]) == sorted([*PIANO.notes["pitch"], *[40] * 20])
    with pytest.raises(Rejected, match="^no_piano$"):
        read(renamed(path, ("Piano", 0, True), ("Piano", 24, False), ("Piano", 8, False)))


def test_silence_after_the_last_note_is_cut_before_lengths_are_judged(tmp_path):
    long = Song(PIANO.notes, 96 * 2500, 24)
    path = write_song(tmp_path / "a.npz", {"Piano": long}, 120)
    assert lpd5.read(path.read_bytes(), path).bars == 2500
    assert read(path).bars == 3


def damaged(path, info=None, **arrays):
    """Replace some arrays of a file; None leaves one out."""
    with np.load(path) as stored:
        kept = {name: stored[name] for name in stored.files if name != "info.json"} | arrays
        info = info or stored["info.json"]
    np.savez(path, **{name: array for name, array in kept.items() if array is not None})
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("info.json", info)
    return path


@pytest.mark.parametrize(
    ("arrays", "reason"),
    [
        ({"pianoroll_1_csc_shape": np.array([0, 128]), "pianoroll_1_csc_data": np.zeros(0, bool),
          "pianoroll_1_csc_indices": np.zeros(0, int),
          "pianoroll_1_csc_indptr": np.zeros(129, int)}, "empty_piano"),
        ({"pianoroll_1_csc_data": np.zeros(208, np.uint8)}, "silent"),
        ({"tempo": np.full(216, np.nan)}, "no_tempo"),
        ({"tempo": None}, "unreadable"),
        ({"pianoroll_1_csc_indices": np.full(208, 216)}, "unreadable"),
        ({"pianoroll_1_csc_shape": np.array([216, 64])}, "unreadable"),
        ({"pianoroll_1_csc_shape": np.array([2**40, 128])}, "too_long"),
        ({"pianoroll_1_csc_indices": np.full(208, "a")}, "unreadable"),
    ],
)  # fmt: skip
def test_a_damaged_file_has_its_reason(arrays, reason, tmp_path):
    path = write_song(tmp_path / "a.npz", {"Piano": PIANO}, 120)
    with pytest.raises(Rejected, match=f"^{reason}$"):
        read(damaged(path, **arrays))


def test_nothing_is_unpickled(tmp_path):
    trap = tmp_path / "sprung"

    class Trap:
        def __reduce__(self):
            return (Path.touch, (trap,))

    path = write_song(tmp_path / "a.npz", {"Piano": PIANO}, 120)
    with pytest.raises(Rejected, match="unreadable"):
        read(damaged(path, tempo=np.array([Trap()], dtype=object)))
    assert not trap.exists()


def test_a_part_of_lpd5_and_the_whole_give_the_same_songs(tmp_path, build, monkeypatch):
    whole = made_collection(tmp_path / "whole", songs=40)
    for path in sorted(whole.rglob("*.npz"))[::2]:
        copy = tmp_path / "part" / path.relative_to(whole)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    monkeypatch.setattr(config, "data_dir", lambda: tmp_path)
    (tmp_path / "lpd5_songs.csv").write_text("part,fingerprint,name\n")
    make_list(f"lpd5:{tmp_path / 'part'}")
    part, whole = (corpus.load(f"lpd5:{tmp_path / name}") for name in ("part", "whole"))
    listed = len(part)
    assert whole.names[:listed] == part.names and len(whole) > listed
    assert [song.title for song in whole.test] == [song.title for song in part.test]
    assert whole.training(listed - len(part.test)) == part.training(listed)
