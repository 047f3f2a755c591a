"""How well the next token is predicted, on examples counted by hand."""

import numpy as np
import pytest

from musegen.metrics import prediction

# 0 1 0 1 0 2: pairs 01 10 01 10 02
BASELINES = prediction.Baselines([np.array([0, 1, 0, 1, 0, 2])], vocabulary=3)


def test_baselines_by_hand():
    np.testing.assert_allclose(BASELINES.most_frequent(np.array([2]))[0], [3 / 6, 2 / 6, 1 / 6])
    # after 0 came 1 twice and 2 once: two kinds, so (n + 2 f) / (3 + 2)
    expected = [(0 + 2 * 3 / 6) / 5, (2 + 2 * 2 / 6) / 5, (1 + 2 * 1 / 6) / 5]
    np.testing.assert_allclose(BASELINES.bigram(np.array([0]))[0], expected)
    repeats = prediction.Baselines([np.array([0, 0, 0, 1, 1])], vocabulary=2)  # 3 of 4 pairs
    np.testing.assert_allclose(repeats.repeat_last(np.array([0]))[0, 0], 0.75 + 0.25 * 3 / 5)


def test_unknown_targets_count_as_wrong_but_not_in_the_loss():
    p = np.array([[0.5, 0.25, 0.25], [0.2, 0.6, 0.2], [0.1, 0.1, 0.8]])
    judged = prediction.judge(p, np.array([0, 0, 2]), np.array([True, True, False]))
    assert (judged.accuracy, judged.unknown) == (pytest.approx(1 / 3), pytest.approx(1 / 3))
    assert judged.loss == pytest.approx(-(np.log(0.5) + np.log(0.2)) / 2)
