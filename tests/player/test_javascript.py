"""The unit tests of the JavaScript, run by the node that Playwright brings."""

import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent / "javascript"


@pytest.mark.parametrize("name", sorted(path.name for path in HERE.glob("*.test.mjs")))
def test_javascript(name):
    from playwright._impl._driver import compute_driver_executable

    node, _ = compute_driver_executable()
    command = [node, "--test", HERE / name]
    run = subprocess.run(command, capture_output=True, text=True, encoding="utf-8")
    assert run.returncode == 0, run.stdout + run.stderr
    assert "fail 0" in run.stdout
