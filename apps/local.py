"""What our servers share: who is answered, what no answer allows, and work done apart."""

import re
import signal
import sys
import traceback
import webbrowser
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing import get_context

from tornado import web
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop
from tornado.netutil import bind_sockets

HOST = "127.0.0.1"  # this machine only
OURS = re.compile(r"localhost|[\d.]+|\[[\da-f:.]+\]")  # no other site has a number for its name
HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; script-src 'self' 'unsafe-inline'; "
    "style-src 'unsafe-inline'; img-src data:; media-src data: blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
}


class Handler(web.RequestHandler):
    """What all answers have in common."""

    refusals = (web.HTTPError,)

    def set_default_headers(self):
        """Let nothing be kept, framed, guessed or told elsewhere."""
        for name, value in HEADERS.items():
            self.set_header(name, value)
        self.clear_header("Server")

    def prepare(self):
        """Refuse a name of another site that leads here: it would make that site ours."""
        host = self.request.host_name
        if not OURS.fullmatch(host) and host != self.settings.get("name"):
            raise web.HTTPError(403)

    def log_exception(self, kind, value, trace):
        """Say that the disk failed, or where the code did; not what was sent, nor by whom."""
        if kind is OSError:
            print(value, file=sys.stderr)
        elif kind not in self.refusals:
            last = traceback.extract_tb(trace)[-1]
            print(f"{kind.__name__} in {last.filename}:{last.lineno}", file=sys.stderr)


class Elsewhere(Handler):
    """Any other address."""

    def prepare(self):
        """Say that nothing is there."""
        super().prepare()
        raise web.HTTPError(404)


def application(routes: list, **settings) -> web.Application:
    """Make a Tornado application of handlers; `name` is one that this machine has for others.

    Text travels compressed, and no request is logged: a line would name addresses.
    """
    return web.Application(
        routes,
        default_handler_class=Elsewhere,
        log_function=lambda handler: None,
        compress_response=True,
        **settings,
    )


@cache
def apart() -> ProcessPoolExecutor:
    """Give a process beside the server: what renders sound there holds nobody up here."""
    ignored = (signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the server's
    return ProcessPoolExecutor(1, get_context("spawn"), signal.signal, ignored)


def serve(application, name: str, show=webbrowser.open) -> None:
    """Serve a Tornado application on this machine until interrupted; `show` is told its address."""
    sockets = bind_sockets(0, HOST)
    HTTPServer(application).add_sockets(sockets)
    address = f"http://{HOST}:{sockets[0].getsockname()[1]}/"
    print(f"{name} at {address} until you press Ctrl-C", flush=True)
    show(address)
    IOLoop.current().start()
