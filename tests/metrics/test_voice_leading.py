"""Voice leading, counted by hand in a few beats of four voices."""

import numpy as np
import pytest

from musegen import corpus
from musegen.four_voices import LOWEST
from musegen.metrics import voice_leading as vl
from musegen.song import Song, as_notes

C_MAJOR = ("72", "67", "64", "48")
FALL = ("71 72", "67 -", "62 64", "55 48")  # dominant and tonic, as taught


def song(*voices: str) -> Song:
    """Write a beat a word: a pitch strikes, - holds, . rests."""
    notes = []
    for voice, line in enumerate(voices):
        for beat, word in enumerate(line.split()):
            if word == "-":
                notes[-1][1] += 4
            elif word != ".":
                notes.append([4 * beat, 4, int(word), voice])
    return Song(as_notes(*np.array(notes).T), 4 * len(voices[0].split()), 4, title="by hand")


@pytest.mark.parametrize(
    ("name", "voices", "expected"),
    [  # of three pairs that move one: soprano and bass
        ("parallel fifths", ("72 74", "67 65", "60 -", "53 55"), 1000 / 3),
        ("parallel fifths", ("72 79", "67 -", "67 -", "65 60"), 1000),  # to the twelfth, apart
        ("parallel fifths", ("72 74", "67 65", "60 -", "48 50"), 0),
        ("parallel fifths", ("72 72", "67 65", "60 -", "53 53"), np.nan),  # only the alto moves
        ("parallel fifths", ("72 -", "60 62", "65 67", "48 -"), 0),  # fourths of two that cross
        ("parallel octaves", ("72 74", "67 65", "60 -", "48 50"), 1000 / 3),
        ("parallel octaves", ("72 74", "67 -", "72 74", "48 -"), 1000),  # a unison
        ("hidden", ("67 72", "64 -", "60 -", "52 53"), 1000),
        ("hidden", ("71 72", "64 -", "60 -", "50 53"), 0),  # the soprano steps
        ("hidden", ("67 72", "64 -", "60 -", "55 53"), 0),  # they part
        ("wide spacing", ("79 72", "64 67", "60 60", "36 36"), 1 / 2),
        ("wide spacing", ("72 72", "71 71", "57 60", "48 48"), 1 / 2),
        ("crossing", ("72 67", "67 69", "60 -", "48 -"), 1 / 2),
        ("out of range", ("84 81", "67 74", "64 48", "36 48"), 1 / 8),
        ("leaps", ("60 67 65", "60 65 .", "48 - -", "36 48 36"), 1 / 3),  # not the bass's
        ("recovered", ("60 67 65 72", "60 - - -", "48 - - -", "36 - - -"), 1),
        ("recovered", ("60 67 69 64", "60 66 - 63", "48 - - -", "36 - - -"), 0),
        ("chords", ("72 77", "67 67", "64 64", "48 48"), 1 / 2),  # C major; with F
        ("chords", ("71 72", "65 65", "62 63", "55 57"), 1),  # G7; F7, third in the bass
        ("doubled root", ("72 69", "67 60", "64 57", "48 53"), 1 / 2),
        ("doubled root", ("72 72", "67 69", "64 65", "52 48"), np.nan),  # no root position
        ("leading note", FALL, 1),
        ("leading note", ("74 72", "71 67", "67 64", "55 48"), 1),  # the alto falls a third
        ("leading note", ("71 67", "67 60", "62 64", "55 48"), 0),  # the soprano must not
        ("leading note", ("71 72", "67 69", "62 64", "55 57"), np.nan),  # deceptive
        ("doubled leading note", ("71 72", "67 64", "59 60", "55 48"), 1),
        ("doubled leading note", FALL, 0),
        ("suspensions", ("72 - 71", "69 67 67", "65 62 62", "53 55 55"), 50),  # 4-3, one in two
        ("suspensions", ("72 - 74", "69 67 67", "65 62 62", "53 55 55"), 0),
        ("suspensions", ("72 72 71", "69 67 67", "65 62 62", "53 55 55"), 0),  # struck
        ("suspensions", ("72 - 71", "69 67 67", "65 64 62", "53 48 55"), 0),  # consonant
        ("final triad", C_MAJOR, 1),
        ("final triad", ("72 76 .", "67 67 .", "60 60 .", "48 48 ."), 1),
        ("final triad", ("72", "67", "60", "52"), 0),
        ("final triad", ("72", "67", "60", "48"), 0),  # no third
        ("final tonic", FALL, 1),
        ("final tonic", ("72 71", "67 67", "64 62", "48 55"), 0),
        ("final cadence", FALL, 1),
        ("final cadence", ("72 72", "69 67", "65 64", "53 48"), 0),
    ],
)
def test_by_hand(name, voices, expected):
    got = vl.VOICE_LEADING[name](vl.frames(song(*voices)))
    assert got == pytest.approx(expected, nan_ok=True)


def test_every_measure_is_counted_by_hand_and_has_a_column():
    counted = {case[0] for mark in test_by_hand.pytestmark for case in mark.args[1]}
    assert counted == set(vl.VOICE_LEADING)
    table = vl.voice_leading_table([song(*FALL), Song(as_notes([], [], []), 0, 4)])
    assert table.columns.tolist() == ["title", "source", *vl.VOICE_LEADING]
    assert table["leading note"].tolist() == pytest.approx([1, np.nan], nan_ok=True)


def test_a_note_without_a_voice_is_refused():
    with pytest.raises(ValueError, match="by hand: each note needs a voice, 0 .soprano. to 3"):
        vl.frames(Song(as_notes([0], [4], [60]), 4, 4, title="by hand"))


def test_bach_sings_as_he_is_taught():
    bach = corpus.load("chorales")
    voices = zip(*(vl.frames(song) for song in bach.training(256)), strict=True)
    pitch, struck = map(np.concatenate, voices)
    sung = [pitch[struck[:, voice], voice] + LOWEST - 1 for voice in range(4)]
    assert [[line.min(), line.max()] for line in sung] == vl.RANGES.tolist()
    mean = vl.voice_leading_table(bach.test)[list(vl.VOICE_LEADING)].mean()
    assert 1 < mean["parallel fifths"] < 2.5 and 0.2 < mean["parallel octaves"] < 1.5
    assert mean["final triad"] == 1 and mean["out of range"] < 0.001 and mean["crossing"] < 0.03
    assert mean["leading note"] > 0.85 and mean["doubled leading note"] < 0.02
