"""The limit: a bare Starlette route over the driver that runs one statement and sends what it prints. No identity,
no GraphQL, no choice. Started as a process of its own with the facts of the database in the environment."""

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

from bench import transaction
from bench.data import Facts
from bench.sql import SQL, Dialect, path_of, values

_local = threading.local()


async def _keep(_connection: Any) -> None:
    return None


def _connection(path: str) -> sqlite3.Connection:
    connection: sqlite3.Connection | None = getattr(_local, "connection", None)
    if connection is None:
        connection = _local.connection = sqlite3.connect(path, isolation_level=None)
        connection.executescript(
            "PRAGMA busy_timeout=15000; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA cache_size=-32000;"
        )
    return connection


def create_limit() -> Starlette:
    """The limit server as an application."""
    url, facts = os.environ["BENCH_URL"], Facts(**json.loads(os.environ["BENCH_FACTS"]))
    is_sqlite, told = not url.startswith("postgresql"), facts.dump()
    statements, find = {name: make(Dialect(is_sqlite)) for name, make in SQL.items()}, path_of(Dialect(is_sqlite))
    threads = ThreadPoolExecutor(2)
    pool: Any = None
    writes: Any = None
    """Connections of writes, which plan once, as our server's do."""

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        nonlocal pool, writes
        if not is_sqlite:
            pool, writes = [await opened(f"force_{mode}_plan") for mode in ("custom", "generic")]
        yield
        for each in (pool, writes):
            if each is not None:
                await each.close()

    async def opened(plans: str) -> Any:
        settings = {"plan_cache_mode": plans, "jit": "off"}
        return await asyncpg.create_pool(url, min_size=8, max_size=8, reset=_keep, server_settings=settings)

    async def create(asked: dict[str, Any]) -> bytes:
        if not is_sqlite:
            return await transaction.on_postgres(writes, asked["input"], told)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            threads, lambda: transaction.on_sqlite(_connection(url), asked["input"], told)
        )

    async def read(name: str, asked: dict[str, Any]) -> str:
        path = await text(find, [asked["code"], facts.low, facts.high]) if name.startswith("Q5") else ""
        return await text(statements[name], values(name, asked, facts, is_sqlite, path))

    async def text(sql: str, given: list[Any]) -> str:
        if not is_sqlite:
            return await pool.fetchval(sql, *given)  # type: ignore[no-any-return]
        loop = asyncio.get_running_loop()
        row = await loop.run_in_executor(threads, lambda: _connection(url).execute(sql, given).fetchone())
        return row[0]  # type: ignore[no-any-return]

    async def answer(request: Request) -> Response:
        asked = orjson.loads(await request.body())
        name = asked["question"]
        if name == "Q6":
            return Response(await create(asked["variables"]), media_type="application/json")
        text = await read(name, asked["variables"])
        if name.startswith("Q5"):  # when the numbers of a report were true
            at = dt.datetime.now(dt.timezone(dt.timedelta(hours=8))).isoformat(timespec="milliseconds")
            text = f'{text[:-1]},"extensions":{{"dataAsOf":"{at}"}}}}'
        return Response(text, media_type="application/json")

    return Starlette(routes=[Route("/", answer, methods=["POST"])], lifespan=lifespan)
