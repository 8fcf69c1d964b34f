"""Frames of compiled Cython, whose files are named as they were where the library was built."""

from __future__ import annotations

import pytest

from tests.log_errors.reading_logs import groups_in, only

GEVENT = """\
Traceback (most recent call last):
  File "/srv/app/jobs.py", line 4, in f
    try: queue.Queue().get(timeout=0.05)
         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  File "src/gevent/queue.py", line 406, in gevent._gevent_cqueue.SimpleQueue.get
  File "src/gevent/_waiter.py", line 154, in gevent._gevent_c_waiter.Waiter.get
  File "src/gevent/_gevent_c_greenlet_primitives.pxd", line 35, in gevent._gevent_c_greenlet_primitives._greenlet_switch
_queue.Empty
Traceback (most recent call last):
  File "/srv/app/jobs.py", line 10, in h
    r=event.AsyncResult(); r.set_exception(ValueError("x")); r.get()
                                                             ^^^^^^^
  File "src/gevent/event.py", line 330, in gevent._gevent_cevent.AsyncResult._raise_exception
  File "/usr/local/lib/python3.11/site-packages/gevent/_compat.py", line 89, in reraise
    raise value
ValueError: x
"""
PANDAS = """\
Traceback (most recent call last):
  File "pandas/_libs/index.pyx", line 167, in pandas._libs.index.IndexEngine.get_loc
  File "pandas/_libs/hashtable_class_helper.pxi", line 7096, in pandas._libs.hashtable.PyObjectHashTable.get_item
KeyError: 'b'

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/srv/app/report.py", line 3, in build
    df["b"]
KeyError: 'b'
"""


def traceback(file: str) -> str:
    return (
        'Traceback (most recent call last):\n  File "/srv/app/api.py", line 10, in handle\n    await fetch()\n'
        f'  File "{file}", line 207, in bind_execute\nValueError: gone\n'
    )


def test_frames_of_gevent_are_a_librarys() -> None:
    assert [str(each.stack.frame) for each in groups_in(GEVENT)] == [
        "/srv/app/jobs.py:4 in f",
        "/srv/app/jobs.py:10 in h",
    ]


def test_frames_of_pandas_in_cython_are_a_librarys() -> None:
    assert str(only(PANDAS).stack.frame) == "/srv/app/report.py:3 in build"


@pytest.mark.parametrize("file", ["asyncpg/protocol/protocol.pyx", "uvloop/loop.pyx", "a.pxi", "b.pxd"])
def test_a_relative_file_of_cython_is_a_librarys(file: str) -> None:
    assert str(only(traceback(file)).stack.frame) == "/srv/app/api.py:10 in handle"


@pytest.mark.parametrize("file", ["/srv/app/fast.pyx", r"C:\app\fast.pyx", "app/fast.py", "src/shop/fast.py"])
def test_a_file_below_the_applications_directory_is_its_own(file: str) -> None:
    assert str(only(traceback(file)).stack.frame) == f"{file}:207 in bind_execute"
