"""A server that says, byte for byte, what a test wants said, and tells what it saw."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass
class Conversation:
    """One connection. `ended` is set once it is over, whoever closed it."""

    writer: asyncio.StreamWriter
    requests: list[bytes] = field(default_factory=list)
    ended: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass
class Scripted:
    """Answers the n-th request of all with `answers[n]`, the last one again and again. An answer is its
    pieces, each a segment of its own; None closes the connection, and an Event is waited for."""

    answers: Sequence[Sequence[bytes | asyncio.Event | None]]
    port: int = 0
    conversations: list[Conversation] = field(default_factory=list)
    asked: int = 0

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        conversation = Conversation(writer)
        self.conversations.append(conversation)
        try:
            while True:
                conversation.requests.append(await reader.readuntil(b"\r\n\r\n"))
                answer = self.answers[min(self.asked, len(self.answers) - 1)]
                self.asked += 1
                for piece in answer:
                    if piece is None:
                        return
                    if isinstance(piece, asyncio.Event):
                        await piece.wait()
                    else:
                        writer.write(piece)
                        await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            conversation.ended.set()
            writer.close()


@asynccontextmanager
async def serving(
    *answers: Sequence[bytes | asyncio.Event | None],
    host: str = "127.0.0.1",
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[Scripted]:
    scripted = Scripted(answers)
    server = await asyncio.start_server(scripted._serve, host, 0, ssl=tls)
    scripted.port = server.sockets[0].getsockname()[1]
    try:
        yield scripted
    finally:
        server.close()
        for conversation in scripted.conversations:
            conversation.writer.close()
