"""Copies and songs that share a tune: none of them on both sides of the split."""

from dataclasses import replace

import numpy as np
import pytest

from musegen import corpus, midi
from musegen.config import REPORT
from musegen.corpus import tunes
from musegen.song import Song, as_notes
from musegen.training import data


def song(seed: int, notes: int = 60, voice: int = -1) -> Song:
    """Make a tune of eighths in quick changes over a held bass."""
    rng = np.random.default_rng(seed)
    tune = as_notes(12 * np.arange(notes), 12, rng.integers(60, 85, notes), voice)
    bass = as_notes(96 * np.arange(notes // 8), 96, rng.integers(36, 48, notes // 8))
    return Song(np.concatenate([tune, bass]), 12 * notes, 24)


def other_bass(one: Song, rng) -> Song:
    notes = one.notes.copy()
    notes["pitch"] -= (notes["pitch"] < 50) * rng.integers(1, 9, len(notes)).astype(np.int16)
    return replace(one, notes=notes)


def some_notes_changed(one: Song, rng) -> Song:
    notes = one.notes.copy()
    notes["pitch"][rng.choice(len(notes), 4, replace=False)] += 1
    return replace(one, notes=notes)


ARRANGED = {
    "in another key": lambda one, rng: one.transpose(3),
    "over another bass": other_bass,
    "with some notes changed": some_notes_changed,
    "half of it": lambda one, rng: one.cut(0, one.length // 2),
}


@pytest.mark.parametrize("way", ARRANGED)
def test_an_arrangement_shares_its_tune_with_the_song_and_with_no_other(way):
    songs = [song(seed) for seed in range(30)]
    songs.append(ARRANGED[way](songs[7], np.random.default_rng(0)))
    tune = tunes.groups([tunes.phrases(one) for one in songs])
    assert tune[30] == tune[7]
    assert len(set(tune)) == 30


def test_songs_without_a_phrase_share_nothing():
    held = Song(as_notes(0, 96, 60), 96, 24)
    scale = Song(as_notes(np.arange(40), 1, 40 + np.arange(40)), 40, 24)
    phrases = [tunes.phrases(one) for one in (held, held, scale, song(1))]
    assert tunes.groups(phrases) == [0, 1, 2, 3]


def test_copies_are_one_song_and_arrangements_stay_on_one_side(build, tmp_path):
    """Twenty songs; the tenth and eleventh as copies, the twelfth five times in other keys."""
    songs = [song(seed) for seed in range(20)]
    for i, one in enumerate(songs):
        midi.write(one, tmp_path / f"{i:02d}.mid")
    midi.write(replace(songs[10], tempo_qpm=97.0), tmp_path / "slower.mid")
    midi.write(song(11, voice=3), tmp_path / "in two voices.mid", program=1)
    for shift in range(1, 6):
        midi.write(songs[12].transpose(shift), tmp_path / f"12 in {shift}.mid")
    music = corpus.load(f"midi:{tmp_path}")
    assert music.audit.dropped == {"copy": ["in two voices", "slower"]}
    test, training = ({one.title for one in part} for part in (music.test, music.training(256)))
    assert len(test) == 4 and not any(name.startswith("12") for name in test)
    assert len(training) == 21


def soprano(song: Song) -> set[tuple[int, ...]]:
    """Give the runs of eight notes of the first voice, by their intervals."""
    steps = np.diff(song.notes["pitch"][song.notes["voice"] == 0].astype(int))
    return {tuple(run) for run in np.lib.stride_tricks.sliding_window_view(steps, 7).tolist()}


# The literature's split has twins: see `musegen.corpus.jsb`.
@pytest.mark.parametrize("name", [name for name in REPORT if name != "four_voices"])
def test_no_network_trains_on_the_tune_of_a_chorale_it_is_tested_on(name):
    """On the real songs, by another rule than the split's: half of the soprano's phrases."""
    split = data.split(REPORT[name], corpus.load())
    assert len(split.test) == 43 and not split.validation
    trained = [soprano(one) for one in split.training]
    for one in split.test:
        tune = soprano(one)
        assert max(len(tune & other) for other in trained) < 0.5 * len(tune), one.title
