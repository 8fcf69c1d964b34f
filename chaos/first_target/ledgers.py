"""The `ledger` that a route which writes probably needs: guessed from an API document and from a list of records."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from chaos.first_target.asking import Answer
from chaos.first_target.draft import Item
from chaos.imports import writing
from chaos.imports.imported import ImportedRoute, literal

_KEYS = ("id", "uuid", "_id", "key", "slug")
_TEXTS = ("note", "text", "title", "name", "description", "content", "body", "message", "comment")
_MADE_UP = "midnight {seq}"
_CURSOR = re.compile(r"next|cursor|next_?(?:cursor|page|page_?token|token)", re.I)
_PLAIN = re.compile(r"[A-Za-z_]\w*")
_JSON = (
    'json: {id: "{uuid}", note: "{payload}"}',
    'ledger: {key: "{uuid}", payload: $.note, read: {get: "BASE/{key}"}}',
)
_FORM = (
    'form: {title: "{uuid}"}',
    "expect: [302, 303]",
    'ledger: {key: "{uuid}", read: {sql: "select title from TABLE where title in (%s)", database: {env: DSN}}}',
)
_NOT_YET = (
    "No write is measured until a route has a `ledger`, which says how an acknowledged write is found again"
    " (docs/own-service.md#ledger)."
)


@dataclass(frozen=True, slots=True)
class Listing:
    """A list of records, as an answer shows it: JSONPaths, and the names of fields."""

    records: str  # such as $.items[*]
    key: str = ""  # empty: it is not known, as the list is empty
    text: str = ""
    cursor: str = ""
    example: str = ""  # the key of its first record


def listing(answer: Answer) -> Listing | None:
    """The list of records in an answer; None if there is none."""
    try:
        document = json.loads(answer.text)
    except (ValueError, RecursionError):
        return None
    if isinstance(document, list):
        return _of_records("$[*]", document)
    fields = document.items() if isinstance(document, dict) else ()
    lists = [(name, each) for name, each in fields if isinstance(each, list) and _PLAIN.fullmatch(name)]
    found = [each for name, records in lists if (each := _of_records(f"$.{name}[*]", records))]
    named = next((each for each in found if each.key), found[0] if found else None)
    return replace(named, cursor=_cursor("$", document)) if named is not None else None


def _of_records(path: str, records: list[Any]) -> Listing | None:
    if not records:
        return Listing(path)
    first = records[0]
    if not isinstance(first, dict):
        return None
    key = next((name for name in _KEYS if isinstance(first.get(name), str | int)), "")
    text = next((name for name in _TEXTS if isinstance(first.get(name), str)), "")
    return Listing(path, key, text, example=str(first[key]) if key else "")


def _cursor(path: str, document: Mapping[str, Any]) -> str:
    """Where an answer says what follows, at most one object deep."""
    for name, value in document.items():
        if _CURSOR.fullmatch(name) and (value is None or isinstance(value, str)):
            return f"{path}.{name}"
    inner = (
        _cursor(f"$.{name}", value)
        for name, value in document.items()
        if path == "$" and isinstance(value, dict) and _PLAIN.fullmatch(name)
    )
    return next(filter(None, inner), "")


def of_documented(
    route: ImportedRoute, routes: Mapping[str, ImportedRoute], lists: Mapping[str, Listing]
) -> ImportedRoute:
    """The route with a ledger and, if it can be compared, a text in its request; unchanged if none can be guessed."""
    kind = next((each for each in ("json", "form") if isinstance(route.request.body.get(each), Mapping)), "")
    base, _, rest = route.path.partition("/{")
    if not kind or route.method not in ("POST", "PUT") or (rest and route.path != f"{base}/{{uuid}}"):
        return route
    body = dict(route.request.body[kind])
    by_key = re.compile(re.escape(base) + r"/\{\w+\}")
    known = {each.method for each in routes.values() if by_key.fullmatch(each.path)}
    listed = lists.get(base)
    text = _text(body)
    if text:
        body[text] = "{checksum}"
    if rest or any(body.get(name) == "{uuid}" for name in _KEYS):
        key = "{uuid}"
    elif route.method == "POST":
        key = f"$.{listed.key if listed is not None and listed.key else 'id'}"
    else:
        return route
    ledger = _ledger(base, key, text, known, listed)
    if not ledger:
        return route
    return replace(route, request=replace(route.request, body={kind: body}), ledger=ledger)


def _text(body: Mapping[str, Any]) -> str:
    """The field whose text may be anything; empty if none is known to."""
    names = [name for name in _TEXTS if isinstance(body.get(name), str)]
    names += [name for name, value in body.items() if value == _MADE_UP]
    return next((name for name in names if _PLAIN.fullmatch(name)), "")


def _ledger(base: str, key: str, text: str, known: set[str], listed: Listing | None) -> dict[str, Any]:
    """Empty if neither a route by key nor a list is known."""
    if "GET" in known:
        found: dict[str, Any] = {"key": key}
        if text:
            found["payload"] = f"$.{text}"
        found["read"] = {"get": f"{base}/{{key}}"}
    elif listed is not None and (listed.key or not key.startswith("$")):
        found = {"key": key, "read": _list_read(base, listed, text)}
    else:
        return {}
    compared = "payload" in found or "payload" in found["read"]
    if "DELETE" in known and (compared or not key.startswith("$")):
        found["remove"] = {"path": f"{base}/{{key}}"}
    return found


def _list_read(base: str, listed: Listing, text: str) -> dict[str, Any]:
    read: dict[str, Any] = {
        "list": f"{base}?cursor={{cursor}}" if listed.cursor else base,
        "keys": f"{listed.records}.{listed.key or 'id'}",
    }
    if text and (text == listed.text or not listed.key):
        read["payload"] = f"{listed.records}.{text}"
    if listed.cursor:
        read["page"] = {"cursor": listed.cursor}
    return read


def undocumented(path: str, answer: Answer | None) -> Item:
    """A route that writes beside the one that was asked: guessed from its list, else an example."""
    base = literal(path.partition("?")[0].rstrip("/"))
    found = listing(answer) if answer is not None and answer.good else None
    if found is not None and found.key:
        return Item(f"{_NOT_YET} {_guessed(found, path)}", tuple(_of_list(base, found)), on=False)
    if answer is not None and (answer.location or "html" in answer.kind):
        why = (
            "Such as this one, for a form; a hidden token of the form goes in as the session takes it,"
            ' such as `csrf_token: "{csrf_token}"`:'
        )
        return Item(f"{_NOT_YET} {why}", tuple(_example(base, _FORM)), on=False)
    why = "Such as this one; `get` may also be a `list`, or `sql` that asks the database:"
    return Item(f"{_NOT_YET} {why}", tuple(_example(base, _JSON)), on=False)


def _example(base: str, rest: Iterable[str]) -> Iterator[str]:
    yield "add:"
    yield "  method: POST"
    yield f"  path: {writing.value(base or '/')}"
    yield from (f"  {line.replace('BASE', base)}" for line in rest)


def _guessed(found: Listing, path: str) -> str:
    cursor = " The parameter `cursor` is a guess, too." if found.cursor else ""
    return f"This one is guessed from what GET {path} answered: correct it, then uncomment it.{cursor}"


def _of_list(base: str, found: Listing) -> Iterator[str]:
    text = found.text
    ledger = {"key": f"$.{found.key}", "read": _list_read(base or "/", found, text)}
    if text:  # otherwise it could remove what others wrote
        ledger["remove"] = {"path": f"{base}/{{key}}"}
    yield "add:"
    yield "  method: POST"
    yield f"  path: {writing.value(base or '/')}"
    yield f"  json: {writing.value({text: '{checksum}'} if text else {})}"
    yield f"  ledger: {writing.value(ledger)}"
