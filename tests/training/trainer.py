"""Small networks of every kind; as a script it trains one and kills itself.

``python trainer.py NAME SOURCE LAST``; the build folder is the environment's.
"""

import os
import signal
import sys

from musegen.config import AEConfig, GANConfig, LSTMConfig, RunConfig, Settings, VoicesConfig

AE = AEConfig(bars=2, hidden=(8, 4), bottleneck=6, latent=3, batch=4)
LSTM = LSTMConfig(layers=2, units=6, window=5, batch=64, chunks=16)
VOICES = VoicesConfig(units=6, hidden=6, pitch_width=4, batch=2, chunk=16, validation=1)
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


def main(name: str, source: str, last: str) -> None:
    """Train with a checkpoint an epoch; die while a file is written, after so many others."""
    from musegen import training

    written = []

    def fsync(descriptor):
        written.append(descriptor)
        if len(written) > int(last):
            os.kill(os.getpid(), signal.SIGKILL)

    training.loop.SECONDS_BETWEEN_CHECKPOINTS = -1
    os.fsync = fsync
    training.load_or_train(RUNS[name], settings(source))


if __name__ == "__main__":
    main(*sys.argv[1:])
