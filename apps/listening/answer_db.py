"""Answers in one SQLite file: a document a listener, the latest version, safe through a kill.

What was put is on the disk when `put` returns (write-ahead log, synced at each commit). A deleted
listener leaves a hash behind, so that a post overtaken by the deletion does not bring it back; an
invitation that was used leaves another, which does not say who used it. What is refused is refused
by the status that the server answers.
"""

import hashlib
import json
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tornado.web import HTTPError

LARGEST = 2**18  # pages of 4 kB: 16,000 listeners with the longest documents that the server takes
PATIENCE = 5.0  # seconds to wait for another process that is writing
HEAD = b"SQLite format 3\0"  # how such a file begins
# A commit is on the disk, not on its way; deleted answers are overwritten.
TABLES = f"""
PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON;
PRAGMA max_page_count={LARGEST};
CREATE TABLE IF NOT EXISTS answers (
    survey TEXT, listener TEXT, version INTEGER, finished TEXT, document TEXT,
    PRIMARY KEY (survey, listener)
);
CREATE TABLE IF NOT EXISTS deleted (survey TEXT, listener TEXT, PRIMARY KEY (survey, listener));
CREATE TABLE IF NOT EXISTS used (invitation TEXT PRIMARY KEY);
"""
PUT = """
INSERT INTO answers VALUES (:survey, :listener, :version, :finished, :document)
ON CONFLICT (survey, listener) DO UPDATE
SET version = excluded.version, finished = excluded.finished, document = excluded.document
WHERE excluded.version > version AND finished IS NULL
"""
OF_ONE = "FROM answers WHERE survey = ? AND listener = ?"


class Store:
    """The file itself, for its owner alone; several processes may use it at once.

    Parameters
    ----------
    path : Path
        Made if it is not there.
    invitations : iterable of str, optional
        Without any, whoever comes is let in.

    Raises
    ------
    OSError
        If it is no database, or cannot be written.
    """

    def __init__(self, path: Path, invitations: Iterable[str] = ()):
        self.path, self._invited = Path(path), {_hashed(code) for code in invitations}
        with self._sentences():
            os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
            # No transactions but those that say so.
            self._database = sqlite3.connect(self.path, timeout=PATIENCE, isolation_level=None)
            self._database.executescript(TABLES)

    def knows(self, survey: str, listener: str) -> bool:
        """Tell whether there are answers of a listener."""
        with self._sentences():
            return self._one(f"SELECT 1 {OF_ONE}", survey, listener) is not None

    def put(self, document: dict, invitation: str = "") -> bool:
        """Keep a document if its version is higher than the one that is there, and that is open.

        Nothing is checked but that, and the invitation of a listener who is new.

        Returns
        -------
        bool
            Whether what is kept now is finished: no later version changes it.

        Raises
        ------
        HTTPError
            410 if the listener has deleted the answers; 401 if a listener is new and the invitation
            is none, or used; 409 if what is kept is not finished, and another version that is as
            high or higher.
        OSError
            If it cannot be written: nothing has changed then.
        """
        survey, listener = document["survey"], document["listener"]
        text = json.dumps(document)  # ASCII: any letter can be stored, even half of one
        with self._writing():
            gone = "SELECT 1 FROM deleted WHERE survey = ? AND listener = ?"
            if self._one(gone, survey, _hashed(listener)):
                raise HTTPError(410)
            if self._invited and not self.knows(survey, listener):
                code = _hashed(invitation)
                if code not in self._invited or self._one(
                    "SELECT 1 FROM used WHERE invitation = ?", code
                ):
                    raise HTTPError(401)
                self._database.execute("INSERT INTO used VALUES (?)", (code,))
            self._database.execute(PUT, document | {"document": text})
            finished, kept = self._one(f"SELECT finished, document {OF_ONE}", survey, listener)
            if finished is None and kept != text:
                raise HTTPError(409)
            return finished is not None

    def delete(self, survey: str, listener: str) -> None:
        """Delete a listener's answers for good, there or yet to come.

        Raises
        ------
        OSError
            If it cannot be written: nothing has changed then.
        """
        with self._writing():
            self._database.execute(f"DELETE {OF_ONE}", (survey, listener))
            who = (survey, _hashed(listener))
            self._database.execute("INSERT OR IGNORE INTO deleted VALUES (?, ?)", who)
        self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # the log holds copies

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

    def _one(self, question: str, *values):
        return self._database.execute(question, values).fetchone()

    @contextmanager
    def _sentences(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise OSError(
                f"the answers cannot be kept in {self.path} ({error}); choose another folder, "
                "that you may write to"
            ) from error

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with self._sentences(), self._database:  # commits, or rolls back
            self._database.execute("BEGIN IMMEDIATE")
            yield


def documents(path: Path) -> list[str]:
    """Give every document of a database, which may be in use.

    Raises
    ------
    ValueError
        If it is another program's, or damaged.
    """
    try:
        # Closed at once: an open reader would keep the server from tidying its journal.
        uri = f"{path.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True, timeout=2 * PATIENCE)) as database:
            rows = database.execute("SELECT document FROM answers ORDER BY survey, listener")
            return [document for (document,) in rows]
    except sqlite3.Error as error:
        raise ValueError(
            f"{path} cannot be read as a database of answers ({error}); give the file that "
            "`python -m musegen survey serve` keeps, in a folder you may write to"
        ) from error


def _hashed(code: str) -> str:
    # 80 random bits need no salt.
    return hashlib.sha256(code.encode("ascii", "backslashreplace")).hexdigest()
