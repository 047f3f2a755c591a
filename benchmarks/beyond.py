"""What does each change of notebook 06 bring? One network less each, all taught alike.

``python -m benchmarks.beyond`` trains them (eleven minutes on two cores) and writes
``data/beyond.csv``, which notebook 06 shows.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from musegen import config, corpus, generation, metrics, training
from musegen.config import RunConfig
from musegen.files import whole

SONGS = 64


def taught(epochs: int = 12, **fields) -> RunConfig:
    """Describe a network smaller and taught shorter than what is shipped, so that all are soon."""
    network = replace(config.HELD, units=128, dropout=0.3, lanes=32)
    network = replace(network, **fields)
    return RunConfig("beyond", network, 256, epochs, "frames", patience=epochs, last_rate=0.05)


CHANGES = {
    "all": taught(),
    "not told the beat": taught(knows_the_beat=False),
    "not told the chord": taught(knows_the_chord=False),
    "not told the outline": taught(knows_the_outline=False),
    "songs in their own keys": taught(common_key=False),
    "songs in all keys": taught(common_key=False, transpose=6),
    "half as wide": taught(units=64),
    "half as long": taught(epochs=6),
}
PICKS = {
    "drawn": generation.sample(),
    "notes likeliest": generation.PICK,
}


def rows() -> Iterator[dict]:
    """Train each, let it write 64 songs each way, and judge them by Bach's that it has not seen."""
    for change, cfg in CHANGES.items():
        run = training.load_or_train(cfg)
        bach = metrics.Yardstick.of(run)
        for pick, way in PICKS.items():
            rng = np.random.default_rng(config.SHIPPED.seed)
            outlines = generation.draw_outlines(run, SONGS, rng)
            songs = generation.held_songs(run, outlines, rng, way)
            away, verdict = bach.spreads({"": songs})[""], metrics.told_apart(songs, bach, True)
            yield {
                "change": change,
                "pick": pick,
                "heldout_loss": run.history["heldout_loss"].min(),
                "told_apart": verdict.accuracy,
                "low": verdict.low,
                "high": verdict.high,
                "farthest": away.abs().max(),
                "measure": away.abs().idxmax(),
                "dissonance": away["dissonance"],
                "on beat": away["on beat"],
                "seconds": run.manifest["seconds"],
            }


def main() -> None:
    """Write the table, a line at a time."""
    import pandas as pd

    corpus.load(config.source())
    found = []
    for row in rows():
        found.append(row)
        print(pd.Series(row).to_frame().T.to_string(header=len(found) == 1), flush=True)
    with whole(config.data_dir() / "beyond.csv") as part:
        pd.DataFrame(found).round(3).to_csv(part, index=False, lineterminator="\n")


if __name__ == "__main__":
    main()
