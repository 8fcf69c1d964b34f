"""Ledger writes: how a write that a service acknowledged is recognised again, read back and removed."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from chaos.spec import jsonpath, jsonrecords
from chaos.spec.broken import WRONG_KIND, BrokenRule
from chaos.spec.expect import Expect
from chaos.spec.jsonpath import JsonPath
from chaos.spec.missing import of_missing
from chaos.spec.near import instead
from chaos.spec.secret import Secret
from chaos.spec.yamlfile import Model

Path = Annotated[str, Field(pattern=r"^/", max_length=2000)]
PRIMARY = "primary"
KINDS = ("get", "list", "sql")
PAGING = ("cursor", "offset", "link", "after")
SENT = ("payload", "checksum")

_NAME = re.compile(r"\{([a-z_]+)\}")
_READS = re.compile(r"\s*(select|with|values|table)\b", re.IGNORECASE)
_WRITES = re.compile(
    r"\b(?:(?:insert|replace|merge)\s+into|delete\s+from|update\s+\S+\s+set|into\s+(?:outfile|dumpfile)|for\s+update)\b",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`|--[^\n]*|/\*.*?\*/", re.DOTALL)


def _statement(sql: str) -> str:
    bare = _QUOTED.sub(" ", sql)
    if not _READS.match(bare) or _WRITES.search(bare):
        raise ValueError("must be one statement that only reads: SELECT id FROM items WHERE id = any(%s)")
    if ";" in bare.rstrip().rstrip(";"):
        raise ValueError("must be one statement, without ; inside")
    marks = re.findall(r"%(?!%)(.?)", sql.replace("%%", ""))
    if [mark for mark in marks if mark != "s"]:
        raise ValueError("has a % that is not %s: write %% for a percent sign")
    if len(marks) != 1:
        raise ValueError("must have %s once, where the keys go: WHERE id = any(%s)")
    return sql.strip().rstrip(";")


def _database(given: str | Secret) -> str | Secret:
    if isinstance(given, str) and not re.fullmatch(r"[a-z][a-z0-9_-]*|sqlite:.+", given):
        raise ValueError(
            "must be the name of a database of this file, {env: NAME} of its DSN, or sqlite:///PATH"
        )
    return given


class Page(Model):
    """How a list goes on: exactly one of these, and `last` where an answer says that nothing follows."""

    cursor: JsonPath | None = (
        None  # in the answer; it is {cursor} of the next path, or the next address itself
    )
    offset: Annotated[int, Field(ge=1, le=10_000)] | None = (
        None  # records of a page; fills {offset}, or {page} from 1
    )
    link: bool = False  # `Link: <...>; rel="next"` (RFC 8288)
    after: Literal["key"] | None = None  # {after} is the key of the last record; the list is in order of keys
    last: JsonPath | None = None  # leads to true in the last page

    @property
    def kind(self) -> str:
        return next(each for each in PAGING if getattr(self, each))

    def broken_rules(self) -> Iterator[BrokenRule]:
        if sum(bool(getattr(self, each)) for each in PAGING) != 1:
            rule = "must be one of {cursor: JSONPATH}, {offset: N}, {link: true} and {after: key}"
            yield BrokenRule(rule, hint=WRONG_KIND)
        for key in ("cursor", "last"):
            path = getattr(self, key)
            if path is not None and not jsonpath.is_single(path):
                yield BrokenRule("must lead to one value, such as $.next", key)


class Read(Model):
    """Where acknowledged writes are looked for: `get` by key, a `list`, or `sql`."""

    get: Path | None = None  # {key}; 404 and 410 mean that there is none
    missing: Expect | None = None  # of `get`: another answer that means it
    list: Path | None = None
    keys: JsonPath | None = None  # of a list
    payload: JsonPath | None = None
    page: Page | None = None  # of a list; without it, one page is all
    limit: Annotated[int, Field(ge=1, le=10_000)] = 1000  # fills {limit} of a list
    rate: Annotated[float, Field(gt=0, le=10_000)] = 200.0  # requests per second
    sql: Annotated[str, Field(max_length=10_000), AfterValidator(_statement)] | None = None
    """Gives a key, and after it the payload if it is compared; %s are the keys."""
    database: Annotated[str | Secret, AfterValidator(_database)] | None = None  # of `sql`; else the primary

    @property
    def kind(self) -> str:
        """`get`, `list` or `sql`."""
        return next(each for each in KINDS if getattr(self, each) is not None)

    @property
    def database_name(self) -> str | None:
        """The database of the target that `sql` asks; None if its connection string is given here."""
        if self.database is None:
            return PRIMARY
        return self.database if isinstance(self.database, str) and ":" not in self.database else None

    def broken_rules(self) -> Iterator[BrokenRule]:
        if sum(getattr(self, each) is not None for each in KINDS) != 1:
            yield BrokenRule(
                'must be one of {get: "/items/{key}"}, {list: PATH, keys: JSONPATH} and {sql: SELECT}'
            )
            return
        for key, kinds in _OF.items():
            if self._is_given(key) and self.kind not in kinds:
                yield BrokenRule(f"is only for {' and '.join(kinds)}{_INSTEAD.get(key, '')}", key)
                return
        if self.kind == "get":
            yield from self._of_get()
        elif self.kind == "list":
            yield from self._of_list()

    def _is_given(self, key: str) -> bool:
        return bool(getattr(self, key) != type(self).model_fields[key].default)

    def _of_get(self) -> Iterator[BrokenRule]:
        if "{key}" not in (self.get or ""):
            yield BrokenRule("needs {key} where the key goes, such as /items/{key}", "get")
        yield from _unfilled(self.get or "", ("key",), "get")
        if self.payload is not None and not jsonpath.is_single(self.payload):
            yield BrokenRule("must lead to one value, such as $.note", "payload")
        if self.missing is not None:
            yield from of_missing(self.missing)

    def _of_list(self) -> Iterator[BrokenRule]:
        if self.keys is None:
            yield BrokenRule("needs `keys`, a JSONPath to them, such as keys: $.items[*].id", "list")
            return
        if jsonrecords.list_of(self.keys) is None:
            yield BrokenRule("must go through a list, such as $.items[*].id", "keys")
        elif self.payload is not None and jsonrecords.depth_of((self.keys, self.payload)) is None:
            yield BrokenRule(
                f"must go through the same list as {self.keys}, such as $.items[*].note", "payload"
            )
        yield from self._of_pages(self.list or "")

    def _of_pages(self, path: str) -> Iterator[BrokenRule]:
        kind = self.page.kind if self.page is not None else ""
        fills = {
            "": (),
            "cursor": ("cursor",),
            "offset": ("offset", "page"),
            "link": (),
            "after": ("after",),
        }[kind]
        if kind in ("offset", "after") and not any(f"{{{name}}}" in path for name in fills):
            yield BrokenRule(
                f"needs {' or '.join(f'{{{name}}}' for name in fills)} in the path of the list", "page"
            )
        if kind == "offset" and self._is_given("limit"):
            yield BrokenRule("repeats `offset`: remove it", "limit")
        for name in _NAME.findall(path):
            if name not in (*fills, "limit") and name in _PAGES:
                yield BrokenRule(f"{{{name}}} is not filled: add page: {_PAGES[name]}", "list")
        yield from _unfilled(path, (*_PAGES, "limit"), "list")


class Remove(Model):
    """How a record of a run is removed: one request for each key."""

    method: Literal["DELETE", "POST", "PUT", "PATCH"] = "DELETE"
    path: Path

    def broken_rules(self) -> Iterator[BrokenRule]:
        if "{key}" not in self.path:
            yield BrokenRule("needs {key} where the key goes, such as /items/{key}", "path")
        yield from _unfilled(self.path, ("key",), "path")


class LedgerWrite(Model):
    """How a write is recognised again. `key` holds `{seq}` or `{uuid}`, or is a JSONPath into the write's answer."""

    key: Annotated[str, Field(min_length=1, max_length=300)]
    acknowledged: Expect | None = None  # the good answers that promise the write; default: all
    payload: JsonPath | None = None  # in what is read, compared with {payload} or {checksum}
    read: Read
    remove: Remove | None = None

    @property
    def is_chosen(self) -> bool:
        """True if the service chooses the key."""
        return self.key.startswith("$")

    @property
    def is_noted(self) -> bool:
        """True if the load process has to note something about each write."""
        return self.is_chosen or self.acknowledged is not None

    @property
    def held(self) -> str | None:
        """The JSONPath of what is compared."""
        return self.payload or self.read.payload

    def broken_rules(self) -> Iterator[BrokenRule]:
        yield from self._of_key()
        if self.payload is not None:
            yield from self._of_payload(self.payload)
        if self.remove is not None and self.is_chosen and not self._compares:
            rule = "needs `payload` beside a key that the service chooses: else it could remove records of others"
            yield BrokenRule(rule, "remove")

    def _of_key(self) -> Iterator[BrokenRule]:
        if self.is_chosen:
            try:
                jsonpath.finder(self.key)
            except ValueError as error:
                yield BrokenRule(str(error), "key")
                return
            if not jsonpath.is_single(self.key):
                yield BrokenRule("must lead to one value, such as $.id", "key")
            return
        named = set(_NAME.findall(self.key))
        yield from _unfilled(self.key, ("seq", "uuid"), "key")
        if not named:
            yield BrokenRule(
                "must hold {seq} or {uuid}, or be a JSONPath into the answer such as $.id", "key"
            )

    def _of_payload(self, path: str) -> Iterator[BrokenRule]:
        if self.read.payload is not None:
            yield BrokenRule("is also under `read`: give it once", "payload")
        elif self.read.kind == "sql":
            yield BrokenRule(_SECOND, "payload")
        elif self.read.kind == "get" and not jsonpath.is_single(path):
            yield BrokenRule("must lead to one value, such as $.note", "payload")
        elif self.read.kind == "list" and jsonrecords.depth_of((self.read.keys or "$", path)) is None:
            yield BrokenRule(
                f"must go through the same list as {self.read.keys}, such as $.items[*].note", "payload"
            )

    @property
    def _compares(self) -> bool:
        """True if what is read is compared with what was sent; for `sql`, if the statement may give a payload."""
        return self.held is not None or self.read.kind == "sql"


_SECOND = "is not for sql: the second column of the statement is compared"
_OF = {
    "keys": ("list",), "page": ("list",), "limit": ("list",), "rate": ("get", "list"), "database": ("sql",),
    "payload": ("get", "list"), "missing": ("get",),
}  # fmt: skip
_INSTEAD = {
    "payload": "; of sql, the second column is compared",
    "keys": "; of sql, the first column is the key",
}
_PAGES = {
    "cursor": "{cursor: JSONPATH}", "offset": "{offset: N}", "page": "{offset: N}", "after": "{after: key}",
}  # fmt: skip


def _unfilled(text: str, names: Iterable[str], place: str) -> Iterator[BrokenRule]:
    known = tuple(names)
    for name in _NAME.findall(text):
        if name not in known:
            yield BrokenRule(f"{{{name}}} is not filled here; {instead(name, known)}", place)


def of_route(ledger: LedgerWrite, sent: Collection[str]) -> Iterator[BrokenRule]:
    """The rules between a ledger write and its request, in which the names `sent` are filled in."""
    for name in () if ledger.is_chosen else _NAME.findall(ledger.key):
        if name not in sent:
            rule = f"{{{name}}} is nowhere in the request: the service could not know the key"
            yield BrokenRule(rule, "ledger", "key")
    if ledger.held is not None and not any(name in sent for name in SENT):
        rule = "compares what is never sent: put {payload} or {checksum} into the request"
        yield BrokenRule(rule, "ledger", *(("payload",) if ledger.payload else ("read", "payload")))
