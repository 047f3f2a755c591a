"""Trains small networks in processes of their own, for tests/test_resume.py to kill.

As a script it imports TensorFlow once, which takes seconds, and forks a process for each order on
its stdin before TensorFlow has started a thread. An order is a line of JSON; so is each answer.
"""

import json
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

from musegen import config
from musegen.config import AEConfig, HeldConfig, LSTMConfig, RunConfig

AE = AEConfig(bars=2, hidden=(8, 4), bottleneck=6, latent=3, batch=4)
SMALL = LSTMConfig(layers=2, units=6, window=5, batch=64, chunks=16)
HELD = HeldConfig(units=6, embedding=8, lanes=2, chunk=16, deciding=1, learning_rate=0.03)
DEEP = replace(SMALL, layers=3, units=5, dropout=0.01, dense_dropout=False)
RUNS = {
    run.name: run
    for run in (
        RunConfig("ae_bars", AE, 8, 15, "bars"),
        RunConfig("ae_mended", replace(AE, mended=True), 8, 12, "bars"),
        RunConfig("held_frames", HELD, 4, 12, "frames", patience=4, last_rate=0.1),
        RunConfig("small_windows", SMALL, 4, 12, "windows"),
        RunConfig("small_sequences", SMALL, 4, 12, "sequences", snapshots=(3, 8)),
        RunConfig("deep_windows", DEEP, 4, 10, "windows"),
        RunConfig("deep_sequences", DEEP, 4, 10, "sequences"),
    )
}


def settings(made: Path, build: Path) -> dict[str, str]:
    """Say where the songs are and where the runs go."""
    return {"MUSEGEN_SOURCE": f"lpd5:{made}", "MUSEGEN_BUILD": str(build)}


def profile() -> config.Profile:
    """Give the small networks in place of the report's."""
    return config.Profile("quick", RUNS)


class Steps:
    """Counts what the process does to the files of its build folder; kills it at a step.

    A step is a file opened, renamed or deleted, or an array written into one.
    """

    def __init__(self, build: str, last: int | None):
        self.runs, self.last, self.done = f"{build}/runs", last, 0
        sys.addaudithook(self._audit)
        import numpy as np

        self.write_array = np.lib.format.write_array
        np.lib.format.write_array = self._write_array

    def _audit(self, event, args):
        if event in ("open", "os.rename", "os.remove") and str(args[0]).startswith(self.runs):
            self._step()

    def _write_array(self, file, *args, **kwargs):
        self._step()
        return self.write_array(file, *args, **kwargs)

    def _step(self):
        self.done += 1
        if self.done == self.last:
            os.kill(os.getpid(), signal.SIGKILL)


def train(name: str, made: str, build: str, log: str, step: int | None = None, often: bool = True):
    """Train, with a checkpoint an epoch, and exit; what is said goes to `log`."""
    os.dup2(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 2)
    os.environ |= settings(Path(made), Path(build))
    config.profile = profile
    from musegen import training
    from musegen.training import loop

    steps = Steps(build, step)
    if often:
        loop.SECONDS_BETWEEN_CHECKPOINTS = -1
    try:
        training.load_or_train(name)
    except OSError as error:
        print(error, file=sys.stderr, flush=True)
        os._exit(1)
    from tensorflow.python.framework.config import is_op_determinism_enabled

    from musegen.backend import load_keras

    if load_keras.cache_info().currsize:  # else the run was finished
        assert is_op_determinism_enabled()  # although Keras was there before load_keras
    print(f"{steps.done} steps", file=sys.stderr, flush=True)
    os._exit(0)


def main() -> None:
    """Answer ``{"train": {...}}`` by the number of a new process, ``{"wait": pid}`` by its end."""
    from musegen.backend import _silent_stderr

    with _silent_stderr():
        import tensorflow  # noqa: F401

    for line in sys.stdin:
        order = json.loads(line)
        if "train" in order:
            answer = os.fork()
            if not answer:
                train(**order["train"])
        else:
            answer = os.waitstatus_to_exitcode(os.waitpid(order["wait"], 0)[1])
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
