"""What notebooks 01 and more/other_songs draw: the songs while they are prepared."""

from collections import Counter

import numpy as np

from musegen.config import AEConfig
from musegen.figures.style import new_figure
from musegen.preprocess import TONICS

GREY, BLUE = "#9A9A9A", "#0072B2"


def plot_tempi(tempi, band, *, ax=None):
    """Draw a histogram of tempi with the band that is kept shaded.

    Parameters
    ----------
    tempi : sequence of float
        In quarter notes a minute.
    band : (float, float)
    """
    ax = ax or new_figure(figsize=(8, 2.4))[1]
    inside = [band[0] <= tempo <= band[1] + 0.01 for tempo in tempi]
    edges = np.arange(np.floor(min(tempi)), max(tempi) + 2) - 0.25  # whole tempi inside a bar
    both = [[t for t, kept in zip(tempi, inside, strict=True) if kept is k] for k in (True, False)]
    ax.axvspan(*band, color="#F0E442", alpha=0.35, lw=0, label="110-130, ends included")
    ax.hist(both, edges, stacked=True, color=[BLUE, GREY], label=["kept", "dropped"])
    ax.yaxis.get_major_locator().set_params(integer=True)
    ax.set(xlabel="Tempo (quarter notes a minute)", ylabel="Songs", title="Tempo of each song")
    ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    return ax


def plot_keys(keys, *, ax=None):
    """Draw how many songs are in each key, major above and minor below each tonic.

    Parameters
    ----------
    keys : sequence of preprocess.Key or str
    """
    ax = ax or new_figure(figsize=(8, 2.4))[1]
    times = Counter(map(str, keys))
    for mode, colour, shift in (("major", "0.35", -0.2), ("minor", "0.7", 0.2)):
        songs = [times[f"{tonic} {mode}"] for tonic in TONICS]
        ax.bar(np.arange(12) + shift, songs, width=0.4, color=colour, label=mode)
    ax.set_xticks(range(12), TONICS)
    ax.set(xlabel="Tonic", ylabel="Songs", title="Estimated key of each song")
    ax.legend(frameon=False)
    return ax


def plot_lengths(bars, ax):
    """Draw a histogram of the lengths of songs, in bars, with the window of the autoencoder.

    Parameters
    ----------
    bars : sequence of int
    ax : matplotlib Axes
    """
    most, window = max(bars), AEConfig().bars
    ax.hist(bars, np.arange(0, most + 2, max(1, most // 60)) - 0.5, color=BLUE)
    ax.axvline(window, color="#D55E00", lw=2, label=f"a window, {window} bars")
    ax.yaxis.get_major_locator().set_params(integer=True)
    ax.set(xlabel="Length (bars)", ylabel="Songs", title="Length of each song")
    ax.legend(frameon=False)


def plot_funnel(audit, ax):
    """Draw what becomes of the files of a collection, from the top down.

    A blue bar is what is left; a grey one stands where it was lost, with the reason.

    Parameters
    ----------
    audit : musegen.corpus.Audit
    ax : matplotlib Axes
    """
    rows, left = [("files read", audit.read, 0, BLUE)], audit.read
    steps = [(audit.frame(), "songs"), (audit.autoencoder_frame(), "for the autoencoder")]
    for frame, result in steps:
        for reason, files in frame[["reason", "files"]].iloc[1:].itertuples(index=False):
            left -= files
            rows.append((reason, files, left, GREY))
        rows.append((result, left, 0, BLUE))
    names, widths, starts, colours = zip(*rows, strict=True)
    bars = ax.barh(range(len(rows)), widths, left=starts, color=colours)
    ax.bar_label(bars, [f"{width:,}" for width in widths], padding=3)
    ax.set_yticks(range(len(rows)), names)
    ax.invert_yaxis()
    ax.margins(x=0.1)
    ax.set(xlabel="Files", title="What becomes of each file")


def plot_audit(audit):
    """Draw the funnel of a collection, and tempo, key and length of the songs that are left.

    Parameters
    ----------
    audit : musegen.corpus.Audit
        With one song at least.

    Returns
    -------
    matplotlib Figure

    Notes
    -----
    Report 2.1. Notebook: more/other_songs, "What becomes of a collection".
    """
    songs = audit.songs.values()
    steps = len(audit.dropped) + len(audit.autoencoder_frame()) + 2
    heights = (0.8 + 0.25 * steps, 2.2, 2.2, 2.2)
    fig, axes = new_figure(4, figsize=(8, sum(heights)), height_ratios=heights)
    plot_funnel(audit, axes[0])
    plot_tempi([facts.tempo_qpm for facts in songs], AEConfig().tempo_qpm, ax=axes[1])
    axes[1].get_legend().remove()  # beside the axes it would narrow all four
    axes[1].set_title("Tempo of each song (blue: in the band that is kept)")
    plot_keys([facts.key for facts in songs], ax=axes[2])
    plot_lengths([facts.bars for facts in songs], axes[3])
    return fig
