"""What a musician would notice in a song, as numbers.

Each measure is a function of a `Song`; `MEASURES` lists them. A song without
notes gives 0 everywhere.

A song of the LSTM strikes every token anew (report 4.4.1), where a chorale holds its notes: what
depends on onsets (density, groove, onsets on the beat) differs for
that reason alone. `as_tokens` tells any song as the LSTM would, so that like is compared with like.

Notes
-----
Report 3.3 and 4.2 name the faults in words: two notes only, repeats, dissonance, random notes.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from musegen import tokens
from musegen.song import BEATS_PER_BAR, Song

MAJOR = np.array([0, 2, 4, 5, 7, 9, 11])  # semitones above the tonic; natural minor has the same
DISSONANT = (1, 2, 6, 10, 11)  # semitones, octaves left out: seconds, sevenths and the tritone
FOURTH = 5  # semitones; a wider step of a melody is a leap
LONGEST_PERIOD = 4  # bars of a loop


# --- Pitch ---------------------------------------------------------------------------------------


def pitches(song: Song) -> float:
    """Count the different pitches."""
    return len(np.unique(song.notes["pitch"]))


def classes(song: Song) -> float:
    """Count the different pitches, octaves aside: 1 to 12."""
    return len(np.unique(song.notes["pitch"] % 12))


def range_(song: Song) -> float:
    """Measure the semitones from the lowest to the highest note."""
    return float(np.ptp(song.notes["pitch"])) if len(song.notes) else 0.0


def entropy(song: Song) -> float:
    """Say how evenly the sounding time is spread over the pitch classes: 0 to log2(12) bits."""
    share = _class_time(song) / max(1, _class_time(song).sum())
    share = share[share > 0]
    return float(-(share * np.log2(share)).sum()) + 0.0


def in_key(song: Song) -> float:
    """Give the share of sounding time within the one major scale that fits best."""
    time = _class_time(song)
    return float(time[_scale(song)].sum() / max(1, time.sum()))


def stray(song: Song) -> float:
    """Give the share of notes out of key that no melody explains.

    Such a note has no other within two semitones of it that sounds in the beat before its onset
    or begins in the beat after its end: it is neither a passing note nor a neighbour.
    """
    notes, beat = song.notes, song.steps_per_beat
    start, end, pitch = notes["onset"], notes["onset"] + notes["duration"], notes["pitch"]
    outside = np.flatnonzero(~np.isin(pitch % 12, _scale(song)))
    alone = 0
    for i in outside:
        close = (np.abs(pitch - pitch[i]) <= 2) & (pitch != pitch[i])
        before = (start < start[i]) & (end > start[i] - beat)
        after = (start >= end[i]) & (start < end[i] + beat)
        alone += not (close & (before | after)).any()
    return alone / max(1, len(notes))


def leaps(song: Song) -> float:
    """Give the share of steps wider than a fourth in the top line.

    The top line is the highest note of each onset; a note repeated is no step.
    """
    last_of_onset = np.diff(song.notes["onset"], append=np.inf) != 0  # sorted by pitch, too
    moves = np.diff(song.notes["pitch"][last_of_onset])
    return _share(np.abs(moves[moves != 0]) > FOURTH)


# --- Together ------------------------------------------------------------------------------------


def polyphony(song: Song) -> float:
    """Count the pitches that sound at a time, in the mean over the steps where any does."""
    sounding = song.roll.sum(axis=1)
    return float(sounding.sum() / max(1, np.count_nonzero(sounding)))


def dissonance(song: Song) -> float:
    """Give the share of simultaneous pairs of notes a second, a seventh or a tritone apart."""
    roll = song.roll
    found, pairs = 0, 0
    for interval in range(1, 128):
        together = int((roll[:, interval:] & roll[:, :-interval]).sum())
        pairs += together
        found += together * (interval % 12 in DISSONANT)
    return found / max(1, pairs)


# --- Rhythm --------------------------------------------------------------------------------------


def density(song: Song) -> float:
    """Count the times at which something begins, per beat."""
    return len(np.unique(song.notes["onset"])) * song.steps_per_beat / max(1, song.length)


def on_beat(song: Song) -> float:
    """Give the share of notes that begin on a beat."""
    return _share(song.notes["onset"] % song.steps_per_beat == 0)


def groove(song: Song) -> float:
    """Say how alike the rhythm of each bar is to the next one's: 1 if all begin at the same steps.

    The share of a bar's steps at which both begin something or both do not.
    """
    bars = _bars(song.onsets.any(axis=1), song)
    return _share(bars[1:] == bars[:-1]) if bars.any() else 0.0


def empty_bars(song: Song) -> float:
    """Give the share of bars in which nothing sounds."""
    sounding = _bars(song.roll.any(axis=1), song).any(axis=1)
    return _share(~sounding) if sounding.any() else 0.0


# --- Form ----------------------------------------------------------------------------------------


def bars_repeated(song: Song) -> float:
    """Give the share of sounding bars that are, note for note, like one before."""
    bars = _bars(_states(song), song)
    bars = bars[(bars != 0).any(axis=1)]
    return 1 - len(np.unique(bars, axis=0)) / len(bars) if len(bars) else 0.0


def longest_loop(song: Song) -> float:
    """Measure, in beats, the longest passage that repeats what stood right before it.

    The repeated unit is between a beat and four bars long; what is counted is how long the music
    goes on repeating it.
    """
    states, beat = _states(song), song.steps_per_beat
    longest = 0
    for period in range(beat, min(LONGEST_PERIOD * BEATS_PER_BAR * beat, len(states) // 2) + 1):
        same = (states[period:] == states[:-period]) & (states[period:] != 0)
        edges = np.flatnonzero(np.diff(np.pad(same.astype(np.int8), 1)))
        runs = edges[1::2] - edges[::2]
        runs = runs[runs >= period]  # the unit as a whole
        longest = max(longest, int(runs.max(initial=0)))
    return longest / beat


def commonest(song: Song) -> float:
    """Give the share of sounding time that the commonest note or chord takes: 1 is a collapse."""
    sounding = song.roll[song.roll.any(axis=1)]
    if not len(sounding):
        return 0.0
    _, counts = np.unique(np.packbits(sounding, axis=1), axis=0, return_counts=True)
    return float(counts.max() / len(sounding))


# --- All of them ---------------------------------------------------------------------------------


PITCH = (pitches, classes, range_, entropy, in_key, stray, leaps)
TOGETHER = (polyphony, dissonance)
RHYTHM = (density, on_beat, groove, empty_bars)
FORM = (bars_repeated, longest_loop, commonest)
BY_SECTION = PITCH + TOGETHER + RHYTHM + FORM
MEASURES = {f.__name__.strip("_").replace("_", " "): f for f in BY_SECTION}


def measure(songs: Sequence[Song]):
    """Measure songs.

    Parameters
    ----------
    songs : sequence of Song

    Returns
    -------
    DataFrame
        A row a song: title, source, and a column for each of `MEASURES`.
    """
    rows = [
        (song.title, song.source, *(float(one(song)) for one in MEASURES.values()))
        for song in songs
    ]
    return pd.DataFrame(rows, columns=["title", "source", *MEASURES])


def as_tokens(song: Song, ticks_per_beat: int = 2) -> Song:
    """Tell a song as the LSTM would: an eighth at a time, chords in the middle, rests left out.

    Notes
    -----
    Report 2.1 and 4.4.1.
    """
    said = tokens.tokenize(song, ticks_per_beat)
    return tokens.to_song(
        said, ticks_per_beat, tempo_qpm=song.tempo_qpm, title=song.title, source=song.source
    )


# --- Inside --------------------------------------------------------------------------------------


def _share(true: np.ndarray) -> float:
    return float(true.mean()) if true.size else 0.0


def _class_time(song: Song) -> np.ndarray:
    """Sum the steps that each pitch class sounds, shape (12,)."""
    notes = song.notes
    return np.bincount(notes["pitch"] % 12, weights=notes["duration"], minlength=12)


def _scale(song: Song) -> np.ndarray:
    """Find the major scale with most of the sounding time: its seven pitch classes."""
    scales = (np.arange(12)[:, None] + MAJOR) % 12
    return scales[_class_time(song)[scales].sum(axis=1).argmax()]


def _states(song: Song) -> np.ndarray:
    """Give a number to what sounds and begins at each step: 0 is silence."""
    happens = np.packbits(np.concatenate([song.roll, song.onsets], axis=1), axis=1)
    _, numbers = np.unique(happens, axis=0, return_inverse=True)
    return (numbers.ravel() + 1) * song.roll.any(axis=1)


def _bars(steps: np.ndarray, song: Song) -> np.ndarray:
    """Cut steps into bars, (bar, step), the last one filled up with nothing."""
    size = BEATS_PER_BAR * song.steps_per_beat
    return np.pad(steps, (0, -len(steps) % size)).reshape(-1, size)
