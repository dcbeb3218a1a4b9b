"""The limit: a bare Starlette route over the driver that runs one statement and sends what it prints. No identity,
no GraphQL, no choice. Started as a process of its own by ``bench.main`` with the statement in the environment."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import os
import sqlite3
import threading
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bench.queries import QUESTIONS

_FACTS: dict[str, Any] = json.loads(os.environ.get("BENCH_FACTS", "{}"))
_URL = os.environ.get("BENCH_URL", "")
_local = threading.local()
_threads = ThreadPoolExecutor(2)


async def _keep(_connection: Any) -> None:
    return None


def _sqlite(sql: str, values: list[Any]) -> str:
    connection: sqlite3.Connection | None = getattr(_local, "connection", None)
    if connection is None:
        connection = _local.connection = sqlite3.connect(_URL, isolation_level=None)
        connection.executescript("PRAGMA query_only=ON; PRAGMA cache_size=-32000;")
    text: str = connection.execute(sql, values).fetchone()[0]
    return text


def create_limit() -> Starlette:
    """The limit server as an application."""
    is_sqlite = not _URL.startswith("postgresql")
    facts = {**_FACTS, "today": _FACTS["today"] if is_sqlite else dt.date.fromisoformat(_FACTS["today"])}
    pool: Any = None

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        nonlocal pool
        if not is_sqlite:
            settings = {"plan_cache_mode": "force_custom_plan", "jit": "off"}
            pool = await asyncpg.create_pool(_URL, min_size=8, max_size=8, reset=_keep, server_settings=settings)
        yield
        if pool is not None:
            await pool.close()

    async def answer(request: Request) -> Response:
        asked = orjson.loads(await request.body())
        question = QUESTIONS[asked["question"]]
        sql, values = question.sql["sqlite" if is_sqlite else "postgresql"], question.values(asked["number"], facts)
        if is_sqlite:
            text = await asyncio.get_running_loop().run_in_executor(_threads, _sqlite, sql, values)
        else:
            text = await pool.fetchval(sql, *values)
        return Response(text, media_type="application/json")

    return Starlette(routes=[Route("/", answer, methods=["POST"])], lifespan=lifespan)
