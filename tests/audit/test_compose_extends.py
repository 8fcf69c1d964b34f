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


SHARED = "services:\n  app:" + SOUND + "    env_file: ENV_FILE\n    environment: [DB_PASSWORD=hunter22]\n"
TAKES = "services:\n  api:\n    extends: {file: ./common/base.yaml, service: app}\n"
DATABASE = """    environment: {DB_PASSWORD: "${DB_PASSWORD}"}
  database: {image: "postgres:17.6", command: postgres -c max_connections=100}
"""
MANY = "api 1 x 1 x (200 + 0) = 200: 200 connections, and database permits 100 - 3 = 97"


@pytest.mark.parametrize(
    ("env_file", "own", "said"),
    [
        ("app.env", "", [MANY]),
        ("[./app.env]", "", [MANY]),
        ("[{path: app.env}]", "", [MANY]),
        ("'${NAME:-app}.env'", "", [MANY]),
        ("app.env", "    env_file: own.env\n", []),  # both count, the service's own goes first
        (
            "gone.env",
            "",
            [
                "connections unknown: env_file common/gone.env of service api is not in these files",
                "connections unknown: the pool size of api is not in these files",
            ],
        ),
        ("[{path: gone.env, required: false}, app.env]", "", [MANY]),
    ],
)
def test_an_env_file_of_another_file_is_beside_that_one(
    tmp_path: Path, env_file: str, own: str, said: list[str]
) -> None:
    (tmp_path / "common").mkdir()
    (tmp_path / "common/base.yaml").write_text(SHARED.replace("ENV_FILE", env_file))
    (tmp_path / "common/app.env").write_text("DB_POOL_SIZE=200\n")
    (tmp_path / "app.env").write_text("DB_POOL_SIZE=1\n")
    (tmp_path / "own.env").write_text("DB_POOL_SIZE=2\n")
    found = audited(tmp_path, TAKES + own + DATABASE.replace("{DB_P", "{DB_HOST: database, DB_P")).standing
    assert [each.because for each in found if each.rule == "connections"] == said


def test_a_secret_that_a_service_takes_over_is_reported_once_where_it_is_written(tmp_path: Path) -> None:
    (tmp_path / "common").mkdir()
    base = tmp_path / "common/base.yaml"
    base.write_text(SHARED.replace("    env_file: ENV_FILE\n", ""))
    both = TAKES + "    environment: {A: b}\n  job:\n    extends: api\n"
    whole, alone = audited(tmp_path, both), audit([tmp_path])
    assert [each.item for each in whole.standing] == ["service api"], "the other file is not read"
    assert [(each.path, each.item) for each in alone.standing] == [(base, "service app")]
    own = TAKES + "    environment: {DB_PASSWORD: another-one}\n"
    (tmp_path / "manifest.yaml").write_text(own)
    assert [each.item for each in audit([tmp_path]).standing] == ["service app", "service api"]
