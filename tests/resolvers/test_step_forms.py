"""The form of a row with several machines: the steps of each at its state, what a step takes, and its warnings."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from starlette.requests import Request

from admin.api import TableApi
from admin.rights import Rights
from admin.tables import REASON, Tables
from resolvers.services import make_services
from tests.resolvers import papers
from tests.resolvers.desk import Papers, known
from tests.resolvers.town import Town

pytestmark = pytest.mark.anyio


class Forms:
    """The admin's endpoints of papers, for one login."""

    def __init__(self, desk: Papers, login: str) -> None:
        self.desk, self.login = desk, login
        tables = Tables(known())
        services = make_services(desk.town.database.settings, desk.town.database, known())
        self.api = TableApi(services, tables, Rights(services, tables))

    async def ask(
        self, what: str, method: str = "GET", row: str = "", body: dict[str, Any] | None = None, **headers: str
    ) -> Any:
        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": orjson.dumps(body or {})}

        scope = {
            "type": "http", "method": method, "query_string": b"", "path_params": {"table": "材料", "row": row},
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
            "state": {"viewer": await self.desk.town.viewer(self.login)},
        }  # fmt: skip
        answer = self.api.endpoint(getattr(self.api, what))
        response = await answer(Request(scope, receive))
        return response.status_code, orjson.loads(response.body or b"null")

    async def open(self, key: str) -> dict[str, Any]:
        """The form of a paper."""
        status, found = await self.ask("row", row=self.desk.by(key)["id"])
        assert status == 200, found
        return dict(found)

    async def save(self, key: str, body: dict[str, Any], **headers: str) -> Any:
        """What the form sends back over the version that it was opened with."""
        version = f'"{(await self.open(key))["__version"]}"'
        return await self.ask("row", "PATCH", self.desk.by(key)["id"], body, **{"if-match": version}, **headers)


@pytest.fixture
async def desk(town: Town) -> Papers:
    await town.database.write(papers.Scratch.metadata.create_all)
    return Papers(town)


async def test_each_state_offers_the_steps_of_its_own_machine(desk: Papers) -> None:
    key, forms = await desk.make(), Forms(desk, "district")
    opened = await forms.open(key)
    assert [step["value"] for step in opened["__steps"]] == ["submit", "publish"]
    assert opened["__states"] == {"submit": "环节", "publish": "公开"}
    _, schema = await forms.ask("schema")
    properties = schema["properties"]
    assert [name for name, each in properties.items() if each["extra"].get("state")] == ["环节", "公开"]
    assert list(properties)[list(properties).index("公开") + 1] == REASON
    assert await forms.save(key, {"公开": "publish"}) == (200, {})
    assert await forms.save(key, {"环节": "submit"}) == (200, {})
    row = await desk.row(key)
    assert (row["state"], row["face"]) == ("SUBMITTED", "SHOWN")
    status, said = await forms.save(key, {"环节": "hold", "公开": "conceal", REASON: "有误"})
    assert (status, said["detail"]) == (422, [{"loc": ["body", "公开"], "msg": "一次只能办理一步。"}])


async def test_the_form_of_a_step_asks_for_what_it_takes(desk: Papers) -> None:
    key = await desk.make()
    await desk.take("district", key, "submit")
    forms = Forms(desk, "district2")
    opened = await forms.open(key)
    assert (opened["__takes"]["review"], opened["__writable"]) == (["核定金额", "复核意见", "复核人"], [])
    status, said = await forms.save(key, {"环节": "review", "复核意见": "同意"})
    assert (status, said["detail"]) == (422, [{"loc": ["body", "核定金额"], "msg": "在复核时必填。"}])
    status, said = await forms.save(key, {"环节": "hold", "复核意见": "同意"})
    assert (status, said["detail"]) == (422, [{"loc": ["body", "环节"], "msg": "请先保存其他修改，再办理。"}])
    assert await forms.save(key, {"环节": "review", "核定金额": "8.80", "复核意见": "同意"}) == (200, {})
    row = await desk.row(key)
    assert (row["state"], str(row["approved_amount"]), row["note"]) == ("REVIEWED", "8.80", "同意")


async def test_a_form_that_was_warned_is_sent_again_to_go_on(desk: Papers) -> None:
    key, forms = await desk.make(amount="2000"), Forms(desk, "district")
    status, said = await forms.save(key, {"环节": "submit"})
    assert (status, [line["warning"] for line in said["detail"]]) == (422, ["BR-14"])
    assert said["detail"][0]["msg"] == "超过一千元。（提醒：再次保存即表示知悉并继续）"
    assert await forms.save(key, {"环节": "submit"}, acknowledge="BR-14") == (200, {})
    assert (await desk.told(key))[-1]["after"]["acknowledge"] == ["BR-14"]
