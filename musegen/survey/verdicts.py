"""What the report concludes from its survey, and which of it stands."""

import numpy as np
import pandas as pd

from musegen.survey.recover import (
    GRADES,
    NATURAL,
    PEOPLE,
    SHARES,
    cells_with,
    measures,
    naturals,
    printed,
    reading,
    rounds_to,
    solutions,
    splits,
    under,
    wide,
)
from musegen.survey.statistics import WORSE, comparisons, equivalence, rank_test, smallest_margins


def conclusions(counts: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Hold the report's sentences about the survey against the recovered grades.

    Returns
    -------
    DataFrame
        Columns `section`, `claim`, `evidence`, `verdict`. A verdict is *stands*, *contradicted*,
        *within chance* (so ordered in these answers, by no more than chance does), *not shown*,
        or *depends on the definition* (of natural), *on the split* (into songs) or *on the pairing*
        (of answers to people). Claims of "not much worse" are held against half a grade, `MARGIN`.

    Notes
    -----
    Notebook: 05_survey_analysis, "Which conclusions stand?".
    """
    rows = [*_about_tables(counts), *_about_sources(counts, rng), *_about_songs(counts)]
    return pd.DataFrame(rows, columns=["section", "claim", "evidence", "verdict"])


def _p(*p: float) -> str:
    return "p " + ", ".join("< 0.001" if each < 0.001 else f"{each:.3f}" for each in p)


def _about_tables(counts):
    table, possible = wide(counts), solutions(printed(1))
    possible = under(possible, reading(possible))
    sizes = set(table.sum(axis=1))
    yield (
        *("3.1", "there are 58 responses to each source"),
        f"the one reading that fits all five columns has {' and '.join(map(str, sizes))}",
        "stands" if sizes == {2 * PEOPLE} else "contradicted",
    )
    of_all = measures(table.to_numpy(), share="all answers")[NATURAL]
    fitting = [bool(f) for f in map(rounds_to, of_all, printed(1).loc[NATURAL])]
    yield (
        *("3.1", "natural is the share of grades 1 and 2 in all responses"),
        f"so read, {sum(fitting)} of {len(fitting)} shares of table 1 come out; "
        f"{splits(table.iloc[-1])['split'].nunique()} splits of AE large give both of table 2",
        "stands" if all(fitting) else "contradicted",
    )
    places = [f"{source}, score {grade}" for source, grade in cells_with(27, possible).to_numpy()]
    yield (
        *("3.1", "27 responses to LSTM small dataset had a score of 2"),
        f"27 stands only at: {'; '.join(places) or 'no place'}",
        "stands" if "LSTM small dataset, score 2" in places else "contradicted",
    )
    grades = table.sum()
    yield (
        *("3.1", "few songs got the grade 3"),
        f"{grades[3]} of {grades.sum()} responses; each other grade {grades.drop(3).min()} or more",
        "stands" if grades.idxmin() == 3 else "contradicted",
    )


def _about_sources(counts, rng):
    table, shares = wide(counts), naturals(counts)
    pairs = comparisons(counts, rng).set_index(["a", "b"])
    human, lstm_128, lstm_256, ae_10, ae_256 = table.index

    def compared(*wanted):
        """Judge "a was graded as more natural than b" for every wanted pair (a, b)."""
        chosen = pairs.loc[list(wanted)]
        ordered = [all(shares.loc[a, s] > shares.loc[b, s] for a, b in wanted) for s in SHARES]
        means = ", ".join(f"{difference:.2f}" for difference in chosen["difference"])
        evidence = f"means {means} apart, {_p(*chosen['holm'])} (Holm)"
        if not any(ordered) or chosen["difference"].min() <= 0:
            return evidence, "contradicted"
        if not all(ordered):
            return f"{evidence}; shares of all answers turn the order", "depends on the definition"
        return evidence, "stands" if chosen["holm"].max() < 0.05 else "within chance"

    above = [(human, other) for other in table.index[1:]]
    yield "3.1", "training data was most likely to be perceived as natural", *compared(*above)
    models = table.index[1:].tolist()
    yield (
        "4.1",
        "the songs generated are not much worse than the training data",
        *_close(counts, models),
    )
    yield (
        *("4.1", "the best model does almost as well as humans, so the aim was achieved"),
        *_close(counts, [lstm_128]),
    )
    yield "4.1", "LSTM small best, LSTM large slightly worse", *compared((lstm_128, lstm_256))
    yield "4.1", "AE small slightly worse than the LSTM (small)", *compared((lstm_128, ae_10))
    below = [(other, ae_256) for other in table.index[:-1]]
    yield "4.1", "AE large a lot worse", *compared(*below)
    yield "4.1", "less training data did better: autoencoder", *compared((ae_10, ae_256))
    yield "4.1", "less training data did better: LSTM", *compared((lstm_128, lstm_256))
    lstm, ae = table.loc[[lstm_128, lstm_256]].sum(), table.loc[[ae_10, ae_256]].sum()
    pooled, small = rank_test(lstm, ae), rank_test(lstm, table.loc[ae_10])
    yield (
        *("4.3", "the LSTM was better than the autoencoder"),
        f"all songs {_p(pooled)}; without AE large {_p(small)}",
        "stands" if max(pooled, small) < 0.05 else "not shown",
    )


def _close(counts, sources):
    """Judge "not much worse than the first source" for all these sources, by half a grade."""
    margins = smallest_margins(counts).set_index(["arrangement", "source"])["not_worse"]
    margins = np.ceil(100 * margins[margins.index.isin(sources, level="source")]) / 100
    needed = ", ".join(f"{margin:.2f}" for margin in margins["independent"])
    low, high = margins.min(), margins.max()
    evidence = f"margin needed {needed} grades; {low:.2f} to {high:.2f} over the pairings"
    tested = equivalence(counts)[lambda frame: frame["source"].isin(sources)]
    worse = (tested["verdict"] == WORSE).groupby(tested["source"], observed=True).all()
    if worse.any():
        names = ", ".join(worse.index[worse])
        return f"{evidence}; further away in every pairing: {names}", "contradicted"
    shown = (tested["p_worse"] < 0.05).groupby(tested["arrangement"]).all()
    if shown.all():
        return evidence, "stands"
    return evidence, "depends on the pairing" if shown.any() else "not shown"


def _about_songs(counts):
    pairs = [part[GRADES].to_numpy() for _, part in splits(wide(counts).iloc[-1]).groupby("split")]
    p = np.array([rank_test(*pair) for pair in pairs])
    five = (5 * p).clip(max=1)  # the report shows the most different of five pairs
    short_of_it = "depends on the split" if min(five) < 0.05 else "not shown"
    yield (
        *("4.1", "the two songs of AE large differed significantly"),
        f"over {len(p)} splits {_p(min(p))} to {max(p):.3f}; as the widest of five pairs "
        f"{_p(min(five))} to {max(five):.3f}",
        "stands" if max(five) < 0.05 else short_of_it,
    )
