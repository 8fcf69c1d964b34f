"""The volumes of a project: where its database keeps its data, and what a target file offers."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from pydantic import ValidationError

from chaos.engine.projects import Found
from chaos.host.disk.recognised import Recognised
from chaos.plugin.handles import EngineAt
from chaos.spec.target import Target
from chaos.targets.compose import volumes
from chaos.targets.compose.driver import ComposeDriver
from chaos.targets.compose.options import ComposeOptions
from tests.compose.containers import found

AT = EngineAt("unix:///nowhere")
OPTIONS: dict[str, Any] = {"project": "shop", "api": {"service": "api"}, "database": {"service": "db"}}
LOGS = {"service": "api", "directory": "/var/log/shop", "files": ["shop.log"]}
CACHE = {"service": "redis", "directory": "/data"}


@pytest.mark.parametrize(
    ("there", "directory"),
    [
        (found("db", environment={"PGDATA": "/pg/data"}, volumes={"/pg": "x", "/y": "y"}), "/pg/data"),
        (found("db", volumes={"/etc/my.cnf": "x", "/var/lib/mysql": "y"}), "/var/lib/mysql"),
        (found("db", volumes={"/bitnami/postgresql": "x"}), "/bitnami/postgresql"),
        (found("db", volumes={"/odd": "x"}), "/odd"),
        (found("db", image="postgres:17"), "/var/lib/postgresql/data"),
        (found("db", volumes={"/odd": "x", "/strange": "y"}), "/data"),
    ],
    ids=["PGDATA", "a usual place", "Bitnami", "the only volume", "no volume", "several, none usual"],
)
def test_a_database_keeps_its_data_where_its_settings_or_its_volumes_say(
    there: Found, directory: str
) -> None:
    assert volumes.data_directory(there) == PurePosixPath(directory)


def offered(**options: Any) -> set[str]:
    whole = {"name": "shop", "driver": "compose", "routes": {}, "options": OPTIONS | options}
    target = Target.model_validate(whole)
    return {each for each in ComposeDriver.offers(target) if each.startswith("volumes.")}


def test_the_database_and_the_logs_have_a_volume_and_others_are_named() -> None:
    assert offered() == {"volumes.data"}
    assert offered(logs=LOGS, volumes={"cache": CACHE}) == {"volumes.data", "volumes.logs", "volumes.cache"}
    assert offered(database={"admin_dsn": {"env": "X"}}) == set()
    with pytest.raises(ValidationError, match="logs has its own key"):
        ComposeOptions.model_validate(OPTIONS | {"volumes": {"logs": CACHE}})


def test_a_named_volume_takes_the_place_of_the_databases() -> None:
    db, redis = found("db", environment={"PGDATA": "/pg"}), found("redis")
    options = ComposeOptions.model_validate(OPTIONS | {"volumes": {"data": CACHE}})
    places = volumes.places_of(options, {"database": (db,), "api": (found("api"),)}, {"data": redis})
    assert places == {"data": (redis, PurePosixPath("/data"))}


def test_a_volume_on_a_served_disk_is_where_this_machine_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    there = Recognised(Path("/srv/slow/shop"), "7:3", Path("/srv/slow.img.served"))
    monkeypatch.setattr(volumes, "seen_here", lambda *_: there)
    made = volumes.volume(AT, "shop", (found("db"), PurePosixPath("/data")))
    assert (made.path, made.device, made.served) == (there.path, there.device, there.served)
    assert made.container == found("db").ref(AT) and made.inside == Path("/data")


def test_a_volume_on_another_disk_is_not_sampled_and_says_how_it_gets_onto_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(volumes, "seen_here", lambda *_: None)
    made = volumes.volume(AT, "shop", (found("db"), PurePosixPath("/data")))
    assert made.device is None and made.served is None
    assert "midnight target wire compose:shop --disk db:/data --place PLACE" in made.to_serve
