"""Which songs share a tune: so that no network is tested on what it has trained on.

Bach set the same chorale again and again, and a collection of MIDI files holds many a song in
several arrangements. A tune is known by its phrases: twelve notes of the top line, told by the
intervals between them, so that key, tempo, rhythm and the other voices do not matter.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from musegen.song import Song

PHRASE = 12  # ours: notes; eight are shared by songs that have nothing to do with each other
FEWEST_STEPS = 3  # ours: different intervals of a phrase; fewer are scales and repeated notes
SHARED = 0.1  # ours: the share of phrases from which on two songs have one tune
MIX = np.random.default_rng(2021).integers(2**63, size=PHRASE - 1, dtype=np.uint64) | np.uint64(1)


def top_line(song: Song) -> np.ndarray:
    """Give the pitches of the notes that no other sounds above as they start, int (note,)."""
    notes = song.notes[np.lexsort([-song.notes["pitch"], song.notes["onset"]])]
    highest, last, line = -1, 0, []
    for onset, duration, pitch, _ in notes.tolist():
        if onset >= last or pitch > highest:
            highest, last = pitch, onset + duration
            line.append(pitch)
    return np.array(line, np.int64)


def phrases(song: Song) -> np.ndarray:
    """Give the distinct phrases of a song's top line, as uint64 hashes, sorted.

    Few songs, such as a held chord, have none: they share a tune with no other.

    Examples
    --------
    >>> from musegen.song import as_notes
    >>> pitches = np.array([60, 62, 64, 60, 67, 65, 64, 62, 60, 55, 59, 60, 64])
    >>> song = Song(as_notes(np.arange(13), 1, pitches), length=13, steps_per_beat=1)
    >>> len(phrases(song)), (phrases(song) == phrases(song.transpose(5))).all()
    (2, np.True_)
    """
    steps = np.diff(top_line(song))
    if len(steps) < len(MIX):
        return np.zeros(0, np.uint64)
    windows = np.lib.stride_tricks.sliding_window_view(steps, len(MIX))
    sizes = np.sort(windows, axis=1)
    different = (np.diff(sizes, axis=1) != 0).sum(axis=1) + 1 - (windows == 0).any(axis=1)
    return np.unique((windows[different >= FEWEST_STEPS].astype(np.uint64) * MIX).sum(axis=1))


def groups(songs: Sequence[np.ndarray]) -> list[int]:
    """Give each song, told by its phrases, the number of its tune.

    Two songs share a tune if a tenth of the phrases of the one that has fewer stand in the other;
    a song may stand between two that share nothing.
    """
    from scipy import sparse

    if not any(map(len, songs)):
        return list(range(len(songs)))
    counts = np.array([len(song) for song in songs])
    _, column = np.unique(np.concatenate(songs), return_inverse=True)
    row = np.repeat(np.arange(len(songs)), counts)
    shape = (len(songs), column.max() + 1)
    there = sparse.csr_array((np.ones(len(row), np.int32), (row, column)), shape=shape)
    both = sparse.triu(there @ there.T, 1).tocoo()
    related = both.data >= SHARED * np.minimum(counts[both.row], counts[both.col])
    pairs = (both.row[related], both.col[related])
    graph = sparse.csr_array((np.ones(related.sum()), pairs), shape=both.shape)
    return sparse.csgraph.connected_components(graph, directed=False)[1].tolist()


def with_tunes_of_their_own(names: Iterable[str], tune: Mapping[str, int], most: int) -> list[str]:
    """Pick songs such that none of the others shares a tune with them.

    The first ones that share a tune with no song at all; where those are too few, pairs and more.

    Examples
    --------
    >>> with_tunes_of_their_own("abcde", {"a": 1, "b": 2, "c": 1, "d": 3, "e": 4}, most=2)
    ['b', 'd']
    """
    together = {}
    for name in names:
        together.setdefault(tune[name], []).append(name)
    picked = []
    for group in sorted(together.values(), key=len):
        if len(picked) + len(group) <= most:
            picked += group
    return picked
