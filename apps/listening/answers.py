"""Answers to a survey, wherever they were kept: each grade is used, or listed with a reason.

The columns of the tidy frame, a row a listener and song:

======================== ==========================================================================
``listener``             a code; for a spreadsheet made of the address or name, which is not kept,
                         or ``row 12`` where rows have neither
``song``, ``source``     as in the key
``grade``                1 (surely a human) to 5 (surely a computer)
``item``, ``position``   blind name, and its place among this listener's songs, 1 for the first
``known``, ``comment``   whether the song was recognised; what was said about it
``heard``                seconds
``language``             of the page
``age`` ... ``music``    what the listener said of themselves (report 4.4.2)
``overall_comment``      what was said at the end (report 4.4.2)
``attentive``            whether all attention checks were right; there only if the key has some
======================== ==========================================================================

A spreadsheet gives the first four, and those of ``age`` ... ``music`` that it has headings for.
Text is empty where nothing was said. The list of the rest has the columns ``where``, ``listener``,
``item``, ``reason`` (`REASONS` says what each means) and ``value``.

Report 2.4 and 4.4.2. Notebook: 05_survey_analysis, "Your own survey".
"""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from apps.listening import answers_json, form_csv
from apps.listening.answer_key import Key, read_key
from apps.listening.answers_json import ABOUT
from apps.listening.csv_text import disarmed, rearmed
from apps.listening.outcomes import GRADE_REASONS, Row
from musegen.files import atomic_write

KINDS = {
    "listener": "str",
    "song": "str",
    "source": "str",
    "grade": "int64",
    "item": "str",
    "position": "Int64",
    "known": "boolean",
    "comment": "str",
    "heard": "float64",
    "language": "str",
    **dict.fromkeys(ABOUT, "str"),
    "overall_comment": "str",
    "attentive": "bool",
}
ALWAYS = ("listener", "song", "source", "grade")
LISTED = ("where", "listener", "item", "reason", "value")


@dataclass(frozen=True, repr=False, eq=False)
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

    @property
    def given(self) -> int:
        """Count the grades that were given, used or not."""
        return len(self.frame) + int(self.listed["reason"].isin(list(GRADE_REASONS)).sum())

    def summary(self) -> pd.Series:
        """Count the grades that are used, and the rest by reason, the most frequent first."""
        rest = self.listed["reason"].value_counts()
        counts = pd.concat([pd.Series({"used": len(self.frame)}), rest]).astype("int64")
        return counts.rename_axis("reason").rename("count")

    def write_csv(self, path) -> Path:
        """Write the frame as CSV in UTF-8, with formulas disarmed; `read_tidy` reads it again."""
        path = Path(path)
        frame = self.frame.copy()
        for name in frame.columns:
            if KINDS.get(name) == "str":
                frame[name] = frame[name].map(disarmed)
        with atomic_write(path) as part:
            frame.to_csv(part, index=False, lineterminator="\n", encoding="utf-8")
        return path

    def __repr__(self):
        listeners = self.frame["listener"].nunique()
        rest = ", ".join(f"{n} {reason}" for reason, n in self.summary().iloc[1:].items())
        return f"{len(self.frame)} grades of {listeners} listeners; listed: {rest or 'nothing'}"


def load_answers(path, key) -> Answers:
    """Read answers.

    Parameters
    ----------
    path : str or Path
        A folder of answer files, at any depth (of several from one listener the highest version
        counts); or the server's database, while it runs or after; or a spreadsheet as CSV with a
        column a song (of several rows from one listener the last counts). CSV may be split by
        commas, semicolons or tabs, be in UTF-8, UTF-16 or cp1252, and hold grades as ``4``,
        ``4,0`` or ``4 - rather computer``.
    key : str or Path
        The key beside the survey's page; for a spreadsheet, a CSV that says in the columns
        ``column``, ``song`` and ``source`` which heading is which song.

    Returns
    -------
    Answers
        Whose `given` is the number of grades that were found.

    Raises
    ------
    ValueError
        If there is nothing at `path`, it is of another kind, or the key is wrong or of another
        survey.
    """
    path, read = Path(path), read_key(key)
    try:
        return _answers(_rows(path, read), read)
    except OSError as error:
        raise ValueError(
            f"the answers {path} cannot be read ({error.strerror}); give a folder of answer files, "
            "the server's database, or a spreadsheet as CSV"
        ) from error


def read_tidy(path) -> pd.DataFrame:
    """Read the frame that `Answers.write_csv` wrote, the same to the letter.

    Raises
    ------
    ValueError
        If a column is missing or holds something else.
    """
    try:
        frame = pd.read_csv(path, dtype="str", keep_default_na=False, encoding="utf-8")
        missing = [name for name in ALWAYS if name not in frame]
        if missing:
            raise ValueError(f"no column {', '.join(missing)}")
        for name in frame.columns:
            frame[name] = _as(KINDS.get(name, "str"), frame[name])
    except (ValueError, TypeError, KeyError, OSError) as error:
        raise ValueError(
            f"{path} is no tidy table of answers ({error}); write it anew with `survey export`"
        ) from error
    return frame


def _as(kind: str, column: pd.Series) -> pd.Series:
    if kind == "str":
        return column.map(rearmed).astype("str")
    if kind in ("bool", "boolean"):
        values = [{"True": True, "False": False, "": None}[text] for text in column]
        return pd.Series(values, dtype=kind, index=column.index)
    return pd.to_numeric(column.replace("", None)).astype(kind)


def _rows(path: Path, key: Key) -> list[Row]:
    is_page = bool(key.survey)
    if path.is_dir() or path.suffix.lower() == ".json":
        found = answers_json.from_folder(path)
    elif answers_json.is_database(path):
        found = answers_json.from_database(path)
    elif not is_page:
        return list(form_csv.rows_of(path, key))
    else:
        raise ValueError(
            f"{path} is neither a folder nor a database of answers; for the spreadsheet of a form "
            f"tool give a key with the columns column, song, source, not {key.path}"
        )
    if not is_page:
        raise ValueError(
            f"{key.path} is a key for a spreadsheet, but {path} holds answers of a page; use the "
            "key that lies beside the page, *.key.csv"
        )
    return list(answers_json.rows_of(found, key, path))


def _answers(rows: list[Row], key: Key) -> Answers:
    used = [row.used for row in rows if row.used is not None]
    known = {name for row in used for name in row if row[name] is not None}
    if key.survey:  # what a page asks is known, even where nobody said a thing
        known = set(KINDS)
        if not any(item.role == "attention" for item in key.items.values()):
            known.remove("attentive")
    columns = [name for name in KINDS if name in known or name in ALWAYS]
    frame = pd.DataFrame({name: [row.get(name) for row in used] for name in columns})
    rest = [tuple(getattr(row, name) for name in LISTED) for row in rows if row.used is None]
    listed = pd.DataFrame(rest, columns=list(LISTED))
    return Answers(frame.astype({name: KINDS[name] for name in columns}), listed.astype("str"))
