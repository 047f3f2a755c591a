"""The report on other songs than the chorales, with tiny networks; the audit of a corpus."""

import json
import re
import shutil
from concurrent.futures import Future
from pathlib import Path

import pytest

from apps import report
from apps.command import main
from musegen import audio, config, corpus
from musegen.corpus.synthetic import made_collection


@pytest.fixture
def sources(tmp_path, monkeypatch) -> dict[str, str]:
    """Eight files of LPD-5 with six pianos, three of these as MIDI, and an empty build folder."""
    corpus.load("chorales")
    shutil.copytree(config.build_dir() / "cache", tmp_path / "build" / "cache")
    monkeypatch.setenv("MUSEGEN_BUILD", str(tmp_path / "build"))
    tree = made_collection(tmp_path / "lpd_5_cleansed", songs=8, bars=(16, 18))
    in_band = [s for s in corpus.load(f"lpd5:{tree}") if 110 <= s.tempo_qpm <= 130]
    for i, song in enumerate(in_band[:3]):
        song.to_midi(tmp_path / "mine" / f"song {i}.mid")
    return {"lpd5": f"lpd5:{tree}", "midi": f"midi:{tmp_path / 'mine'}"}


class Here:
    """Makes the report's parts in this process, which knows what a test has put in place."""

    def __init__(self, *_, **__):
        self.stop = self.join = lambda: None

    def schedule(self, function, arguments) -> Future:
        done = Future()
        done.set_result(function(*arguments))
        return done


@pytest.mark.parametrize(
    ("kind", "songs", "notebooks"),
    [
        ("midi", 2, slice(1, 2)),  # 01, which plays nothing
        pytest.param("midi", 2, slice(None), marks=pytest.mark.soak),
        pytest.param("lpd5", 5, slice(None), marks=pytest.mark.soak),
    ],
)
def test_the_report_on_others(kind, songs, notebooks, sources, tmp_path, monkeypatch, capsys):
    some, write = report.notebooks()[notebooks], audio.write

    def write_two_bars(song, path, program):  # the whole songs take longer than all the rest
        write(song.cut(0, 8 * song.steps_per_beat), path, program)

    monkeypatch.setenv("MUSEGEN_PROFILE", "smoke")
    monkeypatch.setattr(report, "notebooks", lambda: some)
    monkeypatch.setattr(audio, "write", write_two_bars)
    monkeypatch.setattr(report, "ProcessPool", Here)
    assert main(["report", "--data", sources[kind]]) == 0
    missing = ", ".join(config.SMOKE)
    assert f"trained first: {missing}\n" in capsys.readouterr().out
    made = tmp_path / "build" / "report"
    assert all((made / "figures" / f"figure_{n:02}.png").exists() for n in range(5, 12))
    assert all("other songs than" in (made / f"{n.stem}.html").read_text() for n in some)
    index = (made / "index.html").read_text()
    names = ["four_voices", *(f"figure_{n:02}" for n in range(7, 12))]
    names += [f"survey_{n}" for n in range(1, 6)]
    assert index.count("<iframe") == len(names)
    heard = set(re.findall(r'href="(songs/[^"]+.mp3)"', index))
    assert heard == {f"songs/{name}_{i}.mp3" for name in names for i in (1, 2)}
    assert all((made / name).stat().st_size > 10_000 for name in heard)
    assert (made / "next_survey.html").exists() and not [*made.rglob("key.csv")]
    assert (tmp_path / "build" / "next_survey" / "private" / "key.csv").exists()
    figure_11 = (made / "figures" / "figure_11.svg").read_text()
    assert f"({songs} songs, 2 epochs many-to-many; " in figure_11
    assert kind in (made / "claims.csv").read_text()


# --- The audit -----------------------------------------------------------------------------------


def test_the_audit_as_json_by_a_relative_path(sources, capsys, monkeypatch):
    monkeypatch.chdir(Path(sources["lpd5"].partition(":")[2]).parent)
    assert main(["audit", "lpd5:lpd_5_cleansed", "--json"]) == 0
    audit = json.loads(capsys.readouterr().out)
    assert list(audit) == ["source", "read", "kept", "dropped", "seconds"]
    assert audit["source"] == sources["lpd5"]
    assert (audit["read"], audit["kept"], audit["dropped"]) == (8, 6, {"empty_piano": 2})


def test_the_audit_in_words_and_pictures(sources, tmp_path, capsys):
    assert main(["audit", sources["lpd5"]]) == 0
    said = capsys.readouterr().out
    for words in ("8 files read, 6 songs", "LPD-5's way of leaving it out", "outside 110-130"):
        assert words in said
    assert (tmp_path / "build" / "audit.png").stat().st_size > 10_000


def test_the_audit_of_nothing_usable(build, tmp_path, capsys):
    (tmp_path / "songs").mkdir()
    (tmp_path / "songs" / "page.kar").write_bytes(b"<html>")
    assert main(["audit", f"midi:{tmp_path / 'songs'}"]) == 0
    assert "1 files read, 0 songs" in capsys.readouterr().out
