"""Plain httpx, as its documentation shows it, in an open loop. See bench/peers/script.py."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from array import array
from contextlib import suppress
from pathlib import Path

import httpx

LEAD = 0.3  # seconds
NOBODY = "http://127.0.0.1:1"  # where nobody listens


async def attack(url: str, rate: float, length: float) -> array[float]:
    rows = array("d")

    async def send(due: float) -> None:
        sent = time.monotonic()
        try:
            good = (await client.get(url)).is_success
        except httpx.HTTPError:
            good = False
        rows.extend((due, sent, time.monotonic(), good))

    unlimited = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    async with httpx.AsyncClient(limits=unlimited, timeout=10) as client, asyncio.TaskGroup() as group:
        with suppress(httpx.ConnectError):  # what the first request imports, the attack is not judged by
            await client.get(NOBODY)
        zero = time.monotonic() + LEAD
        for n in range(int(rate * length)):
            due = zero + n / rate
            if (ahead := due - time.monotonic()) > 0:
                await asyncio.sleep(ahead)
            group.create_task(send(due))
    return rows


if __name__ == "__main__":
    order = json.loads(sys.argv[1])
    print("ready", flush=True)
    with Path(order["out"]).open("wb") as file:
        asyncio.run(attack(order["url"], order["rate"], order["length"])).tofile(file)
