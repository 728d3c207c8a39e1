"""`succession`: one person's open work handed over in bulk, tried dry first, with a handover sheet (事務引継書)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

import typer

from shell.acting import Reason, need_reason
from shell.app import As, Json, app
from shell.errors import ShellError
from shell.output import OUT, day, short
from shell.session import Session


@app.command()
def succession(
    previous: Annotated[str, typer.Option("--from", metavar="PERSON", help="前任 / who hands over")],
    successor: Annotated[str, typer.Option("--to", metavar="PERSON", help="後任 / who takes over")],
    reason: Reason = "人事異動 / personnel move",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="記録せず示す / show, record nothing")] = False,
    sheet: Annotated[
        Path | None, typer.Option("--sheet", metavar="FILE.md", help="事務引継書を書き出す / write the handover sheet")
    ] = None,
    as_: As = None,
    json_: Json = False,
) -> None:
    """一人の仕事をまとめて引き継ぐ / hand over what one person has in their own name; posts pass by themselves"""
    session = Session(writing=not dry_run)
    old, new = session.person(previous, "--from"), session.person(successor, "--to")
    actor = session.actor(session.person(as_))
    if sheet is not None and sheet.exists():
        raise ShellError(
            f"--sheet: {sheet}: すでにあります / exists already", "→ 別の名前にしてください / name another"
        )
    from store.succession import open_work, waiting_for

    rows, waiting = open_work(session.store, old), waiting_for(session.store, old)
    for row in rows:
        row["outcome"] = "would" if dry_run else _record(session, row, old, new, need_reason(reason), actor)
    document = {"from": old, "to": new, "recorded": not dry_run, "lifecycles": rows, "posts": waiting}
    if sheet is not None:
        sheet.write_text(_sheet(session, document), "utf-8")
    OUT.emit(document, lambda: _print(document))
    if any(row["outcome"] not in ("would", "handed over") for row in rows):
        raise typer.Exit(3)


def _record(session: Session, row: dict[str, Any], old: str, new: str, reason: str, actor: Any) -> str:
    from domain.lifecycle.handover import HandOver
    from domain.messages import Refused

    command = HandOver(command_id=str(uuid4()), stream=row["id"], previous=old, successor=new, reason=reason)
    try:
        session.record(command, actor)
    except Refused as refused:
        return f"拒否 / refused ({refused.refusal.rule}): {refused.refusal.message}"
    return "handed over"


def _print(document: dict[str, Any]) -> None:
    if not document["lifecycles"]:
        OUT.say("本人の名で持つものはありません / nothing is in their own name")
    else:
        OUT.table(
            "引き継ぐもの / handed over",
            ("ID", "件名 / matter", "段階 / stage", "何を / what", ""),
            (
                (short(r["id"]), r["title"], r["stage"], ", ".join(r["duties"]), r["outcome"])
                for r in document["lifecycles"]
            ),
        )
    for r in document["posts"]:
        OUT.say(f"職あて(後任の職員へ自動) / by post: {r['post']} {r['subject_ja']} {day(r['due_at'])}")


def _sheet(session: Session, document: dict[str, Any]) -> str:
    """事務引継書 as Markdown: what is open, when it is due, and the last that happened."""
    from domain.calendar import local_day, wareki

    lines = [
        "# 事務引継書 / handover sheet",
        "",
        f"- 前任 / from: {_named(session, document['from'])}",
        f"- 後任 / to: {_named(session, document['to'])}",
        f"- 日付 / date: {wareki(local_day(session.store.clock.now()))}",
        "",
        "## 本人の名で持つもの / in their own name",
        "",
    ]
    for r in document["lifecycles"]:
        lines += [f"### {r['title']} ({r['ref']})", "", f"- 段階 / stage: {r['stage']}、期限 / due: {day(r['due'])}"]
        lines += [f"- 役目 / duties: {', '.join(r['duties'])}", *_history(session, r["id"]), ""]
    lines += ["## 職あてに待つもの / waiting for their posts", ""]
    lines += [
        f"- {r['post']}: {r['subject_ja']} / {r['subject_en']}、期限 / due: {day(r['due_at'])}"
        for r in document["posts"]
    ]
    return "\n".join([*lines, ""])


def _history(session: Session, stream: str) -> list[str]:
    """The last two things worth telling."""
    from shell.telling import told_lines

    return [f"- {line}" for line in told_lines(session, stream)[-2:]]


def _named(session: Session, person: str) -> str:
    from store import queries

    found = queries.person(session.store, person)
    return f"{found['name']} ({person})" if found else person
