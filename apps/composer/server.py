"""The composer as a plain page on this machine, for those who do not want a notebook."""

import json
from pathlib import Path

from tornado import websocket
from tornado.ioloop import IOLoop

from apps import local, template
from musegen.composer import Composer, script, style

LARGEST = 100_000  # bytes of a question; a latent has 480


def application(composer: Composer):
    """Make the Tornado application: a page, and a web socket at ``/ask``."""
    begin = script('renderInPage(document.getElementById("composer"));')
    page = template.render(Path(__file__).parent / "composer.html", style=style(), script=begin)

    class Page(local.Handler):
        def get(self):
            self.finish(page)

    class Ask(local.Handler, websocket.WebSocketHandler):
        def on_message(self, message):
            IOLoop.current().spawn_callback(self.reply, message)  # who saves may play on

        async def reply(self, message):
            try:
                size = int.from_bytes(message[:4], "little")
                asked, latent = json.loads(message[4 : 4 + size]), message[4 + size :]
                ask = IOLoop.current().run_in_executor
                said, arrays = await ask(None, composer.answer, asked["said"], latent)
                await self.write_message(pack({"id": asked["id"], "said": said}, arrays), True)
            except websocket.WebSocketClosedError:
                pass  # nobody waits for it any more
            except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
                self.close(1003, "not a question of the composer's page")

    return local.application([("/", Page), ("/ask", Ask)], websocket_max_message_size=LARGEST)


def pack(said: dict, arrays: list[bytes]) -> bytes:
    """Write an answer as one message: the length of the JSON, the JSON, then the arrays."""
    head = json.dumps(said | {"sizes": [len(array) for array in arrays]}).encode()
    return b"".join([len(head).to_bytes(4, "little"), head, *arrays])
