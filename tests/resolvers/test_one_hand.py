"""Separation of duties looks through accounts to who could act as them."""

from __future__ import annotations

from typing import Any

import pyotp
import pytest

from db.clock import today
from db.registry import registry
from permissions import second_factor
from permissions.accounts import account_by_id
from permissions.actions import allowed_steps, open_row
from permissions.kept_passwords import set_password
from permissions.passwords import hash_password
from resolvers.commands import accounts
from resolvers.commands.one_hand import OneHand, rows_of_one_hand
from resolvers.commands.work import Work
from resolvers.faults import Denied
from tests.databases import WITH_WALL
from tests.resolvers.asking import Endpoint
from tests.resolvers.town import Town, code_of

pytestmark = pytest.mark.anyio
KINDS = WITH_WALL
HASHED = hash_password("nobody knows this 1")


def one_hand(connection: Any) -> list[OneHand]:
    return rows_of_one_hand(connection, registry())


async def enrol(town: Town, by: str, login: str, role: str, **anchor: Any) -> None:
    """An account that `by` makes as clerks make them, and signs in with: the password is another then."""
    viewer = await town.viewer(by)
    given = {"role": role, "validFrom": today(), **anchor}
    data = {"loginName": login, "personName": login, "region": {"code": code_of("village1")}}
    data |= {"roleGrants": {"create": [given]}}

    def run(connection: Any) -> str:
        return accounts.enrol(Work(connection, town.commands.entities, viewer, town.database.settings), data, HASHED)

    town.keys[f"@{login}"] = await town.database.write(run)
    await own_password(town, login)


async def own_password(town: Town, login: str) -> None:
    key = town.keys[f"@{login}"]
    await town.database.write(lambda connection: set_password(connection, key, HASHED, by=key))


async def second_proof(town: Town, login: str) -> None:
    """A second factor of the account, set up by whoever is signed in with it."""

    def run(connection: Any) -> None:
        account = account_by_id(connection, town.keys[f"@{login}"])
        assert account is not None
        secret, _ = second_factor.begin(connection, account)
        assert second_factor.confirm(connection, account, pyotp.TOTP(secret).now(), None)

    await town.database.write(run)


async def reset(town: Town, by: str, login: str) -> None:
    viewer = await town.viewer(by)

    def run(connection: Any) -> str:
        work = Work(connection, town.commands.entities, viewer, town.database.settings)
        return accounts.reset_password(work, town.ref(f"@{login}", "UserAccount"), None, HASHED)

    await town.database.write(run)
    await own_password(town, login)


async def refused(town: Town, login: str, filing: str, verb: str) -> bool:
    """Whether separation of duties refuses a step, and it is not offered either."""

    def offered(connection: Any) -> bool:
        entities = town.commands.entities
        info = entities["CommitteeFiling"]
        row = open_row(connection, entities, info, viewer, filing)
        return row is not None and verb in {step.verb for step in allowed_steps(info, viewer, row)}

    viewer = await town.viewer(login)
    open_ = await town.database.look(offered)
    if open_:
        await town.take(login, filing, verb)
        return False
    with pytest.raises(Denied, match="本人经办过"):
        await town.take(login, filing, verb)
    return True


async def test_nobody_makes_a_filing_with_accounts_of_their_own_making(town: Town) -> None:
    """Neither as the district that made them, nor as another account of its making."""
    committee = await town.complete()
    await enrol(town, "district", "cc", "COMM", committee=town.ref(committee, "MediationCommittee"))
    await enrol(town, "district", "oo", "OFFC", orgUnit=town.ref("office2", "OrgUnit"))
    filing = await town.filing(committee, "cc")
    await town.take("cc", filing, "submit")
    assert await refused(town, "oo", filing, "check")
    await town.take("office", filing, "check")
    assert await refused(town, "district", filing, "file")
    # What is done stays whose it was, when the owner makes the account their own.
    await second_proof(town, "cc")
    assert await refused(town, "district", filing, "file")
    assert not await refused(town, "district2", filing, "file")


async def test_an_account_that_is_its_owners_acts_for_itself(town: Town) -> None:
    """From a password of their own and a second factor on; a fresh password takes that back."""
    committee = await town.complete()
    await enrol(town, "district", "cc", "COMM", committee=town.ref(committee, "MediationCommittee"))
    await second_proof(town, "cc")
    filing = await town.filing(committee, "cc")
    await town.take("cc", filing, "submit")
    await town.take("office", filing, "check")
    # The account is in the district's hand again, but was not when it submitted.
    await reset(town, "district", "cc")
    assert not await refused(town, "district", filing, "file")


async def test_what_a_reset_account_does_is_who_reset_it(town: Town) -> None:
    """An account that was the owner's is not, from the day on that somebody else chose its password."""
    committee = await town.complete()
    await town.clerk(committee, "cc")
    await reset(town, "district", "cc")
    filing = await town.filing(committee, "cc")
    await town.go(filing, ("cc", "submit"), ("office", "check"))
    assert await refused(town, "district", filing, "file")
    assert not await refused(town, "district2", filing, "file")


async def test_the_report_names_filings_that_one_person_may_have_made(town: Town) -> None:
    """Also where the owner's second factor came first: who made the account may have set that up."""
    committee = await town.complete()
    await enrol(town, "district", "cc", "COMM", committee=town.ref(committee, "MediationCommittee"))
    await second_proof(town, "cc")
    assert await town.database.look(one_hand) == []
    filing = await town.filing(committee, "cc")
    await town.go(filing, ("cc", "submit"), ("office", "check"))
    assert await town.database.look(one_hand) == []
    assert not await refused(town, "district", filing, "file")
    [found] = await town.database.look(one_hand)
    assert (found.id[3:], found.acts) == (filing, "提交 cc、核验 office、经办 district")


async def test_who_enrols_is_told(town: Town) -> None:
    """The answer that tells the password says whose acts the account's are."""
    made = await Endpoint(town).data(
        "district",
        """mutation($code: String!) { enrolUserAccount(input: {loginName: "neu", personName: "甲",
        region: {connect: {code: $code}}}) { warning password errors { code } } }""",
        {"code": code_of("village1")},
    )
    assert made["password"]
    assert "算作您办的" in made["warning"]
