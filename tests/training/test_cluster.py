"""Many trainings, on a cluster of two workers of which one is killed."""

import subprocess
import sys
import threading
import time

import psutil
import pytest
import trainer

from apps.command import main
from musegen import cluster, config, training
from musegen.config import RunConfig
from musegen.corpus import made
from musegen.files import at_work
from musegen.training.store import SNAPSHOT, WEIGHTS


def grid(epochs: int) -> list[RunConfig]:
    """Two trainings that differ by their seed."""
    return [
        RunConfig(name, trainer.AE, 8, epochs, "bars", seed, snapshots=(epochs // 4,))
        for name, seed in (("a", 1), ("b", 2))
    ]


@pytest.fixture
def source(tmp_path, monkeypatch):
    monkeypatch.setenv("MUSEGEN_SOURCE", f"lpd5:{made.made_collection(tmp_path, songs=12)}")
    return tmp_path


@pytest.mark.parametrize(
    ("epochs", "seen"),
    [
        (2000, SNAPSHOT.format(500)),
        # Twenty seconds until there is one, so that the other worker goes on from it.
        pytest.param(25_000, "checkpoint.npz", marks=pytest.mark.soak),
    ],
)
def test_a_killed_worker_loses_nothing(epochs, seen, source, dask_workers, monkeypatch):
    monkeypatch.setenv("MUSEGEN_BUILD", str(source / "cluster"))
    runs = grid(epochs)
    folder = training.planned(runs[0]).folder
    killed = []

    def kill():
        while not (folder / seen).exists():
            time.sleep(0.05)
        trains = psutil.Process(int((folder / "training.lock").read_text()))
        killed.extend([trains.parent(), trains])
        killed[0].kill()

    threading.Thread(target=kill, daemon=True).start()
    there = {run.cfg.name: run for run in cluster.train_all(runs, dask_workers)}
    assert not any(process.is_running() for process in killed) and len(killed) == 2

    monkeypatch.setenv("MUSEGEN_BUILD", str(source / "here"))
    for run in cluster.train_all(runs):
        other = there.pop(run.cfg.name)
        assert len(other.history) == epochs
        assert other.history["loss"].equals(run.history["loss"])
        assert other.manifest["files"][WEIGHTS] == run.manifest["files"][WEIGHTS]
    assert not there


def test_what_nobody_waits_for_any_more_is_not_trained(source, dask_workers, monkeypatch):
    monkeypatch.setenv("MUSEGEN_BUILD", str(source / "build"))
    runs = grid(10**6)
    lock = training.planned(runs[0]).folder / "training.lock"
    code = (
        "import sys; sys.path.insert(0, 'tests'); import test_cluster as t\n"
        f"list(t.cluster.train_all(t.grid(10**6), {dask_workers!r}))"
    )
    asks = subprocess.Popen([sys.executable, "-c", code], cwd=config.root())
    while not at_work(lock):
        assert asks.poll() is None
        time.sleep(0.05)
    asks.kill()
    asks.wait()
    end = time.monotonic() + 60
    while at_work(lock):
        assert time.monotonic() < end, "it goes on training"
        time.sleep(0.1)


def test_a_worker_with_another_folder_is_told(source, dask_workers, monkeypatch):
    monkeypatch.setenv("MUSEGEN_BUILD", str(source / "build"))
    elsewhere = cluster._settings() | {"MUSEGEN_BUILD": str(source / "elsewhere")}
    monkeypatch.setattr(cluster, "_settings", lambda: elsewhere)
    with pytest.raises(OSError, match="a worker trained a, and it is not in .* same build folder"):
        list(cluster.train_all(grid(4)[:1], dask_workers))


def test_the_command_trains_what_is_missing(source, monkeypatch, capsys):
    few = RunConfig("ae_few", trainer.AE, 8, 3, "bars")
    monkeypatch.setattr(config, "profile", lambda: config.Profile("quick", {"ae_few": few}))
    monkeypatch.setenv("MUSEGEN_BUILD", str(source / "build"))
    for _ in range(2):  # the second time it is there
        assert main(["train", "--all"]) == 0
    assert capsys.readouterr().out.count("ae_few is there") == 2
    assert main(["train", "ae_10"]) == 2
    assert "no run is called ae_10; name some of ae_few" in capsys.readouterr().err
