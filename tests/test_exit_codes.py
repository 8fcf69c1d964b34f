"""One place maps everything to an exit code."""

from __future__ import annotations

import pytest

from chaos import cli
from chaos.errors import worst


@pytest.mark.parametrize(
    ("codes", "expected"),
    [([], 0), ([0, 3], 3), ([3, 4], 4), ([4, 1], 1), ([1, 5], 5), ([5, 6, 1], 6), ([0], 0)],
)
def test_a_violation_proven_before_an_abort_stays_a_violation(codes: list[int], expected: int) -> None:
    assert worst(codes) == expected


def test_an_uncaught_exception_is_a_failure_of_the_tool_and_no_violation(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("chaos.plan.build.build", lambda *_: 1 / 0)
    with pytest.raises(SystemExit) as ended:
        cli.main(["run", "smoke"])
    assert ended.value.code == 5
    assert "failure of midnight itself" in capsys.readouterr().err
