"""Which database server a command works on: two servers are never taken for one, nor one for two."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaos.survey import commands, crontabs
from chaos.survey.root import Root
from tests.survey.surveying import MACHINE, machine, surveyed

ROOT = Root.of(MACHINE)
LOCAL = "postgresql localhost:5432"


@pytest.mark.parametrize(
    ("command", "server"),
    [
        ("psql postgresql://u@db1/a -c vacuum", "postgresql db1:5432"),
        ("psql -h db1 -c vacuum", "postgresql db1:5432"),
        ("pg_dump postgresql://u@db1:5432/a", "postgresql db1:5432"),
        ('pg_dump -d "host=db2 dbname=b" -Fc', "postgresql db2:5432"),
        ("pg_dump 'host=db2 port=5433 dbname=b' -Fc", "postgresql db2:5433"),
        ("pg_dump --dbname=postgres://u@db3:6432/c", "postgresql db3:6432"),
        ("pg_dump -dpostgres://u:p%40w@DB3/c?port=6432", "postgresql db3:6432"),
        ("vacuumdb -d 'postgresql:///a?host=db1' -h db2", "postgresql db1:5432"),
        ("psql postgresql://%2Fvar%2Frun/a", LOCAL),
        ("psql 'dbname=a' -h db2", "postgresql db2:5432"),
        ("PGHOST=db9 pg_dump shop", "postgresql db9:5432"),
        ("env PGHOST=db9 PGPORT=5433 nice -n 19 pg_dump shop", "postgresql db9:5433"),
        ("export PGHOST=db9; pg_dump shop", "postgresql db9:5432"),
        ("PGHOST=db9 pg_dump -h db1 shop", "postgresql db1:5432"),
        ("DB=db9; pg_dump -h $DB shop", "postgresql db9:5432"),
        ("MYSQL_HOST=db9 mysqldump shop", "mysql db9:3306"),
        ("mysqldump -h db9 -P 3307 shop", "mysql db9:3307"),
        ("sh -c 'cd /srv && pg_dump -h db1 shop'", "postgresql db1:5432"),
        ("su - postgres -c 'pg_dump shop | gzip'", LOCAL),
        ("pg_dump shop", LOCAL),
        ("pg_dump -h /var/run/postgresql shop", LOCAL),
        ("sudo -u postgres pg_dump -p 5433 shop > /backups/a.sql 2>&1", "postgresql localhost:5433"),
        ("for db in a b; do pg_dump $db; done", LOCAL),
        ("psql -c \"select 1 where host = 'x'\" shop", LOCAL),
        ("psql -v host=db9 -f x.sql shop", LOCAL),
        ("pg_dump shop | ssh db5 'cat > /backups/pg_dump'", LOCAL),
        ("psql -h db1 -c \"copy t to program 'docker ps; ls'\"", "postgresql db1:5432"),
    ],
)
def test_the_server_is_the_one_that_the_command_names(command: str, server: str) -> None:
    assert commands.uses(command, ROOT).database == server


@pytest.mark.parametrize(
    "command",
    [
        "docker exec pg pg_dump shop",
        "docker exec pg sh -c 'cd /tmp && pg_dump shop'",
        "ssh db5 pg_dump shop",
        "ssh db5 'cd /srv && pg_dump shop | gzip' > /backups/a.gz",
        "PGHOST=db9 ssh db5 pg_dump shop",
        "kubectl exec -n shop deploy/pg -- pg_dump -h localhost shop",
        "docker compose exec -T db mysqldump shop",
        'psql "$DATABASE_URL" -c vacuum',
        "pg_dump -h $DB_HOST shop",
        "psql postgresql://u@$DB_HOST/a",
        "psql postgresql://u@db1,db2/a",
        "psql service=shop",
        "PGSERVICE=shop psql -c vacuum",
        "echo 'pg_dump done'",
        "tar -cf /backups/a.tar /srv",
    ],
)
def test_a_server_that_the_command_does_not_tell_is_unknown(command: str) -> None:
    assert commands.uses(command, ROOT).database == ""


def test_a_host_that_is_named_is_known_from_elsewhere_too() -> None:
    assert commands.uses("ssh web1 pg_dump -h db1 shop", ROOT).database == "postgresql db1:5432"
    assert commands.uses("docker exec -e PGHOST=db1 pg pg_dump a", ROOT).database == "postgresql db1:5432"


def test_paths_of_another_machine_are_not_of_this_one() -> None:
    found = commands.uses("ssh db5 'pg_dump -f /srv/there shop' > /backups/here", ROOT)
    assert (found.role, found.paths) == ("backup", ("/backups/here",))
    assert commands.uses("docker exec pg pg_dump shop > /backups/here", ROOT).paths == ("/backups/here",)


def test_variables_above_the_line_and_of_the_unit_count(tmp_path: Path) -> None:
    timer = "[Timer]\nOnCalendar=03:00\n[Install]\nWantedBy=timers.target\n"
    service = '[Service]\nEnvironment="PGHOST=db8" PGPORT=5433\nExecStart=/usr/bin/vacuumdb shop\n'
    found = surveyed(
        tmp_path,
        {
            "/etc/crontab": "0 1 * * * root pg_dump a\nPGHOST=db9\n0 1 * * * root pg_dump b\n",
            "/etc/systemd/system/vacuum.timer": timer,
            "/etc/systemd/system/vacuum.service": service,
        },
    )
    servers = {entry.source: entry.uses.database for entry in found.entries if entry.uses.database}
    assert servers == {
        "/etc/crontab:1": LOCAL,
        "/etc/crontab:3": "postgresql db9:5432",
        "/etc/systemd/system/vacuum.timer:2": "postgresql db8:5433",
    }


def test_a_script_is_read_line_by_line(tmp_path: Path) -> None:
    script = "#!/bin/sh\nexport PGHOST=db7\necho x # don't\npg_dump \\\n  -p 5434 shop\necho y # won't\n"
    made = machine(tmp_path, {"/etc/cron.daily/dump": script})
    assert crontabs.script_entry(made, "/etc/cron.daily/dump").uses.database == "postgresql db7:5434"


def test_two_servers_that_the_commands_tell_apart_do_not_collide(tmp_path: Path) -> None:
    lines = (
        "0 1 * * * root psql postgresql://u@db1/a -c vacuum\n0 1 * * * root pg_dump -d 'host=db2 dbname=b'\n"
    )
    (each,) = surveyed(tmp_path, {"/etc/crontab": lines}).collisions
    assert each.shared.database == {}
