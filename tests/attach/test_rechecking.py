"""The target is looked at again while the baseline is under load: what goes another way then is not played on."""

from __future__ import annotations

import pytest

from chaos.errors import NoVerdict
from chaos.targets.attach.driver import AttachDriver
from tests.attach.files import experiment, target
from tests.attach.service import Service
from tests.midnight import Midnight
from tests.typed import typed

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("own_place")]


@pytest.mark.parametrize(("past", "code"), [("", 0), ("worker goes past", 3)])
def test_a_target_that_changed_during_the_baseline_gets_no_injection(
    midnight: Midnight,
    service: Service,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    past: str,
    code: int,
) -> None:
    asked = 0

    def recheck(_: AttachDriver) -> None:
        nonlocal asked
        asked += 1
        if past:
            raise NoVerdict(past)

    monkeypatch.setattr(AttachDriver, "recheck", recheck)
    done = typed(capsys, "run", experiment(midnight), "--target", target(midnight, service.url))
    assert (done.code, asked) == (code, 1), done.printed
    assert past in done.printed
    assert any(event.name == "play" for event in midnight.events()) is not bool(past)
