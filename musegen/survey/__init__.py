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

# ruff: noqa: F401  (a table of contents: these are the names that notebooks call)

from musegen.survey.listeners import agreement, cluster_bootstrap, counts_of
from musegen.survey.models import model, random_effects
from musegen.survey.power import power, simulate_survey, widest_pairs
from musegen.survey.recover import (
    GRADES,
    MEAN,
    NATURAL,
    PEOPLE,
    SHARES,
    VARIANCES,
    Reading,
    alike,
    cells_with,
    histograms,
    interval,
    measures,
    naturals,
    printed,
    ranges,
    reading,
    readings,
    recomputed,
    recovered,
    sensitivity_to_rounding,
    solutions,
    splits,
    under,
    variants,
    wide,
)
from musegen.survey.statistics import (
    MARGIN,
    comparisons,
    equivalence,
    intervals,
    other_songs,
    pairing,
    rank_test,
    smallest_margins,
)
from musegen.survey.verdicts import conclusions
