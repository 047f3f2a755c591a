"""Makes ``build/report/``: runs the notebooks in order and draws figures 5-11 of the report.

What is up to date is left alone: ``made.json`` remembers for each page and figure the hash of
all it was made from. So a report that was stopped goes on where it stopped.

Conventions
-----------
page
    A notebook, run and turned into one HTML file that needs no network.
key
    Hash of what a page or figure is made from: musegen, `data/`, the lock, profile and corpus;
    for a page also its notebook's cells.
"""

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from apps.report import pages
from apps.report.notebooks import NotebookError, execute, run_in_place
from musegen import config

__all__ = ["NotebookError", "build", "folder", "notebooks", "run_in_place"]

FIGURES = range(5, 12)  # 1-4 explain the method: notebooks 02 and 03 draw them
FACE = ("__main__.py", "ledger.py", "report")  # no notebook or figure depends on these


def folder() -> Path:
    """Where the report goes."""
    return config.build_dir() / "report"


def notebooks() -> list[Path]:
    """List the notebooks, in order."""
    return sorted((config.root() / "notebooks").glob("[0-9]*.ipynb"))


def build(only: int | None = None) -> None:
    """Make what is not up to date of the report, with a line for each thing made.

    Parameters
    ----------
    only : int, optional
        Draw this figure of the report (5-11) anew and nothing else.

    Raises
    ------
    NotebookError
        If a notebook fails: its page shows where, later notebooks are not run.
    ValueError
        If the report has no such figure.
    """
    if only is not None and only not in FIGURES:
        raise ValueError(f"figure {only} is not drawn here; choose one of 5 to 11")
    made = Made(folder() / "made.json")
    if only is None:
        make_pages(notebooks(), made)
    for number in FIGURES if only is None else [only]:
        make_figure(number, made, anew=only is not None)
    if only is None:
        make_songs("survey songs", pages.write_survey_songs, "songs/survey_1.html", made)
        make_songs("next survey", pages.write_next_survey, "next_survey.html", made)
        pages.write_tables(folder())
    pages.write_index(folder(), notebooks())
    print(f"look at {folder() / 'index.html'}")


def make_pages(paths: list[Path], made: "Made") -> None:
    """Run copies of the notebooks and write a page each, in order."""
    inputs = _inputs()
    for path in paths:
        page = made.folder / f"{path.stem}.html"
        key = _hash([inputs, *_cells(path)])
        if made.has(path.stem, key, page):
            print(f"{path.stem}: up to date")
            continue
        start = time.monotonic()
        copy = made.folder / "notebooks" / path.name
        copy.parent.mkdir(parents=True, exist_ok=True)
        try:
            notebook = execute(path, cwd=copy.parent)
        except NotebookError as error:
            pages.write_page(error.notebook, page, copy)
            raise NotebookError(f"{error}\nits page: {page}", error.notebook) from None
        pages.write_page(notebook, page, copy)
        made.add(path.stem, key)
        print(f"{path.stem}: {len(notebook.cells)} cells, {time.monotonic() - start:.0f} s")


def make_figure(number: int, made: "Made", *, anew: bool = False) -> None:
    """Draw a figure of the report, and write its songs and numbers if it has any."""
    name = f"figure_{number:02}"
    key = _hash([_inputs()])
    if not anew and made.has(name, key, made.folder / "figures" / f"{name}.png"):
        print(f"{name}: up to date")
        return
    start = time.monotonic()
    pages.write_figure(number, made.folder)
    made.add(name, key)
    print(f"{name}: {time.monotonic() - start:.0f} s")


def make_songs(what: str, write: Callable[[Path], None], file: str, made: "Made") -> None:
    """Let `write` write songs into the report's folder; `file` is one of those it makes."""
    key = _hash([_inputs()])
    if made.has(what, key, made.folder / file):
        print(f"{what}: up to date")
        return
    start = time.monotonic()
    write(made.folder)
    made.add(what, key)
    print(f"{what}: {time.monotonic() - start:.0f} s")


class Made:
    """What was made from what, kept in a JSON file: name -> key."""

    def __init__(self, path: Path):
        self.path, self.folder = path, path.parent
        self.keys = json.loads(path.read_text()) if path.exists() else {}

    def has(self, name: str, key: str, file: Path) -> bool:
        return file.exists() and self.keys.get(name) == key

    def add(self, name: str, key: str) -> None:
        self.keys[name] = key
        pages.write(self.path, json.dumps(self.keys, indent=1))


def _hash(parts: list[str]) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _cells(path: Path) -> list[str]:
    """List what a notebook says, its outputs left out."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [cell["cell_type"] + "".join(cell["source"]) for cell in cells]


def _inputs() -> str:
    """Hash what all pages and figures are made from."""
    files = [*_files(config.data_dir()), config.root() / "requirements.lock"]
    files += [f for f in _files(config.root() / "musegen") if _below(f).parts[0] not in FACE]
    said = [f"{f.name} {hashlib.sha256(f.read_bytes()).hexdigest()}" for f in files if f.exists()]
    return _hash([*said, config.profile().name, *_source()])


def _below(file: Path) -> Path:
    return file.relative_to(config.root() / "musegen")


def _files(root: Path) -> list[Path]:
    return sorted(f for f in root.rglob("*") if f.is_file() and f.suffix != ".pyc")


def _source() -> Iterator[str]:
    """Name the corpus and, if it lies in files of the user, their names, sizes and times."""
    kind, _, where = config.source().partition(":")
    yield kind
    root = Path(where)
    for file in [root] if root.is_file() else _files(root) if where else []:
        yield f"{file} {file.stat().st_size} {file.stat().st_mtime_ns}"
