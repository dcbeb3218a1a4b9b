"""The register of regions in the database: what is valid, what ended, and the rows that an import changes.

Province by province, so that memory does not grow with the nation. Faults are collected to the end; once there is one,
nothing more is written, and the caller's transaction is refused.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from db import search
from db.bulk import insert_rows
from db.clock import now
from db.enums import RegionKind, RegionLevel
from db.models.region import Region
from db.technical import RegionGap
from resolvers.commands.region_changes import (
    Changes,
    Counts,
    Current,
    Former,
    Opened,
    Place,
    Reopened,
    check_successor,
    compare,
    stated_parents,
)
from resolvers.commands.region_files import Change, Progress, fault
from resolvers.commands.region_tree import LEVELS, NATION, Node, kind, short_name
from resolvers.faults import Fault, Refused

TABLE: sa.Table = Region.__table__  # type: ignore[assignment]
COLUMNS = (
    "id", "code", "name", "short_name", "level", "kind", "path", "parent_id", "valid_from", "multi_ethnic", "remote",
    "created_at", "updated_at", "version", "created_by_id", "updated_by_id",
)  # fmt: skip


class _Ended(NamedTuple):
    """What is known of the regions that once had a code."""

    last: dt.date
    successors: set[str]


Groups = dict[tuple[str, str], list[str]]
"""Level and change -> ids of the regions that it happens to."""


class Run:
    """One run over the provinces of a file, in the transaction of `connection`; `do` it once."""

    def __init__(
        self, connection: Connection, provinces: Mapping[str, list[Node]], mapping: Sequence[Change], day: dt.date,
        actor_id: str | None, progress: Progress, keys: Iterator[str], close_at_most: int | None, telling: bool = False,
    ) -> None:  # fmt: skip
        self.close_at_most = close_at_most
        self.groups: Groups | None = {} if telling else None  # those of a nation take memory
        self.connection, self.provinces, self.day, self.progress = connection, provinces, day, progress
        self.actor_id, self.at, self.keys = actor_id, now(), keys
        self.counts, self.faults = Counts(), list[Fault]()
        self.done, self.size = 0, sum(map(len, provinces.values()))
        if connection.dialect.name != "sqlite":  # where the transaction holds the one write lock already
            # Not the table: behind the wall nobody who serves may lock it. What a clerk makes meanwhile meets the
            # unique code, and the import is refused whole or tried again.
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
        self.root = self._root()
        self.ended, self.former, self.used = _ended(connection)
        self.stated = stated_parents(mapping)
        self.successors = {line.old: line for line in mapping if line.old != line.new}
        named = {line.new for line in mapping}
        every = (node for nodes in provinces.values() for node in nodes if named)
        self.named = {node.code: node for node in every if node.code in named}

    def do(self) -> Counts:
        """Every province, then the successors, which may stand in another one."""
        closed: dict[str, str] = {}
        places: dict[str, Place] = {}
        for province, nodes in self.provinces.items():
            current = _current(self.connection, province)
            used = self.used | {row.path for row in current.values()}
            changes = compare(
                nodes, current, self.root, self.stated, self.successors.keys(), self.former, used, self.keys
            )
            self._check(changes)
            self._write(changes)
            self.counts.add(changes)
            self._tell(changes)
            self._wrote(changes.unchanged + len(changes.renamed))
            gone = (row for row in changes.closed if row.id not in changes.moved and row.id not in changes.merged)
            closed |= {row.code: row.id for row in gone}
            places |= {code: changes.places[code] for code in self.named.keys() & changes.places.keys()}
        self._succeed(closed, places)
        most = self.close_at_most
        if not self.faults and most is not None and self.counts.given_up > most:
            zh = (
                f"这次会停用 {self.counts.given_up} 个没有承继的区划，超过 {most} 个；请先用 --dry-run 查看，"
                f"确实要停用时加上 --close-at-most {self.counts.given_up}"
            )
            en = f"{self.counts.given_up} regions would be closed; say --close-at-most to allow it"
            self.faults.append(Fault(("closeAtMost",), "RANGE", zh, en))
        if self.faults:
            raise Refused(self.faults)
        return self.counts

    def _root(self) -> Current:
        """The nation; it is made with the first province."""
        found = _select(self.connection, TABLE.c.code == NATION)
        if found:
            return found[0]
        nation = Current(next(self.keys), NATION, "中国", RegionLevel.NATION.name, None, "/", self.day)
        row = (
            nation.id, NATION, nation.name, nation.name, nation.level, RegionKind.STANDARD.name, nation.path, None,
            *self._rest(),
        )  # fmt: skip
        self.counts.opened += insert_rows(self.connection, TABLE, COLUMNS, [row])
        return nation

    def _check(self, changes: Changes) -> None:
        """The days must follow one another, and a successor must not stand below what it continues."""
        latest = max((row.valid_from for row in changes.closed if row.id not in changes.twins), default=dt.date.min)
        again = [self.ended[new.node.code].last for new in changes.opened if new.node.code in self.ended]
        latest = max([latest, *again])
        if latest >= self.day:
            zh = f"有区划自 {latest} 起才启用或停用，这次的生效日期（--valid-from）必须晚于这一天，现在是 {self.day}"
            en = f"regions begin or end on {latest}; the day of the import must be later"
            self.faults.append(Fault(("validFrom",), "RANGE", zh, en))
        for row in changes.closed:
            line = self.successors.get(row.code)
            if line and (wrong := check_successor(line, row, self.named[line.new])):
                self.faults.append(wrong)

    def _write(self, changes: Changes) -> None:
        if self.faults:
            return  # all of it will be refused; the rest is only read, to find every fault
        changed = {"updated_at": self.at, "updated_by_id": self.actor_id, "version": TABLE.c.version + 1}
        ends = [
            {"key": row.id, "last": (max(self.day, row.valid_from) if row.id in changes.twins else self.day) - _DAY}
            for row in changes.closed
        ]
        if ends:
            self.connection.execute(_one().values(valid_to=sa.bindparam("last"), **changed), ends)
        self._reopen(changes.reopened, changed)
        insert_rows(self.connection, TABLE, COLUMNS, map(self._row, changes.opened), self._wrote)
        self._link(changes.moved | changes.merged)
        again = [(old.row.id, old.node) for old in changes.reopened if old.row.name != old.node.name]
        names = [
            {"key": key, "name": node.name, "short": short_name(node.name, node.level, _kind(node))}
            for key, node in [*((row.id, node) for row, node in changes.renamed), *again]
        ]
        if names:
            values = {"name": sa.bindparam("name"), "short_name": sa.bindparam("short"), **changed}
            self.connection.execute(_one().values(values), names)
            told = ((name["key"], {"name": name["name"], "short_name": name["short"]}) for name in names)
            search.renew(self.connection, TABLE, told)

    def _row(self, new: Opened) -> tuple[Any, ...]:
        node, nature = new.node, _kind(new.node)
        short = short_name(node.name, node.level, nature)
        return (
            new.id, node.code, node.name, short, LEVELS[node.level].name, nature.name, new.path, new.parent_id,
            *self._rest(),
        )  # fmt: skip

    def _rest(self) -> tuple[Any, ...]:
        """From ``valid_from`` on, all new rows are alike."""
        return self.day, False, False, self.at, self.at, 1, self.actor_id, self.actor_id

    def _reopen(self, reopened: list[Reopened], changed: Mapping[str, Any]) -> None:
        """A region that comes back has nobody in its place any more; the days without it are kept beside it."""
        if not reopened:
            return
        values = {"valid_to": None, "successor_id": None, "successor_path": None, **changed}
        self.connection.execute(_one().values(values), [{"key": old.row.id} for old in reopened])
        gaps = []
        for old in reopened:
            first, again = old.row.valid_to + _DAY, min(self.day, old.twin.valid_from) if old.twin else self.day
            if first < again:
                gap = {"region_id": old.row.id, "first": first, "last": again - _DAY}
                gaps.append({**gap, "successor_id": old.row.successor_id})
        if gaps:
            self.connection.execute(sa.insert(RegionGap), gaps)

    def _tell(self, changes: Changes) -> None:
        """Remember which regions are touched, for who wants to see it before."""
        groups = self.groups
        if groups is None:
            return

        def add(change: str, level: str, key: str) -> None:
            groups.setdefault((level, change), []).append(key)

        for new in changes.opened:
            add("新增", LEVELS[new.node.level].name, new.id)
        for old in changes.reopened:
            add("恢复", LEVELS[old.node.level].name, old.row.id)
            if old.row.name != old.node.name:
                add("更名", old.row.level, old.row.id)
        for row, _node in changes.renamed:
            add("更名", row.level, row.id)
        for row in changes.closed:
            gone = "改变上级" if row.id in changes.moved else "并入原区划" if row.id in changes.merged else "停用"
            add(gone, row.level, row.id)
        for row in changes.kept:
            add("没有涉及", row.level, row.id)

    def _link(self, successors: Mapping[str, Place]) -> None:
        """Old id -> where the region is that took its place."""
        if successors:
            rows = [{"key": old, "heir": new.id, "below": new.path} for old, new in successors.items()]
            values: dict[str, Any] = {"successor_id": sa.bindparam("heir"), "successor_path": sa.bindparam("below")}
            self.connection.execute(_one().values(values), rows)

    def _succeed(self, closed: Mapping[str, str], places: Mapping[str, Place]) -> None:
        """Name the successors that the mapping states; what an earlier import did already is no fault."""
        for old, line in self.successors.items():
            if old not in closed and line.new not in self.ended.get(old, _NEVER).successors:
                zh = f"旧代码 {old} 不是现行的区划"
                self.faults.append(fault("mapping", line.number, "NOT_FOUND", zh, f"{old} is no region of today"))
        if not self.faults:
            links = {closed[old]: places[line.new] for old, line in self.successors.items() if old in closed}
            self._link(links)
            self.counts.succeeded += len(links)

    def _wrote(self, count: int) -> None:
        self.done += count
        self.progress(self.done, self.size, "写入")


_LOCK = 0x66_71_72_67
"""Imports of regions take turns: any number that nothing else locks."""
_NEVER = _Ended(dt.date.min, set())
_DAY = dt.timedelta(1)


def _kind(node: Node) -> RegionKind:
    return kind(node.code, node.name, node.level)


def _one() -> sa.Update:
    return sa.update(TABLE).where(TABLE.c.id == sa.bindparam("key"))


def _current(connection: Connection, province: str) -> dict[str, Current]:
    """The regions of a province that are valid today, by code."""
    after = province[:-1] + chr(ord(province[-1]) + 1)
    return {row.code: row for row in _select(connection, TABLE.c.code >= province, TABLE.c.code < after)}


def _select(connection: Connection, *conditions: sa.ColumnElement[bool]) -> list[Current]:
    columns = (TABLE.c[name] for name in Current._fields)
    valid = (TABLE.c.valid_to.is_(None), TABLE.c.deleted_at.is_(None))
    return [Current(*row) for row in connection.execute(sa.select(*columns).where(*valid, *conditions))]


def _ended(connection: Connection) -> tuple[dict[str, _Ended], dict[str, list[Former]], set[str]]:
    """Codes that once were and what came of them; their regions by code; and every path that is no longer of today."""
    successor = TABLE.alias()
    columns = [TABLE.c[name] for name in Former._fields]
    rows = connection.execute(
        sa.select(*columns, successor.c.code.label("heir"), TABLE.c.deleted_at)
        .join_from(TABLE, successor, successor.c.id == TABLE.c.successor_id, isouter=True)
        .where(sa.or_(TABLE.c.valid_to.is_not(None), TABLE.c.deleted_at.is_not(None)))
    )
    ended: dict[str, _Ended] = {}
    former: dict[str, list[Former]] = {}
    used = set()
    for *stored, heir, deleted_at in rows:
        row = Former(*stored)
        used.add(row.path)
        if row.valid_to is not None:
            known = ended.get(row.code, _NEVER)
            ended[row.code] = _Ended(max(known.last, row.valid_to), known.successors | ({heir} if heir else set()))
            if deleted_at is None:
                former.setdefault(row.code, []).append(row)
    return ended, former, used
