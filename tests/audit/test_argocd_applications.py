"""Which Applications heal and prune."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.audit.reading_audits import FIXTURES, audited, rules

PRUNES = (FIXTURES / "argocd-prunes-state" / "red.yaml").read_text()
GIVEN = "{selfHeal: true, prune: true}"


@pytest.mark.parametrize(
    ("automated", "found"),
    [
        (GIVEN, {"argocd-prunes-state"}),
        ("{enabled: true, selfHeal: true, prune: true}", {"argocd-prunes-state"}),
        ("{enabled: false, selfHeal: true, prune: true}", {"argocd-no-self-heal"}),
        ("{enabled: false}", {"argocd-no-self-heal"}),
        ("{enabled: true, selfHeal: true}", set()),
    ],
)
def test_what_is_disabled_neither_heals_nor_prunes(tmp_path: Path, automated: str, found: set[str]) -> None:
    assert set(rules(audited(tmp_path, PRUNES.replace(GIVEN, automated)))) == found
