"""Containers are named by who holds them, and by the lines that put things in; nothing of the application is run."""

from __future__ import annotations

import gc
import sys
import tempfile
import types
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from chaos.census.witness.site.midnight_witness import containers, writers
from chaos.census.witness.site.midnight_witness.holders import Holder, Walk

FILE = "/srv/shop/planted_module.py"
Planted = Callable[[str], types.ModuleType]


@pytest.fixture
def planted() -> Iterator[Planted]:
    """A module of an application, in a file that nobody reads."""
    names = []

    def module(source: str) -> types.ModuleType:
        made = types.ModuleType("planted_module")
        made.__file__ = FILE
        sys.modules[made.__name__] = made
        names.append(made.__name__)
        exec(compile(source, FILE, "exec"), made.__dict__)
        return made

    yield module
    for name in names:
        sys.modules.pop(name, None)


def walked() -> Walk:
    walk = Walk(lambda: None)
    walk.run(lambda name: name != "planted_module")
    return walk


def holder_of(thing: object) -> Holder:
    found = walked().holder(id(thing))
    assert found is not None
    return found


def functions(module: types.ModuleType) -> list[Any]:
    return [each for each in containers.functions_of(gc.get_objects()) if each.__globals__ is vars(module)]


GLOBAL = "import collections\nKEPT = {kind}\ndef route(key, value):\n    {line}\n    return 1\n"


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        ("{}", "KEPT[key] = value"),
        ("{}", "KEPT[id(key)] = dict(value=value)"),
        ("{}", "KEPT[f'{key}-{value}'] = value if value else key"),
        ("{}", "KEPT[key.name, value(1, x=2)] = value"),
        ("{}", "KEPT.setdefault(key, value)"),
        ("{}", "KEPT.update({key: value})"),
        ("[]", "KEPT.append((key, value))"),
        ("[]", "KEPT.insert(0, key) if key else None"),
        ("set()", "KEPT.add(key)"),
        ("collections.deque()", "KEPT.appendleft(key)"),
        ("collections.OrderedDict()", "KEPT[key] = value"),
        ("collections.defaultdict(list)", "KEPT[key].append(value)"),
    ],
)
def test_the_line_that_puts_something_in_is_found(kind: str, line: str, planted: Planted) -> None:
    module = planted(GLOBAL.replace("{kind}", kind).replace("{line}", line))
    holder = holder_of(module.KEPT)
    assert holder.name == "planted_module.KEPT"
    put, take = writers.of(holder, functions(module), on_read="default" in kind)
    assert (put, take) == ([f"{FILE}:4 in route"], [])


@pytest.mark.parametrize(
    "line",
    [
        "value[key] = KEPT.get(key)",
        "value[KEPT[key]] = 1",
        "return KEPT[key]",
        "value.append(KEPT)",
        "len(KEPT)",
    ],
)
def test_a_line_that_only_reads_it_is_not(line: str, planted: Planted) -> None:
    puts = "def put():\n    KEPT[1] = 2\n"
    module = planted(GLOBAL.replace("{kind}", "{}").replace("{line}", line) + puts)
    assert writers.of(holder_of(module.KEPT), functions(module)) == ([f"{FILE}:7 in put"], [])


def test_a_line_that_puts_something_in_by_a_detour_is_found_if_no_other_does(planted: Planted) -> None:
    lines = [
        "KEPT = {'a': {}}",
        "def route(value):",
        "    KEPT.get('a')[value] = 1",
        "    KEPT.get('b')[1] = 1",
    ]
    module = planted("\n".join(lines))
    assert writers.of(holder_of(module.KEPT["a"]), functions(module)) == ([f"{FILE}:3 in route"], [])


def test_without_a_line_that_puts_anything_anywhere_none_is_named(planted: Planted) -> None:
    module = planted(GLOBAL.replace("{kind}", "{}").replace("{line}", "return KEPT[key], len(value)"))
    assert writers.of(holder_of(module.KEPT), functions(module)) == ([], [])


@pytest.mark.parametrize("line", ["KEPT.pop(key)", "KEPT.popitem()", "del KEPT[key]", "KEPT.clear()"])
def test_the_line_that_takes_something_out_is_found(line: str, planted: Planted) -> None:
    module = planted(GLOBAL.replace("{kind}", "{}").replace("{line}", line))
    assert writers.of(holder_of(module.KEPT), functions(module)) == ([], [f"{FILE}:4 in route"])


NESTED = """
class Cache:
    def __init__(self):
        self._kept = {}
        self.other = []
    def put(self, key, value):
        self._kept[key] = value
        self.other.append(key)
class Slotted:
    __slots__ = ("rows",)
    def __init__(self):
        self.rows = []
    def put(self, row):
        self.rows.append(row)
class Everywhere:
    seen = set()
    def see(self, thing):
        self.seen.add(thing)
def closed():
    inner = []
    def put(thing):
        inner.append(thing)
    return put
EXTENSIONS = {"models": Cache(), "raw": {}, 7: []}
SLOTTED, PUT = Slotted(), closed()
def raw(key, value):
    EXTENSIONS["raw"][key] = value
def numbered(value):
    EXTENSIONS[7].append(value)
class Other:
    def put(self, row):
        self.rows.append(row)
"""


@pytest.mark.parametrize(
    ("of", "name", "line"),
    [
        (lambda m: m.EXTENSIONS["models"]._kept, 'planted_module.EXTENSIONS["models"]._kept', "7 in put"),
        (lambda m: m.EXTENSIONS["models"].other, 'planted_module.EXTENSIONS["models"].other', "8 in put"),
        (lambda m: m.EXTENSIONS["raw"], 'planted_module.EXTENSIONS["raw"]', "27 in raw"),
        (lambda m: m.EXTENSIONS[7], "planted_module.EXTENSIONS[7]", "29 in numbered"),
        (lambda m: m.SLOTTED.rows, "planted_module.SLOTTED.rows", "14 in put"),
        (lambda m: m.Everywhere.seen, "planted_module.Everywhere.seen", "18 in see"),
        (lambda m: m.PUT.__closure__[0].cell_contents, "planted_module.PUT.inner", "22 in put"),
    ],
)
def test_a_holder_is_named_as_in_code(
    of: Callable[[Any], Any], name: str, line: str, planted: Planted
) -> None:
    module = planted(NESTED)
    holder = holder_of(of(module))
    assert holder.name == name
    assert writers.of(holder, functions(module))[0] == [f"{FILE}:{line}"]


def test_a_dict_that_the_collector_does_not_track_is_found_through_its_holder(planted: Planted) -> None:
    module = planted("RAW = {}\n")
    module.RAW["key"] = b"x" * 10
    assert not gc.is_tracked(module.RAW)
    assert id(module.RAW) in walked().objects


LIVELY = """
RUN = []
class Lively:
    def __init__(self):
        self.kept = []
    @property
    def loaded(self):
        RUN.append("property")
    def __getattr__(self, name):
        RUN.append(name)
        raise AttributeError(name)
    def __len__(self):
        RUN.append("len")
        return 0
    def use(self):
        return self.loaded, self.missing
class Length(dict):
    def __len__(self):
        RUN.append("len")
        return 0
THING, SIZED = Lively(), Length()
class Proxy:
    __slots__ = ("x",)
    def __init__(self):
        self.x = []
    @property
    def __class__(self):
        RUN.append("class")
        return dict
PROXY = Proxy()
"""


def test_no_code_of_the_application_is_run(planted: Planted) -> None:
    module = planted(LIVELY)
    containers.forget()
    containers.Containers(walked()).listed(1, [])
    module.SIZED["key"] = 1
    walk = walked()
    found = containers.Containers(walk).listed(2, functions(module))
    containers.forget()
    entries = {each["holder"]: each for each in found}
    assert module.RUN == []
    assert entries["planted_module.SIZED"]["length"] == 1
    assert {"planted_module.THING.kept", "planted_module.PROXY.x"} <= {
        str(holder.name)
        for holder in map(walk.holder, map(id, (module.THING.kept, module.PROXY.x)))
        if holder
    }


def test_a_spooled_file_stays_in_memory(planted: Planted) -> None:
    module = planted("KEPT = []\n")
    with tempfile.SpooledTemporaryFile() as spooled:
        module.KEPT.append(spooled)
        walked().holder(id(module.KEPT))
        assert spooled._rolled is False  # type: ignore[attr-defined]


STATED = """
import collections, functools, queue
RECENT = collections.deque(maxlen=5)
JOBS = queue.Queue(maxsize=7)
class Cache:
    def __init__(self):
        self.max_size, self._kept = 9, {}
CACHE = Cache()
FREE = {1: 1}
@functools.lru_cache(maxsize=4)
def remembered(x):
    return x
"""


def test_bounds_that_a_container_or_its_owner_states_are_reported(planted: Planted) -> None:
    module = planted(STATED)
    containers.forget()
    containers.Containers(walked()).listed(1, [])
    module.RECENT.append(1)
    module.JOBS.queue.append(1)
    module.CACHE._kept[1] = 1
    module.FREE[2] = 1
    module.remembered(1)
    listed = containers.Containers(walked()).listed(2, functions(module))
    containers.forget()
    assert {each["holder"].partition(".")[2]: (each["type"], each["most"]) for each in listed} == {
        "RECENT": ("deque", 5),
        "JOBS.queue": ("deque", 7),
        "CACHE._kept": ("dict", 9),
        "FREE": ("dict", None),
        "remembered": ("lru_cache", 4),
    }
    assert all(each["was"] == {"1": each["length"] - 1} for each in listed)
