"""The committed notebooks as files, and the net that catches a changed number."""

import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pandas
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from apps import report
from musegen import config

PATHS = report.notebooks()
IGNORED = "nbval-ignore-output"
each = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)


def code_cells(path: Path) -> list:
    cells = nbformat.read(path, as_version=4).cells
    return [cell for cell in cells if cell.cell_type == "code"]


def tags(cell) -> list[str]:
    return cell.metadata.get("tags", [])


@each
def test_cells_were_run_once_from_top_to_bottom_and_hold_nothing_of_one_machine(path):
    cells = code_cells(path)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    for cell in cells:
        errors = [output for output in cell.outputs if output.output_type == "error"]
        assert not errors or "raises-exception" in tags(cell)
        text = str(cell.outputs)
        assert not re.search(r"/(root|home|tmp|Users)/|site-packages|0x[0-9a-f]{8}", text)
        assert "Warning" not in text
    about = nbformat.read(path, as_version=4).metadata
    assert "widgets" not in about and about.kernelspec.name == "python3"
    assert path.stat().st_size < 1_200_000


@each
def test_few_cells_are_ignored_and_a_checked_one_follows(path):
    cells = code_cells(path)
    ignored = [i for i, cell in enumerate(cells) if IGNORED in tags(cell)]
    assert len(ignored) < len(cells) / 3
    for i in ignored:
        after = cells[i + 1]
        assert IGNORED not in tags(after)
        assert any("text" in o or "text/plain" in o.get("data", {}) for o in after.outputs)


@each
def test_a_notebook_keeps_to_the_frame(path):
    """Short, with two exercises whose answers are folded and run, and a link at the end."""
    cells = nbformat.read(path, as_version=4).cells
    prose = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    words = re.sub(r"\]\(.*?\)|<.*?>|[|#>*`]", " ", prose).split()
    assert len(cells) <= (35 if path.parent.name == "more" else 45)
    assert len(words) <= 1_200 and path.stat().st_size <= 600_000
    exercises = 1 if path.stem.startswith("00") else 2
    assert prose.count("**Exercise") == prose.count("<summary>An answer") == exercises
    links = re.findall(r"\]\((?!http)(.*?)\)", prose)
    assert all((path.parent / link).exists() for link in links)
    assert links[-1] in cells[-1].source


def test_a_changed_number_is_caught(tmp_path):
    """What a cell prints or gives must be what is stored; chatter and tables in HTML need not."""
    said = {
        "print(1.5)": new_output("stream", name="stdout", text="1.5\n"),
        "1 / 3": new_output("execute_result", {"text/plain": "0.3333333333333334"}),
        "import pandas; pandas.DataFrame()": new_output(
            "execute_result", {"text/plain": repr(pandas.DataFrame()), "text/html": "<b>old</b>"}
        ),
        "import sys; _ = sys.stderr.write('new')": new_output("stream", name="stderr", text="old"),
    }
    cells = [
        new_code_cell(source, outputs=[output], execution_count=number)
        for number, (source, output) in enumerate(said.items(), start=1)
    ]
    nbformat.write(new_notebook(cells=cells), tmp_path / "changed.ipynb")
    command = [sys.executable, "-m", "pytest", "-qq", "-p", "no:cacheprovider", "--nbval"]
    rules = ["--rootdir", config.root(), "-c", config.root() / "pyproject.toml"]
    rules += ["-p", "conftest", tmp_path / "changed.ipynb"]  # it is found only from above
    run = subprocess.run([*command, *rules], cwd=config.root(), capture_output=True, text=True)
    assert run.returncode == 1, run.stdout + run.stderr
    failed = [line for line in run.stdout.splitlines() if line.startswith("FAILED")]
    assert len(failed) == 1 and "Cell 1" in failed[0], run.stdout
