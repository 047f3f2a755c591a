"""Songs held against people's: planted faults are counted, and alike songs are not told apart."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from scipy.spatial.distance import cdist, pdist

from musegen import config, corpus, training
from musegen.metrics import Closeness, sets
from musegen.metrics.music import as_tokens
from musegen.metrics.people import Yardstick, last_bars
from musegen.song import Song, as_notes


def walk(seed: int, bars: int = 12, title: str = "") -> Song:
    """Eighth notes that go up and down by chance, as a person's song stands for here."""
    rng = np.random.default_rng(seed)
    pitch = 60 + np.cumsum(rng.integers(-2, 3, bars * 8)) % 12
    return Song(as_notes(np.arange(bars * 8), 1, pitch), bars * 8, 2, title=title or f"walk {seed}")


def one_note(bars: int = 12) -> Song:
    return Song(as_notes(np.arange(bars * 8), 1, 60), bars * 8, 2, title="one note")


LEARNT = [walk(seed) for seed in range(100, 140)]
BY = Yardstick([walk(seed) for seed in range(40)], LEARNT, LEARNT, as_tokens)


@pytest.fixture(autouse=True)
def few_trees(monkeypatch):
    monkeypatch.setattr(sets, "TREES", 40)
    monkeypatch.setattr(sets, "REPEATS", 2)


def test_the_last_eight_whole_bars_are_taken():
    song = walk(1, bars=12)
    longer = Song(song.notes, song.length + 3, 2)  # an unfinished bar at the end
    for one in (song, longer):
        (part,) = last_bars([one], lambda song: song)
        assert part.notes["pitch"].tolist() == song.notes["pitch"][32:].tolist()
    assert last_bars([walk(1, bars=7)], as_tokens) == []


def test_a_song_of_one_note_has_its_faults():
    table = BY.faults({"one note": [one_note()] * 3})
    assert table.loc["one note", ["few notes", "one chord", "loops"]].tolist() == [1, 1, 1]
    assert table.loc["one note", ["dissonant", "stray notes", "copied"]].tolist() == [0, 0, 0]
    assert table.loc["people"].max() <= 0.3


def test_a_copy_is_found_in_another_key():
    copies = [song.transpose(5) for song in LEARNT[:4]]
    table = BY.faults({"copies": copies})
    assert table.loc["copies", "copied"] == 1
    measured = BY.measures(copies)
    assert measured["shared"].tolist() == measured["shared notes"].tolist() == [64] * 4
    assert measured["passages"].tolist() == [1] * 4


def test_notes_are_compared_as_the_network_tells_them():
    held = [Song(as_notes(np.arange(48) * 2, 2, 60 + np.arange(48) % 7), 96, 2)]
    by = Yardstick(LEARNT[:1], LEARNT[:1], held, as_tokens)  # struck anew each eighth, both
    assert by.measures(held)["shared notes"].tolist() == [64]


def test_a_training_song_is_not_looked_up_in_itself():
    assert BY.measures(LEARNT[:1])["shared"].tolist() == [64]
    rest = BY.without(LEARNT[0])
    assert len(rest.library.songs) == len(LEARNT) - 1
    assert rest.measures(LEARNT[:1])["shared"].max() < 20
    assert rest.measures(LEARNT[1:2])["shared"].tolist() == [64]
    assert BY.without(one_note()).library.titles == BY.library.titles


def test_the_table_sets_medians_side_by_side():
    table = BY.table({"one note": [one_note()]})
    assert table.loc["pitches", "one note"] == 1
    assert table.loc["longest loop", "one note"] == 31
    assert (table.low <= table.people).all() and (table.people <= table.high).all()


def test_spreads_count_in_standard_deviations_of_people():
    table = BY.spreads({"one note": [one_note()] * 3, "people": BY.people})
    entropy = BY.of_people["entropy"]
    assert table.loc["entropy", "one note"] == pytest.approx(-entropy.mean() / entropy.std())
    assert table["people"].abs().max() < 1e-9
    assert table.loc["empty bars", "one note"] == 0  # people's songs have none either


def test_only_a_forest_that_is_told_lengths_can_tell_by_them():
    longer = [walk(seed, bars=30) for seed in range(300, 340)]
    untold, told = (sets.told_apart(longer, BY, length) for length in (False, True))
    assert untold.accuracy < 0.7 < 0.95 < told.accuracy


def test_songs_alike_are_not_told_apart_whatever_their_length():
    same = sets.told_apart([walk(seed, bars=12 + seed % 40) for seed in range(200, 240)], BY)
    assert same.low < 0.6 and same.accuracy < 0.7
    assert same.songs == 40


def test_another_kind_of_song_is_told_apart():
    other = [Song(as_notes(np.arange(96), 1, 60 + 7 * (np.arange(96) % 2)), 96, 2)] * 20
    verdict = sets.told_apart(other, BY)
    assert verdict.accuracy > 0.95 and verdict.low <= verdict.accuracy <= verdict.high


def test_distances_of_people_to_people_and_to_a_planted_loop():
    alike, loops = sets.distances(BY.others, BY), sets.distances([one_note()] * 10, BY)
    assert alike.loc["entropy", "overlap"] > 0.8 > 0.3 > loops.loc["entropy", "overlap"]
    assert alike.loc["entropy", "kl"] < 0.1 < loops.loc["entropy", "kl"]
    assert loops["own"].max() == 0
    assert alike.loc["density", ["people", "between", "overlap", "kl"]].tolist() == [0, 0, 1, 0]


def test_densities_that_do_not_touch_and_that_are_one():
    near, far = np.linspace(0, 1, 50), np.linspace(9, 10, 50)
    overlap, kl = sets._compared(near, far)
    assert overlap < 0.01 and kl > 5
    assert sets._compared(near, near) == (pytest.approx(1, abs=0.01), 0)


def top_line(song: Song) -> Song:
    """Keep the highest note of each onset: the melody of a chorale."""
    last = np.append(np.flatnonzero(np.diff(song.notes["onset"])), len(song.notes) - 1)
    return replace(song, notes=song.notes[last])


def compared_by_scipy(people, between, width=None):
    """Overlapping area and KL divergence by scipy's densities, summed far beyond their ends."""
    most = max(people.max(), between.max())
    x, step = np.linspace(-most, 2 * most, 4001, retstep=True)
    p, q = (
        stats.gaussian_kde(one, width and width / np.std(one, ddof=1))(x)
        for one in (people, between)
    )
    kl = (p * np.log((p + 1e-12) / (q + 1e-12))).sum() * step
    return np.minimum(p, q).sum() * step, kl


def test_densities_are_compared_as_scipy_would():
    """Held against the program of the paper, which takes scipy's `gaussian_kde`.

    With our width, the same for both densities, scipy gives the same to two digits. The program
    differs in three ways. It gives each density a width of its own, so that even two sets alike
    look different: up to 0.1 less overlap and 0.1 nats more divergence of Bach from Bach here,
    where few values are possible (range, bars repeated). It integrates from the least to the
    greatest distance and drops what the kernels spread beyond: half the area where most
    distances are 0. And it divides densities that it took at different points, each over its own
    range: of songs and melodies that share nothing it says 0.5 to 2 nats, where it is over 20.
    """
    bach = Yardstick.of(training.planned("lstm_small_128"))
    theirs = sets._vectors(bach.people)
    sources = {"songs": bach.others[:43], "melodies": [top_line(song) for song in bach.others[:43]]}
    for source, songs in sources.items():
        ours = sets._vectors(songs)
        for name in ("range", "entropy", "leaps", "polyphony", "bars repeated", "longest loop"):
            people, between = pdist(theirs[name]), cdist(ours[name], theirs[name]).ravel()
            found = sets._compared(people, between)
            width = np.std(people) * len(people) ** -0.2
            same = compared_by_scipy(people, between, width)
            assert found == pytest.approx(same, rel=0.01, abs=0.002), (source, name)
            own = compared_by_scipy(people, between)
            if source == "songs":
                assert own[0] <= found[0] < own[0] + 0.1, name
                assert found[1] - 0.001 < own[1] < found[1] + 0.1, name
            elif name in ("entropy", "polyphony"):
                assert found[0] < 0.01 and found[1] > 20


@pytest.mark.parametrize("name", ["ae_10", "ae_256", "lstm_small_128", "lstm_small_256"])
def test_the_yardstick_of_a_run_holds_no_song_that_it_learnt(name):
    run = training.planned(config.QUICK.runs[name])
    found = Yardstick.of(run)
    heldout = {song.title for song in corpus.load("chorales").validation}
    assert {song.title for song in found.people} <= heldout
    assert set(found.library.titles) == {song.title for song in run.songs}
    assert not heldout & {song.title for song in [*found.others, *run.songs]}
    if name.startswith("ae"):
        assert not heldout & {song.title for song, _ in Closeness(run).places}
    steps = 6 if name.startswith("ae") else 2
    assert {song.steps_per_beat for song in found.people} == {steps}
    assert {song.bars for song in found.people} == {8}


def test_a_handful_of_songs_gives_no_verdict():
    few = Yardstick([walk(1)], [walk(2)], [walk(2)], as_tokens)
    assert np.isnan(sets.told_apart([walk(3)] * 9, few).accuracy)
    assert sets.distances([walk(3)] * 9, few).isna().all(axis=None)
    none = Yardstick([walk(1, bars=3)], [walk(2)], [walk(2)], as_tokens)
    assert none.table({"one": [walk(3)]}).people.isna().all()
    assert none.faults({"one": [walk(3)]}).loc["people"].isna().all()
