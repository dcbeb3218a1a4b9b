"""RP-03 and RP-09 of DOMAIN 6 are queries and nothing else: their documents over a fixture counted by hand.

The unit is the city N of ``tests.resolvers.twenty``: districts X, Q and E (empty), a street S without a district, for
which the city stands, and what stands in the city itself, above the level.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.databases import Kind
from tests.places import Place, place
from tests.resolvers.twenty import ACCOUNTS, REGIONS, country, key, readers
from tests.world import Rows

REPORTS = Path(__file__).parents[2] / "docs" / "reports"
# committee: region, type, domain, standardised, status, filing status, last days of its terms
COMMITTEES: dict[str, tuple[str, str, str | None, bool, str, str, list[str]]] = {
    "k1": ("D", "VILLAGE", None, True, "ACTIVE", "FILED", ["2026-05-31"]),
    "k2": ("M", "SUBDISTRICT", None, True, "ACTIVE", "FILED", ["2026-06-01"]),
    "k3": ("X", "INDUSTRY", "MEDICAL", False, "ACTIVE", "OUTDATED", ["2026-08-30"]),
    "k4": ("X", "PROFESSIONAL", "TRAFFIC", True, "RECTIFYING", "UNFILED", ["2026-08-31"]),
    "k5": ("QS", "TOWNSHIP", None, False, "ACTIVE", "FILED", ["2026-05-01", "2029-04-30"]),
    "k6": ("QS", "COMMUNITY", None, False, "ACTIVE", "PENDING", []),
    "k7": ("Q", "ENTERPRISE", None, False, "ACTIVE", "UNFILED", ["2026-07-15"]),
    "k8": ("S", "INSTITUTION", None, True, "ACTIVE", "FILED", ["2026-06-30"]),
    "k9": ("N", "INDUSTRY", "MEDICAL", False, "ACTIVE", "FILED", ["2028-01-01"]),
    "k13": ("D", "VILLAGE", None, False, "ACTIVE", "FILED", ["2027-01-01"]),
    # Not counted: dissolved, not yet working, in another city.
    "k10": ("Q", "SOCIAL_ORG", None, True, "DISSOLVED", "FILED", ["2026-06-30"]),
    "k11": ("X", "REGIONAL", None, True, "PREPARING", "UNFILED", []),
    "k12": ("GT", "VILLAGE", None, True, "ACTIVE", "FILED", ["2026-06-30"]),
}
# mediator: region, kind, sex, ethnicity, education, backgrounds, status
PEOPLE: dict[str, tuple[str, str, str, str, str, list[str] | None, str]] = {
    "p1": ("D", "FULL_TIME", "FEMALE", "HAN", "BACHELOR", ["LAWYER"], "ACTIVE"),
    "p2": ("D", "PART_TIME", "MALE", "HUI", "HIGH_SCHOOL", [], "ACTIVE"),
    "p3": ("M", "FULL_TIME", "MALE", "HAN", "POSTGRADUATE", ["RETIRED_JUDGE", "LAWYER"], "ACTIVE"),
    "p4": ("X", "SPECIAL", "FEMALE", "HAN", "COLLEGE", ["RETIRED_PROCURATOR"], "ACTIVE"),
    "p5": ("QS", "PART_TIME", "FEMALE", "MIAO", "JUNIOR_HIGH", None, "ACTIVE"),
    "p6": ("QS", "PART_TIME", "MALE", "HAN", "VOCATIONAL", ["VILLAGE_CADRE"], "ACTIVE"),
    "p7": ("S", "FULL_TIME", "MALE", "HAN", "OTHER", [], "ACTIVE"),
    "p8": ("N", "SPECIAL", "UNKNOWN", "HAN", "PRIMARY", ["RETIRED_POLICE"], "ACTIVE"),
    # Not counted: gone, suspended, in another city.
    "p9": ("Q", "PART_TIME", "FEMALE", "HUI", "BACHELOR", ["LAWYER"], "LEFT"),
    "p10": ("X", "FULL_TIME", "FEMALE", "HAN", "BACHELOR", ["LAWYER"], "SUSPENDED"),
    "p11": ("GT", "FULL_TIME", "FEMALE", "HUI", "BACHELOR", ["LAWYER"], "ACTIVE"),
}
# filing: committee, day of the event, due, submitted (UTC), state
FILINGS: list[tuple[str, str, str, str | None, str]] = [
    ("k1", "2026-03-01", "2026-03-31", "2026-03-31T15:59:00", "FILED"),  # one minute to midnight in China: in time
    ("k13", "2026-03-01", "2026-03-31", "2026-03-31T16:00:00", "FILED"),  # midnight of 1 April: late
    ("k2", "2026-06-30", "2026-07-30", "2026-07-01T02:00:00", "SUBMITTED"),  # in time
    ("k5", "2026-01-01", "2026-01-31", None, "DRAFT"),  # not submitted
    ("k8", "2026-02-01", "2026-03-03", "2026-02-02T02:00:00", "FILED"),  # in time
    ("k9", "2026-04-01", "2026-05-01", "2026-05-02T02:00:00", "NOT_FILED"),  # late
    # Not counted: before the half-year, after it, withdrawn, in another city.
    ("k5", "2025-12-31", "2026-01-30", "2026-01-02T02:00:00", "FILED"),
    ("k3", "2026-07-01", "2026-07-31", "2026-07-02T02:00:00", "FILED"),
    ("k6", "2026-02-01", "2026-03-03", "2026-02-02T02:00:00", "WITHDRAWN"),
    ("k12", "2026-02-01", "2026-03-03", "2026-02-02T02:00:00", "FILED"),
]


def register() -> Rows:
    """The committees, terms, people and filings of the tables."""
    world = Rows()
    country(world, REGIONS)
    for login, account in ACCOUNTS.items():
        world.add("UserAccount", login, id=account, login_name=login, region_id=world.key("Region", "P"))
    world.add("OrgUnit", "bureau", id=key(100), region_id=world.key("Region", "N"))
    bureau = world.key("OrgUnit", "bureau")
    for name, (region, kind, domain, standard, status, filing, ends) in COMMITTEES.items():
        world.add(
            "MediationCommittee", name, region_id=world.key("Region", region), type=kind, industry_domain=domain,
            standardized=standard, status=status, filing_status=filing, guiding_office_id=bureau,
            filing_bureau_id=bureau,
        )  # fmt: skip
        for n, last in enumerate(ends):
            world.add(
                "CommitteeTerm", committee_id=world.key("MediationCommittee", name), term_no=n + 1,
                starts_on=dt.date(2023, 1, 1), ends_on=dt.date.fromisoformat(last),
            )  # fmt: skip
    for name, (region, kind, sex, ethnicity, education, backgrounds, status) in PEOPLE.items():
        world.add(
            "Mediator", name, region_id=world.key("Region", region), kind=kind, sex=sex, ethnicity=ethnicity,
            education=education, backgrounds=backgrounds, status=status,
        )  # fmt: skip
    for committee, event, due, submitted, state in FILINGS:
        at = None if submitted is None else dt.datetime.fromisoformat(submitted).replace(tzinfo=dt.UTC)
        world.add(
            "CommitteeFiling", committee_id=world.key("MediationCommittee", committee), state=state,
            event_on=dt.date.fromisoformat(event), due_on=dt.date.fromisoformat(due), submitted_at=at,
        )  # fmt: skip
    return world


@pytest.fixture(scope="module")
def store(database_kind: Kind, migrated_database: Callable[[Kind], str]) -> Iterator[Place]:
    """The register on one kind of database."""
    with place(migrated_database(database_kind), register(), readers()) as opened:
        yield opened


def report(store: Place, name: str, viewer: str, operation: str, **variables: str) -> dict[str, Any]:
    """The columns of a report for the city N by district, and the moment it holds for."""
    asked = {"unit": "320100000000", "level": "DISTRICT", **variables}
    answer = store.ask(viewer, (REPORTS / name).read_text(encoding="utf-8"), asked, operation=operation)
    assert "errors" not in answer, answer
    assert answer["extensions"]["dataAsOf"]
    return dict(answer["data"])


def line(column: Any) -> list[tuple[str | None, int]]:
    """A column of RP-03: region -> number."""
    nodes = column["groupBy"]["nodes"]
    return [((node["key"]["region"] or {}).get("name"), node["count"]) for node in nodes]


# What RP-03 must print, column by column: the total, and the numbers for N (standing for S), X, Q, E and what stands
# above. Districts are always there; N and the line above only where they have something (else None). The committees
# and people of each column by name are the comment.
RP_03: dict[str, tuple[int, list[int | None]]] = {
    "total": (10, [1, 5, 3, 0, 1]),  # N k8. X k1 k2 k3 k4 k13. Q k5 k6 k7. Above k9.
    "village": (2, [None, 2, 0, 0, None]),  # k1 k13
    "community": (1, [None, 0, 1, 0, None]),  # k6
    "township": (1, [None, 0, 1, 0, None]),  # k5
    "subdistrict": (1, [None, 1, 0, 0, None]),  # k2
    "enterprisesAndInstitutions": (2, [1, 0, 1, 0, None]),  # k8, k7
    "otherOrganisations": (3, [None, 2, 0, 0, 1]),  # k3 k4, k9
    "standardised": (4, [1, 3, 0, 0, None]),  # k8, k1 k2 k4
    "people": (8, [1, 4, 2, 0, 1]),  # N p7. X p1 p2 p3 p4. Q p5 p6. Above p8.
    "fullTime": (3, [1, 2, 0, 0, None]),  # p7, p1 p3
    "partTime": (3, [None, 1, 2, 0, None]),  # p2, p5 p6
    "special": (2, [None, 1, 0, 0, 1]),  # p4, p8
    "women": (3, [None, 2, 1, 0, None]),  # p1 p4, p5
    "minorities": (2, [None, 1, 1, 0, None]),  # p2, p5
    "collegeAndAbove": (3, [None, 3, 0, 0, None]),  # p1 p3 p4
    "secondary": (2, [None, 1, 1, 0, None]),  # p2, p6
    "juniorHighAndBelow": (2, [None, 0, 1, 0, 1]),  # p5, p8
    "otherEducation": (1, [1, 0, 0, 0, None]),  # p7
    "lawyers": (2, [None, 2, 0, 0, None]),  # p1 p3
    "retiredJudgesAndProcurators": (2, [None, 2, 0, 0, None]),  # p3 p4
}
SUMS = {
    "total": ["village", "community", "township", "subdistrict", "enterprisesAndInstitutions", "otherOrganisations"],
    "people": ["fullTime", "partTime", "special"],
}
BANDS = ["collegeAndAbove", "secondary", "juniorHighAndBelow", "otherEducation"]


@pytest.mark.parametrize("viewer", ["all", "counts"])  # the province reads both entities, and prints the same
def test_rp_03_prints_the_numbers_counted_by_hand(store: Place, viewer: str) -> None:
    columns = report(store, "rp-03.graphql", viewer, "OrganisationsAndPeople")
    by_domain = columns.pop("industryAndProfessional")
    units = ["N", "X", "Q", "E", None]
    assert {name: (column["totalCount"], line(column)) for name, column in columns.items()} == {
        name: (total, [(unit, n) for unit, n in zip(units, cells, strict=True) if n is not None])
        for name, (total, cells) in RP_03.items()
    }
    cells = [
        ((node["key"]["region"] or {}).get("name"), node["key"]["industryDomain"], node["count"])
        for node in by_domain["groupBy"]["nodes"]
    ]
    # k3, k4, and k9 of the city itself.
    assert (by_domain["totalCount"], cells) == (3, [("X", "MEDICAL", 1), ("X", "TRAFFIC", 1), (None, "MEDICAL", 1)])


def test_rp_03_adds_up_in_every_line(store: Place) -> None:
    columns = report(store, "rp-03.graphql", "all", "OrganisationsAndPeople")
    columns.pop("industryAndProfessional")
    lines = {name: dict(line(column)) for name, column in columns.items()}
    for whole, parts in [*SUMS.items(), ("people", BANDS)]:
        for unit, number in lines[whole].items():
            assert sum(lines[part].get(unit, 0) for part in parts) == number, (whole, unit)
        assert sum(columns[part]["totalCount"] for part in parts) == columns[whole]["totalCount"]
    for name, column in columns.items():
        assert sum(lines[name].values()) == column["totalCount"]


def test_rp_03_of_a_district_lists_its_streets(store: Place) -> None:
    columns = report(store, "rp-03.graphql", "all", "OrganisationsAndPeople", unit="320102000000", level="STREET")
    # M with its village D: k1 k2 k13; k3 and k4 stand in the district itself. p1 p2 p3; p4 in the district.
    assert line(columns["total"]) == [("M", 3), (None, 2)]
    assert line(columns["people"]) == [("M", 3), (None, 1)]


DAYS = {"today": "2026-06-01", "soon": "2026-08-30"}  # ninety days later


def typed(column: Any) -> dict[tuple[str | None, ...], int]:
    """A column of RP-09: region, type and more -> number."""
    return {
        ((node["key"]["region"] or {}).get("name"), *list(node["key"].values())[1:]): node["count"]
        for node in column["groupBy"]["nodes"]
    }


def test_rp_09_prints_the_numbers_counted_by_hand(store: Place) -> None:
    columns = report(store, "rp-09.graphql", "all", "FilingAndTerms", **DAYS)
    assert typed(columns["filing"]) == {
        ("N", "INSTITUTION", "FILED"): 1,  # k8
        ("X", "INDUSTRY", "OUTDATED"): 1,  # k3
        ("X", "PROFESSIONAL", "UNFILED"): 1,  # k4
        ("X", "SUBDISTRICT", "FILED"): 1,  # k2
        ("X", "VILLAGE", "FILED"): 2,  # k1 k13
        ("Q", "COMMUNITY", "PENDING"): 1,  # k6
        ("Q", "ENTERPRISE", "UNFILED"): 1,  # k7
        ("Q", "TOWNSHIP", "FILED"): 1,  # k5
        (None, "INDUSTRY", "FILED"): 1,  # k9
    }
    # Ends on 1 June (k2), the first of the ninety days; on 30 August (k3), the last; between (k7, k8).
    assert typed(columns["expiring"]) == {
        ("N", "INSTITUTION"): 1, ("X", "INDUSTRY"): 1, ("X", "SUBDISTRICT"): 1, ("Q", "ENTERPRISE"): 1,
    }  # fmt: skip
    # Ended on 31 May (k1). k5 ended on 1 May, but its next term runs.
    assert typed(columns["expired"]) == {("X", "VILLAGE"): 1}
    # k4 ends on the ninety-first day; k5, k9 and k13 later.
    assert typed(columns["running"]) == {
        ("X", "PROFESSIONAL"): 1, ("X", "VILLAGE"): 1, ("Q", "TOWNSHIP"): 1, (None, "INDUSTRY"): 1,
    }  # fmt: skip
    assert typed(columns["withoutTerm"]) == {("Q", "COMMUNITY"): 1}  # k6


def test_rp_09_adds_up(store: Place) -> None:
    columns = report(store, "rp-09.graphql", "all", "FilingAndTerms", **DAYS)
    filing = typed(columns["filing"])
    assert sum(filing.values()) == columns["filing"]["totalCount"] == 10
    terms = ("expiring", "expired", "running", "withoutTerm")
    assert sum(columns[name]["totalCount"] for name in terms) == 10
    subtotals = columns["filing"]["groupBy"]["subtotals"]
    by_type = {
        ((cell["key"]["region"] or {}).get("name"), cell["key"]["type"]): cell["count"]
        for cell in subtotals
        if cell["totalled"] == ["filingStatus"]
    }
    assert by_type == {
        place: sum(typed(columns[name]).get(place, 0) for name in terms) for place in by_type
    }  # fmt: skip
    # Filing coverage (BR-09): k1 k2 k5 k8 k9 k13 of ten.
    assert sum(count for (*_, status), count in filing.items() if status == "FILED") == 6
    assert (subtotals[-1]["totalled"], subtotals[-1]["count"]) == (["region", "type", "filingStatus"], 10)


def test_rp_09_tells_timely_filings_from_late_ones(store: Place) -> None:
    events = report(store, "rp-09.graphql", "all", "Timeliness", period="2026H1")["events"]
    rates: dict[tuple[str | None, str], tuple[int, int]] = {}
    for node in events["groupBy"]["nodes"]:
        cell = node["key"]
        place = (cell["region"] or {}).get("name"), cell["committee"]["type"]
        timely, all_of_them = rates.get(place, (0, 0))
        in_time = cell["submittedAt"] is not None and cell["submittedAt"] <= cell["dueOn"]
        rates[place] = timely + node["count"] * in_time, all_of_them + node["count"]
    assert rates == {
        ("N", "INSTITUTION"): (1, 1),  # k8
        ("X", "SUBDISTRICT"): (1, 1),  # k2
        ("X", "VILLAGE"): (1, 2),  # k1 in time, k13 a minute late
        ("Q", "TOWNSHIP"): (0, 1),  # k5 not submitted
        (None, "INDUSTRY"): (0, 1),  # k9 late
    }
    # 3 of 6.
    assert (sum(n for n, _ in rates.values()), sum(n for _, n in rates.values())) == (3, events["totalCount"]) == (3, 6)
