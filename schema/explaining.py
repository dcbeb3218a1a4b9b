"""``explainAccess``: why one may or may not; written by hand, as Strawberry types."""

from __future__ import annotations

from dataclasses import replace
from difflib import get_close_matches

import strawberry
from sqlalchemy.engine import Connection

from db.entity_info import EntityInfo
from db.identity import parse_global_id
from db.registry import Registry
from db.texts import clean
from permissions.accounts import account_by_login, load_viewer
from permissions.actions import open_row
from permissions.explain import LETTERS, Explanation, Question, explain
from permissions.viewer import Viewer
from permissions.walls import behind
from resolvers.faults import Denied, bad_input, forbidden
from schema.context import Context


@strawberry.type(name="AccessExplanation", description="能不能，以及依据哪条规则。Whether, and by which rule.")
class AccessExplanationType:
    allowed: bool = strawberry.field(description="可以。It is allowed.")
    rule: str = strawberry.field(
        description="决定的规则：MATRIX AGGREGATES SCOPE COLUMN MASK STATE SEPARATION MAKER。The deciding rule."
    )
    sentence: str = strawberry.field(description="一句话的说明，不含记录内容。In one sentence, without the row.")


async def explained(
    context: Context, entity: str, row_id: str | None, field: str | None, action: str, login: str | None
) -> AccessExplanationType:
    """The answer for the viewer or, to who may change that account, for another."""
    entities = context.services.entities
    question = _question(entities, entity, row_id, field, action)

    def ask(connection: Connection) -> Explanation:
        if login in (None, context.viewer.login):
            return explain(connection, entities, context.viewer, question)
        viewer = _other(connection, context, clean(login or ""))
        return explain(connection, entities, viewer, _seen(connection, context, question))

    try:
        found = await behind(context.services.database, context.viewer, "act").look(ask)
    except KeyError as unknown:
        raise _no_such(question.info, str(unknown.args[0])) from None
    zh = found.zh if login in (None, context.viewer.login) else found.zh.replace("您", "该账号")
    return AccessExplanationType(allowed=found.allowed, rule=found.rule, sentence=found.en if context.english else zh)


def _question(entities: Registry, entity: str, row_id: str | None, field: str | None, action: str) -> Question:
    info = entities.get(entity)
    if info is None:
        near = get_close_matches(entity[:60], list(entities), 1)
        hint = f"；是不是 {near[0]}？" if near else "。"
        raise bad_input(f"type：没有“{entity[:60]}”{hint}", f"type: there is no entity {entity[:60]!r}.")
    found = parse_global_id(row_id) if row_id else None
    # The id of something else names no row here, as everywhere.
    key = found[1] if found and found[0] == info.facts.prefix else None
    return Question(info, key, action, field)


def _other(connection: Connection, context: Context, login: str) -> Viewer:
    """Another's rights, for who may change the account; others learn nothing, not even whether there is one."""
    entities = context.services.entities
    account = account_by_login(connection, login)
    mine = account and open_row(connection, entities, entities["UserAccount"], context.viewer, account.id)
    viewer = load_viewer(connection, account.id) if account and mine and mine.roles("U") else None
    if viewer is None:
        raise forbidden(
            "login：没有这个账号，或者它不归您管理。", "login: there is no such account, or it is not yours."
        )
    return viewer


def _seen(connection: Connection, context: Context, asked: Question) -> Question:
    """The question about another as the asker may put it: a row, or what a reference of it leads to, that the asker
    may not read is not there, whatever the other may do with it."""
    if asked.key is None:
        return asked
    led = asked.field if asked.action == "READ" and asked.field in asked.info.public_relations else None
    mine = Question(asked.info, asked.key, "READ", led)
    readable = explain(connection, context.services.entities, context.viewer, mine).allowed
    return asked if readable else replace(asked, key=None)


def _no_such(info: EntityInfo, name: str) -> Denied:
    verbs = {step.verb for step in info.facts.steps}
    known = [*LETTERS, *verbs, *info.public_fields, *info.public_relations]
    near = get_close_matches(name[:60], known, 1)
    hint = f"是不是 {near[0]}？" if near else f"动作有：{'、'.join([*LETTERS, *sorted(verbs)])}。"
    return bad_input(f"“{info.facts.zh}”没有 {name[:60]}；{hint}", f"{info.name} has no {name[:60]!r}.")
