"""A sound fault that puts a file into a volume, and others that break one rule of the contract each."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel

from chaos.host.processes import spawn, stop_marked
from chaos.plugin import Evidence, Fault, Handles, Held, Model, Undo


class Params(Model):
    size: int = 3


class Good(Fault):
    Params = Params
    needs = frozenset({"volumes.data"})

    def __init__(self, params: Any, handles: Handles, mark: str) -> None:
        self.file = handles.volumes["data"].path / f"midnight-{mark.replace('/', '-')}"
        self.size = params.size

    def prepare(self) -> Undo:
        return {"file": str(self.file)}

    def inject(self) -> Evidence:
        self.file.write_bytes(bytes(self.size))
        return {"bytes": self.size}

    def hold(self, seconds: float, stop: threading.Event) -> Held:
        stop.wait(seconds)
        return Held({"bytes": float(self.size)}, {"bytes": 1.0})

    @classmethod
    def undo(cls, undo: Undo) -> Evidence:
        Path(undo["file"]).unlink(missing_ok=True)
        return {}


class LooseParams(BaseModel):
    size: int = 3


class Loose(Good):
    Params = LooseParams  # type: ignore[assignment]


class Strange(Good):
    needs = frozenset({"volumes.data", "queues.main|volumes.data"})


class Misstaged(Good):
    @classmethod
    def staging(cls, params: Any) -> Mapping[str, float]:
        return {"logs.grow": params.size}


class NoJson(Good):
    def prepare(self) -> Undo:
        return {"file": str(self.file), "pair": (1, 2)}


class Hasty(Good):
    def prepare(self) -> Undo:
        self.inject()
        return super().prepare()


class Once(Good):
    made: ClassVar[set[str]] = set()

    @classmethod
    def undo(cls, undo: Undo) -> Evidence:
        file = Path(undo["file"])
        with file.with_name("undone").open("a") as log:
            log.write(f"{file}\n")
        if file.with_name("undone").read_text().count(str(file)) > 1 and not file.exists():
            raise FileNotFoundError(file)
        file.unlink(missing_ok=True)
        return {}


class Forgetful(Good):
    """Its undo works only in the process that injected."""

    files: ClassVar[list[Path]] = []

    def inject(self) -> Evidence:
        self.files.append(self.file)
        return super().inject()

    @classmethod
    def undo(cls, undo: Undo) -> Evidence:
        if not cls.files and Path(undo["file"]).exists():
            raise RuntimeError("who injected?")
        return super().undo(undo)


class Local(Forgetful):
    """As Forgetful, but elsewhere its undo does nothing and says so of nothing."""

    @classmethod
    def undo(cls, undo: Undo) -> Evidence:
        return Good.undo(undo) if cls.files else {}


class Slow(Forgetful):
    @classmethod
    def undo(cls, undo: Undo) -> Evidence:
        if not cls.files and Path(undo["file"]).exists():
            threading.Event().wait(60)
        return Good.undo(undo)


class Leaving(Good):
    @classmethod
    def undo(cls, undo: Undo) -> Evidence:
        del undo
        return {}


class Toggling(Good):
    """Each undo takes the former one back."""

    @classmethod
    def undo(cls, undo: Undo) -> Evidence:
        file = Path(undo["file"])
        if file.exists():
            file.unlink()
        else:
            file.touch()
        return {}


class TidyHold(Leaving):
    """Its act ends with its hold, and with nothing else."""

    def hold(self, seconds: float, stop: threading.Event) -> Held:
        held = super().hold(seconds, stop)
        self.file.unlink()
        return held


class Relative(Good):
    """Its undo works in one directory."""

    def prepare(self) -> Undo:
        return {"file": os.path.relpath(self.file)}


class Process(Leaving):
    """A process that goes on until this one ends."""

    def __init__(self, params: Any, handles: Handles, mark: str) -> None:
        super().__init__(params, handles, mark)
        self.mark = mark

    def inject(self) -> Evidence:
        self.process = spawn(["cat"], mark=self.mark, stdin=subprocess.PIPE)
        return {}


class Nameless(Process):
    def inject(self) -> Evidence:
        self.process = subprocess.Popen(["cat"], stdin=subprocess.PIPE)
        return {}


class Ending(Process):
    """A sound one: another process finds it by its mark."""

    def prepare(self) -> Undo:
        return {"mark": self.mark}

    @classmethod
    def undo(cls, undo: Undo) -> Evidence:
        return {"stopped": len(stop_marked(undo["mark"], grace=2))}


class Deaf(Good):
    def hold(self, seconds: float, stop: threading.Event) -> Held:
        threading.Event().wait(seconds)
        return super().hold(0, stop)


class Demanding(Good):
    """Has a parameter without a default."""

    class Params(Params):
        volume: str
        least: int

    def __init__(self, params: Any, handles: Handles, mark: str) -> None:
        super().__init__(params, handles, mark)


class Floorless(Good):
    def hold(self, seconds: float, stop: threading.Event) -> Held:
        stop.wait(seconds)
        return Held({}, {"bytes": 1.0})
