"""Trainings by the command line, here and on a cluster."""

from dataclasses import replace

import pytest
import trainer

from apps.command import main
from musegen import config
from musegen.corpus import synthetic
from musegen.training.run_folder import WEIGHTS
from tools.train import train_all


@pytest.fixture
def settings(tmp_path):
    return trainer.settings(synthetic.made_collection(tmp_path / "made", songs=12))


def test_a_cluster_trains_as_this_machine_does(settings, build, dask_workers, monkeypatch):
    cfg = replace(trainer.RUNS["ae"], epochs=4)
    (there,) = train_all([cfg], replace(settings, dask=dask_workers))
    monkeypatch.setenv("MUSEGEN_BUILD", str(build / "here"))
    (here,) = train_all([cfg], settings)
    assert here.folder != there.folder
    assert here.history["loss"].equals(there.history["loss"])
    assert here.manifest["files"][WEIGHTS] == there.manifest["files"][WEIGHTS]


def test_the_command_trains_what_is_missing(settings, build, monkeypatch, capsys):
    monkeypatch.setitem(config.PROFILES, "smoke", trainer.RUNS)
    monkeypatch.setenv("MUSEGEN_PROFILE", "smoke")
    monkeypatch.setenv("MUSEGEN_SOURCE", settings.source)
    for _ in range(2):  # the second time it is there
        assert main(["train", "ae"]) == 0
    assert capsys.readouterr().out.count("ae is there") == 2
    assert main(["train", "ae_10"]) == 2
    assert "no run is called ae_10; name some of ae, windows" in capsys.readouterr().err
