"""Whether the sources differ by more than chance, and whether they differ by little.

A rank test that finds no difference doesn't show that there is none. Who claims "not much worse"
has to say how much is much, the *margin*, and to show that the difference is smaller: two one-sided
tests (Schuirmann 1987), or an interval of 90 % that lies within the margin, which is the same.
"""

from itertools import combinations

import numpy as np
import pandas as pd
from scipy import stats

from musegen.survey.recover import GRADES, MEAN, SHARES, measures, wide

MARGIN = 0.5  # ours, in grades: half a step of the scale; the report names none
EQUIVALENT, NOT_WORSE, WORSE, NOT_SHOWN = "equivalent", "not worse", "worse", "not shown"


def graded(histogram) -> np.ndarray:
    """Write a histogram out as its grades, sorted.

    Examples
    --------
    >>> graded([1, 0, 2, 0, 0]).tolist()
    [1, 3, 3]
    """
    return np.repeat(GRADES, histogram)


def probability_of_superiority(a, b) -> np.ndarray:
    """How often an answer to `b` is a higher grade than one to `a`, ties counted half.

    0.5 says that the two are graded alike. Cliff's delta is twice this less one.

    Parameters
    ----------
    a, b : int arrays, shape (..., 5)

    Examples
    --------
    >>> float(probability_of_superiority([1, 0, 0, 0, 1], [0, 0, 1, 0, 1]))
    0.625
    """
    a, b = np.asarray(a), np.asarray(b)
    higher = (GRADES[:, None] < GRADES) + 0.5 * (GRADES[:, None] == GRADES)
    return np.einsum("...i,ij,...j->...", a, higher, b) / (a.sum(-1) * b.sum(-1))


def rank_test(a, b) -> float:
    """Give the p-value of Mann and Whitney's two-sided rank test, corrected for ties."""
    return float(stats.mannwhitneyu(graded(a), graded(b), method="asymptotic").pvalue)


def holm(p) -> np.ndarray:
    """Correct p-values for their number by Holm's method."""
    from statsmodels.stats.multitest import multipletests

    return multipletests(p, method="holm")[1] if len(p) else np.empty(0)


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
        better = float(probability_of_superiority(first, second))
        low, high = _middle(probability_of_superiority(drawn[a], drawn[b]))
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
    frame = _differences(table, combinations(table.index, 2), 0.975)
    return frame.drop(columns=["error", "freedom"])


def _differences(table: pd.DataFrame, pairs, quantile: float) -> pd.DataFrame:
    """Estimate differences of sources, b - a, in every arrangement of the answers."""
    rows = [
        (a, b, name, *estimate)
        for a, b in pairs
        for name, estimate in arranged(table.loc[a], table.loc[b]).items()
    ]
    frame = pd.DataFrame(rows, columns=["a", "b", "arrangement", "difference", "error", "freedom"])
    half = frame["error"] * stats.t.ppf(quantile, frame["freedom"])
    return frame.assign(low=frame["difference"] - half, high=frame["difference"] + half)


def _beside_first(counts: pd.DataFrame) -> pd.DataFrame:
    """Estimate each source's difference to the first, its *reference*, with 90 % intervals."""
    table = wide(counts)
    reference = table.index[0]
    if len(table) < 2:
        raise ValueError(f"{reference} alone is graded; a second source is needed to compare with")
    pairs = [(reference, source) for source in table.index.drop(reference)]
    frame = _differences(table, pairs, 0.95)
    frame.insert(0, "source", frame.pop("b"))
    return frame.rename(columns={"a": "reference"})


def equivalence(counts: pd.DataFrame, margin: float = MARGIN) -> pd.DataFrame:
    """Test whether each source lies within a margin of the first, by two one-sided tests.

    Parameters
    ----------
    counts : DataFrame
        Long form: `recovered()`, or `counts_of(answers)`.
    margin : float
        In grades: the largest difference of means that still counts as none. It belongs in the
        plan of a survey, before the answers are seen.

    Returns
    -------
    DataFrame
        A row a source and arrangement of the answers (see `pairing`): `source`, `reference`,
        `arrangement`, `difference` of the means (above zero: more like a computer, so worse),
        `low`, `high` (90 %), `p_worse` and `p_better` (of being worse, or better, by the margin or
        more), and `verdict` at 5 %: *equivalent* (within the margin on both sides), *not worse* (by
        the margin), *worse* (by more than the margin) or *not shown*. Not corrected for the number
        of sources.

    Raises
    ------
    ValueError
        If the margin is not above zero, or one source alone is graded.

    Notes
    -----
    Report 4.1. Notebook: 05_survey_analysis, "Is "not much worse" shown?".
    """
    if not margin > 0:
        raise ValueError(f"margin is {margin}; it has to be above 0, in grades, e.g. {MARGIN}")
    frame = _beside_first(counts)
    centre, error, freedom = frame["difference"], frame["error"], frame["freedom"]
    worse = stats.t.cdf((centre - margin) / error, freedom)
    better = stats.t.sf((centre + margin) / error, freedom)
    verdict = np.select(
        [(worse < 0.05) & (better < 0.05), worse < 0.05, frame["low"] > margin],
        [EQUIVALENT, NOT_WORSE, WORSE],
        NOT_SHOWN,
    )
    return frame.drop(columns=["error", "freedom"]).assign(
        p_worse=worse, p_better=better, verdict=verdict
    )


def smallest_margins(counts: pd.DataFrame) -> pd.DataFrame:
    """Find the smallest margin at which each claim of `equivalence` can be made at 5 %.

    Returns
    -------
    DataFrame
        `source`, `reference`, `arrangement`, and in grades: `difference`, `not_worse` and
        `equivalent` (the smallest margins; *not worse* needs none if the source is shown to be
        better), and `worse`: below this margin the source is shown to be worse by more than it.

    Notes
    -----
    Report 4.1. Notebook: 05_survey_analysis, "Is "not much worse" shown?".
    """
    frame = _beside_first(counts)
    return frame[["source", "reference", "arrangement", "difference"]].assign(
        not_worse=frame["high"].clip(lower=0),
        equivalent=frame[["low", "high"]].abs().max(axis=1, skipna=False),
        worse=frame["low"].clip(lower=0),
    )


def other_songs(counts: pd.DataFrame, apart: float) -> pd.DataFrame:
    """Ask what differences would say of other songs, had the two songs of every source lain apart.

    For counts whose songs are lost. The variance between songs comes from the supposed distance,
    the one between answers from the counts, taken as independent.

    Parameters
    ----------
    counts : DataFrame
        Long form: `recovered()`.
    apart : float
        How far the mean grades of two songs of one source lie apart, in grades; two songs a source.

    Returns
    -------
    DataFrame
        `source`, `reference` (the first), `difference` of the means, `error`, `freedom`, `p`.

    Notes
    -----
    Report 4.1. Notebook: 05_survey_analysis, "What two songs a source can and cannot support".
    """
    table = wide(counts)
    reference, rows = table.index[0], []
    for source in table.index.drop(reference):
        gap, error, freedom = arranged(table.loc[reference], table.loc[source])["independent"]
        songs = apart**2 / 4  # variance of the mean of two values that lie so far apart
        variance = error**2 + 2 * songs
        freedom = variance**2 / (error**4 / freedom + 2 * songs**2)
        p = 2 * stats.t.sf(abs(gap) / variance**0.5, freedom)
        rows.append((source, reference, gap, variance**0.5, freedom, p))
    columns = ["source", "reference", "difference", "error", "freedom", "p"]
    return pd.DataFrame(rows, columns=columns)
