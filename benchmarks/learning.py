"""How fast do networks learn?"""

from collections.abc import Iterator
from itertools import islice

import numpy as np

from benchmarks.timing import Row, compare
from musegen import autoencoder, config, lstm, training
from musegen.backend import load_keras
from musegen.training.data import Sequences, Windows

BATCHES = 6
# Report 2.2's layers over 16 bars, multiplications and additions of encoder and decoder. Learning
# costs three times as much, but nothing is sent back through the first layer.
FIRST = 2 * 16 * 2304 * 2000
FORWARD = 2 * (FIRST + 2 * (16 * 2000 * 200 + 3200 * 1600 + 1600 * 120))
AE_FLOP = 3 * FORWARD - FIRST


def rows() -> Iterator[Row]:
    yield from lstm_rows()
    yield from autoencoder_rows()


def lstm_rows() -> Iterator[Row]:
    """Targets a second: our two ways, and Keras's `fit` on windows."""
    run = training.planned("lstm_small_128")
    cfg = run.cfg.network
    encoded, vocabulary = run.tokens.encoded, len(run.vocabulary)
    windows, sequences = Windows(encoded, cfg), Sequences(encoded, cfg)
    fitted, window, chunk = (
        lstm.build(cfg, vocabulary, every_position=every) for every in (False, False, True)
    )
    cut = windows.cut(0).part(slice(0, BATCHES * cfg.batch))
    targets = {
        "windows": BATCHES * cfg.batch,
        "sequences": sum(b.weights.sum() for b in islice(sequences.epoch(0, 0), BATCHES)),
    }

    def fit():
        fitted.fit(cut.inputs, cut.targets, batch_size=cfg.batch, verbose=0, shuffle=False)

    ways = (("windows", window, windows), ("sequences", chunk, sequences))
    for name, model, songs in ways:
        ours, naive = compare(
            lambda m=model, s=songs: [
                m.train_on_batch(*batch) for batch in islice(s.epoch(0, 0), BATCHES)
            ],
            fit,
            repeats=5,
        )
        count = targets[name]
        size = f"{count / ours:,.0f} targets/s"
        naive /= BATCHES * cfg.batch
        yield Row(f"small LSTM, {name}", size, ours / count, naive, "target", "`fit` on windows")


def autoencoder_rows() -> Iterator[Row]:
    """How much of the machine's own matrix product a training step reaches."""
    ops = load_keras().ops
    square = ops.convert_to_tensor(np.random.default_rng(0).random((2048, 2048), np.float32))
    for batch in (64, 256):
        model = autoencoder.build(config.REPORT["ae_256"].network)
        bars = (np.random.default_rng(0).random((batch, 16, 24, 96)) < 0.04).astype(np.float32)
        step, product = compare(
            lambda m=model, b=bars: m.train_on_batch(b, b),
            lambda: ops.convert_to_numpy(ops.matmul(square, square))[0, 0],
            repeats=5,
        )
        limit = batch * AE_FLOP / (2 * 2048**3 / product)
        size = f"batch {batch}, {batch * AE_FLOP / step / 1e9:.0f} GFLOP/s"
        peer = "the same arithmetic as matrix products"
        promised = 0.8 if batch == 256 else 0
        yield Row(
            "autoencoder, a step", size, step / batch, limit / batch, "window", peer, promised
        )
