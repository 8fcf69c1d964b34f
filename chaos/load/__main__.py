"""`python -m chaos.load`: the load process.

Reads a LoadSpec as one JSON line, answers `{"ready": true, "priority": ...}`, reads `go <zero>`, plays, answers
`{"done": true, "sent": n}` and exits 0. At each pause of the specification it answers `{"paused": true}` once all
before it is over and in the file, and reads `play <delay>` before it goes on. When its standard input ends, it stops at
once and exits 0.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
from pathlib import Path

import uvloop

from chaos.errors import ExitCode, LoadError, MidnightError
from chaos.load import spec as specs
from chaos.load.answers import Answers
from chaos.load.bad_answers import BadAnswers
from chaos.load.client import Client
from chaos.load.generator import Generator
from chaos.load.notes import Notes
from chaos.load.priority import raise_priority
from chaos.load.recorder import Recorder
from chaos.load.sender import Sender
from chaos.load.spec import LoadSpec
from chaos.record import store
from chaos.record.redact import DiscreetStream, Redactor

_LONGEST_LINE = 2**20


async def main() -> None:
    """The whole life of the process. Raises MidnightError."""
    lines = await _standard_input()
    line = await lines.readline()
    if not line:
        return
    spec = _parse(line)
    sys.stderr = DiscreetStream(sys.stderr.buffer, Redactor(spec.secrets))  # stored beside the journal
    addresses = specs.addresses(spec)
    recorder = Recorder(spec.hits)
    specs.check_size(len(recorder.table))
    answers = None
    if spec.answers is not None:
        answers = Answers(spec.answers, len(spec.routes), Redactor(spec.secrets))
        recorder.also(answers.flush)
    notes = None
    if spec.notes is not None:
        notes = Notes(spec.notes)
        recorder.also(notes.flush)
    bad_answers = None
    if spec.bad_answers is not None:
        bad_answers = BadAnswers(spec.bad_answers, Redactor(spec.secrets))
        recorder.also(bad_answers.flush)
    sender = Sender(spec, recorder, Client(spec.base_url, addresses), answers, notes, bad_answers)
    _say({"ready": True, "priority": raise_priority()})
    zero = _zero(await lines.readline())
    if zero is not None:
        await _play_until_end_of_input(Generator(spec, recorder, sender), recorder, zero, lines)


async def _play_until_end_of_input(
    generator: Generator, recorder: Recorder, zero: float, lines: asyncio.StreamReader
) -> None:
    playing = asyncio.create_task(generator.play(zero))
    stopping = asyncio.create_task(_resume_until_end_of_input(generator, lines))
    telling = asyncio.create_task(_tell_pauses(generator, recorder))
    await asyncio.wait({playing, stopping}, return_when=asyncio.FIRST_COMPLETED)
    telling.cancel()
    if playing.done():
        stopping.cancel()
        _say({"done": True, "sent": playing.result()})
        return
    playing.cancel()
    await asyncio.wait({playing})
    stopping.result()


async def _resume_until_end_of_input(generator: Generator, lines: asyncio.StreamReader) -> None:
    while line := await lines.readline():
        generator.resume(_number("play", line))


async def _tell_pauses(generator: Generator, recorder: Recorder) -> None:
    while await generator.paused.wait():
        await asyncio.to_thread(recorder.flush)
        _say({"paused": True})
        await generator.resumed.wait()


async def _standard_input() -> asyncio.StreamReader:
    reader = asyncio.StreamReader(limit=_LONGEST_LINE)
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin.buffer
    )
    return reader


def _parse(line: bytes) -> LoadSpec:
    try:
        return LoadSpec.model_validate_json(line)
    except ValueError as error:
        raise LoadError(f"load: invalid specification: {error}") from error


def _zero(line: bytes) -> float | None:
    """The time in `go <zero>`; None if the input ended instead."""
    if not line:
        return None
    return _number("go", line)


def _number(expected: str, line: bytes) -> float:
    word, _, number = line.decode().partition(" ")
    if word != expected:
        raise LoadError(f"load: expected {expected!r} and a number, got {line!r}")
    return float(number)


def _say(document: dict[str, object]) -> None:
    print(json.dumps(document), flush=True)


def _raise_descriptor_limit() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


if __name__ == "__main__":
    _raise_descriptor_limit()
    try:
        uvloop.run(main())
    except MidnightError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
    except OSError as error:  # of the files that it writes: a failing request is an outcome
        print(store.why_not_written(error, Path(error.filename or "the run's directory")), file=sys.stderr)
        sys.exit(ExitCode.FAILED)
