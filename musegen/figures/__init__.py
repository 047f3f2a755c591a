"""The pictures: figures 5-11 of the report, and what notebooks draw more than once.

Every function returns a matplotlib figure or axes and never shows or saves it, and none trains: a
figure takes the runs that it draws. Piano-rolls have bars, counted from 1, on x and octave names on
y and look the same everywhere; a source has one colour in all notebooks. Nothing here imports
Keras: notebooks 01 and 05 need no network. Figures 1-4 of the report explain the networks; they lie
in ``notebooks/images/``.
"""
# ruff: noqa: F401  (a table of contents: these are the names that notebooks call)

from musegen.figures.examples import (
    LONG_COPY,
    MANY_KINDS,
    RUNS_OF,
    choose,
    figure,
    figure_parts,
    figure_songs,
    next_survey_songs,
    song_table,
    survey_songs,
)
from musegen.figures.networks import live_loss, plot_critics, plot_history, plot_motions
from musegen.figures.preparation import plot_audit, plot_keys, plot_tempi
from musegen.figures.rolls import colour_of, plot_roll, plot_songs, songs_png
from musegen.figures.style import COLOURS, SOURCES, new_figure, set_style
from musegen.figures.survey import colours_of, figure_5, figure_6
