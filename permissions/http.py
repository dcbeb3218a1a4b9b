"""The paths of sign-in and health, and answers in the shape of API.md that every layer above may use."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
import sqlalchemy as sa
import structlog
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Scope

from db.engine import Database, TooSlow
from db.technical import NumberSeries
from permissions import devices
from permissions.identities import Identities
from permissions.sessions import token_hash
from permissions.sign_ins import Refusal, SignedIn, change_password, sign_in, sign_out
from permissions.viewer import Viewer
from settings import Settings

SESSION_COOKIE, CSRF_COOKIE, CSRF_HEADER = "session", "csrftoken", "X-CSRFToken"
CHALLENGE = "Bearer"
"""How one may identify oneself: what every 401 says in WWW-Authenticate (RFC 9110, 11.6.1)."""
DEVICE_COOKIE, SIGN_IN = "device", "/session"
STATUS = {
    "UNAUTHENTICATED": 401, "FORBIDDEN": 403, "BAD_INPUT": 400, "RATE_LIMITED": 429, "UNAVAILABLE": 503, "TIMEOUT": 504,
}  # fmt: skip
log = structlog.get_logger()


# --- answers ----------------------------------------------------------------------------------------------------------


def answer(content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """`content` as JSON."""
    return Response(orjson.dumps(content), status, headers, media_type="application/json")


def refuse(
    scope: Scope,
    status: int,
    code: str,
    zh: str,
    en: str,
    headers: Mapping[str, str] | None = None,
    details: Mapping[str, Any] | None = None,
) -> Response:
    """One error in the shape of API.md, in the language the client asks for; `details` stand beside its code."""
    message = en if prefers_english(scope) else zh
    return answer({"errors": [{"message": message, "extensions": {"code": code, **(details or {})}}]}, status, headers)


def prefers_english(scope: Scope) -> bool:
    """Whether the client's first language is English; Chinese otherwise."""
    return Headers(scope=scope).get("accept-language", "").lower().startswith("en")


def unauthenticated(scope: Scope) -> Response:
    """The 401 of whoever has no identity; a token that is none, or has ended, is told apart from none (RFC 6750)."""
    if not scope.get("state", {}).get("bad_token"):
        return refuse(scope, 401, "UNAUTHENTICATED", "请先登录。", "Please sign in.", {"WWW-Authenticate": CHALLENGE})
    zh, en = "访问令牌无效、已停用或已过期，请换一个。", "The token is wrong, revoked or expired; use another one."
    challenge = {"WWW-Authenticate": f'{CHALLENGE} error="invalid_token"'}
    return refuse(scope, 401, "UNAUTHENTICATED", zh, en, challenge, {"reason": "INVALID_TOKEN"})


def viewer_of(scope: Scope) -> Viewer | None:
    """Who is asking; None without an identity. The identity middleware puts it there."""
    viewer: Viewer | None = scope.get("state", {}).get("viewer")
    return viewer


def address_of(scope: Scope) -> str | None:
    """The address of the client, as the server's proxy settings make it."""
    client = scope.get("client")
    return client[0][:64] if client else None


async def http_fault(request: Request, problem: Exception) -> Response:
    """Starlette's own refusals (no such path, wrong method) as JSON."""
    assert isinstance(problem, HTTPException)
    words = {
        404: ("没有这个地址。", "There is nothing here."),
        405: ("此地址不支持这种请求方法。", "Method not allowed."),
    }
    zh, en = words.get(problem.status_code, ("请求无法处理。", "The request cannot be handled."))
    return refuse(request.scope, problem.status_code, "BAD_INPUT", zh, en, problem.headers)


# --- sessions ---------------------------------------------------------------------------------------------------------


def set_session_cookies(response: Response, signed: SignedIn, settings: Settings) -> None:
    """Hand the browser its session: one cookie scripts cannot read, one that they must."""
    for name, value, hidden in ((SESSION_COOKIE, signed.token, True), (CSRF_COOKIE, signed.csrf, False)):
        response.set_cookie(
            name,
            value,
            settings.session_hours * 3600,
            path="/",
            secure=settings.production,
            httponly=hidden,
            samesite="lax",
        )
    # It stays when the session ends, and comes back with the next sign-in only.
    response.set_cookie(
        DEVICE_COOKIE,
        signed.device,
        int(devices.KEPT.total_seconds()),
        path=SIGN_IN,
        secure=settings.production,
        httponly=True,
        samesite="strict",
    )


def drop_session_cookies(response: Response) -> None:
    """Take both cookies back."""
    for name in (SESSION_COOKIE, CSRF_COOKIE):
        response.delete_cookie(name, path="/")


def about(viewer: Viewer, csrf: str | None) -> dict[str, Any]:
    """What a client learns of its own session."""
    known: dict[str, Any] = {"login": viewer.login, "name": viewer.name}
    known |= {"mustChangePassword": viewer.must_change_password, "duty": viewer.duty}
    return known if csrf is None else {**known, "csrfToken": csrf}


def session_routes(database: Database, settings: Settings, identities: Identities) -> list[Route]:
    """``/session``: sign in, who am I, sign out, change the password."""
    database = database.identifying()

    async def create(request: Request) -> Response:
        asked = await _json(request)
        login, password = _texts(asked, "login", "password")
        otp = _texts(asked, "otp")[0] if asked.get("otp") is not None else None
        agent = request.headers.get("user-agent")
        device = request.cookies.get(DEVICE_COOKIE)
        result = await sign_in(database, login, password, address_of(request.scope), agent, otp, device)
        if isinstance(result, Refusal):
            return refused(request.scope, [result])
        response = answer(about(result.viewer, result.csrf))
        set_session_cookies(response, result, settings)
        return response

    async def show(request: Request) -> Response:
        viewer = viewer_of(request.scope)
        if viewer is None:
            return unauthenticated(request.scope)
        csrf, expected = request.cookies.get(CSRF_COOKIE), request.scope["state"].get("csrf_hash")
        good = bool(csrf and expected and hmac.compare_digest(token_hash(csrf), expected))
        return answer(about(viewer, csrf if good else None))

    async def end(request: Request) -> Response:
        if token := request.cookies.get(SESSION_COOKIE):
            hashed = token_hash(token)
            await sign_out(database, hashed, address_of(request.scope))
            identities.forget(hashed)
        response = Response(status_code=204)
        drop_session_cookies(response)
        return response

    async def change(request: Request) -> Response:
        viewer = viewer_of(request.scope)
        if viewer is None:
            return unauthenticated(request.scope)
        old, new = _texts(await _json(request), "password", "newPassword")
        token = request.cookies.get(SESSION_COOKIE)
        keep = token_hash(token) if token else None
        problems = await change_password(database, viewer.account_id, old, new, address_of(request.scope), keep)
        if keep:
            identities.forget(keep)
        return refused(request.scope, problems) if problems else Response(status_code=204)

    return [
        Route("/session", create, methods=["POST"]),
        Route("/session", show, methods=["GET"]),
        Route("/session", end, methods=["DELETE"]),
        Route("/session/password", change, methods=["POST"]),
    ]


def refused(scope: Scope, refusals: Sequence[Refusal]) -> Response:
    """The answer to a refused sign-in or password: an error for each fault."""
    first, english = refusals[0], prefers_english(scope)
    errors = [
        {"message": each.en if english else each.zh, "extensions": {"code": each.code, **_beside(each)}}
        for each in refusals
    ]
    headers = {"Retry-After": str(first.retry_after)} if first.retry_after else None
    return answer({"errors": errors}, STATUS[first.code], headers)


def _beside(refusal: Refusal) -> dict[str, Any]:
    beside: dict[str, Any] = {"path": [refusal.at]} if refusal.at else {}
    return beside | ({"retryAfter": refusal.retry_after} if refusal.retry_after else {}) | (refusal.details or {})


class _BadRequest(HTTPException):
    """A body that is not what it should be; `http_fault` words it."""


async def _json(request: Request) -> dict[str, Any]:
    # A form of another site can send no JSON without asking first.
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise _BadRequest(415)
    try:
        asked = orjson.loads(await request.body())
    except orjson.JSONDecodeError:
        raise _BadRequest(400) from None
    if not isinstance(asked, dict):
        raise _BadRequest(400)
    return asked


def _texts(asked: dict[str, Any], *names: str) -> list[str]:
    values = [asked.get(name) for name in names]
    if not all(isinstance(value, str) for value in values):
        raise _BadRequest(400)
    return [str(value) for value in values]


# --- health -----------------------------------------------------------------------------------------------------------


READY_SECONDS = 2.0


def health_routes(database: Database) -> list[Route]:
    """``/healthz``: the process lives. ``/readyz``: it can read and write its database, and the tables are ours.

    Both answer while everything else waits: readiness has a connection of its own, and who asks while it is being
    looked into gets the same answer.
    """
    looking: asyncio.Task[str] | None = None
    current = False

    async def alive(_request: Request) -> Response:
        return answer({"status": "ok"})

    async def ready(_request: Request) -> Response:
        nonlocal looking
        if looking is None or looking.done():
            looking = asyncio.create_task(look())
        status = await asyncio.shield(looking)
        return answer({"status": status}, 200 if status == "ok" else 503)

    async def look() -> str:
        nonlocal current
        known = [] if current else await asyncio.to_thread(_revisions)  # files: the clock is the database's
        try:
            async with asyncio.timeout(READY_SECONDS):
                if not database.takes_writes():
                    return "unavailable"
                await _mark(database)
                # The tables don't grow older than the code while it runs.
                current = current or not await asyncio.to_thread(_lacking, database, known)
        except Exception as problem:
            log.warning("not_ready", error=type(problem).__name__)
            return "unavailable"
        return "ok" if current else "migrations pending"

    return [Route("/healthz", alive), Route("/readyz", ready)]


async def _mark(database: Database) -> None:
    """Leave a mark in the database. SQLite has one writer at a time: if that is somebody else, it can be written."""
    try:
        await database.probe(_leave_a_mark, READY_SECONDS / 2)
    except TooSlow:
        if not database.is_sqlite:
            raise


def _leave_a_mark(connection: Connection) -> None:
    """Write a row: a full disk still reads."""
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    mark = insert(NumberSeries).values(name="readyz", last=1)
    following = sa.case((NumberSeries.last < 1_000_000, NumberSeries.last + 1), else_=1)
    connection.execute(mark.on_conflict_do_update(index_elements=["name"], set_={"last": following}))


def _revisions() -> list[str]:
    from db.migrate import revisions  # Alembic is heavy, and most processes never ask

    return revisions()


def _lacking(database: Database, known: Sequence[str]) -> list[str]:
    from db.migrate import lacking

    return lacking(database.url.render_as_string(hide_password=False), known)
