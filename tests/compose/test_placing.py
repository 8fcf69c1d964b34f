"""The override that puts a service's volume on a served disk, and the commands that its comments give."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ruamel.yaml import YAML

from chaos import engine
from chaos.engine.projects import Found
from chaos.errors import Refused, UsageError
from chaos.host import mounting
from chaos.host.disk import recognised
from chaos.host.mounting import Mount
from chaos.plugin.handles import EngineAt
from chaos.targets.compose import placing, volumes
from chaos.targets.compose.overrides import Override
from tests.compose.containers import found

pytest.importorskip("docker")
from tests.docker import foreign

AT, PLACE, DATA = EngineAt("unix:///nowhere"), Path("/srv/slow"), "/var/lib/postgresql/data"
DB = found("db", image="postgres:17", volumes={DATA: "shop_data"}, environment={"PGDATA": DATA})
WITHOUT = "type: midnight stack up --target FILE"


class Engine:
    """What is asked of an engine here: each container's mounts, and where its own directory is."""

    def __init__(self, there: Sequence[Found], read_only: Sequence[str] = (), root: str = "/") -> None:
        self._there, self._read_only, self._root = there, read_only, root
        self.containers = self

    def get(self, id: str) -> Any:
        (one,) = [each for each in self._there if each.id == id]
        mounts = [
            {"Destination": at, "Type": "volume", "RW": at not in self._read_only} for at in one.volumes
        ]
        return SimpleNamespace(attrs={"Mounts": mounts})

    def info(self) -> dict[str, str]:
        return {"DockerRootDir": self._root}


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """A served disk at PLACE that no container uses."""
    mount = Mount("7:1", Path("/"), PLACE, "ext4", Path("/dev/loop1"), "rw")
    monkeypatch.setattr(recognised, "mounted_at", lambda place: Path("/x.served") if place == PLACE else None)
    monkeypatch.setattr(mounting, "mounts", lambda *_: iter([mount]))
    monkeypatch.setattr(volumes, "seen_here", lambda *_: None)


def placed(
    monkeypatch: pytest.MonkeyPatch, there: Sequence[Found], *wanted: str, place: Path = PLACE, **options: Any
) -> Override:
    @contextmanager
    def connected(_: EngineAt) -> Iterator[Engine]:
        yield Engine(there, **options)

    monkeypatch.setattr(engine, "connected", connected)
    return placing.place(AT, "shop", there, wanted or ("db",), place)


@pytest.mark.usefixtures("disk")
def test_the_service_gets_another_volume_at_its_datas_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    done = placed(monkeypatch, [DB, found("web")])
    assert done.document == {
        "services": {"db": {"volumes": [f"midnight-disk-db-data:{DATA}"]}},
        "volumes": {
            "midnight-disk-db-data": {
                "driver": "local",
                "driver_opts": {"type": "none", "o": "bind", "device": "/srv/slow/shop-db-data"},
            }
        },
    }
    assert "  mkdir -p /srv/slow/shop-db-data" in done.first
    assert any(
        "--volumes-from shop-db-1:ro" in line and f"-a {DATA}/. /midnight/" in line for line in done.first
    )
    assert "docker volume rm shop_midnight-disk-db-data" in done.comments and done.left == ()


@pytest.mark.usefixtures("disk")
def test_of_several_volumes_one_has_to_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    two = found("db", volumes={"/a": "shop_a", "/b": "shop_b", "/etc/x": "/srv/x"})
    with pytest.raises(UsageError, match=r"has several volumes; name one: --disk db:/a or --disk db:/b$"):
        placed(monkeypatch, [two], read_only=["/etc/x"])
    assert placed(monkeypatch, [two], "db:/b").document["services"] == {
        "db": {"volumes": ["midnight-disk-db-b:/b"]}
    }
    both = placed(monkeypatch, [two], "db:/a", "db:/b").document
    assert len(both["volumes"]) == len(both["services"]["db"]["volumes"]) == 2
    with pytest.raises(UsageError, match="db-a is named twice"):
        placed(monkeypatch, [two], "db:/a", "db:/a")
    with pytest.raises(UsageError, match="/c is not a volume of shop-db-1; name one of its volumes"):
        placed(monkeypatch, [two], "db:/c")


@pytest.mark.usefixtures("disk")
def test_a_directory_below_a_volume_is_on_that_volume(monkeypatch: pytest.MonkeyPatch) -> None:
    deep = found("db", volumes={DATA: "shop_data"}, environment={"PGDATA": f"{DATA}/pgdata"})
    for wanted in ("db", f"db:{DATA}/pgdata"):
        assert (
            placed(monkeypatch, [deep], wanted).document["services"]["db"]["volumes"][0].endswith(f":{DATA}")
        )


@pytest.mark.usefixtures("disk")
def test_what_cannot_be_put_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="no container of service 'dab'; it has db"):
        placed(monkeypatch, [DB], "dab")
    with pytest.raises(Refused, match=r"midnight\.protect=true"):
        placed(monkeypatch, [found("db", volumes={DATA: "x"}, protected=True)])
    with pytest.raises(UsageError, match="has no volume that it may write to"):
        placed(monkeypatch, [found("db")])


@pytest.mark.usefixtures("disk")
def test_a_disk_that_no_container_could_use_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match=WITHOUT):
        placed(monkeypatch, [DB], place=Path("/srv/other"))
    with pytest.raises(UsageError, match=r"the engine is not on this machine .*, as with Docker Desktop"):
        placed(monkeypatch, [DB], root="/nowhere/in/a/virtual/machine")
    mine = Mount("0:44", Path("/"), PLACE, "fuse.ext4", Path("/x.served/raw"), "rw,user_id=1000")
    monkeypatch.setattr(mounting, "mounts", lambda *_: iter([mine]))
    with pytest.raises(UsageError, match="is an ordinary user's, and no container may use it"):
        placed(monkeypatch, [DB])


@pytest.mark.usefixtures("disk")
def test_another_service_with_the_same_volume_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    backup = found("backup", volumes={"/from": "shop_data"})
    left = placed(monkeypatch, [DB, backup]).left
    assert left == ("backup has this volume of db, too, and keeps it as it is",)


@pytest.mark.usefixtures("disk")
@pytest.mark.parametrize("version", ["", 'version: "2.4"', 'version: "3.8"'])
@pytest.mark.parametrize("theirs", ["data:DATA", "{type: volume, source: data, target: DATA}", "./data:DATA"])
def test_compose_puts_it_in_the_place_of_the_services_own_volume(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, theirs: str
) -> None:
    command = foreign.compose_command()
    if command is None:
        because = "neither `docker compose` nor docker-compose is here"
        (pytest.fail if os.environ.get("REQUIRE_DOCKER") == "1" else pytest.skip)(because)
    own, ours = tmp_path / "compose.yaml", tmp_path / "midnight.yaml"
    if version == 'version: "2.4"' and theirs.startswith("{"):
        version = ""
    service = f"services:\n  db: {{image: x, volumes: [{theirs.replace('DATA', DATA)}, 'other:/other']}}\n"
    own.write_text(f"{version}\n{service}volumes: {{data: {{}}, other: {{}}}}\n")
    YAML().dump(placed(monkeypatch, [DB]).document, ours)
    argv = [*command, "-f", str(own), "-f", str(ours), "config"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    merged = YAML(typ="safe").load(done.stdout)["services"]["db"]["volumes"]
    places = [
        each.split(":")[:2] if isinstance(each, str) else [each["source"], each["target"]] for each in merged
    ]
    assert sorted(places) == [["midnight-disk-db-data", DATA], ["other", "/other"]]
