"""The LSTM plays token after token, each predicted from the last 64 (report 2.3)."""

import io
import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from musegen import config, tokens
from musegen.files import atomic_write
from musegen.generation.autoencoder import TEMPO_QPM
from musegen.generation.sampling import greedy, sample, softmax
from musegen.song import Song
from musegen.training import Run
from musegen.training.run_folder import SONGS_FILE, hash_of

TOKENS = 500  # reference implementation; the report is silent
SONGS = 64  # ours: of each LSTM and way, among which figures 9-11 choose
WAYS = {"greedy": lambda: greedy, "sampled": sample}
ROWS = 256  # states in one product: more leave the processor's cache


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
    length : int, optional
        How many tokens will be fed at most: a window that they would not complete is not begun.

    Notes
    -----
    Notebook: 04_generation, "A sliding window".
    """

    def __init__(self, run: Run, songs: int, length: int | None = None):
        cfg, weights = run.cfg.network, list(run.weights)
        self.window, self.vocabulary = cfg.window, len(run.vocabulary)
        self.embedding = weights.pop(0) if cfg.embedding else None
        self.lstm = gates_in_order(weights[: 3 * cfg.layers])
        self.dense = weights[3 * cfg.layers :]
        # h and c
        self.states = np.zeros((cfg.layers, 2, songs, self.window, cfg.units), np.float32)
        self.fed, self.last = 0, np.inf if length is None else length - self.window

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
        self.states[:, :, :, self.fed % self.window] = 0  # in place of the one just complete
        oldest, newest = max(0, self.fed - self.window + 1), min(self.fed, self.last)
        lanes = np.sort(np.arange(oldest, newest + 1) % self.window)
        together = max(1, ROWS // len(lanes))
        for first in range(0, len(x), together):
            songs = slice(first, first + together)
            open_ones = self.states[:, :, songs].take(lanes, axis=3)
            step(x[songs], open_ones, self.lstm)
            self.states[:, :, songs, lanes] = open_ones
        self.fed += 1
        if self.fed < self.window:
            return None
        hidden, hidden_bias, out, out_bias = self.dense
        complete = self.states[-1, 0, :, self.fed % self.window]
        return np.maximum(complete @ hidden + hidden_bias, 0) @ out + out_bias


def gates_in_order(weights: list[np.ndarray]) -> list[list[np.ndarray]]:
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
        As `gates_in_order` gives it.

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


def random_seeds(run: Run, n: int, rng: np.random.Generator) -> np.ndarray:
    """Sample 64 random tokens of the vocabulary a song (report 2.3); int array (song, 64)."""
    return rng.integers(0, len(run.vocabulary), (n, run.cfg.network.window))


def continue_tokens(run, seeds, rng, pick=greedy, length=TOKENS):
    """Predict token after token by the sliding window, many songs side by side.

    Parameters
    ----------
    run : Run
        Of an LSTM.
    seeds : int array, shape (song, 64)
        `random_seeds`, or pieces of songs.
    rng : numpy Generator
        Used by picks that sample.
    pick : function
        `greedy` or what `sample` makes.
    length : int
        New tokens a song: 500 (reference implementation) unless given.

    Returns
    -------
    int array, shape (song, length)
        Without the seeds.

    Raises
    ------
    ValueError
        If a seed has not as many tokens as a window.

    Notes
    -----
    Report 2.3. Notebook: 04_generation, "A sliding window".
    """
    seeds = np.asarray(seeds)
    if seeds.ndim != 2 or seeds.shape[1] != run.cfg.network.window:
        raise ValueError(f"seeds are (song, {run.cfg.network.window}), got {seeds.shape}")
    generated = np.empty((len(seeds), length), np.int32)
    shares = np.array_split(np.arange(len(seeds)), os.cpu_count() or 1)  # songs of each thread
    shares = [share for share in shares if len(share)]
    networks = [SlidingWindow(run, len(share), seeds.shape[1] + length - 1) for share in shares]
    # One BLAS thread each: on a busy machine two that wait for each other take three times as long.
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(len(shares)) as threads:

        def feed(places):
            parts = [places[share] for share in shares]
            return list(threads.map(lambda network, part: network.feed(part), networks, parts))

        for places in seeds.T:
            logits = feed(places)
        for tick in tqdm(range(length), run.cfg.name, leave=False, disable=config.progress()):
            generated[:, tick] = pick(softmax(np.concatenate(logits)), rng)
            if tick + 1 < length:
                logits = feed(generated[:, tick])
    return generated


def play(run: Run, places: np.ndarray, title: str) -> Song:
    """Make a song of integers of the run's vocabulary: an eighth note each, at 120 qpm.

    Notes
    -----
    Report 2.3 and 3.3. Notebook: 04_generation, "A sliding window".
    """
    return tokens.to_song(
        run.vocabulary.decode(places),
        run.cfg.network.ticks_per_beat,
        tempo_qpm=TEMPO_QPM,
        title=title,
        source=run.cfg.name,
    )


def report_songs(run: Run, way: str = "greedy") -> np.ndarray:
    """Generate 64 songs from random tokens, as the report does, and keep them.

    Those of the networks that come with musegen come with them: the same songs for everybody. A
    network trained for some minutes plays 16.

    Parameters
    ----------
    run : Run
        Of an LSTM.
    way : str
        How the next token is picked, on which the report is silent: ``"greedy"``, the most
        probable one (reference implementation), or ``"sampled"`` by probability (ours).

    Returns
    -------
    int array, shape (64 or 16, 500)
        Integers of the run's vocabulary: see `play`.

    Notes
    -----
    Report 2.3. Figures 9, 10 and 11 choose among these. Notebook: 04_generation, "Greedy or
    sampled?".
    """
    shipped = SONGS_FILE.format(way)
    if shipped in run.manifest["files"]:
        return np.load(io.BytesIO(run.read(shipped)), allow_pickle=False).astype(np.int32)
    files = sorted(Path(__file__).parent.glob("*.py"))
    made_by = hash_of(b"".join(file.read_bytes().replace(b"\r\n", b"\n") for file in files))
    kept = run.folder / SONGS_FILE.format(f"{way}-{made_by[:10]}")
    with suppress(OSError, ValueError, EOFError):  # missing or damaged: it is made (again)
        return np.load(kept, allow_pickle=False)
    rng = np.random.default_rng(run.cfg.seed)
    songs = SONGS // 4 if run.cfg.minutes else SONGS  # a minute's network is not worth five
    generated = continue_tokens(run, random_seeds(run, songs, rng), rng, WAYS[way]())
    with atomic_write(kept) as part, part.open("wb") as file:
        np.save(file, generated)
    return generated
