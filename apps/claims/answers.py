"""Checks of the survey, sections 2, 3.1 and 4.1: what the recovered grades say of each claim."""

from functools import cache

import numpy as np

from apps.claims.findings import CONTRADICTED, LOST, RECOVERED, Finding, holds, lost, untested
from musegen import survey

TRAINING, LSTM_SMALL, LSTM_LARGE, AE_SMALL, AE_LARGE = survey.printed(1).columns
LEVEL = 0.05  # of Holm's corrected rank tests


@cache
def _reading() -> survey.Reading:
    return survey.reading(survey.solutions(survey.alike(survey.printed(1))))


@cache
def _grades():
    return survey.wide(survey.recovered())


@cache
def _measures(share: str):
    table = survey.measures(_grades().to_numpy(), share=share)
    return {name: dict(zip(_grades().index, v, strict=True)) for name, v in table.items()}


def _mean(source: str) -> float:
    return _measures("without 3")[survey.MEAN][source]


def _order(share: str) -> list[str]:
    natural = _measures(share)[survey.NATURAL]
    return sorted(natural, key=natural.get, reverse=True)


@cache
def _splits():
    return survey.splits(_grades().loc[AE_LARGE])


@cache
def _comparisons():
    return survey.comparisons(survey.recovered(), np.random.default_rng(0)).set_index(["a", "b"])


def _p(a: str, b: str) -> float:
    return float(_comparisons().loc[(a, b), "holm"])


def _tested(pairs, differ: bool, why: str) -> Finding:
    """Ask whether rank tests tell the sources of all (or of none) of these pairs apart."""
    values = [_p(*pair) for pair in pairs]
    ours = "p = " + ", ".join(f"{p:.3f}" if p >= 0.001 else "< 0.001" for p in values)
    apart = [p < LEVEL for p in values]
    return holds(all(apart) if differ else not any(apart), ours, why, RECOVERED)


def _close(sources, why: str) -> Finding:
    """Ask whether these sources are worse than the training data by less than half a grade."""
    tested = survey.equivalence(survey.recovered()).set_index("source").loc[sources]
    margins = survey.smallest_margins(survey.recovered()).set_index(["arrangement", "source"])
    needed = margins.loc["independent", "not_worse"].loc[sources]
    ours = f"margin needed: {', '.join(f'{np.ceil(100 * m) / 100:.2f}' for m in needed)} grades"
    shown = tested["p_worse"] < LEVEL
    if shown.all():
        return Finding(ours, RECOVERED, why)
    worse = (tested["verdict"] == "worse").groupby("source", observed=True).all().any()
    return Finding(ours, CONTRADICTED if worse else LOST, why)


def _figure_5():
    return Finding(
        f"{_grades().to_numpy().sum()} grades", RECOVERED, "no answer was collected here"
    )


def _figure_6():
    n = _splits()["split"].nunique()
    return Finding(f"{n} ways to split the grades", RECOVERED, "drawn as the range of them all")


def _27():
    where = survey.cells_with(27, _grades().reset_index())
    ours = "; ".join(f"{source}, grade {grade}" for source, grade in where.itertuples(index=False))
    there = (where == [LSTM_SMALL, 2]).all(axis=1).any()
    return holds(there, f"27 is at {ours}", verdict=RECOVERED)


def _threes():
    shares = (_grades()[3] / _grades().sum(axis=1) * 100).round(1)
    rare = (_grades().rank(axis=1, method="min")[3] == 1).sum()
    ours = f"{shares.min():g} to {shares.max():g} % of the grades"
    return holds(rare == len(shares), ours, f"the rarest grade of {rare} of 5 sources", RECOVERED)


def _training_first():
    first = {share: _order(share)[0] for share in survey.SHARES}
    return holds(set(first.values()) == {TRAINING}, "first under both definitions", "", RECOVERED)


def _others_often():
    natural = _measures("all answers")[survey.NATURAL]
    shares = [natural[source] for source in (LSTM_SMALL, LSTM_LARGE, AE_SMALL)]
    ours = ", ".join(f"{share:.1f} %" for share in shares)
    return holds(min(shares) >= 50, ours, "of all answers", RECOVERED)


def _definition():
    return _reading().share, "with all answers no grades fit table 1; table 2 does use them"


def _at_least_2():
    share = 100 * _grades().loc[TRAINING, 2:].sum() / _grades().loc[TRAINING].sum()
    printed = survey.printed(1).loc[survey.NATURAL, TRAINING]
    ours = f"{share:.2f} % for the training data"
    return holds(f"{share:.2f} %" == printed, ours, f"{printed} is printed; at most 2 is meant")


def _pair():
    songs = _splits().set_index(["split", "source"])[survey.GRADES]
    p = [survey.rank_test(*pair.to_numpy()) for _, pair in songs.groupby("split")]
    return holds(max(p) < LEVEL, f"p < {LEVEL}: at most {max(p):.1e}", "in every split", RECOVERED)


def _order_of_sources():
    claimed = [LSTM_SMALL, LSTM_LARGE, AE_SMALL, AE_LARGE]
    means = " < ".join(f"{_mean(source):.2f}" for source in claimed)
    told = [p for p in zip(claimed, claimed[1:], strict=False) if _p(*p) < LEVEL]
    why = f"by table 1; rank tests see {len(told)} of its 3 steps"
    if _order("all answers")[1:] != claimed:
        why += ", and with natural over all answers the LSTMs change places"
    return holds(_order("without 3")[1:] == claimed, means, why, RECOVERED)


@cache
def recomputed(number: int):
    """Set table 1 or 2 of the report beside what the recovered grades give, a row a cell.

    Every split of the grades that fits table 2 gives it the same numbers; the first one serves.
    """
    if number == 1:
        return survey.recomputed(survey.printed(1), _grades(), "without 3")
    first = _splits()[_splits()["split"] == 0].set_index("source")[survey.GRADES]
    return survey.recomputed(survey.printed(2), first, "all answers")


def _cell(number: int, measure: str, column: str):
    """Hold a cell of table 1 or 2 against what the recovered grades give."""

    def check():
        cell = recomputed(number).set_index(["measure", "source"]).loc[(measure, column)]
        low, high = survey.interval(cell["printed"])
        ours = f"{cell['ours']:.2f}{' %' * cell['printed'].endswith('%')}"
        return holds(low - 1e-9 <= cell["ours"] <= high + 1e-9, ours, verdict=RECOVERED)

    return check


def table_claims(number: int) -> dict[tuple[str, str], str]:
    """Name each cell of a printed table: (measure, column) -> claim."""
    table = survey.printed(number)
    return {(m, c): f"table_{number}: {m}, {c}" for c in table.columns for m in table.index}


CHECKS = {
    "people": lambda: Finding(_reading().n // 2, RECOVERED, "two songs a source"),
    "survey.answers": lambda: Finding(_reading().n, RECOVERED, "the only number that fits table 1"),
    "figure_5": _figure_5,
    "survey.27": _27,
    "survey.threes": _threes,
    "survey.training_first": _training_first,
    "survey.others_often": _others_often,
    "survey.definition": _definition,
    "survey.at_least_2": _at_least_2,
    "figure_6": _figure_6,
    "survey.pair": _pair,
    "survey.close": lambda: _close(
        [LSTM_SMALL, LSTM_LARGE, AE_SMALL, AE_LARGE],
        f"equivalence test, margin {survey.MARGIN} (ours): the large autoencoder is further away "
        "however the answers are paired; the other three may be, or not",
    ),
    "survey.aim": lambda: _close(
        [LSTM_SMALL],
        f"equivalence test, margin {survey.MARGIN} (ours): shown or not with how the answers were "
        "paired, which is lost; two songs a source",
    ),
    "survey.order": _order_of_sources,
    "survey.less_data": lambda: _tested(
        [(LSTM_SMALL, LSTM_LARGE), (AE_SMALL, AE_LARGE)],
        differ=True,
        why="true of the autoencoder; the two LSTMs cannot be told apart",
    ),
    "survey.size": lambda: _tested(
        [(source, AE_LARGE) for source in (TRAINING, LSTM_SMALL, LSTM_LARGE, AE_SMALL)],
        differ=True,
        why="enough to tell the worst source from the others, not the others from each other",
    ),
    "survey.trend": lambda: untested("it needs another survey"),
    "ae.small_lower": lambda: _tested([(AE_SMALL, AE_LARGE)], differ=True, why="rank test"),
    "lstm.more_natural": lambda: _tested(
        [(LSTM_SMALL, AE_SMALL), (LSTM_LARGE, AE_LARGE)],
        differ=True,
        why="true of the models trained on more songs only",
    ),
    "models.general": lambda: lost("an opinion; the rank tests agree with its caution"),
    **{claim: _cell(n, *cell) for n in (1, 2) for cell, claim in table_claims(n).items()},
}
