"""A checkpoint: all that a stopped training needs to go on as if it had never stopped."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from musegen.training import run_folder
from musegen.training.run_folder import CHECKPOINT, Damaged, OtherVersion


def save(state: Sequence, history: list[dict], folder: Path) -> None:
    """Write weights, optimiser, random state and history over the checkpoint before.

    Parameters
    ----------
    state : list of keras.Variable
    history : list of dict
    folder : Path
        The run's. At every moment it holds a whole checkpoint once there was one.
    """
    about = {"folder": folder.name, "made_with": run_folder.made_with(), "history": history}
    run_folder.write_arrays(folder / CHECKPOINT, map(np.asarray, state), about)


def restore(state: Sequence, folder: Path) -> list[dict]:
    """Read the checkpoint into the variables.

    Returns
    -------
    list of dict
        The history so far, empty without a checkpoint.

    Raises
    ------
    OSError
        If the checkpoint is damaged, or the libraries are others now; it stays as it is.
    """
    path = folder / CHECKPOINT
    if not path.exists():
        return []
    arrays, about = run_folder.read_arrays(path.read_bytes(), path)
    if about.get("folder") != folder.name:
        raise OtherVersion(path, "it is not of this run")
    if about["made_with"] != run_folder.made_with():
        libraries = ", ".join(f"{name} {is_}" for name, is_ in about["made_with"].items())
        raise OtherVersion(path, libraries)
    shapes = [(tuple(variable.shape), variable.dtype) for variable in state]
    if [(array.shape, array.dtype.name) for array in arrays] != shapes:
        raise Damaged(path, "its arrays are not those of this network")
    for variable, array in zip(state, arrays, strict=True):
        variable.assign(array)
    return about["history"]
