"""Songs held against a reference corpus: by measures and by a classifier (two-sample test).

All songs are told the same way and eight bars of each are taken, so that neither the grid nor the
length of a song decides.
"""

import copy
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd

from musegen import config, corpus, preprocess
from musegen.metrics.copies import CopyIndex, novelty
from musegen.metrics.music import MEASURES, as_tokens, measure
from musegen.song import Song
from musegen.training import Run

BARS = 8  # ours: every chorale has as many
OTHERS = 128  # songs; report 2.3: the smaller training set
FOLDS, REPEATS, TREES = 5, 5, 200  # ours
BOOTSTRAP = 2000

# The faults that the report names: the measure, and which side of people's songs is the fault.
ARTEFACTS = {
    "few notes": ("pitches", "less"),  # 3.3.1
    "one chord": ("commonest", "more"),  # 4.2.2
    "loops": ("longest loop", "more"),  # 3.3.2
    "dissonant": ("dissonance", "more"),  # 4.2.2
    "stray notes": ("stray", "more"),  # 4.2.1
    "copied": ("shared", "more"),  # 3.3.3
}


class ReferenceCorpus:
    """People's songs, told as a network tells its own, that songs are held against.

    Parameters
    ----------
    reference : sequence of Song
        Test songs, which no network has seen.
    others : sequence of Song
        Other people's songs, for what people against people would give.
    training : sequence of Song
        In which copies are looked for; told likewise, so that notes can be compared.
    representation : function of a Song that gives a Song
        How songs are told: `as_tokens` (LSTM), `preprocess.for_autoencoder`, or `Song.resample`
        for a network that holds notes.

    Notes
    -----
    Report 3.3, 4.1 and 4.2. Notebook: more/copies_and_measures, "Is it music?".
    """

    def __init__(self, reference, others, training, representation: Callable[[Song], Song]):
        self.representation = representation
        self.reference, self.others = self.passages(reference), self.passages(others)
        self.index = CopyIndex([representation(song) for song in training])

    @classmethod
    def of(cls, run: Run) -> "ReferenceCorpus":
        """Take the songs that a run is trained on, the test songs and 128 others."""
        is_ae = isinstance(run.cfg.network, config.AEConfig)
        told = preprocess.for_autoencoder if is_ae else as_tokens
        return cls(run.test, corpus.load(run.source).training(OTHERS), run.songs, told)

    def without(self, song: Song) -> "ReferenceCorpus":
        """Look for copies in the other training songs only: to measure one of them itself."""
        told, rest = self.representation(song), copy.copy(self)
        rest.index = CopyIndex([known for known in self.index.songs if known != told])
        return rest

    def passages(self, songs: Sequence[Song]) -> list[Song]:
        """Tell songs and take the last eight whole bars of each, where they have settled.

        Songs that are shorter are left out.
        """
        told = [self.representation(song) for song in songs]
        return [
            song.cut((end - BARS) * song.steps_per_bar, end * song.steps_per_bar)
            for song in told
            if (end := song.length // song.steps_per_bar) >= BARS
        ]

    def measures(self, songs: Sequence[Song]):
        """Measure the last eight bars of songs.

        Returns
        -------
        DataFrame
            A row a song: the columns of `measure`, and what `novelty` says of the training songs:
            shared (eighths of the longest run that stands in one, in whatever key), shared notes
            and passages.
        """
        return self._measured(self.passages(songs))

    def _measured(self, passages: list[Song]):
        return measure(passages).join(novelty(passages, self.index))

    @cached_property
    def reference_measures(self):
        """The same of the test songs."""
        return self._measured(self.reference)

    @cached_property
    def _of_others(self):
        shared = novelty(self.others, CopyIndex(self.others), but_itself=True)
        return measure(self.others).join(shared)

    def has_artefacts(self, measured):
        """Say which songs of a table that `measures` gave have which of the report's `ARTEFACTS`.

        A song has one where it goes beyond 95 of 100 of the other people's songs, so about one in
        twenty of people's songs has each.

        Returns
        -------
        DataFrame of bool
            A row a song.
        """
        others = self._of_others
        low, high = (others.quantile(share, numeric_only=True) for share in (0.05, 0.95))
        found = {}
        for name, (number, side) in ARTEFACTS.items():
            ours = measured[number]
            found[name] = ours < low[number] if side == "less" else ours > high[number]
        return pd.DataFrame(found)


# --- Two sets of songs compared ------------------------------------------------------------------


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
    Notebook: more/copies_and_measures, "Can a machine tell?".
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
