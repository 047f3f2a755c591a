"""The listening page on a server that stores each answer the moment it is given.

Nothing is read over the web but the page: no list, no answers, one's own included. Whoever has a
listener's code (80 random bits) may go on with that listener's answers or delete them. Who has
finished can change nothing any more, and is told who wrote what if the owner wants it.

An address brings at most `NEW` listeners a day, unless all are invited: nobody fills the disk. No
header is believed about addresses: behind a reverse proxy all share one, so invite the listeners
there. Who is refused for now (429, 500) loses nothing: the page sends its latest version again. No
request is logged: a line would name addresses.
"""

import base64
import json
from collections import Counter
from datetime import date

from tornado import web

from apps import local
from apps.listening.answer_db import Store
from apps.listening.answer_key import read_key
from apps.listening.answer_schema import checked, parsed
from apps.listening.page import Place, deal, to_html

NEW = 300  # listeners
LARGEST = 64_000  # bytes of a body


def application(place: Place, store: Store, debrief: bool = False, name: str = ""):
    """Make the Tornado application: ``/`` the page, its sounds, ``/answers`` to put and delete.

    Parameters
    ----------
    place : Place
    store : Store
    debrief : bool
        Whether who has finished is told who wrote what.
    name : str
        Of the host, where it is not asked by its number.

    Raises
    ------
    ValueError
        If there is no survey, or no key of it.
    """
    survey, key = place.read(), read_key(place.key)
    sources = {item: of.source for item, of in key.named("song").items()}
    sounds = {name: base64.b64decode(sound) for name, sound in survey["sounds"].items()}
    return local.application(
        [("/", Page), ("/answers", Answers), (rf"/sounds/({'|'.join(sounds)})\.mp3", Sound)],
        name=name.lower(),
        invited=survey["invited"],
        page=to_html(survey | {"sounds": {}}, []).encode(),
        sounds=sounds,
        key=key,
        lists=deal(sources, survey["each"], [*key.named("fake")]),
        store=store,
        debrief=debrief,
        new=Counter(),
    )


class Page(local.Handler):
    """The page, with a list of its own each time."""

    def get(self):
        """Deal a list."""
        dealt = json.dumps([next(self.settings["lists"])]).encode()
        self.finish(self.settings["page"].replace(b'id="lists">[]', b'id="lists">' + dealt, 1))

    head = get


class Sound(local.Handler):
    """A sound, named by what it is: whoever has heard it need not load it again."""

    def get(self, name):
        """Give it to keep."""
        self.set_header("Content-Type", "audio/mpeg")
        self.set_header("Cache-Control", "private, max-age=31536000, immutable")
        self.finish(self.settings["sounds"][name])


class Answers(local.Handler):
    """Where answers go in, and out for good."""

    SUPPORTED_METHODS = ("PUT", "DELETE")  # for which pages of other sites have to ask first

    def prepare(self):
        """Take in a document, or the name of one, if it is of our page and our survey."""
        super().prepare()
        if len(self.request.body) > LARGEST:
            raise web.HTTPError(413)
        is_deletion, key = self.request.method == "DELETE", self.settings["key"]
        try:
            self.asked = checked(parsed(self.request.body), "deletion" if is_deletion else "")
            named = {*self.asked.get("order", []), *self.asked.get("answers", {})}
        except ValueError as error:
            raise web.HTTPError(400) from error
        if self.asked["survey"] != key.survey or not named <= key.items.keys():
            raise web.HTTPError(400)
        self.who = self.asked["survey"], self.asked["listener"]
        invited = self.settings["invited"] and not is_deletion
        if not invited and not self.settings["store"].knows(*self.who):
            new, who = self.settings["new"], (self.request.remote_ip, date.today())
            new[who] += 1
            if new[who] > NEW:
                raise web.HTTPError(429)

    def put(self):
        """Keep a document."""
        invitation = self.request.headers.get("Invitation", "")
        finished = self.settings["store"].put(self.asked, invitation)
        if self.settings["debrief"] and finished:
            items = self.settings["key"].items.items()
            self.finish({item: [of.song, of.source] for item, of in items})
        else:
            self.set_status(204)  # only now: it is on the disk

    def delete(self):
        """Delete a listener's answers."""
        self.settings["store"].delete(*self.who)
        self.set_status(204)


def serve(folder, host="127.0.0.1", port: int = 8000, debrief: bool = False, name="") -> None:
    """Serve a survey and keep the answers until interrupted; the address is printed.

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
    name : str
        What the address begins with for listeners, unless with a number: ``survey.example.org``.

    Raises
    ------
    ValueError
        If there is no survey or no key, or the answers should be deleted by now.
    OSError
        If the port is taken, or the database cannot be used.
    """
    place = Place(folder)
    survey = place.read()
    if date.fromisoformat(survey["until"]) < date.today():
        raise ValueError(
            f"the listeners were told that {place.answers} is deleted on {survey['until']}; delete "
            "it, and build a survey anew for new ones"
        )
    codes = place.invitations.read_text().split() if survey["invited"] else []
    store = Store(place.answers, codes)

    def tell(address: str) -> None:
        print(f"answers go to {place.answers}", flush=True)
        if codes:
            print(f"each listener gets {address}# and a code of {place.invitations}", flush=True)

    try:
        served = application(place, store, debrief, name)
        local.serve(served, "the survey is", tell, host, port)
    finally:
        store.close()  # tidies the journal away; after a kill the next start does
