"""Many trainings: one after another here, or side by side on the machines of a Dask cluster.

The report's six runs, and any grid over them, know nothing of each other. Each is resumable by
itself, so it goes on wherever it lands, if the machines see the same build folder.
"""

import os
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import wait

from musegen import backend, config, training
from musegen.config import RunConfig
from musegen.corpus import workers
from musegen.training import Run, store

TRIES = 5  # of a run whose process or machine was lost
LOOKS = 1.0  # seconds between two looks at whether a training is still wanted


def train_all(runs: Sequence[str | RunConfig], dask: str | None = None) -> Iterator[Run]:
    """Train what is missing of some runs, and yield each as it is there.

    Parameters
    ----------
    runs : sequence of str or RunConfig
        Names of the profile's runs, or a grid: ``[replace(cfg, ...) for ... in ...]``.
    dask : str or None
        Address of a Dask scheduler whose workers have musegen and see the same build folder and
        songs by the same paths. None: here, one after another.

    Yields
    ------
    Run
        In the order given; on a cluster, in the order in which they end.

    Notes
    -----
    A run whose worker is killed goes on from its checkpoint on another one. It ends with the same
    bits if the two machines and their threads are alike. Report 2.2 and 2.3. Notebooks:
    02_autoencoder_training and 03_lstm_training.
    """
    if not dask:
        yield from map(training.load_or_train, runs)
        return
    from distributed import KilledWorker, as_completed

    missing = [training.planned(run).cfg for run in runs]
    settings = _settings()
    with workers.dask_client(dask) as client:
        side_by_side = len(client.scheduler_info(n_workers=-1)["workers"])

        def submit():
            cfg = missing.pop(0)
            return client.submit(_on_worker, cfg, settings, pure=False, retries=TRIES)

        first = [submit() for _ in range(min(side_by_side, len(missing)))]
        under_way = as_completed(first, with_results=True, loop=client.loop)
        try:
            for _, cfg in under_way:
                if missing:
                    under_way.add(submit())
                yield _seen(training.planned(cfg))
        except KilledWorker as error:
            raise OSError(
                f"all workers that took a training died ({error}); what it had learned is kept, "
                "and the same command goes on from there: is there too little memory?"
            ) from error


def table(runs: Sequence[Run]):
    """Sum trainings up: a DataFrame with a row a run.

    Returns
    -------
    DataFrame
        songs, epochs, seconds, loss and heldout_loss of the last epoch.
    """
    import pandas as pd

    rows = {
        run.cfg.name: {
            "songs": len(run.songs),
            "epochs": run.cfg.epochs,
            "seconds": run.manifest["seconds"],
            **run.history.iloc[-1][["loss", "heldout_loss"]],
        }
        for run in runs
    }
    return pd.DataFrame.from_dict(rows, orient="index")


def _seen(run: Run) -> Run:
    """Check that what a worker trained is here, too."""
    if store.finished(run.folder):
        return run
    raise OSError(
        f"a worker trained {run.cfg.name}, and it is not in {run.folder}; the workers must see the "
        "same build folder by the same path and have the same version of musegen"
    )


def _settings() -> dict[str, str]:
    """Name what a worker must know to mean the same run, whatever it was started with."""
    return {
        "MUSEGEN_PROFILE": config.profile().name,
        "MUSEGEN_SOURCE": config.source(),
        "MUSEGEN_BUILD": str(config.build_dir().resolve()),
        "KERAS_BACKEND": backend.name(),
    } | {name: os.environ[name] for name in ("MUSEGEN_DATA",) if name in os.environ}


def _on_worker(cfg: RunConfig, settings: dict[str, str]) -> RunConfig:
    """Train on a Dask worker in a fresh process, as `load_or_train` would here."""
    from pebble import ProcessPool

    with ProcessPool(
        1, max_tasks=1, initializer=_begin, initargs=(settings,), context=workers.Fresh()
    ) as pool:
        learning = pool.schedule(training.load_or_train, args=(cfg,))
        while not wait([learning], LOOKS).done:
            if not _wanted():
                pool.stop()
                return cfg
        learning.result()
    return cfg


def _wanted() -> bool:
    """Tell whether somebody still waits for this task of Dask: not after an interrupt."""
    from distributed import get_worker

    worker = get_worker()
    task = worker.state.tasks.get(worker.get_current_task())
    return task is not None and task.state != "cancelled"


def _begin(settings: dict[str, str]) -> None:
    os.environ |= settings
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """Leave the run to others when the worker that asked for it is dead."""
    from multiprocessing import parent_process

    parent_process().join()
    os._exit(1)
