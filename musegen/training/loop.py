"""One loop that trains any of the networks, keeps a history and goes on where it stopped."""

import math
import time
from collections.abc import Callable, Iterable
from itertools import takewhile

from tqdm import tqdm

from musegen import config
from musegen.config import GANConfig, RunConfig
from musegen.gan import SAME
from musegen.training import run_folder
from musegen.training.data import Batch

SECONDS_BETWEEN_CHECKPOINTS = 20
POINTS_OF_TEST_CURVE = 50


def train(model, run) -> list[dict[str, float]]:
    """Train a compiled model, from its checkpoint if there is one, and write its weights.

    Those of the last epoch, or with ``cfg.patience`` those of the epoch with the best validation
    loss.

    Parameters
    ----------
    model : keras.Model
    run : Run

    Returns
    -------
    list of dict
        A row an epoch: epoch, seconds (since the start of the run, stops not counted), loss, for
        the LSTM accuracy, for the GAN what `musegen.gan.build` lists, and now and then the same on
        songs not trained on: ``validation_loss``
        if there are songs that decide when to stop, else ``test_loss``.
    """
    cfg, folder = run.cfg, run.folder
    songs = run.data(run.songs)
    part, others = ("validation", run.validation) if run.validation else ("test", run.test)
    others = run.data(others)
    model.optimizer.build(model.trainable_variables)
    state = [*model.variables, *model.optimizer.variables]
    history = run_folder.restore_checkpoint(state, folder)
    every = max(1, cfg.epochs // POINTS_OF_TEST_CURVE)
    before = history[-1]["seconds"] if history else 0.0
    start = saved = time.monotonic()
    end = start - before + 60 * cfg.minutes if cfg.minutes else math.inf
    epochs = range(len(history), cfg.epochs)
    for number in (bar := tqdm(epochs, cfg.name, leave=False, disable=config.progress())):
        if time.monotonic() >= end or _enough(history, cfg):
            break
        if cfg.last_rate < 1:
            model.optimizer.learning_rate = _rate(number, cfg)
        row = {"epoch": number + 1}
        # An epoch of long songs may take longer than all the minutes.
        batches = takewhile(lambda _: time.monotonic() < end, songs.epoch(number, cfg.seed))
        row |= _mean(model.train_on_batch, batches)
        if cfg.patience or number % every == 0 or number + 1 == cfg.epochs:
            unseen = _mean(model.test_on_batch, others.in_order())
            row |= {f"{part}_{name}": value for name, value in unseen.items()}
        done = 100 * (number + 1) / cfg.epochs
        if isinstance(cfg.network, GANConfig) and done in run_folder.ALONG:
            songs_file = folder / run_folder.SONGS_FILE.format(round(done))
            run_folder.write_songs(songs_file, model.play(SAME, SAME).numpy() > 0.5)
        row["seconds"] = before + time.monotonic() - start
        history.append(row)
        bar.set_postfix(loss=f"{row['loss']:.3f}")
        if cfg.patience and _best(history) == number:
            run_folder.write_weights(folder, model)
        if time.monotonic() - saved > SECONDS_BETWEEN_CHECKPOINTS:
            run_folder.save_checkpoint(state, history, folder)
            saved = time.monotonic()
    if not cfg.patience:
        run_folder.write_weights(folder, model)
    return history


def _best(history: list[dict]) -> int:
    """Find the epoch, from 0, with the lowest validation loss; the first of equals."""
    losses = [row["validation_loss"] for row in history]
    return losses.index(min(losses))


def _enough(history: list[dict], cfg: RunConfig) -> bool:
    """Tell whether the validation loss has not fallen for long enough."""
    return bool(history and cfg.patience) and len(history) - 1 - _best(history) >= cfg.patience


def _rate(number: int, cfg: RunConfig) -> float:
    """Give the learning rate of an epoch: it falls evenly down to `last_rate`."""
    done = number / max(1, cfg.epochs - 1)
    return cfg.network.learning_rate * (1 - (1 - cfg.last_rate) * done)


def _mean(on_batch: Callable, batches: Iterable[Batch]) -> dict[str, float]:
    """Train or test on batches; average loss (and accuracy), each batch by its weight.

    Keras averages within a batch; targets outside the vocabulary and padding weigh nothing. Where
    there are no others, the mean is no number.
    """
    total, weight = {}, 0.0
    for batch in batches:
        size = batch.size
        for name, value in on_batch(*batch, return_dict=True).items():
            total[name] = total.get(name, 0.0) + size * float(value)
        weight += size
    return {name: value / weight if weight else math.nan for name, value in total.items()}
