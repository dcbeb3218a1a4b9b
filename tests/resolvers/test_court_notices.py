"""The basic court is told of every filing once, and says once that it has been (People's Mediation Law 10; BR-13)."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy.engine import Connection

from db.clock import today
from db.facts import Role
from db.identity import global_id
from db.registry import registry
from permissions.actions import allowed_steps, open_row
from resolvers.faults import Denied, Refused
from tests.resolvers.town import LONG_AGO, PATHS, Town, _insert, code_of, codes

pytestmark = pytest.mark.anyio
NOTICE = registry()["CourtNotification"]
YEAR = str(today().year)


async def court(town: Town, login: str = "court", place: str = "district", kind: str = "COURT") -> str:
    """A court that covers a place, with the account of its liaison officer; the unit's key."""

    def build(connection: Connection) -> str:
        scoped = {"region_id": town.keys[place], "scope_path": PATHS[place]}
        key = _insert(connection, town.keys, "org_unit", login, kind="PARTNER", name=login, **scoped)
        more = {"org_unit_id": key, **scoped}
        _insert(connection, town.keys, "org_unit_coverage", f"{login}-covers", **more, valid_from=LONG_AGO)
        _insert(
            connection, town.keys, "partner_institution", f"{login}-partner", **more, name=login, partner_kind=kind,
            level="DISTRICT", contact_name="甲", contact_phone="025-1234567",
        )  # fmt: skip
        return key

    key = await town.database.write(build)
    await town.account(login, "COURT", org_unit_id=key)
    return key


async def notify(town: Town, login: str = "district", period: str = YEAR, unit: str = "court") -> str:
    return await town.create(login, "CourtNotification", {"court": town.ref(unit, "OrgUnit"), "period": period})


async def test_a_notification_holds_exactly_the_filings_of_which_the_court_was_not_told(town: Town) -> None:
    await court(town)
    first, second = await town.complete(), await town.complete(region={"code": code_of("village2")}, name="二村调委会")
    filed = [await town.filed(first), await town.filed(second)]
    sent = await notify(town)

    row = await town.row("CourtNotification", sent)
    told = row["committee_snapshot"]["filings"]
    assert [entry["id"] for entry in told] == [global_id("cf", key) for key in filed]
    assert [len(entry["members"]) for entry in told] == [3, 3]
    assert {key for entry in told for person in entry["members"] for key in person} == {"name", "role"}
    assert (row["state"], row["sent_on"], row["ack_on"], row["scope_path"]) == (
        "SENT",
        today(),
        None,
        PATHS["district"],
    )
    for key in filed:
        filing = await town.row("CommitteeFiling", key)
        assert (filing["court_notified_on"], filing["court_notification_id"]) == (today(), sent)
    [record] = [r for r in await town.rows("AuditLog") if r["entity"] == "CourtNotification"]
    assert (record["action"], record["entity_id"]) == ("CREATE", global_id("cn", sent))


async def test_the_next_notification_holds_the_new_filing_only_and_an_empty_one_is_refused(town: Town) -> None:
    await court(town)
    with pytest.raises(Refused) as refused:
        await notify(town)
    assert codes(refused.value) == {("period", "STATE")}
    await town.filed(await town.complete())
    await notify(town)
    later = await town.filed(await town.complete(region={"code": code_of("village2")}, name="二村调委会"))
    again = await town.row("CourtNotification", await notify(town))
    assert [entry["id"] for entry in again["committee_snapshot"]["filings"]] == [global_id("cf", later)]
    with pytest.raises(Refused):
        await notify(town)


async def test_what_is_not_filed_yet_or_was_filed_after_the_period_is_not_told(town: Town) -> None:
    await court(town)
    committee, _ = await town.started("OFFICE_CHECKED")
    with pytest.raises(Refused):
        await notify(town)
    await town.filed(await town.complete(region={"code": code_of("village2")}, name="二村调委会"))
    with pytest.raises(Refused) as refused:
        await notify(town, period=str(today().year - 1))
    assert codes(refused.value) == {("period", "STATE")}
    row = await town.row("CourtNotification", await notify(town))
    assert committee not in str(row["committee_snapshot"])
    assert len(row["committee_snapshot"]["filings"]) == 1


@pytest.mark.parametrize(
    ("period", "code"),
    [(str(today().year + 1), "RANGE"), ("2026Q5", "PATTERN"), ("lastyr", "PATTERN"), (None, "REQUIRED")],
)
async def test_a_period_that_is_none_or_has_not_begun_is_refused(town: Town, period: str | None, code: str) -> None:
    await court(town)
    with pytest.raises(Refused) as refused:
        await town.create("district", "CourtNotification", {"court": town.ref("court", "OrgUnit"), "period": period})
    assert codes(refused.value) == {("period", code)}


async def test_only_a_court_is_notified(town: Town) -> None:
    await town.filed(await town.complete())
    with pytest.raises(Refused) as refused:
        await notify(town, unit="health")
    assert codes(refused.value) == {("court", "RANGE")}


@pytest.mark.parametrize("login", ["office", "city", "province", "auditor", "court", "sysadmin"])
async def test_only_the_district_notifies(town: Town, login: str) -> None:
    await court(town)
    await town.filed(await town.complete())
    with pytest.raises(Denied):
        await notify(town, login)


async def test_another_district_neither_sees_the_court_nor_notifies_it(town: Town) -> None:
    await court(town)
    await town.filed(await town.complete())
    with pytest.raises(Refused) as refused:
        await notify(town, "other")
    assert codes(refused.value) == {("court", "NOT_FOUND")}


async def test_the_court_acknowledges_once(town: Town) -> None:
    await court(town)
    await town.filed(await town.complete())
    sent = await notify(town)
    await town.take("court", sent, "acknowledge", entity="CourtNotification")
    row = await town.row("CourtNotification", sent)
    assert (row["state"], row["ack_on"], row["ack_by_id"]) == ("ACKNOWLEDGED", today(), town.keys["@court"])
    with pytest.raises(Refused) as refused:
        await town.take("court", sent, "acknowledge", entity="CourtNotification")
    assert codes(refused.value) == {("by", "STATE")}


@pytest.mark.parametrize("login", ["district", "city", "auditor", "sysadmin", "office"])
async def test_nobody_else_acknowledges(town: Town, login: str) -> None:
    await court(town)
    await town.filed(await town.complete())
    sent = await notify(town)
    with pytest.raises((Denied, Refused)):
        await town.take(login, sent, "acknowledge", entity="CourtNotification")
    assert (await town.row("CourtNotification", sent))["state"] == "SENT"


async def test_another_court_does_not_find_it(town: Town) -> None:
    await court(town)
    await court(town, "court4", "district4")
    await town.filed(await town.complete())
    sent = await notify(town)
    with pytest.raises(Refused) as refused:
        await town.take("court4", sent, "acknowledge", entity="CourtNotification")
    assert codes(refused.value) == {("by", "NOT_FOUND")}


async def test_what_was_sent_is_never_changed_nor_deleted(town: Town) -> None:
    await court(town)
    await town.filed(await town.complete())
    sent = await notify(town)
    with pytest.raises(Refused) as refused:
        await town.delete("district", "CourtNotification", sent)
    assert {path for path, _ in codes(refused.value)} == {"by"}
    with pytest.raises(Denied):
        await town.update("district", "CourtNotification", sent, {"period": "2020"})


async def test_two_notifications_at_once_tell_of_a_filing_once(town: Town) -> None:
    await court(town)
    key = await town.filed(await town.complete())
    done = await asyncio.gather(notify(town), notify(town, "district2"), return_exceptions=True)
    sent = [one for one in done if isinstance(one, str)]
    assert [type(one) for one in done if not isinstance(one, str)] == [Refused]
    assert (await town.row("CommitteeFiling", key))["court_notification_id"] == sent[0]
    assert len(await town.rows("CourtNotification")) == 1


async def test_the_step_is_offered_to_the_court_while_it_is_open(town: Town) -> None:
    await court(town)
    await town.filed(await town.complete())
    sent = await notify(town)
    viewer = await town.viewer("court")
    assert set(viewer.reaches) == {Role.COURT}

    async def offered() -> list[str]:
        row = await town.database.look(lambda c: open_row(c, registry(), NOTICE, viewer, sent))
        assert row is not None
        return [step.verb for step in allowed_steps(NOTICE, viewer, row)]

    assert await offered() == ["acknowledge"]
    await town.take("court", sent, "acknowledge", entity="CourtNotification")
    assert await offered() == []
