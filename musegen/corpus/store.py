"""Songs already read, by the content of the files they came from: one SQLite file under build/.

Several processes may fill it at once, and one that is killed leaves what it had finished.
"""

import hashlib
import json
import sqlite3
import zlib
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import numpy as np

from musegen import config
from musegen.corpus.audit import Facts
from musegen.files import one_process
from musegen.song import NOTE, Song

COLUMNS = ("digest", "reason", *Facts._fields, "packed")
PATIENCE = 60.0  # seconds to wait for another process that is writing
# Marks of a damaged file; a file in use or a full disk says something else.
DAMAGED = ("malformed", "not a database", "no such", "has no column", "disk I/O error")


def pack(song: Song) -> bytes:
    """Compress the notes of a song; a piano track of LPD-5 takes about 4 kB."""
    return zlib.compress(song.notes.tobytes(), 1)


def unpack(packed: bytes, facts: Facts, title: str) -> Song:
    """Build the song again."""
    notes = np.frombuffer(zlib.decompress(packed), NOTE)
    return Song(notes, facts.length, facts.steps_per_beat, facts.tempo_qpm, title, facts.source)


def facts_of(song: Song, key: str, autoencoder: str) -> Facts:
    """Sum a song up."""
    head = (song.length, song.steps_per_beat, song.tempo_qpm)
    music = hashlib.blake2b(repr(head).encode() + song.notes.tobytes(), digest_size=16)
    return Facts(music.hexdigest(), *head, len(song.notes), key, autoencoder, song.source)


class Store:
    """The file itself.

    Parameters
    ----------
    path : Path or None
        ``build/cache/songs.sqlite`` unless it says otherwise. A damaged file is made anew.

    Raises
    ------
    OSError
        If it cannot be written, or another process does not let go of it for a minute.
    """

    def __init__(self, path: Path | None = None):
        self.path = path or config.build_dir() / "cache" / "songs.sqlite"
        with one_process(
            self.path.with_suffix(".lock"), None
        ):  # SQLite's own patience has a gap here
            try:
                self._open()
            except sqlite3.DatabaseError as error:
                if not any(mark in str(error) for mark in DAMAGED):
                    raise self._refusal(error) from error
                for part in ("", "-wal", "-shm"):
                    self.path.with_name(self.path.name + part).unlink(missing_ok=True)
                self._open()

    def _open(self) -> None:
        self._database = sqlite3.connect(self.path, timeout=PATIENCE, check_same_thread=False)
        self._database.execute("PRAGMA journal_mode=WAL")  # readers need not wait for a writer
        self._database.execute("PRAGMA synchronous=NORMAL")
        with self._database:
            self._database.execute(
                f"CREATE TABLE IF NOT EXISTS songs ({', '.join(COLUMNS)}, PRIMARY KEY (digest))"
            )
            self._database.execute("CREATE TABLE IF NOT EXISTS listings (key PRIMARY KEY, content)")
        self._database.execute(f"SELECT {', '.join(COLUMNS)} FROM songs LIMIT 1").fetchall()

    def _refusal(self, error: Exception) -> OSError:
        return OSError(
            f"the song cache {self.path} cannot be used ({error}); make room or set MUSEGEN_BUILD"
        )

    def add(self, rows: Iterable[tuple]) -> None:
        """Keep rows of `COLUMNS`; what is there already stays."""
        marks = ", ".join("?" * len(COLUMNS))
        try:
            with self._database:
                self._database.executemany(f"INSERT OR IGNORE INTO songs VALUES ({marks})", rows)
        except sqlite3.Error as error:
            raise self._refusal(error) from error

    def song(self, digest: str, facts: Facts, title: str) -> Song:
        """Build a song that is there."""
        try:
            (packed,) = self._database.execute(
                "SELECT packed FROM songs WHERE digest = ?", (digest,)
            ).fetchone()
            return unpack(packed, facts, title)
        except (sqlite3.Error, zlib.error, TypeError) as error:
            raise OSError(
                f"{title} is damaged in the song cache; delete {self.path} and start again"
            ) from error

    def listing(self, key: str) -> dict | None:
        """Look up what a collection held when it was last read, if it has not changed."""
        found = self._database.execute(
            "SELECT content FROM listings WHERE key = ?", (key,)
        ).fetchone()
        if not found:
            return None
        with suppress(zlib.error, ValueError):  # damaged: it is read again
            return json.loads(zlib.decompress(found[0]))
        return None

    def keep_listing(self, key: str, listing: dict) -> None:
        """Note down what a collection holds; `key` is made of the facts about its files."""
        content = zlib.compress(json.dumps(listing).encode(), 1)
        try:
            with self._database:
                self._database.execute(
                    "INSERT OR REPLACE INTO listings VALUES (?, ?)", (key, content)
                )
        except sqlite3.Error as error:
            raise self._refusal(error) from error

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()


def known(path: Path, digest: str) -> tuple[str, Facts] | None:
    """Look up a file by its content from another process: its reason, or empty and its facts.

    Where the store cannot be reached, as from another machine, nothing is known.
    """
    try:
        database = _READERS.get(path)
        if database is None:
            uri = f"{path.absolute().as_uri()}?mode=ro"
            database = _READERS[path] = sqlite3.connect(uri, uri=True, timeout=PATIENCE)
        columns = ", ".join(("reason", *Facts._fields))
        row = database.execute(
            f"SELECT {columns} FROM songs WHERE digest = ?", (digest,)
        ).fetchone()
    except (sqlite3.Error, OSError):
        return None
    return (row[0], Facts(*row[1:])) if row else None


_READERS: dict[Path, sqlite3.Connection] = {}  # of this process
