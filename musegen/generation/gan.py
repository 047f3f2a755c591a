"""The GAN plays: noise to four bars, and the way from one noise to another (report 4.4.1)."""

import io

import numpy as np

from musegen.generation.autoencoder import song_from_cells
from musegen.song import Song
from musegen.training import Run
from musegen.training.run_folder import SONGS_FILE


def gan_cells(run: Run, noise: np.ndarray) -> np.ndarray:
    """Say how sure the generator is of each cell: (piece, 120) -> (piece, 4, 24, 96) in 0..1."""
    logits = run.model.generator.predict(noise.astype(np.float32), verbose=0)
    return (1 + np.tanh(logits / 2)) / 2


def gan_songs(run: Run, noise: np.ndarray) -> list[Song]:
    """Play normal noise, shape (piece, 120): songs of four bars with `probabilities`.

    Notes
    -----
    Notebook: 07_the_gan, "The first thing one hears".
    """
    cells = enumerate(gan_cells(run, noise))
    return [song_from_cells(run, some, title=f"gan {i}") for i, some in cells]


def gan_along(run: Run, percent: int) -> list[Song]:
    """Give what it played of the same noise after 1, 10 or 100 % of its training."""
    played = np.load(io.BytesIO(run.read(SONGS_FILE.format(percent))), allow_pickle=False)
    return [song_from_cells(run, cells, title=f"{percent} %") for cells in np.float32(played)]


def between(one: np.ndarray, other: np.ndarray, steps: int) -> np.ndarray:
    """Go from one noise to another, shape (step, 120), and stay as far from 0 as noise is.

    In 120 dimensions all normal noise is about 11 away from 0; halfway on a straight line it is 8.
    """
    share = np.linspace(0, 1, steps)[:, None]
    angle = np.arccos(one @ other / np.linalg.norm(one) / np.linalg.norm(other))
    return (np.sin((1 - share) * angle) * one + np.sin(share * angle) * other) / np.sin(angle)
