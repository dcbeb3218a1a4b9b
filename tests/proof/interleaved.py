"""Requests of different people on the same connections: everybody gets what they get when they ask alone."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import orjson

from tests.proof.stage import PASSWORD, Stage
from tests.proof.wire import Answer, Asker, Line, bearer, graphql, request

if TYPE_CHECKING:
    from tests.proof.concurrency import Concurrency

LINES = 24
"""Connections that everybody's requests share."""
SAMPLE = 60
"""Questions that are asked alone once more, when all is over."""
LEFT_OUT = frozenset({"sysadmin"})
"""Who sees no row that others see would only repeat the same refusals."""
DOCUMENTS: tuple[tuple[str, str], ...] = (
    ("who", "{ me { login name grants { role } rights { entity operations scopes } } }"),
    ("committees", """{ mediationCommittees(orderBy: [{name: ASC}]) { totalCount nodes { id code name address
        region { name parent { name } } mediators { nodes { name idNumber mobile } } } } }"""),
    ("people", "{ mediators { totalCount nodes { name idNumber mobile mediatorNo } } }"),
    ("cases", """{ mediationCases { totalCount nodes { caseNo title placeText summary } aggregate { count }
        groupBy(by: [{disputeType: true}]) { nodes { count suppressed } } } }"""),
    ("counts", "{ mediationCases { totalCount aggregate { count suppressed } } }"),
    ("units", """{ hostUnits(where: {employeeCount: {gt: 1}}, first: 3) { totalCount nodes { name }
        pageInfo { endCursor } } }"""),
    ("search", '{ mediationCommittees(search: "village1") { nodes { name } } }'),
    ("one", "query ($committee: ID!) { mediationCommittee(by: {id: $committee}) { name phone } }"),
    ("node", "query ($person: ID!) { node(id: $person) { id ... on Mediator { name mobile } } }"),
    ("why", """query ($committee: ID!) {
        explainAccess(type: "MediationCommittee", action: "UPDATE", id: $committee) { allowed } }"""),
    ("closed", '{ mediationCases(where: {placeText: {contains: "x"}}) { totalCount } }'),
    ("wrong", "{ mediationCommittees { nodes { nothing } } }"),
    ("torn", "{ mediationCommittees { "),
    ("stale", """mutation ($unit: ID!) { updateHostUnit(by: {id: $unit}, patch: {employeeCount: 7}, ifVersion: 999) {
        hostUnit { version employeeCount } errors { path code message } } }"""),
)  # fmt: skip
PATHS = (
    f"/admin/api/tables/{quote('调解案件')}/",
    f"/admin/api/tables/{quote('人民调解委员会')}/count/",
    "/admin/api/tables/nothing/",
    "/admin/api/user/",
)
"""What is asked of the admin."""


@dataclass(frozen=True)
class Question:
    """Something that is asked in somebody's name."""

    login: str
    name: str

    def asked_by(self, asker: Asker, stage: Stage) -> bytes:
        """The request."""
        if self.name.startswith("/"):
            return request("GET", self.name, asker)
        ids = {"committee": stage.ids["committee3"], "person": stage.ids["mediator"], "unit": stage.ids["host2"]}
        document = dict(DOCUMENTS)[self.name]
        return graphql(asker, document, {name: known for name, known in ids.items() if f"${name}:" in document})


async def interleaved(stage: Stage, port: int, report: Concurrency, count: int, seed: int) -> None:
    """Ask `count` questions of everybody's, mixed over a few connections, while others leave in between."""
    logins = sorted(set(stage.tokens) - LEFT_OUT)
    names = [*(name for name, _ in DOCUMENTS), *PATHS]
    questions = [Question(login, name) for login in logins for name in names]
    alone = await _alone(stage, port, questions)
    _is_telling(report, alone, names, logins)
    askers = await _askers(stage, port, logins)
    dice = random.Random(seed)
    # Everything once, as far as it goes, and what is left over again.
    chosen = dice.sample(questions, min(count, len(questions)))
    chosen += [dice.choice(questions) for _ in range(count - len(chosen))]
    gone, wrong = await _mixed(stage, port, report, alone, askers, chosen, dice)
    again = await _alone(stage, port, dice.sample(questions, SAMPLE))
    changed = [question for question in again if again[question] != alone[question]]
    report.expect("之后再单独问，答复不同的", [], changed)
    report.lines.append(
        f"{len(chosen)} 个交错的请求：{len(logins)} 人用令牌和会话在 {LINES} 条连接上轮流问 {len(names)} 种，"
        f"{wrong} 个答复与单独问时不同；其间 {gone} 个请求中途断开"
    )


async def _alone(stage: Stage, port: int, questions: Sequence[Question]) -> dict[Question, Answer]:
    """The answers to everybody who asks one thing after the other, each over a connection of their own."""
    line: dict[str, Line] = {}
    found = {}
    for question in questions:
        mine = line.setdefault(question.login, Line(port))
        [found[question]] = await mine.ask(question.asked_by(bearer(stage.tokens[question.login]), stage))
    for each in line.values():
        each.leave()
    return found


def _is_telling(
    report: Concurrency, alone: dict[Question, Answer], names: Sequence[str], logins: Sequence[str]
) -> None:
    """Whether a mixed-up answer would show: people get different answers, some of them refusals."""
    kinds = {name: len({alone[Question(login, name)] for login in logins}) for name in names}
    report.expect("人人所答不同的问题有", True, kinds["who"] == kinds["/admin/api/user/"] == len(logins))
    report.expect("至少三种答复的问题过半", True, sum(kind >= 3 for kind in kinds.values()) * 2 > len(names))
    statuses = {answer.status for answer in alone.values()}
    report.expect("其中有成功也有拒绝", True, {200, 400, 404} <= statuses)
    report.expect("没有出错的答复", set(), {status for status in statuses if status >= 500})


async def _askers(stage: Stage, port: int, logins: Sequence[str]) -> dict[str, list[dict[str, str]]]:
    """Everybody by token and, signed in, by session."""
    line, found = Line(port), {}
    for login in logins:
        said = orjson.dumps({"login": login, "password": PASSWORD})
        [answer] = await line.ask(request("POST", "/session", {}, said))
        cookies = [value.partition(";")[0] for name, value in answer.headers if name == "set-cookie"]
        session = next(cookie for cookie in cookies if cookie.startswith("session="))
        found[login] = [bearer(stage.tokens[login]), {"Cookie": session, "X-CSRFToken": answer.json["csrfToken"]}]
    line.leave()
    return found


async def _mixed(
    stage: Stage, port: int, report: Concurrency, alone: dict[Question, Answer],
    askers: dict[str, list[dict[str, str]]], chosen: Sequence[Question], dice: random.Random,
) -> tuple[int, int]:  # fmt: skip
    """Ask all of them over shared connections, up to three in a row without waiting; how many clients left in between,
    and how many answers were another than alone."""
    parcels = _parcels(chosen, dice)
    gone, wrong = 0, list[Any]()

    async def work() -> None:
        nonlocal gone
        line = Line(port)
        for number, parcel in parcels:
            said = [question.asked_by(dice.choice(askers[question.login]), stage) for question in parcel]
            if number % 3 == 0:
                await _leave(port, said[0], dice)
                gone += 1
            answers = await line.ask(*said)
            wrong.extend((q, a.body[:300]) for q, a in zip(parcel, answers, strict=True) if a != alone[q])
        line.leave()

    await asyncio.gather(*(work() for _ in range(LINES)))
    report.expect("答复与单独问时不同的", [], wrong[:5])
    return gone, len(wrong)


def _parcels(chosen: Sequence[Question], dice: random.Random) -> Iterator[tuple[int, Sequence[Question]]]:
    at = number = 0
    while at < len(chosen):
        size = dice.choice((1, 1, 2, 3))
        yield number, chosen[at : at + size]
        at, number = at + size, number + 1


async def _leave(port: int, said: bytes, dice: random.Random) -> None:
    """Begin a request and go: in the middle of it, at its end, or while it is worked on."""
    line = Line(port)
    await line.say(said[: dice.choice((len(said) // 2, len(said) - 1, len(said), len(said)))])
    await asyncio.sleep(dice.choice((0, 0.002, 0.01)))
    line.leave()
