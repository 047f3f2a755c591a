"""The survey's figures: 5 and 6 of the report, and what notebook 05 draws besides."""

from itertools import cycle

from musegen import survey
from musegen.figures.style import COLOURS, new_figure

SONG_COLOURS = {"Song 1": COLOURS["AE large dataset"], "Song 2": "#99C7E0"}  # a shade and its tint
OTHERS = ("#CC79A7", "#A89000", "#000000", "#7F5539")  # safe beside the five of style.py


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
    Report 3.1. Notebook: 05_survey_analysis, "Figure 5".
    """
    import seaborn as sns

    if counts is None:
        as_printed = survey.solutions(survey.printed(1))
        counts = survey.recovered()
        ranges = survey.ranges(survey.under(as_printed, survey.reading(as_printed)))
    colours = colours_of(counts["source"].unique())
    fig, ax = new_figure(figsize=(10, 4))
    sns.barplot(
        counts,
        x="grade",
        y="count",
        hue="source",
        palette=colours,
        saturation=1,
        errorbar=None,
        ax=ax,
    )
    if ranges is not None:
        spread = ranges.pivot_table(index="source", columns="grade", observed=True)
        for source, bars in zip(colours, ax.containers, strict=True):
            low, high = spread["low"].loc[source], spread["high"].loc[source]
            centres = [bar.get_x() + bar.get_width() / 2 for bar in bars]
            for x, bottom, top in zip(centres, low, high, strict=True):
                if bottom < top:
                    ax.plot([x, x], [bottom, top], "_-", color="black", ms=6, lw=1)
        ax.plot([], [], "_-", color="black", ms=6, lw=1, label="range, 68 % read as 67.5 to 68.5")
    ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    ax.set(xlabel="Grade (1: surely a human, 5: surely a computer)", ylabel="Number of responses")
    title = title or "Figure 5. Aggregated comparison of experienced authenticity (recovered)"
    ax.set_title(title)
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
    Report 3.1. Notebook: 05_survey_analysis, "Figure 6".
    """
    if ranges is None:
        large = survey.wide(survey.recovered()).loc["AE large dataset"]
        ranges = survey.ranges(survey.splits(large))
    fig, ax = new_figure(figsize=(8, 3.6))
    for offset, (song, part) in zip((-0.2, 0.2), ranges.groupby("source"), strict=True):
        x, colour = part["grade"].astype(int) + offset, SONG_COLOURS[song]
        ax.bar(x, part["low"], 0.38, color=colour, label=f"{song}: in every split")
        more = part["high"] - part["low"]
        ax.bar(x, more, 0.38, part["low"], color="none", edgecolor=colour, hatch="////", lw=0)
    ax.bar([3], [0], color="none", edgecolor="grey", hatch="////", lw=0, label="in some splits")
    ax.legend(frameon=False, loc="upper left")
    ax.yaxis.get_major_locator().set_params(integer=True)
    ax.set(xlabel="Grade (1: surely a human, 5: surely a computer)", ylabel="Number of responses")
    ax.set_title("Figure 6. The two songs of the AE trained on the large dataset (recovered)")
    return fig


def plot_naturals(naturals):
    """Draw each source's share of natural answers under both definitions, joined by a line.

    Notes
    -----
    Notebook: 05_survey_analysis, "Two definitions of natural".
    """
    fig, ax = new_figure(figsize=(8, 2.8))
    for source, colour in colours_of(naturals.index).items():
        row = naturals.loc[source]
        ax.plot(row[["all answers", "without 3"]], [source] * 2, color=colour)
        ax.plot(row["all answers"], source, "o", color=colour, mfc="white", ms=8)
        ax.plot(row["without 3"], source, "o", color=colour, ms=8)
    ax.plot([], [], "o", color="grey", mfc="white", ms=8, label="of all answers (the text)")
    ax.plot([], [], "o", color="grey", ms=8, label="of answers that are not 3 (table 1)")
    ax.legend(frameon=False, loc="upper left")
    ax.invert_yaxis()
    ax.set(xlim=(0, 80), xlabel="Grades 1 and 2 (%)", title="Natural by two definitions")
    return fig


def plot_intervals(intervals):
    """Draw the 95 % intervals of each source's mean and shares, a panel a measure.

    Notes
    -----
    Notebook: 05_survey_analysis, "How sure are the numbers of a source?".
    """
    colours = colours_of(intervals["source"].unique())
    fig, axes = new_figure(1, 3, figsize=(10, 2.6), sharey=True)
    for ax, (measure, part) in zip(axes, intervals.groupby("measure", sort=False), strict=True):
        for row in part.itertuples():
            ax.plot([row.low, row.high], [row.source] * 2, color=colours[row.source], lw=2)
            ax.plot(row.value, row.source, "o", color=colours[row.source])
        ax.set(title=measure, xlabel="Grade" if measure == "Arithmetic mean" else "%")
        ax.margins(y=0.15)
    axes[0].invert_yaxis()
    return fig


def plot_comparisons(comparisons):
    """Draw how often one source is graded higher than another, with 95 % intervals.

    Notes
    -----
    Notebook: 05_survey_analysis, "Are the differences larger than chance?".
    """
    fig, ax = new_figure(figsize=(8, 3.4))
    for row in comparisons.itertuples():
        colour = "black" if row.holm < 0.05 else "#999999"
        name = f"{row.b} over {row.a}"
        ax.plot([100 * row.low, 100 * row.high], [name] * 2, color=colour, lw=2)
        ax.plot(100 * row.superiority, name, "o", color=colour)
    ax.axvline(50, color="black", lw=0.8, ls=":")
    ax.invert_yaxis()
    ax.set(xlabel="Graded higher, so more like a computer (%, ties half)")
    ax.set_title("Black: larger than chance after Holm's correction")
    return fig


def plot_pairing(pairing):
    """Draw the interval of each difference of means under three arrangements of the answers.

    Notes
    -----
    Notebook: 05_survey_analysis, "What the lost pairing hides".
    """
    fig, ax = new_figure(figsize=(8, 3.8))
    styles = {"opposite": ("#BBBBBB", 2), "independent": ("#888888", 6), "alike": ("black", 6)}
    for arrangement, (colour, width) in styles.items():
        part = pairing[pairing["arrangement"] == arrangement]
        ax.hlines(
            part["b"] + " \N{MINUS SIGN} " + part["a"], part["low"], part["high"], colour, lw=width
        )
        ax.plot([], [], color=colour, lw=width, label=arrangement)
    ax.axvline(0, color="black", lw=0.8, ls=":")
    ax.invert_yaxis()
    ax.legend(frameon=False, title="Answers of one person")
    ax.set(xlabel="Difference of the mean grades (95 %)", title="What the lost pairing hides")
    return fig


def plot_equivalence(margins, upto=2.5):
    """Draw what is shown at every margin: a bar a source and arrangement of the answers.

    Parameters
    ----------
    margins : DataFrame
        `survey.smallest_margins(...)`.
    upto : float
        The largest margin drawn, in grades.

    Returns
    -------
    matplotlib Figure

    Notes
    -----
    Report 4.1. Notebook: 05_survey_analysis, "Is "not much worse" shown?".
    """
    colours = colours_of(margins["source"].unique())
    sources = list(colours)
    fig, ax = new_figure(figsize=(9, 0.9 + 0.65 * len(sources)))
    places = {"alike": -0.24, "independent": 0, "opposite": 0.24}
    for row in margins.itertuples():
        y, colour = sources.index(row.source) + places[row.arrangement], colours[row.source]
        not_worse, equivalent = min(row.not_worse, upto), min(row.equivalent, upto)
        ax.barh(y, row.worse, 0.2, color="#555555")
        ax.barh(y, not_worse - row.worse, 0.2, row.worse, color="#E4E4E4")
        ax.barh(y, equivalent - not_worse, 0.2, not_worse, color=colour, alpha=0.45)
        ax.barh(y, upto - equivalent, 0.2, equivalent, color=colour)
        ax.text(upto * 1.01, y, row.arrangement, va="center", size="x-small", color="#555555")
    ax.set_yticks(range(len(sources)), sources)
    ax.invert_yaxis()
    ax.bar([0], [0], color="#555555", label="shown: worse by more")
    ax.bar([0], [0], color="#E4E4E4", label="nothing is shown")
    if (margins["equivalent"] > margins["not_worse"] + 1e-9).any():
        ax.bar([0], [0], color="#555555", alpha=0.45, label="shown: not worse")
    ax.bar([0], [0], color=colours[sources[0]], label="coloured, shown: no further apart")
    fig.legend(frameon=False, ncols=4, loc="outside lower left", fontsize="small")
    ax.set(xlim=(0, upto), xlabel="Margin: the largest difference that counts as none (grades)")
    ax.set_title(f'How far from "{margins["reference"].iloc[0]}"?')
    return fig


def plot_power(power, title="How many listeners and songs?"):
    """Draw the share of simulated surveys that find a difference, a line a number of listeners.

    Parameters
    ----------
    power : DataFrame
        `survey.power(...)`: the column `both` is drawn.

    Returns
    -------
    matplotlib Figure

    Notes
    -----
    Notebook: 05_survey_analysis, "How many listeners and songs?".
    """
    fig, ax = new_figure(figsize=(8, 3.2))
    sizes = sorted(power["listeners"].unique())
    for place, (listeners, part) in enumerate(power.groupby("listeners")):
        grey = str(0.75 - 0.75 * place / max(1, len(sizes) - 1))
        ax.plot(part["songs"], 100 * part["both"], "o-", color=grey, label=f"{listeners} listeners")
    ax.axhline(80, color="black", lw=0.8, ls=":")
    ax.set_xscale("log", base=2)
    songs = sorted(power["songs"].unique())
    ax.set_xticks(songs, songs)
    ax.minorticks_off()
    ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    ax.set(ylim=(0, 103), xlabel="Songs a source", ylabel="Surveys that find it (%)", title=title)
    return fig
