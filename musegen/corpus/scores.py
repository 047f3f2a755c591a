"""What chorales and MusicXML files have in common: reading a score with music21."""

import io
import re
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree
from xml.parsers import expat

import numpy as np

from musegen.corpus import collection
from musegen.corpus.audit import Dropped
from musegen.song import BEATS_PER_BAR, Song, as_notes

STEPS_PER_BEAT = 24  # as LPD-5; holds every onset of the chorales
LARGEST_SCORE = 64 * 2**20  # bytes of a zipped one, unpacked
SCORES = ("score-partwise", "score-timewise")  # the root of a MusicXML file
CUT_OFF = (
    expat.errors.XML_ERROR_NO_ELEMENTS,
    expat.errors.XML_ERROR_UNCLOSED_TOKEN,
    expat.errors.XML_ERROR_UNCLOSED_CDATA_SECTION,
    expat.errors.XML_ERROR_PARTIAL_CHAR,
)


def parse(content: bytes, path: Path):
    """Parse a score; music21's own cache of pickles is left aside.

    Parameters
    ----------
    content : bytes
        What the file holds.
    path : Path
        Its name, of which the ending counts: MusicXML (``.xml``, ``.musicxml``, zipped ``.mxl``)
        or ABC (``.abc``). It is not opened: in an archive it is no path of this machine.

    Raises
    ------
    Dropped
        With one of `musegen.corpus.REASONS`: if it is no whole score, or not 4/4 with a bar line
        every four beats.
    """
    from music21 import converter, stream

    suffix = path.suffix.lower()
    form = "abc" if suffix == ".abc" else "musicxml"
    (_check_abc if form == "abc" else _check_musicxml)(content, suffix == ".mxl")
    try:
        with tempfile.TemporaryDirectory() as folder:  # music21 unzips files only
            copy = Path(folder) / f"score{suffix}"
            copy.write_bytes(content)
            score = converter.parse(copy, forceSource=True, format=form)
        several = isinstance(score, stream.Opus)
        four_four = not several and _is_four_four(score)
    except Exception as error:  # a damaged score makes music21 raise nearly anything
        raise Dropped("unreadable") from error
    if several:
        raise Dropped("several_tunes")
    if not four_four:
        raise Dropped("not_4_4")
    return score


def _check_abc(content: bytes, _) -> None:
    if not content.strip():
        raise Dropped("truncated")
    if b"\0" in content or not re.search(rb"^[ \t]*K:", content, re.MULTILINE):
        raise Dropped("wrong_type")


def _check_musicxml(content: bytes, zipped: bool) -> None:
    """Go through the XML without keeping it, to see that it is whole and a score."""
    if not content.strip():
        raise Dropped("truncated")
    if zipped:
        content = _largest_member(content)
    root = None
    try:
        for _, element in ElementTree.iterparse(io.BytesIO(content), events=("start", "end")):
            root = element.tag if root is None else root
            element.clear()
    except ElementTree.ParseError as error:
        if root is None or root not in SCORES:
            raise Dropped("wrong_type") from error
        cut_off = error.code in (expat.errors.codes[m] for m in CUT_OFF)
        raise Dropped("truncated" if cut_off else "unreadable") from error
    except (ValueError, LookupError) as error:  # an unknown encoding
        raise Dropped("unreadable") from error
    if root not in SCORES:
        raise Dropped("wrong_type")


def _largest_member(content: bytes) -> bytes:
    """Unpack the score of a zipped one, the largest file in it, as far as it is not absurd."""
    try:
        with collection.open_zip(content) as archive:
            if sum(member.file_size for member in archive.infolist()) > LARGEST_SCORE:
                raise Dropped("too_large")
            scores = [m for m in archive.infolist() if not m.filename.startswith("META-INF")]
            if not scores:
                raise Dropped("wrong_type")
            return archive.read(max(scores, key=lambda member: member.file_size))
    except (zipfile.BadZipFile, zlib.error, ValueError, EOFError, OSError, RuntimeError) as error:
        raise Dropped("unreadable") from error


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
