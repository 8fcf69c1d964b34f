"""What the form offers for a start: experiments and targets of the folders that `midnight list` shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from chaos.errors import MidnightError, UsageError
from chaos.play import kinds
from chaos.spec import named_files
from chaos.spec import target as targets

MOST_DIGITS = 9  # of a seed
USUAL = "embedded"


@dataclass(frozen=True, slots=True)
class Chosen:
    """One start."""

    experiment: str
    target: str
    profile: str | None
    seed: int

    @property
    def words(self) -> list[str]:
        """The arguments of `midnight`, as a person types them."""
        profile = [] if self.profile is None else ["--profile", self.profile]
        options = ["--target", self.target, *profile, "--seed", str(self.seed)]
        return ["run", "--json", *options, "--", self.experiment]

    def __str__(self) -> str:
        profile = "" if self.profile is None else f" --profile {self.profile}"
        return f"run {self.experiment} --target {self.target}{profile} --seed {self.seed}"


@dataclass(frozen=True, slots=True)
class Choices:
    """`aims`: target and profile by what the form sends for them. A file that cannot be read is left out."""

    experiments: Mapping[str, str]  # titles by name
    aims: Mapping[str, tuple[str, str | None]]

    @property
    def usual(self) -> str:
        """The target that `midnight run` takes by itself, with its first profile; empty if it is not offered."""
        return next((aim for aim, (target, _) in self.aims.items() if target == USUAL), "")

    def chosen(self, experiment: str, aim: str, seed: str) -> Chosen:
        """Return what was chosen. Raises UsageError for anything that is not offered."""
        if experiment not in self.experiments:
            raise UsageError(f"no experiment {experiment[:60]!r}; `midnight list` shows them")
        if aim not in self.aims:
            raise UsageError(f"no target and profile {aim[:60]!r}; `midnight list` shows them")
        if not (seed.isascii() and seed.isdecimal() and len(seed) <= MOST_DIGITS):
            raise UsageError(f"seed {seed[:60]!r}: must be a number of at most {MOST_DIGITS} digits")
        target, profile = self.aims[aim]
        return Chosen(experiment, target, profile, int(seed))


def offered() -> Choices:
    experiments: dict[str, str] = {}
    for name, path in sorted(named_files.available("experiments").items()):
        try:
            experiments[name] = kinds.of_file(path).summary().title
        except MidnightError:
            continue
    aims: dict[str, tuple[str, str | None]] = {}
    for name, path in sorted(named_files.available("targets").items()):
        try:
            profiles = targets.load(path).profiles
        except MidnightError:
            continue
        aims |= {
            f"{name}, {profile}" if profile else name: (name, profile) for profile in profiles or (None,)
        }
    return Choices(experiments, aims)
