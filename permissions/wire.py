"""uvicorn's connections with what they lack: a head that is too long, too slow or names no one host ends them."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LONGEST_HEAD = 32 * 1024
_REFUSAL = b"HTTP/1.1 %s\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class Protocol(HttpToolsProtocol):
    """One connection of a client."""

    head_seconds = 20.0
    """From the beginning of the connection, or of its next request; bodies have a deadline in ``admission``."""
    _timer: asyncio.TimerHandle | None = None
    _head: int | None = 0
    """Bytes received since the head began; None between a head and the next."""
    _fed = 0

    def connection_made(self, transport: Any) -> None:
        """A client connects, and has to say what it wants."""
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        self._cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Bytes of a head, of a body or of both."""
        self._fed = len(data)
        if self._head is not None:
            self._head += len(data)
            if self._head > LONGEST_HEAD + len(data):
                return self._refuse(b"431 Request Header Fields Too Large")
        super().data_received(data)

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        super().on_message_begin()
        if self._timer is None:
            self._expect_head()
            self._head = self._fed

    def on_headers_complete(self) -> None:
        """The head is there."""
        self._cancel()
        received, self._head = self._head or 0, None
        if received > LONGEST_HEAD and sum(len(n) + len(v) for n, v in self.headers) + len(self.url) > LONGEST_HEAD:
            self._refuse(b"431 Request Header Fields Too Large")
            raise ValueError("the head is too long")
        # Who serves, proxies and pages of other sites must agree on whom a request is for (RFC 9112, 3.2).
        if sum(name == b"host" for name, _ in self.headers) != 1:
            self._refuse(b"400 Bad Request")
            raise ValueError("a request has one Host")
        super().on_headers_complete()

    def _expect_head(self) -> None:
        self._head = 0
        self._timer = self.loop.call_later(self.head_seconds, self._refuse, b"408 Request Timeout")

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _refuse(self, status: bytes) -> None:
        self._cancel()
        if not self.transport.is_closing():
            self.transport.write(_REFUSAL % status)
            self.transport.close()
