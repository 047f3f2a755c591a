"""Songs from one of three sources, all behind `load`, each with an account of what was left out.

Sources
-------
``chorales``
    J.S. Bach's four-part chorales out of the installed music21 (default; no download).
``lpd5:PATH``
    A folder of LPD-5 files, the data of the report (2.1); the piano track only.
``midi:PATH``
    A folder of your own MIDI or MusicXML files.

Notes
-----
Notebook: 01_data_preparation.
"""

import hashlib
import time
from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np

from musegen.corpus import cache
from musegen.corpus.audit import Audit, Dropped
from musegen.song import Song

__all__ = ["Audit", "Corpus", "Dropped", "load"]

SEED = 2021  # ours: the year of the report
VALIDATION_SHARE = 0.15  # ours
MOST_VALIDATION = 45  # ours: leaves 256 of the 301 songs that the chorales need at least


class Corpus(Sequence):
    """Songs in a seeded order, each built when asked for.

    The order is a permutation of the sorted names, so it does not depend on how a folder lists
    its files. The last songs of it, about one in seven, are for validation; training takes the
    first ones, so that the 10 songs are among the 128 and those among the 256.

    Parameters
    ----------
    packed : cache.Packed
        All songs that were kept, sorted by name.
    audit : Audit
    limit : int or None
        Take only the first songs of the order.

    Raises
    ------
    ValueError
        If fewer than two songs are left: one to train on and one to validate on.

    Notes
    -----
    Notebook: 01_data_preparation, "The default songs".
    """

    def __init__(self, packed: cache.Packed, audit: Audit, limit: int | None = None):
        self._packed = packed
        self._order = np.random.default_rng(SEED).permutation(len(packed.names))[:limit]
        self.audit = audit
        if len(self) < 2:
            raise ValueError(
                f"{audit.source} gives {len(self)} song(s) out of {audit.read} files; at least 2 "
                "are needed, one to train on and one to validate on"
            )

    def __len__(self) -> int:
        return len(self._order)

    def __getitem__(self, i):
        if isinstance(i, slice):
            return [self[j] for j in range(*i.indices(len(self)))]
        return self._packed.song(self._order[i], self.audit.source.partition(":")[0])

    def __repr__(self) -> str:
        return f"Corpus({self.audit.source!r}, {len(self)} songs)"

    @property
    def names(self) -> list[str]:
        """Names of the songs, in order."""
        return self._packed.names[self._order].tolist()

    @property
    def _pool(self) -> int:
        return len(self) - min(MOST_VALIDATION, max(1, round(VALIDATION_SHARE * len(self))))

    def training(self, songs: int, where: Callable[[Song], bool] | None = None) -> list[Song]:
        """Take the first `songs` songs to train on, or as many as there are.

        Parameters
        ----------
        songs : int
            Report: 10, 128 or 256.
        where : function of a Song, or None
            Take only the songs for which it is true, such as those in the tempo band.
        """
        taken = []
        for i in range(self._pool):
            if len(taken) == songs:
                break
            song = self[i]
            if where is None or where(song):
                taken.append(song)
        return taken

    @property
    def validation(self) -> list[Song]:
        """The songs that no training ever sees: at most 45, the same for every run."""
        return self[self._pool :]

    @cached_property
    def key(self) -> str:
        """Hash of the music and its order: changes if and only if the songs do."""
        digest = hashlib.sha256()
        for song in self:
            head = (song.title, song.length, song.steps_per_beat, song.tempo_qpm)
            digest.update(repr(head).encode())
            digest.update(song.notes.tobytes())
        return digest.hexdigest()[:16]


def load(source: str = "chorales", limit: int | None = None) -> Corpus:
    """Read a source, or take it from the cache.

    Parameters
    ----------
    source : str
        ``"chorales"``, ``"lpd5:PATH"`` or ``"midi:PATH"``.
    limit : int or None
        Use only the first songs of the seeded order.

    Returns
    -------
    Corpus
        Its `audit` says what was read, what was kept and why the rest was not.

    Raises
    ------
    ValueError
        If the source is none of these, or if it gives fewer than two songs.
    FileNotFoundError
        If the folder does not exist.
    """
    began = time.perf_counter()
    kind, _, path = source.partition(":")
    if kind == "chorales" and not path:
        from musegen.corpus import chorales

        packed = chorales.load()
    elif kind in ("lpd5", "midi") and path:
        from musegen.corpus import lpd5, midi_folder

        packed = {"lpd5": lpd5, "midi": midi_folder}[kind].load(path)
    else:
        raise ValueError(f"source is {source!r}; it must be chorales, lpd5:PATH or midi:PATH")
    kept, dropped = len(packed.names), packed.dropped
    read = kept + sum(len(names) for names in dropped.values())
    audit = Audit(source, read, kept, dropped, time.perf_counter() - began)
    return Corpus(packed, audit, limit)
