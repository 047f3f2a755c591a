"""Makes the listening page: the songs, the scale, and nothing that betrays a source.

The page is one file that works from a web server, a file host or, on a computer, from the disk.
"""

import base64
import hashlib
import io
import json
import secrets
from dataclasses import replace
from datetime import date
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd

from apps.listening.answer_key import PAGE, as_code, write_private
from apps.listening.page import Place, deal, texts, to_html
from musegen import audio, files, midi, preprocess
from musegen.song import Song, as_notes

RATE = audio.RATE
LONGEST = 30.0  # seconds, ours: ten of them are five minutes
SHORTEST = 3.0
FADE = 1.5  # seconds at the end; the beginning is not touched
LISTS = 60  # that a page without a server deals from
PRACTICE = [60, 64, 67, 72, 67, 64]  # a broken C major chord, up and down
SUFFIXES = (".mid", ".midi")
SHUFFLED = 6  # semitones that the notes of the obvious fake are moved at the most


def build(folder, out, contact: str, until: date, each: int | None = None, listeners: int = 0):
    """Make the listening page of a folder of songs, its key and its invitations.

    Parameters
    ----------
    folder : str or Path
        A folder a source, with its name, and MIDI files in it, two or more a source. Songs start at
        their first note and all last as long as the shortest, 30 seconds at the most, fade out, and
        are played by the same piano with the same loudness. One is also there with its notes
        shuffled, which nobody who listens should take for a human's.
    out : str or Path
        A folder; see `Place` for what is written there.
    contact : str
        Who is responsible, with an address, named in the text that the listeners agree to.
    until : date
        When the answers will be deleted, named there, too.
    each : int, optional
        How many of the songs a listener gets, one of them twice: all, unless given. The server
        deals each listener the same number of each source (give or take one); a page without a
        server deals by lot. Every song is dealt equally often.
    listeners : int
        How many invitations to make; without any, whoever has the page may take part.

    Returns
    -------
    Place

    Raises
    ------
    ValueError
        If a source has no songs, a file cannot be read, or a song is shorter than 3 seconds.
    FileExistsError
        If there is a key already: answers to that survey would lose their meaning.

    Notes
    -----
    Report 2.4 and 4.4.2. Notebook: more/planning_a_survey, "Your own survey".
    """
    place = Place(out)
    if place.key.exists():
        raise FileExistsError(
            f"{place.key} is there already, and without it nobody knows which song an answer is "
            "about; move the survey, or choose another folder"
        )
    if not contact.strip() or until < date.today():
        raise ValueError("say who is responsible, and a day to come when answers are deleted")
    sources = read_songs(Path(folder))
    songs = [(source, song) for source, of_it in sources.items() for song in of_it]
    each = len(songs) if each is None else each
    if not 2 <= each <= len(songs):
        raise ValueError(f"a listener can get 2 to {len(songs)} songs, not {each}")
    seconds = float(min(LONGEST, *(song.seconds for _, song in songs)))
    drawn = secrets.SystemRandom().sample(range(16**6), len(songs) + 3)
    *blind, practice, attention, fake = (f"{number:06x}" for number in drawn)
    named = dict(zip(blind, [song for _, song in songs], strict=True))
    grade, tones = 1 + secrets.randbelow(5), 2 + secrets.randbelow(4)
    original = max(songs, key=lambda one: len(one[1].notes) / one[1].seconds)
    rows = [(item, "song", s.title, source) for item, (source, s) in zip(blind, songs, strict=True)]
    rows += [(practice, "practice", "", ""), (attention, "attention", "", str(grade))]
    rows += [(fake, "fake", f"from {original[1].title} of {original[0]}", "shuffled notes")]
    named |= {practice: _practice(seconds), fake: _shuffled(original[1])}
    sounds = {}

    def keep(mp3: bytes) -> str:
        name = hashlib.sha256(mp3).hexdigest()[:16]  # another sound has another: it can be cached
        sounds[name] = base64.b64encode(mp3).decode()
        return name

    survey = {
        "survey": secrets.token_hex(4),
        "texts": texts(),
        "contact": contact.strip(),
        "until": until.isoformat(),
        "invited": listeners > 0,
        "seconds": round(seconds),
        "each": each,
        "check": {"sound": keep(_mp3(_tones(tones), tones + 1.0)), "tones": tones},
        "items": {item: keep(_mp3(named[item], seconds)) for item in sorted(named)},
        "sounds": sounds,
        "practice": practice,
        "attention": {"item": attention, "grade": grade},
    }
    codes = [as_code(secrets.token_bytes(16)) for _ in range(listeners)]
    write_private(place.invitations, "\n".join(codes))
    write_private(place.survey, json.dumps(survey))
    place.private.chmod(0o700)
    # Before the page: without its key that would be worthless.
    key = pd.DataFrame([(survey["survey"], *row) for row in sorted(rows)], columns=PAGE)
    write_private(place.key, key.to_csv(index=False))
    lists = islice(deal(dict.fromkeys(blind, "any"), each, [fake]), LISTS)
    files.write(place.page, to_html(survey, [*lists]))
    return place


def read_songs(folder: Path) -> dict[str, list[Song]]:
    """Read a folder of songs: its folders are the sources, their MIDI files the songs.

    Returns
    -------
    dict
        From the name of each source to its songs, cut to their first note; titles are file names.
    """
    sources = {}
    for source in sorted(path for path in folder.glob("*") if path.is_dir()):
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
    return Song(as_notes(np.arange(count), 1, np.resize(PRACTICE, count)), count, 2, 120.0)


def _tones(count: int) -> Song:
    """Make a sound to check that one hears: tones to count, one a second."""
    return Song(as_notes(4 * np.arange(count), 2, 69), 4 * count, 2, 120.0)


def _shuffled(song: Song) -> Song:
    """Throw the notes of a song about: to any time, and some semitones up or down."""
    rng = np.random.default_rng(secrets.randbits(64))
    notes = song.notes.copy()
    notes["onset"] = rng.integers(0, song.length - notes["duration"] + 1)
    notes["onset"][0] = 0
    moved = notes["pitch"] + rng.integers(-SHUFFLED, SHUFFLED + 1, len(notes))
    notes["pitch"] = moved.clip(21, 108)  # the keys of a piano
    return replace(song, notes=np.sort(notes, order=["onset", "pitch"]), probabilities=None)


def _mp3(song: Song, seconds: float) -> bytes:
    """Play the beginning of a song, faded out, always as long and as loud, without a word in it."""
    import soundfile

    steps_a_second = song.steps_per_beat * song.tempo_qpm / 60
    beginning = song.cut(0, int(np.ceil(seconds * steps_a_second)))
    samples = audio.render(replace(beginning, title="")).mean(axis=1, keepdims=True)
    wanted = round(seconds * RATE)
    samples = np.pad(samples, ((0, max(0, wanted - len(samples))), (0, 0)))[:wanted]
    fade = round(FADE * RATE)
    samples[-fade:] *= np.linspace(1, 0, fade)[:, None] ** 2
    written = io.BytesIO()
    soundfile.write(written, audio.normalised(samples), RATE, "MPEG_LAYER_III", format="MP3")
    return written.getvalue()
