"""``python -m benchmarks.paper``: how long the paper profile would take on this machine.

Trains three epochs of each run, as the report does it, and extrapolates from the second and third
(the first one compiles). Takes about a quarter of an hour on two cores.
"""

import os
import tempfile
from dataclasses import replace

from musegen import config, training

EPOCHS = 3


def main() -> None:
    """Time each run in a folder of its own, which is thrown away."""
    os.environ["MUSEGEN_PROFILE"] = "paper"
    total = 0.0
    for name, run in config.PAPER.runs.items():
        with tempfile.TemporaryDirectory() as folder:
            os.environ["MUSEGEN_BUILD"] = folder
            config.PAPER.runs[name] = replace(run, epochs=EPOCHS)
            seconds = training.load_or_train(name).history["seconds"]
        epoch = (seconds.iloc[-1] - seconds.iloc[0]) / (EPOCHS - 1)
        total += epoch * run.epochs
        hours = epoch * run.epochs / 3600
        print(
            f"{name:20} {epoch:8.1f} s an epoch, {run.epochs} epochs: {hours:6.1f} h",
            flush=True,
        )
    print(f"all runs, extrapolated: {total / 3600:.1f} h")


if __name__ == "__main__":
    main()
