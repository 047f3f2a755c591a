"""The page as a file: a survey written into HTML, and what the server reads back of it."""

import json
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

from apps import template

SURVEY = re.compile(r'<meta name="musegen-survey" content="([0-9a-f]{8})">')
DATA = re.compile(r'<script type="application/json" id="survey">(.*?)</script>', re.DOTALL)


class Page(NamedTuple):
    """A listening page: its bytes, the name of its survey, its items."""

    content: bytes
    survey: str
    items: frozenset[str]


def read_page(path: Path) -> Page:
    """Read a page that `survey build` made; it is served as it is now, however the file changes.

    Raises
    ------
    ValueError
        If it is not there, or is no such page.
    """
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise ValueError(
            f"the page {path} cannot be read ({error.strerror}); make one with "
            "`python -m musegen survey build`"
        ) from error
    text = content.decode("utf-8", errors="replace")
    survey, data = SURVEY.search(text), DATA.search(text)
    try:
        held = json.loads(data[1])
        attention = held.get("attention")
        items = frozenset([*held["items"], *([attention["item"]] if attention else [])])
        return Page(content, survey[1], items)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise ValueError(
            f"{path} is no listening page; make one with `python -m musegen survey build`"
        ) from None


def to_html(data: dict) -> str:
    """Write the page of a survey; `data` is what ``listening.js`` calls the survey."""
    folder = Path(__file__).parent
    script = (folder / "listening.js").read_text(encoding="utf-8")
    return template.render(
        folder / "listening.html",
        survey=data["survey"],
        style=(folder / "listening.css").read_text(encoding="utf-8"),
        data=json.dumps(data).replace("<", "\\u003c"),  # a script element ends at the first "</"
        script=script[: script.index("\nexport {")]
        + '\nstartListening(document.getElementById("listening"));',
    )


@cache
def texts() -> dict[str, dict]:
    """Read what the page says, in each language that has a file in ``texts/``."""
    files = sorted((Path(__file__).parent / "texts").glob("*.json"))
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in files}
