"""The composer's server, asked as a browser asks; test_browser.py moves its sliders."""

import json

import pytest
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest
from tornado.testing import AsyncHTTPTestCase, gen_test
from tornado.websocket import websocket_connect

from apps.composer import server


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
        for nonsense in (b"", b"\xff" * 9, self.ask([]), self.ask({"id": 1}), "text"):
            socket = await websocket_connect(self.get_url("/ask").replace("http", "ws"))
            await socket.write_message(nonsense, binary=isinstance(nonsense, bytes))
            assert await socket.read_message() is None
        await AsyncHTTPClient().fetch(self.get_url("/"))

    @gen_test
    async def test_other_sites_are_refused(self):
        elsewhere = {"Host": f"evil.example:{self.get_http_port()}"}
        with pytest.raises(HTTPClientError, match="403"):
            await AsyncHTTPClient().fetch(self.get_url("/"), headers=elsewhere)
        address = self.get_url("/ask").replace("http", "ws")
        for headers in (elsewhere, {"Origin": "http://evil.example"}):
            with pytest.raises(HTTPClientError, match="403"):
                await websocket_connect(HTTPRequest(address, headers=headers))
