"""Working days by the State Council's yearly notices (BREADTH M-18), and the import of their holidays.

A day of the week is worked on unless it is a holiday; a day of a weekend is not unless it is swapped for one. Of a year
without a notice nothing is known: to compute over it is refused, not guessed.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from db.models.system.audit_log import AuditAction
from db.technical import Holiday
from permissions.events import record
from resolvers.faults import Fault, Refused
from settings import ROOT

SHIPPED = ROOT / "db" / "data" / "holidays-2018-2026.csv"
"""What comes with the project (``db/data/README.md``)."""
_KINDS = {"HOLIDAY": False, "SWAPPED_WORKDAY": True}
"""Whether a day of the kind is worked on."""
_COLUMNS = ["day", "kind", "name"]
_ONE_DAY = dt.timedelta(days=1)
_MOST = 10_000
_HOLIDAY: sa.Table = Holiday.__table__  # type: ignore[assignment]


class NotCovered(Refused):
    """A count of working days meets a year whose holidays nobody has imported."""

    def __init__(self, year: int) -> None:
        zh = f"还没有 {year} 年的节假日安排，不能计算工作日；请用 ./run holidays import 导入国务院办公厅的通知。"
        en = f"The holidays of {year} are not known yet, so working days cannot be computed."
        super().__init__([Fault((), "STATE", zh, en)])


def add_working_days(connection: Connection, day: dt.date, count: int) -> dt.date:
    """The working day that is the `count`-th after `day`: ``(2025-09-26, 5)`` -> 2025-10-10. Raises NotCovered.

    A count of 0 is `day` itself, worked on or not.
    """
    if not 0 <= count <= _MOST:
        raise ValueError(f"{count} working days")
    found, days = day, _days(connection, day + _ONE_DAY)
    while count:
        found, worked = next(days)
        count -= worked
    return found


def working_days_between(connection: Connection, since: dt.date, until: dt.date) -> int:
    """How many working days lie after `since` and not after `until`: so many that ``add_working_days`` comes to the
    last of them. Raises NotCovered."""
    count = 0
    for day, worked in _days(connection, since + _ONE_DAY):
        if day > until:
            break
        count += worked
    return count


def is_working_day(connection: Connection, day: dt.date) -> bool:
    """Whether a day is worked on. Raises NotCovered."""
    return next(_days(connection, day))[1]


def _days(connection: Connection, day: dt.date) -> Iterator[tuple[dt.date, bool]]:
    """The days from `day` on, and whether they are worked on."""
    while True:
        said, year = _notice(connection, day.year), day.year
        while day.year == year:
            yield day, said.get(day, day.weekday() < 5)
            day += _ONE_DAY


def _notice(connection: Connection, year: int) -> Mapping[dt.date, bool]:
    rows = connection.execute(sa.select(_HOLIDAY.c.day, _HOLIDAY.c.kind).where(_HOLIDAY.c.year == year))
    said = {day: _KINDS[kind] for day, kind in rows}
    if not said:
        raise NotCovered(year)
    return said


# --- the import -------------------------------------------------------------------------------------------------------


def import_holidays(connection: Connection, file: Path = SHIPPED) -> str:
    """Take over the years that a file names, whole: what it leaves out of one is no holiday any more. A line that says
    what was done. Raises Refused with every faulty line."""
    rows = _read(file)
    years = sorted({row["year"] for row in rows})
    connection.execute(sa.delete(_HOLIDAY).where(_HOLIDAY.c.year.in_(years)))
    connection.execute(sa.insert(_HOLIDAY), rows)
    done = f"节假日安排：{'、'.join(map(str, years))} 年，共 {len(rows)} 天"
    record(connection, AuditAction.IMPORT, f"导入{done}（{file.name[:100]}）", about=None, by=None, ip=None)
    return done


def _read(file: Path) -> list[dict[str, Any]]:
    """The rows of a UTF-8 file ``day,kind,name``."""
    try:
        lines = list(csv.reader(io.StringIO(file.read_bytes().decode("utf-8-sig"))))
    except (UnicodeDecodeError, csv.Error):
        raise Refused([_fault(1, "不是 UTF-8 的 CSV 文件", "is no CSV file in UTF-8")]) from None
    if not lines or lines[0] != _COLUMNS:
        said = ",".join(_COLUMNS)
        raise Refused([_fault(1, f"标题行应为 {said}", f"the heading must be {said}")])
    rows: dict[dt.date, dict[str, Any]] = {}
    faults: list[Fault] = []
    for number, cells in enumerate(lines[1:], 2):
        if not cells:
            continue
        wrong = _wrong(cells, rows)
        if wrong:
            faults.append(_fault(number, *wrong))
        else:
            day = dt.date.fromisoformat(cells[0])
            rows[day] = {"day": day, "kind": cells[1], "name": cells[2].strip(), "year": day.year}
    if faults or not rows:
        raise Refused(faults or [_fault(2, "没有内容", "there is nothing in it")])
    return list(rows.values())


def _wrong(cells: list[str], known: Mapping[dt.date, object]) -> tuple[str, str] | None:
    """What is wrong with a line, in Chinese and English."""
    if len(cells) != len(_COLUMNS) or not cells[2].strip() or len(cells[2]) > 100 or not cells[2].isprintable():
        return "应有日期、类别、名称三列", "needs a day, a kind and a name"
    if cells[1] not in _KINDS:
        return f"类别应为 {' 或 '.join(_KINDS)}", f"the kind must be {' or '.join(_KINDS)}"
    try:
        day = dt.date.fromisoformat(cells[0])
    except ValueError:
        return "日期应如 2026-10-01", "the day must be like 2026-10-01"
    if day in known:
        return "日期重复", "the day stands twice"
    if _KINDS[cells[1]] and day.weekday() < 5:
        return "调休上班的应是周六或周日", "a swapped workday is a Saturday or Sunday"
    return None


def _fault(line: int, zh: str, en: str) -> Fault:
    return Fault(("file",), "PATTERN", f"第 {line} 行：{zh}", f"line {line}: {en}")
