"""A survey from songs to analysis: simulated listeners in a browser, a server that dies."""

import time
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from surveys import Served, documents

from apps.listening.answer_schema import checked
from apps.listening.answers import load_answers
from apps.listening.build import build
from musegen import survey
from musegen.song import Song, as_notes

PHONE = {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True}
DESKTOP = {"viewport": {"width": 1200, "height": 800}}
DOCUMENT = "document.querySelector('main').listening.document"
STATE = "document.querySelector('main').listening.post.state"
PLAY = "(() => { const a = document.querySelector('audio'); a.playbackRate = 2; a.play(); })()"
TONES = "document.querySelector('main').listening.survey.check.tones"
SOURCES = 3
AT_ONCE = 6  # listeners in the browser at the same time


class Listener:
    """What one of them will do, and what came of it."""

    def __init__(self, browser, number: int):
        self.context = browser.new_context(**(PHONE if number % 2 else DESKTOP))
        self.page, self.number, self.grades = self.context.new_page(), number, {}
        self.reloads = number % 3 == 0
        self.leaves = number % 7 == 1
        self.submits_twice = number % 5 == 2


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Build a survey of six short songs from three sources."""
    folder = tmp_path_factory.mktemp("survey")
    for source in range(SOURCES):
        for i in range(2):
            song = Song(as_notes(range(0, 12, 1 + i), 1, 60 + source), 12, 2)
            song.to_midi(folder / "songs" / f"source {source}" / f"song {i + 1}.mid")
    until = date.today() + timedelta(days=9)
    return build(folder / "songs", folder / "survey", "the test", until, each=5, listeners=30)


def take_survey(server, codes, files, listeners, rng, kills) -> None:
    """Let some listeners answer side by side, a screen at a time."""
    for one in listeners:
        one.page.goto(f"{server.address}#{codes[one.number]}")
        one.page.locator("input[type=checkbox]").check()
        one.page.locator("button.main").click()
        one.page.locator("select").first.select_option("25-34")
        one.page.locator("button.main").click()
        assert one.page.locator("button.main").is_disabled()
        one.page.locator("input[type=radio]").nth(one.page.evaluate(TONES) - 1).check()
        one.page.locator("button.main").click()
        one.code = one.page.evaluate(f"{DOCUMENT}.listener")
    for screen in range(9):  # practice, five songs, one again, shuffled notes, the check
        if screen in kills:
            server.kill()
        here = [one for one in listeners if not (one.leaves and screen > 4)]
        for one in here:
            if one.page.locator("audio").count():
                one.page.locator("audio[src]").wait_for()
                one.page.evaluate(PLAY)
        for one in here:
            grade = int(rng.integers(1, 6))
            item = one.page.evaluate(
                "(() => { const l = document.querySelector('main').listening;"
                " return l.document.order[l.at - 3]; })()"
            )
            one.page.locator(".scale:not([disabled])").wait_for(timeout=20_000)
            one.page.locator("input[type=radio]").nth(5 - grade).check()  # in two minds
            one.page.locator("input[type=radio]").nth(grade - 1).check()
            one.grades[item] = grade
            if one.number == 0 and one.page.locator("textarea").count():
                one.page.locator("textarea").fill("=1+1; det låter som en psalm")
            if one.reloads and screen == 4:
                one.page.reload()
                assert one.page.locator(f"input[value='{grade}']").is_checked()
            one.page.locator("button.main").click()
        if screen - 1 in kills:
            server.start()
    for one in listeners:
        if one.leaves:
            until_stored(one.page)
            one.context.close()
            continue
        one.page.locator("button.main").click()
        until_stored(one.page)
        if one.submits_twice:
            one.page.close()  # a closed tab: what was kept is found again, and sent again
            one.page = one.context.new_page()
            one.page.goto(server.address)
            assert one.page.evaluate(f"{DOCUMENT}.listener") == one.code
            until_stored(one.page)
        one.page.get_by_text("Who wrote what").wait_for()
        assert one.page.locator("li").count() == 7
        with one.page.expect_download() as download:
            one.page.get_by_role("button", name="Save as a file").click()
        download.value.save_as(files / download.value.suggested_filename)
        one.context.close()


SIZES = """() => Object.fromEntries(performance.getEntries().filter((e) => e.transferSize)
  .map((e) => [new URL(e.name).pathname.slice(0, 7), e.transferSize]))"""


def test_words_come_first_and_nothing_is_lost(browser, built, serious):
    """On a phone: a sound that fails, a second window, a reload, the way back, no clipboard."""
    server, context = Served(built), browser.new_context(color_scheme="dark", **PHONE)
    address = f"{server.address}#{built.invitations.read_text().split()[-1]}"
    page, other = context.new_page(), context.new_page()
    try:
        page.route("**/sounds/*", lambda route: route.abort())
        page.goto(address)
        sizes = page.evaluate(SIZES)
        assert [*sizes] == ["/"] and sizes["/"] < 30_000
        page.locator("input[type=checkbox]").check()
        page.locator("button.main").click()
        other.goto(address)
        page.locator("input[type=text]").first.press_sequentially("cellist")
        other.locator("select").first.select_option("25-34")
        page.locator("button.main").click()
        page.get_by_role("button", name="Try again").wait_for()
        page.unroute("**/sounds/*")
        page.get_by_role("button", name="Try again").click()
        page.locator("audio[src]").wait_for()
        assert serious(page) == []
        page.go_back()
        page.reload()
        assert page.locator("h1").inner_text() == "About you"
        assert page.locator("input[type=text]").first.input_value() == "cellist"
        until_stored(page)
        (stored,) = documents(built.answers)
        assert stored["about"] == {"age": "25-34", "profession": "cellist"}
        # As browsers do where the page has no TLS.
        page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(); }")
        page.evaluate("document.querySelector('main').listening.go(13)")
        page.get_by_role("button", name="Copy the code").click()
        assert page.locator("textarea").input_value() == stored["listener"]
    finally:
        context.close()
        server.kill()


def until_stored(page) -> None:
    # Not Playwright's own waiting: it evaluates text, which the page's security policy forbids.
    for _ in range(600):
        if page.evaluate(STATE) == "stored":
            return
        time.sleep(0.1)
    raise AssertionError(f"not stored: {page.evaluate(STATE)}")


@pytest.mark.parametrize("count", [3, pytest.param(30, marks=pytest.mark.soak)])
def test_simulated_listeners(count, browser, built, tmp_path):
    """What was graded is what is read: nothing lost, nothing doubled."""
    built.answers.unlink(missing_ok=True)
    rng, codes = np.random.default_rng(2021), built.invitations.read_text().split()
    server, files = Served(built, "--debrief"), tmp_path / "files"
    files.mkdir()
    listeners = []
    try:
        for first in range(0, count, AT_ONCE):
            kills = () if first else (2, 5) if count > AT_ONCE else (2,)
            group = [Listener(browser, n) for n in range(first, min(count, first + AT_ONCE))]
            take_survey(server, codes, files, group, rng, kills)
            listeners += group
    finally:
        server.kill()
    key = pd.read_csv(built.key)
    songs = set(key.loc[key["role"] == "song", "item"])
    for answers, here in (
        (load_answers(built.answers, built.key), listeners),
        (load_answers(files, built.key), [one for one in listeners if not one.leaves]),
    ):
        given = [(one.code, *graded) for one in here for graded in one.grades.items()]
        read = answers.frame[["listener", "item", "grade"]].dropna().to_numpy().tolist()
        assert sorted(map(tuple, read)) == sorted(row for row in given if row[1] in songs)
        rest = answers.listed.query("reason in ('practice', 'attention', 'again', 'fake')")
        assert len(read) + len(rest) == len(given)
        per_listener = answers.frame.groupby("listener")["source"].value_counts()
        assert per_listener.max() == 2  # of five songs: two, two, one
    for document in documents(built.answers):
        checked(document)
    assert survey.counts_of(answers.frame)["source"].nunique() == SOURCES
