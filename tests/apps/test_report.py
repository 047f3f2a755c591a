"""The report: pages of small notebooks, what they depend on, and what an interrupt leaves."""

import os
import signal
import subprocess
import sys
import time

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from apps import report
from apps.command import main
from apps.report import Made, Part, notebook_pages
from apps.report.notebooks import NotebookError, run_in_place
from musegen import config

SETTINGS = config.Settings()


def notebook(path, *code: str):
    """Write a notebook with a heading, a picture and these code cells."""
    path.with_name("a.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    cells = [
        new_markdown_cell(
            "# A page\n\n![a picture](a.svg) [another](02_b.ipynb) [more](../docs/a.md)"
        ),
        *map(new_code_cell, code),
    ]
    nbformat.write(new_notebook(cells=cells), path)
    return path


@pytest.fixture
def path(build):
    return build / "report" / "made.json"


def make(paths, path):
    Made(path, SETTINGS).make(notebook_pages(paths, path.parent, SETTINGS))


def test_pages_are_made_once(tmp_path, path, capsys):
    log = tmp_path / "log"
    say = f"_ = open({str(log)!r}, 'a').write('{{}} ')\nprint('{{}}'.upper())"
    paths = [notebook(tmp_path / f"{n}.ipynb", say.format(n, n)) for n in ("01_a", "02_b")]
    before = paths[0].read_bytes()

    make(paths, path)
    assert sorted(log.read_text().split()) == ["01_a", "02_b"]
    page = (path.parent / "02_b.html").read_text()
    links = [f'href="{to}"' for to in ("index.html", "02_b.html", "../../docs/a.md")]
    for part in ("02_B", "data:image/svg+xml;base64,", *links):
        assert part in page
    assert "http" not in page

    capsys.readouterr()
    notebook(paths[1], "print('changed')")
    make(paths, path)  # as after a restart
    said = capsys.readouterr().out
    assert "01_a: up to date" in said
    assert "02_b: up to date" not in said
    assert sorted(log.read_text().split()) == ["01_a", "02_b"]
    assert "changed" in (path.parent / "02_b.html").read_text()
    assert paths[0].read_bytes() == before  # a copy runs, in the build folder


def test_a_page_is_made_again_when_what_it_uses_has_changed(tmp_path, path, monkeypatch):
    pages = [
        notebook(tmp_path / "01_song.ipynb", "from musegen import song"),
        notebook(tmp_path / "02_player.ipynb", "from musegen import player"),
    ]
    make(pages, path)
    digest = report._hash

    def made_again(*changed) -> list[str]:
        new = lambda file: digest(file) + "new" * str(file).endswith(changed)  # noqa: E731
        monkeypatch.setattr(report, "_hash", new)
        parts = notebook_pages(pages, path.parent, SETTINGS)
        return [part.name for part in Made(path, SETTINGS).missing(parts)]

    assert made_again("composer.css", "composer/__init__.py", "play/__init__.py") == []
    assert made_again("player.css") == made_again("player/__init__.py") == ["02_player"]
    assert made_again("musegen/song.py") == ["01_song", "02_player"]
    assert made_again("data/survey_table_1.csv") == ["01_song", "02_player"]


def test_all_depends_on_profile_songs_and_minutes(tmp_path, path):
    (tmp_path / "mine").mkdir()

    def made_again(*settings) -> bool:
        made, part = Made(path, config.Settings(*settings)), Part("one", tmp_path / "mine", list)
        missing = made.missing([part])
        made.make(missing)
        return bool(missing)

    mine = f"midi:{tmp_path / 'mine'}"
    assert made_again("smoke", "chorales")
    assert not made_again("smoke", "chorales")
    assert made_again("report", mine)
    assert made_again("report", mine, None, 5)
    (tmp_path / "mine" / "song.mid").write_bytes(b"MThd")
    assert made_again("report", mine, None, 5)


def test_failing_notebook_ends_with_a_sentence_and_its_page(tmp_path, path, monkeypatch, capsys):
    bad = notebook(tmp_path / "01_bad.ipynb", "print('so far')", "1 / 0", "print('never')")
    after = notebook(tmp_path / "02_after.ipynb", "1")
    monkeypatch.setattr(report, "build", lambda *_: make([bad, after], path))
    assert main(["report"]) == 1
    assert "01_bad failed in cell 3 of 4: ZeroDivisionError" in capsys.readouterr().err
    page = (path.parent / "01_bad.html").read_text()
    assert "so far" in page and "ZeroDivisionError" in page

    notebook(bad, "import os", "os._exit(1)")
    with pytest.raises(NotebookError, match="01_bad was stopped in cell 3 of 3"):
        make([bad], path)
    notebook(bad, "print('mended')")  # and the next run goes on with it
    make([bad, after], path)
    assert (path.parent / "02_after.html").exists()


def test_in_place_stores_counts_and_no_noise(tmp_path):
    path = notebook(tmp_path / "01_a.ipynb", "import os", "print(os.getenv('MUSEGEN_PROFILE'))")
    run_in_place([path], SETTINGS)
    stored = nbformat.read(path, as_version=4)
    assert [cell.execution_count for cell in stored.cells[1:]] == [1, 2]
    assert stored.cells[2].outputs[0].text == "report\n"
    assert "execution" not in stored.cells[1].metadata


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT to send")
def test_an_interrupt_is_one_line_and_leaves_no_kernel(tmp_path):
    sign = tmp_path / "kernel"
    path = notebook(
        tmp_path / "01_long.ipynb",
        "import os, pathlib, time",
        f"_ = pathlib.Path({str(sign)!r}).write_text(str(os.getpid())); time.sleep(60)",
    )
    before = path.read_bytes()
    code = (
        "import sys, pathlib; from apps import report; from apps.command import main; "
        f"report.notebooks = lambda: [pathlib.Path({str(path)!r})]; "
        "sys.exit(main(['notebooks']))"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True)
    while not (sign.exists() and sign.read_text()):
        assert process.poll() is None
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=60)[1] == "stopped; the same command goes on from here\n"
    assert process.returncode == 130
    assert path.read_bytes() == before
    with pytest.raises(ProcessLookupError):
        os.kill(int(sign.read_text()), 0)
