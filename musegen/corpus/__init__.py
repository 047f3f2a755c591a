"""Songs from one of three sources, all behind `load`, each with an account of what was left out.

Sources
-------
``chorales``
    J.S. Bach's four-part chorales out of the installed music21 (default; no download).
``lpd5:PATH``
    LPD-5, the data of the report (2.1), as a folder or as the archive it is downloaded in; the
    piano track only.
``midi:PATH``
    A folder (or an archive) of your own MIDI, MusicXML or ABC files.

Notes
-----
Notebook: 01_data_preparation.
"""

import hashlib
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from musegen.config import AEConfig
from musegen.corpus import tunes
from musegen.song import Song

TEST_SHARE = 0.15  # ours
MOST_TEST = 43  # ours: leaves 256 of the 299 chorales

AE = AEConfig()
REASONS = {
    # of a file
    "unreadable": "damaged: its parts contradict each other",
    "truncated": "ends too early",
    "wrong_type": "holds something else than its name says",
    "too_large": "larger than any song",
    "link": "a link; only the files themselves are read",
    "timeout": "took too long and was given up",
    "crashed": "ended the process that read it",
    # of the music
    "no_piano": "no track that a piano plays",
    "empty_piano": "a piano track of no length, LPD-5's way of leaving it out",
    "silent": "no notes",
    "only_drums": "only drums",
    "no_tempo": "no tempo that makes sense",
    "no_clock": "no ticks a beat to count time by",
    "not_4_4": "not in bars of 4/4, or of 2/2, 2/4, 1/2 or 1/4 that make up such bars",
    "several_tunes": "several tunes in one file; give each its own",
    "abc_sign": "ABC with & or Z; write the voice as V:2, the rests as z4",
    "few_notes": "fewer than ten notes",
    "too_short": "too few bars",
    "too_long": "too many bars",
    "copy": "the same notes as another one, which is kept",
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


class Rejected(Exception):
    """Raised by a reader for a file that does not become a song; its text is one of `REASONS`."""


class SongInfo(NamedTuple):
    """What is known of a song without its notes.

    Attributes
    ----------
    length, steps_per_beat : int
    tempo_qpm : float
    notes : int
    key : str
        As `musegen.preprocess.estimate_key` finds it: ``"G major"``.
    autoencoder : str
        Why the autoencoder cannot use the song (one of `REASONS`), empty if it can.
    source : str
    fingerprint : str
        Hash of the notes from the first one on, whatever their tempo and voices: copies share it.
    tune : int
        Songs that share a tune have the same number: see `musegen.corpus.tunes`.
    """

    length: int
    steps_per_beat: int
    tempo_qpm: float
    notes: int
    key: str
    autoencoder: str
    source: str
    fingerprint: str
    tune: int = 0

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
        As given to `load`.
    songs : dict of str to SongInfo
        The songs that were kept, by name, in the seeded order.
    dropped : dict of str to list of str
        The names of the files that gave no song, by reason.
    seconds : float
        How long this load took.

    Notes
    -----
    Notebook: 01_data_preparation, "The default songs". Notebook: more/other_songs, "What becomes
    of a collection".
    """

    source: str
    songs: dict[str, SongInfo]
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
        return _frame(self.kept, self.dropped)

    def autoencoder_frame(self):
        """Tell the same of the second step, from the songs to those the autoencoder can use.

        Report 2.1 chooses by tempo for the autoencoder alone; the LSTM takes all songs.
        """
        reasons = {}
        for name, info in self.songs.items():
            reasons.setdefault(info.autoencoder, []).append(name)
        kept = len(reasons.pop("", []))
        return _frame(kept, dict(sorted(reasons.items())))

    def sources(self) -> dict[str, int]:
        """Count where the notes of the kept songs are from, such as files without a piano."""
        return dict(sorted(Counter(info.source for info in self.songs.values()).items()))

    def as_dict(self) -> dict:
        """Give the counts, ready for JSON."""
        dropped = {reason: len(names) for reason, names in self.dropped.items()}
        counts = {"source": self.source, "read": self.read, "kept": self.kept, "dropped": dropped}
        return counts | {"seconds": round(self.seconds, 3)}


def _frame(kept: int, dropped: dict[str, list[str]]):
    import pandas as pd

    rows = [("kept", kept, "", "")]
    rows += [(reason, len(names), REASONS[reason], names[0]) for reason, names in dropped.items()]
    return pd.DataFrame(rows, columns=["reason", "files", "meaning", "example"])


class Corpus(Sequence):
    """Songs in a seeded order, each built when asked for.

    The order is a permutation of the sorted names, so it does not depend on how a folder lists
    its files; that of the chorales stands in their list. About one song in seven is a test song:
    the first ones that share a tune with no other song. Training takes the others from the first
    on, so that the 10 are among the 128 and those among the 256. LPD-5's songs come first that
    ``data/lpd5_songs.csv`` lists: a tenth of it and the whole give the same songs.

    Parameters
    ----------
    build : function of a name that gives a Song
    audit : Audit
    test : list of str
        The names of the test songs, if they are settled already.

    Raises
    ------
    ValueError
        If fewer than two songs are left: one to train on and one to test on.

    Notes
    -----
    Notebook: 01_data_preparation, "The default songs".
    """

    def __init__(self, build: Callable[[str], Song], audit: Audit, test: Sequence[str] = ()):
        self._build = build
        self.audit = audit
        self.names = list(audit.songs)
        most = min(MOST_TEST, max(1, round(TEST_SHARE * len(self))))
        tune = {name: info.tune for name, info in audit.songs.items()}
        own = tunes.with_tunes_of_their_own(self.names, tune, most)
        self._test = test or own or self.names[-1:]  # else all songs share one tune
        if len(self) < 2:
            raise ValueError(
                f"{audit.source} gives {len(self)} song(s) out of {audit.read} files; at least 2 "
                "are needed, one to train on and one to test on: `musegen audit` says what is wrong"
            )

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, i):
        if isinstance(i, slice):
            return [self[j] for j in range(*i.indices(len(self)))]
        return self._build(self.names[i])

    def __repr__(self) -> str:
        return f"Corpus({self.audit.source!r}, {len(self)} songs)"

    def training(self, songs: int, where: Callable[[Song], bool] | None = None) -> list[Song]:
        """Take the first `songs` songs to train on, or as many as there are.

        Parameters
        ----------
        songs : int
            Report: 10, 128 or 256.
        where : function of a Song, or None
            Take only the songs for which it is true, such as those in the tempo band.
        """
        others = (self._build(name) for name in self.names if name not in self._test)
        return list(islice((s for s in others if where is None or where(s)), songs))

    @property
    def test(self) -> list[Song]:
        """The songs that no training ever sees: at most 43, the same for every run."""
        return [self._build(name) for name in self._test]

    def key_of(self, songs: Iterable[Song]) -> str:
        """Hash the notes of some of the songs: the same songs in the same order have the same."""
        digest = hashlib.sha256()
        for song in songs:
            info = self.audit.songs[song.title]
            digest.update(f"{info.fingerprint} {info.steps_per_beat}\n".encode())
        return digest.hexdigest()[:16]


def load(source: str = "chorales", dask: str | None = None) -> Corpus:
    """Read a source, or take it from the cache.

    Parameters
    ----------
    source : str
        ``"chorales"``, ``"lpd5:PATH"`` or ``"midi:PATH"``.
    dask : str or None
        Address of a Dask scheduler whose workers read the files: they have musegen and, unless
        it is an archive, see the same files by the same paths.

    Returns
    -------
    Corpus
        Its `audit` says what was read, what was kept and why the rest was not.

    Raises
    ------
    ValueError
        If the source is none of these, holds no such files or gives fewer than two songs.
    FileNotFoundError
        If there is no such folder or archive.
    OSError
        If the songs cannot be kept under ``build/``.
    """
    return Corpus(*_read(source, dask))


def audit_of(source: str, dask: str | None = None) -> Audit:
    """Say what would be used of a source, what not and why; raises as `load` does.

    Unlike `load` it is content with files that give no song at all.
    """
    return _read(source, dask)[1]


def _read(source: str, dask: str | None) -> tuple[Callable[[str], Song], Audit, list[str]]:
    from musegen.corpus import chorales, ingest, lpd5, scores

    began = time.perf_counter()
    kind, _, place = source.partition(":")
    if kind == "chorales" and not place:
        songs, order, dropped = chorales.load(dask)
    elif kind in ("lpd5", "midi") and place:
        form = {"lpd5": lpd5, "midi": scores}[kind].FORMAT
        songs = ingest.read(ingest.find(place, form), form, kind, dask)
        order, dropped = ingest.in_seeded_order(songs.info), songs.dropped
        if not (order or dropped):
            kinds = "lpd5:PATH is for .npz files, midi:PATH for MIDI, MusicXML and ABC"
            raise ValueError(f"{place} has no {', '.join(form.suffixes)} file; {kinds}")
    else:
        raise ValueError(f"source is {source!r}; it must be chorales, lpd5:PATH or midi:PATH")
    first = {songs.info[name].fingerprint: name for name in sorted(order, reverse=True)}
    kept = {name: songs.info[name] for name in order if first[songs.info[name].fingerprint] == name}
    if copies := sorted(set(order) - set(kept)):
        dropped = dropped | {"copy": copies}
    test = []
    if kind == "lpd5":
        kept, test = lpd5.listed_first(kept)
    return songs.build, Audit(source, kept, dropped, time.perf_counter() - began), test
