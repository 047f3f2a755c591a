"""What does the fast way of training the LSTM cost, or gain?"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

from musegen import config, lstm, training
from musegen.backend import load_keras
from musegen.config import RunConfig
from musegen.metrics import prediction
from musegen.training.data import Sequences, Windows

SECONDS = (30, 60, 120, 240)
EPOCHS = (1, 2, 4, 8, 16)


@dataclass(frozen=True)
class Trained:
    """What a network knows of test songs after some training.

    Attributes
    ----------
    way, stop : str
        How it was trained, and for how long.
    epochs : int
    seconds : float
        Of training alone.
    loss, accuracy : float
        For the next token, from the 64 before it.
    """

    HEAD: ClassVar = (
        "| trained by | for | epochs | seconds | test loss | right |\n" + 6 * "|---" + "|"
    )
    way: str
    stop: str
    epochs: int
    seconds: float
    loss: float
    accuracy: float

    def line(self) -> str:
        """Write it as a line of the table."""
        known = f"{self.loss:.2f} | {self.accuracy:.0%}"
        return f"| {self.way} | {self.stop} | {self.epochs} | {self.seconds:.0f} | {known} |"


def rows() -> Iterator[Trained]:
    report = config.REPORT["lstm_small_128"]
    yield from trained("windows (report)", report)
    yield from trained("sequences", replace(report, trainer="sequences"))


def trained(way: str, cfg: RunConfig) -> Iterator[Trained]:
    """Train the small network for as long as the longest stop, and judge it at each."""
    run = training.planned("lstm_small_128")
    load_keras().utils.set_random_seed(cfg.seed)
    every = cfg.trainer == "sequences"
    songs = (Sequences if every else Windows)(run.tokens.encoded, cfg.network)
    model, judged = (
        lstm.build(cfg.network, len(run.vocabulary), every_position=position)
        for position in (every, False)
    )
    cut, known = prediction.test_windows(run)

    def judge(stop: str) -> Trained:
        judged.set_weights(model.get_weights())
        p = judged.predict(cut.inputs, batch_size=512, verbose=0)
        found = prediction.judge(p, cut.targets, known)
        return Trained(way, stop, epoch, spent, found.loss, found.accuracy)

    spent, epoch, left = 0.0, 0, list(SECONDS)
    while left or epoch < max(EPOCHS):
        began = time.perf_counter()
        for batch in songs.epoch(epoch, cfg.seed):
            model.train_on_batch(*batch)
        spent, epoch = spent + time.perf_counter() - began, epoch + 1
        if epoch in EPOCHS:
            yield judge(f"{epoch} epoch{'s' * (epoch > 1)}")
        if left and spent >= left[0]:
            yield judge(f"{left.pop(0)} s")
