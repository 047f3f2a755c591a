"""Critics: who is trained on what, what they can't see, and whether they hear what is planted."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from musegen import corpus
from musegen.metrics import critics
from musegen.metrics.critics import CRITICS, judge
from musegen.song import Song, as_notes

CHORALES = corpus.load("chorales")
KNOWN = [song.resample(4) for song in CHORALES.training(60)]
UNSEEN = [song.resample(4) for song in CHORALES.test[:20]]


def note(pitch: int) -> Song:
    return Song(as_notes([0], [4], [pitch], [0]), 4, 4)


def in_octaves(song: Song) -> Song:
    """Let the tenor double the bass."""
    bass = song.notes[song.notes["voice"] == 3]
    tenor = as_notes(bass["onset"], bass["duration"], bass["pitch"] + 12, 2)
    notes = np.concatenate([song.notes[song.notes["voice"] != 2], tenor])
    return replace(song, notes=np.sort(notes, order=("onset", "pitch", "voice")))


def test_each_song_is_judged_once_by_a_critic_that_has_not_seen_it():
    asked = []  # of each seed two halves of the generated songs, then two of Bach's in their place

    def by_pitch(rows, machine, judged, seed):
        asked.append((rows, machine, judged))
        return np.array(judged)

    pitches = [60, 62, 64, 66], list(range(40, 50)), [61, 62, 65, 70]
    ours, known, unseen = ([note(pitch) for pitch in kind] for kind in pitches)
    critics = {"pitch": (lambda song: int(song.notes["pitch"][0]), by_pitch)}
    apart = {"clean": unseen, "twins": [note(67)] * 5}
    table = judge(ours, known, apart, 2, critics)
    clean, twins = (table.loc["pitch", kind] for kind in apart)
    assert clean["auc"] == (0 + 1.5 + 2 + 3) / 16  # 60, 62, 64, 66: lower ones
    assert clean["low"] < 6.5 / 16 < clean["high"] and twins["auc"] == 0
    assert clean[["bach", "bach low", "bach high"]].tolist() == [0, 0, 0]
    assert table[["songs", "unseen songs"]].to_numpy().tolist() == [[4, 4], [4, 5]]
    for machine in (asked[:2], asked[2:4], asked[4:6], asked[6:]):
        assert [len(judged) for _, _, judged in machine] == [11, 11]
        halves = [set(judged[:2]) for *_, judged in machine]
        for (rows, label, judged), other in zip(machine, halves[::-1], strict=True):
            assert set(np.array(rows)[label]) == other and judged[2:] == pitches[2] + [67] * 5
            assert len(set(rows)) == len(rows) and not set(rows) & set(judged[:2])
    assert sorted(np.array(asked[0][0])[~asked[0][1]]) == pitches[1]
    assert sum(~asked[4][1]) == 6  # four of the ten stand for the machine
    assert set(asked[0][2][:2]) not in [set(judged[:2]) for *_, judged in asked[2:4]]  # new halves


@pytest.mark.parametrize("name", CRITICS)
def test_no_critic_sees_key_tempo_title_upbeat_or_silence(name):
    song = UNSEEN[0]
    notes = song.notes.copy()
    notes["onset"] += 4
    disguised = replace(song, notes=notes, length=song.length + 23, tempo_qpm=90.0, title="another")
    one, other = (CRITICS[name][0](critics.heard(s)) for s in (song, disguised.transpose(1)))
    assert one == other if isinstance(one, str) else np.array_equal(one, other, equal_nan=True)
    assert critics.heard(disguised).length == song.length - 12  # the upbeat is a beat


def test_octaves_are_heard_and_bach_is_not_taken_for_a_machine():
    forest = {"voice leading": CRITICS["voice leading"]}
    apart = {"unseen": UNSEEN}
    table = judge([in_octaves(song) for song in KNOWN[:20]], KNOWN[20:], apart, 1, forest)
    told = table.loc["voice leading", "unseen"]
    assert told["low"] > 0.95 and told["songs"] == 20
    assert 0.2 < told["bach"] < 0.8


def test_all_four_are_asked():
    quick = CRITICS | {"GRU": (critics.events, partial(critics.gru, steps=2))}
    apart = {"unseen": UNSEEN[:6]}
    table = judge([in_octaves(song) for song in KNOWN[:6]], KNOWN[6:18], apart, 1, quick)
    assert table.index.levels[0].tolist() == sorted(CRITICS)
    assert table.loc[("n-grams", "unseen"), "auc"] > 0.8
    assert ((table["low"] <= table["auc"]) & (table["auc"] <= table["high"])).all()


def test_the_gru_learns_what_is_plain_the_same_way_each_time():
    rows = [np.full((80, 10), kind) + np.cumsum(critics.SIZES) - critics.SIZES for kind in (0, 1)]
    label = np.array([False, True] * 3)
    one, other = (critics.gru(rows * 3, label, rows, seed=0, steps=20) for _ in range(2))
    assert one[1] > one[0] + 1 and one.tolist() == other.tolist()


def test_too_few_songs_silent_ones_and_those_without_voices_are_refused():
    songs = [note(60)] * 4
    for generated in (songs[:3], [*songs, Song(as_notes([], [], []), 8, 4)]):
        with pytest.raises(ValueError, match="4 songs of each kind at least, each with a note"):
            judge(generated, songs, {"unseen": songs})
    bare = [Song(as_notes([0], [4], [60]), 4, 4, title="bare")] * 4
    with pytest.raises(ValueError, match="bare: each note needs a voice"):
        judge(bare, songs, {"unseen": songs}, critics={"n-grams": CRITICS["n-grams"]})
