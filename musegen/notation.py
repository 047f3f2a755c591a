"""Songs as scores in MusicXML, which notation programs open and engrave.

Conventions
-----------
unit
    A 24th of a quarter note, the shortest length that is written: one of a triplet of 64th notes.
part
    One a voice, and more where notes of one voice overlap, like the tracks of `musegen.midi`.
"""

import io
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
TRIPLETS = {16: "quarter", 8: "eighth", 4: "16th", 2: "32nd", 1: "64th"}  # units: two for three
NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
CONTAINER = b"""<?xml version="1.0" encoding="UTF-8"?>
<container><rootfiles><rootfile full-path="score.musicxml"/></rootfiles></container>
"""


def write(song: Song, path) -> Path:
    """Write a song as a score: tempo, metre and title, and a part for each voice.

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
        If the path ends in anything else, or the grid has steps that notes cannot be written on.

    Notes
    -----
    Notebook: 04_generation, "As MIDI".
    """
    path = Path(path)
    if path.suffix.lower() not in SUFFIXES:
        raise ValueError(f"{path.name} is no name for a score; end it in {', '.join(SUFFIXES)}")
    written = to_bytes(song)
    if path.suffix.lower() == ".mxl":
        written = _zipped(written)
    with whole(path) as part:
        part.write_bytes(written)
    return path


def to_bytes(song: Song) -> bytes:
    """Give what `write` writes unzipped; the same song gives the same bytes."""
    from music21 import metadata, stream, tempo
    from music21.musicxml.m21ToXml import ScoreExporter

    title = song.title or "song"
    if BEAT % song.steps_per_beat:
        raise ValueError(
            f"{title} has {song.steps_per_beat} steps a beat, which notes cannot be written on; "
            f"use song.resample({BEAT})"
        )
    scale = BEAT // song.steps_per_beat
    layers = [
        [(onset * scale, end * scale, pitch) for onset, end, pitch in layer]
        for layer in midi.layers(song.notes)
    ]
    parts = [
        _part(f"P{i + 1}", layer, max(song.bars, 1)) for i, layer in enumerate(layers or [[]])
    ]
    for i, part in enumerate(parts):
        part.partName = f"piano {i + 1}"
        part.getInstrument().midiChannel = i  # else music21 complains from the 16th on
    parts[0].measure(1).insert(0, tempo.MetronomeMark(number=song.tempo_qpm))
    score = stream.Score([metadata.Metadata(title=NOT_XML.sub("\ufffd", title)), *parts])
    exporter = ScoreExporter(score, makeNotation=False)
    root = exporter.parse()
    root.remove(root.find("identification"))  # the date, and music21 as program and composer
    for player in root.iter("midi-instrument"):
        player.remove(player.find("midi-channel"))  # MIDI has 15; programs choose their own
    return exporter.asBytes()


def _part(name: str, notes: list[tuple[int, int, int]], bars: int):
    """Lay (onset, end, pitch) out in measures; what overlaps is a chord."""
    from music21 import clef, instrument, meter, stream

    part = stream.Part(id=name)
    piano = instrument.Piano()
    piano.partId, piano.instrumentId = name, f"{name}-piano"
    part.insert(0, piano)
    measures = [stream.Measure(number=i + 1) for i in range(bars)]
    part.append(measures)
    spans = _spans(notes, bars * BAR)
    triplets = {edge // BEAT for span in spans for edge in span[:2] if edge % PLAIN[-1]}
    for start, end, pitches in spans:
        pieces = list(_pieces(start, end, triplets))
        for i, (at, length) in enumerate(pieces):
            duration = _duration(at, length, at // BEAT in triplets)
            element = _element(pitches, duration, tied=(i > 0, i < len(pieces) - 1))
            measures[at // BAR].append(element)
    measures[0].insert(0, clef.bestClef(part, recurse=True))
    measures[0].insert(0, meter.TimeSignature("4/4"))
    part.makeAccidentals(inPlace=True)
    part.makeBeams(inPlace=True)
    return part


def _spans(notes: list[tuple[int, int, int]], length: int) -> list[tuple[int, int, list[int]]]:
    """Gather notes into chords, and fill the gaps with chords of no pitch."""
    spans, now = [], 0
    for onset, end, pitch in notes:
        if onset < now:  # of the chord before
            spans[-1][2].append(pitch)
            continue
        if onset > now:
            spans.append((now, onset, []))
        spans.append((onset, end, [pitch]))
        now = end
    return [*spans, (now, length, [])]


def _pieces(start: int, end: int, triplets: set[int]) -> Iterator[tuple[int, int]]:
    """Cut a note into (start, length) of lengths that can be written.

    A beat in which something starts or ends off the 32nd notes is written in triplets from end to
    end, so that no triplet is left incomplete; notation programs fill or drop those that are.
    """
    while start < end:
        beat, into = divmod(start, BEAT)
        stop = min(end, start - start % BAR + BAR)
        last = (stop - 1) // BEAT
        if beat in triplets:
            lengths, stop = TRIPLETS, min(stop, start - into + BEAT)
        else:
            lengths, stop = PLAIN, last * BEAT if last in triplets else stop
            if into and stop - start not in PLAIN:
                stop = min(stop, start - into + BEAT)
        length = max(n for n in lengths if n <= stop - start)
        yield start, length
        start += length


def _duration(start: int, length: int, in_triplet: bool):
    from music21.duration import Duration, Tuplet

    if not in_triplet:
        return Duration(length / BEAT)
    triplet = Tuplet(3, 2, "eighth")
    if start % BEAT == 0:
        triplet.type = "start"
    elif (start + length) % BEAT == 0:
        triplet.type = "stop"
    duration = Duration(type=TRIPLETS[length])
    duration.appendTuplet(triplet)
    return duration


def _element(pitches: list[int], duration, tied: tuple[bool, bool]):
    """Make a rest, note or chord, tied to the one before and to the one after."""
    from music21 import chord, note, pitch, tie

    if not pitches:
        return note.Rest(duration=duration)
    heads = [note.Note(pitch.Pitch(midi=number)) for number in pitches]
    for head in heads:
        if any(tied):
            head.tie = tie.Tie({(0, 1): "start", (1, 1): "continue", (1, 0): "stop"}[tied])
    if len(heads) == 1:
        heads[0].duration = duration
        return heads[0]
    return chord.Chord(heads, duration=duration)


def _zipped(xml: bytes) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for name, content in (("META-INF/container.xml", CONTAINER), ("score.musicxml", xml)):
            # A ZipInfo, because a bare name would be given today's date.
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return written.getvalue()
