"""The demo load: what it makes, that it keeps the rules of the house, and that a seed says it all."""

from __future__ import annotations

import asyncio
import datetime as dt
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from db import crypto
from db.checksums import citizen_birth_date, citizen_sex, is_citizen_number, is_credit_code, mod97
from db.clock import SHANGHAI
from db.engine import Database
from db.facts import Role, Series
from db.models.cases.mediation_case import CaseState
from db.models.register.committee_filing import FilingState
from db.registry import registry
from permissions.accounts import account_by_login, load_viewer
from permissions.passwords import matches
from permissions.viewer import Viewer
from resolvers.acting import acts_of
from resolvers.acts.register.composition import composition
from resolvers.acts.register.standing import status_of
from resolvers.commands.dates import last_of_term
from resolvers.commands.demo import SCALES, DemoResult, seed_demo
from resolvers.commands.demo.accounts import LOGINS
from resolvers.commands.demo.load import _FILES, _shared
from resolvers.commands.demo.names import citizen_number, credit_code, mobile, short_place
from resolvers.commands.demo.scales import HOME, HOME_STREET
from resolvers.commands.demo.world import Place
from resolvers.commands.numbers import next_of
from resolvers.commands.regions import read_source, write_regions
from resolvers.commands.rows import judge, run
from resolvers.commands.steps import take
from resolvers.commands.work import Draft, Row, Work
from resolvers.faults import Refused
from settings import Settings
from tests.conftest import FreshDatabase
from tests.databases import Kind

T = TypeVar("T")
TODAY = dt.date(2026, 5, 20)
PASSWORD = "Feng-qiao-2026"
REGIONS = """code,name,level
320000000000,江苏省,1
320100000000,南京市,2
320102000000,玄武区,3
320102002000,梅园新村街道,4
320102002001,梅园社区居委会,5
320102002002,大行宫社区居民委员会,5
320102002200,红旗村村委会,5
320102003000,新街口街道,4
320102003001,香铺营社区居委会,5
320102003002,长江路社区居委会,5
320102100000,东流镇,4
320102100201,东流村民委员会,5
320104000000,秦淮区,3
320104001000,秦虹街道,4
320104001001,中牌楼社区居委会,5
320104002000,夫子庙街道,4
320104002001,贡院街社区居委会,5
320105000000,建邺区,3
"""


@dataclass(frozen=True)
class Loaded:
    """A database with the demo in it, all rows by entity, and what the load said."""

    url: str
    result: DemoResult
    rows: dict[str, list[Row]]

    def by_id(self, entity: str) -> dict[str, Row]:
        return {row["id"]: row for row in self.rows[entity]}


def with_database(url: str, work: Callable[[Database], Any]) -> Any:
    async def run() -> Any:
        database = Database(Settings(database_url=url))
        try:
            return await work(database)
        finally:
            await database.stop()

    return asyncio.run(run())


def look(url: str, function: Callable[[Connection], T]) -> T:
    found: T = with_database(url, lambda database: database.look(function))
    return found


def load(url: str, **options: Any) -> Loaded:
    options = {"password": PASSWORD, "today": TODAY, **options}
    result = with_database(url, lambda database: seed_demo(database, **options))
    return Loaded(url, result, look(url, everything))


def everything(connection: Connection) -> dict[str, list[Row]]:
    return {
        name: [dict(row) for row in connection.execute(sa.select(info.table).order_by(info.table.c.id)).mappings()]
        for name, info in registry().items()
    }


@pytest.fixture(scope="module")
def town(
    migrated_database: Callable[[Kind], str], database_kind: Kind, tmp_path_factory: pytest.TempPathFactory
) -> str:
    """The URL of a database that holds the few regions above and nothing else."""
    url, file = migrated_database(database_kind), tmp_path_factory.mktemp("demo") / "regions.csv"
    file.write_text(REGIONS)
    source = read_source(file)
    with_database(url, lambda database: database.write(lambda connection: write_regions(connection, source)))
    return url


@pytest.fixture(scope="module")
def demo(town: str, database_kind: Kind, fresh_database: FreshDatabase) -> Loaded:
    return load(fresh_database(database_kind, template=town))


def test_it_makes_what_the_plan_says(demo: Loaded) -> None:
    """The nine streets and villages, eighty hosted committees (four rounds of the mix), one beyond the border."""
    counts = demo.result.counts

    assert Counter(row["type"] for row in demo.rows["MediationCommittee"]) == {
        "SUBDISTRICT": 2, "TOWNSHIP": 1, "VILLAGE": 2, "COMMUNITY": 5, "ENTERPRISE": 44, "INDUSTRY": 4,
        "PROFESSIONAL": 4, "INSTITUTION": 12, "REGIONAL": 8, "SOCIAL_ORG": 8,
    }  # fmt: skip
    assert Counter(row["kind"] for row in demo.rows["OrgUnit"]) == {
        "PROVINCIAL_DEPT": 1, "CITY_BUREAU": 1, "DISTRICT_BUREAU": 3, "JUDICIAL_OFFICE": 4, "PARTNER": 5 + 1,
        "MEDIATION_CENTER": 1, "BUREAU_SECTION": 1,
    }  # fmt: skip
    assert (counts["HostUnit"], counts["MediationCase"], counts["OrgUnitCoverage"]) == (80 + 27, 3_000, 15 + 3)
    assert (counts["UserAccount"], counts["RoleGrant"], counts["AuditLog"]) == (16, 16, 1)
    assert {n: len(rows) for n, rows in demo.rows.items() if n not in ("Region", "AuditLog", "AuditLine")} == {
        n: c for n, c in counts.items() if n not in ("NumberSeries", "AuditLog")
    }
    assert all(3 <= people <= 9 + 1 for people in Counter(_appointed(demo)).values())


def _appointed(demo: Loaded) -> list[str]:
    """The committee of every appointment of today."""
    return [
        row["committee_id"] for row in demo.rows["MediatorAppointment"]
        if row["start_on"] <= TODAY and (row["end_on"] is None or row["end_on"] >= TODAY)
    ]  # fmt: skip


def test_filings_stand_in_every_state_and_cases_too(demo: Loaded) -> None:
    assert {row["state"] for row in demo.rows["CommitteeFiling"]} == {state.name for state in FilingState}
    assert {row["state"] for row in demo.rows["MediationCase"]} == {state.name for state in CaseState}


def test_the_court_was_told_of_every_filing_of_the_quarters_that_are_over(demo: Loaded) -> None:
    """Each filing once, by the notification of its quarter; the last one waits for the court (BR-13)."""
    notices = sorted(demo.rows["CourtNotification"], key=lambda row: row["sent_on"])
    told = {entry["id"]: n["id"] for n in notices for entry in n["committee_snapshot"]["filings"]}
    linked = {
        f"cf_{row['id']}": row["court_notification_id"]
        for row in demo.rows["CommitteeFiling"]
        if row["court_notification_id"]
    }

    assert told == linked
    assert {n["state"] for n in notices[:-1]} == {"ACKNOWLEDGED"}
    assert (notices[-1]["state"], notices[-1]["ack_by_id"]) == ("SENT", None)
    assert {row["kind"] for row in demo.rows["Studio"]} == {"STATIONED", "PERSONAL", "GROUP"}


def test_every_committee_has_the_filing_status_that_the_commands_would_give_it(demo: Loaded) -> None:
    def compare(connection: Connection) -> list[tuple[str, str, str]]:
        work = _work(connection)
        return [
            (row["name"], row["filing_status"], status_of(work, row))
            for row in demo.rows["MediationCommittee"]
            if row["filing_status"] != status_of(work, row)
        ]

    assert look(demo.url, compare) == []
    assert {row["filing_status"] for row in demo.rows["MediationCommittee"]} == {
        "UNFILED", "PENDING", "FILED", "OUTDATED",
    }  # fmt: skip


def _work(connection: Connection) -> Work:
    return Work(connection, registry(), Viewer("", "system", "system"), Settings(), today=TODAY)


def test_filed_and_active_committees_keep_the_rules_of_composition(demo: Loaded) -> None:
    """BR-01 to BR-05, as the filing command judges them; what else has begun keeps all but the end of its term."""

    def judge(connection: Connection) -> dict[str, set[str]]:
        work = _work(connection)
        return {
            row["id"]: {fault.code for fault in composition(work, row, "CHANGE").faults}
            for row in demo.rows["MediationCommittee"]
            if row["status"] == "ACTIVE"
        }

    faults = look(demo.url, judge)
    expired = {row["committee_id"] for row in demo.rows["CommitteeTerm"] if row["ends_on"] < TODAY} - {
        row["committee_id"] for row in demo.rows["CommitteeTerm"] if row["ends_on"] >= TODAY
    }

    assert {key: codes for key, codes in faults.items() if codes} == {key: {"BR-05"} for key in expired & faults.keys()}
    assert expired
    assert any(0 < (row["ends_on"] - TODAY).days <= 90 for row in demo.rows["CommitteeTerm"])
    for term in demo.rows["CommitteeTerm"]:
        assert term["ends_on"] == last_of_term(term["starts_on"], 36)


CHECKED = sorted(registry().keys() - {"Region", "CommitteeFiling"})


@pytest.mark.parametrize("entity", CHECKED)
def test_every_row_would_pass_as_if_it_were_entered(demo: Loaded, entity: str) -> None:
    """No rule of its entity finds fault; only that a dissolved committee takes nothing new.

    What a filing may start is another matter: these have been filed already.
    """

    def faults(connection: Connection) -> set[str]:
        found = set()
        for row in demo.rows[entity]:
            draft = Draft(_work(connection), registry()[entity], row=dict(row))
            acts = acts_of(draft.info.model)
            run(acts.check, draft)
            judge(acts, draft.info.facts.rules, draft)
            found |= {fault.en for fault in draft.faults}
        return found

    assert look(demo.url, faults) <= {"committee is dissolved."}


WAITING = (("office", "SUBMITTED", "check"), ("office2", "SUBMITTED", "check"), ("district", "OFFICE_CHECKED", "file"))


def test_what_waits_can_be_taken_on(demo: Loaded, database_kind: Kind, fresh_database: FreshDatabase) -> None:
    """The offices check what was submitted, then the district files all that was checked, re-elections too."""
    url = fresh_database(database_kind, template=demo.url)

    def go_on(connection: Connection) -> Counter[str]:
        done: Counter[str] = Counter()
        for login, state, verb in WAITING:
            account = account_by_login(connection, login)
            viewer = load_viewer(connection, account.id) if account else None
            assert viewer is not None
            work = Work(connection, registry(), viewer, Settings())
            for key in _in_reach(connection, viewer, state):
                take(work, registry()["CommitteeFiling"], {"id": f"cf_{key}"}, verb, None, None)
                done[verb] += 1
        return done

    done = with_database(url, lambda database: database.write(go_on))
    left = {row["state"] for row in look(url, everything)["CommitteeFiling"]}

    assert done["file"] > done["check"] > 0
    assert "OFFICE_CHECKED" not in left


def _in_reach(connection: Connection, viewer: Viewer, state: str) -> list[str]:
    """The ids of the filings in a state that lie in the viewer's ranges."""
    table = registry()["CommitteeFiling"].table
    found = connection.execute(sa.select(table.c.id, table.c.scope_path).where(table.c.state == state))
    ranges = [pair for reach in viewer.reaches.values() for pair in reach.ranges]
    return [key for key, path in found if any(low <= path < high for low, high in ranges)]


@pytest.mark.parametrize(
    "entity", sorted(n for n, info in registry().items() if info.facts.owner not in (None, "self"))
)
def test_every_row_carries_the_path_and_the_office_of_its_owner(demo: Loaded, entity: str) -> None:
    info = registry()[entity]
    assert info.owner is not None
    owners = demo.by_id(info.owner.target)
    path = "path" if info.owner.target == "Region" else "scope_path"
    rows = [row for row in demo.rows[entity] if row["region_id"] is not None]

    assert rows
    assert all(row["scope_path"] == owners[row[info.owner.near]][path] for row in demo.rows[entity])
    if path == "scope_path":
        assert all(row["org_scope_id"] == owners[row[info.owner.near]]["org_scope_id"] for row in demo.rows[entity])
        assert all(
            row["region_id"] == owners[row[info.owner.near]]["region_id"]
            for row in rows if info.table.c.region_id.info["facts"].computed
        )  # fmt: skip


def test_a_seed_says_it_all(demo: Loaded, town: str, database_kind: Kind, fresh_database: FreshDatabase) -> None:
    """The same seed on the same day: the same ids and values, but for ciphertexts, hashes and the audit's clock."""
    again = load(fresh_database(database_kind, template=town))
    other = load(fresh_database(database_kind, template=town), seed=2)

    assert _comparable(again) == _comparable(demo)
    assert _comparable(other)["Mediator"] != _comparable(demo)["Mediator"]
    assert other.result.counts["MediationCase"] == demo.result.counts["MediationCase"]


def _comparable(loaded: Loaded) -> dict[str, list[dict[str, Any]]]:
    return {
        name: [{k: v for k, v in row.items() if not k.endswith(("_cipher", "password_hash"))} for row in rows]
        for name, rows in loaded.rows.items()
        if name != "AuditLog"
    }


def test_encrypted_columns_hold_no_clear_text(demo: Loaded) -> None:
    text = "\n".join(str(row) for rows in demo.rows.values() for row in rows)
    # Looking ahead finds what overlaps as well.
    printed = {length: set(re.findall(rf"(?=([0-9]{{{length - 1}}}[0-9X]))", text)) for length in (11, 18, 19)}
    people = [(row, _opened(row)) for row in demo.rows["Mediator"]]

    assert len({clear["id_number"] for _, clear in people}) == len(people)
    assert {name for _, clear in people for name in clear} == {"id_number", "mobile", "bank_account", "address"}
    for row, clear in people:
        number = clear["id_number"]
        assert is_citizen_number(number)
        assert (row["birth_date"], row["sex"]) == (citizen_birth_date(number), citizen_sex(number))
        for name, value in clear.items():
            assert row[f"{name}_digest"] == crypto.digest(value, f"mediator.{name}")
            assert row[f"{name}_mask"] == crypto.MASKS[name](value)
            assert value not in printed.get(len(value), ())


def _opened(row: Row) -> dict[str, str]:
    """The clear text of a mediator's encrypted columns."""
    names = ("id_number", "mobile", "bank_account", "address")
    return {n: crypto.decrypt(row[f"{n}_cipher"], f"mediator.{n}") for n in names if row[f"{n}_cipher"]}


def test_relations_cross_the_borders(demo: Loaded) -> None:
    """Rows whose relations point out of a street and out of a district exist: scopes have something to hide."""
    committees, mediators, regions = demo.by_id("MediationCommittee"), demo.by_id("Mediator"), demo.by_id("Region")
    served: dict[str, set[str]] = {}
    for post in demo.rows["MediatorAppointment"]:
        served.setdefault(post["mediator_id"], set()).add(committees[post["committee_id"]]["scope_path"])
    cases = [
        (committees[c["committee_id"]]["scope_path"], regions[c["region_id"]]["path"])
        for c in demo.rows["MediationCase"]
    ]
    hosts = demo.by_id("HostUnit")
    hosted = [
        (c["scope_path"], hosts[c["host_unit_id"]]["scope_path"]) for c in committees.values() if c["host_unit_id"]
    ]

    assert any(len({_street(path) for path in paths}) > 1 for paths in served.values())
    assert any(
        mediators[key]["scope_path"].startswith("/32/01/02/") and any(p.startswith("/32/01/04/") for p in paths)
        for key, paths in served.items()
    )
    assert any(_street(own) != _street(place) and place.startswith("/32/01/02/") for own, place in cases)
    assert any(own.startswith("/32/01/02/") and place.startswith("/32/01/04/") for own, place in cases)
    assert any(own.startswith("/32/01/04/") and place.startswith("/32/01/02/") for own, place in cases)
    assert any(_street(own) != _street(host) for own, host in hosted)
    assert Counter(Counter(row["org_unit_id"] for row in demo.rows["OrgUnitCoverage"]).values())[2] == 1


def _street(path: str) -> str:
    return "/".join(path.split("/")[:5])


def test_every_day_of_a_case_follows_the_one_before(demo: Loaded) -> None:
    """BR-24, and nothing lies in the future; a late entry is one completed after the month of conclusion (BR-20)."""
    now = dt.datetime.combine(TODAY, dt.time(), SHANGHAI)
    steps = (
        "occurred_on",
        "registered_on",
        "accepted_on",
        "first_session_on",
        "concluded_on",
        "closed_on",
        "archived_on",
    )
    for case in demo.rows["MediationCase"]:
        days = [_day(case["registered_at"]) if s == "registered_on" else case[s] for s in steps]
        known = [day for day in days if day is not None]
        done = case["entry_completed_at"]

        assert known == sorted(known)
        assert max(known) < TODAY
        assert case["registered_at"] <= case["entered_at"] == case["created_at"] <= case["updated_at"] < now
        assert (case["concluded_on"] is not None) == (case["outcome"] is not None)
        if done is not None:
            assert case["late_entry"] == (_day(done).replace(day=1) > case["concluded_on"].replace(day=1))
            assert case["entered_at"] <= done < now
    months = Counter(_day(case["registered_at"]).strftime("%Y-%m") for case in demo.rows["MediationCase"])
    assert 36 <= len(months) <= 37


def _day(moment: dt.datetime) -> dt.date:
    return moment.astimezone(SHANGHAI).date()


def _series(entity: str, column: str) -> Series:
    series = registry()[entity].fields[column].facts.series
    assert series is not None
    return series


def test_numbers_and_codes_are_right_and_the_server_goes_on_after_them(demo: Loaded) -> None:
    codes = {row["code"] for row in demo.rows["MediationCommittee"]}
    filings = {row["filing_no"] for row in demo.rows["CommitteeFiling"] if row["filing_no"]}
    people = {row["mediator_no"] for row in demo.rows["Mediator"]}

    def next_ones(connection: Connection) -> tuple[str, str, str]:
        year = max(int(number.split("-")[1]) for number in filings)
        district = {"district.code": "320102000000"}
        return (
            next_of(connection, _series("MediationCommittee", "code"), {"region.code": "320102002001", "type": "11"}),
            next_of(
                connection,
                _series("CommitteeFiling", "filing_no"),
                {"district.code": "320102000000", "year": str(year)},
            ),
            next_of(connection, _series("Mediator", "mediator_no"), district),
        )

    code, filing, person = look(demo.url, next_ones)

    assert all(mod97(code[:-2]) == code[-2:] for code in codes)
    assert all(is_credit_code(row["credit_code"]) for row in demo.rows["HostUnit"])
    assert code[14:18] == "0002"
    assert code not in codes
    assert filing not in filings
    assert f"{int(filing[-4:]) - 1:04d}" in {number[-4:] for number in filings}
    assert person not in people
    assert int(person) == max(int(n) for n in people if n.startswith("320102")) + 1


def test_a_filing_has_passed_what_its_state_needs_and_by_other_hands(demo: Loaded) -> None:
    for row in demo.rows["CommitteeFiling"]:
        submitted = row["state"] != "DRAFT"
        moments = [row[name] for name in ("created_at", "submitted_at", "checked_at", "filed_at") if row[name]]

        assert moments == sorted(moments)
        assert (row["submitted_at"] is not None) == (row["committee_snapshot"] is not None) == submitted
        assert (row["filing_no"] is not None) == (row["state"] == "FILED")
        assert (row["return_reason"] is not None) == (row["state"] in ("RETURNED", "NOT_FILED"))
        assert row["due_on"] == (row["event_on"] + dt.timedelta(days=30) if submitted else None)
        hands = [row[name] for name in ("submitted_by_id", "checked_by_id", "filed_by_id") if row[name]]
        assert len(hands) == len(set(hands))
    changed = [
        row["changed_fields"] for row in demo.rows["CommitteeFiling"] if row["type"] == "CHANGE" and row["submitted_at"]
    ]
    assert changed
    assert all(set(fields) == {"address"} for fields in changed)


def test_the_enterprises_of_500_stand_on_both_sides_of_the_rule(demo: Loaded) -> None:
    """BR-11: exactly 500 counts."""
    hosting = {row["host_unit_id"] for row in demo.rows["MediationCommittee"]}
    enterprises = [row for row in demo.rows["HostUnit"] if row["kind"] == "ENTERPRISE"]

    for row in demo.rows["HostUnit"]:
        must = row["kind"] == "ENTERPRISE" and row["status"] == "ACTIVE" and row["employee_count"] >= 500
        assert row["must_have_committee"] == must
    for staff in (499, 500):
        assert {row["id"] in hosting for row in enterprises if row["employee_count"] == staff} == {True, False}
    assert {row["status"] for row in enterprises} == {"ACTIVE", "CLOSED"}


def test_nobody_is_full_time_twice(demo: Loaded) -> None:
    full_time = {
        (row["mediator_id"], row["committee_id"])
        for row in demo.rows["MediatorAppointment"]
        if row["kind"] == "FULL_TIME"
    }

    assert max(Counter(person for person, _ in full_time).values()) == 1


ROLES = {
    "province": Role.PROV, "city": Role.CITY, "district": Role.DIST, "district2": Role.DIST, "office": Role.OFFC,
    "office2": Role.OFFC, "committee": Role.COMM, "mediator": Role.MEDR, "court": Role.COURT, "auditor": Role.AUDT,
    "sysadmin": Role.SYS, "centre": Role.CENT, "section": Role.SECT, "personnel": Role.DHR, "payer": Role.FINA,
    "police": Role.PART,
}  # fmt: skip
RANGES = {
    "province": ("/32/", "/320"), "city": ("/32/01/", "/32/010"), "district": ("/32/01/02/", "/32/01/020"),
    "district2": ("/32/01/02/", "/32/01/020"), "auditor": ("/32/01/02/", "/32/01/020"),
    "court": ("/32/01/02/", "/32/01/020"), "office": ("/32/01/02/002/", "/32/01/02/0020"),
    "office2": ("/32/01/02/003/", "/32/01/02/0030"), "police": ("/32/01/02/002/", "/32/01/02/0020"),
    **dict.fromkeys(("centre", "section", "personnel", "payer"), ("/32/01/02/", "/32/01/020")),
}  # fmt: skip


@pytest.mark.parametrize("login", LOGINS)
def test_the_accounts_reach_what_the_contract_says(demo: Loaded, login: str) -> None:
    def find(connection: Connection) -> tuple[Viewer | None, str | None]:
        account = account_by_login(connection, login)
        assert account is not None
        return load_viewer(connection, account.id), account.password_hash

    viewer, stored = look(demo.url, find)
    assert viewer is not None
    assert list(viewer.reaches) == [ROLES[login]]
    [reach] = viewer.reaches.values()
    own = next(row for row in demo.rows["MediationCommittee"] if row["scope_path"] == "/32/01/02/002/001/")

    if login in RANGES:
        assert reach.ranges == (RANGES[login],)
    elif login == "sysadmin":
        assert reach.ranges == ()
    else:
        assert own["id"] in reach.committees
        assert own["type"] == "COMMUNITY"
    assert stored == look(demo.url, lambda c: account_by_login(c, "province")).password_hash  # type: ignore[union-attr]
    assert login != "mediator" or matches(PASSWORD, stored)


def test_the_mediator_has_cases_of_their_own_and_so_has_the_clerk(demo: Loaded) -> None:
    accounts = {row["login_name"]: row["id"] for row in demo.rows["UserAccount"]}
    made = Counter(row["created_by_id"] for row in demo.rows["MediationCase"])

    assert set(made) == {None, accounts["committee"], accounts["mediator"]}


def test_it_loads_into_an_empty_database_only(demo: Loaded) -> None:
    with pytest.raises(Refused, match="FENGQIAO_DATABASE_URL"):
        load(demo.url)

    assert look(demo.url, everything) == demo.rows


def test_an_unknown_scale_is_refused_before_anything_happens(town: str) -> None:
    with pytest.raises(Refused, match="county"):
        load(town, scale="county")


def test_a_server_for_real_work_takes_no_demo(town: str) -> None:
    database = Database(Settings(database_url=town, production=True))

    with pytest.raises(Refused, match="正式环境"):
        asyncio.run(seed_demo(database))


def test_one_record_tells_of_the_load(demo: Loaded) -> None:
    [record] = [row for row in demo.rows["AuditLog"] if "演示" in row["summary"]]

    assert (record["action"], record["after"]["MediationCase"]) == ("IMPORT", 3_000)


# --- without a database ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["city", "province", "nation"])
def test_a_scale_is_shared_out_to_the_last_case(name: str) -> None:
    scale = SCALES[name]
    districts = [
        (Place(str(i), f"{i:012d}", "", "DISTRICT", "STANDARD", f"/{i}/", None, False), 7 + i * 13 % 40)
        for i in range(40)
    ]

    parts = _shared(scale, districts, [])

    assert sum(part.cases for part in parts) == scale.cases * scale.years
    assert sum(part.hosted for part in parts) == scale.committees - sum(size for _, size in districts)


@pytest.mark.parametrize("female", [False, True])
def test_no_two_people_get_one_number(female: bool) -> None:
    numbers = [citizen_number(serial, "320102000000", female, TODAY) for serial in range(1, 50_000)]

    assert len(set(numbers)) == len(numbers)
    assert all(is_citizen_number(number) for number in numbers[::100])
    assert {citizen_sex(number) for number in numbers} == {"FEMALE" if female else "MALE"}
    assert all(TODAY.year - 69 <= int(number[6:10]) <= TODAY.year - 28 for number in numbers)


def test_numbers_can_belong_to_nobody() -> None:
    from random import Random

    assert citizen_number(1, "320102000000", True, TODAY)[4:6] == "99"
    assert credit_code(1, "320100000000")[6:8] == "99"
    assert mobile(Random(1)).startswith("160")


NAMES = {
    "锁一社区居委会": "锁一社区",
    "徐庄社区居民委员会": "徐庄社区",
    "红旗村村委会": "红旗村",
    "东流村民委员会": "东流村",
    "百子亭社区": "百子亭社区",
    "西岗村村民委员会": "西岗村",
}


@pytest.mark.parametrize(("name", "short"), NAMES.items())
def test_a_committee_is_named_after_its_place(name: str, short: str) -> None:
    assert short_place(name) == short


def test_the_regions_ship_with_the_project() -> None:
    source = read_source(_FILES[False])

    assert list(source.provinces) == ["32"]
    assert {HOME, HOME_STREET} <= {node.code for node in source.provinces["32"]}
