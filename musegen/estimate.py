"""How long the paper profile would take, with this music, on this machine.

Counted, not tried: the operations of all epochs, over what this machine does in a second in a large
matrix product, times the part of that each network has been seen to reach. It needs no TensorFlow.

Notes
-----
Notebook: 01_data_preparation, "What becomes of a collection".
"""

import time

import numpy as np

from musegen import config, held, tokens
from musegen.config import AEConfig, HeldConfig, LSTMConfig
from musegen.corpus import Corpus
from musegen.song import Song

# Training speed over that of a large matrix product in numpy, as `python -m benchmarks.paper` shows
# it on two cores. The autoencoder is nothing but such products, and TensorFlow's are faster.
SHARES = {
    **{"ae": 1.3, "ae_mended": 1.3, "lstm_small": 0.56, "lstm_deep": 0.69, "lstm_embedding": 0.57},
    "held": 0.37,
}
SIDE = 2048


def paper_hours(music: Corpus, gflops: float | None = None):
    """Estimate the hours of each run of the paper profile.

    Parameters
    ----------
    music : Corpus
    gflops : float or None
        Speed of the machine in thousand million operations a second; measured if None.

    Returns
    -------
    DataFrame
        A row a run: songs, inputs (windows or held tokens an epoch), epochs, hours. An estimate:
        other networks and processors reach other shares of their speed.
    """
    import pandas as pd

    gflops = gflops or matrix_gflops()
    usable = [song for song in music.training(256, where=_in_band(music))]
    anything = music.training(256)
    rows = []
    for name, run in config.PAPER.runs.items():
        songs = (usable if isinstance(run.network, AEConfig) else anything)[: run.songs]
        count, flops = COUNTED[type(run.network)]
        inputs = sum(count(song, run.network) for song in songs)
        work = inputs * run.epochs * flops(run.network)
        share = SHARES[name.rstrip("_0123456789")]
        rows.append((name, len(songs), inputs, run.epochs, work / (gflops * 1e9 * share) / 3600))
    columns = ["run", "songs", "inputs", "epochs", "hours"]
    return pd.DataFrame(rows, columns=columns).set_index("run")


def _in_band(music: Corpus):
    def usable(song: Song) -> bool:
        return not music.audit.songs[song.title].autoencoder

    return usable


def windows(song: Song, cfg: LSTMConfig) -> int:
    """Count the windows of a song: report 2.3, 64 tokens to guess the next one."""
    return max(0, len(tokens.tokenize(song, cfg.ticks_per_beat)) - cfg.window)


def held_tokens(song: Song, cfg: HeldConfig) -> int:
    """Count the tokens of a song told as held notes."""
    return len(held.encode(song.resample(cfg.steps_per_beat)))


def matrix_gflops() -> float:
    """Measure this machine with a product of two matrices, the best of five."""
    a = np.ones((SIDE, SIDE), np.float32)
    seconds = []
    for _ in range(5):
        start = time.perf_counter()
        a @ a
        seconds.append(time.perf_counter() - start)
    return 2 * SIDE**3 / min(seconds) / 1e9


def autoencoder_flops(cfg: AEConfig) -> int:
    """Count the operations for training on one window of 16 bars.

    Examples
    --------
    >>> round(autoencoder_flops(AEConfig()) / 1e9, 3)
    0.878
    """
    bar = [cfg.steps_per_bar * cfg.pitches, *cfg.hidden]
    whole = [cfg.bars * cfg.hidden[-1], cfg.bottleneck, cfg.latent]
    one_way = cfg.bars * _products(bar) + _products(whole)
    return 2 * (3 * 2 * one_way - cfg.bars * bar[0] * bar[1])  # nothing before it to correct


def lstm_flops(cfg: LSTMConfig) -> int:
    """Count the operations for training on one window of 64 tokens, V left aside."""
    first = cfg.embedding or 1
    widths = [first] + [cfg.units] * cfg.layers
    cells = sum(4 * cfg.units * (width + cfg.units) for width in widths[:-1])
    return 2 * 3 * cfg.window * cells


def held_flops(cfg: HeldConfig) -> int:
    """Count the operations for training on one token of held notes."""
    widths = [3 * cfg.embedding] + [cfg.units] * cfg.layers
    cells = sum(4 * cfg.units * (width + cfg.units) for width in widths[:-1])
    return 2 * 3 * (cells + cfg.units * held.TOKENS)


def _products(widths: list[int]) -> int:
    return sum(a * b for a, b in zip(widths, widths[1:], strict=False))


# How a song is counted, and the operations for each of what is counted, by the kind of network.
COUNTED = {
    AEConfig: (lambda song, cfg: 1, autoencoder_flops),
    LSTMConfig: (windows, lstm_flops),
    HeldConfig: (held_tokens, held_flops),
}
