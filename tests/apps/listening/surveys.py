"""What the tests of surveys share: a document of answers, and a server that can be killed."""

import json
import re
import subprocess
import sys
import threading
from pathlib import Path

from apps.listening.page import Place

SURVEY = "1a2b3c4d"
WHEN = "2026-11-23T13:00:00.000Z"
DOCUMENT = {
    "format": "musegen answers 2",
    "survey": SURVEY,
    "version": 1,
    "language": "sv",
    "consent": True,
    "started": WHEN,
    "finished": None,
}
KEY = f"""survey,item,role,song,source
{SURVEY},aaaaaa,song,One,Bach
{SURVEY},bbbbbb,song,Two,AE
{SURVEY},cccccc,attention,,5
{SURVEY},ffffff,fake,Two,shuffled notes
"""


def make_place(folder: Path, codes=(), **change) -> Place:
    """Write the files of a survey without a sound."""
    place = Place(folder)
    survey = {
        "survey": SURVEY,
        "texts": {"sv": {"title": "?"}},
        "items": {"aaaaaa": "", "bbbbbb": "", "ffffff": ""},
        "sounds": {"0000": "AAAA"},
        "attention": {"item": "cccccc", "grade": 5},
        "each": 2,
        "until": "2999-12-31",
        "invited": bool(codes),
    }
    place.private.mkdir(parents=True)
    place.survey.write_text(json.dumps(survey | change))
    place.key.write_text(KEY)
    place.invitations.write_text("\n".join(codes))
    return place


def documents(database: Path) -> list[dict]:
    from apps.listening.answer_db import documents

    return [json.loads(text) for text in documents(database)]


class Served:
    """The real server, in a process of its own; after a kill it starts at the same port."""

    def __init__(self, place: Place, *more):
        self.command = [sys.executable, "-m", "musegen", "survey", "serve", place.folder]
        self.command += [*more, "--port"]
        self.port = 0  # any that is free
        self.start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def start(self):
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
        self.process = subprocess.Popen([*self.command, str(self.port)], **pipes)
        said = self.process.stdout.readline()
        self.port = int(re.search(r"http://127\.0\.0\.1:(\d+)/", said)[1])
        # Nobody reads the rest by hand, and a full pipe would stop the server.
        self.reader = threading.Thread(target=self.process.stdout.read, daemon=True)
        self.reader.start()

    def kill(self):
        self.process.kill()
        self.process.wait(timeout=10)
        self.reader.join(timeout=10)
        self.process.stdout.close()
