"""How does the GAN stand beside the others, and which of its settings matter? ``data/gan.csv``.

``python -m benchmarks.gan`` takes 64 songs of each source, bars 5 to 8 of each, as the same rolls
of 24 steps a bar, in one key and in four voices by the same rule, and asks the critics of notebook
06. Then it trains four GANs shortly, with about the same work: 60 epochs with five critic steps
(three minutes of one core), 240 with one; with binary notes and without. Notebook 07 shows the
table.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from musegen import config, four_voices, generation, metrics, preprocess, training
from musegen.corpus import jsb
from musegen.files import atomic_write
from musegen.song import Song
from musegen.training import Run

SONGS = 64
EPOCHS = {5: 60, 1: 240}  # critic steps: epochs of about the same work


def rolls(songs: Sequence[Song], cfg: config.GANConfig) -> np.ndarray:
    """Cut bars 5 to 8, or the only four, as the GAN gets them; bool, shape (piece, 4, 24, 96)."""
    tensors = [preprocess.to_tensor(preprocess.for_autoencoder(song, cfg), cfg) for song in songs]
    cut = [preprocess.wrapped_window(tensor, 4, cfg.bars) for tensor in tensors if len(tensor)]
    return np.stack([roll for roll in cut if roll.any()])


def in_voices(cells: np.ndarray, cfg: config.GANConfig) -> list[Song]:
    """Make songs of rolls, each note in one of four voices."""
    return [four_voices.in_voices(preprocess.from_tensor(roll, cfg), 4) for roll in cells]


def sources() -> Iterator[tuple[str, Sequence[Song]]]:
    """Let each network play."""
    rng = np.random.default_rng(0)
    wishes = [four_voices.wish_of(piece.song) for piece in jsb.load("validation")[:SONGS]]
    voices = training.load_or_train("four_voices")
    yield "four voices", generation.new_songs(voices, wishes, rng)
    lstm = training.load_or_train("lstm_small_256")
    for way in generation.WAYS:
        songs = generation.report_songs(lstm, way)
        yield f"LSTM, 256 songs, {way}", [generation.play(lstm, places, "") for places in songs]
    for size in (10, 256):
        run = training.load_or_train(f"ae_{size}")
        yield f"AE, {size} songs", generation.autoencoder_songs(run, SONGS, rng)


def gans() -> Iterator[tuple[str, Run]]:
    """Train the GAN as it is shipped, and four shortly."""
    shipped = config.REPORT["gan"]
    yield "GAN", training.load_or_train(shipped)
    for steps, epochs in EPOCHS.items():
        for binary in (True, False):
            network = replace(shipped.network, critic_steps=steps, binary=binary)
            short = replace(shipped, network=network, epochs=epochs)
            said = f"{steps} critic step{'s' * (steps > 1)}, {'' if binary else 'not '}binary"
            yield f"GAN, short: {said}", training.load_or_train(short)


class Judge:
    """Measures what is played beside Bach's training and test songs."""

    def __init__(self, gan: Run):
        self.cfg, self.windows = gan.cfg.network, metrics.NearestWindow(gan)
        self.training, self.test = (
            in_voices(rolls(songs, self.cfg), self.cfg) for songs in (gan.songs, gan.test)
        )

    def row(self, cells: np.ndarray, auc: str = "auc") -> dict:
        """Give AUC a critic, a few measures, how many bars differ, how near the nearest is."""
        songs = in_voices(cells, self.cfg)
        judged = metrics.critics.judge(songs, self.training, {"test": self.test}, seeds=1)
        found = {critic: value for (critic, _), value in judged[auc].items()}
        measured = metrics.measure(songs)
        found |= {name: measured[name].mean() for name in ("polyphony", "dissonance", "stray")}
        found["notes a bar"] = np.mean([len(song.notes) for song in songs]) / self.cfg.bars
        bars = cells.reshape(-1, self.cfg.steps_per_bar * self.cfg.pitches)
        found["different bars"] = len(np.unique(np.packbits(bars, axis=1), axis=0)) / len(bars)
        found["nearest"] = np.median([self.windows.nearest(roll).share for roll in cells])
        return {name: round(float(value), 3) for name, value in found.items()}


def main() -> None:
    """Write each row into the table as soon as it is there."""
    import pandas as pd

    gan, path, table = training.planned("gan"), config.data_dir() / "gan.csv", {}
    judge, cfg = Judge(gan), gan.cfg.network

    def write(name: str, found: dict) -> None:
        table[name] = found
        print(name, found, flush=True)
        with atomic_write(path) as part:
            frame = pd.DataFrame(table).T
            frame.to_csv(part, index_label="source", lineterminator="\n")

    write("Bach, test songs", judge.row(rolls(gan.test, cfg), "bach"))
    for name, songs in sources():
        write(name, judge.row(rolls(songs, cfg)))
    for name, run in gans():
        noise = np.random.default_rng(0).standard_normal((SONGS, cfg.latent))
        cells = generation.gan_cells(run, noise) > cfg.threshold
        minutes = round(run.manifest["seconds"] / 60, 1)
        write(name, judge.row(cells[cells.any(axis=(1, 2, 3))]) | {"minutes": minutes})


if __name__ == "__main__":
    main()
