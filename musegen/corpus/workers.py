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
from functools import cache
from multiprocessing.context import SpawnContext, SpawnProcess

TIME_LIMIT = 60.0  # seconds for a batch, and then for each of its files alone
MEMORY_LIMIT = 4 * 2**30  # bytes of address space for a process
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
    processes = cores()
    with _pool(processes) as pool:
        waiting = deque()
        for batch in batches:
            waiting.append((batch, _schedule(pool, work, batch)))
            if len(waiting) > WAITING * processes:
                yield _results(pool, work, *waiting.popleft(), given_up)
        while waiting:
            yield _results(pool, work, *waiting.popleft(), given_up)


def cores() -> int:
    """Count the processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _schedule(pool, work: Work, batch: list):
    return pool.schedule(work, args=(batch,), timeout=TIME_LIMIT)


def _results(pool, work: Work, batch: list, future, given_up: GivenUp) -> list:
    from pebble import ProcessExpired

    try:
        return future.result()
    except (TimeoutError, ProcessExpired) as error:
        if len(batch) == 1:
            reason = "timeout" if isinstance(error, TimeoutError) else "crashed"
            return [given_up(batch[0], reason)]
    alone = [[item] for item in batch]
    futures = [_schedule(pool, work, one) for one in alone]
    return [
        result
        for one, future in zip(alone, futures, strict=True)
        for result in _results(pool, work, one, future, given_up)
    ]


@contextmanager
def _pool(processes: int):
    from pebble import ProcessPool

    pool = ProcessPool(processes, initializer=_prepare, context=_Context())
    try:
        yield pool
        pool.close()
    except BaseException:  # an interrupt too: what is under way is not waited for
        pool.stop()
        raise
    finally:
        pool.join()


def _prepare() -> None:
    """Make a worker quiet, and mortal where one file would take all memory."""
    warnings.simplefilter("ignore")
    with suppress(ImportError, ValueError, OSError):  # Windows; macOS refuses
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, most))


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


class _Context(SpawnContext):
    Process = _Process


# --- Dask ----------------------------------------------------------------------------------------


def _on_dask(work: Work, batches, given_up: GivenUp, address: str) -> Iterator[list]:
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
        waiting = deque()
        for batch in batches:
            waiting.append(client.submit(_in_kept_pool, work, batch, given_up, pure=False))
            if len(waiting) > WAITING * sum(client.nthreads().values()):
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _in_kept_pool(work: Work, batch: list, given_up: GivenUp) -> list:
    """Do the same on a Dask worker, in a process that it can kill without dying itself."""
    pool = _kept_pool()
    return _results(pool, work, batch, _schedule(pool, work, batch), given_up)


@cache
def _kept_pool():
    from pebble import ProcessPool

    return ProcessPool(cores(), initializer=_prepare, context=_Context())
