"""The pictures: figures 5-11 of the report by their numbers, and what the notebooks draw besides.

Every function returns a matplotlib figure or axes and never shows or saves it. Piano-rolls have
bars on x and octave names on y and look the same everywhere; a source has one colour in all
notebooks. Names load when first used: notebooks 01 and 05 need no network.
"""

from importlib import import_module
from typing import NamedTuple

_ROOMS = {
    "style": ("COLOURS", "HELD", "SOURCES", "new_figure", "set_style"),
    "survey": (
        *("figure_5", "figure_6", "plot_comparisons", "plot_equivalence", "plot_intervals"),
        *("plot_naturals", "plot_pairing", "plot_power"),
    ),
    "networks": (
        "figure_1",
        "figure_2",
        "figure_3",
        "figure_4",
        "plot_copying",
        "plot_history",
        "plot_latents",
        "plot_search",
        "plot_spreads",
        "plot_threshold",
    ),
    "preparation": (
        *("plot_audit", "plot_funnel", "plot_keys", "plot_lengths", "plot_pitch_classes"),
        *("plot_steps", "plot_tempi", "plot_token_counts", "plot_window"),
    ),
    "people": (
        *("plot_distances", "plot_epochs", "plot_faults", "plot_settings", "plot_stray"),
        "plot_verdicts",
    ),
    "rolls": ("colour_of", "plot_roll", "plot_songs", "songs_png"),
    "examples": (
        *("figure_7", "figure_8", "figure_9", "figure_10", "figure_11"),
        *(
            "figure_songs",
            "next_survey_songs",
            "plot_copied",
            "plot_likeness",
            "plot_periods",
            "song_table",
            "survey_songs",
        ),
        *("FEW_KINDS", "MANY_KINDS", "LONG_COPY"),
    ),
}
_WHERE = {name: room for room, names in _ROOMS.items() for name in names}
__all__ = list(_WHERE)


def __getattr__(name: str):
    if name in _WHERE:
        return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


class Caption(NamedTuple):  # stand-in until captions stand with their figures
    """What the report says of a figure, and what ours shows."""

    report: str
    here: str


CAPTIONS = {
    5: Caption(
        "Aggregated comparison of experienced authenticity.",
        "how often the songs of each source were given each grade, as recovered.",
    ),
    6: Caption(
        "Comparison between the two individual songs from the autoencoder model trained on "
        "the large dataset.",
        "the two songs of the autoencoder trained on 256 songs, each count a range.",
    ),
    7: Caption(
        "Plot of MIDI representation for the 2 songs generated from the autoencoder model "
        "trained on 10 songs.",
        "two songs of the autoencoder trained on 10 songs.",
    ),
    8: Caption(
        "Plot of MIDI representation for the 2 songs generated from the autoencoder model "
        "trained on 256 songs.",
        "two songs of the autoencoder trained on 256 songs.",
    ),
    9: Caption(
        "Plot of MIDI representation for two songs generated in a simple fashion using LSTM.",
        "two songs of the LSTM with few notes.",
    ),
    10: Caption(
        "Plot of MIDI representation for two songs generated in a more varied fashion using LSTM.",
        "two songs of the LSTM with varied notes.",
    ),
    11: Caption(
        "MIDI representation of two songs generated in a more overfitted fashion using LSTM.",
        "two songs of the LSTM with long runs copied from training songs.",
    ),
}
_LSTMS = ("lstm_small_128", "lstm_small_256")
RUNS_OF = {7: ("ae_10",), 8: ("ae_256",), 9: _LSTMS, 10: _LSTMS, 11: _LSTMS}
