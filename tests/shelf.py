"""A synthetic entity with columns of the newer kinds, in a metadata of its own, over the real stack."""

from __future__ import annotations

import asyncio
import datetime as dt
import decimal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, configure_mappers

from db import door, facts
from db.base import Scoped
from db.clock import now
from db.engine import Database
from db.facts import Code, Entity, Role, Shaped, ref, text, told
from db.identity import new_key
from db.periods import Granularity
from db.registry import Registry, registry
from permissions.viewer import Reach, Viewer
from settings import Settings
from tests.databases import owner_of
from tests.places import Place, place
from tests.world import Rows

ENTITIES = registry()  # before the class below: the register itself knows nothing of it
CLERK = Viewer("00000000-0000-7000-8000-0000000000a3", "clerk", "clerk", {Role.DIST: Reach((("/", "0"),))})
NATION = "00000000-0000-7000-8000-0000000000a0"
LENGTHS = tuple(Granularity)
KEEPER = Viewer("00000000-0000-7000-8000-0000000000a1", "keeper", "keeper", {Role.PROV: Reach((("/", "0"),))})
COUNTER = Viewer("00000000-0000-7000-8000-0000000000a2", "counter", "counter", {Role.CITY: Reach((("/", "0"),))})


class Shelved(Scoped):
    """Not in the metadata of our models."""

    __abstract__ = True
    metadata = sa.MetaData()


class PaperTone(Code):
    """语气。The tone."""

    PLAIN = "1", "平实"
    SOLEMN = "2", "庄重"


class PaperAuthor(Shaped):
    """作者。An author."""

    name: str = told("姓名", "Name.", copies="Mediator")
    birth_date: dt.date | None = told("出生日期", "Born.", copies="Mediator", default=None)
    share: decimal.Decimal = told("份额", "Share.", ge=0, le=1)


class PaperPlan(Shaped):
    """提纲。A plan."""

    title: str = told("标题", "Title.", max_length=10)
    pages: int = told("页数", "Pages.", ge=1, le=99)
    tone: PaperTone | None = told("语气", "Tone.", default=None)
    due_on: dt.date | None = told("交稿日期", "Due.", default=None)
    authors: list[PaperAuthor] = told("作者", "Authors.", max_length=3)
    words: list[str] = told("关键词", "Words.", default=[])


class Paper(Shelved):
    """文稿。A paper."""

    __entity__ = Entity(
        zh="文稿", prefix="pp", label="name", owner="region", history=False, listed=("name", "period"),
        matrix={"PROV": "RCU P", "DIST": "Rm D", "CITY": "R* C"}, dimensions=("period",),
    )  # fmt: skip

    region_id: Mapped[str] = ref("Region", "区划", "Region.", constraint=False, reverse=False)
    name: Mapped[str] = text("名称", "Name.")
    period: Mapped[str | None] = facts.period(LENGTHS, "期间", "Its period.")
    plan: Mapped[dict[str, Any] | None] = facts.shape(PaperPlan, "提纲", "Its plan.")
    half: Mapped[str | None] = facts.period(
        (Granularity.HALF_MONTH, Granularity.MONTH), "半月", "A half.", future=False
    )


configure_mappers()
WITH_PAPERS = Registry([*(info.model for info in ENTITIES.values()), Paper])


def _filled(column: sa.Column[Any]) -> Any:
    return None if column.default is None else column.default.arg  # type: ignore[attr-defined]


@contextmanager
def shelf(url: str, papers: Sequence[dict[str, Any]]) -> Iterator[Place]:
    """A migrated database with papers, and the real endpoint over it."""

    def build(connection: sa.Connection) -> None:
        Shelved.metadata.create_all(connection)
        stamps = {"created_at": now(), "updated_at": now(), "version": 1}
        nation = {
            "id": NATION, "code": "000000000000", "name": "中国", "short_name": "中国", "level": "NATION",
            "kind": "STANDARD", "path": "/", "valid_from": dt.date(2000, 1, 1), "multi_ethnic": False, "remote": False,
        }  # fmt: skip
        table = ENTITIES["Region"].table
        door.insert(connection, table, dict.fromkeys((c.name for c in table.c), None) | stamps | nation)
        for reader in (KEEPER, COUNTER):
            account = {
                "id": reader.account_id,
                "login_name": reader.login,
                "person_name": reader.name,
                "region_id": NATION,
            }
            table = ENTITIES["UserAccount"].table
            made = {c.name: _filled(c) for c in table.c} | stamps | account | {"scope_path": "/", "password_hash": "-"}
            door.insert(connection, table, made)
        for paper in papers:
            row = dict.fromkeys((c.name for c in Paper.__table__.c), None)
            placed = {"id": new_key(), "region_id": NATION, "scope_path": "/"}
            door.insert(connection, Paper.__table__, {**row, **stamps, **placed, **paper})  # type: ignore[arg-type]

    async def run() -> None:
        database = Database(Settings(database_url=owner_of(url)))
        try:
            await database.write(build)
        finally:
            await database.stop()

    asyncio.run(run())
    with place(url, Rows(WITH_PAPERS), {"keeper": KEEPER, "counter": COUNTER}) as opened:
        yield opened
