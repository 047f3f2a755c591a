"""Two sets of songs compared: by a classifier (two-sample test), and by distances."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from musegen.metrics.music import HISTOGRAMS, MEASURES, measure
from musegen.metrics.reference import ReferenceCorpus
from musegen.song import Song

FOLDS, REPEATS, TREES = 5, 5, 200  # ours
BOOTSTRAP = 2000
POINTS = 512  # at which densities are compared


class Accuracy(NamedTuple):
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


def two_sample_accuracy(songs: Sequence[Song], reference: ReferenceCorpus) -> Accuracy:
    """Let a random forest be trained to tell songs from people's by the measures.

    It is judged on songs that it was not trained on (cross-validation, five times over). To
    compare with: ``two_sample_accuracy(reference.others, reference)``, people against people.

    Parameters
    ----------
    songs : sequence of Song
    reference : ReferenceCorpus

    Notes
    -----
    The two-sample test by a classifier; the counterpart of the report's survey (3.1).
    Notebook: 04_generation, "Can a machine tell?".
    """
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.model_selection import RepeatedStratifiedKFold

    ours = measure(reference.passages(songs))[list(MEASURES)]
    theirs = reference.reference_measures[list(MEASURES)]
    if min(len(ours), len(theirs)) < FOLDS:
        return Accuracy(np.nan, np.nan, np.nan, len(ours))
    values = np.concatenate([ours, theirs])
    machine = np.arange(len(values)) < len(ours)
    right = np.zeros(len(values))
    folds = RepeatedStratifiedKFold(n_splits=FOLDS, n_repeats=REPEATS, random_state=0)
    forest = RandomForestClassifier(TREES, class_weight="balanced", random_state=0)
    for trained, judged in folds.split(values, machine):
        forest.fit(values[trained], machine[trained])
        right[judged] += (forest.predict(values[judged]) == machine[judged]) / REPEATS
    rng, kinds = np.random.default_rng(0), (right[machine], right[~machine])
    again = [rng.choice(kind, (BOOTSTRAP, len(kind))).mean(axis=1) for kind in kinds]
    low, high = np.quantile(np.mean(again, axis=0), [0.025, 0.975])
    accuracy = (right[machine].mean() + right[~machine].mean()) / 2
    return Accuracy(float(accuracy), float(low), float(high), len(ours))


def distances(songs: Sequence[Song], reference: ReferenceCorpus):
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
    from scipy.spatial.distance import cdist, pdist

    theirs, ours = _vectors(reference.reference), _vectors(reference.passages(songs))
    rows = {}
    for name in theirs:
        rows[name] = [np.nan] * 5
        if min(len(theirs[name]), len(ours[name])) >= 2:
            people, own = pdist(theirs[name]), pdist(ours[name])
            between = cdist(ours[name], theirs[name]).ravel()
            means = people.mean(), own.mean(), between.mean()
            rows[name] = [*means, *overlap_and_kl(people, between)]
    columns = ["people", "own", "between", "overlap", "kl"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)


def _vectors(passages: list[Song]) -> dict[str, np.ndarray]:
    """Give measures as arrays of shape (song, 1) and histograms as (song, 8)."""
    measured = measure(passages)
    return {name: measured[[name]].to_numpy() for name in MEASURES} | {
        name: np.array([histogram(song) for song in passages])
        for name, histogram in HISTOGRAMS.items()
    }


def overlap_and_kl(people: np.ndarray, between: np.ndarray) -> tuple[float, float]:
    """Compare the densities of two sets of distances: overlapping area, KL divergence."""
    from sklearn.neighbors import KernelDensity

    most = max(people.max(), between.max())
    if most == 0:
        return 1.0, 0.0
    width = max(np.std(people) * len(people) ** -0.2, 2 * most / POINTS)  # Scott's; one for both
    grid = np.linspace(-4 * width, most + 4 * width, POINTS)
    step = grid[1] - grid[0]
    p, q = (
        np.exp(KernelDensity(bandwidth=width).fit(one[:, None]).score_samples(grid[:, None]))
        for one in (people, between)
    )
    kl = (p * np.log((p + 1e-12) / (q + 1e-12))).sum() * step
    return float(np.minimum(p, q).sum() * step), float(max(0.0, kl))
