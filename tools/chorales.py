"""Chooses the chorales of ``data/chorales.csv`` again: the recipe of `musegen.corpus.chorales`."""

import csv
import math
from pathlib import Path

import numpy as np

from musegen import config
from musegen.corpus import ingest
from musegen.corpus.chorales import FORMAT, LEAST_BARS, MOST_ALIKE, MOST_SHARED, files
from musegen.corpus.scores import STEPS_PER_BEAT
from musegen.files import atomic_write
from musegen.song import Song


def command(options, settings) -> None:
    """Do ``python -m musegen chorales``."""
    print(make_list())


def make_list() -> Path:
    """Go through all of music21's Bach by the recipe and write ``data/chorales.csv`` anew.

    Columns: ``name``; ``bars`` (where it could be read); ``dropped``, the reason, empty for the
    songs that are kept; ``like``, the song that a near-duplicate resembles; ``place`` in the order
    from which songs are taken to train on, from 1.
    """
    songs = ingest.read(
        ingest.of_files({path.name: path for path in files().values()}),
        FORMAT,
        "bach",
    )
    rows = {name: _row(name, reason) for reason, names in songs.dropped.items() for name in names}
    kept = {}
    for name in songs.info:
        song = songs.build(name)
        grid = _grid(song)
        like = next((other for other in kept if _alike(grid, kept[other]) > MOST_ALIKE), "")
        reason = _rejection_reason(song) or ("near_duplicate" if like else "")
        rows[name] = _row(name, reason, song.bars, like if reason == "near_duplicate" else "")
        if not reason:
            kept[name] = grid
    taken = []
    for name in ingest.in_seeded_order(kept):
        like = next((other for other in taken if _shares_a_run(kept[name], kept[other])), "")
        if like:
            rows[name] |= {"dropped": "near_duplicate", "like": like}
        else:
            taken.append(name)
            rows[name]["place"] = len(taken)
    return _write_rows([rows[name] for name in sorted(rows)])


def _row(name, dropped, bars="", like="", place="") -> dict:
    return {"name": name, "bars": bars, "dropped": dropped, "like": like, "place": place}


def _rejection_reason(song: Song) -> str:
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
    with atomic_write(path) as part, part.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return path
