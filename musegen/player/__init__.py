"""Songs one can play in the page: the picture first, a piano-roll with sound where scripts may run.

One frame holds all of a player (``player.js``, ``player.css`` and the songs), so that it works in
JupyterLab, in an exported page and on a phone, without a kernel and without a network. Where a
notebook is not trusted yet, or a page strips frames, the picture before it stays.
"""

import base64
import html
import json
import zlib
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np

from musegen import figures
from musegen.figures import colour_of
from musegen.song import NO_VOICE, Song

LEVELS = 64  # a probability travels as one letter of base64's alphabet
ALPHABET = np.frombuffer(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", "S1")
# Unpacks the script and runs it. A browser that cannot (before 2023) goes on showing the picture.
START = """<!doctype html><meta charset=utf-8><meta name=viewport content="width=device-width">
<style>body{margin:0}</style><body><script type=module>
const packed = Uint8Array.from(atob("$packed"), (c) => c.charCodeAt(0));
const script = document.createElement("script");
const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
script.textContent = await new Response(stream).text();
document.head.append(script);
</script>"""


def player_html(*songs: Song, marks=None, caption: str = "") -> str:
    """Write songs as HTML: a picture, and a player on one time axis that takes its place.

    Parameters
    ----------
    *songs : Song
        One, or several to compare. Where a model made one, with `probabilities`, the player has a
        slider for the threshold.
    marks : sequence, a list of (start, end, label) for each song, optional
        Passages to mark, as in `SideBySide`.
    caption : str
        A line above them.

    Returns
    -------
    str
        The same for the same songs; titles are never HTML.

    Notes
    -----
    Notebook: 01_data_preparation, "One song".
    """
    picture = base64.b64encode(figures.songs_png(songs, marks)).decode()
    said = html.escape("; ".join(map(repr, songs)))
    above = f"<p>{html.escape(caption)}</p>" if caption else ""
    return (
        f'{above}<img alt="{said}" src="data:image/png;base64,{picture}">'
        f'<iframe title="Player" allow="autoplay" srcdoc="{html.escape(_page(songs, marks))}" '
        'style="display:none;width:100%;height:0;border:0"></iframe>'
    )


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
    Notebook: 02_autoencoder_training, "Does it give the music back?".
    """

    def __init__(self, *songs: Song, titles=None, marks=None, caption: str = ""):
        titles = titles or [song.title for song in songs]
        self.songs = [replace(song, title=title) for song, title in zip(songs, titles, strict=True)]
        self.marks, self.caption = marks, caption

    def __repr__(self) -> str:
        return f"SideBySide({len(self.songs)} songs)"

    def _repr_html_(self) -> str:
        return player_html(*self.songs, marks=self.marks, caption=self.caption)


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


def pack(song: Song) -> dict:
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


def _page(songs: tuple[Song, ...], marks=None) -> str:
    lanes = [pack(song) for song in songs]
    for lane, mine in zip(lanes, marks or [()] * len(songs), strict=True):
        if mine:
            lane["marks"] = [list(mark) for mark in mine]
    packed = [json.dumps(part) for part in (style(), lanes)]
    text = f"{script()}\nstartInFrame({', '.join(packed)});"
    deflated = zlib.compress(text.encode(), 9)
    return START.replace("$packed", base64.b64encode(deflated).decode())


@cache
def script() -> str:
    """Give ``player.js`` as a plain script: without its list of exports."""
    text = (Path(__file__).parent / "player.js").read_text(encoding="utf-8")
    return text[: text.index("\nexport {")]


@cache
def style() -> str:
    """Give ``player.css``."""
    return (Path(__file__).parent / "player.css").read_text(encoding="utf-8")
