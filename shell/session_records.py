"""What is kept of a session: `council|monitoring rules|read|fetch|decisions|decide`, and what of it is shown to whom."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from uuid import uuid4

import typer

from domain.messages import Recorded, Text
from domain.sessions import messages as m
from domain.sessions.session import Session as State
from shell.app import As, CommandId, Json
from shell.bodies import day_of, give, viewer
from shell.errors import ShellError
from shell.output import OUT, day
from shell.session import Session

if TYPE_CHECKING:
    from domain.bodies import BodyRules

Number = Annotated[str, typer.Argument(metavar="SESSION", help="会議(例 2026-1) / session, e.g. 2026-1")]
ItemKey = Annotated[str, typer.Argument(metavar="ITEM", help="議題の記号 / key of the item")]
_TREATED = {"adopted": "採用", "partly": "一部採用", "not_adopted": "不採用", "noted": "聴取"}


def seen_by(
    session: Session, state: State, person: str | None
) -> tuple[State, list[Recorded], list[tuple[Recorded, Text]]]:
    """The session as somebody may see it, its events with their texts, and each event in one line."""
    from domain.sessions.kind import line
    from domain.sessions.privacy import ever_withheld, public_line, veiled, withheld
    from store import bodies

    recorded = session.store.events(state.stream)
    if bodies.sees(session.store, state, person):
        return state, recorded, [(r, line(state, r.event)) for r in recorded]
    ever, shown = ever_withheld([r.event for r in recorded]), veiled(state)
    lines = [(r, told) for r in recorded if (told := public_line(shown, r.event, ever)) is not None]
    return shown, [r for r in recorded if not withheld(r.event, ever)], lines


def texts(recorded: Sequence[Recorded]) -> list[tuple[str, str, str]]:
    """(item, what it is, the text) of what people wrote: briefings, opinions, conclusions, dissent, instructions and answers."""
    found, last = [], {r.event.item: r.version for r in recorded if isinstance(r.event, m.ItemConcluded)}
    for r in recorded:
        event = r.event
        if isinstance(event, m.ChairBriefed):
            found.append(("", f"事前説明 / briefed {day(event.on)}", event.text))
        elif isinstance(event, m.OpinionObtained):
            kind = f"意見 / opinion {event.source} ({_TREATED[event.treatment]} / {event.treatment})"
            found.append((event.item, kind, f"{event.text}{' ― ' + event.because if event.because else ''}"))
        elif isinstance(event, m.VoteReceived) and event.text:
            found.append((event.item, "投票の意見 / with a vote", event.text))
        elif isinstance(event, m.ItemConcluded) and last[event.item] == r.version:
            found += [(event.item, "理由 / reason", event.reason)] if event.reason else []
            found += [(event.item, "条件 / condition", c.text) for c in event.conditions]
            found += [(event.item, "少数意見 / dissent", event.dissent)] if event.dissent else []
        elif isinstance(event, m.InstructionIssued):
            found.append(("", f"指示 / instruction to {event.post}", event.text))
        elif isinstance(event, m.InstructionAnswered):
            found.append(("", "回答 / answer", event.text))
    return found


def add_records(
    group: typer.Typer, body: str, named: Callable[[str], str], loaded: Callable[[Session, str], State]
) -> None:
    """`named`: stream of a session as people write it; `loaded`: its state, or `ShellError`."""
    _rules(group)
    _read(group, body, named, loaded)
    _papers(group, named, loaded)
    _decisions(group, body, named)


def _rules(group: typer.Typer) -> None:
    @group.command("rules")
    def rules(
        file: Annotated[Path | None, typer.Argument(metavar="FILE", help="公開する規程 / rules to publish")] = None,
        schema: Annotated[bool, typer.Option("--schema", help="JSON Schema")] = False,
        dry_run: Annotated[bool, typer.Option("--dry-run", help="記録せず示す / show what would change")] = False,
        as_: As = None,
        command_id: CommandId = None,
        json_: Json = False,
    ) -> None:
        """規程を見る、公開する(事務局とその上) / see the rules of the bodies, or publish them (headquarters)"""
        from definitions.loader import load_bodies
        from domain.bodies import BodyRules
        from domain.bodies_stream import STREAM, PublishRules, digest

        if schema:
            OUT.json = True
            OUT.emit(BodyRules.model_json_schema(), lambda: None)
            return
        session = Session(writing=file is not None and not dry_run)
        if file is not None:
            given = load_bodies(file)
            if dry_run:
                _would_change(session, given)
                return
            known = command_id or f"publish:{given.reference}:{digest(given)[:16]}:{session.person(as_)}"
            give(session, PublishRules, STREAM, as_, known, rules=given)
            return
        held = session.store.rules()
        if held is None:
            raise ShellError(
                "規程はまだ公開されていません / no rules are published",
                "→ `./taskforce council rules FILE --as PERSON`",
            )
        OUT.emit({**held.model_dump(mode="json"), "digest": digest(held)}, lambda: _ruled(held, digest(held)))


def _would_change(session: Session, new: BodyRules) -> None:
    from definitions.loader import load_bodies
    from domain.bodies_diff import compare, seated, unseated
    from domain.calendar import local_day

    store = session.store
    held, directory = store.rules() or load_bodies(), store.facts().directory
    lines = [*compare(held, new), *seated(held, new, directory, local_day(store.clock.now()))]
    missing = unseated(new, directory)
    document = {
        "old": held.reference,
        "new": new.reference,
        "differences": [line.model_dump() for line in lines],
        "unseated": [line.model_dump() for line in missing],
    }

    def told() -> None:
        OUT.say(f"{held.reference} → {new.reference}", *(f"- {line.ja} / {line.en}" for line in lines))
        if not lines:
            OUT.say("違いはありません / nothing differs")
        for line in missing:
            OUT.note(f"注意 / note: {line.ja} / {line.en}")

    OUT.emit(document, told)


def _ruled(held: BodyRules, digest: str) -> None:
    OUT.say(
        f"{held.reference} (sha256 {digest[:16]}) · 事務局 / secretariat: {held.secretariat} · 選定 / selects: {held.selects}"
    )
    OUT.table(
        "会議 / bodies",
        (
            "会議 / body",
            "議長 / chair",
            "定足数 / quorum",
            "通知 / notice",
            "開催日 / rhythm",
            "決裁を要する議題 / formal",
        ),
        [
            (
                b.title.ja,
                f"{b.chair.role} ({b.chair.unit})",
                f"> {b.quorum}",
                f"{b.notice.working_days or '-'} 開庁日",
                ", ".join(b.rhythm),
                ", ".join(f.category for f in b.formal),
            )
            for b in held.bodies
        ],
    )
    if held.priority_fields:
        OUT.say("重点取組分野 / priority fields: " + "、".join(held.priority_fields))


def _read(group: typer.Typer, body: str, named: Callable[[str], str], loaded: Callable[[Session, str], State]) -> None:
    @group.command("read")
    def read(number: Number, as_: As = None, json_: Json = False) -> None:
        """会議録を読む(確定前は構成員と事務局だけ) / read the minutes; before they are final members and secretariat only"""
        from store import bodies

        session = Session()
        state = loaded(session, named(number))
        inside = bodies.sees(session.store, state, viewer(session, as_))
        drafts = [r.event for r in session.store.events(state.stream) if isinstance(r.event, m.MinutesDrafted)]
        shown = drafts if inside else [d for d in drafts if d.version == state.final]
        if not shown:
            raise ShellError(
                f"SESSION: {number}: 読める会議録はありません / no minutes to be read",
                "→ 構成員か事務局の職員なら --as を付けてください / members and secretariat: say --as whom",
            )
        found = shown[-1]
        document = {"id": state.stream, "version": found.version, "final": state.final, "text": found.text}
        document |= {"closed_part": found.closed_part} if inside else {}

        def said() -> None:
            OUT.say(f"{state.title.ja} 会議録 第{found.version}版 / minutes, version {found.version}", "", found.text)
            if inside and found.closed_part:
                OUT.say("", "非公開部分 / non-public part", found.closed_part)
            if state.phase == "closed":
                OUT.say("", f"→ ./taskforce {body} confirm {number} --version {found.version} --as PERSON")

        OUT.emit(document, said)


def _papers(group: typer.Typer, named: Callable[[str], str], loaded: Callable[[Session, str], State]) -> None:
    @group.command("fetch")
    def fetch(
        number: Number,
        item: ItemKey,
        name: Annotated[str, typer.Argument(metavar="NAME", help="資料名(既定は最新版) / name of the paper")],
        version: Annotated[int | None, typer.Option("--version", min=1, help="版(既定は最新) / version")] = None,
        to: Annotated[Path | None, typer.Option("--to", help="置き場所 / file or folder to write to")] = None,
        force: Annotated[bool, typer.Option("--force", help="上書きする / overwrite")] = False,
        as_: As = None,
        json_: Json = False,
    ) -> None:
        """資料を取り出す(ハッシュを確かめながら) / take a paper out, its hash checked on the way"""
        from shell.attaching import take_out

        session = Session()
        state, _, _ = seen_by(session, loaded(session, named(number)), viewer(session, as_))
        papers = state.items[item].papers if item in state.items else ()
        found = [p for p in papers if p.name == name and version in (None, p.version)]
        if not found:
            listed = ", ".join(f"{p.name} ({p.version})" for p in papers) or "-"
            raise ShellError(f"NAME: {name}: ありません / no such paper", f"→ {item}: {listed}")
        take_out(session, found[-1].model_dump(), to, force)


def _decisions(group: typer.Typer, body: str, named: Callable[[str], str]) -> None:
    @group.command("decisions")
    def decisions(
        text: Annotated[bool, typer.Option("--text", help="起案の本文も / with the text of the drafts")] = False,
        as_: As = None,
        json_: Json = False,
    ) -> None:
        """閉会が起案した決裁 / decisions that closings drafted, decided or waiting"""
        from store import bodies

        session = Session()
        person = viewer(session, as_)
        found: list[tuple[State, str, Any]] = []
        for state, key, drafted in bodies.drafted_decisions(session.store, body):
            if state.items[key].public or bodies.sees(session.store, state, person):
                found.append((state, key, drafted))
        document = [{"session": s.stream, "item": k, **d.model_dump(mode="json")} for s, k, d in found]

        def said() -> None:
            OUT.table(
                "決裁 / decisions",
                ("会議 / session", "議題 / item", "件名 / matter", "起案する職 / post", "期限 / due", "決裁 / decided"),
                [
                    (s.stream, k, s.items[k].title, d.post_title.ja, day(d.due_at), f"{d.number} {day(d.decided_on)}")
                    for s, k, d in found
                ],
            )
            for s, k, d in found if text else ():
                OUT.say("", f"--- {s.stream} {k} {d.document}", d.text)

        OUT.emit(document, said)

    @group.command("decide")
    def decide(
        number: Number,
        item: ItemKey,
        document: Annotated[str, typer.Option("--number", help="決裁の番号 / number of the decision")],
        on: Annotated[str, typer.Option("--on", metavar="DAY", help="決裁日 / day of the decision")],
        post: Annotated[str, typer.Option("--by", metavar="POST", help="決裁した職 / post that decided")],
        as_: As = None,
        command_id: CommandId = None,
        json_: Json = False,
    ) -> None:
        """閉会が起案した決裁の結果を入れる / enter the decision that a closing drafted"""
        session = Session(writing=True)
        fields = {"item": item, "number": document, "decided_on": day_of("--on", on), "post": post}
        give(session, m.EnterDecision, named(number), as_, command_id or str(uuid4()), **fields)
