"""Names whose value is a secret: of a key, a variable, or a parameter. Match without regard to case."""

from __future__ import annotations

_PART = r"(?:(?<=\w_)(?<!by_)(?<!first_)(?<!last_)(?<!proxy_)|(?-i:(?<=[a-z])(?=P)))"
_SHORT = rf"{_PART}(?:pass|pw|pwd(?![\"']?\s*[=:]\s*[\"']?/))(?![\w-])"
"""`DB_PASS`, `POSTGRES_PWD`, `DB_PW` and `dbPass`; not `PWD` and `OLDPWD`, which are directories, nor `COMPASS`."""

WORDS = (
    r"pass(?:word|wd|phrase)|secret|token|api[_-]?key|credential"
    rf"|(?:encrypt(?:ion)?|signing|private|master|hmac|jwt|fernet)[_-]?key|{_SHORT}"
)
"""What such a name contains. `authorization` is left to the callers: its value may be two words."""
