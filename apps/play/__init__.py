"""New songs on a page: the first thing a stranger meets is music.

The network that comes with musegen plays; nothing is trained, and no TensorFlow is loaded.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np

from apps import template
from musegen import config, files, generation, midi, player, preprocess, training
from musegen.corpus import REASONS, Rejected, scores
from musegen.four_voices import Wish
from musegen.song import Song

BARS = 16
MOST_BARS = 200
TEMPO_QPM = 90.0  # ours: the chorales have no tempo marks
PACES = ("calm", "flowing", "lively")
KINDS = (".mid", ".mp3", ".musicxml")


def songs(
    n: int,
    seed: int,
    bars: int | None = None,
    tempo_qpm: float | None = None,
    after: Path | None = None,
    harmonise: Path | None = None,
) -> list[Song]:
    """Write new songs with the network that comes with musegen.

    Parameters
    ----------
    n : int
    seed : int
        The same seed, the same songs.
    bars : int, optional
        How many each is to have, 16 if not said; a melody keeps its own.
    tempo_qpm : float, optional
        The file's, or 90, if not said.
    after : Path, optional
        MIDI, MusicXML or ABC: the first four bars of its music are gone on from, in its key.
    harmonise : Path, optional
        A melody in such a file: it gets alto, tenor and bass.

    Returns
    -------
    list of Song

    Raises
    ------
    ValueError
        If a number is out of range, the file cannot be read or has no notes, the melody is none
        that a soprano sings, or `bars` leaves none to be written.

    Notes
    -----
    Notebook: 06_beyond_the_report, "The first thing one hears".
    """
    for name, value, low, high in (
        ("songs", n, 1, 64),
        ("bars", bars, 2, MOST_BARS),
        ("tempo", tempo_qpm, 20, 400),
    ):
        if value is not None and not low <= value <= high:
            raise ValueError(f"{name} is {value:g}; it must be from {low} to {high}")
    run, rng, bars = training.shipped("four_voices"), np.random.default_rng(seed), bars or BARS
    if path := harmonise or after:
        given = read(path)
        tempo_qpm = tempo_qpm or given.tempo_qpm
    if harmonise:
        if given.bars > MOST_BARS:
            raise ValueError(f"{path.name} has {given.bars} bars; it may have {MOST_BARS}: cut it")
        written = [generation.harmonised(run, given, rng) for _ in range(n)]
        titles = [f"{given.title}, harmony {i}" for i in range(1, n + 1)]
    elif after:
        written = [generation.gone_on(run, given, bars, rng) for _ in range(n)]
        titles = [
            f"Song {i}: {bars} bars after the first of {given.title}" for i in range(1, n + 1)
        ]
    else:
        asked = generation.wishes(n, rng, bars)
        written = generation.new_songs(run, asked, rng)
        titles = [_title(i, wish, bars) for i, wish in enumerate(asked, 1)]
    named = zip(written, titles, strict=True)
    return [replace(one, title=title, tempo_qpm=tempo_qpm or TEMPO_QPM) for one, title in named]


def read(path: Path) -> Song:
    """Read a song of one's own; raises a ValueError that says what is wrong with the file."""
    if path.suffix.lower() not in scores.SCORES:
        return midi.read(path)
    try:
        return scores.read(path.read_bytes(), path)
    except Rejected as error:
        raise ValueError(f"{path.name} cannot be read: {REASONS[str(error)]}") from error


def _title(number: int, wish: Wish, bars: int) -> str:
    key = preprocess.Key(wish.tonic, "minor" if wish.minor else "major")
    return f"Song {number}: {bars} bars, {key}, {PACES[wish.pace]}"


def write(some: list[Song], seed: int) -> Path:
    """Write songs as MIDI, mp3 and scores, and a page that plays them: ``build/play/``."""
    for i, song in enumerate(some, 1):
        for kind in KINDS:
            write_file(song, i, kind)
    path = config.build_dir() / "play" / "index.html"
    files.write(path, page(some, seed))
    return path


def write_file(song: Song, number: int, kind: str) -> Path:
    """Write a song as one kind of file."""
    to = {".mid": song.to_midi, ".mp3": song.to_audio, ".musicxml": song.to_musicxml}[kind]
    return to(config.build_dir() / "play" / f"song_{number}{kind}")


def player_of(song: Song, number: int, marks=()) -> str:
    """Write the player of a song that lies beside the page."""
    return player.player_html(song, marks=[marks], audio=[f"song_{number}.mp3"])


def page(some: list[Song], seed: int, served: bool = False) -> str:
    """Lay out songs; where Python answers, bars of them can be written anew."""
    learnt = training.shipped("four_voices").manifest["songs"]
    shown = [(song, player_of(song, i)) for i, song in enumerate(some, 1)]
    page = Path(__file__).parent / "play.html"
    about = {"kinds": KINDS, "seed": seed, "learnt": learnt, "served": served}
    return template.render(page, songs=shown, **about)
