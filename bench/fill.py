"""The rows of the bench: a province of committees, mediators and cases, made inside the database by a few statements.

The regions are the official ones; everything else is invented and the same in every run: each value is a function of
the row's number. Shaped as in DOMAIN 7: a committee for every village and street, four mediators each, the cases
spread over three years in the order of their registration.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from db.base import Base

YEARS = (2023, 2024, 2025)
"""The years in which the cases are concluded."""
DAYS = 1096
"""Their days."""
_SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
_GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平"
_MIX = (
    ("NEIGHBOUR", 230), ("FAMILY", 430), ("DAMAGES", 550), ("CONTRACT", 650), ("TRAFFIC", 730), ("HOUSING_SITE", 800),
    ("PROPERTY", 850), ("OTHER_LABOUR", 890), ("OTHER_CONSUMER", 915), ("MIGRANT_WAGES", 935), ("MEDICAL", 947),
    ("BUSINESS", 959), ("REQUISITION", 967), ("ECOMMERCE", 974), ("ENVIRONMENT", 980), ("EDUCATION", 985),
    ("FINANCE", 990), ("FOREST_LAND", 993), ("TOURISM", 996), ("OTHER", 1000),
)  # fmt: skip
"""Dispute types with the upper end of their share of 1,000."""


@dataclass(frozen=True)
class Dialect:
    """How a database writes what the statements need; `n` and `x` are SQL expressions of whole numbers."""

    is_sqlite: bool

    def key(self, table: int, n: str) -> str:
        """The n-th id of a table: a UUIDv7 whose time is its number."""
        stamp = f"(1672531200000 + {n})"
        if self.is_sqlite:
            return f"printf('%08x-%04x-7{table:03x}-8000-%012x', {stamp} >> 16, {stamp} & 65535, {n})"
        return f"(lpad(to_hex({stamp}), 12, '0') || '7{table:03x}8000' || lpad(to_hex({n}), 12, '0'))::uuid"

    def series(self, count: int) -> str:
        """A table ``s(n)`` of the numbers from 1 to `count`."""
        if self.is_sqlite:
            step = f"SELECT 1 AS n UNION ALL SELECT n + 1 FROM s WHERE n < {count}"
            return f"(WITH RECURSIVE s(n) AS ({step}) SELECT n FROM s) s"
        return f"generate_series(1::bigint, {count}) s(n)"

    def day(self, x: str) -> str:
        """The day `x` days after the first of the cases."""
        first = f"{YEARS[0]}-01-01"
        return f"date('{first}', ({x}) || ' days')" if self.is_sqlite else f"date '{first}' + ({x})::int"

    def moment(self, x: str, minute: str) -> str:
        """Minute `minute` of that day, UTC."""
        if self.is_sqlite:
            shift = f"({x}) || ' days', ({minute}) || ' minutes'"
            return f"strftime('%Y-%m-%d %H:%M:%S.000', '{YEARS[0]}-01-01', {shift})"
        at = f"timestamp '{YEARS[0]}-01-01' + make_interval(days => ({x})::int, mins => ({minute})::int)"
        return f"({at}) AT TIME ZONE 'UTC'"

    def money(self, cents: str) -> str:
        """An amount of whole cents."""
        return cents if self.is_sqlite else f"(({cents})::numeric / 100)::numeric(18, 2)"

    def padded(self, n: str, width: int) -> str:
        """A number with leading zeros."""
        return f"printf('%0{width}d', {n})" if self.is_sqlite else f"lpad(({n})::text, {width}, '0')"

    def chance(self, n: str, salt: int, below: int) -> str:
        """A number from 0 to `below` - 1 that looks drawn, the same for the same `n` and `salt`."""
        mixed = f"((({n}) * 2654435761 + {salt * 2246822519}) % 4294967296)"
        square = f"({mixed} / 4096 % 1000003)"
        # A square makes draws of the same number with different salts independent; sums and products would not.
        return f"(({square} * {square} + {mixed}) % 999983 % {below})"

    def letter(self, letters: str, n: str, salt: int) -> str:
        """One of the characters."""
        return f"substr('{letters}', CAST({self.chance(n, salt, len(letters))} + 1 AS int), 1)"


def fill(connection: Connection, cases: int, districts: int | None = None) -> dict[str, int]:
    """Make the rows in an empty register that has its regions; how many of each entity.

    `districts` limits the committees to the first districts by code. Runs inside ``Database.write``.
    """
    d = Dialect(connection.dialect.name == "sqlite")
    _number(connection, d, districts)
    committees: int = connection.exec_driver_sql("SELECT count(*) FROM bench_committee").scalar_one()
    _insert(connection, "org_unit", _units(d), "bench_district b JOIN region r ON r.id = b.id")
    _insert(connection, "org_unit_coverage", _coverage(d), "bench_district b JOIN region r ON r.id = b.id")
    _insert(connection, "mediation_committee", _committees(d), "bench_committee b JOIN region r ON r.id = b.region_id")
    people = f"bench_committee b CROSS JOIN {d.series(4)}"
    _insert(connection, "mediator", _mediators(d), people)
    _insert(connection, "mediator_appointment", _appointments(d), people)
    drawn = f"(SELECT n, {d.chance('n', 1, committees)} + 1 AS c, n * {DAYS} / {cases + 1} AS d FROM " \
        f"{d.series(cases)}) s"  # fmt: skip
    _insert(connection, "mediation_case", _cases(d, committees), f"{drawn} JOIN bench_committee b ON b.n = s.c")
    counted = ("mediation_committee", "mediator", "mediation_case")
    return {table: connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one() for table in counted}


def _number(connection: Connection, d: Dialect, districts: int | None) -> None:
    """Temporary tables of the districts and committees to be, each with its number."""
    limit = f"LIMIT {districts}" if districts else ""
    for statement in (
        "CREATE TEMP TABLE bench_district AS SELECT row_number() OVER (ORDER BY code) AS n, id FROM region "
        f"WHERE level = 'DISTRICT' ORDER BY code {limit}",
        # Every place has a committee, every tenth another one of an enterprise.
        "CREATE TEMP TABLE bench_committee AS SELECT row_number() OVER (ORDER BY r.code, k.k) AS n, k.k, "
        "r.id AS region_id, r.path, r.code, r.level, b.n AS district FROM region r "
        "JOIN bench_district b ON b.id = r.district_id CROSS JOIN (SELECT 0 AS k UNION ALL SELECT 1) k "
        "WHERE r.level IN ('STREET', 'VILLAGE') AND (k.k = 0 OR substr(r.code, 9, 1) = '1' AND r.level = 'VILLAGE')",
        "CREATE UNIQUE INDEX bench_committee_n ON bench_committee (n)",
    ):
        connection.exec_driver_sql(statement)
    if not d.is_sqlite:
        connection.exec_driver_sql("ANALYZE bench_committee")


def _insert(connection: Connection, name: str, values: Mapping[str, str], source: str) -> None:
    """``INSERT … SELECT`` with the defaults of the model for what is left out."""
    table = Base.metadata.tables[name]
    at = "'2022-06-01 00:00:00.000'" if connection.dialect.name == "sqlite" else "timestamptz '2022-06-01 00:00+00'"
    given = {"created_at": at, "updated_at": at, **values}
    for column in table.c:
        default = column.default
        if column.name not in given and isinstance(default, sa.ColumnDefault) and default.is_scalar:
            given[column.name] = _literal(default.arg)
    columns, expressions = ", ".join(given), ", ".join(given.values())
    connection.exec_driver_sql(f"INSERT INTO {name} ({columns}) SELECT {expressions} FROM {source}")


def _literal(value: Any) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    return str(value) if isinstance(value, int) else f"'{getattr(value, 'name', value)}'"


def _choose(number: str, options: Sequence[tuple[str, int]]) -> str:
    """The first option whose upper end is above the number."""
    whens = " ".join(f"WHEN {number} < {end} THEN '{name}'" for name, end in options[:-1])
    return f"CASE {whens} ELSE '{options[-1][0]}' END"


# --- entities --------------------------------------------------------------------------------------------------------

_UNIT, _COVERAGE, _COMMITTEE, _MEDIATOR, _APPOINTMENT, _CASE = range(1, 7)


def _units(d: Dialect) -> dict[str, str]:
    """A judicial office for every district."""
    return {
        "id": d.key(_UNIT, "b.n"), "kind": "'JUDICIAL_OFFICE'", "name": "r.name || '司法所'", "region_id": "r.id",
        "scope_path": "r.path", "org_scope_id": d.key(_UNIT, "b.n"),
    }  # fmt: skip


def _coverage(d: Dialect) -> dict[str, str]:
    return {
        "id": d.key(_COVERAGE, "b.n"), "org_unit_id": d.key(_UNIT, "b.n"), "region_id": "r.id",
        "valid_from": d.day("-365"), "scope_path": "r.path", "org_scope_id": d.key(_UNIT, "b.n"),
    }  # fmt: skip


def _committees(d: Dialect) -> dict[str, str]:
    office = d.key(_UNIT, "b.district")
    kind = "CASE WHEN b.k = 1 THEN 'ENTERPRISE' WHEN b.level = 'STREET' THEN 'SUBDISTRICT' ELSE 'COMMUNITY' END"
    return {
        "id": d.key(_COMMITTEE, "b.n"), "code": "b.code || '90' || b.k || '00000'",
        "name": "r.name || (CASE WHEN b.k = 1 THEN '企业' ELSE '' END) || '人民调解委员会'", "type": kind,
        "level": "b.level", "region_id": "b.region_id", "guiding_office_id": office, "filing_bureau_id": office,
        "established_on": d.day(f"-1 - {d.chance('b.n', 2, 4000)}"), "filing_status": "'FILED'",
        "address": f"r.name || '和顺路 ' || ({d.chance('b.n', 3, 300)} + 1) || ' 号'",
        "phone": f"'025-' || {d.padded(d.chance('b.n', 4, 60_000), 8)}", "scope_path": "b.path",
        "org_scope_id": office,
    }  # fmt: skip


def _person(d: Dialect) -> str:
    return "((b.n - 1) * 4 + s.n)"


def _mediators(d: Dialect) -> dict[str, str]:
    n = _person(d)
    given = {
        "id": d.key(_MEDIATOR, n), "mediator_no": f"'9' || {d.padded(n, 11)}",
        "name": f"{d.letter(_SURNAMES, n, 5)} || {d.letter(_GIVEN, n, 6)} || {d.letter(_GIVEN, n, 7)}",
        "region_id": "b.region_id", "sex": _choose(d.chance(n, 8, 10), [("MALE", 6), ("FEMALE", 10)]),
        "ethnicity": "'HAN'", "education": _choose(d.chance(n, 9, 10), [("COLLEGE", 5), ("HIGH_SCHOOL", 10)]),
        "kind": "CASE WHEN s.n = 1 THEN 'FULL_TIME' ELSE 'PART_TIME' END", "first_appointed_on": d.day("-700"),
        "scope_path": "b.path", "org_scope_id": d.key(_UNIT, "b.district"),
    }  # fmt: skip
    for name in ("id_number", "mobile"):
        # Nobody can decipher these, and nobody is asked to.
        given |= {f"{name}_cipher": "'-'", f"{name}_digest": f"'{name}-' || {n}", f"{name}_mask": "'***'"}
    return given


def _appointments(d: Dialect) -> dict[str, str]:
    n = _person(d)
    return {
        "id": d.key(_APPOINTMENT, n), "mediator_id": d.key(_MEDIATOR, n), "committee_id": d.key(_COMMITTEE, "b.n"),
        "role": "CASE WHEN s.n = 1 THEN 'DIRECTOR' ELSE 'MEMBER' END", "basis": "'ELECTED'",
        "kind": "CASE WHEN s.n = 1 THEN 'FULL_TIME' ELSE 'PART_TIME' END", "start_on": d.day("-700"),
        "scope_path": "b.path", "region_id": "b.region_id", "org_scope_id": d.key(_UNIT, "b.district"),
    }  # fmt: skip


def _cases(d: Dialect, committees: int) -> dict[str, str]:
    n = "s.n"
    other = f"(SELECT o.region_id FROM bench_committee o WHERE o.n = {d.chance(n, 10, committees)} + 1)"
    outcome = _choose(d.chance(n, 12, 100), [("AGREED", 94), ("FAILED", 97), ("WITHDRAWN", 100)])
    amount = d.money(f"{d.chance(n, 14, 60_000)} * 10000 + {d.chance(n, 15, 100)}")
    at = d.moment("s.d", f"480 + {d.chance(n, 16, 480)}")
    return {
        "id": d.key(_CASE, n), "case_no": f"b.code || {d.padded(n, 10)}", "title": "'邻里纠纷'",
        "summary": "'双方因楼道堆放杂物影响通行发生争执，经调解员多次上门劝解。'",
        "committee_id": d.key(_COMMITTEE, "b.n"),
        # One in forty arises elsewhere in the province.
        "region_id": f"CASE WHEN {d.chance(n, 11, 40)} = 0 THEN {other} ELSE b.region_id END",
        "dispute_type": _choose(d.chance(n, 13, 1000), _MIX), "source": "'ON_APPLICATION'",
        "parties_relation": "'CITIZEN_CITIZEN'", "difficulty": "'SIMPLE'",
        "headcount": f"2 + {d.chance(n, 17, 4)}",
        "amount_claimed": f"CASE WHEN {d.chance(n, 18, 10)} < 4 THEN {amount} END", "registered_at": at,
        "entered_at": at, "created_at": at, "updated_at": at, "entry_channel": "'PC'", "accepted_on": d.day("s.d"),
        "first_session_on": d.day("s.d"), "concluded_on": d.day("s.d"), "closed_on": d.day("s.d"),
        "state": "'CLOSED'", "outcome": outcome, "mediation_times": "1", "scope_path": "b.path",
        "org_scope_id": d.key(_UNIT, "b.district"),
    }  # fmt: skip
