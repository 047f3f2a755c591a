"""Whether the sources differ by more than chance, and whether they differ by little.

A test that finds no difference doesn't show that there is none. Who claims "not much worse" has to
say how much is much, the *margin*, and to show that the difference is smaller: an interval of 90 %
that lies within the margin, which is the same as two one-sided tests at 5 % (Schuirmann 1987).

What takes counts alone is about *these songs*, and other listeners: a test that knows no songs
answers "do people tell *these songs* apart?". To say something of a *source* it has to know that
other songs could have been drawn (H. H. Clark, The language-as-fixed-effect fallacy, 1973); that
takes answers that tell listeners and songs apart, and `mixed_model`.

Conventions
-----------
*Answers* are a DataFrame with a row a listener and song: `listener`, `song`, `source`, `grade` (1
to 5, or not a number where it is missing); further columns are let be. A song is known by its
source and title together.
"""

import warnings
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations, islice, product
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import optimize, stats

from musegen.survey.recover import GRADES, MEAN, SHARES, long, printed, wide

MARGIN = 0.5  # ours, in grades: half a step of the scale; the report names none
COLUMNS = ("listener", "song", "source", "grade")


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
    Notebook: 05_survey_analysis, "Are the differences larger than chance?".
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


def holm(p: np.ndarray) -> np.ndarray:
    """Correct p-values for their number."""
    from statsmodels.stats.multitest import multipletests

    return multipletests(p, method="holm")[1]


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
    return frame.assign(holm=holm(frame["p"]))


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


# --- Raw answers: who gave which grade is known ------------------------------------------------


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
    Notebook: more/planning_a_survey, "Your own survey".
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
    Notebook: more/planning_a_survey, "Your own survey".
    """
    import statsmodels.formula.api as smf

    answers = checked(answers)
    names = list(answers["source"].cat.categories)
    title = answers.groupby(["source", "song"], observed=True).ngroup()
    freedom = title.nunique() - len(names)
    if min(len(names), freedom + 1, *answers[["listener", "grade"]].nunique()) < 2:
        raise ValueError(
            "the mixed model needs two listeners, two sources, one of them with two songs, and "
            "grades that differ, at the very least"
        )
    data = answers.assign(title=title, kind=answers["source"].cat.codes)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a variance of 0, at the edge of what may be, is let be
        fit = smf.mixedlm(
            "grade ~ 0 + C(kind)",
            data,
            groups=np.ones(len(data)),
            vc_formula={"listener": "0 + C(listener)", "song": "0 + C(title)"},
        ).fit()
    two = np.eye(len(names))[[*combinations(range(len(names)), 2)]]  # (pair, a and b, source)
    test = fit.t_test(two[:, 1] - two[:, 0])
    low, high = stats.t.interval(0.95, freedom, test.effect, test.sd)
    p = 2 * stats.t.sf(np.abs(test.effect / test.sd), freedom)
    pairs = pd.DataFrame(combinations(names, 2), columns=["a", "b"])
    pairs = pairs.assign(difference=test.effect, low=low, high=high, p=p, holm=holm(p))
    parts = pd.Series([*fit.vcomp, fit.scale], ["listener", "song", "rest"])
    return Mixed(pairs, parts / parts.sum())


# --- Surveys that never were: how many listeners and songs it takes to find a difference ---------

# A latent impression (1 part in 1 of variance) is parted into what the listener brings to all
# songs, what the song is, how this listener likes this source, and the rest; cut-points turn it
# into grades. What comes out is *simulated*, never *collected*.

BASE = (18, 20, 4, 11, 5)  # grades of the training data, as recovered from table 1
# Shares of an impression's variance, ours: the published tables hold none of the three. Two songs
# of one source that lie as far apart as those of figure 6 fit 2 % as well as 30 % for the song.
LISTENER, SONG, TASTE = 0.2, 0.08, 0.05
CUTS = stats.norm.ppf(np.cumsum(BASE)[:-1] / np.sum(BASE))  # of the impressions, between grades
SOURCES = 5  # report 2.4


def _shift(difference: float) -> float:
    """How far impressions move if the mean grade is to move by `difference`."""

    def missing(shift):
        return stats.norm.sf(CUTS - shift).sum() - stats.norm.sf(CUTS).sum() - difference

    if not missing(-9) < 0 < missing(9):
        mean = 1 + stats.norm.sf(CUTS).sum()
        raise ValueError(
            f"an effect of {difference:g} grades on a mean of {mean:.2f} leaves the scale of 1 to 5"
        )
    return optimize.brentq(missing, -9, 9)


def _grades(rng, shape: tuple[int, ...], shifts: Sequence[float]) -> np.ndarray:
    """Draw the grades of surveys, every song heard: shape (survey, listener, source, song)."""
    times, people, sources, songs = shape
    parts = (
        (LISTENER, (times, people, 1, 1)),
        (SONG, (times, 1, sources, songs)),
        (TASTE, (times, people, sources, 1)),
        (1 - LISTENER - SONG - TASTE, shape),
    )
    latent = sum(part**0.5 * rng.standard_normal(size, np.float32) for part, size in parts)
    return np.searchsorted(CUTS, latent + np.asarray(shifts)[:, None]) + 1


def simulate_survey(
    rng: np.random.Generator,
    listeners: int,
    songs: int,
    effects: dict[str, float],
    each: int | None = None,
) -> pd.DataFrame:
    """Make the answers of a survey that never was.

    Parameters
    ----------
    rng : numpy Generator
    listeners : int
    songs : int
        Of each source.
    effects : dict
        Source: by how many grades its mean lies above that of the training data.
    each : int, optional
        How many songs a listener hears, as `deal` deals them: all, unless given.

    Returns
    -------
    DataFrame
        `listener`, `song`, `source`, `grade`: a row an answer.

    Raises
    ------
    ValueError
        If an effect leaves the scale, or there are not as many songs as a listener is to hear.

    Notes
    -----
    Notebook: more/planning_a_survey, "Your own survey".
    """
    shifts = [_shift(effect) for effect in effects.values()]
    shape = (1, listeners, len(effects), songs)
    grades = _grades(rng, shape, shifts).reshape(listeners, -1)
    kinds = np.repeat(list(effects), songs)
    heard = [*islice(deal(rng, kinds, each or len(kinds)), listeners)]
    people, items = np.nonzero(heard)
    return pd.DataFrame(
        {
            "listener": [f"listener {person + 1:02d}" for person in people],
            "song": [f"{kinds[item]}, song {item % songs + 1}" for item in items],
            "source": pd.Categorical(kinds[items], list(effects), ordered=True),
            "grade": grades[people, items],
        }
    )


def deal(rng: np.random.Generator, sources: Sequence[str], each: int) -> Iterator[np.ndarray]:
    """Deal songs out to listeners: as many of each source, and each song as often as any other.

    Both hold give or take one, in every list and for any number of lists from the first on.

    Parameters
    ----------
    rng : numpy Generator
    sources : sequence of str
        Of each song.
    each : int
        Songs in a list.

    Yields
    ------
    bool array, shape (song,)
        A list: which songs the next listener hears. There is no last one.

    Examples
    --------
    >>> lists = deal(np.random.default_rng(0), ["a", "a", "b", "b"], 2)
    >>> (next(lists) + next(lists)).tolist()
    [True, True, True, True]

    Notes
    -----
    `python -m musegen survey` deals so. Notebook: more/planning_a_survey, "How many
    listeners and songs?".
    """
    kinds = np.unique(sources, return_inverse=True)[1]
    number = len(kinds)
    if not 1 <= each <= number:
        raise ValueError(f"a listener can hear 1 to {number} songs, not {each}")
    used, place = np.zeros(number), np.empty(number, int)
    while True:
        order = np.lexsort((rng.random(number), used))  # the least heard first
        seen = (kinds[order, None] == np.arange(kinds.max() + 1)).cumsum(axis=0)
        place[order] = seen[np.arange(number), kinds[order]]  # 1 for the first of its source
        of_source = np.bincount(kinds, used)[kinds]
        heard = np.zeros(number, bool)
        heard[np.lexsort((rng.random(number), of_source, place))[:each]] = True
        used += heard
        yield heard


def detection(
    rng: np.random.Generator,
    listeners: Iterable[int] = (29,),
    songs: Iterable[int] = (2,),
    each: Iterable[int | None] = (None,),
    difference: float = 0.5,
    times: int = 500,
) -> pd.DataFrame:
    """Simulate surveys of five sources and count in how many one that differs is found at 5 %.

    Songs are dealt as `deal` does. The test is Student's t over the songs' mean grades, each
    listener's own mean taken off. Where everyone hears everything it is that of `mixed_model`; on
    dealt lists it finds a little more (29 listeners, ten of 30 songs, 0.8 grades: in 30 of 48
    surveys, not in 25), and is far faster.

    Parameters
    ----------
    rng : numpy Generator
    listeners, songs, each : iterables of int
        The grid: how many listeners, how many songs a source, how many songs a listener hears
        (None: all).
    difference : float
        Planted between the first two sources, in grades. With 0 the shares that come out are
        *false alarms*: the songs differ still, but no source does.
    times : int
        Surveys for each place of the grid.

    Returns
    -------
    DataFrame
        A row a place of the grid that can be (two listeners and two songs a source at the least,
        each song heard): `listeners`, `songs`, `each`, and shares of the
        surveys: `pooled` (Welch's test of all answers, as if independent), `found` (the difference
        is seen), `equivalent` (shown to lie within `MARGIN`).

    Notes
    -----
    Notebook: more/planning_a_survey, "How many listeners and songs?".
    """
    shifts = [0.0, _shift(difference), *[0.0] * (SOURCES - 2)]
    rows = []
    for people, kinds, heard in product(listeners, songs, each):
        number = heard or SOURCES * kinds
        if min(people, kinds) > 1 and number <= SOURCES * kinds <= people * number:
            grades = _grades(rng, (times, people, SOURCES, kinds), shifts)
            lists = deal(rng, np.repeat(np.arange(SOURCES), kinds), number)
            tested = _tested(grades, np.reshape([*islice(lists, people)], grades.shape[1:]))
            rows.append((people, kinds, number, *(float(test.mean()) for test in tested)))
    columns = ["listeners", "songs", "each", "pooled", "found", "equivalent"]
    return pd.DataFrame(rows, columns=columns)


def _tested(grades, heard):
    """Test surveys (survey, listener, source, song) of which some grades are heard: three bools."""
    pooled = [grades[:, :, source][:, heard[:, source]] for source in (0, 1)]
    yield stats.ttest_ind(*pooled, axis=1, equal_var=False).pvalue < 0.05
    times, people, sources, songs = grades.shape
    heard = heard.reshape(people, -1).astype(float)
    each, grades = heard[0].sum(), heard * grades.reshape(times, people, -1)
    sums = grades.sum(axis=1) - grades.sum(axis=2) @ heard / each
    # Least squares: what songs are beside each other, whatever the listeners' own means.
    titles = sums @ np.linalg.pinv(np.diag(heard.sum(axis=0)) - heard.T @ heard / each)
    titles = titles.reshape(times, sources, songs)
    gap, freedom = titles[:, 1].mean(axis=1) - titles[:, 0].mean(axis=1), sources * (songs - 1)
    error = np.sqrt(titles.var(axis=2, ddof=1).mean(axis=1) * 2 / songs)
    yield np.abs(gap) > error * stats.t.ppf(0.975, freedom)
    yield np.abs(gap) + error * stats.t.ppf(0.95, freedom) < MARGIN
