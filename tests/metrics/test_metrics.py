"""Measures on examples that can be counted by hand."""

import numpy as np
import pytest

from musegen import metrics
from musegen.metrics import measures


@pytest.mark.parametrize(
    ("song", "expected"),
    [
        ([1, 2, 3, 4], (4, 0, 0)),
        ([9, 9, 3, 4, 9], (2, 2, 0)),
        ([7, 7, 7, 8], (2, 0, 1)),  # training holds only two 7 in a row
        ([5, 6], (2, 0, 1)),
        ([0, 0], (0, 0, -1)),
        ([4, 7], (1, 0, 0)),  # the border between two songs is not music
    ],
)
def test_copied_run(song, expected):
    training = [[1, 2, 3, 4], [7, 7, 5, 6]]
    found = metrics.copied_run(song, training)
    assert (found.length, found.start, found.song) == expected


def test_copied_run_is_what_comparing_everything_finds():
    rng = np.random.default_rng(0)
    training = [rng.integers(0, 4, 30) for _ in range(5)]
    song = rng.integers(0, 4, 40)
    longest = max(
        n
        for other in training
        for i in range(40)
        for j in range(30)
        for n in range(1, 31 - j)
        if i + n <= 40 and (song[i : i + n] == other[j : j + n]).all()
    )
    found = metrics.copied_run(song, training)
    assert found.length == longest
    run = song[found.start : found.start + longest].tolist()
    source = training[found.song].tolist()
    assert any(source[j : j + longest] == run for j in range(30))


def test_cells_count_both_kinds_of_error():
    true = np.array([1, 1, 1, 1, 0, 0, 0, 0]) > 0
    played = np.array([1, 1, 1, 0, 1, 0, 0, 0]) > 0
    assert metrics.cells(played, true) == metrics.Cells(recall=0.75, precision=0.75, wrong=0.25)
    assert metrics.cells(np.zeros(8, bool), true).recall == 0


# 0 1 0 1 0 2: pairs 01 10 01 10 02
RULES = metrics.Rules([np.array([0, 1, 0, 1, 0, 2])], vocabulary=3)


def test_most_frequent_and_bigram_by_hand():
    np.testing.assert_allclose(RULES.most_frequent(np.array([2]))[0], [3 / 6, 2 / 6, 1 / 6])
    # after 0 came 1 twice and 2 once: two kinds, so (n + 2 f) / (3 + 2)
    expected = [(0 + 2 * 3 / 6) / 5, (2 + 2 * 2 / 6) / 5, (1 + 2 * 1 / 6) / 5]
    np.testing.assert_allclose(RULES.bigram(np.array([0]))[0], expected)


def test_all_rules_give_probabilities():
    last = np.array([0, 1, 2])
    for rule in (RULES.most_frequent, RULES.repeat_last, RULES.bigram):
        np.testing.assert_allclose(rule(last).sum(axis=1), 1)


def test_repeat_last_knows_how_often_songs_repeat():
    rules = metrics.Rules([np.array([0, 0, 0, 1, 1])], vocabulary=2)  # 3 of 4 pairs repeat
    np.testing.assert_allclose(rules.repeat_last(np.array([0]))[0, 0], 0.75 + 0.25 * 3 / 5)


def test_unknown_targets_count_as_wrong_but_not_in_the_loss():
    p = np.array([[0.5, 0.25, 0.25], [0.2, 0.6, 0.2], [0.1, 0.1, 0.8]])
    judged = metrics.judge(p, np.array([0, 0, 2]), np.array([True, True, False]))
    assert judged.accuracy == pytest.approx(1 / 3)
    assert judged.unknown == pytest.approx(1 / 3)
    assert judged.loss == pytest.approx(-(np.log(0.5) + np.log(0.2)) / 2)


def run_by_search(song: str, lines: str, longer_than: int) -> tuple[int, int]:
    """Look for longer and longer parts, one by one."""
    length, start = longer_than, 0
    for i in range(len(song)):
        while i + length < len(song) and song[i : i + length + 1] in lines:
            length, start = length + 1, i
    return length, start


@pytest.mark.parametrize("kinds", [1, 2, 5])
def test_the_longest_run_is_what_a_search_finds(kinds):
    rng = np.random.default_rng(kinds)
    for _ in range(300):
        song, *lines = (
            "".join(map(chr, 200 + rng.integers(0, kinds, rng.integers(0, 30)))) for _ in range(5)
        )
        text, longer_than = "\n".join(lines), int(rng.integers(0, 4))
        expected = run_by_search(song, text, longer_than)
        assert measures.longest_run(song, text, longer_than) == expected


def test_every_integer_of_a_song_has_a_character():
    places = [55_296 - 32, 57_343 - 32, 1_000_000]  # the first two are no characters by themselves
    assert metrics.copied_run(places, [places]).length == 3
