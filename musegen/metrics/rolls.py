"""Piano-rolls compared cell by cell: what an autoencoder gives back, what a song is nearest to."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from musegen import generation, preprocess
from musegen.metrics.music import stray
from musegen.metrics.prediction import MOST_WINDOWS
from musegen.song import Song
from musegen.training import Run
from musegen.training.data import Bars


@dataclass(frozen=True)
class PrecisionRecall:
    """How a played piano-roll compares with the true one.

    Attributes
    ----------
    recall : float
        Share of the sounding cells that are played.
    precision : float
        Share of the played cells that sound; 1 if none is played.
    """

    recall: float
    precision: float


def precision_recall(played: np.ndarray, true: np.ndarray) -> PrecisionRecall:
    """Compare two bool arrays of the same shape, cell by cell.

    Examples
    --------
    >>> precision_recall(np.array([1, 1, 0, 0]) > 0, np.array([1, 0, 0, 0]) > 0)
    PrecisionRecall(recall=1.0, precision=0.5)

    Notes
    -----
    Notebook: 02_autoencoder_training, "Reconstruction".
    """
    return _rates(_counts(played, true))


def gives_back(run: Run, bars: Bars) -> PrecisionRecall:
    """Compare songs, of some thousand windows, with what an autoencoder gives back of them.

    Notes
    -----
    Notebook: 02_autoencoder_training, "Reconstruction".
    """
    by_song = bars.by_song(most=MOST_WINDOWS)
    return _rates(sum(_counts(generation.given_back(run, true), true) for true in by_song))


def _counts(played: np.ndarray, true: np.ndarray) -> np.ndarray:
    return np.array([(played & true).sum(), true.sum(), played.sum()])


def _rates(counts: np.ndarray) -> PrecisionRecall:
    both, sounding, played = counts.tolist()
    return PrecisionRecall(both / max(1, sounding), both / played if played else 1.0)


def stray_and_missed(run: Run, latents: np.ndarray):
    """Weigh an autoencoder's stray notes against the cells it misses, threshold by threshold.

    Parameters
    ----------
    run : Run
        Of an autoencoder.
    latents : array, shape (song, 120)
        The new songs in which stray notes are counted.

    Returns
    -------
    DataFrame
        Threshold as index, 0.1 to 0.9; stray (share of the new songs' notes, in the mean), missed
        (share of the test songs' sounding cells), wrong (share of the cells it plays).

    Notes
    -----
    Report 4.2.1. Notebook: 02_autoencoder_training, "The threshold".
    """
    new, true = generation.decode(run, latents), run.test_bars.windows(0)
    sure = generation.decode(run, generation.encode(run, true))
    rows = {}
    for level in np.arange(1, 10) / 10:
        found = precision_recall(sure > level, true)
        songs = [preprocess.from_tensor(song > level, run.cfg.network) for song in new]
        rows[level] = (np.mean([stray(s) for s in songs]), 1 - found.recall, 1 - found.precision)
    return pd.DataFrame.from_dict(rows, orient="index", columns=["stray", "missed", "wrong"])


class Nearest(NamedTuple):
    """The window of sixteen bars that a piano-roll has most in common with.

    Attributes
    ----------
    title : str
        Of the training song.
    bar : int
        The window's first bar in it, counted from 1.
    share : float
        Cells that sound in both, as a share of those that sound in either (Jaccard), 0..1.
    window : int
        Its number, see `NearestWindow.song`.
    """

    title: str
    bar: int
    share: float
    window: int


class NearestWindow:
    """All windows of an autoencoder's training songs, one at each bar, to find the nearest.

    Parameters
    ----------
    run : Run

    Notes
    -----
    Cells are compared in their places: the same bars a beat later count as something else.
    Notebook: 04_generation, "Which noise?".
    """

    def __init__(self, run: Run):
        self.run = run
        tensors = zip(run.songs, run.bars.tensors, strict=True)
        self.places = [(song, bar) for song, tensor in tensors for bar in range(len(tensor))]
        packed = run.bars.by_song(map(_packed, run.bars.tensors))
        self._bits = np.concatenate([bars.reshape(len(bars), -1) for bars in packed])

    def nearest(self, cells: np.ndarray) -> Nearest:
        """Find the window most like `cells`, a bool array of shape (16, 24, 96)."""
        mine = _packed(cells).ravel()
        both = np.bitwise_count(self._bits & mine).sum(axis=1, dtype=np.int64)
        either = np.bitwise_count(self._bits | mine).sum(axis=1, dtype=np.int64)
        shares = both / either.clip(1)
        best = int(shares.argmax())
        song, bar = self.places[best]
        return Nearest(song.title, bar + 1, float(shares[best]), best)

    def song(self, nearest: Nearest) -> Song:
        """Give those sixteen bars as a song."""
        cfg = self.run.cfg.network
        song, bar = self.places[nearest.window]
        tensor = preprocess.wrapped_window(preprocess.to_tensor(song, cfg), bar, cfg.bars)
        title = f"{nearest.title}, from bar {nearest.bar} ({nearest.share:.0%} in common)"
        return preprocess.from_tensor(tensor, cfg, title=title, source=song.source)


def _packed(bars: np.ndarray) -> np.ndarray:
    """Write eight cells as a byte, eight bytes as a word: 3,545 windows compare in 4 ms."""
    return np.packbits(bars.reshape(len(bars), -1), axis=1).view(np.uint64)
