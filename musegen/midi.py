"""Songs to MIDI files and back.

Conventions
-----------
ticks
    A multiple of the song's steps, so that nothing is rounded.
track
    One a voice, in their order, and more where notes of one voice overlap.
"""

import io
from collections import defaultdict
from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import accumulate, groupby
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

import numpy as np

from musegen import files
from musegen.corpus import REASONS, Rejected
from musegen.song import BEATS_PER_BAR, MOST_STEPS, NO_VOICE, Song, as_notes

TICKS_PER_BEAT = 480  # at least; usual in the field
VELOCITY = 80  # ours: rolls know only on and off
PIANOS = range(8)  # General MIDI programs 0..7
CHANNELS = 16
DRUMS = 9  # General MIDI: the channel of the drums, counted from 0
METRES = {(1, 4), (1, 2), (2, 4), (2, 2), (4, 4)}  # whose bars make up bars of four quarters
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
    files.write(Path(path), to_bytes(song, program))
    return Path(path)


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
    track: int  # where it is read: with its channel, ``track * CHANNELS + channel``
    program: int = 0


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
    ValueError
        If the file cannot be read as MIDI.
    """
    path = Path(path)
    try:
        return to_song(load(path.read_bytes()), path.stem, steps_per_beat)
    except Rejected as error:
        reason = REASONS[str(error)]
        raise ValueError(f"{path.name} cannot be read as MIDI: {reason}") from error


def to_song(file, title, steps_per_beat=24, no_piano="midi", in_fours=False) -> Song:
    """Make a song of a file that `load` opened; `no_piano` is its source if it has no piano.

    The source says, too, if notes were left out because they never end, or at once. Silence
    fills up the bar of the upbeat; a file that is not in bars of four quarters is read from its
    beginning, or refused if it must be `in_fours`.
    """
    beat = file.ticks_per_beat
    struck = list(_notes(file))
    pitched = [note for note in struck if note.track % CHANNELS != DRUMS]
    if struck and not pitched:
        raise Rejected("only_drums")
    lasting = [note for note in pitched if note.start < note.end]
    piano = [note for note in lasting if note.program in PIANOS]
    start, end, pitch, track, _ = np.array(piano or lasting, int).reshape(-1, 5).T
    signs = _messages(file, "time_signature")
    signs = [(Fraction(now, beat), m.numerator, m.denominator) for now, _, m in signs]
    rest = rest_before_upbeat(signs, end.max(initial=0) / beat)
    if rest is None and in_fours:
        raise Rejected("not_4_4")
    times = (ticks + int(beat * (rest or 0)) for ticks in (start, end, _ticks(file)))
    onset, end, last = (np.rint(time * steps_per_beat / beat).astype(int) for time in times)
    duration = np.maximum(end - onset, 1)
    music = max(onset + duration, default=0)
    if music > MOST_STEPS:
        raise Rejected("too_long")
    length = int(max(music, min(last, MOST_STEPS)))  # silence does not last for ever, it is cut
    tracks, voice = np.unique(track, return_inverse=True)
    notes = as_notes(onset, duration, pitch, voice if len(tracks) > 1 else NO_VOICE)
    heard = [note for note in pitched if not piano or note.program in PIANOS]
    source = "midi" if piano or not lasting else no_piano
    if any(note.start == note.end for note in heard):
        source += ", less notes without an end"
    said = [(now, m.tempo) for now, _, m in _messages(file, "set_tempo") if m.tempo > 0]
    return Song(notes, length, steps_per_beat, tempo_of(said, _ticks(file)), title, source)


def load(content: bytes):
    """Open a MIDI file, given what it holds; too large data bytes are clipped, not refused.

    What is no track (RIFF, chunks of one's own) is passed over, and so is a track that is
    announced but not there.

    Raises
    ------
    Rejected
        With one of `musegen.corpus.REASONS`: it is no MIDI file, or one without a common clock.
    """
    if content.startswith(b"RIFF"):
        content = content[max(content.find(b"MThd"), 0) :]
    if not content.startswith(b"MThd"):
        raise Rejected("truncated" if b"MThd".startswith(content) else "wrong_type")
    try:
        file = _open(content)
    except EOFError as error:
        raise Rejected("truncated") from error
    except Exception as error:  # a damaged file makes mido raise nearly anything
        raise Rejected("unreadable") from error
    if file.type == 2:
        raise Rejected("several_tunes")
    if file.ticks_per_beat <= 0:
        raise Rejected("no_clock")
    if any(message.time > LATEST for track in file.tracks for message in track):
        raise Rejected("unreadable")  # a message comes later than MIDI can say
    return file


def _open(content: bytes):
    """Read the chunks that are tracks, as many as are announced and there."""
    from mido.midifiles import midifiles as mido

    stream, tracks = io.BytesIO(content), []
    kind, announced, ticks = mido.read_file_header(stream)
    while len(tracks) < announced and (not tracks or stream.tell() < len(content)):
        start = stream.tell()
        name, size = mido.read_chunk_header(stream)
        chunk = content[start : stream.seek(size, io.SEEK_CUR)]
        if name == b"MTrk":
            tracks.append(mido.read_track(io.BytesIO(chunk), clip=True))
        elif not name.strip().isalnum():
            raise ValueError("no track")
    return mido.MidiFile(type=kind, ticks_per_beat=ticks, tracks=tracks)


def _notes(file) -> Iterator[Note]:
    """Pair note-ons and note-offs as pretty_midi does, which LPD-5 was made with.

    A note-off ends all notes of its pitch in its track and channel that began before it, and they
    are of the program that plays by then. What ends at once or never comes without length.
    """
    program, sounding = defaultdict(int), defaultdict(list)
    for now, track, message in _messages(file, "program_change", "note_on", "note_off"):
        part = track * CHANNELS + message.channel
        if message.type == "program_change":
            program[part] = message.program
        elif message.type == "note_on" and message.velocity > 0:
            sounding[part, message.note].append(now)
        else:
            starts = sounding[part, message.note]
            ended = sum(start < now for start in starts) or len(starts)
            for start in starts[:ended]:
                yield Note(start, now, message.note, part, program[part])
            del starts[:ended]
    for (part, pitch), starts in sounding.items():
        yield from (Note(start, start, pitch, part, program[part]) for start in starts)


def _messages(file, *types: str) -> list[tuple]:
    """All messages of some types as (tick, track, message), in order of time."""
    messages = []
    for i, track in enumerate(file.tracks):
        ticks = accumulate(message.time for message in track)
        messages += [(now, i, m) for now, m in zip(ticks, track, strict=True) if m.type in types]
    return sorted(messages, key=itemgetter(0))


def _ticks(file) -> int:
    return max((sum(message.time for message in track) for track in file.tracks), default=0)


def rest_before_upbeat(signs: Iterable[tuple], end: float) -> float | None:
    """Say how a piece is read in bars of four quarters: how much rest fills up its upbeat.

    Bars of 1/4, 1/2, 2/4 and 2/2 are read as parts of such a bar where every change of metre
    falls on its bar line. A first metre of less than four quarters is an upbeat; the last bar may
    be short.

    Parameters
    ----------
    signs : iterable of (quarters, numerator, denominator)
        Time signatures and when they stand; of those at one time the last counts, 4/4 before all.
    end : float
        Quarters until the last note has ended; what stands there or later does not count.

    Returns
    -------
    float or None
        Quarters, 0 without an upbeat; None if the piece is not in such bars.

    Examples
    --------
    >>> rest_before_upbeat([(0, 1, 4), (1, 4, 4)], end=17)
    3
    >>> rest_before_upbeat([(0, 3, 4)], end=12) is None
    True
    """
    metres = {0: (4, 4)} | {at: tuple(sign) for at, *sign in signs if at < end}
    changes = [next(same) for _, same in groupby(sorted(metres.items()), key=itemgetter(1))]
    upbeat = next((at for at, _ in changes if 0 < at < BEATS_PER_BAR), 0)
    parts = [(at - upbeat, sign, end - at) for at, sign in changes if at >= upbeat]
    on_bar_lines = all(at % BEATS_PER_BAR == 0 for at, *_ in parts)
    add_up = all(sign in METRES or at and left <= BEATS_PER_BAR for at, sign, left in parts)
    return -upbeat % BEATS_PER_BAR if on_bar_lines and add_up else None


def tempo_of(said: list[tuple], end: float) -> float:
    """Median tempo of changes, pairs of time and microseconds a beat, until the music ends."""
    changes = [(0, 500_000), *said]  # MIDI: 120 until something else is said
    times, micros = np.array(changes, float).T
    lasts = np.diff(np.append(times, max(end, times[-1] + 1)))
    middle = np.quantile(micros, 0.5, weights=lasts, method="inverted_cdf")
    return round(60e6 / middle, 3)
