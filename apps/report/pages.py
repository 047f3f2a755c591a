"""The files of the report: a page per notebook, figures, tables, songs, and the index."""

import base64
import html
import inspect
import io
import re
from functools import cache
from pathlib import Path
from string import Template

from apps import claims, listening, play
from musegen import config, figures, metrics, player, survey, training
from musegen.files import whole

# The captions of the report, in its own words.
CAPTIONS = {
    5: "Aggregated comparison of experienced authenticity.",
    6: "Comparison between the two individual songs from the autoencoder model trained on the "
    "large dataset.",
    7: "Plot of MIDI representation for the 2 songs generated from the autoencoder model trained "
    "on 10 songs.",
    8: "Plot of MIDI representation for the 2 songs generated from the autoencoder model trained "
    "on 256 songs.",
    9: "Plot of MIDI representation for two songs generated in a simple fashion using LSTM.",
    10: "Plot of MIDI representation for two songs generated in a more varied fashion using LSTM.",
    11: "MIDI representation of two songs generated in a more overfitted fashion using LSTM.",
}
SONGS = range(7, 12)  # the figures that show songs


def write(path: Path, content: str | bytes) -> None:
    """Write a whole file or nothing."""
    with whole(path) as part:
        part.write_bytes(content.encode() if isinstance(content, str) else content)


def write_page(notebook, page: Path, copy: Path) -> None:
    """Write a notebook as an HTML page that needs no network, and as a notebook beside it."""
    import nbformat
    from nbconvert import HTMLExporter

    exporter = HTMLExporter(mathjax_url="", require_js_url="", jquery_url="")
    text, _ = exporter.from_notebook_node(notebook, {"metadata": {"name": page.stem}})
    back = '<p style="margin:1em"><a href="index.html">All figures and pages</a></p>'
    write(page, text.replace("<main>", f"{back}\n<main>", 1))
    write(copy, nbformat.writes(notebook))


def write_figure(number: int, folder: Path) -> None:
    """Draw a figure as PNG and SVG; write the numbers behind 5 and 6 and the songs of 7-11."""
    import matplotlib as mpl

    mpl.use("agg")  # no window, whatever the machine prefers
    name = f"figure_{number:02}"
    figures.set_style()
    figure = getattr(figures, f"figure_{number}")()
    for kind, metadata in (("png", {}), ("svg", {"Date": None})):
        buffer = io.BytesIO()
        figure.savefig(buffer, format=kind, metadata=metadata)
        write(folder / "figures" / f"{name}.{kind}", buffer.getvalue())
    if number not in SONGS:
        _write_csv(folder / "figures" / f"{name}.csv", _numbers(number))
        return
    songs = figures.figure_songs(number)
    _write_songs(folder / "songs", name, songs)
    _write_csv(folder / "songs" / f"{name}_measures.csv", _beside_people(songs))


def _beside_people(songs):
    """Measure songs beside people's: a row a measure, a column a song."""
    tables = [_yardstick_for(song).table({f"song {i}": [song]}) for i, song in enumerate(songs, 1)]
    people = tables[0][["people", "low", "high"]]
    return (
        people.join([table.iloc[:, 3:] for table in tables]).round(2).reset_index(names="measure")
    )


def _yardstick_for(song) -> metrics.Yardstick:
    """Take the run that made a song; one that a person wrote is not looked up in itself."""
    if song.source in config.profile().runs:
        return _yardstick(song.source)
    return _yardstick("lstm_small_256").without(song)  # `figures.survey_songs` takes it from there


@cache
def _yardstick(run: str) -> metrics.Yardstick:
    return metrics.Yardstick.of(training.load_or_train(run))


def write_survey_songs(folder: Path) -> None:
    """Write the ten songs of our survey, two a source; again as `survey build` takes them."""
    for i, (source, songs) in enumerate(figures.survey_songs().items(), start=1):
        _write_songs(folder / "songs", f"survey_{i}", songs)
        _write_csv(folder / "songs" / f"survey_{i}_measures.csv", _beside_people(songs))
        for number, song in enumerate(songs, start=1):
            song.to_midi(folder / "survey_songs" / source / f"song {number}.mid")


def write_next_survey(folder: Path) -> None:
    """Write the songs of the survey's next round, and its listening page unless there is one.

    The index plays two others, those of the README's picture: it must not tell who wrote what.
    """
    for source, some in figures.next_survey_songs().items():
        for number, song in enumerate(some, start=1):
            song.to_midi(folder / "next_survey" / source / f"song {number}.mid")
    _write_songs(folder / "songs", "held", play.songs(2, seed=1))
    page = folder / "next_survey.html"
    if not page.with_suffix(".key.csv").exists():  # answers to it may be under way
        listening.build(folder / "next_survey", page)


def _write_songs(folder: Path, name: str, songs) -> None:
    """Write songs as files, and as one player for the index."""
    for i, song in enumerate(songs, start=1):
        song.to_midi(folder / f"{name}_{i}.mid")
        song.to_audio(folder / f"{name}_{i}.mp3")
    write(folder / f"{name}.html", player.player_html(*songs))


def _numbers(number: int):
    """Look up the recovered grades behind figure 5, their ranges behind figure 6."""
    counts = survey.recovered()
    if number == 5:
        return counts
    return survey.ranges(survey.splits(survey.wide(counts).loc["AE large dataset"]))


def write_tables(folder: Path) -> None:
    """Write tables 1 and 2, printed beside recomputed, and the ledger, as CSV."""
    for number in (1, 2):
        _write_csv(folder / "tables" / f"table_{number}.csv", table(number))
    _write_csv(folder / "ledger.csv", claims.ledger())


def table(number: int):
    """Set table 1 or 2 of the report beside what the recovered grades give.

    Every split of the grades that fits table 2 gives it the same numbers; the first one serves.
    """
    grades, share = survey.wide(survey.recovered()), "without 3"
    if number == 2:
        splits = survey.splits(grades.loc["AE large dataset"])
        grades = splits[splits["split"] == 0].set_index("source")[survey.GRADES]
        share = "all answers"
    compared = survey.recomputed(survey.printed(number), grades, share)
    return compared.rename(columns={"ours": "recomputed"})


def _write_csv(path: Path, frame) -> None:
    write(path, frame.to_csv(index=False))


def write_index(folder: Path, notebooks: list[Path]) -> None:
    """Bind what is there into ``index.html``, its pictures inside it."""
    template = Template((Path(__file__).parent / "index.html").read_text(encoding="utf-8"))
    page = template.substitute(
        profile=config.profile().name,
        corpus=html.escape(config.source()),
        held=_heard(folder / "songs" / "held.html"),
        survey="\n".join(_heard(path) for path in sorted((folder / "songs").glob("survey_?.html"))),
        notebooks="\n".join(_link(folder, n) for n in notebooks),
        figures="\n".join(_figure(folder, n) for n in CAPTIONS),
        tables="\n".join(_table(folder, n) for n in (1, 2)),
        verdicts=_verdicts(folder),
        ledger=_html(folder / "ledger.csv", without=("profile", "corpus")),
    )
    write(folder / "index.html", page)


def _link(folder: Path, notebook: Path) -> str:
    page = folder / f"{notebook.stem}.html"
    title = html.escape(_title(notebook))
    return f'<li><a href="{page.name}">{title}</a></li>' if page.exists() else f"<li>{title}</li>"


def _title(notebook: Path) -> str:
    """Read the heading of a notebook's first cell."""
    import nbformat

    cells = nbformat.read(notebook, as_version=4).cells
    heading = cells[0].source.splitlines()[0] if cells else ""
    return heading.lstrip("# ") or notebook.stem


def _figure(folder: Path, number: int) -> str:
    name = f"figure_{number:02}"
    picture = folder / "figures" / f"{name}.png"
    if not picture.exists():
        return ""
    data = base64.b64encode(picture.read_bytes()).decode()
    heard = _heard(folder / "songs" / f"{name}.html")
    files = [folder / "figures" / f"{name}.{kind}" for kind in ("svg", "csv")]
    links = " ".join(_file(path) for path in files if path.exists())
    said = inspect.getdoc(getattr(figures, f"figure_{number}")).split("\n\n")[0]
    shown = re.sub(r"^Draw (figure \d+: )?", "", said)
    return (
        f'<figure id="{name}"><img src="data:image/png;base64,{data}" alt="Figure {number}">'
        f"<figcaption><b>Figure {number}.</b> <q>{CAPTIONS[number]}</q> "
        f"Here: {html.escape(shown)} <span>{links}</span></figcaption>{heard}</figure>"
    )


def _heard(path: Path) -> str:
    """Show a player, links to its songs' files and their measures; nothing if it is not there."""
    if not path.exists():
        return ""
    songs = sorted(path.parent.glob(f"{path.stem}_?.m*"))
    links = " ".join(map(_file, songs))
    player = f'<div class="heard">{path.read_text(encoding="utf-8")}<p>{links}</p></div>'
    measures = path.with_name(f"{path.stem}_measures.csv")
    if not measures.exists():
        return player
    what = "Measured, beside people's songs (median, 5th and 95th percentile)"
    table = _html(measures, number="{:g}")
    return f"{player}<details><summary>{what}</summary>{table}</details>"


def _file(path: Path) -> str:
    return f'<a href="{path.parent.name}/{path.name}">{path.name}</a>'


def _table(folder: Path, number: int) -> str:
    return f"<h3>Table {number}</h3>\n" + _html(folder / "tables" / f"table_{number}.csv")


def _html(file: Path, without: tuple[str, ...] = (), number: str = "{:.3f}") -> str:
    import pandas as pd

    if not file.exists():
        return "<p>Not made yet.</p>"
    frame = pd.read_csv(file, dtype={"printed": str}, keep_default_na=False).drop(
        columns=list(without)
    )
    body = frame.to_html(index=False, border=0, float_format=number.format)
    return f'<div class="wide">{body}</div>'


def _verdicts(folder: Path) -> str:
    import pandas as pd

    if not (folder / "ledger.csv").exists():
        return ""
    counts = pd.read_csv(folder / "ledger.csv")["verdict"].value_counts()
    return ", ".join(f"{count} {verdict}" for verdict, count in counts.items())
