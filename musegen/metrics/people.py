"""Songs held against people's songs: how near they come, and whether a machine can tell them apart.

All songs are told the same way and eight bars of each are taken, so that neither the grid nor the
length of a song decides.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from musegen import config, corpus, generation, preprocess
from musegen.generation import Pick
from musegen.metrics.measures import cells
from musegen.metrics.music import HISTOGRAMS, MEASURES, as_tokens, measure, stray
from musegen.metrics.novelty import Library, leave_one_out, novelty
from musegen.song import BEATS_PER_BAR, Song
from musegen.training import Run

BARS = 8  # ours: every chorale has as many
OTHERS = 128  # songs; report 2.3: the smaller training set
FOLDS, REPEATS, TREES = 5, 5, 200  # ours
BOOTSTRAP = 2000
POINTS = 512  # at which densities are compared

# The faults that the report names: the measure, which side of people's songs is the fault, and
# where the report says so.
FAULTS = {
    "few notes": ("pitches", "less", "3.3.1"),
    "one chord": ("commonest", "more", "4.2.2"),
    "loops": ("longest loop", "more", "3.3.2"),
    "dissonant": ("dissonance", "more", "4.2.2"),
    "stray notes": ("stray", "more", "4.2.1"),
    "copied": ("shared", "more", "3.3.3"),
}


def as_bars(song: Song) -> Song:
    """Tell a song as the autoencoder would: from its first note, in one key, 24 steps a bar."""
    return preprocess.for_autoencoder(song)


def last_bars(songs: Sequence[Song], tell: Callable[[Song], Song]) -> list[Song]:
    """Tell songs and take the last eight whole bars of each, where they have settled.

    Songs that are shorter are left out.
    """
    told = [tell(song) for song in songs]
    ends = [song.length // song.steps_per_bar for song in told]
    return [
        song.cut((end - BARS) * song.steps_per_bar, end * song.steps_per_bar)
        for song, end in zip(told, ends, strict=True)
        if end >= BARS
    ]


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


class Yardstick:
    """People's songs, told as a network tells its own, that songs are held against.

    Parameters
    ----------
    people : sequence of Song
        Held-out songs, which no network has seen.
    others : sequence of Song
        Other people's songs, for what people against people would give.
    training : sequence of Song
        In which copies are looked for.
    tell : function of a Song that gives a Song
        `as_tokens` or `as_bars`.

    Notes
    -----
    Report 3.3, 4.1 and 4.2. Notebook: 04_generation, "Is it music?".
    """

    def __init__(self, people, others, training, tell: Callable[[Song], Song]):
        self.tell = tell
        self.people, self.others = last_bars(people, tell), last_bars(others, tell)
        self.library = Library(training)

    @classmethod
    def of(cls, run: Run) -> "Yardstick":
        """Take the songs that a run has learnt from, the held-out ones and 128 others."""
        tell = as_bars if isinstance(run.cfg.network, config.AEConfig) else as_tokens
        others = corpus.load(config.source()).training(OTHERS)
        return cls(run.heldout, others, run.songs, tell)

    def measures(self, songs: Sequence[Song]):
        """Measure the last eight bars of songs.

        Returns
        -------
        DataFrame
            A row a song: the columns of `measure`, and shared: eighths of the longest run that
            stands in a training song, in whatever key.
        """
        return self._measured(last_bars(songs, self.tell))

    def _measured(self, passages: list[Song]):
        return measure(passages).assign(shared=novelty(passages, self.library)["shared"])

    @cached_property
    def of_people(self):
        """The same of the held-out songs."""
        return self._measured(self.people)

    @cached_property
    def _of_others(self):
        return measure(self.others).assign(shared=leave_one_out(self.others)["shared"])

    def table(self, sources: Mapping[str, Sequence[Song]]):
        """Set medians of songs beside people's.

        Returns
        -------
        DataFrame
            A row a measure: median, low and high (5th and 95th percentile) of people's songs, and
            the median of each source.
        """
        import pandas as pd

        numbers = [*MEASURES, "shared"]
        people = self.of_people[numbers]
        return pd.DataFrame(
            {
                "people": people.median(),
                "low": people.quantile(0.05),
                "high": people.quantile(0.95),
                **{name: self.measures(songs)[numbers].median() for name, songs in sources.items()},
            }
        )

    def faults(self, sources: Mapping[str, Sequence[Song]]):
        """Count in how many songs each of the report's `FAULTS` occurs.

        A song has a fault where it goes beyond 95 of 100 of the other people's songs, so about one
        in twenty of people's songs has each.

        Returns
        -------
        DataFrame
            A row a source, the held-out songs first: shares of its songs.
        """
        import pandas as pd

        found = {"people": self.of_people}
        found |= {name: self.measures(songs) for name, songs in sources.items()}
        return pd.DataFrame({name: self.faulty(one).mean() for name, one in found.items()}).T

    def faulty(self, measured):
        """Say which songs of a table that `measures` gave have which of the `FAULTS`: bools."""
        import pandas as pd

        others = self._of_others
        return pd.DataFrame(
            {
                fault: measured[column] < others[column].quantile(0.05)
                if side == "less"
                else measured[column] > others[column].quantile(0.95)
                for fault, (column, side, _) in FAULTS.items()
            }
        )

    def distances(self, songs: Sequence[Song]):
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
        Notebook: 04_generation, "How far from people's?".
        """
        import pandas as pd
        from scipy.spatial.distance import cdist, pdist

        theirs, ours = _vectors(self.people), _vectors(last_bars(songs, self.tell))
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

    def told_apart(self, songs: Sequence[Song]) -> Verdict:
        """Let a random forest learn to tell songs from people's by the measures.

        It is judged on songs that it has not learnt from (cross-validation, five times over). The
        yardstick is ``told_apart(yardstick.others)``: people against people.

        Notes
        -----
        The two-sample test by a classifier; the counterpart of the report's survey (3.1).
        Notebook: 04_generation, "Can a machine tell?".
        """
        from sklearn.ensemble import RandomForestClassifier
        from sklearn.model_selection import RepeatedStratifiedKFold

        ours = measure(last_bars(songs, self.tell))[list(MEASURES)]
        theirs = self.of_people[list(MEASURES)]
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


def over_epochs(run: Run, picks: Mapping[str, Pick], n: int = 64):
    """Follow an LSTM's songs from its first epochs to its last.

    Each time `n` songs of 128 tokens are generated from the same random seeds and measured.

    Parameters
    ----------
    run : Run
        With snapshots, see `Run.at`.
    picks : dict of name to function
        How tokens are picked.
    n : int

    Returns
    -------
    DataFrame
        A row an epoch kept and pick: medians of pitches, commonest, longest loop and shared (see
        `Yardstick.measures`), and faultless, the share of songs with none of the `FAULTS`.

    Notes
    -----
    Notebook: 04_generation, "First one note, then music, then copies?".
    """
    import pandas as pd

    yardstick = Yardstick.of(run)
    seeds = generation.random_seeds(run, n, np.random.default_rng(run.cfg.seed))
    rows = []
    for epoch in (epoch for epoch in run.epochs_kept if epoch <= run.cfg.epochs):
        for name, pick in picks.items():
            rng = np.random.default_rng(run.cfg.seed)
            length = 2 * BARS * BEATS_PER_BAR * run.cfg.network.ticks_per_beat
            songs = generation.lstm_songs(run.at(epoch), n, rng, pick, seeds, length)
            measured = yardstick.measures(songs)
            numbers = measured[["pitches", "commonest", "longest loop", "shared"]].median()
            faultless = ~yardstick.faulty(measured).any(axis=1)
            rows.append({"epoch": epoch, "pick": name, **numbers, "faultless": faultless.mean()})
    return pd.DataFrame(rows)


def stray_and_missed(run: Run, latents: np.ndarray):
    """Weigh an autoencoder's stray notes against the cells it misses, threshold by threshold.

    Parameters
    ----------
    run : Run
        Of an autoencoder.
    latents : array, shape (song, 120)
        The new songs in which stray notes are counted.

    Returns
    -------
    DataFrame
        Threshold as index, 0.1 to 0.9; stray (share of the new songs' notes, in the mean), missed
        (share of the held-out songs' sounding cells), wrong (share of the cells it plays).

    Notes
    -----
    Report 4.2.1. Notebook: 04_generation, "Stray notes and the threshold".
    """
    import pandas as pd

    new, true = generation.decode(run, latents), run.heldout_bars.windows(0)
    sure = generation.decode(run, generation.encode(run, true))
    rows = {}
    for level in np.arange(1, 10) / 10:
        found = cells(sure > level, true)
        songs = [preprocess.from_tensor(song > level, run.cfg.network) for song in new]
        rows[level] = (np.mean([stray(s) for s in songs]), 1 - found.recall, 1 - found.precision)
    return pd.DataFrame.from_dict(rows, orient="index", columns=["stray", "missed", "wrong"])


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
    grid = np.linspace(-0.2 * most, 1.2 * most, POINTS)
    step = grid[1] - grid[0]
    width = max(np.std(people) * len(people) ** -0.2, 2 * step)  # Scott's; one for both
    p, q = (_density(distances, grid, width) for distances in (people, between))
    kl = (p * np.log((p + 1e-12) / (q + 1e-12))).sum() * step
    return float(np.minimum(p, q).sum() * step), float(max(0.0, kl))


def _density(distances: np.ndarray, grid: np.ndarray, width: float) -> np.ndarray:
    from sklearn.neighbors import KernelDensity

    kernel = KernelDensity(bandwidth=width).fit(distances[:, None])
    return np.exp(kernel.score_samples(grid[:, None]))
