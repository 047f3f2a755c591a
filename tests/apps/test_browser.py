"""Players and the composer in a real browser: headless Chromium, driven by Playwright."""

import json
import os
import queue
import subprocess
import sys
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import nbformat
import numpy as np
import pandas as pd
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from apps import local, play
from apps.composer import server
from apps.play import server as play_server
from apps.report import pages
from musegen import config, generation, midi, player
from musegen.song import Song, as_notes

PHONE = {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True}


@pytest.fixture
def open_page(browser):
    """Open pages; at the end nothing must have left the machine or gone wrong in a script."""
    contexts, asked, errors = [], [], []

    def opener(address, **options):
        # wait_for_function evaluates text, which the policy of our servers forbids.
        usual = {"viewport": {"width": 1100, "height": 900}, "bypass_csp": True}
        context = browser.new_context(**usual | options)
        context.set_default_timeout(90_000)
        contexts.append(context)
        context.on("request", lambda request: asked.append(request.url))
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(address)
        return page

    yield opener
    for context in contexts:
        context.close()
    hosts = {urlsplit(url).hostname for url in asked if url.startswith(("http", "ws"))}
    assert hosts <= {"127.0.0.1"}
    assert not errors


def exported(folder: Path, *shown) -> str:
    """Export a notebook that shows songs as a page, as the report does; give its address."""
    cells = [new_markdown_cell("# Songs")]
    for song in shown:
        data = {"text/plain": repr(song), "text/html": song._repr_html_()}
        cells.append(new_code_cell("song", outputs=[new_output("execute_result", data)]))
    page = folder / "songs.html"
    pages.write_page(new_notebook(cells=cells), page, folder / "a.ipynb", folder, config.Settings())
    return page.as_uri()


def chords(bars: int = 8, title: str = "chords", **fields) -> Song:
    onset = np.repeat(np.arange(0, 16 * bars, 8), 3)
    pitch = np.tile([60, 64, 67, 62, 65, 69], bars)
    return Song(as_notes(onset, 6, pitch, **fields), 16 * bars, 4, 120.0, title)


def modelled() -> Song:
    """Make a song as a network does: notes where its probabilities are above a half."""
    rng = np.random.default_rng(0)
    p = np.zeros((384, 128), np.float32)
    p[:, 48:72] = rng.random((384 // 12, 24), np.float32).repeat(12, axis=0) ** 3
    return Song.from_roll(p > 0.5, 6, probabilities=p, title="modelled", source="ae_10")


def frames(page) -> list:
    """Go to all players of a page, wait for them and give their frames."""
    found = []
    for one in page.locator("iframe[title^=Player]").all():
        one.scroll_into_view_if_needed()
        found.append(one.element_handle().content_frame())
        found[-1].wait_for_function("globalThis.musegenPlayer")
    return found


def canvases(where) -> list[str]:
    """Give what the two canvases of a player show."""
    return where.evaluate("[...document.querySelectorAll('canvas')].map((c) => c.toDataURL())")


def wait_for_sound(where, which="musegenPlayer") -> None:
    """Wait until the analyser at the end of the audio graph hears something."""
    where.wait_for_function(
        f"""() => {{
          const heard = new Float32Array(2048);
          {which}.sound?.analyser.getFloatTimeDomainData(heard);
          return Math.max(...heard) > 0.01;
        }}"""
    )


def notes(frame) -> int:
    return frame.evaluate("musegenPlayer.songs.at(-1).notes.length")


def now(frame) -> float:
    return frame.evaluate("musegenPlayer.now()")


def test_the_picture_becomes_a_player(open_page, tmp_path):
    page = open_page(exported(tmp_path, chords(voice=np.tile([0, 1, 2], 16))))
    (frame,) = frames(page)
    assert not page.get_by_text("no script runs here").is_visible()
    before = canvases(frame)
    frame.get_by_role("button", name="play").click()
    wait_for_sound(frame)
    frame.wait_for_function("musegenPlayer.now() > 0.5")
    below, above = canvases(frame)
    assert (below == before[0], above == before[1]) == (True, False)

    frame.get_by_role("button", name="voice 2").click()
    assert canvases(frame)[0] != below
    frame.get_by_role("button", name="pause").click()
    stopped = now(frame)
    page.wait_for_timeout(200)
    assert now(frame) == stopped


def test_hands_and_keys(open_page, tmp_path):
    (frame,) = frames(open_page(exported(tmp_path, chords())))
    roll = frame.locator("canvas").last
    box = roll.bounding_box()
    y = frame.evaluate("musegenPlayer.roll.y(0, 64)") + 2
    roll.hover(position={"x": box["width"] * 0.07, "y": y})
    assert frame.locator(".hint").inner_text().startswith("E4 · bar ")
    assert " s long" in frame.locator(".hint").inner_text()

    roll.click(position={"x": box["width"] / 2, "y": y})
    assert 6 < now(frame) < 10  # of 16 seconds
    roll.press("End")
    assert now(frame) == 16
    roll.press("Home")
    frame.locator(".musegen-player").press("ArrowRight")
    assert now(frame) == 0.5
    frame.locator(".musegen-player").press("Shift+ArrowRight")
    assert now(frame) == 2.5

    view = "[musegenPlayer.roll.view.from, musegenPlayer.roll.view.to].map((x) => +x.toFixed(2))"
    roll.hover(position={"x": box["width"] / 2, "y": 60})
    frame.page.mouse.wheel(0, -400)
    frame.wait_for_function(f"(([a, b]) => b - a < 10)({view})")
    start = frame.evaluate(view)
    frame.page.mouse.down()
    frame.page.mouse.move(box["x"] + box["width"] / 4, box["y"] + 60, steps=4)
    frame.page.mouse.up()
    assert frame.evaluate(view)[0] > start[0]
    assert now(frame) == 2.5  # a drag is no click
    frame.locator(".musegen-player").press("0")
    assert frame.evaluate(view) == [0, 16]
    frame.page.evaluate("document.body.style.height = '3000px'")
    frame.page.mouse.wheel(0, 300)  # it can zoom out no further
    frame.page.wait_for_function("scrollY > 0")
    frame.get_by_label("position").fill("3")
    assert now(frame) == 3
    frame.locator(".musegen-player").press(" ")
    wait_for_sound(frame)
    frame.locator(".musegen-player").press("Escape")
    assert not frame.evaluate("musegenPlayer.playing")


def test_the_threshold_moves_the_notes(open_page, tmp_path):
    song = modelled()
    (frame,) = frames(open_page(exported(tmp_path, song)))
    assert notes(frame) == len(song.notes)
    slider = frame.get_by_label("threshold")
    assert slider.input_value() == "32"
    for level in (8, 48, 32):
        before = canvases(frame)[0]
        slider.fill(str(level))
        roll = song.probabilities >= level / 64
        assert notes(frame) == len(Song.from_roll(roll, 6).notes)
        assert canvases(frame)[0] != before


def test_songs_side_by_side_are_heard_one_by_one(open_page, tmp_path):
    pair = player.SideBySide(chords(), modelled())
    (frame,) = frames(open_page(exported(tmp_path, pair)))
    assert frame.evaluate("musegenPlayer.end") == modelled().seconds  # one time axis
    first, second = (frame.get_by_role("button", name=f"hear {number}") for number in (1, 2))
    assert [one.get_attribute("aria-pressed") for one in (first, second)] == ["true", "false"]
    first.click()
    second.click()
    assert frame.evaluate("[...musegenPlayer.unheard]") == [0]
    frame.get_by_role("button", name="play").click()
    wait_for_sound(frame)


def test_one_player_at_a_time_and_none_on_a_page_that_is_left(open_page, tmp_path):
    page = open_page(exported(tmp_path, chords(), chords(title="other")))
    one, other = frames(page)
    one.get_by_role("button", name="play").click()
    wait_for_sound(one)
    other.get_by_role("button", name="play").click()
    one.wait_for_function("!musegenPlayer.playing")
    wait_for_sound(other)
    page.evaluate(
        """() => {
          const frame = document.querySelectorAll("iframe")[1];
          globalThis.left = frame.contentWindow.musegenPlayer;
          frame.remove();
        }"""
    )
    page.wait_for_function("!left.playing || left.sound.context.state !== 'running'")


def test_songs_of_every_size(open_page, tmp_path):
    songs = [
        Song(as_notes([], [], []), 64, 4, title="no notes"),
        Song(as_notes(range(40_000), 1, np.arange(40_000) % 50 + 40), 40_000, 24, title="many"),
        Song(as_notes([0, 0], [4, 4], [0, 127]), 4, 1, title="first and last pitch"),
    ]
    page = open_page(exported(tmp_path, *songs))
    for song, frame in zip(songs, frames(page), strict=True):
        assert notes(frame) == len(song.notes)
        assert frame.evaluate("musegenPlayer.end") == pytest.approx(song.seconds)
        frame.evaluate("musegenPlayer.seek(musegenPlayer.end * 0.9)")
        frame.get_by_role("button", name="play").click()
        if len(song.notes):
            wait_for_sound(frame)
        else:
            frame.wait_for_function("!musegenPlayer.playing")


def test_a_player_that_cannot_sound_says_so_and_offers_the_file(open_page, tmp_path):
    page = tmp_path / "page.html"
    page.write_text(player.player_html(chords(), audio=["chords.mp3"]))
    (frame,) = frames(open_page(page.as_uri()))
    for broken in ("class extends AudioContext { get currentTime() { return 0; } }", "undefined"):
        frame.evaluate(f"musegenPlayer.sound = null; globalThis.AudioContext = {broken}; 0")
        frame.get_by_role("button", name="play").click()
        frame.get_by_role("alert").wait_for(timeout=3000)
        link = frame.get_by_role("link", name="chords (mp3)")
        assert link.evaluate("(link) => link.href") == (tmp_path / "chords.mp3").as_uri()
        assert not frame.evaluate("musegenPlayer.playing")


def test_without_scripts_words_stand_beside_the_picture(open_page, tmp_path):
    page = open_page(exported(tmp_path, chords()), java_script_enabled=False)
    assert page.get_by_role("img", name="Piano-roll of chords: 8 bars, 48 notes").is_visible()
    assert page.get_by_text("no script runs here").is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("kind", ["notebook", "play", "index"])
def test_axe_finds_nothing_serious(open_page, tmp_path, serious, kind, scheme):
    made = tmp_path / "index.html"
    if kind == "notebook":
        table = pd.DataFrame({"pitch": [60]}, index=["C"])
        address = exported(tmp_path, player.SideBySide(modelled(), chords(voice=2)), table)
    elif kind == "play":
        made.write_text(play.page([chords()], seed=1, served=True))
    else:
        pages.write(tmp_path / "songs" / "four_voices.html", player.player_html(chords()))
        claim = "section,claim,verdict,number,corpus\n3.1,it is so,supported,1,survey\n"
        pages.write(tmp_path / "claims.csv", claim)
        pages.write_figure(5, None, tmp_path)
        pages.write_index(tmp_path, [], config.Settings())
    page = open_page(address if kind == "notebook" else made.as_uri(), color_scheme=scheme)
    assert frames(page)
    assert serious(page) == []
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (ground == "rgb(253, 253, 252)") == (scheme == "light")


HOSTILE = '"><img src=x onerror="top.hacked=1"></iframe><script>top.hacked=1</script>&quot;\u2028</'


def test_a_title_is_only_ever_text(open_page, tmp_path):
    songs = [chords(title=HOSTILE), player.SideBySide(chords(title=HOSTILE), chords())]
    page = open_page(exported(tmp_path, *songs))
    for frame in frames(page):
        assert HOSTILE in frame.locator("canvas").last.get_attribute("aria-label")
    page.wait_for_timeout(300)
    assert not page.evaluate("globalThis.hacked")
    assert page.locator("img").count() == 2


def test_on_a_phone(open_page, tmp_path):
    address = exported(tmp_path, modelled(), chords(voice=np.tile([0, 1, 2], 16)))
    page = open_page(address, device_scale_factor=2, **PHONE)
    for frame in frames(page):
        width = frame.evaluate("document.documentElement.clientWidth")
        assert width <= 360
        assert frame.evaluate("document.documentElement.scrollWidth") <= width
        for button in frame.get_by_role("button").all():
            assert button.bounding_box()["height"] >= 40
        above = frame.locator("canvas").last.bounding_box()
        assert above["width"] > 0.8 * width
    frames(page)[1].get_by_role("button", name="play").tap()
    wait_for_sound(frames(page)[1])


# --- The composer --------------------------------------------------------------------------------

COMPOSER = "document.querySelector('.musegen-composer')?.composer"


@pytest.fixture
def serve():
    """Serve a page in a thread, as `python -m musegen composer` does."""
    import asyncio

    from tornado.ioloop import IOLoop

    told, running = queue.Queue(), []

    def run(application):
        asyncio.set_event_loop(asyncio.new_event_loop())
        running.extend((IOLoop.current(), threading.current_thread()))
        local.serve(application, "it is", told.put)

    def start(application) -> str:
        threading.Thread(target=run, args=(application,), daemon=True).start()
        return told.get(timeout=30)

    yield start
    loop, thread = running
    loop.add_callback(loop.stop)
    thread.join(30)


@pytest.fixture
def address(composer, serve):
    return serve(server.application(composer))


def composer_page(open_page, address, **options):
    page = open_page(address, accept_downloads=True, **options)
    page.locator(".musegen-player").wait_for()
    return page


def be_quieter(page, composer, share: float) -> None:
    """Set the threshold so that this share of the cells sound: untrained networks are loud."""
    cells = generation.decode(composer.run, composer.mean[None])
    page.evaluate(f"{COMPOSER}.set({{ threshold: {np.quantile(cells, 1 - share)} }})")


def state(page) -> list:
    return page.evaluate(f"[...{COMPOSER}.state.latent]")


def test_bars_are_written_anew_on_the_page_of_new_songs(open_page, serve, build):
    application = play_server.application(play.songs(1, seed=1, bars=4), seed=1)
    page = open_page(serve(application), bypass_csp=False)
    form, shown = page.locator("form"), page.locator("#song_1 img")
    button = lambda name: form.get_by_role("button", name=name)  # noqa: E731
    pictures = [shown.get_attribute("src")]
    form.get_by_label("from bar").fill("2")
    for name in ("anew", "undo"):
        button(name).click()
        form.locator("output:empty").wait_for(state="attached")
        page.frame_locator("iframe").locator("canvas").last.wait_for()
        pictures.append(shown.get_attribute("src"))
    assert pictures[0] == pictures[2] != pictures[1]
    form.get_by_label("to bar").fill("1")
    button("anew").click()
    form.get_by_text("bars 2 to 1 are none of the song's").wait_for()


def test_what_the_buttons_do(open_page, address, composer, tmp_path):
    page = composer_page(open_page, address)
    mean = state(page)
    button = lambda name: page.get_by_role("button", name=name, exact=True)  # noqa: E731
    button("random, 1 σ").click()
    drawn = state(page)
    assert drawn != mean
    button("clean up").click()
    page.wait_for_function(f"{COMPOSER}.undone.length === 2")
    assert min(state(page)) >= 0  # a ReLU's
    button("undo").click()
    assert state(page) == drawn
    button("undo").click()
    assert state(page) == mean

    page.locator("select").first.select_option(index=2)
    button("load").click()
    nearest = "document.querySelector('.nearest').textContent"
    page.wait_for_function(f"/, from bar [0-9]+: [0-9]+ %/.test({nearest})")
    assert state(page) == pytest.approx(composer.first_bars[2], abs=1e-4)
    page.locator("label.knob", has_text="walk").locator("input").fill("100")
    assert state(page) == pytest.approx(composer.first_bars[1], abs=1e-4)

    page.locator("label.knob", has_text="tempo").locator("input").fill("240")
    assert page.evaluate(f"{COMPOSER}.player.end") == pytest.approx(16)
    page.locator("select").last.select_option("organ")
    button("play").click()
    wait_for_sound(page, f"{COMPOSER}.player")
    button("pause").click()
    saved = {}
    for name in ("save MIDI", "save mp3", "save sliders"):
        with page.expect_download() as download:
            button(name).click()
        saved[name] = tmp_path / download.value.suggested_filename
        download.value.save_as(saved[name])
    heard = midi.read(saved["save MIDI"], steps_per_beat=6)
    assert heard.tempo_qpm == 240
    assert len(heard.notes) == page.evaluate(f"{COMPOSER}.player.songs[0].notes.length")
    assert saved["save mp3"].stat().st_size > 50_000

    kept = state(page)
    button("reset").click()
    assert state(page) == mean
    page.locator("input[type=file]").set_input_files(saved["save sliders"])
    page.wait_for_function(f"{COMPOSER}.state.tempo === 240")
    assert state(page) == pytest.approx(kept, rel=1e-5, abs=1e-6)
    page.locator("input[type=file]").set_input_files(saved["save mp3"])
    page.wait_for_function("document.querySelector('.status').textContent.includes('.mp3')")
    assert state(page) == pytest.approx(kept, rel=1e-5, abs=1e-6)


def test_a_phone_keeps_the_roll_in_view_the_state_and_knows_who_is_gone(
    open_page, address, serious
):
    page = composer_page(open_page, address, bypass_csp=False, **PHONE)
    slider = page.locator(".sliders input").last
    slider.scroll_into_view_if_needed()
    assert 0 <= page.locator("canvas").last.bounding_box()["y"] < slider.bounding_box()["y"]
    slider.fill("2")
    moved = state(page)
    page.add_init_script(
        """globalThis.WebSocket = class extends WebSocket {
          constructor(address) { globalThis.line = super(address); }
        };"""
    )
    page.reload()
    page.locator(".musegen-player").wait_for()
    assert state(page) == pytest.approx(moved, rel=1e-5, abs=1e-6)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert serious(page) == []
    page.evaluate("line.close()")
    page.get_by_text("Python has stopped").wait_for()


# --- JupyterLab ----------------------------------------------------------------------------------


FIGURE_7, SLIDERS = "player.figure(7, ten)", "composer.Composer(ten)"
NEEDED = ("set_style", "names = [", FIGURE_7, SLIDERS)  # nbval runs the others
CHOICE = "player.interact("


@pytest.fixture(scope="module")
def lab(tmp_path_factory, smoke):
    """Start JupyterLab on some cells of notebooks 04 and 01, with settings and trust of its own."""
    home, folder = tmp_path_factory.mktemp("lab"), config.root() / "notebooks"
    notebook = nbformat.read(folder / "04_generation.ipynb", as_version=4)
    notebook.cells = [c for c in notebook.cells if any(part in c.source for part in NEEDED)]
    first = nbformat.read(folder / "01_data_preparation.ipynb", as_version=4).cells
    notebook.cells += [c for c in first if "set_style" in c.source or CHOICE in c.source]
    path = home / "work" / "some.ipynb"
    path.parent.mkdir()
    nbformat.write(notebook, path)
    kinds = ("_CONFIG", "_DATA", "_RUNTIME", "LAB_SETTINGS", "LAB_WORKSPACES")
    environment = os.environ | {f"JUPYTER{kind}_DIR": str(home / kind) for kind in kinds}
    news = home / "LAB_SETTINGS" / "@jupyterlab" / "apputils-extension"
    news.mkdir(parents=True)
    quiet = {"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True}
    (news / "notification.jupyterlab-settings").write_text(json.dumps(quiet))
    command = [sys.executable, "-m", "jupyter", "lab", "--no-browser", "--ip=127.0.0.1"]
    options = ["--IdentityProvider.token=test", "--allow-root"]
    options += [f"--ServerApp.root_dir={path.parent}", "--LabApp.expose_app_in_browser=True"]
    prompt = "apps.composer.lab.PromptConnection"  # as in `make lab`
    options += [f"--ServerApp.kernel_websocket_connection_class={prompt}"]
    with (home / "log").open("w") as log:
        process = subprocess.Popen([*command, *options], env=environment, stdout=log, stderr=log)
        while not (told := "".join(f.read_text() for f in home.glob("_RUNTIME/jpserver-*.json"))):
            assert process.poll() is None, (home / "log").read_text()
            time.sleep(0.1)
        url = json.loads(told)["url"]
        yield f"{url}lab/tree/some.ipynb?token=test&reset", path, environment
        process.terminate()
        process.wait(60)


def open_lab(open_page, address):
    page = open_page(address, accept_downloads=True)
    page.wait_for_function("globalThis.jupyterapp?.shell.currentWidget?.content?.widgets?.length")
    page.evaluate(
        """async () => {
          const { sessionContext } = jupyterapp.shell.currentWidget;
          await sessionContext.ready;
          await sessionContext.session.kernel.info;
        }"""
    )
    return page


SHOW_CELL = """async (part) => {
  const notebook = jupyterapp.shell.currentWidget.content;
  const at = notebook.widgets.findIndex((cell) => cell.model.sharedModel.source.includes(part));
  notebook.activeCellIndex = at;
  await notebook.scrollToItem(at, "start");
}"""
ERRORS = """() => jupyterapp.shell.currentWidget.content.widgets
  .flatMap((cell) => cell.model.outputs?.toJSON() ?? [])
  .filter((output) => output.output_type === "error").map((output) => output.evalue)"""


def played(page):
    """Find the visible player, play some of its notes, and give its frame."""
    frame = page.locator("iframe[title^=Player]:visible").first
    frame.wait_for()
    inside = frame.element_handle().content_frame()
    inside.wait_for_function("globalThis.musegenPlayer")
    for level in range(33, 64):  # untrained networks are loud
        if notes(inside) < 2000:
            break
        inside.get_by_label("threshold").first.fill(str(level))
    inside.get_by_role("button", name="play").click()
    wait_for_sound(inside)
    return inside


def test_notebooks_in_jupyterlab(open_page, lab, composer):
    address, _, _ = lab
    page = open_lab(open_page, address)

    # As cloned: not trusted, so the picture stands there and no frame.
    page.evaluate(SHOW_CELL, FIGURE_7)
    page.locator(".jp-OutputArea").get_by_text("no script runs here").first.wait_for()
    assert page.locator("iframe[title^=Player]").count() == 0

    page.evaluate("jupyterapp.commands.execute('notebook:run-all-cells')")
    assert page.evaluate(ERRORS) == []
    page.evaluate(SHOW_CELL, FIGURE_7)
    inside = played(page)

    page.evaluate(SHOW_CELL, SLIDERS)
    page.wait_for_function(f"{COMPOSER}?.player")
    be_quieter(page, composer, 0.002)
    before = page.evaluate(f"{COMPOSER}.player.roll.below.toDataURL()")
    page.locator(".musegen-composer .sliders input").first.fill("3")
    changed = f"(before) => {COMPOSER}.player.roll.below.toDataURL() !== before"
    page.wait_for_function(changed, arg=before)
    page.locator(".musegen-composer button.play").click()
    wait_for_sound(page, f"{COMPOSER}.player")
    inside.wait_for_function("!musegenPlayer.playing")  # the other one has made way

    page.evaluate(SHOW_CELL, CHOICE)
    page.locator(".jupyter-widgets select").select_option("bwv410")
    page.locator("iframe[title='Player: bwv410']").wait_for()
    played(page)


def test_a_trusted_notebook_plays_before_it_is_run(open_page, lab):
    address, path, environment = lab
    trust = [sys.executable, "-m", "jupyter", "trust", str(path)]  # as `make lab` does
    subprocess.run(trust, env=environment, check=True, capture_output=True)
    page = open_lab(open_page, address)
    page.evaluate(SHOW_CELL, FIGURE_7)
    played(page)
    page.evaluate(SHOW_CELL, SLIDERS)  # where no kernel answers there is a song
    page.locator("iframe[title^=Player]:visible").last.wait_for()
