"""What is asked of whom: each question with its document, variables and requests per slice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bench import documents
from bench.data import Facts

Variables = Callable[[int], dict[str, Any]]


@dataclass(frozen=True)
class Question:
    """One query of the bench. `alone` and `together` are the requests of a slice at 1 and at 16 connections."""

    name: str
    title: str
    document: str
    alone: int
    together: int
    clerk: bool = False
    """Whether a clerk asks, who may create cases, not a reader."""
    bar: float | None = 1.15
    """The most CPU it may take, as a multiple of the limit's."""
    postgraphile: float | None = None
    """The least throughput, as a multiple of PostGraphile's."""
    plain: float | None = None
    """The least throughput, as a multiple of plain Strawberry's."""

    def requests(self, connections: int, side: str) -> int:
        """How many requests a slice has: fewer of a side that takes seconds for each."""
        count = self.alone if connections == 1 else self.together
        return max(count // 4, connections) if side == "plain" else count


QUESTIONS = (
    Question("Q1", "按编号查一个调委会", documents.Q1, 200, 480, bar=1.4, postgraphile=2.5, plain=6),
    Question("Q2", "一个区县的 50 个调委会及调解员", documents.Q2, 60, 160, postgraphile=3, plain=15),
    Question("Q3", "四层，约 2,000 个对象", documents.Q3, 16, 48, postgraphile=4, plain=30),
    Question("Q4", "5,000 件案件，各 8 个字段", documents.Q4, 12, 32, postgraphile=6, plain=50),
    Question("Q5", "全省一年报表，由行汇总", documents.Q5, 2, 6, bar=1.1, postgraphile=0.95),
    Question("Q5r", "同上，由汇总表答复", documents.Q5R, 8, 24, bar=None),
    Question("Q5c", "一个市一年报表", documents.Q5, 6, 16, bar=1.1),
    Question("Q6", "新建一件案件，返回三层", documents.Q6, 40, 160, clerk=True, bar=1.4, postgraphile=2.5, plain=4),
)
"""In the order in which they are asked."""


def variables(question: Question, facts: Facts, cursors: list[str]) -> Variables:
    """The variables of the n-th request to our server."""
    match question.name:
        case "Q1":
            return lambda n: documents.q1(n, facts)
        case "Q2":
            return lambda n: documents.q2(n, facts)
        case "Q3":
            return lambda n: documents.q3(n, facts)
        case "Q4":
            return lambda n: documents.q4(n, cursors)
        case "Q5c":
            return lambda n: documents.q5c(n, facts)
        case "Q6":
            return lambda n: documents.q6(n, facts)
        case _:
            return lambda n: documents.q5(n, facts)


def bare(question: Question, facts: Facts) -> Variables:
    """The same values for whoever knows neither global ids nor cursors: the limit and the peers."""
    match question.name:
        case "Q4":
            return lambda n: {"id": documents.nth(facts.cases, n), "first": 5000}
        case _:
            return variables(question, facts, [])
