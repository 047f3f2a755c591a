"""Answers to a survey, wherever they were kept: each grade is used, or listed with a reason.

The columns of the tidy frame, a row a listener and song:

======================== ==========================================================================
``listener``             a code; for a spreadsheet made of the address or name, which is not kept,
                         or ``row 12`` where the key names no column of listeners
``song``, ``source``     as in the key
``grade``                1 (surely a human) to 5 (surely a computer)
``item``, ``position``   blind name, and its place among this listener's pieces, 1 for the first
``known``, ``comment``   whether the song was recognised; what was said about it
``heard``                seconds
``language``             of the page
``started, finished``    when, in UTC; empty if not
``attentive``            whether the attention check was right
``again``                how far apart the two grades of the piece are that was heard twice
``fake``                 the grade of the piece of shuffled notes
``age`` ... ``culture``  what the listener said of themselves (report 4.4.2)
``overall_comment``      what was said at the end (report 4.4.2)
======================== ==========================================================================

A spreadsheet gives the first five, and what else its key names. Text is empty where nothing was
said. The list of the rest has the columns ``where``, ``listener``, ``item``, ``reason`` and
``value``. The reasons:

================ ==================================================================================
``practice``     the piece to practise on, graded but not counted
``attention``    an attention check, not a song
``fake``         shuffled notes, for the column ``fake``
``again``        a piece heard for the second time, for the column ``again``
``unknown_item`` not in the key, so nobody knows which song it is about
``out_of_range`` a number, but not 1, 2, 3, 4 or 5
``not_a_grade``  no number, and no label of the key
``duplicate``    the same listener has answered later
``other_survey`` an answer to another survey
``extra_cells``  more cells than headings, so the row may have shifted
``missing``      a piece without a grade
``not_in_key``   a column that the key does not name
``unreadable``   not an answer document, see the value
================ ==================================================================================

Report 2.4 and 4.4.2. Notebook: more/planning_a_survey, "Your own survey".
"""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from apps.listening import answer_db, form_csv
from apps.listening.answer_key import Item, Key, read_key, write_private
from apps.listening.answer_schema import ABOUT, AGAIN, checked, parsed

KINDS = {
    **dict.fromkeys(("listener", "song", "source"), "str"),
    "grade": "int64",
    "item": "str",
    "position": "Int64",
    "known": "boolean",
    "comment": "str",
    "heard": "float64",
    **dict.fromkeys(("language", "started", "finished"), "str"),
    "attentive": "boolean",
    **dict.fromkeys(("again", "fake"), "Int64"),
    **dict.fromkeys((*ABOUT, "overall_comment"), "str"),
}
FORMULA = r"\A[\s=+\-@＝＋－＠]"
LISTED = ("where", "listener", "item", "reason", "value")
# Stated before anybody answers: who or what the analysis leaves out, where the answers tell.
EXCLUSIONS = {
    "the listener knew the piece": ("known", [True]),
    "failed the attention check": ("attentive", [False]),
    "shuffled notes graded 1 or 2": ("fake", [1, 2]),
    "did not finish": ("finished", [""]),
}


@dataclass(frozen=True)
class Answers:
    """Answers that were read.

    Attributes
    ----------
    frame : DataFrame
        The grades that count, see the module.
    listed : DataFrame
        Every other grade, and what else was no answer, with `where`, `listener`, `item`, `reason`
        and `value`.
    """

    frame: pd.DataFrame
    listed: pd.DataFrame

    def summary(self) -> pd.Series:
        """Count the grades that are used, and the rest by reason, the most frequent first."""
        rest = self.listed["reason"].value_counts()
        return pd.concat([pd.Series({"used": len(self.frame)}), rest]).astype("int64")

    def exclusions(self) -> pd.DataFrame:
        """Show what each rule of `EXCLUSIONS` leaves and changes: a row a rule, then all of them.

        Returns
        -------
        DataFrame
            Listeners and grades that are left, and the mean grade of each source.
        """
        out = {
            rule: self.frame[column].isin(values)
            for rule, (column, values) in EXCLUSIONS.items()
            if column in self.frame
        }
        out["all of these"] = pd.DataFrame(out, index=self.frame.index).any(axis=1)
        rows = {"nothing": self.frame} | {rule: self.frame[~of] for rule, of in out.items()}
        table = {
            rule: {"listeners": left["listener"].nunique(), "grades": len(left)}
            | left.groupby("source")["grade"].mean().to_dict()
            for rule, left in rows.items()
        }
        return pd.DataFrame.from_dict(table, orient="index").rename_axis("left out")

    def write_csv(self, path) -> Path:
        """Write the frame as CSV in UTF-8, for its owner alone, with formulas disarmed."""
        text = self.frame.select_dtypes("str").columns
        # An apostrophe before what a spreadsheet would run.
        disarmed = self.frame[text].map(lambda cell: re.sub(FORMULA, r"'\g<0>", cell))
        frame = self.frame.assign(**disarmed)
        write_private(Path(path), frame.to_csv(index=False, quoting=csv.QUOTE_NONNUMERIC))
        return Path(path)


def load_answers(path, key) -> Answers:
    """Read answers.

    Parameters
    ----------
    path : str or Path
        A folder of answer files, at any depth (of several from one listener the highest version
        counts); or the server's database, while it runs or after; or a spreadsheet as CSV with a
        column a song (of several rows from one listener the last counts), split by whatever, in
        UTF-8, UTF-16 or cp1252, with grades as ``4``, ``4,0`` or in words that the key knows.
    key : str or Path
        The key made with the survey's page; or for a spreadsheet, see `answer_key`.

    Returns
    -------
    Answers

    Raises
    ------
    ValueError
        If there is nothing at `path`, it is of another kind, or the key is wrong or of another
        survey.
    """
    path = Path(path)
    try:
        key = read_key(key)
        return _answers((rows_of if key.survey else form_csv.rows_of)(path, key))
    except OSError as error:
        raise ValueError(
            f"{error.filename} cannot be read ({error.strerror}); give a folder of answer files or "
            "the server's database, and the key that `survey build` wrote with its page; or a "
            "spreadsheet as CSV, and a key that you write, which names its columns"
        ) from error


def _answers(rows: pd.DataFrame) -> Answers:
    rows = rows.reindex(columns=list(dict.fromkeys((*LISTED, *list(KINDS)[:4], *rows.columns))))
    text = [name for name in rows if KINDS.get(name, "str") == "str"]
    rows[text] = rows[text].astype("object").where(rows[text].notna(), "").map(_clean)
    used = rows[rows["reason"] == ""]
    frame = used[[name for name in KINDS if name in rows]]
    frame = frame.astype({name: KINDS[name] for name in frame}).reset_index(drop=True)
    return Answers(frame, rows.loc[rows["reason"] != "", list(LISTED)].reset_index(drop=True))


def _clean(text) -> str:
    """Make text that any file can hold: no control characters, no halves of letters."""
    kept = "".join(letter for letter in str(text) if letter >= " " or letter in "\t\n")
    return kept.encode("utf-8", "replace").decode()[:4000]


# --- Documents of the listening page: one JSON object a listener ----


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
    """Judge the documents of a folder or database, see the module.

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
