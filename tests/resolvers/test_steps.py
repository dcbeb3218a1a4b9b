"""What steps can carry: several machines, what a step takes, warnings, steps of the server, and many rows at once."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy.engine import Connection

from db.clock import now, today
from permissions.actions import allowed_steps, may_take, open_row
from permissions.matrix import markdown
from resolvers.commands.work import Draft, Origin, Work
from resolvers.faults import Denied, Refused
from tests.resolvers import papers
from tests.resolvers.asking import faults
from tests.resolvers.desk import Papers, known, schema
from tests.resolvers.town import Town, code_of, codes

pytestmark = pytest.mark.anyio


@pytest.fixture
async def desk(town: Town) -> Papers:
    await town.database.write(papers.Scratch.metadata.create_all)
    return Papers(town)


# --- several machines -------------------------------------------------------------------------------------------------


async def test_two_machines_move_apart_and_each_closes_the_row(desk: Papers) -> None:
    key = await desk.make()
    await desk.take("district", key, "publish")
    row = await desk.row(key)
    assert (row["state"], row["face"]) == ("DRAFT", "SHOWN")
    by, viewer = desk.by(key), await desk.town.viewer("district")
    with pytest.raises(Refused) as refused:
        await desk.commands.update(viewer, "Paper", by, {"title": "新"}, None)
    assert [fault.zh for fault in refused.value.faults] == ["材料现处于“已公开”，不能修改。"]
    with pytest.raises(Refused) as refused:
        await desk.commands.delete(viewer, "Paper", by, None)
    assert [fault.zh for fault in refused.value.faults] == ["材料现处于“已公开”，不能删除。"]
    await desk.take("district", key, "submit")
    with pytest.raises(Refused) as refused:
        await desk.commands.update(viewer, "Paper", by, {"title": "新"}, None)
    assert len(refused.value.faults) == 2
    with pytest.raises(Refused) as refused:
        await desk.take("district", key, "publish")
    assert [fault.zh for fault in refused.value.faults] == ["材料现处于“已公开”，不能公开。"]
    await desk.take("district", key, "conceal", reason="有误")
    row = await desk.row(key)
    assert (row["state"], row["face"], row["version"]) == ("SUBMITTED", "HIDDEN", 4)


async def test_a_fresh_row_is_where_all_its_machines_begin_and_may_be_deleted(desk: Papers) -> None:
    key, viewer = await desk.make(), await desk.town.viewer("district")
    await desk.commands.delete(viewer, "Paper", desk.by(key), None)
    assert (await desk.row(key))["deleted_at"] is not None


# --- what a step takes ------------------------------------------------------------------------------------------------


async def test_what_a_step_takes_is_judged_with_the_rest_and_written_with_it(desk: Papers) -> None:
    key = await desk.make()
    await desk.take("district", key, "submit")
    with pytest.raises(Refused) as refused:
        await desk.take("district2", key, "review", note="长" * 201, reviewer={"connect": {"id": "ua_0"}})
    assert codes(refused.value) == {
        ("approvedAmount", "REQUIRED"), ("note", "TOO_LONG"), ("reviewer", "NOT_FOUND"),
    }  # fmt: skip
    reviewer = {"connect": desk.town.ref("@district2", "UserAccount")}
    # Who sees no accounts can name none: a reference that a step takes is as visible as any other.
    with pytest.raises(Refused) as refused:
        await desk.take("district2", key, "review", approvedAmount="12.345", reviewer=reviewer)
    assert codes(refused.value) >= {("approvedAmount", "RANGE")}
    await desk.take("district2", key, "review", approvedAmount="12.30", note="同意")
    row = await desk.row(key)
    assert (row["state"], row["approved_amount"], row["note"]) == ("REVIEWED", Decimal("12.30"), "同意")
    assert row["reviewed_on"] == today()
    told = (await desk.told(key))[-1]
    assert (told["verb"], told["after"]["approvedAmount"], told["after"]["note"]) == ("review", "12.30", "同意")


async def test_what_one_step_takes_is_read_only_everywhere_else(desk: Papers) -> None:
    key, viewer = await desk.make(), await desk.town.viewer("district")
    with pytest.raises(Refused) as refused:
        await desk.commands.update(viewer, "Paper", desk.by(key), {"note": "同意"}, None)
    assert codes(refused.value) == {("note", "READ_ONLY")}
    with pytest.raises(Refused) as refused:
        await desk.take("district", key, "submit", note="同意")
    assert codes(refused.value) == {("note", "READ_ONLY")}
    with pytest.raises(Refused) as refused:
        await desk.make(approvedAmount="1")
    assert codes(refused.value) == {("approvedAmount", "READ_ONLY")}


REVIEW = """mutation($by: PaperBy!, $amount: Decimal, $note: String) {
  reviewPaper(by: $by, approvedAmount: $amount, note: $note) {
    paper { state approvedAmount note } errors { path code severity } } }"""


async def test_the_mutation_asks_for_what_the_step_takes(desk: Papers) -> None:
    key = await desk.make()
    await desk.take("district", key, "submit")
    answer = await desk.ends.data("district2", REVIEW, {"by": desk.by(key), "note": "同意"})
    assert answer["errors"] == [{"path": ["approvedAmount"], "code": "REQUIRED", "severity": "ERROR"}]
    answer = await desk.ends.data("district2", REVIEW, {"by": desk.by(key), "amount": "9.50", "note": "同意"})
    assert answer == {"paper": {"state": "REVIEWED", "approvedAmount": "9.50", "note": "同意"}, "errors": []}


def test_the_schema_and_the_documentation_follow_from_the_declaration() -> None:
    fields = schema().core.mutation_type.fields  # type: ignore[union-attr]
    arguments = {name: str(argument.type) for name, argument in fields["reviewPaper"].args.items()}
    assert arguments == {
        "by": "PaperBy!", "ifVersion": "Int", "reason": "String", "approvedAmount": "Decimal", "note": "String",
        "reviewer": "UserAccountConnect", "acknowledge": "[String!]",
    }  # fmt: skip
    assert {name for name in fields if name.endswith(("Paper", "Papers"))} == {
        "createPaper", "deletePaper", "updatePaper", "beginPaper", "submitPaper", "submitPapers", "reviewPaper",
        "reviewPapers", "holdPaper", "holdPapers", "resumePaper", "resumePapers", "publishPaper", "publishPapers",
        "concealPaper", "concealPapers", "updatePapers", "deletePapers",
    }  # fmt: skip
    said = markdown(known()).split("## 材料 Paper")[1].split("\n## ")[0]
    assert "| 批准 | 已复核 | 已批准 | 系统 | — |" in said
    assert (
        "“复核”：填写核定金额（必填）、复核意见、复核人；期限为自“提交时间”起 5 个工作日，暂停的环节不计；"
        "到期前 2 日提醒；逾期 3 日告知市局工作人员。" in said
    )
    assert "“中止”：可用“恢复”撤销。" in said


# --- warnings ---------------------------------------------------------------------------------------------------------


async def test_a_warning_stops_until_its_code_is_acknowledged_and_then_stays_in_the_record(desk: Papers) -> None:
    key = await desk.make(amount="2000")
    with pytest.raises(Refused) as refused:
        await desk.take("district", key, "submit")
    assert [(fault.code, fault.severity, fault.path) for fault in refused.value.faults] == [
        ("BR-14", "WARN", ("amount",))
    ]
    with pytest.raises(Refused):
        await desk.take("district", key, "submit", acknowledge=["BR-25"])
    await desk.take("district", key, "submit", acknowledge=["BR-14", "BR-25"])
    assert (await desk.told(key))[-1]["after"]["acknowledge"] == ["BR-14"]


async def test_an_error_is_not_acknowledged_away(desk: Papers) -> None:
    before = await desk.make()
    key = await desk.make(amount="2000", follows=desk.by(before))
    with pytest.raises(Refused) as refused:
        await desk.take("district", key, "submit", acknowledge=["BR-14", "BR-24"])
    assert codes(refused.value) == {("follows", "BR-24")}


async def test_what_follows_from_a_sound_row_follows_in_spite_of_an_acknowledged_warning(desk: Papers) -> None:
    """Acts ask whether the draft is sound, not whether it has faults: else a warning would change what they do."""
    viewer, settings = await desk.town.viewer("district"), desk.town.database.settings

    def judged(connection: Connection) -> list[bool]:
        ways = (Origin(), Origin(acknowledge=frozenset({"BR-14"})))
        drafts = [Draft(Work(connection, known(), viewer, settings, way), desk.info) for way in ways]
        for draft in drafts:
            draft.warn("amount", "BR-14", "超过一千元", "is more than a thousand")
        found = [draft.sound for draft in drafts]
        drafts[1].fault("title", "REQUIRED", "必须填写", "is required")
        return [*found, drafts[1].sound]

    assert await desk.town.database.look(judged) == [False, True, False]


CREATE = """mutation($input: PaperInput!, $ok: [String!]) {
  createPaper(input: $input, acknowledge: $ok) { paper { id } errors { path code severity } } }"""
UPDATE = """mutation($by: PaperBy!, $patch: PaperPatch!, $ok: [String!]) {
  updatePaper(by: $by, patch: $patch, acknowledge: $ok) { paper { title } errors { path code severity } } }"""


async def test_create_and_update_warn_as_well(desk: Papers) -> None:
    new = {"title": "旧题", "region": {"connect": {"code": code_of("village1")}}}
    answer = await desk.ends.data("district", CREATE, {"input": new})
    assert answer == {"paper": None, "errors": [{"path": ["input", "title"], "code": "BR-25", "severity": "WARN"}]}
    answer = await desk.ends.data("district", CREATE, {"input": new, "ok": ["BR-25"]})
    assert answer["errors"] == []
    [record] = [r for r in await desk.town.rows("AuditLog") if r["entity_id"] == answer["paper"]["id"]]
    assert record["after"]["acknowledge"] == ["BR-25"]
    changed = {"by": {"id": answer["paper"]["id"]}, "patch": {"title": "旧事"}}
    assert faults(await desk.ends.data("district", UPDATE, changed)) == {("patch.title", "BR-25")}
    assert (await desk.ends.data("district", UPDATE, changed | {"ok": ["BR-25"]}))["paper"] == {"title": "旧事"}


# --- the server -------------------------------------------------------------------------------------------------------


async def test_nobody_takes_a_step_of_the_server(desk: Papers) -> None:
    key = await desk.make()
    viewer = await desk.town.viewer("district")
    assert not may_take(desk.info, viewer, "lapse")
    row = await desk.town.database.look(lambda c: open_row(c, known(), desk.info, viewer, key))
    assert row is not None
    assert [step.verb for step in allowed_steps(desk.info, viewer, row)] == ["submit", "publish"]
    with pytest.raises(Denied):
        await desk.take("district", key, "lapse")
    assert "lapsePaper" not in schema().core.mutation_type.fields  # type: ignore[union-attr]


async def test_the_server_takes_its_step_once_as_of_when_it_was_due(desk: Papers) -> None:
    key = await desk.make(amount="2000", title="材料")
    due = now() + dt.timedelta(days=40)
    assert await desk.serve(key, "lapse", due)
    row, told = await desk.row(key), (await desk.told(key))[-1]
    assert (row["state"], row["updated_at"], row["updated_by_id"]) == ("LAPSED", due, None)
    assert (told["verb"], told["at"], told["actor_id"], told["actor_name"]) == ("lapse", due, None, "系统")
    assert not await desk.serve(key, "lapse", due)
    assert len(await desk.told(key)) == 2


async def test_a_row_that_changed_since_it_was_due_takes_the_step_now(desk: Papers) -> None:
    """Its history goes forward: nothing stood before it stood otherwise."""
    key = await desk.make()
    made = (await desk.row(key))["updated_at"]
    assert await desk.serve(key, "lapse", made - dt.timedelta(days=3))
    assert (await desk.row(key))["updated_at"] >= made


# --- many rows --------------------------------------------------------------------------------------------------------

MANY = """mutation($where: PaperWhere, $by: [PaperBy!], $most: Int!, $dry: Boolean, $ok: [String!]) {
  submitPapers(where: $where, by: $by, atMost: $most, dryRun: $dry, acknowledge: $ok) {
    results { index paper { state } errors { path code row severity } } errors { path code } } }"""


async def test_a_step_with_many_rows_has_a_result_for_each(desk: Papers) -> None:
    good, warned, gone = await desk.make(), await desk.make(amount="2000"), await desk.make()
    await desk.take("district", gone, "submit")
    asked = {"by": [desk.by(good), desk.by(warned), desk.by(gone), {"id": "pp_0"}], "most": 4}
    answer = await desk.ends.data("district", MANY, asked)
    assert answer == {
        "results": [
            {"index": 0, "paper": {"state": "SUBMITTED"}, "errors": []},
            {"index": 1, "paper": {"state": "DRAFT"},
             "errors": [{"path": ["amount"], "code": "BR-14", "row": desk.by(warned)["id"], "severity": "WARN"}]},
            {"index": 2, "paper": {"state": "SUBMITTED"},
             "errors": [{"path": ["by", "2"], "code": "STATE", "row": desk.by(gone)["id"], "severity": "ERROR"}]},
            {"index": 3, "paper": None,
             "errors": [{"path": ["by", "3"], "code": "NOT_FOUND", "row": None, "severity": "ERROR"}]},
        ],
        "errors": [],
    }  # fmt: skip
    states = [(await desk.row(key))["state"] for key in (good, warned, gone)]
    assert states == ["SUBMITTED", "DRAFT", "SUBMITTED"]


async def test_many_rows_by_a_condition_no_more_than_expected_and_tried_out_first(desk: Papers) -> None:
    keys = [await desk.make() for _ in range(3)]
    where: dict[str, Any] = {"where": {"state": {"eq": "DRAFT"}}}
    answer = await desk.ends.data("district", MANY, where | {"most": 2})
    assert (answer["results"], faults(answer)) == ([], {("atMost", "RANGE")})
    answer = await desk.ends.data("district", MANY, where | {"most": 3, "dry": True})
    assert [each["errors"] for each in answer["results"]] == [[], [], []]
    assert {(await desk.row(key))["state"] for key in keys} == {"DRAFT"}
    answer = await desk.ends.data("district", MANY, where | {"most": 3})
    assert [each["paper"]["state"] for each in answer["results"]] == ["SUBMITTED"] * 3
    assert await desk.ends.refusal("district", MANY, {"most": 3}) == ("BAD_INPUT", "where 和 by 须写且只写一个。")
    code, _ = await desk.ends.refusal("auditor", MANY, where | {"most": 3})
    assert code == "FORBIDDEN"
