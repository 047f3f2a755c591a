"""How the next token is picked from the probabilities that a network gives."""

from collections.abc import Callable

import numpy as np

# How the next token is picked: probabilities (song, V) and a generator -> tokens (song,).
Pick = Callable[[np.ndarray, np.random.Generator], np.ndarray]


def greedy(probabilities: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Pick the most probable token (reference implementation; the report is silent)."""
    return probabilities.argmax(axis=1)


def sample(temperature: float = 1.0) -> Pick:
    """Make a function that samples the next token by its probability (ours).

    Parameters
    ----------
    temperature : float
        Below 1 sharpens the distribution, above 1 flattens it.

    Raises
    ------
    ValueError
        If the temperature is not above 0.

    Examples
    --------
    >>> int(sample(0.01)(np.array([[0.1, 0.6, 0.3]]), np.random.default_rng(0))[0])
    1
    """
    if temperature <= 0:
        raise ValueError(f"temperature {temperature} must be above 0")

    def pick(probabilities, rng):
        p = np.log(probabilities.astype(np.float64).clip(1e-30)) / temperature
        p = np.exp(p - p.max(axis=1, keepdims=True))
        order = np.argsort(-p, axis=1)  # the songs that are stored were sampled in this order
        below = np.take_along_axis(p, order, axis=1).cumsum(axis=1)
        reached = below >= rng.random((len(p), 1)) * below[:, -1:]
        return np.take_along_axis(order, reached.argmax(axis=1)[:, None], axis=1)[:, 0]

    return pick


def softmax(logits: np.ndarray) -> np.ndarray:
    """Turn logits into probabilities along the last axis."""
    e = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)
