"""Text at the doors of the commands and of questions: nothing invisible is kept, no citizen number stands unmasked."""

from __future__ import annotations

import contextlib
import unicodedata
from typing import Any

import pytest

from db.checksums import citizen_check_digit
from db.registry import registry
from permissions.viewer import Viewer
from resolvers.commands.values import Bad, converted
from resolvers.faults import Refused
from resolvers.requests import Pick, page
from resolvers.run import Reads
from tests.resolvers.town import Town, citizen, code_of, committee, host, mediator

pytestmark = pytest.mark.anyio
HIDDEN = "\u200b\ufeff\u202e\u00ad\u2060\u180e\ufe0f"
LINES = [f for info in registry().values() for f in info.fields.values() if f.kind == "text" and not f.facts.long]


async def asked(town: Town, entity: str, login: str, **condition: Any) -> list[str]:
    """The keys of the rows that meet the condition."""
    info = registry()[entity]
    viewer: Viewer = await town.viewer(login)
    rows = await Reads(town.database, registry()).rows(page(info, Pick(info).add("id"), where=condition), viewer)
    return [row["id"].partition("_")[2] for row in rows["nodes"]]


async def test_nobody_is_hidden_by_what_cannot_be_seen(town: Town) -> None:
    key = await town.create(
        "district", "Mediator", mediator(1, name="王\u200b小\ufeff明", idNumber=f"\u202d{citizen(1)}\u202c")
    )
    assert (await town.row("Mediator", key))["name"] == "王小明"
    assert await asked(town, "Mediator", "district", name={"eq": "王\u2060小明\u200e"}) == [key]
    assert await asked(town, "Mediator", "district", name={"contains": "小\u00ad明"}) == [key]
    assert await asked(town, "Mediator", "district", name={"in": ["\ufeff王小明"]}) == [key]
    await town.update("district", "Mediator", key, {"name": "王小\u200d红"})
    assert (await town.row("Mediator", key))["name"] == "王小红"


async def test_a_row_is_named_by_its_code_however_it_was_pasted(town: Town) -> None:
    key = await town.create(
        "office", "MediationCommittee", committee(region={"code": f"\ufeff{code_of('village1')}\u200b"})
    )
    assert (await town.row("MediationCommittee", key))["scope_path"] == "/32/01/02/002/001/"


async def test_a_name_of_nothing_visible_is_no_name(town: Town) -> None:
    with pytest.raises(Refused) as refused:
        await town.create("district", "HostUnit", host(name=f" {HIDDEN} "))
    assert [(fault.path[-1], fault.code) for fault in refused.value.faults] == [("name", "REQUIRED")]


@pytest.mark.parametrize("field", LINES, ids=lambda f: f"{f.name}")
async def test_every_line_is_kept_in_one_form(field: Any) -> None:
    """Whatever its rules say of a text, they say of the text without what cannot be seen."""

    def kept(text: str) -> Any:
        try:
            return converted(field.facts, text, None)  # type: ignore[arg-type]
        except Bad as bad:
            return bad.code

    for text in ("枫桥", "e\u0301", "0512-00123456", "91320199MA1XXXX0PL", "village"):
        assert kept("".join(f"{c}\u200b" for c in unicodedata.normalize("NFC", text))) == kept(text)


async def test_a_text_of_several_lines_keeps_its_lines(town: Town) -> None:
    facts = registry()["MediationCase"].fields["summary"].facts
    given = "第一行\r\n\t第二\u200b行 می\u200cخواهم"
    assert converted(facts, given, None) == "第一行\n\t第二行 می\u200cخواهم"  # type: ignore[arg-type]


async def test_a_citizen_number_is_no_credit_code(town: Town) -> None:
    with pytest.raises(Refused) as refused:
        await town.create("district", "HostUnit", host(creditCode="539999198001010497"))
    assert [(fault.path[-1], fault.code) for fault in refused.value.faults] == [("creditCode", "CHECKSUM")]


async def test_no_column_that_everybody_reads_takes_a_citizen_number() -> None:
    """Of each text column of the model: refused, or masked from who may not see it."""
    number = "32019919800101001"
    number += citizen_check_digit(number)
    taken = []
    for info in registry().values():
        for field in info.fields.values():
            if field.kind == "text" and not (field.facts.personal or field.facts.mask):
                with contextlib.suppress(Bad):
                    converted(field.facts, f"王小明 {number}", None)  # type: ignore[arg-type]
                    taken.append((info.name, field.name))
    assert taken == []
    place = registry()["MediationCase"].fields["place_text"].facts
    assert converted(place, number, None) == number  # type: ignore[arg-type]
