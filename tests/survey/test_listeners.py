"""Raw answers: counts, models, agreement; every row has numbers or a reason."""

import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from musegen import survey
from musegen.survey.listeners import COLUMNS, krippendorff

NAN = np.nan
EFFECTS = {"Training data": 0.0, "LSTM small dataset": 0.2, "AE large dataset": 1.5}


def rng(seed=2021):
    return np.random.default_rng(seed)


def bootstrap(answers):
    return survey.cluster_bootstrap(answers, rng(), times=500)


@pytest.fixture(scope="module")
def answers():
    return survey.simulate_survey(rng(), 29, 2, EFFECTS)


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
def test_unreadable_answers_end_with_a_sentence(answers, change, message):
    for analysis in (survey.counts_of, survey.model, survey.random_effects, survey.agreement):
        with pytest.raises(ValueError, match=message):
            analysis(change(answers))


def test_model_and_bootstrap_agree(answers):
    """Two roads to one interval: a model with sandwich errors, and listeners drawn anew."""
    model = survey.model(answers).set_index("source")
    drawn = survey.cluster_bootstrap(answers, rng()).set_index("source")
    raw = answers.groupby("source", observed=True)["grade"].mean()
    assert np.allclose(drawn["difference"], raw.iloc[1:] - raw.iloc[0])
    assert np.allclose(model["difference"], drawn["difference"], atol=0.05)  # odds proportional
    width = (model["difference_high"] - model["difference_low"]) / (drawn["high"] - drawn["low"])
    assert width.between(0.9, 1.3).all()  # Student's t and Mancl's errors are a little wider
    songs = survey.model(answers, songs=True).set_index("source")
    assert (songs["high"] / songs["low"] > model["high"] / model["low"]).all()
    pd.testing.assert_series_equal(songs["odds_ratio"], model["odds_ratio"])


def test_missing_answers_are_left_out():
    holes = survey.simulate_survey(rng(), 40, 3, EFFECTS, missing=0.3)
    more = pd.concat([holes, holes.head(1).assign(song="never graded", grade=NAN)])
    for frame in (survey.model(more), survey.random_effects(more), bootstrap(more)):
        assert (frame["reason"] == "").all()
        assert frame.notna().all(axis=None)
    pd.testing.assert_frame_equal(survey.random_effects(more), survey.random_effects(holes))


@pytest.mark.parametrize(
    ("grade", "reason"), [(NAN, "nobody graded it"), (5, "every grade is 5: no finite odds ratio")]
)
def test_a_source_without_odds_has_a_reason(answers, grade, reason):
    changed = answers["grade"].where(answers["source"] != "AE large dataset", grade)
    found = survey.model(answers.assign(grade=changed)).set_index("source")
    assert found.loc["AE large dataset", "reason"] == reason
    assert np.isnan(found.loc["AE large dataset", "odds_ratio"])
    assert found.loc["LSTM small dataset", "reason"] == ""


def test_grades_that_do_not_overlap_have_a_reason(answers):
    low, odd = answers["source"] == "Training data", np.arange(len(answers)) % 3 == 0
    apart = answers.assign(grade=np.where(low, 1, 4) + odd)
    assert survey.model(apart)["reason"].str.startswith("no estimate: too few answers").all()


def test_one_song_a_source_says_nothing_of_other_songs(answers):
    one = answers[answers["song"].str.endswith("1")]
    for frame in (survey.model(one, songs=True), survey.random_effects(one)):
        assert frame["reason"].str.startswith("one song").all()
        assert frame["low"].isna().all()
    assert (survey.model(one)["reason"] == "").all()


def test_one_listener_ends_with_a_sentence(answers):
    alone = answers[answers["listener"] == "listener 01"]
    for analysis in (survey.model, survey.random_effects, bootstrap):
        with pytest.raises(ValueError, match="one listener alone.*two at the very least"):
            analysis(alone)
    assert np.isnan(survey.agreement(alone))


def test_constant_grades_end_with_a_sentence_or_a_reason(answers):
    same = answers.assign(grade=3)
    with pytest.raises(ValueError, match="every grade is 3: there is nothing to model"):
        survey.model(same)
    assert bootstrap(same)["reason"].eq("every listener shows the same difference").all()
    assert survey.random_effects(same)["p"].isna().all()
    assert np.isnan(survey.agreement(same))


def test_odd_answers_give_no_traceback_and_no_warning():
    """Small, ragged, lopsided surveys: every row has numbers or a reason, never both or neither."""
    draw = rng(5)
    for _ in range(6):
        rows = [
            (f"l{person}", f"s{source}{song}", f"S{source}", draw.choice([1, 2, 5, NAN]))
            for person in range(draw.integers(2, 6))
            for source in range(draw.integers(2, 4))
            for song in range(draw.integers(1, 4))
        ]
        raw = pd.DataFrame(rows, columns=COLUMNS)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            try:
                frames = [survey.model(raw), survey.model(raw, songs=True)]
                frames.append(survey.random_effects(raw))
            except ValueError as reason:
                assert "listener" in str(reason) or "grade" in str(reason)  # noqa: PT017
                continue
            for frame, number in [*((frame, "p") for frame in frames), (bootstrap(raw), "low")]:
                assert (frame[number].isna() == (frame["reason"] != "")).all()


def test_crossed_is_min_f():
    """F' = F1 F2 / (F1 + F2), from the two t tests as scipy has them."""
    raw = survey.simulate_survey(rng(3), 12, 3, {"a": 0.0, "b": 0.8})
    grades = raw.pivot_table("grade", "listener", ["source", "song"], observed=True)
    f1 = stats.ttest_rel(grades["b"].mean(axis=1), grades["a"].mean(axis=1)).statistic ** 2
    f2 = stats.ttest_ind(grades["b"].mean(), grades["a"].mean(), equal_var=False).statistic ** 2
    row = survey.random_effects(raw).iloc[0]
    assert (row["difference"] / row["error"]) ** 2 == pytest.approx(f1 * f2 / (f1 + f2))
    assert row["low"] < row["difference"] < row["high"]


def test_alpha_of_krippendorffs_own_example():
    """Four observers, twelve units, missing data: 0.815 in Krippendorff 2011, section E."""
    ratings = [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, NAN, NAN, NAN],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NAN, 3],
        [NAN, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NAN],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NAN],
    ]
    assert krippendorff(ratings) == pytest.approx(0.815, abs=5e-4)
