"""Raw answers by models that know who answered, and which song.

All listeners grade the same few songs, so an answer varies with both. A test that knows listeners
alone answers "do people tell *these songs* apart?"; to say something of a *source* the test has to
know that other songs could have been drawn (H. H. Clark, The language-as-fixed-effect fallacy,
1973).
"""

import warnings
from itertools import combinations

import numpy as np
import pandas as pd
from scipy import special, stats

from musegen.survey.listeners import comparable, sums
from musegen.survey.statistics import holm

TOO_FEW = "no estimate: too few answers, or grades that don't overlap"


def model(answers: pd.DataFrame, *, songs: bool = False) -> pd.DataFrame:
    """Compare sources by a model of ordered grades that knows the listeners.

    A cumulative logit model fitted by generalised estimating equations (statsmodels' OrdinalGEE),
    clustered by listener, with Mancl and DeRouen's standard errors for few clusters and Student's t
    of one degree of freedom fewer than there are listeners.

    Parameters
    ----------
    answers : DataFrame
    songs : bool
        Cluster by song as well: the variances between listeners and between songs are added, and
        the degrees of freedom are those of the songs. The intervals then cover *other songs of the
        same sources*, not only these, and err on the wide side.

    Returns
    -------
    DataFrame
        A row a source: `source`, `reference` (the training data, or else the first source),
        `answers`, `odds_ratio` of a higher grade with `low`, `high` (95 %) and `p`; the same as
        `difference` of the mean grades with `difference_low`, `difference_high`; `reason` where
        there is no estimate.

    Raises
    ------
    ValueError
        If there is one listener only, every grade is the same, or the answers can't be read.

    Notes
    -----
    Notebook: 05_survey_analysis, "Your own survey".
    """
    answers, reference = comparable(answers)
    if len(set(answers["grade"])) == 1:
        raise ValueError(
            f"every grade is {answers['grade'].iloc[0]}: there is nothing to model; `counts_of` "
            "counts them"
        )
    reasons = _without_estimate(answers, reference, songs)
    used = answers[~answers["source"].isin(list(reasons))]
    names = [s for s in used["source"].cat.categories if s != reference and s not in reasons]
    estimates = _fitted(used, names, songs) if names else {}
    rows = []
    for source in answers["source"].cat.categories.drop(reference):
        size = int((answers["source"] == source).sum())
        reason = reasons.get(source, "" if source in estimates else TOO_FEW)
        rows.append((source, reference, size, *estimates.get(source, [np.nan] * 7), reason))
    columns = ["source", "reference", "answers", "odds_ratio", "low", "high", "p"]
    columns += ["difference", "difference_low", "difference_high", "reason"]
    return pd.DataFrame(rows, columns=columns)


def _without_estimate(answers, reference, songs) -> dict[str, str]:
    """Find the sources that no odds ratio can be given for, and say why."""
    each = answers.groupby("source", observed=False)
    sizes, low, high = each.size(), each["grade"].min(), each["grade"].max()
    titles = each["song"].nunique()
    reasons = {}
    for source in sizes.index:
        if not sizes[source]:
            reasons[source] = "nobody graded it"
        elif songs and min(titles[source], titles[reference]) < 2:
            reasons[source] = "one song: how songs of a source differ can't be seen"
        elif low[source] == high[source] and low[source] in (low.min(), high.max()):
            reasons[source] = f"every grade is {int(low[source])}: no finite odds ratio"
    if reference in reasons:
        why = f"{reference}: {reasons[reference]}"
        reasons |= {source: why for source in sizes.index if source not in reasons}
    return reasons


def _fitted(used, names, songs) -> dict[str, list[float]]:
    """Fit the model and estimate each source; empty where there is no trustworthy fit."""
    from statsmodels.genmod.cov_struct import Independence
    from statsmodels.genmod.generalized_estimating_equations import OrdinalGEE

    grades = used["grade"].to_numpy()
    design = np.stack([used["source"] == name for name in names], axis=1).astype(float)
    listener = used.groupby("listener").ngroup().to_numpy()
    freedom = len(np.unique(listener)) - 1
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")  # what they warn of is looked at below
            fit = OrdinalGEE(grades, design, listener, cov_struct=Independence()).fit(
                maxiter=200, cov_type="bias_reduced"
            )
            covariance = fit.cov_params()
            if songs:
                song = used.groupby(["source", "song"], observed=True).ngroup().to_numpy()
                number, left = len(np.unique(song)), len(np.unique(song)) - len(names) - 1
                by_song = OrdinalGEE(grades, design, song, cov_struct=Independence()).fit()
                # A sum of squares over songs, each about its source's own mean: hence n / (n - k).
                covariance = covariance + by_song.cov_params() * number / left
                freedom = min(freedom, left)
    except (ValueError, FloatingPointError, np.linalg.LinAlgError):
        return {}
    betas, covariance = np.asarray(fit.params), np.asarray(covariance)
    levels = np.unique(grades)
    cuts = len(levels) - 1
    errors = np.sqrt(np.diag(covariance).clip(min=0))
    seen = np.isfinite(errors).all() and (errors[cuts:] > 1e-6).all()
    if not (fit.converged and seen and (np.abs(betas) < 15).all()):
        return {}  # 15: odds of three million, the mark of grades that don't overlap
    t = stats.t.ppf(0.975, freedom)
    found = {}
    for place, name in enumerate(names, start=cuts):
        beta, error = betas[place], errors[place]
        p = 2 * stats.t.sf(abs(beta) / error, freedom)
        difference, slope = _mean_difference(betas[:cuts], beta, np.diff(levels))
        gradient = np.zeros(len(betas))
        gradient[:cuts], gradient[place] = slope
        half = t * np.sqrt(gradient @ covariance @ gradient)
        odds = np.exp([beta, beta - t * error, beta + t * error])
        found[name] = [*odds, p, difference, difference - half, difference + half]
    return found


def _mean_difference(cuts, beta, steps):
    """Turn a logit into a difference of mean grades, with its slopes (delta method)."""
    plain, moved = special.expit(cuts), special.expit(cuts + beta)
    rise, plain_rise = moved * (1 - moved) * steps, plain * (1 - plain) * steps
    return float(((moved - plain) * steps).sum()), (rise - plain_rise, rise.sum())


def min_f_prime(listeners, first, second) -> tuple[np.ndarray, np.ndarray]:
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


def random_effects(answers: pd.DataFrame) -> pd.DataFrame:
    """Compare every two sources so that the result holds for other listeners and other songs.

    Clark's min F'.

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
    answers, _ = comparable(answers)
    total, number = sums(answers)
    grades = total.where(number > 0)
    pairs = combinations(answers["source"].cat.categories, 2)
    rows = [(a, b, *_pair(grades, a, b)) for a, b in pairs]
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
    error, freedom = map(float, min_f_prime(each.to_numpy(), first.mean(), second.mean()))
    if not error:
        return difference, *unknown, "every listener and song shows the same difference"
    half = error * stats.t.ppf(0.975, freedom)
    p = 2 * stats.t.sf(abs(difference) / error, freedom)
    return difference, error, freedom, difference - half, difference + half, p, ""
