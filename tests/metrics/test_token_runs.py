"""Runs of tokens that stand in a training song, and the search for them."""

import numpy as np
import pytest

from musegen.metrics.token_runs import copied_run, longest_run, loop_at_end


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
    assert copied_run(song, training) == expected


@pytest.mark.parametrize(
    ("song", "expected"),
    [
        ([1, *[7] * 33], (1, 1)),
        ([*range(9), *[7] * 32], (0, 41)),  # the first 7 is no repetition
        ([9, *[1, 2, 3] * 12, 1], (3, 1)),  # it may end within the snippet
        ([*range(70)] * 2, (70, 0)),
        ([*range(70), *range(69)], (0, 139)),  # a snippet comes whole a second time
        ([], (0, 0)),
    ],
)
def test_loop_at_end(song, expected):
    assert loop_at_end(song) == expected


@pytest.mark.parametrize("kinds", [1, 2, 5])
def test_the_longest_run_is_what_a_search_finds(kinds):
    rng = np.random.default_rng(kinds)
    for _ in range(300):
        codes = (200 + rng.integers(0, kinds, rng.integers(0, 30)) for _ in range(5))
        song, *lines = ("".join(map(chr, some)) for some in codes)
        text = "\n".join(lines)
        parts = {song[i:j] for i in range(len(song)) for j in range(i + 1, len(song) + 1)}
        longest = max((len(part) for part in parts if part in text), default=0)
        length, start = longest_run(song, text)
        assert length == longest and song[start : start + length] in text


def test_every_integer_of_a_song_has_a_character():
    places = [55_296 - 32, 57_343 - 32, 1_000_000]  # the first two are no characters by themselves
    assert copied_run(places, [places]).length == 3
