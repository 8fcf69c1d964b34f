"""What the profile adds to the routes: mistakes, their innocent twins, and the model cache."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

from sqlalchemy import Engine

from . import documents, leaks, twins
from .model_cache import ModelCache
from .question import Question
from .settings import Config, LeakSettings, Rate, TwinSettings

Habit = Callable[[Any], object]
"""Its argument is what the route has worked on."""


class Habits:
    """Called by the routes once their work is done; a route without habits costs an empty loop."""

    def __init__(self, config: Config, engine: Engine) -> None:
        wrong, right = config.profile.leaks, config.profile.twins
        self._engine = engine
        self._export = _due(wrong.sessions)
        self._read: list[Habit] = _of_read(config, wrong, right)
        self._written: list[Habit] = _of_write(engine, wrong, right)
        self._completed: list[Habit] = [
            *_outbound(config, wrong, right),
            *_kept(wrong, right),
            *_prepared_ahead(config),
        ]

    def read(self, number: int) -> None:
        """A document was read."""
        for habit in self._read:
            habit(number)

    def written(self, seq: int) -> None:
        """A record was written."""
        for habit in self._written:
            habit(seq)

    def completed(self, question: Question) -> None:
        """A question was answered."""
        for habit in self._completed:
            habit(question)

    def export(self) -> Iterator[str]:
        """All documents as lines of JSON; a session is held from the first to the last."""
        return leaks.export(self._engine) if self._export() else _exported(self._engine)


def _of_read(config: Config, wrong: LeakSettings, right: TwinSettings) -> list[Habit]:
    log = config.scratch / "views.log"
    return [
        *_at(wrong.files, lambda number: leaks.log_view(log, number)),
        *_at(right.files, twins.ViewLogs(log).note),
    ]


def _of_write(engine: Engine, wrong: LeakSettings, right: TwinSettings) -> list[Habit]:
    return [
        *_at(wrong.sessions_after, lambda _: leaks.audit(engine)),
        *_at(wrong.threads, leaks.follow),
        *_at(right.threads, twins.Followers().follow),
    ]


def _outbound(config: Config, wrong: LeakSettings, right: TwinSettings) -> list[Habit]:
    url, timeout = config.model_url, config.profile.api.outbound_timeout
    return [
        *_at(wrong.responses, lambda question: leaks.ask_for_title(url, timeout, question)),
        *_at(right.clients, twins.Titles(url, timeout).ask),
        *_at(right.unclosed, lambda question: twins.ask_unclosed(url, timeout, question)),
    ]


def _kept(wrong: LeakSettings, right: TwinSettings) -> list[Habit]:
    beats = twins.Heartbeats()
    found = [
        *_at(wrong.greenlets, lambda question: leaks.keep_alive(question.conversation)),
        *_at(right.greenlets, lambda question: beats.beat(question.conversation)),
        *_at(wrong.contexts, leaks.remember),
        *_at(right.contexts, twins.Contexts().remember),
    ]
    if (models := wrong.models) is not None:
        size = models.kilobytes
        found += _at(models, lambda question: leaks.prepare(question, size))
    if right.models is not None:
        found += _at(right.models, twins.Models(right.models.kilobytes).prepare)
    samples = twins.Samples()
    return [*found, *_at(right.fragments, lambda _: samples.take())]


def _prepared_ahead(config: Config) -> list[Habit]:
    bounds = config.profile.api.model_cache
    if bounds is None:
        return []
    cache = ModelCache(bounds.ttl, bounds.entries)
    return [lambda question: cache.prepared(question.document)]


def _exported(engine: Engine) -> Iterator[str]:
    with engine.connect() as session:
        yield from documents.lines(session)


def _at(rate: Rate | None, habit: Habit) -> list[Habit]:
    """The habit, at one in `rate.every` calls; nothing without a rate."""
    if rate is None:
        return []
    due = _due(rate)

    def now_and_then(subject: Any) -> None:
        if due():
            habit(subject)

    return [now_and_then]


def _due(rate: Rate | None) -> Callable[[], bool]:
    """Whether this call is one of every n-th."""
    if rate is None:
        return lambda: False
    calls, every = count(1), rate.every
    return lambda: next(calls) % every == 0
