"""On the route: `settle`, `concur`, `hand-on`, `recuse`, `mark`, `due`."""

from __future__ import annotations

from typing import Annotated
from uuid import uuid4

import typer

from shell.acting import Reason, done, need_reason, parse_day
from shell.app import As, CommandId, Id, Json, app
from shell.errors import ShellError
from shell.output import short
from shell.session import Session


@app.command()
def settle(
    id: Id,
    comment: Annotated[str, typer.Option("--comment", help="協議の経過 / what came of it")],
    agreed: Annotated[
        bool,
        typer.Option("--agreed/--unresolved", help="異議を取り下げる / 共通の上司に委ねる"),
    ],
    consultation: Annotated[
        str | None, typer.Option("--consultation", help="協議のID(一つしかなければ省ける) / when there are several")
    ] = None,
    as_: As = None,
    command_id: CommandId = None,
    json_: Json = False,
) -> None:
    """協議を終える(異議の取下げか、共通の上司の裁定へ) / end a consultation: objection withdrawn, or left to the superior"""
    from domain.lifecycle.consulting import SettleConsultation

    session = Session(writing=True)
    person, stream = session.person(as_), session.lifecycle(id)
    state, _ = session.store.load(stream)
    found = [c.id for c in state.consultations if not c.referred and c.id.startswith(consultation or "")]
    if len(found) != 1:
        raise ShellError(
            f"--consultation: {consultation or '-'}: "
            + (
                "開いている協議がありません / no consultation is open"
                if not found
                else "複数あります / there are several"
            ),
            f"→ {', '.join(short(f) for f in found)}" if found else f"→ `./taskforce show {short(stream)}`",
        )
    command = SettleConsultation(
        command_id=command_id or str(uuid4()), stream=stream, consultation=found[0], agreed=agreed, comment=comment
    )
    done(session, session.record(command, session.actor(person)))


@app.command()
def concur(
    id: Id,
    with_: Annotated[str, typer.Option("--with", metavar="POST", help="職のID / id of the post to be asked as well")],
    reason: Reason,
    as_: As = None,
    command_id: CommandId = None,
    json_: Json = False,
) -> None:
    """回議中に合議先を加える / ask one more post to agree, while the document is in circulation"""
    from domain.lifecycle.consulting import AddConcurrence

    session = Session(writing=True)
    person, stream = session.person(as_), session.lifecycle(id)
    command = AddConcurrence(
        command_id=command_id or str(uuid4()), stream=stream, post=with_, reason=need_reason(reason)
    )
    done(session, session.record(command, session.actor(person)))


@app.command()
def recuse(
    id: Id,
    reason: Reason,
    who: Annotated[
        str | None, typer.Option("--who", help="回避する職員(省けば本人) / who does not decide; oneself by default")
    ] = None,
    lift: Annotated[bool, typer.Option("--lift", help="回避を解く / lift it")] = False,
    as_: As = None,
    command_id: CommandId = None,
    json_: Json = False,
) -> None:
    """利害関係により回避する / somebody does not decide in this matter, for a conflict of interest"""
    from domain.lifecycle.absence import Recuse

    session = Session(writing=True)
    person, stream = session.person(as_), session.lifecycle(id)
    other = session.person(who, "--who") if who else person
    command = Recuse(
        command_id=command_id or str(uuid4()), stream=stream, person=other, reason=need_reason(reason), lifted=lift
    )
    done(session, session.record(command, session.actor(person)))


@app.command("hand-on")
def hand_on(
    request: Annotated[
        str, typer.Argument(metavar="REQUEST", help="依頼のID(先頭だけで可) / request id or its beginning")
    ],
    to: Annotated[str | None, typer.Option("--to", help="代わって決定する職員 / who decides in your place")] = None,
    back: Annotated[bool, typer.Option("--back", help="取り戻す・返す / take or give it back")] = False,
    reason: Annotated[str, typer.Option("--reason", help="理由 / why")] = "",
    as_: As = None,
    command_id: CommandId = None,
    json_: Json = False,
) -> None:
    """登録された代決者に、この一件の代決を依頼する / ask a registered deputy to decide one request in your place"""
    from domain.lifecycle.handing import HandOnRequest, TakeRequestBack

    if back == (to is not None):
        raise ShellError(
            "--to: --to か --back のどちらか一方が要ります / give either --to or --back",
            "→ `./taskforce hand-on REQUEST --to PERSON --reason TEXT`",
        )
    session = Session(writing=True)
    person = session.person(as_)
    request_id, stream = session.request(request)
    common = {"command_id": command_id or str(uuid4()), "stream": stream, "request": request_id}
    command: HandOnRequest | TakeRequestBack = (
        HandOnRequest(**common, to=session.person(to, "--to"), reason=need_reason(reason))
        if to is not None
        else TakeRequestBack(**common, reason=reason)
    )
    done(session, session.record(command, session.actor(person)))


@app.command()
def mark(
    id: Id,
    reason: Reason,
    as_: As = None,
    as_important: Annotated[bool, typer.Option("--important", help="重要")] = False,
    as_unusual: Annotated[bool, typer.Option("--unusual", help="異例")] = False,
    as_doubtful: Annotated[bool, typer.Option("--doubtful", help="疑義")] = False,
    command_id: CommandId = None,
    json_: Json = False,
) -> None:
    """重要・異例・疑義の扱いにする(代決できなくなる。何も付けなければ解く) / not decided in absence; without any: taken off"""
    from domain.lifecycle.absence import MarkMatter

    session = Session(writing=True)
    person, stream = session.person(as_), session.lifecycle(id)
    chosen = {"important": as_important, "unusual": as_unusual, "doubtful": as_doubtful}
    command = MarkMatter.model_validate(
        {
            "command_id": command_id or str(uuid4()),
            "stream": stream,
            "marks": [name for name, on in chosen.items() if on],
            "reason": need_reason(reason),
        }
    )
    done(session, session.record(command, session.actor(person)))


@app.command()
def due(
    request: Annotated[str, typer.Argument(metavar="REQUEST", help="依頼のID(先頭部分も可) / request id")],
    to: Annotated[str, typer.Option("--to", help="新しい期限(日付) / the new due date")],
    reason: Reason,
    as_: As = None,
    command_id: CommandId = None,
    json_: Json = False,
) -> None:
    """期限を変える(お知らせの時も動く) / change a due date; its reminders and escalations move with it"""
    from domain.lifecycle.dates import ChangeDue

    session = Session(writing=True)
    person = session.person(as_)
    full, stream = session.request(request)
    command = ChangeDue(
        command_id=command_id or str(uuid4()),
        stream=stream,
        request=full,
        due=parse_day("--to", to),
        reason=need_reason(reason),
    )
    done(session, session.record(command, session.actor(person)))
