"""Keras, imported late, in silence, and repeatable."""

import logging
import os
from contextlib import contextmanager
from functools import cache

from musegen import config


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


@cache
def load_keras():
    """Import Keras and its backend, which takes seconds, only when a network is needed.

    Returns
    -------
    module
        `keras`; with TensorFlow deterministic: the same seed, machine and number of threads give
        the same weights to the bit.

    Raises
    ------
    ValueError
        If the backend that ``KERAS_BACKEND`` names is not installed.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    backend = os.environ["KERAS_BACKEND"] = config.keras_backend()  # whatever ~/.keras says
    with _silent_stderr():
        try:
            import keras
        except (ImportError, ValueError) as error:
            raise ValueError(f"KERAS_BACKEND is {backend}, which is not installed") from error
        if backend == "tensorflow":
            import tensorflow as tf

            logging.getLogger("tensorflow").setLevel(logging.ERROR)  # it warns of retracing
            tf.config.experimental.enable_op_determinism()
            tf.constant(0) + 1  # the first op prints, too
    return keras
