"""The engine by hand; what the recovered grades say of the report's sentences."""

import pytest

from musegen import survey
from musegen.survey import claims


@pytest.mark.parametrize(
    ("intervals", "limits", "verdict"),
    [
        ([(0.1, 0.4)], {"least": 0}, "supported"),
        ([(-0.3, 0.4)], {"least": 0}, "undecided"),  # no difference was found
        ([(-0.3, -0.1)], {"least": 0}, "contradicted"),
        ([(0.1, 0.4)], {"least": 0, "most": 0.3}, "undecided"),
        ([(0.1, 0.2)], {"least": 0, "most": 0.3}, "supported"),
        ([(0.4, 0.6)], {"least": 0, "most": 0.3}, "contradicted"),
        ([(0.1, 0.4), (-0.1, 0.4)], {"least": 0}, "undecided"),
        ([(0.1, 0.4), (-0.4, -0.1)], {"least": 0}, "contradicted"),  # both have to hold
        ([(58, 58)], {"least": 58, "most": 58}, "supported"),
        ([(float("nan"),) * 2], {"least": 0}, "undecided"),
    ],
)
def test_only_an_interval_that_excludes_the_claim_contradicts_it(intervals, limits, verdict):
    assert survey.judge(intervals, **limits) == verdict


def test_what_a_check_lacks_makes_its_claim_not_testable():
    claim = claims.Claims()

    @claim("1", "a quote")
    def check(given):
        raise claims.NotTestable(f"{given} is missing")

    (row,) = claim.table("it").itertuples(index=False)
    assert row == ("1", "a quote", "not testable here", "it is missing")
