"""One's own account: ``ownAccount`` and the mutations for password, second factor, sessions and tokens.

None needs a right; whoever has a duty to do first (``permissions.duties``) finds the way out of it here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLArgument,
    GraphQLBoolean,
    GraphQLError,
    GraphQLField,
    GraphQLID,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLString,
    InlineFragmentNode,
    SelectionSetNode,
)

from db.clock import SHANGHAI
from db.texts import clean
from permissions import duties, own_account
from permissions.identities import forget
from permissions.sessions import Listed
from permissions.sign_ins import Refusal, change_password
from resolvers.faults import Denied, Fault, rate_limited
from schema.context import Context
from schema.documents import Rejected, Work
from schema.errors import user_error
from schema.payloads import ERRORS
from schema.scalars import DATETIME

Fields = dict[str, GraphQLField]


def check_duty(work: Work, context: Context) -> None:
    """Raises Rejected where the viewer has something else to do before it may run this operation."""
    viewer = context.viewer
    fragments = work.operation.document.fragments
    if viewer.duty is None or duties.open_fields(viewer, _roots(work.operation.node.selection_set, fragments)):
        return
    denied = Denied("FORBIDDEN", *duties.WORDS[viewer.duty], details={"duty": viewer.duty})
    raise Rejected([GraphQLError(denied.en, original_error=denied)])


def _roots(selected: SelectionSetNode, fragments: Mapping[str, FragmentDefinitionNode]) -> set[str]:
    """The names of an operation's root fields, whatever fragments they stand in, each looked into once."""
    found, seen, left = set(), set(), [selected]
    while left:
        for node in left.pop().selections:
            if isinstance(node, FieldNode):
                found.add(node.name.value)
            elif isinstance(node, InlineFragmentNode):
                left.append(node.selection_set)
            elif isinstance(node, FragmentSpreadNode) and node.name.value not in seen:
                seen.add(node.name.value)
                left.append(fragments[node.name.value].selection_set)
    return found


# --- reading ----------------------------------------------------------------------------------------------------------


def _moment(name: str, said: str) -> GraphQLField:
    def printed(row: Any, _: Any) -> str | None:
        found: dt.datetime | None = getattr(row, name)
        return None if found is None else found.astimezone(SHANGHAI).isoformat(timespec="milliseconds")

    return GraphQLField(DATETIME, resolve=printed, description=said)


def _plain(kind: Any, name: str, said: str) -> GraphQLField:
    return GraphQLField(kind, resolve=lambda row, _: getattr(row, name), description=said)


def _is_present(session: Listed, graphql: Any) -> bool:
    present: str | None = graphql.context.viewer.session
    return session.token_hash == present


_SESSION = GraphQLObjectType(
    "OwnSession",
    {
        "id": _plain(GraphQLNonNull(GraphQLID), "id", "编号。Id."),
        "createdAt": _moment("created_at", "登录时间。When it began."),
        "seenAt": _moment("seen_at", "最近使用。Last use."),
        "ip": _plain(GraphQLString, "ip", "来源地址。Address."),
        "agent": _plain(GraphQLString, "agent", "浏览器。Browser."),
        "present": GraphQLField(
            GraphQLNonNull(GraphQLBoolean), resolve=_is_present, description="就是这一处。This very one."
        ),
    },
    description="一处登录。A place where one is signed in.",
)
_TOKEN = GraphQLObjectType(
    "OwnToken",
    {
        "id": _plain(GraphQLNonNull(GraphQLID), "id", "编号，不是令牌。Its name here, not the token."),
        "name": _plain(GraphQLNonNull(GraphQLString), "name", "用途。What for."),
        "createdAt": _moment("created_at", "签发时间。When it was made."),
        "expiresAt": _moment("expires_at", "到期时间。When it ends."),
    },
    description="一个访问令牌。A bearer token.",
)


def _many(kind: GraphQLObjectType) -> Any:
    return GraphQLNonNull(GraphQLList(GraphQLNonNull(kind)))


_ACCOUNT = GraphQLObjectType(
    "OwnAccount",
    {
        "duty": GraphQLField(
            GraphQLString,
            resolve=lambda _, graphql: graphql.context.viewer.duty,
            description="须先办的事：CHANGE_PASSWORD 或 ENROL_SECOND_FACTOR。What has to be done before all else.",
        ),
        "secondFactor": _plain(
            GraphQLNonNull(GraphQLBoolean), "second_factor", "已启用两步验证。A second factor is set up."
        ),
        "secondFactorRequired": _plain(
            GraphQLNonNull(GraphQLBoolean), "second_factor_required", "角色要求两步验证。A role requires it."
        ),
        "recoveryCodesLeft": _plain(
            GraphQLNonNull(GraphQLInt), "recovery_codes_left", "未用的恢复码个数。Recovery codes left."
        ),
        "sessions": _plain(
            _many(_SESSION), "sessions", "现有的登录，最近使用的在前。Where one is signed in, latest first."
        ),
        "tokens": _plain(_many(_TOKEN), "tokens", "有效的访问令牌，最新的在前。Living tokens, latest first."),
    },
    description="本人的账号。One's own account.",
)


def own_account_reads() -> Fields:
    """``ownAccount``."""

    async def resolve(_root: Any, graphql: Any) -> own_account.Standing:
        context: Context = graphql.context
        return await own_account.standing(context.services.database.as_system(), context.viewer)

    return {
        "ownAccount": GraphQLField(
            GraphQLNonNull(_ACCOUNT), resolve=resolve, description="本人的账号。One's own account."
        )
    }


# --- writing ----------------------------------------------------------------------------------------------------------


def own_account_writes() -> Fields:
    """The mutations of one's own account."""
    password = _argument("当前口令。The present password.")
    otp = _argument("动态验证码或恢复码。A one-time code or a recovery code.")
    identity = _argument("编号。Id.", GraphQLID)
    codes = GraphQLList(GraphQLNonNull(GraphQLString))
    return {
        "changePassword": _field(
            _change, "ChangePassword", {}, "修改本人的口令；其他各处登录随即退出。"
            "Changes one's password; all other sessions end.",
            password=password, newPassword=_argument("新口令。The new password."),
        ),
        "enrolSecondFactor": _field(
            _enrol, "EnrolSecondFactor",
            {
                "secret": _result(GraphQLString, "手工输入验证器的密钥。To be typed into the app."),
                "uri": _result(GraphQLString, "otpauth 地址，可画成二维码。To be drawn as a QR code."),
            },
            "开始启用两步验证，用 confirmSecondFactor 完成。"
            "Begins a second factor; confirmSecondFactor ends it.", password=password,
        ),
        "confirmSecondFactor": _field(
            _confirm, "ConfirmSecondFactor", {"recoveryCodes": _result(codes, "恢复码，只显示这一次。"
            "Recovery codes, told once.")},
            "用验证器上的第一个验证码启用两步验证。Sets the second factor up by its first code.", otp=_argument(
            "动态验证码。A one-time code."),
        ),
        "renewRecoveryCodes": _field(
            _renew, "RenewRecoveryCodes", {"recoveryCodes": _result(codes, "新的恢复码，只显示这一次。"
            "New recovery codes, told once.")},
            "换一组恢复码，旧的作废。New recovery codes; the old ones end.", password=password, otp=otp,
        ),
        "disableSecondFactor": _field(
            _disable, "DisableSecondFactor", {}, "停用两步验证。Ends the second factor.", password=password, otp=otp
        ),
        "closeOwnSession": _field(_close, "CloseOwnSession", {}, "退出一处登录。Ends one session.", id=identity),
        "closeOtherSessions": _field(_close_others, "CloseOtherSessions", {}, "退出其他各处登录。"
        "Ends all other sessions."),
        "createOwnToken": _field(
            _make_token, "CreateOwnToken", {"token": _result(GraphQLString, "令牌，只显示这一次。"
            "The token, told once.")},
            "为本人签发访问令牌。Makes a token for oneself.", password=password, name=_argument(
            "用途。What it is for."),
            days=GraphQLArgument(GraphQLInt, description="有效天数；不写则到允许的最长期限。"
            "Days; as many as allowed unless said."),
        ),
        "revokeOwnToken": _field(_revoke, "RevokeOwnToken", {}, "收回本人的一个访问令牌。"
        "Ends a token of one's own.", id=identity),
    }  # fmt: skip


def _argument(said: str, kind: Any = GraphQLString) -> GraphQLArgument:
    return GraphQLArgument(GraphQLNonNull(kind), description=said)


def _result(kind: Any, said: str) -> GraphQLField:
    return GraphQLField(kind, description=said)


def _field(
    act: Callable[..., Any], payload_name: str, fields: Fields, said: str, /, **arguments: GraphQLArgument
) -> GraphQLField:
    async def resolve(_root: Any, graphql: Any, **given: Any) -> dict[str, Any]:
        context: Context = graphql.context
        outcome = await act(context, **given)
        refusals = [outcome] if isinstance(outcome, Refusal) else outcome
        if isinstance(refusals, list):
            return {"errors": [user_error(_fault(refusal), context.english) for refusal in refusals]}
        return {**(outcome or {}), "errors": []}

    payload = GraphQLObjectType(f"{payload_name}Payload", {**fields, "errors": ERRORS}, description=said)
    return GraphQLField(GraphQLNonNull(payload), arguments, resolve, description=said)


def _fault(refusal: Refusal) -> Fault:
    """What the viewer can mend, at its argument. Raises Denied for the rest: it has to wait."""
    if refusal.code == "RATE_LIMITED":
        raise rate_limited(refusal.zh, refusal.en, refusal.retry_after or 1)
    code = (refusal.details or {}).get("fault", refusal.code if refusal.code in ("STATE", "RANGE") else "PATTERN")
    return Fault((refusal.at,) if refusal.at else (), code, refusal.zh, refusal.en)


_GONE = Refusal("STATE", "没有这一项，或者已经结束。", "There is no such one, or it has ended.", at="id")
Outcome = Mapping[str, Any] | Refusal | list[Refusal] | None


async def _change(context: Context, password: str, newPassword: str) -> Outcome:
    viewer = context.viewer
    wrong = await change_password(
        context.services.database.as_system(), viewer.account_id, password, newPassword, viewer.ip, viewer.session
    )
    forget(viewer.session)
    return wrong


async def _enrol(context: Context, password: str) -> Outcome:
    found = await own_account.enrol(context.services.database.as_system(), context.viewer, password)
    return found if isinstance(found, Refusal) else {"secret": found[0], "uri": found[1]}


async def _confirm(context: Context, otp: str) -> Outcome:
    return _codes(await own_account.confirm(context.services.database.as_system(), context.viewer, otp))


async def _renew(context: Context, password: str, otp: str) -> Outcome:
    return _codes(await own_account.renew_codes(context.services.database.as_system(), context.viewer, password, otp))


def _codes(found: list[str] | Refusal) -> Outcome:
    return found if isinstance(found, Refusal) else {"recoveryCodes": found}


async def _disable(context: Context, password: str, otp: str) -> Outcome:
    found = await own_account.disable(context.services.database.as_system(), context.viewer, password, otp)
    return found if isinstance(found, Refusal) else None


async def _close(context: Context, id: str) -> Outcome:
    return None if await own_account.close_session(context.services.database.as_system(), context.viewer, id) else _GONE


async def _close_others(context: Context) -> Outcome:
    await own_account.close_other_sessions(context.services.database.as_system(), context.viewer)
    return None


async def _make_token(context: Context, password: str, name: str, days: int | None = None) -> Outcome:
    name = clean(name).strip()
    if not name or not name.isprintable():
        return Refusal("RANGE", "请写明令牌的用途。", "Say what the token is for.", at="name")
    found = await own_account.make_token(context.services.database.as_system(), context.viewer, password, name, days)
    return found if isinstance(found, Refusal) else {"token": found}


async def _revoke(context: Context, id: str) -> Outcome:
    return None if await own_account.revoke_token(context.services.database.as_system(), context.viewer, id) else _GONE
