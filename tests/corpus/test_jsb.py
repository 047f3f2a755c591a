"""The literature's split of the chorales: out of music21, out of its own file, and what differs."""

import json

import numpy as np
import pandas as pd
import pytest

from musegen.corpus import jsb
from musegen.four_voices import LOWEST, table
from musegen.metrics import nats_table, voice_bigram
from tools import yardstick


def piece(columns, part="training", twin=False):
    """Write a piece by its four voices, a pitch a sixteenth."""
    pitches = np.array(columns, np.int16).T
    row = {"split": part, "piece": 0, "twin": str(int(twin))}
    return jsb.as_piece("", row, np.pad(pitches, ((0, 0), (0, 5))))


def midi_numbers(piece):
    """Write a piece as the public file has it."""
    pitch = table(piece.song, 4).pitch
    return np.where(pitch, pitch + LOWEST - 1, -1).tolist()


@pytest.fixture(scope="module")
def pieces():
    """The pieces that music21 has: read once, then in the cache."""
    return jsb.load()


def test_the_split_is_the_literatures_but_for_what_music21_lacks(pieces):
    parts = pd.Series([one.part for one in pieces]).value_counts()
    assert parts.to_dict() == {"training": 210, "test": 69, "validation": 68}
    assert sum(one.twin for one in pieces) == 26


def test_a_piece_of_music21(pieces):
    first = next(one.song for one in pieces if one.song.title == "bwv360")
    rows = table(first, 4)
    assert (rows.pitch[[0, 4, 6]] + LOWEST - 1).tolist() == [
        [74, 70, 62, 58],
        [75, 70, 58, 55],
        [75, 70, 60, 55],
    ]
    assert first.length == 192
    assert rows.struck[:7].tolist() == [[True] * 4, *[[False] * 4] * 3, [True] * 4,
                                         [False] * 4, [False, False, True, False]]  # fmt: skip
    assert first.fermatas[:2] == (28, 56)


def test_the_public_file_is_read_and_held_against_music21(pieces, tmp_path):
    theirs = {"train": 229, "valid": 76, "test": 77}
    content = {name: [[[60, 57, 53, 48]] * 2] * number for name, number in theirs.items()}
    ours = next(one for one in pieces if (one.part, one.place) == ("test", 2))
    changed = midi_numbers(ours)
    changed[9][3] += 1
    content["test"][2] = changed
    for one in pieces:
        if one is not ours:
            content[yardstick.PARTS[one.part]][one.place] = midi_numbers(one)
    path = tmp_path / "Jsb16thSeparated.json"
    path.write_text(json.dumps(content))
    found = yardstick.differences(path).set_index(["part", "piece"])
    assert found.loc[("test", 2)].to_dict() == {
        "file": ours.song.title, "notes": 4 * ours.song.length, "other": 1, "first": 9.0,
    }  # fmt: skip
    without = found[found["file"] == ""]
    assert len(without) == 382 - 347
    assert (without["other"] == without["notes"]).all()
    assert found.drop(("test", 2)).loc[found["file"] != "", "other"].sum() == 0


def test_another_file_is_refused(tmp_path):
    path = tmp_path / "x.json"
    path.write_text('{"train": []}')
    with pytest.raises(ValueError, match=r"x\.json is not the JSB chorales in sixteenths"):
        yardstick.public(path)


def test_nats_are_counted_over_notes_not_pieces():
    short, long = piece([[60], [57], [53], [48]]), piece([[60, 60]] * 4, twin=True)
    table = nats_table([short, long], [np.log(np.full((1, 4), 0.5)), np.log(np.full((2, 4), 0.25))])
    assert table["notes"].tolist() == [12, 4, 8]
    assert table["nats a note"].tolist() == pytest.approx(
        [(4 * np.log(2) + 8 * np.log(4)) / 12, np.log(2), np.log(4)]
    )
    assert table["nats a frame"].tolist() == pytest.approx(4 * table["nats a note"])


def test_the_bigram_of_voices_by_hand():
    # Each voice: start, 60, 60, 62. Counts: start-60, 60-60, 60-62; frequencies of what was seen:
    # start 1/4, 60 2/4, 62 1/4. Witten and Bell: (count + kinds * frequency) / (total + kinds).
    (log_p,) = voice_bigram([piece([[60, 60, 62]] * 4)], [piece([[60, 62]] * 4)])
    first = (1 + 1 * 2 / 4) / (1 + 1)
    then = (1 + 2 * 1 / 4) / (2 + 2)
    assert np.exp(log_p) == pytest.approx(np.array([[first] * 4, [then] * 4]))
