"""What follows from the histograms: above all, the splits behind table 2 and figure 6.

Besides these, how far each count may lie and where a count stands, the printed tables computed
anew, and both definitions of "natural" side by side.
"""

from itertools import product

import numpy as np
import pandas as pd

from musegen.survey.recover import (
    GRADES,
    NATURAL,
    SHARES,
    fits,
    long,
    measures,
    printed,
    value_of,
    wide,
)


def ranges(histograms: pd.DataFrame) -> pd.DataFrame:
    """Say how far each count may lie: columns `source`, `grade`, `low`, `high`.

    Parameters
    ----------
    histograms : DataFrame
        Several histograms a source in wide form, from `under` or `splits`.
    """
    each = long(histograms).groupby(["source", "grade"], observed=True)["count"]
    return each.agg(low="min", high="max").reset_index()


def variants(histograms: pd.DataFrame) -> list[pd.DataFrame]:
    """Take one histogram a source in every possible way; each in long form, as `recovered` is."""
    rows = [group.index for _, group in histograms.groupby("source", observed=True)]
    return [long(histograms.loc[list(chosen)]) for chosen in product(*rows)]


def splits(counts, table: pd.DataFrame | None = None, share: str = "all answers") -> pd.DataFrame:
    """Part one source's histogram into its two songs in every way that fits table 2.

    Parameters
    ----------
    counts : sequence of 5 int
        The histogram of the autoencoder trained on 256 songs.
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
    Notebook: 05_survey_analysis, "Figure 6".
    """
    table = printed(2) if table is None else table
    counts = np.asarray(counts)
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
    Notebook: 05_survey_analysis, "Table 1, recomputed".
    """
    ours = measures(histograms.loc[list(table), GRADES].to_numpy(), share=share)
    rows = [
        (name, source, text, value, value - float(value_of(text)))
        for name, texts in table.iterrows()
        for (source, text), value in zip(texts.items(), ours[name], strict=True)
    ]
    return pd.DataFrame(rows, columns=["measure", "source", "printed", "ours", "difference"])


def naturals(counts: pd.DataFrame) -> pd.DataFrame:
    """Set both definitions of "natural" side by side, with the order of sources under each.

    Sources that are level share the better place.

    Notes
    -----
    Notebook: 05_survey_analysis, "Two definitions of natural".
    """
    table = wide(counts)
    shares = {share: measures(table.to_numpy(), share=share)[NATURAL] for share in SHARES}
    shares = pd.DataFrame(shares, index=table.index)
    orders = shares.rank(ascending=False, method="min").astype(int).add_prefix("order, ")
    return shares.join(orders)


def cells_with(number: int, histograms: pd.DataFrame) -> pd.DataFrame:
    """Find where a count stands in histograms of wide form: columns `source`, `grade`."""
    counts = long(histograms)
    return counts.loc[counts["count"] == number, ["source", "grade"]].reset_index(drop=True)
