"""The network of four voices writes: what is given stands, the rest it chooses (ours).

New pieces, going on from a beginning, harmonising a melody and writing some bars anew are one
thing: a table in which some pitches stand already. Several tries go side by side; those that the
listener dislikes, or that would have expected least what stands, are dropped on the way.
"""

import warnings
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from threadpoolctl import threadpool_limits

from musegen import four_voices
from musegen.four_voices import (
    BEAT,
    DEGREES,
    FREE,
    INTERVALS,
    LOWEST,
    MOTIONS,
    PITCHES,
    REST,
    STEEP,
    Context,
    Table,
    Wish,
)
from musegen.generation.lstm import gates_in_order, step
from musegen.generation.sampling import Pick, sample, softmax
from musegen.listener import Listener, Turns
from musegen.preprocess import Key, cut_to_first_note, estimate_key
from musegen.song import NO_VOICE, Song, as_notes
from musegen.tokens import token_of
from musegen.training import Run

PHRASE, LAST_CHORD = 32, 8  # frames: most of Bach's phrases, and how long most of their ends last
TEMPERATURE = 0.6  # ours, chosen on the wishes of the validation pieces; docs/results.md
PICK = sample(TEMPERATURE)
TRIES = 8  # of each song side by side
ENDINGS = 16  # that a song without a triad at its end gets
TONICS = (0, 2, 4, 5, 7, 9, 10, 11)  # of 198 of the 210 training pieces
BAR = 16  # frames
HIGHEST = LOWEST + PITCHES - 2  # MIDI number of a piano's last key
LAST_BASS = 41  # MIDI number: the last bass note is this or within the octave above
SOPRANO = (57, 81)  # MIDI numbers: the lowest and the highest of 256 training songs


class Choir:
    """The network in numpy, its state kept from frame to frame, many songs side by side.

    Parameters
    ----------
    run : Run
        Of `config.VoicesConfig`.
    songs : int
    """

    def __init__(self, run: Run, songs: int):
        self.arrays = {path.rpartition("/")[0]: [] for path in run.names}
        for path, array in zip(run.names, run.weights, strict=True):
            self.arrays[path.rpartition("/")[0]].append(array)
        cfg = run.cfg.network
        self.lstm = gates_in_order(self.arrays["lstm/lstm_cell"])
        self.states = np.zeros((1, 2, songs, 1, cfg.units), np.float32)  # h and c
        # Logits of a voice from all its layers at once.
        heads = ("pitch", "intervals", "degree", "copy")
        self.heads = [
            [
                np.concatenate(parts, -1)
                for parts in zip(*(self.arrays[f"{n}_{v}"] for n in heads), strict=True)
            ]
            for v in range(cfg.voices)
        ]

    def keep(self, songs: np.ndarray) -> None:
        """Go on with some of the songs only, or with one several times."""
        self.states = self.states[:, :, songs]

    def _embedded(self, name: str, values: np.ndarray) -> np.ndarray:
        return self.arrays[f"as_{name}"][0][values].reshape(len(values), -1)

    def begin(self, row: dict[str, np.ndarray]) -> None:
        """Take in the context of a frame and what is wished for, arrays (song, ...)."""
        between, last = four_voices.interval, row["last"]
        voices = range(last.shape[1])
        chord = [between(last[:, v], last[:, u]) for v in voices for u in range(v)]
        memories = (row["followed"], row["tune_followed"])
        steps = [between(last, row["before"]), *(between(one, last) for one in memories)]
        intervals = np.concatenate([np.array(chord, int).reshape(-1, len(last)).T, *steps], 1)
        known = [self._embedded("pitch", last), self._embedded("interval", intervals)]
        known += [self._embedded(name, row[name]) for name in four_voices.NUMBERS]
        known.append(self._embedded("degree", four_voices.degree(last, row["key"])))
        known = np.concatenate(known, 1)
        state = step(known, self.states, self.lstm)[:, 0]
        self.row, self.heard, self.now, self.struck = row, [state, known], [], []

    def pitch(self) -> np.ndarray:
        """Give the logits of the next voice's pitch, float32 (song, 89)."""
        v, last = len(self.now), self.row["last"]
        kernel, bias = self.arrays[f"voice_{v}"]
        self.x = np.maximum(np.concatenate(self.heard, 1) @ kernel + bias, 0)
        kernel, bias = self.heads[v]
        pitches = np.arange(PITCHES)
        cuts = np.cumsum([PITCHES, (v + 1) * INTERVALS, DEGREES])
        logits, intervals, degrees, copy = np.split(self.x @ kernel + bias, cuts, axis=1)
        others = np.stack([last[:, v], *self.now], 1)
        classes = four_voices.interval(pitches, others[..., None])
        weights = intervals.reshape(len(logits), v + 1, INTERVALS)
        logits = logits + np.take_along_axis(weights, classes, -1).sum(axis=1)
        if v:
            now = others[:, 1:, None]
            at = four_voices.motion(last[:, v, None, None], pitches, last[:, :v, None], now)
            at += MOTIONS * np.arange(v)[:, None]
            logits += STEEP * self.arrays[f"motions_{v}"][0][at, 0].sum(axis=1)
        degree = four_voices.degree(pitches, self.row["key"])
        logits += np.take_along_axis(degrees, degree, 1)
        songs = np.arange(len(logits))
        for i, name in enumerate(("followed", "tune_followed")):
            logits[songs, self.row[name][:, v]] += copy[:, i]
        return logits

    def again(self) -> np.ndarray:
        """Give the logit that this voice strikes again a pitch that stays, float32 (song,)."""
        v = len(self.now)
        since = np.eye(four_voices.AGES, dtype=np.float32)[self.row["since"][:, v]]
        moved = [one != last for one, last in zip(self.now, self.row["last"].T, strict=False)]
        above = [STEEP * np.float32(one)[:, None] for one in (*self.struck, *moved)]
        x = np.concatenate([self.x, since, *above], 1)
        kernel, bias = self.arrays[f"struck_{v}"]
        return (x @ kernel + bias)[:, 0]

    def sing(self, pitch: np.ndarray, struck: np.ndarray) -> None:
        """Tell the voices below what this one does, arrays (song,)."""
        v, between = len(self.now), four_voices.interval
        last = self.row["last"][:, v]
        steps = np.stack([between(pitch, last), *(between(pitch, one) for one in self.now)], 1)
        memories = (self.row["followed"][:, v], self.row["tune_followed"][:, v])
        self.heard += [self._embedded("pitch", pitch), self._embedded("interval", steps)]
        self.heard.append(np.stack([pitch == one for one in memories], 1).astype(np.float32))
        self.now.append(pitch)
        self.struck.append(struck)


def written(
    run: Run,
    given: Sequence[Table],
    asked: Sequence[Wish],
    rng: np.random.Generator,
    pick: Pick = PICK,
    tries: int = TRIES,
    listener: Listener | None = None,
) -> list[Table]:
    """Write tables whole: what is given stands, what is `FREE` is chosen.

    Parameters
    ----------
    run : Run
    given : sequence of Table
        As long as what is to be written: as wished, or shorter.
    asked : sequence of Wish
    rng : numpy Generator
    pick : function
    tries : int
        Of each song side by side. With one there is nothing to choose: the network alone writes.
    listener : Listener, optional
        That of the run, unless given.

    Returns
    -------
    list of Table
    """
    songs, voices = len(given), run.cfg.network.voices
    lengths = np.array([len(rows.pitch) for rows in given])
    frames = lengths.max()
    stands = np.full((songs, frames, voices), FREE, np.int32)
    again = np.zeros(stands.shape, bool)
    wishes = {}
    for i, (rows, wish, length) in enumerate(zip(given, asked, lengths, strict=True)):
        stands[i, :length], again[i, :length] = rows
        for name, column in four_voices.conditions(wish).items():
            column, empty = column[:length], np.zeros((songs, frames, 1), np.int32)
            wishes.setdefault(name, empty)[i, :length] = column
    choir, heard, turns = Choir(run, songs), Context(songs, frames, voices), Turns(songs, voices)
    struck = np.zeros((songs, frames, voices), bool)
    listener = (listener or run.listener) if tries > 1 else None  # with one there is no choice
    unsung = np.zeros((voices, PITCHES), np.float32)
    if listener:
        unsung[~listener.sung] = -np.inf
    part = int((stands == FREE).any(axis=(0, 2)).argmax())  # until there, all tries are the same
    whose, fit = np.arange(songs), np.zeros(songs)  # of which song; how well it goes, a logarithm
    done = {}
    with threadpool_limits(1, "blas"):
        for time in range(frames + 1):
            for song in np.flatnonzero(lengths == time):
                mine = np.flatnonzero(whose == song)
                best = mine[fit[mine].argmax()]
                done[song] = Table(heard.heard[best, :time].copy(), struck[best, :time].copy())
            kept = np.flatnonzero(lengths[whose] > time)
            if not len(kept):
                break
            if time == part:
                kept = np.repeat(kept, tries)
                fit = np.zeros(songs * tries)
            elif time > part and tries > 1:
                survivors, fit = _survivors(fit.reshape(-1, tries), rng)
                kept = survivors[kept]
            if not np.array_equal(kept, np.arange(len(whose))):
                whose, fit, struck = whose[kept], fit[kept], struck[kept]
                for one in (choir, heard, turns):
                    one.keep(kept)
            wished = {name: one[whose, time] for name, one in wishes.items()}
            choir.begin(heard.next() | wished)
            for v in range(voices):
                p, last = softmax(choir.pitch() + unsung[v]), heard.last[:, v]
                fixed = stands[whose, time, v]
                pitch = np.where(fixed == FREE, _moved(p, last, pick, rng), fixed)
                stays = (pitch == last) & (pitch != REST) & (time > 0)
                chance = rng.random(len(pitch)) < 1 / (1 + np.exp(-choir.again()))
                hit = np.where(fixed == FREE, chance, again[whose, time, v])
                hit = np.where(stays, hit, pitch != REST)
                choir.sing(pitch, hit)
                fit += np.where(fixed == FREE, 0, np.log(p[np.arange(len(p)), fixed] + 1e-30))
            now, struck[:, time] = np.stack(choir.now, 1), np.stack(choir.struck, 1)
            if listener:
                said = turns.hear(choir.row, now, struck[:, time])
                fit += listener.weights[said].sum(axis=1)
            heard.hear(now, struck[:, time])
    return [done[song] for song in range(songs)]


def _moved(p: np.ndarray, last: np.ndarray, pick: Pick, rng: np.random.Generator) -> np.ndarray:
    """Draw whether a voice moves by its probability and pick whereto: rhythm stays as lively."""
    songs = np.arange(len(p))
    moves, elsewhere = rng.random(len(p)) >= p[songs, last], p.copy()
    elsewhere[songs, last] = 0
    return np.where(moves, pick(elsewhere, rng), last)


def _survivors(fit: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw a song's tries by how well they go, once few do; arrays (song, try)."""
    weight = softmax(fit)
    few = 1 / (weight**2).sum(axis=1, keepdims=True) < fit.shape[1] / 2
    places = (rng.random((len(weight), 1)) + np.arange(weight.shape[1])) / weight.shape[1]
    kept = (weight.cumsum(axis=1)[:, None] < places[..., None]).sum(axis=2)
    kept = np.where(few, kept.clip(max=weight.shape[1] - 1), np.arange(weight.shape[1]))
    first = weight.shape[1] * np.arange(len(weight))[:, None]  # of each song's tries
    return (first + kept).ravel(), np.where(few, 0, fit).ravel()


def wishes(n: int, rng: np.random.Generator, bars: int = 16) -> list[Wish]:
    """Wish for songs in phrases of two bars, in keys and at paces drawn.

    The keys are those of Bach's chorales, four in ten in minor.
    """
    frames = 16 * bars
    ends = tuple(range(frames - LAST_CHORD, 16, -PHRASE))[::-1]
    return [
        Wish(frames, ends, int(rng.choice(TONICS)), bool(rng.random() < 0.4), int(rng.integers(3)))
        for _ in range(n)
    ]


def new_songs(run, asked, rng, pick=PICK, tries=TRIES) -> list[Song]:
    """Write new songs as wished; parameters are those of `written`.

    With a wish for a key the bass of the last chord is given, its tonic, and where the chord on it
    is no triad, the last phrase is written again, at most `ENDINGS` times. With one try the ending
    is left to the network.
    """
    voices = run.cfg.network.voices
    led = [tries > 1 and wish.tonic is not None for wish in asked]
    given = [
        led_home(wish, voices) if is_led else free_table(wish.frames, voices)
        for wish, is_led in zip(asked, led, strict=True)
    ]
    songs = written(run, given, asked, rng, pick, tries)
    for _ in range(ENDINGS):
        again = [i for i, rows in enumerate(songs) if led[i] and not _is_triad(rows.pitch[-1])]
        if not again:
            break
        stands = [songs[i]._replace(pitch=songs[i].pitch.copy()) for i in again]
        for i, rows in zip(again, stands, strict=True):
            rows.pitch[-PHRASE:] = given[i].pitch[-PHRASE:]
        better = written(run, stands, [asked[i] for i in again], rng, pick, tries)
        for i, rows in zip(again, better, strict=True):
            songs[i] = rows
    return [
        four_voices.to_song(rows, source=run.cfg.name, fermatas=wish.phrases or ())
        for rows, wish in zip(songs, asked, strict=True)
    ]


def led_home(wish: Wish, voices: int) -> Table:
    """Give a table in which only the bass of the last chord stands: the tonic wished for."""
    rows = free_table(wish.frames, voices)
    end = wish.frames - LAST_CHORD
    end = max(end - LAST_CHORD, wish.phrases[-1]) if wish.phrases else end
    rows.pitch[end:, -1] = LAST_BASS - LOWEST + 1 + (wish.tonic - LAST_BASS) % 12
    return rows


def _is_triad(pitch: np.ndarray) -> bool:
    """Tell whether a chord is a whole triad with its root in the lowest voice."""
    return {*((pitch - pitch[-1]) % 12).tolist()} in ({0, 4, 7}, {0, 3, 7})


def free_table(frames: int, voices: int) -> Table:
    """Give a table in which nothing stands yet."""
    return Table(np.full((frames, voices), FREE, np.int32), np.zeros((frames, voices), bool))


# --- With what somebody else wrote ---------------------------------------------------------------


def gone_on(run: Run, song: Song, bars: int, rng: np.random.Generator, kept: int = 4) -> Song:
    """Go on from a song's first bars, in the key of the whole song, in phrases of two bars.

    Parameters
    ----------
    run : Run
    song : Song
        Of a melody the other three voices are written, too. Silent bars before it are left out.
    bars : int
        Of the new song.
    rng : numpy Generator
    kept : int
        Bars that stand, or as many as there are.

    Raises
    ------
    ValueError
        If no bar is left to write, or as `harmonised`, but for two notes at once.

    Notes
    -----
    Notebook: 06_beyond_the_report, "Play with it".
    """
    heard = cut_to_first_note(song, "bar")
    start, silence = _in_choir(heard.cut(0, kept * song.steps_per_bar), run)
    frames = BAR * (bars - (silence > 0))  # whole bars, counted from the first note
    if frames <= start.length:
        raise ValueError(f"{song.title}: its first {kept} bars stand already; ask for more bars")
    ends = range(frames - LAST_CHORD, start.length, -PHRASE)[::-1]
    start = replace(start, fermatas=(*start.fermatas, *ends))
    return _joined(run, start, silence, frames, estimate_key(song), rng)


def harmonised(run: Run, melody: Song, rng: np.random.Generator) -> Song:
    """Write alto, tenor and bass to a melody.

    Parameters
    ----------
    run : Run
    melody : Song
        One note at a time, in the range of a soprano. Notes between sixteenths (triplets) are moved
        to the nearest, with a warning; of two on the same one the higher stays. `fermatas` are
        taken for ends of phrases; without them the network finds these alone, which it does better
        than when told a guess, the longest notes or each two bars.
    rng : numpy Generator

    Raises
    ------
    ValueError
        If the melody has no notes, two at once, or one that no soprano sings.

    Notes
    -----
    Notebook: 06_beyond_the_report, "Play with it".
    """
    song, silence = _in_choir(melody, run, is_melody=True)
    return _joined(run, song, silence, song.length, estimate_key(melody), rng)


def anew(run: Run, song: Song, first: int, last: int, rng: np.random.Generator) -> Song:
    """Write some bars of a song of four voices anew; all others stand.

    Parameters
    ----------
    run : Run
    song : Song
    first, last : int
        Bars, counted from 1, both written anew. Of several tries that one is taken which would
        have expected best the bar that follows.
    rng : numpy Generator

    Raises
    ------
    ValueError
        If the song does not have these bars.

    Notes
    -----
    Notebook: 06_beyond_the_report, "Play with it".
    """
    if not 1 <= first <= last <= song.bars:
        raise ValueError(f"bars {first} to {last} are none of the song's: 1 to {song.bars}")
    song = four_voices.in_voices(song, run.cfg.network.voices)
    rows = four_voices.table(song, run.cfg.network.voices)
    silence = next(iter(song.notes["onset"].tolist()), 0)
    heard = Table(*(one[silence:] for one in rows))  # views: what is written there is in `rows`
    start, stop = (max(BAR * bar - silence, 0) for bar in (first - 1, last))
    given = Table(*(one[: stop + BAR].copy() for one in heard))
    given.pitch[start:stop] = FREE
    wish = four_voices.wish_of(song.cut(silence), run.cfg.network.voices)
    (new,) = written(run, [given], [wish], rng)
    for old, better in zip(heard, new, strict=True):
        old[: len(better)] = better
    return replace(song, notes=four_voices.to_song(rows).notes, source=run.cfg.name)


def _in_choir(song: Song, run: Run, is_melody: bool = False) -> tuple[Song, int]:
    """Give a song in voices from its first to its last note, and how long it was silent before."""
    notes, where = song.notes, 1 + song.notes["onset"] // song.steps_per_bar
    if not len(notes):
        raise ValueError(f"{song.title} has no notes to write others to; give a file with some")
    onset, end = notes["onset"], notes["onset"] + notes["duration"]
    late = np.maximum.accumulate(end)[:-1] - onset[1:] >= song.steps_per_beat / BEAT
    at_once = where[1:][late | (np.diff(onset) == 0)]
    if is_melody and len(at_once):
        sentence = "two notes sound at once; a melody has one at a time"
        raise ValueError(f"{song.title}, bar {at_once[0]}: {sentence}")
    low, high, whose = (LOWEST, HIGHEST, "piano") if len(at_once) else (*SOPRANO, "soprano")
    wrong = (notes["pitch"] < low) | (notes["pitch"] > high)
    if wrong.any():
        note, lowest, highest = (token_of([p]) for p in (notes["pitch"][wrong][0], low, high))
        sentence = f"{note} is no note of a {whose}, {lowest} to {highest}; transpose the piece"
        raise ValueError(f"{song.title}, bar {where[wrong][0]}: {sentence}")
    onset, end = (np.rint(BEAT * x / song.steps_per_beat).astype(int) for x in (onset, end))
    end = np.maximum(end, onset + 1)
    is_choir = set(notes["voice"].tolist()) == set(range(run.cfg.network.voices))
    voice = 0 if not len(at_once) else notes["voice"] if is_choir else NO_VOICE
    all_notes = as_notes(onset, end - onset, notes["pitch"], voice)
    choir = replace(song.resample(BEAT), notes=all_notes, length=int(end.max()))
    choir, first = four_voices.in_voices(choir, run.cfg.network.voices), int(onset[0])
    moved = (onset * song.steps_per_beat != BEAT * notes["onset"]).sum()
    lost = len(notes) - len(choir.notes)
    told = {"moved to the nearest sixteenth": moved, "left out, as no voice is free": lost}
    for what, many in told.items():
        if many:
            warnings.warn(f"{song.title}: {many} note(s) {what}", stacklevel=3)
    return choir.cut(first), first


def _joined(run: Run, song: Song, silence: int, frames: int, key: Key, rng) -> Song:
    """Write what follows a song up to so many frames, and the lower voices if it is a melody."""
    voices, is_melody = run.cfg.network.voices, not song.notes["voice"].any()
    rows = free_table(frames, voices)
    for free, stands in zip(rows, four_voices.table(song, voices), strict=True):
        free[: song.length, : 1 if is_melody else voices] = stands[:, : 1 if is_melody else voices]
    wish = Wish(frames, song.fermatas or None, key.tonic, key.mode == "minor")
    (rows,) = written(run, [rows], [wish], rng)
    rows = Table(*(np.pad(one, ((silence, 0), (0, 0))) for one in rows))
    new = {name: getattr(song, name) for name in ("title", "tempo_qpm")} | {"source": run.cfg.name}
    return four_voices.to_song(rows, fermatas=tuple(at + silence for at in song.fermatas), **new)
