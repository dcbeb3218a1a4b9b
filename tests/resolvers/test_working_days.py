"""Working days, by hand from the notices of the State Council; what is not covered is refused."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from db.technical import Holiday
from resolvers.commands.working_days import (
    SHIPPED,
    NotCovered,
    add_working_days,
    import_holidays,
    is_working_day,
    working_days_between,
)
from resolvers.faults import Refused
from tests.databases import KINDS as KINDS_OF_DATABASE
from tests.resolvers.town import Town

KINDS = KINDS_OF_DATABASE
DAY = dt.date.fromisoformat
ADDED = [
    # The notice of 2025: holiday 1 to 8 October, worked on Sunday 28 September and Saturday 11 October.
    ("2025-09-26", 5, "2025-10-10"),  # 28, 29, 30 September, 9, 10 October (BREADTH M-18)
    ("2025-09-26", 1, "2025-09-28"),
    ("2025-09-30", 1, "2025-10-09"),
    ("2025-10-10", 1, "2025-10-11"),
    ("2025-10-10", 2, "2025-10-13"),
    ("2025-10-01", 0, "2025-10-01"),
    # The notice of 2026: 1 to 7 October, worked on Sunday 20 September and Saturday 10 October.
    ("2026-09-18", 2, "2026-09-21"),  # 20, 21 September
    ("2026-09-24", 1, "2026-09-28"),  # mid-autumn 25 to 27
    ("2026-09-30", 4, "2026-10-12"),  # 8, 9, 10, 12 October
    # Over the turn of a year: 1 to 3 January 2026, worked on Sunday 4.
    ("2025-12-31", 2, "2026-01-05"),
]


@pytest.fixture
async def covered(town: Town) -> Town:
    assert await town.database.write(import_holidays) == (
        "节假日安排：2018、2019、2020、2021、2022、2023、2024、2025、2026 年，共 322 天"
    )
    return town


async def ask(town: Town, function: Any, *given: Any) -> Any:
    return await town.database.look(lambda connection: function(connection, *given))


async def test_working_days_by_hand(covered: Town) -> None:
    for since, count, until in ADDED:
        assert await ask(covered, add_working_days, DAY(since), count) == DAY(until), since
        assert await ask(covered, working_days_between, DAY(since), DAY(until)) == count, since


async def test_a_day_says_by_itself_whether_it_is_worked_on(covered: Town) -> None:
    days = {"2025-09-28": True, "2025-10-01": False, "2025-10-09": True, "2025-10-12": False, "2026-02-14": True}
    assert {day: await ask(covered, is_working_day, DAY(day)) for day in days} == days


async def test_a_year_without_a_notice_is_refused_and_never_guessed(covered: Town) -> None:
    for function, *given in (
        (add_working_days, DAY("2026-12-30"), 2), (working_days_between, DAY("2026-12-30"), DAY("2027-01-04")),
        (is_working_day, DAY("2017-06-01")),
    ):  # fmt: skip
        with pytest.raises(NotCovered) as refused:
            await ask(covered, function, *given)
        assert [(fault.code, fault.path) for fault in refused.value.faults] == [("STATE", ())]
    assert refused.value.faults[0].zh.startswith("还没有 2017 年的节假日安排")
    assert await ask(covered, add_working_days, DAY("2026-12-30"), 1) == DAY("2026-12-31")


async def test_an_import_takes_the_place_of_the_years_it_names_and_of_no_other(covered: Town, tmp_path: Path) -> None:
    file = tmp_path / "2026.csv"
    file.write_text("day,kind,name\n2026-10-01,HOLIDAY,国庆节\n2027-01-01,HOLIDAY,元旦\n", encoding="utf-8")
    await covered.database.write(lambda c: import_holidays(c, file))
    years = sa.select(Holiday.year, sa.func.count()).where(Holiday.year >= 2025).group_by(Holiday.year)
    found = await covered.database.look(lambda c: {year: count for year, count in c.execute(years)})
    lines = [line for line in SHIPPED.read_text(encoding="utf-8").splitlines() if line.startswith("2025")]
    assert found == {2025: len(lines), 2026: 1, 2027: 1}
    told = [row["summary"] for row in await covered.rows("AuditLog", action="IMPORT")]
    assert told[-1] == "导入节假日安排：2026、2027 年，共 2 天（2026.csv）"


WRONG = [
    ("2026-10-01,HOLIDAY", "第 2 行：应有日期、类别、名称三列"),
    ("2026-10-01,FREE,国庆节", "第 2 行：类别应为 HOLIDAY 或 SWAPPED_WORKDAY"),
    ("2026-13-01,HOLIDAY,国庆节", "第 2 行：日期应如 2026-10-01"),
    ("2026-10-01,HOLIDAY,国庆节\n2026-10-01,HOLIDAY,国庆节", "第 3 行：日期重复"),
    ("2026-10-09,SWAPPED_WORKDAY,国庆节", "第 2 行：调休上班的应是周六或周日"),
    ("", "第 2 行：没有内容"),
]


@pytest.mark.parametrize(("lines", "said"), WRONG)
async def test_a_faulty_file_is_refused_whole(town: Town, tmp_path: Path, lines: str, said: str) -> None:
    file = tmp_path / "x.csv"
    file.write_text(f"day,kind,name\n{lines}\n", encoding="utf-8")
    with pytest.raises(Refused) as refused:
        await town.database.write(lambda c: import_holidays(c, file))
    assert [fault.zh for fault in refused.value.faults] == [said]
    with pytest.raises(NotCovered):
        await ask(town, is_working_day, DAY("2026-10-01"))
