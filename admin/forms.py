"""What the front end's forms send -> data of a command; what a command refuses -> lines above the form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from starlette.responses import JSONResponse, PlainTextResponse, Response

from admin.gate import NOT_FOUND
from admin.rows import form_value
from admin.tables import REASON, Column, Table
from resolvers.faults import Denied, Fault, Refused

STALE = "已被他人修改：请返回列表重新打开这一条，再做修改。"
_STATUS = {"UNAUTHENTICATED": 401, "FORBIDDEN": 403, "RATE_LIMITED": 429, "TIMEOUT": 503, "UNAVAILABLE": 503}


def new_data(columns: Iterable[Column], body: Mapping[str, Any]) -> dict[str, Any]:
    """The input of a create: every field that was filled in."""
    values = {column.public: _input(column, body.get(column.wire)) for column in columns}
    return {name: value for name, value in values.items() if value is not None}


def patch_data(columns: Iterable[Column], body: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    """The patch of an update: what differs from the row as the viewer sees it.

    The form sends every field back, masks and references that are not visible included; those are no changes.
    """
    found = {}
    for column in columns:
        if column.wire in body and _blank(body[column.wire]) != form_value(column, row.get(column.public)):
            found[column.public] = _input(column, body[column.wire])
    return found


def unknown(known: Iterable[Column], body: Mapping[str, Any]) -> list[Fault]:
    """Faults for what the body names and nobody asked for."""
    names = {column.wire for column in known} | {REASON}
    wrong = [name for name in body if name not in names]
    return [Fault((name,), "READ_ONLY", "不能修改这一项。", "This cannot be changed.") for name in wrong]


def _blank(value: Any) -> Any:
    """None for what a form sends for nothing."""
    if isinstance(value, list):
        value = [item for item in value if item not in ("", None)]
    return None if value in ("", [], None) else value


def _input(column: Column, value: Any) -> Any:
    value = _blank(value)
    if column.reference is None or value is None:
        return value
    return {"id": value}


# --- refusals ---------------------------------------------------------------------------------------------------------


def not_found() -> Response:
    """The answer to what is not there, and to what may not be seen."""
    return PlainTextResponse(NOT_FOUND, 404)


def refused(table: Table, problem: Refused) -> Response:
    """Everything the user can mend, one line each."""
    if any(fault.code == "CONFLICT" and fault.path[:1] == ("ifVersion",) for fault in problem.faults):
        return PlainTextResponse(STALE, 409)
    if any(fault.code == "NOT_FOUND" and fault.path[:1] == ("by",) for fault in problem.faults):
        return not_found()
    return JSONResponse({"detail": [_line(table, fault) for fault in problem.faults]}, 422)


def denied(problem: Denied) -> Response:
    """What cannot be answered at all."""
    if problem.code == "BAD_INPUT":
        return JSONResponse({"detail": [{"loc": ["query", "条件"], "msg": problem.zh}]}, 422)
    return PlainTextResponse(problem.zh, _STATUS.get(problem.code, 400))


def _line(table: Table, fault: Fault) -> dict[str, Any]:
    label = _place(table, fault)
    # The front end puts the label before the sentence; commands put it into the sentence.
    line = {"loc": ["body", label], "msg": fault.zh.removeprefix(f"“{label}”")}
    if fault.severity == "WARN":
        line |= {"msg": f"{line['msg']}（提醒：再次保存即表示知悉并继续）", "warning": fault.code}
    return line


def _place(table: Table, fault: Fault) -> str:
    """The label of the field a fault is about."""
    for name in fault.path:
        if name in table.by_public:
            return table.by_public[name].wire
        if name == "reason":
            return REASON
    known = fault.path and (fault.path[-1] in table.columns or fault.code == "READ_ONLY")
    return fault.path[-1] if known else table.wire
