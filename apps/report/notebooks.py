"""Runs notebooks: one fresh kernel each, of this interpreter."""

import base64
import json
import os
import subprocess
import time
from multiprocessing import parent_process
from pathlib import Path

from tqdm import tqdm

from musegen import config
from musegen.figures.rolls import smaller_png
from musegen.files import atomic_write

# The last thing a kernel is asked; it is not kept.
ASK = """
import json, sys
print(json.dumps([m.__file__ for n, m in sys.modules.items() if n.split(".")[0] == "musegen"]))
"""


class NotebookError(Exception):
    """A cell of a notebook failed; `notebook` holds what it showed up to there."""

    def __init__(self, message: str, notebook=None):
        super().__init__(message)
        self.notebook = notebook


def execute(path: Path, cwd: Path, settings: config.Settings):
    """Run a notebook from the top; the file stays as it is.

    Parameters
    ----------
    path : Path
        The notebook; a bar of progress shows its name and cells.
    cwd : Path
        The folder its kernel starts in.
    settings : Settings
        Profile and corpus of its runs.

    Returns
    -------
    tuple of nbformat.NotebookNode and list of str
        The notebook with its outputs, and the files of musegen that its kernel has loaded.

    Raises
    ------
    NotebookError
        If a cell fails or the kernel dies.
    """
    import nbformat
    from jupyter_client.kernelspec import KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, DeadKernelError

    notebook = nbformat.read(path, as_version=4)
    cells, at = list(notebook.cells), 0
    client = NotebookClient(notebook, timeout=None, record_timing=False)
    # Without kernel folders only ipykernel's own kernel is known: the interpreter we are in.
    client.km = AsyncKernelManager(kernel_spec_manager=KernelSpecManager(kernel_dirs=[]))
    kernel = {"cwd": str(cwd), "env": _environment(settings), "stderr": subprocess.DEVNULL}
    hidden = config.progress() or parent_process() is not None  # the report has a bar of its own
    shown = tqdm(cells, f"{path.stem}: cell", leave=False, disable=hidden)
    try:
        # Cell by cell: nbclient's own loop over them takes Ctrl-C for a dead kernel.
        with client.setup_kernel(cleanup_kc=True, **kernel):
            for at, cell in enumerate(shown):
                client.execute_cell(cell, at)
            notebook.cells.append(nbformat.v4.new_code_cell(ASK))
            asked = client.execute_cell(notebook.cells[-1], len(cells))
    except CellExecutionError as error:
        where = f"{path.stem} failed in cell {at + 1} of {len(cells)}"
        raise NotebookError(f"{where}: {error.ename}: {error.evalue}", notebook) from None
    except DeadKernelError:
        where = f"{path.stem} was stopped in cell {at + 1} of {len(cells)}"
        raise NotebookError(f"{where}; the same command goes on from there", notebook) from None
    finally:
        shown.close()
        notebook.cells[:] = cells
    return _tidy(notebook), _used(json.loads(asked.outputs[0].text))


def _environment(settings: config.Settings) -> dict[str, str]:
    """Let the kernel find this clone's musegen and its settings, quiet about its debugger."""
    paths = filter(None, [str(config.root()), os.environ.get("PYTHONPATH")])
    told = {
        "PYTHONPATH": os.pathsep.join(paths),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        "MUSEGEN_PROFILE": settings.profile,
        "MUSEGEN_MINUTES": str(settings.minutes),
        "MUSEGEN_SOURCE": settings.source,
    }
    return os.environ | told | ({"MUSEGEN_DASK": settings.dask} if settings.dask else {})


def _used(modules: list[str]) -> list[str]:
    """Name the files of modules, and the pages, styles and scripts beside them, below the clone."""
    files = {Path(module).resolve() for module in modules}
    files |= {page for file in files for page in file.parent.glob("*.[chjm][stp]*")}
    return sorted(file.relative_to(config.root()).as_posix() for file in files)


def _tidy(notebook):
    """Drop what changes from run to run and says nothing."""
    notebook.metadata.pop("widgets", None)
    notebook.metadata.get("language_info", {}).pop("version", None)
    for cell in notebook.cells:
        for output in cell.get("outputs", []):  # a widget whose kernel is gone would only say so
            output.get("data", {}).pop("application/vnd.jupyter.widget-view+json", None)
            if "image/png" in output.get("data", {}):
                png = base64.b64decode(output["data"]["image/png"])
                output["data"]["image/png"] = base64.b64encode(smaller_png(png, 128)).decode()
    return notebook


def run_in_place(paths: list[Path], settings: config.Settings) -> None:
    """Run notebooks in order and store their outputs; a failing one stays as it was.

    Raises
    ------
    NotebookError
        At the first cell that fails.
    """
    import nbformat

    for path in paths:
        start = time.monotonic()
        notebook, _ = execute(path, path.parent, settings)
        with atomic_write(path) as part:
            nbformat.write(notebook, part)
        print(f"{path.name}: {len(notebook.cells)} cells, {time.monotonic() - start:.0f} s")
