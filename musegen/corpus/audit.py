"""What a source held, what was kept, and why the rest was not."""

from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple

from musegen.config import AEConfig

AE = AEConfig()
REASONS = {
    # of a file
    "unreadable": "damaged: its parts contradict each other",
    "truncated": "ends too early",
    "wrong_type": "holds something else than its name says",
    "too_large": "larger than any song",
    "link": "a link; only the files themselves are read",
    "unsafe_path": "a path that leads out of the archive",
    "timeout": "took too long and was given up",
    "crashed": "ended the process that read it",
    # of the music
    "no_piano": "no piano track",
    "empty_piano": "a piano track of no length, LPD-5's way of leaving it out",
    "silent": "no notes",
    "no_tempo": "no tempo that makes sense",
    "no_clock": "no ticks a beat to count time by",
    "not_4_4": "not in 4/4 throughout",
    "several_tunes": "several tunes in one file; give each its own",
    "too_short": "too few bars",
    "too_long": "too many bars",
    # of a chorale
    "not_four_voices": "not soprano, alto, tenor and bass, once each",
    "voices_rest": "all voices rest for more than a bar",
    "near_duplicate": "nearly the same as another one",
    "not_installed": "not in this music21",
    # of a song, for the autoencoder alone
    "tempo": "outside {:g}-{:g} quarter notes a minute".format(*AE.tempo_qpm),
    "out_of_range": f"pitches outside {AE.lowest_pitch}-{AE.lowest_pitch + AE.pitches - 1} "
    "after transposition",
}


class Dropped(Exception):
    """Raised by a reader for a file that does not become a song; its text is one of `REASONS`."""


class Facts(NamedTuple):
    """What is known of a song without its notes.

    Attributes
    ----------
    music : str
        Hash of notes, length, grid and tempo.
    length, steps_per_beat : int
    tempo_qpm : float
    notes : int
    key : str
        As `musegen.preprocess.estimate_key` finds it: ``"G major"``.
    autoencoder : str
        Why the autoencoder cannot use the song (one of `REASONS`), empty if it can.
    source : str
    """

    music: str
    length: int
    steps_per_beat: int
    tempo_qpm: float
    notes: int
    key: str
    autoencoder: str
    source: str

    @property
    def bars(self) -> int:
        """Bars of four beats, the unfinished last one counted."""
        return -(-self.length // (4 * self.steps_per_beat))


@dataclass(frozen=True)
class Audit:
    """The balance of one load: ``read == kept + dropped`` always.

    Parameters
    ----------
    source : str
        As given to `musegen.corpus.load`.
    songs : dict of str to Facts
        The songs that were kept, by name.
    dropped : dict of str to list of str
        The names of the files that gave no song, by reason.
    seconds : float
        How long this load took.

    Notes
    -----
    Notebook: 01_data_preparation, "The default songs" and "What becomes of a collection".
    """

    source: str
    songs: dict[str, Facts]
    dropped: dict[str, list[str]]
    seconds: float

    @property
    def kept(self) -> int:
        """How many files became songs."""
        return len(self.songs)

    @property
    def read(self) -> int:
        """How many files were looked at: all that have a known suffix."""
        return self.kept + sum(map(len, self.dropped.values()))

    def frame(self):
        """One row a reason, kept first: a DataFrame of reason, files, meaning and an example."""
        rows = [("kept", self.kept, "", "")]
        return _frame(rows + [(r, len(n), REASONS[r], n[0]) for r, n in self.dropped.items()])

    def autoencoder_frame(self):
        """Tell the same of the second step, from the songs to those the autoencoder can use.

        Report 2.1 chooses by tempo for the autoencoder alone; the LSTM takes all songs.
        """
        reasons = {}
        for name, facts in self.songs.items():
            reasons.setdefault(facts.autoencoder, []).append(name)
        rows = [("kept", len(reasons.pop("", [])), "", "")]
        return _frame(rows + [(r, len(n), REASONS[r], n[0]) for r, n in sorted(reasons.items())])

    def sources(self) -> dict[str, int]:
        """Count where the notes of the kept songs are from, such as files without a piano."""
        return dict(sorted(Counter(facts.source for facts in self.songs.values()).items()))

    def as_dict(self) -> dict:
        """Give the counts, ready for JSON."""
        return {
            "source": self.source,
            "read": self.read,
            "kept": self.kept,
            "dropped": {reason: len(names) for reason, names in self.dropped.items()},
            "seconds": round(self.seconds, 3),
        }


def _frame(rows: list[tuple]):
    import pandas as pd

    return pd.DataFrame(rows, columns=["reason", "files", "meaning", "example"])
