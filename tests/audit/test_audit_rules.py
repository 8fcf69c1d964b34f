"""Each rule finds what breaks it, at its line, and leaves alone what does not."""

from __future__ import annotations

import pytest

from chaos.audit.auditing import audit
from chaos.audit.registered import RULES
from chaos.audit.rule import Rule, Severity
from tests.audit.reading_audits import FIXTURES, MEASURED
from tests.midnight import PROJECT


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_finds_what_breaks_it_and_leaves_alone_what_does_not(rule: Rule) -> None:
    red = audit([FIXTURES / rule.id / "red.yaml"], measured=MEASURED)
    green = audit([FIXTURES / rule.id / "green.yaml"], measured=MEASURED)
    found = [each for each in red.standing if each.rule == rule.id]
    assert found
    assert all(each.severity is rule.severity and len(each.because) < 300 for each in found)
    assert [each.because for each in green.standing if each.rule == rule.id] == []


def test_every_rule_has_its_fixtures_and_every_fixture_its_rule() -> None:
    files = {str(path.relative_to(FIXTURES)) for path in FIXTURES.rglob("*.yaml")}
    assert files == {f"{rule.id}/{colour}.yaml" for rule in RULES for colour in ("red", "green")}


def test_every_rule_has_a_file_of_its_own_and_says_why_and_what_to_type() -> None:
    files = {path.stem for path in (PROJECT / "chaos/audit/rules").glob("[a-z]*.py")}
    assert files == {rule.id.replace("-", "_") for rule in RULES}
    assert len({rule.id for rule in RULES}) == len(RULES)
    assert all(rule.what and rule.why and rule.fix for rule in RULES)
    assert all(rule.severity is not Severity.NOTE for rule in RULES)


@pytest.mark.parametrize(
    ("rule", "line", "because"),
    [
        ("few-replicas", 21, "Deployment api has 1 of at least 3 minReplicas of its autoscaler"),
        ("liveness-asks-database", 17, "/health asks the database, says the comment beside it"),
        ("liveness-asks-database", 29, "its command asks the database (pg_isready)"),
        ("budget-permits-no-drain", 19, "minAvailable 100% keeps each of the 3 Pods of Deployment api"),
        ("grace-too-short", 11, "1m of grace for preStop 15 s + --graceful-timeout 1m = 1m 15s"),
        ("cronjob-overlap", 6, "due every 5m with concurrencyPolicy Allow, and may run for 10m"),
        ("cronjobs-at-midnight", 6, "CronJob backup is due at 00:00, and so are clean, report"),
        ("connections", 22, "api 3 x 4 x (30 + 10) = 480 + clean 1 x 1 x (5 + 0) = 5: 485 connections"),
        ("connections", 22, "database permits 200 - 3 = 197"),
        ("liveness-against-run", 15, "1 s x 3 = 3 s, and the p99 of run 20261126T230000Z-abc123 is 4.2 s"),
        ("memory-limit-against-run", 15, "is limited to 512 MiB, and came to 858 MiB in run 2026"),
    ],
)
def test_a_finding_names_its_line_and_its_numbers(rule: str, line: int, because: str) -> None:
    found = audit([FIXTURES / rule / "red.yaml"], measured=MEASURED).standing
    assert [line] == [each.line for each in found if each.rule == rule and because in each.because], [
        (each.line, each.because) for each in found if each.rule == rule
    ]


def test_no_secret_is_shown() -> None:
    found = audit([FIXTURES / "secret-in-env" / "red.yaml"]).standing
    shown = " ".join(each.because for each in found)
    assert {each.because.split(": ")[1].split()[0] for each in found if each.rule == "secret-in-env"} == {
        "DB_PASSWORD",
        "BROKER_URL",
    }
    assert "not-so-secret-1" not in shown
    assert "hunter2" not in shown
