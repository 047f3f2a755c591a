"""Two sets of songs compared by a classifier (two-sample test)."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from musegen.metrics.music import MEASURES, measure
from musegen.metrics.reference import ReferenceCorpus
from musegen.song import Song

FOLDS, REPEATS, TREES = 5, 5, 200  # ours
BOOTSTRAP = 2000


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
