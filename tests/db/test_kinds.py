"""Every kind of column is known to every layer, by its name, and to nobody else."""

from __future__ import annotations

import copy
import pickle

import pytest

from admin.kinds import SHOWN
from db.facts import Facts
from db.kinds import KINDS, Kind
from resolvers.fragments import PRINTERS
from schema.kinds import SPOKEN


@pytest.mark.parametrize("table", [PRINTERS, SPOKEN, SHOWN], ids=["printing", "GraphQL", "admin"])
def test_each_layer_knows_every_kind_and_no_other(table: dict[str, object]) -> None:
    assert sorted(table) == sorted(KINDS)


@pytest.mark.parametrize("kind", KINDS.values(), ids=str)
def test_a_kind_equals_its_name_and_survives_copies(kind: Kind) -> None:
    assert kind == kind.key
    assert hash(kind) == hash(kind.key)
    for again in (copy.copy(kind), copy.deepcopy(kind), pickle.loads(pickle.dumps(kind))):
        assert (again, type(again)) == (kind, type(kind))


def test_what_may_not_be_asked_gives_no_order_and_no_groups_and_takes_no_condition() -> None:
    for kind in KINDS.values():
        assert kind.askable or not (kind.sortable or kind.groupable or SPOKEN[kind].operators), kind


def test_facts_take_a_kind_or_its_name_and_refuse_what_is_none() -> None:
    assert type(Facts("date", "日期", "Day.").kind) is type(KINDS["date"])
    with pytest.raises(KeyError, match="dates"):
        Facts("dates", "日期", "Day.")
