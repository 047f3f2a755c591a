"""Piano-rolls: bars on x, octave names on y, the same look everywhere."""

import io

import numpy as np

from musegen.figures.style import COLOURS, FOUR_VOICES, new_figure

# Which source of the survey a run stands for; ours where the report does not say (the deep LSTM).
SOURCE_OF = {
    "ae_10": "AE small dataset",
    "ae_256": "AE large dataset",
    "lstm_small_128": "LSTM small dataset",
    "lstm_small_256": "LSTM large dataset",
    "lstm_deep_128": "LSTM small dataset",
    "lstm_deep_256": "LSTM large dataset",
    "four_voices": FOUR_VOICES,
    "gan": "GAN",
}
MARK = "#F0E442"  # no source's colour
GAPS_UP_TO = 32  # bars; in longer songs the gaps would be a comb and hide the notes


def plot_roll(song, *, ax=None, marks=()):
    """Draw a song as a piano-roll: bars on x, octave names on y, a gap where a note starts.

    Parameters
    ----------
    song : Song
        Drawn in the colour of its source; what no network made, in that of the training data.
    ax : matplotlib Axes, optional
    marks : sequence of (start, end, label)
        Passages to mark with a band behind the notes, in steps of the song.

    Returns
    -------
    matplotlib Axes
        Bar 1 begins at x = 0 and is labelled 1.

    Notes
    -----
    Notebook: 01_data_preparation, "One song".
    """
    ax = ax or new_figure()[1]
    bar, small = song.steps_per_bar, {"fontsize": "x-small", "va": "top", "clip_on": True}
    for start, end, label in marks:
        ax.axvspan(start / bar, end / bar, color=MARK, alpha=0.5, lw=0)
        places = {"xycoords": ("data", "axes fraction"), "textcoords": "offset points"}
        ax.annotate(label, (start / bar, 1), (2, -2), **places, **small)
    onset, duration = song.notes["onset"], song.notes["duration"]
    pitches = song.notes["pitch"].astype(int)
    long = song.length > GAPS_UP_TO * bar
    edges = np.diff(np.pad(song.roll.T, ((0, 0), (1, 1))).astype(np.int8)) if long else None
    for pitch in np.unique(pitches):
        start, end = onset[pitches == pitch], (onset + duration)[pitches == pitch]
        if long:  # what touches is one bar
            start, end = (np.flatnonzero(edges[pitch] == turn) for turn in (1, -1))
        spans = np.column_stack([start, end - start]) / bar
        ax.broken_barh(spans, (pitch - 0.45, 0.9), color=colour_of(song), lw=0, snap=False)
    if not long:
        ax.vlines(onset / bar, pitches - 0.5, pitches + 0.5, color="white", lw=0.5)
    ax.set(xlabel="Time (bars)", ylabel="Pitch", title=song.title)
    ax.xaxis.get_major_locator().set_params(integer=True, steps=[1, 4, 8, 10])  # 1, 5, 9, ...
    _show(ax, [song])
    return ax


def plot_songs(songs, titles=None, *, marks=None, suptitle: str = "", height: float = 2.2):
    """Draw songs one above the other, with the same bars and the same pitches.

    Parameters
    ----------
    songs : sequence of Song
    titles : sequence of str, optional
        Instead of the songs' own.
    marks : sequence, a list of (start, end, label) for each song, optional
        Passages to mark, as `musegen.metrics.marks` gives them.
    suptitle : str
        Above all of them.
    height : float
        Inches for each song.

    Returns
    -------
    matplotlib Figure
    """
    size = (10, height * len(songs))
    fig, axes = new_figure(len(songs), figsize=size, sharex=True, sharey=True, squeeze=False)
    titles, marks = titles or [song.title for song in songs], marks or [()] * len(songs)
    for song, title, mine, ax in zip(songs, titles, marks, axes.flat, strict=True):
        plot_roll(song, ax=ax, marks=mine).set(title=title, xlabel="")
    axes[-1, 0].set_xlabel("Time (bars)")
    _show(axes[0, 0], songs)
    fig.suptitle(suptitle, wrap=True)
    return fig


def _show(ax, songs) -> None:
    """Make room for all bars and pitches of some songs; name the Cs, count the bars from 1."""
    # A song of no length still has an axis.
    bars = max(max(song.length, 1) / song.steps_per_bar for song in songs)
    pitches = np.concatenate([[60], *(song.notes["pitch"] for song in songs)]).astype(int)
    low, high = pitches.min(), pitches.max()
    octaves = range(low // 12 * 12, high + 13, 12)
    ax.set_yticks(octaves, [f"C{octave // 12 - 1}" for octave in octaves])
    ax.set(xlim=(0, bars), ylim=(low - 2, high + 2))
    # Where the last bar ends no bar begins.
    ax.xaxis.set_major_formatter(lambda x, _: f"{x + 1:g}" if x < bars else "")


def colour_of(song) -> str:
    """Look up the colour of a song's source; what no network made is training data."""
    return COLOURS[SOURCE_OF.get(song.source, "Training data")]


def songs_png(songs, marks=None) -> bytes:
    """Draw songs as the small PNG that stands for them where no player can."""
    fig = plot_songs(songs, marks=marks, height=2.4 if len(songs) == 1 else 2)
    buffer = io.BytesIO()
    fig.savefig(buffer, format="png", dpi=80)
    return smaller_png(buffer.getvalue(), colours=32)


def smaller_png(png: bytes, colours: int) -> bytes:
    """Draw a picture with fewer colours: a third of the size, and nobody sees it in a figure."""
    from PIL import Image

    picture, small = Image.open(io.BytesIO(png)), io.BytesIO()
    picture = picture.convert("RGB").quantize(colours, dither=Image.Dither.NONE)
    picture.save(small, "PNG", optimize=True)
    return small.getvalue()
