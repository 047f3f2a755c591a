"""A training that is killed goes on to the same bits; what is broken gets a sentence."""

import errno
import io
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import trainer
from trainer import RUNS, settings

from musegen import autoencoder, files, generation, training
from musegen.corpus import synthetic
from musegen.files import atomic_write, file_lock
from musegen.training import loop, run_folder
from musegen.training.run_folder import CHECKPOINT, LOCK, WEIGHTS


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return synthetic.made_collection(tmp_path_factory.mktemp("songs") / "made", songs=12)


def train(name, source):
    return training.load_or_train(RUNS[name], settings(source))


def result(run):
    """Give what a resumed run must share with the other: bits, history and songs."""
    assert run.finished()
    assert not {CHECKPOINT, LOCK} & {path.name for path in run.folder.iterdir()}
    rng = np.random.default_rng(1)
    if run.cfg.trainer == "frames":
        outlines = generation.sample_outlines(run, 2, rng)
        songs = [song.notes.tolist() for song in generation.held_songs(run, outlines, rng)]
    elif run.cfg.trainer == "bars":
        songs = [song.probabilities.tobytes() for song in generation.autoencoder_songs(run, 2, rng)]
    else:
        seeds = generation.random_seeds(run, 2, rng)
        songs = generation.continue_tokens(run, seeds, rng, length=30).tolist()
    weights = [array.tobytes() for epoch in run.epochs_kept for array in run.at(epoch).weights]
    return weights, run.history.drop(columns="seconds").to_csv(), songs


@pytest.fixture(scope="module")
def straight(source, tmp_path_factory):
    """Give the result of a training that nobody stops."""
    found, folder = {}, tmp_path_factory.mktemp("straight")

    def straight(name):
        if name not in found:
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("MUSEGEN_BUILD", str(folder))
                found[name] = result(train(name, source))
        return found[name]

    return straight


def stop_after(monkeypatch, epochs):
    """Keep a checkpoint an epoch, and stop behind that of an epoch."""
    save = run_folder.save_checkpoint

    def save_and_stop(state, history, folder):
        save(state, history, folder)
        if len(history) == epochs:
            raise KeyboardInterrupt

    monkeypatch.setattr(loop, "SECONDS_BETWEEN_CHECKPOINTS", -1)
    monkeypatch.setattr(run_folder, "save_checkpoint", save_and_stop)


# --- Stopped and killed --------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in RUNS if name != "ae"])  # see the full disk
def test_a_stopped_training_goes_on_to_the_same_bits(name, source, straight, build, monkeypatch):
    expected = straight(name)
    stop_after(monkeypatch, 3)
    with pytest.raises(KeyboardInterrupt):
        train(name, source)
    assert result(train(name, source)) == expected


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
    assert result(train("sequences", source)) == straight("sequences")
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
        assert result(train(name, source)) == straight(name)


def test_another_process_that_wants_the_run_waits_until_the_first_is_gone(
    source, straight, build, capfd
):
    lock = training.planned(RUNS["ae"], settings(source)).folder / LOCK
    code = (
        "import sys, pathlib; from musegen.files import file_lock\n"
        "with file_lock(pathlib.Path(sys.argv[1]), 'a job'): print(flush=True); input()"
    )
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    holder = subprocess.Popen([sys.executable, "-c", code, str(lock)], **pipes)
    holder.stdout.readline()
    second = threading.Thread(target=train, args=("ae", source))
    second.start()
    said, end = "", time.monotonic() + 60
    while "waits" not in said and time.monotonic() < end:
        time.sleep(0.05)
        said += capfd.readouterr().err
    assert said == (
        "training ae: another process is at it; this one waits until it is done or stopped\n"
    )
    assert second.is_alive() and not (lock.parent / "config.json").exists()
    holder.kill()
    holder.communicate()
    second.join()
    assert result(train("ae", source)) == straight("ae")


# --- Disks ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", sorted(files.REFUSALS))
def test_a_failed_write_names_the_file_and_leaves_the_one_before(number, tmp_path, monkeypatch):
    path = tmp_path / "a.txt"
    path.write_text("before")

    def full(descriptor):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError) as caught, atomic_write(path) as part:
        part.write_text("after")
    assert str(caught.value).startswith(f"{path} cannot be written ({os.strerror(number)})")
    assert "MUSEGEN_BUILD" in str(caught.value)
    assert [file.name for file in tmp_path.iterdir()] == ["a.txt"]
    assert path.read_text() == "before"


def test_a_full_disk_keeps_the_last_checkpoint(source, straight, build, monkeypatch):
    expected, fsync, written = straight("ae"), os.fsync, []

    def fills_up(descriptor):
        written.append(descriptor)
        if len(written) == 5:
            raise OSError(errno.ENOSPC, "No space left on device")
        fsync(descriptor)

    monkeypatch.setattr(loop, "SECONDS_BETWEEN_CHECKPOINTS", -1)
    monkeypatch.setattr(os, "fsync", fills_up)
    with pytest.raises(OSError, match="checkpoint.npz cannot be written .No space left on device"):
        train("ae", source)
    left = {path.name for path in training.planned(RUNS["ae"], settings(source)).folder.iterdir()}
    assert left == {"config.json", CHECKPOINT, LOCK}
    assert result(train("ae", source)) == expected


def test_a_lock_on_a_read_only_disk_is_a_sentence(tmp_path, monkeypatch):
    def read_only(*args, **kwargs):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(os, "open", read_only)
    sentence = "a.lock cannot be written .Read-only file system"
    with pytest.raises(OSError, match=sentence), file_lock(tmp_path / "a.lock", "a job"):
        pass


# --- Damaged and foreign -------------------------------------------------------------------------


class Trap:
    """Unpickled, it makes a folder."""

    def __reduce__(self):
        return os.mkdir, ("executed",)


@pytest.fixture(scope="module")
def finished(source, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MUSEGEN_BUILD", str(tmp_path_factory.mktemp("finished")))
        return train("windows", source)


@pytest.fixture
def run(finished, source, monkeypatch):
    """Give a finished run; its files are as they were after the test."""
    monkeypatch.setenv("MUSEGEN_BUILD", str(finished.folder.parents[2]))
    before = {path: path.read_bytes() for path in finished.folder.iterdir()}
    yield finished
    for path, content in before.items():
        path.write_bytes(content)


def load_all(source):
    run = train("windows", source)
    return run.weights, run.vocabulary, run.history, run.manifest


FLIP = lambda content: content[:90] + bytes([content[90] ^ 1]) + content[91:]  # noqa: E731
SHORTEN = lambda content: content[:-1]  # noqa: E731
FILES = ("config.json", "history.csv", "vocabulary.json", WEIGHTS)


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        *((name, damage) for name in (*FILES, "manifest.json") for damage in (FLIP, SHORTEN)),
        *((name, None) for name in FILES),  # without a manifest it is not finished
    ],
)
def test_a_damaged_or_missing_file_of_a_finished_run_is_named(name, damage, run, source):
    path = run.folder / name
    if damage:
        path.write_bytes(damage(path.read_bytes()))
    else:
        path.unlink()
    before = {path: path.read_bytes() for path in run.folder.iterdir()}
    with pytest.raises(OSError) as caught:
        load_all(source)
    assert str(caught.value).startswith(f"{run.folder / name} is damaged (")
    assert f"delete the folder {run.folder.name} or move it away" in str(caught.value)
    assert {path: path.read_bytes() for path in run.folder.iterdir()} == before


def forge(run, **changes):
    """Change a manifest so that its hash is right again."""
    run_folder.write_manifest(run.folder, run_folder.read_manifest(run.folder) | changes)


@pytest.mark.parametrize("changes", [{"format": 1}, {"format": 99}, {"folder": "ae_10-0123456789"}])
def test_a_run_of_another_version_gets_a_sentence(changes, run, source):
    forge(run, **changes)
    with pytest.raises(OSError, match="manifest.json was made by another version of musegen"):
        load_all(source)


def test_weights_with_a_pickle_inside_execute_nothing(run, source, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    trap = np.array([Trap()], object)
    np.savez(tmp_path / "x.npz", trap)
    for content in ((tmp_path / "x.npz").read_bytes(), trap.dumps()):
        (run.folder / WEIGHTS).write_bytes(content)
        hashes = run.manifest["files"] | {WEIGHTS: run_folder.hash_of(content)}
        forge(run, files=hashes)
        with pytest.raises(OSError, match="weights.npz is damaged .it holds a pickle, which is"):
            load_all(source)
        assert not (tmp_path / "executed").exists()


def test_damaged_songs_of_a_run_are_made_again(run):
    songs = generation.report_songs(run, n=1)
    (kept,) = run.folder.glob("songs-1-*.npy")
    for damaged in (b"", kept.read_bytes()[:-1], np.array([Trap()], object).dumps()):
        kept.write_bytes(damaged)
        np.testing.assert_array_equal(generation.report_songs(run, n=1), songs)
    kept.unlink()


@pytest.fixture
def state():
    """Give the variables of a network; all are to stay as they are."""
    model = autoencoder.build(trainer.AE)
    model.optimizer.build(model.trainable_variables)
    state = [*model.variables, *model.optimizer.variables]
    before = [variable.numpy().tobytes() for variable in state]
    yield state
    assert [variable.numpy().tobytes() for variable in state] == before


def damaged_checkpoints(content: bytes, tmp_path: Path):
    """Yield what may become of a checkpoint, and what was never one of this network."""
    yield from (content[:size] for size in (0, 1, 100, len(content) // 2, len(content) - 1))
    yield from (content[:at] + bytes(len(content) - at) for at in range(0, 300, 20))
    with np.load(io.BytesIO(content)) as stored:
        good = dict(stored)
    for wrong in (np.zeros((2, 3), np.float32), np.zeros_like(good["arr_0"], np.float64)):
        np.savez(tmp_path / "x.npz", **good | {"arr_0": wrong})
        yield (tmp_path / "x.npz").read_bytes()
    np.savez(tmp_path / "x.npz", **good | {"arr_0": np.array([Trap()], object)})
    yield (tmp_path / "x.npz").read_bytes()
    yield np.array([Trap()], object).dumps()


def test_a_damaged_checkpoint_is_a_sentence_and_stays(state, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run_folder.save_checkpoint(state, [{"loss": 0.5}], tmp_path)
    path = tmp_path / CHECKPOINT
    for content in damaged_checkpoints(path.read_bytes(), tmp_path):
        path.write_bytes(content)
        with pytest.raises(OSError) as caught:
            run_folder.restore_checkpoint(state, tmp_path)
        assert str(caught.value).startswith(f"{path} is damaged (")
        assert f"delete the folder {tmp_path.name} or move it away" in str(caught.value)
        assert path.read_bytes() == content
    assert not (tmp_path / "executed").exists()


def test_a_checkpoint_of_other_libraries_is_a_sentence_and_stays(state, tmp_path, monkeypatch):
    folder = tmp_path / "mine"
    run_folder.save_checkpoint(state, [{"loss": 0.5}], folder)
    monkeypatch.setattr(run_folder, "made_with", lambda: {"tensorflow": "99.0"})
    with pytest.raises(OSError, match="was made by another version of musegen or its libraries"):
        run_folder.restore_checkpoint(state, folder)
    assert [path.name for path in folder.iterdir()] == [CHECKPOINT]
