"""Pages that talk to Python, served on this machine alone."""

import webbrowser

LOCAL = ("127.0.0.1", "localhost")


class Local:
    """What all handlers of such a page begin with."""

    def prepare(self):
        """Refuse a name of another site that leads here: it would make that site ours."""
        from tornado.web import HTTPError

        if self.request.host_name not in LOCAL:
            raise HTTPError(403, f"this page is for {' and '.join(LOCAL)} only")


def serve(application, name: str, show=webbrowser.open) -> None:
    """Serve a Tornado application on 127.0.0.1 until interrupted; `show` is told its address."""
    from tornado.httpserver import HTTPServer
    from tornado.ioloop import IOLoop
    from tornado.netutil import bind_sockets

    sockets = bind_sockets(0, LOCAL[0])
    HTTPServer(application).add_sockets(sockets)
    address = f"http://{LOCAL[0]}:{sockets[0].getsockname()[1]}/"
    print(f"{name} at {address} until you press Ctrl-C", flush=True)
    show(address)
    IOLoop.current().start()
