"""Options of command-line clients whose value is a secret although their name does not say so."""

from __future__ import annotations

import re

_VALUE = r"(?![-<>|;&])(?:\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|[^\s;&|\"']+)"
_ARGUMENTS = r"(?:[^|;&\n]{0,400}?\s)?"


def _form(programs: str, option: str, value: str = _VALUE) -> re.Pattern[str]:
    """Match the value after an option of one of these programs; all before it is the group `key`."""
    return re.compile(rf"(?P<key>(?<![\w.-])(?:{programs})\s+{_ARGUMENTS}{option}){value}")


OPTIONS = (
    _form("openssl", r"-(?:pass|passin|passout)\s+[\"']?pass:", r"[^\s\"']+"),
    _form(r"openssl\s+(?:enc|aes[\w-]*|des[\w-]*)", r"-[kK]\s+"),
    _form("zip|unzip|zipcloak|ipmitool|sqlcmd|bcp", r"-P\s*"),
    _form("7z[ar]?|7zz", r"-p"),
    _form(r"ldap(?:search|modify|add|delete|passwd|compare|whoami|modrdn|exop)", r"-w\s*"),
    _form("ldappasswd", r"-[as]\s*"),
    _form("lftp", r"-u\s*[\"']?[^\s,\"']+,", r"[^\s\"']+"),
    _form(r"smbclient|rpcclient|smbget", r"-U\s*[\"']?[^\s%\"']+%", r"[^\s\"']+"),
    _form(r"mongo(?:sh|dump|restore|export|import|stat|top)?", r"-p[\s=]*"),
    _form(
        r"(?:docker|podman|nerdctl|helm\s+registry)\s+login|rabbitmqadmin|ncftp(?:put|get|ls)?", r"-p[\s=]*"
    ),
    _form("redis-cli", r"--pass\s+"),
    _form("mc|mcli", r"(?:alias\s+set|config\s+host\s+add)\s+(?:--?\S+\s+)*\S+\s+\S+\s+\S+\s+"),
    _form("htpasswd", r"-(?!\w*n)\w*b\w*\s+(?:-\S+\s+)*\S+\s+\S+\s+"),
    _form("htpasswd", r"-(?=\w*n)\w*b\w*\s+(?:-\S+\s+)*\S+\s+"),
)
