"""Work shared out to processes, of which one that hangs or dies takes nothing along.

Processes of this machine (pebble), or of many machines (Dask).
"""

import multiprocessing
import os
import sys
import threading
import types
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import TimeoutError
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from multiprocessing.context import SpawnContext, SpawnProcess
from pathlib import Path

TIME_LIMIT = 60.0  # seconds for a batch, and then for each of its files alone
MEMORY_LIMIT = 4 * 2**30  # bytes for a process, on top of what it starts with
WAITING = 4  # batches a process, so that none is idle and few are in memory

Work = Callable[[list], list]  # a batch of items to as many results
GivenUp = Callable[[object, str], object]  # an item and "timeout" or "crashed" to its result


def run(
    work: Work, batches: Iterable[list], given_up: GivenUp, dask: str | None = None
) -> Iterator[list]:
    """Do the work batch by batch, and yield the results in the order of the batches.

    Parameters
    ----------
    work : function of a batch that gives a list of results
        Travels by name, so it must be importable, or a partial of such a function.
    batches : iterable of list
        Taken one by one, as processes become free.
    given_up : function of an item and a reason that gives its result
        For items that take longer than `TIME_LIMIT` ("timeout") or end their process ("crashed").
    dask : str or None
        Address of a Dask scheduler whose workers have musegen and see the same files.
    """
    if dask:
        yield from _on_dask(work, batches, given_up, dask)
        return
    count = cores()
    processes = _processes(count)
    pool = _Pool(processes, work, given_up, TIME_LIMIT)
    try:
        waiting = deque()
        for batch in batches:
            waiting.append(pool.start(batch))
            if len(waiting) > WAITING * count:
                yield pool.finish(*waiting.popleft())
        while waiting:
            yield pool.finish(*waiting.popleft())
    finally:  # after an interrupt, too: what is under way is not waited for
        processes.stop()
        processes.join()


def cores() -> int:
    """Count the processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@dataclass(frozen=True)
class _Pool:
    """Processes that can be killed, and what to make of an item that had to be."""

    processes: object  # pebble.ProcessPool
    work: Work
    given_up: GivenUp
    limit: float

    def start(self, batch: list):
        """Hand a batch over; `finish` gives its results."""
        return batch, self.processes.schedule(self.work, args=(batch,), timeout=self.limit)

    def finish(self, batch: list, future) -> list:
        """Wait for a batch; if it failed, its items are tried one by one."""
        from pebble import ProcessExpired

        try:
            return future.result()
        except (TimeoutError, ProcessExpired) as error:
            if len(batch) == 1:
                reason = "timeout" if isinstance(error, TimeoutError) else "crashed"
                return [self.given_up(batch[0], reason)]
        alone = [self.start([item]) for item in batch]
        return [result for one in alone for result in self.finish(*one)]


def _processes(count: int):
    from pebble import ProcessPool

    return ProcessPool(count, initializer=_prepare, context=Fresh())


def _prepare() -> None:
    """Make a worker quiet, and mortal where one file would take all memory."""
    warnings.simplefilter("ignore")
    with suppress(ImportError, ValueError, OSError):  # only Linux keeps to it
        import resource

        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        _, most = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY_LIMIT, most))


class _Process(SpawnProcess):
    """A fresh process that does not run the script or the notebook that asks for it again.

    A fork of a kernel that has TensorFlow's threads in it can hang, so it is spawned; and spawned
    processes import `__main__` unless there is none.
    """

    _one_at_a_time = threading.Lock()

    def start(self):
        current = multiprocessing.current_process()
        with self._one_at_a_time:
            main, daemon = sys.modules["__main__"], current._config.pop("daemon", None)
            sys.modules["__main__"] = types.ModuleType("__main__")
            try:
                super().start()  # refused to daemons, which the workers of Dask are
            finally:
                sys.modules["__main__"] = main
                if daemon is not None:
                    current._config["daemon"] = daemon


class Fresh(SpawnContext):
    """Starts such processes."""

    Process = _Process


# --- Dask ----------------------------------------------------------------------------------------


@contextmanager
def dask_client(address: str):
    """Connect to a Dask scheduler.

    Raises
    ------
    ValueError
        If Dask is not installed, nothing answers there, or it has no workers: a sentence.
    """
    try:
        from distributed import Client
    except ImportError:
        raise ValueError(
            "--dask needs Dask: python -m pip install --require-hashes -r requirements-dask.lock"
        ) from None
    try:
        client = Client(address, timeout=10, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ValueError(f"no Dask scheduler answers at {address}; is it running?") from error
    with client:
        if not client.scheduler_info()["workers"]:
            raise ValueError(f"the Dask scheduler at {address} has no workers; start some")
        yield client


def _on_dask(work: Work, batches, given_up: GivenUp, address: str) -> Iterator[list]:
    with dask_client(address) as client:
        waiting = deque()
        for batch in batches:
            task = (work, batch, given_up, TIME_LIMIT)
            waiting.append(client.submit(_on_dask_worker, *task, pure=False))
            if len(waiting) > WAITING * sum(client.nthreads().values()):
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _on_dask_worker(work: Work, batch: list, given_up: GivenUp, limit: float) -> list:
    """Do the same on a Dask worker, in a process that it can kill without dying itself."""
    pool = _Pool(_kept_processes(), work, given_up, limit)
    return pool.finish(*pool.start(batch))


@cache
def _kept_processes():
    """Start the processes of a Dask worker, once."""
    return _processes(cores())
