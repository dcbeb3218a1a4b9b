"""The list of steps: hand-written roots, then everything derived from the registry, as one schema."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
import strawberry
from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLID,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    print_schema,
)

from db.entity_info import EntityInfo
from db.identity import parse_global_id
from db.registry import Registry, registry
from schema.accounts import AccountFields
from schema.allowed import ALLOWED_STEPS
from schema.documents import Ready
from schema.explaining import AccessExplanationType, explained
from schema.inputs import Inputs
from schema.jobs import job_reads, job_writes
from schema.me import ViewerType, viewer_type
from schema.mutations import Mutations
from schema.named import NamedMeasures
from schema.objects import NODE, Objects
from schema.own_account import own_account_reads, own_account_writes
from schema.payloads import ERROR_CODE
from schema.plans import FragmentExecutor, Plans
from schema.reveal import reveal_fields
from schema.words import words

_ID = strawberry.argument(description="全局编号。Global id.")


@strawberry.type(description="查询。Reading.")
class Query:
    @strawberry.field(description="登录人。Who is signed in.")
    def me(self, info: strawberry.Info) -> ViewerType:
        context = info.context
        return viewer_type(context.services.entities, context.viewer)

    @strawberry.field(description="为什么可以或不可以。Why one may or may not act on a row or a field of it.")
    async def explain_access(
        self,
        info: strawberry.Info,
        type: Annotated[str, strawberry.argument(description="对象类型的名称。Name of the entity.")],
        action: Annotated[
            str,
            strawberry.argument(description="READ CREATE UPDATE DELETE EXPORT，或如 submit。An operation or a verb."),
        ],
        id: Annotated[strawberry.ID | None, _ID] = None,
        field: Annotated[str | None, strawberry.argument(description="字段；不写则问整条。A field of it.")] = None,
        login: Annotated[str | None, strawberry.argument(description="为谁问；限管理该账号的人。For whom.")] = None,
    ) -> AccessExplanationType:
        return await explained(info.context, type, id, field, action, login)


class RegisterSchema(strawberry.Schema):
    """Strawberry's schema with the derived fields beside the hand-written ones."""

    def __init__(self, entities: Registry, introspection: bool = True) -> None:
        self.introspection = introspection
        super().__init__(
            query=Query,
            extensions=[Ready],
            execution_context_class=FragmentExecutor,
        )
        inputs = Inputs(entities)
        objects = Objects(entities, inputs)
        self.plans = plans = Plans(entities)
        named = NamedMeasures(entities, inputs, objects)
        accounts = AccountFields(entities, inputs, objects, plans)
        written = self._schema.query_type
        assert written is not None
        query = GraphQLObjectType(
            "Query",
            lambda: {
                **written.fields,
                "allowedSteps": ALLOWED_STEPS,
                **own_account_reads(),
                **job_reads(),
                **accounts.queries(),
                **_reads(entities, inputs, objects, plans),
                **named.fields(),
            },
            description=written.description,
        )
        mutation = GraphQLObjectType(
            "Mutation",
            lambda: {
                **Mutations(entities, inputs, objects, plans).fields(),
                **accounts.mutations(),
                **reveal_fields(entities, objects, plans),
                **own_account_writes(),
                **job_writes(),
            },
            description="写入。Writing.",
        )
        self._schema = GraphQLSchema(
            query,
            mutation,
            types=[*(objects.entity(info) for info in entities.values()), ERROR_CODE],
            directives=self._schema.directives,
        )
        self._schema._strawberry_schema = self  # type: ignore[attr-defined]
        self.singles = {info.single: info for info in entities.values()}
        self.lists = {info.plural: info for info in entities.values()}

    def _extend_introspection(self) -> None:
        """Leave graphql-core's introspection as it is: Strawberry's would know of its own ``@oneOf`` inputs only."""

    @property
    def core(self) -> GraphQLSchema:
        """The schema as graphql-core knows it."""
        return self._schema

    def process_errors(self, errors: list[Any], execution_context: Any = None) -> None:
        """Log nothing here: an exception's text may hold a statement or a row. ``schema.errors`` logs what it may."""


def _reads(entities: Registry, inputs: Inputs, objects: Objects, plans: Plans) -> dict[str, GraphQLField]:
    fields: dict[str, GraphQLField] = {"node": _node(entities, objects, plans)}
    for info in entities.values():
        fields[info.single] = _single(info, inputs, objects, plans)
        fields[info.plural] = _list(info, objects, plans)
    return fields


def _single(info: EntityInfo, inputs: Inputs, objects: Objects, plans: Plans) -> GraphQLField:
    async def resolve(_root: Any, graphql: Any, **_arguments: Any) -> Any:
        text = await plans.row_text(info, graphql)
        return None if text is None else orjson.Fragment(text)

    by = GraphQLArgument(GraphQLNonNull(inputs.by(info)), description="键，只给一个。One key.")
    arguments = {"by": by, **objects.past(info)}
    return GraphQLField(
        objects.entity(info),
        arguments,
        resolve,
        description=f"一条{info.facts.zh}；不存在或无权查看时为 null。"
        f"A {words(info)}; null where there is none one may see.",
    )


def _list(info: EntityInfo, objects: Objects, plans: Plans) -> GraphQLField:
    async def resolve(_root: Any, graphql: Any, **_arguments: Any) -> Any:
        return orjson.Fragment(await plans.list_text(info, graphql))

    connection = GraphQLNonNull(objects.connection(info))
    return GraphQLField(
        connection, {**objects.list_arguments(info), **objects.past(info), **objects.succession(info)}, resolve,
        description=f"{info.facts.zh}列表。A list of {info.name}.",
    )  # fmt: skip


def _node(entities: Registry, objects: Objects, plans: Plans) -> GraphQLField:
    async def resolve(_root: Any, graphql: Any, id: str) -> Any:
        found = parse_global_id(id)
        info = entities.by_prefix.get(found[0]) if found else None
        return None if info is None else await plans.row_by_id(info, graphql, objects.entity(info), id)

    arguments = {"id": GraphQLArgument(GraphQLNonNull(GraphQLID), description="全局编号。Global id.")}
    return GraphQLField(NODE, arguments, resolve, description="任一条有编号的记录。Any row by its global id.")


def build_schema(entities: Registry | None = None, introspection: bool = True) -> RegisterSchema:
    """The schema of all models; without `introspection` it neither answers nor hints at its own structure."""
    return RegisterSchema(entities or registry(), introspection)


def sdl(schema: RegisterSchema) -> str:
    """The schema definition as text, as ``schema.graphql`` holds it."""
    return print_schema(schema.core) + "\n"


def export() -> str:
    """Write ``schema/schema.graphql`` and say so."""
    from settings import ROOT

    path = ROOT / "schema" / "schema.graphql"
    text = sdl(build_schema())
    path.write_text(text, encoding="utf-8")
    return f"已写入 schema/schema.graphql（{len(text.encode()) // 1024} KB）。"
