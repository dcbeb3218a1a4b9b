"""The town behind the real endpoint: mutations as clients send them."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import orjson
from starlette.requests import Request

from db.registry import Registry, registry
from resolvers.services import Services, make_services
from schema.build import RegisterSchema, build_schema
from schema.fast import FastPath
from schema.http import NEW, answer
from tests.canaries import watch
from tests.resolvers.town import Town


@functools.cache
def _schema() -> RegisterSchema:
    return build_schema(registry())


class Endpoint:
    """The endpoint over a town; it knows the documents it was asked."""

    def __init__(self, town: Town, schema: RegisterSchema | None = None, entities: Registry | None = None) -> None:
        self.town, self.schema = town, schema or _schema()
        entities = entities or (town.commands.entities if hasattr(town, "commands") else registry())
        self.services: Services = make_services(town.database.settings, town.database, entities)
        self.fast = FastPath(self.schema)

    async def body(
        self, login: str, document: str, variables: Mapping[str, Any] | None = None, *, key: str | None = None,
        english: bool = False,
    ) -> bytes:  # fmt: skip
        """The body of the answer, with an idempotency key where one is given."""
        asked = orjson.dumps({"query": document, "variables": dict(variables or {})}, default=str)
        headers = [
            (b"content-type", b"application/json"), (b"accept", NEW.encode()),
            (b"accept-language", b"en" if english else b"zh-CN"),
            *([] if key is None else [(b"idempotency-key", key.encode("latin-1"))]),
        ]  # fmt: skip

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": asked}

        state = {"viewer": await self.town.viewer(login)}
        request = Request({"type": "http", "method": "POST", "headers": headers, "state": state}, receive)
        response = await answer(request, self.schema, self.fast, self.services)
        watch.answer("GraphQL", response.status_code, response.raw_headers, bytes(response.body))
        return bytes(response.body)

    async def ask(self, login: str, document: str, variables: Mapping[str, Any] | None = None, **more: Any) -> Any:
        """The answer as Python values."""
        return orjson.loads(await self.body(login, document, variables, **more))

    async def data(self, login: str, document: str, variables: Mapping[str, Any] | None = None, **more: Any) -> Any:
        """The one root field of an answer without top-level errors."""
        answered = await self.ask(login, document, variables, **more)
        assert "errors" not in answered, answered
        [value] = answered["data"].values()
        return value

    async def refusal(
        self, login: str, document: str, variables: Mapping[str, Any] | None = None, **more: Any
    ) -> tuple[str, str]:
        """Code and message of the one top-level error."""
        [error] = (await self.ask(login, document, variables, **more))["errors"]
        return error["extensions"]["code"], error["message"]


def faults(payload: Mapping[str, Any]) -> set[tuple[str, str]]:
    """Path, joined by dots, and code of every error of a payload."""
    return {(".".join(error["path"]), error["code"]) for error in payload["errors"]}
