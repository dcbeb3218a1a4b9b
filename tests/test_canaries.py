"""No error and no line of the log holds SQL, parameters, a stack or a value of a row: what every test is watched for
(``tests.canaries``) is found where it is planted, and the log of a failure holds none of it.
"""

from __future__ import annotations

import gzip
import json
import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest
import structlog
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from permissions import logs
from resolvers.faults import Fault, Refused, bad_input
from tests.canaries import MARK, ROOT, SECRET, watch
from tests.resolvers.town import citizen

STACK = 'Traceback (most recent call last):\n  File "x.py", line 1, in f'
SQL = "SELECT name FROM mediator WHERE id = $1"


# --- the watch finds what is planted ----------------------------------------------------------------------------------


def refusal(message: str) -> bytes:
    return orjson.dumps({"errors": [{"message": message, "extensions": {"code": "BAD_INPUT"}}], "data": None})


def payload(message: str) -> bytes:
    return orjson.dumps({"data": {"c": {"errors": [{"path": ["input"], "code": "RANGE", "message": message}]}}})


def rows(**values: Any) -> bytes:
    return orjson.dumps({"data": {"mediators": {"nodes": [values]}}})


LEAKS = {
    "a stack": (500, STACK.encode()),
    "a statement": (400, refusal(SQL)),
    "a statement, well": (200, refusal("near INSERT INTO x")),
    "parameters": (200, refusal("[parameters: ('x',)]")),
    "a violated constraint": (200, payload("UNIQUE constraint failed: mediator.mobile")),
    "a row's text": (200, refusal(f"张三{MARK}")),
    "a row's text, escaped": (500, json.dumps(f"张三{MARK}").encode()),
    "a row's text in a payload": (200, payload(f"张三{MARK}")),
    "a telephone": (403, refusal("13800000001")),
    "a path": (404, f"{ROOT}/app.py".encode()),
    "a database": (503, b"postgresql+asyncpg://u:p@h/d"),
    "a token": (401, b"fq_" + b"x" * 43),
    "a ciphertext": (422, b"2.0a1b2c3d." + b"x" * 60),
    "a hash in data": (200, rows(name="$argon2id$v=19")),
    "a secret in data": (200, rows(name=f"{SECRET}id_number_digest-7")),
    "a number in data": (200, rows(idNumber=citizen(1))),
}
HARMLESS = {
    "a row's text in data": (200, rows(name=f"张三{MARK}")),
    "a mask": (200, rows(idNumber="320*************1X", mobile="138****0001")),
    "what is revealed": (200, orjson.dumps({"data": {"reveal": {"value": citizen(1)}}})),
    "words": (400, refusal("请求有误：select … from 不能这样写。")),
    "a code of a region": (200, rows(code="320199000000")),
}


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("case", LEAKS | HARMLESS)
def test_an_answer_that_leaks_is_found_and_no_other(case: str, packed: bool) -> None:
    """Whatever its status, in its errors and in its data, packed or not; data may hold rows."""
    status, body = (LEAKS | HARMLESS)[case]
    headers = {"Content-Encoding": "gzip"} if packed else {}

    async def respond(_request: Request) -> Response:
        return Response(gzip.compress(body) if packed else body, status, headers, media_type="application/json")

    with watch.expecting() as found:
        assert TestClient(Starlette(routes=[Route("/x", respond)])).get("/x").status_code == status
    assert len(found) == (1 if case in LEAKS else 0), found
    assert all(leak.startswith(f"GET /x answered {status} with ") for leak in found)


def test_a_header_that_leaks_is_found() -> None:
    async def respond(_request: Request) -> Response:
        return Response(headers={"X-Reason": "no such table: mediator"})

    with watch.expecting() as found:
        TestClient(Starlette(routes=[Route("/x", respond)])).get("/x")
    assert len(found) == 1


@pytest.mark.parametrize("told", [{"sql": SQL}, {"errors": [ValueError(f"x{MARK}")]}, {"row": (1, citizen(1))}])
def test_a_line_of_the_log_that_leaks_is_found(told: dict[str, Any]) -> None:
    """Whether it comes with the logger or with the line."""
    log: Any = structlog.get_logger()
    with capture_logs():
        with watch.expecting() as bound:
            log.bind(**told).debug("x")
        with watch.expecting() as given:
            log.error("y", **told)
    assert (len(bound), len(given)) == (1, 1)


@pytest.mark.parametrize("words", [SQL, f"已有张三{MARK}", f"“{citizen(1)}”已登记"])
def test_a_refusal_that_leaks_is_found(words: str) -> None:
    """Also where nobody words it as an answer."""
    with watch.expecting() as found:
        Refused([Fault(("input",), "RANGE", words, "It is wrong.")])
    with watch.expecting() as denied:
        bad_input("不对。", words)
    assert (len(found), len(denied)) == (1, 1)


def test_a_library_that_words_a_leak_is_found(capsys: pytest.CaptureFixture[str]) -> None:
    with watch.expecting() as found:
        logging.getLogger("a.dependency").error(SQL)
    assert len(found) == 1
    capsys.readouterr()  # where a server was made before, its log printed the line as well


def test_a_leak_fails_the_test_that_ran_and_only_that(tmp_path: Path) -> None:
    """By itself, whatever the test looks at: an answer, a line, what a program that it starts prints."""
    (tmp_path / "test_planted.py").write_text(
        "import logging, subprocess, sys, structlog\n"
        "from starlette.responses import PlainTextResponse\n"
        "from starlette.applications import Starlette\n"
        "from starlette.routing import Route\n"
        "from starlette.testclient import TestClient\n"
        f"async def broken(request): return PlainTextResponse({STACK!r}, 500)\n"
        "def test_answer(): TestClient(Starlette(routes=[Route('/', broken)])).get('/')\n"
        f"def test_line(): structlog.get_logger().info('x', sql={SQL!r})\n"
        f"def test_library(): logging.getLogger('x').warning({SQL!r})\n"
        f"def test_program(): subprocess.call([sys.executable, '-c', 'raise ValueError'])\n"
        "def test_nothing(): structlog.get_logger().info('x')\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.canaries", "-p", "no:cacheprovider", "--rootdir"]
    quiet = {name: value for name, value in os.environ.items() if name != "CI"}  # there pytest repeats itself
    done = subprocess.run(
        [*command, tmp_path, tmp_path], cwd=ROOT, env=quiet, capture_output=True, text=True, timeout=120
    )
    assert "4 failed, 1 passed" in done.stdout, done.stdout
    assert done.stdout.count("gave away what no error and no log may hold") == 4


# --- the log ----------------------------------------------------------------------------------------------------------


def broken() -> Exception:
    """A failure whose words, whose cause's words and whose stack say too much."""
    try:
        try:
            raise ValueError(f"{SQL} {MARK}")
        except ValueError as problem:
            raise LookupError(citizen(1)) from problem
    except LookupError as problem:
        return problem


def test_of_a_failure_the_log_tells_kinds_and_place(capfd: pytest.CaptureFixture[str]) -> None:
    """Ours and a library's, however it is handed over; each is a line of JSON."""
    logs.configure()
    problem = broken()
    theirs = logging.getLogger("a.dependency")
    structlog.get_logger().error("ours", problem=problem)
    structlog.get_logger().error("ours", exc_info=problem)
    theirs.error("Exception in an application\n", exc_info=problem)
    theirs.error("terminating %r", broken)
    theirs.error(f"Exception in callback f({MARK!r})")
    theirs.error(STACK)
    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    assert [line.get("error") for line in lines] == [
        None, ["LookupError", "ValueError"], ["LookupError", "ValueError"], None, None, None,
    ]  # fmt: skip
    assert {line["at"].partition(":")[0] for line in lines if "at" in line} == {"tests/test_canaries.py"}
    assert [line["event"] for line in lines[2:]] == [
        "Exception in an application", "terminating", "Exception in callback f", "",
    ]  # fmt: skip
