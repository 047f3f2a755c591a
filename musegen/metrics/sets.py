"""Two sets of songs compared: distances within and between them, and a classifier's verdict."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from musegen.metrics.music import HISTOGRAMS, MEASURES, measure
from musegen.metrics.people import Yardstick, lengths
from musegen.song import Song

FOLDS, REPEATS, TREES = 5, 5, 200  # ours
BOOTSTRAP = 2000
POINTS = 512  # at which densities are compared


@dataclass(frozen=True)
class Verdict:
    """How well a classifier tells songs from people's.

    Attributes
    ----------
    accuracy : float
        On songs that it was not trained on, the mean of its accuracy on either kind; 0.5 is chance.
    low, high : float
        95 % interval over songs (bootstrap).
    songs : int
        How many were told from people's.

    Notes
    -----
    All NaN where there are fewer than five songs of either kind.
    """

    accuracy: float
    low: float
    high: float
    songs: int


def told_apart(songs: Sequence[Song], yardstick: Yardstick, length: bool = False) -> Verdict:
    """Let a random forest learn to tell songs from people's by the measures.

    It is judged on songs that it has not learnt from (cross-validation, five times over). The
    yardstick is ``told_apart(yardstick.others, yardstick)``: people against people.

    Parameters
    ----------
    songs : sequence of Song
    yardstick : Yardstick
    length : bool
        Tell the forest how many bars the whole songs have, too.

    Notes
    -----
    The two-sample test by a classifier; the counterpart of the report's survey (3.1).
    Notebook: 04_generation, "Can a machine tell?".
    """
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.model_selection import RepeatedStratifiedKFold

    ours = measure(yardstick.told(songs))[list(MEASURES)]
    theirs = yardstick.of_people[list(MEASURES)]
    if length:
        ours = ours.assign(bars=lengths(songs))
        theirs = theirs.assign(bars=yardstick.lengths)
    values = np.concatenate([ours, theirs])
    machine = np.arange(len(values)) < len(ours)
    if min(len(ours), len(theirs)) < FOLDS:
        return Verdict(np.nan, np.nan, np.nan, len(ours))
    right = np.zeros(len(values))
    folds = RepeatedStratifiedKFold(n_splits=FOLDS, n_repeats=REPEATS, random_state=0)
    forest = RandomForestClassifier(TREES, class_weight="balanced", random_state=0)
    for learnt, judged in folds.split(values, machine):
        forest.fit(values[learnt], machine[learnt])
        right[judged] += (forest.predict(values[judged]) == machine[judged]) / REPEATS
    rng = np.random.default_rng(0)
    drawn = [
        rng.choice(kind, (BOOTSTRAP, len(kind))).mean(axis=1)
        for kind in (right[machine], right[~machine])
    ]
    low, high = np.quantile(np.mean(drawn, axis=0), [0.025, 0.975])
    accuracy = (right[machine].mean() + right[~machine].mean()) / 2
    return Verdict(float(accuracy), float(low), float(high), len(ours))


def distances(songs: Sequence[Song], yardstick: Yardstick):
    """Compare how songs differ from people's with how people's differ among themselves.

    For each measure: the distances between any two of people's songs, between any two of
    these, and from each of these to each of people's.

    Returns
    -------
    DataFrame
        A row a measure: people, own, between (mean distances), overlap (area that the
        densities of *people* and *between* have in common, 0..1) and kl (divergence of
        *between* from *people*, in nats). NaN where there are fewer than two songs.

    Notes
    -----
    L.-C. Yang and A. Lerch, "On the evaluation of generative models in music" (2018).
    Notebook: 04_generation, "Can a machine tell?".
    """
    import pandas as pd
    from scipy.spatial.distance import cdist, pdist

    theirs, ours = _vectors(yardstick.people), _vectors(yardstick.told(songs))
    rows = {}
    for name in theirs:
        if min(len(theirs[name]), len(ours[name])) < 2:
            rows[name] = [np.nan] * 5
            continue
        people, own = pdist(theirs[name]), pdist(ours[name])
        between = cdist(ours[name], theirs[name]).ravel()
        rows[name] = (people.mean(), own.mean(), between.mean(), *_compared(people, between))
    columns = ["people", "own", "between", "overlap", "kl"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)


def _vectors(passages: list[Song]) -> dict[str, np.ndarray]:
    """Give measures as arrays of shape (song, 1) and histograms as (song, 8)."""
    measured = measure(passages)
    return {name: measured[[name]].to_numpy() for name in MEASURES} | {
        name: np.array([histogram(song) for song in passages])
        for name, histogram in HISTOGRAMS.items()
    }


def _compared(people: np.ndarray, between: np.ndarray) -> tuple[float, float]:
    """Compare the densities of two sets of distances: overlapping area, KL divergence."""
    most = max(people.max(), between.max())
    if most == 0:
        return 1.0, 0.0
    width = max(np.std(people) * len(people) ** -0.2, 2 * most / POINTS)  # Scott's; one for both
    grid = np.linspace(-4 * width, most + 4 * width, POINTS)
    step = grid[1] - grid[0]
    p, q = (_density(distances, grid, width) for distances in (people, between))
    kl = (p * np.log((p + 1e-12) / (q + 1e-12))).sum() * step
    return float(np.minimum(p, q).sum() * step), float(max(0.0, kl))


def _density(distances: np.ndarray, grid: np.ndarray, width: float) -> np.ndarray:
    from sklearn.neighbors import KernelDensity

    kernel = KernelDensity(bandwidth=width).fit(distances[:, None])
    return np.exp(kernel.score_samples(grid[:, None]))
