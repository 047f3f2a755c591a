"""Training: what an epoch shows, runs that are kept, and runs that go on where they stopped."""

from dataclasses import replace

import numpy as np
import pytest

from musegen import config, corpus, training
from musegen.config import AEConfig, LSTMConfig, RunConfig
from musegen.training import checkpoint, loop
from musegen.training.batches import Bars, Sequences, Windows

AE = AEConfig(bars=2, hidden=(8, 4), bottleneck=6, latent=3, batch=4)
LSTM = LSTMConfig(layers=2, units=6, window=5, batch=16, chunks=4)
RUNS = {
    run.name: run
    for run in (
        RunConfig("ae", AE, 4, 6, "bars"),
        RunConfig("windows", LSTM, 4, 3, "windows"),
        RunConfig("sequences", LSTM, 4, 6, "sequences"),
    )
}


@pytest.fixture
def small(tmp_path, monkeypatch):
    """Use small networks on the collection that notebook 01 makes."""
    from musegen.corpus import made

    made.made_collection(tmp_path / "made", songs=12)
    monkeypatch.setenv("MUSEGEN_SOURCE", f"lpd5:{tmp_path / 'made'}")
    monkeypatch.setenv("MUSEGEN_BUILD", str(tmp_path / "build"))
    monkeypatch.setattr(config, "profile", lambda: config.Profile("quick", RUNS))


# --- What an epoch shows -------------------------------------------------------------------------


def test_the_window_of_bars_moves_on_by_a_bar_each_epoch_and_wraps_round():
    # A song of three bars; bar k sounds pitch k of its only step.
    cfg = AEConfig(bars=2, steps_per_bar=4, pitches=3)
    tensor = np.repeat(np.eye(3, dtype=bool)[:, None], 4, axis=1)
    bars = Bars([tensor], cfg)

    def shown(epoch):
        (batch,) = bars.epoch(epoch, seed=0)
        return batch.inputs[0, :, 0].argmax(axis=1).tolist()

    assert [shown(epoch) for epoch in range(4)] == [[0, 1], [1, 2], [2, 0], [0, 1]]
    assert bars.windows().shape == (3, 2, 4, 3)


def test_windows_show_each_window_once_an_epoch():
    songs = [np.arange(8), np.arange(100, 107)]
    batches = list(Windows(songs, replace(LSTM, batch=2)).epoch(0, seed=0))
    assert [len(batch.inputs) for batch in batches] == [2, 2, 1]
    shown = {
        (*x, y)
        for batch in batches
        for x, y in zip(batch.inputs.tolist(), batch.targets, strict=True)
    }
    assert shown == {
        *((0, 1, 2, 3, 4, 5), (1, 2, 3, 4, 5, 6), (2, 3, 4, 5, 6, 7)),
        *((100, 101, 102, 103, 104, 105), (101, 102, 103, 104, 105, 106)),
    }


@pytest.mark.parametrize("epoch", range(8))
def test_sequences_show_each_token_but_a_songs_first_once_as_target(epoch):
    songs = [np.arange(100, 118), np.arange(200, 204), np.arange(300, 306)]
    batches = list(Sequences(songs, LSTM).epoch(epoch, seed=0))
    targets = np.concatenate([b.targets[b.weights > 0] for b in batches])
    inputs = np.concatenate([b.inputs[b.weights > 0] for b in batches])
    assert sorted(targets) == [*range(101, 118), *range(201, 204), *range(301, 306)]
    np.testing.assert_array_equal(targets, inputs + 1)


def test_unknown_targets_weigh_nothing():
    song, known = np.arange(6), np.array([1, 1, 0, 1, 1, 1], bool)
    for way in (Sequences, Windows):
        (batch,) = way([song], replace(LSTM, window=2), [known]).heldout()
        assert 2 not in batch.targets[batch.weights > 0]
        assert batch.weights.sum() == {Sequences: 4, Windows: 3}[way]


# --- Runs ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", RUNS)
def test_a_run_is_kept_and_loads_into_the_reports_network(small, name):
    run = training.load_or_train(name)
    assert run.history.index.tolist() == list(range(1, RUNS[name].epochs + 1))
    assert (run.manifest["songs"], run.manifest["heldout"]) == (len(run.songs), len(run.heldout))
    assert run.heldout
    assert not (run.folder / "checkpoint.npz").exists()
    kept = {file.name: file.stat().st_mtime_ns for file in run.folder.iterdir()}
    again = training.load_or_train(name)
    assert {file.name: file.stat().st_mtime_ns for file in run.folder.iterdir()} == kept
    for ours, stored in zip(again.model.get_weights(), run.weights, strict=True):
        np.testing.assert_array_equal(ours, stored)
    if name != "ae":
        assert again.model.output_shape == (None, len(run.vocabulary))


@pytest.mark.parametrize("name", ["ae", "windows"])  # all ways, killed: tests/test_resume.py
def test_an_interrupted_run_goes_on_to_the_same_weights(small, name, monkeypatch, tmp_path):
    straight = training.load_or_train(name)
    monkeypatch.setenv("MUSEGEN_BUILD", str(tmp_path / "interrupted"))
    monkeypatch.setattr(loop, "SECONDS_BETWEEN_CHECKPOINTS", -1)
    save = checkpoint.save

    def save_and_stop(state, history, folder):
        save(state, history, folder)
        if len(history) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(checkpoint, "save", save_and_stop)
    with pytest.raises(KeyboardInterrupt):
        training.load_or_train(name)
    monkeypatch.setattr(checkpoint, "save", save)
    resumed = training.load_or_train(name)
    for ours, theirs in zip(resumed.weights, straight.weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert resumed.history.loss.tolist() == straight.history.loss.tolist()


def test_the_key_changes_with_configuration_and_music(small, monkeypatch, tmp_path):
    from musegen.corpus import made

    first = training.planned("ae").folder
    monkeypatch.setitem(RUNS, "ae", replace(RUNS["ae"], epochs=7))
    second = training.planned("ae").folder
    made.made_collection(tmp_path / "other", songs=9)
    monkeypatch.setenv("MUSEGEN_SOURCE", f"lpd5:{tmp_path / 'other'}")
    assert len({first, second, training.planned("ae").folder}) == 3


def test_only_the_autoencoder_leaves_out_songs_by_tempo(small):
    music = corpus.load(config.source())
    tempi = {song.title: song.tempo_qpm for song in music}
    assert any(not 110 <= tempo <= 130 for tempo in tempi.values())
    everything = replace(RUNS["ae"], songs=99)
    songs, _ = training.songs_for(everything)
    assert all(109.99 <= tempi[song.title] <= 130.01 for song in songs)
    songs, _ = training.songs_for(replace(RUNS["windows"], songs=99))
    assert [song.title for song in songs] == [s.title for s in music.training(len(music))]
    assert not set(song.title for song in songs) & set(s.title for s in music.validation)


def test_a_small_corpus_still_has_a_song_to_judge_by():
    keep = training._keep_one_out
    assert keep(["a", "b"], ["c"]) == (["a", "b"], ["c"])
    assert keep(["a", "b"], []) == (["a"], ["b"])


def test_a_network_without_usable_songs_says_so(small, monkeypatch):
    monkeypatch.setattr(training.preprocess, "why_not", lambda song, cfg: "too fast")
    with pytest.raises(ValueError, match="ae needs two songs that its network can use"):
        training.planned("ae")
