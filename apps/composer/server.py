"""The composer as a plain page on this machine, for those who do not want a notebook."""

import json
from pathlib import Path

from apps import template
from apps.local import Local
from musegen.composer import Composer, script, style

LARGEST = 100_000  # bytes of a question; a latent has 480


def application(composer: Composer):
    """Make the Tornado application: a page, its script, and a web socket at ``/ask``."""
    from tornado import web, websocket

    page = template.render(Path(__file__).parent / "composer.html", style=style())

    class Page(Local, web.RequestHandler):
        def get(self):
            self.finish(page)

    class Script(Local, web.RequestHandler):
        def get(self):
            self.set_header("Content-Type", "text/javascript; charset=utf-8")
            self.finish(script('renderInPage(document.getElementById("composer"));'))

    class Ask(Local, websocket.WebSocketHandler):
        def on_message(self, message):
            try:
                size = int.from_bytes(message[:4], "little")
                asked = json.loads(message[4 : 4 + size])
                said, arrays = composer.answer(asked["said"], message[4 + size :])
                self.write_message(pack({"id": asked["id"], "said": said}, arrays), binary=True)
            except (ValueError, TypeError, KeyError, AttributeError):
                self.close(1003, "not a question of the composer's page")

    routes = [("/", Page), ("/composer.js", Script), ("/ask", Ask)]
    return web.Application(routes, websocket_max_message_size=LARGEST)


def pack(said: dict, arrays: list[bytes]) -> bytes:
    """Write an answer as one message: the length of the JSON, the JSON, then the arrays."""
    head = json.dumps(said | {"sizes": [len(array) for array in arrays]}).encode()
    return b"".join([len(head).to_bytes(4, "little"), head, *arrays])
