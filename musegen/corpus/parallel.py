"""Work shared out to processes, of which one that hangs or dies takes nothing along.

Processes of this machine (pebble), or of many machines (Dask).
"""

import multiprocessing
import os
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import TimeoutError
from contextlib import contextmanager, suppress
from functools import partial
from importlib.machinery import ModuleSpec
from itertools import islice
from pathlib import Path

MEMORY_LIMIT = 4 * 2**30  # bytes for a process, on top of what it starts with
BATCH = 64  # items a process, so that few are in memory and processes seldom idle
DASK_ITEMS = 512  # that a Dask worker takes at once: it starts a process for them


def run(
    function: Callable,
    items: Iterable,
    give_up: Callable,
    limit: float,
    dask: str | None = None,
    processes: int | None = None,
) -> Iterator:
    """Apply a function to items in processes, and yield the results in the order of the items.

    Parameters
    ----------
    function : function of an item
        Travels by name, so it must be importable, or a partial of such a function.
    items : iterable
        Some at a time are taken from it and held.
    give_up : function of an item and a reason that gives its result
        For items that take longer than `limit` ("timeout") or end their process ("crashed").
    limit : float
        Seconds for an item.
    dask : str or None
        Address of a Dask scheduler whose workers do the work, with the same limits.
    processes : int or None
        None: as many as there are cores.
    """
    from pebble import ProcessExpired, ProcessPool

    if dask:
        yield from _on_dask(dask, items, (function, give_up, limit))
        return
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    processes = processes or cores
    context = multiprocessing.get_context("spawn")  # TensorFlow's threads do not survive a fork
    pool = ProcessPool(processes, initializer=_prepare, context=context)
    try:
        with _main_not_imported():
            for some in _batched(items, BATCH * processes):
                futures = [pool.schedule(function, [item], timeout=limit) for item in some]
                for item, future in zip(some, futures, strict=True):
                    try:
                        yield future.result()
                    except TimeoutError:
                        yield give_up(item, "timeout")
                    except ProcessExpired:
                        yield give_up(item, "crashed")
    finally:  # after an interrupt, too: what is under way is not waited for
        pool.stop()
        pool.join()


def _batched(items: Iterable, size: int) -> Iterator[list]:
    items = iter(items)
    while batch := list(islice(items, size)):
        yield batch


@contextmanager
def _main_not_imported():
    """Start processes that do not run the script that asks for them, for the time being.

    A spawned process imports `__main__` again by its file or its name, but for this name.
    """
    main = sys.modules["__main__"]
    before, main.__spec__ = main.__spec__, ModuleSpec("__main__", None)
    try:
        yield
    finally:
        main.__spec__ = before


def _prepare() -> None:
    """Make a process quiet, and mortal where one file would take all memory."""
    warnings.simplefilter("ignore")
    with suppress(ImportError, ValueError, OSError):  # only Linux keeps to it
        import resource

        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        _, most = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY_LIMIT, most))


@contextmanager
def dask_client(address: str):
    """Connect to a Dask scheduler.

    Raises
    ------
    ValueError
        If nothing answers there, or it has no workers: a sentence.
    """
    from distributed import Client  # the lock has it

    try:
        client = Client(address, timeout=10, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ValueError(f"no Dask scheduler answers at {address}; is it running?") from error
    with client:
        if not client.scheduler_info()["workers"]:
            raise ValueError(f"the Dask scheduler at {address} has no workers; start some")
        yield client


def _on_dask(address: str, items: Iterable, task: tuple) -> Iterator:
    with dask_client(address) as client:
        side_by_side = 2 * sum(client.nthreads().values())
        for some in _batched(_batched(items, DASK_ITEMS), side_by_side):
            for results in client.gather(client.map(partial(_on_worker, task), some, pure=False)):
                yield from results


def _on_worker(task: tuple, items: list) -> list:
    """Do some of the work in a process that can be killed without the Dask worker dying."""
    function, *limits = task
    multiprocessing.current_process().daemon = False  # a daemon may not start processes
    return list(run(function, items, *limits, processes=1))
