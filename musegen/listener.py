"""A listener: what gives a network's songs away, and how it writes without that (ours).

The network of four voices expects Bach well, but a song of its own goes on from notes of its own,
and small slips add up. So its songs are listened to. The listener counts *turns*: which chord
follows which, how lines move, who strikes when; and a linear model learns which of them are Bach's
and which the network's. Of several tries side by side those go on that sound like Bach's. Then the
model learns what gives these away; and so on, in rounds.

What a turn weighs is a logarithm of odds; so a song is to come up as often as the network writes
it, times the odds of its turns: a residual energy-based model, sampled by a particle filter. With
few tries that is so only in part, which is why the rounds go on.

Notes
-----
Notebook: 06_beyond_the_report, "A listener".
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from musegen import config, four_voices
from musegen.four_voices import BEAT, PITCHES, REST, Context, Table, Wish

BUCKETS = 1 << 16  # of turns; those that share one weigh the same
MIX = np.uint64(0x9E3779B97F4A7C15)  # 2 ** 64 / the golden ratio: spreads numbers well
LONGEST = 512  # frames of a song that is listened to
WINDOW = 64  # frames of which it is told whose they are
LATE, SOON = 16, 8  # frames after and before a phrase's last chord that are heard as its end
SONGS = 105  # that the network writes in a round
STRENGTH = 0.001  # of what a round may add: small steps swing less
PERFECT, LOUD = (0, 7), 3  # octaves and fifths; how often what is rare and matters is heard
WIDEST = 15  # semitones of a move that are told apart


class Listener(NamedTuple):
    """What a listener has learnt.

    Attributes
    ----------
    weights : float32 array, shape (bucket,)
        How much more like the songs that the network is trained on a turn is than like its own,
        a logarithm of odds; the first is that of no turn, 0.
    sung : bool array, shape (voice, 89)
        Which pitches each voice sings in those songs; it is to keep to them.
    """

    weights: np.ndarray
    sung: np.ndarray


class Turns:
    """Hears songs side by side, frame by frame."""

    def __init__(self, songs: int, voices: int):
        self.time = 0
        shapes = {"sung": voices, "before": voices, "low": voices, "high": voices, "beat": 1}
        shapes |= {"chords": 2, "basses": 1, "beats": 2, "since": 1, "pitches": PITCHES}
        shapes |= {"moves": (voices, 2), "classes": 12}
        self.past = {
            name: np.zeros((songs, *np.atleast_1d(shape)), np.int64)
            for name, shape in shapes.items()
        }
        self.past["since"] += LATE

    def keep(self, songs: np.ndarray) -> None:
        """Go on with some of the songs only, or with one several times."""
        self.past = {name: rows[songs] for name, rows in self.past.items()}

    def hear(self, row: dict[str, np.ndarray], pitch: np.ndarray, struck: np.ndarray):
        """Take in a frame of each song.

        Parameters
        ----------
        row : dict of int arrays, shape (song, ...)
            What `four_voices.context` and `conditions` give for the frame.
        pitch, struck : array, shape (song, voice)

        Returns
        -------
        int64 array, shape (song, turn)
            Buckets of the turns that end in this frame; 0 where there is none.
        """
        past, place, pitch = self.past, self.time % BEAT, pitch.astype(np.int64)
        voices, (upper, lower) = np.arange(pitch.shape[1]), np.triu_indices(pitch.shape[1], 1)
        said = []

        def turn(there, *numbers, times=1):
            said.extend(times * [np.where(there, _bucket(len(said), *numbers), 0)])

        # Harmony: chords as sets of semitones above the bass, and on which degree that is.
        sings, hit = pitch != REST, struck.any(axis=1, keepdims=True)
        above = np.where(sings & sings[:, -1:], (pitch - pitch[:, -1:]) % 12, 0)
        chord = np.bitwise_or.reduce(1 << above, axis=1, keepdims=True)
        degree = four_voices.degree(pitch, row["key"]) + 16 * (row["key"] > 12)  # minor apart
        bass, (last, before) = degree[:, -1:], np.split(past["chords"], 2, axis=1)
        turn(hit, chord, place)
        turn(hit & (last > 0), last, chord)
        turn(hit & (before > 0), before, last, chord)
        turn(hit, chord, bass)
        turn(hit & (last > 0), last, past["basses"], chord, bass)
        past["chords"] = np.where(hit, np.concatenate([chord, last], 1), past["chords"])
        past["basses"] = np.where(hit, bass, past["basses"])

        # Lines: how far each voice moves, on which degrees, and how wide it has become.
        moves = sings & (past["sung"] != REST) & (pitch != past["sung"])
        move = np.clip(pitch - past["sung"], -WIDEST, WIDEST) + WIDEST + 1
        last, before = np.moveaxis(past["moves"], 2, 0)
        turn(moves, voices, move)
        turn(moves & (last > 0), voices, last, move)
        turn(moves & (before > 0), voices, before, last, move)
        turn(struck, voices, degree)
        turn(struck, voices, pitch)
        low = np.where(sings, np.where(past["low"] > 0, np.minimum(past["low"], pitch), pitch), 0)
        low, high = np.where(sings, low, past["low"]), np.maximum(past["high"], pitch)
        turn((past["high"] > 0) & (high - low > past["high"] - past["low"]), voices, high - low)
        past["moves"] = np.where(moves[..., None], np.stack([move, last], 2), past["moves"])
        past["sung"] = np.where(sings, pitch, past["sung"])
        past["low"], past["high"] = low, high
        classes = np.where(sings, pitch, pitch[:, :1]) % 12
        for name, used in (("pitches", pitch), ("classes", classes)):
            few = past[name].sum(axis=1, keepdims=True)
            past[name] = past[name].copy()
            np.put_along_axis(past[name], used, 1, axis=1)
            many = past[name].sum(axis=1, keepdims=True)
            turn((few > 0) & (many > few), many)

        # Two voices: from which interval to which, octaves left out.
        moves = sings & (past["before"] != REST) & (pitch != past["before"])
        pairs, way = moves[:, upper] & moves[:, lower], np.sign(pitch - past["before"])
        from_, to = (np.abs(p[:, upper] - p[:, lower]) % 12 for p in (past["before"], pitch))
        turn(pairs, from_, to)
        turn(pairs & (from_ == to) & np.isin(to, PERFECT), to, times=LOUD)
        turn(pairs, from_, to, np.arange(len(upper)), way[:, upper] == way[:, lower])
        past["before"] = pitch

        # Rhythm: how many strike on each sixteenth of a beat; who does where a phrase ends.
        strike, who = struck.sum(axis=1, keepdims=True), struck @ (1 << voices)[:, None]
        past["beat"] = past["beat"] * (len(voices) + 1) * (place > 0) + strike
        (last, before), beat = np.split(past["beats"], 2, axis=1), past["beat"] + 1
        ends = place == BEAT - 1
        turn(ends, beat)
        turn(ends & (last > 0), last, beat)
        turn(ends & (before > 0), before, last, beat)
        past["beats"] = np.concatenate([beat, last], 1) if ends else past["beats"]
        phrase, left = row["phrase"].astype(np.int64), row["left"].astype(np.int64)
        past["since"] = since = np.where(phrase == 1, 0, np.minimum(past["since"] + 1, LATE))
        turn((phrase > 0) & (since < LATE), since, who)
        turn((phrase > 1) & (phrase <= 1 + SOON) & (since == LATE), phrase, who)
        turn(since == 0, chord)
        turn(since == 0, chord, bass)
        turn(left == 1, chord, times=LOUD)
        turn((left <= 1 + LATE) & struck[:, -1:], (left - 1) // BEAT, chord, bass)

        # Does it do what followed when it was last like this?
        turn(hit, row["like"], (pitch == row["followed"]).all(axis=1, keepdims=True))
        self.time += 1
        return np.concatenate(said, 1)


def _bucket(*numbers) -> np.ndarray:
    """Give numbers, elementwise, one of the buckets from 1 on."""
    mixed = np.uint64(0)
    with np.errstate(over="ignore"):
        for number in numbers:
            mixed = (mixed ^ np.asarray(number, np.int64).astype(np.uint64)) * MIX
            mixed ^= mixed >> np.uint64(29)
    return 1 + (mixed % np.uint64(BUCKETS - 1)).astype(np.int64)


# --- How it learns -------------------------------------------------------------------------------


def windows(songs: Sequence[Table], asked: Sequence[Wish]):
    """Count the turns in each part of songs: a sparse matrix (part, bucket)."""
    from scipy import sparse

    voices, frames = songs[0].pitch.shape[1], max(len(song.pitch) for song in songs)
    lengths = np.array([len(song.pitch) for song in songs])
    wished = [four_voices.conditions(wish) for wish in asked]
    wished = {name: _filled([one[name] for one in wished], frames) for name in wished[0]}
    pitch, struck = (_filled([song[i] for song in songs], frames) for i in (0, 1))
    heard, turns = Context(len(songs), frames, voices), Turns(len(songs), voices)
    parts, found = [], []
    for time in range(frames):
        row = heard.next() | {name: one[:, time] for name, one in wished.items()}
        said = turns.hear(row, pitch[:, time], struck[:, time])
        heard.hear(pitch[:, time], struck[:, time])
        song, turn = np.nonzero((said > 0) & (time < lengths)[:, None])
        parts.append(song * -(-frames // WINDOW) + time // WINDOW)
        found.append(said[song, turn])
    _, parts = np.unique(np.concatenate(parts), return_inverse=True)
    counts = (np.ones(len(parts)), (parts, np.concatenate(found)))
    return sparse.csr_matrix(counts, (parts.max() + 1, BUCKETS))


def _filled(songs: list[np.ndarray], frames: int) -> np.ndarray:
    return np.stack([np.pad(rows, ((0, frames - len(rows)), (0, 0))) for rows in songs])


def learn(run) -> Listener | None:
    """Learn in rounds what gives a network's songs away.

    In each the network writes songs as those of some training songs, as it would with what was
    learnt so far; what still tells them from the training songs is added. As the rounds swing to
    and fro, what is learnt is the mean of those of the second half.

    Parameters
    ----------
    run : Run
        Of the network of four voices, trained. It listens to its training songs of up to `LONGEST`
        frames.

    Returns
    -------
    Listener
        None if there are no two such songs.
    """
    from scipy import sparse
    from sklearn.feature_extraction.text import TfidfTransformer
    from sklearn.linear_model import LogisticRegression

    from musegen.generation import four_voices as writing  # which listens, too

    cfg, seed = run.cfg.network, run.cfg.seed
    songs = [four_voices.table(one, cfg.voices) for one in run.songs if one.length <= LONGEST]
    asked = [four_voices.wish_of(one, cfg.voices) for one in run.songs if one.length <= LONGEST]
    if len(songs) < 2:
        return None
    sung = np.zeros((cfg.voices, PITCHES), bool)
    for song in songs:
        sung[np.arange(cfg.voices), song.pitch] = True
    theirs, weights, sum_ = windows(songs, asked), *np.zeros((2, BUCKETS), np.float32)
    for number in tqdm(range(cfg.rounds), "listener", leave=False, disable=config.progress()):
        rng = np.random.default_rng([seed, number])
        some = [asked[i] for i in rng.permutation(len(asked))[:SONGS]]
        given = [writing.led_home(wish, cfg.voices) for wish in some]
        own = writing.written(run, given, some, rng, listener=Listener(weights, sung))
        own = windows(own, some)
        counts = sparse.vstack([theirs, own])
        rare = TfidfTransformer(norm=None).fit(counts).idf_  # else what is rare would be overheard
        is_theirs = np.arange(counts.shape[0]) < theirs.shape[0]
        line = LogisticRegression(C=STRENGTH, class_weight="balanced", solver="liblinear")
        line.fit(counts.multiply(rare).tocsr(), is_theirs)
        weights = weights + np.float32(line.coef_[0] * rare)
        sum_ += weights * (number >= cfg.rounds // 2)
    return Listener(sum_ / (cfg.rounds - cfg.rounds // 2), sung)
