"""The listening page on a server that stores each answer the moment it is given.

Nothing is read over the web but the page: no list, no answers, one's own included. Whoever has a
listener's code (80 random bits) may go on with that listener's answers or delete them.

How often one may ask
---------------------
A listener at an address may store 60 times a minute, 120 in a burst; an address may ask 1,800
times a minute, 3,600 in a burst, where the page itself counts as ten. So a class of thirty behind
one address goes on at full speed, and whoever makes up listeners is still held. No header is
believed about addresses: behind a reverse proxy all share the larger bucket, which then limits the
whole survey, and the proxy may limit addresses itself. Who is told to wait (429, ``Retry-After``)
loses nothing: the page sends its latest version again.
"""

import errno
import logging
import math
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from apps.listening.answer_db import Deleted, Store
from apps.listening.page import read_page
from apps.listening.rate_limit import Limit
from apps.listening.validation import Door

LARGEST = 64_000  # bytes of a body
# Tornado takes in a body up to here, so that a sentence can answer one that is too large.
OPTIONS = {"max_body_size": 1_000_000, "body_timeout": 30, "idle_connection_timeout": 120}
PAGE_COST = 10  # tokens: it is large
HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "; ".join(
        (
            "default-src 'none'",
            "script-src 'unsafe-inline'",
            "style-src 'unsafe-inline'",
            "img-src data:",
            "media-src data: blob:",
            "connect-src 'self' data: blob:",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    ),
}
SENTENCES = {
    403: "answers are taken from the page of this server only",
    404: "there is nothing here but the page",
    405: "this is not what one can do here",
    410: "these answers were deleted, and stay deleted",
    413: f"a body has at most {LARGEST:,} bytes",
    429: "too many at once; try again later",
    500: "something went wrong here; nothing was stored",
    503: "the answers cannot be stored now; try again later",
}


def say(line: str) -> None:
    """Print a line at once, also into a file."""
    print(line, flush=True)


def application(
    page: Path,
    store: Store,
    tell: Callable[[str], object] = say,
    clock: Callable[[], float] = time.monotonic,
):
    """Make the Tornado application: ``/`` the page, ``/answers`` to put and delete.

    Parameters
    ----------
    page : Path
    store : Store
    tell : callable
        Is told a line for each request: time, method, path, status, milliseconds. No address, no
        listener, nothing that was sent.
    clock : callable
        Gives the seconds that the limits go by.

    Raises
    ------
    ValueError
        If there is no page, or no survey in it.
    """
    from tornado import web

    held = read_page(page)
    door = Door(held.survey, held.items)
    of_address = Limit(1_800, 3_600, clock)
    of_listener = Limit(60, 120, clock)

    class Handler(web.RequestHandler):
        SUPPORTED_METHODS = ("GET", "HEAD", "PUT", "DELETE")

        def set_default_headers(self):
            for name, value in HEADERS.items():
                self.set_header(name, value)
            self.clear_header("Server")

        def compute_etag(self):
            return None  # nothing is to be kept by a browser

        def refuse(self, status: int, sentence: str = "", wait: float = 0.0):
            self.set_status(status)
            self.set_header("Content-Type", "text/plain; charset=utf-8")
            if wait:
                self.set_header("Retry-After", str(math.ceil(wait)))
            self.finish(f"{sentence or SENTENCES[status]}\n")
            raise web.Finish

        def spend(self, limit: Limit, key, cost: float = 1.0):
            if wait := limit.wait(key, cost):
                self.refuse(429, wait=wait)

        def write_error(self, status_code, **kwargs):
            self.set_header("Content-Type", "text/plain; charset=utf-8")
            self.finish(f"{SENTENCES.get(status_code, 'this was not understood')}\n")

        def log_exception(self, kind, value, trace):
            if not isinstance(value, web.HTTPError):  # where, but not what: it may hold an answer
                last = traceback.extract_tb(trace)[-1]
                print(f"{kind.__name__} in {last.filename}:{last.lineno}", file=sys.stderr)

    class Root(Handler):
        def get(self):
            self.spend(of_address, self.request.remote_ip, PAGE_COST)
            self.set_header("Content-Type", "text/html; charset=utf-8")
            self.finish(held.content)

        head = get

    class Answers(Handler):
        def prepare(self):
            self.spend(of_address, self.request.remote_ip)
            if self.request.method not in ("PUT", "DELETE"):
                self.set_header("Allow", "PUT, DELETE")
                self.refuse(405)
            if not is_same_origin(self.request.headers):
                self.refuse(403)
            if len(self.request.body) > LARGEST:
                self.refuse(413)

        def put(self):
            document = self.read(door.document)
            self.spend(of_listener, (self.request.remote_ip, document["listener"]))
            self.write_down(store.put, document)

        def delete(self):
            listener = self.read(door.deletion)
            self.spend(of_listener, (self.request.remote_ip, listener))
            self.write_down(store.delete, held.survey, listener)

        def read(self, how):
            try:
                return how(self.request.body)
            except ValueError as error:
                return self.refuse(400, str(error))

        def write_down(self, how, *what):
            try:
                how(*what)
            except Deleted:
                self.refuse(410)
            except OSError as error:
                print(error, file=sys.stderr)
                self.refuse(503, wait=5)
            self.set_status(204)  # only now: it is on the disk

    class Elsewhere(Handler):
        def prepare(self):
            self.spend(of_address, self.request.remote_ip)
            self.refuse(404)

    def log(handler):
        request = handler.request
        path = request.path if request.path in ("/", "/answers") else "(elsewhere)"
        method = request.method if request.method in Handler.SUPPORTED_METHODS else "(other)"
        took = f"{1000 * request.request_time():.0f} ms"
        tell(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {method} {path} {handler.get_status()} {took}")

    return web.Application(
        [("/", Root), ("/answers", Answers)],
        default_handler_class=Elsewhere,
        log_function=log,
    )


def is_same_origin(headers) -> bool:
    """Tell whether a request comes from our own page, or from no page at all.

    Browsers say so in a header that scripts cannot set; older ones, and all of them without TLS,
    name the origin, which must be the host that was asked.
    """
    if site := headers.get("Sec-Fetch-Site"):
        return site == "same-origin"
    if origin := headers.get("Origin"):
        return urlsplit(origin).netloc.lower() == headers.get("Host", "").lower()
    return True


def serve(
    page: Path,
    database: Path,
    host: str = "127.0.0.1",
    port: int = 8000,
    tell: Callable[[str], object] = say,
) -> None:
    """Serve a page and keep the answers until interrupted.

    Parameters
    ----------
    page : Path
        Made by `survey build`.
    database : Path
        Where the answers are kept; made if it is not there.
    host : str
        Address to listen at: this machine only, unless told otherwise. A reverse proxy with TLS
        belongs in front of any other; it should pass on the header ``Host``.
    port : int
        0 takes any that is free.
    tell : callable
        Is told the address, then a line for each request.

    Raises
    ------
    ValueError
        If there is no page, or no such port.
    OSError
        If the port is taken, or the database cannot be used.
    """
    from tornado.httpserver import HTTPServer
    from tornado.ioloop import IOLoop

    held = read_page(page)
    sockets = _sockets(host, port)
    store = Store(database)
    # Tornado names addresses at the level below.
    logging.getLogger("tornado").setLevel(logging.WARNING)
    server = HTTPServer(application(page, store, tell), **OPTIONS)
    server.add_sockets(sockets)
    shown = f"[{host}]" if ":" in host else host
    address = f"http://{shown}:{sockets[0].getsockname()[1]}/"
    tell(f"survey {held.survey} is at {address} until you press Ctrl-C; answers go to {database}")
    try:
        IOLoop.current().start()
    finally:
        server.stop()
        store.close()  # tidies the journal away; after a kill the next start does


def _sockets(host: str, port: int) -> list:
    from tornado.netutil import bind_sockets

    if not 0 <= port < 2**16:
        raise ValueError(f"there is no port {port}; choose one from 1024 to 65535 with --port")
    try:
        return bind_sockets(port, host)
    except OSError as error:
        ways = {
            errno.EADDRINUSE: "it is taken; choose another with --port, or stop who has it",
            errno.EACCES: "it is not for you; choose one from 1024 to 65535 with --port",
        }
        way = ways.get(error.errno, f"{error.strerror}; is {host} an address of this machine?")
        raise OSError(f"cannot listen at {host}, port {port}: {way}") from error
