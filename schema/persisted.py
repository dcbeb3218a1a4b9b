"""Documents that are asked for by name: a registered list, and what clients register as they go.

A request may say ``documentId`` (GraphQL over HTTP), or ``extensions.persistedQuery`` as Apollo's clients do: the hash
first, and the text with it where the server does not know it. API.md's code for all refusals is BAD_INPUT; Apollo's
clients tell the unknown hash by its message.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from resolvers.faults import Denied, bad_input
from schema.caches import Bounded
from settings import Settings

_HASH = re.compile(r"[0-9a-f]{64}", re.ASCII)
NOT_FOUND = "PersistedQueryNotFound"
KEPT, KEPT_CHARACTERS = 1_000, 2_000_000
"""What clients may register in a process, together; what is forgotten is registered again by the next who needs it."""


class Persisted:
    """The texts behind names. `own` are documents of the installation's own pages, registered without a file."""

    def __init__(self, settings: Settings, own: Iterable[str] = ()) -> None:
        self.only_registered = settings.only_registered_documents
        self._registered = manifest(settings.documents) if settings.documents else {}
        self._registered |= {digest(text): text for text in own}
        self._texts = frozenset(self._registered.values())
        self._sent: Bounded[str, str] = Bounded(KEPT, KEPT_CHARACTERS)

    def text(self, asked: Mapping[str, Any]) -> str:
        """The document of a request. Raises Denied."""
        text, name = asked.get("query"), asked.get("documentId")
        if name is not None:
            return self._of_name(name, text)
        short = _persisted_query(asked)
        if text is None:
            if short is None:
                raise bad_input(
                    "请求里没有查询：应有 query 或 documentId。",
                    "The request has no document: give query or documentId.",
                )
            return self._of_hash(short)
        if short is not None and digest(text) != short:
            raise bad_input(
                "persistedQuery.sha256Hash 与 query 不符。", "persistedQuery.sha256Hash is not the hash of the query."
            )
        if self.only_registered and text not in self._texts:
            raise _unregistered()
        return str(text)

    def remember(self, asked: Mapping[str, Any], text: str) -> None:
        """Keep a text that came with its hash, after it was found to be a document that may run."""
        short = _persisted_query(asked)
        if short is not None and short not in self._registered:
            self._sent.put(short, text, len(text))

    def _of_name(self, name: str, text: str | None) -> str:
        if text is not None:
            raise bad_input("documentId 不与 query 同用。", "A documentId is not sent with a query.")
        found = self._registered.get(name) or self._registered.get(name.removeprefix("sha256:"))
        found = found or self._sent.get(name.removeprefix("sha256:"))
        if found is None:
            raise Denied(
                "BAD_INPUT", "没有登记这个 documentId。", "There is no document of this documentId.", _REASON
            )  # fmt: skip
        return found

    def _of_hash(self, short: str) -> str:
        found = self._registered.get(short) or self._registered.get(f"sha256:{short}") or self._sent.get(short)
        if found is None:
            raise _unregistered() if self.only_registered else Denied("BAD_INPUT", NOT_FOUND, NOT_FOUND, _REASON)
        return found


_REASON = {"reason": "PERSISTED_QUERY_NOT_FOUND"}


def digest(text: str) -> str:
    """The name of a document by its text: SHA-256 in hexadecimal digits."""
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def manifest(path: Path) -> dict[str, str]:
    """A registered list as tools write it: one JSON object, name -> text. Raises ValueError that says what is wrong."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise ValueError(f"FENGQIAO_DOCUMENTS：读不出 {path.name}（{type(problem).__name__}）") from None
    if not isinstance(found, dict) or not all(isinstance(text, str) for text in found.values()):
        raise ValueError(f"FENGQIAO_DOCUMENTS：{path.name} 应是 {{编号: 查询文本}} 的 JSON 对象")
    for name, text in found.items():
        short = name.removeprefix("sha256:")
        if _HASH.fullmatch(short) and digest(text) != short:
            raise ValueError(f"FENGQIAO_DOCUMENTS：{path.name} 中 {name[:20]}… 不是其查询文本的 SHA-256")
    return found


def _persisted_query(asked: Mapping[str, Any]) -> str | None:
    extensions = asked.get("extensions")
    told = extensions.get("persistedQuery") if isinstance(extensions, Mapping) else None
    if told is None:
        return None
    short = told.get("sha256Hash") if isinstance(told, Mapping) and told.get("version") == 1 else None
    if not isinstance(short, str) or not _HASH.fullmatch(short):
        raise bad_input(
            'persistedQuery 应写成 {"version": 1, "sha256Hash": 64 位小写十六进制}。',
            'A persistedQuery reads {"version": 1, "sha256Hash": 64 hexadecimal digits in lower case}.',
        )
    return short


def _unregistered() -> Denied:
    return Denied(
        "FORBIDDEN",
        "本服务只执行登记过的查询；请用 documentId，或请管理员登记。",
        "Only registered documents run here: send a documentId, or have the document registered.",
        {"reason": "NOT_REGISTERED"},
    )
