"""Songs counted by hand, none of them symmetric."""

import numpy as np
import pytest

from musegen.song import Song, as_notes


@pytest.fixture
def song():
    """Two beats of a C held under E and then G, on four steps a beat; the last step is silent."""
    return Song(as_notes([0, 0, 4], [7, 4, 3], [48, 64, 67]), length=8, steps_per_beat=4)


def test_the_onsets_are_where_notes_start(song):
    assert np.argwhere(song.onsets).tolist() == [[0, 48], [0, 64], [4, 67]]


def test_bars_and_seconds_are_counted_with_the_unfinished_last_bar(song):
    assert (song.steps_per_bar, song.bars) == (16, 1)
    assert song.seconds == 1.0  # two beats at 120


def test_a_roll_cannot_tell_a_repeated_note_from_a_held_one():
    struck_twice = Song(as_notes([0, 2], [2, 1], [60, 60]), length=4, steps_per_beat=4)
    assert Song.from_roll(struck_twice.roll, 4).notes.tolist() == [(0, 3, 60, -1)]


@pytest.mark.parametrize(
    ("steps", "notes", "length"),
    [
        (8, [(0, 14, 48), (0, 8, 64), (8, 6, 67)], 16),
        (2, [(0, 4, 48), (0, 2, 64), (2, 2, 67)], 4),  # 3.5 steps fill 4
        (1, [(0, 2, 48), (0, 1, 64), (1, 1, 67)], 2),
    ],
)
def test_resampling_fills_every_step_that_is_touched(song, steps, notes, length):
    other = song.resample(steps)
    assert other.notes[["onset", "duration", "pitch"]].tolist() == notes
    assert (other.length, other.steps_per_beat, other.tempo_qpm) == (length, steps, 120)


def test_transposing_leaves_the_song_itself_alone(song):
    assert song.transpose(-5).notes["pitch"].tolist() == [43, 59, 62]
    assert song.notes["pitch"].tolist() == [48, 64, 67]


def test_voices_do_not_change_how_a_song_sounds(song):
    voiced = as_notes([0, 0, 4], [7, 4, 3], [48, 64, 67], [1, 0, 0])
    assert Song(voiced, 8, 4) == song
    assert song.transpose(1) != song


@pytest.mark.parametrize(
    ("notes", "sentence"),
    [
        (as_notes(0, 9, 60), "a note ends at step 9"),
        (as_notes(0, 0, 60), "every note starts at 0 or later and lasts"),
        (as_notes(-1, 2, 60), "every note starts at 0 or later and lasts"),
        (as_notes(0, 2, 128), "pitches 128..128 leave 0..127"),
        (np.zeros(1), "use as_notes"),
    ],
)
def test_impossible_notes_are_refused(notes, sentence):
    with pytest.raises(ValueError, match=sentence):
        Song(notes, length=8, steps_per_beat=4)


def test_a_roll_of_numbers_is_refused():
    with pytest.raises(ValueError, match="a roll is bool"):
        Song.from_roll(np.zeros((4, 128)), 1)
