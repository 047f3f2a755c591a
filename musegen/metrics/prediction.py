"""How well baselines and networks predict the next token."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from musegen import tokens
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
    Notebook: 03_lstm_training, "Rules to beat".
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
