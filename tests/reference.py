"""The plainest answer to every read: Python over lists of rows.

It states the rules of API.md and DOMAIN.md 5 once more, from the same facts (cells of the matrix, owners, paths), and
shares no code with ``permissions.scopes``, ``permissions.columns`` or ``resolvers``: where the two differ, one of them
is wrong. Speed and elegance of the answer do not matter here; that it can be read does.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from db.entity_info import EntityInfo, Field, Relation
from db.facts import Grant, Role, Through
from db.registry import Registry
from permissions.viewer import Reach, Viewer
from tests.asks import Ask
from tests.places import Place
from tests.reference_computed import computed, readable
from tests.reference_documents import unveiled
from tests.reference_groups import SUPPRESSED_BELOW, Cell, Grouping, aggregate, arranged, holds, measured
from tests.reference_values import compares, ends, periods_of, printed
from tests.world import Row

__all__ = ["Ask", "Reference", "periods_of", "read_rows"]

DEFAULT_FIRST = 200


def read_rows(place: Place) -> dict[str, list[Row]]:
    """Every row of every entity by plain SELECTs, in the order of ids."""

    def read(connection: sa.Connection) -> dict[str, list[Row]]:
        tables = {info.name: info.table for info in place.services.entities.values()}
        found = {
            name: [dict(row._mapping) for row in connection.execute(sa.select(table))] for name, table in tables.items()
        }
        return {name: sorted(rows, key=lambda row: str(row["id"])) for name, rows in found.items()}

    return place.runner.run(place.services.database.as_system().look(read))


@dataclass
class Reference:
    """The answers for one set of rows on one day. `now` are the rows and the day that rights lean on, where those of
    the question are of the past."""

    entities: Registry
    rows: Mapping[str, list[Row]]
    today: dt.date
    asking: Viewer | None = None
    """Who asks at the moment: what is computed of a list is of the rows that they see."""
    now: Reference | None = field(default=None, kw_only=True)

    def in_force(self, region: Row) -> bool:
        """Whether a region is one of the day: it has begun, and has not ended."""
        return region["valid_from"] <= self.today and (region["valid_to"] is None or self.today <= region["valid_to"])

    # --- which rows -------------------------------------------------------------------------------------------------

    def readers(self, info: EntityInfo, viewer: Viewer, counting: bool = False) -> list[tuple[Role, Grant]]:
        """The viewer's cells that let rows be read; with `counting` also those that let them be counted."""
        cells = [
            (role, grant) for role, grant in info.grants.items() if role in viewer.reaches and "R" in grant.operations
        ]
        return [(role, grant) for role, grant in cells if counting or not grant.aggregate_only]

    def counts_only(self, entity: str, viewer: Viewer) -> bool:
        """Whether the viewer gets numbers of the entity but no rows."""
        info = self.entities[entity]
        return not self.readers(info, viewer) and bool(self.readers(info, viewer, counting=True))

    def leads(self, relation: Relation, viewer: Viewer) -> bool:
        """Whether a question may go over a relation: never where all rows would answer as if nothing were there."""
        return self.barred(relation, viewer) is None

    def barred(self, relation: Relation, viewer: Viewer) -> str | None:
        """The code of the refusal of a question over a relation: FORBIDDEN where no row of what it leads to, or of what
        lies between, can be read; BAD_INPUT where no role is told by what it leads there; None where it may go on."""
        source, target = self.entities[relation.source], self.entities[relation.target]
        passed, told = [target], [(target, relation.far) if relation.many else (source, relation.near)]
        if relation.through:
            via = self.entities[relation.through.via]
            passed.append(via)
            told = [(source, relation.near), (via, relation.through.near), (via, relation.through.far)]
        if not all(self.readers(info, viewer) for info in passed):
            return "FORBIDDEN"
        shown = all(
            not (cells := self.readers(info, viewer)) or any(self._cell_names(cell, column) for _, cell in cells)
            for info, column in told
        )
        return None if shown else "BAD_INPUT"

    def visible(self, entity: str, row: Row, viewer: Viewer, counting: bool = False) -> bool:
        """Whether any role of the viewer opens the row."""
        info = self.entities[entity]
        opened = (self._opens(info, row, viewer, role, grant) for role, grant in self.readers(info, viewer, counting))
        return row["deleted_at"] is None and any(opened) and self._told(info, row, viewer)

    def _told(self, info: EntityInfo, row: Row, viewer: Viewer) -> bool:
        """Whether the viewer may read of the entity the row tells of, if it tells of any."""
        told = row[info.facts.about] if info.facts.about else None
        about = self.entities.get(told) if told else None
        if told is None:
            return True
        # What a row was like when something was told of it is not known: only who reads all kinds of rows is told.
        return about is not None and (
            about.facts.technical or any(not grant.where for _, grant in self.readers(about, viewer))
        )

    def _opens(self, info: EntityInfo, row: Row, viewer: Viewer, role: Role, grant: Grant) -> bool:
        if info.part_of:  # a child row is open as its parent is
            parent = self.entities[info.part_of]
            [above] = [each for each in self.rows[parent.name] if each["id"] == row[f"{parent.key}_id"]]
            return self._opens(parent, above, viewer, role, grant)
        if not self._meets_tests(row, grant):
            return False
        reach, real = viewer.reaches[role], self.now or self
        path = row.get("path" if info.facts.owner == "self" else "scope_path")
        if grant.scope == "A":
            return True
        if grant.scope == "T":
            return bool(row["technical"])
        mine = {"K": info.facts.committee, "G": info.facts.grid}
        if grant.scope in "PCDS" or mine.get(grant.scope, "") is None:
            assert path is not None
            # A range stands for a subtree: it opens every path that begins with the path at its lower end.
            return any(path.startswith(low) for low, _ in reach.ranges) or (grant.above and path in reach.above)
        if grant.scope == "K":
            newly_entered = info.name == "Mediator" and row["created_by_id"] == viewer.account_id
            return newly_entered or bool(real._ends(info, row, info.facts.committee) & set(reach.committees))
        if grant.scope == "L":
            return real._linked_to(info.name, row, reach) or (grant.above and path in reach.above)
        if grant.scope == "B":
            return bool(real._ends(info, row, info.facts.unit or "org_scope") & set(reach.below))
        if grant.scope == "G":
            return bool(real._ends(info, row, info.facts.grid) & set(reach.grids))
        if grant.scope == "O" and info.facts.mediator is not None:
            own = bool(real._ends(info, row, info.facts.mediator) & {*reach.mediators, viewer.account_id})
            return own and self._within(reach, path or "/")
        return False

    def _meets_tests(self, row: Row, grant: Grant) -> bool:
        """Whether a row is one of those that a grant is about; an empty column is none of any."""
        for test in grant.where:
            stored = row[test.column]
            said = {True: "true", False: "false"}.get(stored, stored)
            if stored is None or (said in test.words) == test.negated:
                return False
        return True

    def _linked_to(self, entity: str, row: Row, reach: Reach) -> bool:
        """DOMAIN 5.1 of L, entity by entity: what a court or another partner has to do with a row."""
        match entity:
            case "Region":
                return self._covers(reach, row["path"])
            case "OrgUnit":
                own = row["id"] in reach.units and self._within(reach, row["scope_path"])
                return own or self._covers(reach, row["scope_path"])
            case "OrgUnitCoverage" | "PartnerInstitution":
                own = row["org_unit_id"] in reach.units and self._within(reach, row["scope_path"])
                return own or self._covers(reach, row["scope_path"])
            case "MediationCommittee":
                return row["filing_status"] == "FILED" and self._covers(reach, row["scope_path"])
            case "CommitteeTerm" | "MediatorAppointment" | "Studio":
                committees = (c for c in self.living("MediationCommittee") if c["id"] == row["committee_id"])
                return any(self._linked_to("MediationCommittee", committee, reach) for committee in committees)
            case "Mediator":
                posts = [
                    p for p in self.living("MediatorAppointment")
                    if p["mediator_id"] == row["id"] and p["start_on"] <= self.today
                    and (p["end_on"] is None or p["end_on"] >= self.today)
                ]  # fmt: skip
                return any(self._linked_to("MediatorAppointment", post, reach) for post in posts)
            case "CourtNotification":
                return row["court_id"] in reach.units and self._within(reach, row["scope_path"])
            case "CommitteeFiling":
                notices = (n for n in self.living("CourtNotification") if n["id"] == row["court_notification_id"])
                return any(self._linked_to("CourtNotification", notice, reach) for notice in notices)
        raise AssertionError(f"nobody said what links rows of {entity}")

    def living(self, entity: str) -> list[Row]:
        """The rows that are not deleted."""
        return [row for row in self.rows[entity] if row["deleted_at"] is None]

    def _within(self, reach: Reach, path: str) -> bool:
        """Whether who gave the role may give it where a row stands."""
        return any(path.startswith(low) for low, _ in reach.limits)

    def _covers(self, reach: Reach, path: str) -> bool:
        return any(path.startswith(low) for low, _ in reach.ranges)

    def _ends(self, info: EntityInfo, row: Row, path: str | None) -> set[str]:
        """The ids at the end of a path of relations, over living rows."""
        here = [row]
        for relation in self.entities.walk(info, path or "self"):
            if relation == self.entities.walk(info, path or "self")[-1] and not relation.many:
                return {r[relation.near] for r in here}
            here = [
                far
                for far in self.rows[relation.target]
                for r in here
                if far[relation.far] == r[relation.near] and not far["deleted_at"]
            ]
        return {r["id"] for r in here}

    def related(self, relation: Relation, row: Row | None, viewer: Viewer, counting: bool = False) -> list[Row]:
        """The visible rows at the other end of a relation, by id; at most one of a to-one."""
        if row is None:
            return []
        if not relation.many and not self._names(relation.source, row, relation.near, viewer):
            return []
        ids = self._linked(relation, row, viewer)
        found = [
            far
            for far in self.rows[relation.target]
            if far["id"] in ids and self.visible(relation.target, far, viewer, counting)
        ]
        if relation.many and relation.through is None and relation.name != "ancestors":
            found = [far for far in found if self._names(relation.target, far, relation.far, viewer, counting)]
        return found if relation.many else found[:1]

    def _names(self, entity: str, row: Row, column: str, viewer: Viewer, counting: bool = False) -> bool:
        """Whether a role that opens the row lets this column of it be read: a reference withheld leads nowhere."""
        info = self.entities[entity]
        opening = [g for role, g in self.readers(info, viewer, counting) if self._opens(info, row, viewer, role, g)]
        return column == "id" or not opening or any(self._cell_names(grant, column) for grant in opening)

    def _cell_names(self, grant: Grant, column: str) -> bool:
        named = grant.columns.get("R")
        return named is None or column in named or column in ("id", "version")

    def linked(self, relation: Relation, row: Row) -> list[Row]:
        """The living rows at the other end, whoever asks."""
        ids = self._linked(relation, row, None)
        return [far for far in self.rows[relation.target] if far["id"] in ids and far["deleted_at"] is None]

    def _linked(self, relation: Relation, row: Row, viewer: Viewer | None) -> set[Any]:
        if relation.name == "ancestors":
            parents = {r["id"]: r["parent_id"] for r in self.rows["Region"]}
            above, step = set(), row["parent_id"]
            while step is not None:
                above.add(step)
                step = parents[step]
            return above
        if relation.through is None:
            return {far["id"] for far in self.rows[relation.target] if far[relation.far] == row[relation.near]}
        through = relation.through
        between = [
            via for via in self.rows[through.via]
            if via[through.near] == row[through.start]
            and all(via[column] in values for column, values in through.where)
            and (through.since is None or via[through.since] <= self.today)
            and (through.until is None or via[through.until] is None or via[through.until] >= self.today)
        ]  # fmt: skip
        return {
            via[through.far]
            for via in between
            if (self._shows_both_ends(through, via, viewer) if viewer else via["deleted_at"] is None)
        }

    def _shows_both_ends(self, through: Through, via: Row, viewer: Viewer) -> bool:
        ends = (self._names(through.via, via, column, viewer) for column in (through.near, through.far))
        return self.visible(through.via, via, viewer) and all(ends)

    # --- which values -----------------------------------------------------------------------------------------------

    def value(self, entity: str, field: Field, row: Row | None) -> Any:
        """The value of a field before any mask: what is stored, or what follows from it."""
        if row is None:
            return None
        if field.formula is not None and not field.stored:
            return computed(self, entity, field, row)
        if (entity, field.name) == ("MediationCommittee", "status") and row["status"] == "ACTIVE":
            terms = [t for t in self.rows["CommitteeTerm"] if t["committee_id"] == row["id"] and not t["deleted_at"]]
            begun = [t["ends_on"] for t in terms if t["starts_on"] <= self.today]
            return "TERM_EXPIRED" if begun and max(begun) < self.today else "ACTIVE"
        return row[field.column]

    def shows(self, grant: Grant, field: Field) -> bool:
        """Whether a cell of the matrix shows a column as it is."""
        masked = grant.masked and field.facts.personal is not None
        return not masked and self._cell_names(grant, field.name)

    def shown(self, entity: str, field: Field, row: Row, viewer: Viewer) -> Any:
        """A field of a visible row as the API prints it to the viewer."""
        info = self.entities[entity]
        opening = [grant for role, grant in self.readers(info, viewer) if self._opens(info, row, viewer, role, grant)]
        value = printed(self.value(entity, field, row), field, info.facts.prefix)
        if field.facts.copies is not None:
            roles = [role for role, grant in self.readers(info, viewer) if self._opens(info, row, viewer, role, grant)]
            value = unveiled(self.entities, field.facts.copies, row, roles, value)
        if any(self.shows(grant, field) for grant in opening):
            return value if readable(self, entity, field, viewer) else None
        return value[:1] + "某某" if field.facts.personal == "surname" and value is not None else None

    def conditionable(self, entity: str, field: Field, viewer: Viewer) -> bool:
        """Whether the viewer may filter and order by a field at all."""
        cells = self.readers(self.entities[entity], viewer, counting=True)
        plain = field.kind not in ("encrypted", "json", "shape") and readable(self, entity, field, viewer)
        return plain and all(self.shows(grant, field) for _, grant in cells)

    # --- which conditions -------------------------------------------------------------------------------------------

    def meets(self, entity: str, row: Row | None, where: Mapping[str, Any], viewer: Viewer) -> bool:
        """Whether a row meets a condition; None, a row that is not there or not visible, has nulls in all columns."""
        self.asking = viewer
        return all(self._meets(self.entities[entity], row, name, value, viewer) for name, value in where.items())

    def _meets(self, info: EntityInfo, row: Row | None, name: str, value: Any, viewer: Viewer) -> bool:
        if name == "not":
            return not self.meets(info.name, row, value, viewer)
        if name == "and":
            return all(self.meets(info.name, row, part, viewer) for part in value)
        if name == "or":
            return any(self.meets(info.name, row, part, viewer) for part in value)
        if info.name == "Region" and name in ("descendantOf", "childOf", "ancestorOf"):
            return row is not None and self._stands(row, name, value, viewer)
        if name in info.public_fields:
            field = info.public_fields[name]
            stored = self.value(info.name, field, row)
            return all(
                compares(stored, operator, wanted, field, info.facts.prefix) for operator, wanted in value.items()
            )
        relation = info.public_relations[name]
        found = self.related(relation, row, viewer)
        if not relation.many:
            return self.meets(relation.target, found[0] if found else None, value, viewer)
        return all(
            self._meets_many(relation.target, found, quantifier, wanted, viewer) for quantifier, wanted in value.items()
        )

    def _meets_many(self, entity: str, found: list[Row], quantifier: str, wanted: Any, viewer: Viewer) -> bool:
        if quantifier == "count":
            return all(compares(len(found), operator, number, None, "") for operator, number in wanted.items())
        if quantifier == "aggregate":
            return holds(self, entity, Cell((), found), wanted)
        held = [self.meets(entity, row, wanted, viewer) for row in found]
        return {"some": any(held), "every": all(held), "none": not any(held)}[quantifier]

    def _stands(self, row: Row, operator: str, by: Mapping[str, str], viewer: Viewer) -> bool:
        """Whether a region stands below or above the visible region that a key names."""
        [(key, value)] = by.items()
        field = self.entities["Region"].public_fields[key]
        named = [
            r for r in self.rows["Region"]
            if printed(r[field.column], field, "rg") == value and self.visible("Region", r, viewer)
            and not (key == "code" and not self.in_force(r))
        ]  # fmt: skip
        for region in named:
            if operator == "descendantOf":
                return bool(row["path"].startswith(region["path"]))
            if operator == "childOf":
                return bool(row["parent_id"] == region["id"])
            return row["id"] in self._linked(self.entities["Region"].relations["ancestors"], region, None)
        return False

    # --- which order, which page ------------------------------------------------------------------------------------

    def ordered(
        self, entity: str, rows: Sequence[Row], order: Sequence[Mapping[str, Any]], viewer: Viewer
    ) -> list[Row]:
        """The rows in an order; ties by id."""
        sorted_rows = sorted(rows, key=lambda row: str(row["id"]))
        for item in reversed(order):
            keys = {row["id"]: self._sort_key(entity, row, item, viewer) for row in sorted_rows}
            sorted_rows = arranged(sorted_rows, lambda row, keys=keys: keys[row["id"]], self._direction(item))  # type: ignore[misc]
        return sorted_rows

    def _direction(self, item: Mapping[str, Any]) -> str:
        [value] = item.values()
        return value if isinstance(value, str) else self._direction(value)

    def _sort_key(self, entity: str, row: Row | None, item: Mapping[str, Any], viewer: Viewer) -> Any:
        [(name, value)] = item.items()
        info = self.entities[entity]
        if name in info.public_fields:
            value = self.value(entity, info.public_fields[name], row)
            return ends(value) if info.public_fields[name].kind == "period" and value is not None else value
        relation = info.public_relations[name]
        found = self.related(relation, row, viewer)
        if relation.many:
            if row is None:
                return None
            [(function, column)] = value.items()
            name = "" if function == "count" else next(iter(column))
            return measured(self, relation.target, found, function, name)
        return self._sort_key(relation.target, found[0] if found else None, value, viewer)

    def answer(self, ask: Ask, viewer: Viewer, among: list[Row] | None = None) -> dict[str, Any]:
        """What a list prints: of the whole entity, or of the rows that a relation leads to."""
        self.asking = viewer
        hidden = self.counts_only(ask.entity, viewer)
        rows = (
            among
            if among is not None
            else [r for r in self.rows[ask.entity] if self.visible(ask.entity, r, viewer, hidden)]
        )
        met = [row for row in rows if self.meets(ask.entity, row, ask.where or {}, viewer)]
        printed_list: dict[str, Any] = {}
        if ask.count:
            printed_list["totalCount"] = None if hidden and 0 < len(met) < SUPPRESSED_BELOW else len(met)
        if ask.aggregate is not None:
            printed_list["aggregate"] = aggregate(self, ask.entity, met, ask.aggregate, viewer)
        if ask.groups is not None:
            printed_list["groupBy"] = Grouping(self, ask, met, viewer).answer()
        page, before, after = _page(self.ordered(ask.entity, met, ask.order, viewer), ask)
        if ask.nodes:
            printed_list["nodes"] = [self.row(ask, row, viewer) for row in page]
        if ask.pages:
            printed_list["pageInfo"] = {"hasNextPage": after, "hasPreviousPage": before}
        return printed_list

    def row(self, ask: Ask, row: Row, viewer: Viewer) -> dict[str, Any]:
        """What is printed of one visible row."""
        info = self.entities[ask.entity]
        found = {name: self.shown(ask.entity, info.public_fields[name], row, viewer) for name in ask.fields}
        for name, inner in ask.nested:
            relation = info.public_relations[name]
            far = self.related(relation, row, viewer)
            one = self.row(inner, far[0], viewer) if far and not relation.many else None
            found[name] = self.answer(inner, viewer, far) if relation.many else one
        return found


def _page(rows: list[Row], ask: Ask) -> tuple[list[Row], bool, bool]:
    """A page of rows, and whether there are rows before and after it."""
    if ask.last is not None:
        start = max(len(rows) - ask.last, 0)
        return rows[start:], start > 0, False
    start = ask.offset or 0
    end = start + (DEFAULT_FIRST if ask.first is None else ask.first)
    return rows[start:end], start > 0, len(rows) > end
