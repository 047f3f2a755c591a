"""What surrounds the code: set-up, the documents, and a clone elsewhere."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from pkgutil import resolve_name

import nbformat
import pandas as pd
import pytest

from apps.command import main
from musegen import config, training

ROOT = config.root()
NUMBERS = ROOT / "README.md", ROOT / "docs" / "results.md"
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def tracked() -> list[Path]:
    """List the files a clone has, and those that would be added to it."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [path for name in listed.stdout.split("\0") if (path := ROOT / name).is_file()]


@pytest.mark.skipif(not shutil.which("make"), reason="needs make")
@pytest.mark.parametrize(
    ("python", "says"),
    [
        ("exit 1", "musegen needs Python 3.11, 3.12 or 3.13"),
        ('case "$*" in *ensurepip*) exit 1;; *print*) echo python3.12-venv;; esac',
         "type: sudo apt install python3.12-venv"),
    ],
)  # fmt: skip
def test_set_up_without_a_python_that_fits_says_what_to_type(tmp_path, python, says):
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    for tool in ("make", "sh", "uname"):
        (bin_ / tool).symlink_to(shutil.which(tool))
    (bin_ / "python3").write_text(f"#!{shutil.which('sh')}\n{python}\n")
    (bin_ / "python3").chmod(0o755)
    for name in ("Makefile", "requirements.lock"):
        shutil.copy(ROOT / name, tmp_path)
    where = {"cwd": tmp_path, "env": {"PATH": str(bin_)}}
    run = subprocess.run(["make", "report"], **where, capture_output=True, text=True)
    assert run.returncode != 0
    assert says in run.stdout
    assert not (tmp_path / ".venv").exists()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_what_a_document_names_exists(document, capsys):
    text = document.read_text(encoding="utf-8")
    for name in re.findall(r"`((?:musegen|apps)(?:\.\w+)+)`", text):
        resolve_name(name)
    for target in re.findall(r"\]\((?!http|#)([^)#]+)", text):
        assert (document.parent / target).exists(), target
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert set(re.findall(r"[`\n]make ([a-z]+)", text)) <= set(targets)
    for command in set(re.findall(r"python -m musegen ([a-z]+)", text)):
        with pytest.raises(SystemExit, match="^0$"):
            main([command, "--help"])


def test_no_file_names_a_folder_of_one_machine():
    home = re.compile("|".join(("/" + "root/", "/" + r"home/\w", "/" + r"Users/\w")))
    for path in tracked():
        if path.suffix in {".py", ".md", ".toml", ".yml", ".csv", ".ipynb", ".cfg", ".html", ""}:
            assert not home.search(path.read_text(encoding="utf-8")), path


def test_a_clone_in_a_path_with_spaces_works(tmp_path):
    clone = tmp_path / "a b" / "the clone"
    for path in tracked():
        copy = clone / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)
    env = {name: value for name, value in os.environ.items() if name != "MUSEGEN_BUILD"}
    env["PYTHONPATH"] = env["PYTHONPATH"].split(os.pathsep)[0]  # the refusal of the network
    run = subprocess.run(
        [sys.executable, "-m", "musegen", "report", "--only", "5"],
        cwd=clone, env=env, capture_output=True, text=True,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    figures = clone / "build" / "report" / "figures"
    assert {p.name for p in figures.iterdir()} == {f"figure_05.{k}" for k in ("csv", "png", "svg")}
    assert (figures / "figure_05.csv").read_text().startswith("source,grade,count\n")
    assert 'src="figures/figure_05.png"' in (clone / "build" / "report" / "index.html").read_text()


def test_the_sections_that_docstrings_name_are_there():
    for file in sorted((ROOT / "musegen").rglob("*.py")):
        text = " ".join(file.read_text(encoding="utf-8").split())
        for name, section in re.findall(r'Notebook: ([\w/]+), "(.+?)"[.;)]', text):
            cells = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4).cells
            headings = re.findall(r"^#+ (.+)$", "\n".join(c.source for c in cells), re.MULTILINE)
            assert section in headings, f"{file.name}: {name} has no section {section!r}"


def test_numbers_that_stand_in_several_places_are_those_of_the_runs():
    ae, readme, results = training.shipped("ae_256").manifest, *map(Path.read_text, NUMBERS)
    parts = [f"{100 * ae[f'{songs}_recall']:.0f} % and {100 * ae[f'{songs}_precision']:.0f} %"
             for songs in ("training", "test")]  # fmt: skip
    assert ", ".join(parts) in results
    assert f"the one on 256 to {parts[0][:4]} of the" in " ".join(readme.split())

    board = pd.read_csv(ROOT / "data" / "four_voices.csv").set_index("network")
    shipped = board.loc["+ who moves above, seed 2021 (shipped)"]
    seeds = board[board.index.str.startswith("+ who moves above")]["all"]
    said = f"{shipped['all']:.2f} on all 77 pieces, {shipped['clean']:.2f} on the 49 clean ones"
    assert said in results and f"{shipped['all']:.2f} nats a" in readme
    beyond = (ROOT / "notebooks" / "06_beyond_the_report.ipynb").read_text()
    for text in (results, beyond):
        assert f"{seeds.min():.3f} to {seeds.max():.3f}" in text
    kinds = re.findall(r"(measures|voice leading|n-grams|GRU) +clean +(\S+)", beyond)
    critic, auc = max(kinds, key=lambda one: float(one[1]))
    assert f"{critic} {auc} and" in results and f"has an AUC of {auc}." in readme
    assert f"about {100 * float(auc):.0f} of 100 pairs" in beyond

    names = [f"lstm_{name}_{songs}" for name in ("small", "deep") for songs in (128, 256)]
    right = pd.DataFrame({name: training.shipped(name).history["test_accuracy"] for name in names})
    ends = [f"{100 * right.ffill().iloc[-1].agg(end):.0f}" for end in ("min", "max")]
    best = [f"{100 * right.max().agg(end):.0f}" for end in ("min", "max")]
    said = f"on test songs {' to '.join(ends)} %, {' to '.join(best)} % at their best"
    assert said in " ".join(readme.split())
