"""Songs written as scores are read back equal by us and by music21, and every bar is full."""

import io
import zipfile
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from musegen import midi, notation
from musegen.corpus import chorales, scores
from musegen.song import Song, as_notes


def rows(song):
    """Notes as (onset, duration, pitch) in quarter notes, in order."""
    steps = song.steps_per_beat
    notes = song.notes[["onset", "duration", "pitch"]].tolist()
    return sorted((Fraction(on, steps), Fraction(lasts, steps), key) for on, lasts, key in notes)


def make(rows, length, steps_per_beat, tempo_qpm=120.0):
    """Make a song of (onset, duration, pitch, voice)."""
    return Song(as_notes(*np.array(rows).T), length, steps_per_beat, tempo_qpm, "made")


def noise(steps_per_beat, longest, count=500, length=400):
    """Make notes at random, many at once, a pitch never struck while it sounds."""
    rng = np.random.default_rng(0)
    roll = np.zeros((length, 128), bool)
    for onset, pitch in zip(*rng.integers((0, 36), (length, 85), (count, 2)).T, strict=True):
        roll[onset : onset + rng.integers(1, longest + 1), pitch] = True
    return Song.from_roll(roll, steps_per_beat, tempo_qpm=112.7, title="noise")


CHORALE = chorales.files()["bwv253"]
SONGS = {
    "chorale": lambda: chorales.read(CHORALE.read_bytes(), CHORALE),
    "like the autoencoder's": lambda: noise(6, longest=24),
    "like the LSTM's": lambda: noise(2, longest=1),
    "a grid of one": lambda: noise(1, longest=9, count=40, length=30),
    "across three bars": lambda: make([(10, 300, 60, -1), (310, 7, 60, -1)], 400, 24, 59.5),
    "fives of 24": lambda: make([(i * 5, 5, 60 + i % 2, -1) for i in range(60)], 300, 24),
    "single steps": lambda: make([(i, 1, 60, -1) for i in range(0, 99, 2)], 100, 24),
    "repeated chords": lambda: make([(i, 1, p, -1) for i in range(9) for p in (60, 64)], 9, 2),
    "held and repeated": lambda: make([(i, 15, 60, -1) for i in range(0, 75, 15)], 75, 6),
    "every pitch": lambda: make([(0, 1, p, -1) for p in range(128)], 1, 4),
    "no note": lambda: Song(as_notes([], [], []), 100, 24, 97.123),
    "no length": lambda: Song(as_notes([], [], []), 0, 6),
}


@pytest.fixture(scope="module", params=SONGS, ids=str)
def song(request):
    return SONGS[request.param]()


def read(xml: bytes):
    """Read a score as anybody would, with music21 alone."""
    from music21 import converter

    return converter.parseData(xml, format="musicxml")


def read_ours(path, tempo_qpm=120.0):
    """Read a score as a corpus does."""
    score = scores.parse(path.read_bytes(), path)
    return scores.to_song(score, list(score.parts), tempo_qpm, path.stem, "")


def rows_of(score):
    """Notes of a music21 score, as `rows` gives them."""
    notes = score.stripTies().flatten().notes
    return sorted(
        (Fraction(note.offset), Fraction(note.quarterLength), pitch.midi)
        for note in notes
        for pitch in note.pitches
    )


def assert_bars_are_full(xml: bytes, bars: int):
    for part in ElementTree.fromstring(xml).iter("part"):
        quarter = int(part.findtext(".//divisions"))
        heads = [
            [note for note in measure.iter("note") if note.find("chord") is None]
            for measure in part.iter("measure")
        ]
        lasts = [sum(int(note.findtext("duration")) for note in notes) for notes in heads]
        assert lasts == [4 * quarter] * bars
        for notes in heads:  # a triplet is closed before the next one begins
            ends = [mark.get("type") for note in notes for mark in note.iter("tuplet")]
            assert ends == ["start", "stop"] * (len(ends) // 2)


def test_music21_reads_the_same_notes(song, capfd):
    from music21 import meter, tempo

    xml = notation.to_bytes(song)
    score = read(xml)
    assert rows_of(score) == rows(song)
    assert {sign.ratioString for sign in score[meter.TimeSignature]} == {"4/4"}
    assert [mark.number for mark in score[tempo.MetronomeMark]] == [song.tempo_qpm]
    assert_bars_are_full(xml, max(song.bars, 1))
    assert capfd.readouterr() == ("", "")


def test_we_read_the_same_notes(song, tmp_path):
    again = read_ours(song.to_musicxml(tmp_path / "song.mxl"), song.tempo_qpm)
    assert rows(again) == rows(song)
    assert again.length == max(song.bars, 1) * again.steps_per_bar


@pytest.mark.parametrize("suffix", [*notation.SUFFIXES, ".MXL"])
def test_every_suffix_can_be_read(suffix, tmp_path):
    song = make([(1, 7, 61, -1), (8, 8, 60, -1)], 16, 2)
    assert read_ours(song.to_musicxml(tmp_path / f"song{suffix}")) == song.resample(24)


@st.composite
def songs(draw):
    step = st.integers(0, 40)
    note = st.tuples(step, st.integers(1, 60), st.integers(58, 63), st.integers(-1, 1))
    notes = draw(st.lists(note, min_size=1, max_size=12))
    return make(notes, 100, draw(st.sampled_from([1, 2, 3, 4, 6, 8, 12, 24])))


@settings(max_examples=40, deadline=None)
@given(songs())
def test_any_score_has_the_notes_of_the_midi_file(song):
    struck = [note for layer in midi.layers(song.notes) for note in layer]
    onset, end, pitch = np.array(struck).T
    played = replace(song, notes=as_notes(onset, end - onset, pitch))
    xml = notation.to_bytes(song)
    assert rows_of(read(xml)) == rows(played)
    assert_bars_are_full(xml, song.bars)


def test_voices_are_parts():
    from music21 import clef

    song = make([(0, 8, 72, 0), (0, 4, 60, 1), (4, 4, 79, 1), (0, 8, 40, 3)], 8, 2)
    score = read(notation.to_bytes(song))
    assert [[note.pitch.midi for note in part.flatten().notes] for part in score.parts] == [
        [72],
        [60, 79],
        [40],
    ]
    assert [part[clef.Clef].first().sign for part in score.parts] == ["G", "G", "F"]
    assert {part.getInstrument().midiProgram for part in score.parts} == {0}


@pytest.mark.parametrize(
    ("title", "written"),
    [
        ("<b>&\"']]></b>", "<b>&\"']]></b>"),
        ("a\x00\x1b\ud800b", "a\ufffd\ufffd\ufffdb"),
        ("Ἀγνὴ 𝄞", "Ἀγνὴ 𝄞"),
        ("", "song"),
    ],
)
def test_any_title_can_be_written(title, written):
    xml = notation.to_bytes(Song(as_notes(0, 1, 60), 4, 1, title=title))
    assert ElementTree.fromstring(xml).findtext("work/work-title") == written
    assert rows_of(read(xml)) == [(0, 1, 60)]


def test_the_same_song_gives_the_same_bytes(tmp_path, monkeypatch):
    song = noise(6, longest=24, count=20)
    first = song.to_musicxml(tmp_path / "a.mxl").read_bytes()
    monkeypatch.setattr("time.time", lambda: 2e9)
    assert song.to_musicxml(tmp_path / "b.mxl").read_bytes() == first
    xml = notation.to_bytes(song)
    assert b"date" not in xml and b"usic21" not in xml
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        root = ElementTree.fromstring(archive.read("META-INF/container.xml"))
        assert archive.read(root.find(".//rootfile").get("full-path")) == xml


def test_another_suffix_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"a\.pdf must end in \.musicxml, \.xml, \.mxl$"):
        noise(6, 1, 1).to_musicxml(tmp_path / "a.pdf")
    assert list(tmp_path.iterdir()) == []


def test_a_grid_that_notes_do_not_fit_is_refused(tmp_path):
    song = make([(1, 2, 61, -1)], 7, 7)
    with pytest.raises(ValueError, match=r"made: 7 steps a beat .* song\.resample\(24\)$"):
        song.to_musicxml(tmp_path / "a.xml")
    assert len(read(notation.to_bytes(song.resample(24))).flatten().notes)


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = noise(6, 1, 1).to_musicxml(tmp_path / "song.xml")
    before = path.read_bytes()

    def full_disk(path, content):
        path.touch()
        raise OSError("no space left")

    monkeypatch.setattr(Path, "write_bytes", full_disk)
    with pytest.raises(OSError, match="no space"):
        noise(6, 9, 9).to_musicxml(path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["song.xml"]
