"""Documents are read with the rights of what they copy: columns and masks of the copied entity hold inside, too."""

from __future__ import annotations

from typing import Any

import pytest

from db.registry import registry
from permissions.veils import veil
from resolvers.acts.register.snapshots import changed_fields
from tests.databases import WITH_WALL
from tests.resolvers.asking import Endpoint
from tests.resolvers.town import Town

pytestmark = pytest.mark.anyio
KINDS = WITH_WALL
FILINGS = """{ committeeFilings { nodes { committeeSnapshot changedFields } } }"""
RECORDS = """{ auditLogs(where: {entity: {eq: "CommitteeFiling"}, verb: {eq: "submit"}}) { nodes { entity after } } }"""
OF_PERSON = {"mediatorNo", "name", "sex", "ethnicity", "education", "idNumber", "mobile"}


async def filed(town: Town) -> tuple[str, str]:
    """A committee with a host unit that was filed twice, and one of its members."""
    committee = await town.complete()
    await town.filed(committee)
    await town.update("district", "MediationCommittee", committee, {"address": "枫桥路2号"})
    filing = await town.filing(committee, kind="CHANGE")
    await town.take("office", filing, "submit")
    await town.take("district", filing, "file")
    [post, *_] = await town.rows("MediatorAppointment", committee_id=committee)
    return committee, post["mediator_id"]


async def test_a_mediator_reads_nothing_of_colleagues_in_a_snapshot(town: Town) -> None:
    """Whose own row is all they may read; what they may read of the committee and its posts stays."""
    _, person = await filed(town)
    await town.account("m", "MEDR", mediator_id=person)
    whole = await Endpoint(town).ask("district", FILINGS)
    mine = await Endpoint(town).ask("m", FILINGS)
    assert len(mine["data"]["committeeFilings"]["nodes"]) == 2
    for all_, seen in zip(*(answer["data"]["committeeFilings"]["nodes"] for answer in (whole, mine)), strict=True):
        all_, seen = all_["committeeSnapshot"], seen["committeeSnapshot"]
        assert list(seen) == list(all_)
        assert seen["director"] == {"mediatorNo": None, "name": None}
        for told, kept in zip(all_["members"], seen["members"], strict=True):
            assert kept == {key: None if key in OF_PERSON else value for key, value in told.items()}
            assert all(told[key] is not None for key in OF_PERSON)
        same = all_.keys() - {"members", "director"}
        assert {key: seen[key] for key in same} == {key: all_[key] for key in same}
    place = "committeeFilings.nodes.committeeSnapshot"
    assert {f"{place}.members.{key}" for key in OF_PERSON} <= set(mine["extensions"]["masked"])
    assert not [path for path in whole.get("extensions", {}).get("masked", []) if path.startswith(place)]
    changed = [row["changedFields"] for row in mine["data"]["committeeFilings"]["nodes"]]
    assert {"address": {"from": "枫桥路1号", "to": "枫桥路2号"}} in changed


async def test_changes_of_members_are_read_as_members_are(town: Town) -> None:
    """In ``{from, to}``, in lists on both sides."""
    committee, person = await filed(town)
    await town.staff(committee, women=0, men=1, director=False)
    filing = await town.filing(committee, kind="CHANGE")
    await town.take("office", filing, "submit")
    await town.account("m", "MEDR", mediator_id=person)
    answer = await Endpoint(town).data("m", FILINGS)
    [found] = [row["changedFields"]["members"] for row in answer["nodes"] if "members" in (row["changedFields"] or {})]
    assert (len(found["from"]), len(found["to"])) == (3, 4)
    for one in [*found["from"], *found["to"]]:
        assert (one["mediatorNo"], one["name"]) == (None, None)
        assert one["role"] in ("DIRECTOR", "MEMBER")


async def test_a_record_is_read_as_what_it_tells_of(town: Town) -> None:
    """A copy in a record of the audit log is under the same veil: whoever reads own acts reads no colleague there."""
    _, person = await filed(town)
    await town.account("m", "MEDR", mediator_id=person)
    table = registry()["AuditLog"].table
    mine = table.update().where(table.c.verb == "submit").values(actor_id=town.keys["@m"])
    await town.as_owner(lambda connection: connection.execute(mine))
    whole, seen = [await Endpoint(town).data(login, RECORDS) for login in ("district", "m")]
    assert len(whole["nodes"]) == len(seen["nodes"]) == 2
    for all_, kept in zip(whole["nodes"], seen["nodes"], strict=True):
        assert all_["after"]["committeeSnapshot"]["members"][0]["sex"] in ("MALE", "FEMALE")
        assert [one["sex"] for one in kept["after"]["committeeSnapshot"]["members"]] == [None] * 3
        assert kept["after"]["state"] == all_["after"]["state"]


async def test_every_key_of_what_is_written_is_declared(town: Town) -> None:
    """A key that no shape names would be read by everybody."""
    await filed(town)
    for entity, columns in (("CommitteeFiling", ("committee_snapshot", "changed_fields")),):
        for row in await town.rows(entity):
            for column in columns:
                facts = registry()[entity].fields[column].facts
                assert facts.copies is not None
                undeclared(facts.copies, row[column])
    assert changed_fields(None, {}) is None


def undeclared(shape: Any, value: Any) -> None:
    """Asserts that each key of a document is a copy, a part or the document's own."""
    if isinstance(value, list):
        for item in value:
            undeclared(shape, item)
    if not isinstance(value, dict):
        return
    known = {name for copy in shape.copies for name in copy.names or registry()[copy.entity].public_fields}
    for key, item in value.items():
        assert key in known | shape.parts.keys() | set(shape.own), key
        if key in shape.parts:
            undeclared(shape.parts[key], item)


async def test_whoever_sees_all_of_it_pays_nothing(town: Town) -> None:
    """The district reads the stored text; nothing is taken apart."""
    info = registry()["CommitteeFiling"]
    table = info.table.alias()
    viewer = await town.viewer("district")
    assert veil(registry(), info, info.fields["committee_snapshot"], table, viewer) == {}
