"""Walks the chain and says exactly what is wrong with it, if anything.

Each link is judged by itself and by what the link before it says of itself, so one tampered record is one finding.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from db.audit import lines
from db.audit.chain import (
    FIRST,
    LOG,
    SEAL,
    ChainKeys,
    checkpoint_mark,
    last_link,
    mark,
    raw_columns,
    seal,
    told_tally,
)
from db.clock import SHANGHAI, now
from db.technical import AuditCheckpoint, AuditWaiting

PAGE = 1000
MOST_TOLD = 1000
LATE = dt.timedelta(seconds=60)
"""A record that has waited longer says that nobody seals."""
_FORMAT = "fengqiao audit anchor 1"
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong: its kind, where in the chain (0: outside of it), and a sentence."""

    kind: str
    seq: int
    zh: str


@dataclass(frozen=True)
class Anchor:
    """The end of the chain as it was at a time, kept outside the installation."""

    seq: int
    seal: str
    at: str

    def text(self) -> str:
        """As a file holds it; `count` is how many records had been sealed."""
        known = {"format": _FORMAT, "seq": self.seq, "seal": self.seal, "count": self.seq, "at": self.at}
        return orjson.dumps(known, option=orjson.OPT_INDENT_2).decode() + "\n"

    @classmethod
    def parse(cls, text: str) -> Anchor:
        """The anchor in a file. Raises ValueError."""
        known = orjson.loads(text)
        if not isinstance(known, dict) or known.get("format") != _FORMAT or not isinstance(known.get("seq"), int):
            raise ValueError("this is no anchor of the audit log")
        return cls(known["seq"], str(known["seal"]), str(known["at"]))


@dataclass
class Report:
    """What a walk found: `wrong` things, of which the first are told."""

    checked: int = 0
    wrong: int = 0
    first: int = 0
    last: int = 0
    findings: list[Finding] = field(default_factory=list)

    def add(self, kind: str, seq: int, zh: str) -> None:
        """Note one more."""
        self.wrong += 1
        if self.wrong <= MOST_TOLD:
            self.findings.append(Finding(kind, seq, zh))


def anchor(connection: Connection) -> Anchor:
    """The end of the chain now."""
    seq, last = last_link(connection)
    return Anchor(seq, last, now().astimezone(SHANGHAI).isoformat(timespec="seconds"))


def verify(connection: Connection, against: Anchor | None = None, progress: Progress | None = None) -> Report:
    """Walk the whole chain; seal what waits before (``db.audit.sealer.seal_all``)."""
    walk = _Walk(connection)
    tally = told_tally(connection, walk.keys)  # before the walk: a running server goes on sealing
    total = connection.scalar(sa.select(sa.func.count()).select_from(SEAL)) or 0
    for link in walk.links():
        walk.judge(link)
        if progress is not None and walk.report.checked % PAGE == 0:
            progress(walk.report.checked, total, "核对审计记录")
        if against is not None and link["seq"] == against.seq:
            _compare(walk.report, against, link["seal"])
    _counted(walk, tally)
    _unsealed(connection, walk)
    if against is not None:
        _reaches(walk, against)
    return walk.report


class _Walk:
    """One pass over the links in their order."""

    def __init__(self, connection: Connection, until: int | None = None) -> None:
        self.connection, self.report, self.until = connection, Report(), until
        self.keys = ChainKeys(connection)
        self.before: str | None
        self.seq, self.before = self._begin()
        self.report.first = self.seq + 1
        self.begun = self.seq, self.before
        self.lines: dict[str, list[Mapping[str, Any]]] = {}
        """Of the records at hand."""

    def links(self) -> Iterator[RowMapping]:
        """Every link with its record, in order."""
        record = LOG.alias("r")
        statement = (
            sa.select(*raw_columns(self.connection, SEAL), *raw_columns(self.connection, record, "r_"))
            .select_from(SEAL.outerjoin(record, record.c.id == SEAL.c.record_id))
            .order_by(SEAL.c.seq)
            .limit(PAGE)
        )
        if self.until is not None:
            statement = statement.where(SEAL.c.seq <= self.until)
        last = -(2**62)
        while page := self.connection.execute(statement.where(SEAL.c.seq > last)).mappings().all():
            self.lines = lines.stored(self.connection, [link["record_id"] for link in page])
            yield from page
            last = page[-1]["seq"]

    def judge(self, link: RowMapping) -> None:
        """Note what is wrong with a link and its record."""
        report, seq = self.report, link["seq"]
        if seq <= self.seq:
            report.add("REORDERED", seq, f"第 {seq} 号不在应有的位置：链从第 {report.first} 号开始")
            return
        if seq > self.seq + 1:
            span = f"第 {self.seq + 1} 号" if seq == self.seq + 2 else f"第 {self.seq + 1} 至 {seq - 1} 号"
            report.add("MISSING", self.seq + 1, f"{span}的封印被删除")
            self.before = None
        key = self.keys.get(link["secret"])
        if key is None:
            report.add("SECRET", seq, f"第 {seq} 号用的密钥 {link['secret']} 不在设置中，无法核对")
        else:
            self._judge_record(key, link)
            if self.before is not None and seal(key, self.before, link) != link["seal"]:
                report.add("REORDERED", seq, f"第 {seq} 号的封印与前一号接不上：封印被改动，或顺序被调换")
        self.seq, self.before = seq, link["seal"]
        report.checked, report.last = report.checked + 1, seq

    def _judge_record(self, key: bytes, link: RowMapping) -> None:
        seq, record = link["seq"], {c.name: link[f"r_{c.name}"] for c in LOG.c}
        if record["id"] is None:
            self.report.add("DELETED", seq, f"第 {seq} 号记录 al_{link['record_id']} 被删除")
        elif mark(key, record) != link["mark"]:
            self.report.add("CHANGED", seq, f"第 {seq} 号记录 al_{link['record_id']} 被改动")
        elif lines.digest(self.lines.get(record["id"], ())) != record["lines_digest"]:
            zh = f"第 {seq} 号记录 al_{link['record_id']} 的逐行记录被改动、增删或调换"
            self.report.add("CHANGED", seq, zh)

    def _begin(self) -> tuple[int, str | None]:
        table = AuditCheckpoint.__table__
        newest = sa.select(*raw_columns(self.connection, table)).order_by(table.c.seq.desc()).limit(1)
        found = self.connection.execute(newest).mappings().one_or_none()
        if found is None:
            return 0, FIRST
        key = self.keys.get(found["secret"])
        if key is None or checkpoint_mark(key, found) != found["mark"]:
            self.report.add("CHECKPOINT", found["seq"], f"到期清理的记号（第 {found['seq']} 号）不是本系统写的")
            return 0, FIRST
        return found["seq"], found["seal"]


def _counted(walk: _Walk, tally: int | None) -> None:
    """Whether the chain goes as far as the count that is kept beside it."""
    end = max(walk.seq, walk.begun[0])
    if tally is None:
        walk.report.add("TALLY", 0, "审计记录的计数被删除，或不是本系统写的：末尾有没有被截去，只能用锚点核对")
    elif end < tally:
        walk.report.add("TRUNCATED", tally, f"链只到第 {end} 号，而计数已到第 {tally} 号：末尾的记录被截去")


def _unsealed(connection: Connection, walk: _Walk) -> None:
    """Records without a seal: those that never stood in line, and those that wait for too long."""
    report = walk.report
    sealed = sa.exists().where(SEAL.c.record_id == LOG.c.id)
    waiting = sa.exists().where(AuditWaiting.record_id == LOG.c.id)
    for key in connection.scalars(sa.select(LOG.c.id).where(~sealed, ~waiting).order_by(LOG.c.id)):
        report.add("UNSEALED", 0, f"记录 al_{key} 没有封印：不是本系统写入的，或封印被删除")
    late = sa.select(LOG.c.id).where(waiting, ~sealed, LOG.c.at < now() - LATE).order_by(LOG.c.id)
    for key in connection.scalars(late):
        report.add("UNSEALED", 0, f"记录 al_{key} 超过 {int(LATE.total_seconds())} 秒没有封印")
    strange = sa.select(AuditWaiting.record_id).where(AuditWaiting.secret.not_in(walk.keys.known()))
    for key in connection.scalars(strange):
        report.add("UNSEALED", 0, f"记录 al_{key} 没有封印：写入者的密钥不在设置中，可能不是本系统写入的")
    there = sa.exists().where(LOG.c.id == AuditWaiting.record_id)
    for key in connection.scalars(sa.select(AuditWaiting.record_id).where(~there)):
        report.add("DELETED", 0, f"记录 al_{key} 在封印之前被删除")


def _compare(report: Report, against: Anchor, found: str) -> None:
    if found != against.seal:
        report.add("ANCHOR", against.seq, f"第 {against.seq} 号的封印与锚点不同：{against.at} 之前的记录被重写")


def _reaches(walk: _Walk, against: Anchor) -> None:
    """Whether the chain still goes as far as it did."""
    report = walk.report
    begun, before = walk.begun
    if against.seq > max(walk.seq, begun):
        zh = f"链只到第 {walk.seq} 号，{against.at} 时已到第 {against.seq} 号：末尾的记录被截去"
        report.add("TRUNCATED", against.seq, zh)
    elif against.seq == begun and before is not None:
        _compare(report, against, before)


def first_broken(connection: Connection, until: int) -> Finding | None:
    """The first thing wrong with the chain from its beginning to link `until`."""
    walk = _Walk(connection, until)
    for link in walk.links():
        walk.judge(link)
        if walk.report.findings:
            break
    return walk.report.findings[0] if walk.report.findings else None
