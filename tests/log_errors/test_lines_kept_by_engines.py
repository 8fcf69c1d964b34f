"""Lines as Docker, containerd and shippers keep them: a log within JSON, lines in parts, several lines in one."""

from __future__ import annotations

import json

import pytest

from tests.log_errors.reading_logs import groups_in, only

AT = "2026-11-27T00:00:02.5Z"
SPACES = [(",", ":"), (", ", ": ")]


def docker(log: str, **more: object) -> str:
    return json.dumps({"log": log, "stream": "stderr", "time": AT} | more) + "\n"


@pytest.mark.parametrize("separators", SPACES, ids=["compact", "spaced"])
@pytest.mark.parametrize(
    ("entry", "level"),
    [
        ({"level": "error", "msg": "boom"}, "ERROR"),
        ({"severity": "critical", "msg": "boom"}, "CRITICAL"),
        ({"level": "dpanic", "msg": "boom"}, "DPANIC"),
        ({"level": 50, "time": 1795824001500, "msg": "boom"}, "ERROR"),
        ({"level": 60, "time": 1795824001500, "msg": "boom"}, "FATAL"),
    ],
)
def test_the_level_of_a_json_entry_within_dockers_json_is_seen(
    entry: dict[str, object], level: str, separators: tuple[str, str]
) -> None:
    served = docker("served\n") * 100
    inner = docker(json.dumps(entry, separators=separators) + "\n")
    group = only(served + inner + served + inner)
    assert (group.stack.exception, group.message.text, group.count) == (level, "boom", 2)


@pytest.mark.parametrize("separators", SPACES, ids=["compact", "spaced"])
def test_an_entry_without_the_level_of_an_error_within_dockers_json_is_none(
    separators: tuple[str, str],
) -> None:
    entry = {"level": "info", "error": None, "status": 50, "msg": "the level is error"}
    assert groups_in(docker(json.dumps(entry, separators=separators) + "\n")) == []
