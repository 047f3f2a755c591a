"""The search for settings: what it judges by, what it keeps, and what a killed one leaves."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest
import trainer

from apps.command import main
from musegen import config, corpus
from musegen.config import RunConfig
from musegen.corpus import made
from musegen.tokens import tokenize
from musegen.training import Run
from tools import search

SMALL = RunConfig("search_lstm", trainer.SMALL, 8, 3, "sequences")


def ask(trial) -> dict:
    return {"units": trial.suggest_int("units", 2, 5), "dropout": trial.suggest_float("d", 0, 0.5)}


@pytest.fixture
def few(tmp_path, monkeypatch):
    """Search among tiny networks."""
    source = made.made_collection(tmp_path / "made", songs=12)
    for name, value in trainer.settings(source, tmp_path / "build").items():
        monkeypatch.setenv(name, value)
    few = replace(search.SEARCHES["lstm"], run=SMALL, ask=ask, report={"units": 3, "d": 0.25})
    monkeypatch.setitem(search.SEARCHES, "lstm", few)
    return tmp_path / "build" / "search"


def test_no_song_for_which_figures_are_stated_is_looked_at(tmp_path):
    music = corpus.load("chorales")
    for one in search.SEARCHES.values():
        trained, judged = search.songs(one.run)
        titles = [{song.title for song in part} for part in (trained, judged, music.validation)]
        assert [len(part) for part in titles] == [128, 45, 43]
        assert not titles[0] & titles[1] and not (titles[0] | titles[1]) & titles[2]
    lstm = Run(search.SEARCHES["lstm"].run, tmp_path, *search.songs(search.SEARCHES["lstm"].run))
    assert set(lstm.vocabulary.tokens) == {t for song in lstm.songs for t in tokenize(song)}


def test_a_study_begins_with_the_reports_own_settings():
    small, autoencoder = config.SMALL, config.AEConfig()
    for name, network in (("lstm", small), ("ae", autoencoder)):
        report = search.SEARCHES[name].report
        assert report == {field: getattr(network, field) for field in report}


def test_trials_are_added_and_their_values_are_those_of_their_settings(few):
    first = search.run("lstm", 2)
    assert first.loc[0, ["units", "d"]].tolist() == [3, 0.25]  # the report's own
    both = search.run("lstm", 1)
    assert sorted(both.index) == [0, 1, 2]
    assert both["loss"].is_monotonic_increasing
    assert both.loc[first.index, "loss"].tolist() == first["loss"].tolist()
    best = both.iloc[0]
    settings = {"units": int(best["units"]), "dropout": float(best["d"])}
    assert search._value(search.SEARCHES["lstm"], settings) == best["loss"]
    assert [path.name for path in few.iterdir() if path.is_dir()] == []


def test_what_a_killed_search_had_begun_is_done_first(few):
    code = (
        "import sys; sys.path.insert(0, 'tests'); import test_search as t, time\n"
        "from dataclasses import replace\n"
        "search = replace(t.search.SEARCHES['lstm'], run=t.SMALL, ask=t.ask,\n"
        "    report={'units': 4, 'd': 0.125}, judge=lambda run: time.sleep(100))\n"
        "t.search.SEARCHES['lstm'] = search; t.search.run('lstm', 1)"
    )
    process = subprocess.Popen([sys.executable, "-c", code], cwd=config.root(), env=os.environ)
    for _ in range(600):
        if list(few.glob("*/manifest.json")):
            break
        time.sleep(0.1)
    assert search.run("lstm", 1).index.tolist() == [1]  # a living process keeps its trial
    process.send_signal(signal.SIGKILL)
    process.wait()
    begun = search._study("lstm").trials[0].params
    found = search.run("lstm", 1)
    assert sorted(found.index) == [1, 2]
    assert found.loc[2, list(begun)].to_dict() == begun
    assert list(few.glob("*.trial-*.lock")) == []


def test_a_value_that_is_no_number_ends_no_search(few, monkeypatch, capfd):
    bad = replace(search.SEARCHES["lstm"], judge=lambda run: float("nan"))
    monkeypatch.setitem(search.SEARCHES, "lstm", bad)
    assert search.run("lstm", 2).empty
    assert "1: loss nan with units" in capfd.readouterr().err


def test_half_a_line_in_the_journal_costs_nothing_else(few):
    search.run("lstm", 1)
    with (few / "lstm.log").open("ab") as journal:  # as a full disk leaves it
        journal.write(b'{"op_code":4,"wor')
    search.run("lstm", 1)
    assert sorted(search.run("lstm", 1).index) == [0, 1, 2]


def test_the_command_writes_a_table(few, capsys):
    assert main(["search", "lstm", "--trials", "1"]) == 0
    assert (few / "lstm.csv").read_text().startswith("trial,loss,units,d\n0,")
    assert "all 1 trials" in capsys.readouterr().out
    with pytest.raises(ValueError, match="a search for lstm and ae, none for 'piano'"):
        search.run("piano", 1)
