"""What things are called, for the own pages: terms, names of entities and fields, the permission matrix. No data.

Only who is signed in may read them (``gate.PASSAGES``): the names of tables are nobody else's business.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from db.entity_info import EntityInfo
from db.facts import Role
from db.registry import Registry
from permissions.matrix import rows

Words = dict[str, Any]


def routes(entities: Registry) -> list[Route]:
    """``/pages/terms.json``, ``names.json`` and ``matrix.json``; put together once."""
    made: dict[str, Words] = {"terms": terms(entities), "names": names(entities), "matrix": matrix(entities)}
    return [Route(f"/pages/{name}.json", _serve(words)) for name, words in made.items()]


def terms(entities: Registry) -> dict[str, dict[str, str]]:
    """Enumeration -> member -> its Chinese term."""
    found = {field.facts.members for info in entities.values() for field in info.fields.values()}
    return {members.__name__: {m.name: m.zh for m in members} for members in found if members is not None}


def names(entities: Registry) -> dict[str, Words]:
    """Entity -> its label, its fields, its references and the steps of its life, each with its Chinese name."""
    return {info.name: _names(info) for info in entities.values()}


def matrix(entities: Registry) -> Words:
    """Who may do what, in words."""
    cells = [{"entity": zh, "cells": {role.name: said for role, said in row.items()}} for zh, row in rows(entities)]
    return {"roles": {role.name: role.zh for role in Role}, "rows": cells}


def _names(info: EntityInfo) -> Words:
    members = {field.public: field.facts.members for field in info.fields.values()}
    steps: dict[str, Words] = {}
    for step in info.facts.steps:
        known = steps.setdefault(step.verb, {"zh": step.zh, "from": []})
        known["from"] += [state for state in step.sources if state not in known["from"]]
    return {
        "zh": info.facts.zh,
        "table": info.facts.zh if info.facts.listed else None,
        "prefix": info.facts.prefix,
        "fields": {f.public: f.facts.zh for f in info.fields.values()},
        "terms": {public: found.__name__ for public, found in members.items() if found is not None},
        "references": {r.public: {"zh": r.zh, "to": r.target} for r in info.references},
        "steps": steps,
    }


def _serve(words: Words) -> Callable[[Request], Awaitable[Response]]:
    async def answer(_request: Request) -> Response:
        return JSONResponse(words)

    return answer
