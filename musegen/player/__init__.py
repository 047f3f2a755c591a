"""Songs one can play in the page: a piano-roll with sound where scripts may run, else a picture.

One frame holds all of a player (``player.js``, ``player.css`` and the songs), so that it works in
JupyterLab, in an exported page and on a phone, without a kernel and without a network. Where a
notebook is not trusted yet, or a page strips frames, the picture after it stays, with words on how
to hear it. The frame has colours and a ground of its own, so it follows the browser's scheme, light
or dark, and not JupyterLab's theme.
"""

import base64
import html
import inspect
import json
import zlib
from dataclasses import replace
from functools import cache
from pathlib import Path
from string import Template

import numpy as np

from musegen import figures
from musegen.figures import colour_of
from musegen.song import NO_VOICE, Song

LEVELS = 64  # a probability travels as one letter of base64's alphabet
ALPHABET = np.frombuffer(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", "S1")


def player_html(*songs: Song, marks=None, audio=None) -> str:
    """Write songs as HTML: a picture, and a player on one time axis that takes its place.

    Parameters
    ----------
    *songs : Song
        One, or several to compare. Where a model made one, with `probabilities`, the player has a
        slider for the threshold.
    marks : sequence, a list of (start, end, label) for each song, optional
        Passages to mark, as in `SideBySide`.
    audio : sequence of str, optional
        Each song's mp3, as seen from the page: offered where nothing sounds.

    Returns
    -------
    str
        The same for the same songs; titles are never HTML.

    Notes
    -----
    Notebook: 01_data_preparation, "One song".
    """
    marks, audio = marks or [()] * len(songs), audio or [""] * len(songs)
    lanes = [pack(*each) for each in zip(songs, marks, audio, strict=True)]
    picture = base64.b64encode(figures.songs_png(songs, marks)).decode()
    titles = [html.escape(lane["title"]) for lane in lanes]
    links = [
        f' <a href="{file}">{title} (mp3)</a>'
        for file, title in zip(audio, titles, strict=True)
        if file
    ]
    about = {
        "names": "; ".join(titles),
        "sizes": "; ".join(f"{song.bars} bars, {len(song.notes)} notes" for song in songs),
    }
    frame = html.escape(_filled("frame.html", packed=_packed(lanes), **about))
    links = "".join(links)
    return _filled("player.html", picture=picture, frame=frame, links=links, **about)


class SideBySide:
    """Songs on one time axis, one above the other, of which one hears those one chooses.

    Parameters
    ----------
    *songs : Song
        A generated one and its nearest training song, say, or one before and after.
    titles : sequence of str, optional
        Instead of the songs' own.
    marks : sequence, a list of (start, end, label) for each song, optional
        Passages to mark with a band behind the notes, in steps of the song, as
        `musegen.metrics.marks` gives them.
    caption : str
        A line above them.

    Raises
    ------
    ValueError
        If there are not as many titles as songs.

    Examples
    --------
    >>> from musegen.song import as_notes
    >>> song = Song(as_notes(0, 2, 60), length=8, steps_per_beat=2)
    >>> SideBySide(song, song.transpose(12), titles=["low", "high"])
    SideBySide(2 songs)

    Notes
    -----
    Notebook: 02_autoencoder_training, "Reconstruction".
    """

    def __init__(self, *songs: Song, titles=None, marks=None, caption: str = ""):
        titles = titles or [song.title for song in songs]
        self.songs = [replace(song, title=title) for song, title in zip(songs, titles, strict=True)]
        self.marks, self.caption = marks, caption

    def __repr__(self) -> str:
        return f"SideBySide({len(self.songs)} songs)"

    def _repr_html_(self) -> str:
        above = f"<p>{html.escape(self.caption)}</p>" if self.caption else ""
        return above + player_html(*self.songs, marks=self.marks)


class Live:
    """A widget where a kernel answers; elsewhere, and in an exported page, what stands for it.

    Parameters
    ----------
    widget : ipywidgets Widget
    still : str
        HTML.

    Notes
    -----
    Notebook: 00_listen_first, "Ten songs".
    """

    def __init__(self, widget, still: str):
        self.widget, self.still = widget, still

    def __repr__(self) -> str:
        return f"Live({type(self.widget).__name__})"

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict:
        still = {"text/plain": repr(self), "text/html": self.still}
        return self.widget._repr_mimebundle_() | still


def interact(show, **choices) -> None:
    """Show what a function gives, with a control for each of its arguments where a kernel answers.

    `ipywidgets.interact` keeps what is shown inside the widget, which is gone with its kernel. Here
    it is an output of the cell, of which a saved notebook and an exported page keep the last.

    Parameters
    ----------
    show : function
        It returns a Song, a `SideBySide` or what else a cell can show; for each argument it has a
        default, which is shown first.
    **choices : sequence, for each argument
        What it may be. Numbers make a slider, names a drop-down list.

    Notes
    -----
    Notebook: 01_data_preparation, "One song".
    """
    import ipywidgets
    from IPython.display import display

    def control(name: str, options):
        first = inspect.signature(show).parameters[name].default
        about = {"options": options, "value": first, "description": name.replace("_", " ")}
        about["style"] = {"description_width": "initial"}
        if isinstance(first, str):
            return ipywidgets.Dropdown(**about)
        return ipywidgets.SelectionSlider(**about, continuous_update=False)

    controls = {name: control(name, options) for name, options in choices.items()}
    names = ", ".join(one.description for one in controls.values())
    still = f"<p>In the running notebook one chooses here: {names}.</p>"
    display(Live(ipywidgets.VBox(list(controls.values())), still))
    shown = display(show(), display_id=True)

    def redraw(_) -> None:
        shown.update(show(**{name: one.value for name, one in controls.items()}))

    for one in controls.values():
        one.observe(redraw, "value")


def figure(number: int, *runs) -> SideBySide:
    """Give figure 7, 8, 9, 10 or 11 of the report to be played; its picture is the figure.

    Parameters
    ----------
    number : int
    *runs : Run
        Those that `figures.RUNS_OF` names.

    Notes
    -----
    Report 3.2 and 3.3. Notebook: 04_generation, "Figures 7 and 8".
    """
    songs, marks, caption = figures.figure_parts(number, *runs)
    return SideBySide(*songs, marks=marks, caption=caption)


def pack(song: Song, marks=(), audio: str = "") -> dict:
    """Say what `player.js` needs to know of a song, in plain numbers and letters."""
    notes = song.notes
    voices = np.unique(notes["voice"])
    packed = {
        "title": song.title or "untitled",
        "tempo": song.tempo_qpm,
        "stepsPerBeat": song.steps_per_beat,
        "length": song.length,
        "colour": colour_of(song),
        "voices": len(voices),
        "marks": [list(mark) for mark in marks],
        "audio": audio,
        "onset": np.diff(notes["onset"], prepend=0).tolist(),
        "duration": notes["duration"].tolist(),
        "pitch": notes["pitch"].tolist(),
    }
    if len(voices) > 1 or NO_VOICE not in voices:
        packed["voice"] = np.searchsorted(voices, notes["voice"]).tolist()
    if song.probabilities is not None and song.length:
        packed["cells"] = _pack_cells(song)
    return packed


def _pack_cells(song: Song) -> dict:
    """Pack the probabilities from the lowest to the highest pitch that has any, pitch by pitch."""
    levels = (song.probabilities.T * LEVELS).astype(np.uint8).clip(max=LEVELS - 1)  # (pitch, time)
    heard = np.flatnonzero(levels.any(axis=1) | song.roll.any(axis=0))
    low, high = (heard[0], heard[-1]) if len(heard) else (60, 60)
    values = ALPHABET[levels[low : high + 1]].tobytes().decode()
    return {"low": int(low), "level": _level(levels.T, song.roll), "values": values}


def _level(levels: np.ndarray, roll: np.ndarray) -> int:
    """Find the level from which on the song's notes sound: 0.5 where that is one."""
    loudest_silent = int(levels[~roll].max(initial=0))
    faintest = int(levels[roll].min(initial=LEVELS - 1))
    half = LEVELS // 2
    return half if loudest_silent < half <= faintest else max(1, faintest)


def _packed(lanes: list[dict]) -> str:
    packed = [json.dumps(part) for part in (style(), lanes)]
    text = f"{script()}\nstartInFrame({', '.join(packed)});"
    return base64.b64encode(zlib.compress(text.encode(), 9)).decode()


def _filled(name: str, **values: str) -> str:
    return Template(_read(name)).substitute(values)


@cache
def _read(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")


def script() -> str:
    """Give ``player.js`` as a plain script: without its list of exports."""
    return _read("player.js").partition("\nexport {")[0]


def style() -> str:
    """Give the style of a player: ``colours.css``, which all pages share, and ``player.css``."""
    return _read("colours.css") + _read("player.css")
