"""Compose's `!override` and `!reset`, and `!!str`: what they mark counts as its plain value."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.audit.reading_audits import audited, rules

SOUND = {
    "image": "acme/api:1",
    "restart": "always",
    "mem_limit": "1g",
    "logging": "{driver: local}",
    "healthcheck": '{test: [CMD, "true"]}',
}


def service(**changed: str) -> str:
    lines = (f"    {key}: {value}\n" for key, value in {**SOUND, **changed}.items())
    return "services:\n  api:\n" + "".join(lines)


@pytest.mark.parametrize("tag", ["", "!override "])
def test_what_overrides_counts_as_written(tmp_path: Path, tag: str) -> None:
    marked = {key: tag + value for key, value in SOUND.items()}
    assert rules(audited(tmp_path, service(**marked))) == []
    assert rules(audited(tmp_path, service(restart=f"{tag}'no'"))) == ["compose-no-restart"]
    assert rules(audited(tmp_path, service(mem_limit=f"{tag}0"))) == ["compose-no-memory-limit"]


@pytest.mark.parametrize("reset", ["!reset null", "!reset", "!reset {}", "!reset always"])
def test_what_is_reset_is_not_there(tmp_path: Path, reset: str) -> None:
    found = audited(tmp_path, service(healthcheck=reset, restart=reset, mem_limit=reset))
    assert set(rules(found)) == {"compose-no-healthcheck", "compose-no-restart", "compose-no-memory-limit"}


def test_a_reset_key_is_not_taken_over(tmp_path: Path) -> None:
    text = service() + "  job:\n    extends: api\n    healthcheck: !reset null\n"
    (found,) = audited(tmp_path, text).standing
    assert found.because == "service job has no healthcheck"


def test_an_override_replaces_what_would_be_merged(tmp_path: Path) -> None:
    text = service(environment="{DB_PASSWORD: hunter22}", depends_on="[database]")
    merged = text + "  job:\n    extends: api\n    environment: [A=b]\n    depends_on: [TAG]\n"
    whole = merged.replace("[A=b]", "!override [A=b]").replace("[TAG]", "!override {api: {condition: x}}")
    found = {f"{each.item}: {each.rule}" for each in audited(tmp_path, whole).standing}
    assert found == {"service api: secret-in-env", "service api: compose-depends-without-condition"}


def test_a_merge_takes_over_a_tagged_value(tmp_path: Path) -> None:
    common = "x-common: &common\n  mem_limit: !override 1g\n  restart: !reset null\n"
    text = service().replace("    mem_limit: 1g\n", "    <<: *common\n").replace("    restart: always\n", "")
    assert rules(audited(tmp_path, common + text)) == ["compose-no-restart"]


def test_a_text_that_is_marked_as_one_counts(tmp_path: Path) -> None:
    assert rules(audited(tmp_path, service(environment="{DB_PASSWORD: !!str hunter22}"))) == ["secret-in-env"]
    assert rules(audited(tmp_path, service(environment="{DB_PASSWORD: !vault hunter22}"))) == []
