"""What a check of the ledger answers: what came out here, and the verdict on it."""

from typing import NamedTuple

from musegen import config, training

VERDICTS = (
    "reproduced",
    "recovered",
    "contradicted",
    "not comparable (other data)",
    "not tested by this profile",
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


def trained(condition: bool, ours, why: str = "") -> Finding:
    """Judge what depends on how long a network was trained: quick cannot contradict it."""
    if not condition and config.profile().name == "quick":
        return Finding(ours, NOT_TESTED, "; ".join(filter(None, ["not reached in quick", why])))
    return holds(condition, ours, why)


def lost(why: str) -> Finding:
    """Say that nothing can bring this back."""
    return Finding("", LOST, why)


def untested(why: str) -> Finding:
    """Say that it could be tested, but is not by this profile."""
    return Finding("", NOT_TESTED, why)


def run(name: str) -> training.Run:
    """Look a finished run up, without training it.

    Raises
    ------
    NotMade
        If it is not finished.
    """
    planned = training.planned(name)
    if not (planned.folder / "manifest.json").exists():
        raise NotMade(f"the run {name} is not made yet")
    return planned


def is_lpd5() -> bool:
    """Say whether the songs are the report's own."""
    return config.source().startswith("lpd5:")
