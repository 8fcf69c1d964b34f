"""A field is described by the comment behind it, else by the one above it, and by no comment of its neighbours."""

from __future__ import annotations

from chaos.schemas.comments import of_fields
from chaos.spec.yamlfile import Model


class Described(Model):
    behind: int = 0  # bytes
    after_one_behind: int = 0
    # too long a comment
    # for the end of a line
    above: int = 0
    # passed over: the field has its own
    both: int = 0  # seconds
    # of no field

    apart: int = 0


def test_each_field_has_its_own_comment_and_no_other() -> None:
    told = {name: text for name, text in of_fields(Described).items() if name in Described.model_fields}
    assert told == {"behind": "bytes", "above": "too long a comment for the end of a line", "both": "seconds"}
