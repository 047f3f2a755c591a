"""Cells of text: how spreadsheets write them, and how formulas in them are disarmed."""

import csv
import io
import re
import unicodedata
from collections.abc import Callable
from typing import Any

DELIMITERS = (",", ";", "\t")
BLANK = {"", "-", "–", "—", "na", "n/a", "nan", "none", "null"}
# A number, then nothing, or words: "4", "4,0", "4 - rather computer", but not "4/5" or "2021-12".
GRADE = re.compile(r"([+-]?\d+(?:[.,]\d+)?)(?:[^\d%]*|[\W_]+[^\W\d_][^%]*)", re.DOTALL)
# Where a cell begins, in a spreadsheet that splits at any of three delimiters, and what makes it a
# formula there; = + - @ in full width serve in Japan.
FORMULA = r"[=+\-@\t\r＝＋－＠]"
UNARMED = re.compile(rf'(\A|[;,\t\r\n])("*)(\'*)(?={FORMULA})')
ARMED = re.compile(rf'(\A|[;,\t\r\n])("*)\'(\'*)(?={FORMULA})')


def decoded(content: bytes) -> str:
    """Decode text whose encoding nobody has told: a BOM, else UTF-8, else cp1252."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", errors="replace")
    if len(content) > 1 and content[1:200:2].count(0) > len(content[1:200:2]) / 2:
        return content.decode("utf-16-le", errors="replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def records(text: str, score: Callable[[list[str]], int]) -> list[list[str]]:
    """Split a spreadsheet, at the delimiter whose headings score best; a blank line is [].

    Raises
    ------
    ValueError
        If there are no headings, or a cell never ends.
    """
    if marked := re.match(r"\ufeff?sep=(.)\r?\n", text):  # Excel's way to say it
        return _split(text[marked.end() :], marked[1])
    tables = [_split(text, delimiter) for delimiter in DELIMITERS]
    return max(tables, key=lambda table: (score(table[0]), len(table[0])))


def _split(text: str, delimiter: str) -> list[list[str]]:
    try:
        table = list(csv.reader(io.StringIO(text.lstrip("\n\r"), newline=""), delimiter=delimiter))
    except (csv.Error, TypeError) as error:
        raise ValueError(f"no table ({error}); is a quotation mark left open?") from error
    if not table or not any(map(str.strip, table[0])):
        raise ValueError("no headings in the first line")
    return table


def clean(value: Any) -> str:
    r"""Make text that any file can hold: no control characters, no halves of letters.

    Examples
    --------
    >>> clean("so\r\nso\x00"), clean(None), clean(4.0)
    ('so\nso', '', '4.0')
    """
    if value is None or isinstance(value, list | dict):
        return ""
    text = re.sub(r"\r\n?", "\n", str(value))
    text = re.sub(r"[\x00-\x08\x0b-\x1f\x7f]", "", text)
    return text.encode("utf-8", "replace").decode("utf-8")


def folded(text: str) -> str:
    """Leave out what is easily changed in a heading: case, spaces, punctuation, widths.

    Examples
    --------
    >>> folded(" Song\u00a0#３. "), folded("LÅT_3:")
    ('song3', 'låt3')
    """
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return "".join(letter for letter in text if letter.isalnum())


def is_blank(value: Any) -> bool:
    """Tell whether somebody gave no grade: nothing, or a word for nothing."""
    return grade_of(value)[1] == "missing"


def grade_of(value: Any) -> tuple[int, str]:
    """Read a grade: a number, or text that begins with one.

    Returns
    -------
    tuple
        The grade and nothing, or 0 and the reason: missing, out_of_range or not_a_grade.

    Examples
    --------
    >>> [grade_of(cell) for cell in (4, "4,0", "４", "4 - rather computer", "5: surely")]
    [(4, ''), (4, ''), (4, ''), (4, ''), (5, '')]
    >>> [grade_of(cell)[1] for cell in (None, "-", 0, "3.5", "4/5", "four", True)]
    ['missing', 'missing', 'out_of_range', 'out_of_range', 'not_a_grade', 'not_a_grade', \
'not_a_grade']
    """
    if value is None:
        return 0, "missing"
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return 0, "not_a_grade"
    text = unicodedata.normalize("NFKC", rearmed(str(value))).strip()
    if text.casefold() in BLANK:
        return 0, "missing"
    match = GRADE.fullmatch(text)
    if not match:
        return 0, "not_a_grade"
    number = float(match[1].replace(",", "."))
    return (int(number), "") if number in (1, 2, 3, 4, 5) else (0, "out_of_range")


def disarmed(text: str) -> str:
    """Put an apostrophe before what a spreadsheet would take for a formula.

    Also inside the text, after what some spreadsheet takes for the end of a cell: Excel in Sweden
    splits at semicolons.

    Examples
    --------
    >>> disarmed("=1+1"), disarmed("a;=1+1"), disarmed("no - well, no"), disarmed("'=1")
    ("'=1+1", "a;'=1+1", 'no - well, no', "''=1")
    """
    return UNARMED.sub(r"\1\2'\3", text)


def rearmed(text: str) -> str:
    """Undo `disarmed`."""
    return ARMED.sub(r"\1\2\3", text)
