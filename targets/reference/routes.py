"""The Resources under /api."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Response, request
from flask_restx import Api, Resource, inputs, reqparse
from sqlalchemy import Connection

from . import documents, records
from .question import Question
from .services import Services

PAGE_LIMIT = 10_000

new_record = reqparse.RequestParser()
new_record.add_argument("seq", type=int, required=True, location="json", help="the client's number")
new_record.add_argument("payload", type=str, required=True, location="json", help="what to keep")
new_record.add_argument(
    "checksum", type=str, required=True, location="json", help="sha256(payload), 16 digits"
)

record_page = reqparse.RequestParser()
record_page.add_argument("after", type=int, default=-1, location="args", help="list numbers above this one")
record_page.add_argument(
    "limit", type=inputs.int_range(1, PAGE_LIMIT), default=1000, location="args", help="records in a page"
)

question = reqparse.RequestParser()
question.add_argument("prompt", type=str, required=True, location="json", help="what to complete")
question.add_argument("conversation", type=str, location="json", help="to go on with; a new one if left out")

Answer = tuple[dict[str, Any], int]


class ServedResource(Resource):  # type: ignore[misc]
    """A Resource with injected services."""

    def __init__(self, api: Api | None = None, *args: Any, services: Services, **kwargs: Any) -> None:
        super().__init__(api, *args, **kwargs)
        self.services = services


class Document(ServedResource):
    """One document."""

    def get(self, number: int) -> Answer:
        """The document, or 404."""
        found = self.services.database.run(lambda connection: documents.find(connection, number))
        if found is None:
            return {"message": "no such document"}, 404
        self.services.habits.read(number)
        return found, 200


class Documents(ServedResource):
    """All documents."""

    def get(self) -> Response:
        """Each as a line of JSON, sent as they are read."""
        return Response(self.services.habits.export(), mimetype="application/x-ndjson")


class Records(ServedResource):
    """The records."""

    def post(self) -> Answer:
        """Append: 201 new, 200 already there, 409 a different record is there. Durable once acknowledged."""
        asked = new_record.parse_args()
        if records.checksum(asked["payload"]) != asked["checksum"]:
            return {"message": "the checksum is not the payload's"}, 400
        status = self.services.database.run(
            lambda connection: records.append(connection, asked["seq"], asked["payload"], asked["checksum"])
        )
        self.services.habits.written(asked["seq"])
        return {"seq": asked["seq"], "checksum": asked["checksum"]}, status

    def get(self) -> Answer:
        """A page of the records, ordered by number."""
        asked = record_page.parse_args()
        return self.services.database.run(
            lambda connection: records.page(connection, asked["after"], asked["limit"])
        ), 200


class Completion(ServedResource):
    """A completion by the outbound model about a document."""

    def post(self) -> Answer:
        """The model's text, and the conversation id for follow-up questions."""
        asked = question.parse_args()
        prompt, conversation = str(asked["prompt"]), str(asked["conversation"] or uuid.uuid4())
        number = documents.number_for(prompt, self.services.config.documents)
        database = self.services.database
        if self.services.config.profile.api.connection_across_outbound:
            text = database.run(lambda held: self._ask(conversation, prompt, _context(held, number)))
        else:
            text = self._ask(conversation, prompt, database.run(lambda held: _context(held, number)))
        self.services.habits.completed(Question(conversation, number, prompt, request.environ))
        return {"conversation": conversation, "document": number, "text": text}, 200

    def _ask(self, conversation: str, prompt: str, context: str) -> str:
        conversations = self.services.conversations
        text = self.services.model.complete(prompt, context + conversations.said(conversation))
        conversations.add(conversation, f"{prompt}\n{text}\n")
        return text


class Usage(ServedResource):
    """The usage total."""

    def post(self) -> Answer:
        """Count one use; in the total once acknowledged."""
        self.services.usage.report()
        return {"counted": 1}, 200

    def get(self) -> Answer:
        """The total, and what it should be."""
        return self.services.usage.state(), 200


def _context(connection: Connection, number: int) -> str:
    found = documents.find(connection, number)
    return "" if found is None else str(found["body"])


def add_routes(api: Api, services: Services) -> None:
    """Register the API's Resources."""
    given = {"resource_class_kwargs": {"services": services}}
    api.add_resource(Document, "/api/documents/<int:number>", **given)
    api.add_resource(Documents, "/api/documents", **given)
    api.add_resource(Records, "/api/records", **given)
    api.add_resource(Usage, "/api/usage", **given)
    api.add_resource(Completion, "/api/complete", **given)
