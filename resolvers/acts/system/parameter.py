"""Dated parameters (BREADTH M-18): a value is one of its definition's, and no two hold at once in one region."""

from __future__ import annotations

from db.models.system.parameter import PARAMETERS, Definition, ParameterKey
from resolvers.acting import checks
from resolvers.commands.dates import overlap
from resolvers.commands.work import Draft


def _definition(draft: Draft) -> Definition | None:
    return PARAMETERS[ParameterKey[draft.row["key"]]] if draft.whole("key") else None


@checks
def check(draft: Draft) -> None:
    row = draft.row
    if draft.whole("valid_from", "valid_to") and row["valid_to"] < row["valid_from"]:
        draft.fault("valid_to", "RANGE", "早于起始日期", "is before validFrom")


@checks
def fits(draft: Draft) -> None:
    """A whole number in the bounds of the definition, said for all or for a member of what it may be said for."""
    said = _definition(draft)
    if said is None:
        return
    value = draft.row["value"]
    if draft.whole("value"):
        if not (value.isascii() and value.isdecimal() and said.low <= int(value) <= said.high):
            zh = f"应为 {said.low} 至 {said.high} 的整数（{said.unit}）"
            draft.fault("value", "RANGE", zh, f"must be a whole number from {said.low} to {said.high}")
        else:
            draft.row["value"] = str(int(value))
    names = [member.name for member in said.by] if said.by else []
    if draft.whole("qualifier") and draft.row["qualifier"] not in names:
        zh = f"应为 {'、'.join(names)} 之一" if names else "应留空：这个参数不分对象"
        draft.fault("qualifier", "RANGE", zh, f"must be one of {', '.join(names) or 'none'}")


@checks
def one_at_a_time(draft: Draft) -> None:
    """In one region a parameter has one value a day for one kind; two that are entered at once take turns."""
    row, table = draft.row, draft.info.table
    if not draft.whole("region_id", "key", "valid_from") or {"valid_to", "qualifier"} & draft.broken:
        return
    draft.work.hold("Region", row["region_id"])
    mine = (
        table.c.region_id == row["region_id"], table.c.key == row["key"], table.c.id != row["id"],
        table.c.qualifier.is_not_distinct_from(row["qualifier"]),
    )  # fmt: skip
    for other in draft.work.living("Parameter", *mine):
        if overlap(row["valid_from"], row["valid_to"], other["valid_from"], other["valid_to"]):
            until = other["valid_to"] or "今"
            zh = f"与自 {other['valid_from']} 至 {until} 的数值 {other['value']} 重叠"
            draft.fault("valid_from", "CONFLICT", zh, f"overlaps with the value of {other['valid_from']}")
            return
