"""`gauges:` of a target: where its own gauges are shown, and which of what is shown there is which gauge."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Literal, TypeAlias
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field

from chaos.record.gauges import BREAKER_STATE, IN_FILES
from chaos.spec import formulas, presets
from chaos.spec.broken import BrokenRule, SecretValue, UnknownValue
from chaos.spec.fields import HeaderName
from chaos.spec.formulas import Formula
from chaos.spec.secret import Secret
from chaos.spec.yamlfile import Model, Name

Kind: TypeAlias = Literal["prometheus", "json", "sql"]

_NAMED = re.compile(r"^\{([a-z][a-z0-9_-]*)\}")
_BREAKER = re.compile(rf"{BREAKER_STATE}_[A-Za-z0-9_.-]+")
_UNKNOWN_BRACES = re.compile(r"[{}]")


def _address(text: str) -> str:
    """A URL, or one whose beginning is an address that the driver chooses: `{base_url}/metrics`."""
    whole = _NAMED.sub("http://driver", text)
    if "@" in whole:
        raise SecretValue("must not carry a user or a password: give a header instead")
    if _UNKNOWN_BRACES.search(whole):
        raise ValueError("may begin with the name of an address in braces, such as {base_url}/metrics")
    parts = urlsplit(whole)
    try:
        sound = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is not a number
        sound = False
    if not sound or parts.fragment:
        raise ValueError("must be http://HOST[:PORT][/PATH] or https://...")
    return text


def _gauge(text: str) -> str:
    if text not in IN_FILES and text != BREAKER_STATE and not _BREAKER.fullmatch(text):
        raise UnknownValue("is not a gauge of midnight's", text, [*IN_FILES, BREAKER_STATE])
    return text


def _preset(text: str) -> str:
    if text not in presets.names():
        raise UnknownValue("is not a preset", text, presets.names())
    return text


def _text(given: object) -> object:
    return str(given) if isinstance(given, int | float) and not isinstance(given, bool) else given


Address = Annotated[str, AfterValidator(_address)]
GaugeName = Annotated[str, AfterValidator(_gauge)]
Written = Annotated[str, BeforeValidator(_text), Field(min_length=1, max_length=1000)]


def named_in(address: str) -> str | None:
    """The name of the address that the driver chooses, with which this one begins."""
    found = _NAMED.match(address)
    return found[1] if found else None


class Reading(Model):
    """One place that shows gauges: a page in Prometheus' text format, a JSON document, or the answer to a query."""

    prometheus: Address | None = None
    json_: Address | None = Field(default=None, alias="json")
    sql: Annotated[str, Field(min_length=1)] | None = None
    database: Name | None = None  # of the target, for `sql`
    dsn: Secret | None = None  # or any other PostgreSQL, or pgbouncer's console
    headers: dict[HeaderName, Secret] = Field(default_factory=dict)
    preset: Annotated[str, AfterValidator(_preset)] | None = None
    map: dict[GaugeName, Written] = Field(default_factory=dict)

    @property
    def kind(self) -> Kind:
        if self.prometheus is not None:
            return "prometheus"
        return "json" if self.json_ is not None else "sql"

    @property
    def address(self) -> str:
        """The URL; empty for a query."""
        return self.prometheus or self.json_ or ""

    def broken_rules(self) -> Iterator[BrokenRule]:
        given = [name for name in ("prometheus", "json", "sql") if self._given(name)]
        preset = presets.named(self.preset) if self.preset else None
        if len(given) > 1:
            yield BrokenRule(
                f"a source is one of prometheus, json and sql, not {given[0]} and {given[1]}", given[1]
            )
        elif not given and not (preset and preset.kind == "sql"):
            yield BrokenRule("needs one of prometheus: URL, json: URL and sql: QUERY")
        elif preset and preset.kind != self.kind:
            yield BrokenRule(f"{self.preset} is read from {preset.kind}: URL, not from {given[0]}", "preset")
        elif preset and preset.kind == "sql" and self.sql is not None:
            yield BrokenRule(f"the preset {self.preset} has its own queries", "sql")
        elif not self.map and preset is None:
            yield BrokenRule(f"needs map: {{GAUGE: ...}} or preset: NAME ({', '.join(presets.names())})")
        else:
            yield from self._broken_formulas()
        yield from self._misplaced()

    def _given(self, name: str) -> bool:
        return getattr(self, "json_" if name == "json" else name) is not None

    def _broken_formulas(self) -> Iterator[BrokenRule]:
        for gauge, text in self.map.items():
            try:
                formulas.parse(text, json=self.kind == "json")
            except ValueError as error:
                yield BrokenRule(str(error), "map", gauge)

    def _misplaced(self) -> Iterator[BrokenRule]:
        if self.kind != "sql":
            for name in ("database", "dsn"):
                if getattr(self, name) is not None:
                    yield BrokenRule("belongs to `sql`", name)
        elif self.headers:
            yield BrokenRule("belongs to `prometheus` and `json`", "headers")
        elif self.database is not None and self.dsn is not None:
            yield BrokenRule("give either `database` or `dsn`, not both", "dsn")
        elif self.database is None and self.dsn is None:
            yield BrokenRule("needs database: NAME (of this target) or dsn: {env: NAME}")

    def parts(self) -> Iterator[tuple[str, Mapping[str, Formula], Mapping[str, Formula]]]:
        """(query, what must be shown, what a preset expects) of each answer to read; the query is empty for a page."""
        json = self.kind == "json"
        must = {gauge: formulas.parse(text, json=json) for gauge, text in self.map.items()}
        if self.preset is None:
            yield self.sql or "", must, {}
            return
        for part in presets.named(self.preset).parts:
            expected = {gauge: each for gauge, each in part.formulas.items() if gauge not in must}
            yield part.sql, must, expected
            must = {}  # the file's own are of the first answer
