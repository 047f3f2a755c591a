"""Spreadsheets of form tools: a row a listener, a column a song, headings as somebody left them.

Conventions
-----------
heading
    Text of the first row; the key's headings are found in it by `columns_of`.
row
    Counted as spreadsheets do: the headings are row 1.
"""

import re
import unicodedata
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from apps.listening.answer_key import Key
from apps.listening.answers_json import ABOUT
from apps.listening.csv_text import clean, decoded, folded, grade_of, is_blank, records
from apps.listening.outcomes import Row, judged, listed, shown

WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # .xlsx and .ods; .xls
# Headings once folded, the best first: form tools in English and Swedish.
WHO = (
    *("emailaddress", "email", "epostadress", "epost", "mail", "username", "användarnamn"),
    *("name", "fullname", "yourname", "namn", "listener", "participant", "participantid"),
    *("respondent", "respondentid", "responseid", "code", "kod", "token", "id", "svarsid"),
)
WHEN = (
    *("completiontime", "slutförandetid", "submittedat", "submitdate", "datesubmitted", "enddate"),
    *("timestamp", "tidsstämpel", "tidstämpel", "time", "date", "tid", "datum", "starttime"),
    *("startdate", "starttid"),
)
NOBODY = {"", "na", "nan", "none", "null", "anonymous", "anonym"}  # folded: "n/a" and "-", too
NO_GRADES = {*WHO, *WHEN, *ABOUT}
TIMES = (
    *("%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M"),
    *("%Y-%m-%dT%H:%M:%S.%f%z", "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %I:%M:%S %p"),
    *("%d/%m/%Y %H:%M:%S", "%m/%d/%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M"),
    *("%m/%d/%y %H:%M:%S", "%d/%m/%y %H:%M:%S", "%m/%d/%Y %I:%M:%S %p", "%d.%m.%Y %H:%M:%S"),
    *("%d.%m.%Y %H:%M", "%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y"),
)
# The same for all rows, but for the nights when the clocks change.
ZONE = re.compile(r"\s+(?:GMT|UTC|CES?T|EES?T)(?:[+-]\d+)?$")


class Line(NamedTuple):
    """One row under the headings."""

    where: str
    listener: str
    cells: list[str]
    fits: bool


class Columns(NamedTuple):
    """What the columns hold, by number.

    Attributes
    ----------
    songs : dict of str to int
        Column of each heading of the key.
    again : dict of int to str
        A second column of grades for a heading of the key.
    strangers : dict of int to str
        Columns that look like grades but are in no key.
    about : dict of str to int
        Columns named as `ABOUT`.
    """

    songs: dict[str, int]
    again: dict[int, str]
    strangers: dict[int, str]
    about: dict[str, int]


def rows_of(path: Path, key: Key) -> Iterator[Row]:
    """Judge the cells of a spreadsheet.

    Raises
    ------
    ValueError
        If it is a workbook, no table, or has no column of the key.
    """
    content = path.read_bytes()
    if content.startswith(WORKBOOKS):
        raise ValueError(f"{path} is a workbook; open it, save it as CSV, and give that file")
    wanted = {folded(name) for name in key.items}
    try:
        table = records(
            decoded(content),
            lambda headings: len(wanted & {f for h in headings for f in _forms(h)}),
        )
    except ValueError as error:
        raise ValueError(f"{path} is no spreadsheet of answers: {error}") from error
    headings = table[0]
    cells = [line + [""] * (len(headings) - len(line)) for line in table[1:]]
    for at in (at for at, heading in enumerate(headings) if folded(heading) not in NO_GRADES):
        for line in filter(None, cells):
            line[at] = key.labels.get(folded(line[at]), line[at])
    columns = columns_of(headings, cells, key)
    if not columns.songs:
        raise ValueError(
            f"{path} has no column of the key {key.path}; the key's column `column` must hold "
            f"headings of the spreadsheet, such as {', '.join(map(clean, headings))[:200]}"
        )
    given = [line[at] for at in columns.songs.values() for line in cells if not is_blank(line[at])]
    if given and all(grade_of(cell)[1] == "not_a_grade" for cell in given):
        raise ValueError(
            f"{path} has no grade from 1 to 5, but {clean(given[0])[:40]!r}; say which grade each "
            f"label is in rows of the key {key.path} such as Agree,,4"
        )
    lines = _lines(headings, cells, key)
    last = _last(headings, lines)
    for name in key.items:
        if name not in columns.songs:
            yield Row("row 1", item=name, reason="column_not_found")
    for number, line in enumerate(lines):
        yield from _judged(line, last[line.listener] == number, columns, key)


def _judged(line: Line, is_last: bool, columns: Columns, key: Key) -> Iterator[Row]:
    where, listener, cells, fits = line
    given = {name: cells[at] for name, at in columns.songs.items() if not is_blank(cells[at])}
    others = {at: name for at, name in columns.strangers.items() if not is_blank(cells[at])}
    again = {at: name for at, name in columns.again.items() if not is_blank(cells[at])}
    reason = "" if fits and is_last else "duplicate" if fits else "extra_cells"
    if not (given or others or again):
        yield Row(where, listener, reason="empty")
    for at, name in (others | again).items():
        why = reason or ("duplicate" if at in again else "unknown_item")
        yield from listed(where, listener, {name: cells[at]}, why)
    if reason and given:
        yield from listed(where, listener, given, reason)
    if reason or not given:
        return
    about = {name: clean(cells[at]) for name, at in columns.about.items()}
    for name in columns.songs:
        if name not in given:
            yield Row(where, listener, name, "missing")
            continue
        of = key.items[name]
        grade, reason = judged(given[name], of)
        if reason:
            yield Row(where, listener, name, reason, shown(given[name]))
        else:
            used = {"listener": listener, "song": of.song, "source": of.source, "grade": grade}
            yield Row(where, listener, name, used=used | about)


def columns_of(headings: list[str], cells: list[list[str]], key: Key) -> Columns:
    """Find the columns of the key among the headings.

    A heading is the key's own if it is so letter by letter, or once case, spaces, punctuation and
    widths are left out, or in one of its parts: before, or inside, ``[...]`` or ``(...)``, as grid
    questions are written. Of several, the one with grades in it is taken, then the first.
    """
    looks = [_looks_like_grades([line[at] for line in cells]) for at in range(len(headings))]
    named = {at for at, h in enumerate(headings) if folded(h) in NO_GRADES}
    songs, again = {}, {}
    alike = [folded(name) for name in key.items]
    for name in key.items:
        exact = [at for at, h in enumerate(headings) if h.strip() == name]
        loose = [
            at
            for at, h in enumerate(headings)
            # Two headings of the key that fold to one are told apart only letter by letter.
            if alike.count(folded(name)) == 1 and folded(name) and folded(name) in _forms(h)
        ]
        found = [at for at in dict.fromkeys(exact + loose) if at not in songs.values()]
        found.sort(key=lambda at: (not looks[at], at not in exact))
        if found:
            songs[name] = found[0]
            again |= {at: name for at in found[1:] if looks[at]}
    again = {at: name for at, name in again.items() if at not in songs.values()}
    taken = {*songs.values(), *again}
    strangers = {
        at: clean(heading)
        for at, heading in enumerate(headings)
        if looks[at] and at not in taken | named
    }
    places = {folded(h): at for at, h in reversed(list(enumerate(headings))) if at not in taken}
    about = {name: places[name] for name in ABOUT if name in places}
    return Columns(songs, again, strangers, about)


def _forms(heading: str) -> list[str]:
    """Fold a heading, and its parts: "How human? [Song 3]" holds "Song 3"."""
    parts = re.split(r"[\[\]()]", unicodedata.normalize("NFKC", heading))
    return [form for form in (folded(heading), *map(folded, parts)) if form]


def _looks_like_grades(cells: list[str]) -> bool:
    filled = [cell for cell in cells if not is_blank(cell)]
    return bool(filled) and sum(not grade_of(cell)[1] for cell in filled) >= 2 / 3 * len(filled)


def _lines(headings: list[str], cells: list[list[str]], key: Key) -> list[Line]:
    """Name the rows, and the listeners by a code: addresses and names are not kept."""
    who = _places(headings, WHO)
    lines = []
    for number, line in enumerate(cells, start=2):
        if not line or not any(cell.strip() for cell in line):
            continue  # what spreadsheets leave behind their last row
        names = (unicodedata.normalize("NFKC", line[at]).strip().casefold() for at in who)
        name = next((name for name in names if folded(name) not in NOBODY), "")
        listener = key.code(name) if name else f"row {number}"
        fits = not any(cell.strip() for cell in line[len(headings) :])
        lines.append(Line(f"row {number}", listener, line, fits))
    return lines


def _places(headings: list[str], names: tuple[str, ...]) -> list[int]:
    """Find the columns of these names, the best first."""
    forms = [folded(heading) for heading in headings]
    return [forms.index(name) for name in names if name in forms]


def _last(headings: list[str], lines: list[Line]) -> dict[str, int]:
    """Say which row of each listener counts: the last by its time, else by its place.

    Times count only if every row has one and all ways to read them (is 03/04 in March or April?)
    agree about the order.
    """
    order = range(len(lines))
    for at in _places(headings, WHEN)[:1]:
        orders = set(_orders([ZONE.sub("", line.cells[at].strip()) for line in lines]))
        if len(orders) == 1:
            order = orders.pop()
    last = {}
    for number in order:
        if lines[number].fits or lines[number].listener not in last:
            last[lines[number].listener] = number
    return last


def _orders(times: list[str]) -> Iterator[tuple[int, ...]]:
    """Give the order of the rows for each format that all the times are in."""
    for form in TIMES:
        try:
            read = [datetime.strptime(time, form) for time in times]
        except ValueError:
            continue
        yield tuple(sorted(range(len(read)), key=read.__getitem__))
