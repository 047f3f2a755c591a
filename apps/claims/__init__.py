"""The ledger: every number, table, figure and conclusion of the report, and what came out here.

What the report says is typed once, in ``data/report_claims.csv`` (the cells of tables 1 and 2 in
the survey's own files); *ours* and the *verdict* are computed by one small function a row.

Conventions
-----------
check
    Function, of the settings if it is in `OF_SETTINGS`, else without arguments. It answers with a
    `Finding`, or with what to compare with the printed value: equal gives *reproduced*, else
    *contradicted*. ``(value, why)`` adds a sentence.
"""

import pandas as pd

from apps.claims import answers, design, songs
from apps.claims.findings import NOT_TESTED, Finding, NotMade, holds
from musegen import config, survey

CHECKS = design.CHECKS | answers.CHECKS
OF_SETTINGS = design.OF_SETTINGS | songs.CHECKS


def claims() -> pd.DataFrame:
    """List what the report says, a table as a row a cell: claim, section, kind, value, report."""
    typed = pd.read_csv(config.data_dir() / "report_claims.csv", dtype=str, keep_default_na=False)
    rows = []
    for row in typed.itertuples(index=False):
        rows += _cells(row) if row.kind == "table" else [row]
    return pd.DataFrame(rows, columns=typed.columns)


def _cells(row) -> list:
    """Spread a table over a row for each of its cells."""
    number = int(row.claim.removeprefix("table_"))
    table = survey.printed(number)
    return [
        row._replace(
            claim=claim, value=table.loc[cell], report=f"{', '.join(cell)}: {table.loc[cell]}"
        )
        for cell, claim in answers.table_claims(number).items()
    ]


def ledger(settings: config.Settings) -> pd.DataFrame:
    """Check every claim.

    Returns
    -------
    DataFrame
        Columns claim, section, report, ours, verdict, why, profile, corpus. No run is trained for
        it: a claim about a run that is not there is *not tested here*.
    """
    frame = claims()
    findings = [check(row.claim, row.value, settings) for row in frame.itertuples(index=False)]
    found = pd.DataFrame(findings, columns=Finding._fields, index=frame.index)
    return (
        frame[["claim", "section", "report"]]
        .join(found)
        .assign(profile=settings.profile, corpus=settings.source)
    )


def check(claim: str, printed: str, settings: config.Settings) -> Finding:
    """Hold what came out here against what is printed."""
    try:
        answer = CHECKS[claim]() if claim in CHECKS else OF_SETTINGS[claim](settings)
    except NotMade as reason:
        return Finding("", NOT_TESTED, str(reason))
    if isinstance(answer, Finding):
        return answer
    ours, why = answer if isinstance(answer, tuple) else (answer, "")
    return holds(str(ours) == printed, ours, why)
