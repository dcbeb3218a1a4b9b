"""What every request passes, outermost first: headers, compression, faults, the size of the body, who is asking,
admission."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Collection, Iterable, Mapping
from urllib.parse import urlsplit

import structlog
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.requests import ClientDisconnect, cookie_parser
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from db.engine import TooSlow
from db.outages import is_outage
from permissions.admission import SAFE_METHODS, Admission
from permissions.compression import Compression
from permissions.duties import open_path
from permissions.duties import refusal as duty_first
from permissions.http import CHALLENGE, CSRF_HEADER, SESSION_COOKIE, address_of, refuse
from permissions.identities import Identities, Identity
from permissions.logs import failure
from permissions.origins import cors, named
from permissions.sessions import token_hash
from settings import Settings

MAX_BODY = 1024 * 1024
LARGER = {"/admin/api/sheets/": 16 * MAX_BODY}
"""Where a body may be larger, by the beginning of the path: files that people send."""
_LENGTHS = frozenset({b"content-length", b"transfer-encoding"})
WITHOUT_IDENTITY = frozenset({"/healthz", "/readyz"})
CONTENT_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "font-src 'self' data:; worker-src 'self' blob:; object-src 'none'; base-uri 'self'; form-action 'self'; "
    "frame-ancestors 'none'"
)
log = structlog.get_logger()


def stack(settings: Settings, identities: Identities) -> list[Middleware]:
    """The middleware of the application, outermost first."""
    return [
        Middleware(SecurityHeaders, production=settings.production),
        *cors(settings),
        Middleware(Compression),
        Middleware(Faults),
        Middleware(BodyLimit, max_body_size=MAX_BODY, larger=LARGER),
        Middleware(Identification, identities=identities, origins=named(settings)),
        Middleware(Admission, settings=settings, max_body=MAX_BODY),
    ]


class SecurityHeaders:
    """Puts the headers of a careful server on every answer; what a route set itself stays."""

    def __init__(self, app: ASGIApp, production: bool) -> None:
        self.app = app
        self.headers = [
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"same-origin"),
            (b"content-security-policy", CONTENT_POLICY.encode()),
        ]
        if production:
            self.headers.append((b"strict-transport-security", b"max-age=31536000"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = self.completed(message.get("headers", ()), message["status"])
            await send(message)

        await self.app(scope, receive, send_with_headers)

    def completed(self, given: Iterable[tuple[bytes, bytes]], status: int = 200) -> list[tuple[bytes, bytes]]:
        """The headers of an answer with those it lacks; nobody keeps JSON, and a 401 says what is wanted."""
        headers = list(given)
        known = dict(headers)
        headers += [header for header in self.headers if header[0] not in known]
        if b"json" in known.get(b"content-type", b"") and b"cache-control" not in known:
            headers.append((b"cache-control", b"no-store"))
        if status == 401 and b"www-authenticate" not in known:
            headers.append((b"www-authenticate", CHALLENGE.encode()))
        return headers


class Faults:
    """Turns what nobody caught into an answer with a reference; the log finds it by that, and neither shows data."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        started = False

        async def send_and_note(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self.app(scope, receive, send_and_note)
        except ClientDisconnect:
            return  # nobody is there to be answered, and nothing of ours failed
        except Exception as problem:
            response = internal(scope, problem)
            if not started:
                await response(scope, receive, send)


def internal(scope: Scope, problem: Exception) -> Response:
    """The answer to a failure of ours. The log gets its kind and place: an exception's text may hold SQL and rows."""
    reference = secrets.token_hex(4).upper()
    path, method = scope.get("path", ""), scope.get("method", "")
    log.error("internal_error", reference=reference, method=method, path=path, **failure(problem))
    if isinstance(problem, TooSlow):
        zh, en = "查询时间过长，已停止；请缩小范围后再试。", "The query took too long; narrow it down and try again."
        return refuse(scope, 504, "TIMEOUT", zh, en)
    if is_outage(problem):
        zh, en = (
            f"数据库暂时无法访问，请稍后再试，编号 {reference}",
            f"The database is unavailable, reference {reference}",
        )
        return refuse(scope, 503, "UNAVAILABLE", zh, en, {"Retry-After": "2"})
    return refuse(scope, 500, "INTERNAL", f"服务器内部错误，编号 {reference}", f"Internal error, reference {reference}")


class BodyLimit(RequestBodyLimitMiddleware):
    """Starlette's limit of the body, answering in JSON; what lies below a path of `larger` may send more."""

    def __init__(self, app: ASGIApp, max_body_size: int, larger: Mapping[str, int] | None = None) -> None:
        super().__init__(app, max_body_size)
        self.larger = [(path, BodyLimit(app, most)) for path, most in (larger or {}).items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        for path, limit in self.larger:
            if scope["type"] == "http" and scope["path"].startswith(path):
                return await limit(scope, receive, send)
        if scope["type"] == "http" and self._fits(scope):
            return await self.app(scope, receive, send)  # the server holds a body to the length it names
        replaced = False

        async def send_json(message: Message) -> None:
            nonlocal replaced
            if message["type"] == "http.response.start" and message["status"] == 413:
                replaced = True
                zh, en = "请求内容超过大小限制。", "The request is larger than the limit."
                await refuse(scope, 413, "TOO_EXPENSIVE", zh, en)(scope, receive, send)
            elif not replaced:
                await send(message)

        await super().__call__(scope, receive, send_json if scope["type"] == "http" else send)

    def _fits(self, scope: Scope) -> bool:
        found = [head for head in scope["headers"] if head[0] in _LENGTHS]
        if len(found) != 1 or found[0][0] != b"content-length" or not found[0][1].isdigit():
            return False
        return int(found[0][1]) <= self.max_body_size


class Identification:
    """Finds out who is asking, by bearer token or session cookie, and refuses what another site's page sends.

    ``scope["state"]["viewer"]`` is the viewer or None; whoever needs one answers 401 itself.
    """

    def __init__(self, app: ASGIApp, identities: Identities, origins: Collection[str] = ()) -> None:
        self.app, self.identities, self.origins = app, identities, frozenset(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            return await self.app(scope, receive, send)
        bearer = _bearer(scope)
        identity = None
        if scope["path"] not in WITHOUT_IDENTITY:
            identity = await self._identify(scope, bearer)
        state = scope.setdefault("state", {})
        state["viewer"] = identity.viewer if identity else None
        state["csrf_hash"] = identity.csrf_hash if identity else None
        state["bad_token"] = bearer is not None and identity is None
        if bearer is None and self._forged(scope, identity):
            return await _refuse_forged(scope, receive, send)
        duty = identity.viewer.duty if identity else None
        if duty and scope["type"] == "http" and not open_path(scope["path"], duty):
            return await duty_first(scope, duty)(scope, receive, send)
        await self.app(scope, receive, send)

    async def _identify(self, scope: Scope, bearer: str | None) -> Identity | None:
        if bearer is not None:
            return await self.identities.of_bearer(bearer, address_of(scope))
        cookies = Headers(scope=scope).get("cookie", "")
        token = cookie_parser(cookies).get(SESSION_COOKIE) if SESSION_COOKIE in cookies else None
        return await self.identities.of_session(token, address_of(scope)) if token else None

    def _forged(self, scope: Scope, identity: Identity | None) -> bool:
        """Whether a browser may have sent this for a page that is not ours.

        Signing in needs no CSRF token, since nobody has one then; its origin is looked at all the same.
        """
        if scope["type"] == "http" and scope["method"] in SAFE_METHODS:
            return False
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        if origin is not None and origin not in self.origins and urlsplit(origin).netloc != headers.get("host"):
            return True
        if scope["type"] == "websocket" or identity is None or (scope["method"], scope["path"]) == ("POST", "/session"):
            return False
        sent = token_hash(headers.get(CSRF_HEADER, ""))
        return not hmac.compare_digest(sent, identity.csrf_hash or "")


def _bearer(scope: Scope) -> str | None:
    """The bearer token of a request; None where it comes with none."""
    for name, value in scope["headers"]:
        if name == b"authorization":
            scheme, _, bearer = value.decode("latin-1").partition(" ")
            return bearer.strip() if scheme.lower() == "bearer" else None
    return None


async def _refuse_forged(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 4403})
        return
    zh = "请求缺少有效的 X-CSRFToken，或者来自未经允许的网站；请刷新页面后重试。"
    en = "The X-CSRFToken is missing or wrong, or the origin is not allowed; reload the page and try again."
    await refuse(scope, 403, "FORBIDDEN", zh, en)(scope, receive, send)
