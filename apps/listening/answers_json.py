"""Answer documents of the listening page: one JSON object a listener, in files or a database."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from apps.listening import answer_db
from apps.listening.answer_key import Item, Key
from apps.listening.answer_schema import ABOUT, AGAIN, checked, parsed


def found_in(path: Path) -> Iterator[tuple[str, str | bytes]]:
    """Give the documents of the server's database, or every file of a folder at any depth."""
    if path.is_file() and path.read_bytes()[: len(answer_db.HEAD)] == answer_db.HEAD:
        for number, document in enumerate(answer_db.documents(path), start=1):
            yield f"document {number}", document
        return
    for file in sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]:
        where = file.relative_to(path.parent if file == path else path).as_posix()
        yield where, file.read_bytes()


def rows_of(path: Path, key: Key) -> pd.DataFrame:
    """Judge the documents of a folder or database, see `apps.listening.answers`.

    The highest version of each listener counts, the first of several equal ones.

    Raises
    ------
    ValueError
        If all documents belong to another survey.
    """
    rows, documents = [], []
    for where, text in found_in(path):
        try:
            documents.append((where, checked(parsed(text))))
        except ValueError as error:
            rows.append({"where": where, "reason": "unreadable", "value": str(error)})
    surveys = {document["survey"] for _, document in documents}
    if surveys and key.survey not in surveys:
        raise ValueError(
            f"{key.path} is the key of survey {key.survey}, but the answers in {path} are of "
            f"survey {min(surveys)}; use the key that was made with that page"
        )
    ours = [document for _, document in documents if document["survey"] == key.survey]
    ours = sorted(reversed(ours), key=lambda document: document["version"])
    latest = {document["listener"]: document for document in ours}
    for where, document in documents:
        reason = "other_survey" if document["survey"] != key.survey else "duplicate"
        reason = "" if document is latest.get(document["listener"]) else reason
        of_document = {"where": where, "listener": document["listener"]}
        rows += [of_document | row for row in _judged(document, key, reason)]
    return pd.DataFrame(rows)


def _judged(document: dict, key: Key, reason: str) -> Iterator[dict]:
    """Give a row for each answer of a document, and for each piece that was not graded."""
    graded = {item: answer["grade"] for item, answer in document["answers"].items()}
    items = [*dict.fromkeys([*document["order"], *graded])]
    named = {item: key.items.get(item, Item("unknown_item", "", "")) for item in items}
    pieces = [i for i in document["order"] if named[i].role not in ("practice", "attention")]
    of_listener = _of_listener(document, key, graded)
    for item, of in named.items():
        answer, grade = document["answers"].get(item, {}), graded.get(item)
        why = "missing" if grade is None else "" if of.role == "song" else of.role
        yield {
            "item": item,
            "value": "" if grade is None else str(int(grade)),
            "reason": reason or why,
            "grade": grade,
            "song": of.song,
            "source": of.source,
            "position": pieces.index(item) + 1 if item in pieces else None,
            "known": answer.get("known"),
            "heard": answer.get("heard"),
            "comment": answer.get("comment", ""),
            **of_listener,
        }


def _of_listener(document: dict, key: Key, graded: dict[str, Any]) -> dict:
    """Take what is known of the listener, and the grades that tell how they answer."""
    twice = [item for item in graded if item.endswith(AGAIN)]
    pairs = [(graded[item], graded.get(item.removesuffix(AGAIN))) for item in twice]
    fakes = [graded.get(item) for item in key.named("fake")]
    checks = {item: int(of.source) for item, of in key.named("attention").items()}
    return {
        "language": document["language"],
        "started": document["started"],
        "finished": document["finished"] or "",
        "attentive": all(graded.get(item) == asked for item, asked in checks.items()),
        "again": next((abs(one - other) for one, other in pairs if one and other), None),
        "fake": next(iter(fakes), None),
        **{name: document["about"].get(name, "") for name in ABOUT},
        "overall_comment": document["comment"],
    }
