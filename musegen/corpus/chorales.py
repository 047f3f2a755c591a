"""J.S. Bach's four-part chorales out of the installed music21: real music without a download.

The encodings ship with music21 by their encoder's permission and are not ours to pass on, so
only their names are committed, in ``data/chorales.csv``.

Recipe
------
1. Every ``.mxl`` and ``.xml`` file in music21's folder ``corpus/bach`` (``.krn`` files carry
   another copyright).
2. 4/4 throughout, with a bar line every four beats.
3. Soprano, alto, tenor and bass, once each; instruments and continuo are left out.
4. The voices never rest for more than a bar (instruments would play there).
5. 10 bars or more, the bar of the upbeat counted.
6. Not a near-duplicate of an earlier one in alphabetical order: in the first 24 beats, on a grid
   of eighth notes, less than 90 % of the pitch classes agree, whatever the transposition.
7. In the seeded order of those that are left: no run of eighth notes, a third as long as the
   shorter of the two, stands in an earlier one, whatever the transposition. So no song is another
   one without its repeat, and none that is held out has been learnt under another name.

Repeat signs are not followed. Few files name a tempo, and only for playing them back; 120 is ours.

Notes
-----
Notebook: 01_data_preparation, "The default songs".
"""

import csv
import math
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from musegen import config
from musegen.corpus import collection, reading, scores
from musegen.corpus.audit import Dropped
from musegen.corpus.reading import Format
from musegen.corpus.scores import STEPS_PER_BEAT
from musegen.corpus.store import Store
from musegen.files import whole
from musegen.song import Song

VOICES = ("Soprano", "Alto", "Tenor", "Bass")
TEMPO_QPM = 120.0  # ours: within the band of report 2.1, and what report 3.2 generates at
LEAST_BARS = 10  # ours: leaves 299, enough for 256 and some to validate on
MOST_ALIKE = 0.9  # ours: share of agreeing cells above which two chorales count as one
MOST_SHARED = 1 / 3  # ours: beyond it stand five pairs (0.39 to 1 of the shorter), the next at 0.29


def read(content: bytes, path: Path) -> Song:
    """Read the four voices of one chorale.

    Raises
    ------
    Dropped
        If it is not 4/4 throughout or does not have each of the four voices once.
    """
    score = scores.parse(content, path)
    parts = [part for name in VOICES for part in score.parts if part.partName == name]
    if [part.partName for part in parts] != list(VOICES):
        raise Dropped("not_four_voices")
    return scores.to_song(score, parts, TEMPO_QPM, path.stem, "chorales")


FORMAT = Format((".mxl", ".xml"), read, (__file__, scores.__file__), largest=2**23)


def load(into: Store):
    """Read the chorales of the committed list, or look them up in the store.

    Returns
    -------
    songs, dropped : as `musegen.corpus.reading.read` gives them, the songs in the list's order
    """
    rows = _rows()
    kept = [row["name"] for row in rows if not row["dropped"]]
    place = {row["name"]: int(row["place"]) for row in rows if row["place"]}
    found = files()
    there = {name: found[name] for name in kept if name in found}
    songs, dropped = reading.read(collection.of_files(there), FORMAT, "chorales", into)
    listed = _dropped(rows, missing=[name for name in kept if name not in found])
    for reason, names in dropped.items():  # another music21 may read a file in another way
        listed[reason] = sorted(listed.get(reason, []) + names)
    return {name: songs[name] for name in sorted(songs, key=place.__getitem__)}, listed


def files() -> dict[str, Path]:
    """Find music21's Bach files by name, without importing music21."""
    folder = Path(find_spec("music21").origin).parent / "corpus" / "bach"
    return {path.stem: path for path in sorted(folder.iterdir()) if path.suffix in (".mxl", ".xml")}


def _rows() -> list[dict[str, str]]:
    with (config.data_dir() / "chorales.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def _dropped(rows, missing: list[str]) -> dict[str, list[str]]:
    dropped = {"not_installed": missing} if missing else {}
    for row in rows:
        if row["dropped"]:
            dropped.setdefault(row["dropped"], []).append(row["name"])
    return dropped


def make_list() -> Path:
    """Go through all of music21's Bach by the recipe and write ``data/chorales.csv`` anew.

    Columns: ``name``; ``bars`` (where it could be read); ``dropped``, the reason, empty for the
    songs that are kept; ``like``, the song that a near-duplicate resembles; ``place`` in the order
    from which songs are taken to train on, from 1.
    """
    into = Store()
    songs, unread = reading.read(collection.of_files(files()), FORMAT, "music21's Bach", into)
    rows = {name: _row(name, reason) for reason, names in unread.items() for name in names}
    kept = {}
    for name, (digest, facts) in songs.items():
        song = into.song(digest, facts, name)
        grid = _grid(song)
        like = next((other for other in kept if _alike(grid, kept[other]) > MOST_ALIKE), "")
        reason = _why_not(song) or ("near_duplicate" if like else "")
        rows[name] = _row(name, reason, song.bars, like if reason == "near_duplicate" else "")
        if not reason:
            kept[name] = grid
    taken = []
    for name in reading.in_seeded_order(kept):
        like = next((other for other in taken if _shares_a_run(kept[name], kept[other])), "")
        if like:
            rows[name] |= {"dropped": "near_duplicate", "like": like}
        else:
            taken.append(name)
            rows[name]["place"] = len(taken)
    return _write_rows([rows[name] for name in sorted(rows)])


def _row(name, dropped, bars="", like="", place="") -> dict:
    return {"name": name, "bars": bars, "dropped": dropped, "like": like, "place": place}


def _why_not(song: Song) -> str:
    silent = ~song.roll[song.notes["onset"].min() :].any(axis=1)
    edges = np.flatnonzero(np.diff(np.pad(silent, 1).astype(np.int8)))
    longest = (edges[1::2] - edges[::2]).max(initial=0)
    if longest > song.steps_per_bar:
        return "voices_rest"
    return "too_short" if song.bars < LEAST_BARS else ""


def _grid(song: Song) -> np.ndarray:
    """Pitch classes at each eighth note from the first note on, bool (eighth, 12)."""
    first = song.notes["onset"].min()
    roll = np.pad(song.roll[first :: STEPS_PER_BEAT // 2], ((0, 0), (0, 132 - 128)))
    return roll.reshape(-1, 11, 12).any(axis=1)


def _alike(grid: np.ndarray, other: np.ndarray) -> float:
    """Share of sounding cells that agree (Jaccard) at the best of the twelve transpositions."""
    grid, other = (
        np.pad(part[:48], ((0, max(0, 48 - len(part))), (0, 0))) for part in (grid, other)
    )
    shifted = np.stack([np.roll(other, shift, axis=1) for shift in range(12)])
    both, either = (grid & shifted).sum(axis=(1, 2)), (grid | shifted).sum(axis=(1, 2))
    return float((both / either).max())


def _shares_a_run(grid: np.ndarray, other: np.ndarray) -> bool:
    """Tell whether a run of a third of the shorter song stands in both."""
    run = math.ceil(MOST_SHARED * min(len(grid), len(other)))
    text = _as_text(grid)
    return any(
        there[start : start + run] in text
        for shift in range(12)
        for there in [_as_text(np.roll(other, shift, axis=1))]
        for start in range(len(there) - run + 1)
    )


def _as_text(grid: np.ndarray) -> str:
    """Write a character an eighth: Python's substring search is fast."""
    return "".join(map(chr, grid @ (1 << np.arange(12))))


def _write_rows(rows) -> Path:
    path = config.data_dir() / "chorales.csv"
    with whole(path) as part, part.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return path
