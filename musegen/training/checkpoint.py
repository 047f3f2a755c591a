"""Checkpoints: all that a stopped training needs to go on as if it had never stopped."""

import io
import json
import sys
from pathlib import Path

import numpy as np

from musegen.files import whole
from musegen.training import store

LATEST, PREVIOUS, ASIDE = store.PASSING[:3]


def save(state, history: list[dict], folder: Path) -> None:
    """Write weights, optimiser, random state and history; the checkpoint before stays, too.

    Parameters
    ----------
    state : list of keras.Variable
    history : list of dict
    folder : Path
        The run's. At every moment it holds a whole checkpoint once there was one.
    """
    about = {"folder": folder.name, "made_with": store.made_with()}
    arrays = {f"{i:03}": np.asarray(variable) for i, variable in enumerate(state)}
    latest = folder / LATEST
    with whole(latest) as part:
        with part.open("wb") as file:
            np.savez(file, about=json.dumps(about), history=json.dumps(history), **arrays)
        if latest.exists():
            latest.replace(folder / PREVIOUS)


def restore(state, folder: Path) -> list[dict]:
    """Read the latest good checkpoint into the variables.

    Returns
    -------
    list of dict
        The history so far, empty without a checkpoint.

    Raises
    ------
    OSError
        If there are checkpoints and none is good, or the libraries are others now; all files stay.
    """
    reason = None
    for name in (LATEST, PREVIOUS):
        path = folder / name
        if not path.exists():
            continue
        content = path.read_bytes()
        try:
            arrays, history = _unpack(content, state, path)
        except store.OtherVersion:
            raise
        except Exception as error:  # zipfile and numpy know a dozen kinds of damage
            reason = reason or f"{path} is damaged ({store.why(error)})"
            continue
        if reason:
            (folder / LATEST).replace(folder / ASIDE)  # the next save is not to keep it instead
            print(f"{reason}; going on from epoch {len(history)}, saved before", file=sys.stderr)
        for variable, array in zip(state, arrays, strict=True):
            variable.assign(array)
        return history
    if reason:
        raise OSError(
            f"{reason}, and so is any before it; put a good one there, or delete "
            f"the folder {folder.name} or move it away, and the run is trained afresh"
        )
    return []


def _unpack(content: bytes, state, path: Path) -> tuple[list[np.ndarray], list[dict]]:
    """Check everything before the first variable is touched; reading checks the zip's sums."""
    with np.load(io.BytesIO(content), allow_pickle=False) as stored:
        about = json.loads(str(stored["about"]))
        if about["folder"] != path.parent.name:
            raise store.OtherVersion(path, f"it is of {about['folder']}")
        if about["made_with"] != store.made_with():
            libraries = ", ".join(f"{name} {is_}" for name, is_ in about["made_with"].items())
            raise store.OtherVersion(path, libraries)
        history = json.loads(str(stored["history"]))
        if len(stored.files) != len(state) + 2:
            raise ValueError(f"{len(stored.files) - 2} arrays for {len(state)} variables")
        arrays = [stored[f"{i:03}"] for i in range(len(state))]
    for array, variable in zip(arrays, state, strict=True):
        if (array.shape, array.dtype.name) != (tuple(variable.shape), variable.dtype):
            raise ValueError(f"an array {array.shape} for a variable {tuple(variable.shape)}")
    return arrays, history
