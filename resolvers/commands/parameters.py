"""What a rule asks the dated parameters for: by the day of the event and the region of the row (BREADTH M-18).

Of the rows that hold on that day the nearest region upward wins, and in one region the row of the row's own kind before
the one for all kinds; where there is none, the default. One prepared statement finds it, and only writes that need a
parameter run it: nothing is kept in the process, so nothing can be out of date in another one.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa

from db.models.system.parameter import PARAMETERS, ParameterKey
from db.types import Day, Text
from resolvers.commands.work import Work


def param(work: Work, key: ParameterKey, path: str, on: dt.date, by: str | None = None) -> int:
    """The value of a parameter in the region of `path` on a day, for the member `by` of what its values are said by."""

    def statement() -> sa.Select[Any]:
        row = work.table("Parameter")
        here, day = sa.bindparam("path", type_=Text(80)), sa.bindparam("day", type_=Day())
        return (
            sa.select(row.c.value)
            .where(
                row.c.deleted_at.is_(None), row.c.key == sa.bindparam("of", type_=row.c.key.type),
                row.c.valid_from <= day, sa.or_(row.c.valid_to.is_(None), row.c.valid_to >= day),
                sa.func.substr(here, 1, sa.func.length(row.c.scope_path)) == row.c.scope_path,
                sa.or_(row.c.qualifier.is_(None), row.c.qualifier == sa.bindparam("kind", type_=Text(40))),
            )
            .order_by(sa.func.length(row.c.scope_path).desc(), row.c.qualifier.is_(None))
            .limit(1)
        )  # fmt: skip

    given = {"of": key.name, "path": path, "day": on, "kind": by or ""}
    found = work.found(("parameter",), statement, given)
    return int(found[0]["value"]) if found else PARAMETERS[key].default
