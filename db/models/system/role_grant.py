"""RoleGrant 授权."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy.orm import Mapped

from db.base import Scoped
from db.facts import Copy, Entity, Role, Shape, choice, day, document, ref


class RoleGrant(Scoped):
    """授权：账号在某一区划、机构、调委会或调解员范围内的一个角色。

    A role of an account in one region (PROV CITY DIST DHR FINA AUDT), unit (SECT OFFC CENT COURT PART), committee
    (COMM) or mediator (MEDR); SYS has none of them.
    """

    __entity__ = Entity(
        zh="授权",
        prefix="gr",
        label="role",
        owner="account",
        menu="系统",
        listed=("account_id", "role", "region_id", "org_unit_id", "committee_id", "mediator_id", "valid_to"),
        technical=True,
        matrix=dict(PROV="RCU P", CITY="RCU C", DIST="RCU D", OFFC="RCU S", SYS="RCU A"),
    )  # fmt: skip

    account_id: Mapped[str] = ref("UserAccount", "账号", "Whose it is.", fixed=True)
    role: Mapped[str] = choice(Role, "角色", "Role.", fixed=True)
    region_id: Mapped[str | None] = ref(  # type: ignore[assignment]  # the grant's own region, not its owner's
        "Region", "授权区划", "PROV CITY DIST DHR FINA AUDT.", fixed=True
    )
    org_unit_id: Mapped[str | None] = ref("OrgUnit", "授权机构", "SECT OFFC CENT COURT PART.", fixed=True)
    committee_id: Mapped[str | None] = ref("MediationCommittee", "授权调委会", "COMM.", fixed=True)
    mediator_id: Mapped[str | None] = ref("Mediator", "授权调解员", "MEDR.", fixed=True)
    within: Mapped[list[dict[str, Any]] | None] = document(
        "授予范围", "Regions of who gave it: it reaches nothing beyond them. None: given on the server itself.",
        copies=Shape((Copy("Region", ("id", "code", "name")),)),
    )  # fmt: skip
    valid_from: Mapped[dt.date] = day("起始日期", "First day.")
    valid_to: Mapped[dt.date | None] = day("终止日期", "Last day.")
