"""Intervals and differences: by hand, and against scipy."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from musegen import survey
from musegen.survey.recover import long
from musegen.survey.statistics import arranged


@pytest.fixture(scope="module")
def counts():
    return survey.recovered()


def two(a, b):
    """Make the counts of two sources, a and b."""
    return long(pd.DataFrame([("a", *a), ("b", *b)], columns=["source", 1, 2, 3, 4, 5]))


def test_superiority_by_hand():
    # a: 1, 3; b: 3, 5. Higher: (1,3) (1,5) (3,5); level: (3,3). (3 + 1/2) / 4.
    row = survey.comparisons(two([1, 0, 1, 0, 0], [0, 0, 1, 0, 1])).iloc[0]
    assert (row["difference"], row["superiority"]) == (2, 0.875)


def test_comparisons_are_brunner_and_munzels(counts):
    found = survey.comparisons(counts)
    assert ((found["p"] < 0.05) == ((found["low"] > 0.5) | (found["high"] < 0.5))).all()
    a, b = (survey.graded(survey.wide(counts).iloc[i]) for i in (0, 2))
    assert found["p"].iloc[1] == pytest.approx(stats.brunnermunzel(a, b).pvalue)


def test_intervals_of_means_are_students(counts):
    found = survey.intervals(counts).set_index(["source", "measure"]).loc["AE large dataset"]
    grades = survey.graded(survey.wide(counts).loc["AE large dataset"])
    student = stats.ttest_1samp(grades, 0).confidence_interval()
    assert found.loc[survey.MEAN, ["low", "high"]].tolist() == pytest.approx(list(student))


def test_arrangements_by_hand():
    """Four answers, two people: alike 1 1 with 2 2 and 3 3 with 3 5; opposite 1 1 with 3 5."""
    found = arranged([1, 1, 3, 3], [2, 2, 3, 5], level=0.9)
    assert found["opposite"][0] == 1
    people = [np.mean([4, 2]), np.mean([-1, -1])]
    expected = stats.ttest_1samp(people, 0).confidence_interval(0.9)
    assert found["opposite"][1:] == pytest.approx(tuple(expected))
    people = [np.mean([0, 2]), np.mean([1, 1])]  # sorted 0, 1, 1, 2: the ends are one person's
    assert np.isnan(found["alike"][1])
    assert np.ptp(people) == 0


def test_grades_without_spread_say_nothing_of_chance():
    assert np.isnan(survey.differences(two([0, 0, 4, 0, 0], [0, 0, 4, 0, 0]))["low"]).all()
