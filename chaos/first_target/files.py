"""The two files: where they go, what they hold, and that midnight itself accepts them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from chaos.errors import UsageError
from chaos.first_target import looking, night, writing
from chaos.first_target.draft import Consent, Draft
from chaos.imports import importing, names
from chaos.spec import experiment as spec_experiment
from chaos.spec import target as spec_target
from chaos.spec.target import Target


@dataclass(frozen=True, slots=True)
class Planned:
    draft: Draft
    target: Path
    experiment: Path

    def refuse_existing(self, *, force: bool) -> None:
        """Raises UsageError."""
        if self.target == self.experiment:
            raise UsageError("--output and --experiment are the same file")
        for path in (self.target, self.experiment):
            if path.exists() and not force:
                raise UsageError(
                    f"{path} exists: name another with --output and --experiment, or add --force"
                )


def look(what: str | None, name: str | None, target: Path | None, experiment: Path | None) -> Planned:
    """Raises UsageError if there is nothing to describe."""
    if name is not None and names.of_text(name, "target") != name:
        raise UsageError(
            f"--name must be lower case letters, digits and hyphens, such as {names.of_text(name, 'shop')}"
        )
    draft = looking.draft(what, name)
    return Planned(
        draft,
        target or Path(f"{draft.name}.yaml"),
        experiment or Path(f"{draft.name}-night.yaml"),
    )


def write(planned: Planned, consent: Consent | None, today: date) -> list[str]:
    """Write both files, and return what to say. Raises FileError."""
    text = writing.target(planned.draft, consent, today)
    target = importing.loaded(text, spec_target.load)
    played = night.experiment(target, planned.draft.driver, planned.target, planned.experiment)
    importing.loaded(played, spec_experiment.load)
    importing.write(planned.target, text)
    importing.write(planned.experiment, played)
    return [*_said(planned, consent, target), *night.following(str(planned.target), str(planned.experiment))]


def _said(planned: Planned, consent: Consent | None, target: Target) -> list[str]:
    found = [*planned.draft.seen, "", f"target: {planned.target}", f"experiment: {planned.experiment}", ""]
    if not any(route.ledger for route in target.routes.values()):
        found += [
            f"No write is measured yet: no route has a `ledger`. Under `routes`, {planned.target} has one to check and"
            " to uncomment.",
            "",
        ]
    missing = f"First state in {planned.target} who agreed: the line `consent` is commented out. Then type:"
    return [*found, "Type next:" if consent else missing]
