"""Songs written as MIDI are read back equal by us, by pretty_midi and by music21."""

import mido
import numpy as np
import pretty_midi
import pytest

from musegen import midi
from musegen.corpus import REASONS, Rejected, scores
from musegen.corpus.ingest import read_song
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


@pytest.mark.parametrize("seed", range(20))
def test_notes_are_paired_as_pretty_midi_does(seed, tmp_path):
    """Note-ons and note-offs at random in tracks that share channels, programs that change."""
    rng = np.random.default_rng(seed)
    tracks = [[] for _ in range(rng.integers(1, 4))]
    for place, pitch, wait, velocity in rng.integers(0, [len(tracks), 2, 3, 3], (99, 4)).tolist():
        channel, kind = int(rng.choice([0, 0, 1, 9])), str(rng.choice(["note_on", "note_off"]))
        plays = {"note": pitch, "velocity": velocity, "channel": channel, "time": wait}
        if rng.random() < 0.2:
            tracks[place] += program(int(rng.choice([0, 5, 48])), channel)
        tracks[place].append(mido.Message(kind, **plays))
    path = write_tracks(tmp_path / "a.mid", *tracks, ticks_per_beat=24)
    heard = pretty_midi.PrettyMIDI(str(path))
    pitched = [one for one in heard.instruments if not one.is_drum]
    piano = [one for one in pitched if one.program in midi.PIANOS]
    notes = [note for one in piano or pitched for note in one.notes]
    ticks = [[heard.time_to_tick(time) for time in (x.start, x.duration)] for x in notes]
    assert rows(midi.read(path)) == sorted((*t, x.pitch) for t, x in zip(ticks, notes, strict=True))


def test_a_note_that_never_ends_is_left_out(tmp_path):
    left_on = [mido.Message("note_on", note=60)]
    path = write_tracks(tmp_path / "a.mid", left_on, note(64, lasts=960), ticks_per_beat=480)
    assert rows(midi.read(path)) == [(0, 48, 64)]
    assert midi.read(path).source == "midi, less notes without an end"


def test_silence_after_the_music_makes_no_song_too_long(tmp_path):
    rest = [mido.MetaMessage("marker", time=midi.LATEST) for _ in range(8)]
    path = write_tracks(tmp_path / "a.mid", note(60, lasts=1) * 12 + rest, ticks_per_beat=1)
    assert read_song(scores.FORMAT, path.read_bytes(), path).bars == 3


# --- Bytes around the notes ---------------------------------------------------------------------


def chunk(name, content=b"of their own", order="big"):
    return name + len(content).to_bytes(4, order) + content


def header(tracks, more=b""):
    return chunk(b"MThd", bytes([0, 1, 0, tracks, 1, 0xE0]) + more)  # type 1, 480 ticks


def track(between=b""):
    """Write C and D, two beats each; only the first message says that it is a note-on."""
    return chunk(b"MTrk", b"\0\x90\x3c\x50" + between + b"\x87\x40\x3c\0\0\x3e\x50\x87\x40\x3e\0")


def riff(*chunks):
    return chunk(b"RIFF", b"RMID" + b"".join(chunks), "little")


@pytest.mark.parametrize(
    ("content", "tracks"),
    [
        (riff(chunk(b"DISP"), chunk(b"data", header(1) + track()), chunk(b"LIST")), 1),
        (header(1) + chunk(b"XFIH") + track(), 1),
        (header(2) + track() + chunk(b"XFKM") + track() + chunk(b"end "), 2),
        (header(1, b"more") + track(), 1),
        (header(3) + track() + track(), 2),  # fewer than announced
        (header(1) + track(b"\0\xf0\3\1\2\xf7\0\x90\0\0\0\xff\1\1x"), 1),  # sysex, a text
    ],
)
def test_chunks_and_messages_of_other_kinds_are_passed_over(content, tracks, tmp_path):
    path = tmp_path / "a.mid"
    path.write_bytes(content)
    assert rows(midi.read(path)) == [(0, 48, 60)] * tracks + [(48, 48, 62)] * tracks


# --- Metre ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("signs", "rest"),
    [
        ([], 0),
        ([(0, 1, 4)], 0),  # throughout
        ([(0, 2, 2), (8, 2, 4), (12, 4, 4)], 0),
        ([(0, 3, 4), (0, 4, 4)], 0),  # overridden
        ([(0, 4, 4), (64, 3, 4)], 0),  # where the last note ends
        ([(0, 1, 4), (1, 4, 4)], 3),  # an upbeat
        ([(0, 3, 8), (1.5, 2, 2), (61.5, 5, 8)], 2.5),  # and a last bar that is the shorter
        ([(0, 4, 4), (5, 4, 4)], 0),  # no change
        ([(0, 4, 4), (8, 2, 4), (10, 4, 4)], None),
        ([(0, 3, 4)], None),
        ([(0, 8, 8)], None),
        ([(0, 4, 4), (32, 3, 4), (44, 4, 4)], None),
    ],
)
def test_the_metre_is_read_in_bars_of_four_quarters(signs, rest, tmp_path):
    waits = np.diff([0, *(480 * at for at, *_ in signs)]).astype(int).tolist()
    said = [
        mido.MetaMessage("time_signature", numerator=n, denominator=d, time=wait)
        for (_, n, d), wait in zip(signs, waits, strict=True)
    ]
    path = write_tracks(tmp_path / "a.mid", said, note(60, lasts=64 * 480))
    if rest is None:
        with pytest.raises(Rejected, match="not_4_4"):
            scores.read(path.read_bytes(), path)
    else:
        assert rows(scores.read(path.read_bytes(), path)) == rows(midi.read(path))
    assert rows(midi.read(path)) == [((rest or 0) * 24, 64 * 24, 60)]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "truncated"),
        (b"<html>", "wrong_type"),
        (header(1) + track()[:-1], "truncated"),
        (header(2) + track() + b"MTr", "truncated"),
        (header(1) + bytes(8), "unreadable"),
        (header(1) + chunk(b"MTrk", b"\0\x99\x24\x50\0\x24\0"), "only_drums"),
        (b"MThd\x00\x00\x00\x06\x00\x02\x00\x00\x01\xe0", "several_tunes"),
        (b"MThd\x00\x00\x00\x06\x00\x01\x00\x00\x00\x00", "no_clock"),
    ],
)
def test_what_gives_no_song_is_refused_in_a_sentence(content, reason, tmp_path):
    path = tmp_path / "broken.mid"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=rf"broken\.mid cannot be read .*{REASONS[reason]}"):
        midi.read(path)
