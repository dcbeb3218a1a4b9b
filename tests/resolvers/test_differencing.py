"""Roles that see aggregates only may ask so many different questions an hour, and each is on record."""

from __future__ import annotations

from collections.abc import Callable

import structlog.testing

from resolvers.differencing import Differencing
from tests.databases import Kind
from tests.places import place


def test_one_question_too_many_is_refused_and_the_same_one_again_is_not(
    migrated_database: Callable[[Kind], str],
) -> None:
    with place(migrated_database("sqlite")) as store, structlog.testing.capture_logs() as lines:
        store.services.reads.differencing = Differencing(3)
        ask = "{ mediationCases(where: {disputeType: {eq: %s}}) { totalCount } }"
        types = ("NEIGHBOUR", "FAMILY", "HOUSING_SITE", "CONTRACT")
        for dispute in types[:3]:
            assert store.ask("prov", ask % dispute).get("errors") is None
        refused = store.ask("prov", ask % types[3])
        assert refused["errors"][0]["extensions"]["code"] == "RATE_LIMITED"
        # Others are not limited by it, nor is what tells nothing new, nor a role that sees the rows.
        assert store.ask("prov", ask % types[0]).get("errors") is None
        assert store.ask("city", ask % types[3]).get("errors") is None
        assert store.ask("dist", ask % types[3]).get("errors") is None
    noted = [line for line in lines if line["event"] == "aggregate_read"]
    assert len(noted) == 4
    assert all(set(line) >= {"account", "entities", "digest"} and "FAMILY" not in str(line) for line in noted)
