"""Small networks of every kind; as a script it trains one and, at a step, kills itself.

``python trainer.py NAME SOURCE STEP``; the build folder is the environment's.
"""

import os
import signal
import sys

from musegen.config import AEConfig, GANConfig, LSTMConfig, RunConfig, Settings, VoicesConfig

AE = AEConfig(bars=2, hidden=(8, 4), bottleneck=6, latent=3, batch=4)
LSTM = LSTMConfig(layers=2, units=6, window=5, batch=64, chunks=16)
VOICES = VoicesConfig(units=6, hidden=6, pitch_width=4, batch=2, chunk=16, validation=1, rounds=1)
GAN = GANConfig(units=3, latent=5, critic_steps=2, batch=2)
RUNS = {
    run.name: run
    for run in (
        RunConfig("ae", AE, 8, 6, "bars"),
        RunConfig("windows", LSTM, 4, 6, "windows"),
        RunConfig("sequences", LSTM, 4, 6, "sequences"),
        RunConfig("gan", GAN, 4, 6, "bars"),
        RunConfig("four_voices", VOICES, 4, 6, "pieces", patience=4, last_rate=0.1),
    )
}


def settings(source) -> Settings:
    """Give the settings of a collection that was made for a test."""
    return Settings("smoke", f"lpd5:{source}")


class Killer:
    """Counts what the process does to the files of its runs; kills it at a step.

    A step is a file opened, renamed or deleted, or an array written into one.
    """

    def __init__(self, last: int):
        import numpy as np

        self.done, self.last = 0, last
        self.write_array = np.lib.format.write_array
        np.lib.format.write_array = self._write_array
        sys.addaudithook(self._audit)

    def _audit(self, event, args):
        if event in ("open", "os.rename", "os.remove") and f"{os.sep}runs{os.sep}" in str(args[0]):
            self._step()

    def _write_array(self, *args, **kwargs):
        self._step()
        return self.write_array(*args, **kwargs)

    def _step(self):
        self.done += 1
        if self.done == self.last:
            os.kill(os.getpid(), signal.SIGKILL)


def main(name: str, source: str, step: str) -> None:
    """Train with a checkpoint an epoch and say how many steps it took."""
    from musegen import training

    training.loop.SECONDS_BETWEEN_CHECKPOINTS = -1
    killer = Killer(int(step))
    training.load_or_train(RUNS[name], settings(source))
    print(killer.done)


if __name__ == "__main__":
    main(*sys.argv[1:])
