"""Runs: a network trained on some songs of the corpus, kept in a folder and made when missing.

A run is a folder ``build/runs/<profile>/<name>-<key>/`` with ``weights.npz``, ``config.json``,
``history.csv``, ``manifest.json`` and, for an LSTM, ``vocabulary.json``. The key is made of the
configuration, the music and the sources of network and training, so that nothing else, a changed
figure for instance, ever trains anew. `store` keeps the folder, `checkpoint` what a stopped
training goes on from, `loop` trains and `batches` says on what.
"""

import io
import json
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from musegen import autoencoder, config, corpus, held, lstm, preprocess, tokens
from musegen.backend import load_keras
from musegen.config import AEConfig, HeldConfig, RunConfig
from musegen.files import one_process, sweep
from musegen.song import Song
from musegen.training import loop, store
from musegen.training.batches import Bars, Frames, Sequences, Windows

__all__ = ["Run", "load_or_train", "planned", "ship", "shipped", "songs_for", "trained"]

WAYS = {"windows": Windows, "sequences": Sequences}


@dataclass(frozen=True, eq=False)
class Run:
    """A finished training and the songs it saw.

    Attributes
    ----------
    cfg : RunConfig
    folder : Path
    songs, heldout : list of Song
        As the network gets them: for the autoencoder in one key on 6 steps a beat.
    deciding : list of Song
        Those that decide which epoch was the best one, for a network that stops there.
    weights_file : str
        Which weights: the last ones, or those of a snapshot (see `at`).
    """

    cfg: RunConfig
    folder: Path
    songs: list[Song]
    heldout: list[Song]
    deciding: list[Song] = field(default_factory=list)
    weights_file: str = store.WEIGHTS

    def __repr__(self) -> str:
        return f"Run({self.cfg.name!r}, {len(self.songs)} songs, {self.cfg.epochs} epochs)"

    def at(self, epoch: int) -> "Run":
        """Give the run as it was after an epoch of ``cfg.snapshots``, or after the last one."""
        if epoch == self.cfg.epochs:
            return self
        if epoch not in self.cfg.snapshots:
            raise ValueError(
                f"{self.cfg.name} kept no weights after epoch {epoch}; "
                f"it kept those after {', '.join(map(str, self.epochs_kept))}"
            )
        return replace(self, weights_file=store.SNAPSHOT.format(epoch))

    @property
    def epochs_kept(self) -> tuple[int, ...]:
        """The epochs that `at` knows."""
        return (*self.cfg.snapshots, self.cfg.epochs)

    @cached_property
    def vocabulary(self) -> tokens.Vocabulary:
        """The tokens of the training songs, of an LSTM's run: as saved with it, once trained."""
        if (self.folder / "manifest.json").exists() or not self.songs:
            return tokens.Vocabulary(tuple(json.loads(store.read(self.folder, "vocabulary.json"))))
        ticks = self.cfg.network.ticks_per_beat
        return tokens.Vocabulary.from_songs(tokens.tokenize(song, ticks) for song in self.songs)

    @cached_property
    def tokens(self) -> Windows | Sequences:
        """The training songs as integers, of an LSTM's run."""
        ticks, way = self.cfg.network.ticks_per_beat, WAYS[self.cfg.trainer]
        encoded = [self.vocabulary.encode(tokens.tokenize(song, ticks)) for song in self.songs]
        return way(encoded, self.cfg.network)

    @cached_property
    def heldout_tokens(self) -> Windows | Sequences:
        """The held-out songs as integers, with what the vocabulary does not know marked."""
        ticks, way = self.cfg.network.ticks_per_beat, WAYS[self.cfg.trainer]
        pairs = [
            self.vocabulary.encode_heldout(tokens.tokenize(song, ticks)) for song in self.heldout
        ]
        places, known = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
        return way(places, self.cfg.network, known)

    @cached_property
    def bars(self) -> Bars:
        """The training songs as tensors, of an autoencoder's run."""
        return Bars.from_songs(self.songs, self.cfg.network)

    @cached_property
    def heldout_bars(self) -> Bars:
        """The held-out songs as tensors, of an autoencoder's run."""
        return Bars.from_songs(self.heldout, self.cfg.network)

    @cached_property
    def frames(self) -> Frames:
        """The training songs as held notes, of a run of `HeldConfig`."""
        return Frames.from_songs(self.songs, self.cfg.network)

    @cached_property
    def outlines(self) -> list[held.Outline]:
        """What is settled of each training song before its first note: as saved, once trained."""
        if (self.folder / "manifest.json").exists() or not self.songs:
            rows = json.loads(store.read(self.folder, store.OUTLINES))
            return [held.Outline(*row) for row in rows]
        return [held.outline(song) for song in self.songs]

    @cached_property
    def history(self):
        """A DataFrame with a row an epoch: see `musegen.training.loop.train`."""
        import pandas as pd

        content = io.BytesIO(store.read(self.folder, "history.csv"))
        return pd.read_csv(content).set_index("epoch")

    @cached_property
    def manifest(self) -> dict:
        """Versions, hashes of the data and of the run's own files, seed and seconds."""
        return store.manifest(self.folder)

    @cached_property
    def weights(self) -> list[np.ndarray]:
        """The network's arrays in Keras's order, read without pickle."""
        return store.weights(self.folder, self.weights_file)

    @cached_property
    def model(self):
        """The report's network with the trained weights: for the LSTM, the one of windows."""
        model = _build(self, every_position=False)
        model.set_weights(self.weights)
        return model


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
    model = _build(run, every_position=cfg.trainer == "sequences")
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


def _build(run: Run, *, every_position: bool):
    if isinstance(run.cfg.network, AEConfig):
        return autoencoder.build(run.cfg.network)
    if isinstance(run.cfg.network, HeldConfig):
        return lstm.build_held(run.cfg.network)
    return lstm.build(run.cfg.network, len(run.vocabulary), every_position=every_position)
