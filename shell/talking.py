"""Talking without deciding: `ask`, `reply`, `comment`, `share`, `read`; and to citizens: `publish`, `unpublish`."""

from __future__ import annotations

from typing import Annotated
from uuid import uuid4

import typer

from shell.acting import done
from shell.app import As, CommandId, Id, Json, app
from shell.errors import ShellError
from shell.session import Session

Words = Annotated[str, typer.Option("--text", help="本文 / what you say")]


def _said(text: str) -> str:
    if not text.strip():
        raise ShellError("--text: 空です / empty", "→ 本文を書いてください / write something")
    return text


@app.command()
def ask(id: Id, text: Words, as_: As = None, command_id: CommandId = None, json_: Json = False) -> None:
    """回議中の成果物について起案者に質問する / ask the drafter about what is in circulation"""
    from domain.lifecycle.dialogue import AskQuestion

    session = Session(writing=True)
    person, stream = session.person(as_), session.lifecycle(id)
    command = AskQuestion(command_id=command_id or str(uuid4()), stream=stream, text=_said(text))
    done(session, session.record(command, session.actor(person)))


@app.command()
def reply(
    question: Annotated[
        str, typer.Argument(metavar="QUESTION", help="質問のID(先頭部分も可) / id of the question or its beginning")
    ],
    text: Words,
    as_: As = None,
    command_id: CommandId = None,
    json_: Json = False,
) -> None:
    """質問に答える / answer a question"""
    from domain.lifecycle.dialogue import AnswerQuestion

    session = Session(writing=True)
    person = session.person(as_)
    full, stream = session.request(question)
    command = AnswerQuestion(command_id=command_id or str(uuid4()), stream=stream, question=full, text=_said(text))
    done(session, session.record(command, session.actor(person)))


@app.command()
def comment(id: Id, text: Words, as_: As = None, command_id: CommandId = None, json_: Json = False) -> None:
    """意見を書く / leave a remark for everybody concerned"""
    from domain.lifecycle.dialogue import AddComment

    session = Session(writing=True)
    person, stream = session.person(as_), session.lifecycle(id)
    command = AddComment(command_id=command_id or str(uuid4()), stream=stream, text=_said(text))
    done(session, session.record(command, session.actor(person)))


@app.command()
def share(
    id: Id,
    with_: Annotated[str, typer.Option("--with", metavar="POST", help="職のID / id of the post that is to read it")],
    note: Annotated[str, typer.Option("--note", help="添え書き / a note")] = "",
    as_: As = None,
    command_id: CommandId = None,
    json_: Json = False,
) -> None:
    """供覧する / show it to a post for information"""
    from domain.lifecycle.dialogue import ShareForInformation

    session = Session(writing=True)
    person, stream = session.person(as_), session.lifecycle(id)
    command = ShareForInformation(command_id=command_id or str(uuid4()), stream=stream, post=with_, note=note)
    done(session, session.record(command, session.actor(person)))


@app.command()
def read(
    reading: Annotated[str, typer.Argument(metavar="READING", help="供覧のID(先頭部分も可) / id of what was shared")],
    as_: As = None,
    command_id: CommandId = None,
    json_: Json = False,
) -> None:
    """供覧を確認する / say that it has been read"""
    from domain.lifecycle.dialogue import AcknowledgeReading

    session = Session(writing=True)
    person = session.person(as_)
    full, stream = session.request(reading)
    command = AcknowledgeReading(command_id=command_id or str(uuid4()), stream=stream, reading=full)
    done(session, session.record(command, session.actor(person)))


@app.command()
def publish(
    id: Id,
    text: Annotated[str, typer.Option("--text", help="市民向けの要約 / summary for citizens")],
    text_en: Annotated[str, typer.Option("--text-en", help="英語の要約 / summary in English")] = "",
    since: Annotated[str, typer.Option("--since", metavar="DAY", help="公開日 / first day (default: today)")] = "",
    part: Annotated[
        list[str] | None, typer.Option("--part", help="stages, kpis, outcomes, budget(繰り返し可 / may be repeated)")
    ] = None,
    as_: As = None,
    command_id: CommandId = None,
    json_: Json = False,
) -> None:
    """市民に公開する(事務局) / let citizens read of it (the secretariat)"""
    from domain.calendar import local_day
    from domain.lifecycle.publishing import PublishLifecycle

    session = Session(writing=True)
    person, stream = session.person(as_), session.lifecycle(id)
    fields: dict[str, object] = {"summary": _said(text), "summary_en": text_en, "stream": stream}
    fields |= {"command_id": command_id or str(uuid4()), "since": since or local_day(session.store.clock.now())}
    if part:
        fields["parts"] = part
    done(session, session.record(PublishLifecycle.model_validate(fields), session.actor(person)))


@app.command()
def unpublish(
    id: Id,
    reason: Annotated[str, typer.Option("--reason", help="理由 / why")],
    as_: As = None,
    command_id: CommandId = None,
    json_: Json = False,
) -> None:
    """公開をやめる / take it off the public page"""
    from domain.lifecycle.publishing import UnpublishLifecycle

    session = Session(writing=True)
    person, stream = session.person(as_), session.lifecycle(id)
    command = UnpublishLifecycle(command_id=command_id or str(uuid4()), stream=stream, reason=_said(reason))
    done(session, session.record(command, session.actor(person)))
