"""The survey's figures: 5 and 6 of the report."""

from itertools import cycle

from musegen import survey
from musegen.figures.style import COLOURS, new_figure

GRADE, RESPONSES = "Grade (1: surely a human, 5: surely a computer)", "Number of responses"
SONG_COLOURS = {"Song 1": COLOURS["AE large dataset"], "Song 2": "#9A9A9A"}
OTHERS = ("#A89000", "#000000", "#7F5539", "#CC79A7")  # safe beside the five of style.py


def colours_of(sources) -> dict:
    """Give the report's sources their own colours, and other sources those that are left."""
    others = cycle(OTHERS)
    return {source: COLOURS.get(source) or next(others) for source in sources}


def figure_5(counts=None, ranges=None, title=None):
    """Draw figure 5: how often the songs of each source were given each grade, as recovered.

    Parameters
    ----------
    counts : DataFrame, optional
        `survey.recovered()`.
    ranges : DataFrame, optional
        `survey.ranges(...)`: how far counts may lie that table 1 as printed leaves open.
    title : str, optional
        For counts that are not the recovered ones, e.g. `survey.counts_of(answers)`.

    Returns
    -------
    matplotlib Figure

    Notes
    -----
    Report 3.1. Notebook: 05_survey_analysis, "The recovered grades".
    """
    import seaborn as sns

    if counts is None:
        as_printed = survey.solutions(survey.printed(1))
        counts = survey.recovered()
        ranges = survey.ranges(survey.under(as_printed, survey.reading(as_printed)))
    colours = colours_of(counts["source"].unique())
    fig, ax = new_figure(figsize=(10, 4))
    columns = {"x": "grade", "y": "count", "hue": "source"}
    sns.barplot(counts, **columns, palette=colours, saturation=1, errorbar=None, ax=ax)
    if ranges is not None:
        mark = {"color": "black", "ms": 6, "lw": 1}
        for source, bars in zip(colours, ax.containers, strict=True):
            own = ranges[ranges["source"] == source].sort_values("grade")
            for bar, low, high in zip(bars, own["low"], own["high"], strict=True):
                if low < high:
                    ax.plot([bar.get_x() + bar.get_width() / 2] * 2, [low, high], "_-", **mark)
        ax.plot([], [], "_-", **mark, label="range, 68 % read as 67.5 to 68.5")
    ax.legend(loc="upper left", bbox_to_anchor=(1, 1))
    title = title or "Figure 5. Aggregated comparison of experienced authenticity (recovered)"
    ax.set(xlabel=GRADE, ylabel=RESPONSES, title=title)
    return fig


def figure_6(ranges=None):
    """Draw figure 6: the two songs of the autoencoder trained on 256 songs, each count a range.

    Parameters
    ----------
    ranges : DataFrame, optional
        `survey.ranges(survey.splits(...))`.

    Returns
    -------
    matplotlib Figure

    Notes
    -----
    Report 3.1. Notebook: 05_survey_analysis, "Figure 6 and table 2".
    """
    ranges = survey.ranges(survey.splits()) if ranges is None else ranges
    fig, ax = new_figure(figsize=(8, 3.6))
    hatched = {"color": "none", "hatch": "////", "lw": 0}
    for offset, (song, part) in zip((-0.2, 0.2), ranges.groupby("source"), strict=True):
        x, colour = part["grade"].astype(int) + offset, SONG_COLOURS[song]
        ax.bar(x, part["low"], 0.38, color=colour, label=f"{song}: in every split")
        ax.bar(x, part["high"] - part["low"], 0.38, part["low"], edgecolor=colour, **hatched)
    ax.bar([3], [0], edgecolor="grey", **hatched, label="in some splits")
    ax.legend(loc="upper left")
    ax.yaxis.get_major_locator().set_params(integer=True)
    title = "Figure 6. The two songs of the AE trained on the large dataset (recovered)"
    ax.set(xlabel=GRADE, ylabel=RESPONSES, title=title)
    return fig
