"""Raw answers: counts, and the mixed model."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from musegen import survey

NAN = np.nan
EFFECTS = {"Training data": 0.0, "LSTM small dataset": 0.2, "AE large dataset": 1.5}


@pytest.fixture(scope="module")
def answers():
    return survey.simulate_survey(np.random.default_rng(2021), 29, 2, EFFECTS)


def test_sources_of_the_report_keep_its_order(answers):
    mixed = answers.astype({"source": str}).sample(frac=1, random_state=0)
    assert list(survey.wide(survey.counts_of(mixed)).index) == list(EFFECTS)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda a: a.drop(columns="song"), "no column song; answers need a row a listener"),
        (lambda a: a.assign(grade=NAN), "no grade in these answers"),
        (lambda a: a.assign(grade=2.5), "grade 2.5; grades are 1, 2, 3, 4 and 5"),
        (lambda a: pd.concat([a, a]), "listener 01 graded 'Training data, song 1' twice"),
    ],
)
@pytest.mark.parametrize("analysis", [survey.counts_of, survey.mixed_model])
def test_unreadable_answers_end_with_a_sentence(answers, analysis, change, message):
    with pytest.raises(ValueError, match=message):
        analysis(change(answers))


@pytest.mark.parametrize(
    "few",
    [
        lambda a: a[a["listener"] == "listener 01"],
        lambda a: a[a["source"] == "Training data"],
        lambda a: a[a["song"].str.endswith("1")],
        lambda a: a.assign(grade=3),
    ],
)
def test_too_few_answers_end_with_a_sentence(answers, few):
    with pytest.raises(ValueError, match="needs two listeners, two sources, one of them with two"):
        survey.mixed_model(few(answers))


def test_everyone_hears_everything_it_is_the_t_test_of_songs():
    """In a balanced survey REML's errors are those of the songs' means, pooled over sources."""
    raw = survey.simulate_survey(np.random.default_rng(4), 60, 5, {"a": 0.0, "b": 0.8})
    row = survey.mixed_model(raw).pairs.iloc[0]
    titles = raw.groupby(["source", "song"], observed=True)["grade"].mean()
    student = stats.ttest_ind(titles["b"], titles["a"])
    assert row["p"] == pytest.approx(student.pvalue, rel=1e-3)
    ends = student.confidence_interval()
    assert (row["low"], row["high"]) == pytest.approx(tuple(ends), abs=1e-3)


def test_missing_answers_and_other_columns_are_let_be(answers):
    holes = answers.sample(frac=0.7, random_state=1).assign(comment="nice")
    more = pd.concat([holes, holes.head(1).assign(song="never graded", grade=NAN)])
    found = survey.mixed_model(more)
    pd.testing.assert_frame_equal(found.pairs, survey.mixed_model(holes).pairs)
    assert found.pairs.notna().all(axis=None)
    assert found.variance.sum() == pytest.approx(1)
    last = found.pairs.set_index(["a", "b"]).loc[("Training data", "AE large dataset")]
    assert last["low"] < 1.5 < last["high"]
