"""Songs as scores in MusicXML, for notation programs.

Conventions
-----------
unit
    A 24th of a quarter note, the shortest length that is written: one of a triplet of 64th notes.
part
    One a voice, and more where notes of one voice overlap, like the tracks of `musegen.midi`.
"""

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

from musegen import midi
from musegen.files import whole
from musegen.song import BEATS_PER_BAR, Song

SUFFIXES = (".musicxml", ".xml", ".mxl")
BEAT = 24  # units
BAR = BEATS_PER_BAR * BEAT
PLAIN = (96, 72, 48, 36, 24, 18, 12, 9, 6, 3)  # units of a note, dotted or not
TRIPLETS = {16: "quarter", 8: "eighth", 4: "16th", 2: "32nd", 1: "64th"}  # units in a triplet
NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
CONTAINER = '<container><rootfiles><rootfile full-path="score.musicxml"/></rootfiles></container>\n'


def write(song: Song, path) -> Path:
    """Write a song as a score for piano: title, tempo and metre, and a part for each voice.

    Parameters
    ----------
    song : Song
        Where a pitch is struck again in the same voice while it sounds, the first note ends. The
        last bar is filled with rests.
    path : str or Path
        ``.musicxml``, ``.xml`` or, zipped, ``.mxl``; written whole or not at all.

    Returns
    -------
    Path

    Raises
    ------
    ValueError
        If the path ends in anything else, or 24 is no multiple of the song's steps in a beat.

    Notes
    -----
    Notebook: 04_generation, "Take it away".
    """
    path = Path(path)
    if path.suffix.lower() not in SUFFIXES:
        raise ValueError(f"{path.name} must end in {', '.join(SUFFIXES)}")
    xml = to_bytes(song)
    with whole(path) as part:
        if path.suffix.lower() == ".mxl":
            _zip(xml, part)
        else:
            part.write_bytes(xml)
    return path


def to_bytes(song: Song) -> bytes:
    """Give what `write` writes, not zipped; the same song gives the same bytes."""
    from music21 import metadata, stream, tempo
    from music21.musicxml.m21ToXml import ScoreExporter

    title = song.title or "song"
    if BEAT % song.steps_per_beat:
        raise ValueError(
            f"{title}: {song.steps_per_beat} steps a beat fit no note values; "
            f"use song.resample({BEAT})"
        )
    layers = midi.layers(song.resample(BEAT).notes) or [[]]
    parts = [_part(i, layer, max(song.bars, 1)) for i, layer in enumerate(layers)]
    parts[0].measure(1).insert(0, tempo.MetronomeMark(number=song.tempo_qpm))
    score = stream.Score([metadata.Metadata(title=NOT_XML.sub("\ufffd", title)), *parts])
    exporter = ScoreExporter(score, makeNotation=False)
    root = exporter.parse()
    root.remove(root.find("identification"))  # the date, and music21 as program and composer
    for player in root.iter("midi-instrument"):
        player.remove(player.find("midi-channel"))  # MIDI has 16; programs choose their own
    return exporter.asBytes()


def _part(number: int, notes: list[tuple[int, int, int]], bars: int):
    """Lay notes, as (onset, end, pitch), out in bars of rests, notes and chords."""
    from music21 import clef, instrument, meter, pitch, stream

    piano = instrument.Piano()
    piano.partId, piano.instrumentId = f"P{number + 1}", f"P{number + 1}-piano"  # else random
    piano.midiChannel = number  # else music21 complains of the 16th
    part = stream.Part([piano])
    part.partName = f"piano {number + 1}"
    measures = [stream.Measure(number=i + 1) for i in range(bars)]
    part.append(measures)
    spans = _spans(notes, bars * BAR)
    triplets = {edge // BEAT for span in spans for edge in span[:2] if edge % PLAIN[-1]}
    for start, end, pitches in spans:
        for at, stop in _pieces(start, end, triplets):
            tied = (at > start, stop < end)
            element = _element(pitches, stop - at, at // BEAT in triplets, tied)
            measures[at // BAR].append(element)
    measures[0].insert(0, clef.bestClef(part, recurse=True))
    measures[0].insert(0, meter.TimeSignature("4/4"))
    part.makeAccidentals(inPlace=True)
    for plain in (p for p in part.pitches if p.accidental is None):
        # Where only the first of three tied notes shows its natural, music21 parts it from them.
        plain.accidental = pitch.Accidental("natural")
        plain.accidental.displayStatus = False
    part.makeBeams(inPlace=True)
    for measure in measures:
        stream.makeNotation.makeTupletBrackets(measure, inPlace=True)
    return part


def _spans(notes: list[tuple[int, int, int]], length: int) -> list[tuple[int, int, list[int]]]:
    """Gather notes into chords, as (start, end, pitches), with rests of no pitch between them."""
    spans, now = [], 0
    for onset, end, pitch in notes:
        if onset < now:  # one more of the chord
            spans[-1][2].append(pitch)
        else:
            spans += [(now, onset, []), (onset, end, [pitch])]
            now = end
    return [*spans, (now, length, [])]  # rests that last for nothing give no pieces


def _pieces(start: int, end: int, triplets: set[int]) -> Iterator[tuple[int, int]]:
    """Cut what sounds at once into (start, end) that can be written, no bar line within.

    A beat in `triplets` is written as one from end to end, since notation programs mend or drop
    those that are incomplete.
    """
    while start < end:
        next_beat = start - start % BEAT + BEAT
        stop = min(end, start - start % BAR + BAR)
        lengths = PLAIN
        if start // BEAT in triplets:
            lengths, stop = TRIPLETS, min(stop, next_beat)
        elif (stop - 1) // BEAT in triplets:
            stop -= stop % BEAT
        if start % BEAT and stop - start not in lengths:
            stop = min(stop, next_beat)  # easier to read when the beat is seen
        stop = start + max(length for length in lengths if length <= stop - start)
        yield start, stop
        start = stop


def _element(pitches: list[int], length: int, in_triplet: bool, tied: tuple[bool, bool]):
    """Make a rest or a chord, which may be of one note, tied to the one before and after."""
    from music21 import chord, duration, note, pitch, tie

    if in_triplet:
        lasts = duration.Duration(type=TRIPLETS[length])
        lasts.appendTuplet(duration.Tuplet(3, 2, "eighth"))
    else:
        lasts = duration.Duration(length / BEAT)
    if not pitches:
        return note.Rest(duration=lasts)
    element = chord.Chord([pitch.Pitch(midi=number) for number in pitches], duration=lasts)
    if any(tied):
        kinds = {(False, True): "start", (True, True): "continue", (True, False): "stop"}
        element.tie = tie.Tie(kinds[tied])
    return element


def _zip(xml: bytes, path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in (("META-INF/container.xml", CONTAINER), ("score.musicxml", xml)):
            # A bare name is given today's date.
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
