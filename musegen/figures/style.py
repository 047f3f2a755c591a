"""The look that all figures share: one style, one colour a source."""

from pathlib import Path

import matplotlib.pyplot as plt

# Table 1 of the report prints the sources by these names and in this order; the colours are Okabe
# and Ito's, safe for the colour-blind.
SOURCES = (
    "Training data",
    "LSTM small dataset",
    "LSTM large dataset",
    "AE small dataset",
    "AE large dataset",
)
COLOURS = dict(zip(SOURCES, ("#009E73", "#E69F00", "#D55E00", "#56B4E9", "#0072B2"), strict=True))
FOUR_VOICES = "Four voices"  # ours, beyond the report
COLOURS |= {FOUR_VOICES: "#CC79A7", "GAN": "#444444"}
STYLE = Path(__file__).with_name("musegen.mplstyle")


def set_style() -> None:
    """Set the look of all figures of a notebook; call it once, in the first cell."""
    plt.style.use(STYLE)


def new_figure(rows: int = 1, columns: int = 1, **kwargs):
    """Make a figure that a notebook shows once: as the value of its cell, not again at its end."""
    fig, axes = plt.subplots(rows, columns, **kwargs)
    plt.close(fig)
    return fig, axes
