"""Mediators: the citizen number tells sex and day of birth (BR-25), and they are of age (People's Mediation Law 14)."""

from __future__ import annotations

from db import crypto
from db.checksums import citizen_birth_date, citizen_sex
from db.models.people.mediator import Sex
from resolvers.acting import checks, prepares, rule
from resolvers.acts.people.mediator_appointment import ADULT
from resolvers.commands.dates import age_on
from resolvers.commands.work import Draft

_UNSAID = frozenset({None, Sex.UNKNOWN.name, Sex.UNSTATED.name})


@prepares("sex")
def prepare(draft: Draft) -> None:
    """Fill sex and day of birth from the citizen number, where the client does not say them itself."""
    number = draft.clear.get("id_number")
    if number is None:
        return
    if "sex" not in draft.given or draft.row.get("sex") in _UNSAID:
        draft.row["sex"] = citizen_sex(number)
    if "birth_date" not in draft.given or draft.row.get("birth_date") is None:
        draft.row["birth_date"] = citizen_birth_date(number)


@checks
def check(draft: Draft) -> None:
    row = draft.row
    both = ("birth_date", "first_appointed_on")
    if draft.whole(*both) and draft.changed(*both) and age_on(row["birth_date"], row["first_appointed_on"]) < ADULT:
        draft.fault("first_appointed_on", "RANGE", "时本人未满 18 周岁", "is before the person comes of age")


@rule("BR-25", "性别、出生日期与身份证号相符")
def number_tells(draft: Draft) -> None:
    """The citizen number tells sex and day of birth."""
    row, number = draft.row, _number(draft)
    if number is not None:
        if row.get("sex") != citizen_sex(number) and "sex" not in draft.broken:
            draft.fault("sex", "BR-25", "与身份证号不符（BR-25）", "does not match idNumber (BR-25)")
        if row.get("birth_date") != citizen_birth_date(number) and "birth_date" not in draft.broken:
            draft.fault("birth_date", "BR-25", "与身份证号不符（BR-25）", "does not match idNumber (BR-25)")


def _number(draft: Draft) -> str | None:
    """The citizen number the row will have, where this write touches what it tells."""
    if "id_number" in draft.clear:
        return draft.clear["id_number"]
    if draft.before is None or "id_number" in draft.broken or not draft.changed("sex", "birth_date"):
        return None
    return crypto.decrypt(draft.before["id_number_cipher"], "mediator.id_number")
