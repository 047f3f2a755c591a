"""The survey of report 2.4 and 3.1: which grades could have given its tables, and what they show.

29 people graded ten songs, two from each of five sources, from 1 (surely a human) to 5 (surely a
computer). Their answers are lost; tables 1 and 2 are left. This module asks which histograms of
grades have the printed mean, variance and share, in the line of the GRIM, SPRITE and CORVIDS
checks of published statistics. What it finds is *recovered*, never *collected*.

Conventions
-----------
A *histogram* is five counts, of the grades 1..5. A frame of histograms is wide (a row each, with
columns ``source`` and 1..5) or long (columns ``source``, ``grade``, ``count``). Shares are in
percent, as the report prints them.

Notebook: 05_survey_analysis.
"""

from musegen.survey.agreement import agreement, krippendorff
from musegen.survey.crossed import crossed, other_songs
from musegen.survey.equivalence import MARGIN, equivalence, smallest_margins
from musegen.survey.listeners import cluster_bootstrap, counts_of
from musegen.survey.models import model
from musegen.survey.power import power, simulate_survey, widest_pairs
from musegen.survey.recover import (
    ANSWERS,
    GRADES,
    MEAN,
    NATURAL,
    PEOPLE,
    SHARES,
    VARIANCE,
    VARIANCES,
    Reading,
    alike,
    fits,
    histograms,
    interval,
    long,
    measures,
    printed,
    reading,
    readings,
    recovered,
    shaken,
    solutions,
    under,
    wide,
)
from musegen.survey.splits import (
    cells_with,
    naturals,
    ranges,
    recomputed,
    splits,
    variants,
)
from musegen.survey.statistics import (
    comparisons,
    graded,
    holm,
    intervals,
    pairing,
    rank_test,
    resampled,
    superiority,
)
from musegen.survey.verdicts import (
    conclusions,
)

__all__ = [
    "ANSWERS",
    "GRADES",
    "MEAN",
    "NATURAL",
    "PEOPLE",
    "SHARES",
    "VARIANCE",
    "VARIANCES",
    "Reading",
    "printed",
    "alike",
    "interval",
    "histograms",
    "measures",
    "fits",
    "solutions",
    "readings",
    "reading",
    "under",
    "shaken",
    "recovered",
    "long",
    "wide",
    "ranges",
    "variants",
    "splits",
    "recomputed",
    "naturals",
    "cells_with",
    "graded",
    "superiority",
    "rank_test",
    "holm",
    "resampled",
    "intervals",
    "comparisons",
    "pairing",
    "conclusions",
    "MARGIN",
    "equivalence",
    "smallest_margins",
    "counts_of",
    "cluster_bootstrap",
    "model",
    "crossed",
    "other_songs",
    "krippendorff",
    "agreement",
    "simulate_survey",
    "power",
    "widest_pairs",
]
