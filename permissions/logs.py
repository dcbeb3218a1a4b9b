"""What the log says: one JSON object a line on standard error.

Of a failure it tells its kinds and its place in our code, never its words: the text of an exception may hold a
statement, its parameters and rows, and a stack tells whoever reads the log more than the place does. That goes for
ours and for what libraries log.
"""

from __future__ import annotations

import logging
import re
import sys
import threading
import traceback
from collections.abc import MutableMapping
from types import TracebackType
from typing import Any

import structlog

from settings import ROOT

_CHAIN = 5
"""Kinds that are named of a failure and what it followed from."""
_MACHINERY = "db/"


def configure() -> None:
    """The log of the process, for us and for libraries."""
    structlog.configure(
        processors=[
            withhold,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    if not any(isinstance(handler, Foreign) for handler in root.handlers):
        root.addHandler(Foreign(logging.WARNING))


def configure_process() -> None:
    """Also what Python prints of failures that nobody caught, in a process that does nothing but serve."""

    def crashed(kind: type[BaseException], problem: BaseException | None, _trace: TracebackType | None) -> None:
        if not issubclass(kind, KeyboardInterrupt | SystemExit):
            structlog.get_logger().error("crashed", **(failure(problem) if problem else {"error": [kind.__name__]}))

    sys.excepthook = crashed
    threading.excepthook = lambda said: crashed(said.exc_type, said.exc_value, None)
    sys.unraisablehook = lambda said: crashed(said.exc_type, said.exc_value, None)


def failure(problem: BaseException) -> dict[str, Any]:
    """What the log tells of a failure: ``error``, its kinds from the last to the first, and ``at``, its place."""
    kinds: list[str] = []
    each: BaseException | None = problem
    while each is not None and len(kinds) < _CHAIN:
        kinds.append(type(each).__qualname__)
        each = each.__cause__ or each.__context__
    return {"error": kinds, "at": place(problem)}


def place(problem: BaseException) -> str:
    """Where in our code it happened, as ``resolvers/run.py:131 run``; below it, where somebody asked for what failed
    in the layer that carries things out: ``resolvers/run.py:131 run > db/sqlite_reader.py:60 read``.
    """
    asking = innermost = last = ""
    for frame, line in traceback.walk_tb(problem.__traceback__):
        code = frame.f_code
        last = f"{code.co_filename.rpartition('/')[2]}:{line} {code.co_name}"
        name = code.co_filename.removeprefix(f"{ROOT}/")
        if name != code.co_filename and "site-packages" not in name:
            innermost = f"{name}:{line} {code.co_name}"
            asking = asking if name.startswith(_MACHINERY) else innermost
    places = dict.fromkeys(each for each in (asking, innermost) if each)
    return " > ".join(places) or last


def withhold(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """structlog's processor that leaves of exceptions what ``failure`` tells."""
    told = event.pop("exc_info", None)
    problem = sys.exception() if told is True else told[1] if isinstance(told, tuple) else told
    if isinstance(problem, BaseException):
        event.update(failure(problem))
    event.pop("stack_info", None)
    for name, value in event.items():
        if isinstance(value, BaseException):
            event[name] = type(value).__qualname__
    return event


class Foreign(logging.Handler):
    """What libraries log, in our shape."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print it."""
        print(line_of(record), file=sys.stderr, flush=True)


_FILLED = re.compile(r"""\n|Traceback|[%({<\["'`]""")
_render = structlog.processors.JSONRenderer(ensure_ascii=False)
_stamp = structlog.processors.TimeStamper(fmt="iso", utc=True)


def line_of(record: logging.LogRecord) -> str:
    """A library's record as a line: who says it, where, of what kind of failure, and its wording up to where
    something is filled in: that may be a value, a statement or a stack.
    """
    wording = _FILLED.split(str(record.msg), maxsplit=1)[0].strip()
    event: dict[str, Any] = {"event": wording, "logger": record.name}
    event |= {"level": record.levelname.lower(), "by": f"{record.filename}:{record.lineno}"}
    if record.exc_info and record.exc_info[1] is not None:
        event |= failure(record.exc_info[1])
    return str(_render(None, "", _stamp(None, "", event)))
