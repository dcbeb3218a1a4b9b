"""A PostgreSQL of the bench's own, kept in bench/var between runs, with the settings of a small server.

Unlike the throwaway clusters of the tests it keeps what it says: fsync and synchronous_commit are on.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import URL

from tests.databases import free_port, make_cluster, postgres_binaries

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "100",
    "shared_buffers": "2GB",
    "effective_cache_size": "6GB",
    "work_mem": "64MB",
    "maintenance_work_mem": "512MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "30min",
    "random_page_cost": "1.1",
    # What an interactive role gets on a busy machine: workers add no throughput, and the compiler of expressions
    # costs more than it saves (study/performance 7).
    "max_parallel_workers_per_gather": "0",
    "jit": "off",
    # For everybody who is measured: a generic plan reads every row of the scope's index for each parent.
    "plan_cache_mode": "force_custom_plan",
    "track_activities": "off",
}
"""Settings of the bench's PostgreSQL, the same for whoever asks it."""


@contextlib.contextmanager
def cluster(folder: Path) -> Iterator[URL]:
    """A running server over `folder`, made there at first; the URL of its superuser. Ends without losing anything."""
    binaries = postgres_binaries()
    if binaries is None:
        raise SystemExit("这里没有 PostgreSQL: 请安装, 或用 --postgres 指定一个空数据库的地址")
    # PostgreSQL refuses to run as root.
    account: dict[str, Any] = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.getuid() == 0 else {}
    url = URL.create("postgresql", "fengqiao", "fengqiao-bench", "127.0.0.1", free_port(), "postgres")
    if not (folder / "data" / "PG_VERSION").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700)
        if account:
            shutil.chown(folder, "postgres", "postgres")
        make_cluster(binaries, folder, url, account)
    with _running(binaries, folder, url, account):
        yield url


@contextlib.contextmanager
def _running(binaries: Path, folder: Path, url: URL, account: dict[str, Any]) -> Iterator[None]:
    own = {**SETTINGS, "port": str(url.port), "unix_socket_directories": str(folder)}
    options = [f"--{name}={value}" for name, value in own.items()]
    with (folder / "log").open("w") as log:
        command = [str(binaries / "postgres"), "-D", str(folder / "data"), *options]
        process = subprocess.Popen(command, cwd=folder, stderr=log, **account)
    try:
        deadline = time.monotonic() + 120
        ready = [str(binaries / "pg_isready"), "--quiet", "--host=127.0.0.1", f"--port={url.port}"]
        while subprocess.run(ready).returncode:
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"PostgreSQL 没有启动: {(folder / 'log').read_text()[-1000:]}")
            time.sleep(0.05)
        yield
    finally:
        process.send_signal(signal.SIGINT)  # ends sessions, then writes everything out
        process.wait(300)
