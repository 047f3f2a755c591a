"""The claims of the report: each a short quote with its section, and a function that judges it.

A verdict comes from an interval. *Supported*: all of it agrees with the claim. *Contradicted*: none
of it does. *Undecided*: the rest, so "no difference was found" contradicts nothing. Intervals are
of 90 %, so that each of the first two is wrong at most five times in a hundred; where several
things have to hold at once, the error is shared out among them (Bonferroni). *Not testable here*:
what it would take is lost, or was not done.

The report's survey is judged here, by its recovered grades: by the interval that is widest over all
arrangements of the lost answers (`statistics.arranged`) and over all histograms that table 1 as
printed allows. It holds for other listeners of *these ten songs*. What networks play is judged by
`apps.claims`, with the same engine.
"""

# ruff: noqa: D103  (the quote above each function says what it judges)

from collections.abc import Callable, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
import pandas as pd

from musegen.survey import recover
from musegen.survey.recover import GRADES, NATURAL
from musegen.survey.statistics import MARGIN, arranged, graded

VERDICTS = ("supported", "contradicted", "undecided", "not testable here")
SUPPORTED, CONTRADICTED, UNDECIDED, NOT_TESTABLE = VERDICTS
LEVEL, INF = 0.9, float("inf")


class Finding(NamedTuple):
    """A verdict, and the number that it comes from, in words."""

    verdict: str
    number: str


class NotTestable(Exception):
    """What a check lacks."""


class Claims(list):
    """Claims as (section, quote, check); called, it takes the function below it as a check."""

    def __call__(self, section: str, quote: str) -> Callable:
        """Add a claim: the report's own words, and a function that gives a `Finding`."""

        def add(check):
            self.append((section, quote, check))
            return check

        return add

    def table(self, *given) -> pd.DataFrame:
        """Judge every claim, by its function of what is given: section, claim, verdict, number."""
        rows = []
        for section, quote, check in self:
            try:
                finding = check(*given)
            except NotTestable as reason:
                finding = Finding(NOT_TESTABLE, str(reason))
            rows.append((section, quote, *finding))
        return pd.DataFrame(rows, columns=["section", "claim", *Finding._fields])


def level(number: int = 1) -> float:
    """Give the level of each interval where so many things have to hold at once."""
    return 1 - (1 - LEVEL) / number


def judge(intervals: Sequence[Sequence[float]], least=-INF, most=INF) -> str:
    """Say whether all of these numbers lie from `least` to `most`, each known by an interval.

    Examples
    --------
    >>> judge([(0.1, 0.4)], least=0), judge([(-0.3, 0.4)], least=0), judge([(0.1, 0.4)], most=0)
    ('supported', 'undecided', 'contradicted')
    """
    if all(least <= low and high <= most for low, high in intervals):
        return SUPPORTED
    return CONTRADICTED if any(h < least or low > most for low, h in intervals) else UNDECIDED


def judged(values, unit: str = "", least=-INF, most=INF, *, percent: bool = False) -> Finding:
    """Judge estimates, each (value, low, high), and write them out.

    Examples
    --------
    >>> judged([(0.138, -0.67, 0.94)], " grades", least=0).number
    '0.14 (-0.67 to 0.94) grades'
    """
    form = "{:.0%} ({:.0%} to {:.0%})" if percent else "{:.2f} ({:.2f} to {:.2f})"
    number = ", ".join(form.format(*value) for value in values) + unit
    return Finding(judge([ends for _, *ends in values], least, most), number)


claim = CLAIMS = Claims()
HUMAN, LSTM_128, LSTM_256, AE_10, AE_256 = MODELS = tuple(recover.printed(1).columns)


@cache
def _found() -> tuple[recover.Reading, dict[str, np.ndarray]]:
    """Give the one reading, and each source's histogram, then all that it may be: (number, 5)."""
    solutions, table = recover.solutions(recover.printed(1)), recover.wide(recover.recovered())
    one = recover.reading(solutions)
    each = recover.under(solutions, one).groupby("source", observed=True)
    return one, {name: np.vstack([table.loc[name], part[GRADES]]) for name, part in each}


def _widest(pairs, level: float, each: int = 2) -> tuple[float, float, float]:
    """Estimate the first difference of means, by an interval that holds those of all pairs."""
    found = [gap for pair in pairs for gap in arranged(*pair, level, each).values()]
    gaps, lows, highs = zip(*found, strict=True)
    return gaps[0], min(lows), max(highs)


def _apart(*pairs: tuple[str, str], least=-INF, most=INF) -> Finding:
    """Judge by how many grades the mean of b lies above that of a, for all pairs (a, b)."""
    grades = {source: graded(counts[0]) for source, counts in _found()[1].items()}
    gaps = [_widest([(grades[a], grades[b])], level(len(pairs))) for a, b in pairs]
    return judged(gaps, " grades", least, most)


def _shares(sources, wanted: slice, least: float, most: float) -> Finding:
    """Judge the share of some grades in all answers, source by source, in all its histograms."""
    halves = [_found()[1][source] / 2 for source in sources]  # a person's two answers may agree
    each = [share(h[:, wanted].sum(axis=1), h.sum(axis=1), level(len(halves))) for h in halves]
    widest = [(values[0], low.min(), high.max()) for values, low, high in each]
    return judged(widest, "", least, most, percent=True)


def share(number, of_all, level: float = LEVEL):
    """Estimate a share with Wilson's interval."""
    from statsmodels.stats.proportion import proportion_confint

    return number / of_all, *proportion_confint(number, of_all, 1 - level, method="wilson")


@claim("3.1", "thus there are 58 responses to each source")
def answers() -> Finding:
    n = _found()[0].n
    return Finding(judge([(n, n)], 58, 58), f"{n}, of 48 to 58 the one number that fits table 1")


@claim("3.1", "27 of the responses to the songs generated from the LSTM-based model")
def twenty_seven() -> Finding:
    twos = _found()[1][LSTM_128][:, 1]
    verdict = judge([(twos.min(), twos.max())], 27, 27)
    where = [source for source, counts in _found()[1].items() if 27 in counts[:, 1]]
    return Finding(verdict, f"{twos.min()} to {twos.max()}; 27 at: {', '.join(where)}")


@claim("3.1", "a few songs that got the grade 3")
def few_threes() -> Finding:
    return _shares(MODELS, slice(2, 3), 0, 0.2)  # ours: fewer than if all grades were as frequent


@claim("3.1", "The training data was most likely to be perceived as natural")
def training_data_first() -> Finding:
    natural = {
        source: [np.repeat([0, 1], [h[2:].sum(), h[:2].sum()]) for h in counts]
        for source, counts in _found()[1].items()
    }
    pairs = [[(other, natural[HUMAN][0]) for other in natural[model]] for model in MODELS[1:]]
    gaps = [_widest(pair, level(4)) for pair in pairs]
    return judged(gaps, " more of all answers", least=0, percent=True)


@claim("3.1", "were also often perceived as natural")
def often_natural() -> Finding:
    return _shares([LSTM_128, LSTM_256, AE_10], slice(0, 2), 0.5, 1)  # ours: by every other answer


@claim("3.1", "the proportion of grades 1 and 2 in comparison to the total number of responses")
def of_all_responses() -> Finding:
    found = recover.solutions(recover.printed(1))
    n = found.loc[found["share"] == "all answers", "source"].nunique()
    return Finding(judge([(n, n)], 5, 5), f"so read, {n} of the 5 columns of table 1 can be")


@claim("3.1", "the likelihood that one response for a given model is at least 2")
def at_least_2() -> Finding:
    counts, text = _found()[1][AE_256][0], recover.printed(1).loc[NATURAL, AE_256]
    ours = 100 * counts[1:].sum() / counts.sum()
    verdict = judge([(ours, ours)], *recover.interval(text))
    return Finding(verdict, f"{ours:.2f} % for {AE_256}, {text} is printed")


@claim("4.1", "had a significant difference in quality")
def songs_of_ae_256() -> Finding:
    parts = recover.splits(_found()[1][AE_256][0]).set_index(["split", "source"])[GRADES]
    pairs = [[graded(s) for s in part.to_numpy()[::-1]] for _, part in parts.groupby("split")]
    return judged([_widest(pairs, LEVEL, each=1)], f" grades, {len(pairs)} splits", least=0)


@claim("4.1", "the songs generated are not much worse than the training data")
def not_much_worse() -> Finding:
    return _apart(*((HUMAN, model) for model in MODELS[1:]), most=MARGIN)


@claim("4.1", "the best performing model performs almost as well as the human equivalent")
@claim("4.1", "the project's aim was achieved")
def as_well_as_humans() -> Finding:
    return _apart((HUMAN, LSTM_128), most=MARGIN)


@claim("4.1", "the LSTM-based model trained on the smaller dataset performed the best")
def lstm_128_best() -> Finding:
    return _apart(*((LSTM_128, other) for other in MODELS[2:]), least=0)


@claim("4.1", "with the same model trained on the larger dataset being slightly worse")
def lstm_256_slightly_worse() -> Finding:
    return _apart((LSTM_128, LSTM_256), least=0, most=MARGIN)


@claim("4.1", "The autoencoder model performed slightly worse than the LSTM")
def ae_10_slightly_worse() -> Finding:
    return _apart((LSTM_128, AE_10), least=0, most=MARGIN)


@claim("4.1", "a lot worse when it was trained on the larger dataset")
def ae_256_a_lot_worse() -> Finding:
    return _apart((LSTM_256, AE_256), least=MARGIN)


@claim("4.1", "the models performed better with less training data")
def less_data_better() -> Finding:
    return _apart((LSTM_128, LSTM_256), (AE_10, AE_256), least=0)


@claim("4.1", "it would seem reasonable that the same general trend would be observed")
def another_survey() -> Finding:
    raise NotTestable("it takes another survey")


@claim("4.2.1", "the smaller dataset got a significantly lower arithmetic mean")
def ae_10_lower() -> Finding:
    return _apart((AE_10, AE_256), least=0)


@claim("4.2.1", "most songs created by the AE did not sound natural")
def ae_not_natural() -> Finding:
    return _shares([AE_10, AE_256], slice(0, 2), 0, 0.5)


@claim("4.2.2", "the LSTM model were generally perceived as more natural sounding")
def lstm_more_natural() -> Finding:
    return _apart(*((a, b) for a in (LSTM_128, LSTM_256) for b in (AE_10, AE_256)), least=0)


@claim("4.3", "the LSTM model was better than the AE")
def lstm_better() -> Finding:
    two = [(LSTM_128, LSTM_256), (AE_10, AE_256)]
    pooled = [graded(sum(_found()[1][source][0] for source in kind)) for kind in two]
    return judged([_widest([pooled], LEVEL, each=4)], " grades, both of a kind", least=0)


@claim("4.4.2", "we mostly had participants in the age range of 20-30")
def ages() -> Finding:
    raise NotTestable("nothing is left of the participants")
