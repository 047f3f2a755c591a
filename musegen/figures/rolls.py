"""Piano-rolls: bars on x, octave names on y, the same look everywhere."""

import io

import numpy as np

from musegen.figures.style import COLOURS, new_figure

# Which source of the survey a run stands for; ours where the report does not say (the deep LSTM).
SOURCE_OF = {
    "ae_10": "AE small dataset",
    "ae_256": "AE large dataset",
    "lstm_small_128": "LSTM small dataset",
    "lstm_small_256": "LSTM large dataset",
    "lstm_deep_128": "LSTM small dataset",
    "lstm_deep_256": "LSTM large dataset",
}


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


def plot_songs(songs, *, colours=None, suptitle: str = ""):
    """Draw songs under each other on the same range of pitches.

    Parameters
    ----------
    songs : sequence of Song
    colours : sequence of colours, optional
    suptitle : str

    Returns
    -------
    matplotlib Figure
    """
    colours = colours or [COLOURS.get(SOURCE_OF.get(s.source), "#333333") for s in songs]
    fig, axes = new_figure(len(songs), figsize=(10, 2.4 * len(songs)), squeeze=False)
    for song, colour, ax in zip(songs, colours, axes.flat, strict=True):
        plot_roll(song, ax=ax, colour=colour)
    limits = np.array([ax.get_ylim() for ax in axes.flat])
    for ax in axes.flat:
        ax.set_ylim(limits[:, 0].min(), limits[:, 1].max())
    for ax in axes.flat[:-1]:
        ax.set_xlabel("")
    fig.suptitle(suptitle)
    return fig
