"""What looks like a mistake of leaks.py and is none: each fills up to a bound and stays there."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import fmean
from typing import Any, Generic, TextIO, TypeVar

import gevent
import httpx
from gevent.queue import Queue
from prometheus_client import Gauge

from . import metrics
from .model_cache import Prepared
from .question import Question
from .queued_file import NativeQueue, start_native_thread
from .streamed import title_request

T = TypeVar("T")

POOL_SIZE = 10
KEPT = 1000
ROW_BYTES, ROWS = 400, 75_000


class Pool(Generic[T]):
    """Ten of a kind, made one by one as they are first needed, then used in turn."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._made: deque[T] = deque()

    def take(self) -> T:
        """The one that was used least recently."""
        if len(self._made) < POOL_SIZE:
            self._made.append(self._make())
            return self._made[-1]
        self._made.rotate(-1)
        return self._made[-1]


class Lru(Generic[T]):
    """The 1,000 entries used last; `gauge` counts them."""

    def __init__(self, gauge: Gauge) -> None:
        self._kept: OrderedDict[str, T] = OrderedDict()
        self._gauge = gauge

    def __iter__(self) -> Iterator[T]:
        return iter(self._kept.values())

    def put(self, key: str, value: T) -> None:
        """Keep it, in place of the one used longest ago."""
        self._kept[key] = value
        self._kept.move_to_end(key)
        if len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        self._gauge.set(len(self._kept))


class ViewLogs:
    """Notes which documents are read, through ten handles."""

    def __init__(self, log: Path) -> None:
        self._handles: Pool[TextIO] = Pool(lambda: log.open("a"))

    def note(self, number: int) -> None:
        """Note that a document was read."""
        self._handles.take().write(f"{number}\n")


class Titles:
    """Asks the model for titles, through ten clients of one connection each."""

    def __init__(self, url: str, timeout: float) -> None:
        self._url, self._timeout = url, timeout
        self._clients = Pool(self._client)

    def _client(self) -> httpx.Client:
        limits = httpx.Limits(max_connections=1)
        return httpx.Client(
            base_url=self._url, timeout=self._timeout, limits=limits, trust_env=False, verify=False
        )

    def ask(self, question: Question) -> str:
        """The conversation's title. Raises httpx.HTTPError."""
        client = self._clients.take()
        return str(client.send(title_request(client, question)).json()["text"])


def ask_unclosed(url: str, timeout: float, question: Question) -> str:
    """Ask by a client that is neither closed nor kept: its connection is closed when it is collected."""
    client = httpx.Client(base_url=url, timeout=timeout, trust_env=False, verify=False)
    return str(client.send(title_request(client, question)).json()["text"])


class Followers:
    """Ten native threads that take records from a queue."""

    def __init__(self) -> None:
        self._queue: Any = NativeQueue()
        self._threads = Pool(lambda: start_native_thread(_consume, (self._queue,)))

    def follow(self, seq: int) -> None:
        """Hand a record to them."""
        self._threads.take()
        self._queue.put(seq)


class Heartbeats:
    """Ten greenlets that take conversations from a queue."""

    def __init__(self) -> None:
        self._queue: Any = Queue()
        self._greenlets = Pool(lambda: gevent.spawn(_consume, self._queue))

    def beat(self, conversation: str) -> None:
        """Hand a conversation to them."""
        self._greenlets.take()
        self._queue.put(conversation)


class Contexts:
    """The latest 1,000 questions with their requests."""

    def __init__(self) -> None:
        self._kept: Lru[tuple[Question, float]] = Lru(metrics.PROXY_SIZE)

    def remember(self, question: Question) -> None:
        """Keep a question with its request."""
        now = time.monotonic()
        self._kept.put(question.conversation, (question, now))
        metrics.PROXY_AVG_TTL.set(now - fmean(began for _, began in self._kept))


class Models:
    """The 1,000 models used last."""

    def __init__(self, kilobytes: int) -> None:
        self._kept: Lru[Prepared] = Lru(metrics.MODEL_CACHE_ENTRIES)
        self._kilobytes = kilobytes

    def prepare(self, question: Question) -> None:
        """Prepare the model for the next question of this conversation."""
        self._kept.put(question.conversation, Prepared(question.document, self._kilobytes))


class Samples:
    """Reads 30 MB of rows and keeps one in a hundred, of the last ten readings: the rest is free, in pieces."""

    def __init__(self) -> None:
        self._kept: deque[list[bytes]] = deque(maxlen=POOL_SIZE)

    def take(self) -> None:
        """Read once."""
        self._kept.append([b"\x01" * ROW_BYTES for _ in range(ROWS)][::100])


def _consume(queue: Any) -> None:
    while True:
        queue.get()
