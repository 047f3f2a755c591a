"""New songs from the network that comes along, on a page, without training anything."""

import subprocess
import sys

import numpy as np
import pytest
from tornado.testing import AsyncHTTPTestCase

from apps import play
from apps.command import main
from apps.play import server
from musegen import midi
from musegen.song import Song, as_notes


def test_the_same_seed_gives_the_same_songs():
    one, two = play.songs(2, seed=1), play.songs(2, seed=1)
    assert one == two != play.songs(2, seed=2)
    for i, song in enumerate(one, 1):
        assert song.title.startswith(f"Song {i}: {song.bars} bars, ")


def test_bars_and_tempo_are_as_asked():
    for song in play.songs(3, seed=3, bars=5, tempo_qpm=60):
        assert (song.length, song.tempo_qpm) == (5 * song.steps_per_bar, 60)


def test_songs_are_music_and_not_a_click():
    for song in play.songs(4, seed=5, bars=8):
        assert 2.5 < song.roll.sum(axis=1).mean() < 4.5  # four voices
        assert len(np.unique(song.notes["pitch"])) > 10
        assert song.roll[-song.steps_per_bar :].any()  # it ends in its last bar


A_MINOR = [57, 60, 64, 69, 50, 53, 57, 62, 52, 56, 59, 64, 57, 60, 64, 69]


def chords(begin=0) -> Song:
    """Make four chords, a bar each, from a bar on, with ten silent bars after them."""
    onsets = np.repeat(np.arange(begin, begin + 4), 4) * 96
    return Song(as_notes(onsets, 96, A_MINOR), (begin + 14) * 96, 24, 96.0)


def test_a_song_of_ones_own_is_gone_on_from(tmp_path):
    midi_file, score = chords().to_midi(tmp_path / "a.mid"), tmp_path / "a.musicxml"
    chords(begin=5).to_musicxml(score)
    (one,), (two,) = (play.songs(1, 3, bars=10, after=path) for path in (midi_file, score))
    assert one == two and one.title == "Song 1: 10 bars after the first of a"
    assert (one.bars, one.tempo_qpm) == (10, 96)
    first = midi.read(midi_file).resample(4)
    assert np.array_equal(one.roll[:64], first.roll[:64]) and one.roll[64:].any()
    with pytest.raises(ValueError, match="a: its first 4 bars stand already; ask for more bars"):
        play.songs(1, seed=1, bars=4, after=midi_file)


def test_a_melody_is_harmonised(tmp_path):
    melody = Song(as_notes(np.arange(16) * 24, 24, 69 + np.arange(16) % 7), 16 * 24, 24, 96.0)
    one, two = play.songs(2, seed=1, harmonise=melody.to_midi(tmp_path / "mine.mid"))
    assert one != two and (one.bars, one.tempo_qpm) == (4, 96)
    for song in (one, two):
        sung = song.notes[song.notes["voice"] == 0]
        assert np.array_equal(sung["pitch"], melody.notes["pitch"])
        assert len(np.unique(song.notes["voice"])) == 4
    assert two.title == "mine, harmony 2"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--songs", "0"], "songs is 0; it must be from 1 to 64"),
        (["--bars", "1000"], "bars is 1000; it must be from 2 to 200"),
        (["--tempo", "5"], "tempo is 5; it must be from 20 to 400"),
        (["--after", "README.md"], "README.md cannot be read as MIDI"),
        (["--harmonise", "a.abc"], "a.abc cannot be read: not in bars of 4/4"),
    ],
)
def test_wrong_wishes_get_a_sentence(build, capsys, options, sentence, tmp_path):
    if "a.abc" in options:
        options = ["--harmonise", str(tmp_path / "a.abc")]
        (tmp_path / "a.abc").write_text("X:1\nM:3/4\nL:1/4\nK:G\nGAB|dBG|\n")
    assert main(["play", "--quiet", *options]) == 2
    assert sentence in capsys.readouterr().err
    assert not (build / "play" / "index.html").exists()


def test_the_page_holds_the_songs(build, capsys):
    assert main(["play", "--quiet", "--songs", "2", "--bars", "4", "--seed", "7"]) == 0
    page = build / "play" / "index.html"
    assert str(page) in capsys.readouterr().out
    text = page.read_text(encoding="utf-8")
    assert text.count("<iframe") == 2 and "--seed 7" in text and "<form" not in text
    for name in (f"song_{i}{kind}" for i in (1, 2) for kind in play.KINDS):
        assert f'href="{name}"' in text and (build / "play" / name).stat().st_size > 100
    assert midi.read(build / "play" / "song_1.mid", 4).bars == 4


def test_playing_loads_neither_tensorflow_nor_music21():
    code = "import sys; from apps import play; play.songs(1, 1, bars=2); print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"tensorflow", "keras", "music21", "sklearn"} & set(run.stdout.split())


class TestServer(AsyncHTTPTestCase):
    """What a page asks Python for, asked as a browser asks."""

    @pytest.fixture(autouse=True)
    def _songs(self, build):
        self.song = play.songs(1, seed=1, bars=4)[0]

    def get_app(self):
        return server.application([self.song], seed=1)

    def ask(self, body, number=1):
        answer = self.fetch(f"/song/{number}", method="PUT", body=body)
        return answer.code, answer.body.decode()

    def now(self) -> Song:
        path = play.config.build_dir() / "now.mid"
        path.write_bytes(self.fetch("/song_1.mid").body)
        return midi.read(path, 4)

    def test_bars_are_written_anew_and_come_back(self):
        assert "<form" in self.fetch("/").body.decode() and self.now() == self.song
        code, page = self.ask("[2, 3]")
        assert code == 200 and "<iframe" in page and self.now() != self.song
        for whole in (slice(0, 16), slice(48, 64)):
            assert np.array_equal(self.now().roll[whole], self.song.roll[whole])
        assert self.ask("null")[0] == self.ask("null")[0] == 200 and self.now() == self.song

    def test_nonsense_and_other_sites_are_refused(self):
        assert self.ask("[4, 5]") == (400, "bars 4 to 5 are none of the song's: 1 to 4")
        assert [self.ask(body)[0] for body in ("", "[]", "{}", '["a", 1]', "7")] == [400] * 5
        assert self.ask("[1, 1]", number=2)[0] == self.fetch("/song_1.exe").code == 404
        elsewhere = {"Host": f"evil.example:{self.get_http_port()}"}
        assert self.fetch("/", headers=elsewhere).code == 403
