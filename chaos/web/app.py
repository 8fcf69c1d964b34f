"""The routes of the morning page. Handlers are plain functions: Starlette gives each a thread."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from chaos.errors import MidnightError
from chaos.web import live, stored
from chaos.web.acting import READER, Acting, Visitor
from chaos.web.front import front
from chaos.web.guard import Guard
from chaos.web.memory import Memory
from chaos.web.rendering import page, problem
from chaos.web.timetable import Timetable

log = logging.getLogger(__name__)

STATIC = Path(__file__).parent / "static"
HISTORY = 200  # due times on the page of schedules


def application(
    memory: Memory, timetable: Timetable, hosts: Iterable[str] = (), acting: Acting | None = None
) -> ASGIApp:
    """Build the application; `hosts` may be asked for besides the loopback names. Read-only without `acting`."""

    def _visitor(request: Request) -> Visitor:
        return acting.visitor(request) if acting is not None else READER

    def _front(request: Request) -> Response:
        return front(memory, timetable, _visitor(request))

    def _runs(request: Request) -> Response:
        return stored.listed(memory, request)

    def _run(request: Request) -> Response:
        return stored.one(memory, request.path_params["run"])

    def _report(request: Request) -> Response:
        return stored.report(memory, request.path_params["run"])

    def _trends(request: Request) -> Response:  # noqa: ARG001
        return stored.experiments(memory)

    def _trend(request: Request) -> Response:
        given = request.query_params
        experiment = request.path_params["experiment"]
        return stored.trend(memory, experiment, given.get("target") or None, given.get("profile") or None)

    def _live(request: Request) -> Response:
        return live.shown(memory, request.path_params["run"], _visitor(request))

    async def _events(request: Request) -> Response:
        after = request.headers.get("last-event-id") or request.query_params.get("after", "")
        return await live.stream(memory, request.path_params["run"], after)

    def _schedules(request: Request) -> Response:
        name = request.query_params.get("name") or None
        told = timetable.told(datetime.now(UTC), name, HISTORY)
        visitor = _visitor(request)
        return page(
            "schedules.html", title="schedules", told=told, file=timetable.path, name=name, visitor=visitor
        )

    routes = [
        Route("/", _front),
        Route("/runs", _runs),
        Route("/runs/{run}", _run),
        Route("/runs/{run}/report", _report),
        Route("/trend", _trends),
        Route("/trend/{experiment:path}", _trend),
        Route("/live/{run}", _live),
        Route("/live/{run}/events", _events),
        Route("/schedules", _schedules),
        Mount("/static", StaticFiles(directory=STATIC)),
        *(acting.routes if acting is not None else ()),
    ]
    handlers = {
        HTTPException: _refused,
        MidnightError: _unusable,
        SQLAlchemyError: _unreadable,
        Exception: _failed,
    }
    pages = Starlette(routes=routes, exception_handlers=handlers)  # type: ignore[arg-type]
    return Guard(pages, hosts, acting=acting is not None)


def _refused(request: Request, error: HTTPException) -> Response:  # noqa: ARG001
    return problem(error.status_code, "no such page" if error.status_code == 404 else str(error.detail))


def _unusable(request: Request, error: MidnightError) -> Response:  # noqa: ARG001
    return problem(503, " ".join(error.lines))


def _unreadable(request: Request, error: SQLAlchemyError) -> Response:
    log.debug("%s", request.url.path, exc_info=error)
    return problem(503, f"the index of runs cannot be read ({type(error).__name__}); reload the page")


def _failed(request: Request, error: Exception) -> Response:
    log.error("%s", request.url.path, exc_info=error)
    return problem(500, "this is a bug in midnight; `midnight web` printed where")
