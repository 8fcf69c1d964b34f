"""Entries with a prefix that this room does not know are entries of their own, and a message's lines are not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.log_errors.reading_logs import groups_in, only, sample

TRACEBACK = sample("python_noted")
FORMS = {
    "logrus": 'time="2026-11-27T00:00:0{n}Z" level=error msg="boom"',
    "logfmt": 'ts=2026-11-27T00:00:0{n}Z caller=x.go:1{n} level=error err="boom"',
    "logfmt, level first": 'level=error ts=2026-11-27T00:00:0{n}Z msg="boom"',
    "slog": 'time=2026-11-27T00:00:0{n}.000Z level=ERROR msg="boom"',
    "name in brackets": "[api] ERROR boom {n}",
    "name": "shop.api ERROR boom {n}",
    "one word": "worker ERROR boom {n}",
    "an exception as message": "worker ERROR ConnectionError: refused {n}",
    "padded names": "{name} ERROR boom",
    "compose": "api-1  | shop.api ERROR boom {n}",
    "cri": "2026-11-27T00:00:0{n}.5Z stderr F shop.api ERROR boom",
    "kubectl": "[pod/api-{n}/api] shop ERROR boom",
    "journald without a date": "host api[4711]: ERROR boom {n}",
    "tomcat": "27-Nov-2026 00:00:0{n}.123 SEVERE [main] org.apache.catalina.core.X boom",
    "ctime": "Fri Nov 27 00:00:0{n} 2026 ERROR boom",
    "apache": "[Fri Nov 27 00:00:0{n}.123 2026] [wsgi:error] [pid 5] boom",
    "day first": "27/11/2026 00:00:0{n} ERROR boom",
    "dots": "2026.11.27 00:00:0{n} ERROR boom",
    "number in front": "(4711) [2026-11-27 00:00:0{n}] ERROR boom",
    "epoch": "179582400{n}.123 ERROR boom",
    "nest": "[Nest] 1  - 11/27/2026, 12:00:0{n} AM   ERROR [Api] boom",
}


def written(form: str) -> Iterator[str]:
    for n in range(5):
        yield f"{form.format(n=n, name='shop.' + 'x' * n + ' ' * (5 - n))}\n"


@pytest.mark.parametrize("form", FORMS)
def test_five_entries_of_one_form_are_five_errors(form: str) -> None:
    assert only("".join(written(FORMS[form]))).count == 5


def test_entries_of_one_form_and_several_messages_are_several_groups() -> None:
    groups = groups_in("worker ERROR disk full\nworker ERROR database gone\nworker CRITICAL stopping\n")
    assert {(group.stack.exception, group.message.text) for group in groups} == {
        ("ERROR", "disk full"),
        ("ERROR", "database gone"),
        ("CRITICAL", "stopping"),
    }


@pytest.mark.parametrize("form", sorted(FORMS.keys() - {"compose", "cri"}))  # those wrap the stack, too
def test_only_the_last_entry_before_a_stack_is_that_of_the_stack(form: str) -> None:
    stack, entry = groups_in("".join(written(FORMS[form])) + TRACEBACK)
    assert (stack.stack.language, stack.count, entry.stack.language, entry.count) == ("python", 1, "log", 4)


def test_an_entry_is_not_that_of_a_stack_after_another_entry() -> None:
    stack, entry = groups_in(f"shop.api ERROR disk full\nshop.api INFO retry\n{TRACEBACK}")
    assert (stack.stack.language, entry.message.text) == ("python", "disk full")


def test_entries_of_several_forms_are_errors_each() -> None:
    text = (
        "2026-11-27 00:00:01 ERROR disk full\n27/11/2026 00:00:01 ERROR database gone\nshop.api ERROR boom\n"
    )
    assert {group.message.text for group in groups_in(text)} == {"disk full", "database gone", "boom"}


@pytest.mark.parametrize(
    "line",
    [
        "  - field total: ERROR too long",
        "    ERROR in the detail",
        "the remote said ERROR: no route",
        "Status: ERROR",
        'upstream answered at 00:00:01 with "ERROR"',
        "java.lang.IllegalStateException: level is ERROR",
    ],
)
@pytest.mark.parametrize("entry", ["2026-11-27 00:00:01 ERROR not valid:", "[api] ERROR not valid:"])
def test_a_level_in_a_further_line_of_a_message_begins_no_entry(entry: str, line: str) -> None:
    assert only(f"{entry}\n{line}\n").message.text == "not valid:"


def test_a_message_of_several_lines_with_a_level_stays_one_error_with_its_stack() -> None:
    group = only(f"worker ERROR not valid:\n  - field total: ERROR too long\n{TRACEBACK}")
    assert (group.stack.language, group.count) == ("python", 1)


def test_entries_after_a_traceback_are_errors_of_their_own() -> None:
    stack, *entries = groups_in(f"{TRACEBACK}shop.api ERROR disk full\nshop.api CRITICAL database gone\n")
    assert stack.stack.language == "python"
    assert {each.message.text for each in entries} == {"disk full", "database gone"}
