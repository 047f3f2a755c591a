"""Surveys that never were: grades as planted, lists dealt evenly, tests that find what is there."""

from itertools import islice

import numpy as np
import pytest

from musegen import survey
from musegen.survey.statistics import BASE


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


def test_impossible_surveys_end_with_a_sentence():
    with pytest.raises(ValueError, match="an effect of 4 grades on a mean of 2.40 leaves the"):
        survey.simulate_survey(rng(), 29, 2, {"a": 4.0})
    with pytest.raises(ValueError, match="a listener can hear 1 to 10 songs, not 11"):
        survey.simulate_survey(rng(), 29, 2, dict.fromkeys("abcde", 0.0), each=11)


@pytest.mark.parametrize(
    ("songs", "each"), [([16] * 5, 10), ([4] * 3, 7), ([2, 5], 3), ([2] * 5, 10)]
)
def test_lists_are_even_over_sources_and_songs_at_every_length(songs, each):
    sources = np.repeat(np.arange(len(songs)), songs)
    dealt = np.array([*islice(survey.deal(rng(), sources, each), 60)])
    assert (dealt.sum(axis=1) == each).all()
    if len(set(songs)) == 1:
        of_source = np.stack([dealt[:, sources == s].sum(axis=1) for s in range(len(songs))])
        assert (np.ptp(of_source, axis=0) <= 1).all()
        heard = dealt.cumsum(axis=0)
        assert (np.ptp(heard, axis=1) <= 2).all()  # one for the source's turn, one for the song's
    for source in range(len(songs)):
        assert (np.ptp(dealt.cumsum(axis=0)[:, sources == source], axis=1) <= 1).all()


def test_designs_in_which_a_song_stays_unheard_are_left_out():
    assert survey.detection(rng(), (5,), (16,), (10,), times=2).empty
    assert survey.detection(rng(), (1,), (2,), times=2).empty
