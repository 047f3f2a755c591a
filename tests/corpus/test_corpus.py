"""The three sources behind `corpus.load`, their accounts, their order and their cache."""

import csv
import subprocess
import sys

import numpy as np
import pytest

from musegen import config, corpus, midi
from musegen.corpus import chorales
from musegen.song import Song, as_notes
from tools.chorales import make_list


@pytest.fixture(scope="session")
def songs():
    """The default corpus, out of the usual cache."""
    return corpus.load()


def write_songs(folder, names):
    """Write one-note songs of 2, 3, 4 ... bars as MIDI."""
    for i, name in enumerate(names, 2):
        midi.write(Song(as_notes(0, 96 * i, 59 + i), 96 * i, 24), folder / f"{name}.mid")
    return f"midi:{folder}"


def test_the_chorales_are_enough_for_the_report(songs):
    assert len(songs) == 299
    assert len(songs.training(256)) == 256
    assert len(songs.test) == 43


def test_read_is_kept_and_dropped(songs):
    audit = songs.audit
    assert audit.read == audit.kept + sum(map(len, audit.dropped.values()))
    assert audit.kept == len(songs)
    assert audit.frame().files.sum() == audit.read
    assert audit.autoencoder_frame().files.sum() == audit.kept
    assert audit.as_dict()["dropped"] == {r: len(n) for r, n in audit.dropped.items()}


def test_every_chorale_is_as_the_recipe_says(songs):
    for song in songs:
        assert song.bars >= chorales.LEAST_BARS
        assert song.tempo_qpm == 120
        assert set(song.notes["voice"]) == {0, 1, 2, 3}
        voices = [song.notes["pitch"][song.notes["voice"] == voice] for voice in range(4)]
        assert np.mean(voices[0]) > np.mean(voices[1]) > np.mean(voices[3])


def test_subsets_are_nested_and_test_songs_are_outside(songs):
    ten, all_256 = (
        [song.title for song in songs.training(10)],
        [song.title for song in songs.training(256)],
    )
    assert all_256[:10] == ten
    assert not {song.title for song in songs.test} & set(all_256)


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


def test_the_second_load_is_fast_and_without_music21(songs):
    code = (
        "import sys, time; from musegen import corpus; began = time.perf_counter();"
        "songs = corpus.load(); took = time.perf_counter() - began;"
        "print(len(songs), songs.key, took < 1, 'music21' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == [str(len(songs)), songs.key, "True", "False"]


def test_the_list_names_every_candidate_once():
    with (config.data_dir() / "chorales.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    names = [row["name"] for row in rows]
    assert names == sorted(set(names))
    assert set(names) == set(chorales.files())
    kept = {row["name"] for row in rows if not row["dropped"]}
    alike = [row for row in rows if row["dropped"] == "near_duplicate"]
    assert alike
    assert {row["like"] for row in alike} <= kept


def test_the_list_is_made_by_the_recipe(tmp_path, monkeypatch):
    """A handful of files, one for each reason, and the same rows as in the committed list."""
    names = ["bwv197.7-a", "bwv227.3", "bwv248.64-6", "bwv269", "bwv398", "bwv165.6", "bwv40.3"]
    with (config.data_dir() / "chorales.csv").open(newline="") as file:
        committed = [row for row in csv.DictReader(file) if row["name"] in names]
    found = {name: chorales.files()[name] for name in names}
    monkeypatch.setattr("tools.chorales.files", lambda: found)
    monkeypatch.setenv("MUSEGEN_DATA", str(tmp_path))
    with make_list().open(newline="") as file:
        made = list(csv.DictReader(file))
    places = [int(place) for row in made if (place := row.pop("place"))]
    assert sorted(places) == list(range(1, len(places) + 1))
    assert made == [{name: row[name] for name in made[0]} for row in committed]


def test_a_chorale_missing_from_this_music21_has_its_reason(build, monkeypatch):
    some = dict(list(chorales.files().items())[:40])
    monkeypatch.setattr(chorales, "files", lambda: some)
    audit = corpus.load().audit
    assert audit.kept + len(audit.dropped["not_installed"]) == 299
    assert audit.read == 410


def test_a_chorale_that_another_music21_reads_otherwise_is_not_lost(build, monkeypatch, tmp_path):
    some = dict(list(chorales.files().items())[:40])
    kept = "bwv10.7"
    waltz = chorales.files()["bwv11.6"]  # not in 4/4
    some[kept] = tmp_path / f"{kept}.mxl"
    some[kept].write_bytes(waltz.read_bytes())
    monkeypatch.setattr(chorales, "files", lambda: some)
    audit = corpus.load().audit
    assert audit.read == 410
    assert {kept, "bwv11.6"} <= set(audit.dropped["not_4_4"])


def test_the_order_does_not_depend_on_the_folder(build, tmp_path):
    names = list("abcdefghijk")
    one = corpus.load(write_songs(tmp_path / "one", names))
    other = corpus.load(write_songs(tmp_path / "other" / "deeper", names))
    assert one.names == other.names != names
    assert one.key == other.key
    assert one.audit.as_dict()["read"] == 11


@pytest.mark.parametrize(("files", "training", "test"), [(2, 1, 1), (3, 2, 1), (20, 17, 3)])
def test_few_songs_are_shared_out(files, training, test, build, tmp_path):
    songs = corpus.load(write_songs(tmp_path, [f"{i:02d}" for i in range(files)]))
    assert (len(songs.training(256)), len(songs.test)) == (training, test)


@pytest.mark.parametrize("files", [0, 1])
def test_fewer_than_two_songs_are_refused(files, build, tmp_path):
    with pytest.raises(ValueError, match=f"gives {files} song.* at least 2 are needed"):
        corpus.load(write_songs(tmp_path, "ab"[:files]))


def test_a_limit_takes_the_first_songs_of_the_order(build, tmp_path):
    source = write_songs(tmp_path, "abcdefgh")
    assert corpus.load(source, limit=3).names == corpus.load(source).names[:3]


def test_training_may_ask_for_a_kind_of_song(build, tmp_path):
    songs = corpus.load(write_songs(tmp_path, "abcdefgh"))
    long = songs.training(3, where=lambda song: song.bars > 3)
    assert [song.title for song in long] == [s.title for s in songs.training(8) if s.bars > 3][:3]


@pytest.mark.parametrize("source", ["", "lpd5", "midi:", "wav:songs", "chorales:here"])
def test_an_unknown_source_is_refused(source):
    with pytest.raises(ValueError, match="must be chorales, lpd5:PATH or midi:PATH"):
        corpus.load(source)


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="is neither a folder nor"):
        corpus.load(f"midi:{tmp_path / 'nowhere'}")


def test_midi_folders_of_any_depth_and_case(build, tmp_path):
    source = write_songs(tmp_path / "a", ["one", "two"])
    write_songs(tmp_path / "a" / "b", ["two"])
    (tmp_path / "a" / "one.mid").rename(tmp_path / "a" / "ONE.MiDi")
    (tmp_path / "a" / "broken.mid").write_bytes(b"<html>")
    (tmp_path / "a" / "notes.txt").write_text("not counted")
    waltz = Song(as_notes(0, 72, 60), 72, 24)
    path = midi.write(waltz, tmp_path / "a" / "waltz.mid")
    path.write_bytes(path.read_bytes().replace(b"\x58\x04\x04\x02", b"\x58\x04\x03\x02"))
    midi.write(Song(as_notes([], [], []), 8, 4), tmp_path / "a" / "silence.mid")
    songs = corpus.load(source)
    assert sorted(songs.names) == ["ONE", "b/two.mid", "two.mid"]
    assert songs.audit.dropped == {
        "not_4_4": ["waltz"],
        "silent": ["silence"],
        "wrong_type": ["broken"],
    }


def test_silent_bars_after_the_last_note_are_left_out(build, tmp_path):
    for name in "ab":
        midi.write(Song(as_notes(30, 250, 60), 96 * 50, 24), tmp_path / f"{name}.mid")
    assert corpus.load(f"midi:{tmp_path}")[0].length == 3 * 96
