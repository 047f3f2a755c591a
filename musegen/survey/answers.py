"""Raw answers, who gave which grade known: their counts, and one mixed model.

All listeners grade the same few songs, so an answer varies with both. A test that knows listeners
alone answers "do people tell *these songs* apart?"; to say something of a *source* it has to know
that other songs could have been drawn (H. H. Clark, The language-as-fixed-effect fallacy, 1973).

Conventions
-----------
*Answers* are a DataFrame with a row a listener and song: `listener`, `song`, `source`, `grade` (1
to 5, or not a number where it is missing); further columns are let be. A song is known by its
source and title together.
"""

import warnings
from itertools import combinations
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from musegen.survey.recover import GRADES, long, printed

COLUMNS = ("listener", "song", "source", "grade")


def checked(answers: pd.DataFrame) -> pd.DataFrame:
    """Keep the four columns and the rows that hold a grade, sources in order.

    Returns
    -------
    DataFrame
        `listener`, `song`, `source` (categorical: in the order of table 1 if all are in it, else as
        they come; without those that nobody graded), `grade` (int).

    Raises
    ------
    ValueError
        If a column is missing, nothing is graded, a grade isn't one of 1 to 5, or somebody graded a
        song twice.
    """
    missing = [name for name in COLUMNS if name not in answers]
    if missing:
        raise ValueError(
            f"no column {', '.join(missing)}; answers need a row a listener and song, with the "
            f"columns {', '.join(COLUMNS)}"
        )
    kept = answers.loc[answers["grade"].notna(), list(COLUMNS)].reset_index(drop=True)
    if kept.empty:
        raise ValueError("no grade in these answers; a row a listener and song is needed")
    wrong = ~kept["grade"].isin(GRADES)
    if wrong.any():
        raise ValueError(f"grade {kept.loc[wrong, 'grade'].iloc[0]}; grades are 1, 2, 3, 4 and 5")
    twice = kept.duplicated(["listener", "source", "song"])
    if twice.any():
        who, what = kept.loc[twice, ["listener", "song"]].iloc[0]
        raise ValueError(f"listener {who} graded {what!r} twice; keep one of the two")
    table_1, named = list(printed(1).columns), list(kept["source"].unique())
    if set(named) <= set(table_1):
        named = [source for source in table_1 if source in named]
    return kept.astype({"grade": int, "source": pd.CategoricalDtype(named, ordered=True)})


def counts_of(answers: pd.DataFrame) -> pd.DataFrame:
    """Count raw answers: the long form that `intervals`, `comparisons` and figure 5 take.

    Returns
    -------
    DataFrame
        `source`, `grade`, `count`; sources that nobody graded are left out.

    Examples
    --------
    >>> columns = ["listener", "song", "source", "grade"]
    >>> answers = pd.DataFrame([("A", "x", "mine", 2), ("B", "x", "mine", 2)], columns=columns)
    >>> counts_of(answers)["count"].tolist()
    [0, 2, 0, 0, 0]

    Notes
    -----
    Notebook: 05_survey_analysis, "Your own survey".
    """
    answers = checked(answers)
    table = pd.crosstab(answers["source"], answers["grade"]).reindex(columns=GRADES, fill_value=0)
    return long(table.rename_axis("source").reset_index())


class Mixed(NamedTuple):
    """What `mixed_model` finds.

    Attributes
    ----------
    pairs : DataFrame
        A row a pair of sources: `a`, `b`, `difference` of the mean grades (b - a), `low`, `high`
        (95 %), `p` of no difference, `holm`.
    variance : Series
        Which share of the variance of grades lies in the `listener`, the `song` and the `rest`,
        sources set aside.
    """

    pairs: pd.DataFrame
    variance: pd.Series


def mixed_model(answers: pd.DataFrame) -> Mixed:
    """Compare sources so that the result holds for other listeners and other songs.

    grade = source + listener + song + rest, with listeners and songs as random effects that cross,
    fitted by statsmodels' `mixedlm` (REML). The estimand is the difference of the mean grades of
    two sources, over all their songs. Student's t has as many degrees of freedom as there are songs
    less sources: songs are what is few.

    Parameters
    ----------
    answers : DataFrame
        Each listener may have heard some of the songs only.

    Raises
    ------
    ValueError
        If the answers can't be read, or have one listener, one source, one grade or one song a
        source only.

    Notes
    -----
    Notebook: 05_survey_analysis, "Your own survey".
    """
    import statsmodels.formula.api as smf
    from statsmodels.stats.multitest import multipletests

    answers = checked(answers)
    names = list(answers["source"].cat.categories)
    title = answers.groupby(["source", "song"], observed=True).ngroup()
    freedom = title.nunique() - len(names)
    for short, what in (
        (answers["listener"].nunique() < 2, "one listener alone: how listeners differ"),
        (len(names) < 2, f"{names[0]} alone is graded: how sources differ"),
        (freedom < 1, "one song a source: how songs of a source differ"),
        (answers["grade"].nunique() < 2, "every grade is the same: what they depend on"),
    ):
        if short:
            raise ValueError(f"{what} can't be seen; the mixed model needs two at the very least")
    data = answers.assign(title=title, kind=answers["source"].cat.codes)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a variance of 0, at the edge of what may be, is let be
        fit = smf.mixedlm(
            "grade ~ 0 + C(kind)",
            data,
            groups=np.ones(len(data)),
            vc_formula={"listener": "0 + C(listener)", "song": "0 + C(title)"},
        ).fit()
    covariance = fit.cov_params().iloc[: len(names), : len(names)].to_numpy()
    rows = []
    for a, b in combinations(range(len(names)), 2):
        gap = fit.fe_params.iloc[b] - fit.fe_params.iloc[a]
        error = np.sqrt(covariance[a, a] + covariance[b, b] - 2 * covariance[a, b])
        low, high = stats.t.interval(0.95, freedom, gap, error)
        p = 2 * stats.t.sf(abs(gap) / error, freedom)
        rows.append((names[a], names[b], gap, low, high, p))
    pairs = pd.DataFrame(rows, columns=["a", "b", "difference", "low", "high", "p"])
    parts = pd.Series([*fit.vcomp, fit.scale], ["listener", "song", "rest"])
    holm = multipletests(pairs["p"], method="holm")[1]
    return Mixed(pairs.assign(holm=holm), parts / parts.sum())
