"""Runs: a network trained on some songs of the corpus, kept in a folder and made when missing.

A run is a folder with ``weights.npz``, ``config.json``, ``history.csv``, ``manifest.json``, an
LSTM's with ``vocabulary.json``, that of four voices with ``listener.npz``. Those of the report that
take hours come with musegen, in ``data/runs/<name>/``; the others lie in
``build/runs/<profile>/<name>-<key>/``, whose key is made of the configuration, the music and the
sources of network and training, so that nothing else, a changed figure for instance, ever trains
anew. `data` says which songs and what a network sees of them, `loop` trains, and `run_folder` keeps
what is trained and what a stopped training goes on from.
"""

import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from musegen import config, corpus, files, listener, lstm
from musegen.backend import load_keras
from musegen.config import LSTMConfig, RollConfig, RunConfig, Settings, VoicesConfig
from musegen.corpus import jsb
from musegen.listener import Listener
from musegen.song import Song
from musegen.tokens import Vocabulary, tokenize
from musegen.training import data, loop, run_folder
from musegen.training.data import Bars, Pieces, Sequences, Windows
from musegen.training.run_folder import MANIFEST


@dataclass(frozen=True, eq=False)
class Run:
    """A training, finished or only planned, and the songs it sees.

    Attributes
    ----------
    cfg : RunConfig
    folder : Path
    songs, test : list of Song
        As the network gets them: for those on piano-rolls in one key on 6 steps a beat.
    validation : list of Song
        Those that decide which epoch was the best one; empty for a network that stops by epochs.
    source, profile : str
        Where the songs are from and which set of runs it belongs to: see `config.Settings`.
    music : str
        Key of these songs.
    """

    cfg: RunConfig
    folder: Path
    songs: list[Song] = field(default_factory=list)
    test: list[Song] = field(default_factory=list)
    validation: list[Song] = field(default_factory=list)
    source: str = ""
    profile: str = ""
    music: str = ""

    def __repr__(self) -> str:
        return f"Run({self.cfg.name!r}, {self.about})"

    @property
    def about(self) -> str:
        """Say on what and how long it is trained, for titles."""
        songs = len(self.songs) or self.manifest["songs"]
        return f"{songs} songs{' of LPD-5' * self.source.startswith('lpd5')}, {self.how_long}"

    @property
    def how_long(self) -> str:
        """Say how long it is trained: its epochs, or its minutes where those are counted."""
        way = " many-to-many" * (self.cfg.trainer == "sequences")
        if self.cfg.minutes:
            return f"{self.cfg.minutes:.2g} min{way}"
        return f"{self.manifest['epochs'] if self._trained else self.cfg.epochs} epochs{way}"

    # --- What it trains on -----------------------------------------------------------------------

    def data(self, songs: Sequence[Song]) -> Bars | Windows | Sequences | Pieces:
        """Write songs as this network gets them, with what its vocabulary does not know marked."""
        network = self.cfg.network
        if isinstance(network, RollConfig):
            return Bars.from_songs(songs, network)
        if isinstance(network, VoicesConfig):
            return Pieces.from_songs(songs, network)
        ticks, way = network.ticks_per_beat, {"windows": Windows, "sequences": Sequences}
        pairs = [self.vocabulary.encode_known(tokenize(song, ticks)) for song in songs]
        places, known = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
        return way[self.cfg.trainer](places, network, known)

    @cached_property
    def bars(self) -> Bars:
        """The training songs as tensors, of a run on piano-rolls."""
        return self.data(self.songs)

    @cached_property
    def test_bars(self) -> Bars:
        """The test songs as tensors, of a run on piano-rolls."""
        return self.data(self.test)

    @cached_property
    def tokens(self) -> Windows | Sequences:
        """The training songs as integers, of an LSTM's run."""
        return self.data(self.songs)

    @cached_property
    def test_tokens(self) -> Windows | Sequences:
        """The test songs as integers, with what the vocabulary does not know marked."""
        return self.data(self.test)

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The tokens of the training songs, of an LSTM's run: as saved with it, once trained."""
        if self._trained or not self.songs:
            return Vocabulary(tuple(json.loads(self.read(run_folder.VOCABULARY))))
        ticks = self.cfg.network.ticks_per_beat
        return Vocabulary.from_songs(tokenize(song, ticks) for song in self.songs)

    # --- What was trained ------------------------------------------------------------------------

    @cached_property
    def manifest(self) -> dict:
        """Versions, hashes of the data and of the run's own files, seed and seconds."""
        return run_folder.read_manifest(self.folder)

    @property
    def _trained(self) -> bool:
        return (self.folder / MANIFEST).exists()

    def finished(self) -> bool:
        """Tell whether all is there.

        Raises
        ------
        OSError
            If it was finished once, but is damaged or of another version now.
        """
        if not self._trained:
            return False
        self.read(run_folder.CONFIG)
        run_folder.tidy(self.folder)  # a process may have been killed before it could
        return True

    def read(self, name: str) -> bytes:
        """Read a file of the folder; of a finished run, if it is still what was written."""
        path = self.folder / name
        content = path.read_bytes() if path.exists() else b""
        if self._trained and run_folder.hash_of(content) != self.manifest["files"].get(name):
            raise run_folder.unusable(path, "not there, or not what was written")
        return content

    @cached_property
    def history(self):
        """A DataFrame with a row an epoch: see `musegen.training.loop.train`."""
        import pandas as pd

        return pd.read_csv(io.BytesIO(self.read(run_folder.HISTORY))).set_index("epoch")

    @cached_property
    def weights(self) -> list[np.ndarray]:
        """The network's arrays in Keras's order, as float32, read without pickle."""
        path = self.folder / run_folder.WEIGHTS
        return run_folder.unrounded(run_folder.read_arrays(self.read(path.name), path)[0])

    @cached_property
    def names(self) -> list[str]:
        """The names of these arrays, as Keras has them."""
        path = self.folder / run_folder.WEIGHTS
        return run_folder.read_arrays(self.read(path.name), path)[1]["names"]

    @cached_property
    def listener(self) -> Listener | None:
        """What gives the songs of the network of four voices away, if that was learnt."""
        if not self._trained or run_folder.LISTENER not in self.manifest["files"]:
            return None
        path = self.folder / run_folder.LISTENER
        weights, sung = run_folder.read_arrays(self.read(path.name), path)[0]
        return Listener(np.float32(weights), sung)

    @cached_property
    def model(self):
        """The report's network with the trained weights: for the LSTM, the one of windows."""
        model = self.build()
        model.set_weights(self.weights)
        return model

    def build(self, *, every_position: bool = False):
        """Build the network, untrained; an LSTM's may predict at every position, for training."""
        network = self.cfg.network
        if isinstance(network, LSTMConfig):
            return lstm.build(network, len(self.vocabulary), every_position=every_position)
        return run_folder.NETWORKS[type(network)].build(network)


def planned(name: str | RunConfig, settings: Settings | None = None, *, again=False) -> Run:
    """Name a run and its songs, without training it; parameters are those of `load_or_train`."""
    settings = settings or config.default()
    cfg = name if isinstance(name, RunConfig) else settings.runs[name]
    music = corpus.load(settings.source, dask=settings.dask)
    songs = data.split(cfg, music)
    if not songs.training:
        raise ValueError(
            f"{cfg.name} needs two songs that its network can use, {settings.source} has fewer; "
            "`python -m musegen audit` tells why"
        )
    if isinstance(cfg.network, VoicesConfig):
        voices = 1 + max(int(song.notes["voice"].max(initial=0)) for song in songs.training)
        cfg = replace(cfg, network=replace(cfg.network, voices=voices))
    every = [*songs.training, *songs.validation, *songs.test]
    key = jsb.key_of(every) if every[0].source == jsb.SOURCE else music.key_of(every)
    folder = config.build_dir() / "runs" / settings.profile / run_folder.name_of(cfg, key)
    parts = (songs.training, songs.test, songs.validation)
    run = Run(cfg, folder, *parts, settings.source, settings.profile, key)
    wanted = replace(cfg, minutes=0.0)
    come = replace(run, cfg=wanted, folder=_shipped(cfg.name, settings.source))
    if again or not come.finished() or come.manifest["music"] != key:
        return run
    same = json.loads(come.read(run_folder.CONFIG)) == json.loads(json.dumps(asdict(wanted)))
    # Of LPD-5's autoencoders only songs come with musegen.
    return come if same and run_folder.WEIGHTS in come.manifest["files"] else run


def load_or_train(
    name: str | RunConfig, settings: Settings | None = None, *, again: bool = False
) -> Run:
    """Load a run; train it, or what is left of it, when it is not there.

    Parameters
    ----------
    name : str or RunConfig
        One of the profile's runs, ae_10, ae_256, lstm_small_128, ..., or one of your own.
    settings : Settings, optional
        Profile and source; what the environment says (`config.default`) unless given.
    again : bool
        Train here what comes with musegen, too.

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
    not been; that of four voices, on several threads, but for rounding, and its listening, three
    minutes, begins again. Two processes that want the
    same run: one trains, the other waits. Report 2.2 and 2.3. Notebooks: 02_autoencoder_training
    and 03_lstm_training, "Training".
    """
    run = planned(name, settings, again=again)
    if not run.finished():
        with files.file_lock(run.folder / run_folder.LOCK, f"training {run.cfg.name}"):
            if not run.finished():  # another process may have trained meanwhile
                train(run)
    return run


def shipped(name: str, kind: str = "chorales") -> Run:
    """Give a network that comes with musegen, ready to play, without looking up its songs.

    Parameters
    ----------
    name : str
    kind : str
        Of the songs that it was trained on: ``"chorales"`` or ``"lpd5"``.

    Raises
    ------
    OSError
        If its folder in ``data/runs/`` is damaged.

    Notes
    -----
    Made by ``python -m musegen ship``.
    """
    return Run(config.RUNS_ON[kind][name], _shipped(name, kind), source=kind)


def _shipped(name: str, source: str) -> Path:
    runs, kind = config.data_dir() / "runs", source.partition(":")[0]
    return runs / name if kind == "chorales" else runs / kind / name


def train(run: Run) -> None:
    """Train and write the folder; the manifest comes last and says that all is there."""
    import pandas as pd

    cfg, folder = run.cfg, run.folder
    load_keras().utils.set_random_seed(cfg.seed)
    for part in folder.glob(".*.part"):  # what killed processes left half-written
        part.unlink()
    files.write(folder / run_folder.CONFIG, json.dumps(asdict(cfg), indent=1))
    if isinstance(cfg.network, LSTMConfig):
        words = json.dumps(run.vocabulary.tokens, indent=0)
        files.write(folder / run_folder.VOCABULARY, words)
    model = run.build(every_position=cfg.trainer == "sequences")
    history = loop.train(model, run)
    listens = isinstance(cfg.network, VoicesConfig) and not cfg.minutes
    if listens and (learnt := listener.learn(run)):
        run_folder.write_arrays(folder / run_folder.LISTENER, learnt)
    files.write(folder / run_folder.HISTORY, pd.DataFrame(history).to_csv(index=False))
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
