"""Numbers about songs and predictions: what the report says in words, counted.

music
    What a musician would notice: sixteen numbers a song (`MEASURES`, `measure`).
token_runs
    `copied_run`: what a song shares with a training song, token by token, in its own key;
    `loop_at_end`: what it repeats to its end.
copies
    `CopyIndex`, `novelty`, `leave_one_out`: what it shares in whatever key. `shared_runs`, `marks`:
    which passages, for the player.
rolls
    `precision_recall`, `gives_back`: how much of songs an autoencoder gives back. `NearestWindow`:
    which sixteen bars of the training songs a piano-roll is nearest to.
reference
    `ReferenceCorpus`: songs held against people's, measure by measure, artefact by artefact.
two_sample
    `two_sample_accuracy`, `distances`: how well a classifier tells two sets of songs apart, and
    how far apart they lie.
prediction
    `baselines_table`, `networks_table`: how well the next token is predicted.
"""
# ruff: noqa: F401  (a table of contents: these are the names that notebooks call)

from musegen.metrics.copies import CopyIndex, leave_one_out, marks, novelty, shared_runs
from musegen.metrics.music import MEASURES, as_tokens, measure
from musegen.metrics.prediction import baselines_table, judge, networks_table, test_windows
from musegen.metrics.reference import ARTEFACTS, ReferenceCorpus
from musegen.metrics.rolls import (
    Nearest,
    NearestWindow,
    PrecisionRecall,
    gives_back,
    precision_recall,
    stray_and_missed,
)
from musegen.metrics.token_runs import copied_run, distinct_tokens, loop_at_end, measure_songs
from musegen.metrics.two_sample import distances, two_sample_accuracy
