"""SubsidyClaim 补贴申报, ClaimShare 分配: as the field has them, made small."""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy.orm import Mapped

from db.facts import (
    Code,
    Entity,
    Machine,
    Parts,
    Role,
    Step,
    choice,
    encrypted,
    flag,
    long_text,
    money,
    number,
    ref,
    text,
)
from tests.trial.base import TrialPart, TrialScoped


class ClaimState(Code):
    """申报状态. Where a claim stands."""

    PROPOSED = "PROPOSED", "待申报"
    SUBMITTED = "SUBMITTED", "已申报"


class SubsidyClaim(TrialScoped):
    """补贴申报：一件结案、一份卷宗、一次补贴。A claim for one case."""

    __entity__ = Entity(
        zh="补贴申报", prefix="sc", label="claim_no", owner="committee", committee="committee", menu="补贴",
        listed=("claim_no", "amount", "state"),
        matrix=dict(PROV="R* P", CITY="Rm C", DIST="RCU D", OFFC="RU(amount) S", COMM="RCUS K", AUDT="R D"),
        machines=(
            Machine(
                "state",
                (
                    Step("propose", "提出", (), "PROPOSED", "C", (Role.COMM, Role.DIST)),
                    Step("submit", "申报", ("PROPOSED",), "SUBMITTED", "S", (Role.COMM,)),
                ),
                editable=("PROPOSED",),
            ),
        ),
    )  # fmt: skip

    claim_no: Mapped[str] = text("申报编号", "Number.", 20, unique=True)
    committee_id: Mapped[str] = ref("MediationCommittee", "调委会", "Whose claim it is.", fixed=True)
    amount: Mapped[Decimal | None] = money("金额", "What is paid in all.")
    state: Mapped[str] = choice(ClaimState, "状态", "By verbs only.", computed=True, default=ClaimState.PROPOSED)


class ClaimShare(TrialPart):
    """分配：一名调解员在一件补贴中的份额。The share of one mediator."""

    __entity__ = Parts(
        "SubsidyClaim", zh="分配", label="mediator_id", whole=("shares",), rules=("BR-62",), order=("-share",),
        unique=(("subsidy_claim_id", "mediator_id"),), matrix={"DIST": "RCUE(account_no) D"},
    )  # fmt: skip

    mediator_id: Mapped[str] = ref("Mediator", "调解员", "Who is paid.", fixed=True)
    share: Mapped[Decimal] = number("份额", "Part of the whole.", 7, 6, high=1)
    lead: Mapped[bool] = flag("主办", "Whether it was the mediator's case.")
    remark: Mapped[str | None] = long_text("说明", "Why so much.", personal="null")
    account_no = encrypted("账号", "Where it is paid to.", mask="mobile", length=11)


class Honour(TrialPart):
    """荣誉：一名调解员获得的表彰。What a mediator of ours was honoured with: child rows of an entity of the product."""

    __entity__ = Parts("Mediator", zh="荣誉", label="name")

    name: Mapped[str] = text("名称", "Name.")
