"""Who comes in when: so many requests in work, so many waiting, nobody more than half of either; the rest hear 503.

What waits here has sent all it has to say (a slow sender holds no place), and whoever is let in has a deadline. A place
is given up when the answer begins: a slow reader holds none either.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict, deque

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from db.reading import TooSlow
from permissions.http import address_of, refuse, viewer_of
from permissions.places import PLACE, Overloaded
from settings import Settings

OPEN = ("/healthz", "/readyz", "/admin/assets/", "/graphql/ide/")
"""Paths that ask nothing of the database, or have a connection of their own: they never wait."""
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
PATIENCE = 0.1
"""Seconds before anybody looks whether the client is still there: most requests are answered long before."""
BODY_SECONDS = 20.0


class SlowBody(Exception):
    """The client does not come to an end."""


class _Line:
    """One viewer's requests: those in work, and those that wait, the oldest first."""

    def __init__(self) -> None:
        self.in_work = 0
        self.waiting: deque[asyncio.Future[None]] = deque()
        self.moved = 0.0


class Gate:
    """The places of a process. A line moves while its viewer has places; the lines take turns."""

    def __init__(self, in_work: int, waiting: int, patience: float) -> None:
        self.in_work, self.waiting, self.patience = in_work, waiting, patience
        self._lines: OrderedDict[str, _Line] = OrderedDict()
        self._working = self._queued = 0

    def enter(self, who: str) -> bool:
        """Take a place if one is free and nobody of the line waits for it."""
        line = self._lines.get(who)
        if line is None:
            line = self._lines[who] = _Line()
        if line.waiting or not self._free(line):
            return False
        self._take(line)
        return True

    async def wait(self, who: str, gone: asyncio.Future[None]) -> None:
        """Take a place when one is free. Raises Overloaded, and ClientDisconnect when `gone` comes first.

        Whose line has not moved for `patience` seconds gives up; where it moves, its length is what is limited.
        """
        line = self._lines[who]
        if self._queued >= self.waiting or len(line.waiting) >= max(1, self.waiting // 2):
            self._forget(who)
            raise Overloaded
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        line.waiting.append(place)
        self._queued += 1
        try:
            await self._called(place, line, gone)
        except BaseException:
            self._give_up(who, line, place)
            raise

    def leave(self, who: str) -> None:
        """Give a place back; whose turn it is gets it."""
        self._lines[who].in_work -= 1
        self._working -= 1
        self._forget(who)
        if self._queued:
            self._call_next()

    async def _called(self, place: asyncio.Future[None], line: _Line, gone: asyncio.Future[None]) -> None:
        since = time.monotonic()
        while not place.done():
            left = max(since, line.moved) + self.patience - time.monotonic()
            if left <= 0:
                raise Overloaded
            await asyncio.wait({place, gone}, timeout=left, return_when=asyncio.FIRST_COMPLETED)
            if gone.done() and not place.done():
                raise ClientDisconnect

    def _give_up(self, who: str, line: _Line, place: asyncio.Future[None]) -> None:
        if place.done():
            self.leave(who)  # called just when it gave up
            return
        line.waiting.remove(place)
        self._queued -= 1
        self._forget(who)

    def _free(self, line: _Line) -> bool:
        return self._working < self.in_work and line.in_work < max(1, self.in_work // 2)

    def _take(self, line: _Line) -> None:
        line.in_work += 1
        self._working += 1
        line.moved = time.monotonic()

    def _call_next(self) -> None:
        for who, line in self._lines.items():
            if line.waiting and self._free(line):
                self._take(line)
                self._queued -= 1
                line.waiting.popleft().set_result(None)
                self._lines.move_to_end(who)
                return

    def _forget(self, who: str) -> None:
        line = self._lines[who]
        if not line.in_work and not line.waiting:
            del self._lines[who]


class Held:
    """The place of one request in work (``permissions.places.Place``)."""

    def __init__(self, gate: Gate, who: str) -> None:
        self._gate, self._who = gate, who
        self.held = True

    def leave(self) -> None:
        if self.held:
            self.held = False
            self._gate.leave(self._who)

    async def come_back(self) -> None:
        if not self._gate.enter(self._who):
            # Whether its client is still there is watched by the visit: it works, and has only stepped aside.
            await self._gate.wait(self._who, asyncio.get_running_loop().create_future())
        self.held = True


class Visit:
    """One request: it ends when it is late, and a read also when nobody waits for its answer any more.

    What writes is left alone: its statements have deadlines of their own, and a client that left learns nothing of it.
    """

    def __init__(self, receive: Receive, writes: bool) -> None:
        self.writes = writes
        self.seconds: float | None = None
        """How long it may work until its answer begins; None before that and from then on."""
        self.began = self._since = time.monotonic()
        self._receive = receive
        self._reading, self._working = True, False
        self._task = asyncio.current_task()
        self._lookout: asyncio.Task[None] | None = None
        self._why: type[Exception] | None = None

    def has_read(self) -> None:
        """The client has said all it has to say."""
        self._reading = False

    def works(self, seconds: float) -> None:
        """It has a place now, and so long."""
        self._working, self.seconds, self._since = True, seconds, time.monotonic()

    def end(self) -> None:
        """It is over, in whatever way."""
        if self._lookout is not None:
            self._lookout.cancel()

    def why(self) -> type[Exception] | None:
        """Why it was cancelled from here, asked when it was; None where that came from elsewhere."""
        if self._why is not None and self._task is not None:
            self._task.uncancel()
        return self._why

    def look_out(self) -> None:
        """From now on it is watched, until it ends."""
        if self._lookout is None:
            self._lookout = asyncio.create_task(self._watch())

    async def _watch(self) -> None:
        while not self._working:
            if self._reading and time.monotonic() > self._since + BODY_SECONDS:
                return self._cancel(SlowBody)
            await asyncio.sleep(PATIENCE)
        gone = asyncio.create_task(until_gone(self._receive))
        try:
            while not gone.done():
                left = 1.0 if self.seconds is None else self._since + self.seconds - time.monotonic()
                if left <= 0:
                    break
                await asyncio.wait({gone}, timeout=min(left, 1.0))
            if not self.writes:
                self._cancel(ClientDisconnect if gone.done() else TooSlow)
        finally:
            gone.cancel()

    def _cancel(self, why: type[Exception]) -> None:
        assert self._task is not None
        self._why = why
        self._task.cancel()


class Lookout:
    """Lets every visit be watched that lasts; most are over before, and a timer for each would cost them something."""

    def __init__(self) -> None:
        self._visits: set[Visit] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        """The one that looks, as long as there are visits."""

    def enter(self, visit: Visit) -> None:
        """A visit begins."""
        self._visits.add(visit)
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop = loop
            loop.call_later(PATIENCE, self._look, loop)

    def leave(self, visit: Visit) -> None:
        """It ends, in whatever way."""
        self._visits.discard(visit)
        visit.end()

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        patient = time.monotonic() - PATIENCE / 2
        for visit in self._visits:
            if visit.began < patient:
                visit.look_out()
        if self._visits:
            loop.call_later(PATIENCE, self._look, loop)
        else:
            self._loop = None


class Admission:
    """The middleware of the gate. It stands behind the one that knows who is asking."""

    def __init__(self, app: ASGIApp, settings: Settings, max_body: int) -> None:
        self.app, self.seconds, self.max_body = app, settings.request_seconds, max_body
        self.gate = Gate(settings.requests_in_work, settings.requests_waiting, settings.wait_seconds)
        self.lookout = Lookout()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(OPEN):
            return await self.app(scope, receive, send)
        visit = Visit(receive, writes=scope["method"] not in SAFE_METHODS)
        self.lookout.enter(visit)
        try:
            await self._visit(visit, scope, receive, send)
        except asyncio.CancelledError:
            why = visit.why()
            if why is None:
                raise
            if why is not SlowBody:
                raise why from None
            zh, en = "请求内容没有按时传完。", "The body did not arrive in time."
            await refuse(scope, 408, "TIMEOUT", zh, en, {"Connection": "close"})(scope, receive, send)
        except Overloaded:
            zh, en = "系统繁忙，请稍后再试。", "The server is busy; try again in a moment."
            await refuse(scope, 503, "UNAVAILABLE", zh, en, {"Retry-After": "2"})(scope, receive, send)
        finally:
            self.lookout.leave(visit)

    async def _visit(self, visit: Visit, scope: Scope, receive: Receive, send: Send) -> None:
        said = await self._read(scope, receive)
        visit.has_read()
        viewer = viewer_of(scope)
        who = viewer.account_id if viewer else f"@{address_of(scope)}"
        if not self.gate.enter(who):
            await self._wait(who, receive)
        place, begun = Held(self.gate, who), False

        async def receive_again() -> Message:
            return said.pop() if said else await receive()

        async def send_and_go(message: Message) -> None:
            nonlocal begun
            if not begun:
                begun, visit.seconds = True, None
                place.leave()
            await send(message)

        try:
            visit.works(self.seconds)
            if said[0].get("more_body"):
                self.lookout.leave(visit)  # what the client still sends is the route's, not for us to look into
            scope["state"]["visit"] = visit
            PLACE.set(place)
            await self.app(scope, receive_again, send_and_go)
        finally:
            place.leave()

    async def _read(self, scope: Scope, receive: Receive) -> list[Message]:
        """The whole body as one message; its beginning where it is longer than usual and left to the route.

        Raises ClientDisconnect.
        """
        message = await receive()
        if not message.get("more_body") or _length(scope) > self.max_body:
            return [message]
        parts = []
        while message["type"] == "http.request":
            parts.append(message.get("body", b""))
            if not message.get("more_body"):
                return [{"type": "http.request", "body": b"".join(parts), "more_body": False}]
            message = await receive()
        raise ClientDisconnect

    async def _wait(self, who: str, receive: Receive) -> None:
        gone = asyncio.create_task(until_gone(receive))
        try:
            await self.gate.wait(who, gone)
        finally:
            gone.cancel()


def _length(scope: Scope) -> int:
    """The length that a body is said to have; 0 where nothing is said."""
    said = Headers(scope=scope).get("content-length", "")
    return int(said) if said.isdecimal() else 0


async def until_gone(receive: Receive) -> None:
    """Returns when the client has left."""
    while (await receive())["type"] != "http.disconnect":
        pass
