"""Raw answers by a model that knows who answered: cumulative logits, by estimating equations."""

import warnings

import numpy as np
import pandas as pd
from scipy import special, stats

from musegen.survey.listeners import against, checked, two_listeners

WORKING = ("independence", "exchangeable")
TOO_FEW = "no estimate: too few answers, or grades that don't overlap"


def model(
    answers: pd.DataFrame,
    reference: str | None = None,
    *,
    songs: bool = False,
    working: str = "independence",
) -> pd.DataFrame:
    """Compare sources by a model of ordered grades that knows the listeners.

    A cumulative logit model fitted by generalised estimating equations (statsmodels' OrdinalGEE),
    clustered by listener, with Mancl and DeRouen's standard errors for few clusters and Student's t
    of one degree of freedom fewer than there are listeners.

    Parameters
    ----------
    answers : DataFrame
    reference : str, optional
        What to compare with: the training data, or else the first source.
    songs : bool
        Cluster by song as well: the variances between listeners and between songs are added, and
        the degrees of freedom are those of the songs. The intervals then cover *other songs of the
        same sources*, not only these, and err on the wide side.
    working : {"independence", "exchangeable"}
        What the fit supposes of two answers of one listener: nothing, or one odds ratio for all
        pairs. It changes the weights; the intervals are right with either.

    Returns
    -------
    DataFrame
        A row a source: `source`, `reference`, `answers`, `odds_ratio` of a higher grade with `low`,
        `high` (95 %) and `p`; the same as `difference` of the mean grades with
        `difference_low`, `difference_high`; `reason` where there is no estimate.

    Raises
    ------
    ValueError
        If there is one listener only, every grade is the same, or the answers can't be read.

    Notes
    -----
    Notebook: 05_survey_analysis, "Your own survey".
    """
    if working not in WORKING:
        raise ValueError(f"working is {working!r}; it is one of {', '.join(WORKING)}")
    answers = checked(answers)
    reference = against(answers, reference)
    two_listeners(answers)
    if len(set(answers["grade"])) == 1:
        raise ValueError(
            f"every grade is {answers['grade'].iloc[0]}: there is nothing to model; `counts_of` "
            "counts them"
        )
    reasons = _without_estimate(answers, reference, songs)
    used = answers[~answers["source"].isin(list(reasons))]
    names = [s for s in used["source"].cat.categories if s != reference and s not in reasons]
    estimates = _fitted(used, names, songs, working) if names else {}
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


def _fitted(used, names, songs, working) -> dict[str, list[float]]:
    """Fit the model and estimate each source; empty where there is no trustworthy fit."""
    from statsmodels.genmod.cov_struct import GlobalOddsRatio, Independence
    from statsmodels.genmod.generalized_estimating_equations import OrdinalGEE

    grades = used["grade"].to_numpy()
    design = np.stack([used["source"] == name for name in names], axis=1).astype(float)
    listener = used.groupby("listener").ngroup().to_numpy()
    freedom = len(np.unique(listener)) - 1
    structure = GlobalOddsRatio("ordinal") if working == "exchangeable" else Independence()
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")  # what they warn of is looked at below
            fit = OrdinalGEE(grades, design, listener, cov_struct=structure).fit(
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
