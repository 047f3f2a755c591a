"""The files of the report: a page per notebook, figures, tables, songs, and the index."""

import shutil
from collections.abc import Sequence
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import pandas as pd

from apps import claims, play, template
from apps.listening import build
from apps.listening.page import Place
from musegen import config, figures, metrics, player, survey, training
from musegen.corpus import jsb
from musegen.files import atomic_write, write
from musegen.training import Run

IN_SURVEY = ("lstm_small_128", "lstm_small_256", "ae_10", "ae_256")
_loaded, _reference = cache(training.load_or_train), cache(metrics.ReferenceCorpus.of)


def write_page(notebook, page: Path, copy: Path, folder: Path, settings: config.Settings) -> None:
    """Write a notebook as an HTML page that needs no network, and as a notebook beside it.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
    page, copy : Path
    folder : Path
        The notebook's own, where the pictures lie that its text shows.
    settings : Settings
        A page of other songs than the chorales begins with what its text says in vain.
    """
    import nbformat
    from nbconvert import HTMLExporter

    here = str(Path(__file__).parent)
    exporter = HTMLExporter(
        template_name="notebook_page",
        extra_template_basedirs=[here],
        extra_template_paths=[here, str(template.SHARED)],
        embed_images=True,
        exclude_anchor_links=True,
    )
    about = {"name": page.stem, "path": str(folder)}
    said = _of_other_songs(notebook, settings)
    resources = {"metadata": about, "of_other_songs": said}
    write(page, exporter.from_notebook_node(notebook, resources)[0])
    write(copy, nbformat.writes(notebook))


def _of_other_songs(notebook, settings: config.Settings) -> str:
    if settings.source == "chorales":
        return ""
    printed = (out.get("text", "") for cell in notebook.cells for out in cell.get("outputs", ()))
    lines = "\n".join(printed).splitlines()
    failed = [line.removesuffix(": False") for line in lines if line.endswith(": False")]
    return template.render(
        Path(__file__).parent / "other_songs.html", settings=settings, failed=failed
    )


def write_figure(number: int, settings: config.Settings, folder: Path) -> None:
    """Draw a figure as PNG and SVG; write the numbers behind 5 and 6 and the songs of 7-11."""
    import matplotlib as mpl

    mpl.use("agg")  # no window, whatever the machine prefers
    name = f"figure_{number:02}"
    figures.set_style()
    runs = [_loaded(name, settings) for name in figures.RUNS_OF.get(number, ())]
    figure = figures.figure(number, *runs) if runs else getattr(figures, f"figure_{number}")()
    for kind, metadata in (("png", {}), ("svg", {"Date": None})):
        with atomic_write(folder / "figures" / f"{name}.{kind}") as part:
            figure.savefig(part, format=kind, metadata=metadata)
    if runs:
        songs = figures.figure_songs(number, *runs)
        _write_songs(folder / "songs", name, songs, beside_people(songs, runs))
        return
    counts = survey.ranges(survey.splits()) if number == 6 else survey.recovered()
    _write_csv(folder / "figures" / f"{name}.csv", counts)


def beside_people(songs, runs: Sequence[Run]):
    """Measure songs beside people's: a row a measure, a column a song.

    Each is held against the run that made it; one that a person wrote, a training song of the LSTM
    of 256, is not looked up in itself.
    """
    by_name = {run.cfg.name: _reference(run) for run in runs}
    own = [by_name.get(song.source) or by_name["lstm_small_256"].without(song) for song in songs]
    people = own[0].reference_measures.drop(columns=["title", "source"])
    low, high = people.quantile(0.05), people.quantile(0.95)
    table = {"people": people.median(), "low": low, "high": high}
    for i, (reference, song) in enumerate(zip(own, songs, strict=True), 1):
        table[f"song {i}"] = reference.measures([song])[people.columns].median()
    return pd.DataFrame(table).round(2).reset_index(names="measure")


def write_survey_songs(settings: config.Settings, folder: Path) -> None:
    """Write the ten songs of our survey, two a source; again as `survey build` takes them."""
    runs = [_loaded(name, settings) for name in IN_SURVEY]
    for i, (source, songs) in enumerate(figures.survey_songs(*runs).items(), start=1):
        _write_songs(folder / "songs", f"survey_{i}", songs, beside_people(songs, runs))
        _write_midi(folder / "survey_songs" / source, songs)


def write_next_survey(folder: Path) -> None:
    """Write the songs of the survey's next round, and its listening page unless there is one.

    The index plays two others, those of the README's picture: it must not tell who wrote what.
    """
    test_songs = [piece.song for piece in jsb.load("test") if not piece.twin]
    _write_songs(folder / "songs", "four_voices", play.songs(2, seed=1))
    # Beside the report: who publishes it does not publish who wrote what.
    place = Place(folder.parent / "next_survey")
    if not place.key.exists():  # answers to it may be under way
        ten = figures.next_survey_songs(training.shipped("four_voices"), test_songs)
        for source, songs in ten.items():
            _write_midi(place.private / "songs" / source, songs)
        nobody = "nobody, for this page collects nothing: your answers stay on your device"
        until = date.today() + timedelta(days=365)
        build.build(place.private / "songs", place.folder, nobody, until)
    shutil.copyfile(place.page, folder / "next_survey.html")


def _write_midi(folder: Path, songs) -> None:
    for number, song in enumerate(songs, start=1):
        song.to_midi(folder / f"song {number}.mid")


def _write_songs(folder: Path, name: str, songs, measures=None) -> None:
    """Write songs as files, and as one player for the index, with their measures."""
    for i, song in enumerate(songs, start=1):
        song.to_midi(folder / f"{name}_{i}.mid")
        song.to_audio(folder / f"{name}_{i}.mp3")
    if measures is not None:
        _write_csv(folder / f"{name}_measures.csv", measures)
    audio = [f"{folder.name}/{name}_{i}.mp3" for i, _ in enumerate(songs, start=1)]
    write(folder / f"{name}.html", player.player_html(*songs, audio=audio))


def write_tables(folder: Path, settings: config.Settings) -> None:
    """Write tables 1 and 2, printed beside recomputed, the claims and what is as built, as CSV."""
    grades = survey.wide(survey.recovered())
    first = survey.splits()[lambda songs: songs["split"] == 0]
    # Every split that fits table 2 gives it the same numbers.
    for number, counts, share in (
        (1, grades, "without 3"),
        (2, first.set_index("source"), "all answers"),
    ):
        compared = survey.recomputed(survey.printed(number), counts, share)
        _write_csv(folder / "tables" / f"table_{number}.csv", compared)
    _write_csv(folder / "claims.csv", claims.table(settings))
    _write_csv(folder / "as_built.csv", claims.as_built(settings))


def _write_csv(path: Path, frame) -> None:
    write(path, frame.to_csv(index=False))


def write_index(folder: Path, notebooks: list[Path], settings: config.Settings) -> None:
    """Bind what is there into ``index.html``."""
    drawn = [n for n in range(5, 12) if (folder / f"figures/figure_{n:02}.png").exists()]
    about = {1: "the grades of each source", 2: "the two songs of the autoencoder on 256 songs"}
    page = template.render(
        Path(__file__).parent / "index.html",
        settings=settings,
        four_voices=_heard(folder, "four_voices"),
        survey=[
            (source, _heard(folder, f"survey_{n}")) for n, source in enumerate(figures.SOURCES, 1)
        ],
        notebooks=[(_title(n), (folder / f"{n.stem}.html").exists(), n.stem) for n in notebooks],
        figures=[_figure(folder, number) for number in drawn],
        tables=[(n, _rows(folder / f"tables/table_{n}.csv"), what) for n, what in about.items()],
        claims=_rows(folder / "claims.csv"),
        as_built=_rows(folder / "as_built.csv"),
    )
    write(folder / "index.html", page)


def _title(notebook: Path) -> str:
    """Read the heading of a notebook's first cell."""
    import nbformat

    return nbformat.read(notebook, as_version=4).cells[0].source.splitlines()[0].lstrip("# ")


def _figure(folder: Path, number: int) -> dict:
    picture = folder / "figures" / f"figure_{number:02}.png"
    others = (picture.with_suffix(kind) for kind in (".svg", ".csv"))
    return {
        "number": number,
        "name": picture.stem,
        "files": [f"figures/{file.name}" for file in others if file.exists()],
        "heard": _heard(folder, picture.stem),
    }


def _heard(folder: Path, name: str) -> dict | None:
    """Find a player, its songs' files and their measures; nothing if it is not there."""
    path = folder / "songs" / f"{name}.html"
    if not path.exists():
        return None
    measures = path.with_name(f"{name}_measures.csv")
    return {
        "player": path.read_text(encoding="utf-8"),
        "files": [f"songs/{file.name}" for file in sorted(path.parent.glob(f"{name}_?.m*"))],
        "measures": _rows(measures),
    }


def _rows(file: Path) -> list[dict]:
    """Read a table, a dict a row; an empty one if it is not there."""
    if not file.exists():
        return []
    return pd.read_csv(file, dtype={"printed": str}, keep_default_na=False).to_dict("records")
