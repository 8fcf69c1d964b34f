"""`midnight init`: what it finds of a running service, and that midnight accepts what it writes."""

from __future__ import annotations

import io
from datetime import date
from pathlib import Path

import pytest

from chaos.first_target import nightly, project, writing
from chaos.first_target.draft import Consent
from chaos.plan import build
from chaos.spec import experiment, target
from chaos.targets.attach.options import AttachOptions
from tests.compose.containers import found
from tests.first_target.conftest import SECRETS, Shop
from tests.survey.surveying import machine
from tests.typed import exit_code


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TOXIPROXY_URL", raising=False)


def _init(*arguments: str) -> int:
    return exit_code("init", *arguments)


def test_everything_that_a_service_shows_is_in_its_target_file(
    shop: Shop, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert _init(shop.url, "--yes", "--name", "shop") == 0
    made = target.load(tmp_path / "shop.yaml")
    options = AttachOptions.model_validate(made.options)
    assert made.ready == "/healthz"
    assert {name: route.path for name, route in made.routes.items()} == {"get-items-item": "/items/1"}
    assert [reading.preset for reading in made.gauges] == ["sqlalchemy"]
    assert options.base_url == shop.url
    assert made.pprof == "{base_url}"
    assert [at.pid_file for at in options.processes["api"]] == [tmp_path / "shop.pid"]
    assert options.logs is not None
    assert options.logs.directory == shop.log.parent
    assert options.logs.files == (Path("shop.log"),)
    text = (tmp_path / "shop.yaml").read_text()
    assert "off: GET /gone answered 404" in text
    assert "SHOP_DATABASE_URL in the environment of process" in text
    assert "PostgreSQL at 127.0.0.1:15999" in text
    assert "redis at 127.0.0.1:6379" in text
    printed = "".join(capfd.readouterr())
    assert "No write is measured yet: no route has a `ledger`. Under `routes`, shop.yaml has one" in printed
    night = (tmp_path / "shop-night.yaml").read_text()
    assert not [secret for secret in SECRETS if secret in text + night + printed]


def test_what_is_written_is_refused_without_consent_and_plays_with_it(shop: Shop, tmp_path: Path) -> None:
    assert _init(str(shop.pid), "--yes", "--name", "shop") == 0
    assert exit_code("validate", "shop.yaml") == 2
    file = tmp_path / "shop.yaml"
    file.write_text(file.read_text().replace("# consent:", "consent:"))
    assert exit_code("validate", "shop.yaml", "shop-night.yaml") == 0
    plan = build.build("shop-night.yaml", "shop.yaml")
    assert [each.step.name for each in plan.steps][:1] == ["pause"]
    assert {each.name for each in plan.left_out} == {
        "write",
        "lost_writes",
        "rpo",
    }  # until a route has a ledger
    assert experiment.load(tmp_path / "shop-night.yaml").if_missing == "leave_out"


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_consent_is_asked_for_on_a_terminal(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", _Terminal("Shop: Ada\n2999-12-31\n"))
    assert _init(shop.url, "--name", "shop") == 0
    consent = target.load(tmp_path / "shop.yaml").consent
    assert consent is not None
    assert (consent.owner, str(consent.until)) == ("Shop: Ada", "2999-12-31")
    monkeypatch.setattr("sys.stdin", _Terminal("Ada\n2020-01-01\n"))
    assert _init(shop.url, "--name", "other") == 2
    assert not (tmp_path / "other.yaml").exists()


def test_files_that_exist_are_left_alone_without_force(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "shop-night.yaml").write_text("mine")
    assert _init(shop.url, "--yes", "--name", "shop") == 2
    assert (tmp_path / "shop-night.yaml").read_text() == "mine"
    assert not (tmp_path / "shop.yaml").exists()
    assert _init(shop.url, "--yes", "--name", "shop", "--force") == 0


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ("http://ada:JQKX-secret@127.0.0.1:1", "must not carry a user or a password"),
        ("http://example.com", "is not this machine"),
        ("http://127.0.0.1:1", "nothing answers at http://127.0.0.1:1"),
        ("4194305", "is not running"),
        ("unit:no-such-unit", "no unit no-such-unit.service"),
        ("something", "must be http://HOST"),
        ("http://[", "must be http://HOST"),
    ],
)
def test_what_is_not_there_is_refused_in_one_line(
    named: str, said: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert _init(named, "--yes") == 2
    printed = capfd.readouterr()
    assert said in printed.err
    assert len(printed.err.splitlines()) == 1
    assert "JQKX" not in printed.err
    assert not list(tmp_path.glob("*.yaml"))


def test_unit_that_does_not_run_gives_its_pid_file_and_variables(tmp_path: Path) -> None:
    (tmp_path / "variables").write_text(f"CACHE_URL=redis://:{SECRETS[2]}@cache.internal:6380/0\n")
    (tmp_path / "shop.service").write_text(
        f"[Service]\nExecStart=/srv/shop/bin/shop --password={SECRETS[3]}\nPIDFile=/run/no-such-shop.pid\n"
        f'Environment="DB=postgresql://shop:{SECRETS[0]}@db.internal/shop" TOKEN={SECRETS[1]}\n'
        f"EnvironmentFile=-{tmp_path}/variables\n"
    )
    assert _init("./shop.service", "--yes") == 0
    text = (tmp_path / "shop.yaml").read_text()
    target.load(tmp_path / "shop.yaml")
    assert "#   api: {pid_file: /run/no-such-shop.pid}" in text
    assert "DB in unit shop leads to PostgreSQL at db.internal:5432: not this machine" in text
    assert "CACHE_URL in unit shop leads to redis at cache.internal:6380" in text
    assert not [secret for secret in SECRETS if secret in text]


def test_jobs_are_comments_without_their_arguments(tmp_path: Path) -> None:
    root = machine(
        tmp_path,
        {
            "/etc/cron.d/shop": "5 1 * * * ada PGPASSWORD=JQKX-1 /srv/shop/nightly --password JQKX-2\n"
            "5 2 * * * ada /srv/shop/mail\n5 3 * * * bob /srv/shop/backup\n"
        },
    ).root
    (item,) = nightly.describe("ada", root)
    assert item.lines == ("nightly: {argv: [/srv/shop/nightly]}",)
    assert not item.on
    assert "/etc/cron.d/shop:1 runs this (5 1 * * *)" in item.why
    assert "JQKX" not in item.why


def test_compose_project_is_asked_at_the_port_that_it_publishes(shop: Shop) -> None:
    draft = project.of("shop", [found("web", ports={8000: ("127.0.0.1", shop.port)})])
    (ready,) = draft.top["ready"]
    assert ready.lines == ("ready: /healthz",)


def test_compose_project_is_written_with_its_guessed_roles(tmp_path: Path) -> None:
    there = [
        found("api", environment={"DATABASE_URL": f"postgresql://shop:{SECRETS[0]}@db/shop"}),
        found("db", image="postgres:16", environment={"POSTGRES_PASSWORD": SECRETS[0]}),
    ]
    draft = project.of("shop", there)
    text = writing.target(draft, Consent("Ada", "2999-12-31"), date(2026, 11, 27))
    (tmp_path / "shop.yaml").write_text(text)
    made = target.load(tmp_path / "shop.yaml")
    build.check_target(tmp_path / "shop.yaml")
    assert made.options == {"project": "shop", "api": {"service": "api"}, "database": {"service": "db"}}
    assert "midnight target wire compose:shop" in text
    assert SECRETS[0] not in text
