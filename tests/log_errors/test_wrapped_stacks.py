"""However a log wraps a stack, its fingerprint stays: prefixes, JSON, container engines, colours, lines in between."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chaos.log_errors.parser import LOOKBACK
from tests.log_errors.reading_logs import SAMPLES, Fingerprint, groups_in, prints, sample

NAMES = sorted(path.stem for path in SAMPLES.glob("*.txt"))
IN_JSON = [name for name in NAMES if name != "python_bare_syntax"]  # no program logs one
SHORT = [name for name in NAMES if len(sample(name).splitlines()) <= LOOKBACK // 3]
PLAIN = {name: prints(sample(name)) for name in NAMES}
STAMP = "2026-11-27T00:00:{:02d}.{:03d}Z"
PREFIXES = (
    "Nov 27 00:00:{0:02d} web-1 api[4711]: ",
    "<34>1 2026-11-27T00:00:{0:02d}.{1:06d}Z web api 4711 - - ",
    "2026-11-27T00:00:{0:02d}.{1}Z api/0 ",
    "api-1  | ",
    "[web.{0}] ",
    "[pod/api-7d9c/app] ",
    "2026-11-27 00:00:{0:02d},{1:03d} [worker-3] ",
    "    ",
)
NOISE = (
    '127.0.0.1 - - [27/Nov/2026:00:00:01 +0000] "GET /items/1 HTTP/1.1" 200 12',
    "2026-11-27 00:00:01,123 INFO app: request n=4711 took 12 ms",
    'INFO:     127.0.0.1:51234 - "GET /items HTTP/1.1" 200 OK',
    '{"level":"info","time":1795737600000,"msg":"served"}',
    "2026/11/27 00:00:01 served /items in 12ms",
    "",
)
Wrap = Callable[[str], str]


def times(name: str, count: int) -> dict[Fingerprint, int]:
    """The fingerprints of a sample that is in a log so often."""
    return {fingerprint: count * each for fingerprint, each in PLAIN[name].items()}


def prefixed(prefix: str) -> Wrap:
    return lambda text: "".join(
        f"{prefix.format(1 + at // 40, at * 37 % 1000)}{line}\n" for at, line in enumerate(text.splitlines())
    )


def docker(text: str) -> str:
    return "".join(
        json.dumps({"log": f"{line}\n", "stream": "stderr", "time": STAMP.format(1, at)}) + "\n"
        for at, line in enumerate(text.splitlines())
    )


def split_by_docker(text: str) -> str:
    """Long lines come in parts, of which only the last ends with a newline."""
    parts = [
        part
        for line in text.splitlines()
        for part in ([line[:60], line[60:] + "\n"] if len(line) > 60 else [line + "\n"])
    ]
    return "".join(
        json.dumps({"log": part, "stream": "stderr", "time": STAMP.format(1, 7)}) + "\n" for part in parts
    )


def cri(text: str) -> str:
    return "".join(f"{STAMP.format(1, at)} stderr F {line}\n" for at, line in enumerate(text.splitlines()))


def split_by_cri(text: str) -> str:
    lines = [
        (tag, part)
        for line in text.splitlines()
        for tag, part in ([("P", line[:60]), ("F", line[60:])] if len(line) > 60 else [("F", line)])
    ]
    return "".join(f"{STAMP.format(1, 7)} stderr {tag} {part}\n" for tag, part in lines)


def coloured(text: str) -> str:
    return "".join(f"\x1b[31;1m{line}\x1b[0m\n" for line in text.splitlines())


WRAPS: dict[str, Wrap] = {
    **{prefix.strip() or "indented": prefixed(prefix) for prefix in PREFIXES},
    "crlf": lambda text: text.replace("\n", "\r\n"),
    "colours": coloured,
    "docker": docker,
    "docker, split": split_by_docker,
    "cri": cri,
    "cri, split": split_by_cri,
    "after an entry": lambda text: f"2026-11-27 00:00:01,123 ERROR app: Exception on /items [GET]\n{text}",
    "gunicorn": lambda text: f"[2026-11-27 00:00:01 +0000] [7] [ERROR] Error handling request /items\n{text}",
    "uvicorn": lambda text: f"ERROR:    Exception in ASGI application\n{text}",
    "tabs escaped": lambda text: text.replace("\t", "#011"),
}
OWN_ENTRY = {"go_http", "go_recovered"}  # Go's own log package dates them
CASES = [
    (name, wrap)
    for name in NAMES
    for wrap in WRAPS
    if name not in OWN_ENTRY
    or wrap not in ("after an entry", "gunicorn", "uvicorn", "docker, split", "cri, split")
]
JSON_KEYS: dict[str, Callable[[str], object]] = {
    "python-json-logger": lambda text: {"levelname": "ERROR", "message": "failed", "exc_info": text},
    "structlog": lambda text: {"level": "error", "event": "failed", "exception": text},
    "logstash-logback": lambda text: {"level": "ERROR", "message": "failed", "stack_trace": text},
    "ecs": lambda text: {"log.level": "ERROR", "message": "failed", "error": {"stack_trace": text}},
    "pino": lambda text: {"level": 50, "msg": "failed", "err": {"type": "X", "stack": text}},
    "winston": lambda text: {"level": "error", "message": "failed", "stack": text},
    "no level": lambda text: {"time": 1795737600.5, "text": text},
}


@pytest.mark.parametrize("wrap", WRAPS)
def test_a_wrapped_stack_has_the_same_fingerprint(wrap: str) -> None:
    for name in [name for name, how in CASES if how == wrap]:
        assert prints(WRAPS[wrap](sample(name))) == times(name, 1), name


@pytest.mark.parametrize("wrap", WRAPS)
def test_three_wrapped_stacks_are_three(wrap: str) -> None:
    for name in [name for name, how in CASES if how == wrap]:
        assert prints(WRAPS[wrap](sample(name)) * 3) == times(name, 3), name


@pytest.mark.parametrize("key", JSON_KEYS)
def test_a_stack_in_a_json_entry_has_the_same_fingerprint(key: str) -> None:
    for name in IN_JSON:
        entry = json.dumps(JSON_KEYS[key](sample(name)))
        assert prints(f"{entry}\n" * 2) == times(name, 2), name
        assert prints(docker(entry)) == times(name, 1), name
        assert prints(f"{STAMP.format(1, 1)} stdout F {entry}\n") == times(name, 1), name
        assert prints(f"Nov 27 00:00:01 web api[1]: {entry}\n") == times(name, 1), name


def interleaved(texts: list[str], order: list[int]) -> str:
    """The lines of several writers, in turns."""
    left = [text.splitlines(keepends=True)[::-1] for text in texts]
    out = []
    for turn in order:
        waiting = [lines for lines in left if lines]
        if waiting:
            out.append(waiting[turn % len(waiting)].pop())
    out += [line for lines in left for line in reversed(lines)]
    return "".join(out)


CHANNELS: tuple[Wrap, ...] = (
    prefixed("api-1  | "),
    prefixed("api-2  | "),
    prefixed("Nov 27 00:00:01 web b[2]: "),
)


@settings(max_examples=60)
@given(
    st.lists(st.sampled_from(SHORT), min_size=2, max_size=3),
    st.lists(st.integers(0, 2), max_size=120),
)
def test_writers_with_a_prefix_each_may_write_in_turns(names: list[str], order: list[int]) -> None:
    texts = [wrap(sample(name)) for wrap, name in zip(CHANNELS, names, strict=False)]
    expected = Counter[Fingerprint]()
    for name in names:
        expected.update(PLAIN[name])
    assert prints(interleaved(texts, order)) == expected


@settings(max_examples=100)
@given(
    st.sampled_from(NAMES),
    st.sampled_from(["plain", "crlf", "colours", "docker", "cri"]),
    st.lists(st.tuples(st.integers(0, 60), st.sampled_from(NOISE)), max_size=6),
)
def test_lines_of_others_in_between_change_nothing(
    name: str, wrap: str, noise: list[tuple[int, str]]
) -> None:
    lines = sample(name).splitlines()
    for at, line in noise:
        lines.insert(at, line) if at < len(lines) else lines.append(line)
    text = "\n".join(lines) + "\n"
    wrapped = WRAPS[wrap](text) if wrap != "plain" else text
    assert prints(wrapped) == PLAIN[name]


def test_stacks_of_two_processes_of_one_name_are_read_apart_line_by_line() -> None:
    lines = sample("python_noted").splitlines()
    pairs = [
        f"Nov 27 00:00:0{at % 2} web api[{pid}]: {line}\n" for line in lines for at, pid in enumerate((7, 8))
    ]
    assert prints("".join(pairs)) == times("python_noted", 2)


def test_an_entry_of_loguru_has_its_level_message_and_instant() -> None:
    def entry(level: str, text: str) -> str:
        record = {
            "exception": None,
            "level": {"icon": "!", "name": level, "no": 40},
            "message": "payment 5 failed",
            "time": {"repr": "2026-11-27 00:00:00+00:00", "timestamp": 1795737600.5},
        }
        return json.dumps({"text": text, "record": record}) + "\n"

    plain, stack = groups_in(
        entry("INFO", "served") + entry("ERROR", "x") + entry("ERROR", sample("python_noted"))
    )[::-1]
    assert (plain.stack.language, plain.stack.exception, plain.message.text) == (
        "log",
        "ERROR",
        "payment 5 failed",
    )
    assert (plain.first, stack.first) == (1795737600.5, 1795737600.5)
    assert prints(entry("ERROR", sample("python_noted"))) == times("python_noted", 1)
