"""The 24 holes of the stock piccolo-admin, each with the requests that showed it there, against ours.

Twelve of them are about what is read; the others stand in ``test_holes_writes.py``.
"""

from __future__ import annotations

import pytest

from db.registry import registry
from tests.admin.holes import (
    CASES,
    COMMITTEES,
    FILINGS,
    MISSING,
    NOT_THERE,
    PEOPLE,
    REGIONS,
    People,
    answers,
    digits,
    same,
    secrets_of,
    theirs,
)

LOGINS = ("province", "city", "district", "office", "committee", "mediator", "auditor", "sysadmin", "court")


def test_hole_01_a_list_holds_no_row_of_others_whatever_is_asked_of_it(people: People) -> None:
    office, row = people("office"), theirs(people)
    opened = people("office2").open(COMMITTEES, row)
    asked: list[dict[str, str]] = [
        {}, {"所在区划": opened["所在区划"]}, {"指导司法所": opened["指导司法所"]}, {"名称": opened["名称"]},
        {"编码": opened["编码"], "编码__match": "exact"}, {"__order": "-名称"},
    ]  # fmt: skip
    for params in asked:
        assert row not in {found["编号"] for found in office.rows(COMMITTEES, __page_size=100, **params)}, params
    assert office.rows(COMMITTEES, 指导司法所=opened["指导司法所"]) == []


def test_hole_02_a_count_counts_what_the_list_shows_and_no_header_counts_more(people: People) -> None:
    office = people("office")
    shown = office.rows(COMMITTEES, __page_size=100)
    assert 0 < office.count(COMMITTEES) == len(shown) < 100
    opened = people("office2").open(COMMITTEES, theirs(people))
    assert office.count(COMMITTEES, 名称=opened["名称"], 名称__match="exact") == 0
    answer = office.get(f"tables/{COMMITTEES}/", __range_header="true")
    assert answer.status_code == 422
    assert "content-range" not in answer.headers
    assert "content-range" not in office.get(f"tables/{COMMITTEES}/").headers


def test_hole_03_a_row_of_others_and_one_that_is_not_there_are_one_answer(people: People) -> None:
    office = people("office")
    for row in (theirs(people), MISSING):
        office.versions[row] = '"1"'
        asked = [
            office.get(f"tables/{COMMITTEES}/{row}/"),
            office.save(COMMITTEES, row, {}),
            office.delete(COMMITTEES, row),
        ]
        assert {same(answer) for answer in asked} == {NOT_THERE}
        assert {tuple(sorted(answer.headers)) for answer in asked} == {tuple(sorted(asked[0].headers))}


def test_hole_04_a_picker_finds_no_row_of_others_and_never_more_than_its_limit(people: People) -> None:
    office, row = people("office"), theirs(people)
    name = people("office2").open(COMMITTEES, row)["名称"]
    assert office.get(f"tables/{COMMITTEES}/ids/", search=name).json() == {}
    for search in ("%", "_", "' OR 1=1 --", "%' UNION SELECT 1 --", "\\", name[:2]):
        assert row not in office.get(f"tables/{COMMITTEES}/ids/", search=search).json()
    for limit in ("100000", "-1", "", "x", "99999999999999999999"):
        assert len(people("district").get(f"tables/{CASES}/ids/", limit=limit).json()) <= 200


def test_hole_08_a_name_beside_a_reference_is_the_name_of_a_row_one_may_open(people: People) -> None:
    """What one may not open has no name in a list: not through a reference that leads out of the scope either."""
    entities = {info.facts.prefix: info.facts.zh for info in registry().values()}
    checked = 0
    for login in ("office", "committee", "mediator", "court", "auditor"):
        person = people(login)
        open_tables, seen = set(person.get("tables/").json()), set()
        for table in open_tables:
            for listed in person.rows(table, __page_size=20)[::4]:
                row = person.open(table, listed["编号"])
                named = [
                    key.removesuffix("_readable") for key, name in row.items() if key.endswith("_readable") and name
                ]
                seen |= {row[column] for column in named if row[column]}
        for key in sorted(seen):
            table = entities[key.partition("_")[0]]
            assert table in open_tables, (login, table)
            checked += 1
        for key in sorted(seen)[::7]:
            assert person.get(f"tables/{entities[key.partition('_')[0]]}/{key}/").status_code == 200, (login, key)
    assert checked > 50


@pytest.mark.parametrize("login", LOGINS)
def test_hole_09_no_answer_holds_a_number_that_is_stored_encrypted(login: str, people: People, demo_url: str) -> None:
    secrets, person = secrets_of(demo_url), people(login)
    assert len(secrets) > 300
    for table in person.get("tables/").json():
        for answer in answers(person, table):
            assert not digits(answer.text) & set(secrets), (table, answer.request.url.path)


@pytest.mark.parametrize("login", ["district", "office", "auditor", "committee"])
def test_hole_10_what_is_masked_is_neither_filter_nor_order_nor_found(
    login: str, people: People, demo_url: str
) -> None:
    """Every column that the schema offers neither as a filter nor as an order is refused as both, in every spelling."""
    person, refused = people(login), 0
    for table in person.get("tables/").json():
        schema = person.schema(table)
        filters = set(schema["extra"]["visible_filter_names"])
        sortable = {name for name, found in schema["properties"].items() if found["extra"]["sortable"]}
        for column in sorted(set(schema["properties"]) - filters):
            for params in (
                {column: "3201"}, {f"{column}__operator": "not_null"}, {f"{column}__operator": "e", column: "1"},
                {f"{column}__match": "starts", column: "3"}, {f"{column}[]": "3"},
            ):  # fmt: skip
                assert person.get(f"tables/{table}/", **params).status_code == 422, (table, params)
                assert person.count(table, **params) == 0, (table, params)
            refused += 1
        for column in sorted(set(schema["properties"]) - sortable):
            first = next(iter(sortable))
            for order in (
                {"__order": column},
                {"__order": f"-{column}"},
                {"__order[]": column},
                {"__order": [first, column]},
            ):
                assert person.get(f"tables/{table}/", **order).status_code == 422, (table, order)
    assert refused > 5
    for number in list(secrets_of(demo_url))[:5]:
        assert person.get(f"tables/{PEOPLE}/ids/", search=number).json() == {}


def test_hole_12_sessions_tokens_and_secrets_are_no_table_and_no_column(people: People, demo_url: str) -> None:
    secret = {"passwordHash", "totpSecret", "tokenHash", "csrfHash", "recoveryCodes", "secret"}
    for login in LOGINS:
        person = people(login)
        tables = person.get("tables/").json()
        assert not {"会话", "令牌", "登录会话"} & set(tables)
        assert login in ("province", "city", "district", "office", "sysadmin") or "账号" not in tables
        for table in tables:
            assert not secret & {found["extra"].get("name") for found in person.schema(table)["properties"].values()}
    sysadmin = people("sysadmin")
    for column in ("password", "password_hash", "passwordHash", "口令", "token"):
        assert sysadmin.get("tables/账号/", __order=column).status_code == 422
        assert sysadmin.get("tables/账号/", **{column: "x"}).status_code == 422
    for answer in answers(sysadmin, "账号"):
        assert "argon2" not in answer.text
    for table in ("piccolo_user", "sessions", "user_account", "login_session", "api_token"):
        assert same(sysadmin.get(f"tables/{table}/")) == NOT_THERE


@pytest.mark.parametrize("login", LOGINS)
def test_hole_13_a_hidden_table_is_named_nowhere(login: str, people: People) -> None:
    person = people(login)
    tables = person.get("tables/").json()
    grouped = person.get("tables/grouped/").json()["grouped"]
    assert {table for group in grouped.values() for table in group} == set(tables)
    for table in tables:
        for found in person.schema(table)["properties"].values():
            assert found["extra"].get("foreign_key", {"to": table})["to"] in tables
        for found in person.get(f"tables/{table}/references/").json()["references"]:
            assert found["tableName"] in tables
    for hidden in {info.facts.zh for info in registry().values()} - set(tables):
        for what in ("", "schema/", "count/", "ids/", "references/", "new/", "x/"):
            assert same(person.get(f"tables/{hidden}/{what}")) == NOT_THERE
    for path in ("openapi.json", "docs/", "redoc/", "../openapi.json", "../public/openapi.json", "../docs/"):
        assert person.get(path).status_code == 404
        assert person.client.get(f"/admin/api/{path}").status_code == 404


def test_hole_13_the_vocabulary_is_for_who_is_signed_in(people: People) -> None:
    office = people("office")
    for name in ("terms.json", "names.json", "matrix.json"):
        assert office.client.get(f"/admin/pages/{name}").status_code == 401
        assert office.client.get(f"/admin/pages/{name}", headers=office.headers).status_code == 200


@pytest.mark.parametrize(
    "params",
    [
        {"__order": "nope"}, {"__order": "所在区划.编码"}, {"__order": "所在区划__编码"}, {"__order[]": "nope"},
        {"__page_size": "-1"}, {"__page_size": "0"}, {"__page_size": "101"}, {"__page_size": "999"},
        {"__page_size": "1001"}, {"__page_size": "1e3"}, {"__page_size": "٣"}, {"__page": "-1"}, {"__page": "x"},
        {"__page": "9" * 30}, {"场所面积": "9" * 400}, {"场所面积": "NaN"}, {"场所面积": "1e999"},
        {"设立日期": "0000-00-00"},
        {"设立日期": "99999-01-01"}, {"类型": "ED"}, {"类型": "community"}, {"名称__match": "regex", "名称": "x"},
        {"名称__operator": "nope", "名称__match": "nope", "名称": "x"}, {"nope": "1"}, {"所在区划.编码": "1"},
    ],
    ids=str,
)  # fmt: skip
def test_hole_18_a_strange_question_is_refused_in_words_and_never_a_fault(
    params: dict[str, str], people: People
) -> None:
    answer = people("office").get(f"tables/{COMMITTEES}/", **params)
    assert answer.status_code == 422, answer.text
    assert answer.json()["detail"][0]["msg"]
    assert people("office").get(f"tables/{COMMITTEES}/count/", **params).status_code == 200


@pytest.mark.parametrize(
    "row", ["9" * 40, "mc_" + "9" * 40, "mc_", "0", "-1", "mc_01856aa0", "null", "mc_\x00", "x" * 4000, "一"]
)
def test_hole_18_a_strange_id_is_a_row_that_is_not_there(row: str, people: People) -> None:
    assert same(people("office").get(f"tables/{COMMITTEES}/{row}/")) == NOT_THERE


@pytest.mark.parametrize("value", ["\x00", "\ud800", "字" * 100_000, "%", "_", "'; DROP TABLE x; --"])
def test_hole_18_a_strange_text_finds_nothing_or_is_refused(value: str, people: People) -> None:
    office = people("office")
    text = value.encode("utf-8", "surrogatepass")[:3000]
    for params in ({"名称": text}, {"名称": text, "名称__match": "exact"}, {"所在区划": text}, {"__order": text}):
        assert office.get(f"tables/{COMMITTEES}/", **params).status_code in (200, 422)
    assert office.get(f"tables/{COMMITTEES}/ids/", search=text).status_code in (200, 422)


def test_hole_19_an_export_gives_columns_of_its_own_table_only(people: People) -> None:
    district = people("district")
    for columns in (
        "登记区划.编码",
        "姓名,登记区划.名称",
        "id_number_cipher",
        "scope_path",
        "姓名__编码",
        "*",
        "编号,口令",
    ):
        answer = district.get(f"tables/{PEOPLE}/", __page_size=1000, __visible_fields=columns)
        assert answer.status_code == 422, columns
    [row, *_] = district.rows(PEOPLE, __page_size=1000, __visible_fields="姓名,登记区划")
    assert set(row) == {"\ufeff姓名", "登记区划"}
    assert set(district.rows(FILINGS, __visible_fields="环节")[0]) >= {"编号"}
    assert district.get(f"tables/{REGIONS}/", __order="上级区划.上级区划").status_code == 422
