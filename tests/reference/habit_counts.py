"""A process of its own that makes each mistake of the profile `leaky`, and counts what is not given back.

`python -m tests.reference.habit_counts PLACE MODEL_URL`; one JSON object by case on standard output. Its threads never
end, so that it must not be the process of the tests.
"""

from __future__ import annotations

import gc
import json
import os
import sys
from collections.abc import Callable
from itertools import count, pairwise
from pathlib import Path
from typing import Any

import psutil
from gevent import Greenlet
from prometheus_client import REGISTRY
from sqlalchemy import Engine, QueuePool, create_engine, text

from targets.reference.habits import Habits
from targets.reference.question import Question
from targets.reference.settings import Config
from tests.reference.stack import ROLES, profile

ME, NUMBERS = psutil.Process(), count(1)


def config(place: Path, model_url: str, section: str, habit: dict[str, Any]) -> Config:
    """A configuration in which only this habit is on."""
    return Config.model_validate(
        {
            "profile": {**profile("fragile"), section: habit},
            "database": {"host": "nowhere", "port": 1, "dbname": "none", "roles": ROLES},
            "model_url": model_url,
            "listen": {"api": 1, "metrics": 2, "model": 3},
            "logs": str(place),
            "scratch": str(place),
            "documents": 500,
        }
    )


def database(place: Path) -> Engine:
    """What stands in for PostgreSQL: sessions are sessions."""
    engine = create_engine(f"sqlite:///{place}/reference", poolclass=QueuePool, pool_size=1000)
    with engine.begin() as session:
        session.execute(
            text("CREATE TABLE IF NOT EXISTS documents (id integer PRIMARY KEY, title text, body text)")
        )
        session.execute(text("CREATE TABLE IF NOT EXISTS records (seq integer)"))
        rows = [{"id": number} for number in range(1, 501)]
        session.execute(
            text("INSERT INTO documents VALUES (:id, 'a title', 'a body') ON CONFLICT DO NOTHING"), rows
        )
    return engine


def question(number: int) -> Question:
    return Question(f"conversation {number}", number, "what?", {"PATH_INFO": "/api/complete"})


def read(habits: Habits, number: int) -> None:
    habits.read(number)


def written(habits: Habits, number: int) -> None:
    habits.written(number)


def completed(habits: Habits, number: int) -> None:
    habits.completed(question(number))


def export_left(habits: Habits, number: int) -> None:
    """A client takes the first page and goes."""
    del number
    pages = habits.export()
    next(pages)
    pages.close()  # type: ignore[attr-defined]  # a generator, as gunicorn closes it


def export_read(habits: Habits, number: int) -> None:
    """A client takes all of it."""
    del number
    assert len("".join(habits.export()).splitlines()) == 500


def files() -> int:
    return sum(each.path.endswith("/views.log") for each in ME.open_files())


def sockets() -> int:
    gc.collect()
    return sum(each.status == "ESTABLISHED" for each in ME.net_connections("tcp"))


def greenlets() -> int:
    gc.collect()
    return sum(isinstance(each, Greenlet) and not each.dead for each in gc.get_objects())


def gauge(name: str) -> Callable[[], int]:
    return lambda: int(REGISTRY.get_sample_value(name) or 0)


contexts, models = gauge("reference_proxy_size"), gauge("reference_model_cache_entries")


def cases(engine: Engine) -> dict[str, tuple[Callable[[Habits, int], None], Callable[[], int]]]:
    """What a client does and what is counted, by the key in the profile."""
    sessions = engine.pool.checkedout  # type: ignore[attr-defined]  # of a QueuePool
    return {
        "leaks.files": (read, files),
        "leaks.responses": (completed, sockets),
        "leaks.sessions": (export_left, sessions),
        "leaks.sessions_after": (written, sessions),
        "leaks.threads": (written, ME.num_threads),
        "leaks.greenlets": (completed, greenlets),
        "leaks.contexts": (completed, contexts),
        "leaks.models": (completed, models),
        "twins.files": (read, files),
        "twins.clients": (completed, sockets),
        "twins.unclosed": (completed, sockets),
        "twins.threads": (written, ME.num_threads),
        "twins.greenlets": (completed, greenlets),
        "twins.contexts": (completed, contexts),
        "twins.models": (completed, models),
        "twins.fragments": (completed, sys.getallocatedblocks),
    }


def main() -> None:
    place, url = Path(sys.argv[1]), sys.argv[2]
    engine = database(place)
    found: dict[str, list[int]] = {}

    def grown(key: str, habits: Habits, act: Any, counted: Callable[[], int], doses: list[int]) -> None:
        counts = [counted()]
        for dose in doses:
            for _ in range(dose):
                act(habits, next(NUMBERS))
            counts.append(counted())
        found[key] = [after - before for before, after in pairwise(counts)]

    for key, (act, counted) in cases(engine).items():
        section, name = key.split(".")
        full = name in ("contexts", "models")
        doses = [100, 100] if section == "leaks" else [1100 if full else 10, 20]
        habits = Habits(config(place, url, section, {name: {"every": 1}}), engine)
        grown(key, habits, act, counted, doses)
        if section == "leaks":
            slow = Habits(config(place, url, section, {name: {"every": 50}}), engine)
            grown(f"{key} at one in fifty", slow, act, counted, [100, 100])
    leaking = Habits(config(place, url, "leaks", {"sessions": {"every": 1}}), engine)
    _, sessions = cases(engine)["leaks.sessions"]
    grown("leaks.sessions read to the end", leaking, export_read, sessions, [5])
    sound = Habits(config(place, url, "leaks", {}), engine)
    grown("no leak, client gone", sound, export_left, sessions, [5])
    print(json.dumps(found), flush=True)
    os._exit(0)  # threads that never end


if __name__ == "__main__":
    main()
