"""A survey as files: the page that is published, and what only its owner may see."""

import json
import re
from functools import cache
from pathlib import Path

from apps import template

SCRIPTS = ("document.js", "elements.js", "sending.js", "screens.js")
LISTS = re.compile(rb'(?<=<script type="application/json" id="lists">).*?(?=</script>)', re.DOTALL)
DATA = re.compile(rb'<script type="application/json" id="survey">(.*?)</script>', re.DOTALL)
MODULES = re.compile(r"^(import|export) [^;]*;\n", re.MULTILINE)


class Place:
    """Where the files of a survey are: ``public/`` may be published, ``private/`` never."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.private = self.folder / "private"
        self.page = self.folder / "public" / "index.html"
        self.key = self.private / "key.csv"
        self.invitations = self.private / "invitations.txt"
        self.answers = self.private / "answers.sqlite"

    def read(self) -> tuple[bytes, dict]:
        """Read the page, and the survey in it.

        Raises
        ------
        ValueError
            If it is not there, or is no such page.
        """
        try:
            content = self.page.read_bytes()
            survey = json.loads(DATA.search(content)[1])
            known = {"survey", "items", "attention", "each", "until", "invited"} <= survey.keys()
            if known and LISTS.search(content):
                return content, survey
            reason = "it is another page"
        except OSError as error:
            reason = error.strerror
        except (ValueError, TypeError, AttributeError):
            reason = "it is another page"
        raise ValueError(
            f"{self.folder} holds no listening page public/index.html ({reason}); give the folder "
            "that `python -m musegen survey build` made"
        )


def to_html(survey: dict, lists: list[dict]) -> str:
    """Write the page of a survey; `survey` is what ``document.js`` says."""
    folder = Path(__file__).parent
    scripts = [(folder / name).read_text(encoding="utf-8") for name in SCRIPTS]
    return template.render(
        folder / "listening.html",
        style=(folder / "listening.css").read_text(encoding="utf-8"),
        data=json.dumps(survey).replace("<", "\\u003c"),  # a script element ends at the first "</"
        lists=json.dumps(lists),
        script="".join(MODULES.sub("", script) for script in scripts)
        + 'startListening(document.getElementById("listening"));',
    )


@cache
def texts() -> dict[str, dict]:
    """Read what the page says, in each language that has a file in ``texts/``."""
    files = sorted((Path(__file__).parent / "texts").glob("*.json"))
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in files}
