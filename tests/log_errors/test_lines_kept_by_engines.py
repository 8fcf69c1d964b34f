"""Lines as Docker, containerd and shippers keep them: a log within JSON, lines in parts, several lines in one."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from chaos.log_errors.parser import LOOKBACK
from tests.log_errors.reading_logs import errors_in, groups_in, only, prints, sample

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


@pytest.mark.parametrize(
    "entry",
    [
        {"level": "error", "msg": "boom", "log": "app"},
        {"log": "app", "level": "error", "msg": "boom", "stream": "orders"},
    ],
)
def test_a_programs_own_key_log_is_none_of_dockers(entry: dict[str, object]) -> None:
    group = only(json.dumps(entry))
    assert (group.stack.exception, group.message.text) == ("ERROR", "boom")


MORE: dict[str, dict[str, object]] = {
    "docker": {},
    "docker with labels": {"attrs": {"tag": "api"}},
    "fluentd in Kubernetes": {"kubernetes": {"pod_name": "api-7d9c"}},
    "Docker's own driver for fluentd": {"container_name": "/api", "source": "stderr", "stream": None},
}


def shipped(log: str, more: dict[str, object]) -> str:
    entry = {"log": log, "stream": "stderr", "time": AT} | more
    return json.dumps({key: value for key, value in entry.items() if value is not None}) + "\n"


@pytest.mark.parametrize("more", MORE)
@pytest.mark.parametrize(
    "name", ["python_noted", "python_taskgroup", "java_caused", "node_coded", "go_index"]
)
def test_several_lines_that_a_shipper_made_one_are_lines(name: str, more: str) -> None:
    entry = shipped(sample(name), MORE[more])
    assert prints(entry) == prints(sample(name))
    assert prints(entry * 3) == prints(sample(name) * 3)


def test_an_entry_of_several_lines_without_a_stack_is_one_error() -> None:
    group = only(shipped("2026-11-27 00:00:01 ERROR failed\nat shard 7\n", MORE["fluentd in Kubernetes"]))
    assert (group.count, group.message.text) == (1, "failed")


def test_an_entry_of_very_many_lines_is_read_within_bounds() -> None:
    content = docker("\n" * 100_000 + "ERROR boom\n") + docker("ERROR gone\n")
    assert [group.message.text for group in groups_in(content)] == ["gone"]


@pytest.mark.parametrize(
    "more",
    [
        {"kubernetes": {"pod_name": "api-7d9c"}},
        {"logtag": "F"},
        {"container_name": "/api", "source": "stderr", "stream": None},
    ],
)
def test_lines_whose_ends_a_shipper_has_cut_off_are_lines(more: dict[str, object]) -> None:
    lines = sample("python_noted").splitlines()
    assert prints("".join(shipped(line, more) for line in lines)) == prints(sample("python_noted"))


def test_shipped_lines_that_say_that_they_are_parts_are_joined() -> None:
    entry = '{"level":"error","msg":"boom"}'
    text = shipped(entry[:17], {"logtag": "P"}) + shipped(entry[17:], {"logtag": "F"})
    assert only(text).message.text == "boom"


def cri(parts: list[str], stream: str = "stderr") -> str:
    tags = ["P"] * (len(parts) - 1) + ["F"]
    return "".join(f"{AT} {stream} {tag} {part}\n" for tag, part in zip(tags, parts, strict=True))


def in_docker(parts: list[str], stream: str = "stderr") -> str:
    return "".join(docker(part, stream=stream) for part in [*parts[:-1], f"{parts[-1]}\n"])


def cut(text: str, size: int) -> list[str]:
    return [text[at : at + size] for at in range(0, len(text), size)]


@pytest.mark.parametrize("split", [cri, in_docker])
def test_a_level_in_the_last_part_of_a_json_entry_is_seen(split: Callable[[list[str]], str]) -> None:
    group = only(split(['{"time":"2026-11-27T00:00:01Z","msg":"xxx', 'yyy","level":"error"}']))
    assert (group.stack.exception, group.message.text) == ("ERROR", "xxxyyy")


@pytest.mark.parametrize("split", [cri, in_docker])
@pytest.mark.parametrize("padding", [20_000, 200_000])
def test_a_stack_at_the_end_of_a_long_entry_in_parts_is_seen(
    split: Callable[[list[str]], str], padding: int
) -> None:
    entry = json.dumps({"ts": AT, "pad": "x" * padding, "exception": sample("python_noted"), "lvl": "error"})
    parts = split(cut(entry, 16_384))
    assert prints(parts) == prints(sample("python_noted"))
    assert prints((split(["served"]) * 3 + parts) * 3) == prints(sample("python_noted") * 3)


@pytest.mark.parametrize("split", [cri, in_docker])
def test_parts_of_two_streams_are_joined_apart(split: Callable[[list[str], str], str]) -> None:
    def entry(stream: str) -> list[str]:
        return split([f'{{"msg":"{stream}', ' failed",', '"level":"error"}'], stream).splitlines(
            keepends=True
        )

    pairs = zip(entry("stdout"), entry("stderr"), strict=True)
    text = "".join(line for pair in pairs for line in pair)
    assert {group.message.text for group in groups_in(text)} == {"stdout failed", "stderr failed"}


def test_what_a_program_wrote_last_is_no_part_of_the_next_entry() -> None:
    text = docker("> ") + docker("2026-11-27 00:00:01 ERROR boom\n")
    assert only(text).message.text == "boom"
    text = docker('{"half":') + docker('{"level":"error","msg":"boom"}\n')
    assert only(text).message.text == "boom"


def test_an_entry_in_more_parts_than_are_looked_back_at_is_left_out() -> None:
    parts = ['{"msg":"', *(["x"] * LOOKBACK), '","level":"error"}']
    assert errors_in(cri(parts) + cri(['{"msg":"boom","level":"error"}'])).count == 1
