"""Enumerations of the field: what a code is, and the roles."""

from __future__ import annotations

import enum
from typing import Self


class Code(enum.Enum):
    """An enumeration of the field: a name for the API, a code for exchange and a Chinese term for people."""

    code: str
    zh: str
    en: str
    stat: str

    def __new__(cls, code: str, zh: str, stat: str = "", en: str = "") -> Self:
        member = object.__new__(cls)
        member._value_ = code
        member.code, member.zh, member.stat, member.en = code, zh, stat, en
        return member

    @classmethod
    def rollup(cls) -> dict[str, list[str]]:
        """The statistical columns that the members roll up to, in their order -> the names of the members of each;
        empty where the enumeration has none. A member without a column of its own rolls up to nothing (null)."""
        found: dict[str, list[str]] = {}
        for member in cls:
            if member.stat:
                found.setdefault(member.stat, []).append(member.name)
        return found

    @property
    def english(self) -> str:
        """What the name says in plain words, unless the member says more."""
        return self.en or self.name.replace("_", " ").lower()


class Role(Code):
    """角色. Who a grant makes of an account (DOMAIN 5.1)."""

    PROV = "PROV", "省厅工作人员", "", "provincial officer"
    CITY = "CITY", "市局工作人员", "", "city officer"
    DIST = "DIST", "区县局工作人员", "", "district bureau officer"
    DHR = "DHR", "区县局政工", "", "district personnel section"
    SECT = "SECT", "区县局业务科室", "", "bureau section officer"
    FINA = "FINA", "区县局支付人员", "", "payment officer"
    OFFC = "OFFC", "司法所工作人员", "", "judicial office"
    CENT = "CENT", "矛调中心工作人员", "", "mediation centre"
    COMM = "COMM", "调委会文书或主任", "", "committee clerk or director"
    MEDR = "MEDR", "人民调解员", "", "mediator"
    GRID = "GRID", "网格员", "", "grid worker"
    COURT = "COURT", "法院联络员", "", "court or tribunal partner"
    PART = "PART", "联动单位", "", "other partner"
    AUDT = "AUDT", "审计监督", "", "auditor"
    SYS = "SYS", "系统管理员", "", "technical administrator"
