"""A suppression covers its own object and rule, only with a reason, and stays visible."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.audit.reading_audits import audited, rules

JOB = """apiVersion: batch/v1
kind: CronJob
metadata:
  name: {name}
  {annotations}
spec:
  schedule: "7 2 * * *" {comment}
  timeZone: Etc/UTC
"""
RULE = "cronjob-starting-deadline"


def job(name: str = "report", annotations: str = "", comment: str = "") -> str:
    return JOB.format(name=name, annotations=annotations, comment=comment)


@pytest.mark.parametrize(
    "text",
    [
        job(annotations=f"annotations: {{midnight-audit: ignore={RULE} started by hand}}"),
        job(comment=f"# midnight-audit: ignore={RULE} started by hand"),
        f"# midnight-audit: ignore={RULE},no-spread started by hand\n" + job(),
    ],
)
def test_an_annotation_or_a_comment_with_a_reason_suppresses(tmp_path: Path, text: str) -> None:
    found = audited(tmp_path, text)
    assert rules(found) == []
    assert [(each.rule, each.suppressed) for each in found.suppressed] == [(RULE, "started by hand")]


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (job(), [RULE]),
        (job(comment=f"# midnight-audit: ignore={RULE}"), [RULE, "suppression"]),
        (job(comment="# midnight-audit: ignore=no-spread because"), [RULE]),
        (job(comment="# midnight-audit: ignore=nothing because"), [RULE, "suppression"]),
        (job(comment="# midnight-audit: leave me alone"), [RULE, "suppression"]),
        (
            job() + "---\n" + job("other", comment=f"# midnight-audit: ignore={RULE},cronjobs-same-minute x"),
            [RULE],
        ),
    ],
)
def test_nothing_else_is_suppressed(tmp_path: Path, text: str, left: list[str]) -> None:
    assert rules(audited(tmp_path, text)) == left


def test_a_comment_above_the_services_holds_for_all_of_them_and_one_within_for_its_own(
    tmp_path: Path,
) -> None:
    rule = "compose-no-restart"
    services = "services:\n  a:\n    image: a:1\n  # {b}\n  b:\n    image: b:1\n"
    whole = audited(tmp_path, f"# midnight-audit: ignore={rule} a test\n" + services)
    assert [each.item for each in whole.suppressed] == ["service a", "service b"]
    one = audited(tmp_path, services.replace("{b}", f"midnight-audit: ignore={rule} a test"))
    assert [each.item for each in one.suppressed] == ["service b"]


def test_two_suppressions_in_one_annotation_have_a_reason_each(tmp_path: Path) -> None:
    text = f'annotations: {{midnight-audit: "ignore={RULE} by hand; ignore=cronjob-time-zone"}}'
    found = audited(tmp_path, job(annotations=text).replace("  timeZone: Etc/UTC\n", ""))
    assert {each.rule: each.suppressed for each in found.suppressed} == {RULE: "by hand"}
    assert rules(found) == ["suppression", "cronjob-time-zone"]
