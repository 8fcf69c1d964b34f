"""The login of a crowd in a target file: a plan does not read it, and one that cannot be is refused."""

from __future__ import annotations

import pytest

from chaos.host.ports import free_port
from chaos.toxiproxy import Toxiproxy
from tests.attach.files import experiment, target
from tests.midnight import Midnight
from tests.typed import refusal, typed

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("own_place")]

STORM = "steps:\n  - {name: storm, fault: reconnect_storm, at: 500ms, hold: 500ms, with: {proxy: cache, burst: 0}}\n"


@pytest.mark.parametrize(
    ("crowd", "words"),
    [
        ("", "redis, guessed from the port of 127.0.0.1:6379; a crowd only greets it: no `crowd`"),
        (", crowd: {env: NOT_THERE}", "redis, guessed from the port of 127.0.0.1:6379; a crowd signs in"),
    ],
)
def test_the_plan_says_whether_a_crowd_signs_in_without_reading_the_login(
    crowd: str, words: str, midnight: Midnight, capsys: pytest.CaptureFixture[str]
) -> None:
    there = f'{{upstream: "127.0.0.1:6379", listen: "127.0.0.1:{free_port()}"{crowd}}}'
    file = target(midnight, "http://127.0.0.1:9", f"  proxies: {{cache: {there}}}\n")
    done = typed(capsys, "run", experiment(midnight, STORM), "--target", file, "--dry-run")
    assert done.code == 0 and words in done.out, done.printed


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("mysql://shop:s3cr3t@x/y", "crowd: is a login to mysql, but the proxy leads to redis"),
        ("redis://:s3cr3t@w0rd@x", "crowd: is ambiguous"),
        ("redis://x:6379", "crowd: has no password"),
        (None, "crowd: environment variable CROWD is not set"),
    ],
)
def test_a_login_that_cannot_be_is_refused_before_anything_is_touched(
    url: str | None,
    words: str,
    toxiproxy: Toxiproxy,
    midnight: Midnight,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if url is not None:
        monkeypatch.setenv("CROWD", url)
    there = f'{{api: "{toxiproxy.url}", name: mine, kind: redis, crowd: {{env: CROWD}}}}'
    file = target(midnight, "http://127.0.0.1:9", f"  proxies: {{cache: {there}}}\n")
    told = refusal(capsys, "run", experiment(midnight, STORM), "--target", file)
    assert words in told and "s3cr3t" not in told and "w0rd" not in told
