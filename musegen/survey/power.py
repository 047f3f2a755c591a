"""Simulated surveys: how many listeners and songs it takes to find a difference.

A latent impression (1 part in 1 of variance) is parted into what the listener brings to all songs,
what the song is, how this listener likes this source, and the rest; cut-points turn it into grades.
What comes out is *simulated*, never *collected*.
"""

from collections.abc import Iterable

import numpy as np
import pandas as pd
from scipy import optimize, stats

from musegen.survey.models import min_f_prime
from musegen.survey.recover import PEOPLE

BASE = (18, 20, 4, 11, 5)  # grades of the training data, as recovered from table 1
# Shares of an impression's variance, ours: the published tables hold none of the three. With this
# share of the song, the widest of five pairs lies as far apart as in figure 6 (`widest_pairs`).
LISTENER, SONG, TASTE = 0.2, 0.08, 0.05
CUTS = stats.norm.ppf(np.cumsum(BASE)[:-1] / np.sum(BASE))  # of the impressions, between grades


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


def _impressions(rng, shape, song) -> np.ndarray:
    """Draw latent impressions, shape (times, listener, source, song), of variance 1."""
    times, people, sources, songs = shape
    rest = 1 - LISTENER - song - TASTE
    if song < 0 or rest <= 0:
        raise ValueError(
            f"song is {song}, a share of the variance; listener and taste have "
            f"{LISTENER + TASTE}, so it is 0 or more and less than {1 - LISTENER - TASTE}"
        )
    parts = (
        (LISTENER, (times, people, 1, 1)),
        (song, (times, 1, sources, songs)),
        (TASTE, (times, people, sources, 1)),
        (rest, shape),
    )
    return sum(part**0.5 * rng.standard_normal(size, np.float32) for part, size in parts)


def _grades(impressions, shifts) -> np.ndarray:
    """Turn impressions (..., source, song) into grades 1 to 5."""
    moved = impressions + np.asarray(shifts, np.float32)[:, None]
    return np.searchsorted(CUTS.astype(np.float32), moved).astype(np.int8) + 1


def simulate_survey(
    rng: np.random.Generator,
    listeners: int = 29,
    songs_per_source: int = 2,
    effects: dict[str, float] | None = None,
    *,
    song: float = SONG,
    missing: float = 0.0,
) -> pd.DataFrame:
    """Make the answers of a survey that never was.

    Parameters
    ----------
    rng : numpy Generator
    listeners, songs_per_source : int
        Every listener hears every song.
    effects : dict, optional
        Source: by how many grades its mean lies above that of the training data. Without it five
        sources, none different from the others.
    song : float
        The share of the variance of an impression that lies in how good the song is.
    missing : float
        The share of answers that are not given.

    Returns
    -------
    DataFrame
        `listener`, `song`, `source`, `grade`: a row an answer.

    Raises
    ------
    ValueError
        If an effect leaves the scale, or the song's share leaves nothing to the single answer.

    Notes
    -----
    Notebook: 05_survey_analysis, "Your own survey".
    """
    effects = dict.fromkeys("ABCDE", 0.0) if effects is None else effects
    shifts = [_shift(effect) for effect in effects.values()]
    shape = (1, listeners, len(effects), songs_per_source)
    grades = _grades(_impressions(rng, shape, song)[0], shifts)
    people = [f"listener {number + 1:02d}" for number in range(listeners)]
    titles = [(s, f"{s}, song {k + 1}") for s in effects for k in range(songs_per_source)]
    rows = [(person, title, source) for person in people for source, title in titles]
    frame = pd.DataFrame(rows, columns=["listener", "song", "source"])
    frame["grade"] = grades.ravel().astype(int)
    source = pd.CategoricalDtype(list(effects), ordered=True)
    return frame[rng.random(len(frame)) >= missing].astype({"source": source})


def widest_pairs(
    rng: np.random.Generator, songs: Iterable[float], times: int = 1000
) -> pd.DataFrame:
    """Simulate how far the two songs of a source lie apart, in the source where they do most.

    29 listeners and five sources, as in the report.

    Parameters
    ----------
    rng : numpy Generator
    songs : iterable of float
        Shares of the variance that the song may have.
    times : int
        Surveys for each share.

    Returns
    -------
    DataFrame
        `song` (the share), and in grades `low`, `middle`, `high`: 5, 50 and 95 % of the surveys lie
        below.

    Notes
    -----
    Report 3.1, figure 6. Notebook: 05_survey_analysis, "What two songs a source can and cannot
    support".
    """
    rows = []
    for share in songs:
        drawn = _impressions(rng, (times, PEOPLE, 5, 2), share)
        titles = _grades(drawn, np.zeros(5)).mean(axis=1)
        widest = np.abs(titles[..., 1] - titles[..., 0]).max(axis=1)
        rows.append((share, *np.quantile(widest, [0.05, 0.5, 0.95]).tolist()))
    return pd.DataFrame(rows, columns=["song", "low", "middle", "high"])


def power(
    rng: np.random.Generator,
    listeners: Iterable[int] = (29,),
    songs: Iterable[int] = (2,),
    difference: float = 0.5,
    *,
    margin: float = 0.5,
    times: int = 500,
    song: float = SONG,
) -> pd.DataFrame:
    """Simulate surveys of two sources and count in how many a difference is found at 5 %.

    Parameters
    ----------
    rng : numpy Generator
    listeners, songs : iterables of int
        The grid: how many listeners, and how many songs a source; each hears all.
    difference : float
        Planted, in grades. With 0 the shares that come out are *false alarms*: the songs differ
        still, but no source does.
    margin : float
        In grades, for `equivalent`.
    times : int
        Surveys for each place of the grid.
    song : float
        As in `simulate_survey`.

    Returns
    -------
    DataFrame
        A row a place of the grid: `listeners`, `songs`, and shares of the surveys: `pooled` (rank
        test on all answers, as if independent), `by listener` (t test of each listener's
        difference: right for these songs, not for others), `both` (listeners and songs; see
        `random_effects`), `equivalent` (shown to lie within the margin, by the same). The last two
        are not a number for one song a source.

    Notes
    -----
    Notebook: 05_survey_analysis, "How many listeners and songs?".
    """
    shifts = [0.0, _shift(difference)]
    rows = []
    for people in listeners:
        for kinds in songs:
            if people < 2 or kinds < 1:
                raise ValueError("power needs two listeners and one song a source, or more")
            grades = _grades(_impressions(rng, (times, people, 2, kinds), song), shifts)
            rows.append((people, kinds, *(float(share) for share in _found(grades, margin))))
    columns = ["listeners", "songs", "pooled", "by listener", "both", "equivalent"]
    return pd.DataFrame(rows, columns=columns)


def _found(grades, margin):
    """Analyse surveys of shape (times, listener, source, song) in three ways."""
    pooled = grades.swapaxes(1, 2).reshape(len(grades), 2, -1)  # (times, source, answer)
    test = stats.mannwhitneyu(pooled[:, 0], pooled[:, 1], method="asymptotic", axis=1)
    yield (test.pvalue < 0.05).mean()
    each = grades.mean(axis=3)  # (times, listener, source)
    each = each[..., 1] - each[..., 0]
    gap = each.mean(axis=1)
    people = each.shape[1]
    error = each.std(axis=1, ddof=1) / people**0.5
    yield (np.abs(gap) > error * stats.t.ppf(0.975, people - 1)).mean()
    titles = grades.mean(axis=1)  # (times, source, song)
    error, freedom = min_f_prime(each, titles[:, 0], titles[:, 1])
    if titles.shape[-1] < 2:
        yield np.nan
        yield np.nan
        return
    yield (np.abs(gap) > error * stats.t.ppf(0.975, freedom)).mean()
    yield (np.abs(gap) + error * stats.t.ppf(0.95, freedom) < margin).mean()
