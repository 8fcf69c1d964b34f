"""What the tests of audits share."""

from __future__ import annotations

from pathlib import Path

from chaos.audit.auditing import audit
from chaos.audit.finding import Audit
from chaos.audit.measured import Measured
from chaos.audit.names import Map

FIXTURES = Path(__file__).parent / "fixtures"
MEASURED = Measured("20261126T230000Z-abc123", p99=4.2, peak={"api": 900e6})
"""A run with a slow midnight."""


def audited(tmp_path: Path, text: str, names: Map | None = None, measured: Measured | None = None) -> Audit:
    """Audit one manifest."""
    path = tmp_path / "manifest.yaml"
    path.write_text(text)
    return audit([path], names, measured)


def rules(found: Audit) -> list[str]:
    return [each.rule for each in found.standing]
