"""The reference point: Strawberry as its documentation shows it, types by hand and a dataloader for each relation,
over the same tables by SQLAlchemy. One session for each batch; the parser and validation caches are on."""

from __future__ import annotations

import datetime as dt
import decimal
import json
import os
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
import strawberry
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from starlette.applications import Starlette
from starlette.routing import Route
from strawberry.asgi import GraphQL
from strawberry.dataloader import DataLoader
from strawberry.extensions import ParserCache, ValidationCache
from strawberry.types import Info

from bench.data import Facts
from db.clock import now, today
from db.identity import new_key
from db.models.cases.mediation_case import MediationCase
from db.models.people.mediator import Mediator
from db.models.people.mediator_appointment import MediatorAppointment
from db.models.places.region import Region
from db.models.register.mediation_committee import MediationCommittee
from db.models.system.audit_log import AuditLog
from resolvers.commands.numbers import next_of

_CASE_NO = MediationCase.case_no.info["facts"].series
_URL = os.environ.get("BENCH_URL", "sqlite+aiosqlite://")
_FACTS = Facts(**json.loads(os.environ["BENCH_FACTS"])) if "BENCH_FACTS" in os.environ else None
_POSTGRES: dict[str, Any] = {"pool_size": 8, "max_overflow": 0, "connect_args": {"statement_cache_size": 512}}
_engine = create_async_engine(_URL, **(_POSTGRES if _URL.startswith("postgresql") else {}))
_session = async_sessionmaker(_engine, expire_on_commit=False)


def _facts() -> Facts:
    assert _FACTS is not None
    return _FACTS


def _seen(column: Any) -> list[Any]:
    """The viewer's scope, tested wherever a row is read."""
    return [column >= _facts().low, column < _facts().high]


async def _rows(statement: Any) -> list[Any]:
    async with _session() as session:
        return list((await session.execute(statement)).scalars())


def _many(statement: Callable[[list[str]], Any], key: str) -> Callable[[list[str]], Any]:
    async def load(keys: list[str]) -> list[list[Any]]:
        found: dict[str, list[Any]] = {key: [] for key in keys}
        for row in await _rows(statement(keys)):
            found[getattr(row, key)].append(row)
        return [found[key] for key in keys]

    return load


async def _mediators(keys: list[str]) -> list[list[Any]]:
    held = MediatorAppointment
    query = (
        sa.select(held.committee_id, Mediator)
        .join(Mediator, Mediator.id == held.mediator_id)
        .where(
            held.committee_id.in_(keys), held.deleted_at.is_(None), held.start_on <= today(),
            sa.or_(held.end_on.is_(None), held.end_on >= today()), Mediator.deleted_at.is_(None),
            *_seen(Mediator.scope_path),
        )
        .order_by(Mediator.id)
    )  # fmt: skip
    found: dict[str, list[Any]] = {key: [] for key in keys}
    async with _session() as session:
        for committee, mediator in await session.execute(query):
            found[committee].append(mediator)
    return [found[key] for key in keys]


def _by_id(model: Any, column: Any) -> Callable[[list[str]], Any]:
    async def load(keys: list[str]) -> list[Any]:
        rows = await _rows(sa.select(model).where(model.id.in_(keys), model.deleted_at.is_(None), *_seen(column)))
        found = {row.id: row for row in rows}
        return [found.get(key) for key in keys]

    return load


def _loaders() -> dict[str, DataLoader[str, Any]]:
    def children(keys: list[str]) -> Any:
        where = Region.parent_id.in_(keys), Region.deleted_at.is_(None)
        return sa.select(Region).where(*where, *_seen(Region.path)).order_by(Region.id)

    def committees(keys: list[str]) -> Any:
        table = MediationCommittee
        where = table.region_id.in_(keys), table.deleted_at.is_(None)
        return sa.select(table).where(*where, *_seen(table.scope_path)).order_by(table.id)

    return {
        "children": DataLoader(_many(children, "parent_id")), "committees": DataLoader(_many(committees, "region_id")),
        "mediators": DataLoader(_mediators), "region": DataLoader(_by_id(Region, Region.path)),
        "committee": DataLoader(_by_id(MediationCommittee, MediationCommittee.scope_path)),
    }  # fmt: skip


# --- types -----------------------------------------------------------------------------------------------------------


@strawberry.type(name="Mediator")
class MediatorType:
    """A mediator."""

    id: strawberry.ID
    name: str
    sex: str
    kind: str
    education: str


@strawberry.type(name="Committee")
class CommitteeType:
    """A committee."""

    id: strawberry.ID
    name: str
    phone: str
    type: str
    established_on: str
    region_id: strawberry.Private[str]

    @strawberry.field
    async def region(self, info: Info) -> RegionType | None:
        """Where it stands."""
        row = await info.context["loaders"]["region"].load(self.region_id)
        return _region(row) if row else None

    @strawberry.field
    async def mediators(self, info: Info) -> list[MediatorType]:
        """The people appointed today."""
        rows = await info.context["loaders"]["mediators"].load(self.id)
        return [
            MediatorType(id=strawberry.ID(r.id), name=r.name, sex=r.sex, kind=r.kind, education=r.education)
            for r in rows
        ]


@strawberry.type(name="Region")
class RegionType:
    """A region."""

    id: strawberry.ID
    code: str
    name: str

    @strawberry.field
    async def children(self, info: Info) -> list[RegionType]:
        """The regions below."""
        return [_region(row) for row in await info.context["loaders"]["children"].load(self.id)]

    @strawberry.field
    async def committees(self, info: Info) -> list[CommitteeType]:
        """Its committees."""
        return [_committee(row) for row in await info.context["loaders"]["committees"].load(self.id)]


@strawberry.type(name="Case")
class CaseType:
    """A case."""

    id: strawberry.ID
    case_no: str
    dispute_type: str
    state: str
    outcome: str | None
    accepted_on: str | None
    amount_claimed: str | None
    headcount: int
    committee_id: strawberry.Private[str]

    @strawberry.field
    async def committee(self, info: Info) -> CommitteeType | None:
        """Whose case it is."""
        row = await info.context["loaders"]["committee"].load(self.committee_id)
        return _committee(row) if row else None


def _region(row: Region) -> RegionType:
    return RegionType(id=strawberry.ID(row.id), code=row.code, name=row.name)


def _committee(row: MediationCommittee) -> CommitteeType:
    return CommitteeType(
        id=strawberry.ID(row.id), name=row.name, phone=row.phone, type=row.type,
        established_on=row.established_on.isoformat(), region_id=row.region_id,
    )  # fmt: skip


def _case(row: MediationCase) -> CaseType:
    return CaseType(
        id=strawberry.ID(row.id), case_no=row.case_no, dispute_type=row.dispute_type, state=row.state,
        outcome=row.outcome, accepted_on=row.accepted_on.isoformat() if row.accepted_on else None,
        amount_claimed=str(row.amount_claimed) if row.amount_claimed is not None else None, headcount=row.headcount,
        committee_id=row.committee_id,
    )  # fmt: skip


@strawberry.input
class CaseInput:
    """A new case."""

    committee_id: strawberry.ID
    region_code: str
    title: str
    summary: str
    dispute_type: str
    source: str
    parties_relation: str
    difficulty: str
    headcount: int
    accepted_on: str
    amount_claimed: str


# --- fields ----------------------------------------------------------------------------------------------------------


def _below(column: Any, code: str) -> list[Any]:
    path = sa.select(Region.path).where(Region.code == code, Region.valid_to.is_(None), *_seen(Region.path))
    return [column >= path.scalar_subquery(), column < _end(code)]


def _end(code: str) -> Any:
    end = sa.func.substr(Region.path, 1, sa.func.length(Region.path) - 1).concat("0")
    return sa.select(end).where(Region.code == code, Region.valid_to.is_(None)).scalar_subquery()


@strawberry.type
class Query:
    """Reads."""

    @strawberry.field
    async def committee(self, id: strawberry.ID) -> CommitteeType | None:
        """One committee."""
        table = MediationCommittee
        where = table.id == id, table.deleted_at.is_(None)
        found = await _rows(sa.select(table).where(*where, *_seen(table.scope_path)))
        return _committee(found[0]) if found else None

    @strawberry.field
    async def committees(self, code: str, first: int) -> list[CommitteeType]:
        """Committees below a region."""
        table = MediationCommittee
        where = table.deleted_at.is_(None), *_seen(table.scope_path), *_below(table.scope_path, code)
        return [_committee(row) for row in await _rows(sa.select(table).where(*where).order_by(table.id).limit(first))]

    @strawberry.field
    async def regions(self, code: str, first: int, offset: int) -> list[RegionType]:
        """Streets below a region."""
        where = Region.deleted_at.is_(None), Region.level == "STREET", *_seen(Region.path), *_below(Region.path, code)
        page = sa.select(Region).where(*where).order_by(Region.id).limit(first).offset(offset)
        return [_region(row) for row in await _rows(page)]

    @strawberry.field
    async def cases(self, first: int, after: strawberry.ID) -> list[CaseType]:
        """Cases after one."""
        table = MediationCase
        where = table.deleted_at.is_(None), *_seen(table.scope_path), table.id > after
        return [_case(row) for row in await _rows(sa.select(table).where(*where).order_by(table.id).limit(first))]


@strawberry.type
class Mutation:
    """Writes."""

    @strawberry.mutation
    async def create_case(self, input: CaseInput) -> CaseType:
        """Create a case, with the same checks and records as everybody's."""
        async with _session() as session, session.begin():
            row = await _created(session, input)
        return _case(row)


async def _created(session: AsyncSession, input: CaseInput) -> MediationCase:
    def inside(column: Any) -> list[Any]:
        return [column >= _facts().clerk_low, column < _facts().clerk_high]

    table = MediationCommittee
    where = table.id == input.committee_id, table.deleted_at.is_(None), *inside(table.scope_path)
    committee = (await session.execute(sa.select(table).where(*where).with_for_update(key_share=True))).scalar_one()
    place = sa.select(Region).where(Region.code == input.region_code, Region.valid_to.is_(None), *inside(Region.path))
    region = (await session.execute(place)).scalar_one()
    connection = await session.connection()
    number = await connection.run_sync(
        lambda c: next_of(c, _CASE_NO, {"committee.code": committee.code, "year": str(today().year)})
    )
    at, account = now(), _facts().account
    stamp = {"created_at": at, "updated_at": at, "created_by_id": account, "updated_by_id": account}
    owner = {"scope_path": committee.scope_path, "org_scope_id": committee.org_scope_id}
    case = MediationCase(
        id=new_key(), case_no=number, title=input.title, summary=input.summary, committee_id=committee.id,
        region_id=region.id, dispute_type=input.dispute_type, source=input.source,
        parties_relation=input.parties_relation, difficulty=input.difficulty, headcount=input.headcount,
        accepted_on=dt.date.fromisoformat(input.accepted_on), amount_claimed=decimal.Decimal(input.amount_claimed),
        registered_at=at, entered_at=at, entry_channel="API", state="REGISTERED", is_major=False, is_difficult=False,
        public=False, late_entry=False, mediation_times=0, confirmation_state="NOT_APPLIED", litigation_result="NONE",
        subsidy_state="NONE", version=1, **owner, **stamp,
    )  # fmt: skip
    session.add(case)
    await session.flush()
    told = {"caseNo": number, "title": case.title, "summary": case.summary}
    record = AuditLog(
        id=new_key(), actor_id=account, action="CREATE", verb="register", entity="MediationCase",
        entity_id=f"cs_{case.id}", summary=f"登记 调解案件：{committee.name} {case.title}", after=told, at=at,
        technical=False, region_id=committee.region_id, version=1, **owner, **stamp,
    )  # fmt: skip
    session.add(record)
    return case


class _Server(GraphQL[dict[str, Any], None]):
    async def get_context(self, request: Any, response: Any) -> dict[str, Any]:
        return {"loaders": _loaders()}


def create_plain() -> Starlette:
    """The server as an application."""
    schema = strawberry.Schema(Query, Mutation, extensions=[ParserCache, ValidationCache])
    return Starlette(routes=[Route("/graphql", _Server(schema, graphql_ide=None))])
