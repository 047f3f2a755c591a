"""The whole report on other songs than the chorales, few of each; `midi:` with just three."""

import json
import os
import re
import shutil
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from apps.command import main
from musegen import config, corpus
from musegen.corpus.synthetic import made_collection


@pytest.fixture
def sources(tmp_path, build) -> dict[str, str]:
    """A tree of eight files of LPD-5 with six pianos, and three of these as MIDI."""
    tree = made_collection(tmp_path / "lpd_5_cleansed", songs=8, bars=(16, 20))
    in_band = [s for s in corpus.load(f"lpd5:{tree}") if 110 <= s.tempo_qpm <= 130]
    for i, song in enumerate(in_band[:3]):
        song.to_midi(tmp_path / "mine" / f"song {i}.mid")
    return {"lpd5": f"lpd5:{tree}", "midi": f"midi:{tmp_path / 'mine'}"}


def test_the_whole_report_runs_on_other_songs(sources, tmp_path):
    told = os.environ | {"MUSEGEN_TEST_EPOCHS": "3", "OMP_NUM_THREADS": "1"}
    running = {}
    with ExitStack() as ends:
        for kind, source in sources.items():  # side by side: one would leave a core idle
            log = ends.enter_context((tmp_path / f"{kind}.log").open("w+"))
            running[kind] = subprocess.Popen(
                [sys.executable, "-m", "musegen", "report", "--data", source],
                env=told | {"MUSEGEN_BUILD": str(tmp_path / kind)}, cwd=config.root(),
                stdout=log, stderr=log,
            )  # fmt: skip
            ends.callback(running[kind].kill)
        for kind, process in running.items():
            assert process.wait() == 0, (tmp_path / f"{kind}.log").read_text()
    for kind, songs in (("lpd5", 5), ("midi", 2)):
        check_the_report(tmp_path / kind / "report", kind, songs)


def check_the_report(report: Path, kind: str, songs: int) -> None:
    names = {path.name for path in (report / "figures").iterdir()}
    assert {f"figure_{n:02}.png" for n in range(5, 12)} <= names
    assert len(list(report.glob("0*.html"))) == 6
    index = (report / "index.html").read_text()
    names = [f"figure_{n:02}" for n in range(7, 12)] + [f"survey_{n}" for n in range(1, 6)]
    names.append("held")
    assert index.count("<iframe") == len(names)
    heard = set(re.findall(r'href="(songs/[^"]+.mp3)"', index))
    assert heard == {f"songs/{name}_{i}.mp3" for name in names for i in (1, 2)}
    assert all((report / name).stat().st_size > 50_000 for name in heard)
    assert (report / "next_survey.html").exists() and (report / "next_survey.key.csv").exists()
    assert f"all {songs} songs" in (report / "figures" / "figure_11.svg").read_text()
    assert kind in (report / "ledger.csv").read_text()


def test_one_song_is_refused_in_a_sentence(sources, tmp_path, capsys):
    folder = tmp_path / "one"
    folder.mkdir()
    shutil.copy(tmp_path / "mine" / "song 0.mid", folder)
    run = subprocess.run(
        [sys.executable, "-m", "musegen", "report", "--data", f"midi:{folder}"],
        cwd=config.root(), capture_output=True, text=True,
    )  # fmt: skip
    assert run.returncode != 0
    assert "at least 2 are needed" in run.stdout + run.stderr


# --- The audit -----------------------------------------------------------------------------------


def test_the_audit_as_json(sources, capsys):
    assert main(["audit", sources["lpd5"], "--json"]) == 0
    audit = json.loads(capsys.readouterr().out)
    assert list(audit) == ["source", "read", "kept", "dropped", "seconds"]
    assert audit["source"] == sources["lpd5"]
    assert (audit["read"], audit["kept"], audit["dropped"]) == (8, 6, {"empty_piano": 2})
    assert audit["seconds"] < 60


def test_the_audit_in_words_and_pictures(sources, build, capsys):
    assert main(["audit", sources["lpd5"]]) == 0
    said = capsys.readouterr().out
    for words in ("8 files read, 6 songs", "LPD-5's way of leaving it out"):
        assert words in said
    assert "outside 110-130" in said
    assert (build / "audit.png").stat().st_size > 10_000


@pytest.mark.parametrize("files", [{}, {"page.mid": b"<html>"}])
def test_the_audit_of_nothing_usable(files, build, tmp_path, capsys):
    folder = tmp_path / "songs"
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    assert main(["audit", f"midi:{folder}"]) == 0
    assert f"{len(files)} files read, 0 songs" in capsys.readouterr().out


def test_a_relative_path_is_made_absolute(sources, capsys, monkeypatch):
    monkeypatch.chdir(Path(sources["lpd5"].partition(":")[2]).parent)
    assert main(["audit", "lpd5:lpd_5_cleansed", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["source"] == sources["lpd5"]
