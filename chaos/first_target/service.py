"""What a service says when it is asked: whether it answers, its readiness, its routes."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

from chaos.errors import MidnightError
from chaos.first_target import ledgers, login
from chaos.first_target.asking import Answer, Asking
from chaos.first_target.draft import Draft, Item
from chaos.first_target.shown_gauges import PAGES, gauges
from chaos.imports import importing, names, writing
from chaos.imports.imported import ImportedRoute, literal, one_line

READY = ("/healthz", "/readyz", "/health", "/ready", "/livez", "/status")
DOCUMENTS = ("/openapi.json", "/swagger.json", "/v3/api-docs")
_NOT_THERE = "/midnight-looks-for-nothing-here"
_GOROUTINES = "/debug/pprof/goroutine"
_MOST_ROUTES = 20  # that are tried
_UNASKED = (
    "logout",
    "signout",
    "delete",
    "remove",
    "reset",
    "purge",
    "cancel",
    "shutdown",
    "stop",
    "trigger",
)
_WRITES = "it writes: add a `ledger`, then uncomment it (docs/own-service.md#ledger)"
_GUESSED = (
    "it writes, and no write is measured until a route has a `ledger`; this one is a guess: correct it, then uncomment"
    " it (docs/own-service.md#ledger)"
)


def describe(draft: Draft, asking: Asking, path: str) -> bool:
    """Add what the service shows. Returns whether it answers at all."""
    draft.option(
        "base_url", Item("Where the service listens.", (f"base_url: {writing.value(asking.base_url)}",))
    )
    first = asking.get(path)
    if first is None:
        draft.seen.append(f"{asking.base_url} gave no complete answer: its routes and gauges are not known")
        draft.add(
            "routes",
            Item("Not seen: the service gave no complete answer.", (f"read: {{path: {_path(path)}}}",)),
            ledgers.undocumented(path, None),
        )
        return False
    server = f", server: {one_line(first.server, 60)}" if first.server else ""
    draft.seen.append(f"{asking.base_url}{path} answered {first.status}{server}")
    draft.add("ready", _ready(asking))
    form = login.describe(draft, asking, path, first)
    draft.add("routes", *_routes(asking, path, first, form))
    draft.add("gauges", *gauges(asking))
    draft.add("pprof", *_pprof(asking))
    return True


def _pprof(asking: Asking) -> Iterator[Item]:
    """Go's profiler, if the service serves it beside its own pages."""
    answer = asking.get(_GOROUTINES, {"debug": "1"})
    if answer is not None and answer.good and answer.text.startswith("goroutine profile: total "):
        why = f"GET {_GOROUTINES} answered: goroutines that leak are counted, and named by line."
        yield Item(why, ('pprof: "{base_url}"',))


def _ready(asking: Asking) -> Item:
    nothing = asking.get(_NOT_THERE)
    if nothing is not None and nothing.good:
        return Item(
            "The service answers 2xx to any path: name one that does so only when the service is ready.",
            ("ready: /healthz",),
            on=False,
        )
    for path in READY:
        answer = asking.get(path)
        if answer is not None and answer.good:
            return Item(f"GET {path} answered {answer.status}.", (f"ready: {path}",))
    tried = ", ".join(READY)
    return Item(
        f"None of {tried} answered 2xx: name the path that does when the service is ready. Without it, any answer to /"
        " is enough.",
        ("ready: /healthz",),
        on=False,
    )


def _routes(asking: Asking, path: str, first: Answer, form: str) -> Iterator[Item]:
    said = f"GET {path} answered {first.status}{_what_to_do(first, form)}"
    given = Item(said, (f"read: {{path: {_path(path)}}}",))
    found = _documented(asking)
    if found is None:
        yield given
        yield Item(
            f"No API document at {', '.join(DOCUMENTS)}. Other requests: `midnight import har|k6|access-log FILE --into"
            " THIS FILE`, or by hand (docs/own-service.md)."
        )
        yield ledgers.undocumented(path, first)
        return
    document, named = found
    lists: dict[str, ledgers.Listing] = {}
    tried = {name: _tried(asking, route, document, lists) for name, route in named.items()}
    tried = {name: _with_ledger(route, named, lists) for name, route in tried.items()}
    if all(route.off for route in tried.values()):
        yield given
    yield Item(f"From {document}; each GET was sent once.", tuple(writing.routes(tried, indent="")))
    if not any(route.ledger for route in tried.values()):
        yield ledgers.undocumented(path, first)


def _with_ledger(
    route: ImportedRoute, named: Mapping[str, ImportedRoute], lists: Mapping[str, ledgers.Listing]
) -> ImportedRoute:
    if route.off != _WRITES:
        return route
    found = ledgers.of_documented(route, named, lists)
    return replace(found, off=_GUESSED) if found.ledger else route


def _what_to_do(first: Answer, form: str) -> str:
    if form:
        return f": the form at {form} signs in, and `session` above does so."
    if first.good:
        return "."
    if first.location:
        return f", to {first.location}, and no redirect is followed: name a path that clients read."
    if first.status == 403:
        return (
            ": name a path that clients may read, or give credentials as `headers` (docs/attach.md#secrets)."
        )
    if first.status == 401:
        return ": give the credentials as `headers` (docs/attach.md#secrets) or a `session`."
    return ": name a path that clients read, or define a good answer with `expect`."


def _documented(asking: Asking) -> tuple[str, Mapping[str, ImportedRoute]] | None:
    for path in DOCUMENTS:
        answer = asking.get(path)
        if answer is None or not answer.good:
            continue
        with tempfile.TemporaryDirectory(prefix="midnight-init-") as directory:
            file = Path(directory) / "openapi.json"
            file.write_text(answer.text, encoding="utf-8")
            try:
                imported = importing.from_openapi(str(file), asking.base_url)
            except MidnightError:
                continue
        kept = [
            route
            for route in imported.routes
            if route.method != "GET" or route.path not in (*READY, *DOCUMENTS, *PAGES)
        ][: 2 * _MOST_ROUTES]
        return (path, names.of_routes(kept)) if kept else None
    return None


def _tried(
    asking: Asking, route: ImportedRoute, document: str, lists: dict[str, ledgers.Listing]
) -> ImportedRoute:
    """The route, off if it writes, or if one request of it is not answered well. A list that it answers is added."""
    if route.off:
        return route
    if route.method not in ("GET", "HEAD"):
        return replace(route, off=_WRITES)
    request = route.request
    if any(word in route.path.lower() for word in _UNASKED):
        return replace(route, off="its name suggests that it changes something, so it was not tried")
    simple = all(isinstance(value, str | int) for value in request.query.values())
    if request.headers or request.cookies or not simple:
        return replace(
            route,
            off="it needs values that are not written here (docs/attach.md#secrets), so it was not tried",
        )
    path = _existing(route.path, lists) or route.path.replace("{item}", "1")
    query = {name: str(value).replace("{item}", "1") for name, value in request.query.items()}
    if any("{" in text for text in (path, *query.values())):
        return replace(route, off=f"it needs an existing record, and {document} has no example")
    answer = asking.get(path, query)
    if answer is None or not answer.good:
        said = "gave no complete answer" if answer is None else f"answered {answer.status}"
        return replace(route, off=f"GET {path} {said}")
    if (found := ledgers.listing(answer)) is not None:
        lists[route.path] = found
    # a number that was guessed need not exist: only the one that was tried is known to
    if route.items > 1 or path != route.path:
        return replace(route, items=1, path=path, request=replace(request, query=query))
    return route


def _existing(path: str, lists: Mapping[str, ledgers.Listing]) -> str:
    """The path of a record that a list has just shown; empty if none did."""
    base, sign, name = path.partition("/{")
    listed = lists.get(base)
    if not sign or name not in ("item}", "uuid}") or listed is None or not listed.example:
        return ""
    return f"{base}/{quote(listed.example, safe='')}"


def _path(path: str) -> str:
    return writing.value(literal(path))
