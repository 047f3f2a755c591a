"""The files of a folder or of a tar archive, one at a time, none of them trusted.

Nothing is ever unpacked to the disk, links are not followed, and no file is taken into memory
that is larger than a song can be.
"""

import gzip
import hashlib
import io
import os
import stat
import struct
import tarfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from musegen.corpus.audit import Dropped

ARCHIVES = (".tar.gz", ".tgz", ".tar")
ZIP = b"PK\x03\x04"
MEGABYTE = 2**20
LARGEST_READ = 64 * MEGABYTE  # at once, of an archive: more than any honest file or header in it


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
        What it holds, if in an archive.
    reason : str
        Why it cannot be read at all: one of `musegen.corpus.REASONS`, or empty.
    """

    name: str
    path: Path | None = None
    content: bytes | None = None
    reason: str = ""


@dataclass(frozen=True)
class Collection:
    """Where files come from, and a key that changes when any of them does.

    Parameters
    ----------
    key : str
        Made of names, sizes, inodes and times of last change.
    entries : iterable of Entry
        To go through once.
    files : int or None
        How many they are; None for an archive, which says so only at its end.
    """

    key: str
    entries: Iterable[Entry]
    files: int | None


def find(place: str, suffixes: tuple[str, ...], largest: int) -> Collection:
    """Find the files with these suffixes, in any case, in a folder or an archive.

    Parameters
    ----------
    place : str
        A folder, searched with all its subfolders, or a ``.tar.gz``, ``.tgz`` or ``.tar`` file.
    suffixes : tuple of str
        In small letters, with their dots.
    largest : int
        Bytes; larger files are named, with the reason, and not read.

    Raises
    ------
    FileNotFoundError
        If there is neither.
    """
    root = Path(place).expanduser()
    if root.is_dir():
        found = sorted(_walk(root, suffixes), key=lambda pair: pair[0])
        entries = (_entry(root, name, facts, largest) for name, facts in found)
        return Collection(_key(found), entries, len(found))
    if root.is_file() and root.name.lower().endswith(ARCHIVES):
        key = _key([(root.name, root.stat())])
        return Collection(key, in_archive(root, suffixes, largest), None)
    raise FileNotFoundError(
        f"{place} is neither a folder nor a {', '.join(ARCHIVES)} file; give the one with the songs"
    )


def of_files(files: dict[str, Path]) -> Collection:
    """Make a collection of files that are known by name."""
    return Collection(
        _key([(name, path.stat()) for name, path in sorted(files.items())]),
        [Entry(name + path.suffix, path) for name, path in sorted(files.items())],
        len(files),
    )


def call(paths: Iterable[str]) -> dict[str, str]:
    """Call each file by its own name, or by its path where several have the same.

    Examples
    --------
    >>> call(["a/one.mid", "b/two.mid", "two.mid"])
    {'a/one.mid': 'one', 'b/two.mid': 'b/two.mid', 'two.mid': 'two.mid'}
    """
    stems = {path: PurePosixPath(path).stem for path in paths}
    times = Counter(stems.values())
    called = {path: stem if times[stem] == 1 else path for path, stem in stems.items()}
    clash = len(set(called.values())) < len(called)  # a.mid.mid beside a.mid and b/a.mid
    return {path: path for path in stems} if clash else called


def open_zip(content: bytes) -> zipfile.ZipFile:
    """Open a zip file that is in memory; what a zipped song format does first.

    Raises
    ------
    Dropped
        ``wrong_type``, ``truncated`` or ``unreadable``.
    """
    if not content.startswith(ZIP):
        raise Dropped("truncated" if ZIP.startswith(content) else "wrong_type")
    file = io.BytesIO(content)
    try:
        return zipfile.ZipFile(file)
    except (zipfile.BadZipFile, ValueError, struct.error, NotImplementedError) as error:
        # The table of contents stands at the end.
        whole = zipfile.is_zipfile(file)
        raise Dropped("unreadable" if whole else "truncated") from error


def _key(found: list[tuple[str, os.stat_result]]) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for name, facts in found:  # the time of change, unlike that of modification, cannot be set
        row = (name, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns, facts.st_ino)
        digest.update(repr(row).encode())
    return digest.hexdigest()


def _walk(root: Path, suffixes: tuple[str, ...]) -> Iterator[tuple[str, os.stat_result]]:
    folders = [""]  # as text: paths would take as long as the rest of a second load
    while folders:
        folder = folders.pop()
        with os.scandir(f"{root}/{folder}") as found:
            for item in found:
                name = folder + item.name
                if item.is_dir(follow_symlinks=False):
                    folders.append(f"{name}/")
                elif os.path.splitext(item.name)[1].lower() in suffixes:  # noqa: PTH122
                    yield name, os.lstat(item.path)


def _entry(root: Path, name: str, facts: os.stat_result, largest: int) -> Entry:
    reason = ""
    if stat.S_ISLNK(facts.st_mode):
        reason = "link"
    elif not stat.S_ISREG(facts.st_mode):  # a pipe, for one, would never end
        reason = "wrong_type"
    elif facts.st_size > largest:
        reason = "too_large"
    return Entry(name, root / name, reason=reason)


def in_archive(path: Path, suffixes: tuple[str, ...], largest: int) -> Iterator[Entry]:
    """Stream the files of a tar archive, gzipped or not, holding one of them at a time.

    An archive that is cut off gives what it has, and itself with the reason ``truncated``. A name
    that comes again gets a number.
    """
    times = Counter()
    for entry in _in_archive(path, suffixes, largest):
        times[entry.name] += 1
        again = times[entry.name]
        yield replace(entry, name=f"{again}/{entry.name}") if again > 1 else entry


def _in_archive(path: Path, suffixes: tuple[str, ...], largest: int) -> Iterator[Entry]:
    try:
        with path.open("rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
            file.seek(0)
            stream = _Forward(gzip.GzipFile(fileobj=file) if packed else file)
            with tarfile.open(fileobj=stream, mode="r:") as tar:
                for member in tar:
                    tar.members = []  # else the list of all members grows
                    if not member.isdir() and _suffix(member) in suffixes:
                        yield _member(tar, member, largest)
            stream.check_end()
    except EOFError:
        yield Entry(path.name, reason="truncated")
    except tarfile.ReadError as error:
        cut_off = any(word in str(error) for word in ("unexpected end", "empty", "truncated"))
        yield Entry(path.name, reason="truncated" if cut_off else "unreadable")
    except (tarfile.TarError, OSError, zlib.error, ValueError, OverflowError):
        yield Entry(path.name, reason="unreadable")


def _suffix(member: tarfile.TarInfo) -> str:
    return PurePosixPath(member.name).suffix.lower()


def _member(tar: tarfile.TarFile, member: tarfile.TarInfo, largest: int) -> Entry:
    entry = Entry(member.name)
    path = PurePosixPath(member.name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or ":" in path.parts[0]:
        return replace(entry, reason="unsafe_path")
    if member.issym() or member.islnk():
        return replace(entry, reason="link")
    if not member.isreg():
        return replace(entry, reason="wrong_type")
    if member.size > largest:
        return replace(entry, reason="too_large")
    if member.size < 0:
        return replace(entry, reason="unreadable")
    return replace(entry, content=tar.extractfile(member).read())


class _Forward:
    """A stream for tarfile that never goes back, and never takes much at once.

    Headers with a negative or an absurd size would otherwise send it round in circles, or fill
    the memory.
    """

    def __init__(self, file):
        self._file = file
        self._at = 0
        self._last = b""

    def tell(self) -> int:
        return self._at

    def seek(self, place: int, whence: int = os.SEEK_SET) -> int:
        if whence != os.SEEK_SET or place < self._at:
            raise tarfile.ReadError("the archive points back")
        while self._at < place and self.read(min(MEGABYTE, place - self._at)):
            pass
        return self._at

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= LARGEST_READ:
            raise tarfile.ReadError("the archive names an absurd size")
        self._last = self._file.read(size)
        self._at += len(self._last)
        return self._last

    def check_end(self) -> None:
        """See that tarfile stopped at a block of zeros and not at one it could not read."""
        if len(self._last) < tarfile.BLOCKSIZE:
            raise EOFError
        if any(self._last):
            raise tarfile.ReadError("bad header")
        while self.read(MEGABYTE):  # to the end, where gzip keeps its checksum
            pass

    def seekable(self) -> bool:
        return True

    def close(self) -> None:
        pass
