"""Surfaces that read by GraphQL: lists with all they take, single rows, nodes, search, cursors, refused columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from unicodedata import normalize

from hypothesis import strategies as st

from db.registry import EntityInfo, Field
from permissions.viewer import Viewer
from tests.asks import Ask
from tests.documents import MODES, Document, quoted
from tests.proof.prober import Prober, dice
from tests.reference_groups import TooManyGroups
from tests.strategies import Asks
from tests.strategies_groups import GroupAsks
from tests.world import NEVER, Row

TOO_MUCH = "too much"


def lists(prober: Prober, draw: Any, family: Sequence[str]) -> None:
    """A list with condition, order, page, and rows of relations below its rows."""
    _listed(prober, draw, family, Asks)


def numbers(prober: Prober, draw: Any, family: Sequence[str]) -> None:
    """Aggregates and groups, with conditions over them, subtotals and rows."""
    _listed(prober, draw, family, GroupAsks)


def _listed(prober: Prober, draw: Any, family: Sequence[str], kind: type[Asks]) -> None:
    first = family[0]
    asks = kind(prober.copies, {first: prober.viewers[first]})
    entity = draw(st.sampled_from(sorted(prober.copies.entities)))
    _, ask = draw(asks.grouped(entity) if isinstance(asks, GroupAsks) else asks.reads(entity))
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
        if got == TOO_MUCH and prober.place.services.database.dialect.name == "sqlite":
            continue  # SQLite nests less deep than PostgreSQL, and says so (docs/decisions.md): no answer to compare
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
        answer = prober.place.ask(name, text)
        prober.compare("single", name, text, ({"one": expected}, None), (answer.get("data"), answer.get("errors")))
        text = f'{{ one: node(id: "{key}") {{ ... on {info.name} {{ {wanted} }} }} }}'
        answer = prober.place.ask(name, text)
        prober.compare("node", name, text, ({"one": expected}, None), (answer.get("data"), answer.get("errors")))


def chosen(prober: Prober, info: EntityInfo, viewer: Viewer) -> list[Row]:
    """Some rows the viewer sees and some it does not."""
    seen, hidden = prober.copies.seen_rows(info.name, viewer), prober.copies.hidden_rows(info.name, viewer)
    return [*seen[:5], *hidden[:5]]


# --- search -----------------------------------------------------------------------------------------------------------


def search(prober: Prober, draw: Any, family: Sequence[str]) -> None:
    """A word that stands in some row: Chinese characters or digits, which are found as they are."""
    chance, copies = dice(draw), prober.copies
    entities = [i for i in copies.entities.values() if any(f.facts.search for f in i.fields.values())]
    info = chance.choice(entities)
    fields = [f for f in info.fields.values() if f.facts.search]
    texts = [normalize("NFKC", str(r[f.column])) for r in copies.rows[info.name] for f in fields if r[f.column]]
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
    if column.kind in ("text", "enum", "bool", "int", "decimal"):
        yield f"{{ {plural} {{ groupBy(by: [{{{name}: true}}]) {{ nodes {{ count }} }} }} }}"
    if column.kind in ("int", "decimal", "date", "datetime") and column.name != "version":
        yield f"{{ {plural} {{ aggregate {{ max {{ {name} }} }} }} }}"
    if column.facts.unique and isinstance(value, str):
        yield f"{{ {info.single}(by: {{{name}: {quoted(value)}}}) {{ id }} }}"


ALL_READS = [(lists, 6), (numbers, 5), (single, 3), (search, 2), (cursors, 2), (closed_columns, 2)]
