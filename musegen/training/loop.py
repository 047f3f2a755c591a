"""One loop that trains any of the networks, keeps a history and goes on where it stopped."""

import time
from collections.abc import Callable, Iterable
from pathlib import Path

from musegen import lstm
from musegen.backend import begin_epoch
from musegen.config import RunConfig
from musegen.progress import progress_line
from musegen.training import checkpoint, store
from musegen.training.batches import Batch

SECONDS_BETWEEN_CHECKPOINTS = 20
POINTS_OF_HELDOUT_CURVE = 50


def train(model, songs, heldout, cfg: RunConfig, folder: Path) -> list[dict[str, float]]:
    """Train a compiled model, from its checkpoint if there is one, and write its weights.

    Those of the last epoch, or with ``cfg.patience`` those of the epoch with the best held-out
    loss.

    Parameters
    ----------
    model : keras.Model
    songs, heldout : Bars, Windows, Sequences or Frames
    cfg : RunConfig
    folder : Path
        Where checkpoints and weights are kept.

    Returns
    -------
    list of dict
        A row an epoch: epoch, seconds (since the start of the run, stops not counted), loss, for
        the LSTM accuracy, and now and then the same on held-out songs.
    """
    model.optimizer.build(model.trainable_variables)
    state = [*model.variables, *model.optimizer.variables]
    history = checkpoint.restore(state, folder)
    every = max(1, cfg.epochs // POINTS_OF_HELDOUT_CURVE)
    before = history[-1]["seconds"] if history else 0.0
    start = saved = time.monotonic()
    with progress_line(cfg.name, cfg.epochs) as show:
        for number in range(len(history), cfg.epochs):
            if _enough(history, cfg.patience):
                break
            begin_epoch(cfg.seed, number)
            if cfg.last_rate < 1:
                model.optimizer.learning_rate = _rate(number, cfg)
            row = {"epoch": number + 1}
            lstm.forget(model)
            row |= _mean(model.train_on_batch, songs.epoch(number, cfg.seed))
            if cfg.patience or number % every == 0 or number + 1 == cfg.epochs:
                lstm.forget(model)
                unseen = _mean(model.test_on_batch, heldout.heldout())
                row |= {f"heldout_{name}": value for name, value in unseen.items()}
            row["seconds"] = before + time.monotonic() - start
            history.append(row)
            if cfg.patience and _best(history) == number:
                store.save_weights(model, folder / store.WEIGHTS)
            if number + 1 in cfg.snapshots:
                store.save_weights(model, folder / store.SNAPSHOT.format(number + 1))
            show(number + 1, f"loss {row['loss']:.3f}")
            if time.monotonic() - saved > SECONDS_BETWEEN_CHECKPOINTS:
                checkpoint.save(state, history, folder)
                saved = time.monotonic()
    if not cfg.patience:
        store.save_weights(model, folder / store.WEIGHTS)
    return history


def _best(history: list[dict]) -> int:
    """Find the epoch, from 0, with the lowest held-out loss; the first of equals."""
    losses = [row["heldout_loss"] for row in history]
    return losses.index(min(losses))


def _enough(history: list[dict], patience: int) -> bool:
    """Tell whether the held-out loss has not fallen for so many epochs; never without patience."""
    return bool(patience and history) and len(history) - 1 - _best(history) >= patience


def _rate(number: int, cfg: RunConfig) -> float:
    """Give the learning rate of an epoch: it falls evenly down to `last_rate`."""
    done = number / max(1, cfg.epochs - 1)
    return cfg.network.learning_rate * (1 - (1 - cfg.last_rate) * done)


def _mean(on_batch: Callable, batches: Iterable[Batch]) -> dict[str, float]:
    """Train or test on batches; average loss (and accuracy), each batch by its weight.

    Keras averages within a batch; targets outside the vocabulary and padding weigh nothing.
    """
    total, weight = {}, 0.0
    for batch in batches:
        size = len(batch.inputs) if batch.weights is None else float(batch.weights.sum())
        for name, value in on_batch(*batch, return_dict=True).items():
            total[name] = total.get(name, 0.0) + size * float(value)
        weight += size
    return {name: value / weight for name, value in total.items()}
