"""Makes ``build/report/``: runs the notebooks in order and draws figures 5-11 of the report.

What is up to date is left alone, so a report that was stopped goes on where it stopped.

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
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path

from apps.report import pages
from apps.report.notebooks import NotebookError, execute
from musegen import config, figures, training

# On two cores, November 2026: all notebooks, figures and songs once the networks are there; and the
# network of ten songs, which does not come with musegen.
MINUTES, MINUTES_OF_AE_10 = 12, 1


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
    """Make what is not up to date of the report, with a line for each thing made.

    Parameters
    ----------
    settings : Settings
    only : int, optional
        Draw this figure of the report (5-11) anew and nothing else.

    Raises
    ------
    NotebookError
        If a notebook fails: its page shows where, later notebooks are not run.
    """
    made = Made(config.build_dir() / "report" / "made.json", settings)
    load = cache(partial(training.load_or_train, settings=settings))
    if only is None:
        print(how_long(settings), flush=True)
        make_pages(notebooks(), made, settings)
    for number in figures.CAPTIONS if only is None else [only]:
        picture = made.folder / "figures" / f"figure_{number:02}.png"
        if only is not None:
            picture.unlink(missing_ok=True)
        write = partial(pages.write_figure, number, load, made.folder)
        made.make(picture.stem, picture, write)
    if only is None:
        write = partial(pages.write_survey_songs, load, made.folder)
        made.make("survey songs", made.folder / "songs" / "survey_1.html", write)
        write = partial(pages.write_next_survey, made.folder)
        made.make("next survey", made.folder / "next_survey.html", write)
        pages.write_tables(made.folder, settings)
    pages.write_index(made.folder, notebooks(), settings)
    print(f"look at {made.folder / 'index.html'}")


def make_pages(paths: list[Path], made: "Made", settings: config.Settings) -> None:
    """Run copies of the notebooks and write a page each, in order."""
    for path in paths:
        page = made.folder / f"{path.stem}.html"
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        own = [cell["cell_type"] + "".join(cell["source"]) for cell in cells]
        own += [_hash(file) for file in _files(path.parent / "images")]
        made.make(path.stem, page, partial(_make_page, path, page, settings), own)


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

    def make(
        self, name: str, file: Path, write: Callable[[], list[str] | None], own: list[str] = ()
    ) -> None:
        """Let `write` make something, unless it is up to date.

        Parameters
        ----------
        name : str
        file : Path
            One of the files that are made.
        write : function
            May return which files of musegen it has used; all of them, if it does not.
        own : list of str
            What else it is made from.
        """
        known = self._made.get(name)
        if file.exists() and known and known == self._entry(known["files"], own):
            print(f"{name}: up to date")
            return
        start = time.monotonic()
        self._made[name] = self._entry(write(), own)
        pages.write(self.path, json.dumps(self._made, indent=1))
        print(f"{name}: {time.monotonic() - start:.0f} s", flush=True)

    def _entry(self, files: list[str] | None, own: list[str]) -> dict:
        used = self._musegen if files is None else files
        said = [f"{file} {self._musegen.get(file)}" for file in used]
        digest = hashlib.sha256("\0".join([*self._common, *own, *said]).encode())
        return {"files": files, "hash": digest.hexdigest()}


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
