"""The key of a survey: which blind item, or which column of a spreadsheet, is which song.

A page's key is written by `survey build`. For the spreadsheet of a form tool you write one; its
columns are ``column, song, source`` and, where you need them, ``role`` and ``grade``:

- a column of grades has its heading in ``column``, and what it is about in ``song`` and ``source``;
- another column has in ``role`` what it holds: ``listener`` (address, name or number), ``time``
  (with its format in ``source``, such as ``%d/%m/%Y %H:%M``, unless it is ``2026-11-23 10:00``),
  or ``age``, ``gender``, ``profession``, ``music``, ``culture``;
- a word that stands for a grade has it in ``grade``: ``2 - probably human,,,,2``.
"""

import csv
import hashlib
import hmac
import io
import os
import re
import unicodedata
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from apps.listening.answer_schema import ABOUT, AGAIN
from musegen.files import atomic_write

ROLES = ("song", "practice", "attention", "fake", "listener", "time", *ABOUT)
PAGE = ("survey", "item", "role", "song", "source")  # columns, for a page of `survey build`
FORM = ("column", "song", "source")  # columns, for the spreadsheet of a form tool
LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # as in the page's own codes


class Item(NamedTuple):
    """What an item or a column stands for: a role of `ROLES`, or a piece heard *again*.

    `source` holds the grade that an attention check asks for.
    """

    role: str
    song: str
    source: str


@dataclass(frozen=True)
class Key:
    """A key that was read.

    Attributes
    ----------
    path : Path
    survey : str
        8 hex digits; empty for a spreadsheet of a form tool.
    items : dict of str to Item
        By blind name, or by the heading of a column.
    secret : bytes
    labels : dict of str to str
        The grade that a word of a form tool stands for.
    """

    path: Path
    survey: str
    items: dict[str, Item]
    secret: bytes
    labels: dict[str, str]

    def named(self, role: str) -> dict[str, Item]:
        """Give the items or columns of a role."""
        return {name: item for name, item in self.items.items() if item.role == role}

    def code(self, name: str) -> str:
        """Make a code of somebody's name or address, the same one each time with this key.

        Who has the key could try addresses; who has only the code can't.
        """
        digest = hmac.digest(self.secret, name.encode("utf-8", "replace"), hashlib.sha256)
        return as_code(digest[:16])


def as_code(numbers: bytes) -> str:
    """Write 16 bytes as a code that can be read aloud: 80 bits."""
    letters = "".join(LETTERS[byte % 32] for byte in numbers)
    return "-".join(letters[i : i + 4] for i in range(0, 16, 4))


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read."""
    with atomic_write(path) as part:
        os.close(os.open(part, os.O_CREAT | os.O_WRONLY, 0o600))
        part.write_text(text, encoding="utf-8", newline="")


def decoded(content: bytes) -> str:
    """Decode text whose encoding nobody has told: a BOM, else UTF-8, else cp1252."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", errors="replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def plain(text: str) -> str:
    r"""Leave out what nobody sees in a heading or a label: case, widths, spaces at the ends.

    Examples
    --------
    >>> plain(" Song\u00a03 \n"), plain("ＬÅT ３:")
    ('song 3', 'låt 3:')
    """
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def table_of(content: bytes, wanted: set[str], what: str) -> pd.DataFrame:
    """Split a table at the separator that makes the most of the wanted headings.

    Returns
    -------
    DataFrame
        A row a line that is not blank, under its number; what lies beyond the headings is joined in
        the last column, ``None``.

    Raises
    ------
    ValueError
        If it is no table, or a wanted heading stands there twice.
    """
    if content.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise ValueError(f"{what} is a workbook; open it, save it as CSV, and give that file")
    text = re.sub(r"\A\s*(sep=.\r?\n)?", "", decoded(content))  # Excel's way to name a separator
    tables = []
    for separator in ",;\t|":
        with suppress(csv.Error):
            lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
            tables.append([[cell.strip() for cell in line] for line in lines])
    tables = [([*map(plain, rows[0])], rows[1:]) for rows in tables if rows]
    if not tables:
        raise ValueError(f"{what} is no table; does it have headings, and quotes that are closed?")
    headings, rows = max(tables, key=lambda table: len(wanted & set(table[0])))
    if twice := [name for name in sorted(wanted) if headings.count(name) > 1]:
        raise ValueError(f"{what} has the heading {twice[0]!r} twice; give each its own")
    width = len(headings)
    filled = [row[:width] + [""] * (width - len(row)) + ["".join(row[width:])] for row in rows]
    table = pd.DataFrame(filled, range(2, len(rows) + 2), [*headings, None], dtype="str")
    return table[(table != "").any(axis=1)]


def read_key(path) -> Key:
    """Read a key, see the module.

    Raises
    ------
    ValueError
        If it is no key, or an item is there twice, has no song, or a role nobody knows.
    OSError
        If it is not there.
    """
    path, what = Path(path), f"the key {path}"
    content = path.read_bytes()
    table = table_of(content, {*PAGE, *FORM, "grade"}, what)
    columns = FORM if "column" in table else PAGE
    if missing := [name for name in columns if name not in table]:
        raise ValueError(
            f"{what} has no column {missing[0]}; it needs {', '.join(PAGE)} (of a page) or "
            f"{', '.join(FORM)} (of a form tool's spreadsheet)"
        )
    table = table.reindex(columns=[*PAGE, "column", "grade"], fill_value="")
    name = table["item"] if columns is PAGE else table["column"].map(plain)
    role = table["role"].where(table["role"] != "", "song")
    is_label, songs = table["grade"] != "", table[["song", "source"]]
    is_song = (role == "song") & ~is_label
    for rule, broken in {
        "has the name of another row": name.duplicated(),
        "has the song and source of another row; give them different titles": is_song
        & songs[is_song].duplicated().reindex(table.index, fill_value=False),
        f"has a role that is none of {', '.join(ROLES)}": ~role.isin(ROLES),
        "has a grade that is not 1, 2, 3, 4 or 5": is_label & ~table["grade"].isin([*"12345"]),
        "lacks a heading, song or source; a label has a grade instead": is_song
        & ((name == "") | (songs == "").any(axis=1)),
    }.items():
        if broken.any():
            number = broken.idxmax()
            raise ValueError(f"{what}, row {number}: {name[number] or 'it'} {rule}")
    if not is_song.any() or len(set(table["survey"])) > 1:
        raise ValueError(f"{what} must have a row for each song, all of one survey")
    items = map(Item, role, table["song"], table["source"])
    items = {n: item for n, item, label in zip(name, items, is_label, strict=True) if not label}
    if columns is PAGE:
        items |= {n + AGAIN: of._replace(role="again") for n, of in items.items()}
    labels = dict(zip(name[is_label], table["grade"][is_label], strict=True))
    return Key(path, table["survey"].iloc[0], items, content, labels)
