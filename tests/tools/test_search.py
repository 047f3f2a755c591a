"""The search for settings: what it judges by and what it keeps."""

from dataclasses import replace

import pytest

from apps.command import main
from musegen import config, corpus
from musegen.corpus import synthetic
from tools import search


def ask(trial) -> dict:
    return {"units": trial.suggest_int("units", 2, 5), "dropout": trial.suggest_float("d", 0, 0.5)}


@pytest.fixture
def few(tmp_path, build, monkeypatch):
    """Search among tiny networks."""
    source = synthetic.made_collection(tmp_path / "made", songs=12)
    monkeypatch.setenv("MUSEGEN_SOURCE", f"lpd5:{source}")
    small = replace(config.SMALL, units=4, window=5)
    run = replace(search.SEARCHES["lstm"].run, network=small, epochs=2)
    few = replace(search.SEARCHES["lstm"], run=run, ask=ask, report={"units": 3, "d": 0.25})
    monkeypatch.setitem(search.SEARCHES, "lstm", few)
    return build / "search"


@pytest.mark.parametrize("name", search.SEARCHES)
def test_no_song_for_which_figures_are_stated_is_looked_at(name):
    songs = search.split(search.SEARCHES[name].run)
    tests = corpus.load("chorales").test
    titles = [{song.title for song in part} for part in (songs.training, songs.test, tests)]
    assert [len(part) for part in titles] == [128, 45, 43]
    assert len(set.union(*titles)) == 128 + 45 + 43


def test_trials_are_added_and_the_command_writes_a_table(few, capsys):
    first = search.run("lstm", 2)
    assert first.loc[0, ["units", "d"]].tolist() == [3, 0.25]  # the report's own
    assert main(["search", "lstm", "--trials", "1"]) == 0
    assert "all 3 trials" in capsys.readouterr().out
    both = search.run("lstm", 0)
    assert sorted(both.index) == [0, 1, 2] and both["loss"].is_monotonic_increasing
    assert both.loc[first.index, "loss"].tolist() == first["loss"].tolist()
    assert (few / "lstm.csv").read_text().startswith("trial,loss,")
