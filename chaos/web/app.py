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


class Pages:
    """A handler per page."""

    def __init__(self, memory: Memory, timetable: Timetable, acting: Acting | None) -> None:
        self._memory, self._timetable, self._acting = memory, timetable, acting

    @property
    def routes(self) -> list[Route]:
        return [
            Route("/", self.front),
            Route("/runs", self.runs),
            Route("/runs/{run}", self.run),
            Route("/runs/{run}/report", self.report),
            Route("/trend", self.trends),
            Route("/trend/{experiment:path}", self.trend),
            Route("/live/{run}", self.live),
            Route("/live/{run}/events", self.events),
            Route("/schedules", self.schedules),
        ]

    def front(self, request: Request) -> Response:
        return front(self._memory, self._timetable, self._visitor(request))

    def runs(self, request: Request) -> Response:
        return stored.listed(self._memory, request)

    def run(self, request: Request) -> Response:
        return stored.one(self._memory, request.path_params["run"])

    def report(self, request: Request) -> Response:
        return stored.report(self._memory, request.path_params["run"])

    def trends(self, request: Request) -> Response:
        del request
        return stored.experiments(self._memory)

    def trend(self, request: Request) -> Response:
        given = request.query_params
        experiment = request.path_params["experiment"]
        return stored.trend(
            self._memory, experiment, given.get("target") or None, given.get("profile") or None
        )

    def live(self, request: Request) -> Response:
        return live.shown(self._memory, request.path_params["run"], self._visitor(request))

    async def events(self, request: Request) -> Response:
        after = request.headers.get("last-event-id") or request.query_params.get("after", "")
        return await live.stream(self._memory, request.path_params["run"], after)

    def schedules(self, request: Request) -> Response:
        name = request.query_params.get("name") or None
        told = self._timetable.told(datetime.now(UTC), name, HISTORY)
        file, visitor = self._timetable.path, self._visitor(request)
        return page("schedules.html", title="schedules", told=told, file=file, name=name, visitor=visitor)

    def _visitor(self, request: Request) -> Visitor:
        return self._acting.visitor(request) if self._acting is not None else READER


def application(
    memory: Memory, timetable: Timetable, hosts: Iterable[str] = (), acting: Acting | None = None
) -> ASGIApp:
    """Build the application; `hosts` may be asked for besides the loopback names. Read-only without `acting`."""
    routes = [
        *Pages(memory, timetable, acting).routes,
        Mount("/static", StaticFiles(directory=STATIC)),
        *(acting.routes if acting is not None else ()),
    ]
    handlers = {
        HTTPException: _refused,
        MidnightError: _unusable,
        SQLAlchemyError: _unreadable,
        Exception: _failed,
    }
    pages = Starlette(routes=routes, exception_handlers=handlers)  # type: ignore[arg-type]  # each handles one kind
    return Guard(pages, hosts, acting=acting is not None)


def _refused(request: Request, error: HTTPException) -> Response:
    del request
    return problem(error.status_code, "no such page" if error.status_code == 404 else str(error.detail))


def _unusable(request: Request, error: MidnightError) -> Response:
    del request
    return problem(503, " ".join(error.lines))


def _unreadable(request: Request, error: SQLAlchemyError) -> Response:
    log.debug("%s", request.url.path, exc_info=error)
    return problem(503, f"the index of runs cannot be read ({type(error).__name__}); reload the page")


def _failed(request: Request, error: Exception) -> Response:
    log.error("%s", request.url.path, exc_info=error)
    return problem(500, "this is a bug in midnight; `midnight web` printed where")
