"""Many trainings: one after another here, or side by side on the machines of a Dask cluster.

The report's six runs, and any grid over them, know nothing of each other. Each is resumable by
itself, so it goes on wherever it lands, if the machines see the same build folder.
"""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence

from musegen import config, training
from musegen.config import RunConfig, Settings
from musegen.corpus import parallel
from musegen.training import Run

_ONE_AT_A_TIME = threading.Lock()  # on a worker: a network takes all processors


def command(options, settings: Settings) -> None:
    """Do ``python -m musegen train``."""
    known = settings.runs
    names = list(known) if options.all else options.runs
    wrong = [name for name in names if name not in known]
    if wrong or not names:
        found = f"no run is called {', '.join(wrong)}" if wrong else "which run?"
        raise ValueError(f"{found}; name some of {', '.join(known)}, or say --all")
    for run in train_all(names, settings):
        print(f"{run.cfg.name} is there: {run.folder}", flush=True)


def train_all(runs: Sequence[str | RunConfig], settings: Settings) -> Iterator[Run]:
    """Train what is missing of some runs, what comes with musegen, too; yield each as it is there.

    Parameters
    ----------
    runs : sequence of str or RunConfig
        Names of the profile's runs, or a grid: ``[replace(cfg, ...) for ... in ...]``.
    settings : Settings
        With the address of a Dask scheduler whose workers have musegen and see the same build
        folder and songs by the same paths; without one it trains here, one after another.

    Yields
    ------
    Run
        In the order given; on a cluster, in the order in which they end.

    Notes
    -----
    The run of a worker that is lost goes on from its checkpoint on another one. It ends with the
    same bits if the two machines and their threads are alike. What has begun on a worker is
    trained to its end, even if this process is stopped. Report 2.2 and 2.3.
    """
    if not settings.dask:
        for run in runs:
            yield training.load_or_train(run, settings, again=True)
        return
    from distributed import as_completed

    planned = [training.planned(run, settings, again=True) for run in runs]
    shared = {
        "MUSEGEN_BUILD": str(config.build_dir().resolve()),
        "KERAS_BACKEND": config.keras_backend(),
    }
    with parallel.dask_client(settings.dask) as client:
        configs = [run.cfg for run in planned]
        options = {"settings": settings, "shared": shared, "pure": False}
        tasks = client.map(_on_worker, configs, **options)
        run_of = dict(zip(tasks, planned, strict=True))
        for task, _ in as_completed(tasks, with_results=True, loop=client.loop):
            run = run_of[task]
            if not run.finished():
                raise OSError(
                    f"a worker trained {run.cfg.name}, and it is not in {run.folder}; the workers "
                    "must see the same build folder by the same path and have the same version of "
                    "musegen"
                )
            yield run


def _on_worker(cfg: RunConfig, settings: Settings, shared: dict[str, str]) -> None:
    """Train in a fresh process: in its own, Dask draws from the random numbers of the network."""
    call = f"training.load_or_train({cfg!r}, {settings!r}, again=True)"
    code = f"from musegen import training; from musegen.config import *; {call}"
    command = [sys.executable, "-c", code]
    with _ONE_AT_A_TIME:
        done = subprocess.run(command, env=os.environ | shared, capture_output=True, text=True)
    if done.returncode:
        said = done.stderr.strip().splitlines() or [f"ended with {done.returncode}"]
        raise OSError(f"{cfg.name} on a worker: {said[-1]}")
