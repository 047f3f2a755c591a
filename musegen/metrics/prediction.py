"""How well baselines and networks predict the next token."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from musegen import four_voices, tokens
from musegen.corpus.jsb import Piece
from musegen.song import Song
from musegen.training import Run

MOST_WINDOWS = 4000  # ours: the chorales have half as many, LPD-5's test songs five times


class Baselines:
    """Predictors that only count tokens, for the networks to beat.

    Each gives a probability to every token, so that accuracy and loss mean the same for all.

    Parameters
    ----------
    training : sequence of int arrays
        The training songs as integers.
    vocabulary : int
        V.
    """

    def __init__(self, training: Sequence[np.ndarray], vocabulary: int):
        self.pairs = np.zeros((vocabulary, vocabulary))
        for song in training:
            np.add.at(self.pairs, (song[:-1], song[1:]), 1)
        counts = np.bincount(np.concatenate(training), minlength=vocabulary)
        self.frequency = counts / counts.sum()
        self.repeats = np.trace(self.pairs) / self.pairs.sum()

    def most_frequent(self, last: np.ndarray) -> np.ndarray:
        """Expect each token as often as it occurs; (token,) -> (token, V)."""
        return np.tile(self.frequency, (len(last), 1))

    def repeat_last(self, last: np.ndarray) -> np.ndarray:
        """Expect the last token again, as often as songs repeat one."""
        expected = (1 - self.repeats) * self.most_frequent(last)
        expected[np.arange(len(last)), last] += self.repeats
        return expected

    def bigram(self, last: np.ndarray) -> np.ndarray:
        """Expect what followed the last token in training (Witten and Bell's smoothing)."""
        followers = self.pairs[last]
        total = followers.sum(axis=1, keepdims=True)
        kinds = np.count_nonzero(followers, axis=1)[:, None].clip(1)
        return (followers + kinds * self.frequency) / (total + kinds)


class Prediction(NamedTuple):
    """How well the next token is predicted on test songs.

    Attributes
    ----------
    accuracy : float
        Share of *all* targets that got the highest probability; unknown ones count as wrong.
    loss : float
        Mean of -log(probability), in nats, over the known targets.
    unknown : float
        Share of targets outside the vocabulary.
    targets : int
    """

    accuracy: float
    loss: float
    unknown: float
    targets: int


def judge(probabilities: np.ndarray, targets: np.ndarray, known: np.ndarray) -> Prediction:
    """Judge predictions, shape (target, V), of tokens, shape (target,).

    Examples
    --------
    >>> p = np.array([[0.5, 0.5, 0], [0.1, 0.9, 0]])
    >>> judge(p, np.array([1, 1]), np.array([True, False])).unknown
    0.5
    """
    right = (probabilities.argmax(axis=1) == targets) & known
    p = probabilities[np.arange(len(targets)), targets][known]
    loss = float(-np.log(p.clip(1e-12)).mean())
    return Prediction(float(right.mean()), loss, float(1 - known.mean()), len(targets))


def baselines_table(run: Run):
    """Judge the baselines on the windows of the test songs.

    Parameters
    ----------
    run : Run
        Of an LSTM, trained or only planned: its songs are counted.

    Returns
    -------
    DataFrame
        A row a baseline, with the columns of `Prediction`.

    Notes
    -----
    Notebook: 03_lstm_training, "Baselines".
    """
    cut, known = test_windows(run)
    baselines = Baselines(run.tokens.encoded, len(run.vocabulary))
    named = {
        "most frequent token": baselines.most_frequent,
        "repeat the last token": baselines.repeat_last,
        "bigram": baselines.bigram,
    }
    last = cut.inputs[:, -1]
    rows = {name: judge(rule(last), cut.targets, known) for name, rule in named.items()}
    return pd.DataFrame(rows.values(), index=list(rows))


def networks_table(*runs: Run):
    """Judge networks on the windows of the test songs, which are the same for all runs.

    Returns
    -------
    DataFrame
        A row a run, with the columns of `Prediction`.

    Notes
    -----
    The test songs had no part in the choice of our own settings (initialisation, learning rate,
    epochs of the embedding), which were compared on others: see `musegen.corpus.Corpus`.
    Notebook: 03_lstm_training, "Who predicts best?".
    """
    rows = {}
    for run in runs:
        cut, known = test_windows(run)
        predicted = run.model.predict(cut.inputs, batch_size=512, verbose=0)
        rows[run.cfg.name] = judge(predicted, cut.targets, known)
    return pd.DataFrame(rows.values(), index=list(rows))


def test_windows(run: Run) -> tuple[tokens.Windows, np.ndarray]:
    """Windows of the test songs, some thousand, and whether the vocabulary knows each target."""
    songs, window = run.test_tokens, run.cfg.network.window
    cut = tokens.windows(songs.encoded, window)
    known = tokens.windows(songs.known, window).targets.astype(bool)
    some = slice(None, None, 1 + len(known) // MOST_WINDOWS)  # spread evenly over the songs
    return tokens.Windows(cut.inputs[some], cut.targets[some]), known[some]


def voices_log_p(run: Run, songs: Sequence[Song]) -> list[np.ndarray]:
    """Say how probable the network of four voices finds each pitch, after all before it.

    Nothing is asked of it: it knows no length, key or phrase.

    Parameters
    ----------
    run : Run
        Of `config.VoicesConfig`.
    songs : sequence of Song
        On sixteenths, with voices.

    Returns
    -------
    list of float arrays, shape (frame, voice)
        Logarithms of probabilities, in nats.

    Notes
    -----
    Notebook: 06_beyond_the_report, "A yardstick".
    """
    found = []
    for batch in run.data(songs).in_order():
        logits = run.model.predict_on_batch(batch.inputs)["pitch"].astype(np.float64)
        logits -= np.logaddexp.reduce(logits, axis=-1, keepdims=True)
        log_p = np.take_along_axis(logits, batch.targets["pitch"][..., None], axis=-1)[..., 0]
        lengths = batch.weights["pitch"][..., 0].sum(axis=1).astype(int)
        found += [one[:length] for one, length in zip(log_p, lengths, strict=True)]
    back = np.argsort(np.argsort([song.length for song in songs], kind="stable"), kind="stable")
    return [found[i] for i in back]


def nats_table(pieces: Sequence[Piece], log_p: Sequence[np.ndarray]) -> pd.DataFrame:
    """Say how well the pitches of the JSB chorales are predicted, as the literature states it.

    Every pitch of every voice in every sixteenth counts alike: soprano, alto, tenor and bass of a
    frame, then the next frame, each predicted from all before it. The mean is over all of them, not
    over pieces.

    Parameters
    ----------
    pieces : sequence of Piece
    log_p : sequence of float arrays, shape (time, 4)
        Logarithm of the probability of each pitch of theirs.

    Returns
    -------
    DataFrame
        Rows all, clean (their tunes are in no training piece) and twins; pieces, notes, and nats
        a note and a frame, the lower the better.

    Notes
    -----
    Notebook: 06_beyond_the_report, "A yardstick".
    """
    twins = np.array([piece.twin for piece in pieces])
    notes = np.array([one.size for one in log_p])
    nats = -np.array([one.sum() for one in log_p])
    rows = {}
    for name, part in (("all", twins | True), ("clean", ~twins), ("twins", twins)):
        a_note = nats[part].sum() / max(1, notes[part].sum())
        rows[name] = (int(part.sum()), int(notes[part].sum()), a_note, 4 * a_note)
    columns = ["pieces", "notes", "nats a note", "nats a frame"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)


def voice_bigram(training: Sequence[Piece], pieces: Sequence[Piece]) -> list[np.ndarray]:
    """Expect of each voice what followed its last pitch in training: the rule to beat.

    Returns
    -------
    list of float arrays, shape (time, 4)
        For `nats_table`; 0.983 nats a note on the public test pieces.
    """
    start = four_voices.PITCHES
    told, others = (
        [np.insert(four_voices.table(piece.song, 4).pitch, 0, start, axis=0) for piece in some]
        for some in (training, pieces)
    )
    log_p = [np.zeros((len(song) - 1, 4)) for song in others]
    for voice in range(4):
        rule = Baselines([song[:, voice] for song in told], start + 1)
        for song, one in zip(others, log_p, strict=True):
            line = song[:, voice]
            one[:, voice] = np.log(rule.bigram(line[:-1])[np.arange(len(one)), line[1:]])
    return log_p
