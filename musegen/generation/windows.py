"""The LSTM plays: token after token, each from the last 64 (report 2.3)."""

import hashlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np

from musegen import tokens
from musegen.files import whole
from musegen.generation.noise import TEMPO_QPM
from musegen.progress import progress_line
from musegen.song import Song
from musegen.training import Run

TOKENS = 500  # ancestor; the report is silent
TOGETHER = 8  # songs in one product: more leave the processor's cache

# How the next token is picked: probabilities (song, V) and a generator -> tokens (song,).
Pick = Callable[[np.ndarray, np.random.Generator], np.ndarray]


def argmax(probabilities: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Pick the most probable token (ancestor; the report is silent)."""
    return probabilities.argmax(axis=1)


def sample(temperature: float = 1.0, top_k: int = 0, nucleus: float = 1.0) -> Pick:
    """Make a function that draws the next token by its probability (ours).

    Parameters
    ----------
    temperature : float
        Below 1 sharpens the distribution, above 1 flattens it.
    top_k : int
        If not 0, draw among the k most probable only.
    nucleus : float
        Draw among the fewest tokens whose probabilities sum up to this (top-p).

    Examples
    --------
    >>> rng, p = np.random.default_rng(0), np.array([[0.1, 0.6, 0.3]])
    >>> [int(sample(top_k=1)(p, rng)[0]), int(sample(nucleus=0.6)(p, rng)[0])]
    [1, 1]
    """
    if temperature <= 0 or not 0 < nucleus <= 1:
        raise ValueError(
            f"temperature {temperature} must be above 0 and nucleus {nucleus} in (0, 1]"
        )

    def pick(probabilities, rng):
        p = np.log(probabilities.astype(np.float64).clip(1e-30)) / temperature
        p = np.exp(p - p.max(axis=1, keepdims=True))
        order = np.argsort(-p, axis=1)
        ordered = np.take_along_axis(p, order, axis=1)
        ordered /= ordered.sum(axis=1, keepdims=True)
        before = ordered.cumsum(axis=1) - ordered
        ordered[before >= nucleus - 1e-12] = 0
        if top_k:
            ordered[:, top_k:] = 0
        reached = ordered.cumsum(axis=1) >= rng.random((len(p), 1)) * ordered.sum(1, keepdims=True)
        return np.take_along_axis(order, reached.argmax(axis=1)[:, None], axis=1)[:, 0]

    return pick


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
        self.lstm = [self._halved(*weights[i : i + 3]) for i in range(0, 3 * cfg.layers, 3)]
        self.dense = weights[3 * cfg.layers :]
        self.states = np.zeros((cfg.layers, 2, songs, self.lanes, cfg.units), np.float32)  # h and c
        self.fed = 0

    def _halved(self, *weights: np.ndarray) -> list[np.ndarray]:
        """Order the gates i, f, o, g (Keras: i, f, g, o) and halve the sigmoids' inputs.

        sigmoid(x) = (1 + tanh(x / 2)) / 2: so all four gates are one tanh.
        """
        i, f, g, o = np.arange(4 * self.units).reshape(4, -1)
        half = np.repeat(np.float32([0.5, 0.5, 0.5, 1]), self.units)
        return [
            np.ascontiguousarray(array[..., np.concatenate([i, f, o, g])] * half)
            for array in weights
        ]

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
        last = np.concatenate(
            [
                self._step(x[first : first + TOGETHER], self.states[:, :, first : first + TOGETHER])
                for first in range(0, len(x), TOGETHER)
            ]
        )[:, oldest]
        hidden, hidden_bias, out, out_bias = self.dense
        if self.fed < self.window:
            return None
        return np.maximum(last @ hidden + hidden_bias, 0) @ out + out_bias

    def _lanes(self, window: int) -> int:
        return window

    def _begin_window(self, oldest: int) -> None:
        self.states[:, :, :, oldest] = 0  # it is complete: a new one starts in its place

    def _step(self, x: np.ndarray, states: np.ndarray) -> np.ndarray:
        """Move windows on by a token, in place; give the last layer's h, (song, lane, units)."""
        x = x[:, None]  # the same token in all lanes
        for (h, c), (kernel, recurrent, bias) in zip(states, self.lstm, strict=True):
            gates = _product(h, recurrent)
            gates += _product(x, kernel) + bias
            np.tanh(gates, out=gates)
            sigmoids, new = np.split(gates, [3 * self.units], axis=-1)
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


def _product(x: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Multiply (song, lane, a) by (a, b) at once; numpy's own `@` would take song by song."""
    return (x.reshape(-1, x.shape[-1]) @ matrix).reshape(*x.shape[:-1], -1)


def softmax(logits: np.ndarray) -> np.ndarray:
    """Turn logits into probabilities along the last axis."""
    e = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def random_seeds(run: Run, n: int, rng: np.random.Generator) -> np.ndarray:
    """Draw 64 random tokens of the vocabulary a song (report 2.3); int array (song, 64)."""
    return rng.integers(0, len(run.vocabulary), (n, run.cfg.network.window))


def continue_tokens(
    run: Run,
    seeds: np.ndarray,
    rng: np.random.Generator,
    pick: Pick = argmax,
    length: int = TOKENS,
    generator: type[SlidingWindow] = SlidingWindow,
) -> np.ndarray:
    """Predict token after token by the sliding window, many songs side by side.

    Parameters
    ----------
    run : Run
        Of an LSTM.
    seeds : int array, shape (song, 64)
        `random_seeds`, or pieces of songs.
    rng : numpy Generator
        Used by picks that draw.
    pick : function
        `argmax` or what `sample` makes.
    length : int
        New tokens a song.
    generator : type
        `SlidingWindow` (report) or `CarriedState`.

    Returns
    -------
    int array, shape (song, length)
        Without the seeds.

    Notes
    -----
    Report 2.3. Notebook: 04_generation, "A sliding window".
    """
    seeds = np.asarray(seeds)
    if seeds.ndim != 2 or seeds.shape[1] != run.cfg.network.window:
        raise ValueError(f"seeds are (song, {run.cfg.network.window}), got {seeds.shape}")
    network = generator(run, len(seeds))
    for places in seeds.T:
        logits = network.feed(places)
    generated = np.empty((len(seeds), length), np.int32)
    with progress_line(f"generating with {run.cfg.name}", length) as show:
        for tick in range(length):
            generated[:, tick] = pick(softmax(logits), rng)
            if tick + 1 < length:
                logits = network.feed(generated[:, tick])
            show(tick + 1)
    return generated


def lstm_songs(
    run: Run,
    n: int,
    rng: np.random.Generator,
    pick: Pick = argmax,
    seeds: np.ndarray | None = None,
    length: int = TOKENS,
) -> list[Song]:
    """Generate songs with an LSTM, each token one tick of an eighth note at 120 qpm.

    Parameters are those of `continue_tokens`; `seeds` are random unless given.

    Returns
    -------
    list of Song

    Notes
    -----
    Report 2.3 and 3.3, figures 9-11. Notebook: 04_generation, "Figure 9".
    """
    seeds = random_seeds(run, n, rng) if seeds is None else seeds
    generated = continue_tokens(run, seeds, rng, pick, length)
    return [play(run, places, f"{run.cfg.name} {i}") for i, places in enumerate(generated)]


def play(run: Run, places: np.ndarray, title: str) -> Song:
    """Make a song of integers of the run's vocabulary: an eighth note each, at 120 qpm."""
    return tokens.to_song(
        run.vocabulary.decode(places),
        run.cfg.network.ticks_per_beat,
        tempo_qpm=TEMPO_QPM,
        title=title,
        source=run.cfg.name,
    )


def report_songs(run: Run, n: int = 64) -> np.ndarray:
    """Generate as the report does, from random tokens by argmax, and keep the result in the run.

    Returns
    -------
    int array, shape (song, 500)
        Integers of the run's vocabulary: see `play`.

    Notes
    -----
    Report 2.3. Figures 9, 10 and 11 choose among these. Notebook: 04_generation, "Figure 9".
    """
    made_by = hashlib.sha256(Path(__file__).read_bytes().replace(b"\r\n", b"\n"))
    weights = Path(run.weights_file).stem
    kept = run.folder / f"songs-{n}-{weights}-{made_by.hexdigest()[:10]}.npy"
    with suppress(OSError, ValueError, EOFError):  # missing or damaged: it is made (again)
        return np.load(kept, allow_pickle=False)
    rng = np.random.default_rng(run.cfg.seed)
    generated = continue_tokens(run, random_seeds(run, n, rng), rng)
    with whole(kept) as part, part.open("wb") as file:
        np.save(file, generated)
    return generated
