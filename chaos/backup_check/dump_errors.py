"""Classify refused statements of a dump: harmless, something missing on this machine, or an incomplete dump."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from chaos.postgres.statement_errors import Refusal

Meaning = Literal["harmless", "role", "lacking", "failed"]
_I = re.IGNORECASE | re.DOTALL

_DROPS = re.compile(r"^\s*(DROP\s|ALTER\s.*\b(DROP|DETACH)\b|SELECT\s+(pg_catalog\.)?lo_unlink)", _I)
_ABSENT = re.compile(r"does not exist|is not a partition of")
_SETS = re.compile(
    r"^\s*(SET\s|SELECT\s+(pg_catalog\.)?set_config|ALTER\s+(ROLE|USER|DATABASE|SYSTEM)\s)", _I
)
_ROLE = re.compile(r'^role "(?P<role>[^"]*)" does not exist')
_GRANTS = re.compile(
    r"^\s*(GRANT|REVOKE|SET\s+SESSION\s+AUTHORIZATION|SET\s+ROLE|ALTER\s+DEFAULT\s+PRIVILEGES|ALTER\s.*\bOWNER\s+TO\b"
    r"|ALTER\s+(ROLE|USER|GROUP)|COMMENT\s+ON\s+ROLE|SECURITY\s+LABEL|CREATE\s+USER\s+MAPPING)\b",
    _I,
)
# Refused by every fresh server, or because of objects created by midnight: SQLSTATE, message, statement.
_HARMLESS: Sequence[tuple[str, str, str]] = (
    ("42704", r"^unrecognized configuration parameter", _SETS.pattern),
    ("42710", r'^role ".*" already exists', r""),
    ("42710", r'^(extension|language) "plpgsql" already exists', r""),
    ("42P06", r'^schema "public" already exists', r""),
    ("42710", r"^tablespace .* already exists", r""),
    ("42501", r"^must be owner of|^permission denied", r"^\s*(COMMENT|GRANT|REVOKE|ALTER|SECURITY)\b"),
    ("22023", r'^invalid value for parameter "default_tablespace"', r""),
    ("58P01", r"^directory .* does not exist", r"^\s*CREATE\s+TABLESPACE"),
    ("42704", r"^tablespace .* does not exist", r"^\s*(ALTER|GRANT|REVOKE|COMMENT|DROP)\b"),
    # The copy is isolated; the dump's own data does not depend on these.
    ("08...", r"could not (connect|establish)", r"^\s*(CREATE|ALTER|REFRESH)\b"),
    ("55000", r"access to non-system foreign table is restricted", r""),
)
# Missing on this machine or in this build of PostgreSQL: SQLSTATE, message, remedy.
_LACKING: Sequence[tuple[str, str, str]] = (
    ("0A000", r'^extension "(?P<name>[^"]*)" is not available', "install the extension {name} for {server}"),
    ("58P01", r"could not open extension control file", "install that extension for {server}"),
    ("42704", r'^extension "(?P<name>[^"]*)" does not exist', "install the extension {name} for {server}"),
    ("58P01|22...", r'could not (access file|load library) "(?P<name>[^"]*)"', "install {name} for {server}"),
    ("55000|XX000|0A000|22023", r"shared_preload_libraries", "it starts by itself, which is not allowed in a copy"),
    (".....", r'extension "(?P<name>[^"]*)" (has no installation script|must be)', "install {name} for {server}"),
    ("0A000", r"ICU is not supported", "install a PostgreSQL that is built with ICU (Debian's is)"),
    ("0A000", r"(lz4|zstd).* not supported", "install a PostgreSQL that is built with it (Debian's is)"),
    ("0A000", r"not supported by this build", "install a PostgreSQL that is built with it (Debian's is)"),
    ("22023|42809|42704", r'(locale|LC_\w+).*"(?P<name>[^"]*)"', "install the locale {name} (localedef, locale-gen)"),
    ("42704", r'^collation "(?P<name>[^"]*)" .*does not exist', "install the locale or ICU data of {name}"),
    ("42704", r'^access method "(?P<name>[^"]*)" does not exist', "install the extension that provides {name}"),
    ("42704", r'^language "(?P<name>[^"]*)" does not exist', "install the procedural language {name} for {server}"),
    ("F0000", r"could not open (dictionary|stop-word|affix|thesaurus) file", "install the dictionary's files"),
    ("58P01", r"could not open (dictionary|stop-word|affix|thesaurus) file", "install the dictionary's files"),
    ("42704", r"^tablespace .* does not exist", "choose a scratch directory that can hold every tablespace"),
    ("53...", r"", "free disk space, memory or connections on this machine"),
    ("57P0.|58...|XX...", r"", "check the server's log"),
)  # fmt: skip
_COLLATED = ("23505", "23514", "23P01")  # can be refused because of a different collation
_NEWER_WORDS = ("42601", "0A000", "42704", "42883", "22023")  # an older server's error for a newer one's SQL
# The programs' own messages.
_TOOL_HARMLESS = re.compile(
    r"invalid command \\(un)?restrict|errors ignored on restore|^pg_restore: (hint|detail)"
)
_TOOL_LACKING = re.compile(
    r"unsupported version|not support compression|compressed archive|not supported by this", _I
)
_FROM_SERVER = re.compile(r"(could not execute query|error returned by PQ\w+): (ERROR|FATAL)|COPY failed")
_SHOWN = 20  # harmless messages that are listed


@dataclass(slots=True)
class Errors:
    """All statements refused while one dump was loaded into a server of major version `server`."""

    server: int
    client: int | None  # the version of the pg_dump that wrote it
    databases: frozenset[str]  # created by midnight itself
    locale: str = ""  # that one of them should have had but does not
    harmless: Counter[str] = field(default_factory=Counter)
    roles: dict[str, list[Refusal]] = field(default_factory=dict)  # required by something other than a grant
    lacking: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def add(self, refused: Iterable[Refusal]) -> None:
        for one in refused:
            meaning = self._meaning(one)
            if meaning == "harmless":
                self.harmless[one.message] += 1
            elif meaning == "role":
                match = _ROLE.match(one.message)
                assert match is not None
                self.roles.setdefault(match["role"], []).append(one)
            elif meaning == "lacking":
                self.lacking.append(f"{one}; {self._remedy(one)}")
            else:
                self.failed.append(str(one))

    def add_tool(self, lines: Iterable[str]) -> None:
        """Own messages of psql or pg_restore; those passed on from the server are in the server's log."""
        for line in lines:
            said = re.sub(r"^\S*?(psql|pg_restore)(:<stdin>:\d+)?: ", "", line).strip()
            if not re.match(r"(error|fatal|could not|invalid command|.*[Nn]o space left)", said):
                continue
            if _TOOL_HARMLESS.search(line) or _FROM_SERVER.search(line):
                continue
            if _TOOL_LACKING.search(said):
                self.lacking.append(
                    f"{said}; install the client programs of a newer PostgreSQL, built with it"
                )
            elif "No space left" in said:
                self.lacking.append(f"{said}; free disk")
            else:
                self.failed.append(said.removeprefix("error: "))

    def listed(self) -> list[str]:
        """The harmless ones, the most frequent first."""
        return [
            f"{said} ×{count}" if count > 1 else said for said, count in self.harmless.most_common(_SHOWN)
        ]

    def _meaning(self, one: Refusal) -> Meaning:
        if _DROPS.match(one.statement) and (
            one.statement.lstrip()[:4].upper() == "DROP" or _ABSENT.search(one.message)
        ):
            return "harmless"  # nothing to drop, or it cannot be dropped: no data is lost
        if _ROLE.match(one.message):
            return "harmless" if _GRANTS.match(one.statement) else "role"
        if one.state == "42P04" and any(f'"{name}"' in one.message for name in self.databases):
            return "harmless"
        for state, message, statement in _HARMLESS:
            if (
                re.fullmatch(state, one.state)
                and re.search(message, one.message)
                and re.match(statement, one.statement, _I)
            ):
                return "harmless"
        if self._known_lack(one) is not None or self._too_old(one):
            return "lacking"
        return "failed"

    def _known_lack(self, one: Refusal) -> str | None:
        if self.locale and one.state in _COLLATED:
            return f"install the locale {self.locale}, or a PostgreSQL that has it"
        for state, message, remedy in _LACKING:
            if re.fullmatch(state, one.state) and (found := re.search(message, one.message)):
                return remedy.format(server=f"PostgreSQL {self.server}", **found.groupdict())
        return None

    def _too_old(self, one: Refusal) -> bool:
        return self.client is not None and self.client > self.server and one.state in _NEWER_WORDS

    def _remedy(self, one: Refusal) -> str:
        known = self._known_lack(one)
        return known or f"install PostgreSQL {self.client}, the version of the dump's own pg_dump"
