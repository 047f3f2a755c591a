"""Songs written as scores are read back equal by us and by music21, and every bar is full."""

from dataclasses import replace
from fractions import Fraction
from xml.etree import ElementTree

import numpy as np
import pytest

from musegen import musicxml
from musegen.corpus import scores
from musegen.song import Song, as_notes


def make(rows, length, steps_per_beat, tempo_qpm=120.0):
    """Make a song of (onset, duration, pitch, voice)."""
    notes = as_notes(*np.array(rows, int).reshape(-1, 4).T)
    return Song(notes, length, steps_per_beat, tempo_qpm, "made")


def rows(song):
    """Notes as (onset, duration, pitch) in quarter notes, in order."""
    steps = song.steps_per_beat
    notes = song.notes[["onset", "duration", "pitch"]].tolist()
    return sorted((Fraction(on, steps), Fraction(lasts, steps), key) for on, lasts, key in notes)


def rows_of(xml: bytes):
    """Notes of a score that music21 alone reads, as `rows` gives them."""
    from music21 import converter

    return sorted(
        (Fraction(note.offset), Fraction(note.quarterLength), pitch.midi)
        for note in converter.parseData(xml, format="musicxml").stripTies().flatten().notes
        for pitch in note.pitches
    )


def read_ours(path, tempo_qpm=120.0):
    """Read a score as a corpus does."""
    score = scores.parse(path.read_bytes(), path)
    return scores.to_song(score, list(score.parts), tempo_qpm, path.stem, "")


def assert_bars_are_full(xml: bytes, bars: int):
    for part in ElementTree.fromstring(xml).iter("part"):
        quarter = int(part.findtext(".//divisions"))
        for measure in part.iter("measure"):
            heads = [note for note in measure.iter("note") if note.find("chord") is None]
            assert sum(int(note.findtext("duration")) for note in heads) == 4 * quarter
        assert len(part.findall("measure")) == bars


SONGS = {
    "across three bars": make([(10, 300, 61, -1), (310, 7, 60, -1)], 400, 24, 59.5),
    "fives of 24": make([(i * 5, 5, 60 + i % 2, -1) for i in range(20)], 110, 24, 112.7),
    "repeated chords": make([(i, 1, p, -1) for i in range(9) for p in (60, 64)], 9, 2),
    "20 parts": make([(i, 30 + i, 60 + i, -1) for i in range(20)], 70, 6),
    "no note": make([], 100, 24),
    "no length": make([], 0, 6),
}


@pytest.mark.parametrize("song", SONGS.values(), ids=SONGS)
def test_we_and_music21_read_the_same_notes(song, tmp_path, capfd):
    xml = musicxml.to_bytes(song)
    assert rows_of(xml) == rows(song)
    assert_bars_are_full(xml, max(song.bars, 1))
    assert ElementTree.fromstring(xml).findtext(".//per-minute") == f"{song.tempo_qpm:g}"
    again = read_ours(song.to_musicxml(tmp_path / "song.xml"), song.tempo_qpm)
    assert rows(again) == rows(song)
    assert again.length == max(song.bars, 1) * again.steps_per_bar
    assert capfd.readouterr() == ("", "")  # music21 complains of a 16th part


def test_voices_are_parts_with_clefs_of_their_own():
    song = make([(0, 8, 72, 0), (0, 4, 60, 1), (4, 4, 79, 1), (0, 8, 40, 3)], 8, 2)
    parts = ElementTree.fromstring(musicxml.to_bytes(song)).findall("part")
    octaves = [[note.text for note in part.iter("octave")] for part in parts]
    assert octaves == [["5"], ["4", "5"], ["2"]]
    assert [part.findtext(".//clef/sign") for part in parts] == ["G", "G", "F"]


def test_four_voices_are_a_choir_and_keep_their_fermatas(tmp_path):
    notes = [(0, 12, 72, 0), (12, 8, 74, 0), *((0, 20, 67 - 7 * v, v) for v in (1, 2, 3))]
    song = replace(make(notes, 20, 4), fermatas=(12,))
    path = song.to_musicxml(tmp_path / "song.musicxml")
    score = ElementTree.parse(path)
    names = [part.findtext("part-name") for part in score.iter("score-part")]
    assert names == ["Soprano", "Alto", "Tenor", "Bass"]
    octaves = [clef.findtext("clef-octave-change") for clef in score.iter("clef")]
    assert octaves == [None, None, "-1", None]
    assert {one.get("type") for one in score.iter("fermata")} == {"upright"}
    assert read_ours(path).fermatas == (72,)


@pytest.mark.parametrize(
    ("title", "written"),
    [("<b>&\"']]></b>", "<b>&\"']]></b>"), ("a\x00\ud800b", "a\ufffd\ufffdb"), ("", "song")],
)
def test_any_title_can_be_written(title, written):
    xml = musicxml.to_bytes(Song(as_notes(0, 1, 60), 4, 1, title=title))
    assert ElementTree.fromstring(xml).findtext("work/work-title") == written
    assert rows_of(xml) == [(0, 1, 60)]
    assert b"date" not in xml and b"usic21" not in xml  # the same song gives the same bytes


@pytest.mark.parametrize(
    ("name", "steps", "sentence"),
    [
        ("a.pdf", 2, r"a\.pdf must end in \.musicxml, \.xml$"),
        ("a.xml", 7, r"made: 7 steps a beat .* song\.resample\(24\)$"),
    ],
)
def test_what_cannot_be_written_is_refused(name, steps, sentence, tmp_path):
    with pytest.raises(ValueError, match=sentence):
        make([(1, 2, 61, -1)], 7, steps).to_musicxml(tmp_path / name)
    assert list(tmp_path.iterdir()) == []
