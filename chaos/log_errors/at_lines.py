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
_TEXT = r"(?: \[[\w.-]+\])?(?:: ?(?P<text>.*)|\s*)$"  # of Node with its code
_JAVA_HEADER = re.compile(rf"\s*{_THREAD}(?P<name>{_JAVA_NAME})(?:: ?(?P<text>.*)|\s*)$")
_NODE_HEADER = re.compile(rf"\s*(?:Uncaught )?\[?(?P<name>{_SHORT_NAME}){_TEXT}")
_HELD = re.compile(rf"\s+[a-z_$][\w$]*: \[?(?P<name>[A-Z][\w$.]*)(?=[: ]){_TEXT}")
"""A property that is an error, as Node prints an object that holds one."""
_STRONG = re.compile(
    rf"(?:^|[\s(\[:])(?P<name>(?:[A-Za-z_$][\w$]*\.)*[\w$]*(?:Error|Exception|Throwable)){_TEXT}"
)
_NO_NAME = r"(?i:debug|info|note|notice|warn|warning|hibernate)"
_NEXT = re.compile(
    rf"(?P<indent>\s*)(?:Uncaught )?{_THREAD}\[?(?P<name>(?!{_NO_NAME}\b)[A-Z][\w$.]*|error){_TEXT}"
)
"""An exception whose name does not say so; that of node-postgres is `error`."""
_MEMBER = re.compile(rf"(?P<indent>\s*)\[?(?P<name>[\w$.]*(?:Error|Exception)){_TEXT}")
_MEMBERS = re.compile(r"\s+\[?errors\]?: \[\s*$")
_UNPLACED = re.compile(r"(?:^|\s)\[(?P<name>[\w$.]+)(?: \[[\w.-]+\])?(?:: (?P<text>.*))?\] \{$")
"""An error without frames that has properties, as Node prints it."""
_UNPLACED_END = re.compile(r"\](?: \{|,)?$")
_SOURCE = re.compile(r"(?:.*\s)?(?:file://)?((?:/|[A-Za-z]:[\\/]).*:\d+)\s*$")
_CAUSE = re.compile(r"(\s*)(Caused by|Suppressed|Wrapped by|caused by|\[cause\]): (?!\[CIRCULAR )(.*)$")
_MORE = re.compile(
    r"\s*\.{3} \d+ (?:more|common frames omitted|lines matching)|[^\[]{0,80}\[CIRCULAR REFERENCE"
)
_PROPERTY = re.compile(r"\s+(?:\[?[\w$'-]+\]?): .*$|\s*\.\.\. \d+ more items?$")
_BRACKETS = re.compile(r"\s*[}\]]+,?\s*$")
_LIBRARIES = re.compile(
    r"(?:java|javax|jdk|sun|com\.sun|jakarta|kotlin|kotlinx|scala|groovy|clojure|akka|reactor|rx|okhttp3|okio|retrofit2|"
    r"feign|io\.(?:netty|vertx|undertow|quarkus|micronaut|micrometer|grpc|reactivex|lettuce|smallrye|opentelemetry|sentry|"
    r"ktor|github\.resilience4j)|"
    r"org\.(?:springframework|apache|hibernate|eclipse|jboss|wildfly|postgresql|slf4j|junit|glassfish|mybatis|mongodb|"
    r"elasticsearch|jooq|quartz|xnio|codehaus|aspectj|flywaydb|redisson|h2|testng|gradle|mockito|mariadb|sqlite)|"
    r"com\.(?:zaxxer|fasterxml|mysql|mongodb|google|netflix|amazonaws|rabbitmq|github\.benmanes|datadog|newrelic|squareup|"
    r"hazelcast|microsoft\.sqlserver)|"
    r"software\.amazon|ch\.qos|oracle|redis\.clients|net\.bytebuddy|net\.sf|springfox|liquibase|dev\.failsafe)\."
)
_NOT_OURS = re.compile(r"node:|internal/|<|native$|index \d|wasm:|.*[/\\]node_modules[/\\]|evalmachine")
_LOOKBACK = 15
_LONGEST_PLACE = 500
_OTHERS = 4  # entries of other writers between an exception and its first frame
_MESSAGE_LINES = 20
_DEEPEST, _MOST_MEMBERS = 2, 50


def frame_of(line: str) -> tuple[Language, Frame, str] | None:
    """Return language, frame and prefix of a line; None if it is no frame."""
    if (at := _AT.search(line)) is None:
        return None
    rest, prefix = line[at.end() :].rstrip(), line[: at.start()]
    if (found := _JAVA.match(rest)) is not None:
        return "java", java_frame(found[1], found[2]), prefix
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


def java_frame(what: str, where: str) -> Frame:
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
    it, the nearest first. A message may have several lines, of which the first is returned. What follows it is to be
    read before the first frame."""
    if language == "node" and (aggregate := _aggregate(lines)) is not None:
        return aggregate
    weak: re.Match[str] | None = None
    where = others = 0
    for back, line in enumerate(lines[:_LOOKBACK], start=1):
        found = _STRONG.search(line) or (_JAVA_HEADER.match(line) if language == "java" else None)
        if found is not None:
            return _with_source(*_named(found), back, lines[back:])
        others += ENTRY.match(line) is not None
        found = _weak(line, language) if not others else None
        if found is not None and (weak is None or (_is_word(weak) and not _is_word(found))):
            weak, where = found, back
        ended = line[:1] == "}" and weak is not None and weak["name"][:1].isupper()
        if others > _OTHERS or ended or frame_of(line) is not None:
            break
    return (*_named(weak), where) if weak is not None else ("", "", 0)


def _weak(line: str, language: Language) -> re.Match[str] | None:
    """The exception in a line that may be one."""
    if language == "java":
        return _NEXT.match(line)
    return _HELD.match(line) or _NODE_HEADER.match(line)


def _is_word(found: re.Match[str]) -> bool:
    """True for what is more likely the last line of a message than an exception."""
    return found["name"].islower() and found["text"] is None


def _named(found: re.Match[str]) -> tuple[str, str]:
    name, text = found.group("name"), (found["text"] or "").strip()
    bracketed = found.string[: found.start("name")].endswith("[")
    return name, _UNPLACED_END.sub("", text) if bracketed else text


def _aggregate(lines: Sequence[str]) -> tuple[str, str, int] | None:
    """The outermost AggregateError without frames that the next frame is in; the beginning of its members follows its
    message."""
    outermost, listed = None, False
    for back, line in enumerate(lines[:_LOOKBACK], start=1):
        if frame_of(line) is not None or not line.strip(" }],"):
            break
        listed = listed or _MEMBERS.match(line) is not None
        if listed and line.endswith("] {") and (found := _UNPLACED.search(line)) is not None:
            outermost = found["name"], "\n".join([found["text"] or "", *reversed(lines[: back - 1])]), back
    return outermost


def _with_source(name: str, text: str, back: int, above: Sequence[str]) -> tuple[str, str, int]:
    """The frames of a syntax error are those of Node's loader: its place is above it, with the source and a mark."""
    if name == "SyntaxError":
        for more, (mark, _, line) in enumerate(zip(above, above[1:], above[2:4], strict=False), start=3):
            place = _SOURCE.match(line[-_LONGEST_PLACE:])
            if place is not None and set(mark.strip()) == {"^"}:
                return name, f"{text}\n    at {place[1]}:1", back + more
    return name, text, back


def has_exception(line: str) -> bool:
    """True for a line that may be the exception of the frames that follow."""
    return bool(_STRONG.search(line) or _JAVA_HEADER.match(line))


class AtLines:
    """One stack and its causes. In Java the last `Caused by` decides, in Node the last `[cause]`, and each member of an
    AggregateError is an error of its own, as deep as `_DEEPEST`."""

    def __init__(self, language: Language, exception: str, message: str, indent: int, depth: int = 0) -> None:
        self._language, self._indent, self._depth = language, indent, depth
        message, *more = message.split("\n")
        first = Block()
        if exception:
            first.named(exception, message)
        self._blocks, self._members = [first], list[AtLines]()
        self._aside = self._root_first = False
        self._awaits, self._lines = depth > 0, 0  # lines of the message of a cause or member
        self._listed = self._braces = False  # in Node: among its members, among its properties
        self._next = self._closed = False  # read: what may be the next exception, the end of the properties
        for line in more:
            self.take(line)

    def take(self, line: str) -> Taken:
        if self._closed:
            return Taken.OVER
        if self._members and self._members[-1].take(line) is Taken.YES:
            return Taken.YES
        taken = self._read(line)
        self._next = taken is Taken.NO and (self._next or self._begins(line))
        return taken

    def _read(self, line: str) -> Taken:
        if (found := frame_of(line)) is not None and found[0] == self._language:
            return self._framed(found[1])
        if (cause := _CAUSE.match(line)) is not None and not (self._depth and len(cause[1]) <= self._indent):
            return self._caused(cause)
        if _MORE.match(line):
            self._awaits = False
            return Taken.YES
        if self._awaits and not (self._depth and _indent(line) < self._indent):
            self._lines += 1
            if not ENTRY.match(line) and self._lines <= _MESSAGE_LINES:
                return Taken.YES
        if self._language == "node" and (taken := self._node(line)) is not None:
            return taken
        strong = _STRONG.search(line) or (self._language == "java" and _JAVA_HEADER.match(line))
        return Taken.OVER if strong else Taken.NO

    def _framed(self, frame: Frame) -> Taken:
        if self._next or (self._members and not self._aside):
            return Taken.OVER
        self._awaits = False
        if not self._aside and _room(self._blocks[-1]):
            self._blocks[-1].frames.appendleft(frame)
        return Taken.YES

    def _node(self, line: str) -> Taken | None:
        """Read a line of what Node prints below the frames; None if it is none of these."""
        member = _MEMBER.match(line)
        if member is None and self._listed and (named := _NEXT.match(line)) and self._within(named["indent"]):
            member = named
        if member is not None:
            return self._member(member) if self._within(member["indent"]) else Taken.OVER
        indent = _indent(line)
        if _BRACKETS.match(line) and indent >= self._indent:
            self._closed, self._listed = self._braces and indent == self._indent, False
            return Taken.YES
        if (listed := _MEMBERS.match(line) is not None) or _PROPERTY.match(line):
            if indent <= self._indent or ENTRY.match(line):
                return None
            self._listed, self._braces = listed, True
            return Taken.YES
        return None

    def _within(self, indent: str) -> bool:
        return len(indent) > self._indent + 1

    def _member(self, member: re.Match[str]) -> Taken:
        """An exception below the others is a member of an AggregateError."""
        self._aside = self._depth >= _DEEPEST
        if not self._aside:
            del self._members[_MOST_MEMBERS - 1 :]
            inner = AtLines("node", *_named(member), len(member["indent"]), self._depth + 1)
            inner._awaits = member.string[: member.start("name")][-1:] != "["  # which has no frames
            self._members.append(inner)
        return Taken.YES

    def _begins(self, line: str) -> bool:
        """True for a line that is another exception if a frame follows."""
        found = _NEXT.match(line)
        return found is not None and len(found["indent"]) <= self._indent and not ENTRY.match(line)

    def _caused(self, cause: re.Match[str]) -> Taken:
        indent, word, text = cause.groups()
        # inside a suppressed exception: its own causes are indented too
        self._aside = word == "Suppressed" or (word == "Caused by" and len(indent) > self._indent)
        self._awaits, self._lines = text[:1] != "[", 0
        if self._aside:
            return Taken.YES
        self._root_first = self._root_first or word == "Wrapped by"
        found = _JAVA_HEADER.match(text) if self._language == "java" else _NODE_HEADER.match(text)
        if self._language == "node" and (found is None or _is_word(found)):
            self._awaits = False  # it was no exception that caused this one
            return Taken.YES
        block = Block()
        if (found := found or _NEXT.match(text)) is not None:
            name, message = _named(found)
            block.named(name, message.removesuffix("{").strip())
        self._blocks.append(block)
        return Taken.YES

    def stacks(self) -> list[Stack]:
        """One for each member whose frames are of the application; of other members the first."""
        if self._language == "node" and self._blocks[0].exception == "Trace":
            return []  # of `console.trace`, which is no error
        chains = self._chains()
        placed = [chain for chain in chains if any(block.own for block in chain[len(self._blocks) :])]
        return [
            made(self._language, chain[-1], reversed(chain[:-1]), chain[0])
            for chain in (placed or chains[:1])[:_MOST_MEMBERS]
        ]

    def _chains(self) -> list[list[Block]]:
        """From the outermost exception inwards, one for each member."""
        inwards = self._blocks if not self._root_first else self._blocks[::-1]
        inner = [chain for member in self._members for chain in member._chains()]
        return [[*inwards, *chain] for chain in inner] or [inwards]


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _room(block: Block) -> bool:
    """The first frames are the deepest: those are kept."""
    return len(block.frames) < (block.frames.maxlen or 0)
