"""Makes the listening page: the songs, the scale, and nothing that betrays a source.

The page is one file that works from a web server, a file host or, on a computer, from the disk.
"""

import base64
import csv
import io
import secrets
from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from apps.listening.page import texts, to_html
from musegen import audio, midi, preprocess
from musegen.files import atomic_write
from musegen.song import Song, as_notes

RATE = 44_100
LONGEST = 30.0  # seconds, ours: ten of them are five minutes
SHORTEST = 3.0
FADE = 1.5  # seconds at the end; the beginning is not touched
LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"  # of blind names: none looks like another
LISTS = 60  # by chance, where a listener gets only some of the songs
PRACTICE = [60, 64, 67, 72, 67, 64]  # a broken C major chord, up and down
SUFFIXES = (".mid", ".midi")


@dataclass(frozen=True)
class Built:
    """A survey that was built.

    Attributes
    ----------
    page, key : Path
    survey : str
        Its name, 8 hex digits, in the page, the key and every answer.
    seconds : float
        Of every piece.
    songs : int
    """

    page: Path
    key: Path
    survey: str
    seconds: float
    songs: int


def build(folder, out, each: int | None = None, contact: str = "") -> Built:
    """Make the listening page of a folder of songs, and its key.

    Parameters
    ----------
    folder : str or Path
        A folder a source, with its name, and MIDI files in it, two or more a source. Songs start at
        their first note and all last as long as the shortest, 30 seconds at the most, fade out, and
        are played by the same piano with the same loudness.
    out : str or Path
        The page, ``.html``; the key is written beside it as ``.key.csv``.
    each : int, optional
        How many of the songs a listener gets: all, unless given. Which ones is left to chance,
        without regard to their sources (else the page would show which songs belong together), but
        every song is in equally many of the lists, give or take one.
    contact : str
        Who is responsible, named in the text that the listeners agree to.

    Returns
    -------
    Built

    Raises
    ------
    ValueError
        If a source has no songs, a file cannot be read, or a song is shorter than 3 seconds.
    FileExistsError
        If there is a key already: answers to that survey would lose their meaning.

    Notes
    -----
    Report 2.4 and 4.4.2. Notebook: 05_survey_analysis, "Your own survey".
    """
    folder, out = Path(folder), Path(out)
    if out.suffix.lower() != ".html":
        raise ValueError(f"{out.name} must end in .html")
    key = out.with_suffix(".key.csv")
    if key.exists():
        raise FileExistsError(
            f"{key} is there already, and without it nobody knows which song an answer is about; "
            "move it, or choose another name for the page"
        )
    sources = read_songs(folder)
    songs = [(source, song) for source, of_it in sources.items() for song in of_it]
    if each is not None and not 2 <= each <= len(songs):
        raise ValueError(f"a listener can get 2 to {len(songs)} songs, not {each}")
    seconds = float(min(LONGEST, *(song.seconds for _, song in songs)))
    blind = _blind_names(len(songs) + 2)
    rows = [
        (item, "song", song.title, source)
        for item, (source, song) in zip(blind, songs, strict=False)
    ]
    practice, attention = blind[-2:]
    grade = 1 + secrets.randbelow(5)
    rows += [(practice, "practice", "", ""), (attention, "attention", "", str(grade))]
    named = dict(zip(blind, [song for _, song in songs], strict=False))
    named[practice] = _practice(seconds)
    data = {
        "survey": secrets.token_hex(4),
        "texts": texts(),
        "contact": contact,
        "seconds": round(seconds),
        "items": {item: _mp3(named[item], seconds) for item in sorted(named)},
        "practice": practice,
        "attention": {"item": attention, "grade": grade},
        "lists": _lists(blind[:-2], each or len(songs)),
    }
    with atomic_write(key) as part:  # first: a page without its key would be worthless
        part.write_text(_key(data["survey"], rows), encoding="utf-8", newline="")
    with atomic_write(out) as part:
        part.write_text(to_html(data), encoding="utf-8", newline="\n")
    return Built(out, key, data["survey"], seconds, len(songs))


def read_songs(folder: Path) -> dict[str, list[Song]]:
    """Read a folder of songs: its folders are the sources, their MIDI files the songs.

    Returns
    -------
    dict
        From the name of each source to its songs, cut to their first note; titles are file names.
    """
    if not folder.is_dir():
        raise ValueError(f"{folder} is no folder; give one with a folder for each source")
    sources = {}
    for source in sorted(path for path in folder.iterdir() if path.is_dir()):
        files = sorted(path for path in source.iterdir() if path.suffix.lower() in SUFFIXES)
        if not files:
            raise ValueError(f"{source} holds no MIDI file (.mid); add songs or remove the folder")
        sources[source.name] = [_song(path) for path in files]
    if len(sources) < 2:
        raise ValueError(
            f"{folder} has {len(sources)} folder(s) with songs; a survey compares at least two "
            "sources, a folder each"
        )
    return sources


def _song(path: Path) -> Song:
    song = preprocess.cut_to_first_note(midi.read(path))
    if not len(song.notes) or song.seconds < SHORTEST:
        raise ValueError(
            f"{path} lasts {song.seconds:.1f} s from its first note; "
            f"{SHORTEST:g} are the least for somebody to judge"
        )
    return song


def _practice(seconds: float) -> Song:
    """Make a piece to try the page on, by rule: it is nobody's song."""
    count = int(seconds * 4) + 1
    pitches = np.resize(PRACTICE, count)
    return Song(as_notes(np.arange(count), 1, pitches), count, 2, 120.0)


def _mp3(song: Song, seconds: float) -> str:
    """Play the beginning of a song, faded out, always as long and as loud, without a word in it."""
    import soundfile

    steps_a_second = song.steps_per_beat * song.tempo_qpm / 60
    beginning = song.cut(0, int(np.ceil(seconds * steps_a_second)))
    samples = audio.render(replace(beginning, title=""), RATE).mean(axis=1, keepdims=True)
    wanted = round(seconds * RATE)
    samples = np.pad(samples, ((0, max(0, wanted - len(samples))), (0, 0)))[:wanted]
    fade = round(FADE * RATE)
    samples[-fade:] *= np.linspace(1, 0, fade)[:, None] ** 2
    written = io.BytesIO()
    soundfile.write(written, audio.normalised(samples, RATE), RATE, "MPEG_LAYER_III", format="MP3")
    return base64.b64encode(written.getvalue()).decode()


def _blind_names(count: int) -> list[str]:
    names = set()
    while len(names) < count:
        names.add("".join(secrets.choice(LETTERS) for _ in range(6)))
    return list(names)  # in no order


def _lists(items: list[str], each: int) -> list[list[str]]:
    """Deal items out to lists, each item as often as any other, give or take one."""
    if each == len(items):
        return [sorted(items)]
    rng = np.random.default_rng(secrets.randbits(64))
    used, lists = defaultdict(int), []
    for _ in range(LISTS):
        order = sorted(items, key=lambda item: (used[item], rng.random()))
        lists.append(sorted(order[:each]))
        for item in order[:each]:
            used[item] += 1
    return lists


def _key(survey: str, rows: list[tuple[str, str, str, str]]) -> str:
    written = io.StringIO(newline="")
    table = csv.writer(written)
    table.writerow(["survey", "item", "role", "song", "source"])
    table.writerows((survey, *row) for row in sorted(rows))
    return written.getvalue()
