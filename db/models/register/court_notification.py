"""CourtNotification 通报法院."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy.orm import Mapped

from db.base import Scoped
from db.facts import Code, Entity, Link, Machine, Role, Step, choice, day, document, ref, text
from db.models.register.shapes import ROLL


class CourtNotificationState(Code):
    """通报状态. Where a court notification stands."""

    SENT = "SENT", "已通报"
    ACKNOWLEDGED = "ACKNOWLEDGED", "已签收"


class CourtNotification(Scoped):
    """通报法院：区县司法局将备案的调委会及其人员组成通报所在地基层人民法院（人民调解法第十条）。

    What the district bureau tells the basic court of the committees that were filed, and of their members (L10).
    Every filing goes into the next notification once (BR-13); what was sent is a copy and never changed.
    """

    __entity__ = Entity(
        zh="法院通报",
        prefix="cn",
        label="period",
        owner="court",
        menu="备案",
        listed=("court_id", "period", "state", "sent_on", "ack_on"),
        order=("-sent_on",),
        linked=(Link(unit="court_id"),),
        matrix=dict(PROV="R* P", CITY="R C", DIST="RC D", SECT="R D", OFFC="R S", COURT="RV L", AUDT="R D"),
        machines=(
            Machine(
                "state",
                (
                    Step("send", "通报", (), "SENT", "C", (Role.DIST,)),
                    Step("acknowledge", "签收", ("SENT",), "ACKNOWLEDGED", "V", (Role.COURT,)),
                ),
            ),
        ),
    )  # fmt: skip

    court_id: Mapped[str] = ref("OrgUnit", "法院", "The court.", fixed=True)
    period: Mapped[str] = text(
        "通报期间", "A year, half, quarter or month: 2026, 2026H1, 2026Q3 or 2026-09.", 7, fixed=True,
        pattern=r"(19|20|21)[0-9]{2}(H[12]|Q[1-4]|-(0[1-9]|1[0-2]))?",
        pattern_zh="年、半年、季度或月，如 2026、2026H1、2026Q3、2026-09",
    )  # fmt: skip
    state: Mapped[str] = choice(
        CourtNotificationState, "状态", "Changed by verbs only.", computed=True, default=CourtNotificationState.SENT
    )
    committee_snapshot: Mapped[dict[str, Any]] = document(
        "调委会名册", "The committees and members as they were filed.", copies=ROLL
    )
    sent_on: Mapped[dt.date] = day("通报日期", "When it was sent.", computed=True)
    ack_on: Mapped[dt.date | None] = day("签收日期", "When the court acknowledged it.", computed=True)
    ack_by_id: Mapped[str | None] = ref("UserAccount", "签收人", "Who acknowledged it.", computed=True, reverse=False)
