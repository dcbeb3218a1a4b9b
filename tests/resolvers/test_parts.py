"""Child rows live and die with their parent: written in its input, judged with it, read by who reads it.

The claims of the trial have shares of mediators, which make one together and have one lead.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from decimal import Decimal
from itertools import count
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from db.clock import today
from db.identity import new_key
from db.mistakes import ModelMistake
from db.walls import put_up
from permissions.walls import statements
from resolvers import acting
from resolvers.acting import Acts, check_acts
from resolvers.commands.work import public_id
from tests.databases import RUNTIME, WITH_WALL, Kind
from tests.resolvers.asking import faults
from tests.resolvers.town import ONE_DAY, Town, code_of, mediator
from tests.trial.register import TRIAL, Trial, acts, make_tables

pytestmark = pytest.mark.anyio
KINDS = WITH_WALL
NUMBERS = count(1)

SEEN = """subsidyClaim { id version amount claimShares(orderBy: [{id: ASC}]) { totalCount
  nodes { id share lead remark version mediator { id } } } }
  errors { path code message }"""
CREATE = f"mutation Create($input: SubsidyClaimInput!) {{ createSubsidyClaim(input: $input) {{ {SEEN} }} }}"
UPDATE = f"""mutation Update($by: SubsidyClaimBy!, $patch: SubsidyClaimPatch!, $ifVersion: Int) {{
  updateSubsidyClaim(by: $by, patch: $patch, ifVersion: $ifVersion) {{ {SEEN} }} }}"""
DELETE = """mutation Delete($by: SubsidyClaimBy!) { deleteSubsidyClaim(by: $by) { deletedId errors { path code } } }"""


class Claims(Trial):
    """A committee with a clerk and four mediators, and its claims."""

    committee: str
    people: list[str]

    async def start(self) -> None:
        self.committee = await self.town.complete()
        await self.town.clerk(self.committee)
        self.people = [*(await self.town.staff(self.committee, director=False, women=0, men=4))]

    def share(self, person: int, share: str, lead: bool = False, **more: Any) -> dict[str, Any]:
        """The input of a new share."""
        return {"mediator": self.ref("Mediator", self.people[person]), "share": share, "lead": lead, **more}

    def claim(self, *shares: Mapping[str, Any], number: str = "甲1") -> dict[str, Any]:
        """The input of a claim with shares."""
        committee = self.ref("MediationCommittee", self.committee)
        return {"claimNo": number, "committee": committee, "claimShares": {"create": list(shares)}}

    async def create(self, *shares: Mapping[str, Any], login: str = "clerk", number: str = "甲1") -> Any:
        """The claim that was made."""
        payload = await self.write(login, CREATE, input=self.claim(*shares, number=number))
        assert payload["errors"] == []
        return payload["subsidyClaim"]

    async def update(self, claim: Any, shares: Any, login: str = "clerk", version: int | None = None) -> Any:
        """The payload of a change of a claim's shares."""
        by, patch = {"id": claim["id"]}, {"claimShares": shares}
        return await self.write(login, UPDATE, by=by, patch=patch, ifVersion=version)

    def said(self, plain: Mapping[str, Any], keys: list[str]) -> dict[str, Any]:
        """An input by the places of children, as clients write it; a place with nobody is an id of nobody."""

        def name(place: int) -> str:
            return public_id(TRIAL["ClaimShare"], keys[place] if place < len(keys) else new_key())

        def changed(item: Any) -> dict[str, Any]:
            return {"id": name(item[0]), "share": item[1], "lead": item[2]}

        found: dict[str, Any] = {}
        for what, items in plain.items():
            if what == "delete":
                found[what] = [name(place) for place in items]
            else:
                news = what == "create"
                found[what] = [
                    self.share(*item) if news or (what == "set" and len(item) == 3) else changed(item) for item in items
                ]
        return found


@pytest.fixture
async def claims(town: Town, database_kind: Kind) -> AsyncIterator[Claims]:
    """The claims of a committee of the town."""
    with acts():
        await town.as_owner(make_tables)
        if database_kind == "walled":
            await town.as_owner(lambda connection: put_up(connection, RUNTIME, statements(RUNTIME)))
        made = Claims(town)
        await made.start()
        yield made


def told(claim: Any) -> list[tuple[str, bool, int]]:
    """Share, lead and version of each share of an answer."""
    return [(node["share"], node["lead"], node["version"]) for node in claim["claimShares"]["nodes"]]


async def test_a_row_is_made_with_its_children_which_lie_where_it_lies(claims: Claims) -> None:
    made = await claims.create(claims.share(0, "0.6", True), claims.share(1, "0.4"))
    assert (told(made), made["version"]) == ([("0.600000", True, 1), ("0.400000", False, 1)], 1)
    [claim] = await claims.rows("SubsidyClaim")
    for child in await claims.rows("ClaimShare"):
        place = ("scope_path", "region_id", "org_scope_id", "created_by_id", "created_at")
        assert [child[name] for name in place] == [claim[name] for name in place]
        assert child["subsidy_claim_id"] == claim["id"]


async def test_children_are_made_changed_and_deleted_in_one_change_of_their_parent(claims: Claims) -> None:
    made = await claims.create(claims.share(0, "0.6", True), claims.share(1, "0.4"))
    first, second = (node["id"] for node in made["claimShares"]["nodes"])
    shares = {"update": [{"id": first, "share": "0.5"}], "delete": [second], "create": [claims.share(2, "0.5")]}
    payload = await claims.update(made, shares, version=1)
    assert payload["errors"] == []
    assert told(payload["subsidyClaim"]) == [("0.500000", True, 2), ("0.500000", False, 1)]
    assert payload["subsidyClaim"]["version"] == 2  # one change, however many children


async def test_set_is_the_whole_list(claims: Claims) -> None:
    """Matched by id, else new; who is absent is deleted. Saying again what stands there changes nothing."""
    made = await claims.create(claims.share(0, "0.6", True), claims.share(1, "0.4"))
    first = made["claimShares"]["nodes"][0]["id"]
    # A new share of a mediator whose old one goes in the same change takes its place.
    shares = {"set": [{"id": first, "share": "0.7"}, claims.share(1, "0.1"), claims.share(2, "0.2")]}
    payload = await claims.update(made, shares)
    assert payload["errors"] == []
    assert told(payload["subsidyClaim"]) == [("0.700000", True, 2), ("0.100000", False, 1), ("0.200000", False, 1)]
    same = [{"id": node["id"], "share": node["share"]} for node in payload["subsidyClaim"]["claimShares"]["nodes"]]
    again = (await claims.update(made, {"set": same}))["subsidyClaim"]
    assert (again["version"], told(again)) == (2, told(payload["subsidyClaim"]))
    gone = (await claims.update(made, {"set": []}))["subsidyClaim"]
    assert (gone["version"], told(gone)) == (3, [])


async def test_every_fault_stands_at_its_place_and_nothing_is_written(claims: Claims) -> None:
    faulty = [claims.share(0, "0", True), {"share": "1.5"}, claims.share(1, "0.25")]
    payload = await claims.write("clerk", CREATE, input=claims.claim(*faulty, number=""))
    at = "input.claimShares.create"
    assert faults(payload) == {
        ("input.claimNo", "REQUIRED"), (f"{at}.0.share", "RANGE"), (f"{at}.1.mediator", "REQUIRED"),
        (f"{at}.1.share", "RANGE"),
    }  # fmt: skip
    assert await claims.rows("SubsidyClaim") == await claims.rows("ClaimShare") == []
    made = await claims.create(claims.share(0, "1", True))
    other = await claims.create(claims.share(0, "1", True), number="甲2")
    [own], [foreign] = (each["claimShares"]["nodes"] for each in (made, other))
    shares = {
        "create": [claims.share(0, "0.5")], "delete": [foreign["id"], own["id"], own["id"]],
        "update": [{"id": foreign["id"], "share": "0.1"}, {"id": own["id"], "share": "0.1"}, {"share": "0.1"}],
    }  # fmt: skip
    at = "patch.claimShares"
    assert faults(await claims.update(made, shares)) == {
        (f"{at}.delete.0", "NOT_FOUND"), (f"{at}.delete.2", "CONFLICT"), (f"{at}.update.0.id", "NOT_FOUND"),
        (f"{at}.update.1.id", "NOT_FOUND"), (f"{at}.update.2.id", "NOT_FOUND"),
    }  # fmt: skip
    assert faults(await claims.update(made, {"set": [], "create": []})) == {(at, "CONFLICT")}
    assert faults(await claims.update(made, {"create": [claims.share(0, "0.5")]})) == {
        (f"{at}.create.0.mediator", "NOT_UNIQUE")
    }  # fmt: skip
    assert [(row["version"], str(row["share"])) for row in await claims.rows("ClaimShare")] == [
        (1, "1.000000"), (1, "1.000000"),
    ]  # fmt: skip
    assert [row["version"] for row in await claims.rows("SubsidyClaim")] == [1, 1]


async def test_all_children_are_judged_together_as_they_will_be(claims: Claims) -> None:
    half = claims.share(1, "0.5", True)
    payload = await claims.write("clerk", CREATE, input=claims.claim(claims.share(0, "0.6", True), half))
    assert faults(payload) == {("input.claimShares", "RANGE"), ("input.claimShares.create.1.lead", "CONFLICT")}
    made = await claims.create(claims.share(0, "0.6", True), claims.share(1, "0.4"))
    first = made["claimShares"]["nodes"][0]["id"]
    at = "patch.claimShares"
    assert faults(await claims.update(made, {"delete": [first]})) == {(at, "RANGE"), (at, "REQUIRED")}
    assert len(await claims.rows("ClaimShare")) == 2


async def test_the_parent_guards_its_children(claims: Claims) -> None:
    """By its version, its state and the rights on it; and they die with it."""
    made = await claims.create(claims.share(0, "1", True))
    [child] = made["claimShares"]["nodes"]
    changed = {"update": [{"id": child["id"], "remark": "主办"}]}
    assert (await claims.update(made, changed, version=1))["subsidyClaim"]["version"] == 2
    assert faults(await claims.update(made, {"set": []}, version=1)) == {("ifVersion", "CONFLICT")}
    # The office may change the amount of a claim and nothing else of it.
    assert faults(await claims.update(made, changed, login="office")) == {("patch.claimShares", "READ_ONLY")}
    code, _ = await claims.endpoint.refusal(
        "auditor", UPDATE, {"by": {"id": made["id"]}, "patch": {"claimShares": changed}}
    )
    assert code == "FORBIDDEN"
    submit = "mutation ($by: SubsidyClaimBy!) { submitSubsidyClaim(by: $by) { errors { path code } } }"
    assert (await claims.write("clerk", submit, by={"id": made["id"]}))["errors"] == []
    assert faults(await claims.update(made, {"set": []})) == {("by", "STATE")}
    other = await claims.create(claims.share(0, "0.5", True), claims.share(1, "0.5"), number="甲2")
    deleted = await claims.write("clerk", DELETE, by={"id": other["id"]})
    assert deleted == {"deletedId": other["id"], "errors": []}
    assert [row["share"] for row in await claims.rows("ClaimShare")] == [Decimal(1)]


async def test_children_are_read_grouped_and_explained_by_the_rights_on_their_parent(claims: Claims) -> None:
    made = await claims.create(claims.share(0, "0.75", True, remark="主办"), claims.share(1, "0.25"), login="district")
    groups_by = "groupBy(by: {lead: true}) { nodes { key { lead } count } }"
    asking = f"{{ claimShares {{ totalCount nodes {{ remark }} {groups_by} }} }}"
    seen = {}
    for login in ("clerk", "district", "auditor", "city", "other"):
        answer = await claims.endpoint.data(login, asking)
        groups = [(node["key"]["lead"], node["count"]) for node in answer["groupBy"]["nodes"]]
        seen[login] = (answer["totalCount"], {node["remark"] for node in answer["nodes"]}, groups)
    halves = [(False, 1), (True, 1)]
    assert seen == {
        **dict.fromkeys(("clerk", "district", "auditor"), (2, {None, "主办"}, halves)),
        "city": (2, {None}, halves), "other": (0, set(), []),
    }  # fmt: skip
    where = '{ claimShares(where: {subsidyClaim: {claimNo: {eq: "甲1"}}, share: {gt: "0.5"}}) { totalCount } }'
    assert await claims.endpoint.data("clerk", where) == {"totalCount": 1}
    asked = 'query ($id: ID!) { explainAccess(type: "ClaimShare", action: "%s", id: $id) { allowed rule } }'
    identity = {"id": made["claimShares"]["nodes"][0]["id"]}
    assert (await claims.endpoint.data("clerk", asked % "READ", identity))["allowed"] is True
    assert (await claims.endpoint.data("other", asked % "READ", identity))["allowed"] is False
    logins = ("clerk", "auditor", "office")
    may = {login: await claims.endpoint.data(login, asked % "UPDATE", identity) for login in logins}
    assert may == {
        "clerk": {"allowed": True, "rule": "SCOPE"}, "auditor": {"allowed": False, "rule": "MATRIX"},
        "office": {"allowed": False, "rule": "MATRIX"},
    }  # fmt: skip


async def test_what_a_child_was_stays_in_the_past(claims: Claims) -> None:
    made = await claims.create(claims.share(0, "1", True))
    [child] = made["claimShares"]["nodes"]
    await claims.update(made, {"update": [{"id": child["id"], "remark": "后来"}]})
    shadow = TRIAL["ClaimShare"].table.metadata.tables["claim_share_history"]
    found = await claims.town.database.look(lambda c: c.execute(shadow.select()).mappings().all())
    assert [(row["version"], row["remark"]) for row in found] == [(1, None)]


async def test_a_row_with_too_many_children_is_refused_as_a_whole(claims: Claims) -> None:
    many = {"create": [claims.share(0, "0.01")] * 60, "update": [{"id": "x", "share": "0.01"}] * 41}
    made = await claims.create()
    code, _ = await claims.endpoint.refusal("clerk", UPDATE, {"by": {"id": made["id"]}, "patch": {"claimShares": many}})
    assert code == "BAD_INPUT"


async def test_children_follow_their_parent_to_where_it_goes_with_its_owner(claims: Claims) -> None:
    """A committee comes under another office: so do its claims, and their shares."""
    await claims.create(claims.share(0, "1", True))
    town = claims.town
    await town.update("district", "OrgUnitCoverage", "office2-covers", {"validTo": today() - ONE_DAY})
    unit, region = town.ref("office3", "OrgUnit"), {"code": code_of("street2")}
    await town.create("district", "OrgUnitCoverage", {"orgUnit": unit, "region": region, "validFrom": today()})
    await town.update("district", "MediationCommittee", claims.committee, {"guidingOffice": unit})
    for entity in ("SubsidyClaim", "ClaimShare"):
        [row] = await claims.rows(entity)
        assert (entity, row["org_scope_id"], row["version"]) == (entity, town.keys["office3"], 2)


async def test_a_child_of_a_person_whom_nobody_appointed_yet_is_the_clerk_s_who_entered_both(claims: Claims) -> None:
    person = mediator(300) | {"region": {"connect": {"code": code_of("village1")}}}
    made = await claims.write(
        "clerk", "mutation ($input: MediatorInput!) { createMediator(input: $input) { errors { path code } } }",
        input=person | {"honours": {"create": [{"name": "优秀调解员"}]}},
    )  # fmt: skip
    assert made["errors"] == []
    await claims.town.clerk(await claims.town.found("office", "village2"), "stranger")
    seen = {login: await claims.endpoint.data(login, "{ honours { totalCount } }") for login in ("clerk", "stranger")}
    assert seen == {"clerk": {"totalCount": 1}, "stranger": {"totalCount": 0}}


@pytest.mark.parametrize(
    ("parent", "child", "wrong"),
    [
        ((), (), "ClaimShare: the whole 'shares' is declared and done nowhere"),
        (("shares",), ("shares",), "ClaimShare: the whole 'shares' is done twice"),
        (("shares", "shers"), (), "tests.trial.subsidy_claim_acts: the whole 'shers' is named by no model"),
        ((), ("shares", "shers"), "tests.trial.claim_share_acts: the whole 'shers' is named by no model"),
    ],
)
async def test_what_judges_children_together_is_declared_and_done_once(
    parent: tuple[str, ...], child: tuple[str, ...], wrong: str
) -> None:
    with acts():
        check_acts(TRIAL)
        found = acting.acts_of
        other = {"SubsidyClaim": parent, "ClaimShare": child}

        def changed(model: type) -> Acts:
            names = other.get(model.__name__)
            return (
                found(model)
                if names is None
                else replace(found(model), wholes={name: lambda *_: None for name in names})
            )

        with patch.object(acting, "acts_of", changed), pytest.raises(ModelMistake) as raised:
            check_acts(TRIAL)
    assert str(raised.value).startswith(wrong)


# --- whatever is said, one after the other ----------------------------------------------------------------------------


@st.composite
def inputs_of_shares(draw: st.DrawFn) -> list[dict[str, Any]]:
    """A sequence of inputs: children are named by their place among those that stand (one may be nobody's)."""
    who, what = st.integers(0, 3), st.sampled_from(["0.25", "0.5", "0.75", "1"])
    new = st.tuples(who, what, st.booleans())
    named = st.tuples(st.integers(0, 3), what, st.booleans())
    several = st.fixed_dictionaries(
        {},
        optional={
            "create": st.lists(new, max_size=2), "update": st.lists(named, max_size=2),
            "delete": st.lists(st.integers(0, 3), max_size=2),
        },
    )  # fmt: skip
    whole = st.fixed_dictionaries({"set": st.lists(st.one_of(new, named.map(lambda item: (*item, "id"))), max_size=3)})
    return draw(st.lists(st.one_of(several, whole, sound_sets(), sound_sets()), min_size=2, max_size=6))


@st.composite
def sound_sets(draw: st.DrawFn) -> dict[str, Any]:
    """A whole list that makes one and has one lead; whether its children are there is another matter."""
    parts = draw(st.sampled_from([["1"], ["0.5", "0.5"], ["0.75", "0.25"], ["0.25", "0.5", "0.25"]]))
    people, first = draw(st.permutations(range(4))), draw(st.integers(0, len(parts)))
    kept = [(place, part, place == 0, "id") for place, part in enumerate(parts[:first])]
    return {"set": [*kept, *((people[i], part, i == 0) for i, part in list(enumerate(parts))[first:])]}


Child = tuple[int, Decimal, bool]


def child_of(claims: Claims, row: Mapping[str, Any]) -> Child:
    """Who, how much, and whether it leads."""
    return claims.people.index(row["mediator_id"]), row["share"], row["lead"]


def plainly(children: dict[str, Child], said: Mapping[str, Any], keys: list[str]) -> dict[str, Child] | None:
    """What becomes of the children, by the plainest Python; None where the input is refused. New ones have no key."""
    after, new, seen = dict(children), list[Child](), set[str]()

    def named(place: int) -> str | None:
        key = keys[place] if place < len(keys) else None
        if key is None or key in seen:
            return None
        seen.add(key)
        return key

    for place in said.get("delete", ()):
        if (key := named(place)) is None:
            return None
        del after[key]
    if "set" in said:
        kept = {keys[item[0]] for item in said["set"] if len(item) == 4 and item[0] < len(keys)}
        after = {key: child for key, child in after.items() if key in kept}
    for item in (*said.get("update", ()), *(item for item in said.get("set", ()) if len(item) == 4)):
        if (key := named(item[0])) is None:
            return None
        after[key] = (after[key][0], Decimal(item[1]), item[2])
    new += [(who, Decimal(part), lead) for who, part, lead in said.get("create", ())]
    new += [(item[0], Decimal(item[1]), item[2]) for item in said.get("set", ()) if len(item) == 3]
    everybody = [*after.values(), *new]
    one_each = len({who for who, _, _ in everybody}) == len(everybody)
    makes_one = not everybody or (sum(part for _, part, _ in everybody), sum(lead for *_, lead in everybody)) == (1, 1)
    return {**after, **{f"new{i}": child for i, child in enumerate(new)}} if one_each and makes_one else None


@settings(max_examples=40, deadline=None, phases=(Phase.generate,), suppress_health_check=list(HealthCheck))
@given(sequence=inputs_of_shares())
async def test_after_any_inputs_the_children_are_what_plain_python_says(
    claims: Claims, sequence: list[dict[str, Any]]
) -> None:
    """And the version of the parent counts each input that changed any of them, once."""
    made = await claims.create(claims.share(0, "1", True), number=f"甲{next(NUMBERS)}")
    version, claim = 1, made["id"].partition("_")[2]
    for said in sequence:
        rows = {row["id"]: row for row in await claims.rows("ClaimShare", subsidy_claim_id=claim)}
        keys = list(rows)
        before = {key: child_of(claims, row) for key, row in rows.items()}
        payload = await claims.update(made, claims.said(said, keys))
        after = plainly(before, said, keys)
        assert (after is None) == bool(payload["errors"]), (said, before, payload["errors"])
        version += after is not None and after != before
        stands = [child_of(claims, row) for row in await claims.rows("ClaimShare", subsidy_claim_id=claim)]
        assert stands == list((before if after is None else after).values())
        [stored] = await claims.rows("SubsidyClaim", id=claim)
        assert stored["version"] == version
