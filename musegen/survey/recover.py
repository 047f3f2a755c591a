"""The tables as the report prints them, and which histograms and splits could have given them."""

from collections.abc import Iterable
from decimal import Decimal
from functools import lru_cache
from itertools import chain, combinations, product
from math import comb
from typing import NamedTuple

import numpy as np
import pandas as pd

from musegen import config

GRADES = np.arange(1, 6)  # report 2.4: 1 surely a human, 5 surely a computer
PEOPLE = 29  # report 3.1; two songs a source make 58 answers
ANSWERS = range(48, 2 * PEOPLE + 1)  # ours: 58 as the text says, fewer in case answers are missing
# As tables 1 and 2 name them.
MEAN, VARIANCE = "Arithmetic mean", "Variance"
NATURAL = "Probability to be perceived as natural"
VARIANCES = ("population", "sample")  # divided by n, by n - 1
SHARES = ("all answers", "without 3")  # what grades 1 and 2 are a share of; report 3.1 says all


class Reading(NamedTuple):
    """One way to read table 1: how many answers, which variance, which share."""

    n: int
    variance: str
    share: str


# --- The tables as printed -------------------------------------------------------------------


def printed(table: int) -> pd.DataFrame:
    """Table 1 or 2 as the report prints it: strings, a row a measure, a column a source or song.

    Notes
    -----
    Report 3.1. Notebook: 05_survey_analysis, "What is left of the survey".
    """
    return pd.read_csv(config.data_dir() / f"survey_table_{table}.csv", dtype=str, index_col=0)


def alike(table: pd.DataFrame) -> pd.DataFrame:
    """Give every number of a row as many decimals as its longest neighbour: 68 % is 68.00 %.

    Examples
    --------
    >>> alike(pd.DataFrame({"a": ["70.37 %"], "b": ["68 %"]})).loc[0, "b"]
    '68.00 %'
    """

    def padded(row):
        decimals = max(map(_decimals, row))
        return row.map(lambda text: f"{value_of(text):.{decimals}f}" + " %" * text.endswith("%"))

    return table.apply(padded, axis=1)


def value_of(text: str) -> Decimal:
    """Read the number that is printed, with its decimals and without its percent sign."""
    return Decimal(text.removesuffix("%").strip())


def _decimals(text: str) -> int:
    return -value_of(text).as_tuple().exponent


def interval(text: str) -> tuple[float, float]:
    """Bound what a printed number may have been rounded from, both ends included.

    Examples
    --------
    >>> interval("2.40"), interval("68 %")
    ((2.395, 2.405), (67.5, 68.5))
    """
    half = Decimal(5).scaleb(-_decimals(text) - 1)
    return float(value_of(text) - half), float(value_of(text) + half)


def rounds_to(values: np.ndarray, text: str) -> np.ndarray:
    """Say which values would be printed as `text`."""
    low, high = interval(text)
    return (values > low - 1e-9) & (values < high + 1e-9)  # 1e-9: floats at the very ends


# --- Which histograms fit --------------------------------------------------------------------


@lru_cache(maxsize=len(ANSWERS))
def histograms(n: int) -> np.ndarray:
    """Every histogram of `n` grades, int8 array of shape (comb(n + 4, 4), 5).

    Four bars among `n` stars part them into five counts.

    Examples
    --------
    >>> histograms(1).tolist()[0], len(histograms(2))
    ([0, 0, 0, 0, 1], 15)
    """
    bars = chain.from_iterable(combinations(range(n + 4), 4))
    bars = np.fromiter(bars, np.int8, 4 * comb(n + 4, 4)).reshape(-1, 4)
    return np.diff(bars, axis=1, prepend=np.int8(-1), append=np.int8(n + 4)) - np.int8(1)


def measures(counts, variance: str = "sample", share: str = "without 3") -> dict[str, np.ndarray]:
    """Mean, variance and share of natural answers (grades 1 and 2, in percent) of histograms.

    Parameters
    ----------
    counts : int array, shape (..., 5)
    variance : {"population", "sample"}
    share : {"all answers", "without 3"}

    Returns
    -------
    dict of float arrays, shape (...)
        By the names that tables 1 and 2 give them; not a number where nothing is divided.

    Examples
    --------
    >>> {name: float(value) for name, value in measures([1, 1, 1, 0, 1]).items()}["Arithmetic mean"]
    2.75

    Notes
    -----
    Notebook: 05_survey_analysis, "What is left of the survey".
    """
    counts = np.asarray(counts)
    n, total, squares = counts.sum(-1), counts @ GRADES, counts @ GRADES**2
    asked = n - counts[..., 2] * (share == "without 3")
    with np.errstate(divide="ignore", invalid="ignore"):
        return {
            MEAN: total / n,
            VARIANCE: (squares - total**2 / n) / (n - (variance == "sample")),
            NATURAL: 100 * counts[..., :2].sum(-1) / asked,
        }


def fits(counts: np.ndarray, column: pd.Series, variance: str, share: str) -> np.ndarray:
    """Whether histograms round to the numbers of one printed column, bool array."""
    ours = measures(counts, variance, share)
    return np.logical_and.reduce([rounds_to(ours[name], text) for name, text in column.items()])


def solutions(table: pd.DataFrame, answers: Iterable[int] = ANSWERS) -> pd.DataFrame:
    """Find every histogram that fits a column of table 1, under every reading.

    Parameters
    ----------
    table : DataFrame of str
        `printed(1)`, or `alike(printed(1))`.
    answers : iterable of int
        The numbers of answers to try.

    Returns
    -------
    DataFrame
        A row a solution: `source`, `n`, `variance`, `share`, and the counts of grades 1..5.

    Notes
    -----
    Notebook: 05_survey_analysis, "What is left of the survey".
    """
    rows = []
    for n in answers:
        means = measures(histograms(n))[MEAN]
        for source, column in table.items():
            near = histograms(n)[rounds_to(means, column[MEAN])]
            for variance, share in product(VARIANCES, SHARES):
                fitting = near[fits(near, column, variance, share)].tolist()
                rows += [(source, n, variance, share, *counts) for counts in fitting]
    found = pd.DataFrame(rows, columns=["source", *Reading._fields, *GRADES.tolist()])
    return found.astype({"source": pd.CategoricalDtype(table.columns, ordered=True)})


def reading(found: pd.DataFrame) -> Reading:
    """Find the one reading under which every column has a solution.

    Raises
    ------
    ValueError
        If there is none, or more than one.
    """
    solved = found.groupby(list(Reading._fields))["source"].nunique()
    whole = solved.index[solved == len(found["source"].cat.categories)]
    if len(whole) != 1:
        raise ValueError(
            f"{len(whole)} readings give every column of table 1 a solution, not one; "
            "compare data/survey_table_1.csv with the report"
        )
    n, variance, share = whole[0]
    return Reading(int(n), variance, share)


def under(found: pd.DataFrame, one: Reading) -> pd.DataFrame:
    """Keep the solutions under one reading, in wide form: `source` and the counts of 1..5."""
    kept = (found[list(Reading._fields)] == list(one)).all(axis=1)
    return found.loc[kept, ["source", *GRADES]].sort_values("source").reset_index(drop=True)


def sensitivity_to_rounding(table: pd.DataFrame, one: Reading) -> pd.DataFrame:
    """Change each printed number by one in its last digit and count the solutions that are left.

    Parameters
    ----------
    table : DataFrame of str
        `alike(printed(1))`.
    one : Reading

    Returns
    -------
    DataFrame
        Columns `measure`, `source`, `printed`, `instead`, `solutions` of the column.

    Notes
    -----
    Notebook: 05_survey_analysis, "What is left of the survey".
    """
    rows = []
    for measure, source, text in table.melt(ignore_index=False).itertuples():
        for step in (-1, 1):
            changed = str(value_of(text) + step * Decimal(1).scaleb(-_decimals(text)))
            column = table[[source]].copy()
            column.loc[measure, source] = changed
            left = len(under(solutions(column, [one.n]), one))
            rows.append((measure, source, text, changed, left))
    return pd.DataFrame(rows, columns=["measure", "source", "printed", "instead", "solutions"])


def recovered() -> pd.DataFrame:
    """Recover the histogram of each source: columns `source`, `grade`, `count`.

    "68 %" is read as 68.00 like its neighbours, which leaves one histogram a source; `ranges` says
    what it costs to read it as printed.

    Notes
    -----
    Notebook: 05_survey_analysis, "The recovered grades".
    """
    found = solutions(alike(printed(1)))
    return long(under(found, reading(found)))


def long(histograms: pd.DataFrame) -> pd.DataFrame:
    """Turn the wide form into a row a count: columns `source`, `grade`, `count`."""
    melted = histograms.melt("source", GRADES, var_name="grade", value_name="count")
    return melted.sort_values(["source", "grade"], ignore_index=True)


def wide(counts: pd.DataFrame) -> pd.DataFrame:
    """Turn the long form into a histogram a row: index `source`, columns 1..5."""
    return counts.pivot_table("count", "source", "grade", aggfunc="sum", observed=True)


# --- What follows from the histograms ---------------------------------------------------------


def ranges(histograms: pd.DataFrame) -> pd.DataFrame:
    """Say how far each count may lie: columns `source`, `grade`, `low`, `high`.

    Parameters
    ----------
    histograms : DataFrame
        Several histograms a source in wide form, from `under` or `splits`.
    """
    each = long(histograms).groupby(["source", "grade"], observed=True)["count"]
    return each.agg(low="min", high="max").reset_index()


def splits(counts=None, table=None, share: str = "all answers") -> pd.DataFrame:
    """Part one source's histogram into its two songs in every way that fits table 2.

    Parameters
    ----------
    counts : sequence of 5 int, optional
        The histogram of the autoencoder trained on 256 songs, as recovered.
    table : DataFrame of str, optional
        `printed(2)`.
    share : {"all answers", "without 3"}

    Returns
    -------
    DataFrame
        Columns `split`, `source` (here the song) and the counts of grades 1..5. No number of
        answers a song is assumed.

    Notes
    -----
    Notebook: 05_survey_analysis, "Figure 6 and table 2".
    """
    table = printed(2) if table is None else table
    counts = np.asarray(wide(recovered()).loc["AE large dataset"] if counts is None else counts)
    first = np.indices(counts + 1).reshape(5, -1).T
    songs = (first, counts - first)
    fit = np.logical_and(
        *(fits(s, table[c], "sample", share) for s, c in zip(songs, table, strict=True))
    )
    parts = [pd.DataFrame(song[fit], columns=GRADES) for song in songs]
    return pd.concat(dict(zip(table, parts, strict=True)), names=["source", "split"]).reset_index()


def recomputed(table: pd.DataFrame, histograms: pd.DataFrame, share: str) -> pd.DataFrame:
    """Compute a printed table anew: `measure`, `source`, `printed`, `ours`, `difference`.

    Parameters
    ----------
    table : DataFrame of str
        `printed(1)` or `printed(2)`.
    histograms : DataFrame
        Index: the table's columns; columns: grades 1..5.
    share : {"all answers", "without 3"}

    Notes
    -----
    Notebook: 05_survey_analysis, "The recovered grades".
    """
    ours = measures(histograms.loc[list(table), GRADES].to_numpy(), share=share)
    rows = [
        (name, source, text, value, value - float(value_of(text)))
        for name, texts in table.iterrows()
        for (source, text), value in zip(texts.items(), ours[name], strict=True)
    ]
    return pd.DataFrame(rows, columns=["measure", "source", "printed", "ours", "difference"])
