"""The second wall: where the application forgets its conditions, the database still parts the rows (docs/wall.md)."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import ProgrammingError

import permissions.scopes
from db.base import Base
from db.bulk import insert_rows
from db.engine import Database
from db.entity_info import EntityInfo
from db.facts import Grant, Role
from db.registry import registry
from db.walls import VIEWER, NoSuchRole, put_up, shut, standing, system, take_down
from permissions.viewer import Viewer
from permissions.walls import behind, hand, statements
from settings import Settings
from tests.databases import OWNER, RUNTIME, Kind, owner_of
from tests.places import Place, place
from tests.reference import Ask, Reference, read_rows
from tests.strategies import Document
from tests.world import TODAY, Row, rows, viewers

VIEWERS = sorted(viewers(rows()))
ENTITIES = sorted(registry())
WRITES = frozenset("CUSV")
OPEN = {"search_entry"}
"""Tables without rows of their own to protect: docs/wall.md says why."""


@pytest.fixture(scope="module")
def walled(postgres_server: object, migrated_database: Callable[[Kind], str]) -> Iterator[Place]:
    """The world behind the wall."""
    with place(migrated_database("walled")) as made:
        yield made


class Behind(Reference):
    """The reference, but that the regions above whatever is covered are open: ancestors are found by climbing them."""

    def _opens(self, info: EntityInfo, row: Row, viewer: Viewer, role: Role, grant: Grant) -> bool:
        climbed = info.name == "Region" and any(low.startswith(row["path"]) for low, _ in viewer.reaches[role].ranges)
        return climbed or super()._opens(info, row, viewer, role, grant)


@pytest.fixture(scope="module")
def reference(walled: Place) -> Reference:
    """What the plainest Python says of the rows."""
    return Behind(registry(), read_rows(walled), TODAY)


@pytest.fixture
def without_conditions(monkeypatch: pytest.MonkeyPatch) -> None:
    """The application opens every row to whoever may ask for the entity at all."""
    monkeypatch.setattr(permissions.scopes, "role_condition", lambda *_: sa.true())


def look(walled: Place, told: str | Viewer, statement: str, mode: Any = "read") -> list[Any]:
    """The first column of a statement, in the name of a viewer or under a text as it is; nothing of it is kept."""
    database = walled.services.database
    named = behind(database, told, mode) if isinstance(told, Viewer) else database.acting(told)

    def run(connection: Connection) -> list[Any]:
        found = connection.exec_driver_sql(statement)
        return [row[0] for row in found] if found.returns_rows else [found.rowcount]

    return walled.runner.run(named.look(run))


def refused(walled: Place, told: str | Viewer, statement: str, mode: Any = "read") -> bool:
    """Whether the database refuses a statement for want of rights, loudly."""
    try:
        look(walled, told, statement, mode)
    except ProgrammingError as problem:
        if getattr(problem.orig, "sqlstate", "") != "42501":
            raise
        return True
    return False


# --- rows -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", VIEWERS)
def test_the_database_alone_opens_exactly_the_rows_of_the_reference(
    walled: Place, reference: Reference, name: str
) -> None:
    viewer = walled.viewers[name]
    for entity, info in reference.entities.items():
        seen = {str(key) for key in look(walled, viewer, f"SELECT id FROM {info.table.name}")}
        counting = reference.counts_only(entity, viewer)
        open_rows = {row["id"] for row in reference.rows[entity] if reference.visible(entity, row, viewer, counting)}
        assert seen == open_rows, entity


@pytest.mark.parametrize("name", VIEWERS)
def test_nothing_leaks_where_the_application_forgets_its_conditions(
    walled: Place, reference: Reference, name: str, without_conditions: None
) -> None:
    viewer = walled.viewers[name]
    for info in reference.entities.values():
        asks = [Ask(info.name, ["id"], nodes=not reference.counts_only(info.name, viewer))]
        if asks[0].nodes:
            for relation in info.relations.values():
                if not reference.counts_only(relation.target, viewer):
                    asks.append(Ask(info.name, ["id"], [(relation.public, Ask(relation.target, ["id"]))], count=False))
        for ask in asks:
            answer = walled.ask(viewer, Document(reference.entities).text(ask))
            if answer.get("errors") is None:  # what may not be asked at all is another test's
                assert answer["data"][info.plural] == reference.answer(ask, viewer), (
                    info.name,
                    [n for n, _ in ask.nested],
                )


def test_without_the_wall_the_same_fault_leaks(
    migrated_database: Callable[[Kind], str], postgres_server: object, without_conditions: None
) -> None:
    with place(migrated_database("postgresql")) as bare:
        answer = bare.ask("dist", "{ mediationCommittees { totalCount } }")
        expected = Reference(registry(), read_rows(bare), TODAY)
        few = expected.answer(Ask("MediationCommittee", []), bare.viewers["dist"])["totalCount"]
        assert answer["data"]["mediationCommittees"]["totalCount"] > few


# --- nobody -----------------------------------------------------------------------------------------------------------


def test_who_is_not_named_sees_no_row_of_any_table(walled: Place) -> None:
    for table in Base.metadata.tables.keys() - OPEN:
        assert look(walled, "", f"SELECT count(*) FROM {table}") == [0], table


def test_a_reader_without_a_name_does_not_see_what_the_one_before_saw(walled: Place) -> None:
    database, count = walled.services.database, "SELECT count(*)::text FROM mediation_committee"

    async def reads() -> list[bytes | None]:
        named = behind(database, walled.viewers["prov"])
        return [await named.read(count, ()), await database.read(count, ()), await named.read(count, ())]

    first, nobody, again = walled.runner.run(reads())
    assert (nobody, again) == (b"0", first)
    assert first != b"0"


def test_two_viewers_at_once_never_see_each_other(walled: Place, reference: Reference) -> None:
    database = walled.services.database

    async def read(name: str) -> tuple[str, bytes | None]:
        named = behind(database, walled.viewers[name])
        return name, await named.read("SELECT count(*)::text FROM mediation_case", ())

    async def all_at_once() -> list[tuple[str, bytes | None]]:
        return await asyncio.gather(*(read(name) for _ in range(12) for name in VIEWERS))

    for name, found in walled.runner.run(all_at_once()):
        cases, viewer = reference.rows["MediationCase"], walled.viewers[name]
        counting = reference.counts_only("MediationCase", viewer)
        open_rows = sum(reference.visible("MediationCase", row, viewer, counting) for row in cases)
        assert int(found or b"") == open_rows, name


def test_who_acts_in_anothers_name_uses_the_same_connections(walled: Place) -> None:
    database, viewer = walled.services.database, walled.viewers["dist"]
    mine = "SELECT pg_backend_pid()::text"

    async def one_after_the_other() -> set[bytes | None]:
        ways = (database, behind(database, viewer), behind(database.as_system(), viewer))
        return {await way.read(mine, ()) for way in ways}

    assert len(walled.runner.run(one_after_the_other())) == 1


def test_a_snapshot_and_an_export_are_in_the_name_of_who_asks(walled: Place, reference: Reference) -> None:
    database, keys = walled.services.database, "SELECT id::text FROM mediator ORDER BY id"
    viewer = walled.viewers["dist"]
    expected = [r["id"].encode() for r in reference.rows["Mediator"] if reference.visible("Mediator", r, viewer)]

    async def export() -> list[bytes]:
        async with contextlib.aclosing(behind(database, viewer).rows(keys, (), 3)) as found:
            return [text async for texts in found for text in texts]

    async def snapshot() -> int:
        taken = await behind(database, viewer).snapshot()
        try:
            return int(await taken.read("SELECT count(*)::text FROM mediator", ()) or b"")
        finally:
            await taken.close()

    assert walled.runner.run(export()) == expected
    assert walled.runner.run(snapshot()) == len(expected)


@pytest.mark.parametrize("forge", ["unsealed", "other account", "other mode", "garbage", "short"])
def test_a_viewer_that_somebody_made_up_is_nobody(walled: Place, forge: str) -> None:
    real = hand(walled.viewers["dist"])
    made_up = {
        "unsealed": real[64:],
        "other account": real.replace(walled.viewers["dist"].account_id, walled.viewers["prov"].account_id),
        "other mode": real.replace('"read"', '"system"'),
        "garbage": "x" * 200,
        "short": "ab",
    }[forge]
    assert made_up != real
    assert look(walled, real, "SELECT count(*) FROM mediation_committee") != [0]
    assert look(walled, made_up, "SELECT count(*) FROM mediation_committee") == [0]


def test_a_statement_cannot_read_the_key_or_choose_its_viewer(walled: Place) -> None:
    viewer = walled.viewers["dist"]
    assert refused(walled, viewer, "SELECT * FROM fengqiao_wall.secret")
    few = look(walled, viewer, "SELECT count(*) FROM mediation_committee")
    forged = '{"mode": "system"}'
    within = f"SELECT count(*) FROM mediation_committee, set_config('{VIEWER}', '{'0' * 64}{forged}', false)"
    assert look(walled, viewer, within)[0] <= few[0]


# --- writes -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("entity", [name for name in ENTITIES if name != "AuditLog"])
def test_a_row_outside_the_scope_cannot_be_written(walled: Place, reference: Reference, entity: str) -> None:
    info, plain = reference.entities[entity], Reference(registry(), reference.rows, TODAY)
    for name in VIEWERS:
        viewer = walled.viewers[name]
        writers = [(role, g) for role, g in info.grants.items() if role in viewer.reaches and g.operations & WRITES]
        for row in reference.rows[entity]:
            opened = any(
                plain._opens(info, row, viewer, role, grant) and not _only_above(info, row, viewer, role, grant)
                for role, grant in writers
            )
            change = f"UPDATE {info.table.name} SET version = version WHERE id = '{row['id']}'"
            assert refused(walled, viewer, change, "act") is not opened, (name, row["id"])


def _only_above(info: Any, row: Any, viewer: Viewer, role: Any, grant: Any) -> bool:
    """Whether the row is open to be read only, as one of a region above."""
    path = row.get("path" if info.facts.owner == "self" else "scope_path")
    reach = viewer.reaches[role]
    return bool(grant.above and path in reach.above and not any(low <= path < high for low, high in reach.ranges))


@pytest.mark.parametrize(
    ("change", "taken"),
    [
        ({}, True), ({"actor_id": "prov"}, False), ({"actor_id": None}, False), ({"actor_name": "'别人'"}, False),
        ({"actor_login": "'别人'"}, False), ({"actor_name": "NULL"}, False),
    ],
)  # fmt: skip
def test_a_record_is_written_in_ones_own_name_only(walled: Place, change: dict[str, Any], taken: bool) -> None:
    account = walled.world.named["UserAccount:dist"]
    actor = change.get("actor_id", "dist")
    named = {
        "id": "gen_random_uuid()", "created_at": "now()", "updated_at": "now()", "at": "now()", "version": "1",
        "action": "'UPDATE'", "summary": "''", "technical": "false", "scope_path": "'/'",
        "region_id": f"'{account['region_id']}'", "actor_login": f"'{account['login_name']}'",
        "actor_name": f"'{account['person_name']}'", **change,
        "actor_id": f"'{walled.world.key('UserAccount', actor)}'" if actor else "NULL",
    }  # fmt: skip
    statement = f"INSERT INTO audit_log ({', '.join(named)}) VALUES ({', '.join(named.values())})"
    assert refused(walled, walled.viewers["dist"], statement, "act") is not taken


def test_a_read_writes_nothing(walled: Place) -> None:
    assert look(walled, walled.viewers["prov"], "UPDATE mediation_committee SET version = version + 1") == [0]


def test_a_row_is_not_moved_to_where_it_may_be_written(walled: Place) -> None:
    path = walled.viewers["dist"]
    for change in ("scope_path = '/32/01/02/'", "id = id", "committee_id = committee_id", "created_by_id = NULL"):
        if change.split(" ")[0] != "committee_id":
            assert refused(walled, path, f"UPDATE mediation_case SET {change}", "act"), change


@pytest.mark.parametrize("entity", ENTITIES)
def test_rows_are_never_deleted(walled: Place, entity: str) -> None:
    assert refused(walled, system(), f"DELETE FROM {registry()[entity].table.name}")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_log SET summary = ''", "UPDATE audit_seal SET seal = ''", "DELETE FROM audit_seal",
        "DELETE FROM audit_checkpoint", "INSERT INTO kept_key VALUES ('a', 'b')", "TRUNCATE audit_log",
        "UPDATE alembic_version SET version_num = '0'", "CREATE TABLE mine (id int)",
        "ALTER TABLE mediator DISABLE ROW LEVEL SECURITY", f"SET ROLE {OWNER}", "DROP SCHEMA fengqiao_wall CASCADE",
    ],
)  # fmt: skip
def test_not_even_the_system_changes_what_is_sealed_or_how_tables_are(walled: Place, statement: str) -> None:
    assert refused(walled, system(), statement)


# --- the wall itself --------------------------------------------------------------------------------------------------


def test_every_table_is_behind_the_wall_by_force_and_the_running_role_owns_nothing(walled: Place) -> None:
    asked = "SELECT relname::text FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace"
    bare = set(look(walled, "", f"{asked} AND NOT (relrowsecurity AND relforcerowsecurity)"))
    assert bare == OPEN | {"alembic_version"}
    assert look(walled, "", "SELECT count(*) FROM pg_class WHERE relowner = current_user::regrole") == [0]
    powers = "SELECT rolsuper OR rolbypassrls OR rolcreaterole FROM pg_roles WHERE rolname = current_user"
    assert look(walled, "", powers) == [False]


@pytest.fixture
async def owner(postgres_server: object, migrated_database: Callable[[Kind], str]) -> AsyncIterator[Database]:
    """The owner of a walled database of its own."""
    database = Database(Settings(database_url=owner_of(migrated_database("walled"))))
    yield database
    await database.stop()


@pytest.mark.anyio
async def test_it_goes_up_again_as_often_as_it_is_asked_and_says_whether_it_changed(owner: Database) -> None:
    put = lambda connection: put_up(connection, RUNTIME, statements(RUNTIME))  # noqa: E731
    assert [await owner.write(put), await owner.write(put)] == [False, False]
    await owner.write(shut)
    assert await owner.look(standing) is None
    assert await owner.write(put)
    await owner.write(take_down)
    forced = "SELECT count(*) FROM pg_class WHERE relforcerowsecurity"
    assert await owner.look(lambda c: c.exec_driver_sql(forced).scalar_one()) == 0
    assert await owner.write(put)


@pytest.mark.anyio
async def test_while_it_is_shut_nobody_gets_through_but_the_owner(owner: Database) -> None:
    await owner.write(lambda c: c.exec_driver_sql("INSERT INTO number_series VALUES ('a', 1)"))
    await owner.write(shut)
    count = "SELECT count(*) FROM number_series"
    assert await owner.look(lambda c: c.exec_driver_sql(count).scalar_one()) == 1
    url = owner.url.set(username=RUNTIME).render_as_string(hide_password=False)
    running = Database(Settings(database_url=url))
    try:
        assert await running.look(lambda c: c.exec_driver_sql(count).scalar_one()) == 0
    finally:
        await running.stop()


@pytest.mark.anyio
@pytest.mark.parametrize("role", ["nobody_by_this_name", OWNER])
async def test_a_role_that_is_not_there_or_owns_the_tables_is_refused(owner: Database, role: str) -> None:
    with pytest.raises(NoSuchRole):
        await owner.write(lambda connection: put_up(connection, role, statements(role)))


@pytest.mark.anyio
async def test_many_rows_at_once_come_in_behind_the_wall(owner: Database) -> None:
    """PostgreSQL refuses COPY into a table that asks who acts; loads go on all the same, several of one table too."""
    table = registry()["HostUnit"].table.metadata.tables["number_series"]

    def load(connection: Connection) -> set[tuple[str, int]]:
        for part in ("a", "b"):
            assert insert_rows(connection, table, ["name", "last"], [(f"{part}{i}", i) for i in range(3)]) == 3
        return {(row.name, row.last) for row in connection.execute(sa.select(table))}

    expected = {(f"{part}{i}", i) for part in ("a", "b") for i in range(3)}
    assert await owner.write(load) >= expected
