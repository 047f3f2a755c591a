"""The pictures: figures 5-11 of the report by their numbers, and what the notebooks draw besides.

Every function returns a matplotlib figure or axes and never shows or saves it. Piano-rolls have
bars on x and octave names on y and look the same everywhere; a source has one colour in all
notebooks. Names load when first used: notebooks 01 and 05 need no network.
"""

from importlib import import_module

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
    "preparation": ("plot_audit", "plot_keys", "plot_tempi"),
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
