"""A search for better settings than the report's (report 4.4.1), judged on songs of their own.

Each trial trains a network for a fixed number of epochs on the first songs of the training order
and is judged on the songs after them: never on the test songs, for which the report's figures are
stated. Trials are kept in a file, which several processes may share and which a later search goes
on with.
"""

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from musegen import config, corpus, generation, training
from musegen.config import RunConfig
from musegen.training import Run, data

TRAINED, JUDGED = 128, 45  # songs


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
    return float(run.history["test_loss"].iloc[-1])


def _f1(run: Run) -> float:
    """Weigh missed notes against stray ones: cells played and sounding, at the threshold."""
    true = run.test_bars.windows(0)
    played = generation.given_back(run, true)
    return 2 * float((played & true).sum()) / max(1, int(played.sum()) + int(true.sum()))


SEARCHES = {
    "lstm": Search(
        RunConfig("search_lstm", config.SMALL, TRAINED, 20, "sequences"),
        _ask_lstm,
        {"layers": 2, "units": 256, "dropout": 0.3, "window": 64, "learning_rate": 1e-3},
        _loss,
        "loss",
        "minimize",
    ),
    "ae": Search(
        RunConfig("search_ae", config.AEConfig(batch=16), TRAINED, 30, "bars"),
        _ask_autoencoder,
        {"latent": 120, "learning_rate": 1e-3, "threshold": 0.5},
        _f1,
        "F1",
        "maximize",
    ),
}


def command(options, settings) -> None:
    """Do ``python -m musegen search``."""
    found = run(options.name, options.trials)
    path = config.build_dir() / "search" / f"{options.name}.csv"
    found.round(5).to_csv(path)
    print(found.head(10).round(4).to_string())
    print(f"all {len(found)} trials: {path}")


def run(name: str, trials: int):
    """Add trials to a study, or begin one.

    Parameters
    ----------
    name : str
        ``"lstm"`` or ``"ae"``.
    trials : int
        How many this process is to add.

    Returns
    -------
    DataFrame
        All trials of the study so far, the best first: the value (``loss`` of the next token in
        nats, or ``F1`` of cells), the settings and, as the index, the trial's number.

    Notes
    -----
    The study is ``build/search/<name>.log``. A trial's value depends on its settings alone, not on
    the process or the order. Report 4.4.1.
    """
    import optuna
    from optuna.storages.journal import JournalFileBackend

    search = SEARCHES[name]
    path = config.build_dir() / "search" / f"{name}.log"
    path.parent.mkdir(parents=True, exist_ok=True)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        storage=optuna.storages.JournalStorage(JournalFileBackend(str(path))),
        study_name=f"{name}, {config.default().source}",
        direction=search.direction,
        load_if_exists=True,
    )
    if not study.trials:
        study.enqueue_trial(search.report)
    study.optimize(lambda trial: _value(search, trial), trials)
    columns = {"number": "trial", "value": search.value}
    found = study.trials_dataframe(("number", "value", "params", "state")).rename(columns=columns)
    found = found[found.pop("state") == "COMPLETE"].set_index("trial")
    found.columns = found.columns.str.removeprefix("params_")
    return found.sort_values(search.value, ascending=search.direction == "minimize")


def split(cfg: RunConfig) -> data.Split:
    """Take the songs to train on and, as the test, those to judge by; none is a test song.

    Both come out of the songs that a run on more of them would train on.
    """
    music = corpus.load(config.default().source)
    songs = data.split(replace(cfg, songs=TRAINED + JUDGED), music).training
    trained = min(TRAINED, len(songs) - max(1, len(songs) // 4))
    if trained < 1:
        raise ValueError(f"{config.default().source} gives {len(songs)} songs; a search needs two")
    return data.Split(songs[:trained], [], songs[trained:])


def _value(search: Search, trial) -> float:
    """Train with the settings of a trial and judge; a loss that is no number fails the trial."""
    cfg = replace(search.run, network=replace(search.run.network, **search.ask(trial)))
    songs = split(cfg)
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        judged = Run(cfg, Path(folder), songs.training, songs.test, source=config.default().source)
        training.train(judged)
        value = search.judge(judged)
    tried = ", ".join(f"{name} {setting:.3g}" for name, setting in trial.params.items())
    print(f"{trial.number}: {search.value} {value:.4f} with {tried}", file=sys.stderr)
    return value if math.isfinite(value) else float("nan")
