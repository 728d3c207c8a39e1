"""What the commands of the bodies share: their rules, telling what was recorded, files with their hash."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Annotated, Any
from uuid import uuid4

import typer

from domain.messages import Command, Text
from shell.errors import ShellError
from shell.output import OUT
from shell.session import Session

Rules = Annotated[
    str,
    typer.Option(
        "--rules", metavar="NAME@VERSION", help="公開済みの規程(既定は最新) / published rules (default: the newest)"
    ),
]


def viewer(session: Session, as_: str | None) -> str | None:
    """Who looks: `--as` or `TASKFORCE_PERSON`; None for nobody in particular, who sees what everybody may."""
    return session.person(as_) if as_ or session.settings.person else None


def day_of(option: str, text: str) -> date:
    from shell.acting import parse_day

    return parse_day(option, text)


def give(
    session: Session, kind: type[Command], stream: str, as_: str | None, command_id: str | None, /, **fields: Any
) -> Any:
    """Record a command as a person and tell what was recorded; the outcome."""
    command = kind.model_validate({"command_id": command_id or str(uuid4()), "stream": stream, **fields})
    outcome = session.record(command, session.actor(session.person(as_)))
    tell(session, outcome)
    return outcome


def tell(session: Session, outcome: Any) -> None:
    """What was recorded, in one line an event."""
    from domain.selection.kind import line as of_round
    from domain.sessions.kind import line as of_session

    kind = session.store.kinds[outcome.kind]
    state, _ = session.store.load(outcome.stream)
    fresh = session.store.events(outcome.stream, outcome.version - len(outcome.events))
    lines: dict[str, Callable[[Any, Any], Text]] = {"selection": of_round, "session": of_session}
    line = lines.get(kind.name)
    told = [line(state, r.event) for r in fresh if r.version <= outcome.version] if line else []
    document = {
        "id": outcome.stream,
        "version": outcome.version,
        "events": list(outcome.events),
        "duplicate": outcome.duplicate,
    }
    nothing = "すでに記録されています / recorded already" if outcome.duplicate else "変わりません / nothing changed"
    OUT.emit(
        document,
        lambda: OUT.say(*([f"{t.ja} / {t.en}" for t in told] or [outcome.stream if outcome.events else nothing])),
    )


def pairs(option: str, given: list[str] | None) -> dict[str, str]:
    """`KEY=VALUE` options as a mapping. Raises `ShellError`."""
    found: dict[str, str] = {}
    for text in given or []:
        key, sign, value = text.partition("=")
        if not sign or not key.strip() or key.strip() in found:
            raise ShellError(
                f"{option}: {text}: KEY=VALUE の形で、一つずつ / of the form KEY=VALUE, each once",
                "→ 直してください / correct it",
            )
        found[key.strip()] = value.strip()
    return found
