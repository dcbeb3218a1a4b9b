"""Somebody who is signed in and talks to the admin as its front end does."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import quote

import httpx2
from starlette.testclient import TestClient

PASSWORD = "Fengqiao-1963"


@dataclass
class Person:
    """A session of one account; `versions` are those of the rows it has opened."""

    client: TestClient
    headers: dict[str, str]
    versions: dict[str, str] = field(default_factory=dict)

    @classmethod
    def signed_in(cls, server: TestClient, login: str) -> Self:
        """Whoever has the login; the session travels in a header of its own, so that several share one server."""
        answer = server.post("/session", json={"login": login, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        cookie = "; ".join(f"{name}={value}" for name, value in answer.cookies.items())
        server.cookies.clear()
        return cls(server, {"Cookie": cookie, "X-CSRFToken": answer.json()["csrfToken"]})

    def get(self, path: str, **params: Any) -> httpx2.Response:
        """GET below /admin/api/."""
        return self.client.get(f"/admin/api/{quote(path)}", params=params, headers=self.headers)

    def post(self, path: str, body: Any) -> httpx2.Response:
        """POST below /admin/api/."""
        return self.client.post(f"/admin/api/{quote(path)}", json=body, headers=self.headers)

    def open(self, table: str, row: str) -> dict[str, Any]:
        """The form of one row; remembers its version as the front end does."""
        answer = self.get(f"tables/{table}/{row}/")
        assert answer.status_code == 200, answer.text
        self.versions[row] = answer.headers["etag"]
        found: dict[str, Any] = answer.json()
        return found

    def save(self, table: str, row: str, body: dict[str, Any]) -> httpx2.Response:
        """PATCH with the version the row was opened with."""
        headers = {**self.headers, "If-Match": self.versions.get(row, "")}
        return self.client.patch(f"/admin/api/{quote(f'tables/{table}/{row}/')}", json=body, headers=headers)

    def delete(self, table: str, row: str) -> httpx2.Response:
        """DELETE with the version the row was opened with."""
        headers = {**self.headers, "If-Match": self.versions.get(row, "")}
        return self.client.delete(f"/admin/api/{quote(f'tables/{table}/{row}/')}", headers=headers)

    def rows(self, table: str, **params: Any) -> list[dict[str, Any]]:
        """A page of a table's list."""
        answer = self.get(f"tables/{table}/", __readable="true", **params)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["rows"]
        return found

    def count(self, table: str, **params: Any) -> int:
        """The count of a table's list."""
        number: int = self.get(f"tables/{table}/count/", **params).json()["count"]
        return number

    def schema(self, table: str) -> dict[str, Any]:
        """The schema of a table."""
        found: dict[str, Any] = self.get(f"tables/{table}/schema/").json()
        return found
