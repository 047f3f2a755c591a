"""Ship a trained network: into ``data/``, its weights rounded to float16, which halves them."""

import numpy as np

from musegen import config, training
from musegen.config import Settings
from musegen.files import atomic_write
from musegen.training import Run, run_folder
from musegen.training.run_folder import WEIGHTS


def ship() -> Run:
    """Train the network that comes with musegen, unless it is there, and put it into ``data/``."""
    run = training.load_or_train(config.SHIPPED, Settings("paper", "chorales"))
    copy(run, config.data_dir() / run.cfg.name)
    return run


def copy(run: Run, to) -> None:
    """Copy a finished run to another folder, where it is whole under that folder's name.

    Raises
    ------
    OSError
        If the run is damaged or not finished; what was there before stays.
    """
    about = run_folder.read_manifest(run.folder)
    contents = {name: run.read(name) for name in about["files"]}
    del contents[WEIGHTS]
    rounded = [array.astype(np.float16) for array in run.weights]
    for name, content in contents.items():
        with atomic_write(to / name) as part:
            part.write_bytes(content)
    run_folder.write_arrays(to / WEIGHTS, rounded)
    hashes = {name: run_folder.hash_of((to / name).read_bytes()) for name in [*contents, WEIGHTS]}
    run_folder.write_manifest(to, about | {"folder": to.name, "files": hashes})
