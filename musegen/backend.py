"""Keras, imported late, in silence, and repeatable."""

import os
from contextlib import contextmanager
from functools import cache
from importlib import import_module

BACKENDS = ("tensorflow", "jax", "torch")


@contextmanager
def _silent_stderr():
    """Point file descriptor 2 at nothing: TensorFlow writes there whatever its settings say."""
    saved, nothing = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 2)
    try:
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(nothing)


def name() -> str:
    """Name Keras's backend, as ``KERAS_BACKEND`` says: tensorflow unless it says otherwise.

    Raises
    ------
    ValueError
        If it names anything else than tensorflow, jax or torch.
    """
    asked = os.environ.get("KERAS_BACKEND") or BACKENDS[0]
    if asked not in BACKENDS:
        raise ValueError(f"KERAS_BACKEND is {asked!r}; it must be {', '.join(BACKENDS)}")
    return asked


@cache
def load_keras():
    """Import Keras and its backend, which takes seconds, only when a network is needed.

    Returns
    -------
    module
        `keras`, deterministic: the same seed, backend, machine and number of threads give the
        same weights to the bit.

    Raises
    ------
    ValueError
        If the backend that ``KERAS_BACKEND`` names is not installed.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    backend = os.environ["KERAS_BACKEND"] = name()  # whatever keras.json in the home says
    with _silent_stderr():
        try:
            import_module(backend)
        except ImportError:
            raise ValueError(
                f"KERAS_BACKEND is {backend}, which is not installed: "
                f"python -m pip install --require-hashes -r requirements-{backend}.lock"
            ) from None
        import keras

        _DETERMINISTIC[backend]()
    return keras


def _deterministic_tensorflow() -> None:
    import logging

    import tensorflow as tf

    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # it warns of retracing
    tf.config.experimental.enable_op_determinism()
    tf.constant(0) + 1  # the first op prints, too


def _deterministic_torch() -> None:
    import torch

    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # else a GPU refuses
    torch.use_deterministic_algorithms(True)


def begin_epoch(seed: int, number: int) -> None:
    """Let an epoch's dropout depend on seed and number alone, so that a stopped training goes on.

    On TensorFlow and JAX the random state is among the model's variables and is kept with them;
    Keras on torch draws from a global state.
    """
    if name() == "torch":
        import torch

        torch.manual_seed(seed * 100_000 + number)


_DETERMINISTIC = {
    "tensorflow": _deterministic_tensorflow,
    "jax": lambda: None,  # it is, on a CPU; README says what a GPU needs
    "torch": _deterministic_torch,
}
