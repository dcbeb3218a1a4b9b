"""Parameter 参数, and what parameters there are."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Mapped

from db.base import Scoped
from db.facts import Code, Entity, choice, day, ref, text
from db.models.register.mediation_committee import CommitteeType


class ParameterKey(Code):
    """参数名称. What a parameter says."""

    TERM_MONTHS = "TERM_MONTHS", "调委会任期", "", "months of a committee's term"
    FILING_DAYS = "FILING_DAYS", "备案期限", "", "days for a filing"


@dataclass(frozen=True)
class Definition:
    """What values a parameter may have, and what holds where no region says otherwise."""

    default: int
    unit: str
    source: str
    """The article or decision that the default rests on."""
    low: int
    high: int
    by: type[Code] | None = None
    """What a value may be said for alone, such as one type of committee."""


PARAMETERS: Mapping[ParameterKey, Definition] = {
    ParameterKey.TERM_MONTHS: Definition(36, "月", "人民调解法第九条：任期三年（D8）", 1, 120, by=CommitteeType),
    ParameterKey.FILING_DAYS: Definition(30, "日", "BR-07：变化之日起三十日内备案", 1, 365),
}


class Parameter(Scoped):
    """参数：一个区划自某日起适用的数值，如调委会任期；按事情发生之日取值，离得最近的上级区划优先。

    A number that holds in a region from one day to another: what a rule asks for by the day of the event, of the
    nearest region upward (``resolvers.commands.parameters``). Where none says anything, the default of its definition.
    """

    __entity__ = Entity(
        zh="参数",
        prefix="pm",
        label="key",
        menu="系统",
        listed=("region_id", "key", "qualifier", "value", "valid_from", "valid_to", "document_no"),
        technical=True,
        matrix=dict(
            PROV="RCU P^", CITY="RCU C^", DIST="RCU D^", DHR="R D^", OFFC="R S^", CENT="R D^", COMM="R K^",
            MEDR="R K^", AUDT="R D^",
        ),
    )  # fmt: skip

    region_id: Mapped[str] = ref("Region", "适用区划", "Where it holds, with all below.", fixed=True)
    key: Mapped[str] = choice(ParameterKey, "参数名称", "What it says.", fixed=True)
    qualifier: Mapped[str | None] = text(
        "只适用于", "The only member of an enumeration it holds for, such as VILLAGE; none: all.", 40, fixed=True
    )
    value: Mapped[str] = text("数值", "The number, in the unit of the parameter.", 40)
    valid_from: Mapped[dt.date] = day("起始日期", "First day.")
    valid_to: Mapped[dt.date | None] = day("终止日期", "Last day; none: until another one.")
    document_no: Mapped[str | None] = text("依据文号", "Number of the document that sets it.", 100)
