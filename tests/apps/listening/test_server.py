"""The survey's server: what it takes, what it refuses, what a kill leaves."""

import json
import os
import re
import socket
from unittest import mock

import pytest
from surveys import DOCUMENT, SURVEY, WHEN, documents, make_place
from tornado.httpclient import AsyncHTTPClient
from tornado.testing import AsyncHTTPTestCase, gen_test
from tornado.web import HTTPError

from apps import local
from apps.listening import server
from apps.listening.answer_db import Store
from apps.listening.page import to_html

LISTENER = "7Q2K-M4XP-9TRD-0VWZ"
OTHER = "0000-0000-0000-0000"


def document(listener=LISTENER, version=1, **change):
    answer = {"grade": 4, "known": False, "comment": "ö", "heard": 12.4, "at": WHEN}
    own = {
        "listener": listener,
        "version": version,
        "about": {"age": "25-34"},
        "order": ["bbbbbb", "cccccc", "aaaaaa"],
        "answers": {"aaaaaa": answer, "bbbbbb": {**answer, "grade": None}},
        "comment": "",
    }
    return DOCUMENT | own | change


@pytest.fixture
def place(tmp_path):
    return make_place(tmp_path / "survey")


# --- The store


@pytest.mark.skipif(os.name == "nt", reason="permissions as Unix has them")
def test_the_database_is_for_its_owner_alone(tmp_path):
    Store(tmp_path / "a.sqlite").put(document())
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


def test_what_is_no_database_is_a_sentence(tmp_path):
    notes = tmp_path / "notes.txt"
    notes.write_text("hello, not a database at all" * 99)
    with pytest.raises(OSError, match="file is not a database"):
        Store(notes)
    for wrong in (tmp_path, notes / "below" / "a.sqlite"):
        with pytest.raises(OSError, match="cannot be kept in .*choose another folder"):
            Store(wrong)
    assert notes.read_text().startswith("hello")


# --- The server


class Asked(AsyncHTTPTestCase):
    """A server, and a way to ask it as a browser asks."""

    codes = ()

    @pytest.fixture(autouse=True)
    def _files(self, tmp_path, capfd):
        self.place, self.capfd = make_place(tmp_path / "survey", self.codes), capfd

    def get_app(self):
        self.store = Store(self.place.answers, self.codes)
        return server.application(self.place, self.store, True, "our.example")

    def get_httpserver_options(self):
        return local.OPTIONS

    def ask(self, method, path="/answers", body=None, **headers):
        if isinstance(body, dict):
            body = json.dumps(body)
        asked = {"method": method, "body": body, "headers": headers}
        whatever = {"raise_error": False, "allow_nonstandard_methods": True}
        return AsyncHTTPClient().fetch(self.get_url(path), **asked, **whatever)

    async def status(self, *asked, **headers):
        answer = await self.ask(*asked, **headers)
        if answer.code >= 400:
            assert "Traceback" not in answer.body.decode()
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
        return answer.code


class TestServer(Asked):
    """Asked as a browser asks, and as one that means harm."""

    @gen_test
    async def test_page(self):
        answer = await self.ask("GET", "/")
        dealt = json.loads(re.search(rb'id="lists">(.*?)</script>', answer.body)[1])
        assert [one["items"] for one in dealt] == [["aaaaaa", "bbbbbb", "ffffff"]]
        assert {one["again"] for one in dealt} < {"aaaaaa", "bbbbbb"}
        assert answer.body.decode() == to_html(self.place.read() | {"sounds": {}}, dealt)
        assert answer.headers["Content-Type"] == "text/html; charset=UTF-8"
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "media-src data: blob:;" in policy
        assert not {"Server", "Access-Control-Allow-Origin"} & set(answer.headers)
        assert (await self.ask("HEAD", "/")).body == b""
        sound = await self.ask("GET", "/sounds/0000.mp3")
        assert sound.body == bytes(3)
        assert "max-age=31536000" in sound.headers["Cache-Control"]

    @gen_test
    async def test_answers_are_stored_whatever_their_order(self):
        for version, comment, status in (
            (2, "", 204),
            (2, "", 204),
            (2, "other", 409),
            (1, "", 409),
        ):
            said = document(version=version, comment=comment)
            assert await self.status("PUT", "/answers", said) == status
        assert documents(self.place.answers) == [document(version=2, comment="")]
        assert await self.status("PUT", "/answers", document(version=3)) == 204

    @gen_test
    async def test_deleted_answers_are_gone_and_stay_gone(self):
        asked = {"survey": SURVEY, "listener": LISTENER}
        await self.ask("PUT", body=document(comment="a secret of mine"))
        await self.ask("PUT", body=document(OTHER))
        for listener in (LISTENER, LISTENER, OTHER[:-1] + "Z"):  # again; before anything came
            gone = asked | {"listener": listener}
            assert await self.status("DELETE", "/answers", gone) == 204
            assert await self.status("PUT", "/answers", document(listener, version=9)) == 410
        assert [d["listener"] for d in documents(self.place.answers)] == [OTHER]
        held = b"".join(path.read_bytes() for path in self.place.private.iterdir())
        assert b"a secret of mine" not in held and LISTENER.encode() not in held
        for wrong in (asked | {"survey": "ffffffff"}, asked | {"listener": "%"}, asked | {"x": 1}):
            assert await self.status("DELETE", "/answers", wrong) == 400

    @gen_test
    async def test_nothing_reads_answers(self):
        await self.ask("PUT", body=document())
        for path in ("/answers", f"/answers/{LISTENER}", "/a.sqlite", "/../a.sqlite", "/%2e"):
            for method in ("GET", "HEAD", "POST", "OPTIONS"):
                answer = await self.ask(method, path)
                assert answer.code in (404, 405)
                assert LISTENER not in answer.body.decode() + str(answer.headers)

    @gen_test
    async def test_other_sites_may_not_store(self):
        preflight = {"Origin": "http://evil.example", "Access-Control-Request-Method": "PUT"}
        assert await self.status("OPTIONS", "/answers", **preflight) == 405
        for host, status in (("evil.example", 403), ("1.evil", 403), ("our.example:80", 204)):
            assert await self.status("PUT", "/answers", document(), Host=host) == status

    @gen_test
    async def test_what_is_no_document_is_refused(self):
        bodies = [b"", b"{", b"\xff", b"[]", b"[" * 60_000, b'{"a": NaN}']
        texts = {
            "format": ["musegen answers 1"],
            "survey": ["ffffffff"],
            "listener": ["7Q2K", LISTENER.lower(), LISTENER + "\n"],
            "version": [0, True, 1.5, 2**60],
            "language": ["", "x" * 99, "s%s"],
            "consent": [False],
            "started": ["yesterday", WHEN.replace("11-23", "02-30")],
            "about": [{"name": "Anna"}, {"age": 30}, {"age": "x" * 2001}],
            "order": [["zzzzzz"], ["aaaaaa", "aaaaaa"]],
            "comment": [None, "x" * 2001],
            "more": [1],
        }
        wrong = {"grade": 6, "known": "no", "comment": "x" * 2001, "heard": -1, "mail": "x"}
        entries = [{"aaaaaa": {"grade": 1} | {name: value}} for name, value in wrong.items()]
        texts["answers"] = [[], {"zzzzzz": {"grade": 1}}, {"aaaaaa": {}}, *entries]
        bodies += [document(**{name: wrong}) for name, all_ in texts.items() for wrong in all_]
        bodies += [{k: v for k, v in document().items() if k != name} for name in document()]
        bodies.append(json.dumps(document()).replace("12.4", "NaN"))
        for body in bodies:
            assert await self.status("PUT", "/answers", body) == 400, body
        assert documents(self.place.answers) == []

    @gen_test
    async def test_large_bodies_are_refused(self):
        longest = document(comment="x" * 2000, about={"culture": "y" * 2000})
        assert await self.status("PUT", "/answers", longest) == 204
        for size in (server.LARGEST + 1, 900_000):
            assert await self.status("PUT", "/answers", b" " * size) == 413
        assert (await self.ask("PUT", body=b" " * 1_100_000)).code in (400, 599)
        assert await self.status("PUT", "/answers", document(version=2)) == 204

    @gen_test
    @mock.patch.object(server, "NEW", 10)
    async def test_an_address_that_brings_ever_more_listeners_waits(self):
        for number in range(server.NEW):
            listener = f"0000-0000-0000-{number:04}"
            asked = {"survey": SURVEY, "listener": listener}
            method, body = ("DELETE", asked) if number % 2 else ("PUT", document(listener))
            assert await self.status(method, "/answers", body) == 204
        assert await self.status("PUT", "/answers", document(OTHER[:-1] + "Z")) == 429
        assert await self.status("PUT", "/answers", document(OTHER, version=2)) == 204  # is in
        with mock.patch.object(server, "date"):  # another day
            assert await self.status("PUT", "/answers", document(OTHER[:-1] + "Z")) == 204

    @gen_test
    async def test_who_has_finished_is_told_who_wrote_what_and_changes_nothing_more(self):
        assert (await self.ask("PUT", body=document(version=5))).body == b""
        late = await self.ask("PUT", body=document(version=4, finished=WHEN))
        assert late.code == 409 and b"AE" not in late.body  # not what is kept
        answer = await self.ask("PUT", body=document(version=6, finished=WHEN))
        assert json.loads(answer.body)["bbbbbb"] == ["Two", "AE"]
        assert (await self.ask("PUT", body=document(version=7))).code == 200
        assert documents(self.place.answers) == [document(version=6, finished=WHEN)]

    @gen_test
    async def test_a_disk_that_fails_is_said_and_nothing_else(self):
        self.store.close()
        assert await self.status("PUT", "/answers", document()) == 500
        self.store.knows = lambda *who: True
        self.store.put = lambda document, code: 1 / len(document["nothing"])
        assert await self.status("PUT", "/answers", document()) == 500
        said = self.capfd.readouterr().err
        assert "KeyError in" in said
        assert LISTENER not in said
        assert "127.0.0.1" not in said


class TestInvited(Asked):
    codes = tuple(f"code {number}" for number in range(11))

    @gen_test
    async def test_an_invitation_is_for_one(self):
        assert await self.status("PUT", "/answers", document(), Invitation="code 7") == 204
        assert await self.status("PUT", "/answers", document(version=2)) == 204  # needs none
        for wrong in ({}, {"Invitation": "code 7"}, {"Invitation": "code 777"}):
            assert await self.status("PUT", "/answers", document(OTHER), **wrong) == 401
        again = Store(self.place.answers, self.codes)  # as the server starts again
        with pytest.raises(HTTPError, match="401"):
            again.put(document(OTHER), "code 7")
        again.put(document(OTHER), "code 8")

    @gen_test
    @mock.patch.object(server, "NEW", 10)
    async def test_all_who_are_invited_may_come_from_one_address(self):
        for number, code in enumerate(self.codes):
            sent = document(f"0000-0000-0000-{number:04}")
            assert await self.status("PUT", "/answers", sent, Invitation=code) == 204


# --- Sentences


def test_what_is_no_survey_is_a_sentence(tmp_path):
    with pytest.raises(ValueError, match=r"holds no survey \(.*No such file.* give the folder"):
        server.serve(tmp_path)
    assert not [*tmp_path.iterdir()]


def test_a_day_that_is_gone_is_a_sentence(tmp_path):
    with pytest.raises(ValueError, match="is deleted on 2021-05-31; delete it"):
        server.serve(make_place(tmp_path / "old", until="2021-05-31").folder)


def test_a_port_that_is_taken_is_a_sentence(place):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        says = rf"port {port} \(.*in use\); choose a free port from 1024 to 65535 with --port"
        with pytest.raises(OSError, match=says):
            server.serve(place.folder, port=port)
