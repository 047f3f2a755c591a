"""The listening page on a server that stores each answer the moment it is given.

Nothing is read over the web but the page: no list, no answers, one's own included. Whoever has a
listener's code (80 random bits) may go on with that listener's answers or delete them. Who has
finished can change nothing any more, and is told who wrote what if the owner wants it.

How often one may ask
---------------------
A listener at an address may store 60 times a minute, 120 in a burst; an address may ask 1,800
times a minute, 3,600 in a burst, where the page itself counts as ten. So a class of thirty behind
one address goes on at full speed. An address brings 100 new listeners, then 20 an hour, unless all
are invited: nobody fills the disk. No header is believed about addresses: behind a reverse proxy
all share one, so invite the listeners there. Who is told to wait (429, ``Retry-After``) loses
nothing: the page sends its latest version again.
"""

import json
import logging
import math
import sys
import time
import traceback
from collections.abc import Callable
from datetime import date
from urllib.parse import urlsplit

from apps.listening.answer_db import Deleted, Store, Uninvited
from apps.listening.answer_key import read_key
from apps.listening.answer_schema import AGAIN, checked, parsed
from apps.listening.dealing import Dealer
from apps.listening.page import LISTS, Place
from apps.listening.rate_limit import Limit

LARGEST = 64_000  # bytes of a body
# Tornado takes in a body up to here, so that a sentence can answer one that is too large.
OPTIONS = {"max_body_size": 1_000_000, "body_timeout": 30, "idle_connection_timeout": 120}
PAGE_COST = 10  # tokens: it is large
HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; script-src 'unsafe-inline'; "
    "style-src 'unsafe-inline'; img-src data:; media-src data: blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
}
SENTENCES = {
    401: "this invitation is none, or somebody has used it",
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
    place: Place,
    store: Store,
    debrief: bool = False,
    tell: Callable[[str], object] = say,
    clock: Callable[[], float] = time.monotonic,
):
    """Make the Tornado application: ``/`` the page, ``/answers`` to put and delete.

    Parameters
    ----------
    place : Place
    store : Store
    debrief : bool
        Whether who has finished is told who wrote what.
    tell : callable
        Is told a line for each request: time, method, path, status, milliseconds. No address, no
        listener, nothing that was sent.
    clock : callable
        Gives the seconds that the limits go by.

    Raises
    ------
    ValueError
        If there is no page, or no key of it.
    """
    from tornado import web

    content, survey = place.read()
    key = read_key(place.key)
    if key.survey != survey["survey"]:
        raise ValueError(f"{key.path} is not the key of {place.page}; it is of {key.survey}")
    before, after = LISTS.split(content, maxsplit=1)
    items = {*key.items, *(item + AGAIN for item in key.items)}
    songs: dict[str, list[str]] = {}
    for item, of in key.named("song").items():
        songs.setdefault(of.source, []).append(item)
    dealer = Dealer([*songs.values()], survey["each"], [*key.named("fake")])
    of_address = Limit(1_800, 3_600, clock)
    of_listener = Limit(60, 120, clock)
    of_new = Limit(20 / 60, 100, clock)

    class Handler(web.RequestHandler):
        SUPPORTED_METHODS = ("GET", "HEAD", "PUT", "DELETE")
        waits = 0.0  # seconds until there are tokens

        def set_default_headers(self):
            for name, value in HEADERS.items():
                self.set_header(name, value)
            self.clear_header("Server")

        def compute_etag(self):
            return None  # nothing is to be kept by a browser

        def spend(self, limit: Limit, *more, cost: float = 1.0):
            self.waits = limit.wait((self.request.remote_ip, *more), cost)
            if self.waits:
                raise web.HTTPError(429)

        def write_error(self, status_code, exc_info=(None, None), **kwargs):
            self.set_header("Content-Type", "text/plain; charset=utf-8")
            if status_code in (429, 503):
                self.set_header("Retry-After", str(math.ceil(self.waits or 5)))
            said = SENTENCES.get(status_code) or getattr(exc_info[1], "log_message", None)
            self.finish(f"{said or 'this was not understood'}\n")

        def log_exception(self, kind, value, trace):
            if not isinstance(value, web.HTTPError):  # where, but not what: it may hold an answer
                last = traceback.extract_tb(trace)[-1]
                print(f"{kind.__name__} in {last.filename}:{last.lineno}", file=sys.stderr)

    class Root(Handler):
        def get(self):
            self.spend(of_address, cost=PAGE_COST)
            self.finish(before + json.dumps([dealer.deal()]).encode() + after)

        head = get

    class Answers(Handler):
        def prepare(self):
            self.spend(of_address)
            if self.request.method not in ("PUT", "DELETE"):
                raise web.HTTPError(405)
            if not is_same_origin(self.request.headers):
                raise web.HTTPError(403)
            if len(self.request.body) > LARGEST:
                raise web.HTTPError(413)
            try:
                part = "deletion" if self.request.method == "DELETE" else ""
                self.asked = checked(parsed(self.request.body), part)
                named = {*self.asked.get("order", []), *self.asked.get("answers", {})}
                if self.asked["survey"] != key.survey or not named <= items:
                    raise ValueError("this is of another survey than the page")
            except ValueError as error:
                raise web.HTTPError(400, str(error)) from error
            self.who = self.asked["survey"], self.asked["listener"]
            self.spend(of_listener, self.who)
            if (part or not survey["invited"]) and not self.stored(store.knows, *self.who):
                self.spend(of_new)

        def put(self):
            invitation = self.request.headers.get("Invitation", "")
            finished = self.stored(store.put, self.asked, invitation)
            if debrief and finished:
                self.finish({item: [of.song, of.source] for item, of in key.items.items()})
            else:
                self.set_status(204)  # only now: it is on the disk

        def delete(self):
            self.stored(store.delete, *self.who)
            self.set_status(204)

        def stored(self, how, *what):
            try:
                return how(*what)
            except (Uninvited, Deleted) as error:
                raise web.HTTPError(410 if isinstance(error, Deleted) else 401) from error
            except OSError as error:
                print(error, file=sys.stderr)
                raise web.HTTPError(503) from error

    class Elsewhere(Handler):
        def prepare(self):
            self.spend(of_address)
            raise web.HTTPError(404)

    def log(handler):
        request = handler.request
        path = request.path if request.path in ("/", "/answers") else "(elsewhere)"
        method = request.method if request.method in Handler.SUPPORTED_METHODS else "(other)"
        took = f"{1000 * request.request_time():.0f} ms"
        tell(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {method} {path} {handler.get_status()} {took}")

    routes = [("/", Root), ("/answers", Answers)]
    return web.Application(routes, default_handler_class=Elsewhere, log_function=log)


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
    folder,
    host: str = "127.0.0.1",
    port: int = 8000,
    debrief: bool = False,
    tell: Callable[[str], object] = say,
) -> None:
    """Serve a survey and keep the answers until interrupted.

    Parameters
    ----------
    folder : str or Path
        Made by `survey build`; the answers are kept there, in ``private/answers.sqlite``.
    host : str
        Address to listen at: this machine only, unless told otherwise. A reverse proxy with TLS
        belongs in front of any other; it should pass on the header ``Host``.
    port : int
        0 takes any that is free.
    debrief : bool
        Whether who has finished is told who wrote what.
    tell : callable
        Is told the address, then a line for each request.

    Raises
    ------
    ValueError
        If there is no page or no key, or the answers should be deleted by now.
    OSError
        If the port is taken or none, or the database cannot be used.
    """
    from tornado.httpserver import HTTPServer
    from tornado.ioloop import IOLoop
    from tornado.netutil import bind_sockets

    place = Place(folder)
    _, survey = place.read()
    if date.fromisoformat(survey["until"]) < date.today():
        raise ValueError(
            f"the listeners were told that {place.answers} is deleted on {survey['until']}; delete "
            "it, and build a survey anew for new ones"
        )
    codes = place.invitations.read_text().split() if survey["invited"] else []
    try:
        if not 0 <= port < 2**16:  # it would be cut to 16 bits
            raise OSError("there is no such port")
        sockets = bind_sockets(port, host)
    except OSError as error:
        raise OSError(
            f"cannot listen at {host}, port {port} ({error}); choose a free port from 1024 to "
            "65535 with --port, and an address of this machine with --host"
        ) from error
    store = Store(place.answers, codes)
    # Tornado names addresses at the level below.
    logging.getLogger("tornado").setLevel(logging.WARNING)
    server = HTTPServer(application(place, store, debrief, tell), **OPTIONS)
    server.add_sockets(sockets)
    shown = f"[{host}]" if ":" in host else host
    address = f"http://{shown}:{sockets[0].getsockname()[1]}/"
    tell(f"the survey is at {address} until you press Ctrl-C; answers go to {place.answers}")
    if codes:
        tell(f"each listener gets an own address: {address}# and a code of {place.invitations}")
    try:
        IOLoop.current().start()
    finally:
        server.stop()
        store.close()  # tidies the journal away; after a kill the next start does
