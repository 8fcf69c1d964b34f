"""An answer of the model that is read word by word."""

from __future__ import annotations

import json

import httpx

from .question import Question


class Answer:
    """A streamed response; its connection is in use until it is read to its end or closed."""

    def __init__(self, response: httpx.Response) -> None:
        self._response = response
        self._words = response.iter_bytes()

    def first_words(self) -> str:
        """What has come at first. Raises httpx.HTTPError."""
        self._response.raise_for_status()
        return str(json.loads(next(self._words))["text"])


def title_request(client: httpx.Client, question: Question) -> httpx.Request:
    """The request for a conversation's title."""
    asked = {"prompt": f"A title for: {question.prompt}", "context": ""}
    return client.build_request("POST", "/v1/complete", json=asked)
