"""Evaluation 考评: of a mediator or of a committee, whose region owns it."""

from __future__ import annotations

from sqlalchemy.orm import Mapped

from db.facts import Entity, integer, one_of, text
from tests.trial.base import TrialScoped


class Evaluation(TrialScoped):
    """考评：对一名调解员或一个调委会。An evaluation of one of them."""

    __entity__ = Entity(
        zh="考评", prefix="ev", label="title", owner="subject",
        matrix=dict(PROV="R P", CITY="R C", DIST="RCUX D", OFFC="RCU S", AUDT="R D"),
    )  # fmt: skip

    title: Mapped[str] = text("名称", "Title.")
    points: Mapped[int] = integer("得分", "Points.", high=100)
    subject = one_of({"mediator_id": "Mediator", "committee_id": "MediationCommittee"}, "考评对象", "Who is evaluated.")
