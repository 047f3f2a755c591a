"""Songs as scores in MusicXML, for notation programs; music21 lays them out.

Conventions
-----------
part
    One a voice, and more where notes of one voice overlap, like the tracks of `musegen.midi`.
"""

import re
from fractions import Fraction
from itertools import groupby
from pathlib import Path

from musegen import files, midi
from musegen.song import Song

SUFFIXES = (".musicxml", ".xml")
FINEST = 24  # steps a beat: a step is one of a triplet of 64th notes, the shortest that is written
NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
CHOIR = ("Soprano", "Treble"), ("Alto", "Treble"), ("Tenor", "Treble8vb"), ("Bass", "Bass")  # clefs


def write(song: Song, path) -> Path:
    """Write a song as a score for piano: title, tempo and metre, and a part for each voice.

    Four voices are a choir: their parts have its names and clefs, and fermatas where phrases end.

    Parameters
    ----------
    song : Song
        Where a pitch is struck again in the same voice while it sounds, the first note ends. The
        last bar is filled with rests.
    path : str or Path
        ``.musicxml`` or ``.xml``; written whole or not at all.

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
    files.write(path, to_bytes(song))
    return path


def to_bytes(song: Song) -> bytes:
    """Give what `write` writes; the same song gives the same bytes."""
    from music21 import metadata, stream, tempo
    from music21.musicxml.m21ToXml import GeneralObjectExporter, ScoreExporter

    title = song.title or "song"
    if FINEST % song.steps_per_beat:
        raise ValueError(
            f"{title}: {song.steps_per_beat} steps a beat fit no note values; "
            f"use song.resample({FINEST})"
        )
    score = stream.Score([metadata.Metadata(title=NOT_XML.sub("\ufffd", title))])
    layers = midi.layers(song.notes) or [[]]
    is_choir = [layer[0].track for layer in layers if layer] == [0, 1, 2, 3]
    for i, notes in enumerate(layers):
        score.insert(0, _part(i, notes, song, is_choir))
    score.parts[0].insert(0, tempo.MetronomeMark(number=song.tempo_qpm))
    exporter = ScoreExporter(GeneralObjectExporter().fromGeneralObject(score))
    root = exporter.parse()
    root.remove(root.find("identification"))  # the date, and music21 as program and composer
    for player in root.iter("midi-instrument"):
        player.remove(player.find("midi-channel"))  # MIDI has 16; programs choose their own
    return exporter.asBytes()


def _part(number: int, notes: list[midi.Note], song: Song, is_choir: bool):
    """Place notes in a part that rests to the end of the last bar."""
    from music21 import chord, clef, expressions, instrument, meter, note, stream

    piano = instrument.Piano()
    piano.midiChannel = number  # else music21 complains of the 16th part
    piano.partId, piano.instrumentId = f"P{number + 1}", f"P{number + 1}-piano"  # else random
    part = stream.Part([piano, meter.TimeSignature("4/4")])
    if is_choir:
        name, sign = CHOIR[number]
        piano.partName, piano.partAbbreviation = name, name[0]
        part.insert(0, clef.clefFromString(sign))
    beat, end = song.steps_per_beat, 0
    for (start, end), chord_notes in groupby(notes, key=lambda note: note[:2]):
        pitches = [note.pitch for note in chord_notes]
        struck = chord.Chord(pitches, quarterLength=Fraction(end - start, beat))
        if any(start <= at < end for at in song.fermatas):
            struck.expressions.append(expressions.Fermata())
            struck.expressions[0].type = "upright"
        part.insert(Fraction(start, beat), struck)
    silent = max(song.bars, 1) * song.steps_per_bar - end
    if silent:
        part.insert(Fraction(end, beat), note.Rest(quarterLength=Fraction(silent, beat)))
    part.makeRests(fillGaps=True, inPlace=True)
    return part
