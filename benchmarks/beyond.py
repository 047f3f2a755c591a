"""What does each change of notebook 06 bring? One network less each, all trained alike.

``python -m benchmarks.beyond`` trains them (eleven minutes on two cores) and writes
``data/beyond.csv``, which notebook 06 shows.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from musegen import config, corpus, generation, metrics, training
from musegen.config import RunConfig
from musegen.files import atomic_write

SONGS = 64


def smaller(epochs: int = 12, **fields) -> RunConfig:
    """Describe a network smaller and trained shorter than what is shipped, so that all are soon."""
    network = replace(config.HELD, units=128, dropout=0.3, lanes=32)
    network = replace(network, **fields)
    return RunConfig("beyond", network, 256, epochs, "frames", patience=epochs, last_rate=0.05)


CHANGES = {
    "all": smaller(),
    "not told the beat": smaller(knows_the_beat=False),
    "not told the chord": smaller(knows_the_chord=False),
    "not told the outline": smaller(knows_the_outline=False),
    "songs in their own keys": smaller(common_key=False),
    "songs in all keys": smaller(common_key=False, transpose=6),
    "half as wide": smaller(units=64),
    "half as long": smaller(epochs=6),
}
PICKS = {
    "sampled": generation.sample(),
    "notes likeliest": generation.PICK,
}


def rows() -> Iterator[dict]:
    """Train each, let it write 64 songs each way, and judge them by Bach's test songs."""
    for change, cfg in CHANGES.items():
        run = training.load_or_train(cfg)
        bach = metrics.ReferenceCorpus.of(run)
        for pick, way in PICKS.items():
            rng = np.random.default_rng(run.cfg.seed)
            outlines = generation.sample_outlines(run, SONGS, rng)
            songs = generation.held_songs(run, outlines, rng, way)
            away, verdict = (
                bach.z_scores({"": songs})[""],
                metrics.two_sample_accuracy(songs, bach, True),
            )
            yield {
                "change": change,
                "pick": pick,
                "validation_loss": run.history["validation_loss"].min(),
                "told_from_bach": verdict.accuracy,
                "low": verdict.low,
                "high": verdict.high,
                "farthest": away.abs().max(),
                "measure": away.abs().idxmax(),
                "dissonance": away["dissonance"],
                "on beat": away["on beat"],
                "seconds": run.manifest["seconds"],
            }


def main() -> None:
    """Write the table, saying each row as it comes."""
    import pandas as pd

    corpus.load(config.default().source)
    said = []
    for row in rows():
        said.append(row)
        print(pd.Series(row).to_frame().T.to_string(header=len(said) == 1), flush=True)
    with atomic_write(config.data_dir() / "beyond.csv") as part:
        pd.DataFrame(said).round(3).to_csv(part, index=False, lineterminator="\n")


if __name__ == "__main__":
    main()
