"""New songs from the network that comes along, on a page, without training anything."""

import subprocess
import sys

import numpy as np
import pytest

from apps import play
from apps.command import main
from musegen import midi
from musegen.song import Song, as_notes


def test_the_same_seed_gives_the_same_songs():
    one, two = play.songs(2, seed=1), play.songs(2, seed=1)
    assert one == two != play.songs(2, seed=2)
    for i, song in enumerate(one, 1):
        assert song.title.startswith(f"Song {i}: {song.bars} bars, ")


def test_bars_and_tempo_are_as_asked():
    for song in play.songs(3, seed=3, bars=5, tempo_qpm=90):
        assert (song.length, song.tempo_qpm) == (5 * song.steps_per_bar, 90)
    assert all(song.roll.any() for song in play.songs(16, seed=4, bars=2))  # not a silent one


def test_songs_are_music_and_not_a_click():
    for song in play.songs(4, seed=5, bars=8):
        assert 2.5 < song.roll.sum(axis=1).mean() < 4.5  # four voices
        assert len(np.unique(song.notes["pitch"])) > 10
        assert song.roll[-song.steps_per_bar :].any()  # it ends in its last bar


def test_a_song_of_ones_own_is_gone_on_from(tmp_path):
    melody = Song(as_notes(np.arange(16) * 24, 24, 62 + np.arange(16) % 7), 16 * 24, 24, 96.0)
    path = melody.to_midi(tmp_path / "mine.mid")
    (song,) = play.songs(1, seed=1, bars=10, primer=path)
    assert song.bars == 10
    first = midi.read(path).resample(song.steps_per_beat)
    assert song.cut(0, 63).notes.tolist() == first.cut(0, 63).notes.tolist()
    assert "after the first bars of mine" in song.title


A_MINOR = [57, 60, 64, 69, 50, 53, 57, 62, 52, 56, 59, 64, 57, 60, 64, 69]


def write_chords(path, pitches, begin=0):
    """Write four chords, a bar each, from a bar on, with ten silent bars after them."""
    onsets = np.repeat(np.arange(begin, begin + 4), len(pitches) // 4) * 96
    return Song(as_notes(onsets, 96, pitches), (begin + 14) * 96, 24).to_midi(path)


def test_what_is_gone_on_from_begins_with_music_and_gives_the_mode(tmp_path):
    at_once = write_chords(tmp_path / "a.mid", A_MINOR)
    late = write_chords(tmp_path / "b.mid", A_MINOR, begin=5)
    songs = play.songs(4, seed=3, primer=at_once)
    assert all(", minor, " in song.title for song in songs)
    assert songs == play.songs(4, seed=3, primer=late)
    with pytest.raises(ValueError, match="has 4 bars and the song is to have 2; .*ask for more"):
        play.songs(1, seed=1, bars=2, primer=late)
    nothing = write_chords(tmp_path / "c.mid", [])
    with pytest.raises(ValueError, match=r"c\.mid has no notes to go on from; give a file with"):
        play.songs(1, seed=1, primer=nothing)


@pytest.mark.parametrize("edges", [(1,), (126,), (0, 127)])
def test_pitches_at_the_edge_are_gone_on_from_too(edges, tmp_path):
    d_major = [edges[0], 62, 66, 69, edges[-1], 62, 67, 71, 61, 64, 67, 69, 62, 66, 69, 74]
    (song,) = play.songs(1, seed=1, bars=5, primer=write_chords(tmp_path / "a.mid", d_major))
    assert {*edges} <= set(song.notes["pitch"].tolist())


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--songs", "0"], "songs is 0; it must be from 1 to 64"),
        (["--bars", "1000"], "bars is 1000; it must be from 2 to 200"),
        (["--tempo", "5"], "tempo is 5; it must be from 20 to 400"),
        (["--after", "README.md"], "README.md"),
    ],
)
def test_wrong_wishes_get_a_sentence(build, capsys, options, sentence):
    assert main(["play", "--quiet", *options]) == 2
    assert sentence in capsys.readouterr().err
    assert not (build / "play" / "index.html").exists()


def test_the_page_holds_the_songs(build, capsys):
    assert main(["play", "--quiet", "--songs", "2", "--bars", "4", "--seed", "7"]) == 0
    page = build / "play" / "index.html"
    assert str(page) in capsys.readouterr().out
    text = page.read_text(encoding="utf-8")
    assert text.count("<iframe") == 2 and "--seed 7" in text
    for name in ("song_1.mid", "song_1.mp3", "song_2.mid", "song_2.mp3"):
        assert f'href="{name}"' in text and (build / "play" / name).stat().st_size > 100
    assert midi.read(build / "play" / "song_1.mid", 4).bars == 4


def test_playing_loads_neither_tensorflow_nor_music21():
    code = "import sys; from apps import play; play.songs(1, 1, bars=2); print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"tensorflow", "keras", "music21", "sklearn"} & set(run.stdout.split())
