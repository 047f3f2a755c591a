"""Tokens, vocabulary and windows, on songs whose tokens can be counted by hand."""

import itertools

import pytest

from musegen.song import Song, as_notes
from musegen.tokens import Vocabulary, normal_order, to_song, token_of, tokenize


def test_normal_order_is_music21s():
    from music21 import chord

    for size in range(1, 13):
        for classes in itertools.islice(itertools.combinations(range(12), size), 0, None, 29):
            expected = tuple(chord.Chord(list(classes)).normalOrder)
            assert normal_order(frozenset(classes)) == expected


def test_note_names_are_pretty_midis():
    import pretty_midi

    expected = [pretty_midi.note_number_to_name(p) for p in range(128)]
    assert [token_of([p]) for p in range(128)] == expected


@pytest.mark.parametrize(
    ("steps_per_beat", "expected"),
    [
        (2, ["C4", "C4", "0.4", "E4", "G4"]),
        (4, ["C4", "0.4", "G4"]),  # half as many ticks; the rest is dropped
    ],
)
def test_tokens_of_a_hand_counted_song(steps_per_beat, expected):
    #       step 0 1 2 3 4 5 6 7
    # C4         x x x
    # E4             x x
    # G4                 x        then silence
    song = Song(as_notes([0, 2, 4], [3, 2, 1], [60, 64, 67]), 8, steps_per_beat)
    assert tokenize(song) == expected


def test_a_grid_that_does_not_hold_the_ticks_is_refused():
    with pytest.raises(ValueError, match="resample"):
        tokenize(Song(as_notes(0, 1, 60), 3, 3))


def test_tokens_survive_the_song_and_back():
    tokens = ["C4", "A#3", "9.0.4", "0.4.7", "0"]
    song = to_song(tokens)
    assert token_of([48, 60]) == "0"
    # octave doubling cannot survive: one pitch class alone is a single note when played
    assert tokenize(song) == ["C4", "A#3", "9.0.4", "0.4.7", "C4"]
    assert song.notes["duration"].tolist() == [1] * 9
    assert song.seconds == 5 * 0.25


def test_vocabulary_is_sorted():
    words = Vocabulary.from_songs([["G4", "C4"], ["0.4.7", "C4"]])
    assert words.tokens == ("0.4.7", "C4", "G4")
    assert words.decode(words.encode(["G4", "0.4.7"])) == ["G4", "0.4.7"]


def test_unknown_tokens_are_refused_in_training_and_marked_in_others():
    words = Vocabulary(("C4", "E4", "G4"))
    with pytest.raises(ValueError, match="'D4' is not among the 3"):
        words.encode(["C4", "D4"])
    places, known = words.encode_known(["C4", "D4", "Z9"])
    assert places.tolist() == [0, 1, 2]
    assert known.tolist() == [True, False, False]
