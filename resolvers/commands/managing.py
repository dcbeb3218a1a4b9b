"""The acts on accounts as the public faces ask for them: each is one transaction of the one write path.

Passwords are hashed beside the event loop and before the transaction, which holds no lock meanwhile.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy.engine import Connection

from permissions.actions import may_create, may_update
from permissions.passwords import generate_password, hash_in_thread
from permissions.viewer import Viewer
from permissions.walls import behind
from resolvers.commands import accounts, sign_in_keys
from resolvers.commands.accounts import Givable, Period
from resolvers.commands.sign_in_keys import SessionShown, TokenShown
from resolvers.commands.work import Origin, Work

if TYPE_CHECKING:
    from resolvers.commands.write import Commands

T = TypeVar("T")
_ACCOUNT = "UserAccount"
_HERE = Origin()


@dataclass(frozen=True)
class Told:
    """What an act made, and the password or token that belongs to it, which is told this once.

    `secret` is None for what has none, and where the answer is remembered from an earlier request.
    """

    id: str
    secret: str | None


class Accounts:
    """Accounts, as those manage them who may."""

    def __init__(self, commands: Commands) -> None:
        self._commands = commands

    # --- accounts ---------------------------------------------------------------------------------------------------

    async def enrol(self, viewer: Viewer, data: Mapping[str, Any], origin: Origin = _HERE) -> Told:
        """A new account with the grants that `data` brings along: its key and its first password."""
        allowed = may_create(self._commands.entities[_ACCOUNT], viewer)
        return await self._with_password(
            viewer, allowed, lambda work, hashed: accounts.enrol(work, data, hashed), origin, not data.get("isService")
        )

    async def reset_password(
        self, viewer: Viewer, by: Mapping[str, Any], if_version: int | None, origin: Origin = _HERE
    ) -> Told:
        """A fresh password for an account: its key and the password."""
        allowed = may_update(self._commands.entities[_ACCOUNT], viewer)
        return await self._with_password(
            viewer, allowed, lambda work, hashed: accounts.reset_password(work, by, if_version, hashed), origin
        )

    async def reset_second_factor(
        self, viewer: Viewer, by: Mapping[str, Any], if_version: int | None, origin: Origin = _HERE
    ) -> str:
        """Take an account's second factor away; its key."""
        act = lambda work: accounts.reset_second_factor(work, by, if_version)  # noqa: E731
        return await self._commands.act(viewer, _ACCOUNT, act, origin)

    async def hand_over(
        self, viewer: Viewer, by: Mapping[str, Any], to: Mapping[str, Any], period: Period, origin: Origin = _HERE
    ) -> list[str]:
        """Give a stand-in the rights of an account for some days; the keys of the grants made."""
        return await self._commands.act(viewer, _ACCOUNT, lambda work: accounts.hand_over(work, by, to, period), origin)

    async def acts(self, viewer: Viewer, by: Mapping[str, Any]) -> list[str]:
        """What the viewer may do with an account (``accounts.acts``)."""
        return await self._look(viewer, lambda work: accounts.acts(work, by))

    async def givable(self, viewer: Viewer) -> list[Givable]:
        """The roles the viewer may give."""
        return await self._look(viewer, accounts.givable)

    # --- sessions and tokens ----------------------------------------------------------------------------------------

    async def sessions(self, viewer: Viewer, by: Mapping[str, Any]) -> list[SessionShown]:
        """The living sessions of an account."""
        return await self._look(viewer, lambda work: sign_in_keys.sessions(work, by))

    async def tokens(self, viewer: Viewer, by: Mapping[str, Any]) -> list[TokenShown]:
        """The living tokens of an account."""
        return await self._look(viewer, lambda work: sign_in_keys.tokens(work, by))

    async def end_session(self, viewer: Viewer, identity: str) -> str:
        """End a session by its id."""
        return await self._commands.act(viewer, _ACCOUNT, lambda work: sign_in_keys.end_session(work, identity))

    async def end_sessions(self, viewer: Viewer, by: Mapping[str, Any]) -> int:
        """End all sessions of an account but the one that asks; how many."""
        return await self._commands.act(viewer, _ACCOUNT, lambda work: sign_in_keys.end_sessions(work, by))

    async def issue_token(
        self, viewer: Viewer, by: Mapping[str, Any], name: str, until: dt.date, origin: Origin = _HERE
    ) -> Told:
        """A token for a program's account: its id and itself."""
        fresh: list[str] = []

        def issue(work: Work) -> str:
            identity, token = sign_in_keys.issue_token(work, by, name, until)
            fresh[:] = [token]
            return identity

        identity, mine = await self._once(viewer, issue, origin)
        return Told(identity, fresh[0] if mine else None)

    async def revoke_token(self, viewer: Viewer, identity: str) -> str:
        """End a token by its id."""
        return await self._commands.act(viewer, _ACCOUNT, lambda work: sign_in_keys.revoke_token(work, identity))

    # --- how --------------------------------------------------------------------------------------------------------

    async def _with_password(
        self, viewer: Viewer, allowed: bool, act: Callable[[Work, str], str], origin: Origin, tells: bool = True
    ) -> Told:
        """What `act` makes with the hash of a fresh password; who may not do it at all costs no hash."""
        password = generate_password()
        hashed = await hash_in_thread(password) if allowed else ""
        key, mine = await self._once(viewer, lambda work: act(work, hashed), origin)
        return Told(key, password if mine and tells else None)

    async def _once(self, viewer: Viewer, act: Callable[[Work], str], origin: Origin) -> tuple[str, bool]:
        """What `act` returns, and whether it did so now: with an idempotency key it may be told from memory."""
        mark = secrets.token_hex(8)
        outcome, made = await self._commands.act(viewer, _ACCOUNT, lambda work: [act(work), mark], origin)
        return outcome, made == mark

    async def _look(self, viewer: Viewer, ask: Callable[[Work], T]) -> T:
        commands = self._commands

        def function(connection: Connection) -> T:
            return ask(Work(connection, commands.entities, viewer, commands.database.settings))

        async with commands.refusals.watch(viewer, commands.entities[_ACCOUNT]):
            return await behind(commands.database, viewer, "act").look(function)
