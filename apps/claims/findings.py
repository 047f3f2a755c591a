"""What a check of the ledger answers: what came out here, and the verdict on it."""

from functools import cache
from typing import NamedTuple

from musegen import config, training
from musegen.config import Settings

VERDICTS = (
    "reproduced",
    "recovered",
    "contradicted",
    "not comparable (other data)",
    "not tested here",
    "not recoverable",
)
REPRODUCED, RECOVERED, CONTRADICTED, OTHER_DATA, NOT_TESTED, LOST = VERDICTS


class Finding(NamedTuple):
    """One answer; `ours` is text or a number, `why` a sentence where the verdict needs one."""

    ours: object
    verdict: str
    why: str = ""


class NotMade(Exception):
    """A check needs a run that this profile has not made yet."""


def holds(condition: bool, ours, why: str = "", verdict: str = REPRODUCED) -> Finding:
    """Give `verdict` if the condition holds, else *contradicted*."""
    return Finding(ours, verdict if condition else CONTRADICTED, why)


def trained(settings: Settings, condition: bool, ours, why: str = "") -> Finding:
    """Judge what depends on how long a network was trained: no short training contradicts it."""
    if not condition and settings.runs is not config.REPORT:
        reason = f"not reached in {settings.minutes:g} minutes of training"
        return Finding(ours, NOT_TESTED, "; ".join(filter(None, [reason, why])))
    return holds(condition, ours, why)


def lost(why: str) -> Finding:
    """Say that nothing can bring this back."""
    return Finding("", LOST, why)


def untested(why: str) -> Finding:
    """Say that it could be tested, but is not by this profile."""
    return Finding("", NOT_TESTED, why)


@cache
def run(name: str, settings: Settings) -> training.Run:
    """Look a finished run up, without training it.

    Raises
    ------
    NotMade
        If it is not finished.
    """
    planned = training.planned(name, settings)
    if not planned.finished():
        raise NotMade(f"the run {name} is not made yet")
    return planned


def is_lpd5(settings: Settings) -> bool:
    """Say whether the songs are the report's own."""
    return settings.source.startswith("lpd5:")
