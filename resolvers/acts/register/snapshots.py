"""What a filing attests: a committee as it is, its term and its members, without anybody's personal data in clear.

The snapshot is taken at submission and never changed. What has changed, and whether a filing still covers the facts,
is read from two snapshots and typed by nobody (DOMAIN 3.1).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from functools import partial
from typing import Any

import sqlalchemy as sa

from db.audit.telling import plain
from db.entity_info import EntityInfo
from db.models.people.mediator_appointment import CommitteeRole
from db.models.register.mediation_committee import FilingStatus
from db.registry import registry
from resolvers.commands.work import Row, Work, public_id

MEMBER_ROLES = (CommitteeRole.DIRECTOR.name, CommitteeRole.DEPUTY_DIRECTOR.name, CommitteeRole.MEMBER.name)
TRACKED = ("name", "type", "region", "hostUnit", "address", "director", "members")
"""What a committee must file again when it changes."""
TRACKED_COLUMNS = ("name", "type", "region_id", "host_unit_id", "address")
_LEFT_OUT = frozenset({"id", "version", "createdAt", "updatedAt", "scopePath", "status", "filingStatus"})
_NAMES = {
    "Region": ("code", "name"), "OrgUnit": ("name",), "HostUnit": ("name", "credit_code"),
    "PartnerInstitution": ("name",),
}  # fmt: skip
_MEMBER = {
    "mediatorNo": "mediator_no", "name": "name", "sex": "sex", "ethnicity": "ethnicity", "education": "education",
    "idNumber": "id_number_mask", "mobile": "mobile_mask",
}  # fmt: skip


def members_on(work: Work, committee_id: str, day: dt.date, since: dt.date | None = None) -> list[Row]:
    """The members of a committee on `day`, each once; with `since`, of those that came in from that day on.

    Each is the row of the person with ``role``, ``basis``, ``appointed_as`` and ``start_on`` of the appointment.
    """
    held = work.together("members", "MediationCommittee", committee_id, partial(_members, work))
    came = [row for row, _ in held if (row["start_on"] <= day if since is None else row["start_on"] >= since)]
    gone = {id(row) for row, end_on in held if end_on is not None and end_on < day}
    latest = {row["id"]: row for row in came if id(row) not in gone}
    return sorted(latest.values(), key=lambda row: (MEMBER_ROLES.index(row["role"]), row["mediator_no"]))


def _members(work: Work, committees: Sequence[str]) -> dict[str, list[tuple[Row, dt.date | None]]]:
    """Who ever was a member of these committees, in the order of their posts, each with the last day of the post."""
    post, person = work.table("MediatorAppointment"), work.table("Mediator")
    held = sa.select(
        person, post.c.role, post.c.basis, post.c.kind.label("appointed_as"), post.c.start_on,
        post.c.end_on.label("post_end_on"), post.c.committee_id.label("post_committee_id"),
    )  # fmt: skip
    mine = (post.c.committee_id.in_(committees), post.c.deleted_at.is_(None), post.c.role.in_(MEMBER_ROLES))
    posts = held.join(person, person.c.id == post.c.mediator_id).where(*mine).order_by(post.c.start_on, post.c.id)
    found: dict[str, list[tuple[Row, dt.date | None]]] = {key: [] for key in committees}
    for row in map(dict, work.rows(posts)):
        end_on = row.pop("post_end_on")
        found[row.pop("post_committee_id")].append((row, end_on))
    return found


def snapshot_of(work: Work, committee: Row, term: Row | None, members: Sequence[Row], as_of: dt.date) -> dict[str, Any]:
    """The full copy of a committee with its term and members, as JSON."""
    info = work.entities["MediationCommittee"]
    targets = {r.public: work.get(r.target, committee.get(r.near)) for r in info.references if r.target in _NAMES}
    return compose(info, committee, targets, term, members, as_of)


def compose(
    info: EntityInfo,
    committee: Row,
    targets: dict[str, Row | None],
    term: Row | None,
    members: Sequence[Row],
    as_of: dt.date,
) -> dict[str, Any]:
    """The same from rows at hand: `targets` are the rows of the committee's references by public name."""
    copy: dict[str, Any] = {"asOf": str(as_of), "id": public_id(info, committee["id"])}
    copy |= {f.public: plain(committee.get(f.column)) for f in info.fields.values() if f.public not in _LEFT_OUT}
    for relation in info.references:
        if relation.target in _NAMES and relation.near != "org_scope_id":
            copy[relation.public] = _named(relation.target, targets.get(relation.public))
    people = [_member(member) for member in members]
    copy["term"] = _term(term)
    copy["director"] = next((_brief(p) for p in people if p["role"] == CommitteeRole.DIRECTOR.name), None)
    copy["members"] = people
    return copy


def _named(target: str, row: Row | None) -> dict[str, Any] | None:
    fields = registry()[target].fields
    return None if row is None else {fields[name].public: row.get(name) for name in _NAMES[target]}


def _member(row: Row) -> dict[str, Any]:
    person = {public: row.get(column) for public, column in _MEMBER.items()}
    return person | {
        "role": row["role"],
        "basis": row["basis"],
        "kind": row["appointed_as"],
        "startOn": str(row["start_on"]),
    }


def _brief(person: dict[str, Any]) -> dict[str, Any]:
    return {"mediatorNo": person["mediatorNo"], "name": person["name"]}


def _term(term: Row | None) -> dict[str, Any] | None:
    if term is None:
        return None
    return {
        "termNo": term["term_no"], "startsOn": str(term["starts_on"]), "endsOn": str(term["ends_on"]),
        "electionMethod": term["election_method"], "electionOn": str(term["election_on"]),
    }  # fmt: skip


# --- comparing --------------------------------------------------------------------------------------------------------


def changed_fields(filed: dict[str, Any] | None, now: dict[str, Any]) -> dict[str, Any] | None:
    """``{field: {from, to}}`` of `now` against the last filed snapshot; None where nothing was filed before."""
    if filed is None:
        return None
    names = [name for name in now if name not in ("asOf", "id") and name in filed]
    return {
        name: {"from": _short(name, filed[name]), "to": _short(name, now[name])}
        for name in names
        if _short(name, filed[name]) != _short(name, now[name])
    }


def _short(name: str, value: Any) -> Any:
    if name != "members" or value is None:
        return value
    return [{key: person.get(key) for key in ("mediatorNo", "name", "role")} for person in value]


def _attested(snapshot: dict[str, Any], name: str) -> Any:
    value = snapshot[name]
    if name == "members":
        return sorted(str(person.get("mediatorNo")) for person in value or [])
    if name in ("director", "region", "hostUnit") and isinstance(value, dict):
        return value.get("mediatorNo") or value.get("code") or value.get("creditCode") or value.get("name")
    return value


def covered(filed: dict[str, Any], now: dict[str, Any]) -> bool:
    """Whether what a filed snapshot attests is still so."""
    return all(_attested(filed, name) == _attested(now, name) for name in TRACKED if name in filed)


def status_after(was: str, filed: dict[str, Any] | None, now: dict[str, Any], *, pending: bool) -> str:
    """The filing status of a committee: the one place where it is decided.

    It follows from the last filed snapshot (None: nothing is filed), the facts as they are, and whether a filing is
    under way. A status that a bulk load brought without a snapshot stays filed until the facts change.
    """
    if pending:
        return FilingStatus.PENDING.name
    if filed is None:
        known = (FilingStatus.FILED.name, FilingStatus.OUTDATED.name)
        return FilingStatus.OUTDATED.name if was in known else FilingStatus.UNFILED.name
    return FilingStatus.FILED.name if covered(filed, now) else FilingStatus.OUTDATED.name
