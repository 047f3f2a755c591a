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
from collections.abc import Callable, Sequence

from musegen.corpus.audit import REASONS, Audit, Dropped, Facts
from musegen.corpus.store import Store
from musegen.song import Song

__all__ = ["REASONS", "Audit", "Corpus", "Dropped", "Facts", "audit_of", "load"]

VALIDATION_SHARE = 0.15  # ours
MOST_VALIDATION = 43  # ours: leaves 256 of the 299 chorales
TRAINED_FIRST = 128  # the smaller training set of the LSTM, report 2.3


class Corpus(Sequence):
    """Songs in a seeded order, each built when asked for.

    The order is a permutation of the sorted names, so it does not depend on how a folder lists
    its files; that of the chorales stands in their list. Training takes the first songs, so that
    the 10 are among the 128 and those among the 256. About one song in seven is held out for
    validation: the last ones, or where there are enough, those behind the first 128. (The last
    chorales were in view while our own settings were chosen; those behind the first 128 had no
    part in it, neither as held-out songs nor in training the 128-song networks that were compared.)

    Parameters
    ----------
    store : Store
        Where the songs are.
    digests : sequence of str
        Where each is there, in the order of ``audit.songs``, which is the seeded one.
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

    def __init__(
        self, store: Store, digests: Sequence[str], audit: Audit, limit: int | None = None
    ):
        self._store = store
        self._songs = list(zip(audit.songs, digests, audit.songs.values(), strict=True))[:limit]
        self.audit = audit
        if len(self) < 2:
            raise ValueError(
                f"{audit.source} gives {len(self)} song(s) out of {audit.read} files; at least 2 "
                "are needed, one to train on and one to validate on"
            )

    def __len__(self) -> int:
        return len(self._songs)

    def __getitem__(self, i):
        if isinstance(i, slice):
            return [self[j] for j in range(*i.indices(len(self)))]
        name, digest, facts = self._songs[i]
        return self._store.song(digest, facts, name)

    def __repr__(self) -> str:
        return f"Corpus({self.audit.source!r}, {len(self)} songs)"

    @property
    def names(self) -> list[str]:
        """Names of the songs, in order."""
        return [name for name, *_ in self._songs]

    @property
    def _held_out(self) -> range:
        songs = min(MOST_VALIDATION, max(1, round(VALIDATION_SHARE * len(self))))
        first = min(TRAINED_FIRST, len(self) - songs)
        return range(first, first + songs)

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
        held_out = self._held_out
        for i in range(len(self)):
            if len(taken) == songs:
                break
            if i in held_out:
                continue
            song = self[i]
            if where is None or where(song):
                taken.append(song)
        return taken

    @property
    def validation(self) -> list[Song]:
        """The songs that no training ever sees: at most 43, the same for every run."""
        return [self[i] for i in self._held_out]

    @property
    def key(self) -> str:
        """Hash of the music and its order: changes if and only if the songs do."""
        digest = hashlib.sha256()
        for name, _, facts in self._songs:
            digest.update(f"{name}\n{facts.music}\n".encode())
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
        If there is no such folder or archive.
    OSError
        If the songs cannot be kept under ``build/``.
    """
    store, digests, audit = _read(source)
    return Corpus(store, digests, audit, limit)


def audit_of(source: str) -> Audit:
    """Say what would be used of a source, what not and why; raises as `load` does.

    Unlike `load` it is content with no song at all.
    """
    return _read(source)[2]


def _read(source: str) -> tuple[Store, list[str], Audit]:
    began = time.perf_counter()
    kind, _, place = source.partition(":")
    if kind == "chorales" and not place:
        from musegen.corpus import chorales

        store = Store()
        songs, dropped = chorales.load(store)
    elif kind in ("lpd5", "midi") and place:
        from musegen.corpus import collection, lpd5, midi_folder, reading

        form = {"lpd5": lpd5, "midi": midi_folder}[kind].FORMAT
        found = collection.find(place, form.suffixes, form.largest)
        store = Store()
        songs, dropped = reading.read(found, form, "songs", store)
        songs = {name: songs[name] for name in reading.in_seeded_order(songs)}
    else:
        raise ValueError(f"source is {source!r}; it must be chorales, lpd5:PATH or midi:PATH")
    facts = {name: facts for name, (_, facts) in songs.items()}
    audit = Audit(source, facts, dropped, time.perf_counter() - began)
    return store, [digest for digest, _ in songs.values()], audit
