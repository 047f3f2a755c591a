"""The autoencoder plays: latents from songs or from noise, decoded to songs (report 2.2)."""

import io
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from musegen import preprocess
from musegen.song import Song
from musegen.training import Run
from musegen.training.run_folder import SONGS_FILE

TEMPO_QPM = 120.0  # report 3.2: "120 quarter-notes per minute"


def encode(run: Run, bars: np.ndarray) -> np.ndarray:
    """Describe windows of 16 bars by 120 numbers each.

    Parameters
    ----------
    run : Run
        Of an autoencoder.
    bars : bool array, shape (song, 16, 24, 96)

    Returns
    -------
    float32 array, shape (song, 120), >= 0
    """
    return _of_sixteen(run, _of_bars(run, bars))


def _of_bars(run: Run, bars: np.ndarray) -> np.ndarray:
    """Make each bar smaller by itself: (..., 24, 96) -> (bar, 200)."""
    cfg, (bar_1, bar_2) = run.cfg.network, _dense(run)[:2]
    x = bars.reshape(-1, cfg.steps_per_bar * cfg.pitches).astype(np.float32)  # (bar, cell)
    return _layer(_layer(x, bar_1), bar_2)


def _of_sixteen(run: Run, bars: np.ndarray) -> np.ndarray:
    """Make sixteen bars smaller as a whole: (..., 200) -> (song, 120)."""
    song_1, latent = _dense(run)[2:4]
    x = bars.reshape(-1, run.cfg.network.bars * bars.shape[-1])  # (song, 3200)
    return _layer(_layer(x, song_1), latent)


def decode(run: Run, latents: np.ndarray) -> np.ndarray:
    """Play latents: how sure the network is of each cell.

    Parameters
    ----------
    run : Run
        Of an autoencoder.
    latents : float array, shape (song, 120)

    Returns
    -------
    float32 array, shape (song, 16, 24, 96), in 0..1
    """
    cfg = run.cfg.network
    song_1, song_2, bar_1, cells = _dense(run)[4:]
    x = _layer(_layer(latents.astype(np.float32), song_1), song_2)
    x = x.reshape(-1, cfg.hidden[-1])  # (song bar, 200)
    x = _layer(_layer(x, bar_1), cells, -np.inf)
    x = (1 + np.tanh(x / 2)) / 2  # the sigmoid, by a function that cannot overflow
    return x.reshape(-1, cfg.bars, cfg.steps_per_bar, cfg.pitches)


def _dense(run: Run) -> list[tuple[np.ndarray, np.ndarray]]:
    """List kernel and bias of the eight layers."""
    return list(zip(run.weights[::2], run.weights[1::2], strict=True))


def _layer(x: np.ndarray, weights: tuple[np.ndarray, np.ndarray], lowest=0.0) -> np.ndarray:
    """Multiply, add and, by default, pass on what is above 0 (ReLU)."""
    kernel, bias = weights
    return np.maximum(x @ kernel + bias, lowest)


@dataclass(frozen=True)
class Noise:
    """The distribution that the latents of the training songs follow, as a normal one.

    Attributes
    ----------
    mean : float array, shape (120,)
    components : float array, shape (component, 120)
        Principal components of the latents, scaled to one standard deviation each.

    Notes
    -----
    Reference implementation; the report says "noise" (2.2) and no more. Notebook: 04_generation,
    "Which noise?".
    """

    mean: np.ndarray
    components: np.ndarray

    @classmethod
    def of(cls, latents: np.ndarray) -> "Noise":
        """Fit to latents, shape (song, 120)."""
        mean = latents.mean(axis=0)
        _, scale, directions = np.linalg.svd(latents - mean, full_matrices=False)
        return cls(mean, scale[:, None] * directions / np.sqrt(len(latents)))

    @property
    def explained(self) -> np.ndarray:
        """Share of the latents' variance along each component, largest first."""
        variance = (self.components**2).sum(axis=1)
        return variance / max(variance.sum(), 1e-12)

    def sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Sample `n` latents; what is negative, as none is after a ReLU, becomes 0."""
        sampled = self.mean + rng.standard_normal((n, len(self.components))) @ self.components
        return np.maximum(sampled, 0)


@cache
def latents_of_training(run: Run) -> np.ndarray:
    """Encode every window of every training song, one at each bar; shape (window, 120).

    A bar stands in sixteen windows and is made smaller once.
    """
    by_song = run.bars.by_song(_of_bars(run, song) for song in run.bars.tensors)
    return np.concatenate([_of_sixteen(run, windows) for windows in by_song])


def given_back(run: Run, bars: np.ndarray) -> np.ndarray:
    """Encode windows and decode them again: which cells are played, as bool array like `bars`."""
    return decode(run, encode(run, bars)) > run.cfg.network.threshold


def song_from_cells(run: Run, cells: np.ndarray, threshold: float | None = None, **fields) -> Song:
    """Turn decoded cells into a song: a note sounds where the network is surer than `threshold`.

    Parameters
    ----------
    run : Run
        Of an autoencoder.
    cells : float array, shape (16, 24, 96)
    threshold : float, optional
        0.5 (report 2.2) unless given. Lowering it removes no note, but fewer of them are stray
        (report 4.2.1): see notebook 02.
    **fields
        `title` and `source` of the song.

    Returns
    -------
    Song
        With `probabilities`; 120 qpm (report 3.2).
    """
    cfg = run.cfg.network
    played = cells > (cfg.threshold if threshold is None else threshold)
    song = preprocess.from_tensor(
        played, cfg, **{"tempo_qpm": TEMPO_QPM, "source": run.cfg.name, **fields}
    )
    return replace(song, probabilities=preprocess.unfold(cells, cfg))


def shown_songs(run: Run) -> list[Song]:
    """Generate the two songs of figure 7 or 8, of noise around training songs (see below).

    Those of LPD-5's networks come with musegen, without the weights.
    """
    shipped = SONGS_FILE.format("shown")
    if shipped not in run.manifest["files"]:
        return autoencoder_songs(run, 2, np.random.default_rng(run.cfg.seed), "song")
    cells = np.load(io.BytesIO(run.read(shipped)), allow_pickle=False) / np.float32(255)
    return [song_from_cells(run, song) for song in cells]


def autoencoder_songs(run: Run, n: int, rng: np.random.Generator, noise="fitted") -> list[Song]:
    """Generate songs by decoding noise.

    Parameters
    ----------
    run : Run
        Of an autoencoder.
    n : int
    rng : numpy Generator
    noise : str
        ``"fitted"`` to the latents of the training songs (reference implementation, default),
        ``"normal"`` (plain, one of the readings of report 2.2), or ``"song"``: the latent of a
        training song's first bars, another one for each song as long as there are some, plus half
        a standard deviation of fitted noise (report 4.2.1: "combined with the feature space
        vector").

    Returns
    -------
    list of Song

    Notes
    -----
    Report 2.2 and 3.2, figures 7 and 8. Notebook: 04_generation, "Which noise?".
    """
    fitted = Noise.of(latents_of_training(run))
    if noise == "fitted":
        latents = fitted.sample(n, rng)
    elif noise == "normal":
        latents = rng.standard_normal((n, len(fitted.mean)))
    elif noise == "song":
        away, songs = fitted.sample(n, rng) - fitted.mean, encode(run, run.bars.windows(0))
        latents = np.maximum(rng.choice(songs, n, replace=n > len(songs)) + 0.5 * away, 0)
    else:
        raise ValueError(f"noise {noise!r} is none of fitted, normal, song")
    return [
        song_from_cells(run, cells, title=f"{run.cfg.name} {i}")
        for i, cells in enumerate(decode(run, latents))
    ]
