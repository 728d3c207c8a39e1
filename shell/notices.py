"""`notices`: how one hears, and for operators what waits, what failed, and sending it again."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import uuid4

import typer

from shell.app import As, CommandId, Json, app
from shell.errors import ShellError
from shell.output import OUT, minute, short
from shell.session import Session

notices_app = typer.Typer(help="通知 / notices", no_args_is_help=True)
app.add_typer(notices_app, name="notices")
DIGESTS = ("immediate", "daily", "weekly", "off")
STATES = {
    "pending": "送信待ち / waiting",
    "sending": "送信中 / being sent",
    "sent": "送信済 / sent",
    "in_doubt": "不明 / in doubt",
    "failed": "不達 / failed",
}


@notices_app.command("choose")
def choose(
    digest: Annotated[str, typer.Option("--digest", help="immediate|daily|weekly|off")],
    channel: Annotated[
        str,
        typer.Option(
            "--channel",
            help="email(webhook・chat は職や組織あてで、個人では選べません / webhook and chat are nobody's own: no choice)",
        ),
    ] = "email",
    hour: Annotated[int, typer.Option("--hour", help="まとめて届く時刻 / hour of the digest", min=0, max=23)] = 8,
    as_: As = None,
    command_id: CommandId = None,
    json_: Json = False,
) -> None:
    """自分への通知の受け方を選ぶ / choose how notices reach you"""
    from domain.reader_stream import ChooseNotices, stream_of

    for option, value, known in (("--digest", digest, DIGESTS), ("--channel", channel, ("email",))):
        if value not in known:
            raise ShellError(
                f"{option}: {value}: 使えない値です / not known", f"→ 次のいずれか / one of: {', '.join(known)}"
            )
    session = Session(writing=True)
    person = session.person(as_)
    command = ChooseNotices.model_validate(
        {
            "command_id": command_id or str(uuid4()),
            "stream": stream_of(person),
            "channel": channel,
            "digest": digest,
            "hour": hour,
        }
    )
    session.store.record(command, session.actor(person))
    OUT.emit(
        {"person": person, "channel": channel, "digest": digest, "hour": hour},
        lambda: OUT.say(f"{channel}: {digest}" + (f" {hour}:00" if digest in ("daily", "weekly") else "")),
    )


@notices_app.command("show")
def show(as_: As = None, json_: Json = False) -> None:
    """自分の受け方 / how notices reach you"""
    from domain.reader_stream import stream_of

    session = Session()
    person = session.person(as_)
    state, _ = session.store.load(stream_of(person)) if _known(session, stream_of(person)) else (None, 0)
    choices = {c: v.model_dump() for c, v in state.choices.items()} if state else {}
    document = {"inbox": {"digest": "immediate"}, "email": {"digest": "immediate", "hour": 8}, **choices}
    OUT.emit(document, lambda: OUT.say(*(f"{c}: {v['digest']}" for c, v in document.items())))


def _known(session: Session, stream: str) -> bool:
    from store import queries

    return queries.has_stream(session.store, stream)


@notices_app.command("outbox")
def outbox_(json_: Json = False) -> None:
    """送信の状況 / how many notices stand where, by channel"""
    from store import outbox

    found = outbox.counted(Session().store)
    OUT.emit(
        found,
        lambda: OUT.table(
            "",
            ("経路 / channel", "状態 / state", "件 / count"),
            ((r["channel"], STATES[r["state"]], r["count"]) for r in found),
        ),
    )


@notices_app.command("incidents")
def incidents(json_: Json = False) -> None:
    """止まっている経路と、届かなかった・届いたか不明の通知 / channels that are down, notices failed or in doubt"""
    from store import outbox

    store = Session().store
    down, unsettled = outbox.health(store), outbox.unsettled(store)
    OUT.emit({"channels": down, "notices": unsettled}, lambda: _print(down, unsettled))


def _print(down: list[dict[str, Any]], unsettled: list[dict[str, Any]]) -> None:
    if not down and not unsettled:
        OUT.say("問題はありません / nothing is wrong")
        return
    for r in down:
        OUT.say(
            f"{r['channel']}: {minute(r['since'])} から停止 / down since then, {r['failures']} 回 / times: {r['problem']}"
        )
    if unsettled:
        OUT.table(
            "",
            ("通知 / notice", "経路 / channel", "あて先 / to", "状態 / state", "理由 / why", "件名 / subject"),
            (
                (
                    short(r["event_id"]),
                    r["channel"],
                    r["recipient"],
                    STATES[r["state"]],
                    r["problem"] or "",
                    r["subject_ja"],
                )
                for r in unsettled
            ),
        )
        OUT.say(
            "再送 / send again: ./taskforce notices resend NOTICE|--all   届いていた / it had arrived: ./taskforce notices settle NOTICE"
        )


@notices_app.command("resend")
def resend(
    notice: Annotated[
        str | None, typer.Argument(metavar="NOTICE", help="通知のID(先頭部分) / id or its beginning")
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="すべて / all that failed or are in doubt")] = False,
    channel: Annotated[str | None, typer.Option("--channel", help="この経路だけ / only this channel")] = None,
    json_: Json = False,
) -> None:
    """不達・不明の通知をもう一度送る / send again what failed or is in doubt"""
    _settled(notice, all_, channel, False, "再送します / will be sent again")


@notices_app.command("settle")
def settle(
    notice: Annotated[str, typer.Argument(metavar="NOTICE", help="通知のID(先頭部分) / id or its beginning")],
    channel: Annotated[str | None, typer.Option("--channel", help="この経路だけ / only this channel")] = None,
    json_: Json = False,
) -> None:
    """不明の通知を済みにする(届いていた) / it had arrived after all"""
    _settled(notice, False, channel, True, "済みにしました / settled")


def _settled(notice: str | None, all_: bool, channel: str | None, arrived: bool, words: str) -> None:
    from store import outbox

    session = Session(writing=True)
    if (notice is None) != all_:
        raise ShellError(
            "NOTICE: 通知か --all を指定してください / name a notice, or --all", "→ `./taskforce notices incidents`"
        )
    found = [r for r in outbox.unsettled(session.store, channel) if r["event_id"].startswith(notice or "")]
    if not found:
        raise ShellError(
            f"NOTICE: {notice or '--all'}: ありません / there is none", "→ `./taskforce notices incidents`"
        )
    if notice is not None and len({r["event_id"] for r in found}) > 1:
        raise ShellError(f"NOTICE: {notice}: 複数あります / several match", "→ もう少し長く / give more of the id")
    outbox.decide_on(session.store, found, arrived=arrived)
    OUT.emit({"count": len(found)}, lambda: OUT.say(f"{len(found)} 件: {words}"))
