"""Which idea is worth how many nats a note? A leader board of networks of four voices.

``python -m benchmarks.four_voices FILE`` trains what is shipped with five seeds and then with one
thing changed, a quarter of an hour each, and writes ``data/four_voices.csv``, which notebook 06
shows; what was tried on the way stays in it. FILE is the literature's own, on which all is judged:
see ``python -m musegen yardstick``.
"""

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from musegen import config, four_voices, generation, metrics, training
from musegen.files import atomic_write
from tools import yardstick

SEEDS = 5
CHANGES = {
    "its own key only": {"transpose": 0},
    "half as wide": {"units": 128, "hidden": 96},
    "half the dropout": {"input_dropout": 0.12, "dropout": 0.25, "voice_dropout": 0.2},
}


def networks() -> Iterator[tuple[str, config.RunConfig]]:
    """Name each network: the shipped one and its sisters, then the changed ones."""
    shipped = config.REPORT["four_voices"]
    for seed in range(shipped.seed, shipped.seed + SEEDS):
        shipped_one = " (shipped)" * (seed == shipped.seed)
        yield f"+ who moves above, seed {seed}{shipped_one}", replace(shipped, seed=seed)
    for name, fields in CHANGES.items():
        yield name, replace(shipped, network=replace(shipped.network, **fields))


def row(cfg: config.RunConfig, test: list) -> dict:
    """Train a network, state its nats on the public test part, and let it write songs freely."""
    run = training.load_or_train(cfg, again=True)
    nats = metrics.nats_table(test, metrics.voices_log_p(run, [piece.song for piece in test]))
    asked = [four_voices.wish_of(song) for song in run.validation]
    rng, pick = np.random.default_rng(cfg.seed), generation.sample()
    songs = generation.new_songs(run, asked, rng, pick, tries=1)
    marks = metrics.voice_leading_table(songs).mean(numeric_only=True)
    found = {name: round(value, 4) for name, value in nats["nats a note"].items()}
    found |= {"epochs": len(run.history), "minutes": round(run.manifest["seconds"] / 60, 1)}
    return found | {name: round(marks[name], 1) for name in ("parallel fifths", "parallel octaves")}


def main(file: str) -> None:
    """Write each row into the table as soon as it is there."""
    import pandas as pd

    path = config.data_dir() / "four_voices.csv"
    board = pd.read_csv(path).set_index("network")
    test = [piece for piece in yardstick.public(Path(file)) if piece.part == "test"]
    for name, cfg in networks():
        found = row(cfg, test)
        board = pd.concat([board.drop(name, errors="ignore"), pd.DataFrame({name: found}).T])
        print(name, found, flush=True)
        with atomic_write(path) as part:
            board.to_csv(part, index_label="network", lineterminator="\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
