"""定时任务: what the clock did is seen and run again by who keeps the system, over the API and in a browser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.admin.person import Person
from tests.admin.test_audit import ask, records
from tests.admin.test_browser import Desk, address, browser, desk

__all__ = ["address", "browser", "desk"]  # fixtures of the other module
People = Callable[[str], Person]
JOBS = "{ jobs { name label every at nextAt runs { period dueAt endedAt outcome attempts problem made } } }"
RUN = """mutation ($name: String!, $period: String) {
  runJob(name: $name, period: $period) { run { period dueAt outcome attempts made } errors { path code message } } }"""


def run(person: Person, **given: Any) -> dict[str, Any]:
    found: dict[str, Any] = ask(person, RUN, given)["data"]["runJob"]
    return found


def test_who_keeps_the_system_sees_the_jobs_and_runs_one_again(people: People, demo_url: str) -> None:
    system = people("sysadmin")
    first = run(system, name="Server.sessions", period="2026-01-31")
    assert first["errors"] == []
    due = first["run"].pop("dueAt")
    assert first["run"] == {"period": "2026-01-31", "outcome": "DONE", "attempts": 1, "made": 0}
    assert due == "2026-01-31T02:10:00.000+08:00"
    assert run(system, name="Server.sessions", period="2026-01-31")["run"]["attempts"] == 2

    jobs = {job["name"]: job for job in ask(system, JOBS)["data"]["jobs"]}
    assert list(jobs) == ["Server.sessions", "Server.attempts", "Server.writes", "Server.runs"]
    assert (jobs["Server.sessions"]["every"], jobs["Server.sessions"]["at"]) == ("day", "02:10")
    [told] = [each for each in jobs["Server.sessions"]["runs"] if each["period"] == "2026-01-31"]
    assert (told["outcome"], told["attempts"], told["problem"]) == ("DONE", 2, None)
    assert all(job["runs"] for job in jobs.values())  # it waits, or a server that began has done it

    summaries = [(row["actor_login"], row["summary"]) for row in records(demo_url, "VERB")]
    said = ("sysadmin", "执行定时任务 清理已到期的登录（Server.sessions）：2026-01-31")
    assert summaries.count(said) == 2


def test_what_is_no_job_or_no_period_is_named(people: People) -> None:
    system = people("sysadmin")
    for given, place in (
        ({"name": "Server.nothing"}, "name"), ({"name": "Server.runs", "period": "2026"}, "period"),
        ({"name": "Server.runs", "period": "2199-01-01"}, "period"),
    ):  # fmt: skip
        found = run(system, **given)
        assert (found["run"], [(e["path"], e["code"]) for e in found["errors"]]) == (None, [([place], "NOT_FOUND")])


@pytest.mark.parametrize("login", ["province", "district", "office", "auditor", "mediator"])
def test_nobody_else_sees_or_runs_them_or_is_led_there(people: People, login: str) -> None:
    person = people(login)
    for document, variables in ((JOBS, {}), (RUN, {"name": "Server.sessions"})):
        answer = ask(person, document, variables)
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["FORBIDDEN"]
    assert "定时任务" not in person.get("links/").json()
    assert people("sysadmin").get("links/").json()["定时任务"] == "./jobs/"


def test_the_page_shows_them_and_runs_one_by_its_button(desk: Callable[[str], Desk]) -> None:
    system = desk("sysadmin")
    page = system.page
    system.open("jobs/")
    attempts = page.locator("section", has=page.get_by_role("heading", name="清理已过时的登录失败次数"))
    expect(attempts).to_contain_text("每日 02:15")
    attempts.get_by_role("button").first.click()
    expect(page.get_by_role("status")).to_contain_text("清理已过时的登录失败次数")
    expect(attempts.locator("tr").nth(1)).to_contain_text("已完成")
    system.shoot("jobs")
