"""Recognize names in text: hosts, users and addresses, by form or by context."""

from __future__ import annotations

import ipaddress
import re

HOST, USER, PERSON, ADDRESS, PROJECT = "host", "user", "person", "address", "project"

_NAME = r"[A-Za-z0-9_](?:[\w.-]*[A-Za-z0-9_])?"

CONTEXTS: tuple[tuple[str, re.Pattern[str]], ...] = (
    (HOST, re.compile(rf"://(?:[^\s/@\"'<>]*@)?(?P<name>{_NAME})")),
    (HOST, re.compile(r"(?<=[\w»])@(?!sha\d)(?P<name>[A-Za-z][\w-]*(?:\.[\w-]+)*)")),
    (HOST, re.compile(rf"\b(?:host|hostname|server|upstream|listen)\s*=\s*[\"']?(?P<name>{_NAME})", re.I)),
    (HOST, re.compile(rf"\b(?:host name|hostname|host|server at)\s+[\"'](?P<name>{_NAME})[\"']", re.I)),
    (HOST, re.compile(rf"[\"'](?P<name>{_NAME})[\"'] (?:has no address|\([^)]*\) is not this machine)")),
    (USER, re.compile(r"/(?:home|Users)/(?P<name>[^/\s\"'<>:,;]+)")),
    (
        USER,
        re.compile(
            r"\b(?:user|username|login|logname|pguser)\s*[=:]\s*[\"']?(?P<name>[A-Za-z_][\w.-]*\w)", re.I
        ),
    ),
    (USER, re.compile(r"\b(?:user|role) [\"'](?P<name>[^\s\"']+)[\"']", re.I)),
    (USER, re.compile(r"\bby sudo of (?P<name>[\w.-]*\w)")),
)

KEYS = {
    **dict.fromkeys(("host", "hostname", "allow", "upstream", "listen", "holder"), HOST),
    **dict.fromkeys(("user", "username", "started_by"), USER),
    "owner": PERSON,
}
"""The kind of name found under a document's key, whatever it looks like."""

STANDARD = frozenset({
    "localhost", "localhost.localdomain", "ip6-localhost", "root", "postgres", "nobody", "midnight", "admin", "api",
    "batch", "crowd", "unknown", "none", "null", "true", "false",
})  # fmt: skip
"""Names that every machine has, and midnight's own words that appear where a name could."""

_PUBLIC = (
    "github.com",
    "docker.io",
    "docker.com",
    "ghcr.io",
    "quay.io",
    "pypi.org",
    "python.org",
    "openslo.com",
)
_OF_TWO = frozenset({
    "arpa", "com", "consul", "corp", "edu", "example", "gov", "home", "int", "internal", "intranet", "invalid", "lan",
    "local", "localdomain", "mil", "net", "org", "private", "test",
})  # fmt: skip
_OF_THREE = frozenset({
    "ai", "app", "biz", "cloud", "cluster", "co", "dev", "info", "io", "me", "online", "site", "svc", "tech", "xyz",
})  # fmt: skip
_FILES = frozenset({"cc", "db", "gz", "js", "md", "pl", "ps", "py", "rs", "sh", "so", "ts", "xz"})
"""File extensions that are also country domains."""

_DOTTED = re.compile(r"(?<![\w.-])(?:[A-Za-z0-9_](?:[\w-]*\w)?\.)+[A-Za-z]{2,}(?![\w-])")
_OF_CLOUDS = re.compile(r"(?<![\w-])ip-\d{1,3}(?:-\d{1,3}){3}(?![\w-])")
_IPV4 = re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?!\.?\w)")
_IPV6 = re.compile(
    r"(?<![\w:.])(?:[0-9A-Fa-f]{0,4}:){2,7}(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f]{0,4})(?![\w:])"
)
_MAC = re.compile(r"(?<![\w:])(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}(?![\w:])")


def names(text: str) -> list[tuple[str, str]]:
    """Yield (kind, name) for every name recognized in the text, by form or by context."""
    found = [(kind, each["name"]) for kind, form in CONTEXTS for each in form.finditer(text)]
    found += [(HOST, each[0]) for each in _DOTTED.finditer(text) if is_host(each[0])]
    found += [(HOST, each[0]) for each in _OF_CLOUDS.finditer(text)]
    found += [(ADDRESS, each[0]) for form in (_IPV4, _IPV6, _MAC) for each in form.finditer(text)]
    return [(kind, name) for kind, name in found if kind == ADDRESS or is_name(name)] if found else []


def is_host(dotted: str) -> bool:
    """Return True if a dotted name is a host, not a file or module."""
    labels = dotted.lower().split(".")
    last = labels[-1]
    if last in _OF_TWO:
        return True
    return len(labels) > 2 and last not in _FILES and (last in _OF_THREE or len(last) == 2)


def is_name(text: str) -> bool:
    """Return True if the name may identify its owner: not a number, address, standard or public name."""
    name = text.lower()
    if name in STANDARD or not any(each.isalpha() for each in name) or "«" in name:
        return False
    return not any(name == public or name.endswith(f".{public}") for public in _PUBLIC)


def is_private_address(text: str) -> bool:
    """Return True unless the address is loopback or unspecified (`0.0.0.0`, `::`)."""
    if _MAC.fullmatch(text):
        return True
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None) or address
    return not (mapped.is_loopback or mapped.is_unspecified)
