"""`midnight show NAME`: an experiment, target or profile as its file, a fault as its parameters."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chaos.errors import UsageError
from chaos.spec import named_files
from chaos.spec.near import LONGEST, nearest

if TYPE_CHECKING:  # slow: `show` of a file needs none of it
    from chaos.plugin.fault import Fault

Name = Annotated[
    str,
    typer.Argument(
        metavar="NAME",
        help="Experiment, target, profile or fault, or path to a file. KIND:NAME if several share the name.",
    ),
]


def show(name: Name) -> None:
    """Print the file of an experiment, a target or a profile, or the parameters of a fault."""
    if Path(name).suffix in {".yaml", ".yml"}:
        _given(named_files.search(name, "experiments").as_posix())
        return
    kind, colon, rest = name.partition(":")
    kinds = (
        [kind] if colon and kind in SHOWN else [each for each, (known, _) in SHOWN.items() if name in known()]
    )
    word = rest if colon and kind in SHOWN else name
    if not kinds:
        every = sorted({each for known, _ in SHOWN.values() for each in known()})
        meant = nearest(name, every)
        known = f"did you mean {meant}?" if meant else "`midnight list` lists experiments and targets"
        raise UsageError(f"no experiment, target, profile or fault {name[:LONGEST]!r}; {known}")
    SHOWN[kinds[0]][1](word)
    for other in kinds[1:]:
        print(f"midnight: also a {other}: midnight show {other}:{word}", file=sys.stderr)


def _experiment(name: str) -> None:
    from chaos.play import kinds

    path = named_files.search(name, "experiments")
    kinds.of_file(path).summary()  # refuses a broken file
    _print(path)


def _given(name: str) -> None:
    from chaos.spec import yamlfile

    if "driver" in yamlfile.read_mapping(Path(name)):
        _print(Path(name))
    else:
        _experiment(name)


def _file(folder: str) -> Callable[[str], None]:
    return lambda name: _print(named_files.search(name, folder))


def _print(path: Path) -> None:
    print(f"# {path}")
    print(path.read_text(), end="")


def _fault(name: str) -> None:
    from chaos.plugin import registry
    from chaos.spec.written import default_of

    fault = registry.fault(name)
    print(f"# fault {name}: keys of a step's `with:`, with their defaults\n")
    print((inspect.getmodule(fault).__doc__ or fault.__doc__ or "").strip())
    print("\nwith:")
    for key, field in fault.Params.model_fields.items():
        written = default_of(field)
        print(f"  {field.alias or key}: {'...   # required' if written is None else written}")
    print(f"\n# the target needs: {_needs(fault)}")


def _needs(fault: type[Fault]) -> str:
    from pydantic import ValidationError

    from chaos.plan import lacking

    try:
        named = fault.needs_of(fault.Params())
    except ValidationError:  # a parameter is required
        return ", ".join([*map(lacking.words, sorted(fault.needs)), "what the keys above name in its file"])
    needs = ", ".join(map(lacking.words, sorted(fault.needs | named)))
    return f"{needs} (with the values above)" if named else needs or "nothing"


def _names(folder: str) -> Callable[[], tuple[str, ...]]:
    return lambda: tuple(named_files.available(folder))


def _faults() -> tuple[str, ...]:
    from chaos.plugin import registry

    return registry.names("faults")


SHOWN: Mapping[str, tuple[Callable[[], tuple[str, ...]], Callable[[str], None]]] = {
    "experiment": (_names("experiments"), _experiment),
    "target": (_names("targets"), _file("targets")),
    "profile": (_names("targets/profiles"), _file("targets/profiles")),
    "fault": (_faults, _fault),
}
"""What has a name, and how it is printed; the first wins if several share it."""
