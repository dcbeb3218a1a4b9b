"""The demo over all of Jiangsu, asked as clients ask it: what changes of regions do to a whole register."""

from __future__ import annotations

import csv
import lzma
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from db.engine import Database
from db.models.system.user_account import UserAccount
from permissions.accounts import load_viewer
from permissions.viewer import Viewer
from resolvers.commands.demo import seed_demo
from settings import Settings
from tests.regions import Line
from tests.resolvers.asking import Endpoint

JIANGSU = Path(__file__).resolve().parents[2] / "db" / "data" / "regions-jiangsu-2023.csv.xz"
CODES = ("320102000000", "320102002000", "320102002001", "320102003000", "320102003001", "320102010000")


def jiangsu() -> list[Line]:
    """The lines of the shipped file."""
    with lzma.open(JIANGSU, "rt", encoding="utf-8", newline="") as stream:
        return [(code, name, level) for code, name, level in list(csv.reader(stream))[1:]]


async def seed(url: str) -> None:
    """Load the demo."""
    database = Database(Settings(database_url=url))
    try:
        await seed_demo(database, password="Invented-pass-1")
    finally:
        await database.stop()


class Demo:
    """The demo behind the real endpoint."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.endpoint = Endpoint(self)  # type: ignore[arg-type]

    async def viewer(self, login: str) -> Viewer:
        """The account with its rights of now."""

        def find(connection: sa.Connection) -> Viewer | None:
            key = connection.scalar(sa.select(UserAccount.id).where(UserAccount.login_name == login))
            return load_viewer(connection, str(key), "10.0.0.9")

        found = await self.database.as_system().look(find)
        assert found is not None
        return found

    async def totals(self, login: str = "district") -> dict[str, tuple[int, int, int, int]]:
        """By code: whether it is found, regions of today and committees and cases below it."""
        parts = [
            f'''r{code}: region(by: {{code: "{code}"}}) {{ code }}
            g{code}: regions(where: {{descendantOf: {{code: "{code}"}}, validTo: {{isNull: true}}}}) {{ totalCount }}
            m{code}: mediationCommittees(where: {{region: {{descendantOf: {{code: "{code}"}}}}}}) {{ totalCount }}
            c{code}: mediationCases(where: {{region: {{descendantOf: {{code: "{code}"}}}}}}) {{ totalCount }}'''
            for code in CODES
        ]
        found: dict[str, Any] = {}
        for part in parts:
            answer = await self.endpoint.ask(login, "{" + part + "}")
            assert "errors" not in answer, answer
            found |= answer["data"]
        return {
            code: (
                int(found[f"r{code}"] is not None), found[f"g{code}"]["totalCount"],
                found[f"m{code}"]["totalCount"], found[f"c{code}"]["totalCount"],
            )
            for code in CODES
        }  # fmt: skip

    async def seen(self, login: str) -> tuple[int, int]:
        """How many committees and cases an account sees."""
        answer = await self.endpoint.ask(login, "{ mediationCommittees { totalCount } mediationCases { totalCount } }")
        assert "errors" not in answer, answer
        return answer["data"]["mediationCommittees"]["totalCount"], answer["data"]["mediationCases"]["totalCount"]
