"""The published schema: it is the one in the checkout, small, and described in both languages."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLScalarType,
    get_named_type,
    introspection_types,
    is_specified_scalar_type,
    validate_schema,
)
from graphql import (
    build_schema as parse_sdl,
)

from db.registry import registry
from schema.build import RegisterSchema, build_schema, sdl
from schema.codes import CLIENTS
from schema.scalars import SCALARS
from settings import ROOT

ENTITIES = sorted(registry())
SCHEMA: RegisterSchema = build_schema()
OURS = {
    name: gtype
    for name, gtype in SCHEMA.core.type_map.items()
    if name not in introspection_types and not is_specified_scalar_type(gtype)
}
Fielded = GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType


def test_the_file_in_the_checkout_is_what_the_models_say() -> None:
    """After a change of a model run `./run schema export`: the difference is what clients will see."""
    assert (ROOT / "schema" / "schema.graphql").read_text(encoding="utf-8") == sdl(SCHEMA)


def test_the_schema_is_valid_and_its_text_reads_back_as_the_same_types() -> None:
    assert validate_schema(SCHEMA.core) == []
    assert {name for name in parse_sdl(sdl(SCHEMA)).type_map if name in OURS} == set(OURS)


def own_types(entity: str) -> dict[str, GraphQLNamedType]:
    """The types that are there because of one entity."""
    longer = [other for other in ENTITIES if other != entity and other.startswith(entity)]
    return {
        name: gtype
        for name, gtype in OURS.items()
        if re.fullmatch(f"{entity}([A-Z][A-Za-z]*)?", name)
        and not isinstance(gtype, GraphQLEnumType)
        and not isinstance(OURS.get(name.removesuffix("Where")), GraphQLEnumType)
        and name != "RegionBucket"
        and not any(name.startswith(other) for other in longer)
    }


@pytest.mark.parametrize("entity", ENTITIES)
def test_an_entity_brings_at_most_sixteen_inputs_because_operators_are_shared(entity: str) -> None:
    own = own_types(entity)
    assert {entity, f"{entity}Where", f"{entity}Connection"} <= own.keys()
    assert sum(isinstance(gtype, GraphQLInputObjectType) for gtype in own.values()) <= 16


def described() -> Iterator[tuple[str, str | None]]:
    """Everything that ought to say what it is: types, fields, arguments, enum values."""
    for name, gtype in OURS.items():
        yield name, gtype.description
        if isinstance(gtype, Fielded):
            for field_name, field in gtype.fields.items():
                yield f"{name}.{field_name}", field.description
                for argument, given in getattr(field, "args", {}).items():
                    yield f"{name}.{field_name}({argument})", given.description
        elif isinstance(gtype, GraphQLEnumType):
            for value, member in gtype.values.items():
                yield f"{name}.{value}", member.description


def both(text: str | None) -> bool:
    """Whether a text says it in Chinese, and then in words of English."""
    found = re.fullmatch("(.*[\u3000-\u9fff\uff00-\uffef])(.*)", text or "", re.DOTALL)
    return found is not None and bool(re.search("[\u4e00-\u9fff]", found[1]) and re.search("[A-Za-z]{2}", found[2]))


def test_everything_says_what_it_is_in_chinese_and_in_english() -> None:
    """Types, fields, arguments, inputs, operators, measures and enum values alike."""
    assert len(list(described())) > 4_000
    assert [name for name, said in described() if not both(said)] == []


def test_no_description_is_indented() -> None:
    """Markdown, and every viewer of schemas, prints indented lines as a block of code."""
    assert [name for name, said in described() if re.search(r"^[ \t]", said or "", re.MULTILINE)] == []


def test_every_scalar_of_ours_names_its_specification() -> None:
    ours = {gtype.name: gtype for gtype in OURS.values() if isinstance(gtype, GraphQLScalarType)}
    assert ours.keys() == SCALARS.keys()
    assert [name for name, gtype in ours.items() if not (gtype.specified_by_url or "").startswith("https://")] == []


def test_what_has_an_identity_is_a_row_or_a_thing_of_its_own() -> None:
    """Caches merge what has one type and one id: where an id may be null or is a number, that is published."""
    odd = {
        name
        for name, gtype in OURS.items()
        if isinstance(gtype, GraphQLObjectType) and "id" in gtype.fields and str(gtype.fields["id"].type) != "ID!"
    }
    page = CLIENTS.read_text(encoding="utf-8")
    assert {name for name in odd if not re.search(rf"^  .*\b{name}\b", page, re.MULTILINE)} == set()
    longest = "|".join(sorted(ENTITIES, key=len, reverse=True))
    kinds = {re.sub(f"^(?:{longest})(?=[A-Z])", "", name) for name in odd}
    assert kinds == {"GroupKey", "Distinct", "UserError", "IssueAccountTokenPayload"}


def test_every_relation_and_every_column_that_a_role_may_not_read_is_nullable() -> None:
    for info in registry().values():
        gtype = OURS[info.name]
        assert isinstance(gtype, GraphQLObjectType)
        for relation in info.relations.values():
            assert (
                not relation.many
                or get_named_type(gtype.fields[relation.public].type).name == f"{relation.target}Connection"
            )
            assert relation.many or str(gtype.fields[relation.public].type) == relation.target
        for field in info.fields.values():
            if field.facts.personal == "null" or not field.stored or info.table.c[field.column].nullable:
                assert not str(gtype.fields[field.public].type).endswith("!")


def test_nothing_hidden_has_a_name_in_the_schema() -> None:
    text = sdl(SCHEMA)
    for info in registry().values():
        for column in info.hidden:
            assert f" {column}" not in text
    assert not re.search(r"passwordHash|Cipher|Digest|deletedAt|failedSignIns", text)


def test_operator_inputs_are_shared_by_all_entities() -> None:
    shared = {
        name for name in OURS if name.endswith("Where") and not any(name.startswith(entity) for entity in ENTITIES)
    }
    enums = {
        f"{name}{more}"
        for name, gtype in OURS.items()
        if isinstance(gtype, GraphQLEnumType)
        for more in ("Where", "ListWhere")
    }
    assert shared - enums == {
        "BooleanWhere",
        "DateTimeWhere",
        "DateWhere",
        "DecimalWhere",
        "RollupWhere",
        "IDWhere",
        "IntWhere",
        "StringWhere",
    }
