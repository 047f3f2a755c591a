"""Runs: a network trained on some songs of the corpus, kept in a folder and made when missing.

A run is a folder ``build/runs/<profile>/<name>-<key>/`` with ``weights.npz``, ``config.json``,
``history.csv``, ``manifest.json`` and, for an LSTM, ``vocabulary.json``. The key is made of the
configuration, the music and the sources of network and training, so that nothing else, a changed
figure for instance, ever trains anew. `data` says which songs and what a network sees of them,
`loop` trains, `checkpoint` is what a stopped training goes on from, `run_folder` keeps what is
trained and `run` reads it.
"""

import json
from dataclasses import replace

from musegen import config, corpus
from musegen.backend import load_keras
from musegen.config import AEConfig, HeldConfig, RunConfig, Settings
from musegen.files import file_lock
from musegen.training import data, loop, run_folder
from musegen.training.run import Run


def planned(name: str | RunConfig, settings: Settings | None = None) -> Run:
    """Name a run and its songs, without training it; parameters are those of `load_or_train`."""
    settings = settings or config.default()
    cfg = name if isinstance(name, RunConfig) else settings.runs[name]
    music = corpus.load(settings.source)  # transition: dask=settings.dask
    songs = data.split(cfg, music)
    if not songs.training:
        raise ValueError(
            f"{cfg.name} needs two songs that its network can use, {settings.source} has fewer; "
            "`python -m musegen audit` tells why"
        )
    key = music.key
    folder = config.build_dir() / "runs" / settings.profile / run_folder.name_of(cfg, key)
    where = (settings.source, settings.profile, key)
    return Run(cfg, folder, songs.training, songs.test, songs.validation, *where)


def load_or_train(name: str | RunConfig, settings: Settings | None = None) -> Run:
    """Load a run; train it, or what is left of it, when it is not there.

    Parameters
    ----------
    name : str or RunConfig
        One of the profile's runs, ae_10, ae_256, lstm_small_128, ..., or one of your own.
    settings : Settings, optional
        Profile and source; what the environment says (`config.default`) unless given.

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
    run = planned(name, settings)
    if not run.finished():
        with file_lock(run.folder / run_folder.LOCK, f"training {run.cfg.name}"):
            if not run.finished():  # another process may have trained meanwhile
                _train(run)
    return run


def shipped(with_songs: bool = False) -> Run:
    """Give the network that comes with musegen, ready to play: ``config.SHIPPED``, trained.

    Parameters
    ----------
    with_songs : bool
        Look up the chorales that it was trained on and the others; playing needs neither.

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
    folder = config.data_dir() / config.SHIPPED.name
    if not with_songs:
        return Run(config.SHIPPED, folder, source="chorales", profile="paper")
    return replace(planned(config.SHIPPED, Settings("paper", "chorales")), folder=folder)


def _train(run: Run) -> None:
    """Train and write the folder; the manifest comes last and says that all is there."""
    import pandas as pd

    cfg, folder = run.cfg, run.folder
    load_keras().utils.set_random_seed(cfg.seed)
    run_folder.begin(folder, cfg)
    if isinstance(cfg.network, HeldConfig):
        run_folder.write(folder / run_folder.OUTLINES, json.dumps(run.outlines))
    elif not isinstance(cfg.network, AEConfig):
        run.vocabulary.save(folder / run_folder.VOCABULARY)
    model = run.build(every_position=cfg.trainer == "sequences")
    history = loop.train(model, run)
    run_folder.write(folder / run_folder.HISTORY, pd.DataFrame(history).to_csv(index=False))
    facts = {
        "profile": run.profile,
        "corpus": run.source,
        "music": run.music,
        "songs": len(run.songs),
        "validation": len(run.validation),
        "test": len(run.test),
        "epochs": len(history),
        "seed": cfg.seed,
        "seconds": round(history[-1]["seconds"], 1),
    }
    run_folder.finish(folder, cfg, facts)
    run_folder.tidy(folder)
