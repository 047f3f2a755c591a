"""How far listeners agree: Krippendorff's alpha for ordered grades."""

import numpy as np
import pandas as pd

from musegen.survey.listeners import checked, sums


def krippendorff(ratings) -> float:
    """Krippendorff's alpha of ordinal ratings, missing ones allowed.

    One less the disagreement that is there as a share of what chance would give. Two grades differ
    by the square of how many of all grades lie between them, each end counted half.

    Parameters
    ----------
    ratings : float array, shape (rater, thing)
        Not a number where a rater didn't rate a thing.

    Returns
    -------
    float
        1 if all agree, 0 if they agree as far as chance has it, below 0 if less. Not a number if no
        thing has two ratings, or all ratings are the same: then nothing could disagree.

    Examples
    --------
    >>> krippendorff([[1, 2, 3, 4], [1, 2, 3, 4]])
    1.0

    References
    ----------
    K. Krippendorff, Computing Krippendorff's Alpha-Reliability, 2011.

    Notes
    -----
    Notebook: 05_survey_analysis, "Your own survey".
    """
    ratings = np.asarray(ratings, float)
    values = np.unique(ratings[~np.isnan(ratings)])
    given = (ratings[:, :, None] == values).sum(axis=0)  # (thing, value)
    given = given[given.sum(axis=1) > 1]  # a thing rated once says nothing of agreement
    pairs = given[:, :, None] * given[:, None] - given[:, :, None] * np.eye(len(values))
    coincidences = (pairs / (given.sum(axis=1) - 1)[:, None, None]).sum(axis=0)
    n = coincidences.sum(axis=1)
    between = np.abs(np.subtract.outer(n.cumsum() - n / 2, n.cumsum() - n / 2))
    expected = n @ between**2 @ n
    if not expected:
        return float("nan")
    return float(1 - (n.sum() - 1) * (coincidences * between**2).sum() / expected)


def agreement(answers: pd.DataFrame) -> float:
    """Krippendorff's alpha of the listeners over all songs; 1 says that they all agree.

    Returns
    -------
    float
        Not a number if no song was graded twice, or every grade is the same.

    Notes
    -----
    A low value doesn't make the means wrong: it says that they are means of different opinions.
    Notebook: 05_survey_analysis, "Your own survey".
    """
    total, number = sums(checked(answers))
    return krippendorff(total.where(number > 0))
