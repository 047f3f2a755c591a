"""The composer's server, asked as a browser asks; test_browser.py moves its sliders."""

import json
import threading
from unittest import mock

import pytest
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest
from tornado.testing import AsyncHTTPTestCase, gen_test
from tornado.websocket import websocket_connect

from apps.composer import server

SAVED = threading.Event()


class TestServer(AsyncHTTPTestCase):
    """The plain page, asked as a browser asks."""

    @pytest.fixture(autouse=True)
    def _composer(self, composer):
        self.composer = composer

    def get_app(self):
        return server.application(self.composer)

    def ask(self, head: dict, array: bytes = b"") -> bytes:
        text = json.dumps(head).encode()
        return len(text).to_bytes(4, "little") + text + array

    @gen_test
    async def test_nonsense_ends_the_connection_and_nothing_else(self):
        deep = (90_000).to_bytes(4, "little") + b"[" * 90_000
        for nonsense in (b"", b"\xff" * 9, deep, self.ask([]), self.ask({"id": 1}), "text"):
            socket = await websocket_connect(self.get_url("/ask").replace("http", "ws"))
            await socket.write_message(nonsense, binary=isinstance(nonsense, bytes))
            assert await socket.read_message() is None
        for path in ("/", "/nothing"):
            answer = await AsyncHTTPClient().fetch(self.get_url(path), raise_error=False)
            assert answer.code == (404 if path == "/nothing" else 200)
            assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
            assert "Server" not in answer.headers

    @gen_test
    @mock.patch("musegen.composer.written", lambda *song: SAVED.wait(60) and b"sound")
    async def test_who_saves_holds_nobody_up(self):
        latent = self.composer.mean.astype("<f4").tobytes()
        socket = await websocket_connect(self.get_url("/ask").replace("http", "ws"))
        save = {
            "ask": "save",
            "threshold": 0.5,
            "tempo": 90,
            "instrument": "organ",
            "suffix": ".mp3",
        }
        for i, said in enumerate((save, {"ask": "play", "threshold": 0.5})):
            await socket.write_message(self.ask({"id": i, "said": said}, latent), binary=True)
        assert b'"id": 1' in await socket.read_message()
        SAVED.set()
        assert (await socket.read_message()).endswith(b"sound")

    @gen_test
    async def test_other_sites_are_refused(self):
        address = self.get_url("/ask").replace("http", "ws")
        with pytest.raises(HTTPClientError, match="403"):
            await websocket_connect(HTTPRequest(address, headers={"Origin": "http://evil.example"}))
