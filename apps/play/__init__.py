"""New songs on a page: the first thing a stranger meets is music.

The network that comes with musegen plays; nothing is trained, and no TensorFlow is loaded.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np

from apps import template
from musegen import config, generation, midi, player, preprocess, training
from musegen.files import atomic_write
from musegen.held import Outline
from musegen.song import Song

KEPT_BARS = 4  # of a song that is gone on from
PACES = ((1.3, "calm"), (1.75, "flowing"), (np.inf, "lively"))  # onsets a beat, at most


def songs(
    n: int,
    seed: int,
    bars: int | None = None,
    tempo_qpm: float | None = None,
    primer: Path | None = None,
) -> list[Song]:
    """Write new songs with the network that comes with musegen.

    Parameters
    ----------
    n : int
    seed : int
        The same seed, the same songs.
    bars : int, optional
        How many each is to have; as many as one of the training songs, drawn, if not said.
    tempo_qpm : float, optional
        The primer's, or that of a training song, if not said.
    primer : Path, optional
        A MIDI file: the first four bars of its music are gone on from, in its mode.

    Returns
    -------
    list of Song

    Raises
    ------
    ValueError
        If a number is out of range, the MIDI file cannot be read or has no notes, or `bars` leaves
        none to be written.

    Notes
    -----
    Notebook: 06_beyond_the_report, "The first thing one hears".
    """
    for name, value, low, high in (
        ("songs", n, 1, 64),
        ("bars", bars, 2, 200),
        ("tempo", tempo_qpm, 20, 400),
    ):
        if value is not None and not low <= value <= high:
            raise ValueError(f"{name} is {value:g}; it must be from {low} to {high}")
    run, rng = training.shipped("held"), np.random.default_rng(seed)
    outlines = generation.sample_outlines(run, n, rng)
    if bars is not None:
        outlines = [one._replace(bars=bars) for one in outlines]
    start = None
    if primer is not None:
        start = _first_bars(midi.read(primer), primer)
        tempo_qpm = tempo_qpm or start.tempo_qpm
        minor = preprocess.estimate_key(start).mode == "minor"
        least = bars or start.bars + 1  # too few are refused where the songs are written
        outlines = [one._replace(minor=minor, bars=max(one.bars, least)) for one in outlines]
    if tempo_qpm is not None:
        outlines = [one._replace(tempo_qpm=tempo_qpm) for one in outlines]
    written = generation.held_songs(run, outlines, rng, primer=start)
    named = zip(written, outlines, strict=True)
    return [replace(song, title=_title(i, one, start)) for i, (song, one) in enumerate(named, 1)]


def _first_bars(song: Song, path: Path) -> Song:
    """Take the bars that are gone on from; none is silent before the music begins or after it."""
    if not len(song.notes):
        raise ValueError(f"{path} has no notes to go on from; give a file with some")
    start = preprocess.cut_to_first_note(song, "bar")
    end = int((start.notes["onset"] + start.notes["duration"]).max())
    return start.cut(0, min(KEPT_BARS, -(-end // start.steps_per_bar)) * start.steps_per_bar)


def _title(number: int, outline: Outline, primer: Song | None) -> str:
    key = "minor" if outline.minor else "major"
    after = f", after the first bars of {primer.title}" if primer else ""
    pace = next(word for most, word in PACES if outline.pace <= most)
    return f"Song {number}: {outline.bars} bars, {key}, {pace}{after}"


def write(some: list[Song], seed: int) -> Path:
    """Write songs as MIDI and mp3 and a page that plays them: ``build/play/index.html``."""
    folder, shown = config.build_dir() / "play", []
    for i, song in enumerate(some, 1):
        files = song.to_midi(folder / f"song_{i}.mid"), song.to_audio(folder / f"song_{i}.mp3")
        shown.append((player.player_html(song), [path.name for path in files]))
    learnt = training.shipped("held").manifest["songs"]
    text = template.render(
        Path(__file__).parent / "play.html", songs=shown, seed=seed, learnt=learnt
    )
    with atomic_write(folder / "index.html") as part:
        part.write_text(text, encoding="utf-8")
    return folder / "index.html"
