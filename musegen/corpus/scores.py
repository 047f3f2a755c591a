"""Your own files, MIDI, MusicXML and ABC; and how a score becomes a song, a chorale's as well."""

import io
import re
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from musegen import midi
from musegen.corpus import Rejected
from musegen.corpus.ingest import Entry, Format
from musegen.song import BEATS_PER_BAR, Song, as_notes

MIDI = (".mid", ".midi", ".kar")
SCORES = (".mxl", ".musicxml", ".xml", ".abc")
STEPS_PER_BEAT = 24  # as LPD-5; holds every onset of the chorales
WITHOUT_PIANO = "midi, no piano: all pitched notes"
MARKS = {".mxl": b"PK\x03\x04", ".abc": b"K:"}  # what a file of this kind holds


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
    if path.suffix.lower() not in MIDI:
        return _read_score(content, path)
    return midi.to_song(midi.load(content), path.stem, no_piano=WITHOUT_PIANO, in_fours=True)


def tunes(entry: Entry) -> list[Entry]:
    """Take a book of ABC tunes apart; what is none stays as it is."""
    found = []
    with suppress(OSError):  # which reading it tells
        if entry.name.lower().endswith(".abc") and not entry.reason:
            head, *found = re.split(rb"(?<![^\r\n\xbf])(?=X:)", entry.read())  # BF: of a BOM
    if len(found) < 2:
        return [entry]
    path = entry.path or Path(entry.name)
    return [Entry(f"{entry.name}/{i}", path, head + tune) for i, tune in enumerate(found, 1)]


FORMAT = Format(MIDI + SCORES, read, tunes)


def _read_score(content: bytes, path: Path) -> Song:
    score = parse(content, path)
    pitched = [part for part in score.parts if _program(part) is not None]
    pianos = [part for part in pitched if _program(part) in midi.PIANOS]
    marks = score.flatten().getElementsByClass("MetronomeMark")
    said = [(mark.offset, 60e6 / mark.getQuarterBPM()) for mark in marks if mark.getQuarterBPM()]
    tempo_qpm = midi.tempo_of(said, score.highestTime)
    source = "midi" if pianos else WITHOUT_PIANO
    return to_song(score, pianos or pitched, tempo_qpm, path.stem, source)


def _program(part) -> int | None:
    """General MIDI program of a part: 0 if it does not say, None for drums."""
    instrument = part.getInstrument()
    if "UnpitchedPercussion" in instrument.classes:
        return None
    return instrument.midiProgram or 0


def parse(content: bytes, path: Path, in_fours: bool = True):
    """Parse a score with music21; its own cache of pickles is left aside.

    Parameters
    ----------
    content : bytes
        What the file holds.
    path : Path
        Its name, of which the ending counts: MusicXML (``.xml``, ``.musicxml``, zipped ``.mxl``)
        or ABC (``.abc``). It is not opened: in an archive it is no path of this machine.
    in_fours : bool
        Refuse what is not in bars of four quarters.

    Raises
    ------
    Rejected
        With one of `musegen.corpus.REASONS`: if it is no whole score, or not in bars of four
        quarters or of parts of them.
    """
    from music21 import converter, musicxml

    suffix = path.suffix.lower()
    try:
        if suffix == ".abc":
            score = converter.parseData(_abc(content), format="abc")
            for part in score.parts:
                if not part.hasMeasures():
                    part.makeMeasures(inPlace=True)
        else:
            root = ElementTree.fromstring(_unzipped(content) if suffix == ".mxl" else content)
            for by in root.iter("transpose"):
                if by.find("diatonic") is None:  # music21 stumbles over octaves without it
                    ElementTree.SubElement(by, "diatonic").text = "0"
            reader = musicxml.xmlToM21.MusicXMLImporter()
            reader.xmlRootToScore(root, score := reader.stream)
            score.toSoundingPitch(inPlace=True)
        if in_fours and _upbeat(score) is None:
            raise Rejected("not_4_4")
    except Rejected:
        raise
    except Exception as error:  # a damaged score makes music21 raise nearly anything
        known = MARKS.get(suffix, b"score-") in content
        raise Rejected("unreadable" if known else "wrong_type") from error
    return score


def _unzipped(content: bytes) -> bytes:
    """Take the score out of a zipped one, whose table of contents names it."""
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        contents = ElementTree.fromstring(packed.read("META-INF/container.xml"))
        return packed.read(contents.find(".//{*}rootfile").get("full-path"))


def _abc(content: bytes) -> str:
    """Write one tune as music21 reads it right: inline fields as lines, voice after voice."""
    text = re.sub(r"\r\n?", "\n", content.decode("utf-8-sig", "replace"))  # notes are ASCII
    *before, tune = re.split(r"(?m)^(?=X:)", text, maxsplit=1)
    fields = re.findall(r"(?m)^[A-Z]:.*\n", "".join(before))  # of a book, good for all its tunes
    tune = re.split(r"\n\s*\n", tune.strip(), maxsplit=1)[0]  # an empty line ends it
    if re.search("[&Z]", re.sub(r'(?m)^(?:[A-Za-z+]:|%).*|".*?"|!.*?!|%.*', "", tune)):
        raise Rejected("abc_sign")  # music21 passes over them
    tune = re.sub(r"\[([KLMQV]:[^]\n]*)\]", r"\n\1\n", tune)
    head, key, body = re.split(r"(?m)^(K:.*)$", tune, maxsplit=1)
    body = re.sub("(?<!i)x", "z", body)  # music21 passes over invisible rests; Kmix is a key
    first, *others = re.split(r"(?m)^V: *(\S+).*$", body)
    parts = [("", first), *zip(others[::2], others[1::2], strict=True)]
    voices = ("".join(m for n, m in parts if n == name) for name in dict(parts))
    head = "".join(fields) + re.sub(r"(?m)^V:.*\n", "", head) + key
    voices = enumerate(filter(str.strip, voices), 1)
    return head + "".join(f"\nV:{i}{music}" for i, music in voices)


def _upbeat(score) -> float | None:
    """Quarters of rest that fill up the first bar of four; None if it is not in such bars."""
    signs = score.recurse().getElementsByClass("TimeSignature")
    if {(sign.numerator, sign.denominator) for sign in signs} - midi.METRES:
        return None
    measures = score.parts.first().getElementsByClass("Measure")
    spans = [(measure.offset, measure.duration.quarterLength) for measure in measures]
    for rest in (0, -spans[0][1] % BEATS_PER_BAR):
        starts = [((start + rest) % BEATS_PER_BAR, length) for start, length in spans]
        if all(at + n <= BEATS_PER_BAR or at == n % BEATS_PER_BAR == 0 for at, n in starts):
            return rest
    return None


def to_song(score, parts: list, tempo_qpm: float, title: str, source: str) -> Song:
    """Make a song of some parts, its voices in their order, with the fermatas of the first one.

    The bar of the upbeat is filled up with silence, so that bars stay bars. Repeat signs are not
    followed and grace notes are left out.
    """
    upbeat = _upbeat(score)
    rows = [
        (upbeat + onset, quarters, pitch, voice)
        for voice, part in enumerate(parts)
        for onset, quarters, pitch in _notes(part)
    ]
    onset, duration, pitch, voice = np.array(rows, float).reshape(-1, 4).T
    onset, end = (np.rint(x * STEPS_PER_BEAT).astype(int) for x in (onset, onset + duration))
    notes = as_notes(onset, np.maximum(end - onset, 1), pitch, voice)
    length = max([round((upbeat + score.highestTime) * STEPS_PER_BEAT), *(onset + 1), *end])
    heads = parts[0].flatten().notes if parts else []
    ends = [one.offset for one in heads if any("Fermata" in x.classes for x in one.expressions)]
    ends = [round((upbeat + float(at)) * STEPS_PER_BEAT) for at in ends]
    ends = tuple(int(onset[(voice == 0) & (onset <= at)].max(initial=0)) for at in ends)  # of ties
    return Song(notes, int(length), STEPS_PER_BEAT, tempo_qpm, title, source, fermatas=ends)


def _notes(part) -> Iterator[tuple[float, float, int]]:
    for note in part.stripTies().flatten().notes:
        if note.duration.quarterLength > 0:  # else a grace note
            for pitch in note.pitches:
                yield float(note.offset), float(note.duration.quarterLength), pitch.midi
