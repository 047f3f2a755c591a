"""What chorales and MusicXML files have in common: reading a score with music21."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from musegen.corpus.audit import Dropped
from musegen.song import BEATS_PER_BAR, Song, as_notes

STEPS_PER_BEAT = 24  # as LPD-5; holds every onset of the chorales


def parse(path: Path):
    """Parse a score; music21's own cache of pickles is left aside.

    Raises
    ------
    Dropped
        If music21 cannot read it, or if it is not 4/4 with a bar line every four beats.
    """
    from music21 import converter

    try:
        score = converter.parse(path, forceSource=True)
        four_four = _is_four_four(score)
    except Exception as error:  # a damaged score makes music21 raise nearly anything
        raise Dropped("unreadable") from error
    if not four_four:
        raise Dropped("not 4/4 throughout")
    return score


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
