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
   one without its repeat, and no test song has been trained on under another name.

Repeat signs are not followed. Few files name a tempo, and only for playing them back; 120 is ours.

Notes
-----
Notebook: 01_data_preparation, "The default songs".
"""

import csv
from importlib.util import find_spec
from pathlib import Path

from musegen import config
from musegen.corpus import Rejected, ingest, scores
from musegen.song import Song

VOICES = ("Soprano", "Alto", "Tenor", "Bass")
TEMPO_QPM = 120.0  # ours: within the band of report 2.1, and what report 3.2 generates at
LEAST_BARS = 10  # ours: leaves 299, enough for 256 and some to test on
MOST_ALIKE = 0.9  # ours: share of agreeing cells above which two chorales count as one
MOST_SHARED = 1 / 3  # ours: beyond it stand five pairs (0.39 to 1 of the shorter), the next at 0.29


def read(content: bytes, path: Path) -> Song:
    """Read the four voices of one chorale.

    Raises
    ------
    Rejected
        If it is not 4/4 throughout or does not have each of the four voices once.
    """
    score = scores.parse(content, path)
    parts = [part for name in VOICES for part in score.parts if part.partName == name]
    if [part.partName for part in parts] != list(VOICES):
        raise Rejected("not_four_voices")
    return scores.to_song(score, parts, TEMPO_QPM, path.stem, "chorales")


FORMAT = ingest.Format((".mxl", ".xml"), read)


def load(dask: str | None = None) -> tuple[ingest.Songs, list[str], dict[str, list[str]]]:
    """Read the chorales of the committed list, or look them up in the cache.

    Returns
    -------
    songs : Songs
    order : list of str
        Their names, in the order of the list.
    dropped : dict of str to list of str
        The names of all others by reason: the list's, or what reading the file came to.
    """
    with (config.data_dir() / "chorales.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    found = files()
    place = {row["name"]: int(row["place"]) for row in rows if row["place"]}
    there = {found[name].name: found[name] for name in place if name in found}
    songs = ingest.read(ingest.of_files(there), FORMAT, "chorales", dask)
    missing = sorted(place.keys() - found.keys())
    dropped = {"not_installed": missing} if missing else {}
    for row in rows:
        if row["dropped"]:
            dropped.setdefault(row["dropped"], []).append(row["name"])
    for reason, names in songs.dropped.items():  # another music21 may read a file in another way
        dropped[reason] = sorted(dropped.get(reason, []) + names)
    return songs, sorted(songs.info, key=place.__getitem__), dropped


def files() -> dict[str, Path]:
    """Find music21's Bach files by name, without importing music21."""
    folder = Path(find_spec("music21").origin).parent / "corpus" / "bach"
    return {path.stem: path for path in sorted(folder.iterdir()) if path.suffix in (".mxl", ".xml")}
