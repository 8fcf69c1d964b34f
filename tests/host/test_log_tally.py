"""Numbers of lines: what is missing between the first and the last one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chaos.host.log_tally import Numbers


@given(numbers=st.lists(st.integers(0, 30)).filter(bool))
def test_stretches_of_numbers_miss_what_a_set_misses(numbers: list[int]) -> None:
    found = Numbers()
    for number in numbers:
        found.add(number)
    assert found.here == len(set(numbers))
    assert found.missing == max(numbers) - min(numbers) + 1 - len(set(numbers))


def test_ids_that_do_not_count_up_have_no_gaps() -> None:
    found = Numbers()
    for number in range(20):
        found.add(hash(str(number)))
    assert not found.count_up
