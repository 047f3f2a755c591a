"""Runs: a network trained on some songs of the corpus, kept in a folder and made when missing.

A run is a folder ``build/runs/<profile>/<name>-<key>/`` with ``weights.npz``, ``config.json``,
``history.csv``, ``manifest.json`` and, for an LSTM, ``vocabulary.json``. The key is made of the
configuration, the music and the sources of network and training, so that nothing else, a changed
figure for instance, ever trains anew.
"""

import hashlib
import json
import platform
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from musegen import autoencoder, config, corpus, lstm, preprocess, tokens
from musegen.backend import load_keras
from musegen.config import AEConfig, RunConfig
from musegen.files import whole
from musegen.song import Song
from musegen.training import loop
from musegen.training.batches import Bars, Sequences, Windows

__all__ = ["Run", "load_or_train", "planned", "songs_for"]

WAYS = {"windows": Windows, "sequences": Sequences}
# A change in any of these files makes other weights.
SOURCES = ("autoencoder.py", "lstm.py", "tokens.py", "preprocess.py", "training/*.py")


@dataclass(frozen=True, eq=False)
class Run:
    """A finished training and the songs it saw.

    Attributes
    ----------
    cfg : RunConfig
    folder : Path
    songs, heldout : list of Song
        As the network gets them: for the autoencoder in one key on 6 steps a beat.
    """

    cfg: RunConfig
    folder: Path
    songs: list[Song]
    heldout: list[Song]

    def __repr__(self) -> str:
        return f"Run({self.cfg.name!r}, {len(self.songs)} songs, {self.cfg.epochs} epochs)"

    @cached_property
    def vocabulary(self) -> tokens.Vocabulary:
        """The tokens of the training songs, of an LSTM's run: as saved with it, once trained."""
        saved = self.folder / "vocabulary.json"
        if saved.exists():
            return tokens.Vocabulary.load(saved)
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
    def history(self):
        """A DataFrame with a row an epoch: see `musegen.training.loop.train`."""
        import pandas as pd

        return pd.read_csv(self.folder / "history.csv").set_index("epoch")

    @cached_property
    def manifest(self) -> dict:
        """Versions, hash of the data, seed and seconds."""
        return json.loads((self.folder / "manifest.json").read_text())

    @cached_property
    def weights(self) -> list[np.ndarray]:
        """The network's arrays in Keras's order, read without pickle."""
        with np.load(self.folder / "weights.npz", allow_pickle=False) as stored:
            return [stored[f"arr_{i}"] for i in range(len(stored.files))]

    @cached_property
    def model(self):
        """The report's network with the trained weights: for the LSTM, the one of windows."""
        model = _build(self.cfg, self.folder, every_position=False)
        model.set_weights(self.weights)
        return model


def songs_for(cfg: RunConfig) -> tuple[list[Song], list[Song]]:
    """Find the songs of a run: the training songs, nested 10/128/256, and the held-out ones.

    Report 2.1: the autoencoder's are those with 110-130 qpm, in one key, from the first note on.
    """
    music = corpus.load(config.source())
    if isinstance(cfg.network, AEConfig):

        def usable(song: Song) -> bool:
            return not preprocess.why_not(song, cfg.network)

        songs = music.training(cfg.songs, where=usable), list(filter(usable, music.validation))
        songs = _keep_one_out(*songs)
        return tuple([preprocess.for_autoencoder(s, cfg.network) for s in part] for part in songs)
    songs = _keep_one_out(music.training(cfg.songs), music.validation)
    if cfg.network.transpose:
        songs = tuple([preprocess.to_common_key(song) for song in part] for part in songs)
    return songs


def _keep_one_out(songs: list[Song], heldout: list[Song]) -> tuple[list[Song], list[Song]]:
    """Hold out the last training song where a small corpus leaves no other to judge by."""
    return (songs, heldout) if heldout else (songs[:-1], songs[-1:])


def planned(name: str) -> Run:
    """Name a run of the current profile and its songs, without training it."""
    cfg = config.profile().runs[name]
    songs, heldout = songs_for(cfg)
    if not songs:
        raise ValueError(
            f"{name} needs two songs that its network can use, {config.source()} has fewer; "
            "`python -m musegen audit` tells why"
        )
    folder = config.build_dir() / "runs" / config.profile().name / f"{name}-{_key(cfg)}"
    return Run(cfg, folder, songs, heldout)


def load_or_train(name: str) -> Run:
    """Load a run of the current profile; train it, or what is left of it, when it is not there.

    Parameters
    ----------
    name : str
        One of ``config.profile().runs``: ae_10, ae_256, lstm_small_128, ...

    Returns
    -------
    Run

    Raises
    ------
    KeyError
        If the profile has no such run.

    Notes
    -----
    An interrupted training loses at most 20 seconds. Report 2.2 and 2.3.
    Notebooks: 02_autoencoder_training and 03_lstm_training, "Training".
    """
    run = planned(name)
    if not (run.folder / "manifest.json").exists():
        run.folder.mkdir(parents=True, exist_ok=True)
        _train(run)
    return run


def _train(run: Run) -> None:
    """Train and write the folder; the manifest comes last and says that all is there."""
    import pandas as pd

    cfg = run.cfg
    load_keras().utils.set_random_seed(cfg.seed)
    _write(run.folder / "config.json", json.dumps(asdict(cfg), indent=1))
    if isinstance(cfg.network, AEConfig):
        train, heldout = run.bars, run.heldout_bars
    else:
        run.vocabulary.save(run.folder / "vocabulary.json")
        train, heldout = run.tokens, run.heldout_tokens
    model = _build(cfg, run.folder, every_position=cfg.trainer == "sequences")
    history = loop.train(model, train, heldout, cfg, run.folder)
    with whole(run.folder / "weights.npz") as part, part.open("wb") as file:
        np.savez(file, *model.get_weights())
    _write(run.folder / "history.csv", pd.DataFrame(history).to_csv(index=False))
    _write(run.folder / "manifest.json", json.dumps(_manifest(run, history), indent=1))
    (run.folder / "checkpoint.npz").unlink(missing_ok=True)


def _build(cfg: RunConfig, folder: Path, *, every_position: bool):
    if isinstance(cfg.network, AEConfig):
        return autoencoder.build(cfg.network)
    size = len(tokens.Vocabulary.load(folder / "vocabulary.json"))
    return lstm.build(cfg.network, size, every_position=every_position)


def _write(path: Path, text: str) -> None:
    with whole(path) as part:
        part.write_text(text, encoding="utf-8")


def _key(cfg: RunConfig) -> str:
    """Ten characters that change with the configuration, the music or the sources."""
    package = Path(__file__).parent.parent
    files = sorted(file for pattern in SOURCES for file in package.glob(pattern))
    digest = hashlib.sha256(json.dumps(asdict(cfg), sort_keys=True).encode())
    digest.update(corpus.load(config.source()).key.encode())
    for file in files:
        digest.update(file.read_bytes().replace(b"\r\n", b"\n"))
    return digest.hexdigest()[:10]


def _manifest(run: Run, history: list[dict]) -> dict:
    from importlib.metadata import version

    return {
        "run": run.cfg.name,
        "profile": config.profile().name,
        "corpus": config.source(),
        "music": corpus.load(config.source()).key,
        "songs": len(run.songs),
        "heldout": len(run.heldout),
        "epochs": run.cfg.epochs,
        "seed": run.cfg.seed,
        "seconds": round(history[-1]["seconds"], 1),
        "python": platform.python_version(),
        **{name: version(name) for name in ("tensorflow", "keras", "numpy", "music21")},
    }
