"""Songs and piano-rolls measured: different notes, copied runs, cells given back."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from musegen import generation
from musegen.training import Run


def distinct_tokens(places: Sequence[int]) -> int:
    """Count the different notes and chords of a song.

    Examples
    --------
    >>> distinct_tokens([7, 7, 5, 7])
    2

    Notes
    -----
    Notebook: 04_generation, "Figure 9".
    """
    return len(set(np.asarray(places).tolist()))


@dataclass(frozen=True)
class CopiedRun:
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
    A run of one token repeated counts like any other if a training song holds it.
    Notebook: 04_generation, "Figure 11".
    """
    song, lines = as_text([places]), as_text(training)
    length, start = longest_run(song, lines)
    found = lines.find(song[start : start + length])
    return CopiedRun(length, start, lines.count("\n", 0, found) if length else -1)


def as_text(songs: Sequence[Sequence[int]]) -> str:
    """Write integers as characters and songs as lines: Python's substring search is fast."""
    return "\n".join("".join(chr(32 + place) for place in song) for song in songs)


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
    length, start = longer_than, 0
    for i in range(len(song)):
        while i + length < len(song) and song[i : i + length + 1] in lines:
            length, start = length + 1, i
    return length, start


def measure_songs(run: Run):
    """Measure the songs that a run generates the report's way (`generation.report_songs`).

    Returns
    -------
    DataFrame
        A row a song: run, song, kinds (different notes and chords), copied (tokens of the longest
        run that stands in a training song), start (where it begins), training_title.

    Notes
    -----
    Notebook: 04_generation, "Figure 9".
    """
    import pandas as pd

    rows = []
    for i, places in enumerate(generation.report_songs(run)):
        copied = copied_run(places, run.tokens.encoded)
        kinds = distinct_tokens(places)
        title = run.songs[copied.song].title
        rows.append((run.cfg.name, i, kinds, copied.length, copied.start, title))
    columns = ["run", "song", "kinds", "copied", "start", "training_title"]
    return pd.DataFrame(rows, columns=columns)


@dataclass(frozen=True)
class Cells:
    """How a played piano-roll compares with the true one.

    Attributes
    ----------
    recall : float
        Share of the sounding cells that are played.
    precision : float
        Share of the played cells that sound; 1 if none is played.
    wrong : float
        Share of all cells that differ.
    """

    recall: float
    precision: float
    wrong: float


def cells(played: np.ndarray, true: np.ndarray) -> Cells:
    """Compare two bool arrays of the same shape, cell by cell.

    Examples
    --------
    >>> cells(np.array([1, 1, 0, 0]) > 0, np.array([1, 0, 0, 0]) > 0)
    Cells(recall=1.0, precision=0.5, wrong=0.25)

    Notes
    -----
    Notebook: 02_autoencoder_training, "Does it give the music back?".
    """
    both = int((played & true).sum())
    return Cells(
        both / max(1, int(true.sum())),
        both / int(played.sum()) if played.any() else 1.0,
        float(np.mean(played != true)),
    )
