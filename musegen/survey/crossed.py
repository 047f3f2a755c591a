"""Differences that hold for other listeners *and* other songs: Clark's min F'.

All listeners grade the same few songs, so an answer varies with both. A test that knows listeners
alone answers "do people tell *these songs* apart?"; to say something of a *source* the test has to
know that other songs could have been drawn (H. H. Clark, The language-as-fixed-effect fallacy,
1973).
"""

from itertools import combinations

import numpy as np
import pandas as pd
from scipy import stats

from musegen.survey.listeners import checked, sums, two_listeners
from musegen.survey.recover import wide
from musegen.survey.statistics import arranged, holm


def both(listeners, first, second) -> tuple[np.ndarray, np.ndarray]:
    """Add the variance of a difference over listeners to the one over songs.

    The sum is a little too large, as the noise of single answers is in both: the test is on the
    safe side. It is that of min F' = F1 F2 / (F1 + F2).

    Parameters
    ----------
    listeners : float array, shape (..., listener)
        Each listener's difference of two sources.
    first, second : float arrays, shape (..., song)
        The mean grades of the songs of each source.

    Returns
    -------
    tuple of two float arrays, shape (...)
        Standard error and degrees of freedom (Satterthwaite's); not a number where a source has one
        song, or there is one listener.
    """
    parts = []
    for values in map(np.asarray, (listeners, first, second)):
        number = values.shape[-1]
        if number < 2:
            return (np.full(values.shape[:-1], np.nan),) * 2
        parts.append((values.var(axis=-1, ddof=1) / number, number - 1))
    variance = sum(part for part, _ in parts)
    with np.errstate(invalid="ignore"):  # nothing varies: not a number
        return np.sqrt(variance), variance**2 / sum(part**2 / n for part, n in parts)


def crossed(answers: pd.DataFrame) -> pd.DataFrame:
    """Compare every two sources so that the result holds for other listeners and other songs.

    Parameters
    ----------
    answers : DataFrame
        Raw answers; see `checked`.

    Returns
    -------
    DataFrame
        A row a pair: `a`, `b`, `difference` of the means (b - a; over listeners who graded both),
        `error` (standard), `freedom`, `low`, `high` (95 %), `p`, `holm`, and `reason` where there
        is no test.

    Raises
    ------
    ValueError
        If there is one listener only, or the answers can't be read.

    Notes
    -----
    Notebook: 05_survey_analysis, "Your own survey".
    """
    answers = checked(answers)
    two_listeners(answers)
    total, number = sums(answers)
    grades = total.where(number > 0)
    rows = []
    for a, b in combinations(answers["source"].cat.categories, 2):
        rows.append((a, b, *_pair(grades, a, b)))
    columns = ["a", "b", "difference", "error", "freedom", "low", "high", "p", "reason"]
    frame = pd.DataFrame(rows, columns=columns)
    tested = frame["p"].notna()
    frame.loc[tested, "holm"] = holm(frame.loc[tested, "p"])
    return frame[[*columns[:-1], "holm", "reason"]]


def _pair(grades, a, b):
    sources = grades.columns.get_level_values("source")
    unknown = [np.nan] * 5
    if not {a, b} <= set(sources):
        return np.nan, *unknown, "nobody graded one of them"
    first, second = grades.loc[:, sources == a], grades.loc[:, sources == b]
    each = (second.mean(axis=1) - first.mean(axis=1)).dropna()
    difference = second.mean().mean() - first.mean().mean()
    if len(each) < 2:
        return difference, *unknown, "fewer than two listeners graded both"
    if min(first.shape[1], second.shape[1]) < 2:
        return difference, *unknown, "one song: how songs of a source differ can't be seen"
    error, freedom = map(float, both(each.to_numpy(), first.mean(), second.mean()))
    if not error:
        return difference, *unknown, "every listener and song shows the same difference"
    half = error * stats.t.ppf(0.975, freedom)
    p = 2 * stats.t.sf(abs(difference) / error, freedom)
    return difference, error, freedom, difference - half, difference + half, p, ""


def other_songs(counts: pd.DataFrame, apart: float, reference: str | None = None) -> pd.DataFrame:
    """Ask what differences would say of other songs, had the two songs of every source lain apart.

    For counts whose songs are lost. The variance between songs comes from the supposed distance,
    the one between answers from the counts, taken as independent.

    Parameters
    ----------
    counts : DataFrame
        Long form: `recovered()`.
    apart : float
        How far the mean grades of two songs of one source lie apart, in grades; two songs a source.
    reference : str, optional
        What to compare with: without it the first source.

    Returns
    -------
    DataFrame
        `source`, `reference`, `difference` of the means, `error`, `freedom`, `p`.

    Notes
    -----
    Report 4.1. Notebook: 05_survey_analysis, "What two songs a source can and cannot support".
    """
    table = wide(counts)
    reference = table.index[0] if reference is None else reference
    rows = []
    for source in table.index.drop(reference):
        gap, error, freedom = arranged(table.loc[reference], table.loc[source])["independent"]
        songs = apart**2 / 4  # variance of the mean of two values that lie so far apart
        variance = error**2 + 2 * songs
        freedom = variance**2 / (error**4 / freedom + 2 * songs**2)
        p = 2 * stats.t.sf(abs(gap) / variance**0.5, freedom)
        rows.append((source, reference, gap, variance**0.5, freedom, p))
    columns = ["source", "reference", "difference", "error", "freedom", "p"]
    return pd.DataFrame(rows, columns=columns)
