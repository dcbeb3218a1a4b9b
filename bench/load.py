"""A closed-loop client over keep-alive connections, and the CPU that processes used, by the system's own accounts."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")


async def _one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> bytes:
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    status = int(head[9:12])
    length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    body = await reader.readexactly(length)
    if status != 200:
        raise RuntimeError(f"HTTP {status}: {body[:300]!r}")
    return body


async def load(port: int, make: Callable[[int], bytes], count: int, connections: int) -> tuple[float, bytes]:
    """Send `count` requests over `connections` loops; the seconds it took and the body of request 0."""
    numbers = iter(range(count))
    first = b""

    async def loop() -> None:
        nonlocal first
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=64 * 1024 * 1024)
        for number in numbers:
            body = await _one(reader, writer, make(number))
            if number == 0:
                first = body
        writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(loop() for _ in range(connections)))
    return time.perf_counter() - began, first


def post(path: str, body: bytes, *headers: str) -> bytes:
    """A whole HTTP/1.1 request."""
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: 127.0.0.1",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        *headers,
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def _children(pid: int) -> list[int]:
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            found += _children(int(child))
    return found


def cpu_ms(pid: int) -> float:
    """Milliseconds of CPU that a process, its children and the children it reaped have used."""
    total = 0
    for one in _children(pid):
        try:
            fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        total += int(fields[11]) + int(fields[12])
        if one == pid:
            total += int(fields[13]) + int(fields[14])
    return total * 1000 / _TICK
