"""Read many files in parallel, pack the songs into a few arrays and keep those under build/."""

import hashlib
import json
import multiprocessing
import os
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from musegen import config, song
from musegen.corpus.audit import Dropped
from musegen.files import whole
from musegen.progress import progress_line
from musegen.song import NOTE, Song

Reader = Callable[[Path], Song]

# What np.load raises on a damaged file.
DAMAGED = (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile, zlib.error)


@dataclass(frozen=True)
class Packed:
    """Songs laid end to end: 300 chorales are under 1 MB, where their rolls would be 80 MB.

    Parameters
    ----------
    names : str array, shape (song,)
        Sorted.
    notes : array of dtype `NOTE`, shape (note,)
        The notes of song i are ``notes[first[i]:first[i + 1]]``.
    first : int64 array, shape (song + 1,)
    length, steps_per_beat : int64 arrays, shape (song,)
    tempo_qpm : float64 array, shape (song,)
    dropped : dict of str to list of str
        Names by reason.
    """

    names: np.ndarray
    notes: np.ndarray
    first: np.ndarray
    length: np.ndarray
    steps_per_beat: np.ndarray
    tempo_qpm: np.ndarray
    dropped: dict[str, list[str]]

    def song(self, i: int, source: str) -> Song:
        """Build song `i`."""
        return Song(
            self.notes[self.first[i] : self.first[i + 1]],
            length=int(self.length[i]),
            steps_per_beat=int(self.steps_per_beat[i]),
            tempo_qpm=float(self.tempo_qpm[i]),
            title=str(self.names[i]),
            source=source,
        )


def pack(songs: dict[str, Song], dropped: dict[str, list[str]]) -> Packed:
    """Lay songs end to end, in the order of their names."""
    names = sorted(songs)
    kept = [songs[name] for name in names]
    return Packed(
        names=np.array(names, dtype=str),
        notes=np.concatenate([song.notes for song in kept] or [np.empty(0, NOTE)]),
        first=np.cumsum([0] + [len(song.notes) for song in kept]),
        length=np.array([song.length for song in kept], np.int64),
        steps_per_beat=np.array([song.steps_per_beat for song in kept], np.int64),
        tempo_qpm=np.array([song.tempo_qpm for song in kept], np.float64),
        dropped={reason: sorted(names) for reason, names in sorted(dropped.items())},
    )


def read_files(files: dict[str, Path], read: Reader, what: str) -> Packed:
    """Read every file in as many processes as there are cores; each ends as a song or a reason.

    Parameters
    ----------
    files : dict of name to path
    read : function of a path that gives a Song or raises `Dropped`
        Must be importable, since it travels to the workers by name.
    what : str
        What the progress line says.
    """
    songs, dropped = {}, {}
    names = sorted(files)
    with progress_line(f"reading {what}", len(names)) as show:
        results = _in_parallel(partial(_song_or_reason, read), [files[name] for name in names])
        for done, (name, result) in enumerate(zip(names, results, strict=True), 1):
            if isinstance(result, Song):
                songs[name] = result
            else:
                dropped.setdefault(result, []).append(name)
            show(done)
    return pack(songs, dropped)


def _song_or_reason(read: Reader, path: Path) -> Song | str:
    try:
        return read(path)
    except Dropped as reason:
        return str(reason)


def _in_parallel(function, items: list):
    workers = min(os.cpu_count() or 1, 1 + len(items) // 50)
    if workers == 1:
        yield from map(function, items)
        return
    # spawn: a fork of a kernel that has TensorFlow's threads in it can hang
    spawn = multiprocessing.get_context("spawn")
    done = 0
    try:
        with ProcessPoolExecutor(workers, mp_context=spawn) as pool:
            for result in pool.map(function, items, chunksize=8):
                done += 1
                yield result
    except BrokenProcessPool:  # a script without an `if __name__ == "__main__"`, for one
        yield from map(function, items[done:])


def stored(key: str, make: Callable[[], Packed]) -> Packed:
    """Take the packed songs called `key` from the cache; make and keep them if they are missing."""
    path = config.build_dir() / "cache" / f"{key}.npz"
    if path.exists():
        try:
            return _load(path)
        except DAMAGED:
            pass  # made again below
    packed = make()
    _save(packed, path)
    return packed


def _load(path: Path) -> Packed:
    with np.load(path, allow_pickle=False) as arrays:
        fields = {name: arrays[name] for name in arrays.files}
    return Packed(**fields | {"dropped": json.loads(str(fields["dropped"]))})


def _save(packed: Packed, path: Path):
    with whole(path) as part, part.open("wb") as file:
        np.savez(file, **vars(packed) | {"dropped": json.dumps(packed.dropped)})


def make_key(kind: str, code: list[str], *facts) -> str:
    """Name a cache entry: its kind, and a hash of `facts` and of the files of `code`."""
    digest = hashlib.sha256(repr(facts).encode())
    for path in (__file__, song.__file__, *code):
        digest.update(Path(path).read_bytes())
    return f"{kind}-{digest.hexdigest()[:16]}"


def file_facts(files: dict[str, Path]) -> list[tuple]:
    """Name, size and time of last change of each file: what a cache entry depends on."""
    return [
        (name, stat.st_size, stat.st_mtime_ns)
        for name, stat in ((name, files[name].stat()) for name in sorted(files))
    ]


def find_files(folder: str, suffixes: tuple[str, ...]) -> dict[str, Path]:
    """Find the files with these suffixes, in any case, in a folder and its subfolders.

    Returns
    -------
    dict of name to path
        A file is called by its own name, or by its path where two have the same.

    Raises
    ------
    FileNotFoundError
        If there is no such folder.
    """
    root = Path(folder).expanduser()
    if not root.is_dir():
        raise FileNotFoundError(f"{folder} is not a folder; give the one that holds the songs")
    found = [p for p in root.rglob("*") if p.suffix.lower() in suffixes and p.is_file()]
    times = Counter(path.stem for path in found)
    return {
        path.stem if times[path.stem] == 1 else path.relative_to(root).as_posix(): path
        for path in found
    }
