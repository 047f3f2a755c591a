"""How the next token is picked from the probabilities that a network gives."""

from collections.abc import Callable

import numpy as np

# How the next token is picked: probabilities (song, V) and a generator -> tokens (song,).
Pick = Callable[[np.ndarray, np.random.Generator], np.ndarray]


def greedy(probabilities: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Pick the most probable token (reference implementation; the report is silent)."""
    return probabilities.argmax(axis=1)


def sample(
    temperature: float = 1.0,
    top_k: int = 0,
    top_p: float = 1.0,
) -> Pick:
    """Make a function that samples the next token by its probability (ours).

    Parameters
    ----------
    temperature : float
        Below 1 sharpens the distribution, above 1 flattens it.
    top_k : int
        If not 0, sample among the k most probable only.
    top_p : float
        Sample among the fewest tokens whose probabilities sum up to this (nucleus sampling).

    Raises
    ------
    ValueError
        If the temperature is not above 0 or `top_p` not in (0, 1].

    Examples
    --------
    >>> rng, p = np.random.default_rng(0), np.array([[0.1, 0.6, 0.3]])
    >>> [int(sample(top_k=1)(p, rng)[0]), int(sample(top_p=0.6)(p, rng)[0])]
    [1, 1]
    """
    if temperature <= 0 or not 0 < top_p <= 1:
        raise ValueError(f"temperature {temperature} must be above 0 and top_p {top_p} in (0, 1]")

    def pick(probabilities, rng):
        p = np.log(probabilities.astype(np.float64).clip(1e-30)) / temperature
        p = np.exp(p - p.max(axis=1, keepdims=True))
        order = np.argsort(-p, axis=1)
        ordered = np.take_along_axis(p, order, axis=1)
        ordered /= ordered.sum(axis=1, keepdims=True)
        before = ordered.cumsum(axis=1) - ordered
        ordered[before >= top_p - 1e-12] = 0
        if top_k:
            ordered[:, top_k:] = 0
        reached = ordered.cumsum(axis=1) >= rng.random((len(p), 1)) * ordered.sum(1, keepdims=True)
        return np.take_along_axis(order, reached.argmax(axis=1)[:, None], axis=1)[:, 0]

    return pick


def softmax(logits: np.ndarray) -> np.ndarray:
    """Turn logits into probabilities along the last axis."""
    e = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)
