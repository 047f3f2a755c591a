"""JupyterLab's line to the kernel, made prompt enough to play on.

A kernel that is asked says first that it is busy and then what the answer is. The second message
waits on the way to the browser until the first is acknowledged (Nagle's algorithm), and Linux takes
40 ms to do so: three quarters of the time from a slider to the piano-roll.
"""

from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection


class PromptConnection(ZMQChannelsWebsocketConnection):
    """Jupyter's own connection, which sends each message at once.

    Notes
    -----
    ``make lab`` names it as ``ServerApp.kernel_websocket_connection_class``. Notebook:
    04_generation, "The composer".
    """

    def connect(self):
        """Connect, and let no message wait for the one before it."""
        self.websocket_handler.set_nodelay(True)
        return super().connect()
