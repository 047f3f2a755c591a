"""The committed notebooks as files, and the net that catches a changed number."""

import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell

from apps import report
from apps.report.notebooks import execute
from musegen import config

PATHS = report.notebooks()
NAMES = [
    "01_data_preparation",
    "02_autoencoder_training",
    "03_lstm_training",
    "04_generation",
    "05_survey_analysis",
    "06_beyond_the_report",
]
IGNORED = "nbval-ignore-output"
DECIMAL = r"(\d)\.(?=\d)"
each = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)


def code_cells(path: Path) -> list:
    cells = nbformat.read(path, as_version=4).cells
    return [cell for cell in cells if cell.cell_type == "code"]


def tags(cell) -> list[str]:
    return cell.metadata.get("tags", [])


def test_there_are_six():
    assert [path.stem for path in PATHS] == NAMES


@each
def test_cells_were_run_once_from_top_to_bottom(path):
    counts = [cell.execution_count for cell in code_cells(path)]
    assert counts == list(range(1, len(counts) + 1))


@each
def test_no_error_is_stored_unless_promised(path):
    for cell in code_cells(path):
        errors = [output for output in cell.outputs if output.output_type == "error"]
        assert not errors or "raises-exception" in tags(cell)


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
def test_profile_is_quick_and_checked(path):
    first = [cell for cell in code_cells(path) if "cfg.name" in cell.source][0]
    assert IGNORED not in tags(first)
    assert first.outputs[0]["data"]["text/plain"] == "'quick'"


@each
def test_outputs_hold_nothing_of_one_machine(path):
    for cell in code_cells(path):
        text = str(cell.outputs)
        assert not re.search(r"/(root|home|tmp|Users)/|site-packages|0x[0-9a-f]{8}", text)
        assert "Warning" not in text


@each
def test_notebook_is_small_and_tidy(path):
    assert path.stat().st_size < 1_200_000
    notebook = nbformat.read(path, as_version=4)
    assert "widgets" not in notebook.metadata
    assert notebook.metadata.kernelspec.name == "python3"


@pytest.mark.parametrize("name", ["01_data_preparation", "05_survey_analysis"])
def test_tensorflow_is_not_imported(name, tmp_path):
    notebook = nbformat.read(config.root() / "notebooks" / f"{name}.ipynb", as_version=4)
    ask = "import sys; print('heavy:', *({'tensorflow', 'keras'} & set(sys.modules)))"
    notebook.cells.append(new_code_cell(ask))
    nbformat.write(notebook, tmp_path / "copy.ipynb")
    run = execute(tmp_path / "copy.ipynb", cwd=tmp_path)
    assert run.cells[-1].outputs[0].text == "heavy:\n"


def nbval(*paths, **variables) -> subprocess.CompletedProcess:
    """Check notebooks in a process of their own, as `make test` does."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--nbval",
        "-q",
        "-p",
        "no:cacheprovider",
        "--rootdir",
    ]
    return subprocess.run(
        [
            *command,
            str(config.root()),
            "-c",
            str(config.root() / "pyproject.toml"),
            *map(str, paths),
        ],
        cwd=config.root(),
        env=os.environ | variables,
        capture_output=True,
        text=True,
    )


def test_a_changed_number_is_caught(tmp_path):
    """Change one digit that notebook 05 prints: that cell fails, all before it still pass."""
    notebook = nbformat.read(config.root() / "notebooks" / "05_survey_analysis.ipynb", as_version=4)
    place, data = next(
        (place, output.data)
        for place, cell in enumerate(notebook.cells)
        if cell.cell_type == "code" and IGNORED not in tags(cell)
        for output in cell.outputs
        if re.search(DECIMAL, output.get("data", {}).get("text/plain", ""))
    )
    data["text/plain"] = re.sub(
        DECIMAL, lambda found: f"{(int(found[1]) + 1) % 10}.", data["text/plain"], count=1
    )
    notebook.cells = notebook.cells[: place + 1]
    before = sum(cell.cell_type == "code" for cell in notebook.cells) - 1
    nbformat.write(notebook, tmp_path / "changed.ipynb")
    run = nbval(tmp_path / "changed.ipynb")
    assert run.returncode == 1, run.stdout + run.stderr
    assert re.search(rf"^1 failed, {before} passed", run.stdout, re.MULTILINE), run.stdout


@pytest.mark.soak
@pytest.mark.parametrize("threads", [1, 2, 4])
def test_notebooks_pass_with_any_number_of_threads(threads, tmp_path):
    run = nbval(
        *PATHS,
        MUSEGEN_BUILD=str(tmp_path),
        TF_NUM_INTRAOP_THREADS=str(threads),
        TF_NUM_INTEROP_THREADS=str(threads),
    )
    assert run.returncode == 0, run.stdout
