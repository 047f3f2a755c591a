"""Answer documents of the listening page: one JSON object a listener, in files or a database.

Conventions
-----------
document
    What `FORMAT` stands for: who (a code), which survey, a version that grows with every change,
    the order of the items, and an answer for each item that was reached.
row
    One thing to use or to list, see `apps.listening.answers.Row`.
"""

import json
import math
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from apps.listening.answer_key import Key
from apps.listening.csv_text import clean, decoded, is_blank
from apps.listening.outcomes import Row, is_attentive, judged, listed, shown

FORMAT = "musegen answers 1"
# Crockford's base32 has no I, L, O, U: what is read aloud is understood.
LISTENER = re.compile(r"[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){3}")
ABOUT = ("age", "gender", "profession", "culture", "music")
LARGEST = 1_000_000  # bytes of a file; the page's own stay under 64,000
DATABASE = b"SQLite format 3\0"  # how such a file begins


class Document(NamedTuple):
    """A document that says who it is from, and where it was found."""

    where: str
    listener: str
    survey: str
    version: int
    content: dict


def is_database(path: Path) -> bool:
    """Tell whether a file is an SQLite database."""
    with path.open("rb") as file:
        return file.read(len(DATABASE)) == DATABASE


def from_folder(folder: Path) -> Iterator[tuple[str, Any]]:
    """Give every file of a folder, at any depth, with its JSON or the `ValueError` it met."""
    files = [folder] if folder.is_file() else (p for p in folder.rglob("*") if not p.is_dir())
    for path in sorted(files):
        where = clean(path.relative_to(folder).as_posix() if path != folder else path.name)
        if path.suffix.lower() != ".json":
            yield where, Row(where, reason="other_file")
        else:
            yield where, _parsed(lambda path=path: _read(path))


def from_database(path: Path) -> Iterator[tuple[str, Any]]:
    """Give every document of the server's database, which may be running.

    Raises
    ------
    ValueError
        If it is another program's, or damaged.
    """
    try:
        # Closed at once: an open reader would keep the server from tidying its journal.
        database = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=10)
        try:
            rows = database.execute("SELECT document FROM answers ORDER BY survey, listener")
            documents = [document for (document,) in rows]
        finally:
            database.close()
    except sqlite3.Error as error:
        raise ValueError(
            f"{path} cannot be read as a database of answers ({error}); give the file that "
            "`python -m musegen survey serve` keeps, in a folder you may write to"
        ) from error
    for number, document in enumerate(documents, start=1):
        yield f"document {number}", _parsed(lambda text=document: _loaded(text))


def _read(path: Path) -> Any:
    with path.open("rb") as file:
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise ValueError(f"larger than {LARGEST:,} bytes")
    return json.loads(decoded(content))


def _loaded(text: Any) -> Any:
    if not isinstance(text, str | bytes):
        raise ValueError("not text")
    return json.loads(text)


def _parsed(read) -> Any:
    try:
        return read()
    except RecursionError:
        return ValueError("too deep")
    except (ValueError, OSError) as error:
        return ValueError(str(error))


def rows_of(found: Iterator[tuple[str, Any]], key: Key, path: Path) -> Iterator[Row]:
    """Judge the documents of a folder or database.

    The highest version of each listener counts, the first of several equal ones; whether there is
    consent is asked of that one alone.

    Raises
    ------
    ValueError
        If all documents belong to another survey.
    """
    documents = []
    for where, content in found:
        if isinstance(content, Row):
            yield content
            continue
        try:
            documents.append(_document(where, content))
        except ValueError as error:
            yield Row(where, reason="unreadable", value=clean(str(error))[:200])
    others = [document.survey for document in documents if document.survey != key.survey]
    if others and len(others) == len(documents):
        raise ValueError(
            f"{key.path} is the key of survey {key.survey}, but the answers in {path} are of "
            f"survey {', '.join(sorted(set(others))[:3])}; use the key that lies beside that page"
        )
    latest: dict[str, Document] = {}
    for document in documents:
        best = latest.setdefault(document.listener, document)
        if document.survey == key.survey and (
            best.survey != key.survey or document.version > best.version
        ):
            latest[document.listener] = document
    for document in documents:
        yield from _judged(document, latest[document.listener] is document, key)


def _document(where: str, content: Any) -> Document:
    """Check what a document can't do without.

    Raises
    ------
    ValueError
        Saying what it lacks.
    """
    if isinstance(content, ValueError):
        raise content
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise ValueError(f'not in the format "{FORMAT}"')
    listener, version = content.get("listener"), content.get("version")
    if not isinstance(listener, str) or not LISTENER.fullmatch(listener):
        raise ValueError("no code of a listener")
    if not isinstance(content.get("survey"), str):
        raise ValueError("no name of a survey")
    if not isinstance(version, int) or isinstance(version, bool):
        raise ValueError("no version")
    if not isinstance(content.get("answers"), dict):
        raise ValueError("no answers")
    return Document(where, listener, clean(content["survey"])[:40], version, content)


def _judged(document: Document, is_latest: bool, key: Key) -> Iterator[Row]:
    where, listener, survey, _, content = document
    given = {
        item: entry.get("grade") if isinstance(entry, dict) else entry
        for item, entry in content["answers"].items()
    }
    given = {item: value for item, value in given.items() if not is_blank(value)}
    reason = ""
    if survey != key.survey:
        reason = "other_survey"
    elif not is_latest:
        reason = "duplicate"
    elif content.get("consent") is not True:
        reason = "no_consent"
    if reason or not given:
        yield from listed(where, listener, given, reason)
        return
    songs = [item for item, of in key.items.items() if of.role == "song"]
    order = _order(content, songs)
    of_listener = _about(content) | {"attentive": is_attentive(key, given)}
    for item, value in given.items():
        grade, reason = judged(value, key.items.get(item))
        if reason:
            yield Row(where, listener, clean(item), reason, shown(value))
            continue
        used = {
            "listener": listener,
            "song": key.items[item].song,
            "source": key.items[item].source,
            "grade": grade,
            "item": item,
            "position": order.index(item) + 1 if item in order else None,
            **_entry(content["answers"][item]),
            **of_listener,
        }
        yield Row(where, listener, item, used=used)
    for item in order or songs:
        if item not in given:
            yield Row(where, listener, item, "missing")


def _order(content: dict, songs: list[str]) -> list[str]:
    """List the songs a listener was to hear, practice and attention left out."""
    order = content.get("order")
    order = order if isinstance(order, list) else []
    return list(dict.fromkeys(i for i in order if isinstance(i, str) and i in songs))


def _entry(entry: Any) -> dict:
    """Take what is known of one answer beside the grade."""
    entry = entry if isinstance(entry, dict) else {}
    known, heard = entry.get("known"), entry.get("heard")
    is_number = isinstance(heard, int | float) and not isinstance(heard, bool)
    return {
        "known": known if isinstance(known, bool) else None,
        "comment": clean(entry.get("comment")),
        "heard": float(heard) if is_number and 0 <= heard < 1e9 and math.isfinite(heard) else None,
    }


def _about(content: dict) -> dict:
    """Take what is known of the listener."""
    about = content.get("about")
    about = about if isinstance(about, dict) else {}
    return {
        "language": clean(content.get("language")),
        **{name: clean(about.get(name)) for name in ABOUT},
        "overall_comment": clean(content.get("comment")),
    }
