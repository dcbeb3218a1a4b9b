"""A closed-loop client over keep-alive connections, and what processes used, by the system's own accounts."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")
_PATIENCE = 120


@dataclass(frozen=True)
class Slice:
    """A number of requests, sent as fast as they were answered."""

    seconds: float
    latencies: list[float]
    """Milliseconds, sorted."""
    first: bytes
    """The body of the answer to request 0."""

    def percentile(self, share: float) -> float:
        """The latency, ms, that a share of the requests stayed below."""
        return self.latencies[min(int(len(self.latencies) * share), len(self.latencies) - 1)]


async def load(port: int, make: Callable[[int], bytes], count: int, connections: int) -> Slice:
    """Send requests 0 to `count` - 1 over so many connections. Raises RuntimeError for an answer that is none."""
    numbers = iter(range(count))
    latencies: list[float] = []
    first = b""

    async def loop() -> None:
        nonlocal first
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=64 * 1024 * 1024)
        for number in numbers:
            request = make(number)
            sent = time.perf_counter()
            body = await asyncio.wait_for(_answer(reader, writer, request), _PATIENCE)
            latencies.append((time.perf_counter() - sent) * 1000)
            if number == 0:
                first = body
        writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(loop() for _ in range(connections)))
    return Slice(time.perf_counter() - began, sorted(latencies), first)


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> bytes:
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    length = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    body = await (reader.readexactly(int(length[0][15:])) if length else _chunks(reader))
    if head[9:12] != b"200" or b'"errors":[{' in body[-2000:] or body.startswith(b'{"errors"'):
        raise RuntimeError(f"{head[:12]!r}: {body[:600]!r}")
    return body


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while size := int(await reader.readline(), 16):
        body += (await reader.readexactly(size + 2))[:-2]
    await reader.readline()
    return body


def post(path: str, body: bytes, *headers: str) -> bytes:
    """A whole HTTP/1.1 request."""
    lines = [
        f"POST {path} HTTP/1.1", "Host: 127.0.0.1", "Content-Type: application/json",
        f"Content-Length: {len(body)}", *headers,
    ]  # fmt: skip
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


# --- what processes used ---------------------------------------------------------------------------------------------


def tree(pid: int) -> list[int]:
    """A process and all below it."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = task.read_text().split()
        except OSError:
            continue
        for child in children:
            found += tree(int(child))
    return found


def cpu_ms(pid: int | None) -> float:
    """Milliseconds of CPU that a process, its children and the children it reaped have used; 0 for none."""
    if pid is None:
        return 0.0
    total = 0.0
    for one in tree(pid):
        try:
            # The system's clock of another process, to the nanosecond, with the threads that ended.
            total += time.clock_gettime((~one << 3) | 2) * 1000
            if one == pid:
                fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
                total += (int(fields[13]) + int(fields[14])) * 1000 / _TICK
        except OSError:  # it ended meanwhile
            continue
    return total


def forget_peak(pid: int) -> None:
    """From now on the peak memory of a process is counted anew."""
    for one in tree(pid):
        Path(f"/proc/{one}/clear_refs").write_text("5")


def peak_mb(pid: int) -> float:
    """The most memory that a process and those below it have held, MB."""
    return sum(_peak(Path(f"/proc/{one}/status").read_text().splitlines()) for one in tree(pid))


def _peak(lines: Iterable[str]) -> float:
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:")), 0.0)
