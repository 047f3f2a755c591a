"""What the tests of surveys share: a document of answers, and a server that can be killed."""

import re
import subprocess
import sys
import threading
from pathlib import Path

SURVEY = "1a2b3c4d"
DOCUMENT = {
    "format": "musegen answers 1",
    "survey": SURVEY,
    "version": 1,
    "language": "sv",
    "consent": True,
    "started": "2026-11-23T13:00:00.000Z",
    "finished": None,
}


class Served:
    """The real server, in a process of its own; after a kill it starts at the same port."""

    def __init__(self, page: Path, database: Path):
        self.command = [sys.executable, "-m", "musegen", "survey", "serve", page]
        self.command += ["--answers", database, "--port"]
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
