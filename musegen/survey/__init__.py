"""The survey of report 2.4 and 3.1: which grades could have given its tables, and what they show.

29 people graded ten songs, two from each of five sources, from 1 (surely a human) to 5 (surely a
computer). Their answers are lost; tables 1 and 2 are left. This module asks which histograms of
grades have the printed mean, variance and share, in the line of the GRIM, SPRITE and CORVIDS
checks of published statistics. What it finds is *recovered*, never *collected*.

recover
    The printed tables, the histograms and splits that fit them, how sensitive they are to rounding.
statistics
    Intervals, one table of pairs, differences under each way that the lost answers may be paired;
    of raw answers their counts, and the mixed model that knows listeners and songs. Simulated
    surveys: how many listeners and songs it takes to find a difference.
claims
    What the report concludes from its survey, sentence by sentence, with a verdict.

Conventions
-----------
A *histogram* is five counts, of the grades 1..5. A frame of histograms is wide (a row each, with
columns ``source`` and 1..5) or long (columns ``source``, ``grade``, ``count``). Shares are in
percent, as the report prints them.

Notebook: 05_survey_analysis.
"""

# ruff: noqa: F401  (a table of contents: these are the names that notebooks call)

from musegen.survey.claims import CLAIMS, NOT_TESTABLE, VERDICTS, judge
from musegen.survey.recover import (
    GRADES,
    MEAN,
    NATURAL,
    SHARES,
    VARIANCES,
    alike,
    measures,
    printed,
    ranges,
    reading,
    recomputed,
    recovered,
    sensitivity_to_rounding,
    solutions,
    splits,
    under,
    wide,
)
from musegen.survey.statistics import (
    MARGIN,
    comparisons,
    counts_of,
    deal,
    detection,
    differences,
    graded,
    intervals,
    mixed_model,
    simulate_survey,
)
