"""Whether a source is *not much worse* than another: equivalence, over a range of margins.

A rank test that finds no difference doesn't show that there is none. Who claims "not much worse"
has to say how much is much, the *margin*, and to show that the difference is smaller: two one-sided
tests (Schuirmann 1987), or an interval of 90 % that lies within the margin, which is the same.
"""

import numpy as np
import pandas as pd
from scipy import stats

from musegen.survey.recover import wide
from musegen.survey.statistics import arranged

MARGIN = 0.5  # ours, in grades: half a step of the scale; the report names none
EQUIVALENT, NOT_WORSE, WORSE, NOT_SHOWN = "equivalent", "not worse", "worse", "not shown"


def _differences(counts: pd.DataFrame, reference: str | None) -> pd.DataFrame:
    """Estimate each source's difference to the reference in every arrangement of the answers."""
    table = wide(counts)
    reference = table.index[0] if reference is None else reference
    if reference not in table.index:
        raise ValueError(
            f"no source {reference!r} here; there are {', '.join(map(str, table.index))}"
        )
    if len(table) < 2:
        raise ValueError(f"{reference} alone is graded; a second source is needed to compare with")
    rows = [
        (source, reference, name, *estimate)
        for source in table.index.drop(reference)
        for name, estimate in arranged(table.loc[reference], table.loc[source]).items()
    ]
    columns = ["source", "reference", "arrangement", "difference", "error", "freedom"]
    frame = pd.DataFrame(rows, columns=columns)
    half = frame["error"] * stats.t.ppf(0.95, frame["freedom"])
    return frame.assign(low=frame["difference"] - half, high=frame["difference"] + half)


def equivalence(
    counts: pd.DataFrame, margin: float = MARGIN, reference: str | None = None
) -> pd.DataFrame:
    """Test whether each source lies within a margin of the reference, by two one-sided tests.

    Parameters
    ----------
    counts : DataFrame
        Long form: `recovered()`, or `counts_of(answers)`.
    margin : float
        In grades: the largest difference of means that still counts as none. It belongs in the
        plan of a survey, before the answers are seen.
    reference : str, optional
        A source; without it the first, which is the training data.

    Returns
    -------
    DataFrame
        A row a source and arrangement of the answers (see `pairing`): `source`, `reference`,
        `arrangement`, `difference` of the means (above zero: more like a computer, so worse),
        `low`, `high` (90 %), `p_worse` and `p_better` (of being worse, or better, by the margin or
        more), and `verdict` at 5 %: *equivalent* (within the margin on both sides), *not worse* (by
        the margin), *worse* (by more than the margin) or *not shown*. Not corrected for the number
        of sources.

    Raises
    ------
    ValueError
        If the margin is not above zero, or there is no such source.

    Notes
    -----
    Report 4.1. Notebook: 05_survey_analysis, "Is "not much worse" shown?".
    """
    if not margin > 0:
        raise ValueError(f"margin is {margin}; it has to be above 0, in grades, e.g. {MARGIN}")
    frame = _differences(counts, reference)
    centre, error, freedom = frame["difference"], frame["error"], frame["freedom"]
    worse = stats.t.cdf((centre - margin) / error, freedom)
    better = stats.t.sf((centre + margin) / error, freedom)
    verdict = np.select(
        [(worse < 0.05) & (better < 0.05), worse < 0.05, frame["low"] > margin],
        [EQUIVALENT, NOT_WORSE, WORSE],
        NOT_SHOWN,
    )
    return frame.drop(columns=["error", "freedom"]).assign(
        p_worse=worse, p_better=better, verdict=verdict
    )


def smallest_margins(counts: pd.DataFrame, reference: str | None = None) -> pd.DataFrame:
    """Find the smallest margin at which each claim can be made at 5 %.

    Returns
    -------
    DataFrame
        `source`, `reference`, `arrangement`, and in grades: `difference`, `not_worse` and
        `equivalent` (the smallest margins; *not worse* needs none if the source is shown to be
        better), and `worse`: below this margin the source is shown to be worse by more than it.

    Notes
    -----
    Report 4.1. Notebook: 05_survey_analysis, "Is "not much worse" shown?".
    """
    frame = _differences(counts, reference)
    return frame[["source", "reference", "arrangement", "difference"]].assign(
        not_worse=frame["high"].clip(lower=0),
        equivalent=frame[["low", "high"]].abs().max(axis=1, skipna=False),
        worse=frame["low"].clip(lower=0),
    )
