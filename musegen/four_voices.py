"""Four voices, one after the other: a network that is compared with published ones (ours).

A piece is a table of sixteenths: what soprano, alto, tenor and bass sing in each. An LSTM reads it
row by row, and in each row the voices choose in turn, soprano first, each told what those above it
just did. A choice is weighed three ways at once: as a pitch, as a step from the voice's own last
pitch, and as an interval to each voice above; so what was learnt of a third holds in every key. And
the network is reminded: of the place in the piece that was most like now, and what followed there.

Conventions
-----------
pitch number
    0 is a rest, 1 is MIDI 21 (A0), 88 is MIDI 108 (C8).
frame
    A sixteenth; a row of the table.
interval class
    0 with a rest, else 25 + semitones, those beyond two octaves counted as two.
struck
    Whether a note begins: a pitch that stays may be held or struck again.

Notes
-----
Report 4.4.1 asks for notes that last and networks that know more of music. Notebook:
06_beyond_the_report, "The network".
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from typing import NamedTuple

import numpy as np

from musegen.backend import load_keras
from musegen.config import VoicesConfig
from musegen.song import Song, as_notes

BEAT = 4  # frames
REST, FREE = 0, -1  # pitch numbers: a rest, and one that the network is to choose
LOWEST, PITCHES = 21, 89  # MIDI number of pitch number 1; the rest and 88 keys
HIGH_VOICE, LOW_VOICE = 67, 48  # MIDI numbers near which the outer voices begin
FAR = 24  # semitones
INTERVALS = 2 * FAR + 2
DEGREES = 13
MOTIONS = 13 * 3 * 13 * 3
STEEP = 10  # so that few steps of the optimiser can forbid something
PLACES = 16  # sixteenths, counted from the first frame: nothing is read off the score
AGES = 16  # frames that a pitch has lasted: what lies beyond counts as the last
LIKE = (1, 2, 3, 4, 6, 8, 10, 12, 16, 20, 24, 32, 48, 64, 96)  # frames in which two places agree
AHEAD = 32  # frames that a phrase's last chord, or the end, is seen ahead
PACES = (1.0, 1.13)  # notes a beat and voice: calm, flowing, lively; a third of Bach's each
MOVED = ("last", "before", "followed", "tune_followed", "pitch")  # into another key
CONDITIONS = {"phrase": AHEAD + 2, "left": AHEAD + 2, "key": 25, "pace": len(PACES) + 2}
# How many values each of the small numbers has.
NUMBERS = {
    "age": AGES,
    "place": PLACES,
    "like": len(LIKE) + 1,
    "tune_like": len(LIKE) + 1,
} | CONDITIONS


class Wish(NamedTuple):
    """What may be asked of a new piece; what is None is left to the network.

    Attributes
    ----------
    frames : int
        How long it is to be.
    phrases : tuple of int, optional
        Frames at which phrases' last chords begin: where a chorale has its fermatas.
    tonic : int, optional
        Pitch class that it ends on, 0 (C) to 11 (B).
    minor : bool, optional
        Goes with `tonic`.
    pace : int, optional
        0 calm, 1 flowing, 2 lively.
    """

    frames: int
    phrases: tuple[int, ...] | None = None
    tonic: int | None = None
    minor: bool = False
    pace: int | None = None


class Table(NamedTuple):
    """A song as frames.

    Attributes
    ----------
    pitch : int32 array, shape (frame, voice)
        Pitch numbers.
    struck : bool array, shape (frame, voice)
    """

    pitch: np.ndarray
    struck: np.ndarray


def table(song: Song, voices: int) -> Table:
    """Write a song on sixteenths whose notes have voices; of two at once the later one sounds."""
    pitch, struck = np.zeros((song.length, voices), np.int32), np.zeros((song.length, voices), bool)
    for onset, duration, height, voice in song.notes.tolist():
        pitch[onset : onset + duration, voice] = np.clip(height - LOWEST + 1, 1, PITCHES - 1)
        struck[onset, voice] = True
    return Table(pitch, struck)


def to_song(rows: Table, **fields) -> Song:
    """Read frames as a song: ``to_song(table(song, 4)) == song`` where no voice overlaps itself.

    Parameters
    ----------
    rows : Table
    **fields
        `tempo_qpm`, `title`, `source`, `fermatas` of the song.
    """
    begins = rows.struck | (np.diff(rows.pitch, axis=0, prepend=REST) != 0)
    notes = []
    for voice, (pitch, starts) in enumerate(zip(rows.pitch.T, begins.T, strict=True)):
        edges = [*np.flatnonzero(starts), len(pitch)]
        for onset, end in zip(edges, edges[1:], strict=False):
            if pitch[onset] != REST:
                notes.append((onset, end - onset, pitch[onset] + LOWEST - 1, voice))
    columns = np.array(notes, int).reshape(-1, 4).T
    return Song(as_notes(*columns), len(rows.pitch), 4, **fields)


def voices_of(songs: Sequence[Song]) -> int:
    """Count the voices that 99 in 100 frames need, of those in which something sounds."""
    sounding = np.concatenate([song.resample(BEAT).roll.sum(axis=1) for song in songs])
    return int(np.ceil(np.quantile(sounding[sounding > 0], 0.99)))


def in_voices(song: Song, voices: int) -> Song:
    """Give each note a voice, on sixteenths: the free one that was nearest to its pitch.

    Parameters
    ----------
    song : Song
        One whose notes have voices from 0 on, no more than there are, keeps them.
    voices : int

    Returns
    -------
    Song
        Without the notes for which no voice is free: it is for the caller to say how many.
    """
    song = song.resample(BEAT)
    if np.isin(song.notes["voice"], range(voices)).all():
        return song
    near = np.linspace(HIGH_VOICE, LOW_VOICE, voices)  # where each voice was last
    until, kept = np.zeros(voices, int), []
    for onset in np.unique(song.notes["onset"]):
        new = song.notes[song.notes["onset"] == onset][::-1]  # from high to low
        free = np.flatnonzero(until <= onset)
        new = new if len(new) <= len(free) else _outer(new, len(free))
        if not len(new):
            continue
        ways = [list(way) for way in combinations(free, len(new))]  # none crosses another
        way = min(ways, key=lambda way: np.abs(near[way] - new["pitch"]).sum())
        near[way], until[way] = new["pitch"], onset + new["duration"]
        kept += [(*note.tolist()[:3], voice) for note, voice in zip(new, way, strict=True)]
    return replace(song, notes=as_notes(*np.array(kept, int).reshape(-1, 4).T))


def _outer(notes: np.ndarray, most: int) -> np.ndarray:
    """Keep the highest and the lowest note, then those between from above."""
    return np.concatenate([notes[: most - 1], notes[-1:]])[:most] if most else notes[:0]


# --- What the network is conditioned on ----------------------------------------------------------


def context(rows: Table) -> dict[str, np.ndarray]:
    """Give what the network is conditioned on before each frame: nothing of this or what follows.

    Returns
    -------
    dict of int32 arrays, shape (frame, voice) or (frame, 1)
        For each voice ``last``, its last pitch; ``age``, for how many frames it has had it;
        ``since``, for how many it has not been struck; ``before``, the pitch before that. Then
        ``place`` among sixteen sixteenths. Last, from the place in the piece that was most like
        now, ``followed``, what came there, and ``like``, which of `LIKE` the frames are that both
        places have in common; with ``tune_``, where the highest voice alone is compared.

    Examples
    --------
    >>> pitch = np.array([[40], [40], [42], [42]])
    >>> rows = context(Table(pitch, np.ones((4, 1), bool)))
    >>> [rows[name].ravel().tolist() for name in ("last", "age", "since", "before")]
    [[0, 40, 40, 42], [0, 0, 1, 0], [0, 0, 0, 0], [0, 0, 0, 40]]
    """
    heard = Context(1, *rows.pitch.shape)
    frames = []
    for pitch, struck in zip(*rows, strict=True):
        frames.append(heard.next())
        heard.hear(pitch[None], struck[None])
    return {name: np.concatenate([frame[name] for frame in frames]) for name in frames[0]}


class Context:
    """Hears songs side by side; `next` gives what their next frame is conditioned on."""

    def __init__(self, songs: int, frames: int, voices: int):
        self.heard = np.zeros((songs, frames, voices), np.int32)
        self.alike = np.zeros((songs, 2, frames + 1), np.int32)  # as now, before each place
        self.last, self.before, self.age, self.since = np.zeros((4, songs, voices), np.int32)
        self.time = 0

    def hear(self, pitch: np.ndarray, struck: np.ndarray) -> None:
        """Take in a frame of each song; arrays (song, voice)."""
        stays = (pitch == self.last) & (self.time > 0)
        self.before = np.where(stays, self.before, self.last)
        self.age = np.where(stays, np.minimum(self.age + 1, AGES - 1), 0)
        self.since = np.where(stays & ~struck, np.minimum(self.since + 1, AGES - 1), 0)
        self.last = pitch
        same = self.heard[:, : self.time] == pitch[:, None]
        same = np.stack([same.all(axis=2), same[..., 0]], axis=1)  # the whole piece; its tune
        agree = np.where(same, self.alike[..., : self.time] + 1, 0)
        self.alike[..., 1 : self.time + 1] = agree
        self.heard[:, self.time] = pitch
        self.time += 1

    def keep(self, songs: np.ndarray) -> None:
        """Go on with some of the songs only, or with one several times."""
        for name in ("heard", "alike", "last", "before", "age", "since"):
            setattr(self, name, getattr(self, name)[songs])

    def next(self) -> dict[str, np.ndarray]:
        """Give a row of `context` for each song."""
        row = {name: getattr(self, name) for name in ("last", "age", "since", "before")}
        songs = np.arange(len(self.heard))
        row["place"] = np.full((len(songs), 1), self.time % PLACES, np.int32)
        alike = self.alike[..., 1 : self.time] if self.time > 1 else self.alike[..., :1]
        place = alike.shape[2] - alike[..., ::-1].argmax(axis=2)  # the latest that is most like now
        like = alike.max(axis=2)
        like[(self.age == AGES - 1).all(axis=1)] = 0  # a standstill would recall itself for ever
        for name, at, alike in zip(("", "tune_"), place.T, like.T, strict=True):
            row[f"{name}followed"] = self.heard[songs, at] * (alike > 0)[:, None]
            row[f"{name}like"] = np.searchsorted(LIKE, alike, "right")[:, None].astype(np.int32)
        return row


def conditions(wish: Wish) -> dict[str, np.ndarray]:
    """Say frame by frame what is wished for: 0 where nothing is.

    Returns
    -------
    dict of int32 arrays, shape (frame, 1)
        ``phrase``, frames up to the phrase's last chord; ``left``, frames that are left;
        ``key``; ``pace``.
    """
    time = np.arange(wish.frames)
    phrase = key = pace = np.zeros(wish.frames, np.int32)
    if wish.phrases is not None:
        ends = np.array([*wish.phrases, wish.frames + AHEAD])
        phrase = 1 + np.minimum(ends[np.searchsorted(ends, time)] - time, AHEAD)
    if wish.tonic is not None:
        key = phrase * 0 + 1 + wish.tonic + 12 * wish.minor
    if wish.pace is not None:
        pace = phrase * 0 + 1 + wish.pace
    left = 1 + np.minimum(wish.frames - 1 - time, AHEAD)
    columns = {"phrase": phrase, "left": left, "key": key, "pace": pace}
    return {name: column[:, None].astype(np.int32) for name, column in columns.items()}


def wish_of(song: Song, voices: int = 4) -> Wish:
    """Tell what would have to be wished to get such a song.

    It is in the key of its last bass note; in minor, if it has that key's minor third more often
    than the major one.
    """
    rows = table(song, voices)
    bass = rows.pitch[rows.pitch[:, -1] > 0, -1]
    tonic = int(bass[-1] + LOWEST - 1) % 12 if len(bass) else 0
    thirds = (rows.pitch[rows.pitch > 0] + LOWEST - 1 - tonic) % 12
    notes = rows.struck.sum() / rows.struck.shape[1] / max(1, len(rows.pitch) / 4)
    pace = int(np.searchsorted(PACES, notes, "right"))
    minor = bool((thirds == 3).sum() > (thirds == 4).sum())
    return Wish(len(rows.pitch), song.fermatas or None, tonic, minor, pace)


def unconditioned(piece: dict[str, np.ndarray], kept=()) -> dict[str, np.ndarray]:
    """Take the conditions away, but for those kept."""
    return {name: rows * (name in kept or name not in CONDITIONS) for name, rows in piece.items()}


def transposed(piece: dict[str, np.ndarray], semitones: int) -> dict[str, np.ndarray]:
    """Move what the network gets and is to predict into another key, if its notes allow."""
    pitch = piece["pitch"][piece["pitch"] != REST]
    if not len(pitch) or pitch.min() + semitones < 1 or pitch.max() + semitones >= PITCHES:
        return piece
    moved = {name: piece[name] + semitones * (piece[name] != REST) for name in MOVED}
    minor, tonic = np.divmod(piece["key"] - 1, 12)
    moved["key"] = np.where(piece["key"] > 0, 1 + 12 * minor + (tonic + semitones) % 12, 0)
    return piece | moved


def interval(upper, lower, ops=np):
    """Give the interval class of two pitch numbers, elementwise; `ops` is numpy or keras.ops."""
    steps = ops.clip(ops.subtract(upper, lower), -FAR, FAR) + FAR + 1
    return ops.where(ops.logical_and(upper > 0, lower > 0), steps, 0)


def degree(pitch, key, ops=np):
    """Give the degree of a pitch: 0 of a rest or in no key, else 1 + semitones above the tonic."""
    steps = 1 + ops.subtract(pitch + LOWEST, key) % 12
    return ops.where(ops.logical_and(pitch > 0, key > 0), steps, 0)


def motion(before, after, other_before, other_after, ops=np):
    """Give a number to how a voice and one above move: from which interval to which, which way."""

    def size(lower, upper):  # of the interval, without its octaves
        steps = 1 + ops.subtract(upper, lower) % 12
        return ops.where(ops.logical_and(lower > 0, upper > 0), steps, 0)

    way = 1 + ops.sign(ops.subtract(after, before))
    other_way = 1 + ops.sign(ops.subtract(other_after, other_before))
    from_, to = size(before, other_before), size(after, other_after)
    return ((from_ * 3 + other_way) * 13 + to) * 3 + way


# --- The network ---------------------------------------------------------------------------------


def build(cfg: VoicesConfig):
    """Build and compile the network.

    Returns
    -------
    keras.Model
        Takes a dict of int32 arrays (piece, frame, ...): what `context` and `conditions` give, and
        ``pitch`` and ``struck`` (piece, frame, voice) of the frame itself, which only the voices
        below see. Gives a dict of logits: ``pitch`` (piece, frame, voice, 89), and ``struck``
        (piece, frame, voice, 1), whether a pitch that stays is struck again.

    Notes
    -----
    Notebook: 06_beyond_the_report, "The network".
    """
    keras = load_keras()
    layers, ops = keras.layers, keras.ops
    voices = range(cfg.voices)
    wide = ("last", "age", "since", "before", "followed", "tune_followed", "pitch", "struck")
    narrow = ("place", "like", "tune_like", "phrase", "left", "key", "pace")
    inputs = {name: layers.Input((None, cfg.voices), dtype="int32", name=name) for name in wide}
    inputs |= {name: layers.Input((None, 1), dtype="int32", name=name) for name in narrow}
    last, before, now = inputs["last"], inputs["before"], inputs["pitch"]
    memories = [inputs["followed"], inputs["tune_followed"]]
    as_pitch = layers.Embedding(PITCHES, cfg.pitch_width, name="as_pitch")
    as_interval = layers.Embedding(INTERVALS, cfg.interval_width, name="as_interval")
    as_degree = layers.Embedding(DEGREES, cfg.width, name="as_degree")

    def embedded(layer, values):  # (piece, time, some) -> (piece, time, some * width)
        return layers.Reshape((-1, values.shape[-1] * layer.output_dim))(layer(values))

    def number(name, values):  # a table of its own for each of these small numbers
        return embedded(layers.Embedding(values, cfg.width, name=f"as_{name}"), inputs[name])

    def between(upper, lower):
        return interval(upper, lower, ops)

    # What is known before the frame: pitches, how long they have lasted, how they were reached, the
    # chord that they make; what followed when it last was like this; what is asked for.
    chord = [between(last[..., v], last[..., u]) for v in voices for u in range(v)]
    chord = [ops.stack(chord, -1)] if chord else []
    steps = [between(last, before), *(between(memory, last) for memory in memories)]
    known = [embedded(as_pitch, last), embedded(as_interval, ops.concatenate(chord + steps, -1))]
    known += [number(name, size) for name, size in NUMBERS.items()]
    known.append(embedded(as_degree, degree(last, inputs["key"], ops)))
    known = layers.Dropout(cfg.input_dropout)(ops.concatenate(known, -1))
    state = layers.LSTM(cfg.units, return_sequences=True, name="lstm")(known)
    heard = [layers.Dropout(cfg.dropout)(state), known]

    # The voices of the frame, one after the other.
    pitch, struck = [], []
    since = ops.one_hot(inputs["since"], AGES)
    for v in voices:
        mine = now[..., v]
        x = ops.concatenate(heard, -1)
        x = layers.Dense(cfg.hidden, activation="relu", name=f"voice_{v}")(x)
        x = layers.Dropout(cfg.voice_dropout)(x)
        logits = layers.Dense(PITCHES, name=f"pitch_{v}")(x)
        pitches = np.arange(PITCHES)  # every pitch that it could take
        others = ops.concatenate([last[..., v : v + 1], now[..., :v]], -1)
        weights = layers.Dense((v + 1) * INTERVALS, name=f"intervals_{v}")(x)
        weights = layers.Reshape((-1, v + 1, INTERVALS))(weights)
        classes = between(pitches, others[..., None])
        logits += ops.sum(ops.take_along_axis(weights, classes, axis=-1), axis=-2)
        if v:
            moves = layers.Embedding(v * MOTIONS, 1, "zeros", name=f"motions_{v}")
            at = motion(
                last[..., v, None, None], pitches, last[..., :v, None], now[..., :v, None], ops
            )
            logits += STEEP * ops.sum(moves(at + MOTIONS * np.arange(v)[:, None]), axis=(-3, -1))
        weights = layers.Dense(DEGREES, name=f"degree_{v}")(x)
        logits += ops.take_along_axis(weights, degree(pitches, inputs["key"], ops), axis=-1)
        copy = layers.Dense(len(memories), name=f"copy_{v}")(x)
        for i, memory in enumerate(memories):
            logits += copy[..., i, None] * ops.one_hot(memory[..., v], PITCHES)
        pitch.append(logits)
        # Above it, who strikes, and who only because it moves?
        above = [inputs["struck"][..., :v], ops.not_equal(now[..., :v], last[..., :v])]
        above = [STEEP * ops.cast(one, "float32") for one in above] if v else []
        again = ops.concatenate([x, since[..., v, :], *above], -1)
        struck.append(layers.Dense(1, name=f"struck_{v}")(again))
        # Below it, what does it do: its pitch, its step, its intervals.
        steps = [between(mine, last[..., v]), *(between(mine, now[..., u]) for u in range(v))]
        heard.append(layers.Dropout(cfg.input_dropout)(as_pitch(mine)))
        heard.append(layers.Dropout(cfg.input_dropout)(embedded(as_interval, ops.stack(steps, -1))))
        copied = [ops.equal(mine, memory[..., v]) for memory in memories]
        heard.append(ops.cast(ops.stack(copied, -1), "float32"))
    outputs = {"pitch": ops.stack(pitch, -2), "struck": ops.stack(struck, -2)}
    model = keras.Model(inputs, outputs, name="four_voices")
    reduction = {"from_logits": True, "reduction": "mean_with_sample_weight"}
    losses = keras.losses
    model.compile(
        keras.optimizers.AdamW(cfg.learning_rate, weight_decay=cfg.decay, clipnorm=cfg.clip),
        loss={
            "pitch": losses.SparseCategoricalCrossentropy(**reduction),
            "struck": losses.BinaryCrossentropy(**reduction),
        },
    )
    return model
