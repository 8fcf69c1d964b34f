"""Exception groups that another exception has caused, or that have caused one: their members are the errors."""

from __future__ import annotations

import json
import traceback

from tests.log_errors.reading_logs import Fingerprint, groups_in, prints

CAUSED = """\
Traceback (most recent call last):
  File "/srv/app/low.py", line 1, in low
    raise OSError("disk")
OSError: disk

The above exception was the direct cause of the following exception:

  + Exception Group Traceback (most recent call last):
  |   File "/srv/app/main.py", line 5, in main
  |     raise ExceptionGroup("many", [a, b]) from e
  | ExceptionGroup: many (2 sub-exceptions)
  +-+---------------- 1 ----------------
    | Traceback (most recent call last):
    |   File "/srv/app/inner.py", line 2, in inner
    |     raise KeyError("q")
    | KeyError: 'q'
    |{}
    | During handling of the above exception, another exception occurred:
    |{}
    | Traceback (most recent call last):
    |   File "/srv/app/one.py", line 7, in one
    |     raise ValueError(1)
    | ValueError: 1
    +---------------- 2 ----------------
    | TypeError: two
    +------------------------------------
""".replace("{}", " ")
MEMBERS = {
    ("python", "KeyError", "/srv/app/inner.py:2 in inner"): 1,
    ("python", "TypeError", "/srv/app/main.py:5 in main"): 1,
}


def raised(name: str, line: int, **more: object) -> dict[str, object]:
    frames = [{"filename": "/srv/app/a.py", "lineno": line, "name": "f"}]
    return {"exc_type": name, "exc_value": "", "frames": frames, "is_group": bool(more), **more}


def printed(error: BaseException) -> dict[Fingerprint, int]:
    """The fingerprints of an error that Python prints."""
    return prints("".join(traceback.format_exception(error)))


def caused(error: BaseException, cause: BaseException) -> BaseException:
    error.__cause__ = cause
    return error


def thrown(error: BaseException) -> BaseException:
    try:
        raise error
    except BaseException as caught:
        return caught


def exceptions(error: BaseException) -> dict[str, int]:
    found: dict[str, int] = {}
    for (_, name, _), count in printed(thrown(error)).items():
        found[name] = found.get(name, 0) + count
    return found


def test_members_of_a_group_that_another_exception_has_caused_are_errors() -> None:
    assert prints(CAUSED) == MEMBERS
    assert {group.stack.raised for group in groups_in(CAUSED)} == {"ExceptionGroup"}


def test_members_of_a_group_in_the_middle_of_a_chain_are_errors() -> None:
    group = caused(thrown(ExceptionGroup("many", [KeyError(1), ValueError(2)])), thrown(OSError("disk")))
    assert exceptions(group) == {"KeyError": 1, "ValueError": 1}
    assert exceptions(caused(RuntimeError("gone"), group)) == {"KeyError": 1, "ValueError": 1}


def test_of_two_groups_in_a_chain_the_members_of_the_first_are_errors() -> None:
    first = thrown(ExceptionGroup("first", [KeyError(1), ValueError(2)]))
    again = ExceptionGroup("again", [TypeError(3)])
    assert exceptions(caused(again, first)) == {"KeyError": 1, "ValueError": 1}


def test_members_of_a_member_with_a_cause_are_errors() -> None:
    inner = ExceptionGroup("inner", [KeyError(1)])
    caused(inner, thrown(OSError("disk")))
    assert exceptions(ExceptionGroup("outer", [inner, ValueError(2)])) == {"KeyError": 1, "ValueError": 1}


def test_what_a_group_in_a_member_has_caused_is_no_member() -> None:
    inner = thrown(ExceptionGroup("inner", [KeyError(1)]))
    gone = RuntimeError("gone")
    caused(gone, inner)
    assert exceptions(ExceptionGroup("outer", [gone])) == {"KeyError": 1}


def test_members_that_python_leaves_out_are_no_error() -> None:
    assert exceptions(ExceptionGroup("many", [KeyError(n) for n in range(20)])) == {"KeyError": 15}


def test_a_chain_without_a_group_is_one_error_its_root_cause() -> None:
    assert exceptions(caused(RuntimeError("gone"), thrown(OSError("disk")))) == {"OSError": 1}


def test_members_of_a_group_that_another_exception_has_caused_are_errors_in_structlogs_dictionaries() -> None:
    around = raised("ExceptionGroup", 2, exceptions=[[raised("KeyError", 7)], [raised("ValueError", 8)]])
    entry = {
        "level": "error",
        "event": "failed",
        "exception": [raised("Late", 1), around, raised("OSError", 3)],
    }
    groups = groups_in(json.dumps(entry))
    assert {(each.stack.exception, str(each.stack.frame), each.stack.raised) for each in groups} == {
        ("KeyError", "/srv/app/a.py:7 in f", "Late"),
        ("ValueError", "/srv/app/a.py:8 in f", "Late"),
    }
