"""Accounts, managed: first and fresh passwords, stand-ins, sessions, tokens. A secret is told once, in its answer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLBoolean,
    GraphQLField,
    GraphQLID,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLString,
)

from db.clock import SHANGHAI
from db.entity_info import EntityInfo
from db.facts import Role
from db.identity import global_id
from db.registry import Registry
from permissions.hands import HELD_ZH
from resolvers.commands.accounts import Period
from resolvers.faults import Refused, bad_input
from schema.context import Context
from schema.inputs import Inputs
from schema.objects import Objects
from schema.payloads import ERRORS, VERSION, origin, told
from schema.plans import Plans
from schema.scalars import DATE, DATETIME

Fields = dict[str, GraphQLField]


@dataclass
class Outcome:
    """What an act came to: the row or the thing it is about, the secret that belongs to it, or what was refused."""

    id: str | None = None
    ids: list[str] = field(default_factory=list)
    secret: str | None = None
    count: int | None = None
    errors: list[dict[str, Any]] = field(default_factory=list)


class AccountFields:
    """The fields of the query and mutation types that are about accounts; what rows can say, derived fields do."""

    def __init__(self, entities: Registry, inputs: Inputs, objects: Objects, plans: Plans) -> None:
        self.account, self.grant = entities["UserAccount"], entities["RoleGrant"]
        self.inputs, self.objects, self.plans = inputs, objects, plans
        self._by = GraphQLArgument(GraphQLNonNull(inputs.by(self.account)), description="键，只给一个。Whose.")

    # --- queries ----------------------------------------------------------------------------------------------------

    def queries(self) -> Fields:
        """``accountSessions`` and ``accountTokens``; one's own are ``ownAccount``'s."""
        session = _listed(
            "AccountSession", "一个登录会话。A signed-in browser.",
            seenAt=(DATETIME, "最近使用。Used last."), ip=(GraphQLString, "来源地址。From where."),
            agent=(GraphQLString, "浏览器。What the browser calls itself."),
            current=(GraphQLBoolean, "正在使用的这一个。The one that asks."),
        )  # fmt: skip
        token = _listed(
            "AccountToken", "一个访问令牌，令牌本身不再显示。An access token; itself it is shown no more.",
            name=(GraphQLString, "用途。What for."), expiresAt=(DATETIME, "有效期至。Until when."),
        )  # fmt: skip

        async def sessions(_root: Any, graphql: Any, of: Any) -> list[dict[str, Any]]:
            found = await _accounts(graphql).sessions(graphql.context.viewer, of)
            return [
                {"id": each.id, "createdAt": _text(each.created_at), "seenAt": _text(each.seen_at), "ip": each.ip,
                 "agent": each.agent, "current": each.current}
                for each in found
            ]  # fmt: skip

        async def tokens(_root: Any, graphql: Any, of: Any) -> list[dict[str, Any]]:
            found = await _accounts(graphql).tokens(graphql.context.viewer, of)
            return [
                {"id": each.id, "name": each.name, "createdAt": _text(each.created_at),
                 "expiresAt": _text(each.expires_at)}
                for each in found
            ]  # fmt: skip

        givable = _named(
            "GrantableRole", "可以授予的角色。A role that the viewer may give.",
            role=(self.inputs.enum(Role), "角色。The role."), label=(GraphQLString, "名称。Its name."),
            anchor=(GraphQLString, "按什么授权：region orgUnit committee mediator；空为不限。What it is held for."),
            level=(GraphQLString, "区划级别。Level of the region."), kind=(GraphQLString, "机构类别。Kind of unit."),
            until=(DATE, "最晚终止日期，空为不限。The last day it may end on; open where null."),
        )  # fmt: skip

        async def roles(_root: Any, graphql: Any) -> list[dict[str, Any]]:
            found = await _accounts(graphql).givable(graphql.context.viewer)
            return [
                {"role": each.role.name, "label": each.role.zh, "anchor": each.anchor, "level": each.level,
                 "kind": each.kind, "until": each.until and str(each.until)}
                for each in found
            ]  # fmt: skip

        async def acts(_root: Any, graphql: Any, of: Any) -> list[str]:
            found: list[str] = await _accounts(graphql).acts(graphql.context.viewer, of)
            return found

        said = "归自己管理的账号的"
        return {
            "grantableRoles": GraphQLField(
                _list(givable), resolve=roles, description="登录人可以授予的角色。The roles the viewer may give."
            ),
            "accountActs": GraphQLField(
                _list(GraphQLString),
                {"of": self._by},
                _readable(acts),
                description="登录人可以对账号做什么：MANAGE 维护账号、授权和会话；DISABLE 停用；"
                "TAKE_OVER 重置口令和两步验证、移交授权、签发令牌。What the viewer may do with an account.",
            ),
            "accountSessions": GraphQLField(
                _list(session), {"of": self._by}, _readable(sessions), description=f"{said}登录会话。Living sessions."
            ),
            "accountTokens": GraphQLField(
                _list(token), {"of": self._by}, _readable(tokens), description=f"{said}访问令牌。Living access tokens."
            ),
        }

    # --- mutations --------------------------------------------------------------------------------------------------

    def mutations(self) -> Fields:
        """The acts on accounts."""
        with_password = self._payload(
            "AccountPasswordPayload", "账号和它的一次性口令。An account and its first password.",
            self._row(), password=_SECRET, warning=_WARNING,
        )  # fmt: skip
        return {
            "enrolUserAccount": self._enrol(with_password),
            "resetPassword": self._reset(with_password),
            "resetSecondFactor": self._reset_factor(),
            "handOverGrants": self._hand_over(),
            **self._session_acts(),
            **self._token_acts(),
        }

    def _enrol(self, payload: GraphQLObjectType) -> GraphQLField:
        async def enrol(_root: Any, graphql: Any, input: Mapping[str, Any]) -> Outcome:
            made = await _accounts(graphql).enrol(graphql.context.viewer, input, origin(graphql))
            return Outcome(self._id(made.id), secret=made.secret)

        given = GraphQLArgument(
            GraphQLNonNull(self.inputs.values(self.account, False)), description="新账号，可连同授权。The new account."
        )
        zh = "新建账号并生成一次性口令，首次登录后须修改；不得超过本人的权限。A new account with its first password."
        return _act(payload, {"input": given}, enrol, "input", zh)

    def _reset(self, payload: GraphQLObjectType) -> GraphQLField:
        async def reset(_root: Any, graphql: Any, by: Any, ifVersion: int | None = None) -> Outcome:
            made = await _accounts(graphql).reset_password(graphql.context.viewer, by, ifVersion, origin(graphql))
            return Outcome(self._id(made.id), secret=made.secret)

        zh = "重置口令：生成一次性口令，解除锁定，结束其登录会话。A fresh password; the account's sessions end."
        return _act(payload, {"by": self._by, "ifVersion": VERSION}, reset, "", zh)

    def _reset_factor(self) -> GraphQLField:
        async def reset(_root: Any, graphql: Any, by: Any, ifVersion: int | None = None) -> Outcome:
            key = await _accounts(graphql).reset_second_factor(graphql.context.viewer, by, ifVersion, origin(graphql))
            return Outcome(self._id(key))

        payload = self._payload("AccountPayload", "对账号办理的结果。Outcome of an act on an account.", self._row())
        zh = "重置两步验证：本人丢失验证设备时；结束其登录会话。For who lost it; the account's sessions end."
        return _act(payload, {"by": self._by, "ifVersion": VERSION}, reset, "", zh)

    def _hand_over(self) -> GraphQLField:
        async def hand_over(
            _root: Any, graphql: Any, by: Any, to: Any, validTo: dt.date, validFrom: dt.date | None = None,
            leaves: bool = False,
        ) -> Outcome:  # fmt: skip
            period, accounts = Period(validFrom, validTo, leaves), _accounts(graphql)
            keys = await accounts.hand_over(graphql.context.viewer, by, to, period, origin(graphql))
            return Outcome(ids=[global_id(self.grant.facts.prefix, key) for key in keys])

        async def rows(outcome: Outcome, graphql: Any) -> list[Any]:
            found = await self.plans.rows_by_ids(self.grant, graphql, self.objects.entity(self.grant), outcome.ids)
            return [found.get(each) for each in outcome.ids]

        many = GraphQLField(
            GraphQLNonNull(GraphQLList(self.objects.entity(self.grant))),
            resolve=rows,
            description="代管人得到的授权。The rights the stand-in gets.",
        )
        payload = self._payload("HandOverPayload", "移交的结果。Outcome of a hand-over.", {self.grant.plural: many})
        arguments = {
            "by": self._by,
            "to": GraphQLArgument(GraphQLNonNull(self.inputs.by(self.account)), description="代管人。The stand-in."),
            "validFrom": GraphQLArgument(DATE, description="起始日期，不写为今天。First day; today without."),
            "validTo": GraphQLArgument(GraphQLNonNull(DATE), description="终止日期，含当日。Last day."),
            "leaves": GraphQLArgument(
                GraphQLNonNull(GraphQLBoolean), default_value=False,
                description="不再回来：原账号的授权于起始日期前一日终止。The rights of the account itself end before.",
            ),
        }  # fmt: skip
        zh = "把离岗人员的授权移交给代管人，到期自动终止。Hands the rights of a leaver to a stand-in, until a day."
        return _act(payload, arguments, hand_over, "", zh)

    def _session_acts(self) -> Fields:
        async def one(_root: Any, graphql: Any, id: str) -> Outcome:
            return Outcome(await _accounts(graphql).end_session(graphql.context.viewer, id))

        async def every(_root: Any, graphql: Any, of: Any) -> Outcome:
            return Outcome(count=await _accounts(graphql).end_sessions(graphql.context.viewer, of))

        identity = {"id": GraphQLArgument(GraphQLNonNull(GraphQLID), description="会话编号。Of ``accountSessions``.")}
        ended = {"endedId": _plain(GraphQLID, "已结束的会话。The session that ended.", lambda outcome: outcome.id)}
        count = {"endedCount": _plain(GraphQLInt, "结束了几个。How many.", lambda outcome: outcome.count)}
        return {
            "endAccountSession": _act(
                self._payload("EndAccountSessionPayload", "结束会话的结果。Outcome.", ended), identity, one, "",
                "结束一个登录会话。Signs one browser out.",
            ),
            "endAccountSessions": _act(
                self._payload("EndAccountSessionsPayload", "结束会话的结果。Outcome.", count), {"of": self._by}, every,
                "", "结束全部登录会话，正在使用的除外。Signs out everywhere but here.",
            ),
        }  # fmt: skip

    def _token_acts(self) -> Fields:
        async def issue(_root: Any, graphql: Any, by: Any, name: str, validTo: dt.date) -> Outcome:
            made = await _accounts(graphql).issue_token(graphql.context.viewer, by, name, validTo, origin(graphql))
            return Outcome(made.id, secret=made.secret)

        async def revoke(_root: Any, graphql: Any, id: str) -> Outcome:
            return Outcome(await _accounts(graphql).revoke_token(graphql.context.viewer, id))

        issued = {
            "id": _plain(GraphQLID, "令牌编号，供收回。Id of the token.", lambda outcome: outcome.id),
            "token": _SECRET,
        }
        arguments = {
            "by": self._by,
            "name": GraphQLArgument(GraphQLNonNull(GraphQLString), description="用途。What for."),
            "validTo": GraphQLArgument(GraphQLNonNull(DATE), description="有效期至。Last day."),
        }
        revoked = {"revokedId": _plain(GraphQLID, "已收回的令牌。The token that ended.", lambda outcome: outcome.id)}
        identity = {"id": GraphQLArgument(GraphQLNonNull(GraphQLID), description="令牌编号。Of ``accountTokens``.")}
        return {
            "issueAccountToken": _act(
                self._payload("IssueAccountTokenPayload", "新的令牌，只显示这一次。A token.", issued), arguments, issue,
                "", "为系统对接账号签发访问令牌。A token for a program's account.",
            ),
            "revokeAccountToken": _act(
                self._payload("RevokeAccountTokenPayload", "收回令牌的结果。Outcome.", revoked), identity, revoke, "",
                "收回一个访问令牌。Ends a token.",
            ),
        }  # fmt: skip

    # --- parts ------------------------------------------------------------------------------------------------------

    def _id(self, key: str) -> str:
        return global_id(self.account.facts.prefix, key)

    def _row(self) -> Fields:
        info: EntityInfo = self.account

        async def row(outcome: Outcome, graphql: Any) -> Any:
            if outcome.id is None:
                return None
            return await self.plans.row_by_id(info, graphql, self.objects.entity(info), outcome.id)

        return {info.single: GraphQLField(self.objects.entity(info), resolve=row, description="账号。The account.")}

    def _payload(self, name: str, said: str, fields: Fields, **more: GraphQLField) -> GraphQLObjectType:
        return GraphQLObjectType(name, {**fields, **more, "errors": ERRORS}, description=said)


_WARNING = GraphQLField(
    GraphQLString,
    resolve=lambda outcome, _: HELD_ZH if outcome.secret else None,
    description="知道一次性口令的人须知。What whoever knows the password should know.",
)
_SECRET = GraphQLField(
    GraphQLString,
    resolve=lambda outcome, _: outcome.secret,
    description="只显示这一次；同一 Idempotency-Key 再次请求时为 null。Told once; null where a request is repeated.",
)


def _plain(kind: Any, said: str, value: Callable[[Outcome], Any]) -> GraphQLField:
    return GraphQLField(kind, resolve=lambda outcome, _: value(outcome), description=said)


def _act(
    payload: GraphQLObjectType, arguments: dict[str, GraphQLArgument], act: Callable[..., Awaitable[Outcome]],
    argument: str, said: str,
) -> GraphQLField:  # fmt: skip
    """A mutation field whose refusals stand in its payload; paths begin with `argument` where it has one input."""

    async def resolve(root: Any, graphql: Any, **given: Any) -> Outcome:
        try:
            return await act(root, graphql, **given)
        except Refused as refused:
            return Outcome(errors=told(graphql.context, refused.faults, argument, refused.details))

    return GraphQLField(GraphQLNonNull(payload), arguments, resolve, description=said)


def _readable(ask: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """A query whose refusals are errors of the request: it has no payload to put them in."""

    async def resolve(root: Any, graphql: Any, **given: Any) -> Any:
        try:
            return await ask(root, graphql, **given)
        except Refused as refused:
            fault = refused.faults[0]
            raise bad_input(f"of：{fault.zh}", f"of: {fault.en}") from None

    return resolve


def _listed(name: str, said: str, /, **fields: tuple[Any, str]) -> GraphQLObjectType:
    """A type of things that have an id and a beginning."""
    identity = (GraphQLNonNull(GraphQLID), "编号，不透露其内容。Leads back to no secret.")
    return _named(name, said, id=identity, createdAt=(GraphQLNonNull(DATETIME), "开始时间。Since when."), **fields)


def _named(name: str, said: str, /, **fields: tuple[Any, str]) -> GraphQLObjectType:
    made = {field: GraphQLField(kind, description=text) for field, (kind, text) in fields.items()}
    return GraphQLObjectType(name, made, description=said)


def _list(kind: Any) -> Any:
    return GraphQLNonNull(GraphQLList(GraphQLNonNull(kind)))


def _accounts(graphql: Any) -> Any:
    context: Context = graphql.context
    return context.services.commands.accounts


def _text(moment: dt.datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(SHANGHAI).isoformat(timespec="milliseconds")
