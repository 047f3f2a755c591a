"""Your own files, MIDI, MusicXML and ABC; and how a score becomes a song, a chorale's as well."""

import io
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from musegen import midi
from musegen.corpus import Rejected
from musegen.corpus.ingest import Format
from musegen.song import BEATS_PER_BAR, Song, as_notes

MIDI = (".mid", ".midi")
SCORES = (".mxl", ".musicxml", ".xml", ".abc")
LARGEST_FILE = 8 * 2**20  # bytes; MIDI files have about 50 kB, scores seldom more than 2 MB
LARGEST_SCORE = 64 * 2**20  # bytes of a zipped one, unpacked
STEPS_PER_BEAT = 24  # as LPD-5; holds every onset of the chorales
WITHOUT_PIANO = "midi, no piano: all pitched notes"
MARKS = {".mxl": b"PK\x03\x04", ".abc": b"K:"}  # what a file of this kind holds
CUT_OFF = {3, 5, 6, 20}  # expat: no element, unclosed token, half a character, unclosed CDATA


def read(content: bytes, path: Path) -> Song:
    """Read one file: its piano, or all its pitched notes if it has none.

    Returns
    -------
    Song
        Its `source` says so if there was no piano.

    Raises
    ------
    Rejected
        With one of `musegen.corpus.REASONS`.
    """
    is_midi = path.suffix.lower() in MIDI
    song = _read_midi(content, path) if is_midi else _read_score(content, path)
    end = int((song.notes["onset"] + song.notes["duration"]).max(initial=0))
    return song.cut(0, -(-end // song.steps_per_bar) * song.steps_per_bar)  # no silent bars after


FORMAT = Format(MIDI + SCORES, read, LARGEST_FILE)


def _read_midi(content: bytes, path: Path) -> Song:
    try:
        file = midi.load(path, content)
        return midi.to_song(file, path, no_piano=WITHOUT_PIANO, in_fours=True)
    except midi.Unreadable as error:
        raise Rejected(error.reason) from error


def _read_score(content: bytes, path: Path) -> Song:
    score = parse(content, path)
    pitched = [part for part in score.parts if _program(part) is not None]
    pianos = [part for part in pitched if _program(part) in midi.PIANOS]
    marks = score.recurse().getElementsByClass("MetronomeMark")
    tempi = [mark.getQuarterBPM() for mark in marks if mark.getQuarterBPM()]
    tempo_qpm = round(float(np.median(tempi)), 3) if tempi else 120.0  # ours: MIDI's own default
    source = "midi" if pianos else WITHOUT_PIANO
    return to_song(score, pianos or pitched, tempo_qpm, path.stem, source)


def _program(part) -> int | None:
    """General MIDI program of a part: 0 if it does not say, None for drums."""
    instrument = part.getInstrument()
    if "UnpitchedPercussion" in instrument.classes:
        return None
    return instrument.midiProgram or 0


def parse(content: bytes, path: Path):
    """Parse a score with music21; its own cache of pickles is left aside.

    Parameters
    ----------
    content : bytes
        What the file holds.
    path : Path
        Its name, of which the ending counts: MusicXML (``.xml``, ``.musicxml``, zipped ``.mxl``)
        or ABC (``.abc``). It is not opened: in an archive it is no path of this machine.

    Raises
    ------
    Rejected
        With one of `musegen.corpus.REASONS`: if it is no whole score, or not 4/4 with a bar line
        every four beats.
    """
    from music21 import converter, stream

    suffix = path.suffix.lower()
    if suffix == ".mxl" and _unpacked_size(content) > LARGEST_SCORE:
        raise Rejected("too_large")  # music21 would unpack it
    try:
        with tempfile.TemporaryDirectory() as folder:  # music21 unzips files only
            copy = Path(folder) / f"score{suffix}"
            copy.write_bytes(content)
            form = "abc" if suffix == ".abc" else "musicxml"
            score = converter.parse(copy, forceSource=True, format=form)
        several = isinstance(score, stream.Opus)
        four_four = not several and _is_four_four(score)
    except Exception as error:  # a damaged score makes music21 raise nearly anything
        raise Rejected(_rejection_reason(content, suffix, error)) from error
    if several:
        raise Rejected("several_tunes")
    if not four_four:
        raise Rejected("not_4_4")
    return score


def _unpacked_size(content: bytes) -> int:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            return sum(member.file_size for member in packed.infolist())
    except Exception:  # no zip, or damaged: music21 says so
        return 0


def _rejection_reason(content: bytes, suffix: str, error: Exception) -> str:
    """Say why music21 could not read a score."""
    if not content.strip():
        return "truncated"
    if MARKS.get(suffix, b"score-") not in content:
        return "wrong_type"
    half_a_zip = suffix == ".mxl" and not zipfile.is_zipfile(io.BytesIO(content))
    cut_off = half_a_zip or getattr(error, "code", None) in CUT_OFF
    return "truncated" if cut_off else "unreadable"


def _is_four_four(score) -> bool:
    signs = {sign.ratioString for sign in score.recurse().getElementsByClass("TimeSignature")}
    measures = score.parts.first().getElementsByClass("Measure")
    whole = [m for m in measures if m.duration.quarterLength == BEATS_PER_BAR]
    upbeat = measures.first().paddingLeft
    return signs == {"4/4"} and all((m.offset + upbeat) % BEATS_PER_BAR == 0 for m in whole)


def to_song(score, parts: list, tempo_qpm: float, title: str, source: str) -> Song:
    """Make a song of some parts, its voices in their order.

    The bar of the upbeat is filled up with silence, so that bars stay bars. Repeat signs are not
    followed and grace notes are left out.
    """
    upbeat = score.parts.first().getElementsByClass("Measure").first().paddingLeft
    rows = [
        (upbeat + onset, quarters, pitch, voice)
        for voice, part in enumerate(parts)
        for onset, quarters, pitch in _notes(part)
    ]
    onset, duration, pitch, voice = np.array(rows, float).reshape(-1, 4).T
    onset, end = (np.rint(x * STEPS_PER_BEAT).astype(int) for x in (onset, onset + duration))
    notes = as_notes(onset, np.maximum(end - onset, 1), pitch, voice)
    length = max([round((upbeat + score.highestTime) * STEPS_PER_BEAT), *(onset + 1), *end])
    return Song(notes, int(length), STEPS_PER_BEAT, tempo_qpm, title, source)


def _notes(part) -> Iterator[tuple[float, float, int]]:
    for note in part.stripTies().flatten().notes:
        if note.duration.quarterLength > 0:  # else a grace note
            for pitch in note.pitches:
                yield float(note.offset), float(note.duration.quarterLength), pitch.midi
