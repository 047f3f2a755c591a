"""From the files of a collection to songs in the store: each ends as a song or as a reason."""

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np

from musegen import config, preprocess, song
from musegen.corpus import audit, collection, store, workers
from musegen.corpus.audit import Dropped, Facts
from musegen.corpus.collection import Collection, Entry
from musegen.progress import progress_line
from musegen.song import Song

SEED = 2021  # ours: the year of the report
MOST_BARS = 2000  # ours: more than an hour; longer "songs" come from a damaged note
TEMPI_QPM = (5.0, 1000.0)  # ours: what lies outside is no tempo
CODE = tuple(m.__file__ for m in (audit, collection, preprocess, song)) + (__file__,)


@dataclass(frozen=True)
class Format:
    """How one kind of file becomes a song.

    Parameters
    ----------
    suffixes : tuple of str
        In small letters, with their dots.
    read : function of content and path that gives a Song, or raises `Dropped`
        Of a file in an archive the path is only a name.
    code : tuple of str
        Source files of which a change makes old songs invalid, beside those of this module.
    largest : int
        Bytes of a file.
    batch : int
        Files that a process is given at once: one where a file can take long.
    least_bars : int
        Songs that are shorter, without the silence around them, are dropped.
    """

    suffixes: tuple[str, ...]
    read: Callable[[bytes, Path], Song]
    code: tuple[str, ...]
    largest: int
    batch: int = 1
    least_bars: int = 2  # ours: in a bar alone nothing follows on anything

    @property
    def version(self) -> str:
        """Hash of all that decides what a file becomes."""
        facts = (self.suffixes, self.least_bars, config.AEConfig())
        digest = hashlib.blake2b(repr(facts).encode(), digest_size=16)
        for path in (*CODE, *self.code):
            digest.update(Path(path).read_bytes().replace(b"\r\n", b"\n"))
        return digest.hexdigest()


class Result(NamedTuple):
    """What became of a file; the digest is empty where its content was not looked at."""

    name: str
    reason: str
    digest: str = ""
    facts: Facts | None = None
    packed: bytes | None = None


def read(
    found: Collection, form: Format, what: str, into: store.Store
) -> tuple[dict[str, tuple[str, Facts]], dict[str, list[str]]]:
    """Read a collection, or look it up if no file of it has changed.

    Parameters
    ----------
    found : Collection
    form : Format
    what : str
        What the progress line says.
    into : Store
        Where the songs go, batch by batch, so that a second try goes on where one was stopped.

    Returns
    -------
    songs : dict of name to (digest, Facts), sorted by name
    dropped : dict of reason to names, both sorted
    """
    version = form.version
    key = f"{version}-{found.key}"
    listing = into.listing(key)
    if listing is None:
        listing = _listing(_read_all(found, form, version, what, into))
        into.keep_listing(key, listing)
    songs = {name: (digest, Facts(*facts)) for name, (digest, facts) in listing["songs"].items()}
    return songs, listing["dropped"]


def in_seeded_order(names: Iterable[str]) -> list[str]:
    """Shuffle names, whatever order they come in; the same names always alike."""
    names = sorted(names)
    return [names[i] for i in np.random.default_rng(SEED).permutation(len(names))]


def _read_all(
    found: Collection, form: Format, version: str, what: str, into: store.Store
) -> Iterator[Result]:
    work = partial(_read_batch, form, version, str(into.path))
    shown = 0.0
    with progress_line(f"reading {what}", found.files) as show:
        done = 0
        batches = workers.run(work, _batches(found.entries, form.batch), _given_up, config.dask())
        for results in batches:
            into.add(
                (r.digest, r.reason, *(r.facts or [None] * len(Facts._fields)), r.packed)
                for r in results
                if r.digest and (r.packed or r.reason)
            )
            done += len(results)
            if time.monotonic() > shown + 0.1 or done == found.files:
                show(done)
                shown = time.monotonic()
            for result in results:
                yield result._replace(packed=None)


def _batches(entries: Iterable[Entry], size: int) -> Iterator[list[Entry]]:
    entries = iter(entries)
    while batch := list(islice(entries, size)):
        yield batch


def _given_up(entry: Entry, reason: str) -> Result:
    return Result(entry.name, reason)


def _listing(results: Iterable[Result]) -> dict:
    results = list(results)
    called = collection.call(result.name for result in results)
    songs, dropped = {}, {}
    for result in sorted(results, key=lambda r: called[r.name]):
        if result.reason:
            dropped.setdefault(result.reason, []).append(called[result.name])
        else:
            songs[called[result.name]] = (result.digest, result.facts)
    return {"songs": songs, "dropped": dict(sorted(dropped.items()))}


def _read_batch(form: Format, version: str, database: str, batch: list[Entry]) -> list[Result]:
    return [_read_entry(form, version, Path(database), entry) for entry in batch]


def _read_entry(form: Format, version: str, database: Path, entry: Entry) -> Result:
    if entry.reason:
        return Result(entry.name, entry.reason)
    content = entry.content
    if content is None:
        try:
            content = _content(entry.path, form.largest)
        except OSError:
            return Result(entry.name, "unreadable")
    suffix = Path(entry.name).suffix.lower()
    digest = hashlib.blake2b(
        content, digest_size=16, key=version.encode(), person=suffix.encode()[:16]
    ).hexdigest()
    if known := store.known(database, digest):
        return Result(entry.name, known[0], digest, known[1])
    try:
        song = read_song(form, content, entry.path or Path(entry.name))
    except Dropped as dropped:
        return Result(entry.name, str(dropped), digest)
    except MemoryError:
        return Result(entry.name, "too_large", digest)
    except Exception:  # whatever a damaged file makes a parser do, the rest goes on
        return Result(entry.name, "unreadable", digest)
    key = str(preprocess.estimate_key(song))
    facts = store.facts_of(song, key, preprocess.why_not(song))
    return Result(entry.name, "", digest, facts, store.pack(song))


def _content(path: Path, largest: int) -> bytes:
    with path.open("rb") as file:
        return file.read(largest + 1)


def read_song(form: Format, content: bytes, path: Path) -> Song:
    """Read one file and judge the song.

    Raises
    ------
    Dropped
        With one of `musegen.corpus.REASONS`.
    """
    if len(content) > form.largest:
        raise Dropped("too_large")
    song = form.read(content, path)
    if not len(song.notes):
        raise Dropped("silent")
    if not TEMPI_QPM[0] <= song.tempo_qpm <= TEMPI_QPM[1]:  # NaN is not, either
        raise Dropped("no_tempo")
    end = int((song.notes["onset"] + song.notes["duration"]).max())
    if end - int(song.notes["onset"].min()) < form.least_bars * song.steps_per_bar:
        raise Dropped("too_short")
    if song.bars > MOST_BARS:
        raise Dropped("too_long")
    return song
