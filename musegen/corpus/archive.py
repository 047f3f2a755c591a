"""The files of a folder or of a tar archive, one at a time, none of them trusted.

Nothing is ever unpacked to the disk, links are not followed, and no file is taken into memory
that is larger than a song can be.
"""

import hashlib
import os
import stat
import tarfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

SUFFIXES = (".tar.gz", ".tgz", ".tar")


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


@dataclass(frozen=True)
class Collection:
    """Where files come from, and a key that changes when any of them does.

    Parameters
    ----------
    key : str
        Made of names, sizes and times of last change.
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
        paths = [path for path in root.rglob("*") if path.suffix.lower() in suffixes]
        files = {path.relative_to(root).as_posix(): path for path in paths if not path.is_dir()}
        return of_files(files, largest)
    if root.is_file() and root.name.lower().endswith(SUFFIXES):
        key = _key([(root.name, root.stat())])
        return Collection(key, in_archive(root, suffixes, largest), None)
    raise FileNotFoundError(
        f"{place} is neither a folder nor a {', '.join(SUFFIXES)} file; give the one with the songs"
    )


def of_files(files: dict[str, Path], largest: int) -> Collection:
    """Make a collection of files that are known by name; see `find`."""
    found = [(name, path.lstat()) for name, path in sorted(files.items())]
    entries = (Entry(name, files[name], reason=_of_file(facts, largest)) for name, facts in found)
    return Collection(_key(found), entries, len(found))


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


def _key(found: list[tuple[str, os.stat_result]]) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for name, facts in found:
        digest.update(repr((name, facts.st_size, facts.st_mtime_ns)).encode())
    return digest.hexdigest()


def _of_file(facts: os.stat_result, largest: int) -> str:
    mode = facts.st_mode
    return _rejection_reason(stat.S_ISLNK(mode), stat.S_ISREG(mode), facts.st_size, largest)


def _rejection_reason(is_link: bool, is_file: bool, size: int, largest: int) -> str:
    """Say why something is not read; an empty string if it is."""
    if is_link:
        return "link"
    if not is_file:  # a pipe, for one, would never end
        return "wrong_type"
    return "too_large" if size > largest else ""


def in_archive(path: Path, suffixes: tuple[str, ...], largest: int) -> Iterator[Entry]:
    """Stream the files of a tar archive, packed or not, holding one of them at a time.

    An archive that is cut off or damaged gives what it has, and then itself with the reason.
    """
    try:
        with tarfile.open(path, "r|*", tarinfo=_Header) as tar:
            while member := tar.next():
                tar.members.clear()  # else the list of all members grows
                if member.isdir() or PurePosixPath(member.name).suffix.lower() not in suffixes:
                    continue
                is_link = member.issym() or member.islnk()
                reason = _rejection_reason(is_link, member.isreg(), member.size, largest)
                content = None if reason else tar.extractfile(member).read()
                if content is not None and len(content) < member.size:
                    raise tarfile.ReadError("truncated")
                yield Entry(member.name, content=content, reason=reason)
    except Exception as error:  # whatever a damaged archive makes tarfile and zlib do
        cut_off = any(word in str(error) for word in ("unexpected end", "empty", "truncated"))
        yield Entry(path.name, reason="truncated" if cut_off else "unreadable")


class _Header(tarfile.TarInfo):
    """A header of a tar archive.

    tarfile takes one that it cannot read for the end of the archive, so that the files behind it
    would vanish unseen.
    """

    @classmethod
    def frombuf(cls, buf, encoding, errors):
        try:
            return super().frombuf(buf, encoding, errors)
        except tarfile.HeaderError as error:
            if buf and not any(buf):  # a block of zeros: the end
                raise
            raise tarfile.ReadError(str(error)) from error
