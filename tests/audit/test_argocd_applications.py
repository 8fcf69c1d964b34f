"""Which Applications heal and prune."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaos.audit.auditing import audit
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


@pytest.mark.parametrize(
    ("of_all", "own", "is_found"),
    [
        ("", "", True),
        ("Prune=false", "", False),
        ("Prune=confirm", "", False),
        ("PruneLast=true", "", True),
        ("", "Prune=false", False),
        ("", "Delete=false, Prune=confirm", False),
        ("", "Prune=true", True),
        ("Prune=false", "Prune=true", True),  # an object's own goes first
        ("Prune=true", "Prune=false", False),
    ],
)
def test_what_is_kept_or_confirmed_is_not_pruned(
    tmp_path: Path, of_all: str, own: str, *, is_found: bool
) -> None:
    text = PRUNES.replace("  syncPolicy:\n", f"  syncPolicy:\n    syncOptions: [{of_all}]\n")
    annotation = f"  annotations: {{argocd.argoproj.io/sync-options: '{own}'}}\n"
    found = audited(tmp_path, text.replace("  name: uploads\n", f"  name: uploads\n{annotation}"))
    assert rules(found) == (["argocd-prunes-state"] if is_found else [])


@pytest.mark.parametrize(("of_all", "notes"), [("Prune=false", 0), ("", 1)])
def test_an_application_that_keeps_all_needs_no_objects(tmp_path: Path, of_all: str, notes: int) -> None:
    alone = PRUNES.partition("---")[0]
    text = alone.replace("  syncPolicy:\n", f"  syncPolicy:\n    syncOptions: [{of_all}]\n")
    assert len(audited(tmp_path, text).standing) == notes


@pytest.mark.parametrize(
    ("source", "here", "paths", "is_found"),
    [
        ("deploy/shop", ".", ["app.yaml", "deploy"], True),
        ("deploy/shop", "deploy", ["../app.yaml", "shop"], True),
        ("deploy/shop", "deploy/shop", ["../../app.yaml", "."], True),
        ("deploy/bank", "deploy", ["../app.yaml", "shop"], False),
        ("shop", "deploy", ["../app.yaml", "shop"], True),
        ("deploy", "deploy", ["../app.yaml", "shop"], False),  # any directory may have this name
    ],
)
def test_the_sources_directory_is_found_from_within(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    source: str,
    here: str,
    paths: list[str],
    *,
    is_found: bool,
) -> None:
    (tmp_path / "deploy/shop").mkdir(parents=True)
    application, _, claim = PRUNES.replace("path: deploy/shop", f"path: {source}").partition("---")
    (tmp_path / "app.yaml").write_text(application)
    (tmp_path / "deploy/shop/claim.yaml").write_text(claim.replace("  namespace: shop\n", ""))
    monkeypatch.chdir(tmp_path / here)
    found = audit([Path(each) for each in paths]).standing
    assert [each.severity.value for each in found] == (["error"] if is_found else ["note"])
