"""Looks at personal data: who may, why, how often, and what they leave behind."""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable
from typing import Any

import pytest
import sqlalchemy as sa

from db.clock import now
from db.identity import global_id, new_key
from db.models.system.audit_log import AuditLog
from db.registry import registry
from resolvers.commands.reveal import Revealed
from resolvers.commands.write import Commands
from resolvers.faults import Denied, Refused
from tests.resolvers.town import Town, citizen, codes

pytestmark = pytest.mark.anyio
WHY = "核对任职材料"


async def reveal(town: Town, login: str, key: str, field: str = "idNumber", reason: str | None = WHY) -> Revealed:
    return await town.commands.reveal(await town.viewer(login), "Mediator", global_id("md", key), field, reason)


async def find(town: Town, login: str, value: str, reason: str | None = WHY) -> str | None:
    return await town.commands.find(await town.viewer(login), "Mediator", "idNumber", value, reason)


async def looks(town: Town) -> list[dict[str, Any]]:
    return [row for row in await town.rows("AuditLog") if row["action"] in ("REVEAL", "LOOKUP")]


async def denied(look: Awaitable[Any]) -> str:
    with pytest.raises(Denied) as problem:
        await look
    return problem.value.code


async def refused(look: Awaitable[Any]) -> set[tuple[str, str]]:
    with pytest.raises(Refused) as problem:
        await look
    return codes(problem.value)


async def test_the_district_sees_a_number_for_five_minutes_and_a_record_says_so(town: Town) -> None:
    key = await town.person(bankAccount="6222020200012345678")
    before = now()
    seen = await reveal(town, "district", key)
    assert seen.value == citizen(1)
    assert dt.timedelta(minutes=4) < seen.expires_at - before < dt.timedelta(minutes=6)
    assert (await reveal(town, "district", key, "bankAccount")).value == "6222020200012345678"
    first, second = await looks(town)
    assert (first["action"], first["reason"], first["after"]) == ("REVEAL", WHY, {"field": "idNumber"})
    assert (first["entity_id"], first["actor_id"]) == (global_id("md", key), town.keys["@district"])
    assert (first["ip"], first["scope_path"], first["technical"]) == ("10.0.0.9", "/32/01/02/002/001/", False)
    assert second["after"] == {"field": "bankAccount"}
    assert citizen(1) not in str([first, second])
    assert "622202" not in str([first, second])


async def test_a_value_that_nobody_entered_is_nothing_and_recorded_all_the_same(town: Town) -> None:
    key = await town.person()
    assert (await reveal(town, "district", key, "bankAccount")).value is None
    assert len(await looks(town)) == 1


async def test_the_office_sees_what_its_cell_of_the_matrix_names(town: Town) -> None:
    key = await town.person(bankAccount="6222020200012345678", address="和平社区1号")
    assert (await reveal(town, "office", key)).value == citizen(1)
    assert (await reveal(town, "office", key, "address")).value == "和平社区1号"
    assert await denied(reveal(town, "office", key, "bankAccount")) == "FORBIDDEN"
    assert await denied(reveal(town, "office", key, "birthDate")) == "FORBIDDEN"
    assert len(await looks(town)) == 2


async def test_a_column_that_a_role_sees_masked_is_revealed_like_an_encrypted_one(town: Town) -> None:
    key = await town.person()
    assert (await reveal(town, "district", key, "birthDate")).value == "1980-01-01"
    committee = await town.found()
    case = await town.case(committee, "REGISTERED")
    table = registry()["MediationCase"].table
    await town.database.write(lambda c: c.execute(sa.update(table).values(place_text="枫桥路9号")))
    viewer = await town.viewer("district")
    seen = await town.commands.reveal(viewer, "MediationCase", global_id("cs", case), "placeText", WHY)
    assert seen.value == "枫桥路9号"


async def test_who_only_reads_masks_reveals_nothing_and_the_attempt_is_recorded(town: Town) -> None:
    key = await town.person()
    for login in ("province", "city", "auditor"):
        assert await denied(reveal(town, login, key)) == "FORBIDDEN"
        assert await denied(find(town, login, citizen(1))) == "FORBIDDEN"
    records = [row for row in await town.rows("AuditLog") if row["action"] == "REFUSED"]
    assert [row["after"]["refused"] for row in records] == [[{"path": [], "code": "FORBIDDEN"}]] * 6
    assert await looks(town) == []


async def test_a_row_out_of_sight_is_as_if_it_were_not_there(town: Town) -> None:
    key = await town.person()
    said = []
    for identity in (global_id("md", key), global_id("md", new_key()), "nonsense", global_id("mc", key)):
        viewer = await town.viewer("other")
        with pytest.raises(Refused) as problem:
            await town.commands.reveal(viewer, "Mediator", identity, "idNumber", WHY)
        said.append([(f.path, f.code, f.zh, f.en) for f in problem.value.faults])
    assert said[0][0][:2] == (("id",), "NOT_FOUND")
    assert said == [said[0]] * 4


async def test_what_is_not_masked_cannot_be_revealed(town: Town) -> None:
    key = await town.person()
    for field in ("name", "passwordHash", "nothing", "idNumberCipher"):
        assert await denied(reveal(town, "district", key, field)) == "BAD_INPUT"


@pytest.mark.parametrize(
    ("reason", "code"), [(None, "REQUIRED"), ("  ", "REQUIRED"), ("查", "RANGE"), ("查" * 501, "TOO_LONG")]
)
async def test_a_look_needs_a_reason(town: Town, reason: str | None, code: str) -> None:
    key = await town.person()
    assert await refused(reveal(town, "district", key, reason=reason)) == {("reason", code)}
    assert await refused(find(town, "district", citizen(1), reason)) == {("reason", code)}
    assert await looks(town) == []


async def test_looks_are_counted_by_the_hour_in_every_process_alike(town: Town) -> None:
    key = await town.person()
    database = town.commands.database
    database.settings = database.settings.model_copy(update={"reveals_per_hour": 3})
    others = Commands(database, registry())
    await reveal(town, "district", key)
    await find(town, "district", citizen(1))
    viewer = await town.viewer("district")
    await others.reveal(viewer, "Mediator", global_id("md", key), "mobile", WHY)
    assert await denied(reveal(town, "district", key)) == "RATE_LIMITED"
    assert await denied(find(town, "district", citizen(1))) == "RATE_LIMITED"
    assert (await reveal(town, "office", key)).value == citizen(1)
    earlier = sa.update(AuditLog).values(at=now() - dt.timedelta(minutes=61))
    await town.as_owner(lambda c: c.execute(earlier))
    assert (await reveal(town, "district", key)).value == citizen(1)


# --- by a number ------------------------------------------------------------------------------------------------------


async def test_a_number_finds_its_person_within_reach_only(town: Town) -> None:
    key = await town.person()
    assert await find(town, "district", f" {citizen(1)} ") == key
    assert await find(town, "office", citizen(1).lower()) == key
    assert await find(town, "other", citizen(1)) is None
    assert await find(town, "district", citizen(2)) is None
    one, two, three, four = await looks(town)
    assert (one["action"], one["entity_id"], one["after"]) == ("LOOKUP", global_id("md", key), {"field": "idNumber"})
    assert two["entity_id"] == global_id("md", key)
    assert (three["entity_id"], four["entity_id"]) == (None, None)
    assert citizen(1) not in str([one, two, three, four])


async def test_a_number_with_a_wrong_check_digit_is_answered_like_any_other(town: Town) -> None:
    await town.person()
    for value in ("110101199003070010", "x", "1" * 5000, "\0"):
        assert await find(town, "district", value) is None
    assert [row["summary"] for row in await looks(town)] == ["按证件查找 人民调解员的身份证号：没有找到"] * 4


async def test_only_what_is_one_person_s_own_is_an_identity(town: Town) -> None:
    viewer = await town.viewer("district")
    for field in ("mobile", "name", "bankAccount"):
        assert await denied(town.commands.find(viewer, "Mediator", field, "13800000001", WHY)) == "BAD_INPUT"


async def test_the_reason_must_not_hold_the_number(town: Town) -> None:
    assert await refused(find(town, "district", citizen(1), f"查 {citizen(1)}")) == {("reason", "PATTERN")}
    assert await refused(find(town, "district", " ")) == {("value", "REQUIRED")}
