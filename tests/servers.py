"""Real servers on loopback, for what only a real connection shows."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

import uvicorn

from permissions.wire import Protocol


class Serving:
    """A server in a thread of its own."""

    def __init__(self, application: Callable[[], Any], protocol: type[Protocol] = Protocol) -> None:
        settings: dict[str, Any] = {
            "lifespan": "on",
            "log_level": "warning",
            "log_config": None,
            "server_header": False,
        }
        self._server = uvicorn.Server(
            uvicorn.Config(application, factory=True, port=0, http=protocol, timeout_graceful_shutdown=10, **settings)
        )
        self._thread = threading.Thread(target=lambda: asyncio.run(self._server.serve()))

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.servers[0].sockets[0].getsockname()[1])

    @property
    def address(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Returns when it listens. Raises RuntimeError when it cannot."""
        self._thread.start()
        while not self._server.started:
            self._thread.join(0.01)
            if not self._thread.is_alive():
                raise RuntimeError("the server did not start")

    def stop(self) -> None:
        """Returns when it has ended."""
        self._server.should_exit = True
        self._thread.join()


@contextlib.contextmanager
def serving(application: Callable[[], Any], protocol: type[Protocol] = Protocol) -> Iterator[Serving]:
    """A server of what the factory makes, for the length of the block."""
    server = Serving(application, protocol)
    server.start()
    try:
        yield server
    finally:
        server.stop()
