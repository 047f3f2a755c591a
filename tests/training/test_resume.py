"""A training that is killed goes on to the same bits; what is broken gets a sentence."""

import errno
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import trainer

from musegen import config, files, generation, training
from musegen.corpus import made
from musegen.files import one_process, whole
from musegen.training import checkpoint, loop, store

FINISHED = {"config.json", "history.csv", "manifest.json", "weights.npz"}


@pytest.fixture(scope="module")
def songs(tmp_path_factory):
    return made.made_collection(tmp_path_factory.mktemp("songs") / "made", songs=12)


@pytest.fixture
def use(songs, monkeypatch):
    """Let this process see the runs of a build folder."""
    monkeypatch.setattr(config, "profile", trainer.profile)

    def use(build: Path) -> None:
        for name, value in trainer.settings(songs, build).items():
            monkeypatch.setenv(name, value)

    return use


# --- Killed processes ----------------------------------------------------------------------------

forks = pytest.mark.skipif(sys.platform != "linux", reason="forking is safe with TensorFlow here")


@dataclass
class Trainer:
    """The process of tests/trainer.py."""

    process: subprocess.Popen
    songs: Path

    def ask(self, **order):
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def start(self, name: str, build: Path, log: str = "log", **how) -> int:
        build.mkdir(parents=True, exist_ok=True)
        (build / log).touch()
        where = {"made": str(self.songs), "build": str(build), "log": str(build / log)}
        return self.ask(train={"name": name, **where, **how})

    def end(self, pid: int) -> int:
        return self.ask(wait=pid)


@pytest.fixture(scope="module")
def children(songs):
    with subprocess.Popen(
        [sys.executable, trainer.__file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | trainer.settings(songs, songs.parent),
    ) as process:
        yield Trainer(process, songs)
        process.stdin.close()


def result(name: str):
    """Give what the resumed run must share with the other: bits, history and songs."""
    run = training.planned(name)
    assert store.finished(run.folder)
    present = {path.name for path in run.folder.iterdir()}
    snapshots = {store.SNAPSHOT.format(epoch) for epoch in run.cfg.snapshots}
    own = {"ae": None, "held": "outlines.json"}.get(name.split("_")[0], "vocabulary.json")
    assert present == FINISHED | snapshots | {own} - {None}
    rng = np.random.default_rng(1)
    if own == "outlines.json":
        songs = generation.held_songs(run, generation.draw_outlines(run, 2, rng), rng)
        made = [song.notes.tolist() for song in songs]
    elif own is None:
        made = [song.probabilities.tobytes() for song in generation.autoencoder_songs(run, 2, rng)]
    else:
        seeds = generation.random_seeds(run, 2, rng)
        made = generation.continue_tokens(run, seeds, rng, length=30).tolist()
    history = run.history.drop(columns="seconds")
    weights = [array.tobytes() for epoch in run.epochs_kept for array in run.at(epoch).weights]
    return weights, history.to_csv(), made


def kill_and_compare(name, kills, children, use, tmp_path, rng):
    """Kill trainings by the clock and at steps until it is enough; each must end as if not."""
    begin = time.monotonic()
    assert children.end(children.start(name, tmp_path / "straight")) == 0
    seconds = time.monotonic() - begin
    steps = int((tmp_path / "straight" / "log").read_text().split()[0])
    use(tmp_path / "straight")
    expected = result(name)

    done, halves, builds, going_on = 0, 0, 0, 0
    while done < kills:
        build, builds = tmp_path / f"killed {builds}", builds + 1
        use(build)
        folder = training.planned(name).folder
        for _ in range(min(5, kills - done)):
            going_on += any(folder.glob("checkpoint*.npz"))
            if done % 2:  # by the clock
                pid = children.start(name, build)
                time.sleep(rng.uniform(0, seconds))
                os.kill(pid, signal.SIGKILL)  # no error if it has ended: nobody waited for it yet
            else:  # between two things done to files, or half-way through a checkpoint
                pid = children.start(name, build, step=int(rng.integers(1, steps)))
            ended = children.end(pid)
            assert ended in (0, -signal.SIGKILL), (build / "log").read_text()
            if ended == 0:
                seconds *= 0.7  # the machine is faster now: aim earlier
                break
            done += 1
            halves += any(folder.glob(".*.part"))
        assert children.end(children.start(name, build)) == 0, (build / "log").read_text()
        assert result(name) == expected
    print(
        f"\n{name}: {done} kills in {builds} trainings, {halves} while writing, "
        f"{going_on} starts from a checkpoint; all ended with the same bits"
    )


@forks
@pytest.mark.parametrize("name", trainer.RUNS)
@pytest.mark.parametrize("kills", [2, pytest.param(20, marks=pytest.mark.soak)])
def test_a_killed_training_ends_with_the_same_bits(name, kills, children, use, tmp_path, capsys):
    seed = time.time_ns()
    print(f"seed {seed}")  # the steps come again with it, the moments by the clock do not
    kill_and_compare(name, kills, children, use, tmp_path, np.random.default_rng(seed))
    with capsys.disabled():
        print(capsys.readouterr().out.splitlines()[-1])


@forks
def test_the_second_process_on_a_run_says_whom_it_waits_for(children, use, tmp_path):
    build = tmp_path / "build"
    use(build)
    folder = training.planned("ae_bars").folder
    first = children.start("ae_bars", build)
    until(lambda: (folder / "training.lock").exists() and (folder / "config.json").exists())
    os.kill(first, signal.SIGSTOP)
    second = children.start("ae_bars", build, "log 2")
    until(lambda: "waits" in (build / "log 2").read_text())
    sentence = f"training ae_bars: process {first} is at it; this one waits until it is done"
    assert sentence in (build / "log 2").read_text()
    os.kill(first, signal.SIGKILL)
    assert children.end(first) == -signal.SIGKILL
    assert children.end(second) == 0
    result("ae_bars")


def until(true, seconds=60):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


@forks
def test_a_full_disk_keeps_the_last_checkpoint(children, use, tmp_path, small_disk):
    use(small_disk)
    straight = tmp_path / "straight"
    assert children.end(children.start("ae_bars", straight)) == 0
    assert children.end(children.start("ae_bars", small_disk, step=400)) == -signal.SIGKILL
    folder = training.planned("ae_bars").folder
    before = (folder / checkpoint.LATEST).read_bytes()
    filler = small_disk / "runs" / "filler"
    with pytest.raises(OSError, match="No space"), filler.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    os.truncate(filler, filler.stat().st_size - 100_000)  # room for a part of a checkpoint
    assert children.end(children.start("ae_bars", small_disk)) == 1
    said = (small_disk / "log").read_text()
    path = folder / checkpoint.LATEST
    assert said.startswith(f"{path} cannot be written (No space left on device); make room or")
    assert said.count("\n") == 1
    assert (folder / checkpoint.LATEST).read_bytes() == before
    assert not [*folder.glob(".*.part")]
    filler.unlink()
    assert children.end(children.start("ae_bars", small_disk)) == 0
    resumed = result("ae_bars")
    use(straight)
    assert result("ae_bars") == resumed


# --- Disks ---------------------------------------------------------------------------------------


def mounted(folder: Path) -> Path:
    """Mount a disk of memory with room for little more than a checkpoint."""
    folder.mkdir(parents=True)
    command = ["mount", "-t", "tmpfs", "-o", "size=2m", "none", str(folder)]
    if sys.platform != "linux" or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("only root on Linux mounts disks")
    return folder


@pytest.fixture
def small_disk(tmp_path):
    """Give a build folder whose runs lie on a small disk."""
    folder = mounted(tmp_path / "build" / "runs")
    yield folder.parent
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_read_only_folder_gets_a_sentence_and_a_finished_run_loads(use, small_disk):
    use(small_disk)
    finished = training.load_or_train("ae_bars")
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk / "runs")], check=True)
    assert len(training.load_or_train("ae_bars").weights) == len(finished.weights)
    with pytest.raises(OSError) as caught:
        training.load_or_train("small_windows")
    assert "training.lock cannot be written (Read-only file system)" in str(caught.value)
    assert "MUSEGEN_BUILD" in str(caught.value)


@pytest.mark.parametrize("number", sorted(files.REFUSALS))
def test_a_failed_write_names_the_file_and_leaves_the_one_before(number, tmp_path, monkeypatch):
    path = tmp_path / "a.txt"
    path.write_text("before")

    def full(descriptor):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError) as caught, whole(path) as part:
        part.write_text("after")
    assert str(caught.value).startswith(f"{path} cannot be written ({os.strerror(number)})")
    assert [file.name for file in tmp_path.iterdir()] == ["a.txt"]
    assert path.read_text() == "before"


def test_no_file_gets_its_name_before_the_disk_has_it(tmp_path, monkeypatch):
    order, fsync, replace = [], os.fsync, Path.replace
    monkeypatch.setattr(os, "fsync", lambda fd: (order.append("fsync"), fsync(fd)))
    monkeypatch.setattr(Path, "replace", lambda *to: (order.append("name"), replace(*to)))
    with whole(tmp_path / "a") as part:
        part.write_text("x")
    assert order == ["fsync", "name", "fsync"]  # the file, its name, the folder


def test_what_killed_processes_left_is_deleted_and_what_others_write_is_not(tmp_path):
    code = (
        "import os, sys, pathlib; from musegen.files import whole\n"
        "with whole(pathlib.Path(sys.argv[1])) as part:\n"
        "    part.write_text('half'); print(flush=True); input()"
    )
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path / name)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for name in ("killed.txt", "living.txt")
    ]
    for writer in writers:
        writer.stdout.readline()
    killed, living = writers
    killed.kill()
    killed.wait()
    mine = tmp_path / f".of a process that had my number.{os.getpid()}.part"
    mine.touch()
    os.utime(mine, (0, 0))
    (tmp_path / ".a stranger's.part").touch()
    with whole(tmp_path / "new.txt") as part:
        part.touch()
    living.communicate(b"\n")
    kept = {".a stranger's.part", "living.txt", "new.txt"}
    assert {path.name for path in tmp_path.iterdir()} == kept


def test_a_lock_falls_with_its_process(tmp_path):
    code = (
        "import sys, pathlib; from musegen.files import one_process\n"
        "with one_process(pathlib.Path(sys.argv[1]), 'a job'): print(flush=True); input()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "lock")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    holder.stdout.readline()
    with (tmp_path / "lock").open("a+") as file:
        assert not files._lock(file)
    holder.kill()
    holder.communicate()
    with one_process(tmp_path / "lock", "a job"):
        assert (tmp_path / "lock").read_text() == str(os.getpid())


# --- Damaged checkpoints -------------------------------------------------------------------------


class Variable:
    """A variable of Keras, as far as checkpoints know it."""

    def __init__(self, value):
        self.value, self.shape, self.dtype = value, value.shape, value.dtype.name

    def __array__(self, dtype=None, copy=None):
        return self.value

    def assign(self, value):
        self.value = value


def variables(number: int) -> list[Variable]:
    return [
        Variable(np.full((3, 2), number, np.float32)),
        Variable(np.array(number)),
        Variable(np.full(2, number, np.uint32)),
    ]


@pytest.fixture
def two_epochs(tmp_path):
    """Give a folder with checkpoints of epochs 1 and 2."""
    for epoch in (1, 2):
        checkpoint.save(variables(epoch), [{"loss": 0.5}] * epoch, tmp_path)
    return tmp_path


class Trap:
    """Unpickled, it makes a folder."""

    def __reduce__(self):
        return os.mkdir, ("executed",)


def damages(content: bytes, rng):
    """Yield what may become of a file."""
    for size in (0, 1, 100, len(content) // 2, len(content) - 1):
        yield content[:size]
    for place in rng.integers(0, len(content), 60):
        yield (
            content[:place] + bytes([content[place] ^ 1 << rng.integers(8)]) + content[place + 1 :]
        )
        yield content[:place] + bytes(len(content) - place)


def npz(path: Path, *arrays, **named) -> bytes:
    np.savez(path, *arrays, **named)
    return path.read_bytes()


def others(tmp_path, good: Path):
    """Yield files that are whole and not this run's."""
    with np.load(good) as stored:
        arrays = dict(stored)
    trap = np.array([Trap()], object)
    yield npz(tmp_path / "x.npz", np.zeros(3))
    yield npz(tmp_path / "x.npz", **{**arrays, "000": np.zeros((2, 3), np.float32)})
    yield npz(tmp_path / "x.npz", **{**arrays, "000": np.zeros((3, 2), np.float64)})
    yield npz(tmp_path / "x.npz", **{**arrays, "003": np.zeros(1)})
    yield npz(tmp_path / "x.npz", **{name: a for name, a in arrays.items() if name != "001"})
    yield npz(tmp_path / "x.npz", **{**arrays, "000": trap})
    np.save(tmp_path / "x.npy", trap)
    yield (tmp_path / "x.npy").read_bytes()
    yield trap.dumps()


def test_a_damaged_checkpoint_is_put_aside_and_the_one_before_goes_on(
    two_epochs, tmp_path_factory, monkeypatch, capsys
):
    folder, rng = two_epochs, np.random.default_rng(0)
    elsewhere = tmp_path_factory.mktemp("others")
    monkeypatch.chdir(elsewhere)
    latest, previous = folder / checkpoint.LATEST, folder / checkpoint.PREVIOUS
    good, before = latest.read_bytes(), previous.read_bytes()
    harmless = 0
    for damaged in [*damages(good, rng), *others(elsewhere, latest)]:
        latest.write_bytes(damaged)
        state = variables(0)
        history = checkpoint.restore(state, folder)
        said = capsys.readouterr().err
        if len(history) == 2:  # a byte that means nothing, such as a date
            harmless += 1
            assert not said
        else:
            assert said.startswith(f"{latest} is damaged (")
            assert said.endswith("); going on from epoch 1, saved before\n")
            assert (folder / checkpoint.ASIDE).read_bytes() == damaged
        expected = variables(len(history))
        for ours, theirs in zip(state, expected, strict=True):
            np.testing.assert_array_equal(ours.value, theirs.value)
        assert previous.read_bytes() == before
    assert harmless < 40
    assert not (elsewhere / "executed").exists()


def test_no_good_checkpoint_is_a_sentence_and_nothing_is_lost(two_epochs):
    for path in two_epochs.iterdir():
        path.write_bytes(path.read_bytes()[:-50])
    before = {path.name: path.read_bytes() for path in two_epochs.iterdir()}
    state = variables(0)
    with pytest.raises(OSError) as caught:
        checkpoint.restore(state, two_epochs)
    said = str(caught.value)
    assert said.startswith(f"{two_epochs / checkpoint.LATEST} is damaged (")
    assert f"delete the folder {two_epochs.name} or move it away" in said
    assert {path.name: path.read_bytes() for path in two_epochs.iterdir()} == before
    assert state[1].value == 0


@pytest.mark.parametrize("other", ["libraries", "run"])
def test_a_checkpoint_of_another_version_is_a_sentence_and_stays(two_epochs, monkeypatch, other):
    if other == "run":
        two_epochs = two_epochs.rename(two_epochs.with_name("ae_10-0123456789"))
    else:
        monkeypatch.setattr(store, "made_with", lambda: {"tensorflow": "99.0"})
    with pytest.raises(OSError, match="was made by another version of musegen or its libraries"):
        checkpoint.restore(variables(0), two_epochs)
    assert {path.name for path in two_epochs.iterdir()} == {checkpoint.LATEST, checkpoint.PREVIOUS}


def test_a_training_goes_on_from_the_checkpoint_before(use, tmp_path, monkeypatch, capfd):
    use(tmp_path / "straight")
    training.load_or_train("small_sequences")
    expected = result("small_sequences")
    use(tmp_path / "damaged")
    save = checkpoint.save

    def save_and_stop(state, history, folder):
        save(state, history, folder)
        if len(history) == 5:
            raise KeyboardInterrupt

    monkeypatch.setattr(loop, "SECONDS_BETWEEN_CHECKPOINTS", -1)
    monkeypatch.setattr(checkpoint, "save", save_and_stop)
    with pytest.raises(KeyboardInterrupt):
        training.load_or_train("small_sequences")
    monkeypatch.setattr(checkpoint, "save", save)
    folder = training.planned("small_sequences").folder
    for name in (checkpoint.LATEST, "config.json", "vocabulary.json"):
        (folder / name).write_bytes((folder / name).read_bytes()[:-40])
    training.load_or_train("small_sequences")
    assert "going on from epoch 4, saved before" in capfd.readouterr().err
    assert result("small_sequences") == expected


# --- Damaged and foreign runs --------------------------------------------------------------------


@pytest.fixture(scope="module")
def finished(songs, tmp_path_factory):
    """Train an LSTM once for all tests below."""
    with pytest.MonkeyPatch.context() as patch:
        build = tmp_path_factory.mktemp("finished")
        patch.setattr(config, "profile", trainer.profile)
        for name, value in trainer.settings(songs, build).items():
            patch.setenv(name, value)
        training.load_or_train("small_windows")
    return build


@pytest.fixture
def run(finished, use):
    """Give a finished run; its files are as they were after the test."""
    use(finished)
    folder = training.planned("small_windows").folder
    before = {path: path.read_bytes() for path in folder.iterdir()}
    yield training.planned("small_windows")
    for path, content in before.items():
        path.write_bytes(content)


def load_all():
    run = training.load_or_train("small_windows")
    return run.weights, run.vocabulary, run.history, run.manifest


FLIP = lambda content: content[:90] + bytes([content[90] ^ 1]) + content[91:]  # noqa: E731


@pytest.mark.parametrize("damage", [FLIP, lambda content: content[:-1], None])
@pytest.mark.parametrize("name", sorted(FINISHED | {"vocabulary.json"}))
def test_a_damaged_file_of_a_finished_run_is_named(name, damage, run):
    if damage is None:
        if name == "manifest.json":
            pytest.skip("a run without a manifest is not finished: it goes on")
        (run.folder / name).unlink()
    else:
        (run.folder / name).write_bytes(damage((run.folder / name).read_bytes()))
    before = {path: path.read_bytes() for path in run.folder.iterdir()}
    with pytest.raises(OSError) as caught:
        load_all()
    assert str(caught.value).startswith(f"{run.folder / name} is damaged (")
    assert f"delete the folder {run.folder.name} or move it away" in str(caught.value)
    assert {path: path.read_bytes() for path in run.folder.iterdir()} == before


def forge(run, **changes):
    """Change a manifest so that its hash is right again."""
    content = json.loads((run.folder / "manifest.json").read_text())
    content.pop("hash")
    content |= changes
    content["hash"] = store._hash_of(content)
    (run.folder / "manifest.json").write_text(json.dumps(content))


@pytest.mark.parametrize("changes", [{"format": 1}, {"format": 99}, {"folder": "ae_10-0123456789"}])
def test_a_run_of_another_version_gets_a_sentence(changes, run):
    forge(run, **changes)
    with pytest.raises(OSError, match="manifest.json was made by another version of musegen"):
        load_all()


def test_a_manifest_as_it_was_before_hashes_gets_a_sentence(run):
    (run.folder / "manifest.json").write_text('{"run": "small_windows", "epochs": 3}')
    with pytest.raises(OSError, match="manifest.json was made by another version of musegen"):
        load_all()


def test_an_unfinished_run_with_another_configuration_stays_as_it_is(run):
    (run.folder / "manifest.json").unlink()
    (run.folder / "config.json").write_text('{"epochs": 7}')
    with pytest.raises(OSError, match="config.json was made by another version .* move the folder"):
        load_all()
    assert (run.folder / "config.json").read_text() == '{"epochs": 7}'


def test_weights_with_a_pickle_inside_execute_nothing(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    trap = np.array([Trap()], object)
    for content in (npz(tmp_path / "x.npz", trap), trap.dumps()):
        (run.folder / "weights.npz").write_bytes(content)
        forge(
            run,
            files=json.loads((run.folder / "manifest.json").read_text())["files"]
            | {"weights.npz": store._hash(run.folder / "weights.npz")},
        )
        with pytest.raises(
            OSError, match="weights.npz is damaged .it holds a pickle, which is never"
        ):
            load_all()
        assert not (tmp_path / "executed").exists()


def test_damaged_songs_of_a_run_are_made_again(run):
    songs = generation.report_songs(run, n=1)
    (kept,) = run.folder.glob("songs-1-*.npy")
    for damaged in (b"", kept.read_bytes()[:-1], np.array([Trap()], object).dumps()):
        kept.write_bytes(damaged)
        np.testing.assert_array_equal(generation.report_songs(run, n=1), songs)
    kept.unlink()


def test_nothing_in_the_package_reads_pickles():
    package = Path(training.__file__).parent.parent
    for path in package.rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        assert "import pickle" not in source and "allow_pickle=True" not in source
        assert source.count("np.load(") == source.count("allow_pickle=False)") - source.count(
            "read_array("
        ), path


def test_numbers_of_errors_are_there_on_every_system():
    assert all(isinstance(getattr(errno, name), int) for name in ("EDQUOT", "EFBIG", "EROFS"))
