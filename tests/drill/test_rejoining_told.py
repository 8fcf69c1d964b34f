"""What is told of an old primary that came back was measured."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from chaos.postgres.rewind import Rejoined
from chaos.targets.embedded import actions, operations, rejoining
from chaos.targets.embedded.servers import Estate


def test_the_time_of_verifying_is_that_of_the_check_which_was_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]

    def follows(*_: Any, **__: Any) -> None:
        now[0] += 2.5

    monkeypatch.setattr(rejoining, "time", SimpleNamespace(monotonic=lambda: now[0]))
    monkeypatch.setattr(rejoining, "rejoin", lambda *_, **__: Rejoined(True, 1.0, 2.0, 1.91e-6))
    monkeypatch.setattr(rejoining, "verify_following", follows)
    monkeypatch.setattr(rejoining, "Standby", lambda *_: None)
    monkeypatch.setattr(rejoining, "address", lambda _: None)
    old = SimpleNamespace(stop=lambda _: None, data=tmp_path)
    estate = cast(Estate, SimpleNamespace(primary=old, current=object(), access=None))
    assert rejoining.rejoin_as_standby(estate)["verifying"] == 2.5


def test_every_action_of_the_stack_has_parameters_and_is_performed() -> None:
    assert set(operations._DO) == set(actions.PARAMS)
