"""A small country counted by hand, the same rows with the same ids on both databases, and the people who read it.

    /           nation
    /32/          province          /33/  another province (`Z`)
      01/           city1           02/   city2
        02/ A  04/ B                  05/ C       districts
          002 A2, 003 A3 · B1, B2 · C1, C2        streets, two villages each (`A21` `A22` …)

Street A2 took the place of A9 (once in A) and of B9 (once in B), A3old went to B1; their old rows stay where they
were written. Every relation that does not run along the tree has **border rows**: an office that guides a committee
of another district, a mediator registered elsewhere, a case whose place is not its committee's. What the tables below
leave open is filled from the facts of the columns, with nulls and awkward text taking turns.
"""

from __future__ import annotations

import datetime as dt
import decimal
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from db.clock import today
from db.entity_info import EntityInfo
from db.facts import Facts, Role, Shape
from db.kinds.beside import completed
from db.periods import granularity_of
from db.registry import registry
from permissions.viewer import Reach, Viewer, subtree
from tests.canaries import MARK, SECRET
from tests.reference_values import periods_of

Row = dict[str, Any]
TODAY = today()
DAY = dt.timedelta(days=1)
LONG_AGO, LATER, NEVER = dt.date(2020, 1, 1), dt.date(2190, 1, 1), "0fffffff-0000-7000-8000-000000000000"

PATHS = {
    "nation": "/", "province": "/32/", "city1": "/32/01/", "city2": "/32/02/", "A": "/32/01/02/", "B": "/32/01/04/",
    "C": "/32/02/05/", "A2": "/32/01/02/002/", "A3": "/32/01/02/003/", "B1": "/32/01/04/001/", "B2": "/32/01/04/002/",
    "C1": "/32/02/05/001/", "C2": "/32/02/05/002/",
    **{f"{street}{n}": f"{path}00{n}/" for street, path in (
        ("A2", "/32/01/02/002/"), ("A3", "/32/01/02/003/"), ("B1", "/32/01/04/001/"), ("B2", "/32/01/04/002/"),
        ("C1", "/32/02/05/001/"), ("C2", "/32/02/05/002/")) for n in (1, 2)},
    "Z": "/33/", "A2gone": "/32/01/02/002/009/", "A9": "/32/01/02/902/", "A91": "/32/01/02/902/001/",
    "B9": "/32/01/04/905/", "B91": "/32/01/04/905/001/", "A3old": "/32/01/02/003-1/",
}  # fmt: skip
SUCCESSORS = {"A9": "A2", "A91": "A21", "B9": "A2", "A3old": "B1"}
NAMES = {"A21": "莫𡐓村", "A22": 'the "quoted" village', "B11": "back\\slash", "B12": "O'Brien; --", "C11": "莫﨑村"}
LEVELS = ("NATION", "PROVINCE", "CITY", "DISTRICT", "STREET", "VILLAGE")

ACCOUNTS = {
    "prov": "province", "city": "city1", "dist": "A", "dist2": "B", "offc": "A2", "offc2": "B1", "comm": "A21",
    "medr": "A21", "audt": "A", "sys": "province", "mix": "A3", "twin": "city1", "none": "C11", "gone": "A2", "z": "Z",
    "court": "A", "part": "A3", "cent": "B",
}  # fmt: skip
# unit: its region, the unit above, its head
UNITS = {
    "dept": ("province", None, "prov"), "bureau_t": ("city1", "dept", "city"), "bureau_a": ("A", "bureau_t", "prov"),
    "bureau_b": ("B", "bureau_t", "dist2"), "office1": ("A2", "bureau_a", "offc"), "office2": ("B1", "bureau_b",
    "dist"),
    "office3": ("A3", "bureau_b", None), "court": ("A", None, "dist"), "dept2": ("city2", None, None),
    "gone": ("A2", "bureau_a", None), "dept_z": ("Z", None, "z"), "court2": ("B", None, None),
    "police": ("B2", None, "court"), "centre": ("B", "bureau_b", "cent"),
}  # fmt: skip
COVERAGES = [
    ("office1", "A2", LONG_AGO, None), ("office1", "A3", LONG_AGO, TODAY - DAY), ("office1", "B2", LONG_AGO, TODAY),
    ("office2", "B1", LONG_AGO, None), ("office2", "B2", TODAY, None), ("office3", "A3", LONG_AGO, None),
    ("office3", "C1", TODAY + DAY, None), ("court", "A", LONG_AGO, LATER), ("dept2", "A31", LONG_AGO, None),
    ("gone", "A22", LONG_AGO, None), ("court", "B2", LONG_AGO, TODAY - DAY), ("court2", "B", LONG_AGO, None),
    ("police", "A3", LONG_AGO, None), ("police", "B1", LONG_AGO, TODAY), ("police", "C1", TODAY + DAY, None),
    ("centre", "B", LONG_AGO, None),
]  # fmt: skip
HOSTS = {
    "a": "A2",
    "a2": "A3",
    "b": "B1",
    "b2": "B2",
    "c": "C1",
    "p": "province",
    "z": "Z",
    "gone": "A2",
    "alone": "A22",
}
# partner institution: its unit, and its kind
PARTNERS = {
    "court": ("court", "COURT"), "court2": ("court2", "COURT"), "police": ("police", "POLICE_STATION"),
    "dept2": ("dept2", "HEALTH"), "dept": ("dept", "OTHER"), "far": ("dept_z", "OTHER"), "gone": ("gone", "OTHER"),
}  # fmt: skip
# committee: region, host unit, guiding office, filing bureau, supervising department, stored status, filing status
COMMITTEES = {
    "a1": ("A21", None, "office1", "bureau_a", None, "ACTIVE", "FILED"),
    "a2": ("A2", None, "office1", "bureau_a", "court", "ACTIVE", "FILED"),
    "a3": ("A31", "b", "office3", "bureau_a", "court2", "ACTIVE", "FILED"),
    "a4": ("A22", "a", "office2", "bureau_b", "dept2", "RECTIFYING", "OUTDATED"),
    "a5": ("A91", "a2", "office1", "bureau_a", None, "DISSOLVED", "UNFILED"),
    "b1": ("B11", "a", "office2", "bureau_b", None, "ACTIVE", "FILED"),
    "b2": ("B2", "b2", "office1", "bureau_a", "court", "ACTIVE", "PENDING"),
    "b9": ("B91", None, "office2", "bureau_b", None, "ACTIVE", "FILED"),
    "c1": ("C11", "c", "dept2", "bureau_t", "dept2", "PREPARING", "UNFILED"),
    "t1": ("city1", "p", "bureau_t", "dept", "dept", "ACTIVE", "FILED"),
    "z1": ("Z", "a", "dept_z", "dept_z", "court", "ACTIVE", "FILED"),
    "gone": ("A21", "a", "office1", "bureau_a", None, "ACTIVE", "FILED"),
}
# studio: committee, leader, partner it is stationed with
STUDIOS = [
    ("a1", "m1", None), ("a1", "m3", "court"), ("a3", "m4", "far"), ("b1", "m5", "court"), ("b1", "m1", "court2"),
    ("a4", "m6", "dept2"), ("z1", "m2", "police"), ("c1", "m6", "gone"), ("b2", "m5", "court"),
]  # fmt: skip
# notification of a court: court, period, who acknowledged it
NOTICES = {"n1": ("court", "2026Q1", "court"), "n2": ("court", "2026Q2", None), "n3": ("court2", "2026Q1", "dist"),
           "gone": ("court", "2025", None)}  # fmt: skip
# mediator: region, who entered it
MEDIATORS = {
    "m1": ("A21", "prov"), "m2": ("A21", "dist"), "m3": ("B11", "dist2"), "m4": ("A31", "offc"), "m5": ("B12", "prov"),
    "m6": ("C11", None), "m7": ("A21", "comm"), "gone": ("A22", "comm"), "m9": ("A22", "mix"), "mz": ("Z", "z"),
}  # fmt: skip
APPOINTMENTS = [
    ("m1", "a1", "DIRECTOR", LONG_AGO, None), ("m1", "b1", "MEMBER", LONG_AGO, LATER),
    ("m2", "a1", "MEMBER", LONG_AGO, TODAY - DAY), ("m2", "a2", "DIRECTOR", LONG_AGO, None),
    ("m3", "a1", "MEMBER", LONG_AGO, None), ("m4", "a3", "DIRECTOR", TODAY + DAY, None),
    ("m5", "b1", "DIRECTOR", LONG_AGO, None), ("m5", "b2", "DEPUTY_DIRECTOR", TODAY, TODAY),
    ("m5", "a2", "DIRECTOR", LONG_AGO, None), ("m6", "c1", "ENGAGED", LONG_AGO, None),
    ("m6", "a4", "DIRECTOR", LONG_AGO, None), ("m9", "a4", "MEMBER", LONG_AGO, TODAY - DAY),
    ("m9", "a2", "DIRECTOR", LONG_AGO, TODAY), ("mz", "z1", "MEMBER", LONG_AGO, None), ("m1", "t1", "ENGAGED", LATER,
     None),
    ("m2", "t1", "ENGAGED", LONG_AGO, None), ("gone", "a3", "MEMBER", LONG_AGO, None), ("m4", "a3", "MEMBER",
     LONG_AGO, None),
]  # fmt: skip
TERMS = [
    ("a1", LONG_AGO, LATER), ("a2", LONG_AGO, TODAY - DAY), ("a2", TODAY + DAY, LATER), ("a4", LONG_AGO, TODAY - DAY),
    ("b1", LONG_AGO, TODAY - DAY), ("b1", LONG_AGO, LATER), ("b2", LONG_AGO, TODAY), ("c1", LONG_AGO, TODAY - DAY),
    ("t1", LONG_AGO, LATER), ("b9", LONG_AGO, TODAY - DAY),
]  # fmt: skip
FILINGS = [
    ("a1", "FILED"), ("a1", "DRAFT"), ("a2", "SUBMITTED"), ("a3", "RETURNED"), ("b1", "FILED"), ("b2", "NOT_FILED"),
    ("c1", "WITHDRAWN"), ("t1", "OFFICE_CHECKED"), ("a4", "FILED"), ("z1", "DRAFT"), ("a5", "FILED"), ("a2", "DRAFT"),
]  # fmt: skip
# filing, by its place in the list above: the notification that told of it
TOLD = {0: "n1", 4: "n1", 8: "n3", 10: "gone", 6: "n2", 11: "n2"}  # fmt: skip
# case: committee, place, who registered it
CASES = [
    ("a1", "A21", "medr"), ("a1", "B11", "comm"), ("a2", "A22", "offc"), ("a4", "C11", "comm"), ("b1", "A21", "medr"),
    ("b2", "B21", None), ("c1", "C11", "none"), ("a2", "A2", "medr"), ("t1", "A31", "city"), ("a3", "A3", "mix"),
    ("b1", "B12", "offc2"), ("a5", "A9", "prov"), ("z1", "A", "z"), ("a1", "A21", "comm"),
]  # fmt: skip
# grant: account, role, and the one anchor; the fourth and fifth say from when until when
GRANTS: list[tuple[str, str, dict[str, str], dt.date, dt.date | None]] = [
    ("prov", "PROV", {"region": "province"}, LONG_AGO, None), ("city", "CITY", {"region": "city1"}, LONG_AGO, None),
    ("dist", "DIST", {"region": "A"}, LONG_AGO, None), ("dist2", "DIST", {"region": "B"}, LONG_AGO, None),
    ("offc", "OFFC", {"org_unit": "office1"}, LONG_AGO, None), ("offc2", "OFFC", {"org_unit": "office2"}, LONG_AGO,
     None),
    ("comm", "COMM", {"committee": "a1"}, LONG_AGO, None), ("medr", "MEDR", {"mediator": "m1"}, LONG_AGO, None),
    ("audt", "AUDT", {"region": "A"}, LONG_AGO, LATER), ("sys", "SYS", {}, LONG_AGO, None),
    ("mix", "OFFC", {"org_unit": "office3"}, LONG_AGO, None), ("mix", "COMM", {"committee": "a1"}, LONG_AGO, None),
    ("twin", "CITY", {"region": "city1"}, LONG_AGO, None), ("twin", "OFFC", {"org_unit": "office2"}, LONG_AGO, None),
    ("dist", "DIST", {"region": "B"}, LONG_AGO, TODAY - DAY), ("offc", "OFFC", {"org_unit": "office2"}, LATER, None),
    ("comm", "COMM", {"committee": "b1"}, LONG_AGO, TODAY - DAY), ("medr", "MEDR", {"mediator": "m5"}, LONG_AGO, TODAY),
    ("offc2", "COMM", {"committee": "a1"}, LONG_AGO, None), ("offc2", "MEDR", {"mediator": "m1"}, LONG_AGO, None),
    ("dist2", "OFFC", {"org_unit": "office1"}, LONG_AGO, None),
    ("court", "COURT", {"org_unit": "court"}, LONG_AGO, None), ("part", "PART", {"org_unit": "police"}, LONG_AGO, None),
    ("cent", "CENT", {"org_unit": "centre"}, LONG_AGO, None), ("court", "COURT", {"org_unit": "court2"}, LONG_AGO,
     TODAY - DAY), ("gone", "DIST", {"region": "A"}, LONG_AGO, None),
]  # fmt: skip
# audit record: region, actor, technical
AUDITS = [
    ("A21", "medr", False), ("A2", "offc", False), ("B11", "medr", False), ("B11", "dist", True), ("city1", "city",
     False),
    ("A", "prov", True), ("A", "dist", False), ("province", "sys", True), ("A31", None, False), ("Z", "z", True),
     ("A21", "gone", False),
]  # fmt: skip

TEXTS = (
    "莫𡐓村", 'he said "no"', "back\\slash", "tab\tand\nline", "🀄 tiles", "O'Brien; --", "100%_", "ＡＢＣ wide",
    "\x7f\x1f\b",
    "a", "A", "张三", "", "</script>", " ", "\u2028line", "﨑", "𠮷野家", '{"a":1}', "莫",
)  # fmt: skip
DOCUMENTS: tuple[Any, ...] = ({"名": 'x"y', "b": [1, None, True]}, {"z": 1, "a": {"deep": "莫𡐓村"}}, [], {"n": 1.5})


# --- rows ----------------------------------------------------------------------------------------------------------


@dataclass
class Rows:
    """The rows of the world as they are written: by entity, and their ids by ``entity:name``."""

    entities: Any = field(default_factory=registry)
    by_entity: dict[str, list[Row]] = field(default_factory=dict)
    named: dict[str, Row] = field(default_factory=dict)
    _unsigned: list[tuple[Row, Row]] = field(default_factory=list)

    def key(self, entity: str, name: str | None) -> str | None:
        """The id of a row by its name here; None for none."""
        return None if name is None else str(self.named[f"{entity}:{name}"]["id"])

    def add(self, entity: str, name: str = "", /, **given: Any) -> None:
        """A row: what is given, its owner's path and region, and the rest from the facts of its columns."""
        info = self.entities[entity]
        n = len(self._unsigned) + 1
        row = {c.name: _filler(c, c.info["facts"], n + 3 * i, n) for i, c in enumerate(info.table.c)}
        row |= {
            "id": f"{n * 7919 % 100_003:08x}-0000-7000-8000-{n:012x}",
            "deleted_at": None,
            "created_at": _moment(n),
            "updated_at": _moment(n + 1),
            **given,
        }
        if "scope_path" in row and info.owner is not None:
            row |= self._owned(info, row)
        if name == "gone":
            row["deleted_at"] = _moment(n)
        row = dict(completed(info.table, row))
        self.by_entity.setdefault(entity, []).append(row)
        self.named[f"{entity}:{name or n}"] = row
        self._unsigned.append((row, given))

    def written(self) -> Iterator[tuple[str, Sequence[Row]]]:
        """The rows in an order in which a database takes them."""
        yield from self.by_entity.items()

    def sign(self) -> None:
        """Say who wrote each row and which unit guides it, once all people and units are there."""
        people = [self.key("UserAccount", name) for name in ("prov", "dist2", "dist", "none", "sys")]
        units = [self.key("OrgUnit", name) for name in ("office1", "bureau_b", "dept2", None, "office2", "dept")]
        for n, (row, given) in enumerate(self._unsigned):
            signed = {
                "created_by_id": [*people, None, NEVER][n % 7],
                "updated_by_id": [None, *people][n % 6],
                "org_scope_id": units[n % 6],
            }
            row |= {name: value for name, value in signed.items() if name in row and name not in given}

    def _owned(self, info: EntityInfo, row: Row) -> Row:
        relation = info.owner
        assert relation is not None
        owner = next(r for r in self.by_entity[relation.target] if r["id"] == row[relation.near])
        copied = (
            {"region_id": owner["region_id"]}
            if info.table.c.region_id.info["facts"].computed and relation.target != "Region"
            else {}
        )
        return {"scope_path": owner["path" if relation.target == "Region" else "scope_path"], **copied}


def _moment(n: int) -> dt.datetime:
    return dt.datetime(2026, 1 + n % 12, 1 + n % 28, n % 24, n % 60, n % 60, n % 10 * 111_000, dt.UTC)


def _filler(column: sa.Column[Any], facts: Facts, i: int, n: int) -> Any:
    """Something for a column that the tables do not mention, different from row to row."""
    if column.name.endswith(("_cipher", "_digest", "_hash")):
        return f"{SECRET}{column.name}-{n}"
    if (column.nullable and (i % 3 == 0 or facts.hidden)) or facts.kind in ("ref", "id"):
        return None
    match facts.kind:
        case "text" if facts.unique:
            return f"{n:012d}" if column.name == "code" else f"u{n}"
        case "text":
            text = TEXTS[i % len(TEXTS)]
            return (text[: facts.length - 1] + MARK if text.strip() and facts.length else text)[: facts.length]
        case "encrypted":
            return f"{i:03d}***{n:04d}"
        case "int":
            return facts.low + i % 5
        case "decimal":
            assert facts.low is not None
            tail = decimal.Decimal(i % 7).scaleb(-facts.scale)
            return (facts.low if i % 2 else decimal.Decimal(12)) + tail
        case "bool":
            return i % 2 == 0
        case "date":
            return dt.date(2026, 1 + i % 12, 1 + i % 28)
        case "datetime":
            return _moment(i)
        case "period":
            return sorted(period for day in (_moment(i),) for period in periods_of(day)
                          if granularity_of(period) in facts.lengths)[0]  # fmt: skip
        case "enum":
            assert facts.members is not None
            return list(facts.members)[i % 3 % len(facts.members)].name
        case "enums":
            assert facts.members is not None
            return [m.name for m in facts.members][i % 3 : i % 3 + i % 4]
        case _ if facts.copies and i % 2 and (facts.copies.copies or facts.copies.parts):
            return _copied(facts.copies, i)
        case _:
            return DOCUMENTS[i % len(DOCUMENTS)]


def _copied(shape: Shape, i: int) -> dict[str, Any]:
    """A document of a shape: every key that it names, some of its parts as lists."""
    copied = {name: f"{name} {i}" for copy in shape.copies for name in copy.names or ("name", "code", "address")}
    parts = {key: _copied(part, i + 1) for key, part in shape.parts.items()}
    lists = {key: [part, {**part, "own": None}] if "members" in key or key == "filings" else part
             for key, part in parts.items()}  # fmt: skip
    return {"own": i, **copied, **lists}


def rows() -> Rows:
    """Every row of the world, referred rows before those that refer to them."""
    world = Rows()
    _regions(world)
    for name, region in ACCOUNTS.items():
        world.add("UserAccount", name, login_name=name, region_id=world.key("Region", region))
    for name, (region, above, head) in UNITS.items():
        kept = {"region_id": world.key("Region", region), "parent_id": world.key("OrgUnit", above)}
        world.add("OrgUnit", name, **kept, head_user_id=world.key("UserAccount", head))
    for unit, region, since, until in COVERAGES:
        anchors = {"org_unit_id": world.key("OrgUnit", unit), "region_id": world.key("Region", region)}
        world.add("OrgUnitCoverage", **anchors, valid_from=since, valid_to=until)
    for name, (unit, kind) in PARTNERS.items():
        world.add("PartnerInstitution", name, org_unit_id=world.key("OrgUnit", unit), partner_kind=kind, name=name)
    for name, (court, period, by) in NOTICES.items():
        acknowledged = {"ack_by_id": world.key("UserAccount", by), "state": "ACKNOWLEDGED" if by else "SENT"}
        world.add("CourtNotification", name, court_id=world.key("OrgUnit", court), period=period, **acknowledged)
    for name, region in HOSTS.items():
        world.add("HostUnit", name, region_id=world.key("Region", region))
    _committees(world)
    _people(world)
    for account, role, anchor, since, until in GRANTS:
        targets = {"region": "Region", "org_unit": "OrgUnit", "committee": "MediationCommittee", "mediator": "Mediator"}
        anchors = {f"{what}_id": world.key(targets[what], name) for what, name in anchor.items()}
        world.add(
            "RoleGrant",
            account_id=world.key("UserAccount", account),
            role=role,
            valid_from=since,
            valid_to=until,
            within=None,
            **anchors,
        )
    for i, (region, actor, technical) in enumerate(AUDITS):
        anchors = {"region_id": world.key("Region", region), "actor_id": world.key("UserAccount", actor)}
        # What the record tells of decides too who reads it: most tell of nothing, one of a filing.
        told = "UserAccount" if technical else "CommitteeFiling" if i == 1 else None
        world.add("AuditLog", **anchors, technical=technical, entity=told)
    for region, since in (("province", LONG_AGO), ("A", LONG_AGO), ("B1", TODAY)):
        said = {"key": "FILING_DAYS", "qualifier": None, "value": "30", "valid_from": since, "valid_to": None}
        world.add("Parameter", region_id=world.key("Region", region), **said)
    paths = {row["id"]: row["path"] for row in world.by_entity["Region"]}
    records = world.by_entity["AuditLog"]
    for i, record in enumerate(records):
        # An act touches rows here and elsewhere: a line lies where its row does, not where the act was.
        for no, place in ((1, record), (2, records[(i + 3) % len(records)])):
            told = "UserAccount" if record["technical"] else "MediationCommittee"
            lines = {"audit_log_id": record["id"], "no": no, "entity": told, "technical": record["technical"]}
            world.add("AuditLine", **lines, scope_path=paths[place["region_id"]])
    world.sign()
    return world


def _regions(world: Rows) -> None:
    for name, path in PATHS.items():
        parent = next((n for n, p in PATHS.items() if p == path[: path.rstrip("/").rfind("/") + 1] and n != name), None)
        code = PATHS["A3"] if name == "A3old" else path
        world.add(
            "Region", name, code=code.replace("/", "").ljust(12, "0"), name=NAMES.get(name, name), path=path,
            level=LEVELS[path.count("/") - 1],
            parent_id=world.key("Region", parent), successor_id=world.key("Region", SUCCESSORS.get(name)),
            successor_path=PATHS[SUCCESSORS[name]] if name in SUCCESSORS else None,
            valid_from=LONG_AGO, valid_to=TODAY - DAY if name in SUCCESSORS else None,
        )  # fmt: skip
    world.named["Region:A2gone"]["deleted_at"] = _moment(1)
    by_id = {row["id"]: row for row in world.by_entity["Region"]}
    for row in by_id.values():
        row |= levels_of(row, by_id)


def levels_of(region: Row, by_id: Mapping[str, Row]) -> Row:
    """What stands in a region's columns of levels, found by walking up its parents."""
    chain: list[Row] = [region]
    while chain[-1]["parent_id"]:
        chain.append(by_id[chain[-1]["parent_id"]])
    found = {}
    for level in LEVELS[1:5]:
        below = LEVELS.index(region["level"]) >= LEVELS.index(level)
        lowest = next((r["id"] for r in chain if LEVELS.index(r["level"]) <= LEVELS.index(level)), None)
        found[f"{level.lower()}_id"] = lowest if below else None
    return found


def _committees(world: Rows) -> None:
    for name, (region, host, office, bureau, above, status, filing_status) in COMMITTEES.items():
        world.add(
            "MediationCommittee", name, region_id=world.key("Region", region), host_unit_id=world.key("HostUnit", host),
            guiding_office_id=world.key("OrgUnit", office), filing_bureau_id=world.key("OrgUnit", bureau),
            supervising_dept_id=world.key("PartnerInstitution", above), status=status, code=f"C-{name}",
            filing_status=filing_status,
        )  # fmt: skip
    for i, (committee, since, until) in enumerate(TERMS):
        name = "gone" if i == 5 else ""  # the term that would have kept b1 alive
        world.add(
            "CommitteeTerm",
            name,
            committee_id=world.key("MediationCommittee", committee),
            starts_on=since,
            ends_on=until,
            term_no=i + 1,
        )
    for i, (committee, state) in enumerate(FILINGS):
        acts = {
            f"{act}_by_id": world.key("UserAccount", who)
            for act, who in (("submitted", "comm"), ("checked", "offc2"), ("filed", "prov"))
        }
        world.add(
            "CommitteeFiling",
            "gone" if i == 11 else "",
            committee_id=world.key("MediationCommittee", committee),
            state=state,
            court_notification_id=world.key("CourtNotification", TOLD.get(i)),
            **acts,
        )


def _people(world: Rows) -> None:
    for name, (region, maker) in MEDIATORS.items():
        world.add(
            "Mediator", name, region_id=world.key("Region", region), created_by_id=world.key("UserAccount", maker)
        )
    for i, (mediator, committee, role, since, until) in enumerate(APPOINTMENTS):
        anchors = {
            "mediator_id": world.key("Mediator", mediator),
            "committee_id": world.key("MediationCommittee", committee),
        }
        world.add("MediatorAppointment", "gone" if i == 17 else "", **anchors, role=role, start_on=since, end_on=until)
    for i, (committee, leader, host) in enumerate(STUDIOS):
        world.add(
            "Studio", committee_id=world.key("MediationCommittee", committee), leader_id=world.key("Mediator", leader),
            host_partner_id=world.key("PartnerInstitution", host), name=f"studio {i}",
        )  # fmt: skip
    for i, (committee, region, maker) in enumerate(CASES):
        world.add(
            "MediationCase", "gone" if i == 13 else f"k{i + 1}", committee_id=world.key("MediationCommittee",
            committee),
            region_id=world.key("Region", region), created_by_id=world.key("UserAccount", maker),
            difficulty_reviewed_by_id=world.key("UserAccount", ("dist2", "dist", None)[i % 3]),
        )  # fmt: skip


# --- who reads it --------------------------------------------------------------------------------------------------


def _reach(*regions: str, above: tuple[str, ...] = (), **more: Any) -> Reach:
    return Reach(tuple(sorted(subtree(PATHS[r]) for r in regions)), tuple(sorted(PATHS[r] for r in above)), **more)


def viewers(world: Rows) -> dict[str, Viewer]:
    """A reader of every kind by name; their accounts are rows of the world."""
    top = ("nation", "province")
    inside_a, inside_b = (*top, "city1", "A"), (*top, "city1", "B")
    a1, b1 = (str(world.key("MediationCommittee", name)) for name in ("a1", "b1"))
    # B9 was numbered anew into A2, and so moved; the office sees what stayed there, but not district B above it.
    reaches: dict[str, Mapping[Role, Reach]] = {
        "prov": {Role.PROV: _reach("province", above=("nation",))},
        "city": {Role.CITY: _reach("city1", above=top)},
        "dist": {Role.DIST: _reach("A", above=(*top, "city1"))},
        "dist2": {Role.DIST: _reach("B", above=(*top, "city1"))},
        "offc": {Role.OFFC: _reach("A2", "A9", "B9", above=inside_a)},
        "offc2": {Role.OFFC: _reach("B1", "B2", above=inside_b)},
        "comm": {Role.COMM: _reach("A21", above=(*inside_a, "A2"), committees=(a1,))},
        "medr": {
            Role.MEDR: _reach(
                "A21",
                "B11",
                above=(*inside_a, "A2", "B", "B1"),
                committees=(a1, b1),
                mediators=(str(world.key("Mediator", "m1")),),
            )
        },
        "audt": {Role.AUDT: _reach("A", above=(*top, "city1"))},
        "sys": {Role.SYS: Reach()},
        "mix": {
            Role.OFFC: _reach("A3", above=inside_a),
            Role.COMM: _reach("A21", above=(*inside_a, "A2"), committees=(a1,)),
        },
        "twin": {Role.CITY: _reach("city1", above=top), Role.OFFC: _reach("B1", "B2", above=inside_b)},
        "none": {},
        "court": {Role.COURT: _reach("A", above=(*top, "city1"), units=(str(world.key("OrgUnit", "court")),))},
        "part": {Role.PART: _reach("A3", "B1", above=(*inside_a, "B"), units=(str(world.key("OrgUnit", "police")),))},
        "cent": {Role.CENT: _reach("B", above=(*top, "city1"), units=(str(world.key("OrgUnit", "centre")),))},
    }
    return {name: Viewer(str(world.key("UserAccount", name)), name, name, reach) for name, reach in reaches.items()}
