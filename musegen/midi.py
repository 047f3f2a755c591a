"""Songs to MIDI files and back, and to pypianoroll's `Multitrack`.

Conventions
-----------
ticks
    A multiple of the song's steps, so that nothing is rounded.
track
    One a voice, in their order, and more where notes of one voice overlap.
"""

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from musegen.files import whole
from musegen.song import NO_VOICE, Song, as_notes

TICKS_PER_BEAT = 480  # at least; usual in the field
VELOCITY = 80  # ours: rolls know only on and off
PIANOS = range(8)  # General MIDI programs 0..7
DRUMS = 9  # General MIDI: the channel of the drums, counted from 0
LATEST = 2**28 - 1  # ticks between two messages: four bytes of seven bits
MOST_STEPS = 2**31 - 1  # the notes count in 32 bits


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
    with whole(path) as part:
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
        now = 0
        for step, name, pitch in _events(notes):
            message = Message(name, note=pitch, velocity=VELOCITY, channel=channel)
            track.append(message.copy(time=(step - now) * ticks))
            now = step
    written = io.BytesIO()
    file.save(file=written)
    return written.getvalue()


def layers(notes: np.ndarray) -> list[list[tuple[int, int, int]]]:
    """Share notes out to tracks, as (onset, end, pitch), so that none overlap but whole chords.

    Notation programs misread other overlaps: music21 moves notes that are tied across a bar line.
    """
    layers = []
    for voice in np.unique(notes["voice"]):
        mine = []
        for onset, end, pitch in _without_overlaps(notes[notes["voice"] == voice]):
            free = (m for m in mine if m[-1][1] <= onset or m[-1][:2] == (onset, end))
            layer = next(free, None)
            if layer is None:
                layer = []
                mine.append(layer)
            layer.append((onset, end, pitch))
        layers += mine
    return layers


def _without_overlaps(notes: np.ndarray) -> list[tuple[int, int, int]]:
    """End each note where its pitch is struck again; of those struck together the longest stays."""
    notes = notes[np.lexsort((notes["duration"], notes["onset"], notes["pitch"]))]
    end = notes["onset"] + notes["duration"]
    again = notes["pitch"][1:] == notes["pitch"][:-1]
    end[:-1] = np.where(again, np.minimum(end[:-1], notes["onset"][1:]), end[:-1])
    rows = zip(notes["onset"].tolist(), end.tolist(), notes["pitch"].tolist(), strict=True)
    return sorted(row for row in rows if row[0] < row[1])


def _events(notes: list[tuple[int, int, int]]) -> list[tuple[int, str, int]]:
    """List starts and ends as (step, message, pitch), by time and ends first."""
    starts = [(onset, "note_on", pitch) for onset, _, pitch in notes]
    ends = [(end, "note_off", pitch) for _, end, pitch in notes]
    return sorted(starts + ends)  # "note_off" sorts before "note_on"


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
    return to_song(load(path), path, steps_per_beat)


def to_song(file, path: Path, steps_per_beat: int = 24, no_piano: str = "midi") -> Song:
    """Make a song of a file that `load` opened; `no_piano` is its source if it has no piano."""
    rows = [row for row in _note_rows(file) if row[4] is not None]
    piano = [row for row in rows if row[4] in PIANOS]
    start, end, pitch, track, _ = np.array(piano or rows, int).reshape(-1, 5).T
    steps = steps_per_beat / file.ticks_per_beat
    onset = np.rint(start * steps).astype(int)
    duration = np.maximum(np.rint(end * steps).astype(int) - onset, 1)
    length = max([round(_ticks(file) * steps), *(onset + duration)])
    if length > MOST_STEPS:
        raise Unreadable(path, "it lasts for ever", "too_long")
    tracks = np.unique(track)
    voice = np.searchsorted(tracks, track) if len(tracks) > 1 else NO_VOICE
    source = "midi" if piano or not rows else no_piano
    notes = as_notes(onset, duration, pitch, voice)
    return Song(notes, int(length), steps_per_beat, tempo(file), path.stem, source)


def load(path: Path, content: bytes | None = None):
    """Open a MIDI file with mido; data bytes that are too large are clipped, not refused.

    Parameters
    ----------
    path : Path
    content : bytes or None
        What the file holds, where it has been read already.

    Raises
    ------
    Unreadable
        If it is no MIDI file, or one without a common clock.
    """
    import mido

    if content is None:
        try:
            content = path.read_bytes()
        except OSError as error:
            raise Unreadable(path, str(error), "unreadable") from error
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


def _note_rows(file) -> Iterator[tuple]:
    """Yield start tick, end tick, pitch, track and program (None: drums) of each note."""
    program = dict.fromkeys(range(16), 0)
    sounding = {}
    for now, track, message in _messages(file):
        if message.type == "program_change":
            program[message.channel] = message.program
        if message.type not in ("note_on", "note_off"):
            continue
        key = (track, message.channel, message.note)
        if key in sounding:  # ended, or struck again
            start, instrument = sounding.pop(key)
            yield start, now, message.note, track, instrument
        if message.type == "note_on" and message.velocity > 0:
            drums = message.channel == DRUMS
            sounding[key] = now, None if drums else program[message.channel]
    for (track, _, pitch), (start, instrument) in sounding.items():  # never ended
        yield start, max(start, _ticks(file)), pitch, track, instrument


def _messages(file) -> list[tuple]:
    """All messages with their tick and track, in order of time."""
    messages = []
    for i, track in enumerate(file.tracks):
        ticks = np.cumsum([message.time for message in track], dtype=int).tolist()
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
    order = np.argsort(micros, kind="stable")
    middle = np.searchsorted(lasts[order].cumsum(), lasts.sum() / 2)
    return round(60e6 / micros[order][middle], 3)


def to_multitrack(song: Song):
    """Hand a song over as a `pypianoroll.Multitrack` of one binary track a voice."""
    import pypianoroll

    tracks = []
    for voice in np.unique(song.notes["voice"]):
        roll = Song(song.notes[song.notes["voice"] == voice], song.length, song.steps_per_beat).roll
        name = f"voice {voice + 1}" if voice != NO_VOICE else "piano"
        tracks.append(pypianoroll.BinaryTrack(name=name, program=0, pianoroll=roll))
    return pypianoroll.Multitrack(
        name=song.title,
        resolution=song.steps_per_beat,
        tempo=np.full(song.length, song.tempo_qpm),
        tracks=tracks,
    )
