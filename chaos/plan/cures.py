"""What the target's hardened profile would change in the one that is played, with the reasons that both files give."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from chaos.record.manifest import Cure
from chaos.spec import yamlfile, yamltext
from chaos.spec.target import Target

CURE = "hardened"
"""The profile that is the cure of a target's others."""


def cures(target_path: Path, target: Target, played: str | None) -> tuple[Cure, ...]:
    """Return every setting of the played profile that the hardened one has otherwise; none if there is no such
    profile, or it is the one that is played. Both were validated."""
    if played in (None, CURE) or CURE not in target.profiles:
        return ()
    found, cure = (
        yamltext.load_commented(target_path.parent / "profiles" / f"{name}.yaml") for name in (played, CURE)
    )
    return tuple(_differences(found, cure))


def _differences(found: Any, cure: Any) -> Iterator[Cure]:
    for section, settings in cure.items():
        before = found.get(section)
        if not isinstance(settings, Mapping) or not isinstance(before, Mapping):
            continue
        for name, value in settings.items():
            if name in before and yamlfile.plain(before[name]) != yamlfile.plain(value):
                yield Cure(
                    setting=f"{section}.{name}",
                    value=_shown(before[name]),
                    because=_comment(before, name),
                    cure=_shown(value),
                    why=_comment(settings, name),
                )


def _shown(value: Any) -> str:
    """Format a setting as it is written in a file."""
    plain = yamlfile.plain(value)
    if plain is None:
        return "null"
    if isinstance(plain, bool):
        return str(plain).lower()
    if isinstance(plain, Mapping):
        return f"{{{', '.join(f'{key}: {_shown(item)}' for key, item in plain.items())}}}"
    return str(plain)


def _comment(settings: Any, name: str) -> str:
    """Return the comment behind a setting, without its sign."""
    comments = getattr(settings, "ca", None)
    token = (comments.items.get(name) or [None, None, None])[2] if comments is not None else None
    return "" if token is None else str(token.value).splitlines()[0].lstrip("# ").rstrip()
