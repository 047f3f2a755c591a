"""Songs beside people's songs: faults, verdicts, settings, epochs, thresholds."""

import numpy as np

from musegen.figures.rolls import plot_roll
from musegen.figures.style import COLOURS, new_figure

PEOPLE = COLOURS["Training data"]


def plot_faults(table):
    """Draw in how many songs each of the report's faults occurs.

    Parameters
    ----------
    table : DataFrame
        As `metrics.Yardstick.faults` gives it.

    Returns
    -------
    matplotlib Figure

    Notes
    -----
    Report 3.3 and 4.2. Notebook: 04_generation, "What the report heard, counted".
    """
    import seaborn as sns

    fig, ax = new_figure(figsize=(7.5, 0.6 + 0.38 * len(table)))
    sns.heatmap(
        100 * table, annot=True, fmt=".0f", cmap="Oranges", vmin=0, vmax=100, cbar=False, ax=ax
    )
    ax.set_title("Songs beyond 95 of 100 of people's (%)")
    ax.tick_params(length=0)
    ax.set_yticklabels(ax.get_yticklabels(), rotation=0)
    return fig


def plot_distances(table, limit: float = 2.0):
    """Draw how far the songs of each source lie from people's, measure by measure.

    Parameters
    ----------
    table : DataFrame
        As `metrics.Yardstick.spreads` gives it.
    limit : float
        Spreads at which the colours end.

    Returns
    -------
    matplotlib Figure

    Notes
    -----
    Notebook: 06_beyond_the_report, "Beside Bach".
    """
    import seaborn as sns

    fig, ax = new_figure(figsize=(1.8 + 0.95 * table.shape[1], 0.9 + 0.3 * len(table)))
    sns.heatmap(
        table, annot=True, fmt=".1f", cmap="PuOr", vmin=-limit, vmax=limit, cbar=False, ax=ax
    )
    ax.set_title("Distance from people's songs (their standard deviations)")
    ax.tick_params(length=0)
    ax.set_xticklabels(ax.get_xticklabels(), rotation=20, ha="right")
    return fig


def plot_verdicts(verdicts):
    """Draw how well a classifier tells songs from people's, with 95 % intervals.

    Parameters
    ----------
    verdicts : dict of name to metrics.Verdict

    Returns
    -------
    matplotlib Figure

    Notes
    -----
    Notebook: 04_generation, "Can a machine tell?".
    """
    fig, ax = new_figure(figsize=(7.5, 0.9 + 0.34 * len(verdicts)))
    for place, one in enumerate(verdicts.values()):
        ax.plot([100 * one.low, 100 * one.high], [place, place], color="black", lw=1.5)
        ax.plot(100 * one.accuracy, place, "o", color=PEOPLE if not place else "black")
    ax.axvline(50, color="black", lw=0.8, ls=":")
    ax.set_yticks(range(len(verdicts)), list(verdicts))
    ax.invert_yaxis()
    ax.set(xlim=(35, 101), xlabel="Told from people's songs (% right; 50 is chance)")
    return fig


def plot_settings(songs, yardstick):
    """Draw the first song of each setting as a small roll, medians of all its songs above it.

    Parameters
    ----------
    songs : dict of name to list of Song
    yardstick : metrics.Yardstick

    Returns
    -------
    matplotlib Figure

    Notes
    -----
    Notebook: 04_generation, "The settings make the figure".
    """
    rows = -(-len(songs) // 2)
    fig, axes = new_figure(rows, 2, figsize=(9, 1.2 * rows), sharex=True, sharey=True)
    for ax, (name, some) in zip(axes.T.flat, songs.items(), strict=False):
        plot_roll(some[0], ax=ax)
        middle = yardstick.measures(some).median(numeric_only=True)
        ax.set_title(
            f"{name}: {middle['pitches']:.0f} notes, loop {middle['longest loop']:.0f} beats, "
            f"{middle['shared']:.0f} shared",
            fontsize="small",
        )
        ax.set(xlabel="", ylabel="")
    low, high = yardstick.of_people["shared"].quantile([0.05, 0.95])
    fig.suptitle(
        f"People: {yardstick.of_people['pitches'].median():.0f} notes, "
        f"loop {yardstick.of_people['longest loop'].median():.1f} beats, "
        f"{low:.0f} to {high:.0f} eighths shared",
        fontsize="medium",
    )
    return fig


def plot_epochs(curve, people):
    """Draw how songs change from the first epochs to the last, with people's songs as a band.

    Parameters
    ----------
    curve : DataFrame
        As `metrics.over_epochs` gives it.
    people : DataFrame
        ``Yardstick.of_people``.

    Returns
    -------
    matplotlib Figure

    Notes
    -----
    Notebook: 04_generation, "First one note, then music, then copies?".
    """
    shown = {
        "pitches": "Different notes",
        "longest loop": "Longest loop (beats)",
        "shared": "Shared with a training song (eighths)",
        "faultless": "Songs without a fault (%)",
    }
    fig, axes = new_figure(2, 2, figsize=(9, 5), sharex=True)
    for ax, (column, label) in zip(axes.flat, shown.items(), strict=True):
        times = 100 if column == "faultless" else 1
        for (pick, part), style in zip(curve.groupby("pick", sort=False), "os^v", strict=False):
            ax.plot(part["epoch"], times * part[column], f"{style}-", label=pick, ms=4)
        if column in people:
            ax.axhspan(*people[column].quantile([0.05, 0.95]), color=PEOPLE, alpha=0.2, lw=0)
        ax.set_title(label)
        ax.set_ylim(bottom=0)
    axes[0, 0].set_xscale("log")
    epochs = sorted(set(curve["epoch"]))
    axes[0, 0].set_xticks(epochs, [str(epoch) for epoch in epochs])
    axes[0, 0].minorticks_off()
    for ax in axes[1]:
        ax.set_xlabel("Epochs")
    axes[0, 0].legend(frameon=False)
    return fig


def plot_stray(sweep, people: float):
    """Draw stray notes against missed ones over the autoencoder's threshold.

    Parameters
    ----------
    sweep : DataFrame
        As `metrics.stray_and_missed` gives it.
    people : float
        Share of stray notes in people's songs.

    Returns
    -------
    matplotlib Figure

    Notes
    -----
    Report 4.2.1. Notebook: 04_generation, "Stray notes and the threshold".
    """
    fig, axes = new_figure(1, 2, figsize=(9, 3), sharex=True)
    axes[0].plot(100 * sweep["stray"], "o-", color=COLOURS["AE large dataset"])
    axes[0].axhline(100 * people, color=PEOPLE, label="people")
    axes[0].legend(frameon=False)
    axes[0].set_title("Stray notes of generated songs (% of the notes)")
    axes[1].plot(100 * sweep["missed"], "o-", label="sounding cells that are missed")
    axes[1].plot(100 * sweep["wrong"], "s-", label="played cells that are wrong")
    axes[1].legend(frameon=False)
    axes[1].set_title("Unseen songs (%)")
    for ax in axes:
        ax.axvline(0.5, color="black", lw=0.8, ls=":")
        ax.set(xlabel="Threshold", ylim=(0, None), xticks=np.arange(1, 10) / 10)
    return fig
