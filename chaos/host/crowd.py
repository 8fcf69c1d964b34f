"""A crowd of other clients of the same service, and a burst on the API, all at the same instant.

A program for `chaos.host.worker` that waits for `go` once started. Specification: dsn (of PostgreSQL, to sign in), or
kind and at (HOST:PORT), with login (to sign in) or without (to greet it only); clients, hold (seconds), burst
(requests), url, headers, deadline (seconds). Each client connects once, never retries, and holds its connection.
Report: clients, connected, refused (there was no room: SQLSTATE 53300, MySQL's 1040, a refused connection and the
like), refused_with (count by what was said), dropped, failed (never reached the server, or refused for another reason,
such as a wrong password), failed_with, most_at_once, sessions (the server's own numbers of those that signed in, where
it has them), burst (by status).
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import sys
import threading
from collections import Counter
from collections.abc import Coroutine, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import psycopg

from chaos.access import trust
from chaos.host import greetings, stores
from chaos.plugin.handles import Login
from chaos.plugin.kinds import Kind

TOO_MANY_CONNECTIONS = "53300"


@dataclass(slots=True)
class Seen:
    counts: Counter[str] = field(default_factory=Counter)
    refused_with: Counter[str] = field(default_factory=Counter)
    failed_with: Counter[str] = field(default_factory=Counter)
    sessions: list[int] = field(default_factory=list)
    now: int = 0
    most: int = 0

    @contextmanager
    def there(self) -> Iterator[None]:
        self.counts["connected"] += 1
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            yield
        finally:
            self.now -= 1

    def turned_away(self, said: str, *, full: bool) -> None:
        self.counts["refused" if full else "failed"] += 1
        (self.refused_with if full else self.failed_with)[said[:100]] += 1


async def visit(dsn: str, hold: float, leave: asyncio.Event, seen: Seen) -> None:
    """One client: connect, hold until `hold` has passed or all must leave."""
    try:
        connection = await psycopg.AsyncConnection.connect(dsn, autocommit=True, connect_timeout=10)
    except psycopg.OperationalError as error:
        full = is_refusal(error)
        seen.turned_away(TOO_MANY_CONNECTIONS if full else type(error).__name__, full=full)
        return
    async with connection:
        with seen.there():
            try:
                await connection.execute("select 1")
                async with asyncio.timeout(hold):
                    await leave.wait()
            except TimeoutError:
                pass
            except psycopg.Error:
                seen.counts["dropped"] += 1


async def greeted(kind: Kind, at: str, hold: float, leave: asyncio.Event, seen: Seen) -> None:
    """The same for a client that does not sign in."""
    try:
        line, answer = await greetings.opened(kind, at)
    except (OSError, ValueError) as error:
        seen.turned_away(str(error) or type(error).__name__, full=False)
        return
    if line is None:
        seen.turned_away(answer.said, full=answer.full)
        return
    with seen.there():
        dropped = await ends_first(line.wait_for_end(), hold, leave)
        seen.counts["dropped"] += dropped
    await line.leave()


async def signed_in(spec: dict[str, Any], leave: asyncio.Event, seen: Seen, threads: Executor) -> None:
    """The same for a client that signs in to MySQL, MariaDB or Redis."""
    loop, login = asyncio.get_running_loop(), Login(**spec["login"])
    try:
        session = await loop.run_in_executor(threads, stores.sign_in, spec["kind"], spec["at"], login)
    except (stores.NoRoom, stores.Denied, OSError, RuntimeError) as error:  # the last: no further thread
        seen.turned_away(str(error) or type(error).__name__, full=isinstance(error, stores.NoRoom))
        return
    ended = asyncio.Event()
    loop.add_reader(session.fileno(), ended.set)
    with seen.there():
        seen.sessions += [] if session.id is None else [session.id]
        dropped = await ends_first(ended.wait(), spec["hold"], leave)
        seen.counts["dropped"] += dropped
    loop.remove_reader(session.fileno())
    await loop.run_in_executor(threads, session.close)


async def ends_first(end: Coroutine[Any, Any, Any], hold: float, leave: asyncio.Event) -> bool:
    """Wait until `hold` has passed or all must leave; True if `end` came before."""
    leaving, ended = asyncio.create_task(leave.wait()), asyncio.create_task(end)
    done, left = await asyncio.wait({leaving, ended}, timeout=hold, return_when=asyncio.FIRST_COMPLETED)
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
    return ended in done


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


def one(
    spec: dict[str, Any], leave: asyncio.Event, seen: Seen, threads: Executor
) -> Coroutine[Any, Any, None]:
    """One client, of the kind that the specification says."""
    if "dsn" in spec:
        return visit(spec["dsn"], spec["hold"], leave, seen)
    if "login" in spec:
        return signed_in(spec, leave, seen, threads)
    return greeted(spec["kind"], spec["at"], spec["hold"], leave, seen)


async def play(spec: dict[str, Any], leave: asyncio.Event) -> dict[str, Any]:
    """Run all clients at once, until all have left. Returns the report."""
    seen, answered = Seen(), Counter[str]()
    threads = ThreadPoolExecutor(spec["clients"])  # none waits for another's sign-in
    visits = [one(spec, leave, seen, threads) for _ in range(spec["clients"])]
    rush = burst(spec["url"], spec["headers"], spec["burst"], answered)
    try:
        async with asyncio.timeout(spec["deadline"]):
            await asyncio.gather(*visits, rush)
    except TimeoutError:
        seen.counts["cut_by_deadline"] += 1
    return {
        "clients": spec["clients"],
        **seen.counts,
        "refused_with": dict(seen.refused_with),
        "failed_with": dict(seen.failed_with),
        "most_at_once": seen.most,
        "sessions": seen.sessions,
        "burst": dict(answered),
    }


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
