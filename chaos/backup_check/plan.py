"""Find the backup to restore, and check whether this machine can; changes nothing."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from chaos.backup_check import source as sources
from chaos.backup_check.base import BaseBackup
from chaos.backup_check.dump import Dump
from chaos.backup_check.kind import Kind
from chaos.backup_check.pgbackrest import PgBackRest
from chaos.backup_check.scratch import too_long
from chaos.backup_check.source import Source
from chaos.errors import BackupUnusable, Refused
from chaos.host.privileges import SystemUser, can_reach, unprivileged_user
from chaos.host.processes import stop_marked
from chaos.plan.restore import RestorePlan
from chaos.plugin.driver import Wants
from chaos.postgres import Installation
from chaos.run import preflight

KINDS: Mapping[str, type[Kind]] = {"base": BaseBackup, "dump": Dump, "pgbackrest": PgBackRest}

ROOM = 2  # times the expected duration of a restore


@dataclass(frozen=True, slots=True)
class Chosen:
    """The backup to restore, and the programs; only the reason if none can be found."""

    source: Source | None
    kind: Kind | None
    installations: tuple[Installation, ...]  # that may restore it, best first
    user: SystemUser | None
    because: str = ""


def choose(plan: RestorePlan) -> Chosen:
    """Find the backup, and check that it can be restored here.

    Raises UsageError for a wrong path, a missing program, or a machine that would be overloaded.
    """
    user = unprivileged_user()
    if too_long(plan.place):
        raise Refused(f"the path of the scratch directory is too long for a socket below it: {plan.place}")
    if not plan.place.is_dir() or not can_reach(user, plan.place):
        who = user.name if user else "this user"
        raise Refused(f"{plan.place} is not a directory that {who}, which PostgreSQL runs as, can enter")
    looking = f"midnight-look-{secrets.token_hex(6)}"
    try:
        source = sources.find(plan.options)
        kind = KINDS[plan.options.kind](plan.options, source, looking)
        installations = tuple(kind.installations())
    except BackupUnusable as error:
        return Chosen(None, None, (), user, str(error))
    finally:
        stop_marked(looking, grace=2.0)  # gpg leaves an agent running
    preflight.refuse_what_hurts(Wants(disk=ROOM * kind.expected, memory=300_000_000), place=plan.place)
    return Chosen(source, kind, installations, user)
