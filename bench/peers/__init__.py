"""The peers: PostGraphile, Mercurius with graphql-jit, and Strawberry with dataloaders ("plain"), run fairly.

All over the same PostgreSQL and the same rows, eight connections each, prepared statements, the server's settings for
everybody. What they see are the views and functions of ``app.sql``, in which the scope stands as a constant at the
root and nowhere below it: less than our server checks. Strawberry reads the tables themselves, on SQLite too.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy.engine import make_url

from bench.data import FOLDER, Place
from bench.peers import postgraphile, shared
from bench.questions import Question, Variables, bare
from bench.servers import Side, graphql, serving, uvicorn
from tests.databases import free_port

HERE = Path(__file__).parent
INSTALLED = FOLDER / "peers"


@contextlib.contextmanager
def peers(place: Place) -> Iterator[list[Side]]:
    """The running peers of a database: all three on PostgreSQL, plain Strawberry on SQLite."""
    with contextlib.ExitStack() as stack:
        found = [stack.enter_context(plain_side(place))]
        if place.kind == "postgresql":
            install()
            _prepare(place)
            found = [*(stack.enter_context(_node(place, name)) for name in ("postgraphile", "mercurius")), *found]
        yield found


def install() -> None:
    """Fetch the pinned packages and a Node.js to run them from the npm registry, where that was not done yet."""
    wanted = (HERE / "package.json").read_text()
    done = INSTALLED / "installed.json"
    INSTALLED.mkdir(parents=True, exist_ok=True)
    if not done.exists() or done.read_text() != wanted:
        if shutil.which("npm") is None:
            raise SystemExit("安装对照系统需要 npm")
        print("安装对照系统 (PostGraphile, Mercurius)", flush=True)
        (INSTALLED / "package.json").write_text(wanted)
        command = ["npm", "install", "--no-audit", "--no-fund", "--loglevel=error"]
        if subprocess.run(command, cwd=INSTALLED).returncode:
            raise SystemExit("对照系统没有安装成功, 原因见上面 npm 的输出")
        done.write_text(wanted)
    for template in HERE.glob("*.mjs"):
        shutil.copy(template, INSTALLED)


def _prepare(place: Place) -> None:
    """Views and functions for the peers, in a schema of their own."""
    facts = place.facts
    text = (HERE / "app.sql").read_text(encoding="utf-8")
    for name in ("low", "high", "clerk_low", "clerk_high", "account"):
        text = text.replace(f":{name}:", getattr(facts, name))

    async def run() -> None:
        connection = await asyncpg.connect(_dsn(place))
        try:
            await connection.execute(text)
        finally:
            await connection.close()

    asyncio.run(run())


def _dsn(place: Place) -> str:
    return make_url(place.url).set(drivername="postgresql").render_as_string(hide_password=False)


@contextlib.contextmanager
def _node(place: Place, name: str) -> Iterator[Side]:
    port = free_port()
    node = str(INSTALLED / "node_modules" / ".bin" / "node")
    command = [node, f"{name}.mjs"]
    told = {"DSN": _dsn(place), "PORT": str(port), "NODE_ENV": "production", "GRAPHILE_ENV": "production"}
    texts = postgraphile.TEXTS if name == "postgraphile" else shared.TEXTS
    with serving(command, port, told, INSTALLED) as pid:
        yield graphql(port, pid, name, texts, lambda question: _values(question, place))


@contextlib.contextmanager
def plain_side(place: Place) -> Iterator[Side]:
    """Strawberry with dataloaders over the same tables."""
    port = free_port()
    told = {"BENCH_URL": place.url, "BENCH_FACTS": json.dumps(place.facts.dump())}
    texts = {name: text for name, text in shared.TEXTS.items() if not name.startswith("Q5")}
    with serving(uvicorn("bench.peers.plain:create_plain", port, "--no-access-log"), port, told) as pid:
        yield graphql(port, pid, "plain", texts, lambda question: _values(question, place))


def _values(question: Question, place: Place) -> Variables:
    """The variables of the peers' documents: ids without prefix, a year as a number, a flat input."""
    given = bare(question, place.facts)

    def make(n: int) -> dict[str, Any]:
        asked = given(n)
        if question.name == "Q1":
            return {"id": asked["id"][3:]}
        if question.name == "Q4":
            return {"after": asked["id"], "first": asked["first"]}
        if question.name.startswith("Q5"):
            return {"code": asked["code"], "year": int(asked["year"])}
        if question.name != "Q6":
            return asked
        told = asked["input"]
        plain = {name: told[name] for name in told if name not in ("committee", "region")}
        committee, code = told["committee"]["connect"]["id"][3:], told["region"]["connect"]["code"]
        return {"input": {**plain, "committeeId": str(uuid.UUID(committee)), "regionCode": code}}

    return make
