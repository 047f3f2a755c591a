"""What does each change of notebook 06 bring? One network less each, all taught alike.

``python -m benchmarks.beyond`` trains them (ten minutes on two cores) and writes
``data/beyond.csv``, which notebook 06 shows.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from musegen import config, corpus, generation, metrics, training
from musegen.config import RunConfig
from musegen.files import whole

# Smaller and shorter than what is shipped, so that six fit into ten minutes.
ALL = replace(config.HELD, units=128, dropout=0.3, lanes=32)
EPOCHS, SONGS = 15, 64
CHANGES = {
    "all": {},
    "not told the beat": {"knows_the_beat": False},
    "not told the chord": {"knows_the_chord": False},
    "not told the outline": {"knows_the_outline": False},
    "songs in their own keys": {"common_key": False},
    "songs in all keys": {"common_key": False, "transpose": 6},
}
PICKS = {
    "drawn": generation.sample(),
    "nucleus 0.97": generation.PICK,
}


def rows() -> Iterator[dict]:
    """Train each, let it write 64 songs each way, and judge them by Bach's that it has not seen."""
    for change, fields in CHANGES.items():
        cfg = RunConfig(
            "beyond", replace(ALL, **fields), 256, EPOCHS, "frames", patience=EPOCHS, last_rate=0.05
        )
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
