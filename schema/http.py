"""GraphQL over HTTP: ``POST /graphql``, and the IDE for a browser that comes by GET."""

from __future__ import annotations

from typing import Any

import orjson
from graphql import GraphQLError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from strawberry.exceptions import MissingQueryError
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types.graphql import OperationType

from resolvers.services import Services
from schema.build import RegisterSchema, build_schema
from schema.context import Context
from schema.errors import public_error
from schema.fast import FastPath
from schema.ide import ide_routes

_ONE_OPERATION = (
    "The document must hold exactly one operation to run; name it with operationName where there are several."
)
NEW, OLD = "application/graphql-response+json", "application/json"


def routes(services: Services) -> list[BaseRoute]:
    """The routes of the GraphQL endpoint."""
    schema = build_schema(services.entities, services.settings.introspection)
    fast = FastPath(schema)

    async def graphql(request: Request) -> Response:
        return await answer(request, schema, fast, services)

    ide = ide_routes() if services.settings.ide else []
    return [Route("/graphql", graphql, methods=["POST"]), *ide]


async def answer(request: Request, schema: RegisterSchema, fast: FastPath, services: Services) -> Response:
    """The answer to one GraphQL request."""
    kind = NEW if NEW in request.headers.get("accept", "") else OLD
    english = request.headers.get("accept-language", "").lower().startswith("en")
    viewer = request.state.viewer
    if viewer is None:
        return _refused(kind, 401, "UNAUTHENTICATED", "请先登录。", "Sign in first.", english)
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != OLD:
        return _refused(
            kind, 415, "BAD_INPUT", "请求体应为 application/json。", "The body must be application/json.", english
        )
    asked = _asked(await request.body())
    if asked is None:
        said = '请求体应为 {"query": …} 的 JSON 对象。', 'The body must be a JSON object {"query": …}.'
        return _refused(kind, 400, "BAD_INPUT", *said, english)
    context = Context(viewer, services, english, asked.get("operationName"))
    text = await fast.answer(asked, context)
    if text is not None:
        return Response(text, media_type=f"{kind}; charset=utf-8" if kind == NEW else kind)
    try:
        result = await execute(schema, asked, context)
    except (GraphQLError, MissingQueryError, CannotGetOperationTypeError, InvalidOperationTypeError):
        said = "请求里要有且只有一个可执行的查询或写入；有几个时用 operationName 指明。", _ONE_OPERATION
        return _refused(kind, 400 if kind == NEW else 200, "BAD_INPUT", *said, english)
    except RecursionError:
        return _refused(
            kind,
            400 if kind == NEW else 200,
            "TOO_EXPENSIVE",
            "查询嵌套过深。",
            "The document nests too deep.",
            english,
        )
    if not result.errors:
        fast.learn(asked)
    context.masked = list(dict.fromkeys(context.masked))
    return _respond(result, context, kind)


async def execute(schema: RegisterSchema, asked: dict[str, Any], context: Context) -> Any:
    """The long way. Raises for a document without exactly one operation to run."""
    return await schema.execute(
        asked["query"],
        variable_values=asked.get("variables"),
        context_value=context,
        operation_name=asked.get("operationName"),
        allowed_operation_types=(OperationType.QUERY, OperationType.MUTATION),
    )


def _asked(body: bytes) -> dict[str, Any] | None:
    """The request in the body; None where it is none. orjson refuses NaN, bad UTF-8 and half characters by itself."""
    try:
        asked = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(asked, dict) or not isinstance(asked.get("query"), str):
        return None
    if not isinstance(asked.get("variables"), dict | None) or not isinstance(asked.get("operationName"), str | None):
        return None
    return asked


def _respond(result: Any, context: Context, kind: str) -> Response:
    body: dict[str, Any] = {}
    executed = result.data is not None or any(error.path for error in result.errors or ())
    if result.errors:
        body["errors"] = [public_error(error, context.english) for error in result.errors]
    if executed or not result.errors:
        body["data"] = result.data
    if context.masked:
        body["extensions"] = {"masked": context.masked}
    status = 200 if executed or kind == OLD else 400
    return _json(body, status, kind)


def _refused(kind: str, status: int, code: str, zh: str, en: str, english: bool) -> Response:
    return _json({"errors": [{"message": en if english else zh, "extensions": {"code": code}}]}, status, kind)


def _json(body: dict[str, Any], status: int, kind: str) -> Response:
    return Response(orjson.dumps(body), status, media_type=f"{kind}; charset=utf-8" if kind == NEW else kind)
