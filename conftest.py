"""What all tests and notebooks share: the quick profile, no network, what nbval leaves uncompared.

It stands here, not in tests/, because pytest asks only the conftest files above a notebook.
"""

import os
import runpy
from pathlib import Path

import pytest

OFFLINE = Path(__file__).parent / "tests" / "offline"

# The notebooks' kernels and all other child processes inherit these.
os.environ.setdefault("MUSEGEN_PROFILE", "quick")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")
os.environ["PYTHONPATH"] = os.pathsep.join(
    filter(None, [str(OFFLINE), os.environ.get("PYTHONPATH")])
)
runpy.run_path(str(OFFLINE / "sitecustomize.py"))


def pytest_collectstart(collector):
    """Leave TensorFlow's chatter and tables drawn in HTML uncompared (nbval's documented hook)."""
    if hasattr(collector, "skip_compare"):
        collector.skip_compare += ("stderr", "text/html")


@pytest.fixture
def build(tmp_path, monkeypatch):
    """Give a test an empty build folder of its own."""
    monkeypatch.setenv("MUSEGEN_BUILD", str(tmp_path / "build"))
    return tmp_path / "build"


@pytest.fixture(scope="module")
def dask_workers():
    """Two worker processes on this machine; gives the scheduler's address."""
    distributed = pytest.importorskip("distributed", reason="make test installs Dask")
    before = os.environ.copy()
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as two:
        yield two.scheduler_address
    os.environ.clear()  # Dask has set OMP_NUM_THREADS=1 and more, here, too
    os.environ.update(before)
