"""A primary with a past: a backup, an archive, and a delete at a known place."""

from __future__ import annotations

from datetime import datetime

from chaos.postgres.archive import Archive, archive_now
from chaos.postgres.backup import take_backup
from chaos.postgres.following import written
from tests.postgres.servers import SEGMENT_SIZE, Servers, ask, execute, insert


class History:
    """A primary with a backup, an archive, and a delete at a known place."""

    def __init__(self, servers: Servers) -> None:
        self.servers = servers
        self.archive = Archive(servers.place / "archive", SEGMENT_SIZE)
        self.primary, self.access = servers.primary(self.archive.settings(every=60))
        self.archive.make(self.primary.user)
        insert(self.primary, 1, 100)
        self.begun = self.now()
        self.backup = take_backup(
            self.primary, self.access, servers.place / "backup", label="nightly", durable=False
        )
        self.tar = take_backup(
            self.primary, self.access, servers.place / "tar", label="tar", format="tar", durable=False
        )
        for first in (101, 201):
            insert(self.primary, first, first + 99)
            self.middle = self.store()  # in the end the one that holds rows 201 to 300
        execute(self.primary, "SELECT pg_create_restore_point('release')")
        self.place = written(self.primary, self.access)
        self.instant = self.now()
        self.delete = int(
            ask(self.primary, "WITH gone AS (DELETE FROM kept WHERE n <= 150) SELECT txid_current()")
        )
        self.store()
        for first in (301, 401):
            insert(self.primary, first, first + 99)
            self.store()

    def now(self) -> datetime:
        found = ask(self.primary, "SELECT clock_timestamp()")
        assert isinstance(found, datetime)
        return found

    def store(self) -> str:
        """The name of the segment that is archived now."""
        return archive_now(self.primary, self.access, self.archive).segment.name
