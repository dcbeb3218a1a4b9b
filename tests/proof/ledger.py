"""What clients sent and what was acknowledged to them, held against the rows of a database after a crash."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from db.audit.verify import verify
from db.base import Base
from db.entity_info import EntityInfo
from db.models.system.audit_log import AuditAction
from db.registry import registry
from db.rollup_upkeep import differences
from db.rollups import stored_rollups
from db.search import field_of, searched
from db.technical import AuditSeal, NumberSeries, RememberedWrite, SearchEntry

ENTITIES = ("HostUnit", "MediationCase", "CommitteeFiling")
"""What clients write here. Every version of every such row came by a command of its own, with a record of its own."""
Versions = dict[str, list[int]]
"""Global id -> what there is of the row, in order."""


@dataclass
class Act:
    """One write that a client sent."""

    entity: str
    row: str | None = None
    """Global id: of a creation, as the answer told it."""
    version: int | None = None
    """That the row got by it, as the answer told."""
    name: str | None = None
    """Of a creation: what only this one is called."""
    says: dict[str, Any] = field(default_factory=dict)
    """What the record of this version has to say, as far as the client knows."""
    key: str | None = None
    document: str = ""
    variables: dict[str, Any] = field(default_factory=dict)
    acknowledged: bool = False
    refused: str = ""
    away: bool = False
    """Whether the answer was that the database is away: it may have been written, or not."""


@dataclass
class Ledger:
    """All acts so far."""

    acts: list[Act] = field(default_factory=list)

    @property
    def acknowledged(self) -> list[Act]:
        """Those whose client was told that they are done."""
        return [act for act in self.acts if act.acknowledged]

    @property
    def open(self) -> list[Act]:
        """Those whose client was not told what became of them."""
        return [act for act in self.acts if not act.acknowledged and not act.refused]


def check(connection: Connection, ledger: Ledger) -> list[str]:
    """Everything that is not as it must be after a crash, as sentences. Seal what waits before."""
    found: list[str] = []
    rows: Versions = {}
    records: dict[str, dict[int, Any]] = defaultdict(dict)
    for entity in ENTITIES:
        info = registry()[entity]
        versions, told = stored_versions(connection, info), told_versions(connection, info)
        found += _whole(info, versions, told)
        rows |= versions
        for identity, afters in told.items():
            records[identity] |= {after["version"]: after for after in afters}
    found += _kept(connection, ledger, records)
    found += _derived(connection)
    found += _chain(connection)
    found += _sound(connection)
    return found


def stored_versions(connection: Connection, info: EntityInfo) -> Versions:
    """The versions that each row of an entity must have had."""
    table = info.table
    stored = connection.execute(sa.select(table.c.id, table.c.version))
    return {f"{info.facts.prefix}_{key}": list(range(1, version + 1)) for key, version in stored}


def told_versions(connection: Connection, info: EntityInfo) -> dict[str, list[Any]]:
    """What the audit log says each row became, a record after the other."""
    log = registry()["AuditLog"].table
    about = (log.c.entity == info.name, log.c.entity_id.is_not(None), log.c.action != AuditAction.REFUSED.name)
    told: dict[str, list[Any]] = defaultdict(list)
    for identity, after in connection.execute(sa.select(log.c.entity_id, log.c.after).where(*about)):
        told[identity].append(after)
    return {identity: sorted(afters, key=lambda after: int(after["version"])) for identity, afters in told.items()}


def _whole(info: EntityInfo, versions: Versions, told: dict[str, list[Any]]) -> Iterator[str]:
    """A write is there with its record, or neither is: acknowledged or not."""
    for identity in versions.keys() | told.keys():
        recorded = [after["version"] for after in told.get(identity, [])]
        if versions.get(identity) != recorded:
            yield f"{info.facts.zh} {identity}：应有各版 {versions.get(identity)}，审计记录有 {recorded}"


def _kept(connection: Connection, ledger: Ledger, records: dict[str, dict[int, Any]]) -> Iterator[str]:
    """What was acknowledged is there, once, and says what the client was told."""
    names = Counter[str]()
    for entity, column in (("HostUnit", "name"), ("MediationCase", "title")):
        names.update(connection.scalars(sa.select(registry()[entity].table.c[column])))
    for act in ledger.acts:
        if act.name is not None:
            most = 0 if act.refused else 1
            if not act.acknowledged <= names[act.name] <= most:
                yield f"新建 {act.name}（{'已' if act.acknowledged else '未'}确认）：有 {names[act.name]} 条"
        if act.acknowledged:
            record = records.get(act.row or "", {}).get(act.version or 0)
            if record is None:
                yield f"已确认的 {act.row} 第 {act.version} 版丢失"
            elif any(record.get(name) != value for name, value in act.says.items()):
                yield f"已确认的 {act.row} 第 {act.version} 版：应有 {act.says}，审计记录为 {record}"
    yield from _once(ledger)


def _once(ledger: Ledger) -> Iterator[str]:
    """No version of a row was acknowledged to two acts."""
    told = Counter((act.row, act.version) for act in ledger.acknowledged)
    for (row, version), times in told.items():
        if times > 1:
            yield f"{row} 第 {version} 版确认了 {times} 次"


def _derived(connection: Connection) -> Iterator[str]:
    """What a write brings along in its transaction: index of the search, rollups, numbers, remembered outcomes."""
    for entity in ENTITIES:
        table = registry()[entity].table
        for column in searched(table):
            entered = set(
                connection.scalars(sa.select(SearchEntry.row_id).where(SearchEntry.field == field_of(table, column)))
            )
            living = set(connection.scalars(sa.select(table.c.id).where(table.c.deleted_at.is_(None))))
            if entered != living:
                yield f"检索索引 {table.name}.{column}：多 {len(entered - living)} 条，少 {len(living - entered)} 条"
    for stored in stored_rollups(Base.metadata):
        yield from (difference.zh for difference in differences(connection, stored))
    cases = registry()["MediationCase"].table
    registered = Counter(number[:-6] for number in connection.scalars(sa.select(cases.c.case_no)) if len(number) == 30)
    for name, last in connection.execute(sa.select(NumberSeries.name, NumberSeries.last)):
        series, _, rest = name.partition("/")
        if series == "case" and registered[rest.replace("/", "")] != last:
            yield f"编号 {name} 发到 {last}，案件有 {registered[rest.replace('/', '')]} 件"
    torn = sa.select(sa.func.count()).select_from(RememberedWrite).where(RememberedWrite.outcome.is_(sa.null()))
    if count := connection.scalar(torn):
        yield f"{count} 个 Idempotency-Key 没有结果"


def _chain(connection: Connection) -> Iterator[str]:
    """The chain over the audit log is whole, and holds every record."""
    report = verify(connection)
    yield from (finding.zh for finding in report.findings)
    log = registry()["AuditLog"].table
    records, seals = (connection.scalar(sa.select(sa.func.count()).select_from(t)) for t in (log, AuditSeal))
    if not records == seals == report.checked:
        yield f"审计记录 {records} 条，封印 {seals} 个，核对 {report.checked} 个"


def _sound(connection: Connection) -> Iterator[str]:
    """The file itself, where there is one."""
    if connection.dialect.name != "sqlite":
        return
    said = connection.exec_driver_sql("PRAGMA integrity_check").scalars().all()
    if said != ["ok"]:
        yield f"PRAGMA integrity_check：{said[:5]}"
    if stray := connection.exec_driver_sql("PRAGMA foreign_key_check").all():
        yield f"PRAGMA foreign_key_check：{len(stray)} 条"
