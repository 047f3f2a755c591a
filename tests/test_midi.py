"""Songs written as MIDI are read back equal by us, by pretty_midi and by music21."""

import mido
import numpy as np
import pytest

from musegen import midi
from musegen.song import Song, as_notes


def rows(song):
    """Notes as (onset, duration, pitch), in order."""
    return sorted(song.notes[["onset", "duration", "pitch"]].tolist())


def make(rows, length, steps_per_beat, tempo_qpm=120.0):
    """Make a song of (onset, duration, pitch, voice)."""
    return Song(as_notes(*np.array(rows).T), length, steps_per_beat, tempo_qpm, "made")


SONGS = {
    # A held bass under two upper voices that cross in pitch and meet in a unison.
    "voices": make(
        [(0, 90, 48, 2), (0, 24, 64, 1), (24, 32, 67, 1), (12, 12, 67, 0), (24, 8, 67, 0)], 120, 24
    ),
    # One voice that is none: notes overlap and one is tied over the bar line.
    "overlaps": make([(0, 14, 60, -1), (3, 25, 64, -1), (9, 2, 55, -1), (24, 5, 60, -1)], 36, 6),
    # Repeated chords of the LSTM: each token struck anew.
    "tokens": make([(0, 1, 60, -1), (0, 1, 64, -1), (1, 1, 60, -1), (1, 1, 64, -1)], 3, 2, 60.0),
    "odd grid": make([(1, 2, 61, -1), (5, 1, 72, -1)], 7, 7, 110.5),
    "no note": Song(as_notes([], [], []), 8, 4),
}


@pytest.fixture(params=SONGS, ids=str)
def song(request):
    return SONGS[request.param]


def test_we_read_back_what_we_wrote(song, tmp_path):
    path = midi.write(song, tmp_path / "song.mid")
    assert midi.read(path, song.steps_per_beat) == song


def test_music21_reads_the_same_notes(song, tmp_path):
    from music21 import converter

    path = midi.write(song, tmp_path / "song.mid")
    score = converter.parse(path, forceSource=True, quantizePost=False)
    steps = song.steps_per_beat
    read = [
        (round(float(note.offset) * steps), round(float(note.quarterLength) * steps), pitch.midi)
        for note in score.stripTies().flatten().notes  # music21 splits notes at bar lines
        for pitch in note.pitches
    ]
    assert sorted(read) == rows(song)


def test_voices_come_back_as_tracks(tmp_path):
    path = midi.write(SONGS["voices"], tmp_path / "song.mid")
    assert midi.read(path).notes["voice"].tolist() == SONGS["voices"].notes["voice"].tolist()


def test_a_pitch_struck_again_while_it_sounds_ends_the_first_note(tmp_path):
    song = make([(0, 10, 60, 0), (4, 3, 60, 0), (4, 5, 60, 0)], 12, 4)
    path = midi.write(song, tmp_path / "song.mid")
    assert rows(midi.read(path, 4)) == [(0, 4, 60), (4, 5, 60)]


def write_tracks(path, *tracks, **header):
    file = mido.MidiFile(**header)
    for messages in tracks:
        file.tracks.append(mido.MidiTrack(messages))
    file.save(path)
    return path


def note(pitch, channel=0, wait=0, lasts=480):
    return [
        mido.Message("note_on", note=pitch, channel=channel, time=wait),
        mido.Message("note_on", note=pitch, channel=channel, velocity=0, time=lasts),
    ]


def program(number, channel):
    return [mido.Message("program_change", program=number, channel=channel)]


@pytest.mark.parametrize(("with_piano", "pitch"), [(True, 60), (False, 72)])
def test_the_piano_is_read_or_else_all_but_the_drums(with_piano, pitch, tmp_path):
    tracks = [program(73, 1) + note(72, channel=1), note(38, channel=9)]
    tracks += [program(1, 0) + note(60)] * with_piano
    assert rows(midi.read(write_tracks(tmp_path / "a.mid", *tracks))) == [(0, 24, pitch)]


def test_the_tempo_is_that_of_half_the_beats(tmp_path):
    slow_start = [
        mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(60)),
        mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(125), time=480),
    ]
    path = write_tracks(tmp_path / "a.mid", slow_start, note(60, lasts=480 * 3))
    assert midi.read(path).tempo_qpm == 125


def test_a_note_that_never_ends_lasts_to_the_end(tmp_path):
    left_on = [mido.Message("note_on", note=60)]
    path = write_tracks(tmp_path / "a.mid", left_on, note(64, lasts=960), ticks_per_beat=480)
    assert rows(midi.read(path)) == [(0, 48, 60), (0, 48, 64)]


@pytest.mark.parametrize(
    ("content", "sentence", "reason"),
    [
        (b"", "it ends too early", "truncated"),
        (b"MThd", "it ends too early", "truncated"),
        (b"<html>", "it is something else", "wrong_type"),
        (b"MThd\x00\x00\x00\x06\x00\x01\x00\x01\x01\xe0" + bytes(8), "MTrk", "unreadable"),
        (b"MThd\x00\x00\x00\x06\x00\x02\x00\x00\x01\xe0", "songs of their own", "several_tunes"),
        (b"MThd\x00\x00\x00\x06\x00\x01\x00\x00\x00\x00", "no ticks a beat", "no_clock"),
    ],
)
def test_what_gives_no_song_is_refused_in_a_sentence(content, sentence, reason, tmp_path):
    path = tmp_path / "broken.mid"
    path.write_bytes(content)
    with pytest.raises(midi.Unreadable, match=rf"broken\.mid cannot be read .*{sentence}") as error:
        midi.read(path)
    assert error.value.reason == reason
