"""What our servers share: who is answered, and what no answer allows."""

import logging
import re
import sys
import traceback
import webbrowser

from tornado import web
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop
from tornado.netutil import bind_sockets

HERE = "127.0.0.1"
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
# Tornado takes in a body up to here, so that a status can answer one that is too large.
OPTIONS = {"max_body_size": 1_000_000, "body_timeout": 30, "idle_connection_timeout": 120}


class Handler(web.RequestHandler):
    """What all answers have in common."""

    def set_default_headers(self):
        """Let nothing be kept, framed, guessed or told elsewhere."""
        for name, value in HEADERS.items():
            self.set_header(name, value)
        self.clear_header("Server")

    def prepare(self):
        """Refuse a name of another site that leads here: it would make that site ours."""
        host = self.request.host_name
        if not OURS.fullmatch(host) and host != self.settings.get("name"):
            raise web.HTTPError(403, reason="Other name: use the address printed, or --name")

    def log_exception(self, kind, value, trace):
        """Say that the disk failed, or where the code did; not what was sent, nor by whom."""
        if kind is not web.HTTPError:
            last = traceback.extract_tb(trace)[-1]
            where = f"{kind.__name__} in {last.filename}:{last.lineno}"
            print(value if kind is OSError else where, file=sys.stderr)


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
    usual = {"default_handler_class": Elsewhere, "compress_response": True}
    return web.Application(routes, log_function=lambda handler: None, **usual, **settings)


def serve(application, name: str, show=webbrowser.open, host: str = HERE, port: int = 0) -> None:
    """Serve a Tornado application until interrupted; `show` is told its address.

    Parameters
    ----------
    application : Application
    name : str
        Is printed with the address.
    show : callable
    host : str
        Address to listen at: this machine only, unless told otherwise.
    port : int
        0 takes any that is free.

    Raises
    ------
    OSError
        If the port is taken.
    """
    try:
        sockets = bind_sockets(port, host)
    except OSError as error:
        raise OSError(
            f"cannot listen at {host}, port {port} ({error}); choose a free port from 1024 to "
            "65535 with --port, and an address of this machine with --host"
        ) from error
    # Tornado names addresses at the level below.
    logging.getLogger("tornado").setLevel(logging.WARNING)
    server = HTTPServer(application, **OPTIONS)
    server.add_sockets(sockets)
    shown = f"[{host}]" if ":" in host else host
    address = f"http://{shown}:{sockets[0].getsockname()[1]}/"
    print(f"{name} at {address} until you press Ctrl-C", flush=True)
    show(address)
    try:
        IOLoop.current().start()
    finally:
        server.stop()
