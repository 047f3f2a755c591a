"""Your own files: MIDI, MusicXML and ABC, in a folder and its subfolders."""

from pathlib import Path

import numpy as np

from musegen import midi
from musegen.corpus import scores
from musegen.corpus.audit import Dropped
from musegen.corpus.reading import Format, read_song
from musegen.song import Song

MIDI = (".mid", ".midi")
SCORES = (".mxl", ".musicxml", ".xml", ".abc")
LARGEST_FILE = 8 * 2**20  # bytes; MIDI files have about 50 kB, scores seldom more than 2 MB
WITHOUT_PIANO = "midi, no piano: all pitched notes"


def read(content: bytes, path: Path) -> Song:
    """Read one file: its piano, or all its pitched notes if it has none.

    Returns
    -------
    Song
        Its `source` says so if there was no piano.

    Raises
    ------
    Dropped
        With one of `musegen.corpus.REASONS`.
    """
    is_midi = path.suffix.lower() in MIDI
    song = _read_midi(content, path) if is_midi else _read_score(content, path)
    if not len(song.notes):
        raise Dropped("silent")
    end = int((song.notes["onset"] + song.notes["duration"]).max())
    return song.cut(0, -(-end // song.steps_per_bar) * song.steps_per_bar)  # no silent bars after


FORMAT = Format(MIDI + SCORES, read, (__file__, midi.__file__, scores.__file__), LARGEST_FILE)


def read_file(path) -> Song:
    """Read one file of a folder; see `read`."""
    return read_song(FORMAT, Path(path).read_bytes(), Path(path))


def _read_midi(content: bytes, path: Path) -> Song:
    try:
        file = midi.load(path, content)
        if midi.metres(file) - {"4/4"}:
            raise Dropped("not_4_4")
        return midi.to_song(file, path, no_piano=WITHOUT_PIANO)
    except midi.Unreadable as error:
        raise Dropped(error.reason) from error


def _read_score(content: bytes, path: Path) -> Song:
    score = scores.parse(content, path)
    pitched = [part for part in score.parts if _program(part) is not None]
    pianos = [part for part in pitched if _program(part) in midi.PIANOS]
    marks = score.recurse().getElementsByClass("MetronomeMark")
    tempi = [mark.getQuarterBPM() for mark in marks if mark.getQuarterBPM()]
    tempo_qpm = round(float(np.median(tempi)), 3) if tempi else 120.0  # ours: MIDI's own default
    source = "midi" if pianos else WITHOUT_PIANO
    return scores.to_song(score, pianos or pitched, tempo_qpm, path.stem, source)


def _program(part) -> int | None:
    """General MIDI program of a part: 0 if it does not say, None for drums."""
    instrument = part.getInstrument()
    if "UnpitchedPercussion" in instrument.classes:
        return None
    return instrument.midiProgram or 0
