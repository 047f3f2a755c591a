"""The player's HTML: small, the same each time, a picture first, and never a title in it."""

import base64
import json
import re
import zlib
from dataclasses import replace
from html import unescape
from types import SimpleNamespace

import numpy as np
import pytest

from musegen import figures, player
from musegen.song import Song, as_notes

SONG = Song(as_notes([0, 2, 2], [2, 4, 4], [60, 64, 67], [1, 0, 1]), 8, 2, 90.0, "three")


def unpacked(html: str) -> list[dict]:
    """Read the songs back out of a player."""
    frame = unescape(re.search(r'srcdoc="([^"]*)"', html)[1])
    text = zlib.decompress(base64.b64decode(re.search(r'atob\("([^"]*)"\)', frame)[1])).decode()
    call = text.rsplit("startInFrame(", 1)[1].removesuffix(");")
    return json.loads(f"[{call}]")[1]


def test_the_page_gets_what_the_song_is():
    (song,) = unpacked(SONG._repr_html_())
    assert np.cumsum(song["onset"]).tolist() == [0, 2, 2]
    assert (song["duration"], song["pitch"]) == ([2, 4, 4], [60, 64, 67])
    assert (song["voice"], song["voices"]) == ([1, 0, 1], 2)
    assert (song["tempo"], song["stepsPerBeat"], song["length"]) == (90.0, 2, 8)
    assert song["title"] == "three"


def test_a_picture_stands_there_and_the_bytes_are_the_same_each_time():
    html = SONG._repr_html_()
    assert '<div><img alt="Piano-roll of three: 1 bars, 3 notes"' in html
    assert "no script runs here" in html and 'title="Player: three"' in html
    assert base64.b64decode(re.search(r"base64,([^\"]*)", html)[1]).startswith(b"\x89PNG")
    assert html == SONG._repr_html_()


@pytest.mark.parametrize("threshold", [0.5, 0.25, 0.8])
def test_probabilities_give_the_notes_back_at_the_songs_own_threshold(threshold):
    p = np.random.default_rng(0).random((12, 128), np.float32)
    p[np.abs(p - threshold) < 1 / 64] = 0  # a level is a 64th wide
    song = Song.from_roll(p > threshold, 6, probabilities=p)
    (packed,) = unpacked(song._repr_html_())
    letters = bytes(player.ALPHABET.tobytes()).decode()
    levels = np.array([letters.index(one) for one in packed["cells"]["values"]]).reshape(-1, 12)
    heard = levels >= packed["cells"]["level"]
    low = packed["cells"]["low"]
    assert (heard == song.roll.T[low : low + len(heard)]).all()
    assert packed["cells"]["level"] == pytest.approx(64 * threshold, abs=2)


def test_titles_and_marks_travel_with_their_song():
    marks = [[], [(2, 6, "1: 2 eighths")]]
    pair = player.SideBySide(SONG, SONG, titles=["before", "after"], marks=marks)
    one, other = unpacked(pair._repr_html_())
    assert (one["title"], other["title"], repr(pair)) == ("before", "after", "SideBySide(2 songs)")
    assert one["marks"] == [] and other["marks"] == [[2, 6, "1: 2 eighths"]]


def test_one_chooses_where_a_kernel_answers_and_what_was_chosen_last_stays(monkeypatch):
    def show(semitones=0, title="three"):
        return replace(SONG.transpose(semitones), title=title)

    shown = []

    def display(one, display_id=False):
        shown.append(one)
        return SimpleNamespace(update=shown.append)

    monkeypatch.setattr("IPython.display.display", display)
    player.interact(show, semitones=[-12, 0, 12], title=["three", "four"])
    live, song = shown
    assert song == SONG
    bundle = live._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert bundle["text/html"] == live.still and "semitones, title" in live.still
    slider, names = live.widget.children
    slider.value, names.value = 12, "four"
    assert shown[2:] == [show(12), show(12, "four")] and shown[-1].title == "four"


def test_a_figure_has_its_caption_above_and_its_marks(monkeypatch):
    parts = ((SONG, SONG), [[], [(2, 6, "repeated")]], "Figure 10. <LSTM>")
    monkeypatch.setattr(figures, "figure_parts", lambda number, run: parts)
    html = player.figure(10, "a run")._repr_html_()
    assert html.startswith("<p>Figure 10. &lt;LSTM&gt;</p>")
    assert unpacked(html)[1]["marks"] == [[2, 6, "repeated"]]
