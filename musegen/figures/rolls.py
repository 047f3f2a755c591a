"""Piano-rolls: bars on x, octave names on y, the same look everywhere."""

import io

import numpy as np

from musegen.figures.style import COLOURS, HELD, new_figure

# Which source of the survey a run stands for; ours where the report does not say (the deep LSTM).
SOURCE_OF = {
    "ae_10": "AE small dataset",
    "ae_256": "AE large dataset",
    "lstm_small_128": "LSTM small dataset",
    "lstm_small_256": "LSTM large dataset",
    "lstm_deep_128": "LSTM small dataset",
    "lstm_deep_256": "LSTM large dataset",
    "ae_mended_256": "AE large dataset",
    "held": HELD,
}


MARK = "#F0E442"  # no source's colour


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

    Notes
    -----
    Notebook: 01_data_preparation, "One song".
    """
    ax = ax or new_figure()[1]
    colour = colour_of(song)
    for start, end, label in marks:
        ax.axvspan(
            start / song.steps_per_bar, end / song.steps_per_bar, color=MARK, alpha=0.5, lw=0
        )
        at = (start / song.steps_per_bar, 1)
        ax.annotate(
            label,
            at,
            (2, -2),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            va="top",
            fontsize="x-small",
            clip_on=True,
        )
    onset, duration = (song.notes[name] / song.steps_per_bar for name in ("onset", "duration"))
    pitches = song.notes["pitch"].astype(int)
    for pitch in np.unique(pitches):
        mine = pitches == pitch
        spans = np.column_stack([onset[mine], duration[mine]])
        ax.broken_barh(spans, (pitch - 0.45, 0.9), color=colour, lw=0, snap=False)
    ax.vlines(onset, pitches - 0.5, pitches + 0.5, color="white", lw=0.5)
    _octaves(ax, pitches.min(initial=60), pitches.max(initial=60))
    ax.set(xlim=(0, _bars(song)), xlabel="Time (bars)", ylabel="Pitch")
    ax.set_title(song.title)
    ax.xaxis.get_major_locator().set_params(integer=True)
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
    fig, axes = new_figure(
        len(songs), figsize=(10, height * len(songs)), sharex=True, sharey=True, squeeze=False
    )
    titles = titles or [song.title for song in songs]
    marks = marks or [()] * len(songs)
    for song, title, mine, ax in zip(songs, titles, marks, axes.flat, strict=True):
        plot_roll(song, ax=ax, marks=mine)
        ax.set(title=title, xlabel="")
    axes[-1, 0].set(xlabel="Time (bars)", xlim=(0, max(map(_bars, songs))))
    pitches = np.concatenate([[60], *(song.notes["pitch"] for song in songs)]).astype(int)
    _octaves(axes[0, 0], pitches.min(), pitches.max())
    fig.suptitle(suptitle)
    return fig


def _bars(song) -> float:
    """Bars to show: a song of no length still has an axis."""
    return max(song.length, 1) / song.steps_per_bar


def _octaves(ax, low: int, high: int) -> None:
    """Name the Cs on the y axis and leave a little room above and below."""
    octaves = range(low // 12 * 12, high + 13, 12)
    ax.set_yticks(octaves, [f"C{octave // 12 - 1}" for octave in octaves])
    ax.set_ylim(low - 2, high + 2)


def colour_of(song) -> str:
    """Look up the colour of a song's source; what no network made is training data."""
    return COLOURS[SOURCE_OF.get(song.source, "Training data")]


def songs_png(songs, marks=None) -> bytes:
    """Draw songs as the small PNG that stands for them where no player can."""
    from PIL import Image

    fig = plot_songs(songs, marks=marks, height=2.4 if len(songs) == 1 else 2)
    buffer, small = io.BytesIO(), io.BytesIO()
    fig.savefig(buffer, format="png", dpi=80)
    # 32 colours: a third of the size, and nobody sees it in a piano-roll.
    Image.open(buffer).convert("RGB").quantize(32, dither=Image.Dither.NONE).save(
        small, "PNG", optimize=True
    )
    return small.getvalue()
