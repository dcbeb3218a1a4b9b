"""Answers on their way out (compression) and connections as they come in (heads that are too long or too slow)."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import os
from collections.abc import AsyncIterator, Iterator

import pytest
import zstandard
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from permissions.compression import OFF_LOOP, SMALLEST, Compression, accepted
from permissions.wire import LONGEST_HEAD, Protocol
from tests.servers import Serving, serving

TEXT = '{"name":"人民调解委员会","n":1}'.encode()
SIZES = {"small": SMALLEST - 1, "page": SMALLEST, "large": OFF_LOOP + 1}
PIECES = [b"first " * 300, b"second", b""]


def body(name: str) -> bytes:
    return (TEXT * (SIZES[name] // len(TEXT) + 1))[: SIZES[name]]


def application() -> Starlette:
    """Answers of all kinds behind the compression."""

    async def sized(request: Request) -> Response:
        await request.body()
        return Response(body(request.path_params["name"]), media_type="application/json", headers={"Vary": "Cookie"})

    async def pieces(_request: Request) -> Response:
        async def each() -> AsyncIterator[bytes]:
            for piece in PIECES:
                yield piece

        return StreamingResponse(each(), media_type="application/x-ndjson")

    async def other(request: Request) -> Response:
        kinds = {"picture": ("image/png", {}), "tagged": ("application/json", {"ETag": '"1"'})}
        media_type, headers = kinds[request.path_params["name"]]
        return Response(body("page"), media_type=media_type, headers=headers)

    async def session(_request: Request) -> Response:
        return Response(body("page"), media_type="application/json")

    return Starlette(
        routes=[
            Route("/size/{name}", sized),
            Route("/pieces", pieces),
            Route("/other/{name}", other),
            Route("/session", session),
        ],
        middleware=[Middleware(Compression)],
    )


class Hasty(Protocol):
    """The connection of the house with less patience."""

    head_seconds = 0.3


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    with serving(application, Hasty) as found:
        yield found


async def talk(server: Serving, *sent: bytes, pause: float = 0) -> bytes:
    """All that comes back over one connection until the server ends it; the tests' own patience is 30 seconds."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    received = bytearray()

    async def receive() -> None:
        # Read while sending: what a server said before it closed is lost when more is sent to it.
        with contextlib.suppress(ConnectionError):
            while piece := await reader.read(65_536):
                received.extend(piece)

    receiving = asyncio.create_task(receive())
    async with asyncio.timeout(30):
        with contextlib.suppress(ConnectionError):
            for part in sent:
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(pause)
        await receiving
    writer.close()
    return bytes(received)


async def get(server: Serving, path: str, accept: str | None, method: str = "GET") -> tuple[dict[str, str], bytes]:
    """The headers and the body, as they came over the wire."""
    asked = [f"{method} {path} HTTP/1.1", "Host: x", "Connection: close"]
    asked += [f"Accept-Encoding: {accept}"] if accept is not None else []
    head, _, content = (await talk(server, ("\r\n".join(asked) + "\r\n\r\n").encode())).partition(b"\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.decode().lower().split("\r\n")[1:])
    return headers, b"".join(chunks(content)) if "transfer-encoding" in headers else content


def chunks(content: bytes) -> Iterator[bytes]:
    """The chunks of a body, which has to end as it should."""
    while content:
        size, _, rest = content.partition(b"\r\n")
        yield rest[: int(size, 16)]
        content = rest[int(size, 16) + 2 :]
        if int(size, 16) == 0:
            return
    raise AssertionError("the answer was broken off")


def unpacked(encoding: str | None, content: bytes) -> bytes:
    if encoding == "zstd":
        return zstandard.ZstdDecompressor().decompressobj().decompress(content)
    return gzip.decompress(content) if encoding == "gzip" else content


# --- compression ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "encoding"),
    [
        ("", None), ("identity", None), ("br", None), ("gzip", "gzip"), ("zstd", "zstd"), ("gzip, zstd", "gzip"),
        ("gzip;q=1.0, zstd;q=0.5", "gzip"), ("gzip;q=0", None), ("gzip;q=0, zstd", "zstd"), ("*", "gzip"),
        ("zstd;q=0, *", "gzip"), ("*;q=0", None), ("GZIP", "gzip"), ("gzip;q=x", None), ("gzip;level=1", "gzip"),
        (";;;,,=", None), ("gzip, deflate, br, zstd", "gzip"), ("gzip;q=0.5, zstd", "zstd"),
    ],
)  # fmt: skip
def test_the_encoding_is_the_one_that_the_client_prefers(header: str, encoding: str | None) -> None:
    """q-values, refusals and wildcards mean what RFC 9110 says; nonsense means none."""
    assert accepted(header) == encoding


@pytest.mark.parametrize("name", SIZES)
@pytest.mark.parametrize("accept", [None, "gzip", "zstd"])
async def test_an_answer_arrives_whole_in_every_encoding(server: Serving, name: str, accept: str | None) -> None:
    """What is worth it is packed, the length is that of what is sent, and caches learn what it depends on."""
    headers, content = await get(server, f"/size/{name}", accept)
    encoding = accept if name != "small" else None
    assert headers.get("content-encoding") == encoding
    assert int(headers["content-length"]) == len(content)
    assert unpacked(encoding, content) == body(name)
    depends = {"cookie"} if name == "small" else {"cookie", "accept-encoding"}
    assert {part.strip() for part in headers["vary"].split(",")} == depends
    assert encoding is None or len(content) < len(body(name)) / 10


@pytest.mark.parametrize("accept", [None, "gzip", "zstd"])
async def test_an_answer_in_pieces_arrives_whole(server: Serving, accept: str | None) -> None:
    headers, content = await get(server, "/pieces", accept)
    assert headers.get("content-encoding") == accept
    assert unpacked(accept, content) == b"".join(PIECES)


@pytest.mark.parametrize("path", ["/other/picture", "/other/tagged", "/session"])
async def test_what_has_a_form_of_its_own_or_holds_secrets_is_left_alone(server: Serving, path: str) -> None:
    """Pictures, answers with an ETag, and the session with its CSRF token."""
    headers, content = await get(server, path, "gzip, zstd")
    assert "content-encoding" not in headers
    assert content == body("page")


# --- connections ------------------------------------------------------------------------------------------------------


async def test_a_head_that_does_not_come_ends_the_connection(server: Serving) -> None:
    """Silence, half a head, and half of the next head after an answer are all answered 408 and closed."""
    whole = b"GET /size/small HTTP/1.1\r\nHost: x\r\n\r\n"
    assert (await talk(server)).startswith(b"HTTP/1.1 408 ")
    assert (await talk(server, b"GET /size/small HT")).startswith(b"HTTP/1.1 408 ")
    second = await talk(server, whole, b"GET /size/small HTTP/1.1\r\nX: ", pause=0.1)
    assert second.startswith(b"HTTP/1.1 200 ")
    assert b"HTTP/1.1 408 " in second


async def test_a_head_that_trickles_ends_as_well(server: Serving) -> None:
    """The deadline is for the whole head: a byte now and then does not put it off."""
    trickle = [b"GET / HTTP/1.1\r\nX: "] + [b"a"] * 8
    assert (await talk(server, *trickle, pause=0.06)).startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize("at_once", [True, False])
async def test_a_head_that_is_too_long_is_refused(server: Serving, at_once: bool) -> None:
    """431, whether it comes in one piece or in many."""
    head = b"GET /size/small HTTP/1.1\r\nHost: x\r\nX: " + b"a" * (2 * LONGEST_HEAD) + b"\r\n\r\n"
    parts = [head] if at_once else [head[i : i + 4096] for i in range(0, len(head), 4096)]
    assert (await talk(server, *parts, pause=0 if at_once else 0.001)).startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize("hosts", [b"", b"Host: x\r\nHost: y\r\n", b"Host: x\r\nhost: x\r\n"])
@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
async def test_a_request_is_for_one_host(server: Serving, hosts: bytes, version: bytes) -> None:
    """None or two are 400: a proxy, the server and its protection from other sites' pages could read different ones."""
    head = b"GET /size/small HTTP/" + version + b"\r\n" + hosts + b"\r\n"
    assert (await talk(server, head)).startswith(b"HTTP/1.1 400 ")


async def test_a_long_body_is_no_long_head(server: Serving) -> None:
    """A head of ordinary length may be followed by any body in the same breath."""
    content = b"x" * (4 * LONGEST_HEAD)
    head = f"GET /size/small HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {len(content)}\r\n\r\n"
    assert (await talk(server, head.encode() + content)).startswith(b"HTTP/1.1 200 ")


async def test_a_connection_may_ask_again_and_again(server: Serving) -> None:
    """The deadline of one head is over when it has come: many requests over one connection, longer than it."""
    asked = b"GET /size/small HTTP/1.1\r\nHost: x\r\n\r\n"
    last = asked.replace(b"Host", b"Connection: close\r\nHost")
    assert (await talk(server, *[asked] * 5, last, pause=0.1)).count(b"HTTP/1.1 200 ") == 6


def test_compression_costs_less_than_three_milliseconds_a_megabyte() -> None:
    """Not a measurement (machines differ): that the encoders are the quick ones, at their lowest levels."""
    from isal import isal_zlib

    from permissions.compression import ONE_SHOT

    noise = os.urandom(1000).hex().encode() * 20
    assert ONE_SHOT["zstd"](noise) == zstandard.ZstdCompressor(level=1).compress(noise)
    assert ONE_SHOT["gzip"](noise)[10:] == isal_zlib.compress(noise, 1, 31)[10:]
