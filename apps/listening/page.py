"""A survey as files: the page that is published, and what only its owner may see."""

import json
import re
from collections.abc import Iterator
from itertools import compress
from pathlib import Path

import numpy as np

from apps import template
from musegen import survey

SCRIPTS = ("document.js", "elements.js", "sending.js", "screens.js")
MODULES = re.compile(r"^(import|export) [^;]*;\n", re.MULTILINE)


class Place:
    """Where the files of a survey are: ``public/`` may be published, ``private/`` never."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.page = self.folder / "public" / "index.html"
        self.private = self.folder / "private"
        self.survey = self.private / "survey.json"
        self.key = self.private / "key.csv"
        self.invitations = self.private / "invitations.txt"
        self.answers = self.private / "answers.sqlite"

    def read(self) -> dict:
        """Read the survey: what ``document.js`` says.

        Raises
        ------
        ValueError
            If it is not there.
        """
        try:
            return json.loads(self.survey.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ValueError(
                f"{self.folder} holds no survey ({error}); give the folder that "
                "`python -m musegen survey build` made"
            ) from error


def deal(sources: dict[str, str], each: int, fakes: list[str]) -> Iterator[dict]:
    """Deal what each listener gets, in no order, and which of the songs is to be heard twice.

    Parameters
    ----------
    sources : dict
        The source of each song. A page deals from songs of one source: lists that favour none would
        show, side by side, which songs belong together. The server shows one list only.
    each : int
        Songs of a list.
    fakes : list of str
        Are in all lists.
    """
    rng = np.random.default_rng()
    for heard in survey.deal(rng, [*sources.values()], each):
        songs = [*compress(sources, heard)]
        yield {"items": sorted([*songs, *fakes]), "again": str(rng.choice(songs))}


def to_html(content: dict, lists: list[dict]) -> str:
    """Write the page of a survey; `content` is what ``document.js`` says, and its ``sounds``.

    These stand at the end of the page, so that nobody waits for them to begin; those that are not
    there are asked for.
    """
    folder = Path(__file__).parent
    scripts = [(folder / name).read_text(encoding="utf-8") for name in SCRIPTS]
    return template.render(
        folder / "listening.html",
        texts=content["texts"],
        sounds=content["sounds"],
        style=(folder / "listening.css").read_text(encoding="utf-8"),
        # A script element ends at the first "</".
        data=json.dumps(content | {"sounds": {}}).replace("<", "\\u003c"),
        lists=json.dumps(lists),
        script="".join(MODULES.sub("", script) for script in scripts)
        + 'startListening(document.getElementById("listening"));',
    )


def texts() -> dict[str, dict]:
    """Read what the page says, in each language that has a file in ``texts/``."""
    files = sorted((Path(__file__).parent / "texts").glob("*.json"))
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in files}
