"""Mask text that looks like a secret, whether or not this process has read it.

`redact` masks the secrets that were read; this is a second net, for logs and bug reports.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from chaos.record.redact import MASK
from chaos.record.secret_names import WORDS
from chaos.record.secret_options import OPTIONS

_NAMED = rf"[\w-]*(?:{WORDS})[\w-]*"
_VALUE = r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|[^\s,;&}\])\"']+"
_ARGUMENTS = r"[^|;&\n]{0,400}?"
_PROSE = r"(?:and|are|has|is|must|needs?|not|options?|or|to|was)(?!\S)"  # a sentence about the option
_KNOWN_KEY = re.compile(  # of AWS, GitHub, GitLab, Slack and Stripe
    r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|\bgh[pousr]_\w{20,}|\bgithub_pat_\w{20,}|\bglpat-[\w-]{16,}|\bxox[abprs]-[\w-]{10,}"
    r"|\b[rs]k_(?:live|test)_\w{10,}|\bwhsec_\w{16,}"
)
_FORMS = (
    re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.S),
    re.compile(r"(?<=://)[^\s\"'<>]*(?=@)"),  # user and password of a URL
    re.compile(rf"(?P<key>{_NAMED}[\"']?\s*[=:]\s*)(?:{_VALUE})", re.I),
    re.compile(
        rf"(?P<key>[\w-]*pwd[\w-]*[\"']?\s*[=:]\s*)(?![\"']?/)(?:{_VALUE})", re.I
    ),  # the shell's is a path
    re.compile(r"(?P<key>authorization[\"']?\s*[=:]\s*[\"']?)(?:[a-z]+\s+)?[^\s\"',{\[]+", re.I),
    re.compile(r"(?P<key>\bcookie[\"']?\s*[=:]\s*[\"']?)[^\s\"'=;]+=[^\"'\r\n]*", re.I),
    re.compile(r"(?P<key>\b(?:bearer|basic)\s+)(?=\S*[\d=+/])[\w+/.~-]{8,}=*", re.I),
    # an option and its value, as two words
    re.compile(
        rf"(?P<key>(?<![\w-])--?(?!-?no-)[\w-]*(?:{WORDS})\s+)(?![-<>|;&]|{_PROSE})(?:{_VALUE})", re.I
    ),
    # options of clients that are one letter
    re.compile(
        rf"(?P<key>\bcurl\s(?:{_ARGUMENTS}\s)?(?:-[a-zA-Z]{{0,9}}u|--user|--proxy-user)[ =]?[\"']?[^\s:\"']+:)[^\s\"']+"
    ),
    re.compile(
        rf"(?P<key>\b(?:(?:mysql|mariadb)[\w-]*\s(?:{_ARGUMENTS}\s)?-p|redis-cli\s(?:{_ARGUMENTS}\s)?-a\s*"
        rf"|sshpass\s+-p\s*))(?:{_VALUE})"
    ),
    re.compile(  # the path alone allows posting
        r"(?P<key>://(?:hooks\.slack\.com/services|hc-ping\.com|discord(?:app)?\.com/api/webhooks)/"
        r"|://api\.telegram\.org/bot)[^\s\"'<>]+"
    ),
    re.compile(r"\beyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*)?"),  # a JSON web token
    _KNOWN_KEY,
    re.compile(r"(?P<key>\b(?:AccountKey|SharedAccess(?:Key|Signature))=)[^\s;\"']+"),  # of Azure
)


def found(text: str) -> Iterator[re.Match[str]]:
    """What `mask` masks in a text: of each match, all but its group `key`, if it has one."""
    return (each for form in (*_FORMS, *OPTIONS) for each in form.finditer(text))


def mask(text: str) -> str:
    """Mask URL credentials, values of keys such as `password=`, bearer tokens and private keys."""
    for form in (*_FORMS, *OPTIONS):
        text = form.sub(lambda found: (found.groupdict().get("key") or "") + MASK, text)
    return text


def holds_known_key(text: str) -> bool:
    """Return True if the text holds a key of a known provider."""
    return _KNOWN_KEY.search(text) is not None
