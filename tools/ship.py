"""Ship a trained network: into ``data/runs/``, rounded to what keeps its notes.

An LSTM's weights become float16; an autoencoder's, eight bits with a scale for each column. The
songs that figures 9-11 choose from are generated once, by the rounded weights, and lie beside them.
"""

import json
from dataclasses import asdict, replace

import numpy as np

from musegen import config, generation, training
from musegen.config import AEConfig, HeldConfig, LSTMConfig
from musegen.files import atomic_write
from musegen.training import Run, run_folder
from musegen.training.run_folder import CONFIG, WEIGHTS

WINDOWS = 4096  # on which it is counted what the rounding changes


def ship(name: str) -> Run:
    """Train a network of the report, unless it is in ``build/``, and put it into ``data/runs/``."""
    run = training.load_or_train(name, config.Settings(), again=True)
    return copy(run, config.data_dir() / "runs" / name)


def copy(run: Run, to, **facts) -> Run:
    """Copy a finished run to another folder, where it is whole under that folder's name.

    Parameters
    ----------
    run : Run
    to : Path
    **facts
        What else its manifest is to say.

    Raises
    ------
    OSError
        If the run is damaged or not finished; what was there before stays.
    """
    about = run_folder.read_manifest(run.folder)
    contents = {name: run.read(name) for name in about["files"] if name != WEIGHTS}
    contents[CONFIG] = json.dumps(asdict(run.cfg), indent=1).encode()
    for name, content in contents.items():
        with atomic_write(to / name) as part:
            part.write_bytes(content)
    eight = isinstance(run.cfg.network, AEConfig)
    run_folder.write_arrays(to / WEIGHTS, rounded(run.weights, eight))
    hashes = {name: run_folder.hash_of((to / name).read_bytes()) for name in [*contents, WEIGHTS]}
    about |= {"folder": to.name, "files": hashes, "profile": "report", **facts}
    run_folder.write_manifest(to, about)
    shipped = replace(run, folder=to)
    about["rounding"] = changed(run, shipped)
    if isinstance(run.cfg.network, LSTMConfig) and not run.cfg.network.embedding:
        for way in generation.WAYS:
            name = run_folder.SONGS_FILE.format(way)
            with atomic_write(to / name) as part, part.open("wb") as file:
                np.save(file, generation.report_songs(shipped, way).astype(np.int16))
            hashes[name] = run_folder.hash_of((to / name).read_bytes())
        for kept in to.glob("songs-*-*.npy"):  # else they would be taken for the next weights' own
            kept.unlink()
    run_folder.write_manifest(to, about)
    return replace(run, folder=to)


def rounded(weights: list[np.ndarray], eight: bool) -> list[np.ndarray]:
    """Round arrays; `musegen.training.run_folder.unrounded` reads them."""
    arrays = []
    for one in weights:
        if not eight:
            arrays.append(one.astype(np.float16))
        elif one.ndim == 2:
            scale = (np.abs(one).max(axis=0) / 127 + 1e-12).astype(np.float32)
            arrays += [np.rint(one / scale).astype(np.int8), scale]
        else:
            arrays.append(one)
    return arrays


def changed(run: Run, shipped: Run) -> str:
    """Say what the rounding changes, on training songs."""
    if isinstance(run.cfg.network, HeldConfig):
        return "float16"
    if isinstance(run.cfg.network, AEConfig):
        bars = run.bars.windows()
        before, after = (
            generation.decode(one, generation.encode(one, bars)) > one.cfg.network.threshold
            for one in (run, shipped)
        )
        return f"8 bits: {(before != after).sum()} of {bars.sum()} sounding cells change"
    windows = run.tokens.cut(0).inputs[:WINDOWS]
    before, after = (
        one.model.predict(windows, verbose=0).argmax(axis=-1) for one in (run, shipped)
    )
    return f"float16: {(before != after).sum()} of {len(windows)} next tokens change"
