"""Answers in one SQLite file: a document a listener, the latest version, safe through a kill.

What was put is on the disk when `put` returns (write-ahead log, synced at each commit). A deleted
listener leaves a hash behind, so that a post overtaken by the deletion does not bring it back.
"""

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

OURS = int.from_bytes(b"muse")  # in the head of the file: whose database it is
LARGEST = 2**30  # bytes: 16,000 listeners with the longest documents that the server takes
PATIENCE = 5.0  # seconds to wait for another process that is writing
TABLES = """
CREATE TABLE IF NOT EXISTS answers (
    survey TEXT, listener TEXT, version INTEGER, document TEXT, first TEXT, last TEXT,
    PRIMARY KEY (survey, listener)
);
CREATE TABLE IF NOT EXISTS deleted (
    survey TEXT, listener TEXT, at TEXT, PRIMARY KEY (survey, listener)
);
"""
PUT = """
INSERT INTO answers VALUES (:survey, :listener, :version, :document, :now, :now)
ON CONFLICT (survey, listener) DO UPDATE
SET version = excluded.version, document = excluded.document, last = excluded.last
WHERE excluded.version > version
"""


class Deleted(Exception):
    """The listener has deleted these answers; they stay deleted."""


class Store:
    """The file itself; several processes may use it at once.

    Parameters
    ----------
    path : Path
        Made if it is not there.

    Raises
    ------
    OSError
        If it is another program's file, cannot be written, or is on a disk that can't lock files.
    """

    def __init__(self, path: Path):
        self.path = Path(path)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            # No transactions but those that say so.
            self._database = sqlite3.connect(self.path, timeout=PATIENCE, isolation_level=None)
        except (sqlite3.Error, OSError) as error:
            raise self._refusal(error) from error
        try:
            self._prepare()
        except sqlite3.Error as error:
            self._database.close()
            raise self._refusal(error) from error
        except OSError:
            self._database.close()
            raise

    def _prepare(self) -> None:
        ask = self._database.execute
        # Looked at before anything is changed: it may be somebody else's.
        (owner,) = ask("PRAGMA application_id").fetchone()
        (tables,) = ask("SELECT count(*) FROM sqlite_master").fetchone()
        if tables and owner != OURS:
            raise self._refusal("it is a database of another program")
        (mode,) = ask("PRAGMA journal_mode=WAL").fetchone()
        if mode != "wal":
            raise self._refusal("its disk cannot share files; use one of this machine")
        ask("PRAGMA synchronous=FULL")  # a commit is on the disk, not on its way
        ask("PRAGMA secure_delete=ON")  # deleted answers are overwritten
        (page,) = ask("PRAGMA page_size").fetchone()
        ask(f"PRAGMA max_page_count={LARGEST // page}")
        with self._writing():
            for table in TABLES.split(";"):
                ask(table)
            ask(f"PRAGMA application_id={OURS}")

    def _refusal(self, reason) -> OSError:
        return OSError(
            f"the answers cannot be kept in {self.path} ({reason}); choose another file, in a "
            "folder that you may write to"
        )

    @contextmanager
    def _writing(self) -> Iterator[None]:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._database.execute("COMMIT")
        except BaseException:
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            raise

    def put(self, document: dict) -> bool:
        """Keep a document if its version is higher than the one that is there.

        Nothing is checked but that: an equal or lower version changes nothing.

        Returns
        -------
        bool
            Whether it is kept now.

        Raises
        ------
        Deleted
            If the listener has deleted the answers.
        OSError
            If it cannot be written: nothing has changed then.
        """
        survey, listener = document["survey"], document["listener"]
        row = {
            "survey": survey,
            "listener": listener,
            "version": document["version"],
            "document": json.dumps(document),  # ASCII: any letter can be stored, even half of one
            "now": _now(),
        }
        try:
            with self._writing():
                if self._database.execute(
                    "SELECT 1 FROM deleted WHERE survey = ? AND listener = ?",
                    (survey, _hashed(listener)),
                ).fetchone():
                    raise Deleted
                return self._database.execute(PUT, row).rowcount == 1
        except sqlite3.Error as error:
            raise self._refusal(error) from error

    def delete(self, survey: str, listener: str) -> None:
        """Delete a listener's answers for good, there or yet to come.

        Raises
        ------
        OSError
            If it cannot be written: nothing has changed then.
        """
        try:
            with self._writing():
                self._database.execute(
                    "DELETE FROM answers WHERE survey = ? AND listener = ?", (survey, listener)
                )
                self._database.execute(
                    "INSERT OR IGNORE INTO deleted VALUES (?, ?, ?)",
                    (survey, _hashed(listener), _now()),
                )
            self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # the log holds copies
        except sqlite3.Error as error:
            raise self._refusal(error) from error

    def documents(self, survey: str | None = None) -> list[dict]:
        """Give the documents of a survey, or of all."""
        rows = self._database.execute(
            "SELECT document FROM answers WHERE ? IN (survey, '') ORDER BY survey, listener",
            (survey or "",),
        )
        return [json.loads(document) for (document,) in rows]

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()


def _hashed(listener: str) -> str:
    # 80 random bits need no salt.
    return hashlib.sha256(listener.encode("ascii", "backslashreplace")).hexdigest()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
