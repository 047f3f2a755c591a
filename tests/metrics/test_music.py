"""The measures of music, on songs counted by hand."""

import numpy as np
import pytest

from musegen import corpus
from musegen.metrics import music
from musegen.song import Song, as_notes


def song(onset, duration, pitch, length=None, beat=2) -> Song:
    notes = as_notes(onset, duration, pitch)
    length = length or int((notes["onset"] + notes["duration"]).max(initial=0))
    return Song(notes, length, beat, title="by hand")


NOTHING = song([], [], [], length=16)
# Two bars of eighths: C major and its seventh, then a bar of which only the first beat sounds.
TWO_BARS = song([0, 0, 0, 4, 8], [4, 4, 2, 2, 2], [60, 64, 67, 71, 61], length=16)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("pitches", 5),
        ("classes", 5),
        ("range", 11),
        ("in key", 12 / 14),  # the C sharp, a beat long, is out of C and of G major
        ("polyphony", 14 / 8),
        ("dissonance", 0),  # C-E, C-G and E-G
        ("density", 3 / 8),
        ("on beat", 1),
        ("groove", 7 / 8),  # the second bar has nothing on its third beat
        ("empty bars", 0),
        ("bars repeated", 0),
        ("longest loop", 0),
        ("commonest", 2 / 8),  # of C E G, C E, B and C sharp, each two steps
        ("leaps", 1 / 2),  # G-B no, B-C sharp yes
    ],
)
def test_two_bars_by_hand(name, expected):
    assert music.MEASURES[name](TWO_BARS) == pytest.approx(expected)


@pytest.mark.parametrize("name", music.MEASURES)
def test_a_song_of_no_note_and_of_one(name):
    assert music.MEASURES[name](NOTHING) == 0
    assert np.isfinite(music.MEASURES[name](song([0], [1], [60])))


def test_entropy_is_in_bits():
    assert music.entropy(song([0, 4], [4, 4], [60, 62])) == pytest.approx(1)
    uneven = song([0, 2], [2, 6], [60, 62])
    assert music.entropy(uneven) == pytest.approx(0.25 * 2 + 0.75 * np.log2(4 / 3))


@pytest.mark.parametrize("pitch", [61, 62, 63, 64, 66, 72, 74, 83])
def test_what_is_dissonant_above_c(pitch):
    found = music.dissonance(song([0, 0], [2, 2], [60, pitch]))
    assert found == (pitch in (61, 62, 66, 74, 83))


def test_a_passing_note_is_not_stray_and_a_lost_one_is():
    scale = [60, 62, 64, 65, 67, 69, 71, 72]
    places = list(range(0, 16, 2))
    passing = song([*places, 16, 18, 20], 2, [*scale, 67, 66, 65])
    assert music.stray(passing) == 0
    lost = song([*places, 20], 2, [*scale, 54])
    assert music.stray(lost) == 1 / 9


def test_a_loop_is_measured_from_its_first_repetition():
    # Three notes in 3 eighths, 4 times, after a bar of something else.
    before = [50, 52, 53, 55, 57, 59, 60, 62]
    loop = song(np.arange(20), 1, [*before, *[70, 72, 74] * 4])
    assert music.longest_loop(loop) == 9 / 2
    assert music.longest_loop(song(np.arange(8), 1, before)) == 0
    assert music.longest_loop(song(np.arange(8), 1, 60)) == 6 / 2  # one note, from its second beat


def test_bars_repeated_knows_a_held_note_from_a_struck_one():
    held = song([0, 8, 16], [8, 8, 8], [60, 60, 60])
    struck = song([0, 8, 10, 16], [8, 2, 6, 8], 60)
    assert music.bars_repeated(held) == pytest.approx(2 / 3)
    assert music.bars_repeated(struck) == pytest.approx(1 / 3)


def test_empty_bars():
    assert music.empty_bars(song([0, 16], [2, 2], [60, 60], length=24)) == pytest.approx(1 / 3)


@pytest.mark.parametrize("name", music.MEASURES)
def test_a_transposed_song_measures_the_same(name):
    measure = music.MEASURES[name]
    assert measure(TWO_BARS.transpose(5)) == pytest.approx(measure(TWO_BARS))


def test_a_song_told_as_tokens_strikes_at_every_eighth():
    told = music.as_tokens(TWO_BARS)
    assert music.density(told) == 2
    assert told.length == 8  # the silence is left out


# --- Against muspy -------------------------------------------------------------------------------


@pytest.mark.parametrize("i", range(4))
def test_chorales_measure_as_in_muspy(i):
    muspy = pytest.importorskip("muspy")
    song = corpus.load("chorales")[i]
    notes = [muspy.Note(int(n["onset"]), int(n["pitch"]), int(n["duration"])) for n in song.notes]
    theirs = muspy.Music(resolution=song.steps_per_beat, tracks=[muspy.Track(notes=notes)])
    expected = {
        # muspy counts notes where we weigh by time, as `preprocess` does for keys.
        "entropy": (muspy.pitch_class_entropy(theirs), 0.15),
        "in key": (muspy.scale_consistency(theirs), 0.05),
        # muspy stops at the end of the last note, where the chorale's bar may go on.
        "groove": (muspy.groove_consistency(theirs, 4 * song.steps_per_beat), 0.02),
        # Voices that meet on one pitch are one pitch for us and two notes for muspy.
        "polyphony": (muspy.polyphony(theirs), 0.12),
    }
    for name, (value, tolerance) in expected.items():
        assert music.MEASURES[name](song) == pytest.approx(value, abs=tolerance), name
