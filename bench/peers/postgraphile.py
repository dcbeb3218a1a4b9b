"""PostGraphile's documents, over the schema it makes of ``app.sql``."""

from __future__ import annotations

Q1 = "query Q1($id: UUID!) { committee: committeeByRowId(rowId: $id) { id: rowId name phone establishedOn } }"
Q2 = """
query Q2($code: String!) {
  committees: committeesInList(code: $code, first: 50) {
    id: rowId name phone region: regionByRegionId { name }
    mediators: mediatorsByCommitteeIdList(orderBy: ROW_ID_ASC) { id: rowId name sex kind }
  }
}
"""
Q3 = """
query Q3($code: String!, $offset: Int!) {
  regions: streetsInList(code: $code, first: 20, offset: $offset) { id: rowId code name
    children: regionsByParentIdList(orderBy: ROW_ID_ASC) { id: rowId code name
      committees: committeesByRegionIdList(orderBy: ROW_ID_ASC) { id: rowId name type
        mediators: mediatorsByCommitteeIdList(orderBy: ROW_ID_ASC) { id: rowId name sex kind education } } } }
}
"""
Q4 = """
query Q4($first: Int!, $after: UUID!) {
  cases: casesAfterList(afterId: $after, first: $first) {
    id: rowId caseNo disputeType state outcome acceptedOn amountClaimed headcount
  }
}
"""
Q5 = """
query Q5($code: String!, $year: Int!) {
  report: reportList(code: $code, year: $year) { code name disputeType count amountClaimed }
}
"""
Q6 = """
mutation Q6($input: CreateCaseInput!) {
  createCase(input: $input) {
    result { id: rowId caseNo disputeType state acceptedOn amountClaimed
      committee: committeeByCommitteeId { id: rowId name region: regionByRegionId { code name } } }
  }
}
"""
TEXTS = {"Q1": Q1, "Q2": Q2, "Q3": Q3, "Q4": Q4, "Q5": Q5, "Q5c": Q5, "Q6": Q6}
"""Question -> document."""
