"""What a teacher of harmony would mark in a song of four voices, counted.

`VOICE_LEADING` lists the measures, functions of `frames`; `voice_leading_table` takes songs.
None of them depends on the key, but for `final_tonic`; none on the length of a song, but for how
often chance makes a rare thing not occur. Where there is nothing to count, a measure is NaN.

Conventions
-----------
pair
    Two of the four voices; there are six. The interval of two that cross is that of the notes.
moving
    From one frame to the next a voice goes to another pitch; a rest moves nowhere. A pair moves if
    both voices do at once, the same way or not: a fifth that becomes a twelfth counts as parallel,
    too; fifths on two beats with a passing note between them do not.
dominant
    A major triad or a dominant seventh in root position, whose bass then falls a fifth or rises a
    fourth to a triad in root position, in whatever key. Its third is the leading note.

Notes
-----
The rules are those of any course of four-part writing; what Bach himself does is what the corpus
says. Notebook: 06_beyond_the_report, "Critics".
"""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from musegen.four_voices import BEAT, LOWEST, REST, Table, table, to_song
from musegen.metrics.music import DISSONANT, FOURTH
from musegen.preprocess import estimate_key
from musegen.song import Song

RANGES = np.array([(57, 81), (53, 74), (48, 69), (36, 64)])  # lowest, highest of 256 training songs
UPPER, LOWER = np.array(list(combinations(range(4), 2))).T  # the six pairs
STEP, OCTAVE = 2, 12  # semitones; a whole tone is the widest step
FALLING_FIFTH = (-7, 5)  # the bass from dominant to tonic
THIRD_DOWN = np.array([99, -4, -4, 99])  # no way for the outer voices
SEVENTHS = ((0, 4, 7, 10), (0, 4, 7, 11), (0, 3, 7, 10), (0, 3, 6, 10), (0, 3, 6, 9))
CHORDS = [{(note - bass) % 12 for note in chord} for chord in SEVENTHS for bass in chord]


def frames(song: Song) -> Table:
    """Write a song as a table of four voices on sixteenths.

    Raises
    ------
    ValueError
        If a note belongs to none of the four voices.
    """
    if not np.isin(song.notes["voice"], range(4)).all():
        title = song.title or "song"
        raise ValueError(f"{title}: each note needs a voice, 0 (soprano) to 3 (bass), in as_notes")
    return table(song.resample(BEAT), 4)


# --- Two voices ----------------------------------------------------------------------------------


def parallel_fifths(song: Table) -> float:
    """Count, in a thousand pairs that move, those a fifth (twelfth ...) apart before and after."""
    return 1000 * _share((intervals(song) == 7).all(axis=0))


def parallel_octaves(song: Table) -> float:
    """Count, in a thousand pairs that move, those an octave or unison apart before and after."""
    return 1000 * _share((intervals(song) == 0).all(axis=0))


def hidden(song: Table) -> float:
    """Count hidden fifths and octaves, in a thousand moves of both soprano and bass.

    Both go the same way to a fifth or an octave that they did not have, and the soprano leaps.
    """
    before, after, moved = moves(song)
    soprano, bass = (after - before)[:, [0, 3]].T
    old, new = (above_bass(pitch)[:, 0] for pitch in (before, after))
    found = (soprano * bass > 0) & (np.abs(soprano) > STEP) & np.isin(new, (0, 7)) & (old != new)
    return 1000 * _share(found[moved[:, 0] & moved[:, 3]])


def wide_spacing(song: Table) -> float:
    """Give the share of frames where soprano and alto, or alto and tenor, are beyond an octave."""
    return _share((np.diff(_full(song.pitch)[:, :3], axis=1) < -OCTAVE).any(axis=1))


def crossing(song: Table) -> float:
    """Give the share of frames where a voice is above the next higher one."""
    return _share((np.diff(_full(song.pitch), axis=1) > 0).any(axis=1))


# --- One voice -----------------------------------------------------------------------------------


def out_of_range(song: Table) -> float:
    """Give the share of notes outside what the voice sings in Bach's training songs, `RANGES`."""
    pitch = song.pitch + LOWEST - 1
    return _share(((pitch < RANGES[:, 0]) | (pitch > RANGES[:, 1]))[song.struck])


def leaps(song: Table) -> float:
    """Give the share of moves wider than a fourth in soprano, alto and tenor."""
    lines = [melody(line) for line in song.pitch[:, :3].T]
    return _share(np.abs(np.concatenate(lines)) > FOURTH)


def recovered(song: Table) -> float:
    """Give the share of those leaps, not a voice's last move, after which it steps back."""
    lines = [melody(line) for line in song.pitch[:, :3].T]
    leap, after = (np.concatenate([line[i:][: len(line) - 1] for line in lines]) for i in (0, 1))
    return _share(((leap * after < 0) & (np.abs(after) <= STEP))[np.abs(leap) > FOURTH])


# --- Harmony -------------------------------------------------------------------------------------


def chords(song: Table) -> float:
    """Give the share of beats whose four notes are some of one triad or seventh chord's."""
    beats = above_bass(_full(song.pitch[::BEAT])).tolist()
    return _share(np.array([any(set(beat) <= chord for chord in CHORDS) for beat in beats], bool))


def doubled_root(song: Table) -> float:
    """Give the share of complete root-position triads on beats that double their root."""
    above = above_bass(_full(song.pitch[::BEAT]))
    complete = [set(chord) in ({0, 3, 7}, {0, 4, 7}) for chord in above.tolist()]
    return _share(((above == 0).sum(axis=1) > 1)[complete])


def leading_note(song: Table) -> float:
    """Give the share of leading notes, see *dominant*, that go where they must.

    They rise a semitone; alto and tenor may fall a third to the fifth of the chord, as Bach's do.
    """
    third, move = _dominants(song)
    return _share(((move == 1) | (move == THIRD_DOWN))[third])


def doubled_leading_note(song: Table) -> float:
    """Give the share of dominants in which two voices have the leading note."""
    return _share(_dominants(song)[0].sum(axis=1) > 1)


def suspensions(song: Table) -> float:
    """Count suspensions in a hundred beats.

    An upper voice holds its note over the beat on which another strikes, a second, fourth, tritone
    or seventh above the bass, octaves left out; its next note is a step lower. A seventh that was
    prepared is one, too.
    """
    pitch, struck = song.pitch[BEAT::BEAT], song.struck[BEAT::BEAT]
    held = np.isin(above_bass(pitch), (FOURTH, *DISSONANT)) & ~struck & struck.any(axis=1)[:, None]
    lines = [song.pitch[BEAT * (beat + 1) :, voice] for beat, voice in np.argwhere(held)]
    found = [-STEP <= move[0] < 0 for line in lines if len(move := melody(line))]
    return 100 * sum(found) / len(pitch) if len(pitch) else np.nan


# --- The end -------------------------------------------------------------------------------------


def final_triad(song: Table) -> float:
    """Say whether the song ends with a triad in root position, its fifth there or not: 1 or 0."""
    above = set(above_bass(song.pitch[song.pitch.any(axis=1)][-1:]).ravel().tolist()) - {-1}
    return float(above in ({0, 3}, {0, 4}, {0, 3, 7}, {0, 4, 7}))


def final_tonic(song: Table) -> float:
    """Say whether the bass ends with the tonic of the key that fits best: 1 or 0."""
    bass, tonic = song.pitch[:, 3], estimate_key(to_song(song)).tonic
    return float(((bass[bass != REST][-1:] + LOWEST - 1) % 12 == tonic).any())


def final_cadence(song: Table) -> float:
    """Say whether the bass falls a fifth, or rises a fourth, to its last pitch: 1 or 0."""
    return float(np.isin(melody(song.pitch[:, 3])[-1:], FALLING_FIFTH).any())


# --- All of them ---------------------------------------------------------------------------------


TWO_VOICES = (parallel_fifths, parallel_octaves, hidden, wide_spacing, crossing)
ONE_VOICE = (out_of_range, leaps, recovered)
HARMONY = (chords, doubled_root, leading_note, doubled_leading_note, suspensions)
END = (final_triad, final_tonic, final_cadence)
VOICE_LEADING = {f.__name__.replace("_", " "): f for f in TWO_VOICES + ONE_VOICE + HARMONY + END}


def marks(song: Song) -> list[float]:
    """Give the numbers of `VOICE_LEADING`."""
    voices = frames(song)
    return [one(voices) for one in VOICE_LEADING.values()]


def voice_leading_table(songs: Sequence[Song]):
    """Measure the voice leading and the cadences of songs of four voices.

    Parameters
    ----------
    songs : sequence of Song
        Their notes have voices, 0 (soprano) to 3 (bass).

    Returns
    -------
    DataFrame
        A row a song: title, source, and a column for each of `VOICE_LEADING`.

    Raises
    ------
    ValueError
        If a note belongs to none of the four voices.

    Notes
    -----
    Notebook: 06_beyond_the_report, "Critics".
    """
    rows = [(song.title, song.source, *marks(song)) for song in songs]
    return pd.DataFrame(rows, columns=["title", "source", *VOICE_LEADING])


# --- Inside --------------------------------------------------------------------------------------


def _share(true: np.ndarray) -> float:
    return float(true.mean()) if true.size else np.nan


def moves(song: Table) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give pitches before and after each frame, and which voices move: (frame - 1, 4) each."""
    before, after = song.pitch[:-1], song.pitch[1:]
    return before, after, (before != after) & (before != REST) & (after != REST)


def intervals(song: Table) -> np.ndarray:
    """Give the intervals, octaves left out, of each pair that moves: (before or after, pair)."""
    before, after, moved = moves(song)
    pairs = moved[:, UPPER] & moved[:, LOWER]
    return np.array([np.abs(p[:, UPPER] - p[:, LOWER])[pairs] % OCTAVE for p in (before, after)])


def _full(pitch: np.ndarray) -> np.ndarray:
    """Take the frames in which all four voices sound."""
    return pitch[(pitch != REST).all(axis=1)]


def above_bass(pitch: np.ndarray) -> np.ndarray:
    """Give semitones above the bass, octaves left out; -1 where the voice or the bass rests."""
    return np.where((pitch != REST) & (pitch[:, 3:] != REST), (pitch - pitch[:, 3:]) % 12, -1)


def melody(line: np.ndarray) -> np.ndarray:
    """Give the moves of a voice in semitones, across its rests."""
    moves = np.diff(line[line != REST])
    return moves[moves != 0]


def _dominants(song: Table) -> tuple[np.ndarray, np.ndarray]:
    """Find the leading notes of dominants, and how far all voices move: (dominant, 4) each."""
    before, after, _ = moves(song)
    chord, becomes, move = above_bass(before), above_bass(after), after - before
    found = np.isin(move[:, 3], FALLING_FIFTH) & (chord == 4).any(axis=1)
    found &= (np.isin(chord, (0, 4, 7, 10)) & np.isin(becomes, (0, 3, 4, 7))).all(axis=1)
    return chord[found] == 4, move[found]
