"""A crowd of other clients of the same database, and a burst on the API, all at the same instant.

A program for `chaos.host.worker` that waits for `go` once started. Specification: dsn, clients, hold (seconds), burst
(requests), url, headers, deadline (seconds). Each client connects once, never retries, and holds its connection.
Report: clients, connected, refused (for lack of a slot, SQLSTATE 53300), dropped, failed (never reached the server,
or for another reason), burst (by status).
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import sys
import threading
from collections import Counter
from typing import Any

import httpx
import psycopg

from chaos.access import trust

TOO_MANY_CONNECTIONS = "53300"


async def visit(dsn: str, hold: float, leave: asyncio.Event, seen: Counter[str]) -> None:
    """One client: connect, hold until `hold` has passed or all must leave."""
    try:
        connection = await psycopg.AsyncConnection.connect(dsn, autocommit=True, connect_timeout=10)
    except psycopg.OperationalError as error:
        seen["refused" if is_refusal(error) else "failed"] += 1
        return
    async with connection:
        seen["connected"] += 1
        try:
            await connection.execute("select 1")
            async with asyncio.timeout(hold):
                await leave.wait()
        except TimeoutError:
            pass
        except psycopg.Error:
            seen["dropped"] += 1


def is_refusal(error: psycopg.OperationalError) -> bool:
    """True if the server refused for lack of connection slots. While connecting, libpq does not pass on the SQLSTATE,
    so match the server's messages for that code instead.
    """
    if error.sqlstate is not None:
        return error.sqlstate == TOO_MANY_CONNECTIONS
    texts = (
        "too many clients already",
        "remaining connection slots are reserved",
        "too many connections for",
    )
    return any(text in str(error) for text in texts)


async def burst(url: str, headers: dict[str, str], requests: int, seen: Counter[str]) -> None:
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
    async with httpx.AsyncClient(
        headers=headers, timeout=10, limits=limits, trust_env=False, verify=trust.trust(url)
    ) as client:

        async def one() -> None:
            try:
                seen[str((await client.get(url)).status_code)] += 1
            except httpx.HTTPError as error:
                seen[type(error).__name__] += 1

        await asyncio.gather(*(one() for _ in range(requests)))


async def play(spec: dict[str, Any], leave: asyncio.Event) -> dict[str, Any]:
    """Run all clients at once, until all have left. Returns the report."""
    seen, answered = Counter[str](), Counter[str]()
    visits = [visit(spec["dsn"], spec["hold"], leave, seen) for _ in range(spec["clients"])]
    rush = burst(spec["url"], spec["headers"], spec["burst"], answered)
    try:
        async with asyncio.timeout(spec["deadline"]):
            await asyncio.gather(*visits, rush)
    except TimeoutError:
        seen["cut_by_deadline"] += 1
    return {"clients": spec["clients"], **seen, "burst": dict(answered)}


async def main() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    spec: dict[str, Any] = json.loads(sys.stdin.readline())
    leave, loop = asyncio.Event(), asyncio.get_running_loop()

    def wait_for_end() -> None:
        sys.stdin.read()
        loop.call_soon_threadsafe(leave.set)

    print(json.dumps({"started": spec["clients"]}), flush=True)
    if not sys.stdin.readline():
        return  # the parent is gone and cannot say when
    threading.Thread(target=wait_for_end, daemon=True).start()
    print(json.dumps(await play(spec, leave)), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
    os._exit(0)  # a thread still waits on standard input
