"""What the source says about a field: the comment behind it, else the one above it."""

from __future__ import annotations

import ast
import inspect
import io
import textwrap
import tokenize
from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from pydantic import BaseModel


def of_fields(model: type[BaseModel]) -> Mapping[str, str]:
    """The comment of each field that has one, its own before an inherited one."""
    found: dict[str, str] = {}
    for each in reversed(model.__mro__):
        if issubclass(each, BaseModel) and each is not BaseModel:
            found |= _of_class(each)
    return found


@cache
def _of_class(model: type[BaseModel]) -> Mapping[str, str]:
    try:
        source = textwrap.dedent(inspect.getsource(model))
        comments = _comments(source)
        body = ast.parse(source).body[0]
    except (OSError, TypeError, SyntaxError, tokenize.TokenError):
        return {}
    found: dict[str, str] = {}
    for line in body.body if isinstance(body, ast.ClassDef) else ():
        if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name):
            lines = range(line.lineno, (line.end_lineno or line.lineno) + 1)
            told = [comments[n].text for n in lines if n in comments] or _above(line.lineno, comments)
            if told:
                found[line.target.id] = " ".join(told)
    return found


class _Comment(NamedTuple):
    text: str
    alone: bool  # on its line


def _above(line: int, comments: Mapping[int, _Comment]) -> list[str]:
    told: list[str] = []
    while (comment := comments.get(line := line - 1)) is not None and comment.alone:
        told.insert(0, comment.text)
    return told


def _comments(source: str) -> dict[int, _Comment]:
    """Each comment by its line."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {
        token.start[0]: _Comment(token.string.lstrip("# ").rstrip(), token.line.lstrip().startswith("#"))
        for token in tokens
        if token.type == tokenize.COMMENT and not token.string.startswith(("# type:", "# noqa"))
    }
