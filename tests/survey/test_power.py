"""Surveys that never were: grades as planted, tests that find what is there and nothing else."""

import numpy as np
import pandas as pd
import pytest

from musegen import survey
from musegen.survey.power import BASE, SONG


def rng(seed=2021):
    return np.random.default_rng(seed)


def test_simulated_grades_have_the_base_and_the_effect():
    assert tuple(survey.wide(survey.recovered()).loc["Training data"]) == BASE
    made = survey.simulate_survey(rng(), 200, 40, {"a": 0.0, "b": 1.0})
    table = survey.wide(survey.counts_of(made))
    shares = table.loc["a"] / table.loc["a"].sum()
    assert np.allclose(shares, np.array(BASE) / 58, atol=0.04)  # 40 songs: 0.25 sd of a latent
    means = survey.measures(table.to_numpy())[survey.MEAN]
    assert means[1] - means[0] == pytest.approx(1, abs=0.2)


def test_simulation_repeats_leaves_out_and_agrees_where_songs_matter():
    pd.testing.assert_frame_equal(*(survey.simulate_survey(rng(), 9, 2) for _ in range(2)))
    holes = survey.simulate_survey(rng(), 100, 2, missing=0.25)
    assert len(holes) == pytest.approx(750, abs=50)
    made = [survey.simulate_survey(rng(), 60, 4, song=share) for share in (0.0, 0.6)]
    low, high = map(survey.agreement, made)
    assert abs(low) < 0.1
    assert high > 0.4


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"effects": {"a": 4.0}}, "an effect of 4 grades on a mean of 2.40 leaves the scale"),
        ({"song": 0.8}, "song is 0.8, a share of the variance; .* less than 0.75"),
    ],
)
def test_impossible_surveys_end_with_a_sentence(wrong, message):
    with pytest.raises(ValueError, match=message):
        survey.simulate_survey(rng(), **wrong)


def test_power_by_few_simulations():
    """No false alarms beyond 5 % with songs known; many without; more songs find more."""
    none = survey.power(rng(), (29,), (2, 6), difference=0, times=400)
    assert (none["both"] < 0.09).all()  # 5 % and twice the 1.1 % that 400 surveys leave open
    assert (none[["pooled", "by listener"]] > 0.1).all(axis=None)
    planted = survey.power(rng(), (29,), (2, 6), difference=0.8, times=400)
    assert planted["both"].is_monotonic_increasing
    assert (planted["both"] > none["both"] + 0.15).all()
    assert (planted["equivalent"] < 0.05).all()


def test_power_says_nothing_of_one_song():
    (row,) = survey.power(rng(), (10,), (1,), times=20).itertuples()
    assert np.isnan([row.both, row.equivalent]).all()
    with pytest.raises(ValueError, match="two listeners and one song"):
        survey.power(rng(), (1,), (2,))


def test_widest_pair_of_figure_6_fits_the_share_of_songs():
    """The default share is the one whose widest pair of five lies about as far apart as theirs."""
    songs = [float(text) for text in survey.printed(2).loc[survey.MEAN]]
    widest = survey.widest_pairs(rng(), [0.0, SONG], times=1000).set_index("song")
    assert widest.loc[SONG, "middle"] == pytest.approx(abs(songs[1] - songs[0]), abs=0.1)
    assert widest.loc[0.0, "high"] < abs(songs[1] - songs[0])


@pytest.mark.soak
def test_500_surveys_by_every_analysis():
    """Simulated surveys through the functions themselves, with and without a planted difference."""
    draw, surveys, rates = rng(7), 500, {}
    for name, gap in (("false alarms", 0.0), ("power", 1.0)):
        hits = dict.fromkeys(("model", "model, songs", "bootstrap", "crossed"), 0)
        for _ in range(surveys):
            made = survey.simulate_survey(draw, 29, 4, {"a": 0.0, "b": gap})
            row = survey.cluster_bootstrap(made, draw, times=500).iloc[0]
            hits["bootstrap"] += not row["low"] <= 0 <= row["high"]
            hits["model"] += survey.model(made)["p"].iloc[0] < 0.05
            hits["model, songs"] += survey.model(made, songs=True)["p"].iloc[0] < 0.05
            hits["crossed"] += survey.random_effects(made)["p"].iloc[0] < 0.05
        rates[name] = pd.Series(hits) / surveys
    # 8 %: 5 % and three times the 1 % that 500 surveys leave open.
    assert (rates["false alarms"][["model, songs", "crossed"]] <= 0.08).all()
    assert (rates["false alarms"][["model", "bootstrap"]] > 0.1).all()  # right for these songs only
    assert (rates["power"][["model, songs", "crossed"]] > 0.5).all()
