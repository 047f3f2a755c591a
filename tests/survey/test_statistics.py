"""Rank tests, intervals, equivalence: by hand, and against scipy."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from musegen import survey
from musegen.survey.recover import long
from musegen.survey.statistics import arranged, graded, holm, probability_of_superiority


@pytest.fixture(scope="module")
def counts():
    return survey.recovered()


def rng():
    return np.random.default_rng(2021)


def two(a, b):
    """Make the counts of two sources, a and b."""
    return long(pd.DataFrame([("a", *a), ("b", *b)], columns=["source", 1, 2, 3, 4, 5]))


def test_holm_by_hand():
    # Sorted 0.005, 0.01, 0.03, 0.04 times 4, 3, 2, 1: 0.02, 0.03, 0.06, 0.04 -> never falling.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert len(holm([])) == 0


def test_superiority_is_the_rank_tests():
    # a: 1, 3; b: 3, 5. Higher: (1,3) (1,5) (3,5); level: (3,3). (3 + 1/2) / 4.
    a, b = [1, 0, 1, 0, 0], [0, 0, 1, 0, 1]
    both = probability_of_superiority(a, b), probability_of_superiority(b, a)
    assert both == pytest.approx((0.875, 0.125))
    assert stats.mannwhitneyu(graded(b), graded(a)).statistic / 4 == 0.875
    assert survey.rank_test(a, a) == 1


def test_comparisons_find_one_source_apart(counts):
    found = survey.comparisons(counts, rng())
    assert len(found) == 10
    assert found.loc[found["holm"] < 0.05, "b"].tolist() == ["AE large dataset"] * 4
    assert found["superiority"].between(found["low"], found["high"]).all()


def test_intervals_hold_their_value_and_repeat(counts):
    found = survey.intervals(counts, rng())
    assert ((found["low"] < found["value"]) & (found["value"] < found["high"])).all()
    pd.testing.assert_frame_equal(found, survey.intervals(counts, rng()))
    # Wilson's, from its formula, for the 9 natural answers of 58.
    k, n, z = 9, 58, 1.959964
    middle, half = k / n + z**2 / (2 * n), z * (k / n * (1 - k / n) / n + z**2 / (4 * n**2)) ** 0.5
    row = found.set_index(["source", "measure"]).loc[("AE large dataset", "natural, all answers")]
    expected = [100 * (middle + s * half) / (1 + z**2 / n) for s in (-1, 1)]
    assert [row["low"], row["high"]] == pytest.approx(expected, abs=1e-3)


def test_pairing_frames_independence(counts):
    found = survey.pairing(counts).set_index(["a", "b", "arrangement"])
    width = (found["high"] - found["low"]).groupby(level="arrangement")
    assert width.max()["alike"] < width.min()["independent"]
    assert width.max()["independent"] < width.min()["opposite"]
    assert list(arranged([2, 0, 1, 0, 0], [1, 1, 1, 1, 0])) == ["independent"]  # 3 and 4 answers


def test_two_one_sided_tests_are_welchs(counts):
    a, b = (graded(histogram) for _, histogram in survey.wide(counts).iloc[:2].iterrows())
    worse = stats.ttest_ind(b - 0.5, a, equal_var=False, alternative="less").pvalue
    better = stats.ttest_ind(b + 0.5, a, equal_var=False, alternative="greater").pvalue
    row = survey.equivalence(counts, 0.5).set_index("arrangement").loc["independent"].iloc[0]
    assert (row["p_worse"], row["p_better"]) == pytest.approx((worse, better))


def test_verdicts_turn_at_the_smallest_margin(counts):
    for row in survey.smallest_margins(counts).iloc[:3].itertuples():
        for step, expected in ((-1e-6, False), (1e-6, True)):
            tested = survey.equivalence(counts, row.equivalent + step)
            verdicts = tested.set_index(["source", "arrangement"])["verdict"]
            assert (verdicts[row.source, row.arrangement] == "equivalent") is expected


@pytest.mark.parametrize(
    ("first", "second", "verdict"),
    [
        ([5, 5, 5, 5, 20], [20, 5, 5, 5, 5], "not worse"),
        ([20, 5, 5, 5, 5], [5, 5, 5, 5, 20], "worse"),
        ([0, 0, 4, 0, 0], [0, 0, 4, 0, 0], "not shown"),  # no spread: nothing is known of chance
    ],
)
def test_verdicts_of_two_sources(first, second, verdict):
    row = survey.equivalence(two(first, second)).set_index("arrangement").loc["independent"]
    assert row["verdict"] == verdict


@pytest.mark.parametrize("margin", [0, -1, np.nan])
def test_margin_has_to_be_above_zero(counts, margin):
    with pytest.raises(ValueError, match="margin is .* above 0, in grades"):
        survey.equivalence(counts, margin)


def test_other_songs_is_welchs_test_if_songs_are_alike(counts):
    first, last = (graded(survey.wide(counts).iloc[i]) for i in (0, -1))
    row = survey.other_songs(counts, 0).iloc[-1]
    assert row["p"] == pytest.approx(stats.ttest_ind(first, last, equal_var=False).pvalue)
    wide = survey.other_songs(counts, 0.8).iloc[-1]  # two songs 0.8 apart: variance of mean 0.16
    assert wide["error"] ** 2 == pytest.approx(row["error"] ** 2 + 0.32)
    assert wide["freedom"] < 4


def test_conclusions_are_judged_from_the_numbers(counts):
    verdicts = survey.conclusions(counts, rng()).set_index("claim")["verdict"]
    assert verdicts["AE large a lot worse"] == "stands"
    assert verdicts["27 responses to LSTM small dataset had a score of 2"] == "contradicted"
