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
rules_table, networks_table
    How well the next token is predicted, by rules that only count and by networks.
"""

from musegen.metrics.closeness import Closeness, Nearest
from musegen.metrics.measures import (
    Cells,
    CopiedRun,
    Prediction,
    Rules,
    cells,
    copied_run,
    distinct_tokens,
    heldout_windows,
    judge,
    measure_songs,
    networks_table,
    rules_table,
)

__all__ = [
    "Cells",
    "Closeness",
    "CopiedRun",
    "Nearest",
    "Prediction",
    "Rules",
    "cells",
    "copied_run",
    "distinct_tokens",
    "heldout_windows",
    "judge",
    "measure_songs",
    "networks_table",
    "rules_table",
]
