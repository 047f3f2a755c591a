"""What surrounds the code: the lock, the commands, the documents, and a clone elsewhere."""

import os
import re
import shutil
import socket
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import pytest
import yaml

from apps.report import Made, make_pages
from musegen import config

ROOT = config.root()
LOCK = (ROOT / "requirements.lock").read_text()


def tracked() -> list[Path]:
    """List the files a clone has, and those that would be added to it."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [path for name in listed.stdout.split("\0") if (path := ROOT / name).is_file()]


# --- Lock and environment --------------------------------------------------------------------


def test_lock_pins_every_dependency_with_hashes():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = project["project"]["dependencies"] + project["dependency-groups"]["test"]
    pinned = re.findall(r"^([a-z0-9-]+)==", LOCK, re.MULTILINE)
    assert {re.match(r"[\w-]+", name)[0] for name in wanted} <= set(pinned)
    entries = re.split(r"^(?=[a-z0-9-]+==)", LOCK, flags=re.MULTILINE)[1:]
    assert all("--hash=sha256:" in entry for entry in entries)


def test_lock_serves_every_system():
    assert "sys_platform == 'darwin'" in LOCK
    assert "sys_platform == 'win32'" in LOCK
    assert "python_full_version >= '3.12'" in LOCK


@pytest.mark.parametrize(
    "name",
    [*(path.name for path in ROOT.glob("*.lock")), "environment.yml", "pyproject.toml"],
)
def test_no_address_of_an_index(name):
    text = (ROOT / name).read_text()
    assert "://" not in text
    assert "index-url" not in text


def test_conda_reads_the_same_lock():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    python, pip, lock = environment["dependencies"]
    assert python in {"python=3.11", "python=3.12", "python=3.13"}
    assert pip == "pip"
    assert lock == {"pip": ["--require-hashes", "-r requirements.lock"]}


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
    run = subprocess.run(
        ["make", "report"], cwd=tmp_path, env={"PATH": str(bin_)}, capture_output=True, text=True
    )
    assert run.returncode != 0
    assert says in run.stdout
    assert not (tmp_path / ".venv").exists()


# --- Documents -------------------------------------------------------------------------------


def test_ci_runs_the_test_command_of_the_readme():
    assert "`make test`" in (ROOT / "README.md").read_text()
    lines = (ROOT / ".ci" / "run").read_text().splitlines()
    assert {"make lint", "make test"} <= set(lines)


def test_every_function_and_link_of_the_readme_exists():
    readme = (ROOT / "README.md").read_text()
    for name in re.findall(r"`(musegen(?:\.\w+)+)`", readme):
        module, *rest = name.split(".")[1:]
        thing = import_module(f"musegen.{module}")
        for part in rest:
            thing = getattr(thing, part)
    for target in re.findall(r"\]\((?!http)([^)]+)\)", readme):
        assert (ROOT / target).exists(), target


def test_citation_names_what_this_grew_from():
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    titles = " ".join(reference["title"] for reference in cited["references"])
    for title in ("Autoencoders and Long Short-Term Memory", "Pypianoroll", "Composer", "MuseGAN"):
        assert title in titles


def test_no_file_names_a_folder_of_one_machine():
    home = re.compile("|".join(("/" + "root/", "/" + r"home/\w", "/" + r"Users/\w")))
    for path in tracked():
        if path.suffix in {".py", ".md", ".toml", ".yml", ".csv", ".ipynb", ".cfg", ".html", ""}:
            assert not home.search(path.read_text(encoding="utf-8")), path


# --- No network ------------------------------------------------------------------------------

REACH_OUT = "import socket; socket.create_connection(('192.0.2.1', 80), timeout=1)"


def test_no_connection_leaves_this_process():
    with pytest.raises(OSError, match="run without a network"):
        socket.create_connection(("192.0.2.1", 80), timeout=1)
    with pytest.raises(OSError, match="run without a network"):
        socket.getaddrinfo("example.org", 80)


def test_no_connection_leaves_a_child():
    run = subprocess.run([sys.executable, "-c", REACH_OUT], capture_output=True, text=True)
    assert "run without a network" in run.stderr


def test_no_connection_leaves_a_kernel(tmp_path, build):
    import nbformat
    from nbformat.v4 import new_code_cell, new_notebook

    path = tmp_path / "01_out.ipynb"
    code = f"try:\n    {REACH_OUT}\nexcept OSError as error:\n    print(error)"
    nbformat.write(new_notebook(cells=[new_code_cell(code)]), path)
    make_pages([path], Made(build / "report" / "made.json"))
    assert "run without a network" in (build / "report" / "01_out.html").read_text()


# --- A clone elsewhere -----------------------------------------------------------------------


def test_a_clone_in_a_path_with_spaces_works(tmp_path):
    clone = tmp_path / "a b" / "the clone"
    for path in tracked():
        copy = clone / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)
    env = {name: value for name, value in os.environ.items() if name != "MUSEGEN_BUILD"}
    run = subprocess.run(
        [sys.executable, "-m", "musegen", "report", "--only", "5"],
        cwd=clone, env=env, capture_output=True, text=True,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    figures = clone / "build" / "report" / "figures"
    assert sorted(p.name for p in figures.iterdir()) == [
        f"figure_05.{kind}" for kind in ("csv", "png", "svg")
    ]
    assert (figures / "figure_05.csv").read_text().startswith("source,grade,count\n")
    assert "data:image/png;base64," in (clone / "build" / "report" / "index.html").read_text()
