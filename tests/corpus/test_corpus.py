"""The three sources behind `corpus.load`: their accounts, their order and their split."""

import csv

import numpy as np
import pytest

from musegen import config, corpus, midi
from musegen.corpus import chorales
from musegen.song import Song, as_notes
from tools.chorales import make_list


@pytest.fixture(scope="module")
def songs():
    """The default corpus, out of the usual cache."""
    return corpus.load()


def write_songs(folder, names):
    """Write songs of one pitch and 3, 4, 5 ... bars as MIDI."""
    for i, name in enumerate(names, 3):
        notes = as_notes(range(0, 96 * i, 24), 24, 58 + i)
        midi.write(Song(notes, 96 * i, 24), folder / f"{name}.mid")
    return f"midi:{folder}"


def titles(songs) -> list[str]:
    return [song.title for song in songs]


def test_the_chorales_are_enough_for_the_report(songs):
    ten, small, large = (titles(songs.training(n)) for n in (10, 128, 256))
    assert (len(songs), len(large), len(songs.test)) == (299, 256, 43)
    assert small[:10] == ten and large[:128] == small
    assert not set(titles(songs.test)) & set(large)
    assert songs.key_of(songs) == "0c22d417dd93549e"  # the runs that were trained on them say so


def test_a_song_of_a_corpus_is_as_music21_tells_it(songs):
    from music21 import corpus as theirs

    song = songs[songs.names.index("bwv322")]
    score = theirs.parse("bach/bwv322")
    upbeat = 4 - score.parts[0].measure(0).duration.quarterLength
    roll = np.zeros((song.length, 128), bool)
    for note in score.flatten().notes:
        start = int((upbeat + note.offset) * 24)
        roll[start : start + int(note.quarterLength * 24), note.pitch.midi] = True
    assert np.array_equal(roll, song.roll)


def test_the_list_is_made_by_the_recipe(build, tmp_path, monkeypatch):
    """A handful of files, one for each reason, and the same rows as in the committed list."""
    names = ["bwv197.7-a", "bwv227.3", "bwv248.64-6", "bwv269", "bwv398", "bwv165.6", "bwv40.3"]
    with (config.data_dir() / "chorales.csv").open(newline="") as file:
        committed = list(csv.DictReader(file))
    assert [row["name"] for row in committed] == sorted(chorales.files())
    found = {name: chorales.files()[name] for name in names}
    monkeypatch.setattr("tools.chorales.files", lambda: found)
    monkeypatch.setattr(config, "data_dir", lambda: tmp_path)
    with make_list().open(newline="") as file:
        made = list(csv.DictReader(file))
    places = [int(place) for row in made if (place := row.pop("place"))]
    assert sorted(places) == list(range(1, len(places) + 1))
    committed = [row for row in committed if row["name"] in names]
    assert made == [{name: row[name] for name in made[0]} for row in committed]


def test_chorales_that_music21_lacks_or_reads_otherwise(build, monkeypatch, tmp_path):
    found = {name: chorales.files()[name] for name in ("bwv10.7", "bwv1.6", "bwv11.6")}
    found["bwv1.6"] = tmp_path / "bwv1.6.mxl"
    found["bwv1.6"].write_bytes(found["bwv11.6"].read_bytes())  # a waltz
    found["bwv103.6"] = chorales.files()["bwv103.6"]
    monkeypatch.setattr(chorales, "files", lambda: found)
    audit = corpus.load().audit
    assert list(audit.songs) == ["bwv103.6", "bwv10.7"]
    assert audit.read == 410
    assert len(audit.dropped["not_installed"]) == 296
    assert {"bwv1.6", "bwv11.6"} <= set(audit.dropped["not_4_4"])


def test_the_order_does_not_depend_on_the_folder(build, tmp_path):
    names = list("abcdefghijk")
    one = corpus.load(write_songs(tmp_path / "one", names))
    other = corpus.load(write_songs(tmp_path / "other" / "deeper", names))
    assert one.names == other.names != names
    assert one.key_of(one) == other.key_of(other)
    long = one.training(3, where=lambda song: song.bars > 4)
    assert titles(long) == [song.title for song in one.training(11) if song.bars > 4][:3]


@pytest.mark.parametrize(("files", "training", "test"), [(2, 1, 1), (3, 2, 1), (20, 17, 3)])
def test_few_songs_are_shared_out(files, training, test, build, tmp_path):
    songs = corpus.load(write_songs(tmp_path, [f"{i:02d}" for i in range(files)]))
    assert (len(songs.training(256)), len(songs.test)) == (training, test)


def test_fewer_than_two_songs_are_refused(build, tmp_path):
    with pytest.raises(ValueError, match=r"gives 1 song.* at least 2 are needed.* `musegen audit`"):
        corpus.load(write_songs(tmp_path, "a"))


@pytest.mark.parametrize(("kind", "name"), [("midi", ""), ("midi", "a.npz"), ("lpd5", "a.mid")])
def test_a_folder_without_songs_of_its_kind_is_refused(kind, name, build, tmp_path):
    if name:
        (tmp_path / name).write_bytes(b"something")
    with pytest.raises(ValueError, match="lpd5:PATH is for .npz files, midi:PATH for MIDI"):
        corpus.audit_of(f"{kind}:{tmp_path}")


@pytest.mark.parametrize("source", ["", "lpd5", "midi:", "wav:songs", "chorales:here", "midi:no"])
def test_an_unknown_source_and_a_folder_that_is_not_there_are_refused(source):
    says = "must be chorales, lpd5:PATH or midi:PATH|no is neither a folder nor"
    with pytest.raises((ValueError, FileNotFoundError), match=says):
        corpus.load(source)


def test_midi_folders_of_any_depth_and_case(build, tmp_path):
    source = write_songs(tmp_path, ["one", "two"])
    write_songs(tmp_path / "b", ["x", "y", "two"])
    (tmp_path / "one.mid").rename(tmp_path / "ONE.MiDi")
    (tmp_path / "broken.mid").write_bytes(b"<html>")
    (tmp_path / "notes.txt").write_text("not counted")
    path = midi.write(Song(as_notes(0, 288, 60), 288, 24), tmp_path / "waltz.mid")
    path.write_bytes(path.read_bytes().replace(b"\x58\x04\x04\x02", b"\x58\x04\x03\x02"))
    midi.write(Song(as_notes([], [], []), 8, 4), tmp_path / "silence.mid")
    late = as_notes(range(30, 280, 25), 25, 60)
    midi.write(Song(late, 96 * 3000, 24), tmp_path / "long.mid")
    midi.write(Song(late[1:], 96 * 4, 24), tmp_path / "nine.mid")
    songs = corpus.load(source)
    assert sorted(songs.names) == ["ONE", "b/two.mid", "long", "two.mid"]
    assert songs[songs.names.index("long")].bars == 3  # the silent ones after the last note go
    reasons = {"not_4_4": ["waltz"], "silent": ["silence"], "wrong_type": ["broken"]}
    assert songs.audit.dropped == reasons | {"copy": ["x", "y"], "few_notes": ["nine"]}
