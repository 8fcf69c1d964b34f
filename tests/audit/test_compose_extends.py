"""What a Compose service takes over by `extends` counts as its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaos.audit.auditing import audit
from tests.audit.reading_audits import audited, rules

SOUND = """
    image: acme/api:1
    restart: unless-stopped
    mem_limit: 1g
    logging: {driver: local}
    healthcheck: {test: [CMD, "true"]}
"""


def test_a_service_has_what_it_takes_over_and_its_own_goes_first(tmp_path: Path) -> None:
    api = f"services:\n  api:{SOUND}"
    assert rules(audited(tmp_path, f"{api}  job:\n    extends: {{service: api}}\n")) == []
    assert rules(audited(tmp_path, f"{api}  job:\n    extends: api\n    image: acme/api:latest\n")) == [
        "image-not-pinned"
    ]
    (found,) = audited(tmp_path, f"{api}  job:\n    extends: api\n    image: acme/api\n").standing
    assert found.line == 10, "the line of the service's own key"


def test_mappings_are_merged_by_their_keys_and_an_environment_in_either_form(tmp_path: Path) -> None:
    base = f"services:\n  api:{SOUND}    environment: [DB_PASSWORD=hunter22]\n"
    own = "  job:\n    extends: api\n    environment: {DB_PASSWORD: '${DB_PASSWORD}'}\n"
    assert [each.item for each in audited(tmp_path, base + own).standing] == ["service api"]


def test_a_service_of_another_file_is_taken_over(tmp_path: Path) -> None:
    (tmp_path / "common").mkdir()
    (tmp_path / "common/base.yaml").write_text(f"services:\n  base:{SOUND}  api:\n    extends: base\n")
    assert (
        rules(audited(tmp_path, "services:\n  api:\n    extends: {file: common/base.yaml, service: api}\n"))
        == []
    )


@pytest.mark.parametrize(
    ("extends", "because"),
    [
        ("nobody", "manifest.yaml has no service nobody"),
        ("{file: other.yaml, service: api}", "other.yaml"),
        ("{file: other.yaml}", "name a service: {service: NAME}, with file: PATH for another file"),
        ("[api]", "name a service: {service: NAME}, with file: PATH for another file"),
        ("api", "more than 20 services extend each other, or go round in a circle"),
    ],
)
def test_what_cannot_be_taken_over_is_one_line(tmp_path: Path, extends: str, because: str) -> None:
    path = tmp_path / "manifest.yaml"
    path.write_text(f"services:\n  api:\n    extends: {extends}\n")
    (error,) = audit([path]).unread
    assert because in str(error)
    assert "\n" not in str(error)
