"""Clients that write without end, and note what they sent before they send it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine
from typing import Any

from db.clock import today
from tests.proof.ledger import Act, Ledger
from tests.proof.stage import Stage
from tests.proof.wire import Answer, Line, bearer, graphql
from tests.resolvers.test_cases import case
from tests.resolvers.town import code_of, host

_CREATE = """mutation ($input: HostUnitInput!) {
  createHostUnit(input: $input) { hostUnit { id version } errors { path code } } }"""
_READ = "query ($id: ID!) { hostUnit(by: {id: $id}) { version employeeCount } }"
_ADD = """mutation ($id: ID!, $n: Int!, $v: Int!) {
  updateHostUnit(by: {id: $id}, patch: {employeeCount: $n}, ifVersion: $v) {
    hostUnit { id version } errors { path code } } }"""
_REGISTER = """mutation ($input: MediationCaseInput!) {
  createMediationCase(input: $input) { mediationCase { id version } errors { path code } } }"""
_OPEN = """query ($committee: ID!) { committeeFilings(where: {committee: {id: {eq: $committee}}, state: {eq: DRAFT}}) {
  nodes { id version } } }"""
_START = """mutation ($input: CommitteeFilingInput!) {
  createCommitteeFiling(input: $input) { committeeFiling { id version } errors { path code } } }"""
_WITHDRAW = """mutation ($id: ID!, $v: Int!) {
  withdrawCommitteeFiling(by: {id: $id}, ifVersion: $v) { committeeFiling { id version } errors { path code } } }"""
_AWAY = frozenset({"UNAVAILABLE"})
"""What is answered while the database is away: it says nothing of whether it was written."""


class Writers:
    """Ten clients, each with a connection of its own, which is opened again where it breaks."""

    def __init__(self, stage: Stage, ledger: Ledger) -> None:
        self.stage, self.ledger = stage, ledger
        self._stopped = False
        self._serial = self._done = 0
        self._surprises: list[str] = []

    def begin(self, port: int, dice: random.Random) -> list[Coroutine[Any, Any, None]]:
        """The work of all of them, until ``stop``."""
        self._stopped = False
        work: list[Callable[[Line], Coroutine[Any, Any, None]]] = [
            *(lambda line, i=i: self._make(line, dice, keyed=i % 2 == 0) for i in range(4)),
            *(lambda line, login=login: self._add(line, login) for login in ("district2", "office")),
            *(lambda line, i=i: self._register(line, i, dice) for i in range(2)),
            *(lambda line, i=i: self._file(line, i) for i in (2, 3)),
        ]
        return [self._loop(Line(port), each, dice) for each in work]

    def stop(self) -> None:
        """Nobody begins anything any more."""
        self._stopped = True

    async def acknowledged(self, more: int) -> None:
        """Returns when so many more writes are."""
        wanted = self._done + more
        while self._done < wanted:
            await asyncio.sleep(0.001)

    def take_surprises(self) -> list[str]:
        """Refusals that nobody had reason to expect, since the last time."""
        found, self._surprises = self._surprises, []
        return found

    async def _loop(self, line: Line, act: Callable[[Line], Coroutine[Any, Any, None]], dice: random.Random) -> None:
        while not self._stopped:
            try:
                await act(line)
            except (OSError, EOFError):  # the server is gone, or is coming again
                await asyncio.sleep(0.01 + dice.random() * 0.02)
        line.leave()

    # --- what they do ------------------------------------------------------------------------------------------------

    async def _make(self, line: Line, dice: random.Random, keyed: bool) -> None:
        """A host unit that is called like no other."""
        name = self._name("unit")
        made = host(name=name, region={"connect": {"code": code_of("village1")}}, employeeCount=dice.randint(1, 900))
        act = Act("HostUnit", name=name, key=f"key of {name}" if keyed else None, says={"name": name})
        act.document, act.variables = _CREATE, {"input": made}
        await self._send(line, "district", act)

    async def _add(self, line: Line, login: str) -> None:
        """One more on a number that another client adds to, too."""
        unit = self.stage.ids["host0"]
        answer = await self._read(line, login, _READ, {"id": unit})
        if answer is None:
            return
        seen = answer["hostUnit"]
        # The number is a function of the version, so that a step that was lost shows for ever.
        act = Act("HostUnit", row=unit, version=seen["version"] + 1, document=_ADD)
        act.says = {"employeeCount": seen["employeeCount"] + 1, "version": seen["version"] + 1}
        act.variables = {"id": unit, "n": seen["employeeCount"] + 1, "v": seen["version"]}
        if seen["employeeCount"] - seen["version"] != 9:
            self._surprises.append(f"计数与版本不符：{seen}")
        await self._send(line, login, act, expected="CONFLICT")

    async def _register(self, line: Line, number: int, dice: random.Random) -> None:
        """A case, which counts in a rollup and takes a number."""
        title = self._name("case")
        made = case(
            "", committee={"connect": {"id": self.stage.ids[f"committee{number}"]}}, title=title,
            region={"connect": {"code": code_of(f"village{number + 1}")}}, headcount=dice.randint(2, 9),
            disputeType=dice.choice(("NEIGHBOUR", "FAMILY")), amountClaimed=str(dice.randint(0, 10**6)),
        )  # fmt: skip
        act = Act("MediationCase", name=title, document=_REGISTER, variables={"input": made}, says={"title": title})
        await self._send(line, "office", act)

    async def _file(self, line: Line, number: int) -> None:
        """A filing that is begun, or taken back where one is begun."""
        committee, login = self.stage.ids[f"committee{number}"], f"clerk{number}"
        answer = await self._read(line, login, _OPEN, {"committee": committee})
        if answer is None:
            return
        if drafts := answer["committeeFilings"]["nodes"]:
            row, version = drafts[0]["id"], drafts[0]["version"]
            act = Act("CommitteeFiling", row=row, version=version + 1, document=_WITHDRAW)
            act.variables, act.says = {"id": row, "v": version}, {"state": "WITHDRAWN"}
        else:
            made = {"committee": {"connect": {"id": committee}}, "type": "ESTABLISH", "eventOn": today()}
            act = Act("CommitteeFiling", document=_START, variables={"input": made}, says={"state": "DRAFT"})
        await self._send(line, login, act)

    def _name(self, what: str) -> str:
        self._serial += 1
        return f"{what} {self._serial:06d}"

    # --- sending ------------------------------------------------------------------------------------------------------

    async def _read(self, line: Line, login: str, document: str, variables: dict[str, Any]) -> Any:
        [answer] = await line.ask(graphql(bearer(self.stage.tokens[login]), document, variables))
        if answer.status != 200 or "errors" in answer.json:
            return await self._away(answer)
        return answer.json["data"]

    async def _send(self, line: Line, login: str, act: Act, expected: str = "") -> None:
        """Note the act, send it, and note what was answered."""
        self.ledger.acts.append(act)
        asked = graphql(bearer(self.stage.tokens[login]), act.document, act.variables, act.key)
        [answer] = await line.ask(asked)
        payload = answer.payload()
        if payload is None:
            act.away = True
            return await self._away(answer)
        if payload["errors"]:
            act.refused = ",".join(error["code"] for error in payload["errors"])
            if act.refused != expected:
                self._surprises.append(f"没有料到的拒绝：{answer.body[:300]!r}")
            return None
        [row] = (value for name, value in payload.items() if name != "errors")
        if row is None:
            self._surprises.append(f"确认了却没有：{act.name or act.row}")
            act.acknowledged = True
            return None
        told = {"version": row["version"], "row": row["id"]}
        if act.row is not None and told != {"version": act.version, "row": act.row}:
            self._surprises.append(f"答复与提交不符：{told}")
        act.acknowledged, act.row, act.version = True, row["id"], row["version"]
        self._done += 1
        return None

    async def _away(self, answer: Answer) -> None:
        """Note an answer that is none, unless it says that the database was away."""
        codes = {error["extensions"]["code"] for error in answer.json.get("errors", ())}
        if not codes or codes - _AWAY:
            self._surprises.append(f"没有料到的答复：{answer.status} {answer.body[:300]!r}")
        await asyncio.sleep(0.05)
