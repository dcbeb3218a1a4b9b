"""The documents of Mercurius and plain Strawberry, whose schema is written by hand: the same fields without the
connections, since a hand-written schema has plain lists."""

from __future__ import annotations

Q1 = "query Q1($id: ID!) { committee(id: $id) { id name phone establishedOn } }"
Q2 = """
query Q2($code: String!) {
  committees(code: $code, first: 50) { id name phone region { name } mediators { id name sex kind } }
}
"""
Q3 = """
query Q3($code: String!, $offset: Int!) {
  regions(code: $code, first: 20, offset: $offset) { id code name
    children { id code name
      committees { id name type mediators { id name sex kind education } } } }
}
"""
Q4 = """
query Q4($first: Int!, $after: ID!) {
  cases(first: $first, after: $after) {
    id caseNo disputeType state outcome acceptedOn amountClaimed headcount
  }
}
"""
Q5 = """
query Q5($code: String!, $year: Int!) {
  report(code: $code, year: $year) { code name disputeType count amountClaimed }
}
"""
Q6 = """
mutation Q6($input: CaseInput!) {
  createCase(input: $input) {
    id caseNo disputeType state acceptedOn amountClaimed committee { id name region { code name } }
  }
}
"""
TEXTS = {"Q1": Q1, "Q2": Q2, "Q3": Q3, "Q4": Q4, "Q5": Q5, "Q5c": Q5, "Q6": Q6}
"""Question -> document."""
