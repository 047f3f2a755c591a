"""Copies, found where they were planted."""

import numpy as np
import pytest

from musegen.metrics import copies
from musegen.metrics.copies import (
    CopyIndex,
    Lines,
    SharedRun,
    loop_at_end,
    novelty,
)
from musegen.song import Song, as_notes


def melody(pitches, title="", beat=2) -> Song:
    eighth, count = beat // 2, len(pitches)
    notes = as_notes(np.arange(count) * eighth, eighth, np.array(pitches))
    return Song(notes, count * eighth, beat, title=title)


def line(seed: int, length: int, low: int = 50) -> list[int]:
    return (low + np.random.default_rng(seed).integers(0, 12, length)).tolist()


ONE, TWO = line(1, 60), line(2, 60)
INDEX = CopyIndex([melody(ONE, "one"), melody(TWO, "two", beat=24)])


def test_a_transposed_run_is_found_where_it_was_planted():
    planted = [pitch + 7 for pitch in TWO[13:33]]
    song = melody([*line(3, 9), *planted, *line(4, 5)])
    run = INDEX.longest_shared(song)
    assert (run.other, run.shift) == (1, 5)  # up a fourth, to where it came from
    assert run.start <= 9 and run.start + run.length >= 29
    assert run.there - run.start == 13 - 9
    assert run.length - 20 <= 2  # chance may add a note at either end


def test_no_run_goes_on_from_one_song_into_the_next():
    run = INDEX.longest_shared(melody([*ONE[-10:], *TWO[:15]]))
    assert run == SharedRun(15, 0, 10, 1, 0)


def test_octaves_and_rests_are_left_out():
    high = melody([pitch + 24 for pitch in ONE[:20]])
    assert INDEX.longest_shared(high).length == 20
    rests = Song(as_notes(np.arange(20) * 3, 1, np.array(ONE[:20])), 60, 2)
    assert INDEX.longest_shared(rests).length == 20


def test_nothing_is_shared_with_nothing():
    silent = Song(as_notes([], [], []), 16, 2)
    assert INDEX.longest_shared(silent).length == INDEX.longest_notes(silent).length == 0
    assert INDEX.passages_found(silent) == 0
    assert len(INDEX.nearest_bars(silent)) == 0


def test_passages_of_four_bars():
    # 32 eighths from "one", 8 of something else, 32 from "two" less a note: bars 1 and 6 begin
    # passages, and of the others none is whole.
    song = melody([*ONE[5:37], *line(5, 8), *[pitch + 1 for pitch in TWO[2:34]]])
    assert len(copies.frames(song)) == 72
    assert INDEX.passages_found(song) == pytest.approx(2 / 6)


def test_nearest_bars():
    song = melody([*[pitch + 2 for pitch in ONE[3:11]], *TWO[20:26], 40, 41])
    found = INDEX.nearest_bars(song)
    assert found.loc[0, ["share", "title", "start_there", "shift"]].tolist() == [1, "one", 3, 10]
    assert found.loc[1, "share"] >= 6 / 8
    assert found.loc[1, ["title", "start_there", "shift"]].tolist() == ["two", 20, 0]


def test_where_shared_runs_stand_in_both_songs():
    # 12 eighths of "one" a fifth higher, 3 of silence, 10 more of them two semitones lower.
    first = [pitch + 7 for pitch in ONE[30:42]]
    second = [pitch - 2 for pitch in ONE[4:14]]
    onset = np.concatenate([np.arange(12), 15 + np.arange(10)])
    song = Song(as_notes(onset * 3, 3, np.array([*first, *second])), 80, 6, title="song")
    other = melody(ONE, "one", beat=24)
    runs = [SharedRun(12, 5, 0, 0, 30), SharedRun(10, 2, 12, 0, 4)]
    assert CopyIndex([other]).longest_shared(song) == runs[0]
    here, there = copies.marks(song, other, runs)
    assert here == [(0, 36, "1: 12 eighths, +5"), (45, 75, "2: 10 eighths, +2")]
    assert there == [(360, 504, "1: 12 eighths, +5"), (48, 168, "2: 10 eighths, +2")]


# --- Notes ---------------------------------------------------------------------------------------

TIMES = np.array([0, 0, 1, 1.5, 3, 3, 5, 6, 6.5, 7])  # beats; no two steps from note to note alike
PITCHES = np.array([48, 64, 67, 65, 50, 64, 62, 60, 72, 55])


def played(times=TIMES, pitches=PITCHES, title="", beat=24, held=1) -> Song:
    onset = np.rint(np.asarray(times) * beat).astype(int)
    return Song(as_notes(onset, held, np.asarray(pitches)), int(onset[-1]) + 9, beat, title=title)


LEARNT = CopyIndex([melody(TWO, "two"), played(title="learnt")])


def longest(song: Song) -> tuple[int, int]:
    run = LEARNT.longest_notes(song)
    return run.length, run.start


@pytest.mark.parametrize("beat", [24, 6, 4, 2])
def test_a_run_of_notes_is_found_in_another_key_and_on_another_grid(beat):
    # Notes 2 to 7 of "learnt" a fourth higher, from bar 3 on, behind two others and before one.
    times = [0, 2, *8 + TIMES[2:8], 15]
    song = played(times, [40, 41, *PITCHES[2:8] + 5, 90], beat=beat)
    assert LEARNT.longest_notes(song) == SharedRun(6, 0, 2, 1, 2)


def test_one_changed_note_breaks_a_run_on_both_sides():
    for changed in (PITCHES[4] + 1, PITCHES[4] - 12):  # an octave is a change, too
        pitches = [*PITCHES[:4], changed, *PITCHES[5:]]
        assert longest(played(pitches=pitches)) == (5, 5)  # before it are 4


def test_a_rest_breaks_a_run_of_notes_but_not_of_eighths():
    late = played([*TIMES[:6], *TIMES[6:] + 1])  # 6 notes, a beat of silence more, 4 notes
    assert longest(late) == (6, 0)
    assert LEARNT.longest_shared(late).length == len(copies.frames(late)) == 8
    assert longest(played(held=9)) == (10, 0)  # how long a note is held makes no difference


def test_single_notes_and_endless_rests():
    assert LEARNT.longest_notes(played([0], [60])).length == 0
    assert LEARNT.longest_notes(played([0, 1], [60, 99])).length == 0
    waits = played([0, 1, 201], [60, 62, 63])  # too many 24ths of a beat for a character
    assert CopyIndex([waits]).longest_notes(waits).length == 3


def test_runs_of_notes_of_people_are_counted_without_the_song_itself():
    songs = [played(title="learnt"), played(pitches=[*PITCHES[:8] + 3, 1, 2], title="alike")]
    assert novelty(songs, CopyIndex(songs), but_itself=True)["shared notes"].tolist() == [8, 8]
    assert novelty(songs, LEARNT)["shared notes"].tolist() == [10, 8]


# --- Tokens --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("song", "expected"),
    [
        ([1, *[7] * 33], (1, 1)),
        ([*range(9), *[7] * 32], (0, 41)),  # the first 7 is no repetition
        ([9, *[1, 2, 3] * 12, 1], (3, 1)),  # it may end within the snippet
        ([*range(70)] * 2, (70, 0)),
        ([*range(70), *range(69)], (0, 139)),  # a snippet comes whole a second time
        ([], (0, 0)),
    ],
)
def test_loop_at_end(song, expected):
    assert loop_at_end(song) == expected


@pytest.mark.parametrize("kinds", [1, 2, 5])
def test_the_longest_run_is_what_a_search_finds(kinds):
    rng = np.random.default_rng(kinds)
    for _ in range(300):
        song, *lines = (rng.integers(0, kinds, rng.integers(0, 30)).tolist() for _ in range(5))
        parts = [song[i:j] for i in range(len(song)) for j in range(i + 1, len(song) + 1)]
        for but in (None, 1):
            text = [str(line)[1:-1] + "," for i, line in enumerate(lines) if i != but]
            stands = [
                len(part) for part in parts if any(str(part)[1:-1] + "," in one for one in text)
            ]
            found = Lines(lines).longest(np.array([song], int), but)
            assert found.length == max(stands, default=0)
            if found.length:
                there = lines[found.other][found.there :][: found.length]
                assert there == song[found.start :][: found.length] and found.other != but
