"""``asOf``: a question put to the rows as they stood at a moment, with the rights of today.

Everything that a statement reads is then read as it stood (``db.history``), and what holds "today" holds on that day.
What the viewer may see is judged by today's grants on the row as it stood; what a grant leans on beside the row itself,
such as the committee that a person belongs to, is today's (``permissions.scopes`` reads the tables themselves).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import FromClause

from db.clock import SHANGHAI, WholeDay, now, today
from db.entity_info import EntityInfo
from db.history import as_of, shadow_of
from db.types import Day
from permissions.scopes import aggregates_only
from permissions.viewer import Viewer
from resolvers.binds import Binds, Call
from resolvers.faults import bad_input
from resolvers.months import is_last

_MOMENT, _DAY = "as_of", "as_of_day"


def moment_of(value: dt.datetime) -> dt.datetime:
    """The moment that an ``asOf`` names: of a day its end. Raises BAD_INPUT for the future; today has begun."""
    ahead = value.date() > today() if isinstance(value, WholeDay) else value > now()
    if ahead:
        raise bad_input("asOf 不能是将来。", "asOf must not lie in the future.")
    return dt.datetime.combine(value.date(), value.timetz())


def _moment(value: Any, _call: Call) -> dt.datetime:
    return moment_of(value)


def _day(value: Any, _call: Call) -> dt.date:
    return moment_of(value).astimezone(SHANGHAI).date()


def _month_end(value: Any, _call: Call) -> None:
    # Two tables of one day and the next would tell the row between them.
    if not (isinstance(value, WholeDay) and is_last(value.date())):
        raise bad_input(
            "asOf：只看汇总的角色只能问月末的日期，如 2026-03-31。",
            "asOf: roles that see aggregates only ask for the last day of a month.",
        )


@dataclass(frozen=True)
class Past:
    """The moment that a statement is about: a value that its plan looks up anew each time it runs."""

    leaf: Any

    @classmethod
    def of(cls, leaf: Any, info: EntityInfo, viewer: Viewer, binds: Binds) -> Past | None:
        """What ``asOf`` of a list or row of an entity means; None where it is not given."""
        if leaf is None:
            return None
        binds.leaves |= {_MOMENT: (leaf, _moment), _DAY: (leaf, _day)}
        binds.check(leaf, _moment)
        if aggregates_only(info, viewer):
            binds.check(leaf, _month_end)
        return cls(leaf)

    def rows(self, info: EntityInfo, name: str) -> FromClause:
        """The rows of an entity as they stood. Raises BAD_INPUT for one that keeps no history."""
        if shadow_of(info.table) is None:
            raise bad_input(
                f"“{info.facts.zh}”没有历史，不能用 asOf。", f"{info.name} keeps no history; asOf cannot be asked."
            )
        return as_of(info.table)(name)

    def day(self) -> sa.BindParameter[Any]:
        """The day of the moment, in China: what "today" means then."""
        return sa.bindparam(_DAY, type_=Day())
