"""The session: calls made before the load, such as a login, and what is taken from their answers."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field

from chaos.spec import templates
from chaos.spec.broken import WRONG_KIND, BrokenRule
from chaos.spec.expect import Pattern
from chaos.spec.fields import FieldName
from chaos.spec.jsonpath import JsonPath
from chaos.spec.request import CookieName, Request
from chaos.spec.yamlfile import Model

MOST_CALLS = 50
KNOWN = tuple(name for name in templates.NAMES if name != "item")
"""Names that a call of the session has, apart from what earlier calls took."""
_NAME = re.compile(r"[^\W\d]\w*")
_RESERVED = {*templates.NAMES, "row", "key"}


class Source(Model):
    """Where a value is in an answer: at a JSONPath of its body, in its text, in a header or in a cookie."""

    model_config = ConfigDict(serialize_by_alias=True)

    json_path: JsonPath | None = Field(default=None, alias="json")
    header: FieldName | None = None
    cookie: CookieName | None = None
    matches: Pattern | None = None  # its group is the value

    @property
    def is_in_body(self) -> bool:
        return self.json_path is not None or self.matches is not None

    def broken_rules(self) -> Iterator[BrokenRule]:
        if sum(given is not None for given in (self.json_path, self.header, self.cookie, self.matches)) != 1:
            rule = "must be a JSONPath, {header: NAME}, {cookie: NAME} or {matches: REGEX}"
            yield BrokenRule(rule, hint=WRONG_KIND)
        elif self.matches is not None and re.compile(self.matches).groups != 1:
            yield BrokenRule(
                'must have one group, which is the value, such as \'name="csrf" value="([^"]+)"\''
            )


def _taken_name(text: str) -> str:
    if not _NAME.fullmatch(text) or text in _RESERVED:
        raise ValueError(
            f"must be a name of letters, digits and _, and none of {', '.join(sorted(_RESERVED))}"
        )
    return text


def _as_source(given: Any) -> Any:
    return {"json": given} if isinstance(given, str) else given


TakenName = Annotated[str, AfterValidator(_taken_name)]


class Call(Request):
    """One call. What it takes is filled in wherever its name stands in braces, and is masked in all output."""

    take: dict[TakenName, Annotated[Source, BeforeValidator(_as_source)]] = Field(default_factory=dict)

    def broken_rules(self) -> Iterator[BrokenRule]:
        yield from super().broken_rules()
        if self.method == "HEAD" and any(source.is_in_body for source in self.take.values()):
            yield BrokenRule("the answer to HEAD has no body", "take")


def unknown_names(calls: Sequence[Call]) -> Iterator[BrokenRule]:
    """A rule for each name that a call does not have: it may use what earlier ones took."""
    known = list(KNOWN)
    for index, call in enumerate(calls):
        for rule in call.unknown_names(known):
            yield BrokenRule(str(rule), "session", index, *rule.place)
        known += call.take


def taken(calls: Sequence[Call]) -> Collection[str]:
    """The names that are known after the last call."""
    return list(dict.fromkeys(name for call in calls for name in call.take))
