"""`step.key=value`, of `--set` or of a suite's `set`: change an experiment's document before it is validated."""

from __future__ import annotations

import io
from dataclasses import dataclass

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from chaos.errors import FileError
from chaos.spec.near import instead
from chaos.spec.yamlfile import Where


@dataclass(frozen=True, slots=True)
class Setting:
    """One `step.key=value`, and its place in the suite's file; None: typed after `--set`."""

    text: str
    at: Where | None = None

    @property
    def key(self) -> str:
        """`step.key`; the whole text if it has no value."""
        return self.text.partition("=")[0]

    def broken(self, rule: str, value: object = None) -> FileError:
        """An error about what it sets. Shows only the value that is given, as the text may hold a secret."""
        if self.at is None:
            return FileError(f"--set {self.key}", None, "", rule, value)
        return self.at.broken(f"{self.key}: {rule}", value)

    def told(self, error: FileError) -> FileError:
        """Return an error that this setting causes in the experiment's file as one of the setting."""
        step, _, key = self.key.partition(".")
        for own in (f"step {step!r}: with: {key}", f"step {step!r}: {key}"):
            if error.place == own or error.place.startswith(f"{own}: "):
                inner = error.place[len(own) + 2 :]
                return self.broken(f"{inner}: {error.rule}" if inner else error.rule, error.value)
        place = f"{error.place}: " if error.place else ""
        return self.broken(f"in {error.path}: {place}{error.rule}", error.value)


def apply(at: Where, setting: Setting) -> None:
    """Change a key of the step itself (at, hold, ...), else one of its parameters. Raises FileError."""
    name, dot, rest = setting.text.partition(".")
    key, equals, value = rest.partition("=")
    if not (dot and equals and name and key):
        rule = "must be step.param=value"
        raise setting.broken(rule) if setting.at is None else setting.at.broken(rule, setting.key)
    found = at.document.get("steps")
    steps = [step for step in found if isinstance(step, dict)] if isinstance(found, list) else []
    step = next((step for step in steps if step.get("name") == name), None)
    if step is None:
        known = instead(name, [str(step.get("name")) for step in steps])
        raise setting.broken(f"{at.path} has no step {name!r}; {known}")
    try:
        parsed = YAML(typ="safe").load(io.StringIO(value))
    except (YAMLError, ValueError, RecursionError):
        raise setting.broken("the value is not YAML", value) from None
    if key in {"at", "after", "hold", "optional"}:
        step[key] = parsed
    elif isinstance(params := step.setdefault("with", {}), dict):  # anything else breaks a rule of the file
        params[key] = parsed
