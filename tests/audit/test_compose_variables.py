"""Variables, `env_file` and `scale` of Compose files: their numbers count, and their values are not shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaos.audit.interpolation import filled_in
from chaos.audit.rule import Severity
from tests.audit.reading_audits import audited

ENV_FILE = """services:
  api: {{image: "shop/api:1", env_file: {files}, environment: {{{environment}}}}}
  database: {{image: "postgres:17.6", command: postgres -c max_connections=100}}
"""
SAID = "api 1 x 1 x (200 + 0) = 200: 200 connections, and database permits 100 - 3 = 97"
TOO_MANY = "# of the shop\nexport DB_POOL_SIZE='200'  # too many\nDB_PASSWORD=hunter2-x\n"


@pytest.mark.parametrize(
    ("files", "environment", "said"),
    [
        ("settings/api.env", "", SAID),
        ("[settings/api.env]", "", SAID),
        ("[{path: ./settings/api.env, required: false}]", "", SAID),
        ("'${SETTINGS:-settings}/api.env'", "", SAID),
        ("[settings/api.env, settings/small.env]", "", ""),  # the last one wins
        ("[settings/small.env, settings/api.env]", "", SAID),
        ("[settings/api.env]", "DB_POOL_SIZE: 5", ""),  # environment wins
        ("[settings/small.env]", "DB_POOL_SIZE: 200", SAID),
        ("[settings/filled.env]", "", SAID),
        ("[{path: settings/filled.env, format: raw}]", "", ""),
    ],
)
def test_compose_takes_variables_from_env_files(
    tmp_path: Path, files: str, environment: str, said: str
) -> None:
    (tmp_path / "settings").mkdir()
    (tmp_path / "settings" / "api.env").write_text(TOO_MANY)
    (tmp_path / "settings" / "small.env").write_text("DB_POOL_SIZE = 5\n")
    (tmp_path / "settings" / "filled.env").write_text("MANY=200\nDB_POOL_SIZE=${MANY}\n")
    found = audited(tmp_path, ENV_FILE.format(files=files, environment=environment)).standing
    assert "".join(each.because for each in found if each.rule == "connections") == said
    assert "secret-in-env" not in {each.rule for each in found}
    assert "hunter2" not in str(found)


@pytest.mark.parametrize(
    ("files", "notes"),
    [
        ("gone.env", ["gone.env"]),
        ("[{path: gone.env}]", ["gone.env"]),
        ("[{path: gone.env, required: false}]", []),
        ("../outside.env", ["../outside.env"]),
        ("'${SETTINGS}'", ["${SETTINGS}"]),
        ("link.env", ["link.env"]),
        ("[gone.env, link.env]", ["gone.env", "link.env"]),
    ],
)
def test_an_env_file_that_is_not_below_the_compose_file_is_a_note(
    tmp_path: Path, files: str, notes: list[str]
) -> None:
    place = tmp_path / "deploy"
    place.mkdir()
    (tmp_path / "outside.env").write_text(TOO_MANY)
    (place / "link.env").symlink_to(tmp_path / "outside.env")
    found = audited(place, ENV_FILE.format(files=files, environment="")).standing
    assert [each.because for each in found if each.rule == "connections"] == [
        f"connections unknown: env_file {each} of service api is not in these files" for each in notes
    ]
    assert all(each.severity is Severity.NOTE for each in found if each.rule == "connections")


@pytest.mark.parametrize(
    ("key", "most"),
    [
        ("scale: 4", 4),
        ("scale: '${REPLICAS:-4}'", 4),
        ("deploy: {replicas: 4}", 4),
        ("deploy: {replicas: '${REPLICAS:-4}'}", 4),
        ("scale: 1", 1),
        ("deploy: {resources: {}}", 1),
    ],
)
def test_each_way_to_scale_a_service_counts(tmp_path: Path, key: str, most: int) -> None:
    text = ENV_FILE.format(files="[]", environment="DB_POOL_SIZE: 30").replace("env_file: []", key)
    found = [each.because for each in audited(tmp_path, text).standing if each.rule == "connections"]
    said = (
        f"api {most} x 1 x (30 + 0) = {most * 30}: {most * 30} connections, and database permits 100 - 3 = 97"
    )
    assert found == ([said] if most > 3 else [])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("${A:-1}", "1"),
        ("${A-1}", "1"),
        ("${A}", None),
        ("$A", None),
        ("${A:?must be set}", None),
        ("${B:-1}", "2"),
        ("$B", "2"),
        ("${A:-${B:-1}}", "2"),
        ("a$$B", "a$B"),
        ("no variable", "no variable"),
        ("x${B:+:1.2}", "x:1.2"),
        ("x${B+:$B}", "x:2"),
        ("x${A:+:1.2}", "x"),
        ("x${EMPTY:+:1.2}", "x"),
        ("x${EMPTY+:1.2}", "x:1.2"),
        ("${EMPTY:-1}", "1"),
        ("${EMPTY-1}", ""),
        ("$EMPTY", ""),
        ("${B:-$A}", "2"),
        ("${B:-${A:?set it}}", "2"),
    ],
)
def test_variables_of_compose_are_filled_in(text: str, value: str | None) -> None:
    assert filled_in(text, {"B": "2", "EMPTY": ""}) == value
