"""A service that speaks TLS, with a certificate of an authority of its own house."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.attach.files import RECORDS, experiment, target
from tests.attach.service import Service
from tests.certificates import server_of
from tests.midnight import Midnight

pytestmark = pytest.mark.real


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    found = Service(tls=server_of("localhost", tmp_path / "authority.pem"))
    found.start()
    yield found
    found.stop()


def test_a_service_with_a_trusted_certificate_is_probed_loaded_and_read_back(
    midnight: Midnight, service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    done = midnight(
        "run",
        experiment(midnight, "limits: {lost_writes: 0}\n"),
        "--target",
        target(midnight, service.url, top="ready: /ready\n", ledger=RECORDS),
    )
    assert done.code == 0, done.err + done.out
    assert midnight.outcomes()["availability: availability"] == "pass"
    assert midnight.outcomes()["loss: lost_writes"] == "pass"
    assert service.paths() >= {"/ready", "/records"}


@pytest.mark.full
def test_a_service_with_an_untrusted_certificate_gives_no_verdict(
    midnight: Midnight, service: Service
) -> None:
    done = midnight(
        "run", experiment(midnight), "--target", target(midnight, service.url, "  ready_within: 1s\n")
    )
    assert done.code == 3, done.err + done.out
    assert "certificate" in done.err + done.out
    assert service.asked == []
