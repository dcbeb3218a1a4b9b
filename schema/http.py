"""GraphQL over HTTP: ``POST /graphql``, and the IDE for a browser that comes by GET."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import orjson
from graphql import ExecutionResult, GraphQLError, GraphQLSchema
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send
from strawberry.types.graphql import OperationType

from permissions.compression import ONE_SHOT, SMALLEST, accepted
from permissions.http import unauthenticated
from resolvers.faults import RETRY, Denied
from resolvers.services import Services
from schema.build import RegisterSchema, build_schema
from schema.context import Context
from schema.documents import Rejected, Work
from schema.errors import denials, public_error
from schema.exports import NDJSON, Wanted, export
from schema.fast import FastPath
from schema.ide import ide_routes
from schema.introspection import Told
from schema.own_account import check_duty

Words = tuple[str, str]
"""A sentence in Chinese and in English."""
PATH = "/graphql"
NEW, OLD = "application/graphql-response+json", "application/json"
CHARSETS = frozenset({"utf-8", "utf8", '"utf-8"'})
_NEW, _NDJSON = NEW.encode(), NDJSON.encode()


class Endpoint:
    """What is posted to GraphQL. `own` makes the documents of the installation's own pages."""

    def __init__(self, services: Services, own: Callable[[GraphQLSchema], Iterable[str]] = lambda _core: ()) -> None:
        self.services = services
        self.schema = build_schema(services.entities, services.settings.introspection)
        self.fast = FastPath(self.schema, services.settings, own(self.schema.core))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        response = await answer(Request(scope, receive), self.schema, self.fast, self.services)
        await response(scope, receive, send)


def routes(endpoint: Endpoint) -> list[BaseRoute]:
    """The routes of the endpoint, and of the IDE for a browser that comes by GET."""
    ide = ide_routes() if endpoint.services.settings.ide else []
    return [Route(PATH, endpoint, methods=["POST"]), *ide]


class Direct:
    """Takes what is posted to one endpoint there at once: the framework's way through its routes costs more than most
    answers. The endpoint is among the routes, too, and the same for whoever comes by them.
    """

    def __init__(self, app: ASGIApp, endpoint: ASGIApp) -> None:
        self.app, self.endpoint = app, endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """To the endpoint, or on."""
        direct = scope["type"] == "http" and scope["path"] == PATH and scope["method"] == "POST"
        await (self.endpoint if direct else self.app)(scope, receive, send)


Heads = dict[bytes, bytes]
"""The headers of a request by their lower-case names."""


class Refusal(Exception):
    """The request cannot be run at all; `status` is for clients that accept the newer media type, too."""

    def __init__(self, status: int, code: str, words: Words) -> None:
        super().__init__(words[1])
        self.status, self.code, self.words = status, code, words


async def answer(request: Request, schema: RegisterSchema, fast: FastPath, services: Services) -> Response:
    """The answer to one GraphQL request."""
    heads: Heads = dict(request.scope["headers"])  # the framework's look-up decodes them all each time
    accept = heads.get(b"accept", b"")
    kind = NEW if _NEW in accept else OLD
    english = heads.get(b"accept-language", b"").lower().startswith(b"en")
    try:
        viewer = request.scope["state"]["viewer"]
        if viewer is None:
            return unauthenticated(request.scope)
        _check_kind(heads)
        body = await _body(request.receive)
        asked = _asked(body)
        context = Context(viewer, services, english, asked.get("operationName"), visit=_visit(request))
        context.wants_cost = heads.get(b"graphql-cost", b"").lower() == b"report"
        key = heads.get(b"idempotency-key")
        context.once = None if key is None else (key.decode("latin-1"), body)
        context.wanted = Wanted() if _NDJSON in accept else None
        try:
            work = fast.work(asked, context)
            check_duty(work, context)
            if context.wanted is not None:
                return await _export(request, asked, context, context.wanted, schema)
            told = await fast.introspection.told(work, viewer.account_id) if work.operation.about_schema else None
            if told is not None and told[1] and not context.wants_cost:
                return await _about_schema(told[0], heads, fast, kind)
            context.introspected = told[0].fields if told is not None else {}
            return await _run(work, asked, context, schema, fast, kind)
        except Denied as denied:
            return _respond(ExecutionResult(None, [GraphQLError(denied.en, original_error=denied)]), context, kind)
        except Rejected as rejected:
            return _respond(ExecutionResult(None, rejected.errors), context, kind)
        finally:
            await context.reading.close()
    except Refusal as refusal:
        message = refusal.words[english]
        said = {"errors": [{"message": message, "extensions": {"code": refusal.code}}]}
        return _json(orjson.dumps(said), refusal.status, kind)


async def _run(
    work: Work, asked: dict[str, Any], context: Context, schema: RegisterSchema, fast: FastPath, kind: str
) -> Response:
    text = await fast.answer(work, context)
    if text is not None:
        return _json(text, 200, kind)
    result = await execute(schema, asked, context)
    if not result.errors:
        work.operation.is_quick = work.operation.is_query
    return _respond(result, context, kind)


async def _about_schema(told: Told, heads: Heads, fast: FastPath, kind: str) -> Response:
    """An answer that is kept, packed as the client likes it."""
    encoding = accepted(heads.get(b"accept-encoding", b"").decode("latin-1"))
    if encoding is None or len(told.body) < SMALLEST:
        return _json(told.body, 200, kind)
    response = _json(await fast.introspection.packed(told, encoding, ONE_SHOT[encoding]), 200, kind)
    response.headers["Content-Encoding"] = encoding
    response.headers["Vary"] = "Accept-Encoding"
    return response


async def _export(
    request: Request, asked: dict[str, Any], context: Context, wanted: Wanted, schema: RegisterSchema
) -> Response:
    result = await execute(schema, asked, context)
    return _respond(result, context, OLD) if result.errors else await export(request, wanted, context)


async def execute(schema: RegisterSchema, asked: dict[str, Any], context: Context) -> Any:
    """The long way, of the work in the context."""
    assert context.work is not None
    result = await schema.execute(
        context.work.operation.document.text,
        variable_values=asked.get("variables"),
        context_value=context,
        operation_name=asked.get("operationName"),
        allowed_operation_types=(OperationType.QUERY, OperationType.MUTATION),
    )
    if result.errors:
        # Before anybody hears of it: a refusal without its record is no answer.
        await context.services.commands.refusals.note_reads(context.viewer, denials(result.errors))
    return result


def _visit(request: Request) -> Any:
    """The visit of the request, as a read until its operation is known; None where no gate stands before us."""
    visit = request.scope["state"].get("visit")
    if visit is not None:
        visit.writes = False
    return visit


def _check_kind(heads: Heads) -> None:
    """Raises Refusal for a body that is no plain JSON in UTF-8."""
    if heads.get(b"content-type") == b"application/json" and b"content-encoding" not in heads:
        return
    kind, _, parameters = heads.get(b"content-type", b"").decode("latin-1").partition(";")
    if kind.strip().lower() != OLD:
        raise Refusal(415, "BAD_INPUT", ("请求体应为 application/json。", "The body must be application/json."))
    for parameter in parameters.lower().split(";"):
        name, _, value = parameter.strip().partition("=")
        if name == "charset" and value not in CHARSETS:
            raise Refusal(415, "BAD_INPUT", ("请求体应为 UTF-8 编码。", "The body must be UTF-8."))
    if heads.get(b"content-encoding", b"identity").lower() != b"identity":
        raise Refusal(415, "BAD_INPUT", ("请求体不能压缩。", "The body must not be compressed."))


def _asked(body: bytes) -> dict[str, Any]:
    """The request in the body. orjson refuses NaN, bad UTF-8 and half characters by itself. Raises Refusal."""
    words = '请求体应为 {"query": …} 的 JSON 对象。', 'The body must be a JSON object {"query": …}.'
    try:
        asked = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Refusal(400, "BAD_INPUT", words) from None
    if isinstance(asked, list):
        said = "不支持批量请求，请逐个发送。", "Batches are not accepted; send one request at a time."
        raise Refusal(400, "BAD_INPUT", said)
    if not isinstance(asked, dict) or not any(asked.get(name) for name in ("query", "documentId", "extensions")):
        raise Refusal(400, "BAD_INPUT", words)
    for name in ("query", "documentId", "operationName", "variables", "extensions"):
        if not isinstance(asked.get(name), (dict if name in ("variables", "extensions") else str) | None):
            said = f"{name} 的类型不对。", f"{name} is of the wrong type."
            raise Refusal(400, "BAD_INPUT", said)
    return asked


def _respond(result: Any, context: Context, kind: str) -> Response:
    body: dict[str, Any] = {}
    executed = result.data is not None or any(error.path for error in result.errors or ())
    if result.errors:
        body["errors"] = [public_error(error, context.english) for error in result.errors]
    if executed or not result.errors:
        body["data"] = result.data
    extensions = context.extensions()
    if extensions:
        body["extensions"] = extensions
    # Whoever wants lines must not take an error for one: it has a status of its own.
    fine = executed or kind == OLD
    status = 503 if _is_away(body) else 200 if fine and context.wanted is None else 400
    response = _json(orjson.dumps(body), status, kind)
    waits = [error["extensions"][RETRY] for error in body.get("errors", ()) if RETRY in error["extensions"]]
    if waits:
        response.headers["Retry-After"] = str(max(waits))
    return response


def _is_away(body: dict[str, Any]) -> bool:
    """Whether there is no answer but that the database is away: then proxies and clients shall see it by the status."""
    errors, data = body.get("errors", ()), body.get("data") or {}
    codes = {error["extensions"]["code"] for error in errors}
    return codes == {"UNAVAILABLE"} and not any(data.values())


def _json(body: bytes, status: int, kind: str) -> Response:
    return Json(body, status, kind)


class Json(Response):
    """An answer whose head is known beforehand."""

    def __init__(self, body: bytes, status: int, kind: str) -> None:
        self.status_code, self.body, self.background = status, body, None
        self.raw_headers = [(b"content-type", _KINDS[kind]), (b"content-length", b"%d" % len(body))]


_KINDS = {OLD: OLD.encode(), NEW: f"{NEW}; charset=utf-8".encode()}


async def _body(receive: Receive) -> bytes:
    """All that the client sends. Raises ClientDisconnect."""
    parts = []
    while (message := await receive())["type"] == "http.request":
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return parts[0] if len(parts) == 1 else b"".join(parts)
    raise ClientDisconnect
