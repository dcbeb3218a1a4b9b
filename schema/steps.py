"""What the mutations of a step ask for and say, of one row and of many alike: derived from its edges."""

from __future__ import annotations

from graphql import GraphQLArgument, GraphQLString

from db.entity_info import EntityInfo
from db.facts import Take
from db.machines import verbs
from resolvers.commands.work import named
from schema import words
from schema.inputs import Inputs
from schema.payloads import ACKNOWLEDGE


def taken_verbs(info: EntityInfo) -> tuple[str, ...]:
    """The verbs that people take with a row, in the order of the machines."""
    return verbs(step for step in info.facts.steps if step.sources and not step.server)


def many(info: EntityInfo) -> str:
    """``CommitteeFilings``: how a mutation of many rows ends."""
    return info.plural[:1].upper() + info.plural[1:]


def step_arguments(inputs: Inputs, info: EntityInfo, verb: str) -> dict[str, GraphQLArgument]:
    """What a step asks for beside the row: a reason, what it takes, and which warnings are acknowledged."""
    edges = [step for step in info.facts.edges(verb) if not step.server]
    takes: dict[str, Take] = {}
    for take in (take for step in edges for take in step.taken):
        known = takes.get(take.column)
        takes[take.column] = take if known is None or take.required else known
    reason = f"理由。{'必填。Why; required.' if edges[0].reason else 'Why.'}"
    return {
        "reason": GraphQLArgument(GraphQLString, description=reason),
        **{named(info, column).public: _argument(inputs, info, take) for column, take in takes.items()},
        "acknowledge": ACKNOWLEDGE,
    }


def _argument(inputs: Inputs, info: EntityInfo, take: Take) -> GraphQLArgument:
    """A column as an argument, of the type of its input; what is missing is told with the rest."""
    return GraphQLArgument(
        inputs.value(info, take.column),
        description=words.said(named(info, take.column), *(("必填。", "Required.") if take.required else ())),
    )


def step_words(info: EntityInfo, verb: str) -> str:
    """``提交：DRAFT、RETURNED → SUBMITTED。Submits a committee filing.``"""
    first = next(step for step in info.facts.edges(verb) if not step.server)
    return f"{first.zh}：{'、'.join(first.sources)} → {first.target}。{verb.capitalize()}s a {words.words(info)}."
