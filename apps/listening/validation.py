"""What the server lets in: documents in the form that `apps.listening.answers` reads.

Every rule is a function that tells whether a value keeps it, beside its words.
"""

import json
import math
import re
from collections.abc import Callable, Iterable
from typing import Any

from apps.listening.answers_json import ABOUT, FORMAT, LISTENER

LONGEST = 4_000  # letters of a text
# As browsers write a time: 2026-11-23T13:00:00.000Z
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z", re.ASCII)
LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}")
Rule = tuple[Callable[[Any], bool], str]


def _matches(pattern: re.Pattern) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


def _or_nothing(rule: Rule) -> Rule:
    test, words = rule
    return lambda value: value is None or test(value), f"{words}, or null"


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_seconds(value: Any) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and 0 <= value < 1e6 and math.isfinite(value)


TEXT: Rule = (
    lambda value: isinstance(value, str) and len(value) <= LONGEST,
    f"text of at most {LONGEST:,} letters",
)
WHEN: Rule = (_matches(TIME), "a time such as 2026-11-23T13:00:00.000Z")
YES_OR_NO: Rule = (lambda value: isinstance(value, bool), "true or false")
CODE: Rule = (_matches(LISTENER), "a code such as 7Q2K-M4XP-9TRD-0VWZ")
ANSWER: dict[str, Rule] = {
    "grade": _or_nothing((lambda value: _is_whole(value) and 1 <= value <= 5, "1, 2, 3, 4 or 5")),
    "known": _or_nothing(YES_OR_NO),
    "comment": _or_nothing(TEXT),
    "heard": _or_nothing((_is_seconds, "seconds")),
    "at": _or_nothing(WHEN),
}
ABOUT_RULES = dict.fromkeys(ABOUT, _or_nothing(TEXT))


class Door:
    """Checks what comes for one survey.

    Parameters
    ----------
    survey : str
        Its name.
    items : iterable of str
        Blind names of its items.
    """

    def __init__(self, survey: str, items: Iterable[str]):
        self.survey, self.items = survey, frozenset(items)
        self._survey: Rule = (lambda value: value == survey, "the survey of this page")
        whole = (lambda value: _is_whole(value) and 1 <= value < 2**53, "a whole number from 1")
        self._document: dict[str, Rule] = {
            "format": (lambda value: value == FORMAT, f'"{FORMAT}"'),
            "survey": self._survey,
            "listener": CODE,
            "version": whole,
            "language": (_matches(LANGUAGE), "a language such as sv"),
            "consent": (lambda value: value is True, "true: nothing is kept without it"),
            "started": WHEN,
            "finished": _or_nothing(WHEN),
            "about": (lambda value: isinstance(value, dict), "an object"),
            "order": (self._is_order, "a list of this survey's items, each once"),
            "answers": (lambda value: isinstance(value, dict), "an object"),
            "comment": TEXT,
        }

    def document(self, body: bytes) -> dict:
        """Read an answer document.

        Raises
        ------
        ValueError
            Saying which rule it breaks; what somebody wrote is not repeated.
        """
        document = parsed(body)
        _check("the document", document, self._document, self._document)
        _check("about", document["about"], ABOUT_RULES)
        for item, answer in document["answers"].items():
            if item not in self.items:
                raise ValueError("answers has an item that is not of this survey")
            _check(f"the answer to {item}", answer, ANSWER, ["grade"])
        return document

    def deletion(self, body: bytes) -> str:
        """Read which listener asks to be deleted.

        Raises
        ------
        ValueError
            Saying which rule is broken.
        """
        asked = parsed(body)
        rules = {"survey": self._survey, "listener": CODE}
        _check("the deletion", asked, rules, rules)
        return asked["listener"]

    def _is_order(self, value: Any) -> bool:
        return (
            isinstance(value, list)
            and all(isinstance(item, str) and item in self.items for item in value)
            and len(set(value)) == len(value)
        )


def parsed(body: bytes) -> Any:
    """Read JSON, and nothing that only Python takes for JSON.

    Raises
    ------
    ValueError
        If it is none.
    """
    try:
        return json.loads(body.decode("utf-8"), parse_constant=_refused)
    except (ValueError, RecursionError):
        raise ValueError("the body must be JSON in UTF-8") from None


def _refused(name: str):
    raise ValueError(name)


def _check(what: str, value: Any, rules: dict[str, Rule], needed: Iterable[str] = ()) -> None:
    if not isinstance(value, dict):
        raise ValueError(f"{what} must be an object")
    if not value.keys() <= rules.keys():
        raise ValueError(f"{what} may only have {', '.join(rules)}")
    for name in needed:
        if name not in value:
            raise ValueError(f"{what} must have {', '.join(needed)}")
    for name, content in value.items():
        test, words = rules[name]
        if not test(content):
            raise ValueError(f"{name} of {what} must be {words}")
