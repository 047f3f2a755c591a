"""Runs notebooks: one fresh kernel each, this interpreter, one line of progress."""

import asyncio
import os
import signal
import time
from contextlib import suppress
from pathlib import Path

from musegen import config
from musegen.files import whole
from musegen.progress import progress_line


class NotebookError(Exception):
    """A cell of a notebook failed; `notebook` holds what it showed up to there."""

    def __init__(self, message: str, notebook):
        super().__init__(message)
        self.notebook = notebook


def execute(path: Path, cwd: Path):
    """Run a notebook from the top and return it with its outputs; the file stays as it is.

    Parameters
    ----------
    path : Path
        The notebook; `progress_line` shows its name, the cell and the seconds.
    cwd : Path
        The folder its kernel starts in.

    Returns
    -------
    nbformat.NotebookNode

    Raises
    ------
    NotebookError
        If a cell fails or the kernel dies.
    """
    import nbformat
    from nbclient.exceptions import CellExecutionError, DeadKernelError

    notebook = nbformat.read(path, as_version=4)
    cells = len(notebook.cells)
    with progress_line(f"{path.stem}: cell", cells) as show:
        runner = _Runner(notebook, show)
        try:
            asyncio.run(runner.run(cwd))
        except CellExecutionError as error:
            where = f"{path.stem} failed in cell {runner.cell} of {cells}"
            raise NotebookError(f"{where}: {error.ename}: {error.evalue}", notebook) from None
        except DeadKernelError:
            raise NotebookError(
                f"{path.stem} was stopped in cell {runner.cell} of {cells}; "
                "the same command goes on from there",
                notebook,
            ) from None
    return _tidy(notebook)


class _Runner:
    """One notebook in one kernel, with a clock that ticks while a cell runs."""

    def __init__(self, notebook, show):
        from jupyter_client.kernelspec import KernelSpecManager
        from jupyter_client.manager import AsyncKernelManager
        from nbclient import NotebookClient
        from nbclient.exceptions import DeadKernelError

        self._dead = DeadKernelError
        self.cell, self.show, self.start = 0, show, time.monotonic()
        self.client = NotebookClient(
            notebook, timeout=None, record_timing=False, on_cell_start=self._next_cell
        )
        # Without kernel folders only ipykernel's own kernel is known: the interpreter we are in.
        specs = KernelSpecManager(kernel_dirs=[])
        self.client.km = AsyncKernelManager(kernel_spec_manager=specs)

    async def run(self, cwd: Path) -> None:
        ticking = asyncio.ensure_future(self._tick())
        try:
            with Path(os.devnull).open("w") as nothing:
                await self.client.async_execute(cwd=str(cwd), env=_environment(), stderr=nothing)
        except self._dead:
            if asyncio.current_task().cancelling():  # an interrupt: nbclient renames it
                raise asyncio.CancelledError from None
            raise
        finally:
            ticking.cancel()

    def _next_cell(self, cell, cell_index: int) -> None:
        # nbclient's own handlers lose the kernel; without them an interrupt shuts it down.
        with suppress(NotImplementedError):  # Windows has none
            for number in (signal.SIGINT, signal.SIGTERM):
                asyncio.get_running_loop().remove_signal_handler(number)
        self.cell = cell_index + 1
        self._show()

    def _show(self) -> None:
        self.show(self.cell, f"{time.monotonic() - self.start:.0f} s")

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(1)
            self._show()


def _environment() -> dict[str, str]:
    """Let the kernel find this clone's musegen and keep quiet about its debugger."""
    paths = filter(None, [str(config.root()), os.environ.get("PYTHONPATH")])
    return os.environ | {
        "PYTHONPATH": os.pathsep.join(paths),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }


def _tidy(notebook):
    """Drop what changes from run to run and says nothing."""
    notebook.metadata.pop("widgets", None)
    notebook.metadata.get("language_info", {}).pop("version", None)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        for output in cell.get("outputs", []):  # a widget whose kernel is gone would only say so
            output.get("data", {}).pop("application/vnd.jupyter.widget-view+json", None)
    return notebook


def run_in_place(paths: list[Path]) -> None:
    """Run notebooks in order and store their outputs; a failing one stays as it was.

    Raises
    ------
    NotebookError
        At the first cell that fails.
    """
    import nbformat

    for path in paths:
        start = time.monotonic()
        notebook = execute(path, cwd=path.parent)
        with whole(path) as part:
            nbformat.write(notebook, part)
        print(f"{path.name}: {len(notebook.cells)} cells, {time.monotonic() - start:.0f} s")
