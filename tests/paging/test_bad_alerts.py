"""A bad alert objective, query or monitoring is refused before the run; a sound one appears in the plan."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bad_files import GOOD, TARGET, refused
from tests.typed import typed

pytestmark = pytest.mark.usefixtures("own_place")

MONITORING = "prometheus: {url: 'http://127.0.0.1:9'}\n"
ALERTMANAGER = "alertmanager: {url: 'http://127.0.0.1:9', receiver: 9095}\n"
SOUND = "name: down, alert: ApiDown, fires_within: 30s"
BAD_ALERTS = {
    "neither form": ("name: down", "is exactly one of alert: NAME and none: {LABEL: VALUE}"),
    "both forms": (f"{SOUND}, none: {{}}", "is exactly one of alert: NAME"),
    "no time": ("name: down, alert: ApiDown", "needs fires_within, such as 30s"),
    "a time without its unit": ("name: down, alert: ApiDown, fires_within: 30", "needs a unit: 30ms or 30s?"),
    "a step that is none": (f"{SOUND}, after: dorp", "is not a step of this experiment; did you mean drop?"),
    "an exception to an alert": (f"{SOUND}, except: [Other]", "except: belongs to `none`"),
    "a time of none": ("name: quiet, none: {}, fires_within: 3s", "fires_within: belongs to `alert`"),
    "delivery without an Alertmanager": (f"{SOUND}, delivered: true", "names no `alertmanager: {url: URL"),
}
BAD_QUERIES = {
    "no PromQL": ("promql: 'sum(', below: 1", "is not valid PromQL: "),
    "no bound": ("promql: up", "needs a bound: below: NUMBER or above: NUMBER"),
    "bounds that nothing is between": (
        "promql: up, below: 1, above: 1",
        "no value can be both above `above` and",
    ),
    "a bound of another form": ("availability: 99%, below: 1", "below: belongs to `promql`"),
    "a route": ("promql: up, below: 1, route: read", "is about hits"),
}
BAD_TARGETS = {
    "another host": ("prometheus: {url: 'http://192.0.2.1:9090'}\n", "not listed in `allow`"),
    "a password": ("prometheus: {url: 'http://me:x@127.0.0.1'}\n", "url: must not be a secret in plain text"),
    "a query": (
        "prometheus: {url: 'http://127.0.0.1:9/?tenant=1'}\n",
        "url: must be http://HOST[:PORT][/PATH] or https://..., without a query",
    ),
    "an Alertmanager alone": (ALERTMANAGER, "needs `prometheus`, whose alerts it delivers"),
    "an address that is none": (
        "prometheus: {url: '{prometheus}'}\n",
        "{prometheus} is not an address of this target",
    ),
    "a plain secret": (
        "prometheus: {url: 'http://127.0.0.1:9', headers: {Authorization: topsecret}}\n",
        "headers: Authorization: must not be a secret in plain text",
    ),
}


def files(tmp_path: Path, experiment: str, target: str = MONITORING) -> tuple[Path, Path]:
    found = tmp_path / "good.yaml", tmp_path / "mine.yaml"
    found[0].write_text(GOOD + experiment)
    found[1].write_text(TARGET.replace("name: embedded\n", "name: mine\n") + target)
    (tmp_path / "profiles").mkdir()
    return found


def run(tmp_path: Path, experiment: str, target: str = MONITORING) -> tuple[Path, list[str]]:
    path, mine = files(tmp_path, experiment, target)
    for profile in ("fragile", "hardened", "dify", "leaky"):
        (tmp_path / "profiles" / f"{profile}.yaml").write_text(
            (Path(__file__).parents[2] / "targets/profiles" / f"{profile}.yaml").read_text()
        )
    return path, ["run", str(path), "--target", str(mine), "--dry-run"]


@pytest.mark.parametrize(("text", "words"), BAD_ALERTS.values(), ids=BAD_ALERTS)
def test_a_bad_objective_is_refused(
    text: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, argv = run(tmp_path, f"alerts:\n  - {{{text}}}\n")
    refused(capsys, path, len(path.read_text().splitlines()), words, *argv)


@pytest.mark.parametrize(("text", "words"), BAD_QUERIES.values(), ids=BAD_QUERIES)
def test_a_bad_query_is_refused(
    text: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, argv = run(tmp_path, "")
    path.write_text(GOOD.replace("name: availability, availability: 99%", f"name: cpu, {text}"))
    refused(capsys, path, None, words, *argv)


@pytest.mark.parametrize(("text", "words"), BAD_TARGETS.values(), ids=BAD_TARGETS)
def test_a_bad_monitoring_is_refused(
    text: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, mine = files(tmp_path, "", text)
    refused(capsys, mine, None, words, "validate", str(mine))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("alerts: [{name: quiet, none: {severity: page}}]\n", "names no Prometheus"),
        ("abort: [{alert: ApiDown}]\n", "names no Prometheus"),
    ],
)
def test_a_target_without_a_prometheus_is_refused(
    text: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, argv = run(tmp_path, text, "")
    refused(capsys, path, len(path.read_text().splitlines()), words, *argv)


def test_an_alert_is_not_both_expected_and_unexpected(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, argv = run(tmp_path, f"abort: [{{alert: ApiDown}}]\nalerts: [{{{SOUND}}}]\n")
    refused(capsys, path, None, "ApiDown is expected by `alerts`, so it cannot also stop the play", *argv)


@pytest.mark.parametrize("condition", ["alert: ApiDown", "slo: availability", "check: recovery"])
def test_an_unknown_key_of_an_abort_condition_is_the_one_that_is_named(
    condition: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, argv = run(tmp_path, f"abort: [{{{condition}, labels: {{severity: page}}}}]\n")
    refused(capsys, path, None, "abort[0]: labels: unknown key", *argv)


def test_sound_ones_appear_in_the_plan(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    more = f"alerts: [{{{SOUND}, delivered: true, resolves_within: 1m}}]\nabort: [{{alert: Other}}]\n"
    _, argv = run(tmp_path, more, MONITORING + ALERTMANAGER)
    done = typed(capsys, *argv)
    assert done.code == 0, done.err
    assert "alert     down: ApiDown fires within 30s of the first injection, is delivered" in done.out
    assert "abort     on Other" in done.out


def test_the_receiver_is_printed_with_its_port(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, argv = run(tmp_path, "", MONITORING + ALERTMANAGER)
    done = typed(capsys, "target", "receiver", argv[3])
    assert done.code == 0 and 'url: "http://127.0.0.1:9095/alerts"' in done.out, done


def test_monitoring_is_brought_up_by_a_driver_that_has_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, _ = run(tmp_path, "alerts: [{name: quiet, none: {severity: page}}]\n")
    assert typed(capsys, "run", str(path), "--dry-run", "--with", "monitoring").code == 0
    done = typed(capsys, "run", str(path), "--dry-run", "--with", "lights")
    assert done.code == 2 and "--with lights: must be monitoring" in done.err
    done = typed(capsys, "run", str(path), "--target", "docker", "--dry-run", "--with", "monitoring")
    assert done.code == 0, done
    done = typed(capsys, "run", str(path), "--target", "attach-example", "--dry-run", "--with", "monitoring")
    assert done.code == 2 and "brings up no monitoring" in done.err
