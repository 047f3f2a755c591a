"""The pictures: figures 5-11 of the report by their numbers, and what the notebooks draw besides.

Every function returns a matplotlib figure or axes and never shows or saves it. Piano-rolls have
bars on x and octave names on y and look the same everywhere; a source has one colour in all
notebooks (Okabe and Ito's palette, safe for the colour-blind).
"""

import io

import matplotlib.pyplot as plt

# Table 1 of the report prints the sources by these names and in this order.
SOURCES = (
    "Training data",
    "LSTM small dataset",
    "LSTM large dataset",
    "AE small dataset",
    "AE large dataset",
)
COLOURS = dict(zip(SOURCES, ("#009E73", "#E69F00", "#D55E00", "#56B4E9", "#0072B2"), strict=True))


def set_style() -> None:
    """Set the look of all figures of a notebook; call it once, in the first cell."""
    plt.rcParams.update(
        {
            "figure.dpi": 80,
            "savefig.dpi": 150,
            "figure.figsize": (8, 3),
            "figure.constrained_layout.use": True,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.titlelocation": "left",
            "axes.titlesize": "medium",
            "svg.hashsalt": "musegen",  # the same figure gives the same file
        }
    )


def new_figure(rows: int = 1, columns: int = 1, **kwargs):
    """Make a figure that a notebook shows once: as the value of its cell, not again at its end."""
    fig, axes = plt.subplots(rows, columns, **kwargs)
    plt.close(fig)
    return fig, axes


def plot_roll(song, *, ax=None, colour="#0072B2"):
    """Draw a song as a piano-roll: bars on x, octave names on y, a dark edge where a note starts.

    Parameters
    ----------
    song : Song
    ax : matplotlib Axes, optional
    colour : matplotlib colour

    Returns
    -------
    matplotlib Axes

    Notes
    -----
    Notebook: 01_data_preparation, "One song".
    """
    ax = ax or new_figure()[1]
    notes, bar = song.notes, song.steps_per_bar
    left, width = notes["onset"] / bar, notes["duration"] / bar
    pitch = notes["pitch"]
    ax.barh(pitch, width, left=left, height=0.9, color=colour, lw=0)
    start = song.steps_per_bar / 24 / bar * 0.25  # a sliver that shows each repeated note as such
    ax.barh(pitch, start, left=left, height=0.9, color="black", lw=0)
    low, high = (pitch.min(), pitch.max()) if len(pitch) else (60, 60)
    octaves = range(low // 12 * 12, high + 13, 12)
    ax.set_yticks(octaves, [f"C{o // 12 - 1}" for o in octaves])
    ax.set(xlim=(0, song.length / bar), ylim=(min(low - 2, 58), max(high + 2, 62)))
    ax.set(xlabel="Time (bars)", ylabel="Pitch", title=song.title)
    return ax


def song_png(song) -> bytes:
    """Draw a song as the PNG that a notebook shows for it."""
    fig, ax = new_figure(figsize=(8, 2.4))
    plot_roll(song, ax=ax)
    buffer = io.BytesIO()
    fig.savefig(buffer, format="png", dpi=80)
    return buffer.getvalue()
