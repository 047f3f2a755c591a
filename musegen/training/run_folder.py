"""The folder of a run: what it is called, what lies in it, and whether that can be trusted."""

import hashlib
import io
import json
import os
import platform
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

import numpy as np

from musegen import autoencoder, config, four_voices, gan, lstm
from musegen.config import AEConfig, GANConfig, LSTMConfig, RunConfig, VoicesConfig
from musegen.files import atomic_write, write

# A change in any of these files makes other weights; so does one in the network's own.
SOURCES = ("tokens.py", "preprocess.py", "listener.py")
SOURCES += ("training/__init__.py", "training/data.py", "training/loop.py")
NETWORKS = {AEConfig: autoencoder, GANConfig: gan, LSTMConfig: lstm, VoicesConfig: four_voices}
FORMAT = 3  # of the folder; 2 called the test songs held-out ones
CONFIG, VOCABULARY = "config.json", "vocabulary.json"
HISTORY, WEIGHTS, LISTENER = "history.csv", "weights.npz", "listener.npz"
SONGS_FILE, MEASURED = "songs-{}.npy", "songs.csv"  # of shipped runs
ALONG = (1, 10, 100)  # percent of the epochs, after which a GAN plays its fixed noise
MANIFEST, CHECKPOINT, LOCK = "manifest.json", "checkpoint.npz", "training.lock"
KEPT = (CONFIG, VOCABULARY, HISTORY, WEIGHTS, LISTENER, *map(SONGS_FILE.format, ALONG))


def name_of(cfg: RunConfig, music: str) -> str:
    """Name the folder of a run; its key changes with configuration, music and sources."""
    package = Path(__file__).parent.parent
    digest = hashlib.sha256(json.dumps(asdict(cfg), sort_keys=True).encode())
    digest.update(music.encode())
    for file in (*SOURCES, NETWORKS[type(cfg.network)].__file__):
        digest.update((package / file).read_bytes().replace(b"\r\n", b"\n"))
    return f"{cfg.name}-{digest.hexdigest()[:10]}"


def made_with() -> dict[str, str]:
    """Name the libraries whose versions change weights."""
    return {name: version(name) for name in (config.keras_backend(), "keras", "numpy")}


def finish(folder: Path, cfg: RunConfig, facts: dict) -> None:
    """Write the manifest, which says that all is there."""
    kept = (folder / name for name in KEPT if (folder / name).exists())
    write_manifest(
        folder,
        {
            "run": cfg.name,
            "format": FORMAT,
            "folder": folder.name,
            **facts,
            "machine": f"{platform.machine()}, {os.cpu_count()} cores",
            "python": platform.python_version(),
            **made_with(),
            "music21": version("music21"),
            "files": {path.name: hash_of(path.read_bytes()) for path in kept},
        },
    )


def tidy(folder: Path) -> None:
    """Drop what training needs and a finished run does not."""
    for name in (CHECKPOINT, LOCK):
        with suppress(OSError):  # missing, or the folder is read-only
            (folder / name).unlink()


def write_songs(path: Path, songs: np.ndarray) -> None:
    """Write songs as one array, whole or not at all."""
    with atomic_write(path) as part, part.open("wb") as file:
        np.save(file, songs)


def write_manifest(folder: Path, facts: dict) -> None:
    """Write facts about a finished run."""
    write(folder / MANIFEST, json.dumps(facts, indent=1))


def read_manifest(folder: Path) -> dict:
    """Read the manifest of a finished run; raises `unusable` if it is none of this version."""
    path = folder / MANIFEST
    try:
        found = json.loads(path.read_bytes())
    except ValueError as error:
        raise unusable(path, error) from error
    if (found.get("format"), found.get("folder")) != (FORMAT, folder.name):
        raise unusable(path, "another version of musegen, or another run's")
    return found


def write_arrays(path: Path, arrays: Iterable[np.ndarray], about: dict | None = None) -> None:
    """Write arrays in their order, and what is to be known about them."""
    with atomic_write(path) as part, part.open("wb") as file:
        np.savez(file, *arrays, **({"about": json.dumps(about)} if about else {}))


def write_weights(folder: Path, model) -> None:
    """Write a network's arrays in Keras's order, with their names."""
    names = [variable.path for variable in model.weights]
    write_arrays(folder / WEIGHTS, model.get_weights(), {"names": names})


def read_arrays(content: bytes, path: Path) -> tuple[list[np.ndarray], dict]:
    """Read what `write_arrays` wrote to `path`; nothing in it is executed."""
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as stored:
            about = json.loads(str(stored["about"])) if "about" in stored.files else {}
            return [stored[name] for name in stored.files if name != "about"], about
    except Exception as error:  # zipfile and numpy know a dozen kinds
        raise unusable(path, error) from error


def unrounded(arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Give weights as float32; one of 8-bit integers is followed by the scale of each column."""
    rest = iter(arrays)
    return [np.float32(one) * (next(rest) if one.dtype == np.int8 else 1) for one in rest]


def save_checkpoint(state: Sequence, history: list[dict], folder: Path) -> None:
    """Write weights, optimiser, random state and history over the checkpoint before.

    Parameters
    ----------
    state : list of keras.Variable
    history : list of dict
    folder : Path
        The run's. At every moment it holds a whole checkpoint once there was one.
    """
    about = {"made_with": made_with(), "history": history}
    write_arrays(folder / CHECKPOINT, [variable.numpy() for variable in state], about)


def restore_checkpoint(state: Sequence, folder: Path) -> list[dict]:
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
    arrays, about = read_arrays(path.read_bytes(), path)
    if about["made_with"] != made_with():
        libraries = ", ".join(f"{name} {is_}" for name, is_ in about["made_with"].items())
        raise unusable(path, f"it was made with {libraries}")
    for variable, array in zip(state, arrays, strict=True):
        variable.assign(array)
    return about["history"]


def unusable(path: Path, why) -> OSError:
    """Make the error of a file that is damaged, or of another version; everything stays."""
    return OSError(
        f"{path} is damaged or of another version ({why}); it stays as it is: move the folder "
        f"{path.parent.name} away, and the run is trained again"
    )


def hash_of(content: bytes) -> str:
    """Hash a file's content, as the manifest has it."""
    return hashlib.sha256(content).hexdigest()
