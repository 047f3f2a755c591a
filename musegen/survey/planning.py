"""Simulated surveys: how many listeners and songs it takes to find a difference.

A latent impression (1 part in 1 of variance) is parted into what the listener brings to all songs,
what the song is, how this listener likes this source, and the rest; cut-points turn it into grades.
What comes out is *simulated*, never *collected*.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, product

import numpy as np
import pandas as pd
from scipy import optimize, stats

from musegen.survey.statistics import MARGIN

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
