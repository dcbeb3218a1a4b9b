"""``asOf`` by hand: what stood on a day, by whose rights, and what cannot be asked."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine

from db import door
from db.clock import now, today
from db.levels import fill_levels
from db.registry import registry
from resolvers.compiler import compile_request
from resolvers.requests import Connection, Pick
from tests.databases import WITH_WALL
from tests.resolvers.asking import Endpoint
from tests.resolvers.town import PATHS, Town, code_of, host

KINDS = WITH_WALL
pytestmark = pytest.mark.anyio
DAY = dt.timedelta(days=1)


def day(after: int) -> str:
    """The day so many days after today."""
    return str(today() + after * DAY)


async def change(town: Town, entity: str, key: str, after: int, **values: Any) -> None:
    """Change columns of a row on a later day, by the door."""
    at, table = now() + after * DAY, registry()[entity].table
    await town.as_owner(lambda connection: door.change(connection, table, key, values, at=at, by=None))


def one(town: Town, key: str) -> str:
    """The committee as an argument."""
    return f'by: {{id: "{town.ref(key, "MediationCommittee")["id"]}"}}'


async def test_a_renamed_committee_has_its_old_name_before(town: Town) -> None:
    """Renamed on the tenth day: in a row, in conditions and in orders the name is that of the day asked about."""
    key, ask = await town.found(), Endpoint(town)
    await change(town, "MediationCommittee", key, 10, name="新名调委会")
    old = (await ask.data("office", f"{{ mediationCommittee({one(town, key)}) {{ name }} }}"))["name"]
    assert old == "新名调委会"
    with time_machine.travel(now() + 20 * DAY, tick=False):
        for when, named in ((0, False), (-11, False), (-10, True), (-1, True)):
            single = f'{{ mediationCommittee({one(town, key)}, asOf: "{day(when)}") {{ name version }} }}'
            found = await ask.data("office", single)
            assert (found["name"] == "新名调委会") is (named or when == 0)
            assert found["version"] == (2 if named or when == 0 else 1)
            where = 'where: {name: {eq: "新名调委会"}}'
            document = f'{{ mediationCommittees({where}, asOf: "{day(when)}") {{ totalCount }} }}'
            assert (await ask.data("office", document))["totalCount"] == int(named or when == 0)
        assert (
            await ask.data("office", f'{{ mediationCommittee({one(town, key)}, asOf: "{day(-21)}") {{ name }} }}')
            is None
        )


async def test_an_ended_appointment_holds_until_its_day_and_a_deleted_row_until_it_was_deleted(town: Town) -> None:
    """Of three members one ends after the fifth day, entered on the eighth; the committee is deleted on the 15th."""
    key, ask = await town.complete(), Endpoint(town)
    [post, *_] = await town.rows("MediatorAppointment", committee_id=key, role="MEMBER")
    await change(town, "MediatorAppointment", post["id"], 8, end_on=today() + 5 * DAY)
    await change(town, "MediationCommittee", key, 15, deleted_at=now() + 15 * DAY)
    with time_machine.travel(now() + 20 * DAY, tick=False):
        text = f"{{ mediationCommittee({one(town, key)}%s) {{ mediators {{ totalCount }} }} }}"
        assert await ask.data("district", text % "") is None
        # On the seventh day nobody had entered it yet; on the eighth it had been over for three.
        for when, members in ((-20, 3), (-13, 3), (-12, 2), (-6, 2)):
            found = await ask.data("district", text % f', asOf: "{day(when)}"')
            assert found["mediators"]["totalCount"] == members, when
        assert await ask.data("district", text % f', asOf: "{day(-5)}"') is None


async def test_rights_are_those_of_today_on_the_row_as_it_stood(town: Town) -> None:
    """A host moved to another district on the tenth day: before that the first district sees it, whoever asks when."""
    key, ask = await town.create("office", "HostUnit", host()), Endpoint(town)
    moved = {"region_id": town.keys["village4"], "scope_path": PATHS["village4"]}
    await change(town, "HostUnit", key, 10, **moved)
    with time_machine.travel(now() + 20 * DAY, tick=False):
        text = "{ hostUnits%s { totalCount nodes { region { name } } } }"

        async def seen(login: str, as_of: str = "") -> list[str]:
            found = await ask.data(login, text % as_of)
            assert found["totalCount"] == len(found["nodes"])
            return [row["region"]["name"] for row in found["nodes"]]

        then = f'(asOf: "{day(-15)}")'
        assert (await seen("district"), await seen("other")) == ([], ["village4"])
        assert (await seen("district", then), await seen("other", then)) == (["village1"], [])
        assert await seen("city", then) == ["village1"]
        # Whoever has no right today has none in the past.
        grants = registry()["RoleGrant"].table
        mine = [grants.c.account_id == town.keys["@district"]]
        await town.as_owner(lambda c: door.change_all(c, grants, mine, {"deleted_at": now()}, at=now(), by=None))
        answer = await ask.ask("district", text % then)
        assert "errors" in answer or answer["data"]["hostUnits"]["nodes"] == []


async def test_a_merged_street_is_counted_as_it_stood_and_as_it_stands(town: Town) -> None:
    """Street 003 with one committee goes into street 002 with two on the tenth day: 2 and 1 before; 2 and none after,
    and with what went into it 3."""
    ask = Endpoint(town)
    await town.as_owner(fill_levels)
    for place in ("village1", "village2", "village3"):
        await town.found("office" if place != "village3" else "district", place)
    for old, new in (("street3", "street2"), ("village3", "village1")):
        gone = {"valid_to": today() + 9 * DAY, "successor_id": town.keys[new], "successor_path": PATHS[new]}
        await change(town, "Region", town.keys[old], 10, **gone)
    with time_machine.travel(now() + 20 * DAY, tick=False):

        async def below(place: str, more: str = "") -> int:
            where = f'where: {{region: {{descendantOf: {{code: "{code_of(place)}"}}}}}}'
            found = await ask.data("district", f"{{ mediationCommittees({where}{more}) {{ totalCount }} }}")
            return int(found["totalCount"])

        async def streets(more: str = "") -> dict[str, int]:
            groups = "groupBy(by: [{region: {level: STREET}}]) { nodes { key { region { name } } count } }"
            found = await ask.data("district", f"{{ mediationCommittees{more} {{ {groups} }} }}")
            return {cell["key"]["region"]["name"]: cell["count"] for cell in found["groupBy"]["nodes"]}

        before = f', asOf: "{day(-15)}"'
        together = ", successors: true"
        assert (await below("street2"), await below("street3")) == (2, 0)
        assert (await below("street2", before), await below("street3", before)) == (2, 1)
        assert (await below("street2", together), await below("district", together)) == (3, 3)
        assert (await below("street2", before + together), await below("street3", before + together)) == (2, 1)
        assert await streets() == {"street2": 2, "street3": 1}
        assert await streets("(successors: true)") == {"street2": 3}
        assert await streets(f'(asOf: "{day(-15)}", successors: true)') == {"street2": 2, "street3": 1}


async def test_what_cannot_be_asked_of_the_past(town: Town) -> None:
    """The future, a search, what keeps no history, and a day where a moment is compared."""
    await town.found()
    ask = Endpoint(town)
    for document, said in (
        (f'{{ mediationCommittees(asOf: "{day(1)}") {{ totalCount }} }}', "将来"),
        ('{ mediationCommittees(asOf: "2190-01-01T00:00:00Z") { totalCount } }', "将来"),
        (f'{{ mediationCommittees(asOf: "{day(0)}", search: "枫桥") {{ totalCount }} }}', "search"),
        (f'{{ auditLogs(asOf: "{day(0)}") {{ totalCount }} }}', "asOf"),
        ('{ mediationCommittees(asOf: "昨天") { totalCount } }', "时间应写成"),
        (f'{{ mediationCommittees(where: {{createdAt: {{gte: "{day(0)}"}}}}) {{ totalCount }} }}', "时间应写成"),
    ):
        code, message = await ask.refusal("district", document)
        assert (code, said in message) == ("BAD_INPUT", True), message
    found = await ask.data("district", f'{{ mediationCommittees(asOf: "{day(0)}") {{ totalCount }} }}')
    assert found["totalCount"] == 1, "today has begun"
    assert (await ask.data("district", "query ($at: DateTime) { mediationCommittees(asOf: $at) { totalCount } }"))[
        "totalCount"
    ] == 1, "no moment is now"


async def test_who_may_only_count_asks_for_ends_of_months(town: Town) -> None:
    """Two tables of one day and the next would tell the row between them."""
    ask = Endpoint(town)
    last = today().replace(day=1) - DAY
    for asked, refused in ((last, False), (last - DAY, True), (f"{last}T23:59:59.999+08:00", True)):
        answer = await ask.ask("province", f'{{ mediationCases(asOf: "{asked}") {{ totalCount }} }}')
        assert ("errors" in answer) is refused, answer


async def test_a_cursor_belongs_to_its_moment_and_a_report_says_of_which_moment_it_is(town: Town) -> None:
    for place in ("village1", "village2"):
        await town.found("office", place)
    with time_machine.travel(now() + 5 * DAY, tick=False):
        ask, text = Endpoint(town), "{ mediationCommittees(first: 1%s) { nodes { id } pageInfo { endCursor } } }"
        then = f', asOf: "{day(-1)}"'
        cursor = (await ask.data("district", text % then))["pageInfo"]["endCursor"]
        assert len((await ask.data("district", text % f'{then}, after: "{cursor}"'))["nodes"]) == 1
        for other in ("", f', asOf: "{day(-2)}"'):
            assert (await ask.refusal("district", text % f'{other}, after: "{cursor}"'))[0] == "BAD_INPUT"
        answer = await ask.ask("district", f'{{ mediationCommittees(asOf: "{day(-1)}") {{ totalCount }} }}')
        assert answer["extensions"]["dataAsOf"] == f"{day(-1)}T23:59:59.999+08:00"


async def test_a_read_of_today_is_the_statement_it_was(town: Town) -> None:
    """Without ``asOf`` no statement knows of shadows, moments or successors; with it each table is the past's."""
    entities, viewer = registry(), await town.viewer("district")
    made: Callable[..., str] = lambda info, **more: compile_request(  # noqa: E731
        Connection(info, [("nodes", "nodes", Pick(info).add("id", "version"))], **more), entities, viewer,
        town.database.dialect,
    ).sql  # fmt: skip
    for info in entities.values():
        if not info.facts.history or not any(
            "R" in grant.operations for role in viewer.reaches for grant in info.grants.of(role)
        ):
            continue
        plain, past = made(info), made(info, as_of=now())
        assert not any(word in plain for word in ("_history", "stood", "WITH"))
        assert f"{info.table.name}_history" in past
        assert plain == made(info, as_of=None, successors=False)


async def test_the_indexes_of_the_shadow_are_used(town: Town) -> None:
    """A list of a district reads its past by the range of its scope, a row its life by its key."""
    if town.database.dialect.name != "sqlite":
        return
    info, viewer = registry()["MediationCommittee"], await town.viewer("district")
    plan = compile_request(
        Connection(info, [("nodes", "nodes", Pick(info).add("id", "name"))], as_of=now()), registry(), viewer,
        town.database.dialect,
    )  # fmt: skip
    values, _ = plan.call(viewer)

    def explain(connection: sa.Connection) -> str:
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {plan.sql}", tuple(values)).all()
        return "\n".join(str(row[3]) for row in rows)

    told = await town.database.look(explain)
    assert "SEARCH mediation_committee_history USING INDEX ix_mediation_committee_history_scope_path_stood_to" in told
    assert "SCAN mediation_committee_history" not in told
