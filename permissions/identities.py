"""Who a credential stands for, remembered for a second: an ended grant or session is felt within that second."""

from __future__ import annotations

import asyncio
import time
import weakref
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError

from db.engine import Database, TooSlow
from permissions.accounts import present_viewer
from permissions.sessions import Session, find_session, renew_session, token_hash
from permissions.tokens import find_token
from permissions.viewer import Viewer

log = structlog.get_logger()


@dataclass(frozen=True)
class Identity:
    """A viewer and how it showed who it is; `csrf_hash` is None for a bearer token, which needs no CSRF token."""

    viewer: Viewer
    csrf_hash: str | None = None


Key = tuple[str, str, str | None]
Find = Callable[[str, str | None], Coroutine[Any, Any, Identity | None]]


_every: weakref.WeakSet[Identities] = weakref.WeakSet()


def forget(hashed: str | None) -> None:
    """A credential is looked up anew by its next request, whoever remembers it in this process."""
    for identities in _every:
        identities.forget(hashed or "")


class Identities:
    """Looks credentials up, each at most once a second, however many requests bring it at a time."""

    def __init__(self, database: Database, seconds: float = 1.0, at_most: int = 10_000) -> None:
        self._database, self._seconds, self._at_most = database.identifying(), seconds, at_most
        self._held: dict[Key, tuple[float, asyncio.Task[Identity | None]]] = {}
        _every.add(self)

    async def of_session(self, token: str, ip: str | None) -> Identity | None:
        """The identity of a session cookie; None where the session or the account has ended."""
        return await self._remembered(("session", token_hash(token), ip), self._find_session)

    async def of_bearer(self, token: str, ip: str | None) -> Identity | None:
        """The identity of a bearer token; None where it or the account has ended."""
        return await self._remembered(("bearer", token_hash(token), ip), self._find_bearer)

    def forget(self, hashed: str) -> None:
        """The credential is looked up anew by the next request."""
        for key in [key for key in self._held if key[1] == hashed]:
            del self._held[key]

    async def _remembered(self, key: Key, find: Find) -> Identity | None:
        moment = time.monotonic()
        held = self._held.get(key)
        if held is None or held[0] <= moment:
            # The second counts from before the look-up: what it saw may be as old as that.
            held = moment + self._seconds, asyncio.ensure_future(find(key[1], key[2]))
            self._hold(key, held)
        task = held[1]
        # Several requests wait for one look-up: that one of them is cancelled must not end it.
        return task.result() if task.done() else await asyncio.shield(task)

    def _hold(self, key: Key, held: tuple[float, asyncio.Task[Identity | None]]) -> None:
        if len(self._held) >= self._at_most:
            moment = time.monotonic()
            self._held = {k: h for k, h in self._held.items() if h[0] > moment}
            while len(self._held) >= self._at_most:
                del self._held[next(iter(self._held))]
        self._held[key] = held

        def drop_if_useless(task: asyncio.Task[Identity | None]) -> None:
            # Neither failures nor garbage credentials are worth a place.
            useless = task.cancelled() or task.exception() is not None or task.result() is None
            if useless and self._held.get(key) is held:
                del self._held[key]

        held[1].add_done_callback(drop_if_useless)

    async def _find_session(self, hashed: str, ip: str | None) -> Identity | None:
        def find(connection: Connection) -> tuple[Session, Viewer] | None:
            session = find_session(connection, hashed)
            viewer = present_viewer(connection, session.account_id, ip, hashed) if session else None
            return (session, viewer) if session and viewer else None

        found = await self._database.look(find)
        if found is None:
            return None
        session, viewer = found
        if session.stale:
            await self._renew(hashed)
        return Identity(viewer, session.csrf_hash)

    async def _find_bearer(self, hashed: str, ip: str | None) -> Identity | None:
        def find(connection: Connection) -> Viewer | None:
            account_id = find_token(connection, hashed)
            return present_viewer(connection, account_id, ip) if account_id else None

        viewer = await self._database.look(find)
        return Identity(viewer) if viewer else None

    async def _renew(self, hashed: str) -> None:
        try:
            await self._database.write(lambda connection: renew_session(connection, hashed))
        except (SQLAlchemyError, TooSlow) as problem:
            # Who only reads goes on reading while the disk is full, or somebody else writes for long.
            log.warning("session_not_renewed", error=type(problem).__name__)
