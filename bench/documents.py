"""The GraphQL documents of the bench, and the variables of the n-th request.

Q1 to Q6 are those of study/performance.md over this schema. Q5 is answered from the rows, Q5r the same from the
rollup, Q5c for one city.
"""

from __future__ import annotations

from typing import Any

from bench.data import PROVINCE, Facts
from bench.fill import YEARS

Q1 = """
query Q1($id: ID!) {
  mediationCommittee(by: {id: $id}) { id name phone establishedOn }
}
"""
Q2 = """
query Q2($code: String!) {
  mediationCommittees(where: {region: {descendantOf: {code: $code}}}, first: 50) {
    nodes { id name phone region { name } mediators { nodes { id name sex kind } } }
  }
}
"""
Q3 = """
query Q3($code: String!, $offset: Int!) {
  regions(where: {descendantOf: {code: $code}, level: {eq: STREET}}, first: 20, offset: $offset) {
    nodes { id code name
      children { nodes { id code name
        mediationCommittees { nodes { id name type
          mediators { nodes { id name sex kind education } } } } } } }
  }
}
"""
Q4 = """
query Q4($first: Int!, $after: String!) {
  mediationCases(first: $first, after: $after, orderBy: [{id: ASC}]) {
    nodes { id caseNo disputeType state outcome acceptedOn amountClaimed headcount }
  }
}
"""
CURSOR = """
query Cursor($offset: Int!) {
  mediationCases(first: 1, offset: $offset, orderBy: [{id: ASC}]) { edges { cursor } }
}
"""
"""The cursor of the last row of a page: where a client begins the next one."""
_REPORT = """
query %s($code: String!, $year: String!) {
  mediationCases(where: {region: {descendantOf: {code: $code}}, concludedOn: {inPeriod: $year}%s}) {
    groupBy(by: [{region: {level: DISTRICT}}, {disputeType: true}], first: 10000) {
      nodes { key { region { code name } disputeType } count sum { amountClaimed } }
    }
  }
}
"""
Q5 = _REPORT % ("Q5", ", headcount: {gte: 2}")
"""Every case has two parties; a condition on their number is none that the rollup could answer."""
Q5R = _REPORT % ("Q5r", "")
Q6 = """
mutation Q6($input: MediationCaseInput!) {
  createMediationCase(input: $input) {
    mediationCase { id caseNo disputeType state acceptedOn amountClaimed
      committee { id name region { code name } } }
    errors { path code message }
  }
}
"""


def nth(items: list[Any], n: int) -> Any:
    """An item for the n-th request."""
    # A prime step, so that neighbours in time are none in the table.
    return items[n * 37 % len(items)]


def q1(n: int, facts: Facts) -> dict[str, Any]:
    return {"id": f"mc_{nth(facts.committees, n)}"}


def q2(n: int, facts: Facts) -> dict[str, Any]:
    return {"code": nth(facts.districts, n)}


def q3(n: int, facts: Facts) -> dict[str, Any]:
    return {"code": nth(facts.cities, n), "offset": n % 3 * 5}


def q4(n: int, cursors: list[str], first: int = 5000) -> dict[str, Any]:
    return {"first": first, "after": nth(cursors, n)}


def q5(n: int, facts: Facts) -> dict[str, Any]:
    return {"code": PROVINCE, "year": str(YEARS[n % len(YEARS)])}


def q5c(n: int, facts: Facts) -> dict[str, Any]:
    return {"code": nth(facts.cities, n), "year": str(YEARS[n % len(YEARS)])}


def q6(n: int, facts: Facts) -> dict[str, Any]:
    return {
        "input": {
            "title": "楼道堆物纠纷", "summary": "双方因楼道堆放杂物影响通行发生争执。", "disputeType": "NEIGHBOUR",
            "source": "ON_APPLICATION", "partiesRelation": "CITIZEN_CITIZEN", "difficulty": "SIMPLE", "headcount": 2,
            "acceptedOn": facts.today, "amountClaimed": f"{1000 + n % 900}.00",
            "committee": {"connect": {"id": f"mc_{nth(facts.clerk_committees, n)}"}},
            "region": {"connect": {"code": facts.clerk_place}},
        }
    }  # fmt: skip
