"""Our refusals -> GraphQL errors with the codes of API.md. Never SQL, a stack or a row's value."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from typing import Any

import structlog
from graphql import GraphQLError

from db.engine import TooSlow
from db.outages import is_outage
from permissions.logs import failure
from permissions.places import Overloaded
from resolvers.faults import RETRY, Denied, Fault
from schema.messages import worded

log = structlog.get_logger("graphql")


def user_error(fault: Fault, english: bool, details: dict[str, Any] | None = None) -> dict[str, Any]:
    """A fault as the payload's ``errors`` print it."""
    more = details if fault.code == "CONFLICT" and details else {}
    message = fault.en if english else fault.zh
    return {
        "path": list(fault.path),
        "code": fault.code,
        "kind": fault.kind.name,
        "severity": fault.severity,
        "message": message,
        "row": fault.row,
        "id": fault.row,
        **more,
    }


def public_error(error: GraphQLError, english: bool) -> dict[str, Any]:
    """An error as the answer prints it. What is no refusal of ours becomes INTERNAL with a reference number."""
    cause = _cause(error)
    formatted: dict[str, Any] = {"message": error.message}
    details: dict[str, Any] = {}
    if error.locations:
        formatted["locations"] = [{"line": place.line, "column": place.column} for place in error.locations]
    if error.path:
        formatted["path"] = error.path
    if isinstance(cause, Denied):
        formatted["message"], code, details = (cause.en if english else cause.zh), cause.code, cause.details
    elif isinstance(cause, RecursionError):
        formatted["message"], code = ("The query nests too deep." if english else "查询嵌套过深。"), "TOO_EXPENSIVE"
    elif error.path is None and isinstance(cause, ValueError):
        # Before execution: a literal that Python itself refuses, such as a number of thousands of digits.
        formatted["message"], code = ("A value is out of bounds." if english else "请求中的值超出范围。"), "BAD_INPUT"
    elif cause is None or isinstance(cause, GraphQLError):
        formatted["message"], code, details = worded(error, english), "BAD_INPUT", error.extensions or {}
    elif isinstance(cause, TooSlow):
        zh, en = "处理超时，没有写入；请稍后再试。", "It took too long; nothing was written. Try again."
        formatted["message"], code = (en if english else zh), "TIMEOUT"
    elif isinstance(cause, Overloaded):
        zh, en = "系统繁忙，请稍后再试。", "The server is busy; try again in a moment."
        formatted["message"], code, details = (en if english else zh), "UNAVAILABLE", {RETRY: 2}
    elif is_outage(cause):
        zh, en = "数据库暂时无法访问，请稍后再试。", "The database is unavailable; try again."
        formatted["message"], code, details = (en if english else zh), "UNAVAILABLE", {RETRY: 2}
    else:
        reference = secrets.token_hex(4)
        # The exception's text may hold a statement or a row: only its type and place go into the log.
        log.error("internal_error", reference=reference, **failure(cause))
        formatted = {"message": f"Internal error {reference}." if english else f"服务器内部错误，编号 {reference}。"}
        code = "INTERNAL"
    formatted["extensions"] = {**details, "code": code}
    return formatted


def denials(errors: Iterable[GraphQLError]) -> list[Denied]:
    """The refusals among the errors of an answer."""
    return [cause for cause in map(_cause, errors) if isinstance(cause, Denied)]


def _cause(error: GraphQLError) -> Exception | None:
    cause = error.original_error
    while isinstance(cause, GraphQLError) and cause.original_error is not None:
        cause = cause.original_error
    return cause
