"""Who may call what below /admin/: a list of everything that is let through; whatever is not on it is not there.

The list is stated here a second time, beside the routes, on purpose: a route that is added without a line here is
answered 404, and a test compares the two.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from permissions.http import unauthenticated, viewer_of

NOT_FOUND = "没有找到，或者无权查看。"
Access = Literal["everyone", "signed in"]


@dataclass(frozen=True)
class Passage:
    """One address (a route's path below /admin) with its methods, and who may call it."""

    methods: frozenset[str]
    path: str
    access: Access

    @property
    def pattern(self) -> re.Pattern[str]:
        """The path with every parameter as one segment."""
        return re.compile(re.sub(r"\\\{\w+\\\}", r"[^/]+", re.escape(self.path)))


def _passages(access: Access, *lines: str) -> list[Passage]:
    split = (line.split(" ") for line in lines)
    return [Passage(frozenset(methods.split("+")), path, access) for methods, path in split]


_PUBLIC = _passages(
    "everyone",
    # The page itself holds no data; it asks for it once somebody has signed in.
    "GET /",
    "GET /assets/{name}",
    "GET /pages/{name}",
    "GET /desk/{version}/{name}",
    "GET /home/",
    "GET /list/",
    "GET /record/",
    "GET /workbench/",
    "GET /new-committee/",
    "GET /matrix/",
    "GET /jobs/",
    "GET /account/",
    "GET /accounts/",
    "GET /audit/",
    "GET /access/",
    "GET /sheets/",
    "GET /public/meta/",
    "GET /public/translations/",
    "GET /public/translations/{code}/",
)
_PRIVATE = _passages(
    "signed in",
    "GET /desk/faces.json",
    "GET /desk/documents/{name}",
    "GET /pages/terms.json",
    "GET /pages/names.json",
    "GET /pages/matrix.json",
    "GET /api/user/",
    "GET /api/tables/",
    "GET /api/tables/grouped/",
    "GET /api/links/",
    "GET /api/forms/",
    "GET /api/forms/grouped/",
    "GET /api/sheets/",
    "GET /api/sheets/{entity}.xlsx",
    "POST /api/sheets/{entity}/",
    "GET+POST /api/tables/{table}/",
    "GET /api/tables/{table}/schema/",
    "GET /api/tables/{table}/count/",
    "GET /api/tables/{table}/ids/",
    "GET /api/tables/{table}/references/",
    "GET /api/tables/{table}/new/",
    "GET+PATCH+DELETE /api/tables/{table}/{row}/",
)
# What takes somebody who is signed in comes first: an address is judged by the first line that it fits.
PASSAGES = [*_PRIVATE, *_PUBLIC]


# Signs that divide a path, or end it, in disguise: to us they are the signs, to a proxy in front they may be nothing.
_DISGUISED = re.compile(rb"%(?:2e|2f|5c|3b|00|0a|0d)", re.IGNORECASE)


class Gate:
    """Lets through what is on the list, to whom it is for."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._passages = [(passage.pattern, passage) for passage in PASSAGES]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        access = self.access(scope["method"], scope["path"].removeprefix(scope.get("root_path", "")))
        if _DISGUISED.search(scope.get("raw_path") or b""):
            access = None
        if access is None:
            await PlainTextResponse(NOT_FOUND, 404)(scope, receive, send)
        elif access == "signed in" and viewer_of(scope) is None:
            await unauthenticated(scope)(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    def access(self, method: str, path: str) -> Access | None:
        """Who may call the address; None where nobody may."""
        method = "GET" if method == "HEAD" else method
        for pattern, passage in self._passages:
            if method in passage.methods and pattern.fullmatch(path):
                return passage.access
        return None
