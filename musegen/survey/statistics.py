"""Whether the sources differ by more than chance: rank tests, intervals, the lost pairing."""

from itertools import combinations

import numpy as np
import pandas as pd
from scipy import stats

from musegen.survey.recover import GRADES, MEAN, SHARES, measures, wide


def graded(histogram) -> np.ndarray:
    """Write a histogram out as its grades, sorted.

    Examples
    --------
    >>> graded([1, 0, 2, 0, 0]).tolist()
    [1, 3, 3]
    """
    return np.repeat(GRADES, histogram)


def superiority(a, b) -> np.ndarray:
    """How often an answer to `b` is a higher grade than one to `a`, ties counted half.

    0.5 says that the two are graded alike. Cliff's delta is twice this less one.

    Parameters
    ----------
    a, b : int arrays, shape (..., 5)

    Examples
    --------
    >>> float(superiority([1, 0, 0, 0, 1], [0, 0, 1, 0, 1]))
    0.625
    """
    a, b = np.asarray(a), np.asarray(b)
    higher = (GRADES[:, None] < GRADES) + 0.5 * (GRADES[:, None] == GRADES)
    return np.einsum("...i,ij,...j->...", a, higher, b) / (a.sum(-1) * b.sum(-1))


def rank_test(a, b) -> float:
    """Give the p-value of Mann and Whitney's two-sided rank test, corrected for ties."""
    return float(stats.mannwhitneyu(graded(a), graded(b), method="asymptotic").pvalue)


def holm(p) -> np.ndarray:
    """Correct p-values for their number by Holm's method.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03]).tolist()
    [0.03, 0.06, 0.06]
    """
    p = np.asarray(p, float)
    order = np.argsort(p)
    steps = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    return steps.clip(max=1)[np.argsort(order)]


def resampled(histogram, rng: np.random.Generator, times: int = 10_000) -> np.ndarray:
    """Draw as many answers with replacement, again and again: int array (times, 5)."""
    histogram = np.asarray(histogram)
    return rng.multinomial(histogram.sum(), histogram / histogram.sum(), size=times)


def _middle(draws) -> tuple[float, float]:
    return tuple(np.quantile(draws, [0.025, 0.975]).tolist())


def intervals(counts: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Put 95 % intervals around each source's mean and shares, answers taken as independent.

    Returns
    -------
    DataFrame
        Columns `source`, `measure`, `value`, `low`, `high`: bootstrap for the mean, Wilson's
        interval for the shares (in percent) under both definitions.

    Notes
    -----
    Notebook: 05_survey_analysis, "How sure are the numbers of a source?".
    """
    rows = []
    for source, histogram in wide(counts).iterrows():
        mean = measures(histogram)[MEAN]
        drawn = measures(resampled(histogram, rng))[MEAN]
        rows.append((source, MEAN, float(mean), *_middle(drawn)))
        for share in SHARES:
            asked = histogram.sum() - histogram[3] * (share == "without 3")
            name = f"natural, {share}"
            if not asked:  # every answer is 3
                rows.append((source, name, *[float("nan")] * 3))
                continue
            test = stats.binomtest(int(histogram[[1, 2]].sum()), int(asked))
            wilson = test.proportion_ci(method="wilson")
            rows.append((source, name, *(100 * v for v in (test.statistic, *wilson))))
    return pd.DataFrame(rows, columns=["source", "measure", "value", "low", "high"])


def comparisons(counts: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Compare every two sources, answers taken as independent.

    Returns
    -------
    DataFrame
        A row a pair: `a`, `b`, `difference` of the means (b - a), `superiority` of b with its
        95 % bootstrap interval `low`, `high`, `delta` (Cliff's), `p` and `holm`.

    Notes
    -----
    Notebook: 05_survey_analysis, "Are the differences larger than chance?".
    """
    rows, table = [], wide(counts)
    drawn = {source: resampled(histogram, rng) for source, histogram in table.iterrows()}
    for a, b in combinations(table.index, 2):
        first, second = table.loc[a], table.loc[b]
        difference = measures(second)[MEAN] - measures(first)[MEAN]
        better = float(superiority(first, second))
        low, high = _middle(superiority(drawn[a], drawn[b]))
        p = rank_test(first, second)
        rows.append((a, b, difference, better, low, high, 2 * better - 1, p))
    columns = ["a", "b", "difference", "superiority", "low", "high", "delta", "p"]
    return pd.DataFrame(rows, columns=columns).assign(holm=lambda frame: holm(frame["p"]))


def arranged(a, b) -> dict[str, tuple[float, float, float]]:
    """Estimate the difference of two means under each arrangement of the answers (see `pairing`).

    Parameters
    ----------
    a, b : int arrays, shape (5,)

    Returns
    -------
    dict
        Arrangement: (difference b - a, its standard error, degrees of freedom). *Alike* and
        *opposite* are there only if both have the same, even number of answers: two a person. A
        standard error that can't be known (one answer, or grades all the same) is not a number.
    """
    first, second = graded(a), graded(b)
    found = {"independent": _welch(first, second)}
    if len(first) == len(second) and len(first) % 2 == 0:
        alike, opposite = np.sort(second - first), second - first[::-1]  # sorted as it is
        found["alike"] = _one_sample((alike + alike[::-1])[: len(alike) // 2] / 2)
        found["opposite"] = _one_sample((opposite[::2] + opposite[1::2]) / 2)
    return found


def _one_sample(people):
    return float(people.mean()), _error(people), len(people) - 1


def _error(values) -> float:
    spread = values.std(ddof=1) if len(values) > 1 else 0.0
    return float(spread) / len(values) ** 0.5 if spread else float("nan")


def _welch(first, second):
    squares = np.nan_to_num([_error(first) ** 2, _error(second) ** 2])
    variance = squares.sum()
    if min(len(first), len(second)) < 2 or not variance:
        return second.mean() - first.mean(), float("nan"), float("nan")
    freedom = variance**2 / (squares**2 / [len(first) - 1, len(second) - 1]).sum()
    return float(second.mean() - first.mean()), float(variance**0.5), float(freedom)


def pairing(counts: pd.DataFrame) -> pd.DataFrame:
    """Say how much the lost pairing of answers could change the difference of two sources.

    The same people graded everything, but who gave which grade is lost. Two arrangements of the
    recovered answers frame what it may have been. *Opposite*, the widest there is: a person's two
    answers to a source agree, and who grades one source low grades the other high. *Alike*, about
    the narrowest: who grades one source low grades the other low. *Independent* lies between.

    Returns
    -------
    DataFrame
        Columns `a`, `b`, `arrangement`, `difference` of the means (b - a), `low`, `high`: 95 %,
        Student's t over people, for *independent* over answers.

    Notes
    -----
    Notebook: 05_survey_analysis, "What the lost pairing hides".
    """
    table = wide(counts)
    rows = [
        (a, b, name, *estimate)
        for a, b in combinations(table.index, 2)
        for name, estimate in arranged(table.loc[a], table.loc[b]).items()
    ]
    frame = pd.DataFrame(rows, columns=["a", "b", "arrangement", "difference", "error", "freedom"])
    half = frame.pop("error") * stats.t.ppf(0.975, frame.pop("freedom"))
    return frame.assign(low=frame["difference"] - half, high=frame["difference"] + half)
