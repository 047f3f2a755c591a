"""A run: a network trained on some songs, its folder read when asked for."""

import io
import json
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from musegen import autoencoder, held, lstm, tokens
from musegen.config import AEConfig, HeldConfig, RunConfig
from musegen.song import Song
from musegen.training import store
from musegen.training.batches import Bars, Frames, Sequences, Windows

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
            outlines = (held.Outline(*row) for row in rows)
            return [one._replace(form=tuple(one.form)) for one in outlines]
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
        model = build(self, every_position=False)
        model.set_weights(self.weights)
        return model


def build(run: Run, *, every_position: bool):
    """Build a run's network, untrained; an LSTM's may predict at every position, for training."""
    if isinstance(run.cfg.network, AEConfig):
        return autoencoder.build(run.cfg.network)
    if isinstance(run.cfg.network, HeldConfig):
        return lstm.build_held(run.cfg.network)
    return lstm.build(run.cfg.network, len(run.vocabulary), every_position=every_position)
