"""Songs held against people's: planted artefacts are counted, songs alike are not told apart."""

import numpy as np
import pytest

from musegen import config, corpus, training
from musegen.metrics import NearestWindow, ReferenceCorpus, as_tokens, reference
from musegen.song import Song, as_notes


def walk(seed: int, bars: int = 12) -> Song:
    """Eighth notes that go up and down by chance, as a person's song stands for here."""
    rng = np.random.default_rng(seed)
    pitch = 60 + np.cumsum(rng.integers(-2, 3, bars * 8)) % 12
    return Song(as_notes(np.arange(bars * 8), 1, pitch), bars * 8, 2, title=f"walk {seed}")


ONE_NOTE = Song(as_notes(np.arange(96), 1, 60), 96, 2, title="one note")
TRAINED_ON = [walk(seed) for seed in range(100, 140)]
PEOPLE = ReferenceCorpus([walk(seed) for seed in range(40)], TRAINED_ON, TRAINED_ON, as_tokens)


@pytest.fixture(autouse=True)
def few_trees(monkeypatch):
    monkeypatch.setattr(reference, "TREES", 40)
    monkeypatch.setattr(reference, "REPEATS", 2)


def test_the_last_eight_whole_bars_are_taken():
    song = walk(1, bars=12)
    unfinished = Song(song.notes, song.length + 3, 2)  # a bar of three eighths at the end
    plain = ReferenceCorpus([song, unfinished, walk(1, bars=7)], [], [], lambda song: song)
    assert len(plain.reference) == 2  # seven bars are too few
    for part in plain.reference:
        assert part.notes["pitch"].tolist() == song.notes["pitch"][32:].tolist()


def test_a_song_of_one_note_has_its_artefacts():
    found = PEOPLE.has_artefacts(PEOPLE.measures([ONE_NOTE])).loc[0]
    assert found[found].index.tolist() == ["few notes", "one chord", "loops"]
    assert PEOPLE.has_artefacts(PEOPLE.reference_measures).mean().max() <= 0.3


def test_a_copy_is_found_in_another_key():
    copies = [song.transpose(5) for song in TRAINED_ON[:4]]
    measured = PEOPLE.measures(copies)
    assert PEOPLE.has_artefacts(measured)["copied"].all()
    assert measured["shared"].tolist() == measured["shared notes"].tolist() == [64] * 4
    assert measured["passages"].tolist() == [1] * 4


def test_notes_are_compared_as_the_network_tells_them():
    held = [Song(as_notes(np.arange(48) * 2, 2, 60 + np.arange(48) % 7), 96, 2)]
    struck = ReferenceCorpus(TRAINED_ON[:1], TRAINED_ON[:1], held, as_tokens)
    assert struck.measures(held)["shared notes"].tolist() == [64]  # anew each eighth, both


def test_a_training_song_is_not_looked_up_in_itself():
    assert PEOPLE.measures(TRAINED_ON[:1])["shared"].tolist() == [64]
    rest = PEOPLE.without(TRAINED_ON[0])
    assert rest.measures(TRAINED_ON[:1])["shared"].max() < 20
    assert rest.measures(TRAINED_ON[1:2])["shared"].tolist() == [64]
    assert len(PEOPLE.without(ONE_NOTE).index.songs) == len(TRAINED_ON)


def test_a_forest_does_not_tell_by_the_length_of_a_song():
    longer = [walk(seed, bars=30) for seed in range(300, 340)]
    found = reference.two_sample_accuracy(longer, PEOPLE)
    assert found.low < 0.6 and found.accuracy < 0.7 and found.songs == 40


def test_a_handful_of_songs_gives_no_verdict():
    few = ReferenceCorpus([walk(1)], [walk(2)], [walk(2)], as_tokens)
    assert np.isnan(reference.two_sample_accuracy([walk(3)] * 9, few).accuracy)
    none = ReferenceCorpus([walk(1, bars=3)], [walk(2)], [walk(2)], as_tokens)
    assert not len(none.has_artefacts(none.reference_measures))


# --- Test songs are songs that no network has seen -----------------------------------------------


@pytest.mark.parametrize("name", ["ae_10", "ae_256", "lstm_small_128", "lstm_small_256"])
def test_the_reference_of_a_run_holds_no_song_that_it_is_trained_on(name):
    run = training.planned(config.REPORT[name])
    found = ReferenceCorpus.of(run)
    unseen = {song.title for song in corpus.load("chorales").test}
    assert {song.title for song in found.reference} <= unseen
    assert [song.title for song in found.index.songs] == [song.title for song in run.songs]
    assert not unseen & {song.title for song in [*found.others, *run.songs]}
    if name.startswith("ae"):
        assert not unseen & {song.title for song, _ in NearestWindow(run).places}
    else:
        seen = {int(place) for song in run.tokens.encoded for place in song}
        assert seen == set(range(len(run.vocabulary)))  # nothing that no training song holds
    steps = 6 if name.startswith("ae") else 2
    assert {(song.steps_per_beat, song.bars) for song in found.reference} == {(steps, 8)}
