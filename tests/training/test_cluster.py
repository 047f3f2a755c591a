"""Many trainings, on a cluster of two workers of which one is killed."""

import os
import signal
import threading
import time
from dataclasses import replace

import pytest
import trainer

from apps.command import main
from musegen import config, training
from musegen.config import RunConfig
from musegen.corpus import synthetic
from musegen.training import cluster
from musegen.training.run_folder import CONFIG, WEIGHTS


def grid(epochs: int) -> list[RunConfig]:
    """Two trainings that differ by their seed alone."""
    return [replace(trainer.RUNS["ae"], epochs=epochs, seed=seed) for seed in (1, 2)]


@pytest.fixture
def settings(tmp_path):
    return trainer.settings(synthetic.made_collection(tmp_path / "made", songs=12))


def compare(there, settings, build, monkeypatch):
    """Train the same here, and find the same bits."""
    monkeypatch.setenv("MUSEGEN_BUILD", str(build / "here"))
    found = {run.cfg.seed: run for run in there}
    for run in cluster.train_all([run.cfg for run in there], settings):
        other = found.pop(run.cfg.seed)
        assert other.folder != run.folder
        assert other.history["loss"].equals(run.history["loss"])
        assert other.manifest["files"][WEIGHTS] == run.manifest["files"][WEIGHTS]
    assert not found


def test_a_cluster_trains_what_is_missing(settings, build, dask_workers, monkeypatch):
    on_dask = replace(settings, dask=dask_workers)
    there = list(cluster.train_all(grid(4)[:1], on_dask))
    compare(there, settings, build, monkeypatch)


@pytest.mark.soak
def test_a_killed_worker_loses_nothing(settings, build, dask_workers, monkeypatch):
    from distributed import Client

    folder = training.planned(grid(2000)[0], settings).folder

    def kill():
        with Client(dask_workers, set_as_default=False) as client:
            pid, _ = client.run(os.getpid).values()
        while not (folder / CONFIG).exists():
            time.sleep(0.05)
        os.kill(pid, signal.SIGKILL)
        killed.append(pid)

    killed = []
    threading.Thread(target=kill, daemon=True).start()
    there = list(cluster.train_all(grid(2000), replace(settings, dask=dask_workers)))
    assert killed
    compare(there, settings, build, monkeypatch)


def test_the_command_trains_what_is_missing(settings, build, monkeypatch, capsys):
    monkeypatch.setitem(config.PROFILES, "smoke", trainer.RUNS)
    monkeypatch.setenv("MUSEGEN_PROFILE", "smoke")
    monkeypatch.setenv("MUSEGEN_SOURCE", settings.source)
    for _ in range(2):  # the second time it is there
        assert main(["train", "ae"]) == 0
    assert capsys.readouterr().out.count("ae is there") == 2
    assert main(["train", "ae_10"]) == 2
    assert "no run is called ae_10; name some of ae, windows" in capsys.readouterr().err
