"""Bodies and parameters of recorded requests, with references in place of their secrets."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from email import message_from_bytes, policy
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from chaos.imports.imported import literal
from chaos.imports.secret_texts import free_text_looks_secret, value_looks_secret
from chaos.imports.withheld import Withheld

LONGEST = 8 * 1024
"""Maximum characters of a body that is written into a target file."""

SECRET = "its body looks as if it held a secret: left out; write it with {secret: {env: NAME}}"
_MOST_DEEP = 60
Body = Mapping[str, Any]


def named(listed: object) -> Iterator[tuple[str, str]]:
    """The pairs of a list of `{name, value}`, as HAR has them."""
    for each in listed if isinstance(listed, list) else ():
        if isinstance(each, dict) and isinstance(each.get("name"), str) and each["name"]:
            yield each["name"], str(each.get("value") or "")


def query_of(request: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The parameters of a HAR request's URL, decoded."""
    return parsed(urlsplit(str(request.get("url", ""))).query) or list(named(request.get("queryString")))


def parsed(text: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(text, keep_blank_values=True, max_num_fields=200)
    except ValueError:
        return []


def pairs(given: Iterable[tuple[str, str]], withheld: Withheld, where: str) -> dict[str, Any]:
    """Names with their values; a list for a name that is there more than once."""
    found = dict[str, Any]()
    for name, value in given:
        if value_looks_secret("", name):
            continue
        key, kept = literal(name), withheld.text(name, value, where)
        if key not in found:
            found[key] = kept
        elif isinstance(found[key], list):
            found[key].append(kept)
        else:
            found[key] = [found[key], kept]
    return found


def kind_of(posted: object) -> str:
    """The media type of a HAR request's body; empty if it has none that can be sent."""
    kind = str(posted.get("mimeType", "")) if isinstance(posted, dict) else ""
    kind = kind.partition(";")[0].strip().lower()
    return kind if re.fullmatch(r"[\w.+-]+/[\w.+*-]+", kind) else ""


def of_har(posted: object, withheld: Withheld) -> tuple[Body, list[str]]:
    """The body of a HAR request, and notes about it."""
    if not isinstance(posted, dict):
        return {}, []
    kind = kind_of(posted)
    text = posted.get("text")
    if "base64" in (posted.get("encoding"), posted.get("_encoding")) and isinstance(text, str):
        text = _decoded(text)
        if text is None:
            return {}, ["its body is binary (base64): left out; give it as file: {path: FILE}"]
    if kind == "multipart/form-data":
        return _multipart(posted, text if isinstance(text, str) else "", withheld)
    if isinstance(text, str) and text:
        return of_text(kind, text, withheld)
    params = list(named(posted.get("params")))
    return ({"form": pairs(params, withheld, "form")}, []) if params else ({}, [])


def of_text(kind: str, text: str, withheld: Withheld) -> tuple[Body, list[str]]:
    """The body of this media type, as JSON, a form or text."""
    if len(text) > LONGEST:
        return {}, [f"its body of {len(text)} characters is left out: give it as file: {{path: FILE}}"]
    if "json" in kind or text.lstrip()[:1] in ("{", "["):  # whatever its kind: curl -d says it is a form
        value = _json(text)
        if value is not None:
            return {"json": withheld.document(value, "body")}, []
    if kind == "application/x-www-form-urlencoded":
        return {"form": pairs(parsed(text), withheld, "form")}, []
    if free_text_looks_secret(text):
        return {}, [SECRET]
    return {"body": literal(text)}, []


def _json(text: str) -> Any:
    """The value; None for what is no JSON object or list, or is nested too deeply for a target file."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict | list) and _depth(value) <= _MOST_DEEP else None


def _depth(value: object) -> int:
    deepest, level = 0, [value]
    while level and deepest <= _MOST_DEEP:
        deepest += 1
        level = [
            inner
            for each in level
            for inner in (each.values() if isinstance(each, dict) else each if isinstance(each, list) else ())
        ]
    return deepest


def _decoded(text: str) -> str | None:
    try:
        found = base64.b64decode(text, validate=True).decode()
    except (binascii.Error, ValueError):
        return None
    return found if "\0" not in found else None


def _multipart(posted: Mapping[str, Any], text: str, withheld: Withheld) -> tuple[Body, list[str]]:
    """The first file, with the name of its field; the content is never that of the recording."""
    listed = posted.get("params")
    parts = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    parts = parts or list(_parts(str(posted.get("mimeType", "")), text))
    files = [each for each in parts if each.get("fileName")]
    fields = [
        (str(each.get("name") or ""), str(each.get("value") or ""))
        for each in parts
        if not each.get("fileName")
    ]
    form = pairs([pair for pair in fields if pair[0]], withheld, "form")
    held: dict[str, Any] = {"form": form} if form else {}
    if not files:
        return held, ["recorded as multipart/form-data without a file: written as a form"]
    first = files[0]
    kind = re.fullmatch(r"[\w.+-]+/[\w.+-]+", str(first.get("contentType", "")))
    held["file"] = {
        "field": literal(str(first.get("name") or "file")),
        "name": literal(str(first["fileName"])),
        "content": "{payload}",
        **({"type": kind[0]} if kind else {}),
    }
    notes = ["its file's content is not written: {payload} is sent, or give path: FILE"]
    if len(files) > 1:
        notes.append(f"{len(files) - 1} further files are left out")
    return held, notes


def _parts(kind: str, text: str) -> Iterator[dict[str, str]]:
    """The parts of a multipart body recorded as text."""
    if len(text) > LONGEST * 16 or "boundary" not in kind:
        return
    whole = f"Content-Type: {kind}\r\n\r\n{text}".encode(errors="replace")
    for part in message_from_bytes(whole, policy=policy.HTTP).walk():
        name = part.get_param("name", header="content-disposition")
        if name and not part.is_multipart():
            content = part.get_payload(decode=False)
            yield {
                "name": str(name),
                "fileName": part.get_filename() or "",
                "contentType": part.get_content_type(),
                "value": content if isinstance(content, str) else "",
            }
