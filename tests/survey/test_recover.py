"""The tables and the grades behind them: counted by hand, and by an independent search."""

from fractions import Fraction
from itertools import product

import numpy as np
import pandas as pd
import pytest

from musegen import figures, survey
from musegen.survey.recover import VARIANCE

SOURCES = list(figures.SOURCES)
ROWS = [survey.MEAN, VARIANCE, survey.NATURAL]


def one_column(*texts):
    """Make a table of one source, as `printed(1)` would."""
    return pd.DataFrame({"Training data": texts}, index=ROWS)


def exact(histogram, variance, share):
    """Compute the three measures anew, in fractions and from single answers."""
    given = [g for g, times in enumerate(histogram, 1) for _ in range(times)]
    mean = Fraction(sum(given), len(given))
    asked = given if share == "all answers" else [g for g in given if g != 3]
    if len(given) == 1 or not asked:
        return None
    deviations = sum((g - mean) ** 2 for g in given) / (len(given) - (variance == "sample"))
    return mean, deviations, Fraction(100 * sum(g <= 2 for g in asked), len(asked))


def rounds_to(value, text):
    digits = text.removesuffix(" %")
    return abs(value - Fraction(digits)) <= Fraction(1, 2 * 10 ** len(digits.partition(".")[2]))


@pytest.mark.parametrize("histogram", [(3, 2, 1, 2, 1), (0, 4, 3, 0, 1)])
@pytest.mark.parametrize("variance", survey.VARIANCES)
@pytest.mark.parametrize("share", survey.SHARES)
def test_search_agrees_with_a_naive_one(histogram, variance, share):
    texts = [f"{float(v):.1f}" for v in exact(histogram, variance, share)]  # coarse: many solutions
    sizes = range(sum(histogram) - 1, sum(histogram) + 1)
    naive = set()
    for other in product(range(max(sizes) + 1), repeat=5):
        if sum(other) in sizes:
            for v, s in product(survey.VARIANCES, survey.SHARES):
                values = exact(other, v, s)
                if values and all(map(rounds_to, values, texts)):
                    naive.add((sum(other), v, s, *other))
    found = survey.solutions(one_column(*texts), answers=sizes).drop(columns="source")
    assert set(found.itertuples(index=False, name=None)) == naive
    assert len(naive) == len(found)
    assert (sum(histogram), variance, share, *histogram) in naive


def test_recovered_is_a_row_a_count_and_passes_the_naive_check():
    counts = survey.recovered()
    assert list(counts) == ["source", "grade", "count"]
    assert counts["source"].astype(str).tolist() == list(np.repeat(SOURCES, 5))
    assert counts["grade"].tolist() == [1, 2, 3, 4, 5] * 5
    for source, histogram in survey.wide(counts).iterrows():
        values = exact(histogram.tolist(), "sample", "without 3")
        assert all(map(rounds_to, values, survey.alike(survey.printed(1))[source]))


def test_a_table_that_leads_nowhere_ends_with_a_sentence():
    table = survey.printed(1)
    table.loc[VARIANCE, "AE small dataset"] = "2.14"
    with pytest.raises(ValueError, match="0 readings give every column.*survey_table_1"):
        survey.reading(survey.solutions(survey.alike(table)))


def test_a_tiny_histogram_splits_by_hand():
    # Grades 1, 1, 4, 5 into means 1.00 and 4.50: only 1, 1 and 4, 5.
    table = pd.DataFrame(
        {"Song 1": ["1.00", "100.00 %"], "Song 2": ["4.50", "0.00 %"]},
        index=[survey.MEAN, survey.NATURAL],
    )
    found = survey.splits([2, 0, 0, 1, 1], table)
    # One answer of grade 1 has the mean 1.00 too, but leaves 1, 4, 5 with the mean 3.33.
    assert found[survey.GRADES].to_numpy().tolist() == [[2, 0, 0, 0, 0], [0, 0, 0, 1, 1]]
    assert found["source"].tolist() == ["Song 1", "Song 2"]
