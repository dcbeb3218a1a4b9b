"""Surfaces that read by GraphQL: lists with all they take, single rows, nodes, search, cursors, refused columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from unicodedata import normalize

from hypothesis import strategies as st

from db.entity_info import EntityInfo, Field, Relation
from permissions.viewer import Viewer
from tests.asks import Ask, Groups
from tests.detours import detours
from tests.documents import MODES, Document, quoted
from tests.proof.prober import Prober, dice
from tests.reference_groups import TooManyGroups
from tests.strategies import Asks
from tests.strategies_groups import GroupAsks, told_apart
from tests.world import NEVER, Row

TOO_MUCH = "too much"


def lists(prober: Prober, draw: Any, family: Sequence[str]) -> None:
    """A list with condition, order, page, and rows of relations below its rows."""
    _listed(prober, draw, family, Asks)


def numbers(prober: Prober, draw: Any, family: Sequence[str]) -> None:
    """Aggregates and groups, with conditions over them, subtotals and rows."""
    _listed(prober, draw, family, GroupAsks)


def relations(prober: Prober, draw: Any, family: Sequence[str]) -> None:
    """A list that goes over one relation, or shows all, and does nothing else: where scopes are forgotten."""
    copies, viewer = prober.copies, prober.viewers[family[0]]
    asks = Asks(copies, {family[0]: viewer})
    steps = [
        (info, relation) for info in copies.entities.values() if not copies.counts_only(info.name, viewer)
        for relation in info.relations.values() for _ in range(4 if relation.through else 1)
    ]  # fmt: skip
    led = [(info, relation) for info, relation in steps if copies.leads(relation, viewer)]
    ways = ("where", "where", "order", "nested", "nested", "place") if led else ("nested",)
    info, relation = draw(st.sampled_from(led or steps))
    ask = Ask(info.name, ["id"])
    match draw(st.sampled_from(ways)):
        case "where":
            ask.where = draw(asks.related(relation, viewer, 1))
        case "order":
            ask.order = [draw(asks.order(info.name, viewer, 2))]
        case "nested":
            info = draw(st.sampled_from([i for i, r in steps if r.many and is_owned(copies.entities[r.target], r)]))
            ask = Ask(info.name, ["id"])
            told = [r for r in info.relations.values() if not asks.counted_only(r, viewer)]
            ask.first, ask.nested = 60, [(r.public, Ask(r.target, ["id"], first=20 if r.many else None)) for r in told]
        case "place":
            return _at_place(prober, draw, family, asks)
    return _asked(prober, draw, family, ask)


def _at_place(prober: Prober, draw: Any, family: Sequence[str], asks: Asks) -> None:
    """All that stands at or around a region, of every entity that regions own: the viewer's highest region, or any."""
    copies, viewer = prober.copies, prober.viewers[family[0]]
    place = draw(asks.place(viewer))
    if (seen := copies.seen_rows("Region", viewer)) and draw(st.booleans()):
        place = {"descendantOf": {"id": f"rg_{min(seen, key=lambda row: len(row['path']))['id']}"}}
    for info in copies.entities.values():
        told = info.owner is None or copies.leads(info.owner, viewer)
        if (info.name == "Region" or stands(info)) and told and not copies.counts_only(info.name, viewer):
            where = {info.owner.public: place} if info.owner else place
            _asked(prober, draw, family, Ask(info.name, ["id"], where=where))


def is_owned(info: EntityInfo, relation: Relation) -> bool:
    """Whether the rows that a relation leads to are owned by the row it starts from: where containment is proven."""
    return info.owner is not None and relation.through is None and info.owner.near == relation.far


def stands(info: EntityInfo) -> bool:
    """Whether rows of the entity are owned by a region."""
    return info.owner is not None and info.owner.target == "Region"


def _listed(prober: Prober, draw: Any, family: Sequence[str], kind: type[Asks]) -> None:
    first = family[0]
    asks = kind(prober.copies, {first: prober.viewers[first]})
    entity = draw(st.sampled_from(sorted(prober.copies.entities)))
    _, ask = draw(asks.grouped(entity) if isinstance(asks, GroupAsks) else asks.reads(entity))
    _asked(prober, draw, family, ask)


def _asked(prober: Prober, draw: Any, family: Sequence[str], ask: Ask) -> None:
    entity = ask.entity
    document = Document(prober.copies.entities, draw(st.sampled_from(MODES)))
    text = document.text(ask)
    surface = "+".join(sorted(set(parts_of(ask))))
    for name in family:
        answer = prober.place.ask(name, text, document.variables)
        try:
            expected: Any = {prober.copies.entities[entity].plural: prober.copies.answer(ask, prober.viewers[name])}
        except TooManyGroups:
            expected = TOO_MUCH
        got = TOO_MUCH if refused_for_size(answer) else answer.get("data") if "errors" not in answer else answer
        if got == TOO_MUCH and nests_less(prober):
            continue
        prober.compare("list", name, text, expected, got)
        prober.counts.update(surface.split("+"))


def parts_of(ask: Ask) -> Iterator[str]:
    """What a list makes use of."""
    yield from ("where",) if ask.where else ()
    if ask.where and any(word in str(ask.where) for word in ("'some'", "'every'", "'none'", "'aggregate'", "'count'")):
        yield "relation filter"
    yield from ("order",) if ask.order else ()
    yield from ("nested",) if ask.nested else ()
    yield from ("aggregate",) if ask.aggregate else ()
    if ask.groups is not None:
        yield "group"
        yield from ("having",) if ask.groups.having else ()


def refused_for_size(answer: Any) -> bool:
    """Whether a question was refused because it is too large."""
    return "TOO_EXPENSIVE" in [error["extensions"]["code"] for error in answer.get("errors") or ()]


def nests_less(prober: Prober) -> bool:
    """SQLite nests less deep than PostgreSQL, and says so (docs/decisions.md): no answer to compare."""
    return prober.place.services.database.dialect.name == "sqlite"


# --- one row ----------------------------------------------------------------------------------------------------------


def single(prober: Prober, draw: Any, family: Sequence[str]) -> None:
    """A row by its key, seen, unseen, deleted or never there, by its own field or by ``node``."""
    chance = dice(draw)
    copies = prober.copies
    info = copies.entities[chance.choice(sorted(copies.entities))]
    asks = Asks(copies, {family[0]: prober.viewers[family[0]]})
    if copies.counts_only(info.name, prober.viewers[family[0]]):
        return
    _, ask = draw(asks.reads(info.name))
    for name in family:
        viewer = prober.viewers[name]
        row = chance.choice([*chosen(prober, info, viewer), *copies.rows[info.name]])
        key = f"{info.facts.prefix}_{row['id'] if chance.random() < 0.95 else NEVER}"
        seen = key.endswith(row["id"]) and copies.visible(info.name, row, viewer)
        expected = copies.row(ask, row, viewer) if seen else None
        document = Document(copies.entities)
        wanted = document.row(info, ask)
        text = f'{{ one: {info.single}(by: {{id: "{key}"}}) {{ {wanted} }} }}'
        _one(prober, "single", name, text, expected)
        text = f'{{ one: node(id: "{key}") {{ ... on {info.name} {{ {wanted} }} }} }}'
        _one(prober, "node", name, text, expected)


def _one(prober: Prober, surface: str, name: str, text: str, expected: Any) -> None:
    answer = prober.place.ask(name, text)
    if not (refused_for_size(answer) and nests_less(prober)):
        prober.compare(surface, name, text, ({"one": expected}, None), (answer.get("data"), answer.get("errors")))


def chosen(prober: Prober, info: EntityInfo, viewer: Viewer) -> list[Row]:
    """Some rows the viewer sees and some it does not."""
    seen, hidden = prober.copies.seen_rows(info.name, viewer), prober.copies.hidden_rows(info.name, viewer)
    return [*seen[:5], *hidden[:5]]


# --- search -----------------------------------------------------------------------------------------------------------


def search(prober: Prober, draw: Any, family: Sequence[str]) -> None:
    """A word that stands in some row: Chinese characters or digits, which are found as they are."""
    chance, copies, reader = dice(draw), prober.copies, prober.viewers[family[0]]
    entities = [i for i in copies.entities.values() if any(f.facts.search for f in i.fields.values())]
    closed = {
        info.name: [
            f for f in info.fields.values() if f.facts.search and not copies.conditionable(info.name, f, reader)
        ]
        for info in entities
    }
    info = chance.choice([*entities, *(i for i in entities if closed[i.name] for _ in range(8))])
    fields = [f for f in info.fields.values() if f.facts.search]
    looked = chance.choice([fields, closed[info.name] or fields])
    rows = chance.choice([copies.seen_rows(info.name, reader) or copies.rows[info.name], copies.rows[info.name]])
    texts = [normalize("NFKC", str(row[f.column])) for row in rows for f in looked if row[f.column]]
    signs = sorted({sign for text in texts for sign in text if sign.isdigit() or "\u4e00" <= sign <= "\u9fff"})
    if not signs:
        return
    word = chance.choice(signs)
    longer = [text[at : at + 2] for text in texts for at in range(len(text)) if text[at] == word]
    longer = [text for text in longer if all(sign in signs for sign in text)]
    word = chance.choice([word, *longer])
    text = f"{{ {info.plural}(search: {quoted(word)}, first: 200) {{ totalCount nodes {{ id }} }} }}"
    for name in family:
        viewer = prober.viewers[name]
        open_fields = [f for f in fields if copies.conditionable(info.name, f, viewer)]
        answer = prober.place.ask(name, text)
        if not open_fields or copies.counts_only(info.name, viewer):
            prober.compare("search", name, text, "refused", "refused" if answer.get("errors") else answer)
            continue
        found = [r for r in copies.seen_rows(info.name, viewer) if any(holds(r[f.column], word) for f in open_fields)]
        got = answer.get("data")
        if got and got[info.plural]:
            listed = got[info.plural]
            got = listed["totalCount"], sorted(node["id"] for node in listed["nodes"])
        expected = len(found), sorted(f"{info.facts.prefix}_{row['id']}" for row in found)
        prober.compare("search", name, text, expected, got)


def holds(stored: str | None, word: str) -> bool:
    """Whether a word stands in a text, wide signs taken for narrow ones."""
    return stored is not None and word in normalize("NFKC", stored)


# --- cursors ----------------------------------------------------------------------------------------------------------


def cursors(prober: Prober, draw: Any, family: Sequence[str]) -> None:
    """The second page by one's own cursor, and by that of everybody else."""
    chance, copies = dice(draw), prober.copies
    reader = prober.viewers[family[0]]
    entities = [e for e in sorted(copies.entities) if not copies.counts_only(e, reader)]
    info = copies.entities[chance.choice(entities)]
    order = draw(st.lists(Asks(copies, {}).order(info.name, reader, 1), max_size=2))
    spelled = f"orderBy: {Document(copies.entities).order(order)}, " if order else ""
    pages: dict[str, str] = {}
    for name in family:
        text = f"{{ {info.plural}({spelled}first: 2) {{ pageInfo {{ endCursor }} }} }}"
        answer = prober.place.ask(name, text)
        if answer.get("errors"):
            return prober.compare("cursor", name, text, "a page", answer)
        if answer["data"][info.plural]["pageInfo"]["endCursor"]:
            pages[name] = answer["data"][info.plural]["pageInfo"]["endCursor"]
    for name in family:
        viewer = prober.viewers[name]
        for owner, cursor in pages.items():
            text = f'{{ {info.plural}({spelled}first: 200, after: "{cursor}") {{ nodes {{ id }} }} }}'
            answer = prober.place.ask(name, text)
            if owner != name:
                codes = [error["extensions"]["code"] for error in answer.get("errors") or ()]
                prober.compare("cursor of another", name, text, ["BAD_INPUT"], codes)
                continue
            ordered = copies.ordered(info.name, copies.seen_rows(info.name, viewer), order, viewer)[2:202]
            expected = {info.plural: {"nodes": [{"id": f"{info.facts.prefix}_{row['id']}"} for row in ordered]}}
            prober.compare("cursor", name, text, expected, answer.get("data"))
            turned = f"orderBy: [{{version: {'ASC' if 'DESC' in spelled else 'DESC'}}}], "
            for other in (f"{spelled}where: {{id: {{isNull: false}}}}, ", turned):
                text = f'{{ {info.plural}({other}first: 2, after: "{cursor}") {{ nodes {{ id }} }} }}'
                codes = [e["extensions"]["code"] for e in prober.place.ask(name, text).get("errors") or ()]
                prober.compare("cursor of another", name, text, ["BAD_INPUT"], codes)
    return None


# --- what may not be asked --------------------------------------------------------------------------------------------


def closed_columns(prober: Prober, draw: Any, family: Sequence[str]) -> None:
    """What a viewer may not read in full must be refused in every place of a question, and its error hold no value."""
    chance, copies = dice(draw), prober.copies
    viewer = prober.viewers[family[0]]
    closed = [(info, column) for info in copies.entities.values() for column in info.fields.values()
              if copies.readers(info, viewer, counting=True) and column.kind not in ("encrypted", "json")
              and not copies.conditionable(info.name, column, viewer)]  # fmt: skip
    if not closed:
        return
    info, column = chance.choice(closed)
    stored = [row[column.column] for row in copies.rows[info.name] if row[column.column] is not None]
    value = chance.choice(stored) if stored else None
    for text in misuses(info, column, value):
        for name in family[:2]:
            answer = prober.place.ask(name, text)
            codes = {error["extensions"]["code"] for error in answer.get("errors") or ()}
            leaked = answer.get("data") and any(answer["data"].values())
            told = isinstance(value, str) and len(value) > 3 and value not in text and value in str(answer)
            got = "refused" if codes and not leaked and not told else answer
            prober.compare("closed column", name, text, "refused", got)


def misuses(info: EntityInfo, column: Field, value: Any) -> Iterator[str]:
    """Ways to ask for what a column holds without reading it."""
    name, plural = column.public, info.plural
    yield f"{{ {plural}(where: {{{name}: {{isNull: false}}}}) {{ totalCount }} }}"
    yield f"{{ {plural}(where: {{not: {{{name}: {{isNull: true}}}}}}) {{ totalCount }} }}"
    if column.kind == "text" and isinstance(value, str):
        yield f"{{ {plural}(where: {{{name}: {{startsWith: {quoted(value[:1])}}}}}) {{ totalCount }} }}"
        yield f"{{ {plural}(where: {{or: [{{{name}: {{eq: {quoted(value)}}}}}]}}) {{ totalCount }} }}"
    if column.kind != "enums":
        yield f"{{ {plural}(orderBy: [{{{name}: ASC}}], first: 1) {{ nodes {{ id }} }} }}"
        yield f"{{ {plural} {{ aggregate {{ countDistinct {{ {name} }} }} }} }}"
    if info.name == "Region":
        by = f"by: [{{region: {{level: CITY}}}}], orderBy: [{{key: {{region: {{{name}: ASC}}}}}}]"
        yield f"{{ hostUnits {{ groupBy({by}) {{ nodes {{ count }} }} }} }}"
    if column.kind in ("text", "enum", "bool", "int", "decimal"):
        yield f"{{ {plural} {{ groupBy(by: [{{{name}: true}}]) {{ nodes {{ count }} }} }} }}"
    if column.kind in ("int", "decimal", "date", "datetime") and column.name != "version":
        yield f"{{ {plural} {{ aggregate {{ max {{ {name} }} }} }} }}"
    if column.facts.unique and isinstance(value, str):
        yield f"{{ {info.single}(by: {{{name}: {quoted(value)}}}) {{ id }} }}"


def closed_relations(prober: Prober, draw: Any, family: Sequence[str]) -> None:
    """What a relation leads to where nothing may be read is refused in every place of a question, counted or not."""
    copies, viewer = prober.copies, prober.viewers[family[0]]
    closed = [(info, relation) for info in copies.entities.values() if copies.readers(info, viewer)
              for relation in info.relations.values() if not copies.leads(relation, viewer)]  # fmt: skip
    counted = [(info, relation) for info, relation in closed if copies.counts_only(relation.target, viewer)]
    if not closed:
        return
    info, relation = draw(st.sampled_from(closed + counted * 4))
    for text in detours(copies.entities[relation.target], info, relation):
        for name in family[:2]:
            answer = prober.place.ask(name, text)
            codes = [error["extensions"]["code"] for error in answer.get("errors") or ()]
            told = any((answer.get("data") or {}).values())
            barred = copies.barred(relation, viewer)
            prober.compare("closed relation", name, text, [barred], answer if told else codes)


def counts_only(prober: Prober, draw: Any, _family: Sequence[str]) -> None:
    """Who may count rows of an entity may not see them, nor narrow or part them by what is no dimension."""
    copies, entities = prober.copies, prober.copies.entities
    asking = [
        (family, info)
        for family in prober.families
        for info in entities.values()
        if copies.counts_only(info.name, prober.viewers[family[0]])
    ]
    if not asking:
        return
    family, info = draw(st.sampled_from(asking))
    viewer = prober.viewers[family[0]]
    for text in lookings(info):
        for name in family[:2]:
            answer = prober.place.ask(name, text)
            refused = answer.get("errors") and not any((answer.get("data") or {}).values())
            prober.compare("counts only", name, text, "refused", "refused" if refused else answer)
    by = told_apart(draw(st.lists(GroupAsks(copies, {}).key(info.name, viewer, 0), min_size=1, max_size=2)))
    _asked(prober, draw, family, Ask(info.name, [], nodes=False, groups=Groups(by, subtotals=True)))


def lookings(info: EntityInfo) -> Iterator[str]:
    """Ways of who may only count to come nearer to the rows."""
    plural, dimensions = info.plural, info.dimensions
    yield f"{{ {plural} {{ nodes {{ id }} }} }}"
    yield f"{{ {plural} {{ edges {{ cursor }} }} }}"
    yield f'{{ {plural}(where: {{id: {{eq: "{info.facts.prefix}_{NEVER}"}}}}) {{ totalCount }} }}'
    yield f"{{ {plural} {{ groupBy(by: [{{id: true}}]) {{ nodes {{ count }} }} }} }}"
    yield f"{{ {plural} {{ aggregate {{ countDistinct {{ id }} }} }} }}"
    for day in [f.public for f in info.fields.values() if f.name in dimensions and f.kind == "date"][:1]:
        yield f"{{ {plural} {{ aggregate {{ max {{ {day} }} }} }} }}"
        yield f"{{ {plural} {{ groupBy(by: [{{{day}: {{granularity: DAY}}}}]) {{ totalCount }} }} }}"
        yield f'{{ {plural}(where: {{{day}: {{eq: "2026-01-01"}}}}) {{ totalCount }} }}'
    plain = [f for f in info.fields.values() if f.name not in dimensions and f.kind in ("text", "enum", "bool", "int")]
    for field in plain[:2]:
        yield f"{{ {plural}(where: {{{field.public}: {{isNull: false}}}}) {{ totalCount }} }}"
        yield f"{{ {plural} {{ groupBy(by: [{{{field.public}: true}}]) {{ nodes {{ count }} }} }} }}"
    for relation in info.references:
        if relation.name not in dimensions:
            yield f"{{ {plural}(where: {{{relation.public}: {{id: {{isNull: false}}}}}}) {{ totalCount }} }}"
        elif relation.target == "Region":
            yield f"{{ {plural}(where: {{{relation.public}: {{name: {{isNull: false}}}}}}) {{ totalCount }} }}"
            village = f"{relation.public}: {{level: VILLAGE}}"
            yield f"{{ {plural} {{ groupBy(by: [{{{village}}}]) {{ nodes {{ count }} }} }} }}"


ALL_READS = [
    (lists, 5), (relations, 5), (numbers, 5), (single, 3), (search, 2), (cursors, 2), (closed_columns, 2),
    (counts_only, 1), (closed_relations, 2),
]  # fmt: skip
