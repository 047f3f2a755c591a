"""The folder of a run: what it is called, what lies in it, and whether that can be trusted."""

import hashlib
import io
import json
import platform
from contextlib import suppress
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

import numpy as np

from musegen import backend, config, corpus
from musegen.config import RunConfig
from musegen.files import whole

# A change in any of these files makes other weights.
SOURCES = (
    *("autoencoder.py", "lstm.py", "tokens.py", "preprocess.py"),
    *("held/*.py", "training/*.py"),
)
FORMAT = 2  # of the folder; 1 had no hashes
WEIGHTS = "weights.npz"
SNAPSHOT = "epoch-{:04}.npz"
OUTLINES = "outlines.json"
KEPT = ("config.json", "vocabulary.json", OUTLINES, "history.csv", WEIGHTS, "epoch-*.npz")
# What training needs and a finished run does not.
PASSING = ("checkpoint.npz", "checkpoint.previous.npz", "checkpoint.damaged.npz", "training.lock")


def folder(cfg: RunConfig) -> Path:
    """Name the folder of a run; its key changes with configuration, music and sources."""
    package = Path(__file__).parent.parent
    files = sorted(file for pattern in SOURCES for file in package.glob(pattern))
    digest = hashlib.sha256(json.dumps(asdict(cfg), sort_keys=True).encode())
    digest.update(corpus.load(config.source()).key.encode())
    for file in files:
        digest.update(file.read_bytes().replace(b"\r\n", b"\n"))
    name = f"{cfg.name}-{digest.hexdigest()[:10]}"
    return config.build_dir() / "runs" / config.profile().name / name


def made_with() -> dict[str, str]:
    """Name the libraries whose versions change weights."""
    return {name: version(name) for name in (backend.name(), "keras", "numpy")}


def write(path: Path, text: str) -> None:
    """Write a text, whole or not at all."""
    with whole(path) as part:
        part.write_text(text, encoding="utf-8")


def write_config(folder: Path, cfg: RunConfig) -> None:
    """Write ``config.json``, unless there is one of another version."""
    path, text = folder / "config.json", json.dumps(asdict(cfg), indent=1)
    try:
        found = json.loads(path.read_bytes())
    except (FileNotFoundError, ValueError):  # missing or damaged
        write(path, text)
    else:
        if found != json.loads(text):
            raise OtherVersion(path, "its configuration is not the one of this run")


def finish(folder: Path, cfg: RunConfig, facts: dict) -> None:
    """Write the manifest, which says that all is there, and drop what only training needs."""
    kept = (path for pattern in KEPT for path in sorted(folder.glob(pattern)))
    files = {path.name: _hash(path) for path in kept}
    manifest = {
        "run": cfg.name,
        "format": FORMAT,
        "folder": folder.name,
        **facts,
        "python": platform.python_version(),
        **made_with(),
        "music21": version("music21"),
        "files": files,
    }
    manifest["hash"] = _hash_of(manifest)
    write(folder / "manifest.json", json.dumps(manifest, indent=1))
    _tidy(folder)


def ship(folder: Path, to: Path) -> None:
    """Copy a finished run to another folder, where it is whole under that folder's name.

    Its weights are rounded to float16, which halves them.

    Raises
    ------
    OSError
        If the run is damaged or not finished; what was there before stays.
    """
    about = manifest(folder) | {"folder": to.name}
    contents = {name: read(folder, name) for name in about["files"]}
    rounded = io.BytesIO()
    np.savez(rounded, *(array.astype(np.float16) for array in weights(folder, WEIGHTS)))
    contents[WEIGHTS] = rounded.getvalue()
    about["files"] = {name: hashlib.sha256(each).hexdigest() for name, each in contents.items()}
    for name, content in contents.items():
        with whole(to / name) as part:
            part.write_bytes(content)
    about["hash"] = _hash_of(about)
    write(to / "manifest.json", json.dumps(about, indent=1))


def finished(folder: Path) -> bool:
    """Tell whether a run is all there.

    Raises
    ------
    OSError
        If it was finished once, but is damaged or of another version now.
    """
    if not (folder / "manifest.json").exists():
        return False
    read(folder, "config.json")
    _tidy(folder)  # a process may have been killed before it could
    return True


def manifest(folder: Path) -> dict:
    """Read the manifest of a finished run."""
    path = folder / "manifest.json"
    try:
        found = json.loads(path.read_bytes())
        known = found["format"] == FORMAT, found["folder"] == folder.name
    except (ValueError, TypeError):
        raise Damaged(path, "it is no JSON") from None
    except KeyError:
        known = (False,)
    if not all(known):
        raise OtherVersion(path, "it is not a manifest of this run and this version")
    if found.pop("hash", None) != _hash_of(found):
        raise Damaged(path, "its content is not what was written")
    return found


def read(folder: Path, name: str) -> bytes:
    """Read a file of a run; of a finished one, if it is still what was written."""
    path = folder / name
    if not (folder / "manifest.json").exists():
        return path.read_bytes()
    expected = manifest(folder)["files"].get(name)
    if not path.exists():
        raise Damaged(path, "it is not there")
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != expected:
        raise Damaged(path, "its content is not what was written")
    return content


def save_weights(model, path: Path) -> None:
    """Write the network's arrays."""
    with whole(path) as part, part.open("wb") as file:
        np.savez(file, *model.get_weights())


def weights(folder: Path, name: str) -> list[np.ndarray]:
    """Read the network's arrays, as float32; nothing in the file is executed."""
    content = read(folder, name)
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as stored:
            arrays = (stored[f"arr_{i}"] for i in range(len(stored.files)))
            return [np.asarray(array, np.float32) for array in arrays]
    except Exception as error:  # zipfile and numpy know a dozen kinds
        raise Damaged(folder / name, why(error)) from error


def why(error: Exception) -> str:
    """Say what numpy found; its advice to load a pickle unsafely is left out."""
    return "it holds a pickle, which is never opened" if "pickle" in str(error) else str(error)


class Damaged(OSError):
    """A file of a run is not what was written."""

    def __init__(self, path: Path, why: str):
        super().__init__(
            f"{path} is damaged ({why}); delete the folder {path.parent.name} "
            "or move it away, and the run is trained again"
        )


class OtherVersion(OSError):
    """A folder has the name of a run of ours and is another's."""

    def __init__(self, path: Path, why: str):
        super().__init__(
            f"{path} was made by another version of musegen or its libraries ({why}); it stays as "
            f"it is: go back to that version, or move the folder {path.parent.name} away and the "
            "run is trained afresh"
        )


def _tidy(folder: Path) -> None:
    for name in PASSING:
        with suppress(OSError):  # missing, or the folder is read-only
            (folder / name).unlink()


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _hash_of(manifest: dict) -> str:
    return hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()
