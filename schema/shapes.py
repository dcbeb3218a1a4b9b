"""Models of typed documents -> GraphQL types, for answers and for input."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from graphql import (
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
)

from db.enumeration import Code
from db.kinds import KINDS
from db.kinds.shape import LEAVES, Part, Shaped, parts_of

if TYPE_CHECKING:
    from schema.inputs import Inputs


def output(inputs: Inputs, model: type[Shaped]) -> GraphQLObjectType:
    """The object type of a model. What is a copy may be kept from a reader, so it is nullable."""

    def fields() -> dict[str, GraphQLField]:
        return {
            part.key: GraphQLField(
                _held(part, inputs, output, part.optional or part.copies is not None), description=_said(part)
            )
            for part in parts_of(model).values()
        }

    name = model.__name__
    made: GraphQLObjectType = inputs.output(name, lambda: GraphQLObjectType(name, fields, description=_doc(model)))
    return made


def written(inputs: Inputs, model: type[Shaped]) -> GraphQLInputObjectType:
    """The input type of a model; nothing is non-null: what is missing is told with the rest."""

    def fields() -> dict[str, GraphQLInputField]:
        return {
            part.key: GraphQLInputField(_held(part, inputs, written, True), description=_said(part))
            for part in parts_of(model).values()
        }

    made: GraphQLInputObjectType = inputs.input(f"{model.__name__}Input", fields, _doc(model))
    return made


def _held(part: Part, inputs: Inputs, of: Callable[[Inputs, type[Shaped]], Any], optional: bool) -> Any:
    if part.model is not None:
        one = of(inputs, part.model)
    elif issubclass(part.holds, Code):
        one = inputs.enum(part.holds)
    else:
        one = inputs.scalar(KINDS[LEAVES[part.holds]], None)
    held = GraphQLList(GraphQLNonNull(one)) if part.many else one
    return held if optional else GraphQLNonNull(held)


def _said(part: Part) -> str:
    return f"{part.zh}。{part.en}"


def _doc(model: type[Shaped]) -> str:
    return " ".join((model.__doc__ or model.__name__).split())
