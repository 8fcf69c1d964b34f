"""locust's FastHttpUser in an open loop: its users share one schedule. See bench/peers/script.py.

It runs under a Python of its own, where locust is installed, and so imports nothing of ours.
"""

from __future__ import annotations

import itertools
import json
import sys
import time
from array import array
from pathlib import Path

import gevent
from gevent.event import Event
from locust import FastHttpUser, task
from locust.env import Environment

LEAD = 0.3  # seconds
ORDER = json.loads(sys.argv[1])
COUNT = int(ORDER["rate"] * ORDER["length"])

numbers = itertools.count()
rows = array("d")
begun, ended = Event(), Event()
zero = 0.0


class Sender(FastHttpUser):  # type: ignore[misc]  # locust is not in this environment
    """Takes the next arrival that nobody has taken, waits until it is due, and sends it."""

    host = ORDER["url"].rstrip("/")
    network_timeout = 10.0

    @task  # type: ignore[untyped-decorator]
    def send(self) -> None:
        begun.wait()
        number = next(numbers)
        if number >= COUNT:
            gevent.sleep(60)
            return
        due = zero + number / ORDER["rate"]
        if (ahead := due - time.monotonic()) > 0:
            gevent.sleep(ahead)
        sent = time.monotonic()
        answer = self.client.get("/")
        rows.extend((due, sent, time.monotonic(), answer.status_code == 200))
        if len(rows) == 4 * COUNT:
            ended.set()


def main() -> None:
    global zero  # noqa: PLW0603  locust makes the users itself: they find the schedule here
    environment = Environment(user_classes=[Sender])
    runner = environment.create_local_runner()
    runner.start(ORDER["users"], spawn_rate=ORDER["users"])
    while runner.user_count < ORDER["users"]:
        gevent.sleep(0.05)
    print("ready", flush=True)
    zero = time.monotonic() + LEAD
    begun.set()
    ended.wait()
    with Path(ORDER["out"]).open("wb") as file:
        rows.tofile(file)
    runner.quit()


if __name__ == "__main__":
    main()
