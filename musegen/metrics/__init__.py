"""Numbers about songs and predictions: what the report says in words, counted.

music
    What a musician would notice: sixteen numbers a song (`MEASURES`, `measure`).
copies
    `copied_run`: what a song shares with a training song, token by token, in its own key;
    `loop_at_end`: what it repeats to its end. `CopyIndex`, `novelty`: what it shares in whatever
    key. `marks`: which passages, for the player.
rolls
    `precision_recall`, `gives_back`: how much of songs an autoencoder gives back. `NearestWindow`:
    which sixteen bars of the training songs a piano-roll is nearest to.
reference
    `ReferenceCorpus`: songs held against people's, measure by measure, artefact by artefact.
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
from musegen.metrics.copies import CopyIndex, copied_run, marks, measure_songs, novelty
from musegen.metrics.music import MEASURES, as_tokens, measure
from musegen.metrics.prediction import (
    baselines_table,
    nats_table,
    networks_table,
    voice_bigram,
    voices_log_p,
)
from musegen.metrics.reference import ARTEFACTS, ReferenceCorpus, two_sample_accuracy
from musegen.metrics.rolls import NearestWindow, gives_back, precision_recall, stray_and_missed
from musegen.metrics.voice_leading import voice_leading_table
