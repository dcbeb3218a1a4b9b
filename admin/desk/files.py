"""The pages and the modules they load: read once, packed once, under an address that changes when any of them does.

Modules from the locked packages name each other by bare names, which a browser does not know; they are served beside
ours and name each other by their files. No page holds a script or a style, and its policy allows none.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from admin.bundle import File
from admin.wording import SITE_NAME
from settings import ROOT

FOLDER = Path(__file__).parent / "web"
PACKAGES = (
    "lit-html/lit-html.js",
    "lit-html/directive.js",
    "lit-html/directive-helpers.js",
    "lit-html/directives/live.js",
    "lit-html/directives/repeat.js",
    "lit-element/lit-element.js",
    "@lit/reactive-element/reactive-element.js",
    "@lit/reactive-element/css-tag.js",
)
"""Files of node_modules; each is served under its own name."""
POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; object-src 'none'; "
    "base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)
_IMPORT = re.compile(r"""\b(from|import) ?"([\w@./-]+)\"""")
_PAGE = """<!DOCTYPE html>
<html lang="zh-CN">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width,initial-scale=1">
  <title>枫桥</title>
  <link rel="icon" href="data:,">
  <link rel="stylesheet" href="../desk/{version}/frame.css">
  <link rel="stylesheet" href="../desk/{version}/desk.css">
  {preloads}
  <script type="module" src="../desk/{version}/{script}"></script>
</head>
<body>
  <div id="bar"><span class="site">{site}</span></div>
  <p class="hint waiting">正在读取…</p>
  <noscript>请在浏览器中启用 JavaScript 后再使用。</noscript>
</body>
</html>
"""
_KINDS = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}


@dataclass(frozen=True)
class Files:
    """What is served: files by name under one `version`, pages by the name of their script."""

    version: str
    assets: dict[str, File]
    pages: dict[str, bytes]


def build(pages: Iterable[str]) -> Files:
    """Reads everything. Raises FileNotFoundError where a package is not installed."""
    sources = {path.name: path.read_bytes() for path in sorted(FOLDER.iterdir()) if path.suffix in _KINDS}
    sources |= {Path(name).name: packaged(ROOT / "node_modules" / name) for name in PACKAGES}
    digest = hashlib.sha256(b"\0".join(name.encode() + b"\0" + text for name, text in sorted(sources.items())))
    version = digest.hexdigest()[:16]
    assets = {name: File(text, _KINDS[Path(name).suffix]) for name, text in sources.items()}
    return Files(version, assets, {page: _page(page, version, sources) for page in pages})


def packaged(path: Path) -> bytes:
    """A module of a package as it is served: what it imports is named by its file."""

    def by_file(found: re.Match[str]) -> str:
        name = found[2].rpartition("/")[2]
        return f'{found[1]}"./{name if name.endswith(".js") else name + ".js"}"'

    text = path.read_text(encoding="utf-8")
    return _IMPORT.sub(by_file, re.sub(r"\n//# sourceMappingURL=\S+", "", text)).encode()


def needed(script: str, sources: dict[str, bytes]) -> list[str]:
    """The modules that a script loads, itself last."""
    found: dict[str, None] = {}

    def walk(name: str) -> None:
        if name in found or name not in sources:
            return
        found[name] = None
        for _, inner in _IMPORT.findall(sources[name].decode()):
            walk(inner.removeprefix("./"))

    walk(script)
    return [name for name in found if name != script]


def _page(page: str, version: str, sources: dict[str, bytes]) -> bytes:
    script = f"{page}.js"
    links = (f'<link rel="modulepreload" href="../desk/{version}/{name}">' for name in needed(script, sources))
    return _PAGE.format(site=SITE_NAME, version=version, script=script, preloads="\n  ".join(links)).encode()
