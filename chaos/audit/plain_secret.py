"""Environment variables whose value is a secret in plain text. The value is never shown."""

from __future__ import annotations

import re

from chaos.audit.node import as_number
from chaos.record.secret_forms import mask
from chaos.spec.secret_values import is_secret

_ABOUT = re.compile(
    r"(?:_|^)(?:FILE|PATH|DIR|NAME|NAMES|HEADER|ENABLED?|DISABLED?|TTL|AGE|EXPIRY|EXPIRES?|EXPIRE_\w+|EXPIRATION\w*"
    r"|MINUTES|SECONDS|HOURS|DAYS|LENGTH|LIMIT|MAX|MIN|COUNT|SIZE|TYPE|ALGORITHM|METHOD|REF|ID|ENDPOINT|HOST|PORT"
    r"|USERS?|USERNAME|EMAILS?|LIST|DOMAINS?|SCOPES?|AUDIENCE|ISSUER|POLICY|VERSION|REQUIRED|REGEX|PROVIDER|BACKEND|MODE|COST|ROUNDS)$",
    re.I,
)
# Kubernetes expands $(NAME) only; ${NAME} and a whole $NAME are filled in before it sees them. `pa$word` is itself.
_REFERS = re.compile(
    r"\$\(\w+\)|\$\{\w[^}]*\}|(?-i:(?:^|[:@/=])\$[A-Z_][A-Z0-9_]*(?=$|[:@/]))"
    r"|<[\w -]+>|\{\{|^(?:vault|ref|op|aws-?sm|gcp-?sm|sops|ENC)[:\[]|^/\S+$",
    re.I,
)
_WORDS = frozenset({"", "true", "false", "yes", "no", "none", "null", "on", "off"})


def is_plain_secret(name: str, value: str | None) -> bool:
    """Return True for `DB_PASSWORD: s3cret` and URLs with a password; False for `..._FILE`, `..._TTL`, references to
    other variables, and values the files do not say."""
    if value is None or value.strip().lower() in _WORDS or _REFERS.search(value):
        return False
    if _ABOUT.search(name):
        return is_secret("", value)
    counted = as_number(value) is not None and re.search(r"tokens?(?:_|$)", name, re.I)
    if counted:
        return False
    return is_secret(name, value) or (
        not re.search(r"password|secret|token|key", name, re.I) and _has_form(value)
    )


def _has_form(value: str) -> bool:
    """A private key, a JSON web token, a key of a known provider, credentials in a URL."""
    return mask(value) != value
