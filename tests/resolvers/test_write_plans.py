"""What the statements of writes read, fixed ones and others: none walks what grows with the number of regions."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.util import await_only

from db.clock import today
from db.engine import analyze
from db.identity import new_key
from db.models.places.region import Region
from db.models.system.audit_log import AuditLog
from db.prepared import texts
from resolvers.faults import Refused
from tests.resolvers.town import Town, code_of

pytestmark = pytest.mark.anyio
GROWING = {"region", "search_entry"}
_FIRST_COLUMNS = """
    SELECT i.relname, a.attname FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
    JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = x.indkey[0]"""


async def written(town: Town) -> None:
    """Writes of every kind: made, changed, deleted, looked at and refused, of rows of regions, units and accounts."""
    key = await town.found()
    await town.update("district", "MediationCommittee", key, {"phone": "025-7654321"})
    await town.person()
    account = {"loginName": "newcomer", "personName": "新人", "region": {"code": code_of("district")}}
    made = await town.create("sysadmin", "UserAccount", account)
    grant = {"account": town.ref(made, "UserAccount"), "role": "SYS", "validFrom": today()}
    await town.create("sysadmin", "RoleGrant", grant)
    await town.update("sysadmin", "Region", "village1", {"population": 1200})
    await town.delete("office", "MediationCommittee", key)
    with pytest.raises(Refused):
        await town.create("district", "MediationCommittee", {})


def many_regions(connection: Connection) -> None:
    """Enough of them that no planner thinks a walk as good as a look-up."""
    table: sa.Table = Region.__table__  # type: ignore[assignment]
    village = dict(connection.execute(sa.select(table).where(table.c.level == "VILLAGE").limit(1)).mappings().one())
    unlike = [
        village | {"id": new_key(), "code": f"3205{n:08}", "path": f"/32/05/{n}/", "parent_id": None}
        for n in range(3_000)
    ]
    connection.execute(sa.insert(table), unlike)
    if connection.dialect.name != "sqlite":  # which plans alike for every number of rows, unless it counted them
        analyze(connection)


async def test_no_statement_of_a_write_walks_what_grows_with_the_regions(town: Town) -> None:
    """Neither a table nor an index without a bound on its first column: that is linear in the regions, too."""
    engine = town.database.engine.sync_engine
    others: set[str] = set()

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        others.add(statement)

    sa.event.listen(engine, "before_cursor_execute", note)
    await written(town)
    sa.event.remove(engine, "before_cursor_execute", note)
    await town.database.write(many_regions)
    kept = [*texts(engine), *(text for text in sorted(others) if re.match("SELECT|INSERT|UPDATE|DELETE|WITH", text))]
    found = [text for text in kept if re.search("region|search_entry", text)]
    assert any("INSERT INTO audit_log" in text for text in found)
    walks = _sqlite_walks if town.database.is_sqlite else _postgres_walks

    def look(connection: Connection) -> list[tuple[str, str]]:
        return [(walk, text) for text in found for walk in walks(connection, text)]

    assert await town.database.look(look) == []


async def test_the_plans_are_read_right(town: Town) -> None:
    """The look-up as it once was, by a condition that no index has."""
    bind = "?" if town.database.is_sqlite else "$1"
    await town.database.write(many_regions)
    walks = _sqlite_walks if town.database.is_sqlite else _postgres_walks
    path = f"SELECT id FROM region WHERE path = CAST({bind} AS varchar)"
    assert await town.database.look(lambda c: walks(c, path)) != []
    assert await town.database.look(lambda c: walks(c, f"{path} AND deleted_at IS NULL")) == []


async def test_a_record_names_the_region_of_its_path(town: Town) -> None:
    """Of a region itself, and of a row whose own region is another one than its owner's."""
    await town.update("sysadmin", "Region", "village1", {"population": 1200})
    key = await town.found()
    records = await town.database.look(lambda c: list(c.execute(sa.select(AuditLog.region_id, AuditLog.scope_path))))
    paths = dict(await town.database.look(lambda c: c.execute(sa.select(Region.path, Region.id)).all()))
    assert [record.region_id for record in records] == [paths[record.scope_path] for record in records]
    assert len(records) == 2, key


def _sqlite_walks(connection: Connection, text: str) -> list[str]:
    rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", (None,) * text.count("?")).all()
    aliases = {alias: table for table, alias in re.findall(r"(?:FROM|JOIN|,)\s+(\w+) AS (\w+)", text)}
    found = []
    for *_, detail in rows:
        walked = re.match(r"SCAN (\w+)", detail)
        if walked and aliases.get(walked[1], walked[1]) in GROWING:
            found.append(detail)
    return found


def _postgres_walks(connection: Connection, text: str) -> list[str]:
    # Small tables are scanned whichever way; what the planner would do with large ones is what is left to it here.
    connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
    connection.exec_driver_sql("SET LOCAL plan_cache_mode = force_generic_plan")
    first = {index: column for index, column in connection.exec_driver_sql(_FIRST_COLUMNS)}
    driver: Any = connection.connection.driver_connection
    await_only(driver.execute(f"PREPARE planned AS {text}"))
    try:
        count = await_only(
            driver.fetchval("SELECT cardinality(parameter_types) FROM pg_prepared_statements WHERE name = 'planned'")
        )
        given = f"({', '.join(['NULL'] * count)})" if count else ""
        [row] = await_only(driver.fetch(f"EXPLAIN (FORMAT JSON) EXECUTE planned{given}"))
    finally:
        await_only(driver.execute("DEALLOCATE planned"))
    return list(_unbound(_json(row[0])[0]["Plan"], first))


def _unbound(node: dict[str, Any], first: dict[str, str]) -> Iterator[str]:
    """Scans of what grows that have no bound on the first column of an index."""
    table = node.get("Relation Name")
    if table in GROWING and node["Node Type"] not in ("ModifyTable", "Bitmap Heap Scan"):
        bound = str(node.get("Index Cond", ""))
        if not re.search(rf"\b{first.get(node.get('Index Name', ''), '-')}\b", bound):
            yield f"{node['Node Type']} {table} {node.get('Index Name', '')} {bound}"
    for part in node.get("Plans", ()):
        yield from _unbound(part, first)


def _json(plan: Any) -> Any:
    """The connections of SQLAlchemy decode JSON, others do not."""
    return json.loads(plan) if isinstance(plan, str) else plan
