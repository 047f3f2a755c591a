"""Refuses every connection that leaves this machine, and keeps tiny networks short.

Python imports a module of this name when it starts; conftest.py puts its folder on
PYTHONPATH, so it holds in all that the tests start, the notebooks' kernels included.
"""

import os
import socket
import sys

LOCAL = {None, "", "localhost", "127.0.0.1", "::1", "0.0.0.0", "::", socket.gethostname()}


def refuse(event, args):
    if event == "socket.getaddrinfo":
        host = args[0]
    elif event in ("socket.connect", "socket.sendto") and isinstance(args[1], tuple):
        host = args[1][0]  # a Unix socket has a path or bytes here
    else:
        return
    host = host.decode() if isinstance(host, bytes) else host
    if host not in LOCAL and not str(host).startswith("127."):
        raise OSError(f"the tests run without a network, but something asked for {host}")


sys.addaudithook(refuse)

if os.environ.get("MUSEGEN_PROFILE") == "smoke":
    from musegen.generation import lstm

    *before, _, after = lstm.continue_tokens.__defaults__
    lstm.continue_tokens.__defaults__ = (*before, 150, after)  # tokens a song, not 500
