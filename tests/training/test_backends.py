"""One network on every backend of Keras that is installed: the same logits, wherever it learnt."""

import importlib.util
import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest
import trainer

from musegen import backend, config, generation, training
from musegen.corpus import made
from musegen.training import checkpoint, store

# Trains what is missing and says what the network expects after some tokens, in a fresh process.
PREDICT = """
import json, sys
sys.path.insert(0, "tests")
import trainer
from musegen import config, training
config.profile = trainer.profile
run = training.load_or_train("small_sequences")
tokens = json.loads(sys.argv[1])
import numpy as np
expected = run.model.predict(np.array(tokens), verbose=0)
print(json.dumps(expected.tolist()))
"""
# Trains with a checkpoint an epoch and kills itself, as kill -9 does, when there are so many.
KILLED = """
import os, signal, sys
sys.path.insert(0, "tests")
import trainer
from musegen import config, training
from musegen.training import checkpoint, loop
config.profile = trainer.profile
loop.SECONDS_BETWEEN_CHECKPOINTS = -1
save = checkpoint.save
def save_and_die(state, history, folder):
    save(state, history, folder)
    if len(history) == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)
checkpoint.save = save_and_die
training.load_or_train(sys.argv[1])
"""
TOKENS = [[0, 1, 2, 0, 1], [2, 2, 1, 0, 0], [1, 0, 2, 1, 2]]


def child(name: str, *command: str) -> subprocess.CompletedProcess:
    """Run a script on a backend; the build folder is the environment's."""
    if not importlib.util.find_spec(name):
        pytest.skip(f"{name} is not installed; `make backends` does it")
    return subprocess.run(
        [sys.executable, "-c", *command],
        cwd=config.root(),
        env=os.environ | {"KERAS_BACKEND": name},
        capture_output=True,
        text=True,
    )


def predicted(name: str) -> np.ndarray:
    """Ask a backend what it expects."""
    run = child(name, PREDICT, json.dumps(TOKENS))
    assert run.returncode == 0, run.stderr
    return np.array(json.loads(run.stdout.splitlines()[-1]))


@pytest.fixture
def music(tmp_path, monkeypatch):
    source = made.made_collection(tmp_path / "made", songs=12)
    for name, value in trainer.settings(source, tmp_path / "build").items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(config, "profile", trainer.profile)


@pytest.mark.parametrize(
    ("learns", "plays"),
    [
        *[("tensorflow", "jax"), ("jax", "tensorflow"), ("jax", "torch")],
        *[("torch", "tensorflow"), ("torch", "jax"), ("tensorflow", "torch")],
    ],
)
def test_what_one_learnt_another_plays(music, learns, plays):
    here, there = predicted(learns), predicted(plays)
    assert np.log(here) == pytest.approx(np.log(there), abs=1e-4)
    run = training.planned("small_sequences")
    assert learns in run.manifest  # the version it learnt on
    window = generation.SlidingWindow(run, len(TOKENS))
    for places in np.array(TOKENS).T:
        logits = window.feed(places)
    assert np.log(generation.softmax(logits)) == pytest.approx(np.log(here), abs=1e-4)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
@pytest.mark.parametrize("learns", ["jax", "torch"])  # tests/test_resume.py kills TensorFlow
@pytest.mark.parametrize("name", ["ae_bars", "deep_sequences"])
def test_a_killed_training_ends_with_the_same_bits(learns, name, music, tmp_path, monkeypatch):
    results = []
    for folder, kills in (("straight", []), ("killed", [3, 7])):
        monkeypatch.setenv("MUSEGEN_BUILD", str(tmp_path / folder))
        for epoch in kills:
            assert child(learns, KILLED, name, str(epoch)).returncode == -signal.SIGKILL
        run = training.planned(name)
        assert len(kills) == len([*run.folder.glob("checkpoint*.npz")])  # the last two are kept
        ended = child(learns, KILLED, name, "-1")
        assert ended.returncode == 0, ended.stderr
        history = run.history.drop(columns="seconds").to_csv()
        results.append(([array.tobytes() for array in run.weights], history))
    assert results[0] == results[1]


def test_a_training_goes_on_only_where_it_began(music, monkeypatch):
    run = training.planned("small_sequences")
    model = training.build(run, every_position=True)
    model.optimizer.build(model.trainable_variables)
    state = [*model.variables, *model.optimizer.variables]
    checkpoint.save(state, [{"epoch": 1}], run.folder)
    here = backend.name()
    monkeypatch.setattr(store, "made_with", lambda: {"another": "1.0"})
    with pytest.raises(OSError, match=f"libraries .{here} .*, keras .*, numpy .*it stays as it is"):
        checkpoint.restore(state, run.folder)


def test_a_backend_that_nobody_knows_is_a_sentence(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "theano")
    with pytest.raises(ValueError, match="KERAS_BACKEND is 'theano'; it must be tensorflow, jax"):
        backend.name()


def test_a_backend_that_is_not_there_is_a_sentence(monkeypatch):
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    backend.load_keras.cache_clear()
    with pytest.raises(ValueError, match="not installed: .*-r requirements-torch.lock"):
        backend.load_keras()
    backend.load_keras.cache_clear()
