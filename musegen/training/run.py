"""A run: a network trained on some songs, its folder read when asked for."""

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from musegen import autoencoder, held, lstm
from musegen.config import AEConfig, HeldConfig, RunConfig
from musegen.song import Song
from musegen.tokens import Vocabulary, tokenize
from musegen.training import run_folder
from musegen.training.data import Bars, Frames, Sequences, Windows
from musegen.training.run_folder import MANIFEST, Damaged


@dataclass(frozen=True, eq=False)
class Run:
    """A training, finished or only planned, and the songs it sees.

    Attributes
    ----------
    cfg : RunConfig
    folder : Path
    songs, test : list of Song
        As the network gets them: for the autoencoder in one key on 6 steps a beat.
    validation : list of Song
        Those that decide which epoch was the best one; empty for a network that stops by epochs.
    source, profile : str
        Where the songs are from and which set of runs it belongs to: see `config.Settings`.
    music : str
        Key of the corpus.
    weights_file : str
        Which weights: the last ones, or those of a snapshot (see `at`).
    """

    cfg: RunConfig
    folder: Path
    songs: list[Song] = field(default_factory=list)
    test: list[Song] = field(default_factory=list)
    validation: list[Song] = field(default_factory=list)
    source: str = ""
    profile: str = ""
    music: str = ""
    weights_file: str = run_folder.WEIGHTS

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
        return replace(self, weights_file=run_folder.SNAPSHOT.format(epoch))

    @property
    def epochs_kept(self) -> tuple[int, ...]:
        """The epochs that `at` knows."""
        return (*self.cfg.snapshots, self.cfg.epochs)

    # --- What it trains on -----------------------------------------------------------------------

    def data(self, songs: Sequence[Song]) -> Bars | Windows | Sequences | Frames:
        """Write songs as this network gets them, with what its vocabulary does not know marked."""
        network = self.cfg.network
        if isinstance(network, AEConfig):
            return Bars.from_songs(songs, network)
        if isinstance(network, HeldConfig):
            return Frames.from_songs(songs, network)
        ticks, way = network.ticks_per_beat, {"windows": Windows, "sequences": Sequences}
        pairs = [self.vocabulary.encode_heldout(tokenize(song, ticks)) for song in songs]
        places, known = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
        return way[self.cfg.trainer](places, network, known)

    @cached_property
    def bars(self) -> Bars:
        """The training songs as tensors, of an autoencoder's run."""
        return self.data(self.songs)

    @cached_property
    def test_bars(self) -> Bars:
        """The test songs as tensors, of an autoencoder's run."""
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

    @cached_property
    def outlines(self) -> list[held.Outline]:
        """What is settled of each training song before its first note: as saved, once trained."""
        if self._trained or not self.songs:
            rows = json.loads(self.read(run_folder.OUTLINES))
            outlines = (held.Outline(*row) for row in rows)
            return [one._replace(form=tuple(one.form)) for one in outlines]
        return [held.outline(song) for song in self.songs]

    # --- What was trained ------------------------------------------------------------------------

    @cached_property
    def manifest(self) -> dict:
        """Versions, hashes of the data and of the run's own files, seed and seconds."""
        found = run_folder.read_manifest(self.folder)
        return found | {"heldout": found["test"]}  # transition

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
        if not self._trained:
            return path.read_bytes()
        expected = self.manifest["files"].get(name)
        if not path.exists():
            raise Damaged(path, "it is not there")
        content = path.read_bytes()
        if run_folder.hash_of(content) != expected:
            raise Damaged(path, "its content is not what was written")
        return content

    @cached_property
    def history(self):
        """A DataFrame with a row an epoch: see `musegen.training.loop.train`."""
        import pandas as pd

        found = pd.read_csv(io.BytesIO(self.read(run_folder.HISTORY))).set_index("epoch")
        return _with_old_names(found)  # transition: return found

    @cached_property
    def weights(self) -> list[np.ndarray]:
        """The network's arrays in Keras's order, as float32, read without pickle."""
        path = self.folder / self.weights_file
        arrays, _ = run_folder.read_arrays(self.read(path.name), path)
        return [np.asarray(array, np.float32) for array in arrays]

    @cached_property
    def model(self):
        """The report's network with the trained weights: for the LSTM, the one of windows."""
        model = self.build()
        model.set_weights(self.weights)
        return model

    def build(self, *, every_position: bool = False):
        """Build the network, untrained; an LSTM's may predict at every position, for training."""
        network = self.cfg.network
        if isinstance(network, AEConfig):
            return autoencoder.build(network)
        if isinstance(network, HeldConfig):
            return lstm.build_held(network)
        return lstm.build(network, len(self.vocabulary), every_position=every_position)

    heldout = property(lambda self: self.test)  # transition
    deciding = property(lambda self: self.validation)  # transition
    heldout_bars = property(lambda self: self.test_bars)  # transition
    heldout_tokens = property(lambda self: self.test_tokens)  # transition


def _with_old_names(history):  # transition
    for name in [column for column in history if column.startswith(("test_", "validation_"))]:
        history["heldout_" + name.split("_", 1)[1]] = history[name]
        history["test_" + name.split("_", 1)[1]] = history[name]
    return history
