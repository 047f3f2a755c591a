"""Four critics, who are trained to tell a network's songs of four voices from Bach's.

A critic is two functions. One takes a song and gives what the critic sees of it, a row. The other
takes training rows, whether each is a machine's (bool array), rows to judge and a seed; it gives a
score for each row to judge, the higher the more like a machine's. `judge` asks each critic about
songs that it was not trained on.

What is matched by construction
-------------------------------
All songs are brought onto sixteenths and cut from the beat of the first note to the end of the last
(`heard`), so no critic sees tempo, title, source, fermatas, silence before or after, or on which
beat of a bar a song begins. The key can't be told either, only the range of each voice. Repeated
notes are seen: who does not strike them is told by that.

The listener of the network of four voices (`musegen.listener`) counts much of what `words` says, on
training songs: its songs are chosen to please such a critic. No other is made to be pleased.

No critic is given the length of a song, but what is counted in whole songs (how many pitches) grows
with it: 40 of Bach's training songs that are about 16 bars long are told from the others with an
AUC of 0.72 by measures, 0.65 by n-grams. So songs to be judged should be as long as his, such as
those that `four_voices.wish_of` his validation songs asks for.

Notes
-----
Notebook: 06_beyond_the_report, "Critics".
"""

import numpy as np
import pandas as pd

from musegen.backend import load_keras
from musegen.four_voices import BEAT, REST
from musegen.metrics import voice_leading as harmony
from musegen.metrics.music import MEASURES
from musegen.metrics.reference import BOOTSTRAP
from musegen.song import Song

FEWEST = 4  # songs of each kind
WINDOW, BATCH, STEPS, UNITS = 64, 32, 150, 48  # of the GRU; a window is that many onsets
SIZES = np.array([25] * 4 + [37] * 3 + [16, 17, BEAT])  # different tokens, see `events`


def heard(song: Song) -> Song:
    """Bring a song onto sixteenths, from the beat of its first note to the end of its last."""
    song = song.resample(BEAT)
    first = song.notes["onset"].min(initial=song.length)
    last = (song.notes["onset"] + song.notes["duration"]).max(initial=0)
    return song.cut(first - first % BEAT, last)


# --- What they see -------------------------------------------------------------------------------


def words(song: Song) -> str:
    """See words: chord, melody, interval and rhythm, each kind in the order of time.

    At each onset the chord (semitones above the bass); the moves of each voice; of each two voices
    the interval before and after they both move, octaves left out; of each beat how many notes its
    sixteenths strike.

    Examples
    --------
    >>> from musegen.song import as_notes
    >>> notes = as_notes([0, 0, 0, 0, 2, 2], 2, [67, 64, 60, 48, 62, 47], [0, 1, 2, 3, 0, 3])
    >>> words(Song(notes, 4, steps_per_beat=4))
    'c0.4.7 c0.3 S-5 B-1 7>3 r4020'
    """
    voices = harmony.frames(song)
    onsets = harmony.above_bass(voices.pitch[voices.struck.any(axis=1)]).tolist()
    said = ["c" + ".".join(map(str, sorted({*chord} - {-1}))) for chord in onsets]
    lines = zip("SATB", map(harmony.melody, voices.pitch.T), strict=True)
    said += [f"{name}{move}" for name, line in lines for move in line]
    said += [f"{one}>{other}" for one, other in zip(*harmony.intervals(voices), strict=True)]
    strikes = np.pad(voices.struck.sum(axis=1), (0, -len(voices.struck) % BEAT)).reshape(-1, BEAT)
    return " ".join([*said, *("r" + "".join(map(str, beat)) for beat in strikes)])


def events(song: Song) -> np.ndarray:
    """See tokens, ten at each onset, int array (onset, 10); each place has tokens of its own.

    How far each of the four voices has moved; how high the upper three are above the bass; which
    voices begin a note; how long nothing else begins; which sixteenth of the beat it is.
    """
    pitch, struck = harmony.frames(song)
    at = np.flatnonzero(struck.any(axis=1))
    wait, pitch = np.diff(at, append=len(pitch)), pitch[at]
    move = np.diff(pitch, axis=0, prepend=pitch[:1]) + 12
    above = np.where(pitch[:, 3:] != REST, pitch[:, :3] - pitch[:, 3:], 0)
    tokens = np.column_stack([move, above, struck[at] @ (8, 4, 2, 1), wait, at % BEAT])
    return tokens.clip(0, SIZES - 1) + np.cumsum(SIZES) - SIZES


# --- How they learn ------------------------------------------------------------------------------


def forest(rows, machine, judged, seed: int) -> np.ndarray:
    """Train a random forest on numbers."""
    from sklearn.ensemble import RandomForestClassifier

    trees = RandomForestClassifier(500, class_weight="balanced", random_state=seed)
    return trees.fit(rows, machine).predict_proba(judged)[:, 1]


def logistic(rows, machine, judged, seed: int) -> np.ndarray:
    """Train a logistic regression on how often one, two or three words follow each other."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    counts = TfidfVectorizer(token_pattern=r"\S+", ngram_range=(1, 3), min_df=2, sublinear_tf=True)
    line = LogisticRegression(C=30, class_weight="balanced", max_iter=1000, random_state=seed)
    return line.fit(counts.fit_transform(rows), machine).decision_function(counts.transform(judged))


def gru(rows, machine, judged, seed: int, steps: int = STEPS) -> np.ndarray:
    """Train a small GRU on windows of both kinds in turn; it gives its opinion at each onset."""
    keras, rng = load_keras(), np.random.default_rng(seed)
    keras.utils.set_random_seed(seed)
    kinds = np.flatnonzero(~machine), np.flatnonzero(machine)
    some = [rows[rng.choice(kinds[i % 2])] for i in range(steps * BATCH)]
    some = [np.roll(row, rng.integers(len(row)), axis=0) for row in some]
    x = np.stack([np.resize(row, (WINDOW, len(SIZES))) for row in some])
    y = np.broadcast_to(np.arange(len(x))[:, None, None] % 2, (len(x), WINDOW, 1))
    layers = keras.layers
    embedded = [layers.Embedding(int(SIZES.sum()), 16), layers.Reshape((-1, 16 * len(SIZES)))]
    reading = [layers.Dropout(0.3), layers.GRU(UNITS, return_sequences=True), layers.Dense(1)]
    network = keras.Sequential([*embedded, *reading])
    network.compile("adam", keras.losses.BinaryCrossentropy(from_logits=True))
    network.fit(x, y, batch_size=BATCH, shuffle=False, verbose=0)
    opinions = network.predict(keras.utils.pad_sequences(judged, padding="post"), verbose=0)
    return np.array([said[: len(row)].mean() for said, row in zip(opinions, judged, strict=True)])


# --- What they say -------------------------------------------------------------------------------


CRITICS = {
    "measures": (lambda song: [one(song) for one in MEASURES.values()], forest),
    "voice leading": (harmony.marks, forest),
    "n-grams": (words, logistic),
    "GRU": (events, gru),
}


def judge(generated, bach_training, bach_unseen, seeds: int = 3, critics=CRITICS):
    """Ask critics which songs are a machine's.

    A critic is trained on Bach's training songs and one half of the generated ones; it says of each
    song of the other half whether that is more like a machine's than each of Bach's unseen songs.
    Then the halves change places, so that each generated song is judged once. All that is done
    anew, with other halves, for each seed; what is said of two songs is averaged.

    To compare with: the same for Bach against Bach. As many of his training songs as there are
    generated ones (half of them at the most) take the place of the generated songs; the critic is
    trained on the rest.

    Parameters
    ----------
    generated : sequence of Song
        Whole songs, their notes with voices 0 (soprano) to 3 (bass).
    bach_training : sequence of Song
        What the network that generated the songs is trained on.
    bach_unseen : mapping of str to sequence of Song
        What neither that network nor anybody who designed it has looked at: kinds to be stated
        apart, such as songs whose tune the network knows, and others.
    seeds : int
        How often critics are trained, each time with a seed for halves, forests and GRU.
    critics : mapping of str to pair of functions

    Returns
    -------
    DataFrame
        A row a critic and kind of unseen songs: auc (how often it finds the machine's song of a
        pair of songs; 0.5 is chance), low and high (95 % interval over songs of both, bootstrap;
        the critics are not trained anew); the same of Bach against Bach: bach, bach low, bach high;
        songs, how many were judged, and unseen songs.

    Raises
    ------
    ValueError
        If there are fewer than four songs of a kind, a song has no note or a note no voice.

    Notes
    -----
    Near 0.5 the intervals are too narrow: both halves share what sets the songs apart by chance.
    Eight times other 64 of Bach's training songs against his 69 test songs, by forest and by
    n-grams: 0.41 to 0.56, mean 0.49, standard deviation 0.05 where the intervals say 0.04. The
    strongest of four is a little stronger than any of them, by chance alone.
    Notebook: 06_beyond_the_report, "Critics".
    """
    order = np.random.default_rng(0).permutation(len(bach_training))
    kinds = generated, [bach_training[i] for i in order], *bach_unseen.values()
    if min(map(len, kinds)) < FEWEST or not all(len(song.notes) for kind in kinds for song in kind):
        raise ValueError(f"critics need {FEWEST} songs of each kind at least, each with a note")
    table, n = {}, min(len(generated), len(order) // 2)
    for name, (sees, learns) in critics.items():
        ours, known, *unseen = ([sees(heard(song)) for song in kind] for kind in kinds)
        told = _found(learns, ours, known, unseen, seeds)
        bach = _found(learns, known[:n], known[n:], unseen, seeds)
        for kind, *found in zip(bach_unseen, told, bach, strict=True):
            table[name, kind] = *_auc(found[0]), *_auc(found[1]), *found[0].shape
    columns = ["auc", "low", "high", "bach", "bach low", "bach high", "songs", "unseen songs"]
    return pd.DataFrame(table, columns).T.rename_axis(["critic", "unseen"])


def _found(learns, machine: list, bach: list, unseen: list[list], seeds: int) -> list[np.ndarray]:
    """Say how often a machine's song is found beside one of Bach's: (machine, unseen) a kind."""
    kinds = np.cumsum([len(kind) for kind in unseen])
    found = np.zeros((len(machine), kinds[-1]))
    for seed in range(seeds):
        order = np.random.default_rng(seed).permutation(len(machine))
        for trained, judged in ((order[1::2], order[::2]), (order[::2], order[1::2])):
            rows = bach + [machine[i] for i in trained]
            asked = sum(unseen, [machine[i] for i in judged])
            scores = learns(rows, np.arange(len(rows)) >= len(bach), asked, seed)
            ours, theirs = scores[: len(judged), None], scores[len(judged) :]
            found[judged] += ((ours > theirs) + (ours == theirs) / 2) / seeds
    return np.split(found, kinds[:-1], axis=1)


def _auc(found: np.ndarray) -> tuple[float, float, float]:
    """Give the mean, and its 95 % interval over songs of both."""
    rng = np.random.default_rng(0)
    ours, theirs = (rng.multinomial(n, np.full(n, 1 / n), BOOTSTRAP) / n for n in found.shape)
    return found.mean(), *np.quantile(((ours @ found) * theirs).sum(axis=1), [0.025, 0.975])
