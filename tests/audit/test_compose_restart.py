"""Which services of a Compose file stay down."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.audit.reading_audits import audited, rules

ALWAYS = "restart: always"


def deploy(policy: str) -> str:
    return f"deploy: {{restart_policy: {policy}}}"


@pytest.mark.parametrize(
    ("keys", "stays_down"),
    [
        ([], True),
        (['restart: "no"'], True),
        (["restart: no"], True),
        ([ALWAYS], False),
        (["restart: on-failure:3"], False),
        ([deploy("{condition: none}")], True),
        ([deploy("{condition: none}"), 'restart: "no"'], True),
        ([deploy("{condition: none}"), ALWAYS], True),  # Compose lets `deploy` decide
        ([deploy("{condition: any}"), 'restart: "no"'], False),
        ([deploy("{condition: on-failure, max_attempts: 3}")], False),
        ([deploy("{delay: 5s}")], False),
        ([deploy("null"), ALWAYS], False),
        ([deploy("null")], True),
    ],
)
def test_the_policy_in_force_decides(tmp_path: Path, keys: list[str], *, stays_down: bool) -> None:
    lines = ["services:", "  api:", "    image: shop/api:1", *(f"    {key}" for key in keys)]
    found = audited(tmp_path, "\n".join(lines) + "\n")
    assert ("compose-no-restart" in rules(found)) is stays_down
