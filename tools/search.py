"""A search for better settings than the report's (report 4.4.1), judged on songs of their own.

Each trial trains a network for a fixed number of epochs on the first songs of the training order
and is judged on the songs after them: never on the held-out songs, for which the report's figures
are stated. Trials are kept in a file, which several processes may share and which a later search
goes on with.
"""

import hashlib
import json
import math
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from musegen import config, corpus, generation, training
from musegen.config import RunConfig
from musegen.files import at_work, one_process
from musegen.song import Song
from musegen.training import Run

TRAINED, JUDGED = 128, 45  # songs
SEED = 2021


@dataclass(frozen=True)
class Search:
    """What is tried, and what a trial is judged by.

    Attributes
    ----------
    run : RunConfig
        What a trial changes.
    ask : function of an Optuna trial
        Gives the fields of the network that the trial changes.
    report : dict
        The report's own, with which a study begins.
    judge : function of a Run
        Gives the trial's value.
    value : str
        What that is.
    direction : str
        ``"minimize"`` or ``"maximize"``.
    """

    run: RunConfig
    ask: Callable
    report: dict
    judge: Callable[[Run], float]
    value: str
    direction: str


def _ask_lstm(trial) -> dict:
    return {
        "layers": trial.suggest_int("layers", 1, 3),
        "units": trial.suggest_categorical("units", [64, 128, 256, 384]),
        "dropout": trial.suggest_float("dropout", 0.0, 0.5),
        "window": trial.suggest_categorical("window", [16, 32, 64, 128]),
        "learning_rate": trial.suggest_float("learning_rate", 3e-4, 2e-2, log=True),
    }


def _ask_autoencoder(trial) -> dict:
    return {
        "latent": trial.suggest_categorical("latent", [30, 60, 120, 240, 480]),
        "learning_rate": trial.suggest_float("learning_rate", 1e-4, 3e-3, log=True),
        "threshold": trial.suggest_float("threshold", 0.05, 0.95),
    }


def _loss(run: Run) -> float:
    return float(run.history["heldout_loss"].iloc[-1])


def _f1(run: Run) -> float:
    """Weigh missed notes against stray ones: cells played and sounding, at the threshold."""
    true = run.heldout_bars.windows(0)
    played = generation.decode(run, generation.encode(run, true)) > run.cfg.network.threshold
    return 2 * float((played & true).sum()) / max(1, int(played.sum()) + int(true.sum()))


SEARCHES = {
    "lstm": Search(
        RunConfig("search_lstm", config.SMALL, TRAINED, 20, "sequences", SEED),
        _ask_lstm,
        {"layers": 2, "units": 256, "dropout": 0.3, "window": 64, "learning_rate": 1e-3},
        _loss,
        "loss",
        "minimize",
    ),
    "ae": Search(
        RunConfig("search_ae", config.MANY, TRAINED, 30, "bars", SEED),
        _ask_autoencoder,
        {"latent": 120, "learning_rate": 1e-3, "threshold": 0.5},
        _f1,
        "F1",
        "maximize",
    ),
}


def run(name: str, trials: int):
    """Add trials to a study, or begin one.

    Parameters
    ----------
    name : str
        ``"lstm"`` or ``"ae"``.
    trials : int
        How many this process is to add. What processes that were killed had begun comes first.

    Returns
    -------
    DataFrame
        All trials of the study so far, the best first: see `frame`.

    Notes
    -----
    The study is ``build/search/<name>.log``. A trial's value depends on its settings alone, not on
    the process or the order. Report 4.4.1. Notebook: 03_lstm_training, "Other settings".
    """
    from optuna.trial import TrialState

    study = _study(name)
    search = SEARCHES[name]
    for _ in range(trials):
        with _begun(name, study) as (number, settings):
            value = _value(search, settings)
            # A loss that is no number says that the settings are bad, not that the search is.
            told = {"values": value} if math.isfinite(value) else {"state": TrialState.PRUNED}
            study.tell(number, **told)
        tried = ", ".join(f"{key} {_short(value)}" for key, value in settings.items())
        print(f"{number}: {search.value} {value:.4f} with {tried}", file=sys.stderr)
    return frame(name)


def frame(name: str):
    """Give the trials of a study as a DataFrame, the best first.

    Columns are the value (``loss`` of the next token in nats, or ``F1`` of cells), the settings
    and, as the index, the trial's number.
    """
    import pandas as pd

    search = SEARCHES[name]
    rows = {
        trial.number: {search.value: trial.value} | trial.params
        for trial in _study(name).trials
        if trial.state.name == "COMPLETE"
    }
    found = pd.DataFrame(rows.values(), rows, None if rows else [search.value])
    found = found.rename_axis("trial")
    return found.sort_values(search.value, ascending=search.direction == "minimize")


def published(name: str):
    """Read the trials of our own study, ``data/search_<name>.csv``: a DataFrame as `frame`'s."""
    import pandas as pd

    return pd.read_csv(config.data_dir() / f"search_{name}.csv", index_col="trial")


def songs(cfg: RunConfig) -> tuple[list[Song], list[Song]]:
    """Take the songs to train on and those to judge by; none is a held-out one.

    Both come out of the songs that a run on more of them would train on.
    """
    taken, _ = training.songs_for(replace(cfg, songs=TRAINED + JUDGED))
    trained = min(TRAINED, len(taken) - max(1, len(taken) // 4))
    if trained < 1:
        raise ValueError(f"{config.source()} gives {len(taken)} songs; a search needs two")
    return taken[:trained], taken[trained:]


def _value(search: Search, changes: dict) -> float:
    """Train with these settings and judge; what a killed process has trained of it is used."""
    cfg = replace(search.run, network=replace(search.run.network, **changes))
    key = json.dumps([asdict(cfg), corpus.load(config.source()).key], sort_keys=True)
    folder = _folder() / f"{cfg.name}-{hashlib.sha256(key.encode()).hexdigest()[:10]}"
    value = search.judge(training.trained(Run(cfg, folder, *songs(cfg))))
    shutil.rmtree(folder)  # the settings make it again; fifty autoencoders are some gigabytes
    return value


def _folder() -> Path:
    return config.build_dir() / "search"


def _study(name: str):
    import optuna
    from optuna.storages.journal import JournalFileBackend

    if name not in SEARCHES:
        raise ValueError(f"there is a search for {' and '.join(SEARCHES)}, none for {name!r}")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    path = _folder() / f"{name}.log"
    path.parent.mkdir(parents=True, exist_ok=True)
    storage = optuna.storages.JournalStorage(JournalFileBackend(str(path), lock_obj=_Lock(path)))
    return optuna.create_study(
        storage=storage,
        study_name=f"{name}, {config.source()}",
        direction=SEARCHES[name].direction,
        sampler=optuna.samplers.TPESampler(
            seed=int.from_bytes(np.random.default_rng().bytes(4), "little")
        ),
        load_if_exists=True,
    )


class _Lock:
    """Optuna's own locks outlive a killed process for 30 seconds; this one falls with it."""

    def __init__(self, journal: Path):
        self.journal = journal

    def acquire(self) -> bool:
        self._held = ExitStack()
        self._held.enter_context(one_process(self.journal.with_suffix(".lock"), None))
        self._drop_half_a_line()
        return True

    def release(self) -> None:
        self._held.close()

    def _drop_half_a_line(self) -> None:
        """Make good what a full disk or a kill left: Optuna reads nothing behind half a line."""
        content = self.journal.read_bytes()
        if content and not content.endswith(b"\n"):
            with self.journal.open("r+b") as file:
                file.truncate(content.rfind(b"\n") + 1)


@contextmanager
def _begun(name: str, study) -> Iterator[tuple[int, dict]]:
    """Begin a trial, which is this process's while its lock is held."""
    with ExitStack() as held:
        with one_process(_folder() / f"{name}.asking.lock", None):
            _begin_again(name, study)
            if not study.trials:
                study.enqueue_trial(SEARCHES[name].report)
            trial = study.ask()
            lock = _trial_lock(name, trial.number)
            held.enter_context(one_process(lock, None))
            settings = SEARCHES[name].ask(trial)
        yield trial.number, settings
    with suppress(OSError):
        lock.unlink()


def _begin_again(name: str, study) -> None:
    """Queue what killed processes had begun."""
    from optuna.trial import TrialState

    for trial in study.get_trials(states=[TrialState.RUNNING]):
        lock = _trial_lock(name, trial.number)
        if not at_work(lock):
            study.tell(trial.number, state=TrialState.FAIL)
            study.enqueue_trial(trial.params)
            with suppress(OSError):
                lock.unlink()


def _trial_lock(name: str, number: int) -> Path:
    return _folder() / f"{name}.trial-{number}.lock"


def _short(value) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
