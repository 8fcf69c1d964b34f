"""Starting, stopping and pausing from the pages, with `--allow-run`: a form of our own, sent by a holder of a token."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from chaos.errors import MidnightError, NotRecorded, UsageError
from chaos.run.stopping import ask_to_end, played_by
from chaos.schedule.launch import MIDNIGHT, Process
from chaos.undo.heal import in_progress
from chaos.web import acts
from chaos.web.choices import offered
from chaos.web.rendering import page, problem, segment
from chaos.web.timetable import Timetable
from chaos.web.tokens import LONGEST_NAME, Tokens, is_name

MOST_BODY = 8192  # bytes of a form
BEGINS_WITHIN = 60.0  # seconds for a started run to show itself, or to be refused
KNOWN_WITHIN = 10.0  # seconds for a run that is just starting to record its process
LOOK = 0.1  # seconds between two looks: a process says nowhere that its run has begun
SHOWN = 200  # acts on the page

Form = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who reads a page. `acting`: acts are allowed at all; `may`: this visitor may act, as `name` if it is fixed."""

    acting: bool = False
    may: bool = False
    name: str = ""
    named: bool = False


READER = Visitor()


class Acting:
    """The routes of acts, and what each visitor may do."""

    def __init__(self, tokens: Tokens, timetable: Timetable, command: tuple[str, ...] = MIDNIGHT) -> None:
        self._tokens, self._timetable, self._command = tokens, timetable, command

    @property
    def routes(self) -> list[Route]:
        posts: Mapping[str, Callable[[str, Form], Awaitable[Response]]] = {
            "/act/start": self._start,
            "/act/stop": self._stop,
            "/act/pause": self._pause,
            "/act/resume": self._resume,
        }
        entries = [Route("/enter", self._enter), Route("/act", self._page)]
        entries.append(Route("/act/enter", self._entered, methods=["POST"]))
        return entries + [Route(path, self._of(act), methods=["POST"]) for path, act in posts.items()]

    def visitor(self, request: Request) -> Visitor:
        """Return who reads, by the cookie."""
        holder = self._tokens.holder(request.cookies.get(_cookie(request), ""))
        if holder is None:
            return Visitor(acting=True)
        name = holder or request.cookies.get(f"{_cookie(request)}-name", "")
        return Visitor(acting=True, may=True, name=name if is_name(name) else "", named=self._tokens.named)

    def _enter(self, request: Request) -> Response:
        """Take the token of the printed address into a cookie, and out of the address."""
        given = request.query_params.get("token", "")
        return self._admitted(request, given) if given else page("enter.html", title="token")

    async def _entered(self, request: Request) -> Response:
        refuse_other_sites(request)
        return self._admitted(request, (await form_of(request)).get("token", ""))

    def _admitted(self, request: Request, given: str) -> Response:
        if self._tokens.holder(given) is None:
            return page("enter.html", 403, title="token", said="This is not the token of this server.")
        answer = RedirectResponse("/act", 303)
        answer.set_cookie(_cookie(request), given, path="/", httponly=True, samesite="strict")
        return answer

    def _page(self, request: Request) -> Response:
        visitor = self.visitor(request)
        choices = offered() if visitor.may else None
        done, said = _recorded()
        return page("act.html", title="act", visitor=visitor, choices=choices, acts=done, said=said)

    def _of(
        self, act: Callable[[str, Form], Awaitable[Response]]
    ) -> Callable[[Request], Awaitable[Response]]:
        """Wrap an act in what every one is held to: our own page, a token, a name."""

        async def posted(request: Request) -> Response:
            refuse_other_sites(request)
            visitor = self.visitor(request)
            if not visitor.may:
                raise HTTPException(
                    403, "only a holder of the token may act; open the address that was printed"
                )
            form = await form_of(request)
            who = visitor.name if visitor.named else form.get("by", "").strip()
            if not is_name(who):
                raise HTTPException(400, f"give your name, at most {LONGEST_NAME} characters: it is recorded")
            try:
                answer = await act(who, form)
            except NotRecorded:
                raise
            except MidnightError as error:
                return await run_in_threadpool(problem, 409, " ".join(error.lines))
            if not visitor.named:
                answer.set_cookie(f"{_cookie(request)}-name", who, path="/", httponly=True, samesite="strict")
            return answer

        return posted

    async def _start(self, who: str, form: Form) -> Response:
        choices = await run_in_threadpool(offered)
        chosen = choices.chosen(form.get("experiment", ""), form.get("aim", ""), form.get("seed", ""))
        await run_in_threadpool(acts.add, who, str(chosen))
        run, refused = await self._begun(chosen.words)
        outcome = "begun" if run else refused or "still starting"
        await run_in_threadpool(acts.add, who, str(chosen), outcome, run)
        if refused:
            return await run_in_threadpool(problem, 409, refused)
        return RedirectResponse(f"/live/{segment(run)}" if run else "/act", 303)

    async def _begun(self, words: list[str]) -> tuple[str, str]:
        """Start `midnight` with these arguments, in a process that outlives this one. Return its run as soon as that
        has begun, or why it was refused; neither if nothing shows within `BEGINS_WITHIN`."""
        try:
            process = await run_in_threadpool(Process, [*self._command, *words], lambda: None)
        except OSError as error:
            return "", f"could not be started: {error.strerror or error}"
        end = time.monotonic() + BEGINS_WITHIN
        while time.monotonic() < end:
            ended = process.ended()
            if ended is not None:
                return ended.run or "", "" if ended.run else ended.headline
            begun = await run_in_threadpool(played_by, process.pid)
            if begun is not None:
                return begun.id, ""
            await asyncio.sleep(LOOK)
        return "", ""

    async def _stop(self, who: str, form: Form) -> Response:
        name = form.get("run", "")
        run = next((each for each in await run_in_threadpool(in_progress) if each.id == name), None)
        if run is None:
            raise UsageError(f"no run {name[:60]!r} is in progress on this machine")
        await run_in_threadpool(acts.add, who, f"stop {run.id}", run=run.id)
        end = time.monotonic() + KNOWN_WITHIN
        while not (asked := await run_in_threadpool(ask_to_end, run)) and time.monotonic() < end:
            await asyncio.sleep(LOOK)  # it is just starting
        outcome = "signalled: it undoes everything and ends" if asked else "no process plays it"
        await run_in_threadpool(acts.add, who, f"stop {run.id}", outcome, run.id)
        return RedirectResponse(f"/live/{segment(run.id)}", 303)

    async def _pause(self, who: str, form: Form) -> Response:
        because = " ".join(form.get("because", "").split())[:200]
        said = f"{because} ({who}, on the page)" if because else f"by {who}, on the page"
        return await self._switched(who, form, "pause", lambda name: self._timetable.pause(name, said))

    async def _resume(self, who: str, form: Form) -> Response:
        return await self._switched(who, form, "resume", self._timetable.resume)

    async def _switched(self, who: str, form: Form, what: str, do: Callable[[str], None]) -> Response:
        name = form.get("schedule", "")
        await run_in_threadpool(self._timetable.refuse_unknown, name)
        await run_in_threadpool(acts.add, who, f"{what} {name}")
        await run_in_threadpool(do, name)
        await run_in_threadpool(acts.add, who, f"{what} {name}", "done")
        return RedirectResponse("/schedules", 303)


def _cookie(request: Request) -> str:
    """Browsers send a host's cookies to all of its ports: two servers on one machine must not share a name."""
    return f"midnight-{request.url.port or 80}"


def refuse_other_sites(request: Request) -> None:
    """Refuse what no page of ours has sent; the guard has made sure that the host is ours. Raises HTTPException."""
    own = f"{request.url.scheme}://{request.headers.get('host', '')}"
    fetched = request.headers.get("sec-fetch-site", "same-origin")
    if request.headers.get("origin") != own or fetched != "same-origin":
        raise HTTPException(403, "this was sent by a page of another site, or by none: nothing was done")


async def form_of(request: Request) -> Form:
    """Read a form's fields. Raises HTTPException for anything else, and for a large one."""
    if (
        request.headers.get("content-type", "").partition(";")[0].strip()
        != "application/x-www-form-urlencoded"
    ):
        raise HTTPException(415, "must be a form")
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BODY:
            raise HTTPException(413, f"must be a form of at most {MOST_BODY} bytes")
    try:
        fields = parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=20, errors="strict")
    except ValueError:
        raise HTTPException(400, "must be a form") from None
    if len({name for name, _ in fields}) != len(fields):
        raise HTTPException(400, "a field is given twice")
    return dict(fields)


def _recorded() -> tuple[list[acts.Act], str]:
    """Return the newest acts, and why they cannot be read."""
    try:
        return acts.newest(SHOWN), ""
    except (OSError, ValueError) as error:
        return [], f"{acts.place()}: cannot be read: {error}"
