"""The longest run of tokens that a song shares with training songs, in its own key.

Songs are compared as the LSTM's integers, token by token. They are written as text, a character a
token and a line a song, and `longest_run` finds the longest part of one text that stands in
another; `copies` looks up frames and notes with it, too.
"""

import io
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import pandas as pd

from musegen import generation
from musegen.training import Run
from musegen.training.run_folder import MEASURED

LEAST_LOOP = 32  # ours: tokens that come again before we speak of a loop: four bars


def distinct_tokens(places: Sequence[int]) -> int:
    """Count the different notes and chords of a song: "two notes" (report 3.3.1) or "varied".

    Notes
    -----
    Notebook: 04_generation, "Figure 9".
    """
    return len(set(np.asarray(places).tolist()))


class CopiedRun(NamedTuple):
    """The longest run of tokens that a song shares with one training song.

    Attributes
    ----------
    length : int
        Tokens, that is eighth notes.
    start : int
        Where it begins in the song.
    song : int
        Which training song it is from; -1 if nothing is shared.
    """

    length: int
    start: int
    song: int


def copied_run(places: Sequence[int], training: Sequence[Sequence[int]]) -> CopiedRun:
    """Find the longest run of tokens that also stands in a training song.

    Parameters
    ----------
    places : int array, shape (token,)
        A song as integers of the vocabulary.
    training : sequence of int arrays
        The training songs, likewise.

    Examples
    --------
    >>> copied_run([5, 1, 2, 3, 5], [[9, 1, 2], [1, 2, 3, 4]])
    CopiedRun(length=3, start=1, song=1)

    Notes
    -----
    A run of one token repeated counts like any other if a training song holds it. Report 3.3.3:
    "taking snippets from the training set". Notebook: 04_generation, "Figure 11".
    """
    song, lines = as_text([places]), as_text(training)
    length, start = longest_run(song, lines)
    number = place_of(song[start : start + length], lines)[0] if length else -1
    return CopiedRun(length, start, number)


class Loop(NamedTuple):
    """How a song ends: what it repeats to its last token.

    Attributes
    ----------
    period : int
        Tokens of the snippet that is repeated; 1 is one note or chord; 0 if nothing is.
    start : int
        Where the snippet first begins; the song's length if nothing is repeated.
    """

    period: int
    start: int


def loop_at_end(places: Sequence[int]) -> Loop:
    """Find the shortest snippet that a song repeats to its end, for four bars at least.

    Examples
    --------
    >>> loop_at_end([9, 8] + [1, 2, 3] * 12), loop_at_end(range(99))
    (Loop(period=3, start=2), Loop(period=0, start=99))

    Notes
    -----
    Report 3.3.2: songs "play some single notes throughout the end" or repeat a snippet. Notebook:
    04_generation, "Figure 10".
    """
    places = np.asarray(places)
    for period in range(1, len(places) // 2 + 1):
        differs = np.flatnonzero(places[period:] != places[:-period])
        start = int(differs[-1]) + 1 if len(differs) else 0
        if len(places) - period - start >= max(period, LEAST_LOOP):
            return Loop(period, start)
    return Loop(0, len(places))


def measure_songs(run: Run):
    """Measure the songs that a run generates the report's way (`generation.report_songs`).

    Returns
    -------
    DataFrame
        A row a song: run, way, song, kinds (different notes and chords), copied (tokens of the
        longest run that stands in a training song), start (where it begins), training_title,
        period and loop (see `Loop`). Where the training songs are not ours to give, as those of
        LPD-5, it comes with the run.

    Notes
    -----
    Notebook: 04_generation, "Figure 9".
    """
    if MEASURED in run.manifest["files"]:
        return pd.read_csv(io.BytesIO(run.read(MEASURED)))
    rows = []
    for way in generation.WAYS:
        for i, places in enumerate(generation.report_songs(run, way)):
            copied = copied_run(places, run.tokens.encoded)
            about = {"run": run.cfg.name, "way": way, "song": i, "kinds": distinct_tokens(places)}
            about |= {"copied": copied.length, "start": copied.start}
            period, start = loop_at_end(places)
            title = run.songs[copied.song].title
            rows.append(about | {"training_title": title, "period": period, "loop": start})
    return pd.DataFrame(rows)


# --- Runs of text --------------------------------------------------------------------------------


def as_text(songs: Sequence[Sequence[int]]) -> str:
    """Write integers as characters and songs as lines, for `longest_run`."""
    return "\n".join("".join(chr(32 + place) for place in song) for song in songs)


def place_of(part: str, lines: str) -> tuple[int, int]:
    """Say in which line a text first stands, and where in it."""
    place = lines.find(part)
    return lines.count("\n", 0, place), place - lines.rfind("\n", 0, place) - 1


def longest_run(song: str, lines: str, longer_than: int = 0) -> tuple[int, int]:
    """Find the longest part of a text that stands in another one, if it beats a length.

    Returns
    -------
    tuple of int
        Its length and where it starts; `longer_than` and 0 if there is none.

    Examples
    --------
    >>> longest_run("xabcy", "zabc"), longest_run("xabcy", "zabc", longer_than=3)
    ((3, 1), (3, 0))
    """
    length, most, start = longer_than, len(song), 0
    asked = length + 1  # first whether there is any, then twice as long, then between
    while length < most:
        known, places = _parts(lines, asked), range(len(song) - asked + 1)
        place = next((i for i in places if hash(song[i : i + asked]) in known), None)
        if place is None:
            most = asked - 1
        else:
            length, start = asked, place
        asked = min(2 * length, most) if most == len(song) else (length + most + 1) // 2
    return length, start


@lru_cache(maxsize=32)
def _parts(text: str, length: int) -> frozenset[int]:
    """Hash all parts of a length: to search for each takes minutes in songs that repeat theirs."""
    return frozenset(hash(text[i : i + length]) for i in range(len(text) - length + 1))
