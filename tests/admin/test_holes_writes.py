"""The holes of the stock piccolo-admin that are about writing, files, forms, accounts and addresses."""

from __future__ import annotations

import ast
import asyncio
import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

import admin
from db.engine import Database
from db.models.people.mediator import Mediator
from db.models.system.audit_log import AuditLog
from db.models.system.role_grant import RoleGrant
from db.models.system.user_account import UserAccount
from permissions.enrolments import Enrolment, enrol
from permissions.passwords import hash_password
from settings import Settings
from tests.admin.holes import (
    COMMITTEES,
    FILINGS,
    MISSING,
    NOT_THERE,
    PEOPLE,
    People,
    committee,
    mine,
    same,
    stored,
    theirs,
)
from tests.admin.person import PASSWORD, Person
from tests.admin.test_writing import form_of, new_committee


def test_hole_05_a_row_of_others_is_neither_changed_nor_taken_nor_deleted(people: People, demo_url: str) -> None:
    office, row = people("office"), theirs(people)
    before = committee(demo_url, row)
    office.versions[row] = f'"{before["version"]}"'
    assert same(office.save(COMMITTEES, row, {"电话": "025-80000000"})) == NOT_THERE
    assert same(office.save(COMMITTEES, row, {"状态": "REVOKED"})) == NOT_THERE
    assert same(office.delete(COMMITTEES, row)) == NOT_THERE
    put = office.client.put(f"/admin/api/tables/{COMMITTEES}/{row}/", json={"电话": "1"}, headers=office.headers)
    assert same(put) == NOT_THERE
    assert committee(demo_url, row) == before


def test_hole_06_no_row_is_pushed_out_of_ones_scope_nor_made_outside_of_it(people: People, demo_url: str) -> None:
    office, other = people("office"), people("office2")
    region = other.open(COMMITTEES, theirs(people))["所在区划"]
    row = mine(people)
    before = committee(demo_url, row)
    office.open(COMMITTEES, row)
    assert office.save(COMMITTEES, row, {"所在区划": region}).status_code == 422
    assert committee(demo_url, row) == before
    answer = office.post(f"tables/{COMMITTEES}/", new_committee(office, 所在区划=region))
    assert answer.status_code == 422
    assert [line["loc"][-1] for line in answer.json()["detail"]] == ["所在区划"]
    assert other.count(COMMITTEES, 名称="试验") == 0


def test_hole_07_a_reference_to_a_row_of_others_is_refused_like_one_to_nothing(people: People) -> None:
    """So that nobody reads names by pointing at them."""
    office, row = people("office"), mine(people)
    foreign = next(iter(people("office2").get("tables/设立单位/ids/").json()))
    assert foreign not in office.get("tables/设立单位/ids/").json()
    told = []
    for key in (foreign, foreign[:-12] + "ffffffffffff"):
        office.open(COMMITTEES, row)
        answer = office.save(COMMITTEES, row, {"设立单位": key})
        assert answer.status_code == 422
        told.append(answer.json())
    assert told[0] == told[1]
    assert office.open(COMMITTEES, row)["设立单位"] != foreign


def test_hole_11_a_form_sent_back_with_its_masks_changes_nothing(people: People, demo_url: str) -> None:
    for login in ("office", "district"):
        person = people(login)
        row = person.rows(PEOPLE)[0]["编号"]
        statement = sa.select(Mediator.__table__).where(Mediator.id == row.partition("_")[2])
        before = stored(demo_url, statement)
        form = form_of(person, PEOPLE, row)
        assert any("*" in str(value) for value in form.values())
        assert person.save(PEOPLE, row, form).status_code == 200
        assert stored(demo_url, statement) == before
        # A mask that is not the row's own is a value, and no number.
        person.open(PEOPLE, row)
        assert person.save(PEOPLE, row, form | {"身份证号": "330***********0000"}).status_code == 422
        assert stored(demo_url, statement) == before


@pytest.mark.parametrize(
    "path",
    [
        "media/", "media/generate-file-url/", "media-files/mediator/photo/x.png", "files/mediator/photo/?key=x",
        "../media-files/x.png", f"tables/{PEOPLE}/media/",
    ],
)  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_hole_14_and_15_there_is_no_way_to_upload_or_fetch_a_file(method: str, path: str, people: People) -> None:
    office = people("office")
    files = {"file": ("x.png", b"\x89PNG")} if method == "POST" else None
    answer = office.client.request(method, f"/admin/api/{path}", files=files, headers=office.headers)
    assert answer.status_code in (401, 404), path
    assert office.schema(PEOPLE)["extra"]["media_columns"] == []


def test_hole_16_there_are_no_forms_beside_the_commands(people: People) -> None:
    sysadmin = people("sysadmin")
    assert sysadmin.get("forms/").json() == []
    for path in ("forms/x/", "forms/x/schema/"):
        assert sysadmin.get(path).status_code == 404
        assert sysadmin.post(path, {}).status_code == 404


def test_hole_17_every_way_to_write_is_the_command_and_leaves_its_record(people: People, demo_url: str) -> None:
    """The stock hooks miss PUT and bulk deletes; here those two are no addresses, and the rest is one command each."""
    office = people("office")
    for method, path in (
        ("PUT", f"tables/{COMMITTEES}/{mine(people)}/"),
        ("DELETE", f"tables/{COMMITTEES}/"),
        ("PATCH", f"tables/{COMMITTEES}/"),
    ):
        assert office.client.request(method, f"/admin/api/{path}", headers=office.headers).status_code == 404
    assert (
        office.post(f"tables/{COMMITTEES}/", new_committee(office, 名称="玄武区记录社区人民调解委员会")).status_code
        == 201
    )
    row = office.rows(COMMITTEES, 名称="记录社区")[0]["编号"]
    office.open(COMMITTEES, row)
    assert office.save(COMMITTEES, row, {"电话": "025-80000001"}).status_code == 200
    office.open(COMMITTEES, row)
    assert office.delete(COMMITTEES, row).status_code == 204
    records = stored(demo_url, sa.select(AuditLog.action).where(AuditLog.entity_id == row).order_by(AuditLog.id))
    assert [record["action"] for record in records] == ["CREATE", "UPDATE", "DELETE"]


@pytest.mark.parametrize(
    "body",
    [
        b'{"x": NaN}', b'{"a": 1', b"[[[[" * 5000, b'{"x": ' * 5000, b"\xff\xfe", b"", b"null",
        '{"名称": "\\ud800"}'.encode(), '{"名称": "\\u0000"}'.encode(), '{"名称": {"a": 1}}'.encode(),
        '{"名称": [1, 2]}'.encode(), '{"场所面积": 1e999}'.encode(), f'{{"场所面积": {"9" * 400}}}'.encode(),
        '{"所在区划": {"connect": {"id": "x"}}}'.encode(), '{"所在区划": 7}'.encode(),
        '{"设立日期": 20250101}'.encode(), b'{"scope_path": "/"}', '{"编号": "mc_x"}'.encode(), '{"版本": 9}'.encode(),
    ],
    ids=range(19),
)  # fmt: skip
def test_hole_18_a_strange_form_is_refused_in_words_and_never_a_fault(
    body: bytes, people: People, demo_url: str
) -> None:
    office, row = people("office"), mine(people)
    office.open(COMMITTEES, row)
    before = committee(demo_url, row)
    headers = {**office.headers, "Content-Type": "application/json", "If-Match": office.versions[row]}
    for method, path in (("POST", ""), ("PATCH", f"{row}/")):
        answer = office.client.request(method, f"/admin/api/tables/{COMMITTEES}/{path}", content=body, headers=headers)
        assert answer.status_code == 422, (method, answer.status_code, answer.text)
        assert answer.json()["detail"]
    assert committee(demo_url, row) == before


@pytest.mark.parametrize("tag", ["", "x", '"0"', '"-1"', '"99999999999999999999"', '"1", "2"', "W/x", '"1e0"'])
def test_hole_18_a_strange_version_overwrites_nothing(tag: str, people: People, demo_url: str) -> None:
    office, row = people("office"), mine(people)
    before = committee(demo_url, row)
    office.versions[row] = tag
    assert office.save(COMMITTEES, row, {"电话": "025-80000009"}).status_code == 409
    assert committee(demo_url, row) == before


@pytest.fixture(scope="module")
def nobody(people: People, demo_url: str) -> Person:
    """Somebody who may sign in and whose only grant has ended."""

    async def make() -> None:
        database = Database(Settings(database_url=demo_url))
        try:
            wanted = Enrolment("nobody", "无授权", "DIST", region="320102000000")
            await database.write(lambda c: enrol(c, wanted, hash_password(PASSWORD), must_change=False))
            account = sa.select(UserAccount.id).where(UserAccount.login_name == "nobody").scalar_subquery()
            ended = sa.update(RoleGrant).where(RoleGrant.account_id == account)
            await database.write(
                lambda c: c.execute(ended.values(valid_from=dt.date(2020, 1, 1), valid_to=dt.date(2020, 12, 31)))
            )
        finally:
            await database.stop()

    asyncio.run(make())
    return Person.signed_in(people("office").client, "nobody")


def test_hole_20_who_has_no_grant_sees_nothing(nobody: Person) -> None:
    assert nobody.get("tables/").json() == []
    assert nobody.get("tables/grouped/").json()["grouped"] == {}
    for table in (COMMITTEES, PEOPLE, FILINGS, "行政区划", "账号", "审计日志"):
        for what in ("", "schema/", "count/", "ids/", f"{MISSING}/"):
            assert same(nobody.get(f"tables/{table}/{what}")) == NOT_THERE


def test_hole_21_a_connection_keeps_nothing_of_who_used_it_last(people: People, nobody: Person) -> None:
    """The stock policy let a pooled connection forget its scope and show everything: here the next one sees its own."""
    for _ in range(20):
        assert people("district").count(COMMITTEES) > people("office").count(COMMITTEES) > 0
        assert nobody.get("tables/").json() == []
        assert same(people("office").get(f"tables/{COMMITTEES}/{theirs(people)}/")) == NOT_THERE


def test_hole_22_the_admin_writes_no_statement_of_its_own() -> None:
    """Scopes are put into a statement in one place; a second one in the admin could forget them."""
    for path in sorted(Path(admin.__file__).parent.glob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        named = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
        named |= {n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
        wrong = [name for name in named if name.split(".")[0] == "sqlalchemy" or name.startswith("db.models")]
        assert wrong == [], path.name


def test_hole_23_requests_of_several_people_at_once_never_mix(people: People) -> None:
    logins = ("office", "office2", "district")
    paths = [f"tables/{COMMITTEES}/", f"tables/{COMMITTEES}/ids/", f"tables/{PEOPLE}/", f"tables/{FILINGS}/count/"]
    alone = {(login, path): people(login).get(path).content for login in logins for path in paths}
    assert len({alone[login, paths[0]] for login in logins}) == len(logins)
    asked = [(login, path) for _ in range(30) for path in paths for login in logins]

    def ask(question: tuple[str, str]) -> bool:
        return people(question[0]).get(question[1]).content == alone[question]

    with ThreadPoolExecutor(12) as threads:
        assert len(asked) == 360
        assert all(threads.map(ask, asked))


_LIST = "/admin/api/tables/%E5%A4%87%E6%A1%88/"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *(("GET", path) for path in (
            "/admin//api/user/", "/admin/api//user/", "/admin/api/user", "/admin/api/user//", "/admin/api/./user/",
            "/admin/api/%2e/user/", "/admin/api/x/../user/", "/admin/api/x/%2e%2e/user/", "/admin/api%2Fuser/",
            "/admin/api/user/;x", "/admin/api/user;x/", "/admin/api/user/%0A", "/admin/api/user%0A/",
            "/admin/API/user/",
            "/admin/api/user/%00", "/admin/api/user/%20", _LIST.rstrip("/"), _LIST + "%2e%2e/schema/", _LIST + "%2F",
            _LIST + "x/y/", "/admin/api/tables/", "/admin/pages/%2e%2e/gate.py", "/admin/pages/..%2Fgate.py",
            "/admin/pages/%252e%252e%252fgate.py", "/admin/assets/..%2Fbundle.py", "/admin/pages/terms%2Ejson/",
        )),
        *((method, "/admin/api/user/") for method in ("OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "X")),
        *((method, _LIST) for method in ("OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "X")),
    ],
)  # fmt: skip
def test_hole_24_a_trick_with_an_address_or_a_method_reaches_nothing(method: str, path: str, people: People) -> None:
    """Without a session nothing is answered; with one, nothing that is not spelled as it is on the list."""
    office = people("office")
    assert office.client.request(method, path).status_code in (400, 401, 403, 404, 405)
    answer = office.client.request(method, path, headers=office.headers)
    # The client itself takes dots and a blank tail out of an address: then it is one on the list.
    if answer.request.url.raw_path.decode() not in ("/admin/api/user/", "/admin/api/tables/"):
        assert answer.status_code in (400, 403, 404, 405), answer.text[:200]
    elif method != "GET":
        assert answer.status_code in (400, 403, 404, 405)


@pytest.mark.parametrize("header", ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "_method"])
def test_hole_24_a_header_does_not_change_the_method(header: str, people: People, demo_url: str) -> None:
    office, row = people("office"), mine(people)
    before = committee(demo_url, row)
    for method in ("DELETE", "PATCH"):
        path = f"/admin/api/tables/{COMMITTEES}/{row}/"
        headers: dict[str, Any] = {**office.headers, header: method, "If-Match": f'"{before["version"]}"'}
        assert office.client.get(path, headers=headers, params={"_method": method}).status_code == 200
        assert office.client.post(path, json={"电话": "1"}, headers=headers).status_code == 404
    assert committee(demo_url, row) == before


def test_hole_24_head_is_get_without_a_body(people: People) -> None:
    office = people("office")
    answer = office.client.head(_LIST, headers=office.headers)
    assert (answer.status_code, answer.content) == (200, b"")
    assert office.client.head(_LIST).status_code == 401
