"""What the documents of filings and notices are copies of (``db.facts.Shape``)."""

from __future__ import annotations

from db.facts import Copy, Shape

_REGION = Shape((Copy("Region", ("code", "name")),))
_NAMED = {
    "region": _REGION,
    "hostUnit": Shape((Copy("HostUnit", ("name", "creditCode")),)),
    "supervisingDept": Shape((Copy("PartnerInstitution", ("name",)),)),
    "guidingOffice": Shape((Copy("OrgUnit", ("name",)),)),
    "filingBureau": Shape((Copy("OrgUnit", ("name",)),)),
}
_DIRECTOR = Shape((Copy("Mediator", ("mediatorNo", "name")),))
_MEMBER = Shape(
    (
        Copy("Mediator", ("mediatorNo", "name", "sex", "ethnicity", "education", "idNumber", "mobile")),
        Copy("MediatorAppointment", ("role", "basis", "kind", "startOn")),
    ),
    zh="成员",
)
_TERM = Shape((Copy("CommitteeTerm", ("termNo", "startsOn", "endsOn", "electionMethod", "electionOn")),), zh="任期")

COMMITTEE = Shape(
    (Copy("MediationCommittee"),),
    {**_NAMED, "term": _TERM, "director": _DIRECTOR, "members": _MEMBER},
    own=("asOf",),
)
"""A committee as it was, with its term and its members."""

CHANGES = Shape(
    COMMITTEE.copies, {name: Shape(parts={"from": part, "to": part}) for name, part in COMMITTEE.parts.items()}
)
"""``{field: {from, to}}`` of two of those."""

ROLL = Shape(
    parts={
        "filings": Shape(
            (Copy("CommitteeFiling", ("id", "filingNo", "type")),),
            {
                "committee": Shape(
                    (Copy("MediationCommittee", ("code", "name", "type", "address", "phone")),), {"region": _REGION}
                ),
                "members": Shape((Copy("Mediator", ("name",)), Copy("MediatorAppointment", ("role",)))),
            },
            own=("filedOn",),
        )
    }
)
"""The list of what was filed that a court is sent."""
