"""Somebody's browser window on the pages of the desk, signed in; and what axe finds wrong with a page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Browser, Locator, Page, expect

from settings import ROOT
from tests.admin.person import PASSWORD

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


@dataclass
class Window:
    """One person's window; `wrong` holds the errors of scripts."""

    page: Page
    address: str
    wrong: list[str]

    @classmethod
    def of(cls, browser: Browser, address: str, login: str, size: tuple[int, int] = (1360, 900)) -> Window:
        """Signed in by the session's own address: signing in at the page is another test."""
        context = browser.new_context(viewport={"width": size[0], "height": size[1]}, locale="zh-CN")
        told = {"login": login, "password": PASSWORD}
        assert context.request.post(f"{address}/session", data=told, headers={"Origin": address}).ok
        made = cls(context.new_page(), address, [])
        made.page.on("pageerror", lambda error: made.wrong.append(str(error)))
        made.page.on("console", lambda said: made.wrong.append(said.text) if "Content Security" in said.text else None)
        return made

    def open(self, path: str) -> None:
        """A page below /admin/, with what it shows first."""
        self.page.goto(f"{self.address}/admin/{path}")
        self.settled()

    def settled(self) -> None:
        """What was asked for has come."""
        expect(self.page.locator("main h1")).to_be_visible()
        expect(self.page.locator("main > :first-child > .hint", has_text="正在读取")).to_have_count(0)

    def field(self, name: str) -> Locator:
        """The input of a field of the record."""
        return self.page.locator(f"[data-name={name}] :is(input, select, textarea)").first

    def fact(self, name: str) -> Locator:
        """The value of a field that is read."""
        return self.page.locator(f".fact[data-name={name}] dd")

    def press(self, text: str) -> None:
        """A button by its words."""
        self.page.get_by_role("button", name=text, exact=True).click()

    def axe(self) -> list[str]:
        """What axe finds of levels A and AA, in a line each."""
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(AXE.read_text(encoding="utf-8"))
        found: dict[str, Any] = self.page.evaluate(
            "(levels) => axe.run(document, {runOnly: levels, resultTypes: ['violations']})", LEVELS
        )
        return [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found["violations"]]

    def width(self) -> int:
        """How wide the page is."""
        wide: int = self.page.evaluate("document.documentElement.scrollWidth")
        return wide
