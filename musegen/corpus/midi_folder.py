"""A folder of your own MIDI or MusicXML files, subfolders included."""

from pathlib import Path

import numpy as np

from musegen import midi
from musegen.corpus import cache, scores
from musegen.corpus.audit import Dropped
from musegen.song import Song

MIDI = (".mid", ".midi")
MUSICXML = (".mxl", ".musicxml", ".xml")


def load(folder: str) -> cache.Packed:
    """Read every MIDI and MusicXML file of a folder, or take the songs from the cache."""
    files = cache.find_files(folder, MIDI + MUSICXML)
    code = [__file__, midi.__file__, scores.__file__]
    key = cache.make_key("midi", code, cache.file_facts(files))
    return cache.stored(key, lambda: cache.read_files(files, read, "songs"))


def read(path: Path) -> Song:
    """Read one file: its piano, or all its pitched notes if it has none.

    Raises
    ------
    Dropped
        If it is unreadable, not 4/4 throughout or without notes.
    """
    song = _read_midi(path) if path.suffix.lower() in MIDI else _read_musicxml(path)
    if not len(song.notes):
        raise Dropped("no pitched notes")
    end = int((song.notes["onset"] + song.notes["duration"]).max())
    return song.cut(0, -(-end // song.steps_per_bar) * song.steps_per_bar)  # no silent bars after


def _read_midi(path: Path) -> Song:
    try:
        if midi.metres(midi.load(path)) - {"4/4"}:
            raise Dropped("not 4/4 throughout")
        return midi.read(path)
    except ValueError as error:
        raise Dropped("unreadable") from error


def _read_musicxml(path: Path) -> Song:
    score = scores.parse(path)
    parts = [part for part in score.parts if _program(part) is not None]
    pianos = [part for part in parts if _program(part) in midi.PIANOS]
    marks = score.recurse().getElementsByClass("MetronomeMark")
    tempi = [mark.getQuarterBPM() for mark in marks if mark.getQuarterBPM()]
    tempo_qpm = float(np.median(tempi)) if tempi else 120.0  # ours: MIDI's own default
    return scores.to_song(score, pianos or parts, tempo_qpm, path.stem, "midi")


def _program(part) -> int | None:
    """General MIDI program of a part: 0 if it does not say, None for drums."""
    instrument = part.getInstrument()
    if "UnpitchedPercussion" in instrument.classes:
        return None
    return instrument.midiProgram or 0
