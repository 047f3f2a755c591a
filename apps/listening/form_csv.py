"""Spreadsheets of form tools: a row a listener, a column a song; the key names all columns.

Nothing is guessed: what the key does not name is listed, and a word that is no grade of the key is
no grade.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from apps.listening.answer_key import Key, plain, table_of
from apps.listening.answer_schema import ABOUT


def rows_of(path: Path, key: Key) -> pd.DataFrame:
    """Judge the cells of a spreadsheet, see `apps.listening.answers`.

    Of several rows of one listener the last with a grade counts: by the column of times if the key
    names one, else by its place. Without a column of listeners every row is a listener.

    Raises
    ------
    ValueError
        If it is a workbook, no table, lacks a column of the key, or a time can't be read.
    """
    sheet = table_of(path.read_bytes(), set(key.items), str(path))
    if missing := [name for name in key.items if name not in sheet]:
        raise ValueError(
            f"{path} has no column {missing[0]!r} as the key {key.path} says; its columns are "
            f"{', '.join(sheet.columns[:-1])[:300]}"
        )
    strangers = [name for name in sheet.columns[:-1] if name and name not in key.items]
    row = "row " + sheet.index.to_series().astype("str")
    fits = sheet[None] == ""
    sheet = sheet[list(key.items)].assign(where=row, listener=row, fits=fits, order=sheet.index)
    for name in key.named("listener"):
        who = sheet[name].map(plain)
        sheet["listener"] = who.map(key.code).where(who != "", sheet["listener"])
    for name, column in key.named("time").items():
        sheet["order"] = times = _times(sheet[name], column.source, f"{path}, column {name!r}")
        sheet["finished"] = times.dt.strftime("%Y-%m-%dT%H:%M:%S")
    for role in ABOUT:
        for name in key.named(role):
            sheet[role] = sheet[name]
    songs = key.named("song")
    graded = sheet[fits & (sheet[list(songs)] != "").any(axis=1)]
    graded = graded.sort_values("order", na_position="first", kind="stable")
    sheet["last"] = row.isin(graded.drop_duplicates("listener", keep="last")["where"])
    others = sheet.columns.difference(list(songs))
    long = sheet.melt(others, list(songs), "item", "value", ignore_index=False)
    long = long.sort_index(kind="stable")
    given = long["value"].map(plain)
    number = pd.to_numeric(
        given.map(lambda cell: key.labels.get(cell, cell).replace(",", ".")), errors="coerce"
    )
    if number.isna().all() and (given != "").any():
        raise ValueError(
            f"{path} has no grade from 1 to 5, but words; say in the key {key.path} which grade "
            "each word is: the word in the column column, its grade in a column grade"
        )
    long["reason"] = np.select(
        [~long["fits"], given == "", ~long["last"], number.isna(), ~number.isin(range(1, 6))],
        ["extra_cells", "missing", "duplicate", "not_a_grade", "out_of_range"],
        "",
    )
    long["grade"] = number.where(long["reason"] == "")
    about = pd.DataFrame([of[1:] for of in songs.values()], [*songs], ["song", "source"])
    long = long.join(about, on="item")
    long.loc[~long["fits"], "value"] = ""  # it may be another cell, a name even
    listed = pd.DataFrame({"where": "row 1", "item": strangers, "reason": "not_in_key"})
    return pd.concat([long.drop(columns=["fits", "last", "order"]), listed], ignore_index=True)


def _times(cells: pd.Series, format_: str, where: str) -> pd.Series:
    try:
        return pd.to_datetime(cells, format=format_ or "ISO8601", utc=True)
    except ValueError as error:
        reason = str(error).splitlines()[0][:100]
        raise ValueError(
            f"{where} has times in another form than the key says ({reason}); put their format "
            "into the key, such as %d/%m/%Y %H:%M:%S, or take the row out"
        ) from error
