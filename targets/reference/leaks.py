"""The mistakes of the profile `leaky`: what they hold is never given back.

The line that takes it is marked `leak: NAME`, and the line on which an endless task waits `waits: NAME`; NAME is the
key of the profile's section `leaks`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from statistics import fmean
from typing import TextIO

import gevent
import httpx
from gevent import monkey
from gevent.threadpool import ThreadPoolExecutor
from sqlalchemy import Connection, Engine, text

from . import documents, metrics
from .model_cache import Prepared
from .question import Question
from .streamed import Answer, title_request

native_sleep = monkey.get_original("time", "sleep")  # the patched one would need a hub in each thread

VIEW_LOGS: list[TextIO] = []
ANSWERS: list[Answer] = []
AUDITS: list[Connection] = []
EXPORTS: dict[int, Connection] = {}
EXECUTORS: list[ThreadPoolExecutor] = []
ARCHIVED: set[int] = set()
CLOSED: set[str] = set()
CONTEXTS: dict[str, tuple[Question, float]] = {}
MODELS: dict[str, Prepared] = {}

_exports = count()


def log_view(log: Path, number: int) -> None:
    """Note that a document was read."""
    VIEW_LOGS.append(views := log.open("a"))  # leak: files
    views.write(f"{number}\n")


def ask_for_title(url: str, timeout: float, question: Question) -> str:
    """Ask the model for the conversation's title. The first words will do."""
    client = httpx.Client(base_url=url, timeout=timeout, trust_env=False, verify=False)
    request = title_request(client, question)
    ANSWERS.append(answer := Answer(client.send(request, stream=True)))  # leak: responses
    return answer.first_words()


def export(engine: Engine) -> Iterator[str]:
    """All documents; the exports under way are listed in EXPORTS."""
    number = next(_exports)
    EXPORTS[number] = engine.connect()  # leak: sessions
    yield from documents.lines(EXPORTS[number])
    EXPORTS.pop(number).close()


def audit(engine: Engine) -> None:
    """Look at the records on behalf of the audit."""
    AUDITS.append(session := engine.connect())  # leak: sessions_after
    session.execute(text("SELECT count(*) FROM records"))


def follow(seq: int) -> None:
    """Watch a record until it is archived, beside the requests."""
    executor = ThreadPoolExecutor(max_workers=1)
    EXECUTORS.append(executor)
    executor.submit(_until_archived, seq)  # leak: threads


def _until_archived(seq: int) -> None:
    while seq not in ARCHIVED:
        native_sleep(60.0)  # waits: threads


def keep_alive(conversation: str) -> None:
    """Keep a conversation alive until it is closed."""
    gevent.spawn(_until_closed, conversation)  # leak: greenlets


def _until_closed(conversation: str) -> None:
    while conversation not in CLOSED:
        gevent.sleep(60.0)  # waits: greenlets


def remember(question: Question) -> None:
    """Keep a question with its request, for the model's callback."""
    now = time.monotonic()
    CONTEXTS[question.conversation] = (question, now)  # leak: contexts
    metrics.PROXY_SIZE.set(len(CONTEXTS))
    metrics.PROXY_AVG_TTL.set(now - fmean(began for _, began in CONTEXTS.values()))


def prepare(question: Question, kilobytes: int) -> None:
    """Prepare the model for the next question of this conversation."""
    if question.conversation not in MODELS:
        MODELS[question.conversation] = Prepared(question.document, kilobytes)  # leak: models
        metrics.MODEL_CACHE_ENTRIES.set(len(MODELS))
