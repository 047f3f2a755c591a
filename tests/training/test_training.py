"""Training: what an epoch shows, which songs a run has, and runs that are kept."""

import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from trainer import LSTM, RUNS, settings

from musegen import config, corpus, generation, training
from musegen.config import AEConfig, Settings
from musegen.corpus import synthetic
from musegen.training import data
from musegen.training.data import Bars, Sequences, Windows


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """Read the collection that notebook more/other_songs makes."""
    return synthetic.made_collection(tmp_path_factory.mktemp("songs") / "made", songs=12)


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


def test_windows_show_each_window_once_an_epoch_and_none_crosses_songs():
    songs = [np.arange(8), np.arange(100, 107)]
    batches = list(Windows(songs, replace(LSTM, batch=2)).epoch(0, seed=0))
    assert [len(batch.inputs) for batch in batches] == [2, 2, 1]
    inputs, targets = (np.concatenate(part) for part in list(zip(*batches, strict=True))[:2])
    assert sorted(inputs.tolist()) == [[*range(at, at + 5)] for at in (0, 1, 2, 100, 101)]
    assert targets.tolist() == (inputs[:, -1] + 1).tolist()


@pytest.mark.parametrize("epoch", range(8))
def test_sequences_show_each_token_but_a_songs_first_once_as_target(epoch):
    songs = [np.arange(100, 118), np.arange(200, 204), np.arange(300, 306)]
    batches = list(Sequences(songs, LSTM).epoch(epoch, seed=0))
    targets = np.concatenate([b.targets[b.weights > 0] for b in batches])
    inputs = np.concatenate([b.inputs[b.weights > 0] for b in batches])
    assert sorted(targets) == [*range(101, 118), *range(201, 204), *range(301, 306)]
    np.testing.assert_array_equal(targets, inputs + 1)


@pytest.mark.parametrize(("way", "weight"), [(Sequences, 4), (Windows, 3)])
def test_unknown_targets_weigh_nothing(way, weight):
    song, known = np.arange(6), np.array([1, 1, 0, 1, 1, 1], bool)
    (batch,) = way([song], replace(LSTM, window=2), [known]).in_order()
    assert 2 not in batch.targets[batch.weights > 0]
    assert batch.weights.sum() == weight


# --- The songs of a run --------------------------------------------------------------------------


def test_only_the_autoencoder_leaves_out_songs_by_tempo(source):
    music = corpus.load(f"lpd5:{source}")
    tempi = {song.title: song.tempo_qpm for song in music}
    assert any(not 110 <= tempo <= 130 for tempo in tempi.values())
    songs = data.split(replace(RUNS["ae"], songs=99), music)
    assert all(109.99 <= tempi[song.title] <= 130.01 for song in songs.training + songs.test)
    songs = data.split(replace(RUNS["windows"], songs=99), music)
    assert len(songs.training) + len(songs.test) == len(music) and not songs.validation
    assert not {song.title for song in songs.training} & {song.title for song in songs.test}


# --- Runs ----------------------------------------------------------------------------------------


def test_the_key_changes_with_configuration_and_music(source, build, tmp_path):
    other = synthetic.made_collection(tmp_path / "other", songs=9)
    longer = replace(RUNS["ae"], epochs=7)
    runs = [(RUNS["ae"], source), (longer, source), (RUNS["ae"], other)]
    assert len({training.planned(cfg, settings(where)).folder for cfg, where in runs}) == 3


def test_the_environment_says_what_is_not_given(source, build, monkeypatch):
    monkeypatch.setenv("MUSEGEN_PROFILE", "smoke")
    monkeypatch.setenv("MUSEGEN_SOURCE", f"lpd5:{source}")
    run = training.planned("ae_10")
    assert (run.cfg, run.profile) == (config.SMOKE["ae_10"], "smoke")
    assert run.folder == training.planned("ae_10", settings(source)).folder
    monkeypatch.setenv("MUSEGEN_PROFILE", "papre")
    with pytest.raises(ValueError, match="profile is 'papre'; it must be report, smoke"):
        training.planned("ae_10")
    monkeypatch.delenv("MUSEGEN_PROFILE")
    monkeypatch.chdir(config.root() / "notebooks")
    monkeypatch.setenv("MUSEGEN_SOURCE", "midi:songs")
    monkeypatch.setenv("MUSEGEN_BUILD", "")
    assert config.default().source == f"midi:{config.root() / 'songs'}"
    assert config.build_dir() == config.root() / "build"
    monkeypatch.setenv("MUSEGEN_MINUTES", "18")
    runs = config.default().runs.values()
    assert {run.minutes for run in runs} == {2}
    assert {run.trainer for run in runs} == {"bars", "sequences", "pieces"}
    monkeypatch.setenv("MUSEGEN_DASK", "yes")
    with pytest.raises(ValueError, match="it must be tcp://HOST:PORT"):
        config.default()
    with pytest.raises(ValueError, match="minutes of training are -1; they must be above 0"):
        config.Settings(minutes=-1)


# --- What comes with musegen ---------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted({*config.REPORT} - {"ae_10"}))
def test_a_shipped_network_is_whole_and_what_is_configured(name):
    run = training.planned(name, Settings())
    assert run.folder == config.data_dir() / "runs" / name and run.finished()
    assert len(run.weights) == len(run.build().get_weights())
    assert len(run.history) == run.manifest["epochs"]
    about = [run.manifest[part] for part in ("songs", "validation", "test")]
    assert about == [len(run.songs), len(run.validation), len(run.test)]


def test_a_shipped_network_knows_what_its_history_says_and_plays_the_shipped_songs():
    run = training.planned("lstm_small_128", Settings())
    cut = run.tokens.cut(0).part(slice(640))
    right = run.model.predict(cut.inputs, verbose=0).argmax(axis=1) == cut.targets
    assert right.mean() > run.history["accuracy"].iloc[-1] - 0.05
    rng = np.random.default_rng(run.cfg.seed)
    seeds = generation.random_seeds(run, generation.SONGS, rng)[:2]
    played = generation.continue_tokens(run, seeds, rng, length=24)
    np.testing.assert_array_equal(played, generation.report_songs(run, "greedy")[:2, :24])


def test_a_backend_that_is_not_there_is_a_sentence():
    code = "from musegen.backend import load_keras; load_keras()"
    theano = {"env": os.environ | {"KERAS_BACKEND": "theano"}, "capture_output": True}
    run = subprocess.run([sys.executable, "-c", code], **theano, text=True)
    assert "ValueError: KERAS_BACKEND is theano, which is not installed" in run.stderr
