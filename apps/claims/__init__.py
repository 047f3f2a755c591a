"""The claims of the report with their verdicts, and what is built as the report says.

The engine, and the claims about the report's survey, are `musegen.survey.claims`; those about what
the networks play stand in `songs`. What the report says of its method is no claim that could fail:
`as_built` sets it beside our settings.
"""

import pandas as pd

from apps.claims.as_built import as_built
from apps.claims.songs import CLAIMS, POP
from musegen import config, survey

__all__ = ["as_built", "table"]


def table(settings: config.Settings) -> pd.DataFrame:
    """Judge every claim, in the order of the report.

    Returns
    -------
    DataFrame
        Columns section, claim (the report's own words), verdict, number, corpus (the songs that
        the networks are trained on). No network is trained for it: a claim about one that
        is not there is *not testable here*, and so is one about networks that are trained for some
        minutes only, whichever way it went. Beside the chorales, what can be said of the networks
        of LPD-5 without its songs.
    """
    played = CLAIMS.table(settings)
    if settings.runs is not config.REPORT:
        played["verdict"] = survey.NOT_TESTABLE
    played = played.assign(corpus=settings.source)
    if settings.source == "chorales":
        pop = CLAIMS.table(POP).assign(corpus="LPD-5")
        played = pd.concat([played, pop[pop["verdict"] != survey.NOT_TESTABLE]])
    both = pd.concat([survey.CLAIMS.table().assign(corpus="survey"), played])
    order = both["section"].map(lambda section: [int(number) for number in section.split(".")])
    return both.iloc[order.argsort(kind="stable")].reset_index(drop=True)
