"""Stacks whose frames begin with `at`, after the exception: Java (Kotlin, Scala) and Node."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from chaos.log_errors.stack import ENTRY, Block, Frame, Stack, Taken, made

Language = Literal["java", "node"]

_AT = re.compile(r"(?<![ \t])[ \t]++(?:(?<=\t)|(?<=  ))at ")
_JAVA = re.compile(r"([^\s()]+\.[^\s()]+)\(([^()]*)\)(?:\s*$|\s*~?\[)")
_PLACE = re.compile(r"(.+?):(\d+)(?::(\d+))?$")
_KNOWN_PLACE = re.compile(r"<anonymous>|native|index \d+|node:\S+|wasm:\S+|eval at ")
_JAVA_NAME = r"(?:[a-z_$][\w$]*\.)+[A-Z][\w$.]*"
_SHORT_NAME = r"(?:[A-Za-z_$][\w$]*\.)*[A-Za-z_$][\w$]*"
_THREAD = r"(?:Exception in thread \"[^\"]*\" )?"
_JAVA_HEADER = re.compile(rf"\s*{_THREAD}({_JAVA_NAME})(?:: ?(.*)|\s*)$")
_NODE_HEADER = re.compile(rf"\s*(?:Uncaught )?\[?({_SHORT_NAME})(?: \[[\w.-]+\])?(?:: ?(.*)|\s*)$")
_STRONG = re.compile(
    r"(?:^|[\s(\[:])((?:[A-Za-z_$][\w$]*\.)*[\w$]*(?:Error|Exception|Throwable))"
    r"(?: \[[\w.-]+\])?(?:: ?(.*)|\s*)$"
)
_MEMBER = re.compile(r"(\s*)([\w$.]*(?:Error|Exception))(?: \[[\w.-]+\])?(?:: ?(.*)|\s*)$")
_CAUSE = re.compile(r"(\s*)(Caused by|Suppressed|Wrapped by|caused by|\[cause\]): (.*)$")
_MORE = re.compile(r"\s*\.{3} \d+ (?:more|common frames omitted|lines matching)|\s*\[CIRCULAR REFERENCE")
_PROPERTY = re.compile(r"\s+(?:\[?[\w$'-]+\]?): .*$|\s*[}\]]+,?\s*$|\s*\.\.\. \d+ more items?$")
_LIBRARIES = re.compile(
    r"(?:java|javax|jdk|sun|com\.sun|jakarta|kotlin|kotlinx|scala|groovy|clojure|akka|reactor|rx|okhttp3|okio|retrofit2|"
    r"feign|io\.(?:netty|vertx|undertow|quarkus|micronaut|micrometer|grpc|reactivex|lettuce|smallrye|opentelemetry|sentry)|"
    r"org\.(?:springframework|apache|hibernate|eclipse|jboss|wildfly|postgresql|slf4j|junit|glassfish|mybatis|mongodb|"
    r"elasticsearch|jooq|quartz|xnio|codehaus|aspectj|flywaydb|redisson|h2|testng|gradle|mockito)|"
    r"com\.(?:zaxxer|fasterxml|mysql|mongodb|google|netflix|amazonaws|rabbitmq|github\.benmanes|datadog|newrelic|squareup)|"
    r"software\.amazon|ch\.qos|oracle|redis\.clients|net\.bytebuddy|net\.sf|springfox|liquibase|dev\.failsafe)\."
)
_NOT_OURS = re.compile(r"node:|internal/|<|native$|index \d|wasm:|.*[/\\]node_modules[/\\]|evalmachine")
_LOOKBACK = 15
_OTHERS = 4  # entries of other writers between an exception and its first frame
_MESSAGE_LINES = 20


def frame_of(line: str) -> tuple[Language, Frame, str] | None:
    """Return language, frame and prefix of a line; None if it is no frame."""
    if (at := _AT.search(line)) is None:
        return None
    rest, prefix = line[at.end() :].rstrip(), line[: at.start()]
    if (found := _JAVA.match(rest)) is not None:
        return "java", _java(found[1], found[2]), prefix
    frame = _node(rest.removesuffix("{").rstrip(" ,"))
    return ("node", frame, prefix) if frame is not None else None


def _node(rest: str) -> Frame | None:
    rest = rest.removeprefix("async ")
    what, _, where = rest.partition(" (")
    if where and not rest.endswith(")"):
        return None
    what, where = (what, where[:-1]) if where else ("", rest)
    if (place := _PLACE.match(where)) is not None and place[3]:
        file = place[1].removeprefix("file://")
        return Frame(file, int(place[2]), what, _NOT_OURS.match(file) is None)
    return Frame(where, 0, what, False) if what and _KNOWN_PLACE.match(where) else None


def _java(what: str, where: str) -> Frame:
    what = what.rpartition("/")[2] if "$$Lambda/" not in what else what.rpartition("//")[2]
    owner, _, method = what.rpartition(".")
    file, _, number = where.rpartition(":")
    function = f"{owner.rpartition('.')[2]}.{method}"
    ours = _LIBRARIES.match(what) is None and "$$" not in what
    if not number.isdecimal():
        return Frame(where, 0, function, ours)
    return Frame(file, int(number), function, ours)


def header_in(lines: Sequence[str], language: Language) -> tuple[str, str, int]:
    """Return exception, message and how many lines before the first frame the exception is; `lines` are those before
    it, the nearest first. A message may have several lines."""
    weak: tuple[str, str, int] | None = None
    others = 0
    plain = _JAVA_HEADER if language == "java" else _NODE_HEADER
    for back, line in enumerate(lines[:_LOOKBACK], start=1):
        found = _STRONG.search(line) or (_JAVA_HEADER.match(line) if language == "java" else None)
        if found is not None:
            return found[1], (found[2] or "").strip(), back
        others += ENTRY.match(line) is not None
        if weak is None and not others and (found := plain.match(line)) is not None:
            weak = found[1], (found[2] or "").strip(), back
        if others > _OTHERS or frame_of(line) is not None:
            break
    return weak or ("", "", 0)


def has_exception(line: str) -> bool:
    """True for a line that may be the exception of the frames that follow."""
    return bool(_STRONG.search(line) or _JAVA_HEADER.match(line))


class AtLines:
    """One stack and its causes. In Java the last `Caused by` decides, in Node the last `[cause]`."""

    def __init__(self, language: Language, exception: str, message: str, indent: int) -> None:
        self._language, self._indent = language, indent
        first = Block()
        if exception:
            first.named(exception, message)
        self._blocks, self._aside, self._lines = [first], False, 0
        self._root_first, self._members = False, 0

    def take(self, line: str) -> Taken:
        if (found := frame_of(line)) is not None and found[0] == self._language:
            if not self._aside:
                self._blocks[-1].frames.appendleft(found[1]) if _room(self._blocks[-1]) else None
            return Taken.YES
        if (cause := _CAUSE.match(line)) is not None:
            return self._caused(cause)
        if _MORE.match(line):
            return Taken.YES
        if not self._aside and not self._blocks[-1].frames and len(self._blocks) > 1:
            self._lines += 1  # the message of a cause may have several lines
            if not ENTRY.match(line) and self._lines <= _MESSAGE_LINES:
                return Taken.YES
        if self._language == "node":
            if (member := _MEMBER.match(line)) is not None:
                return self._member(member)
            if _PROPERTY.match(line) and not ENTRY.match(line):
                return Taken.YES
        strong = _STRONG.search(line) or (self._language == "java" and _JAVA_HEADER.match(line))
        return Taken.OVER if strong else Taken.NO

    def _member(self, member: re.Match[str]) -> Taken:
        """An exception below the others is a member of an AggregateError: the first one decides."""
        if len(member[1]) <= self._indent + 1:
            return Taken.OVER
        self._aside, self._members = self._members > 0, self._members + 1
        if not self._aside:
            block = Block()
            block.named(member[2], (member[3] or "").strip())
            self._blocks.append(block)
        return Taken.YES

    def _caused(self, cause: re.Match[str]) -> Taken:
        indent, word, text = cause.groups()
        # inside a suppressed exception: its own causes are indented too
        self._aside = word == "Suppressed" or (word == "Caused by" and len(indent) > self._indent)
        if self._aside:
            return Taken.YES
        self._root_first = self._root_first or word == "Wrapped by"
        block = Block()
        found = (_JAVA_HEADER if self._language == "java" else _NODE_HEADER).match(text)
        if found is not None:
            block.named(found[1], (found[2] or "").removesuffix("{").strip())
        self._blocks.append(block)
        self._lines = 0
        return Taken.YES

    def stacks(self) -> list[Stack]:
        inwards = self._blocks if not self._root_first else self._blocks[::-1]
        return [made(self._language, inwards[-1], reversed(inwards[:-1]), inwards[0])]


def _room(block: Block) -> bool:
    """The first frames are the deepest: those are kept."""
    return len(block.frames) < (block.frames.maxlen or 0)
