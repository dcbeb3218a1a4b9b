"""What leaves for a spreadsheet: codes whole, days and numbers as such, nothing that computes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from admin.rows import _as_text
from admin.tables import Column, Tables
from db.registry import registry
from tests.admin.person import Person

People = Callable[[str], Person]
CASES, REGIONS = "调解案件", "行政区划"
TABLES = Tables(registry())


def column(entity: str, name: str) -> Column:
    return TABLES.by_entity[entity].of(name)


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("320102002001202600000000000123", "\t320102002001202600000000000123"), ("0012", "\t0012"), ("12", "\t12"),
        ("1E5", "\t1E5"), ("3-4", "\t3-4"), ("3/4", "\t3/4"), ("3月4日", "\t3月4日"), ("10:30", "\t10:30"),
        ("+86 25 0012", "\t+86 25 0012"),
        ("-5", "\t-5"), ("50%", "\t50%"), ("(3)", "\t(3)"), ("TRUE", "\tTRUE"), ("Mar-1", "\tMar-1"), ("1-Mar",
        "\t1-Mar"), ("May 2026", "\tMay 2026"),
        ("=1+1", "'=1+1"), ("=HYPERLINK(1)", "'=HYPERLINK(1)"), ("@SUM(A1)", "'@SUM(A1)"), ("+cmd|x", "'+cmd|x"),
        ("-张三", "'-张三"),
        ("＝1+1", "'＝1+1"),
        ("梅园新村街道", "梅园新村街道"), ("320*************17", "320*************17"), ("3号楼", "3号楼"),
        ("苏人调字第5号", "苏人调字第5号"),
        ("", ""),
        ("Maria", "Maria"),
    ],
)  # fmt: skip
def test_text_stays_text(value: str, cell: str) -> None:
    assert _as_text(column("MediationCase", "case_no"), value) == cell
    assert cell.strip() == value or cell == f"'{value}"  # a program that reads the file strips blanks


@pytest.mark.parametrize(
    ("entity", "name", "value"),
    [
        ("Region", "population", "-5"), ("Region", "population", "1200"), ("MediationCommittee", "premises_area",
        "12.50"),
        ("MediationCase", "accepted_on", "2026-05-03"), ("MediationCase", "created_at", "2026-05-03 12:00"),
    ],
)  # fmt: skip
def test_numbers_and_days_are_numbers_and_days(entity: str, name: str, value: str) -> None:
    assert _as_text(column(entity, name), value) == value


def test_an_export_keeps_every_digit(people: People) -> None:
    """The list on the screen has the number bare, the export so that a spreadsheet keeps it."""
    district = people("district")
    listed: list[dict[str, Any]] = district.rows(CASES, __page_size=100)
    numbers = {row["案件编号"] for row in listed}
    exported = district.rows(CASES, __page_size=1000, __visible_fields="案件编号,受理日期")
    cells = [next(iter(row.values())) for row in exported]
    assert all(cell.startswith("\t") and cell.strip().isdigit() for cell in cells)
    assert numbers <= {cell.strip() for cell in cells}
    assert {row["受理日期"][:2] for row in exported} == {"", "20"}
