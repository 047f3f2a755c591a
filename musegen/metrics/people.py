"""Songs held against people's songs, measure by measure and fault by fault.

All songs are told the same way and eight bars of each are taken, so that neither the grid nor the
length of a song decides.
"""

import copy
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial

from musegen import config, corpus, preprocess
from musegen.metrics.music import MEASURES, as_tokens, measure
from musegen.metrics.novelty import Library, leave_one_out, novelty
from musegen.song import Song
from musegen.training import Run

SHARED = ["shared", "shared notes", "passages"]  # of `novelty`
BARS = 8  # ours: every chorale has as many
OTHERS = 128  # songs; report 2.3: the smaller training set

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


def lengths(songs: Sequence[Song]) -> list[int]:
    """Count the whole bars of those songs of which `last_bars` takes eight."""
    ends = [song.length // song.steps_per_bar for song in songs]
    return [end for end in ends if end >= BARS]


class Yardstick:
    """People's songs, told as a network tells its own, that songs are held against.

    Parameters
    ----------
    people : sequence of Song
        Held-out songs, which no network has seen.
    others : sequence of Song
        Other people's songs, for what people against people would give.
    training : sequence of Song
        In which copies are looked for; told likewise, so that notes can be compared.
    tell : function of a Song that gives a Song
        `as_tokens` (LSTM), `preprocess.for_autoencoder`, or for held notes `Song.resample`.

    Notes
    -----
    Report 3.3, 4.1 and 4.2. Notebook: 04_generation, "Is it music?".
    """

    def __init__(self, people, others, training, tell: Callable[[Song], Song]):
        self.tell = tell
        self.people, self.others = last_bars(people, tell), last_bars(others, tell)
        self.lengths = lengths(people)
        self.library = Library([tell(song) for song in training])

    @classmethod
    def of(cls, run: Run) -> "Yardstick":
        """Take the songs that a run has learnt from, the held-out ones and 128 others."""
        network = run.cfg.network
        if isinstance(network, config.HeldConfig):
            tell = partial(Song.resample, steps_per_beat=network.steps_per_beat)
        else:
            is_ae = isinstance(network, config.AEConfig)
            tell = preprocess.for_autoencoder if is_ae else as_tokens
        others = corpus.load(config.source()).training(OTHERS)
        return cls(run.heldout, others, run.songs, tell)

    def without(self, song: Song) -> "Yardstick":
        """Look for copies in the other training songs only: to measure one of them itself."""
        told, rest = self.tell(song), copy.copy(self)
        others = [i for i, known in enumerate(self.library.songs) if known != told]
        rest.library = self.library.only(others)
        return rest

    def measures(self, songs: Sequence[Song]):
        """Measure the last eight bars of songs.

        Returns
        -------
        DataFrame
            A row a song: the columns of `measure`, and what `novelty` says of the training songs:
            shared (eighths of the longest run that stands in one, in whatever key), shared notes
            and passages.
        """
        return self._measured(self.told(songs))

    def told(self, songs: Sequence[Song]) -> list[Song]:
        """Give the last eight bars of songs, told as people's are."""
        return last_bars(songs, self.tell)

    def _measured(self, passages: list[Song]):
        return measure(passages).join(novelty(passages, self.library)[SHARED])

    @cached_property
    def of_people(self):
        """The same of the held-out songs."""
        return self._measured(self.people)

    @cached_property
    def _of_others(self):
        return measure(self.others).join(leave_one_out(self.others)[SHARED])

    def table(self, sources: Mapping[str, Sequence[Song]]):
        """Set medians of songs beside people's.

        Returns
        -------
        DataFrame
            A row a measure: median, low and high (5th and 95th percentile) of people's songs, and
            the median of each source.
        """
        import pandas as pd

        numbers = [*MEASURES, *SHARED]
        people = self.of_people[numbers]
        return pd.DataFrame(
            {
                "people": people.median(),
                "low": people.quantile(0.05),
                "high": people.quantile(0.95),
                **{name: self.measures(songs)[numbers].median() for name, songs in sources.items()},
            }
        )

    def spreads(self, sources: Mapping[str, Sequence[Song]]):
        """Say how far songs lie from people's, measure by measure.

        Returns
        -------
        DataFrame
            A row a measure, a column a source: its mean less that of people's songs, in standard
            deviations of people's songs; in hundredths where those do not differ at all.
        """
        import pandas as pd

        numbers = list(MEASURES)
        people = self.of_people[numbers]
        spread = people.std().replace(0, 0.01)
        away = {
            name: (self.measures(songs)[numbers].mean() - people.mean()) / spread
            for name, songs in sources.items()
        }
        return pd.DataFrame(away)

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
