"""Faults that plant a known truth, found through an entry point of their own, as a user's would be."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from typing import Any

import psutil
import psycopg

from chaos.errors import FaultError, UndoError
from chaos.host.processes import marked
from chaos.plugin.fault import Evidence, Fault, Held, Undo
from chaos.plugin.handles import Handles
from chaos.spec.yamlfile import Model
from chaos.toxiproxy import Toxiproxy

DONE = Held({"done": 1}, {"done": 1})


class PlantedParams(Model):
    rows: int = 3
    file: str = ""


class Planted(Fault):
    """Does nothing at all; the others differ by a verb."""

    Params = PlantedParams
    needs = frozenset({"databases.primary"})

    def __init__(self, params: Any, handles: Handles, mark: str) -> None:
        self.params, self.handles, self.mark = params, handles, mark

    def prepare(self) -> Undo:
        return {"mark": self.mark}

    def inject(self) -> Evidence:
        return {}

    def hold(self, seconds: float, stop: threading.Event) -> Held:
        stop.wait(seconds)
        return DONE

    @classmethod
    def undo(cls, undo: Undo) -> Evidence:
        del undo
        return {}


class Vanish(Planted):
    """Acknowledged rows are gone: exactly as many as asked for."""

    def inject(self) -> Evidence:
        dsn = self.handles.databases["primary"].admin_dsn.replace("dbname=postgres", "dbname=reference")
        with psycopg.connect(dsn, autocommit=True) as connection:
            query = "delete from records where seq in (select seq from records order by seq limit %s)"
            return {"deleted": connection.execute(query, (self.params.rows,)).rowcount}


class Refuse(Planted):
    """Cannot be injected."""

    needs = frozenset()

    def inject(self) -> Evidence:
        raise FaultError("planted: this fault never works")


class FreezeLoad(Planted):
    """The instrument itself is starved: the load process gets no processor at all."""

    def prepare(self) -> Undo:
        return {"load": self.mark.split("/")[0] + "/load"}

    def inject(self) -> Evidence:
        for process in marked(self.prepare()["load"]):
            process.send_signal(signal.SIGSTOP)
        return {}

    @classmethod
    def undo(cls, undo: Undo) -> Evidence:
        for process in marked(undo["load"]):
            process.send_signal(signal.SIGCONT)
        return {}


class KillDatabase(Planted):
    """The target dies in the middle of the play."""

    def inject(self) -> Evidence:
        psutil.Process(self.handles.processes["database"][0].pid).send_signal(signal.SIGQUIT)
        return {}


class Stubborn(Planted):
    """Cannot be undone until a file is there: what `midnight undo` is for."""

    needs = frozenset()

    def prepare(self) -> Undo:
        return {"file": self.params.file}

    @classmethod
    def undo(cls, undo: Undo) -> Evidence:
        if not Path(undo["file"]).exists():
            raise UndoError(f"planted: by hand: touch {undo['file']}")
        Path(undo["file"]).unlink()
        return {}


class SpoilBackup(Planted):
    """Last night's backup is cut short: one of its files has lost its end."""

    def inject(self) -> Evidence:
        root = self.handles.servers["primary"].data.parent.parent
        file = max((root / "backups/nightly/base").rglob("*"), key=lambda path: path.stat().st_size)
        with file.open("r+b") as spoilt:
            spoilt.truncate(file.stat().st_size // 2)
        return {"file": file.name}


class LyingArchive(Planted):
    """An archive_command that stores nothing and says that it did."""

    def inject(self) -> Evidence:
        with psycopg.connect(self.handles.databases["primary"].admin_dsn, autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET archive_command = '/bin/true'")
            connection.execute("SELECT pg_reload_conf()")
        return {}


class LeaveBehind(Planted):
    """An undo that says it is done, and is not: the proxy stays disabled, and a toxic stays on it."""

    needs = frozenset({"proxies.database"})

    def inject(self) -> Evidence:
        proxy = self.handles.proxies["database"]
        server = Toxiproxy(proxy.api)
        server.disable(proxy.name)
        server.add_toxic(proxy.name, "midnight-left", "latency", "upstream", {"latency": 1})
        return {}
