"""Songs to MIDI files and back.

Conventions
-----------
ticks
    A multiple of the song's steps, so that nothing is rounded.
track
    One a voice, in their order, and more where notes of one voice overlap.
"""

import io
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

import numpy as np

from musegen.files import atomic_write
from musegen.song import MOST_STEPS, NO_VOICE, Song, as_notes

TICKS_PER_BEAT = 480  # at least; usual in the field
VELOCITY = 80  # ours: rolls know only on and off
PIANOS = range(8)  # General MIDI programs 0..7
DRUMS = 9  # General MIDI: the channel of the drums, counted from 0
LATEST = 2**28 - 1  # ticks between two messages: four bytes of seven bits


def write(song: Song, path, program: int = 0) -> Path:
    """Write a song as a MIDI file of type 1: tempo and metre, then the notes.

    Parameters
    ----------
    song : Song
        Where a pitch is struck again in the same voice while it sounds, the first note ends.
    path : str or Path
        Written whole or not at all.
    program : int
        General MIDI instrument, 0..127; 0 is a grand piano.

    Returns
    -------
    Path

    Notes
    -----
    Notebook: 04_generation, "Take it away".
    """
    path = Path(path)
    with atomic_write(path) as part:
        part.write_bytes(to_bytes(song, program))
    return path


def to_bytes(song: Song, program: int = 0) -> bytes:
    """Give what `write` writes."""
    from mido import Message, MetaMessage, MidiFile, bpm2tempo

    ticks = -(-TICKS_PER_BEAT // song.steps_per_beat)  # a step
    file = MidiFile(type=1, ticks_per_beat=ticks * song.steps_per_beat)
    head = file.add_track(song.title.encode("latin-1", "replace").decode("latin-1"))
    head.append(MetaMessage("set_tempo", tempo=bpm2tempo(song.tempo_qpm)))
    head.append(MetaMessage("time_signature", numerator=4, denominator=4))
    head.append(MetaMessage("end_of_track", time=song.length * ticks))
    for i, notes in enumerate(layers(song.notes)):
        channel = i % 15 + (i % 15 >= DRUMS)  # a note must not end the same pitch elsewhere
        track = file.add_track(f"part {i + 1}")
        track.append(Message("program_change", program=program, channel=channel))
        starts = [(note.start, "note_on", note.pitch) for note in notes]
        ends = [(note.end, "note_off", note.pitch) for note in notes]
        now = 0
        for step, name, pitch in sorted(starts + ends):  # "note_off" sorts before "note_on"
            plays = {"note": pitch, "velocity": VELOCITY, "channel": channel}
            track.append(Message(name, time=(step - now) * ticks, **plays))
            now = step
    written = io.BytesIO()
    file.save(file=written)
    return written.getvalue()


class Note(NamedTuple):
    """A note of a track: in steps where it is written, in ticks where it is read."""

    start: int
    end: int
    pitch: int
    track: int
    program: int | None = 0  # None: drums


def layers(notes: np.ndarray) -> list[list[Note]]:
    """Share notes out to tracks, voice by voice, so that none overlap but whole chords.

    Where a pitch is struck again in its voice, the first note ends; of those struck together the
    longest stays. Notation programs misread other overlaps.
    """
    notes = np.sort(notes, order=["voice", "pitch", "onset", "duration"])
    onset, end = notes["onset"], notes["onset"] + notes["duration"]
    again = (np.diff(notes["voice"]) == 0) & (np.diff(notes["pitch"]) == 0)
    end[:-1] = np.where(again, np.minimum(end[:-1], onset[1:]), end[:-1])
    columns = (onset, end, notes["pitch"], notes["voice"])
    layers = []
    struck = sorted(map(Note, *(values.tolist() for values in columns)))
    for note in (note for note in struck if note.start < note.end):
        for layer in layers:
            last = layer[-1]
            fits = last.end <= note.start or last[:2] == note[:2]
            if last.track == note.track and fits:
                layer.append(note)
                break
        else:
            layers.append([note])
    return sorted(layers, key=lambda layer: layer[0].track)


class Unreadable(ValueError):
    """A file that gives no song: a sentence, and in `reason` one of `musegen.corpus.REASONS`."""

    def __init__(self, path: Path, why: str, reason: str):
        super().__init__(f"{path.name} cannot be read as MIDI: {why}")
        self.reason = reason


def read(path, steps_per_beat: int = 24) -> Song:
    """Read the piano of a MIDI file, or all its pitched notes if it has no piano.

    Parameters
    ----------
    path : str or Path
    steps_per_beat : int
        Onsets and ends are rounded to these steps; every note lasts at least one.

    Returns
    -------
    Song
        The voices are the tracks that have notes; a single one counts as unknown. The tempo is
        the one below which half of the beats are.

    Raises
    ------
    Unreadable
        A ValueError, if the file cannot be read as MIDI.
    """
    path = Path(path)
    return to_song(load(path, path.read_bytes()), path, steps_per_beat)


def to_song(file, path: Path, steps_per_beat: int = 24, no_piano: str = "midi") -> Song:
    """Make a song of a file that `load` opened; `no_piano` is its source if it has no piano."""
    pitched = [note for note in _notes(file) if note.program is not None]
    piano = [note for note in pitched if note.program in PIANOS]
    start, end, pitch, track, _ = np.array(piano or pitched, int).reshape(-1, 5).T
    steps = steps_per_beat / file.ticks_per_beat
    onset = np.rint(start * steps).astype(int)
    duration = np.maximum(np.rint(end * steps).astype(int) - onset, 1)
    length = max([round(_ticks(file) * steps), *(onset + duration)])
    if length > MOST_STEPS:
        raise Unreadable(path, "it lasts for ever", "too_long")
    tracks, voice = np.unique(track, return_inverse=True)
    notes = as_notes(onset, duration, pitch, voice if len(tracks) > 1 else NO_VOICE)
    source = "midi" if piano or not pitched else no_piano
    return Song(notes, int(length), steps_per_beat, tempo(file), path.stem, source)


def load(path: Path, content: bytes):
    """Open a MIDI file with mido; data bytes that are too large are clipped, not refused.

    Parameters
    ----------
    path : Path
        Its name; it is not opened.
    content : bytes
        What the file holds.

    Raises
    ------
    Unreadable
        If it is no MIDI file, or one without a common clock.
    """
    import mido

    if not content.startswith(b"MThd"):
        if b"MThd".startswith(content):
            raise Unreadable(path, "it ends too early", "truncated")
        raise Unreadable(path, "it is something else", "wrong_type")
    try:
        file = mido.MidiFile(file=io.BytesIO(content), clip=True)
    except EOFError as error:
        raise Unreadable(path, "it ends too early", "truncated") from error
    except Exception as error:  # a damaged file makes mido raise nearly anything
        raise Unreadable(path, str(error), "unreadable") from error
    if file.type == 2:
        raise Unreadable(path, "its tracks are songs of their own (type 2)", "several_tunes")
    if file.ticks_per_beat <= 0:
        raise Unreadable(path, "it has no ticks a beat", "no_clock")
    if any(message.time > LATEST for track in file.tracks for message in track):
        raise Unreadable(path, "a message comes later than MIDI can say", "unreadable")
    return file


def _notes(file) -> Iterator[Note]:
    program = dict.fromkeys(range(16), 0)
    sounding = {}
    for now, track, message in _messages(file):
        if message.type == "program_change":
            program[message.channel] = message.program
        if message.type not in ("note_on", "note_off"):
            continue
        key = (track, message.channel, message.note)
        if key in sounding:  # ended, or struck again
            yield sounding.pop(key)._replace(end=now)
        if message.type == "note_on" and message.velocity > 0:
            plays = None if message.channel == DRUMS else program[message.channel]
            sounding[key] = Note(now, now, message.note, track, plays)
    for note in sounding.values():  # never ended
        yield note._replace(end=_ticks(file))


def _messages(file) -> list[tuple]:
    """All messages as (tick, track, message), in order of time."""
    messages = []
    for i, track in enumerate(file.tracks):
        ticks = accumulate(message.time for message in track)
        messages += [(tick, i, message) for tick, message in zip(ticks, track, strict=True)]
    return sorted(messages, key=lambda row: row[0])


def _ticks(file) -> int:
    return max((sum(message.time for message in track) for track in file.tracks), default=0)


def metres(file) -> set[str]:
    """Time signatures of a mido file, such as ``{"4/4"}``; the set is empty if it has none."""
    signs = [m for _, _, m in _messages(file) if m.type == "time_signature"]
    return {f"{sign.numerator}/{sign.denominator}" for sign in signs}


def tempo(file) -> float:
    """Median tempo of a mido file over its beats, in quarter notes a minute."""
    changes = [(now, m.tempo) for now, _, m in _messages(file) if m.type == "set_tempo"]
    changes = [(now, micros) for now, micros in changes if micros > 0]
    if not changes or changes[0][0] > 0:
        changes.insert(0, (0, 500_000))  # MIDI: 120 until something else is said
    ticks, micros = np.array(changes, float).T
    lasts = np.diff(np.append(ticks, max(_ticks(file), ticks[-1] + 1)))
    middle = np.quantile(micros, 0.5, weights=lasts, method="inverted_cdf")
    return round(60e6 / middle, 3)
