"""Which other origins may show our answers to a signed-in person (CORS): those named in full, and no other.

A browser sends our cookies along only from pages of the same site (``SameSite=Lax``), so a custom view stands on a
neighbouring name or port; what it changes carries the CSRF token it was told at sign-in (docs/sign-in.md).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

from settings import Settings

HEADERS = (
    "Authorization", "Content-Type", "Idempotency-Key", "GraphQL-Cost", "X-CSRFToken", "Accept-Language",
    "If-None-Match", "Cache-Control",
    # What clients and their tracing add by themselves. The server reads none of it.
    "X-Requested-With", "Apollo-Require-Preflight", "GraphQL-Require-Preflight",
    "apollographql-client-name", "apollographql-client-version", "X-Apollo-Operation-Name", "X-Apollo-Operation-Id",
    "X-Apollo-Operation-Type", "X-Apollo-Cache-Key", "X-GraphQL-Client-Name", "X-GraphQL-Client-Version",
    "traceparent", "tracestate", "baggage", "sentry-trace", "X-Request-Id", "X-Correlation-Id",
)  # fmt: skip
"""What a page of another origin may send; an installation names more in ``FENGQIAO_CORS_HEADERS``."""
EXPOSED = ("Retry-After", "Content-Disposition", "WWW-Authenticate", "ETag", "Content-Language", "X-Request-Id")
"""What of an answer's head such a page may read."""
_NAME = re.compile(r"[A-Za-z0-9!#$%&'+.^_`|~-]{1,100}", re.ASCII)
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
PREFLIGHT_SECONDS = 3600


def named(settings: Settings) -> list[str]:
    """The origins that may ask; what is none (``*``, ``null``) opens nothing."""
    return [origin for origin in settings.cors_origins if not mistake(origin)]


def cors(settings: Settings) -> list[Middleware]:
    """The middleware for the origins of the settings; none where there are none."""
    if not named(settings):
        return []
    return [
        Middleware(
            CORSMiddleware,
            allow_origins=named(settings),
            allow_credentials=True,
            allow_methods=METHODS,
            allow_headers=(*HEADERS, *(name for name in settings.cors_headers if _NAME.fullmatch(name))),
            expose_headers=EXPOSED,
            max_age=PREFLIGHT_SECONDS,
        )
    ]


def mistake(origin: str) -> str | None:
    """What is wrong with an origin of the settings, as a Chinese sentence."""
    try:
        parts = urlsplit(origin)
        port = parts.port
    except ValueError:
        return f"{origin[:60]} 不是来源"
    if "*" in origin or parts.scheme not in ("http", "https") or not parts.hostname:
        return f"{origin[:60]} 须写成 https://主机名 或 https://主机名:端口，不能用 *"
    if origin != f"{parts.scheme}://{parts.hostname}" + (f":{port}" if port else ""):
        return f"{origin[:60]} 只写协议、小写的主机名和端口，末尾不加斜线"
    return None


def mistakes(origins: Iterable[str], *, production: bool) -> list[str]:
    """What is wrong with the origins of the settings; in production they are https."""
    found = [sentence for origin in origins if (sentence := mistake(origin))]
    if production:
        found += [f"{origin[:60]} 须为 https" for origin in origins if origin.startswith("http://")]
    return found
