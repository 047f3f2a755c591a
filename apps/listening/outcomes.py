"""What becomes of each grade that was given: a row of the tidy frame, or of the list of the rest.

Whoever reads answers makes one `Row` of each grade, so none is lost and none counts twice.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

from apps.listening.answer_key import Item, Key
from apps.listening.csv_text import clean, grade_of

# Reasons for a grade that was given and is not used.
GRADE_REASONS = {
    "practice": "the piece to practise on, graded but not counted",
    "attention": "an attention check, not a song",
    "unknown_item": "not in the key, so nobody knows which song it is about",
    "out_of_range": "a number, but not 1, 2, 3, 4 or 5",
    "not_a_grade": "no number at the beginning, or more than one; the key can say which a label is",
    "duplicate": "the same listener has answered later, or a column is there twice",
    "no_consent": "the listener has not agreed to take part",
    "other_survey": "an answer to another survey",
    "extra_cells": "more cells than headings, so the row may have shifted",
}
# Reasons where no grade was given, or none can be found.
OTHER_REASONS = {
    "missing": "a song without a grade",
    "empty": "not a single grade",
    "column_not_found": "a column of the key that the spreadsheet does not have",
    "unreadable": "not an answer document, see the value",
    "other_file": "a file of another kind",
}
REASONS = GRADE_REASONS | OTHER_REASONS


class Row(NamedTuple):
    """One grade, or what stands where one should be.

    Attributes
    ----------
    where : str
        File, document or row it comes from.
    listener, item : str
        Empty where unknown.
    reason : str
        One of `REASONS`; empty if the grade is used.
    value : str
        What was given, cut to 200 letters; empty where it should not be kept.
    used : dict or None
        Columns of the tidy frame.
    """

    where: str
    listener: str = ""
    item: str = ""
    reason: str = ""
    value: str = ""
    used: dict | None = None


def judged(value: Any, of: Item | None) -> tuple[int, str]:
    """Give the grade that counts, or 0 and the reason why none does."""
    if of is None:
        return 0, "unknown_item"
    if of.role != "song":
        return 0, of.role
    return grade_of(value)


def listed(where: str, listener: str, given: dict[str, Any], reason: str) -> Iterable[Row]:
    """List all grades of a document or a row; one row says so where there are none."""
    if not given:
        yield Row(where, listener, reason="empty")
    for item, value in given.items():
        # What somebody did not agree to, or may be another column, is not repeated.
        kept = "" if reason in ("no_consent", "extra_cells") else shown(value)
        yield Row(where, listener, clean(item), reason, kept)


def shown(value: Any) -> str:
    """Show what was given instead of a grade."""
    if isinstance(value, list | dict):
        return f"a {type(value).__name__}"
    return clean(value)[:200]


def is_attentive(key: Key, given: dict[str, Any]) -> bool | None:
    """Tell whether all attention checks of the key are right; one not answered is not.

    Nothing where the key has none.
    """
    checks = {item: of.source for item, of in key.items.items() if of.role == "attention"}
    if not checks:
        return None
    return all(grade_of(given.get(item)) == (int(asked), "") for item, asked in checks.items())
