"""What all tests and notebooks share: no network, tiny networks, what nbval leaves uncompared.

It stands here, not in tests/, because pytest asks only the conftest files above a notebook.
"""

import os
import runpy
from pathlib import Path

import pytest

OFFLINE = Path(__file__).parent / "tests" / "offline"
# On two cores, November 2026, once the notebooks' networks are there.
MINUTES = 13

# The notebooks' kernels and all other child processes inherit these.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")
os.environ["PYTHONPATH"] = os.pathsep.join(
    filter(None, [str(OFFLINE), os.environ.get("PYTHONPATH")])
)
runpy.run_path(str(OFFLINE / "sitecustomize.py"))


def pytest_report_header(config):
    """Say how long it will take, if the notebooks are run, too."""
    if not config.option.nbval:
        return []
    from apps import report
    from musegen.config import default

    return report.how_long(default(), MINUTES)


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
def smoke():
    """Tiny networks, for what needs only some trained network, here and in child processes."""
    from musegen.config import Settings

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MUSEGEN_PROFILE", "smoke")
        yield Settings("smoke")


@pytest.fixture(scope="module")
def dask_workers():
    """Two worker processes on this machine; gives the scheduler's address."""
    distributed = pytest.importorskip("distributed", reason="make test installs Dask")
    before = os.environ.copy()
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as two:
        # Dask sets OMP_NUM_THREADS=1 and more, here, too; a test's own variables are not ours.
        by_dask = [name for name in os.environ if os.environ[name] != before.get(name)]
        yield two.scheduler_address
    for name in by_dask:
        os.environ.pop(name, None)
        if name in before:
            os.environ[name] = before[name]
