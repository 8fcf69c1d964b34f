"""`--set step.key=value`: change an experiment's document before it is validated."""

from __future__ import annotations

import io

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from chaos.errors import UsageError
from chaos.spec.near import instead
from chaos.spec.yamlfile import Where


def apply(at: Where, text: str) -> None:
    """Apply `step.key=value`: a key of the step itself (at, hold, ...), else one of its parameters.
    Raises UsageError."""
    name, dot, rest = text.partition(".")
    key, equals, value = rest.partition("=")
    if not (dot and equals and name and key):
        raise UsageError(f"--set {text}: must be step.param=value")
    found = at.document.get("steps")
    steps = [step for step in found if isinstance(step, dict)] if isinstance(found, list) else []
    step = next((step for step in steps if step.get("name") == name), None)
    if step is None:
        known = instead(name, [str(step.get("name")) for step in steps])
        raise UsageError(f"--set {text}: {at.path} has no step {name!r}; {known}")
    try:
        parsed = YAML(typ="safe").load(io.StringIO(value))
    except (YAMLError, ValueError, RecursionError) as error:
        raise UsageError(f"--set {text}: {value!r} is not a YAML value") from error
    if key in {"at", "after", "hold", "optional"}:
        step[key] = parsed
    elif isinstance(params := step.setdefault("with", {}), dict):  # anything else breaks a rule of the file
        params[key] = parsed
