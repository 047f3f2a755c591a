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
    `two_sample_accuracy`: how well a classifier tells two sets of songs apart.
voice_leading
    `voice_leading_table`: what a teacher of harmony would mark in songs of four voices.
critics
    `critics.judge`: four critics who are trained to tell songs of four voices from Bach's.
prediction
    `baselines_table`, `networks_table`: how well the next token is predicted. `nats_table`: how
    well the next pitch of four voices is, as the literature states it.
"""
# ruff: noqa: F401  (a table of contents: these are the names that notebooks call)

from musegen.metrics import critics
from musegen.metrics.copies import CopyIndex, leave_one_out, marks, novelty, shared_runs
from musegen.metrics.music import MEASURES, as_tokens, measure
from musegen.metrics.prediction import (
    baselines_table,
    judge,
    nats_table,
    networks_table,
    test_windows,
    voice_bigram,
    voices_log_p,
)
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
from musegen.metrics.two_sample import two_sample_accuracy
from musegen.metrics.voice_leading import voice_leading_table
