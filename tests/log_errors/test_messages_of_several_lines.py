"""Messages of several lines as rsyslog escapes and journalctl indents them."""

from __future__ import annotations

import pytest

from tests.log_errors.reading_logs import groups_in, only, prints, sample

NAMES = ["python_noted", "python_taskgroup", "java_caused", "java_suppressed", "node_coded", "go_index"]
SYSLOG = "Nov 27 00:00:01 web-1 api[4711]: "
JOURNAL = {
    "short": SYSLOG,
    "short-iso": "2026-11-27T00:00:01+0000 web-1 api[4711]: ",
    "short-precise": "Nov 27 00:00:01.010422 web-1 api[4711]: ",
    "short-full": "Fri 2026-11-27 00:00:01 UTC web-1 api[4711]: ",
    "short-monotonic": "[26292.756081] web-1 api[4711]: ",
    "short-unix": "1795737601.010422 web-1 api[4711]: ",
    "no pid": "Nov 27 00:00:01 web-1 kubelet: ",
}


def escaped(text: str) -> str:
    return text.rstrip("\n").replace("\t", "#011").replace("\n", "#012")


def indented(text: str, prefix: str, tab: str = " " * 8) -> str:
    """As journalctl 252 prints a message: a tab is eight spaces there, unless it shows all."""
    first, *others = text.rstrip("\n").replace("\t", tab).split("\n")
    return "\n".join([prefix + first, *(" " * len(prefix) + line for line in others)]) + "\n"


@pytest.mark.parametrize("first", ["", "ERROR failed\n"])
@pytest.mark.parametrize("name", NAMES)
def test_a_stack_that_syslog_escaped_is_a_stack(name: str, first: str) -> None:
    entry = f"{SYSLOG}{escaped(first + sample(name))}\n"
    assert prints(entry) == prints(sample(name))
    assert prints(f"{SYSLOG}served\n{entry}" * 3) == prints(sample(name) * 3)


def test_a_stack_that_syslog_escaped_may_begin_within_the_first_line() -> None:
    name = "python_noted"
    assert prints(f"{SYSLOG}ERROR failed: {escaped(sample(name))}\n") == prints(sample(name))


@pytest.mark.parametrize("message", ["order #012 failed", "order #0123 failed", "failed#012at shard 7"])
def test_a_number_with_the_form_of_an_escape_stays_in_a_message(message: str) -> None:
    assert only(f"{SYSLOG}ERROR {message}\n").message.text == message


@pytest.mark.parametrize("prefix", JOURNAL)
@pytest.mark.parametrize("name", NAMES)
def test_a_stack_that_journalctl_indented_is_a_stack(name: str, prefix: str) -> None:
    before = JOURNAL[prefix]
    entry = indented(sample(name), before)
    assert prints(entry) == prints(sample(name))
    assert prints(indented(sample(name), before, tab="\t")) == prints(sample(name))
    assert prints(f"{before}served\n{entry}{before}served\n" * 3) == prints(sample(name) * 3)


@pytest.mark.parametrize("name", NAMES)
def test_the_first_line_of_a_journals_message_may_be_passed_over(name: str) -> None:
    entry = indented(f"could not serve it\n\n{sample(name)}", SYSLOG)
    assert prints(f"{SYSLOG}served\n{entry}") == prints(sample(name))


def test_a_further_line_in_the_journal_belongs_to_the_message_of_the_exception() -> None:
    traceback = sample("python_noted").rstrip("\n") + "\nin shard 7"
    groups = groups_in(indented(traceback, SYSLOG) + f"{SYSLOG}ERROR boom\n")
    assert [group.stack.language for group in groups] == ["python", "log"]


@pytest.mark.parametrize("name", NAMES)
def test_a_stack_with_an_indentation_of_its_own_is_a_stack(name: str) -> None:
    text = "".join(f"{' ' * 20}{line}\n" for line in sample(name).splitlines())
    assert prints(f"{SYSLOG}served\n{text}") == prints(sample(name))
