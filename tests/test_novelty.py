"""Shared runs, found where they were planted."""

import numpy as np
import pytest

from musegen import config, corpus, training
from musegen.metrics.novelty import (
    Library,
    frames,
    leave_one_out,
    marks,
    novelty,
    shared_runs,
    transposed,
)
from musegen.song import Song, as_notes


def melody(pitches, title="", beat=2) -> Song:
    onset = np.arange(len(pitches)) * (beat // 2)
    return Song(
        as_notes(onset, beat // 2, np.array(pitches)),
        len(pitches) * (beat // 2),
        beat,
        title=title,
    )


def line(seed: int, length: int, low: int = 50) -> list[int]:
    return (low + np.random.default_rng(seed).integers(0, 12, length)).tolist()


ONE, TWO = line(1, 60), line(2, 60)
LIBRARY = Library([melody(ONE, "one"), melody(TWO, "two", beat=24)])


def test_a_transposed_run_is_found_where_it_was_planted():
    planted = [pitch + 7 for pitch in TWO[13:33]]
    song = melody([*line(3, 9), *planted, *line(4, 5)])
    run = LIBRARY.longest_shared(song)
    assert (run.title, run.shift) == ("two", 5)  # up a fourth, to where it came from
    assert run.start <= 9 and run.start + run.length >= 29
    assert run.start_there - run.start == 13 - 9
    assert run.length - 20 <= 2  # chance may add a note at either end


def test_an_altered_note_ends_a_run():
    altered = [*ONE[:24], ONE[24] + 1, *ONE[25:40]]
    assert LIBRARY.longest_shared(melody(altered)).length == 24


def test_no_run_goes_on_from_one_song_into_the_next():
    run = LIBRARY.longest_shared(melody([*ONE[-10:], *TWO[:15]]))
    assert (run.title, run.start, run.length, run.start_there) == ("two", 10, 15, 0)


def test_octaves_and_rests_are_left_out():
    high = melody([pitch + 24 for pitch in ONE[:20]])
    assert LIBRARY.longest_shared(high).length == 20
    rests = Song(as_notes(np.arange(20) * 3, 1, np.array(ONE[:20])), 60, 2)
    assert LIBRARY.longest_shared(rests).length == 20


def test_nothing_is_shared_with_nothing():
    silent = Song(as_notes([], [], []), 16, 2)
    assert LIBRARY.longest_shared(silent).length == 0
    assert LIBRARY.passages_found(silent) == 0
    assert len(LIBRARY.nearest_bars(silent)) == 0


def test_passages_of_four_bars():
    # 32 eighths from "one", 8 of something else, 32 from "two" less a note: bars 1 and 6 begin
    # passages, and of the others none is whole.
    song = melody([*ONE[5:37], *line(5, 8), *[pitch + 1 for pitch in TWO[2:34]]])
    assert len(frames(song)) == 72
    assert LIBRARY.passages_found(song) == pytest.approx(2 / 6)


def test_nearest_bars():
    song = melody([*[pitch + 2 for pitch in ONE[3:11]], *TWO[20:26], 40, 41])
    found = LIBRARY.nearest_bars(song)
    assert found.loc[0, ["share", "title", "start_there", "shift"]].tolist() == [1, "one", 3, 10]
    assert found.loc[1, "share"] >= 6 / 8
    assert found.loc[1, ["title", "start_there", "shift"]].tolist() == ["two", 20, 0]


def test_frames_are_transposed_round_the_octave():
    assert transposed(np.array([0b100000000001]), 1).tolist() == [0b11]


def test_leave_one_out_does_not_find_the_song_itself():
    songs = [melody(ONE, "one"), melody(TWO, "two"), melody([*TWO[40:], *line(6, 40)], "three")]
    table = leave_one_out(songs)
    assert table["shared"].tolist()[1] >= 20 and table["with"].tolist()[1] == "three"
    assert table["shared"].tolist()[0] < 10


def test_a_cut_song_has_as_many_eighths_as_asked():
    table = novelty([melody(ONE, "one")], LIBRARY, ticks=17)
    assert table.loc[0, ["eighths", "shared", "with"]].tolist() == [17, 17, "one"]


def test_all_shared_runs_of_two_songs_and_where_they_stand():
    # 12 eighths of "one" a fifth higher, 3 of silence, 10 more of them two semitones lower.
    first = [pitch + 7 for pitch in ONE[30:42]]
    second = [pitch - 2 for pitch in ONE[4:14]]
    onset = np.concatenate([np.arange(12), 15 + np.arange(10)])
    song = Song(as_notes(onset * 3, 3, np.array([*first, *second])), 80, 6, title="song")
    other = melody(ONE, "one", beat=24)
    runs = shared_runs(song, other)
    assert [(r.start, r.length, r.start_there, r.shift) for r in runs] == [
        (0, 12, 30, 5),
        (12, 10, 4, 2),
    ]
    here, there = marks(song, other, runs)
    assert here == [(0, 36, "1: 12 eighths, +5"), (45, 75, "2: 10 eighths, +2")]
    assert there == [(360, 504, "1: 12 eighths, +5"), (48, 168, "2: 10 eighths, +2")]
    assert shared_runs(song, melody(TWO, "two")) == []


# --- Held-out songs ------------------------------------------------------------------------------


def test_no_run_and_no_vocabulary_knows_a_held_out_song():
    music = corpus.load("chorales")
    titles = {song.title for song in music.validation}
    for name, cfg in config.QUICK.runs.items():
        run = training.planned(cfg)
        assert not titles & {song.title for song in run.songs}, name
        assert {song.title for song in run.heldout} <= titles
        if "lstm" in name:
            known = [run.vocabulary.tokens.index(token) for token in run.vocabulary.tokens]
            seen = {int(place) for song in run.tokens.encoded for place in song}
            assert seen == set(known), name  # nothing that no training song holds


def test_no_held_out_song_is_a_training_song_under_another_name():
    music = corpus.load("chorales")
    library = Library(music.training(256))
    for song in music.validation:
        shared = library.longest_shared(song).length
        assert shared < 0.4 * len(frames(song)), song.title  # the list's rule: of the shorter song
