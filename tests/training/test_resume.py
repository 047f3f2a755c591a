"""A training that is killed goes on to the same bits; what is broken gets a sentence."""

import errno
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import trainer
from trainer import RUNS, settings

from musegen import autoencoder, config, generation, metrics, training
from musegen.corpus import synthetic
from musegen.files import file_lock
from musegen.training import Run, loop, run_folder
from musegen.training.run_folder import CHECKPOINT, LOCK, WEIGHTS
from tools import ship


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return synthetic.made_collection(tmp_path_factory.mktemp("songs") / "made", songs=12)


def train(name, source):
    return training.load_or_train(RUNS[name], settings(source))


def result(run):
    """Give what a resumed run must share with the other: bits and history."""
    assert run.finished()
    assert not {CHECKPOINT, LOCK} & {path.name for path in run.folder.iterdir()}
    bits = {name: of for name, of in run.manifest["files"].items() if name != "history.csv"}
    return bits, run.history.drop(columns="seconds").to_csv()


@pytest.fixture(scope="module")
def straight(source, tmp_path_factory):
    """Give runs that nobody stopped."""

    @cache
    def straight(name):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("MUSEGEN_BUILD", str(tmp_path_factory.mktemp("straight")))
            return train(name, source)

    return straight


@pytest.mark.parametrize("name", ["ae", "windows", "sequences"])
def test_a_run_is_kept_and_loads_into_the_reports_network(name, source, straight, monkeypatch):
    run = straight(name)
    assert (run.source, run.profile) == (f"lpd5:{source}", "smoke")
    assert run.folder.parts[-3:-1] == ("runs", "smoke")
    assert run.history.index.tolist() == list(range(1, RUNS[name].epochs + 1))
    assert (run.manifest["songs"], run.manifest["test"]) == (len(run.songs), len(run.test))
    kept = {path.name: path.stat().st_mtime_ns for path in run.folder.iterdir()}
    assert set(kept) == {"manifest.json", *run.manifest["files"]}
    monkeypatch.setenv("MUSEGEN_BUILD", str(run.folder.parents[2]))
    again = train(name, source)
    assert {path.name: path.stat().st_mtime_ns for path in run.folder.iterdir()} == kept
    for ours, stored in zip(again.model.get_weights(), run.weights, strict=True):
        np.testing.assert_array_equal(ours, stored)


@pytest.mark.parametrize("name", ["ae", "windows", "four_voices"])
def test_what_is_shipped_is_the_run_rounded(name, source, straight, tmp_path, monkeypatch):
    run, cfg, to = straight(name), RUNS[name], tmp_path / "runs" / "lpd5" / name
    monkeypatch.setattr(config, "data_dir", lambda: tmp_path)
    (tmp_path / "lpd5_songs.csv").write_text("part,fingerprint,name\n")
    ship.copy(replace(run, source="chorales"), to)
    there = training.planned(cfg, settings(source))
    assert there.folder == to and there.finished() and there.history.equals(run.history)
    assert there.manifest["rounding"].startswith("8 bits: " if name == "ae" else "float16")
    for one, other in zip(run.weights, there.weights, strict=True):
        eight = name == "ae" and one.ndim == 2
        rounding = abs(one).max(axis=0) / 254 if eight else abs(one) / 1024
        assert (abs(other - one) <= rounding + 1e-6).all() and other.dtype == np.float32
    assert len(list(to.glob("songs-*.npy"))) == (2 if name == "windows" else 0)

    assert training.planned(cfg, settings(source), again=True).folder != to
    assert training.planned(replace(cfg, seed=1), settings(source)).folder != to
    forge(there, music="of other songs")
    assert training.planned(cfg, settings(source)).folder != to
    (to / WEIGHTS).write_bytes(b"")
    with pytest.raises(OSError, match="weights.npz is damaged"):
        Run(cfg, to).weights  # noqa: B018


@pytest.mark.parametrize("name", ["ae", "windows"])
def test_of_lpd5_only_what_is_played_is_shipped(name, source, straight, tmp_path, monkeypatch):
    # Its songs are not ours to give; what is measured on them is.
    run, to = straight(name), tmp_path / "runs" / "lpd5" / name
    monkeypatch.setattr(config, "data_dir", lambda: tmp_path)
    monkeypatch.setitem(config.RUNS_ON, "lpd5", RUNS)
    (tmp_path / "lpd5_songs.csv").write_text("part,fingerprint,name\n")
    ship.copy(run, to)
    there = training.shipped(name, "lpd5")
    assert there.about == f"{run.manifest['songs']} songs of LPD-5, {run.how_long}"
    if name == "windows":
        greedy = metrics.measure_songs(there).query("way == 'greedy'")
        songs = generation.report_songs(there, "greedy")
        assert greedy["kinds"].tolist() == [len(set(song.tolist())) for song in songs]
        copied = [metrics.copied_run(song, run.tokens.encoded).length for song in songs]
        assert greedy["copied"].tolist() == copied
        assert set(greedy["one chord?"]) <= {True, False}
        return
    for one, other in zip(generation.shown_songs(there), generation.shown_songs(run), strict=True):
        assert np.abs(one.probabilities - other.probabilities).max() < 0.05  # eight bits, twice
    assert there.manifest["nearest"][0][0] in [song.title for song in run.songs]
    assert not (to / WEIGHTS).exists()
    assert training.planned(RUNS[name], settings(source)).folder != to


# --- Stopped and killed --------------------------------------------------------------------------


# "ae" stops at a full disk and "sequences" is killed, both below.
@pytest.mark.parametrize("name", ["windows", "gan"])
def test_a_stopped_training_goes_on_to_the_same_bits(name, source, straight, build):
    expected = result(straight(name))
    stop(RUNS[name], source, 3)
    assert result(train(name, source)) == expected


def test_so_does_that_of_four_voices_but_for_rounding(source, straight, build):
    """On several threads TensorFlow adds some of its gradients in the order in which they come."""
    expected = straight("four_voices").history.drop(columns="seconds")
    stop(RUNS["four_voices"], source, 3)
    went_on = train("four_voices", source).history.drop(columns="seconds")
    np.testing.assert_allclose(went_on, expected, rtol=1e-3)


def stop(cfg, source, epochs: int):
    """Train and stop after a checkpoint."""
    save = run_folder.save_checkpoint

    def save_and_stop(state, history, folder):
        save(state, history, folder)
        if len(history) == epochs:
            raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "SECONDS_BETWEEN_CHECKPOINTS", -1)
        patch.setattr(run_folder, "save_checkpoint", save_and_stop)
        with pytest.raises(KeyboardInterrupt):
            training.load_or_train(cfg, settings(source))


def test_minutes_end_a_training_and_one_that_goes_on(source, build):
    cfg = replace(RUNS["sequences"], minutes=0.001)
    stop(cfg, source, 1)
    for one in (cfg, replace(cfg, seed=1)):
        run = training.load_or_train(one, settings(source))
        assert (run.manifest["epochs"], run.how_long) == (1, "0.001 min many-to-many")


def killed(name, source, step) -> int:
    """Train in a process that kills itself at a step, 0 for none; give how many steps it took."""
    command = [sys.executable, trainer.__file__, name, str(source), str(step)]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode in (0, -signal.SIGKILL), run.stderr
    return int(run.stdout or 0)


on_unix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")


@on_unix
def test_a_training_killed_while_it_writes_a_checkpoint(source, straight, build):
    folder = training.planned(RUNS["sequences"], settings(source)).folder
    killed("sequences", source, 120)
    left = {path.name for path in folder.iterdir()}
    assert CHECKPOINT in left and any(name.endswith(".part") for name in left)
    assert result(train("sequences", source)) == result(straight("sequences"))
    assert not list(folder.glob(".*.part"))


@pytest.mark.soak
@on_unix
@pytest.mark.parametrize("name", RUNS)
def test_a_training_killed_twenty_times(name, source, straight, tmp_path, monkeypatch):
    seed = time.time_ns()
    print(f"seed {seed}")  # shown if it fails
    rng = np.random.default_rng(seed)
    monkeypatch.setenv("MUSEGEN_BUILD", str(tmp_path / "count"))
    steps = killed(name, source, 0)
    for build in range(4):
        monkeypatch.setenv("MUSEGEN_BUILD", str(tmp_path / f"killed {build}"))
        for step in rng.integers(1, steps, 5):
            killed(name, source, step)
        assert result(train(name, source)) == result(straight(name))


def test_who_wants_a_run_that_another_trains_says_so_and_waits(source, build, capfd):
    folder = training.planned(RUNS["ae"], settings(source)).folder
    second = threading.Thread(target=train, args=("ae", source))
    with file_lock(folder / LOCK, "a job"):
        second.start()
        said, end = "", time.monotonic() + 60
        while "waits" not in said and time.monotonic() < end:
            time.sleep(0.05)
            said += capfd.readouterr().err
        other = "another process is at it; this one waits until it is done or stopped"
        assert said == f"training ae: {other}\n"
        assert second.is_alive() and not (folder / "config.json").exists()
    second.join()
    assert train("ae", source).finished()


# --- Disks ---------------------------------------------------------------------------------------


def test_a_full_disk_keeps_the_last_checkpoint(source, straight, build, monkeypatch):
    expected, fsync, written = result(straight("ae")), os.fsync, []

    def fills_up(descriptor):
        written.append(descriptor)
        if len(written) == 5:
            raise OSError(errno.ENOSPC, "No space left on device")
        fsync(descriptor)

    monkeypatch.setattr(loop, "SECONDS_BETWEEN_CHECKPOINTS", -1)
    monkeypatch.setattr(os, "fsync", fills_up)
    says = "checkpoint.npz cannot be written .No space left on device.; .*MUSEGEN_BUILD"
    with pytest.raises(OSError, match=says):
        train("ae", source)
    left = {path.name for path in training.planned(RUNS["ae"], settings(source)).folder.iterdir()}
    assert left == {"config.json", CHECKPOINT, LOCK}
    assert result(train("ae", source)) == expected


# --- Damaged and foreign -------------------------------------------------------------------------


class Trap:
    """Unpickled, it makes a folder."""

    def __reduce__(self):
        return os.mkdir, ("executed",)


TRAP = np.array([Trap()], object)


@pytest.fixture
def run(source, straight, build):
    """Give a finished run to damage."""
    folder = training.planned(RUNS["windows"], settings(source)).folder
    shutil.copytree(straight("windows").folder, folder)
    return train("windows", source)


def load_all(source):
    run = train("windows", source)
    return run.weights, run.vocabulary, run.history, run.manifest


FILES = ("config.json", "history.csv", "vocabulary.json", WEIGHTS)


@pytest.mark.parametrize(
    ("name", "missing"),  # without a manifest it is not finished
    [*((name, False) for name in (*FILES, "manifest.json")), *((name, True) for name in FILES)],
)
def test_a_damaged_or_missing_file_of_a_finished_run_is_named(name, missing, run, source):
    path = run.folder / name
    content = bytearray(path.read_bytes())
    content[90] ^= 1
    path.write_bytes(content)
    if missing:
        path.unlink()
    before = {path: path.read_bytes() for path in run.folder.iterdir()}
    with pytest.raises(OSError, match=f"{name} is damaged.*move the folder {run.folder.name}"):
        load_all(source)
    assert {path: path.read_bytes() for path in run.folder.iterdir()} == before


def forge(run, **changes):
    """Change what a manifest says."""
    run_folder.write_manifest(run.folder, run_folder.read_manifest(run.folder) | changes)


@pytest.mark.parametrize("changes", [{"format": 99}, {"folder": "ae_10-0123456789"}])
def test_a_run_of_another_version_gets_a_sentence(changes, run, source):
    forge(run, **changes)
    with pytest.raises(OSError, match="manifest.json is .* of another version"):
        load_all(source)


def test_weights_with_a_pickle_inside_execute_nothing(run, source, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.savez(tmp_path / "x.npz", TRAP)
    for content in ((tmp_path / "x.npz").read_bytes(), TRAP.dumps()):
        (run.folder / WEIGHTS).write_bytes(content)
        forge(run, files=run.manifest["files"] | {WEIGHTS: run_folder.hash_of(content)})
        with pytest.raises(OSError, match="weights.npz is damaged .*pickle"):
            load_all(source)
        assert not (tmp_path / "executed").exists()


def test_songs_of_a_run_are_kept_and_made_again_if_they_are_damaged(run):
    songs = generation.report_songs(run, "sampled")
    assert songs.shape == (64, 500)
    (kept,) = run.folder.glob("songs-sampled-*.npy")
    before = kept.stat().st_mtime_ns
    np.testing.assert_array_equal(generation.report_songs(run, "sampled"), songs)
    assert kept.stat().st_mtime_ns == before
    for damaged in (b"", kept.read_bytes()[:-1], TRAP.dumps()):
        kept.write_bytes(damaged)
        np.testing.assert_array_equal(generation.report_songs(run, "sampled"), songs)


@pytest.fixture
def state():
    """Give the variables of a network; all are to stay as they are."""
    model = autoencoder.build(trainer.AE)
    model.optimizer.build(model.trainable_variables)
    state = [*model.variables, *model.optimizer.variables]
    before = [variable.numpy().tobytes() for variable in state]
    yield state
    assert [variable.numpy().tobytes() for variable in state] == before


def test_a_damaged_checkpoint_is_a_sentence_and_stays(state, tmp_path):
    run_folder.save_checkpoint(state, [{"loss": 0.5}], tmp_path)
    path = tmp_path / CHECKPOINT
    good = path.read_bytes()
    for content in (b"", good[:100], good[: len(good) // 2], good[:-1], bytes(99) + good[99:]):
        path.write_bytes(content)
        with pytest.raises(OSError, match=f"{CHECKPOINT} is damaged .*move the folder"):
            run_folder.restore_checkpoint(state, tmp_path)
        assert path.read_bytes() == content


def test_a_checkpoint_of_another_version_is_a_sentence_and_stays(state, tmp_path, monkeypatch):
    run_folder.save_checkpoint(state, [{"loss": 0.5}], tmp_path)
    monkeypatch.setattr(run_folder, "made_with", lambda: {"tensorflow": "99.0"})
    with pytest.raises(OSError, match=r"of another version \(it was made with tensorflow"):
        run_folder.restore_checkpoint(state, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [CHECKPOINT]
