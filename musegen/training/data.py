"""What a run trains on: its songs, and what a network sees of them in one epoch."""

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from musegen import four_voices, preprocess, tokens
from musegen.config import LSTMConfig, RollConfig, RunConfig, VoicesConfig
from musegen.corpus import Corpus, jsb
from musegen.corpus.tunes import with_tunes_of_their_own
from musegen.song import Song


class Split(NamedTuple):
    """The songs of a run, as its network gets them.

    Attributes
    ----------
    training : list of Song
        Nested: the 10 are among the 128, and those among the 256.
    validation : list of Song
        Those that decide when to stop; empty for a network that stops by epochs.
    test : list of Song
        Those that no training ever sees.
    """

    training: list[Song]
    validation: list[Song]
    test: list[Song]


def split(cfg: RunConfig, music: Corpus) -> Split:
    """Find the songs of a run.

    Report 2.1: the autoencoder's are those with 110-130 qpm, in one key, from the first note on.
    A corpus so small that it has no test song for a network gives its last training song for it.
    """
    network = cfg.network
    on_rolls, in_voices = isinstance(network, RollConfig), isinstance(network, VoicesConfig)
    if in_voices and music.audit.source == "chorales":  # the literature's split
        return Split(*([piece.song for piece in jsb.load(part)] for part in jsb.PARTS))

    def usable(song: Song) -> bool:
        return not (on_rolls and preprocess.rejection_reason(song, network))

    training, test = music.training(cfg.songs, where=usable), list(filter(usable, music.test))
    if not test:
        training, test = training[:-1], training[-1:]
    if on_rolls:
        training = [preprocess.for_autoencoder(song, network) for song in training]
        test = [preprocess.for_autoencoder(song, network) for song in test]
    if not in_voices:
        return Split(training, [], test)
    voices = four_voices.voices_of(training)
    notes = sum(len(song.notes) for song in training)
    training = [four_voices.in_voices(song, voices) for song in training]
    test = [four_voices.in_voices(song, voices) for song in test]
    if lost := 1 - sum(len(song.notes) for song in training) / max(1, notes):
        warnings.warn(f"{lost:.1%} of the notes find none of {voices} voices free", stacklevel=2)
    names = [song.title for song in reversed(training)]
    tune = {name: music.audit.songs[name].tune for name in names}
    chosen = with_tunes_of_their_own(names, tune, min(network.validation, len(names) // 4))
    others = [song for song in training if song.title not in chosen]
    return Split(others, [song for song in training if song.title in chosen] or training, test)


class Batch(NamedTuple):
    """Inputs, targets and their weights, as `keras.Model.train_on_batch` takes them.

    Each is an array, or for the network of four voices a dict of arrays.
    """

    inputs: np.ndarray | dict
    targets: np.ndarray | dict
    weights: np.ndarray | dict | None = None

    @property
    def size(self) -> float:
        """What it counts in a mean over batches: its examples, or their weights."""
        if self.weights is None:
            return len(self.inputs)
        return float(
            self.weights["pitch"].sum() if isinstance(self.weights, dict) else self.weights.sum()
        )

    def part(self, rows) -> "Batch":
        """Pick some rows."""
        return Batch(*(array if array is None else array[rows] for array in self))


class _Examples:
    """What a network sees: `cut` gives all examples of an epoch, `sizes` those of a batch."""

    def epoch(self, number: int, seed: int) -> Iterator[Batch]:
        """Yield each example of an epoch once, shuffled; the same seed gives the same batches."""
        rng = np.random.default_rng([seed, number])
        cut = self.cut(number, rng)
        return _batches(cut, rng.permutation(len(cut.inputs)), self.sizes[0])

    def in_order(self) -> Iterator[Batch]:
        """Yield each example once, in order and cut from the start of each song."""
        cut = self.cut(0)
        return _batches(cut, np.arange(len(cut.inputs)), self.sizes[1])


def _batches(cut: Batch, order: np.ndarray, size: int) -> Iterator[Batch]:
    return (cut.part(order[i : i + size]) for i in range(0, len(order), size))


@dataclass(frozen=True)
class Bars(_Examples):
    """Songs as tensors; an epoch shows one window of 16 bars of each.

    The window moves on by a bar each epoch and wraps round at the end of the song, as in the
    reference implementation, so that in time every bar has stood at every place.

    Attributes
    ----------
    tensors : list of bool arrays, shape (bar, 24, 96)
    cfg : RollConfig
    """

    tensors: Sequence[np.ndarray]
    cfg: RollConfig
    sizes = property(lambda self: (self.cfg.batch, self.cfg.batch))

    @classmethod
    def from_songs(cls, songs: Sequence[Song], cfg: RollConfig) -> "Bars":
        """Cut prepared songs (see `preprocess.for_autoencoder`) into bars."""
        return cls([preprocess.to_tensor(song, cfg) for song in songs], cfg)

    def windows(self, start: int | None = None) -> np.ndarray:
        """Cut windows of 16 bars.

        Parameters
        ----------
        start : int, optional
            The bar at which each song's one window starts; None cuts one at *every* bar.

        Returns
        -------
        bool array, shape (window, 16, 24, 96)
        """
        nothing = np.zeros((0, self.cfg.bars, self.cfg.steps_per_bar, self.cfg.pitches), bool)
        return np.concatenate([nothing, *self.by_song(start=start)])

    def by_song(self, songs=None, start=None, most: int | None = None) -> Iterator[np.ndarray]:
        """Cut the `windows` of one song after the other: all of LPD-5's take gigabytes.

        Parameters
        ----------
        songs : iterable of arrays, shape (bar, ...), optional
            What stands for each bar of the songs instead of its cells.
        start : int, optional
        most : int, optional
            Take about so many of all windows, evenly spread.
        """
        step = 1 + sum(map(len, self.tensors)) // most if most else 1
        for bars in self.tensors if songs is None else songs:
            starts = range(0, len(bars), step) if start is None else [start]
            yield preprocess.wrapped_window(bars, starts, self.cfg.bars)

    def cut(self, number: int, rng: np.random.Generator | None = None) -> Batch:
        """Cut each song's one window."""
        bars = self.windows(number).astype(np.float32)
        return Batch(bars, bars)


@dataclass(frozen=True)
class Windows(_Examples):
    """All windows of 64 tokens and the token after each: the report's way (2.3).

    Attributes
    ----------
    encoded : list of int arrays, shape (token,)
    cfg : LSTMConfig
    known : list of bool arrays, shape (token,), optional
        False where a token is outside the vocabulary, and no target; all are known unless given.
    """

    encoded: Sequence[np.ndarray]
    cfg: LSTMConfig
    known: Sequence[np.ndarray] | None = None
    sizes = property(lambda self: (self.cfg.batch, 512))

    @cached_property
    def _all(self) -> Batch:
        cut = tokens.windows(self.encoded, self.cfg.window)
        if self.known is None:
            return Batch(cut.inputs, cut.targets, np.ones(len(cut), np.float32))
        known = tokens.windows(self.known, self.cfg.window).targets
        return Batch(cut.inputs, cut.targets, known.astype(np.float32))

    def cut(self, number: int, rng: np.random.Generator | None = None) -> Batch:
        """Give all windows, the same in each epoch."""
        return self._all


@dataclass(frozen=True)
class Sequences(Windows):
    """Chunks of up to 64 tokens with a target at every position: the fast way (ours).

    Each epoch cuts the songs at other places. Contexts are 1 to 64 tokens long, where `Windows`
    always gives 64. Attributes are those of `Windows`.
    """

    sizes = property(lambda self: (self.cfg.chunks, 64))

    def cut(self, number: int, rng: np.random.Generator | None = None) -> Batch:
        """Cut each song at a random place, or none, and every 64 tokens from there."""
        songs = len(self.encoded)
        return self.chunks(rng.integers(0, self.cfg.window, songs) if rng else [0] * songs)

    def chunks(self, offsets: Sequence[int]) -> Batch:
        """Cut each song once at its offset and every 64 tokens from there, padding short ends.

        Returns
        -------
        Batch
            Inputs and targets int32 (chunk, 64), weights float32, 0 on padding.

        Examples
        --------
        >>> from musegen.config import LSTMConfig
        >>> cut = Sequences([np.array([7, 8, 9, 5, 6])], LSTMConfig(window=3)).chunks([1])
        >>> cut.inputs.tolist(), cut.targets.tolist(), cut.weights.tolist()[0]
        ([[7, 0, 0], [8, 9, 5]], [[8, 0, 0], [9, 5, 6]], [1.0, 0.0, 0.0])
        """
        window = self.cfg.window
        cuts = [
            (song, max(start, 0), min(start + window, len(places) - 1))
            for song, (places, offset) in enumerate(zip(self.encoded, offsets, strict=True))
            for start in range(offset - window if offset else 0, len(places) - 1, window)
        ]
        inputs, targets = np.zeros((2, len(cuts), window), np.int32)
        weights = np.zeros((len(cuts), window), np.float32)
        for row, (song, start, stop) in enumerate(cuts):
            inputs[row, : stop - start] = self.encoded[song][start:stop]
            targets[row, : stop - start] = self.encoded[song][start + 1 : stop + 1]
            known = 1 if self.known is None else self.known[song][start + 1 : stop + 1]
            weights[row, : stop - start] = known
        return Batch(inputs, targets, weights)


@dataclass(frozen=True)
class Pieces:
    """Songs as tables of sixteenths; an epoch shows a part of each, in some key.

    Attributes
    ----------
    pieces : list of dict of int32 arrays, shape (frame, ...)
        What `musegen.four_voices.context` and `conditions` give, with ``pitch`` and ``struck``.
    cfg : VoicesConfig
    """

    pieces: Sequence[dict[str, np.ndarray]]
    cfg: VoicesConfig

    @classmethod
    def from_songs(cls, songs: Sequence[Song], cfg: VoicesConfig) -> "Pieces":
        """Write songs, on sixteenths and with voices, as the network gets them."""
        pieces = []
        for song in songs:
            rows = four_voices.table(song, cfg.voices)
            wish = four_voices.conditions(four_voices.wish_of(song, cfg.voices))
            now = {"pitch": rows.pitch, "struck": rows.struck.astype(np.int32)}
            pieces.append(four_voices.context(rows) | wish | now)
        return cls(pieces, cfg)

    def epoch(self, number: int, seed: int) -> Iterator[Batch]:
        """Yield a part of each piece, shuffled, each in another key and on other conditions."""
        rng = np.random.default_rng([seed, number])
        order = rng.permutation(len(self.pieces))
        for i in range(0, len(order), self.cfg.batch):
            some = [self._some(self.pieces[at], rng) for at in order[i : i + self.cfg.batch]]
            yield _side_by_side(some, self.cfg.chunk)

    def in_order(self) -> Iterator[Batch]:
        """Yield each piece whole, in its own key and on no condition: the shortest first."""
        pieces = sorted(
            map(four_voices.unconditioned, self.pieces), key=lambda one: len(one["pitch"])
        )
        for i in range(0, len(pieces), self.cfg.batch):
            some = pieces[i : i + self.cfg.batch]
            yield _side_by_side(some, -(-len(some[-1]["pitch"]) // 16) * 16)

    def _some(self, piece: dict[str, np.ndarray], rng: np.random.Generator):
        start = rng.integers(0, max(1, len(piece["pitch"]) - self.cfg.chunk + 1))
        piece = {name: rows[start : start + self.cfg.chunk] for name, rows in piece.items()}
        shift = int(rng.integers(-self.cfg.transpose, self.cfg.transpose + 1))
        told = [name for name in four_voices.CONDITIONS if rng.random() < self.cfg.told]
        told = told if rng.random() < self.cfg.conditioned else []
        piece = four_voices.unconditioned(piece, told)
        return four_voices.transposed(piece, shift)


def _side_by_side(pieces: Sequence[dict[str, np.ndarray]], length: int) -> Batch:
    """Fill pieces up to one length; what was filled in weighs nothing."""

    def filled(rows: np.ndarray) -> np.ndarray:
        return np.pad(rows, ((0, length - len(rows)), (0, 0)))

    inputs = {name: np.stack([filled(one[name]) for one in pieces]) for name in pieces[0]}
    pitch, struck = inputs["pitch"], inputs["struck"]
    there = np.stack([filled(np.ones_like(one["pitch"])) for one in pieces])
    stays = (pitch == inputs["last"]) & (pitch != four_voices.REST)
    weights = {"pitch": there.astype(np.float32), "struck": (there * stays).astype(np.float32)}
    return Batch(inputs, {"pitch": pitch, "struck": struck[..., None]}, weights)
