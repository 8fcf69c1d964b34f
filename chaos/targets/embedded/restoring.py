"""Restore from last night's backup and the archive: the whole service, or the deleted rows."""

from __future__ import annotations

import shutil
from typing import Any

from chaos.errors import BackupUnusable, TargetError
from chaos.later import psycopg, sql
from chaos.plugin.fault import Evidence
from chaos.postgres import Cluster, connect
from chaos.postgres.amcheck import check_relations
from chaos.postgres.archive import Archive, archive_now
from chaos.postgres.backup import Backup
from chaos.postgres.evidence import backup_evidence
from chaos.postgres.restore import Restored
from chaos.postgres.restore import restore as restore_backup
from chaos.postgres.target import at_lsn, at_xid
from chaos.postgres.wal import Timelines, show_lsn
from chaos.postgres.wal_end import last_record
from chaos.targets.embedded.layout import DATABASE, RESTORED
from chaos.targets.embedded.servers import Estate


def restore_newest(estate: Estate, timeout: float) -> Evidence:
    """Create a fresh server from the newest backup, recovered to the last record in the archive.

    It becomes the one that accepts writes. Raises BackupUnusable with the reason.
    """
    backup, archive = _sources(estate)
    into = estate.server(RESTORED[0])
    along = Timelines((), backup.timeline)
    end = last_record(into.programs, archive, along, backup.start)
    done = restore_backup(backup, into, at_lsn(end), archive=archive, timeout=timeout)
    checked = check_relations(into, estate.dsn(into), timeout=timeout)
    if checked.outcome == "damaged":
        raise BackupUnusable(f"the restored server is damaged: {checked.said}")
    estate.current = into
    told = {"end_of_archive": show_lsn(end), "checked": f"{checked.outcome}: {checked.said}"}
    return {**told, **_told(backup, archive, done)}


def recover_rows(estate: Estate, loss: Evidence, table: str, key: str, timeout: float) -> Evidence:
    """Put back missing rows as they were just before the transaction `loss["xid"]`.

    They are read from a scratch server, which is removed afterwards. Raises TargetError.
    """
    xid = loss.get("xid")
    if xid is None:
        raise TargetError("nothing was deleted yet: no transaction to recover to")
    backup, archive = _sources(estate)
    archive_now(estate.primary, estate.access, archive)
    into = estate.server(RESTORED[1])
    just_before = at_xid(int(xid) % (1 << 32), inclusive=False)  # the log knows it without its epoch
    try:
        done = restore_backup(backup, into, just_before, archive=archive, timeout=timeout)
        rows, put_back = _copy_back(estate, into, table, key)
    finally:
        into.stop("immediate")
        shutil.rmtree(into.data, ignore_errors=True)
    return {"rows": len(rows), "put_back": put_back, "seq": rows, **_told(backup, archive, done)}


def _sources(estate: Estate) -> tuple[Backup, Archive]:
    if estate.backup is None or estate.archive is None:
        raise BackupUnusable("no backup: this stack was brought up without an archive")
    return estate.backup, estate.archive


def _told(backup: Backup, archive: Archive, done: Restored) -> dict[str, Any]:
    recovery, holdings = done.recovery, archive.holds()
    newest = holdings.newest()
    return {
        "backup": backup_evidence(backup),
        "archive_segments": len(holdings.segments),
        "archive_newest": newest.segment.name if newest else None,
        "target": str(done.target),
        "verified_by": f"midnight, file by file; {done.verification.tool}"
        if done.verification
        else "not verified",
        "verified_files": done.verification.verified.files if done.verification else 0,
        "verifying_seconds": done.verification.seconds if done.verification else None,
        "copying_seconds": done.copying,
        "replaying_seconds": done.replaying,
        "copied_bytes": done.bytes,
        "stopped": recovery.stopped,
        "last_transaction": recovery.last_transaction.isoformat() if recovery.last_transaction else None,
    }


def _copy_back(estate: Estate, source: Cluster, table: str, key: str) -> tuple[list[int], int]:
    """The numbers of the rows in `source`, and how many of them were missing in the primary and are now back."""
    name, column = sql.Identifier(table), sql.Identifier(key)
    try:
        with (
            connect(estate.dsn(source, DATABASE)) as there,
            connect(estate.dsn(estate.primary, DATABASE)) as here,
            here.transaction(),
        ):
            keys = there.execute(sql.SQL("SELECT {0} FROM {1} ORDER BY 1").format(column, name)).fetchall()
            here.execute(sql.SQL("CREATE TEMP TABLE recovered (LIKE {}) ON COMMIT DROP").format(name))
            with (
                there.cursor().copy(sql.SQL("COPY {} TO STDOUT").format(name)) as out,
                here.cursor().copy("COPY recovered FROM STDIN") as into,
            ):
                for piece in out:
                    into.write(piece)
            insert = sql.SQL("INSERT INTO {} SELECT * FROM recovered ON CONFLICT DO NOTHING").format(name)
            return [int(row[0]) for row in keys], here.execute(insert).rowcount
    except psycopg.Error as error:
        raise TargetError(f"the rows could not be put back: {str(error).strip()}") from error
