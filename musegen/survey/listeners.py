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
FIRST = "Training data"  # what sources are compared with unless another is named


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


def counts_of(answers: pd.DataFrame, by: str = "source") -> pd.DataFrame:
    """Count raw answers: the long form that `intervals`, `comparisons` and figure 5 take.

    Parameters
    ----------
    answers : DataFrame
    by : {"source", "song"}
        What a histogram belongs to. Songs stand in the column `source`, as in `splits`.

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
    if by == "song":
        names = _named_songs(answers)
    elif by != "source":
        raise ValueError(f"by is {by!r}; it is 'source' or 'song'")
    table = pd.crosstab(names, answers["grade"]).reindex(columns=GRADES, fill_value=0)
    return long(table.rename_axis("source").reset_index())


def _named_songs(answers: pd.DataFrame) -> pd.Series:
    """Name each answer's song, by its source too where two sources have a song of that title."""
    titles = answers.sort_values("source", kind="stable")[["source", "song"]].drop_duplicates()
    shared = titles.loc[titles["song"].duplicated(keep=False), "song"]

    def name(row):
        return f"{row['song']} ({row['source']})" if row["song"] in set(shared) else row["song"]

    order = list(titles.apply(name, axis=1))
    return answers.apply(name, axis=1).astype(pd.CategoricalDtype(order, ordered=True))


def against(answers: pd.DataFrame, reference: str | None) -> str:
    """Name the source to compare with: the one asked for, the training data, or the first."""
    graded = answers["source"].cat.remove_unused_categories().cat.categories
    if reference is None:
        return FIRST if FIRST in graded else graded[0]
    if reference not in graded:
        raise ValueError(f"nobody graded {reference!r}; graded are {', '.join(map(str, graded))}")
    return reference


def two_listeners(answers: pd.DataFrame) -> None:
    """Refuse answers that don't show how listeners differ."""
    if answers["listener"].nunique() < 2:
        raise ValueError(
            "one listener alone: how listeners differ can't be seen; two at the very least are "
            "needed, and intervals are good from about 20"
        )


def sums(answers: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Sum the grades, and count them, by listener (rows) and song (columns: source, song)."""
    table = answers.pivot_table(
        "grade", "listener", ["source", "song"], aggfunc=["sum", "count"], observed=True
    ).fillna(0)
    return table["sum"], table["count"]


def cluster_bootstrap(
    answers: pd.DataFrame,
    rng: np.random.Generator,
    reference: str | None = None,
    *,
    songs: bool = False,
    times: int = 4000,
) -> pd.DataFrame:
    """Put 95 % intervals around differences of means by drawing whole listeners anew.

    Parameters
    ----------
    answers : DataFrame
    rng : numpy Generator
    reference : str, optional
        What to compare with: the training data, or else the first source.
    songs : bool
        Draw songs too, within their source: the interval then covers *other songs of the same
        sources*, not only these. One song fewer is drawn than there is, so that the spread isn't
        too small (Rao and Wu 1988); with two songs a source it stays a rough guess.
    times : int
        How many surveys to draw.

    Returns
    -------
    DataFrame
        A row a source: `source`, `reference`, `answers`, `difference` of the means, `low`, `high`
        (95 %, percentiles), `reason` where there is none.

    Raises
    ------
    ValueError
        If there is one listener only, or the answers can't be read (see `checked`).

    Notes
    -----
    Notebook: 05_survey_analysis, "Your own survey".
    """
    answers = checked(answers)
    reference = against(answers, reference)
    two_listeners(answers)
    total, number = sums(answers)
    owner = total.columns.get_level_values("source")
    weights = rng.multinomial(len(total), np.full(len(total), 1 / len(total)), size=times)
    drawn = {}  # source: its mean in each drawn survey
    for source in answers["source"].cat.categories:
        mine = np.flatnonzero(owner == source)
        heard = np.ones((times, len(mine)))
        if songs and len(mine) > 1:
            each = np.full(len(mine), 1 / len(mine))
            heard = rng.multinomial(len(mine) - 1, each, size=times)
        top = ((weights @ total.to_numpy()[:, mine]) * heard).sum(axis=1)
        bottom = ((weights @ number.to_numpy()[:, mine]) * heard).sum(axis=1)
        with np.errstate(invalid="ignore"):  # nobody drawn who graded it: not a number
            drawn[source] = top / bottom
    means = answers.groupby("source", observed=False)["grade"].mean()
    sizes = answers["source"].value_counts()
    kinds = pd.Series(owner).value_counts()
    rows = []
    for source in answers["source"].cat.categories.drop(reference):
        low, high, reason = np.nan, np.nan, ""
        gaps = drawn[source] - drawn[reference]
        gaps = gaps[~np.isnan(gaps)]
        if not sizes[source]:
            reason = "nobody graded it"
        elif songs and min(kinds[source], kinds[reference]) < 2:
            reason = "one song: how songs of a source differ can't be seen"
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
