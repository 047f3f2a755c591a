"""The runner of the notebooks, on notebooks of two or three cells."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from apps import report
from apps.command import main
from apps.report import Made, NotebookError, make_pages, pages, run_in_place
from musegen import metrics, training


def notebook(path, *code: str):
    """Write a notebook with a heading and these code cells."""
    cells = [new_markdown_cell(f"# The page {path.stem}"), *map(new_code_cell, code)]
    nbformat.write(new_notebook(cells=cells), path)
    return path


@pytest.fixture
def made(tmp_path, build):
    return Made(build / "report" / "made.json")


def test_pages_are_made_in_order_and_once(tmp_path, made, capsys):
    log = tmp_path / "log"
    say = f"_ = open({str(log)!r}, 'a').write('{{}} ')\nprint('{{}}'.upper())"
    paths = [notebook(tmp_path / f"{n}.ipynb", say.format(n, n)) for n in ("01_a", "02_b")]

    make_pages(paths, made)
    assert log.read_text() == "01_a 02_b "
    page = (made.folder / "02_b.html").read_text()
    assert "02_B" in page
    assert 'href="index.html"' in page

    capsys.readouterr()
    notebook(paths[1], "print('changed')")
    make_pages(paths, Made(made.path))  # as after a restart
    said = capsys.readouterr().out
    assert "01_a: up to date" in said
    assert "02_b: 2 cells" in said
    assert log.read_text() == "01_a 02_b "
    assert "changed" in (made.folder / "02_b.html").read_text()


def test_pages_need_no_network(tmp_path, made):
    make_pages([notebook(tmp_path / "01_a.ipynb", "1 + 1")], made)
    page = (made.folder / "01_a.html").read_text()
    for outside in (
        'src="http',
        "src='http",
        '<link rel="stylesheet" href="http',
        "import url(http",
    ):
        assert outside not in page


def test_notebook_in_the_clone_is_left_as_it_was(tmp_path, made):
    path = notebook(
        tmp_path / "01_a.ipynb", "from pathlib import Path; _ = Path('x').write_text('')"
    )
    before = path.read_bytes()
    make_pages([path], made)
    assert path.read_bytes() == before
    assert not (tmp_path / "x").exists()  # a copy runs, in the build folder


def test_failing_notebook_ends_with_a_sentence_and_its_page(tmp_path, made):
    bad = notebook(tmp_path / "01_bad.ipynb", "print('so far')", "1 / 0", "print('never')")
    after = notebook(tmp_path / "02_after.ipynb", "1")
    with pytest.raises(NotebookError, match="01_bad failed in cell 3 of 4: ZeroDivisionError"):
        make_pages([bad, after], made)
    page = (made.folder / "01_bad.html").read_text()
    assert "so far" in page
    assert "ZeroDivisionError" in page
    assert not (made.folder / "02_after.html").exists()

    notebook(bad, "print('mended')")  # and the next run goes on with it
    make_pages([bad, after], made)
    assert (made.folder / "02_after.html").exists()


def test_dead_kernel_is_told(tmp_path, made):
    path = notebook(tmp_path / "01_dies.ipynb", "import os", "os._exit(1)")
    with pytest.raises(NotebookError, match="01_dies was stopped in cell 3 of 3"):
        make_pages([path], made)


def test_failing_notebook_gives_exit_code_1(monkeypatch, capsys):
    def fail(only):
        raise NotebookError("02_b failed in cell 1 of 2: KeyError: 'x'", None)

    monkeypatch.setattr(report, "build", fail)
    assert main(["report"]) == 1
    assert capsys.readouterr().err == "02_b failed in cell 1 of 2: KeyError: 'x'\n"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["report", "--only", "4"], "figure 4 is not drawn here; choose one of 5 to 11"),
        (["audit", "tapes"], "source is 'tapes'"),
        (["audit", "lpd5:/nowhere"], "nowhere"),
    ],
)
def test_wrong_input_is_one_sentence_and_exit_code_2(arguments, says, build, capsys):
    assert main(arguments) == 2
    said = capsys.readouterr().err
    assert says in said
    assert said.count("\n") == 1


def test_in_place_stores_counts_and_no_noise(tmp_path):
    path = notebook(tmp_path / "01_a.ipynb", "import sys", "print(6 * 7)")
    run_in_place([path])
    stored = nbformat.read(path, as_version=4)
    assert [cell.execution_count for cell in stored.cells[1:]] == [1, 2]
    assert stored.cells[2].outputs[0].text == "42\n"
    assert "execution" not in stored.cells[1].metadata
    assert "version" not in stored.metadata.language_info


def test_kernel_is_this_interpreter(tmp_path, made):
    make_pages([notebook(tmp_path / "01_a.ipynb", "import sys; print(sys.executable)")], made)
    assert sys.executable in (made.folder / "01_a.html").read_text()


def test_key_of_a_page_follows_profile_and_source(monkeypatch, tmp_path):
    keys = {report._inputs()}
    monkeypatch.setenv("MUSEGEN_PROFILE", "paper")
    keys.add(report._inputs())
    monkeypatch.setenv("MUSEGEN_SOURCE", f"midi:{tmp_path}")
    keys.add(report._inputs())
    (tmp_path / "song.mid").write_bytes(b"MThd")
    keys.add(report._inputs())
    assert len(keys) == 4


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT to send")
def test_an_interrupt_is_one_line_and_leaves_no_kernel(tmp_path):
    sign = tmp_path / "kernel"
    notebook(
        tmp_path / "01_long.ipynb",
        "import os, pathlib, time",
        f"_ = pathlib.Path({str(sign)!r}).write_text(str(os.getpid())); time.sleep(60)",
    )
    code = (
        "import sys, pathlib; from apps import report; from apps.command import main; "
        f"report.notebooks = lambda: [pathlib.Path({str(tmp_path / '01_long.ipynb')!r})]; "
        "sys.exit(main(['report']))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        env=os.environ | {"MUSEGEN_BUILD": str(tmp_path / "build")},
        stderr=subprocess.PIPE,
        text=True,
    )
    while not (sign.exists() and sign.read_text()):
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=60)[1] == "stopped; the same command goes on from here\n"
    assert process.returncode == 130
    with pytest.raises(ProcessLookupError):
        os.kill(int(sign.read_text()), 0)


def test_songs_are_measured_beside_people_and_training_songs_without_themselves(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(training, "load_or_train", training.planned)  # its songs are enough
    human = metrics.as_tokens(training.planned("lstm_small_256").songs[5])
    copied = replace(human, source="lstm_small_256")  # as if the network had played it
    table = pages._beside_people([replace(human, title="song 1"), copied]).set_index("measure")
    assert table.loc["shared", "song 2"] == 64 and table.loc["passages", "song 2"] == 1
    assert table.loc["shared", "song 1"] < 32 and table.loc["passages", "song 1"] == 0
    assert table.loc["shared notes", "song 1"] < table.loc["shared notes", "song 2"]
    assert (table.loc[list(metrics.MEASURES), "song 1"] == table["song 2"].iloc[:16]).all()

    assert pages._heard(tmp_path / "survey_1.html") == ""
    (tmp_path / "survey_1.html").write_text("the player")
    assert "<details>" not in pages._heard(tmp_path / "survey_1.html")
    pages._write_csv(tmp_path / "survey_1_measures.csv", table.reset_index())
    assert "<td>shared notes</td>" in pages._heard(tmp_path / "survey_1.html")
