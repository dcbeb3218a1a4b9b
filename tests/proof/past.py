"""The surface of the past: lists as of random moments, against the log of what was written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from tests.documents import MODES, Document
from tests.past import month_ends
from tests.proof.prober import Prober
from tests.proof.reads import nests_less, refused_for_size
from tests.strategies import Asks


def as_of(prober: Prober, draw: Any, family: Sequence[str]) -> None:
    """A list with all it takes, as of a moment; of who may only count as of the end of a month, and of no other day."""
    copies, viewer = prober.copies, prober.viewers[family[0]]
    known = [info.name for info in copies.entities.values() if info.facts.history]
    entity = draw(st.sampled_from(sorted(known)))
    counting = copies.counts_only(entity, viewer)
    _, ask = draw(Asks(copies, {family[0]: viewer}).reads(entity))
    ask.as_of = draw(st.sampled_from(month_ends() if counting else prober.log.moments()))
    then = prober.log.reference(copies, ask.as_of)
    document = Document(copies.entities, draw(st.sampled_from(MODES)))
    text, plural = document.text(ask), copies.entities[entity].plural
    for name in family:
        answer = prober.place.ask(name, text, document.variables)
        if refused_for_size(answer) and nests_less(prober):
            continue
        if any("keeps no history" in error["message"] for error in answer.get("errors") or ()):
            continue  # it leads to records
        expected = {plural: then.answer(ask, prober.viewers[name])}
        prober.compare("as of", name, text, expected, answer.get("data") if "errors" not in answer else answer)
        if counting:
            day = f"{ask.as_of[:-2]}15"
            answer = prober.place.ask(name, f'{{ {plural}(asOf: "{day}") {{ totalCount }} }}')
            codes = [error["extensions"]["code"] for error in answer.get("errors") or ()]
            prober.compare("as of", name, f"{plural} of {day}", ["BAD_INPUT"], codes)
