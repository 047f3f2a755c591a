"""The steps of report 2.1 on songs counted by hand."""

from dataclasses import replace

import numpy as np
import pytest

from musegen import preprocess
from musegen.config import AEConfig
from musegen.song import Song, as_notes

CFG = AEConfig()
SILENCE = Song(as_notes([], [], []), length=4, steps_per_beat=1)


def scale(tonic, steps):
    """A scale up from `tonic`, its notes a beat long; the first, third and fifth four beats."""
    duration = np.array([4, 1, 4, 1, 4, 1, 1]) * 24
    onset = np.concatenate([[0], duration.cumsum()[:-1]])
    return Song(as_notes(onset, duration, tonic + np.array(steps)), int(duration.sum()), 24)


def major(tonic):
    return scale(tonic, [0, 2, 4, 5, 7, 9, 11])


def minor(tonic):
    return scale(tonic, [0, 2, 3, 5, 7, 8, 11])


@pytest.mark.parametrize("tonic", range(12))
def test_scales_are_recognised_and_brought_home(tonic):
    for song, mode, home in [(major(48 + tonic), "major", 0), (minor(48 + tonic), "minor", 9)]:
        key = preprocess.estimate_key(song)
        assert (key.tonic, key.mode) == (tonic, mode)
        assert -6 <= key.shift <= 5
        moved = preprocess.to_common_key(song)
        assert moved.notes["pitch"][0] % 12 == home
        assert moved.notes["pitch"][0] - song.notes["pitch"][0] == key.shift


def test_the_key_agrees_with_music21():
    from music21 import corpus

    score = corpus.parse("bach/bwv269")
    notes = [(n.offset, n.quarterLength, n.pitch.midi) for n in score.flatten().notes]
    onset, duration, pitch = np.array(notes, float).T * [[24], [24], [1]]
    song = Song(as_notes(onset, duration, pitch), int((onset + duration).max()), 24)
    key, theirs = preprocess.estimate_key(song), score.analyze("key.aarden")
    assert (key.tonic, key.mode) == (theirs.tonic.pitchClass, theirs.mode)


@pytest.mark.parametrize(
    ("song", "reason"),
    [
        (major(60), ""),
        (replace(major(60), tempo_qpm=109.98), "tempo"),
        (replace(major(60), tempo_qpm=109.995), ""),
        (replace(major(60), tempo_qpm=130.0006), ""),
        (replace(major(60), tempo_qpm=130.02), "tempo"),
        (SILENCE, "silent"),
        (major(12), "out_of_range"),
        (major(107), "out_of_range"),  # B major: up to 119
    ],
)
def test_what_the_autoencoder_cannot_use_has_a_reason(song, reason):
    assert preprocess.rejection_reason(song, CFG) == reason


def test_a_song_for_the_autoencoder_starts_at_once_in_c_on_six_steps():
    notes = major(62).notes
    late = as_notes(notes["onset"] + 100, notes["duration"], notes["pitch"])
    song = preprocess.for_autoencoder(Song(late, 500, 24), CFG)
    assert song.steps_per_beat == 6
    assert (song.notes["onset"][0], song.notes["pitch"][0] % 12) == (0, 0)


def test_four_steps_of_a_beat_are_pooled_into_one():
    song = Song(as_notes([0, 5], [3, 6], [60, 64]), length=96, steps_per_beat=24)
    tensor = preprocess.to_tensor(song.resample(6), CFG)
    assert tensor.shape == (1, 24, 96)
    assert np.argwhere(tensor[0, :, 60 - 16]).ravel().tolist() == [0]
    assert np.argwhere(tensor[0, :, 64 - 16]).ravel().tolist() == [1, 2]  # steps 5..10 of 24


@pytest.mark.parametrize(
    ("song", "sentence"),
    [
        (Song(as_notes(0, 1, 60), 24, 24), "24 steps a beat, the tensor 6"),
        (Song(as_notes(0, 1, 15), 24, 6), r"15\.\.15, the tensor holds 16\.\.111"),
        (Song(as_notes(0, 1, 112), 24, 6), r"112\.\.112, the tensor holds 16\.\.111"),
    ],
)
def test_what_a_tensor_cannot_hold_is_refused(song, sentence):
    with pytest.raises(ValueError, match=sentence):
        preprocess.to_tensor(song, CFG)


def test_another_cut_is_refused():
    with pytest.raises(ValueError, match="'note' or 'bar'"):
        preprocess.cut_to_first_note(SILENCE, "beat")


@pytest.mark.parametrize(("lowest", "highest"), [(0, 100), (20, 127), (0, 116), (11, 127)])
def test_a_song_at_the_edge_takes_the_other_way_to_the_common_key(lowest, highest):
    """E flat major would go down by three, F sharp up by six."""
    for tonic in range(12):
        scale = 60 + (tonic + np.array([0, 2, 4, 5, 7, 9, 11, 12, 7, 4, 0])) % 24
        pitches = np.concatenate([scale, [lowest, highest]])
        song = Song(as_notes(np.arange(13), [20] * 11 + [1, 1], pitches), 40, 1)
        moved = preprocess.to_common_key(song)
        assert preprocess.estimate_key(moved).shift == 0
        assert (moved.notes["duration"] == song.notes["duration"]).all()


def test_a_song_as_wide_as_all_pitches_stays_in_its_key():
    song = Song(as_notes(range(9), 1, [0, 127, 61, 63, 65, 66, 68, 70, 72]), 9, 1)
    assert preprocess.estimate_key(song).shift and preprocess.to_common_key(song) == song
