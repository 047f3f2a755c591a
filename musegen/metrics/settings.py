"""What becomes of songs when one setting changes: the epochs, the threshold."""

from collections.abc import Mapping

import numpy as np

from musegen import generation, preprocess
from musegen.generation import Pick
from musegen.metrics.measures import cells
from musegen.metrics.music import stray
from musegen.metrics.people import BARS, Yardstick
from musegen.song import BEATS_PER_BAR
from musegen.training import Run


def over_epochs(run: Run, picks: Mapping[str, Pick], n: int = 64):
    """Follow an LSTM's songs from its first epochs to its last.

    Each time `n` songs of 128 tokens are generated from the same random seeds and measured.

    Parameters
    ----------
    run : Run
        With snapshots, see `Run.at`.
    picks : dict of name to function
        How tokens are picked.
    n : int

    Returns
    -------
    DataFrame
        A row an epoch kept and pick: medians of pitches, commonest, longest loop and shared (see
        `Yardstick.measures`), and faultless, the share of songs with none of the `FAULTS`.

    Notes
    -----
    Notebook: 04_generation, "First one note, then music, then copies?".
    """
    import pandas as pd

    yardstick = Yardstick.of(run)
    seeds = generation.random_seeds(run, n, np.random.default_rng(run.cfg.seed))
    rows = []
    for epoch in run.epochs_kept:
        for name, pick in picks.items():
            rng = np.random.default_rng(run.cfg.seed)
            length = 2 * BARS * BEATS_PER_BAR * run.cfg.network.ticks_per_beat
            songs = generation.lstm_songs(run.at(epoch), n, rng, pick, seeds, length)
            measured = yardstick.measures(songs)
            numbers = measured[["pitches", "commonest", "longest loop", "shared"]].median()
            faultless = ~yardstick.faulty(measured).any(axis=1)
            rows.append({"epoch": epoch, "pick": name, **numbers, "faultless": faultless.mean()})
    return pd.DataFrame(rows)


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
        (share of the held-out songs' sounding cells), wrong (share of the cells it plays).

    Notes
    -----
    Report 4.2.1. Notebook: 04_generation, "Stray notes and the threshold".
    """
    import pandas as pd

    new, true = generation.decode(run, latents), run.heldout_bars.windows(0)
    sure = generation.decode(run, generation.encode(run, true))
    rows = {}
    for level in np.arange(1, 10) / 10:
        found = cells(sure > level, true)
        songs = [preprocess.from_tensor(song > level, run.cfg.network) for song in new]
        rows[level] = (np.mean([stray(s) for s in songs]), 1 - found.recall, 1 - found.precision)
    return pd.DataFrame.from_dict(rows, orient="index", columns=["stray", "missed", "wrong"])
