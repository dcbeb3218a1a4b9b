"""An entity that no one has, with all that steps can carry: two machines, what a step takes, warnings, steps of the
server, deadlines that pause. It lives in a metadata of its own, beside the entities of the house."""

from __future__ import annotations

import datetime as dt
import decimal
import sys
from collections.abc import Mapping
from types import ModuleType
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from db.base import NAMES
from db.facts import (
    Code,
    Days,
    Deadline,
    Entity,
    Escalation,
    Facts,
    Machine,
    Months,
    Role,
    Step,
    Take,
    WorkingDays,
    choice,
    day,
    long_text,
    moment,
    money,
    ref,
    text,
)
from db.history import add_history
from db.registry import Registry, registry
from db.types import Key
from resolvers import acting
from resolvers.acting import Act, effect, rule
from resolvers.commands.work import Draft
from schema.build import RegisterSchema, build_schema


class PaperState(Code):
    """材料环节. Where a paper stands."""

    DRAFT = "1", "草稿"
    SUBMITTED = "2", "已提交"
    HELD = "3", "中止"
    REVIEWED = "4", "已复核"
    APPROVED = "5", "已批准"
    LAPSED = "6", "已作废"


class PaperFace(Code):
    """公开. Whether a paper is shown."""

    HIDDEN = "1", "未公开"
    SHOWN = "2", "已公开"


class Scratch(DeclarativeBase):
    """Not the base of our models."""

    metadata = sa.MetaData(naming_convention=NAMES)


_DIST = (Role.DIST,)


class Paper(Scratch):
    """材料：只在测试里有。A paper that only tests have."""

    __tablename__ = "paper"
    __entity__ = Entity(
        zh="材料", prefix="pp", label="title", listed=("title", "state"), rules=("BR-25",),
        matrix=dict(DIST="RCUSV D", CITY="R C", AUDT="R D"),
        machines=(
            Machine(
                "state",
                (
                    Step("begin", "起草", (), "DRAFT", "C", _DIST),
                    Step("submit", "提交", ("DRAFT",), "SUBMITTED", "S", _DIST, rules=("BR-24",)),
                    Step("review", "复核", ("SUBMITTED",), "REVIEWED", "V", _DIST, apart=("submitted_by_id",),
                         takes=(Take("approved_amount", required=True), "note", "reviewer_id"),
                         due=Deadline("submitted_at", WorkingDays(5), pause=("HELD",)), warns=(2,),
                         escalates=(Escalation(3, (Role.CITY,)),)),
                    Step("hold", "中止", ("SUBMITTED",), "HELD", "V", _DIST, undo="resume"),
                    Step("resume", "恢复", ("HELD",), "SUBMITTED", "V", _DIST),
                    Step("approve", "批准", ("REVIEWED",), "APPROVED", server=True,
                         due=Deadline("reviewed_on", Days(7))),
                    Step("lapse", "作废", ("DRAFT",), "LAPSED", server=True, due=Deadline(None, Months(1))),
                ),
                editable=("DRAFT",),
            ),
            Machine(
                "face",
                (
                    Step("publish", "公开", ("HIDDEN",), "SHOWN", "V", _DIST, undo="conceal"),
                    Step("conceal", "撤回公开", ("SHOWN",), "HIDDEN", "V", _DIST, reason=True),
                ),
                editable=("HIDDEN",),
            ),
        ),
    )  # fmt: skip

    id: Mapped[str] = mapped_column(Key(), primary_key=True, info={"facts": Facts("id", "编号", "Global id.")})
    created_at: Mapped[dt.datetime] = moment("创建时间", "When.", computed=True)
    updated_at: Mapped[dt.datetime] = moment("修改时间", "When.", computed=True)
    version: Mapped[int] = mapped_column(
        sa.Integer(), default=1, info={"facts": Facts("int", "版本", "Version.", computed=True)}
    )
    deleted_at: Mapped[dt.datetime | None] = moment("删除时间", "When.", hidden=True)
    created_by_id: Mapped[str | None] = ref("UserAccount", "创建人", "Who.", False, computed=True, reverse=False)
    updated_by_id: Mapped[str | None] = ref("UserAccount", "修改人", "Who.", False, computed=True, reverse=False)
    region_id: Mapped[str] = ref("Region", "区划", "Where.", False)
    org_scope_id: Mapped[str | None] = ref("OrgUnit", "归口机构", "Unit.", False, computed=True, reverse=False)
    scope_path: Mapped[str] = text("管辖路径", "Path.", 80, computed=True)
    title: Mapped[str] = text("题目", "Title.")
    state: Mapped[str] = choice(PaperState, "环节", "State.", computed=True, default=PaperState.DRAFT)
    face: Mapped[str] = choice(PaperFace, "公开", "Face.", computed=True, default=PaperFace.HIDDEN)
    amount: Mapped[decimal.Decimal | None] = money("申报金额", "What is asked.")
    approved_amount: Mapped[decimal.Decimal | None] = money("核定金额", "What is granted.", computed=True)
    note: Mapped[str | None] = long_text("复核意见", "Note.", 200, computed=True)
    reviewer_id: Mapped[str | None] = ref("UserAccount", "复核人", "Who.", False, computed=True, reverse=False)
    follows_id: Mapped[str | None] = ref("Paper", "前一份", "The one before.", False)
    submitted_at: Mapped[dt.datetime | None] = moment("提交时间", "When.", computed=True)
    submitted_by_id: Mapped[str | None] = ref("UserAccount", "提交人", "Who.", False, computed=True, reverse=False)
    reviewed_on: Mapped[dt.date | None] = day("复核日期", "When.", computed=True)


add_history(Paper.__table__)  # type: ignore[arg-type]


@rule("BR-25", "旧式题目要提醒")
def old_title(draft: Draft) -> None:
    """A title of the old kind is warned of, whoever writes it."""
    if draft.whole("title") and draft.row["title"].startswith("旧"):
        draft.warn("title", "BR-25", "是旧式写法", "is of the old kind")


@rule("BR-24", "提交前的检查")
def fit(draft: Draft) -> None:
    """The one before is submitted, nobody follows yet, and much money is warned of."""
    before = draft.work.get("Paper", draft.row["follows_id"])
    if before is not None and before["state"] == "DRAFT":
        draft.fault("follows_id", "BR-24", "还没有提交", "is not submitted")
    if draft.work.parts("Paper", "follows_id", draft.row["id"]):
        draft.fault("title", "BR-24", "已有后一份", "is followed already")
    if draft.work.get("UserAccount", draft.row["created_by_id"]) and (draft.row["amount"] or 0) > 1000:
        draft.warn("amount", "BR-14", "超过一千元", "is more than a thousand")


@effect("submit")
def note_submission(act: Act) -> Mapping[str, Any]:
    """Who submitted, and when."""
    return {"submitted_at": act.work.now, "submitted_by_id": act.work.actor}


@effect("review")
def note_review(act: Act) -> Mapping[str, Any]:
    """On which day."""
    return {"reviewed_on": act.work.today}


def entities() -> Registry:
    """The entities of the house and this one, with what it does in the place where acts are looked for."""
    path = acting._path(Paper)
    if path not in sys.modules:
        made = ModuleType(path)
        for function in (old_title, fit, note_submission, note_review):
            function.__module__ = path
            setattr(made, function.__name__, function)
        sys.modules[path] = made
        acting.acts_of.cache_clear()
        acting._modules.cache_clear()
        known = acting._modules()
        acting._modules = lambda: known | {path}  # type: ignore[assignment]
        try:
            assert acting.acts_of(Paper).rules
        finally:
            acting._modules = _found
    return Registry([*(info.model for info in registry().values()), Paper])  # type: ignore[list-item]


_found = acting._modules


def schema(known: Registry) -> RegisterSchema:
    """The schema of the entities with this one."""
    return build_schema(known)
