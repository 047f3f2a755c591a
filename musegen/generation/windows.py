"""The report's sliding window, and a state that is carried on instead (report 2.3)."""

import numpy as np

from musegen.training import Run

TOGETHER = 8  # songs in one product: more leave the processor's cache


class SlidingWindow:
    """The report's generator: each prediction sees the last 64 tokens and nothing before.

    64 windows overlap at any time. Each new token moves all of them one step on, in one matrix
    product, and completes the oldest: so a token costs one step of 64 windows, not 64 steps.

    Parameters
    ----------
    run : Run
        Of an LSTM.
    songs : int
        How many songs are generated side by side.
    """

    def __init__(self, run: Run, songs: int):
        cfg, weights = run.cfg.network, list(run.weights)
        self.window, self.lanes, self.units = cfg.window, self._lanes(cfg.window), cfg.units
        self.vocabulary = len(run.vocabulary)
        self.embedding = weights.pop(0) if cfg.embedding else None
        self.lstm = halved(weights[: 3 * cfg.layers])
        self.dense = weights[3 * cfg.layers :]
        self.states = np.zeros((cfg.layers, 2, songs, self.lanes, cfg.units), np.float32)  # h and c
        self.fed = 0

    def feed(self, places: np.ndarray) -> np.ndarray | None:
        """Add a token to each song.

        Parameters
        ----------
        places : int array, shape (song,)

        Returns
        -------
        float32 array, shape (song, V), or None
            Logits of the next token; None until 64 tokens were fed.
        """
        if self.embedding is None:
            x = np.float32(places / self.vocabulary)[:, None]
        else:
            x = self.embedding[places]
        self._begin_window(self.fed % self.lanes)
        self.fed += 1
        oldest = self.fed % self.lanes
        parts = [slice(first, first + TOGETHER) for first in range(0, len(x), TOGETHER)]
        last = np.concatenate([step(x[part], self.states[:, :, part], self.lstm) for part in parts])
        last = last[:, oldest]
        hidden, hidden_bias, out, out_bias = self.dense
        if self.fed < self.window:
            return None
        return np.maximum(last @ hidden + hidden_bias, 0) @ out + out_bias

    def _lanes(self, window: int) -> int:
        return window

    def _begin_window(self, oldest: int) -> None:
        self.states[:, :, :, oldest] = 0  # it is complete: a new one starts in its place


class CarriedState(SlidingWindow):
    """Another generator, not the report's: one window that never ends.

    The network carries its state on and never forgets, where it was trained on 64 tokens from a
    blank state. A token costs one step of one window; the songs become other ones.

    Notes
    -----
    Ours. Notebook: 04_generation, "A state that is carried on".
    """

    def _lanes(self, window: int) -> int:
        return 1

    def _begin_window(self, oldest: int) -> None:
        pass


def halved(weights: list[np.ndarray]) -> list[list[np.ndarray]]:
    """Prepare the arrays of LSTM layers, three a layer, for `step`: a list of three a layer.

    The gates are ordered i, f, o, g (Keras: i, f, g, o) and the sigmoids' inputs halved, since
    sigmoid(x) = (1 + tanh(x / 2)) / 2: so all four gates are one tanh.
    """
    units = weights[1].shape[0]
    i, f, g, o = np.arange(4 * units).reshape(4, -1)
    half = np.repeat(np.float32([0.5, 0.5, 0.5, 1]), units)
    ready = [
        np.ascontiguousarray(array[..., np.concatenate([i, f, o, g])] * half) for array in weights
    ]
    return [ready[first : first + 3] for first in range(0, len(ready), 3)]


def step(x: np.ndarray, states: np.ndarray, lstm: list[list[np.ndarray]]) -> np.ndarray:
    """Move LSTM layers on by a token.

    Parameters
    ----------
    x : float32 array, shape (song, input)
        The same in all lanes.
    states : float32 array, shape (layer, 2, song, lane, units)
        h and c; changed in place.
    lstm : list
        As `halved` gives it.

    Returns
    -------
    float32 array, shape (song, lane, units)
        The last layer's h.
    """
    x = x[:, None]
    for (h, c), (kernel, recurrent, bias) in zip(states, lstm, strict=True):
        gates = _product(h, recurrent)
        gates += _product(x, kernel) + bias
        np.tanh(gates, out=gates)
        sigmoids, new = np.split(gates, [3 * h.shape[-1]], axis=-1)
        sigmoids *= 0.5
        sigmoids += 0.5
        i, f, o = np.split(sigmoids, 3, axis=-1)
        c *= f
        new *= i
        c += new
        np.tanh(c, out=h)
        h *= o
        x = h
    return x


def _product(x: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Multiply (song, lane, a) by (a, b) at once; numpy's own `@` would take song by song."""
    return (x.reshape(-1, x.shape[-1]) @ matrix).reshape(*x.shape[:-1], -1)
