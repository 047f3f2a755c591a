"""Raw answers, who gave which grade known: counts, a bootstrap of listeners, their agreement.

Conventions
-----------
*Answers* are a DataFrame with a row a listener and song: `listener`, `song`, `source`, `grade` (1
to 5, or not a number where it is missing); further columns are let be. A song is known by its
source and title together. A reason stands where a number can't be given.
"""

import numpy as np
import pandas as pd

from musegen.survey.recover import GRADES, long, printed

COLUMNS = ("listener", "song", "source", "grade")
FIRST = "Training data"  # what sources are compared with if it was graded


def checked(answers: pd.DataFrame) -> pd.DataFrame:
    """Keep the four columns and the rows that hold a grade, sources in order.

    Returns
    -------
    DataFrame
        `listener`, `song`, `source` (categorical: in the order of table 1 if all are in it, else as
        they come; with the sources that nobody graded), `grade` (int).

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
    order = _order(answers["source"])
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
    source = pd.CategoricalDtype(order, ordered=True)
    return kept.astype({"grade": int, "source": source})


def _order(sources: pd.Series) -> list:
    named = list(sources.cat.categories) if hasattr(sources, "cat") else []
    named += [source for source in sources.dropna().unique() if source not in named]
    table_1 = list(printed(1).columns)
    return [s for s in table_1 if s in named] if set(named) <= set(table_1) else named


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
    names = answers["source"].cat.remove_unused_categories()
    table = pd.crosstab(names, answers["grade"]).reindex(columns=GRADES, fill_value=0)
    return long(table.rename_axis("source").reset_index())


def comparable(answers: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """Check answers that are to show how listeners differ.

    Returns
    -------
    tuple of DataFrame and str
        The answers as `checked` gives them, and the source to compare with: the training data, or
        else the first that was graded.
    """
    answers = checked(answers)
    if answers["listener"].nunique() < 2:
        raise ValueError(
            "one listener alone: how listeners differ can't be seen; two at the very least are "
            "needed, and intervals are good from about 20"
        )
    graded = answers["source"].cat.remove_unused_categories().cat.categories
    return answers, FIRST if FIRST in graded else graded[0]


def sums(answers: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Sum the grades, and count them, by listener (rows) and song (columns: source, song)."""
    table = answers.pivot_table(
        "grade", "listener", ["source", "song"], aggfunc=["sum", "count"], observed=True
    ).fillna(0)
    return table["sum"], table["count"]


def cluster_bootstrap(
    answers: pd.DataFrame, rng: np.random.Generator, times: int = 4000
) -> pd.DataFrame:
    """Put 95 % intervals around differences of means by drawing whole listeners anew.

    They cover other listeners of *these songs*; `model` and `random_effects` cover other songs,
    too.

    Parameters
    ----------
    answers : DataFrame
    rng : numpy Generator
    times : int
        How many surveys to draw.

    Returns
    -------
    DataFrame
        A row a source: `source`, `reference` (the training data, or else the first source),
        `answers`, `difference` of the means, `low`, `high` (95 %, percentiles), `reason` where
        there is none.

    Raises
    ------
    ValueError
        If there is one listener only, or the answers can't be read (see `checked`).

    Notes
    -----
    Notebook: 05_survey_analysis, "Your own survey".
    """
    answers, reference = comparable(answers)
    total, number = (
        table.T.groupby(level="source", observed=False).sum() for table in sums(answers)
    )
    people = total.shape[1]
    weights = rng.multinomial(people, np.full(people, 1 / people), size=times)
    with np.errstate(invalid="ignore"):  # nobody drawn who graded it: not a number
        drawn = (total.to_numpy() @ weights.T) / (number.to_numpy() @ weights.T)  # (source, times)
    drawn = dict(zip(total.index, drawn, strict=True))
    means = answers.groupby("source", observed=False)["grade"].mean()
    sizes = answers["source"].value_counts()
    rows = []
    for source in means.index.drop(reference):
        low, high, reason = np.nan, np.nan, ""
        gaps = drawn[source] - drawn[reference]
        gaps = gaps[~np.isnan(gaps)]
        if not sizes[source]:
            reason = "nobody graded it"
        elif len(gaps) < times / 2:
            reason = "too few listeners graded it"
        elif gaps.min() == gaps.max():
            reason = "every listener shows the same difference"
        else:
            low, high = np.quantile(gaps, [0.025, 0.975])
        difference = means[source] - means[reference]
        rows.append((source, reference, int(sizes[source]), difference, low, high, reason))
    columns = ["source", "reference", "answers", "difference", "low", "high", "reason"]
    return pd.DataFrame(rows, columns=columns)


def krippendorff(ratings) -> float:
    """Krippendorff's alpha of ordinal ratings, missing ones allowed.

    One less the disagreement that is there as a share of what chance would give. Two grades differ
    by the square of how many of all grades lie between them, each end counted half.

    Parameters
    ----------
    ratings : float array, shape (rater, thing)
        Not a number where a rater didn't rate a thing.

    Returns
    -------
    float
        1 if all agree, 0 if they agree as far as chance has it, below 0 if less. Not a number if no
        thing has two ratings, or all ratings are the same: then nothing could disagree.

    Examples
    --------
    >>> krippendorff([[1, 2, 3, 4], [1, 2, 3, 4]])
    1.0

    References
    ----------
    K. Krippendorff, Computing Krippendorff's Alpha-Reliability, 2011.

    Notes
    -----
    Notebook: 05_survey_analysis, "Your own survey".
    """
    ratings = np.asarray(ratings, float)
    values = np.unique(ratings[~np.isnan(ratings)])
    given = (ratings[:, :, None] == values).sum(axis=0)  # (thing, value)
    given = given[given.sum(axis=1) > 1]  # a thing rated once says nothing of agreement
    pairs = given[:, :, None] * given[:, None] - given[:, :, None] * np.eye(len(values))
    coincidences = (pairs / (given.sum(axis=1) - 1)[:, None, None]).sum(axis=0)
    n = coincidences.sum(axis=1)
    between = np.abs(np.subtract.outer(n.cumsum() - n / 2, n.cumsum() - n / 2))
    expected = n @ between**2 @ n
    if not expected:
        return float("nan")
    return float(1 - (n.sum() - 1) * (coincidences * between**2).sum() / expected)


def agreement(answers: pd.DataFrame) -> float:
    """Krippendorff's alpha of the listeners over all songs; 1 says that they all agree.

    Returns
    -------
    float
        Not a number if no song was graded twice, or every grade is the same.

    Notes
    -----
    A low value doesn't make the means wrong: it says that they are means of different opinions.
    Notebook: 05_survey_analysis, "Your own survey".
    """
    total, number = sums(checked(answers))
    return krippendorff(total.where(number > 0))
