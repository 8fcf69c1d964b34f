"""A small open-loop load: requests leave when they are due, whatever became of the earlier ones."""

from __future__ import annotations

import asyncio
import hashlib
import random
import time
from collections.abc import Callable
from dataclasses import dataclass

import aiohttp

TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True)
class Outcome:
    """One request; seconds from when it was due."""

    route: str
    due: float
    seconds: float
    status: int | None
    said: str
    seq: int | None

    @property
    def good(self) -> bool:
        """Answered with success."""
        return self.status is not None and self.status < 300


def record(seq: int) -> dict[str, object]:
    """A record to append."""
    payload = f"payload {seq}"
    return {"seq": seq, "payload": payload, "checksum": hashlib.sha256(payload.encode()).hexdigest()[:16]}


def offer(
    url: str, rate: float, seconds: float, documents: int, at: dict[float, Callable[[], None]] | None = None
) -> list[Outcome]:
    """Offer reads, appends and completions (3 : 1 : 1) at `rate` a second; run the actions of `at` too."""
    return asyncio.run(_offer(url, rate, seconds, documents, at or {}))


async def _offer(
    url: str, rate: float, seconds: float, documents: int, at: dict[float, Callable[[], None]]
) -> list[Outcome]:
    chance = random.Random(1)
    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=1.0)
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
    async with aiohttp.ClientSession(url, connector=connector, timeout=timeout) as session:
        began = time.monotonic()
        actions = [asyncio.create_task(_act(began + due, action)) for due, action in at.items()]
        hits = []
        for n in range(round(rate * seconds)):
            due = began + n / rate
            await asyncio.sleep(due - time.monotonic())
            hits.append(asyncio.create_task(_hit(session, n, due, began, chance.randrange(documents) + 1)))
        outcomes = list(await asyncio.gather(*hits))
        await asyncio.gather(*actions)
        return outcomes


async def _act(due: float, action: Callable[[], None]) -> None:
    await asyncio.sleep(due - time.monotonic())
    await asyncio.to_thread(action)


async def _hit(session: aiohttp.ClientSession, n: int, due: float, began: float, document: int) -> Outcome:
    seq = None
    if n % 5 == 3:
        route, seq = "append", round(began * 1000) * 1000 + n
        asked = session.post("/api/records", json=record(seq))
    elif n % 5 == 4:
        route, asked = "complete", session.post("/api/complete", json={"prompt": f"prompt {began} {n}"})
    else:
        route, asked = "read", session.get(f"/api/documents/{document}")
    status, said = None, ""
    try:
        async with asked as answer:
            said = await answer.text()
            status = answer.status
    except (aiohttp.ClientError, TimeoutError) as error:
        said = repr(error)
    return Outcome(route, due - began, time.monotonic() - due, status, said, seq)


def percentile(outcomes: list[Outcome], share: float) -> float:
    """The latency, in seconds, that this share of the requests did not exceed."""
    ordered = sorted(outcome.seconds for outcome in outcomes)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
