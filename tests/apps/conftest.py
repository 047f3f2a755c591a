"""A real browser and a composer for the tests of all programs."""

import os
import shutil

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), "")
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
)


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    if not CHROMIUM:
        sentence = "there is no Chromium on this machine (Debian: apt-get install chromium)"
        assert not os.environ.get("CI"), sentence
        pytest.skip(sentence)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def serious():
    """Give what axe calls serious or critical on a page and in its frames that are loaded."""
    from axe_playwright_python.sync_playwright import Axe

    def look(page) -> list[str]:
        reports = [Axe().run(frame, options={"iframes": False}) for frame in page.frames]
        found = [one for report in reports for one in report.response["violations"]]
        found = [one for one in found if one["impact"] in ("serious", "critical")]
        return [f"{one['id']}: {node['html']}" for one in found for node in one["nodes"]]

    return look


@pytest.fixture(scope="module")
def composer(smoke):
    from musegen import training
    from musegen.composer import Composer

    return Composer(training.load_or_train("ae_10", smoke))
