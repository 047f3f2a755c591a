"""Makes ``build/report/``: runs the notebooks in order and draws figures 5-11 of the report.

Its parts are made two at a time. What is up to date is left alone, so a report that was stopped
goes on where it stopped.

Conventions
-----------
page
    A notebook, run and turned into one HTML file that needs no network.
depends
    A page depends on its cells and pictures and on the files of musegen that its kernel has
    loaded; figures and songs on all of musegen. All depend on `data/`, the lock, the settings and
    the corpus.
"""

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import as_completed
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from pebble import ProcessPool
from tqdm import tqdm

from apps import claims
from apps.report import pages
from apps.report.notebooks import NotebookError, execute
from musegen import config, training

# On two cores, November 2026: all notebooks, figures and songs once the networks are there; and the
# network of ten songs, which does not come with musegen.
MINUTES, MINUTES_OF_AE_10 = 8, 2
SIDE_BY_SIDE = 2  # parts; those that need TensorFlow take 1.5 GB of memory each


def notebooks() -> list[Path]:
    """List the notebooks, in order, and after them the side roads."""
    folder = config.root() / "notebooks"
    return [*sorted(folder.glob("[0-9]*.ipynb")), *sorted(folder.glob("more/*.ipynb"))]


def how_long(settings: config.Settings, minutes: float = MINUTES) -> str:
    """Say how long it will take, with the networks that are still to be trained."""
    runs = [training.planned(name, settings) for name in settings.runs]
    missing = [run.cfg for run in runs if not run.finished()]
    if not missing:
        return f"at most {minutes:.0f} minutes; the networks are there"
    minutes += sum(cfg.minutes or MINUTES_OF_AE_10 for cfg in missing)
    trained = ", ".join(cfg.name for cfg in missing)
    return f"about {minutes:.0f} minutes; trained first: {trained}"


def build(settings: config.Settings, only: int | None = None) -> None:
    """Train what is missing; make what is not up to date of the report, with a line for each part.

    Parameters
    ----------
    settings : Settings
    only : int, optional
        Draw this figure of the report (5-11) anew and nothing else.

    Raises
    ------
    NotebookError
        If a notebook fails: its page shows where, those after it are not run.
    """
    made = Made(config.build_dir() / "report" / "made.json", settings)
    parts = rest(made.folder, settings)
    if only is None:
        print(how_long(settings), flush=True)
        for name in settings.runs:
            training.load_or_train(name, settings)
        parts = [*notebook_pages(notebooks(), made.folder, settings), *parts]
    else:
        parts = [part for part in parts if part.name == f"figure_{only:02}"]
        parts[0].file.unlink(missing_ok=True)
    made.make(parts)
    pages.write_index(made.folder, notebooks(), settings)
    print(f"look at {made.folder / 'index.html'}")


@dataclass(frozen=True)
class Part:
    """A part of the report.

    Attributes
    ----------
    name : str
    file : Path
        One of the files that are made.
    write : function
        May return which files of musegen it has used; all of them, if it does not.
    own : tuple of str
        What else it is made from.
    """

    name: str
    file: Path
    write: Callable[[], list[str] | None]
    own: tuple[str, ...] = ()


def notebook_pages(paths: Sequence[Path], folder: Path, settings: config.Settings) -> list[Part]:
    """Give for each notebook its page: a copy is run."""
    parts = []
    for path in paths:
        page = folder / f"{path.stem}.html"
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        own = [cell["cell_type"] + "".join(cell["source"]) for cell in cells]
        own += [_hash(file) for file in _files(path.parent / "images")]
        parts.append(Part(path.stem, page, partial(_make_page, path, page, settings), tuple(own)))
    return parts


def rest(folder: Path, settings: config.Settings) -> list[Part]:
    """Give what is in the report besides the notebooks' pages."""
    parts = []
    for number in range(5, 12):
        picture = folder / "figures" / f"figure_{number:02}.png"
        write = partial(pages.write_figure, number, settings, folder)
        parts.append(Part(picture.stem, picture, write))
    songs, survey = folder / "songs" / "survey_1.html", folder / "next_survey.html"
    judges = tuple(map(_hash, _files(Path(claims.__file__).parent)))
    tables = partial(pages.write_tables, folder, settings)
    parts.append(Part("survey songs", songs, partial(pages.write_survey_songs, settings, folder)))
    parts.append(Part("next survey", survey, partial(pages.write_next_survey, folder)))
    parts.append(Part("tables", folder / "claims.csv", tables, judges))
    return parts


def _make_page(path: Path, page: Path, settings: config.Settings) -> list[str]:
    copy = page.parent / "notebooks" / path.name
    copy.parent.mkdir(parents=True, exist_ok=True)
    try:
        notebook, files = execute(path, copy.parent, settings)
    except NotebookError as error:
        pages.write_page(error.notebook, page, copy, path.parent, settings)
        raise NotebookError(f"{error}\nits page: {page}", error.notebook) from None
    pages.write_page(notebook, page, copy, path.parent, settings)
    return files


class Made:
    """What was made from what, kept in a JSON file: name -> files it depends on, and their hash.

    Parameters
    ----------
    path : Path
        The JSON file, in the report's folder.
    settings : Settings
    """

    def __init__(self, path: Path, settings: config.Settings):
        self.path, self.folder = path, path.parent
        self._made = json.loads(path.read_text()) if path.exists() else {}
        root = config.root()
        # As they are now: who edits a file while a notebook runs gets its page made again.
        self._musegen = {
            file.relative_to(root).as_posix(): _hash(file) for file in _files(root / "musegen")
        }
        inputs = [*_files(config.data_dir()), root / "requirements.lock"]
        self._common = [_hash(file) for file in inputs if file.exists()]
        self._common += [settings.profile, f"{settings.minutes:g}", *_listed(settings.source)]

    def missing(self, parts: Sequence[Part]) -> list[Part]:
        """Give those parts that are not up to date."""

        def is_made(part: Part) -> bool:
            known = self._made.get(part.name)
            return bool(
                part.file.exists() and known and known == self._entry(known["files"], part.own)
            )

        return [part for part in parts if not is_made(part)]

    def make(self, parts: Sequence[Part]) -> None:
        """Make those parts that are not up to date, in this order, two at a time.

        Each is made in a process: a notebook waits for its kernel, and a figure takes one
        processor.
        """
        missing = self.missing(parts)
        for part in parts:
            if part not in missing:
                print(f"{part.name}: up to date")
        pool = ProcessPool(SIDE_BY_SIDE, context=get_context("spawn"))
        try:
            of_part = {pool.schedule(_timed, [part.write]): part for part in missing}
            bar = tqdm(as_completed(of_part), "report", len(missing), disable=config.progress())
            for done in bar:
                part, (files, seconds) = of_part[done], done.result()
                self._made[part.name] = self._entry(files, part.own)
                pages.write(self.path, json.dumps(self._made, indent=1))
                tqdm.write(f"{part.name}: {seconds:.0f} s")
        finally:  # after an interrupt, too: what is under way is not waited for
            pool.stop()
            pool.join()

    def _entry(self, files: list[str] | None, own: Sequence[str]) -> dict:
        used = self._musegen if files is None else files
        said = [f"{file} {self._musegen.get(file)}" for file in used]
        digest = hashlib.sha256("\0".join([*self._common, *own, *said]).encode())
        return {"files": files, "hash": digest.hexdigest()}


def _timed(write: Callable) -> tuple:
    """Give what it returns and the seconds that it took."""
    start = time.monotonic()
    return write(), time.monotonic() - start


def _hash(file: Path) -> str:
    return f"{file.name} {hashlib.sha256(file.read_bytes()).hexdigest()}"


def _files(root: Path) -> list[Path]:
    return sorted(f for f in root.rglob("*") if f.is_file() and f.suffix != ".pyc")


def _listed(source: str) -> Iterator[str]:
    """Name the corpus and, if it lies in files of the user, their names, sizes and times."""
    kind, _, where = source.partition(":")
    yield kind
    root = Path(where)
    for file in [root] if root.is_file() else _files(root) if where else []:
        yield f"{file} {file.stat().st_size} {file.stat().st_mtime_ns}"
