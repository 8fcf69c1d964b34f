"""Environment variables whose value is a secret in plain text. The value is never shown."""

from __future__ import annotations

import re

from chaos.audit.node import as_number
from chaos.record.secret_forms import holds_known_key, mask
from chaos.spec.secret_values import is_secret

_ABOUT = re.compile(
    r"(?:_|^)(?:FILE|PATH|DIR|NAME|NAMES|HEADER|ENABLED?|DISABLED?|TTL|AGE|EXPIRY|EXPIRES?|EXPIRE_\w+|EXPIRATION\w*"
    r"|MINUTES|SECONDS|HOURS|DAYS|LENGTH|LIMIT|MAX|MIN|COUNT|SIZE|TYPE|ALGORITHM|METHOD|REF|ID|ENDPOINT|HOST|PORT"
    r"|USERS?|USERNAME|EMAILS?|LIST|DOMAINS?|SCOPES?|AUDIENCE|ISSUER|POLICY|VERSION|REQUIRED|REGEX|PROVIDER|BACKEND|MODE|COST|ROUNDS"
    r"|LIFETIME|LIFESPAN|VALIDITY|DURATION|TIMEOUT|INTERVAL|HASHERS?|CACHE|STORE|ROTATION|SOURCE|PROJECT|RATE)$",
    re.I,
)
_SWITCH = re.compile(r"(?:^|_)(?:RANDOM|ALLOW|EMPTY|ONETIME|USE|ENABLE|DISABLE|REQUIRE|FORCE|SKIP|NO)_", re.I)
_ADDRESS = re.compile(r"_UR[IL]S?$", re.I)
_URL = re.compile(r"[a-z][a-z0-9+.-]*://\S+", re.I)
_RANDOM = r"(?=[^@/]*\d)[\w-]{16,}@"  # a token in place of a user
_NO_PASSWORD = re.compile(rf"(?<=://)(?!{_RANDOM})[^\s:/@\"'<>]+@")
_PORT = re.compile(r"(?<=://)([\w.-]+):\d+")
_BY_FORM = re.compile(r"base64:[A-Za-z0-9+/]{16,}={0,2}")  # of Laravel
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
    if _holds_key(name, value):
        return True
    if _ABOUT.search(name) or (_SWITCH.search(name) and value in ("0", "1")):
        return is_secret("", value)
    if _ADDRESS.search(name) and _URL.fullmatch(value):
        return is_secret("", value) or _has_form(value)
    counted = as_number(value) is not None and re.search(r"tokens?(?:_|$)", name, re.I)
    if counted:
        return False
    return is_secret(name, value) or (
        not re.search(r"password|secret|token|key", name, re.I) and _has_form(value)
    )


def _holds_key(name: str, value: str) -> bool:
    """Return True for what is a key whatever its name; Neo4j's is `user/password`."""
    if _ABOUT.search(name):
        return False
    of_neo4j = name == "NEO4J_AUTH" and "/" in value
    return of_neo4j or _BY_FORM.fullmatch(value) is not None or holds_known_key(value)


def _has_form(value: str) -> bool:
    """A private key, a JSON web token, a key of a known provider, credentials in a URL: not a user alone, and not the
    port of a host such as token-service."""
    plain = _PORT.sub(r"\1", _NO_PASSWORD.sub("", value))
    return mask(plain) != plain
