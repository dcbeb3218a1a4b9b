"""Accounts as they are managed: first and fresh passwords, stand-ins, sessions, tokens; what of it is recorded."""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable
from typing import Any

import pyotp
import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from db.clock import today
from db.identity import global_id
from db.technical import ApiToken, LoginSession, RememberedWrite
from permissions import second_factor
from permissions.accounts import account_by_id
from permissions.identities import Identities
from permissions.sessions import open_session
from permissions.sign_ins import Refusal, SignedIn, sign_in
from permissions.viewer import Viewer
from resolvers.commands.accounts import Period
from resolvers.faults import Denied, Refused
from tests.resolvers.asking import Endpoint, faults
from tests.resolvers.town import ONE_DAY, Town, code_of, codes

pytestmark = pytest.mark.anyio
ENROL = """mutation E($i: UserAccountInput!) { enrolUserAccount(input: $i) {
  userAccount { id loginName roleGrants { nodes { role } } } password errors { path code } } }"""


def account(login: str, place: str, grant: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """The input of an account, as clients send it."""
    made = {"loginName": login, "personName": "新人", "region": {"connect": {"code": code_of(place)}}, **more}
    return made if grant is None else made | {"roleGrants": {"create": {"validFrom": str(today()), **grant}}}


def grant(town: Town, role: str, place: str) -> dict[str, Any]:
    """The input of a grant for a region or a unit of the town."""
    if role == "OFFC":
        return {"role": role, "orgUnit": {"connect": {"id": global_id("ou", town.keys[place])}}}
    if role == "COMM":
        return {"role": role, "committee": {"connect": {"id": global_id("mc", place)}}}
    return {"role": role, "region": {"connect": {"code": code_of(place)}}}


async def enter(town: Town, login: str, password: str) -> SignedIn | Refusal:
    return await sign_in(town.database, login, password, "10.0.0.1", "test")


async def opened(town: Town, login: str, count: int = 1) -> list[str]:
    """Sessions of an account, as sign-ins would leave them; their tokens."""
    key = town.keys[f"@{login}"]
    return await town.database.write(lambda c: [open_session(c, key, "10.0.0.1", "浏览器")[0] for _ in range(count)])


async def alive(town: Town, login: str) -> int:
    """How many sessions an account has."""
    mine = sa.select(sa.func.count()).where(LoginSession.account_id == town.keys[f"@{login}"])
    return await town.database.look(lambda c: c.scalar(mine) or 0)


async def denied(act: Awaitable[Any]) -> str:
    """The code with which an act is refused."""
    try:
        await act
    except Denied as refusal:
        return refusal.code
    except Refused as refusal:
        return refusal.faults[0].code
    pytest.fail("it was not refused")


def by(town: Town, login: str) -> dict[str, str]:
    return town.ref(f"@{login}", "UserAccount")


# --- new accounts -----------------------------------------------------------------------------------------------------


async def test_each_level_makes_an_account_of_the_next_that_signs_in_once_and_must_change(town: Town) -> None:
    ends, committee = Endpoint(town), await town.found()
    for maker, login, place, role, anchor in (
        ("city", "new.district", "district", "DIST", "district"),
        ("district", "new.office", "street2", "OFFC", "office2"),
        ("office", "new.clerk", "village1", "COMM", committee),
    ):
        payload = await ends.data(maker, ENROL, {"i": account(login, place, grant(town, role, anchor))})
        assert payload["errors"] == []
        assert payload["userAccount"]["roleGrants"]["nodes"] == [{"role": role}]
        assert await enter(town, login, "Wrong-Password-1") != payload["password"]
        signed = await enter(town, login, payload["password"])
        assert isinstance(signed, SignedIn)
        assert signed.viewer.must_change_password


async def test_with_a_grant_beyond_ones_own_no_account_is_made(town: Town) -> None:
    ends = Endpoint(town)
    for maker, place, role, anchor in (
        ("city", "city", "PROV", "province"), ("district", "district", "CITY", "city"),
        ("office", "street2", "DIST", "district"), ("office", "street2", "OFFC", "office2"),
        ("district", "district", "OFFC", "office4"), ("auditor", "district", "AUDT", "district"),
    ):  # fmt: skip
        answered = await ends.ask(maker, ENROL, {"i": account("too.much", place, grant(town, role, anchor))})
        assert answered.get("errors") or answered["data"]["enrolUserAccount"]["errors"]
    assert await town.rows("UserAccount", login_name="too.much") == []


async def test_a_password_is_told_once_and_stands_nowhere(town: Town) -> None:
    ends, given = Endpoint(town), {"i": account("li.na", "district")}
    first = await ends.data("district", ENROL, given, key="one")
    again = await ends.data("district", ENROL, given, key="one")
    assert first["password"]
    assert again == {**first, "password": None}
    reset = """mutation R($b: UserAccountBy!) { resetPassword(by: $b) { password errors { code } } }"""
    whose = {"b": {"loginName": "li.na"}}
    second = await ends.data("district", reset, whose, key="two")
    assert (await ends.data("district", reset, whose, key="two"))["password"] is None
    told = {first["password"], second["password"]}
    assert len(told) == 2
    remembered = await town.database.look(lambda c: [str(row) for row in c.execute(sa.select(RememberedWrite))])
    stored = [str(row) for entity in ("UserAccount", "AuditLog") for row in await town.rows(entity)]
    assert not any(password in text for password in told for text in [*remembered, *stored])
    assert not any("argon2" in str(row["before"]) + str(row["after"]) for row in await town.rows("AuditLog"))


async def test_an_account_made_by_the_generated_mutation_gets_its_password_by_a_reset(town: Town) -> None:
    data = {"loginName": "bare", "personName": "新人", "region": {"code": code_of("district")}}
    town.keys["@bare"] = await town.create("district", "UserAccount", data)
    told = await town.commands.accounts.reset_password(await town.viewer("district"), by(town, "bare"), None)
    assert told.secret is not None
    assert isinstance(await enter(town, "bare", told.secret), SignedIn)


async def test_a_program_has_no_password(town: Town) -> None:
    more: dict[str, Any] = {"isService": True, "addresses": "10.32.0.0/16"}
    payload = await Endpoint(town).data("district", ENROL, {"i": account("exchange", "district", **more)})
    assert (payload["password"], payload["errors"]) == (None, [])
    [row] = await town.rows("UserAccount", login_name="exchange")
    assert (row["password_hash"], row["must_change_password"]) == (None, False)
    town.keys["@exchange"] = row["id"]
    reset = town.commands.accounts.reset_password(await town.viewer("district"), by(town, "exchange"), None)
    assert await denied(reset) == "STATE"


# --- fresh passwords, disabled accounts -------------------------------------------------------------------------------


async def test_a_fresh_password_ends_the_sessions_and_lifts_the_lock(town: Town) -> None:
    await opened(town, "office", 2)
    await opened(town, "officer2")
    told = await town.commands.accounts.reset_password(await town.viewer("district"), by(town, "office"), None)
    assert (await alive(town, "office"), await alive(town, "officer2")) == (0, 1)
    signed = await enter(town, "office", str(told.secret))
    assert isinstance(signed, SignedIn)
    assert signed.viewer.must_change_password
    [record] = [row for row in await town.rows("AuditLog") if row["action"] == "UPDATE"]
    assert (record["actor_id"], record["entity_id"]) == (town.keys["@district"], global_id("ua", town.keys["@office"]))


@pytest.mark.parametrize(
    ("who", "whose"),
    [
        ("district", "city"), ("office", "officer2"), ("other", "district"), ("auditor", "office"),
        ("district", "district"), ("sysadmin", "district"), ("sysadmin", "province"),
    ],
)  # fmt: skip
async def test_nobody_takes_over_an_account_whose_rights_they_could_not_give(town: Town, who: str, whose: str) -> None:
    viewer, accounts = await town.viewer(who), town.commands.accounts
    before = await town.row("UserAccount", town.keys[f"@{whose}"])
    for act in (
        accounts.reset_password(viewer, by(town, whose), None),
        accounts.reset_second_factor(viewer, by(town, whose), None),
        accounts.hand_over(viewer, by(town, whose), by(town, "officer2"), Period(None, today() + ONE_DAY)),
        accounts.issue_token(viewer, by(town, whose), "交换", today() + ONE_DAY),
    ):
        assert await denied(act) in ("FORBIDDEN", "NOT_FOUND")
    assert await town.row("UserAccount", town.keys[f"@{whose}"]) == before
    records = [row for row in await town.rows("AuditLog") if row["action"] == "REFUSED"]
    assert {row["actor_id"] for row in records} == {town.keys[f"@{who}"]}
    assert len(records) == 4


async def test_who_lost_the_second_factor_gets_rid_of_it_and_is_signed_out(town: Town) -> None:
    viewer, accounts = await town.viewer("district"), town.commands.accounts
    assert await denied(accounts.reset_second_factor(viewer, by(town, "office"), None)) == "STATE"
    key = town.keys["@office"]

    def enable(connection: Connection) -> None:
        account = account_by_id(connection, key)
        assert account is not None
        secret, _ = second_factor.begin(connection, account)
        assert second_factor.confirm(connection, account, pyotp.TOTP(secret).now(), None) is not None

    await town.database.write(enable)
    await opened(town, "office")
    assert (await town.row("UserAccount", key))["mfa_enabled"]
    await accounts.reset_second_factor(viewer, by(town, "office"), None)
    assert not (await town.row("UserAccount", key))["mfa_enabled"]
    assert await alive(town, "office") == 0


async def test_nobody_disables_their_own_account(town: Town) -> None:
    assert await denied(town.update("district", "UserAccount", "@district", {"isActive": False})) == "FORBIDDEN"


async def test_a_disabled_account_is_signed_out_and_does_not_come_back_with_its_sessions(town: Town) -> None:
    await opened(town, "office")
    await town.update("district", "UserAccount", "@office", {"isActive": False})
    await town.update("district", "UserAccount", "@office", {"isActive": True})
    assert await alive(town, "office") == 0


# --- stand-ins --------------------------------------------------------------------------------------------------------


async def test_a_stand_in_has_the_rights_on_those_days_only(town: Town) -> None:
    await town.account("spare", "AUDT", region_id=town.keys["street3"])
    until = today() + 7 * ONE_DAY
    viewer, accounts = await town.viewer("district"), town.commands.accounts
    [made] = await accounts.hand_over(viewer, by(town, "office"), by(town, "spare"), Period(None, until))
    row = await town.row("RoleGrant", made)
    assert (row["role"], row["org_unit_id"], row["account_id"]) == ("OFFC", town.keys["office2"], town.keys["@spare"])
    assert (row["valid_from"], row["valid_to"]) == (today(), until)
    assert {role.name for role in (await town.viewer("spare")).reaches} == {"AUDT", "OFFC"}
    assert {role.name for role in (await town.viewer("office")).reaches} == {"OFFC"}
    # What the stand-in has already is not given again.
    assert (
        await denied(accounts.hand_over(viewer, by(town, "office"), by(town, "spare"), Period(None, until))) == "STATE"
    )


async def test_a_leavers_own_rights_end_the_day_before(town: Town) -> None:
    since, until = today() + 3 * ONE_DAY, today() + 30 * ONE_DAY
    key = await town.create("district", "RoleGrant", {
        "account": by(town, "office"), "role": "DHR", "region": {"code": code_of("district")}, "validFrom": since,
        "validTo": until + 30 * ONE_DAY,
    })  # fmt: skip
    period = Period(since, until, leaves=True)
    made = await town.commands.accounts.hand_over(
        await town.viewer("district"), by(town, "office"), by(town, "officer2"), period
    )
    # The second officer of the same unit has OFFC already; DHR is new, and cut to the days of the period.
    [row] = [await town.row("RoleGrant", each) for each in made]
    assert (row["role"], row["valid_from"], row["valid_to"]) == ("DHR", since, until)
    assert (await town.row("RoleGrant", town.keys["office-grant"]))["valid_to"] == since - ONE_DAY
    assert (await town.row("RoleGrant", key))["deleted_at"] is not None  # it would only have begun later


async def test_what_a_leaver_began_the_stand_in_finishes(town: Town) -> None:
    """The unit's work does not stop because the one who began it is gone."""
    committee = await town.complete()
    clerk = await town.clerk(committee)
    await town.account("spare", "AUDT", region_id=town.keys["street2"])
    filing = await town.filing(committee, clerk)
    await town.commands.accounts.hand_over(
        await town.viewer("district"), by(town, clerk), by(town, "spare"), Period(None, today(), leaves=True)
    )
    assert (await town.viewer(clerk)).reaches == {}
    await town.take("spare", filing, "submit")
    assert (await town.row("CommitteeFiling", filing))["state"] == "SUBMITTED"


async def test_what_is_wrong_with_a_hand_over_is_said_where_it_stands(town: Town) -> None:
    document = """mutation H($b: UserAccountBy!, $t: UserAccountBy!, $s: Date, $u: Date!) {
      handOverGrants(by: $b, to: $t, validFrom: $s, validTo: $u) {
        roleGrants { role validTo account { loginName } } errors { path code } } }"""
    ends = Endpoint(town)
    await town.update("city", "RoleGrant", "district2-grant", {"validTo": today() + ONE_DAY})
    office, spare = {"loginName": "office"}, {"loginName": "auditor"}

    async def hand(login: str, to: dict[str, str], since: dt.date | None, until: dt.date) -> Any:
        return await ends.data(login, document, {"b": office, "t": to, "s": since, "u": until})

    day = today() + 9 * ONE_DAY
    assert faults(await hand("district", office, None, day)) == {("to", "RANGE")}
    assert faults(await hand("district", spare, today() - ONE_DAY, day)) == {("validFrom", "RANGE")}
    assert faults(await hand("district", spare, day, today())) == {("validTo", "RANGE")}
    assert faults(await hand("district", {"loginName": "nobody"}, None, day)) == {("to", "NOT_FOUND")}
    assert faults(await hand("district2", spare, None, day)) == {("validTo", "RANGE")}  # beyond their own last day
    done = await hand("district", spare, None, day)
    assert done["roleGrants"] == [{"role": "OFFC", "validTo": str(day), "account": {"loginName": "auditor"}}]
    assert (await ends.refusal("district", document, {"b": office, "t": {"loginName": "district"}, "u": day}))[0] == (
        "FORBIDDEN"  # a right for oneself
    )


# --- sessions and tokens ----------------------------------------------------------------------------------------------


async def test_sessions_are_listed_and_ended_by_who_manages_the_account(town: Town) -> None:
    ends = Endpoint(town)
    tokens = await opened(town, "office", 3)
    asked = """query S($o: UserAccountBy!) { accountSessions(of: $o) { id createdAt seenAt ip agent current } }"""
    office = {"o": {"loginName": "office"}}
    listed = await ends.data("district", asked, office)
    assert [(each["ip"], each["agent"], each["current"]) for each in listed] == [("10.0.0.1", "浏览器", False)] * 3
    assert not any(token in str(listed) for token in tokens)
    end = "mutation E($id: ID!) { endAccountSession(id: $id) { endedId errors { path code } } }"
    for stranger in ("auditor", "other"):
        assert faults(await ends.data(stranger, end, {"id": listed[0]["id"]})) == {("id", "NOT_FOUND")}
        assert (await ends.refusal(stranger, asked, office))[0] in ("FORBIDDEN", "BAD_INPUT")
    assert (await ends.data("district", end, {"id": listed[1]["id"]}))["endedId"] == listed[1]["id"]
    assert faults(await ends.data("district", end, {"id": listed[1]["id"]})) == {("id", "NOT_FOUND")}
    assert faults(await ends.data("district", end, {"id": "ls_nothing"})) == {("id", "NOT_FOUND")}
    every = "mutation A($o: UserAccountBy!) { endAccountSessions(of: $o) { endedCount errors { code } } }"
    left = await alive(town, "office")
    assert (await ends.data("sysadmin", every, office))["endedCount"] == left
    assert await alive(town, "office") == 0
    records = [row for row in await town.rows("AuditLog") if row["action"] == "SIGN_OUT"]
    assert {row["actor_id"] for row in records} >= {town.keys["@district"], town.keys["@sysadmin"]}


async def test_a_program_gets_a_token_that_ends_and_is_taken_back(town: Town) -> None:
    ends = Endpoint(town)
    office = grant(town, "OFFC", "office2")
    program = account("exchange", "district", office, isService=True, addresses="10.32.0.0/16")
    await ends.data("district", ENROL, {"i": program})
    issue = """mutation T($b: UserAccountBy!, $n: String!, $u: Date!) {
      issueAccountToken(by: $b, name: $n, validTo: $u) { id token errors { path code } } }"""
    asked = {"b": {"loginName": "exchange"}, "n": "省厅交换", "u": today() + 30 * ONE_DAY}
    assert faults(await ends.data("district", issue, asked | {"n": " ", "u": today()})) == {
        ("name", "REQUIRED"), ("validTo", "RANGE")
    }  # fmt: skip
    assert faults(await ends.data("district", issue, asked | {"b": {"loginName": "office"}})) == {("by", "STATE")}
    made = await ends.data("district", issue, asked, key="once")
    assert (await ends.data("district", issue, asked, key="once"))["token"] is None
    identities = Identities(town.database, seconds=0)

    async def who(address: str = "10.32.1.1") -> Viewer | None:
        found = await identities.of_bearer(made["token"], address)
        return found.viewer if found else None

    viewer = await who()
    assert viewer is not None
    assert viewer.login == "exchange"
    assert await who("10.99.0.1") is None  # outside of its addresses
    listed = "query L($o: UserAccountBy!) { accountTokens(of: $o) { id name expiresAt } }"
    [token] = await ends.data("district", listed, {"o": {"loginName": "exchange"}})
    assert (token["id"], token["name"]) == (made["id"], "省厅交换")
    assert token["expiresAt"][:10] == str(today() + 30 * ONE_DAY)
    revoke = "mutation R($id: ID!) { revokeAccountToken(id: $id) { revokedId errors { path code } } }"
    assert faults(await ends.data("other", revoke, {"id": made["id"]})) == {("id", "NOT_FOUND")}
    assert (await ends.data("district", revoke, {"id": made["id"]}))["revokedId"] == made["id"]
    assert await who() is None
    assert faults(await ends.data("district", revoke, {"id": made["id"]})) == {("id", "NOT_FOUND")}
    stored = [str(row) for row in await town.rows("AuditLog")]
    stored += await town.database.look(lambda c: [str(row) for row in c.execute(sa.select(ApiToken))])
    stored += await town.database.look(lambda c: [str(row) for row in c.execute(sa.select(RememberedWrite))])
    assert not any(made["token"] in text for text in stored)


async def test_a_token_does_not_outlast_the_giver(town: Town) -> None:
    program = account("exchange", "district", grant(town, "OFFC", "office2"), isService=True, addresses="10.32.0.0/16")
    await Endpoint(town).data("district", ENROL, {"i": program})
    await town.update("city", "RoleGrant", "district2-grant", {"validTo": today() + 5 * ONE_DAY})
    viewer, issue = await town.viewer("district2"), town.commands.accounts.issue_token
    whose = {"loginName": "exchange"}
    assert await denied(issue(viewer, whose, "交换", today() + 6 * ONE_DAY)) == "FORBIDDEN"
    assert (await issue(viewer, whose, "交换", today() + 5 * ONE_DAY)).secret


async def test_an_ended_session_is_felt_within_a_second_in_every_worker(town: Town) -> None:
    [token] = await opened(town, "office")
    workers = [Identities(town.database), Identities(town.database)]
    assert all([await each.of_session(token, "10.0.0.1") for each in workers])
    viewer = await town.viewer("district")
    await town.commands.accounts.end_sessions(viewer, by(town, "office"))
    for each in workers:
        for key, (_, task) in list(each._held.items()):
            each._held[key] = (0.0, task)  # the second is over
        assert await each.of_session(token, "10.0.0.1") is None


async def test_without_its_record_no_password_is_changed(town: Town) -> None:
    await opened(town, "office")
    before = await town.row("UserAccount", town.keys["@office"])
    stop = "BEFORE INSERT ON audit_log BEGIN SELECT RAISE(ABORT, 'the disk of the log is full'); END"
    if town.database.url.get_backend_name() == "sqlite":
        await town.database.write(lambda c: c.execute(sa.text(f"CREATE TRIGGER no_records {stop}")))
    else:
        await town.as_owner(lambda c: c.execute(sa.text("ALTER TABLE audit_log ADD CHECK (false) NOT VALID")))
    with pytest.raises(sa.exc.DBAPIError):
        await town.commands.accounts.reset_password(await town.viewer("district"), by(town, "office"), None)
    assert await town.row("UserAccount", town.keys["@office"]) == before
    assert await alive(town, "office") == 1


async def test_a_stale_version_is_refused_before_the_password_changes(town: Town) -> None:
    await town.update("district", "UserAccount", "@office", {"personName": "李四"})
    with pytest.raises(Refused) as refused:
        await town.commands.accounts.reset_password(await town.viewer("district"), by(town, "office"), 1)
    assert codes(refused.value) == {("ifVersion", "CONFLICT")}
