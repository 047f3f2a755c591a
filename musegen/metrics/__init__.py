"""Numbers about songs and predictions: what the report says in words, counted.

Metrics
-------
distinct_tokens
    "Two notes" (report 3.3.1) or "varied notes" (3.3.2).
copied_run
    "Taking snippets from the training set" (3.3.3): the longest run of tokens found there.
cells
    How much of a piano-roll an autoencoder gives back.
Closeness
    Which sixteen bars of the training songs a piano-roll is nearest to.
MEASURES, measure
    What a musician would notice: sixteen numbers a song.
Library, novelty, leave_one_out
    How much of a song stands in others, in whatever key, and how much people share.
shared_runs, marks
    Which passages two songs share, and where they stand in both: for the player and the figures.
Yardstick
    Songs held against people's: measure by measure, fault by fault.
distances, told_apart
    Two sets of songs: how far apart they lie, how well a classifier tells them apart.
over_epochs, stray_and_missed
    What becomes of the songs when a setting changes.
rules_table, networks_table
    How well the next token is predicted, by rules that only count and by networks.
"""

from musegen.metrics.closeness import Closeness, Nearest
from musegen.metrics.measures import (
    Cells,
    CopiedRun,
    cells,
    copied_run,
    distinct_tokens,
    measure_songs,
)
from musegen.metrics.music import HISTOGRAMS, MEASURES, Measure, as_tokens, measure
from musegen.metrics.novelty import (
    Library,
    SharedRun,
    leave_one_out,
    novelty,
)
from musegen.metrics.passages import marks, shared_runs
from musegen.metrics.people import FAULTS, Yardstick
from musegen.metrics.prediction import (
    Prediction,
    Rules,
    heldout_windows,
    judge,
    networks_table,
    rules_table,
)
from musegen.metrics.sets import Verdict, distances, told_apart
from musegen.metrics.settings import over_epochs, stray_and_missed

__all__ = [
    "FAULTS",
    "HISTOGRAMS",
    "MEASURES",
    "Cells",
    "Closeness",
    "CopiedRun",
    "Nearest",
    "Library",
    "Measure",
    "Prediction",
    "Rules",
    "SharedRun",
    "Verdict",
    "Yardstick",
    "as_tokens",
    "cells",
    "copied_run",
    "distances",
    "distinct_tokens",
    "heldout_windows",
    "judge",
    "leave_one_out",
    "marks",
    "measure",
    "measure_songs",
    "networks_table",
    "novelty",
    "over_epochs",
    "rules_table",
    "stray_and_missed",
    "told_apart",
    "shared_runs",
]
