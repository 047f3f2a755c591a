"""Whether the sources differ by more than chance, and whether they differ by little.

A test that finds no difference doesn't show that there is none. Who claims "not much worse" has to
say how much is much, the *margin*, and to show that the difference is smaller: an interval of 90 %
that lies within the margin, which is the same as two one-sided tests at 5 % (Schuirmann 1987).

All of it is about *these songs*, and other listeners: the grades of single songs are lost. What
holds for other songs of the same sources, too, needs answers that tell songs apart; see
`musegen.survey.answers`.
"""

from itertools import combinations

import numpy as np
import pandas as pd

from musegen.survey.recover import GRADES, MEAN, SHARES, wide

MARGIN = 0.5  # ours, in grades: half a step of the scale; the report names none


def graded(histogram) -> np.ndarray:
    """Write a histogram out as its grades, sorted.

    Examples
    --------
    >>> graded([1, 0, 2, 0, 0]).tolist()
    [1, 3, 3]
    """
    return np.repeat(GRADES, histogram)


def intervals(counts: pd.DataFrame) -> pd.DataFrame:
    """Put 95 % intervals around each source's mean and shares, answers taken as independent.

    Returns
    -------
    DataFrame
        Columns `source`, `measure`, `value`, `low`, `high`: Student's for the mean, Wilson's for
        the shares (in percent) under both definitions.

    Notes
    -----
    Notebook: 05_survey_analysis, "How sure are the numbers of a source?".
    """
    from statsmodels.stats.proportion import proportion_confint
    from statsmodels.stats.weightstats import DescrStatsW

    rows = []
    for source, histogram in wide(counts).iterrows():
        mean = DescrStatsW(graded(histogram))
        rows.append((source, MEAN, mean.mean, *mean.tconfint_mean()))
        for share in SHARES:
            asked = histogram.sum() - histogram[3] * (share == "without 3")
            value = histogram[[1, 2]].sum() / asked if asked else np.nan  # every answer is 3
            wilson = proportion_confint(value * asked, asked, method="wilson")
            rows.append((source, f"natural, {share}", *(100 * np.array([value, *wilson]))))
    return pd.DataFrame(rows, columns=["source", "measure", "value", "low", "high"])


def comparisons(counts: pd.DataFrame) -> pd.DataFrame:
    """Compare every two sources, answers taken as independent.

    The estimand is the *probability of superiority*: how often an answer to `b` is a higher grade
    than one to `a`, ties counted half. The p-value (Brunner and Munzel's) is of its being one half.

    Returns
    -------
    DataFrame
        A row a pair: `a`, `b`, `difference` of the means (b - a), `superiority` of b with its 95 %
        interval `low`, `high`, `p`, and `holm`, corrected for the number of pairs.

    Notes
    -----
    Notebook: 05_survey_analysis, "Are the differences larger than chance?".
    """
    from statsmodels.stats.multitest import multipletests
    from statsmodels.stats.nonparametric import rank_compare_2ordinal

    table, rows = wide(counts), []
    for a, b in combinations(table.index, 2):
        first, second = table.loc[a].to_numpy(), table.loc[b].to_numpy()
        difference = graded(second).mean() - graded(first).mean()
        with np.errstate(divide="ignore", invalid="ignore"):  # no spread: not a number
            ranks = rank_compare_2ordinal(second, first)
            p = ranks.test_prob_superior().pvalue
            rows.append((a, b, difference, ranks.prob1, *ranks.conf_int(), p))
    frame = pd.DataFrame(rows, columns=["a", "b", "difference", "superiority", "low", "high", "p"])
    return frame.assign(holm=multipletests(frame["p"], method="holm")[1] if rows else [])


def arranged(first, second, level: float = 0.95, each: int = 2) -> dict[str, tuple[float, ...]]:
    """Estimate the difference of two means under each arrangement of the answers.

    The same people graded everything, but who gave which grade is lost. Two arrangements frame what
    it may have been. *Opposite*, the widest there is: a person's two answers to a source agree, and
    who grades one source low grades the other high. *Alike*, about the narrowest: who grades one
    source low grades the other low. *Independent* lies between.

    Parameters
    ----------
    first, second : arrays
        The answers to each source.
    level : float
        Of the interval: Student's t over people; for *independent*, Welch's over answers.
    each : int
        Answers of one person to a source.

    Returns
    -------
    dict
        Arrangement: (difference second - first, low, high). *Alike* and *opposite* are there only
        if both have as many answers. Ends are not numbers where no spread is, nothing being known
        of chance.
    """
    from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

    first, second = np.sort(first), np.sort(second)
    with np.errstate(divide="ignore", invalid="ignore"):
        welch = CompareMeans.from_data(second, first).tconfint_diff(1 - level, usevar="unequal")
    found = {"independent": welch}
    if len(first) == len(second) and len(first) % each == 0:
        alike = np.sort(second - first).reshape(each, -1)
        alike[1:] = alike[1:, ::-1]  # the smallest difference and the largest are one person's
        people = {"alike": alike.T, "opposite": (second - first[::-1]).reshape(-1, each)}
        for name, answers in people.items():
            found[name] = DescrStatsW(answers.mean(axis=1)).tconfint_mean(1 - level)
    gap = float(second.mean() - first.mean())
    return {
        name: (gap, *((low, high) if low < high else (np.nan, np.nan)))
        for name, (low, high) in found.items()
    }


def differences(counts: pd.DataFrame, level: float = 0.95) -> pd.DataFrame:
    """Say how far every two sources lie apart, in every arrangement of the answers.

    Parameters
    ----------
    counts : DataFrame
        Long form: `recovered()`, or `counts_of(answers)`.
    level : float
        With 0.9 an interval that lies within a margin shows equivalence at 5 %.

    Returns
    -------
    DataFrame
        Columns `a`, `b`, `arrangement` (see `arranged`), `difference` of the means (b - a), `low`,
        `high`. Not corrected for the number of pairs.

    Notes
    -----
    Report 4.1. Notebook: 05_survey_analysis, "Is "not much worse" shown?".
    """
    table = {source: graded(histogram) for source, histogram in wide(counts).iterrows()}
    rows = [
        (a, b, name, *estimate)
        for a, b in combinations(table, 2)
        for name, estimate in arranged(table[a], table[b], level).items()
    ]
    return pd.DataFrame(rows, columns=["a", "b", "arrangement", "difference", "low", "high"])
