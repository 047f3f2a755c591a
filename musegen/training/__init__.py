"""Runs: a network trained on some songs of the corpus, kept in a folder and made when missing.

A run is a folder ``build/runs/<profile>/<name>-<key>/`` with ``weights.npz``, ``config.json``,
``history.csv``, ``manifest.json`` and, for an LSTM, ``vocabulary.json``. The key is made of the
configuration, the music and the sources of network and training, so that nothing else, a changed
figure for instance, ever trains anew. `run` reads it, `store` keeps the folder, `checkpoint` what a
stopped training goes on from, `loop` trains and `batches` says on what.
"""

import json
from dataclasses import replace
from pathlib import Path

from musegen import config, corpus, preprocess
from musegen.backend import load_keras
from musegen.config import AEConfig, HeldConfig, RunConfig
from musegen.files import one_process, sweep
from musegen.song import Song
from musegen.training import loop, store
from musegen.training.batches import Frames
from musegen.training.run import Run, build

__all__ = ["Run", "load_or_train", "planned", "ship", "shipped", "songs_for", "trained"]


def songs_for(cfg: RunConfig) -> tuple[list[Song], ...]:
    """Find the songs of a run: the training songs, nested 10/128/256, and the held-out ones.

    Report 2.1: the autoencoder's are those with 110-130 qpm, in one key, from the first note on.
    For the network that holds notes a third list, the songs that decide when to stop.
    """
    music = corpus.load(config.source())
    if isinstance(cfg.network, AEConfig):

        def usable(song: Song) -> bool:
            return not preprocess.why_not(song, cfg.network)

        songs = music.training(cfg.songs, where=usable), list(filter(usable, music.validation))
        songs = _keep_one_out(*songs)
        return tuple([preprocess.for_autoencoder(s, cfg.network) for s in part] for part in songs)
    songs = _keep_one_out(music.training(cfg.songs), music.validation)
    if isinstance(cfg.network, HeldConfig):
        train, heldout = ([_on_grid(song, cfg.network) for song in part] for part in songs)
        last = min(cfg.network.deciding, len(train) // 4)
        return train[: len(train) - last], heldout, train[len(train) - last :] or train
    if cfg.network.transpose:
        songs = tuple([preprocess.to_common_key(song) for song in part] for part in songs)
    return songs


def _on_grid(song: Song, cfg: HeldConfig) -> Song:
    song = song.resample(cfg.steps_per_beat)
    return preprocess.to_common_key(song) if cfg.common_key else song


def _keep_one_out(songs: list[Song], heldout: list[Song]) -> tuple[list[Song], list[Song]]:
    """Hold out the last training song where a small corpus leaves no other to judge by."""
    return (songs, heldout) if heldout else (songs[:-1], songs[-1:])


def planned(name: str | RunConfig) -> Run:
    """Name a run and its songs, without training it."""
    cfg = name if isinstance(name, RunConfig) else config.profile().runs[name]
    songs, *others = songs_for(cfg)
    if not songs:
        raise ValueError(
            f"{cfg.name} needs two songs that its network can use, {config.source()} has fewer; "
            "`python -m musegen audit` tells why"
        )
    return Run(cfg, store.folder(cfg), songs, *others)


def load_or_train(name: str | RunConfig) -> Run:
    """Load a run of the current profile; train it, or what is left of it, when it is not there.

    Parameters
    ----------
    name : str or RunConfig
        One of ``config.profile().runs``, ae_10, ae_256, lstm_small_128, ..., or one of your own.

    Returns
    -------
    Run

    Raises
    ------
    KeyError
        If the profile has no such run.
    OSError
        If the disk is full or read-only, or the run's folder is damaged or of another version:
        a sentence, and everything there stays as it is.

    Notes
    -----
    A training that was stopped, kill -9 included, loses at most 20 seconds and ends as if it had
    not been. Two processes that want the same run: one trains, the other waits. Report 2.2 and
    2.3. Notebooks: 02_autoencoder_training and 03_lstm_training, "Training".
    """
    return trained(planned(name))


def shipped(with_songs: bool = False) -> Run:
    """Give the network that comes with musegen, ready to play: ``config.SHIPPED``, trained.

    Parameters
    ----------
    with_songs : bool
        Look up the songs that it has learnt from and those held out; playing needs neither. They
        are the chorales only where ``MUSEGEN_SOURCE`` does not say otherwise.

    Returns
    -------
    Run

    Raises
    ------
    OSError
        If its folder in ``data/`` is damaged.

    Notes
    -----
    Made by ``python -m musegen ship``. Notebook: 06_beyond_the_report, "The first thing one hears".
    """
    run = planned(config.SHIPPED) if with_songs else Run(config.SHIPPED, Path(), [], [])
    return replace(run, folder=config.data_dir() / config.SHIPPED.name)


def ship() -> Run:
    """Train the network that comes with musegen, unless it is there, and put it into ``data/``."""
    run = trained(planned(config.SHIPPED))
    store.ship(run.folder, config.data_dir() / run.cfg.name)
    return run


def trained(run: Run) -> Run:
    """Train a run, or what is left of it, unless it is there; raises as `load_or_train` does."""
    if not store.finished(run.folder):
        with one_process(run.folder / "training.lock", f"training {run.cfg.name}"):
            if not store.finished(run.folder):  # another process may have trained meanwhile
                _train(run)
    return run


def _train(run: Run) -> None:
    """Train and write the folder; the manifest comes last and says that all is there."""
    import pandas as pd

    cfg = run.cfg
    load_keras().utils.set_random_seed(cfg.seed)
    sweep(run.folder)
    store.write_config(run.folder, cfg)
    if isinstance(cfg.network, AEConfig):
        train, heldout = run.bars, run.heldout_bars
    elif isinstance(cfg.network, HeldConfig):
        store.write(run.folder / store.OUTLINES, json.dumps(run.outlines))
        train, heldout = run.frames, Frames.from_songs(run.deciding, cfg.network)
    else:
        run.vocabulary.save(run.folder / "vocabulary.json")
        train, heldout = run.tokens, run.heldout_tokens
    model = build(run, every_position=cfg.trainer == "sequences")
    history = loop.train(model, train, heldout, cfg, run.folder)
    store.write(run.folder / "history.csv", pd.DataFrame(history).to_csv(index=False))
    facts = {
        "profile": config.profile().name,
        "corpus": config.source(),
        "music": corpus.load(config.source()).key,
        "songs": len(run.songs),
        "heldout": len(run.heldout),
        "epochs": len(history),
        "seed": cfg.seed,
        "seconds": round(history[-1]["seconds"], 1),
    }
    store.finish(run.folder, cfg, facts)
