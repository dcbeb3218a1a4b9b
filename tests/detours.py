"""Ways to learn of the rows that a relation leads to without reading them: one in each place of a question."""

from __future__ import annotations

from collections.abc import Iterator

from db.entity_info import EntityInfo, Relation


def detours(target: EntityInfo, info: EntityInfo, relation: Relation) -> Iterator[str]:
    """Documents that all must be refused where ``Reference.leads`` says no."""
    name, plural = relation.public, info.plural
    conditions = ["id: {isNull: true}", "not: {id: {isNull: false}}"]
    orders, keys = ["version: ASC"], ["id: true"]
    if relation.many:
        conditions = ["none: {}", "every: {version: {lt: 0}}", "some: {}", "count: {eq: 0}",
                      "aggregate: {count: {gte: 0}}"]  # fmt: skip
        orders, keys = ["count: DESC"], []
    if target.name == "Region" and not relation.many:
        keys = ["level: CITY"]
    for condition in conditions:
        yield f"{{ {plural}(where: {{{name}: {{{condition}}}}}) {{ totalCount }} }}"
        yield f"{{ {plural}(where: {{or: [{{not: {{{name}: {{{condition}}}}}}}]}}) {{ nodes {{ id }} }} }}"
    for order in orders:
        yield f"{{ {plural}(orderBy: [{{{name}: {{{order}}}}}]) {{ totalCount }} }}"
    for key in keys:
        yield f"{{ {plural} {{ groupBy(by: [{{{name}: {{{key}}}}}]) {{ totalCount }} }} }}"
