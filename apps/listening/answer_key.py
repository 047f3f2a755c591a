"""The key of a survey: which blind item, or which column of a spreadsheet, is which song."""

import hashlib
import hmac
import re
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from apps.listening.csv_text import decoded, folded, rearmed, records

GRADES = ("1", "2", "3", "4", "5")
ROLES = ("song", "practice", "attention")
PAGE = ("survey", "item", "role", "song", "source")  # columns, for a page of `survey build`
FORM = ("column", "song", "source")  # columns, for the spreadsheet of a form tool
LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's, as in the page's own codes


class Item(NamedTuple):
    """What an item or a column stands for; `source` holds the grade an attention check asks for."""

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
    labels : dict of str to str
        The grade that a folded label of a form tool stands for.
    """

    path: Path
    survey: str
    items: dict[str, Item]
    secret: bytes
    labels: dict[str, str]

    def code(self, name: str) -> str:
        """Make a code of somebody's name or address, the same one each time with this key.

        Who has the key could try addresses; who has only the code can't.
        """
        digest = hmac.digest(self.secret, name.encode("utf-8", "replace"), hashlib.sha256)
        letters = "".join(LETTERS[byte % 32] for byte in digest[:16])
        return "-".join(letters[i : i + 4] for i in range(0, 16, 4))


def read_key(path) -> Key:
    """Read a key.

    Parameters
    ----------
    path : str or Path
        CSV with the columns of `PAGE`, or of `FORM`, where a row without a song says in `source`
        which grade the label in `column` stands for: ``A1,,1`` or ``Agree,,4``.

    Raises
    ------
    ValueError
        If it is no key, or an item is there twice, has no song, or a role nobody knows.
    """
    path = Path(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ValueError(
            f"the key {path} cannot be read ({error.strerror}); `survey build` writes it beside "
            "the page, and for a form tool you write one, with the columns column, song, source"
        ) from error
    try:
        table = records(decoded(content), lambda headings: len({*PAGE, *FORM} & set(headings)))
    except ValueError as error:
        raise ValueError(f"the key {path} is no table: {error}") from error
    headings = [heading.strip().casefold() for heading in table[0]]
    columns = FORM if "column" in headings else PAGE
    missing = [name for name in columns if headings.count(name) != 1]
    if missing:
        raise ValueError(
            f"the key {path} needs the columns {', '.join(PAGE)} (of a page) or {', '.join(FORM)} "
            f"(of a form tool's spreadsheet), each once; look at {', '.join(missing)}"
        )
    rows, labels = [], {}
    for number, cells in enumerate(table[1:], start=2):
        padded = [rearmed(cell.strip()) for cell in cells] + [""] * len(headings)
        row = {name: padded[headings.index(name)] for name in columns}
        if columns is FORM and not row["song"] and row["source"] in GRADES:
            labels[folded(row["column"])] = row["source"]
        elif any(row.values()):
            rows.append((f"the key {path}, row {number}:", row))
    surveys = {row["survey"] for _, row in rows} if columns is PAGE else {""}
    if len(surveys) > 1:
        raise ValueError(
            f"the key {path} mixes the surveys {', '.join(sorted(surveys))}; a key is of one"
        )
    return Key(path, "".join(surveys), _items(rows, path), content, labels)


def _items(rows: list[tuple[str, dict[str, str]]], path: Path) -> dict[str, Item]:
    items, songs = {}, set()
    for where, row in rows:
        name = row.get("column", row.get("item"))
        item = Item(row.get("role", "song"), row["song"], row["source"])
        _check(where, name, item, row.get("survey"))
        if name in items:
            raise ValueError(f"{where} {name} is there already; each item or column has one row")
        if item.role == "song" and item[1:] in songs:
            raise ValueError(
                f"{where} the song {item.song} of {item.source} is there already; give the two "
                "different titles"
            )
        songs.add(item[1:])
        items[name] = item
    if not any(item.role == "song" for item in items.values()):
        raise ValueError(f"the key {path} has no song; a key has a row for each")
    return items


def _check(where: str, name: str, item: Item, survey: str | None) -> None:
    if not name:
        raise ValueError(f"{where} no name of an item or column; fill it in")
    if survey is not None and not re.fullmatch("[0-9a-f]{8}", survey):
        raise ValueError(
            f"{where} {survey or 'nothing'} is no name of a survey, 8 digits of 0-9 and a-f; a "
            "spreadsheet may have changed it, so take the key as `survey build` wrote it"
        )
    if survey is not None and not re.fullmatch("[a-z0-9]{6}", name):
        raise ValueError(
            f"{where} {name} is no item, six letters and digits; a spreadsheet may have changed "
            "it, so take the key as `survey build` wrote it"
        )
    if item.role not in ROLES:
        raise ValueError(f"{where} the role {item.role} is unknown; roles are {', '.join(ROLES)}")
    if item.role == "song" and not (item.song and item.source):
        raise ValueError(f"{where} {name} has no song or no source; fill both in")
    if item.role == "attention" and item.source not in GRADES:
        raise ValueError(
            f"{where} an attention check asks for a grade from 1 to 5, not {item.source}; put it "
            "into the column source"
        )
