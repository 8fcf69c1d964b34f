"""A bad target or profile: one line naming file, line, place, rule and value; exit 2; nothing touched."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bad_files import GOOD, TARGET, accepted, refused
from tests.midnight import PROJECT
from tests.typed import refusal

pytestmark = pytest.mark.usefixtures("own_place")


@pytest.mark.parametrize("until", ["20261231", "2026", "12.5"])
def test_a_consent_until_a_number_is_refused(
    until: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "target.yaml"
    target.write_text(TARGET + f"consent: {{owner: me, until: {until}}}\n")
    line = len(target.read_text().splitlines())
    refused(capsys, target, line, "until: must be a date such as 2026-12-31", "validate", str(target))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("  pool_size: 30 ", "  pool_sise: 30 ", "api: pool_s"),
        ("  workers: 2 ", "  workers: two ", "got 'two'"),
        ("layout: shared", "layout: sharde", "got 'sharde'"),
        ("max_connections: 100", "max_connections: [100]", "database: settings: max_connections"),
        ("  pool_timeout: 30s ", "  pool_timeout: 30 ", "api: pool_timeout: needs a unit: 30ms or 30s?"),
        ("gunicorn_timeout: 200s", "gunicorn_timeout: 200", "gunicorn_timeout: needs a unit: 200ms or 200s?"),
        ("gunicorn_timeout: 200s", "gunicorn_timeout: 2500ms", "gunicorn_timeout: must be whole seconds"),
        ("base: 0s", "base: 0.05", "retries: base: needs a unit: 0.05ms or 0.05s?"),
        ("  pool_timeout: 30s ", "  pool_timeout: 30 sec ", "must be a time such as 30s, 500ms or 1m30s"),
        ("idle_session_timeout: 0", "idle_session_timeout: 300", "idle_session_timeout needs a unit"),
    ],
    ids=[
        *(
            "a misspelt key",
            "a wrong type",
            "a wrong word",
            "a setting that is a list",
            "a time without a unit",
        ),
        *(
            "seconds without a unit",
            "no whole seconds",
            "a fraction without a unit",
            "a space",
            "a bare setting",
        ),
    ],
)
@pytest.mark.parametrize("command", ["run", "validate"])
def test_a_mistake_in_a_profile_is_found_before_anything_is_brought_up(
    command: str, old: str, new: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (PROJECT / "targets/profiles/fragile.yaml").read_text()
    assert text.count(old) == 1
    experiment, target = tmp_path / "good.yaml", tmp_path / "target.yaml"
    profile = tmp_path / "profiles/fragile.yaml"
    profile.parent.mkdir()
    experiment.write_text(GOOD)
    target.write_text(TARGET.replace("[fragile, hardened, dify, leaky]", "[fragile]"))
    profile.write_text(text.replace(old, new))
    files = [str(target)] if command == "validate" else [str(experiment), "--target", str(target)]
    said = refusal(capsys, command, *files)
    assert f"{profile}:" in said and words in said


def test_a_second_profile_and_the_options_are_validated_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "target.yaml"
    target.write_text(TARGET.replace(", dify, leaky", ""))
    (tmp_path / "profiles").mkdir()
    fragile = (PROJECT / "targets/profiles/fragile.yaml").read_text()
    (tmp_path / "profiles/fragile.yaml").write_text(fragile)
    (tmp_path / "profiles/hardened.yaml").write_text(fragile + "more: 1\n")
    refused(capsys, tmp_path / "profiles/hardened.yaml", None, "more", "validate", str(target))
    target.write_text(TARGET.replace("disk_write: 30MB/s", "disk_wriet: 1"))
    refused(capsys, target, None, "disk_wriet", "validate", str(target))


def test_a_profile_whose_file_does_not_exist_is_named_in_the_line_that_lists_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "target.yaml"
    target.write_text(TARGET.replace(", dify, leaky", ""))
    line = 1 + next(n for n, text in enumerate(TARGET.splitlines()) if text.startswith("profiles:"))
    words = f"no profile 'fragile': no file {tmp_path / 'profiles/fragile.yaml'}"
    for argv in (["validate", str(target)], ["run", "smoke", "--target", str(target)]):
        refused(capsys, target, line, words, *argv)


def test_a_count_of_tokens_is_not_a_secret(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "target.yaml"
    target.write_text(
        TARGET.replace("json: {prompt", "json: {max_tokens: 256, prompt").replace(
            "[fragile, hardened, dify, leaky]", "[]"
        )
    )
    accepted(capsys, target)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("driver: embedded", "driver: embeded", "unknown target 'embeded'"),
        ("method: POST, path: /api/usage", "method: post, path: /api/usage", "must be POST"),
        ("disk_write: 30MB/s", "disk_write: 30 furlongs", "got '30 furlongs'"),
        (
            "profiles: [fragile, hardened, dify, leaky]",
            "profiles: [fragile], profile: x",
            "text after the end of a value",
        ),
        ("options:", "pass_phrase: hunter2\noptions:", "unknown key"),
        ("options:", "database_password: hunter2\noptions:", "must not be a secret"),
    ],
    ids=["unknown driver", "wrong method", "wrong unit", "broken YAML", "unknown key", "a secret"],
)
def test_a_bad_target_is_refused(
    old: str, new: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert old in TARGET
    experiment, target = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    experiment.write_text(GOOD)
    target.write_text(TARGET.replace(old, new))
    number = 1 + next(
        n for n, text in enumerate(target.read_text().splitlines()) if new.splitlines()[0] in text
    )
    refused(capsys, target, number, words, "run", str(experiment), "--target", str(target))
