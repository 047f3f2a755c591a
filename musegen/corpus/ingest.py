"""From the files of a folder or a tar archive to songs: each file ends as a song or as a reason.

No file is trusted: nothing is ever unpacked to the disk, links are not followed, and none is taken
into memory that is larger than a song can be. The songs of a collection are kept in one file under
``build/cache/``, made anew when a file of the collection or the code that reads it changes. What a
killed process had read is read again.
"""

import hashlib
import io
import json
import tarfile
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from musegen import config, midi, preprocess, song
from musegen.corpus import Rejected, SongInfo, parallel, tunes
from musegen.files import atomic_write
from musegen.song import NOTE, Song

SEED = 2021  # ours: the year of the report
LEAST_NOTES = 10  # ours: with fewer there is nothing to learn
LEAST_BARS = 2  # ours: in a bar alone nothing follows on anything
MOST_BARS = 2000  # ours: more than an hour; longer "songs" come from a damaged note
TEMPI_QPM = (5.0, 1000.0)  # ours: what lies outside is no tempo
TIME_LIMIT = 60.0  # seconds, see parallel.run
LARGEST = 16 * 2**20  # bytes of a file; a song takes about 50 kB, a score seldom more than 2 MB
ARCHIVES = (".tar.gz", ".tgz", ".tar")


@dataclass(frozen=True)
class Entry:
    """One file of a collection.

    Parameters
    ----------
    name : str
        Its path in the collection, with ``/``.
    path : Path or None
        Where it lies, if in a folder.
    content : bytes or None
        What it holds, if in an archive or a part of a file.
    reason : str
        Why it cannot be read at all: one of `musegen.corpus.REASONS`, or empty.
    """

    name: str
    path: Path | None = None
    content: bytes | None = None
    reason: str = ""

    def read(self) -> bytes:
        """Give what it holds."""
        return self.path.read_bytes() if self.content is None else self.content


class Collection(NamedTuple):
    """Where files come from, and a key that changes when any of them does.

    Attributes
    ----------
    key : str
        Names, sizes and times of last change.
    entries : iterable of Entry
        To go through once.
    files : int or None
        How many they are; None for an archive, which says so only at its end.
    """

    key: str
    entries: Iterable[Entry]
    files: int | None


@dataclass(frozen=True)
class Format:
    """How one kind of file becomes a song.

    Parameters
    ----------
    suffixes : tuple of str
        In small letters, with their dots.
    read : function of content and path that gives a Song, or raises `Rejected`
        Of a file in an archive the path is only a name.
    parts : function of an `Entry` that gives one for each song in it, or None if it has one
    """

    suffixes: tuple[str, ...]
    read: Callable[[bytes, Path], Song]
    parts: Callable[[Entry], Iterable[Entry]] | None = None


@dataclass(frozen=True)
class Result:
    """What became of a file: a reason, or what is known of a song, its notes and its phrases."""

    name: str
    reason: str = ""
    info: SongInfo | None = None
    notes: bytes = b""
    phrases: np.ndarray | None = None


class Songs:
    """The songs of a collection, in one zip file: the notes of each, and a list.

    The file is held in memory as it is (4 kB for a piano of LPD-5), and may be replaced meanwhile.

    Parameters
    ----------
    path : Path

    Attributes
    ----------
    info : dict of str to SongInfo
        By name, sorted.
    dropped : dict of str to list of str
        Names of the other files by reason, both sorted.
    """

    def __init__(self, path: Path):
        self._zip = zipfile.ZipFile(io.BytesIO(path.read_bytes()))
        self._place, self.info, self.dropped = {}, {}, {}
        for name, reason, info, place in json.loads(self._zip.read("songs.json")):
            if reason:
                self.dropped.setdefault(reason, []).append(name)
            else:
                self._place[name], self.info[name] = place, SongInfo(*info)
        self.dropped = dict(sorted(self.dropped.items()))

    def build(self, name: str) -> Song:
        """Build a song."""
        info = self.info[name]
        notes = np.frombuffer(self._zip.read(str(self._place[name])), NOTE)
        return Song(notes, info.length, info.steps_per_beat, info.tempo_qpm, name, info.source)


def find(place: str, form: Format) -> Collection:
    """Find the files of a format, suffixes in any case, in a folder or an archive.

    Parameters
    ----------
    place : str
        A folder, searched with all its subfolders, or a ``.tar.gz``, ``.tgz`` or ``.tar`` file.
    form : Format

    Raises
    ------
    FileNotFoundError
        If there is neither.
    """
    root = Path(place).expanduser()
    if root.is_dir():
        paths = [path for path in root.rglob("*") if path.suffix.lower() in form.suffixes]
        return of_files(
            {path.relative_to(root).as_posix(): path for path in paths if not path.is_dir()}
        )
    if root.is_file() and root.name.lower().endswith(ARCHIVES):
        return Collection(_changes(root), in_archive(root, form.suffixes), None)
    raise FileNotFoundError(
        f"{place} is neither a folder nor a {', '.join(ARCHIVES)} file; give the one with the songs"
    )


def of_files(files: dict[str, Path]) -> Collection:
    """Make a collection of files that are known by name; see `find`."""
    found = sorted(files.items())
    key = "".join(f"{name}{_changes(path)}" for name, path in found)
    entries = (
        Entry(name, path, reason=_refused(path.is_symlink(), path.is_file(), path.lstat().st_size))
        for name, path in found
    )
    return Collection(key, entries, len(found))


def _changes(path: Path) -> str:
    facts = path.lstat()
    return repr((path.name, facts.st_size, facts.st_mtime_ns))


def _refused(is_link: bool, is_file: bool, size: int) -> str:
    """Say why something is not read; an empty string if it is."""
    if is_link:
        return "link"
    if not is_file:  # a pipe, for one, would never end
        return "wrong_type"
    return "too_large" if size > LARGEST else ""


def in_archive(path: Path, suffixes: tuple[str, ...]) -> Iterator[Entry]:
    """Stream the files of a tar archive, packed or not, holding one of them at a time.

    An archive that is cut off or damaged gives what it has, and then itself with the reason.
    """
    try:
        with tarfile.open(path, "r|*") as tar:
            while member := tar.next():
                tar.members.clear()  # else the list of all members grows
                if member.isdir() or PurePosixPath(member.name).suffix.lower() not in suffixes:
                    continue
                is_link = member.issym() or member.islnk()
                reason = _refused(is_link, member.isreg(), member.size)
                content = None if reason else tar.extractfile(member).read()
                if content is not None and len(content) < member.size:
                    raise tarfile.ReadError("truncated")
                yield Entry(member.name, content=content, reason=reason)
            # tarfile takes what it cannot read for the end, which is two empty blocks of 512 bytes.
            if (end := tar.fileobj.read(512)) != bytes(512):
                raise tarfile.ReadError("damaged" if end.strip(b"\0") else "truncated")
    except Exception as error:  # whatever a damaged archive makes tarfile and zlib do
        cut_off = any(word in str(error) for word in ("unexpected end", "empty", "truncated"))
        yield Entry(path.name, reason="truncated" if cut_off else "unreadable")


def short_names(paths: Iterable[str]) -> dict[str, str]:
    """Call each file by its own name, or by its path where several have the same.

    A tune of a book, such as ``a/book.abc/1``, keeps the book's name.

    Examples
    --------
    >>> short_names(["a/one.mid", "b/two.mid", "two.mid"])
    {'a/one.mid': 'one', 'b/two.mid': 'b/two.mid', 'two.mid': 'two.mid'}
    """
    stems = {path: _stem(PurePosixPath(path)) for path in paths}
    times = Counter(stems.values())
    return {path: stem if times[stem] == 1 else path for path, stem in stems.items()}


def _stem(path: PurePosixPath) -> str:
    return path.stem if path.suffix else f"{path.parent.stem}/{path.name}"


def read(found: Collection, form: Format, kind: str, dask: str | None = None) -> Songs:
    """Read a collection, or look it up if no file of it has changed.

    Parameters
    ----------
    found : Collection
    form : Format
    kind : str
        The name of the cache file begins with it.
    dask : str or None
        Address of a Dask scheduler whose workers do the work.
    """
    path = config.build_dir() / "cache" / f"{kind}-{_key(found, form)}.zip"
    with suppress(Exception):  # it is not there, or damaged
        return Songs(path)
    each = map(form.parts, found.entries) if form.parts else [found.entries]
    results = parallel.run(
        partial(_read_entry, form),
        chain.from_iterable(each),
        lambda entry, reason: Result(entry.name, reason),
        TIME_LIMIT,
        dask,
    )
    about = {"total": found.files, "leave": False, "disable": config.progress()}
    _write(path, tqdm(results, f"reading {kind}", **about))
    return Songs(path)


def in_seeded_order(names: Iterable[str]) -> list[str]:
    """Shuffle names, whatever order they come in; the same names always alike."""
    names = sorted(names)
    return [names[i] for i in np.random.default_rng(SEED).permutation(len(names))]


def read_song(form: Format, content: bytes, path: Path) -> Song:
    """Read one file and judge the song.

    Raises
    ------
    Rejected
        With one of `musegen.corpus.REASONS`.
    """
    song = form.read(content, path)
    if len(song.notes) < LEAST_NOTES:
        raise Rejected("few_notes" if len(song.notes) else "silent")
    if not TEMPI_QPM[0] <= song.tempo_qpm <= TEMPI_QPM[1]:  # NaN is not, either
        raise Rejected("no_tempo")
    end = int((song.notes["onset"] + song.notes["duration"]).max())
    song = song.cut(0, -(-end // song.steps_per_bar) * song.steps_per_bar)  # no silent bars after
    if end - int(song.notes["onset"].min()) < LEAST_BARS * song.steps_per_bar:
        raise Rejected("too_short")
    if song.bars > MOST_BARS:
        raise Rejected("too_long")
    return song


def _key(found: Collection, form: Format) -> str:
    """Hash all that decides what the files become."""
    facts = (found.key, form.suffixes, config.AEConfig())
    digest = hashlib.blake2b(repr(facts).encode(), digest_size=16)
    readers = sorted(Path(__file__).parent.glob("*.py"))
    for path in (*readers, *(module.__file__ for module in (midi, preprocess, song))):
        digest.update(Path(path).read_bytes().replace(b"\r\n", b"\n"))
    return digest.hexdigest()


def _write(path: Path, results: Iterable[Result]) -> None:
    found = []
    with (
        atomic_write(path) as part,
        zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as packed,
    ):
        for place, result in enumerate(results):
            if result.info:
                packed.writestr(str(place), result.notes)
            found.append((place, replace(result, notes=b"")))
        short = short_names(result.name for _, result in found)
        found = sorted((short[result.name], place, result) for place, result in found)
        tune = iter(tunes.groups([one.phrases for *_, one in found if one.info]))
        rows = [
            (name, one.reason, one.info and one.info._replace(tune=next(tune)), place)
            for name, place, one in found
        ]
        packed.writestr("songs.json", json.dumps(rows))


def _read_entry(form: Format, entry: Entry) -> Result:
    if entry.reason:
        return Result(entry.name, entry.reason)
    try:
        song = read_song(form, entry.read(), entry.path or Path(entry.name))
    except Rejected as reason:
        return Result(entry.name, str(reason))
    except MemoryError:
        return Result(entry.name, "too_large")
    except Exception:  # whatever a damaged file makes a parser do, the rest goes on
        return Result(entry.name, "unreadable")
    return Result(entry.name, "", _info(song), song.notes.tobytes(), tunes.phrases(song))


def _info(song: Song) -> SongInfo:
    head = (song.length, song.steps_per_beat, song.tempo_qpm)
    notes = np.stack([song.notes[name] for name in ("onset", "duration", "pitch")], axis=1)
    played = np.unique(notes - [notes[:, 0].min(), 0, 0], axis=0)
    fingerprint = hashlib.blake2b(played.tobytes(), digest_size=16).hexdigest()
    key, unfit = str(preprocess.estimate_key(song)), preprocess.rejection_reason(song)
    return SongInfo(*head, len(song.notes), key, unfit, song.source, fingerprint)
