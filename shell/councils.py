"""Sessions of the two bodies: `council …` and `monitoring …`, the same commands for both."""

from __future__ import annotations

from datetime import datetime, time
from pathlib import Path
from typing import Annotated, Any

import typer

from domain.calendar import JST, local_day
from domain.sessions import messages as m
from domain.sessions.kind import CATEGORIES, CONCLUSIONS, stream_of
from domain.sessions.session import Session as State
from shell.app import As, CommandId, Json, app
from shell.bodies import Rules, day_of, give, pairs, viewer
from shell.errors import ShellError
from shell.output import OUT, day
from shell.session import Session
from shell.session_records import add_records, seen_by, texts

Number = Annotated[str, typer.Argument(metavar="SESSION", help="会議(例 2026-1) / session, e.g. 2026-1")]
ItemKey = Annotated[str, typer.Argument(metavar="ITEM", help="議題の記号 / key of the item")]
Text = Annotated[str, typer.Option("--text", help="本文 / text")]
Reason = Annotated[str, typer.Option("--reason", help="理由 / reason")]


def _of(body: str, given: str) -> str:
    return given if ":" in given else f"{body}:{given}"


def _loaded(session: Session, stream: str) -> State:
    try:
        state = session.store.load(stream)[0]
    except LookupError:
        state = None
    if not isinstance(state, State):
        name = stream.partition(":")[0]
        raise ShellError(
            f"SESSION: {stream}: ありません / no such session",
            f"→ `./taskforce {name} list` で確かめてください / see the list",
        )
    return state


def _person(session: Session, given: list[str] | None, option: str) -> list[str]:
    return [session.person(p, option) for p in given or []]


def _register(body: str, title: str) -> None:
    group = typer.Typer(help=title, no_args_is_help=True)
    app.add_typer(group, name=body)

    @group.command("convene")
    def convene(
        on: Annotated[str, typer.Option("--on", metavar="DAY", help="開催日 / day of the session")],
        place: Annotated[str, typer.Option("--place", help="場所 / place")] = "",
        circulation: Annotated[
            bool, typer.Option("--circulation", help="持ち回り / by circulation, no meeting")
        ] = False,
        urgent: Annotated[str, typer.Option("--urgent", help="通知期間に足りない理由 / why on shorter notice")] = "",
        rules: Rules = "",
        as_: As = None,
        command_id: CommandId = None,
        json_: Json = False,
    ) -> None:
        """会議を招集する(事務局) / convene a session (the secretariat)"""
        from domain.calendar import fiscal_year
        from store import bodies

        session = Session(writing=True)
        held = day_of("--on", on)
        year = fiscal_year(held)
        number = bodies.next_number(session.store, body, year)
        give(
            session,
            m.ConveneSession,
            stream_of(body, year, number),
            as_,
            command_id,
            body=body,
            fiscal_year=year,
            number=number,
            held_on=held,
            place=place,
            circulation=circulation,
            rules=rules,
            urgent=urgent,
        )

    @group.command("agenda")
    def agenda(
        number: Number,
        build: Annotated[
            bool, typer.Option("--build", help="待っている案件をすべて載せる / put on it all that waits for this body")
        ] = False,
        as_: As = None,
        json_: Json = False,
    ) -> None:
        """議題を見る、待っている案件から作る / see the agenda, or build it from what waits"""
        from domain.sessions.privacy import veiled
        from store import bodies

        session = Session(writing=build)
        stream = _of(body, number)
        state = _loaded(session, stream)
        waiting = bodies.matters(session.store, state)
        if build:
            person = session.person(as_)
            for found in waiting:
                session.store.record(bodies.put(stream, found), session.actor(person))
            state, waiting = _loaded(session, stream), []
        if not bodies.sees(session.store, state, viewer(session, as_)):
            state = veiled(state)
        document = {
            "id": stream,
            "items": [i.model_dump(mode="json") for i in state.items.values()],
            "waiting": [w.model_dump() for w in waiting],
        }
        OUT.emit(document, lambda: _agenda(state, waiting))

    @group.command("put")
    def put(
        number: Number,
        item: ItemKey,
        title: Annotated[str, typer.Option("--title", help="件名 / title")],
        category: Annotated[str, typer.Option("--category", help="|".join(CATEGORIES))] = "other",
        lifecycle: Annotated[str | None, typer.Option("--lifecycle", help="ライフサイクルのID / its id")] = None,
        request: Annotated[
            str | None, typer.Option("--request", help="議長に届いている依頼 / the request that waits for the chair")
        ] = None,
        selection: Annotated[str | None, typer.Option("--selection", help="選定ラウンド / selection round")] = None,
        closed: Annotated[bool, typer.Option("--non-public", help="非公開 / apart in the minutes")] = False,
        as_: As = None,
        command_id: CommandId = None,
        json_: Json = False,
    ) -> None:
        """議題を一つ載せる / put one item on the agenda"""
        session = Session(writing=True)
        stream = session.lifecycle(lifecycle) if lifecycle else ""
        fields: dict[str, Any] = {"item": item, "title": title, "category": category, "public": not closed}
        fields |= _matter(session, stream, request, selection)
        give(session, m.PutItem, _of(body, number), as_, command_id, **fields)

    @group.command("remove")
    def remove(
        number: Number, item: ItemKey, reason: Reason, as_: As = None, command_id: CommandId = None, json_: Json = False
    ) -> None:
        """議題を取り下げる / take an item off"""
        session = Session(writing=True)
        give(session, m.TakeItemOff, _of(body, number), as_, command_id, item=item, reason=reason)

    @group.command("paper")
    def paper(
        number: Number,
        item: ItemKey,
        file: Annotated[Path, typer.Argument(metavar="FILE", help="資料 / the paper")],
        kind: Annotated[str, typer.Option("--as-kind", help="paper|replacement|handout")] = "paper",
        name: Annotated[str, typer.Option("--name", help="資料名(既定はファイル名) / its name")] = "",
        as_: As = None,
        command_id: CommandId = None,
        json_: Json = False,
    ) -> None:
        """資料を付ける(差替え・席上配付も版として残る) / add a paper; replacements and hand-outs are further versions"""
        from blobs.inspection import Unfit, inspect
        from blobs.registry import configured

        session = Session(writing=True)
        _loaded(session, _of(body, number))
        try:
            found = inspect(file, largest=session.settings.attachment_mb << 20, name=name or None)
        except Unfit as unfit:
            raise ShellError(*str(unfit).splitlines()) from None
        configured(session.settings).put(found.sha256, file)
        fields = {"item": item, "name": found.name, "sha256": found.sha256, "size": found.size, "as_": kind}
        # `as_` is a field of the paper here; who acts stands before the slash.
        give(session, m.PutPaper, _of(body, number), as_, command_id, **fields)

    @group.command("brief")
    def brief(
        number: Number,
        text: Text,
        on: Annotated[str, typer.Option("--on", metavar="DAY", help="実施日 / day")],
        as_: As = None,
        command_id: CommandId = None,
        json_: Json = False,
    ) -> None:
        """議長への事前説明(市長レク)を記録する / record that the chair was briefed before"""
        session = Session(writing=True)
        give(session, m.RecordBriefing, _of(body, number), as_, command_id, on=day_of("--on", on), text=text)

    @group.command("opinion")
    def opinion(
        number: Number,
        item: ItemKey,
        text: Text,
        source: Annotated[str, typer.Option("--from", help="だれの意見か / whose opinion")],
        treatment: Annotated[str, typer.Option("--treatment", help="adopted|partly|not_adopted|noted")],
        because: Annotated[str, typer.Option("--because", help="採らない理由など / why")] = "",
        as_: As = None,
        command_id: CommandId = None,
        json_: Json = False,
    ) -> None:
        """意見聴取と、その扱いを記録する / record an opinion and what became of it"""
        session = Session(writing=True)
        fields = {"item": item, "source": source, "text": text, "treatment": treatment, "because": because}
        give(session, m.ObtainOpinion, _of(body, number), as_, command_id, **fields)

    @group.command("attend")
    def attend(
        number: Number,
        presiding: Annotated[str, typer.Option("--presiding", metavar="PERSON", help="主宰者 / who presides")],
        present: Annotated[
            list[str] | None, typer.Option("--present", metavar="PERSON", help="出席者(繰り返す) / present, repeat")
        ] = None,
        everybody: Annotated[bool, typer.Option("--all", help="構成員全員 / all members")] = False,
        absent: Annotated[
            list[str] | None, typer.Option("--absent", metavar="PERSON", help="--all から除く / but")
        ] = None,
        guest: Annotated[list[str] | None, typer.Option("--guest", help="構成員以外 / others who attend")] = None,
        as_: As = None,
        command_id: CommandId = None,
        json_: Json = False,
    ) -> None:
        """出席をとる / take attendance"""
        from domain.bodies import members_of

        session = Session(writing=True)
        state = _loaded(session, _of(body, number))
        people = _person(session, present, "--present")
        if everybody:
            today = local_day(session.store.clock.now())
            gone = set(_person(session, absent, "--absent"))
            seated = members_of(state.of, session.store.facts().directory, today)
            people = [s.person for s in seated if s.person not in gone]
        chair = session.person(presiding, "--presiding")
        fields = {"present": people, "presiding": chair, "guests": guest or []}
        give(session, m.TakeAttendance, _of(body, number), as_, command_id, **fields)

    @group.command("recuse")
    def recuse(
        number: Number,
        item: ItemKey,
        reason: Reason,
        person: Annotated[str | None, typer.Option("--person", help="本人でないとき / if not oneself")] = None,
        as_: As = None,
        command_id: CommandId = None,
        json_: Json = False,
    ) -> None:
        """利害関係による回避 / recuse from an item"""
        session = Session(writing=True)
        who = session.person(person or as_, "--person")
        give(session, m.RecuseFromItem, _of(body, number), as_, command_id, item=item, person=who, reason=reason)

    @group.command("vote")
    def vote(
        number: Number,
        item: ItemKey,
        ballot: Annotated[str, typer.Option("--ballot", help="yes|no|abstain")],
        text: Annotated[str, typer.Option("--text", help="意見 / opinion")] = "",
        as_: As = None,
        command_id: CommandId = None,
        json_: Json = False,
    ) -> None:
        """持ち回りで投票する / vote in a circulation"""
        session = Session(writing=True)
        give(session, m.CastVote, _of(body, number), as_, command_id, item=item, ballot=ballot, text=text)

    @group.command("conclude")
    def conclude(
        number: Number,
        item: ItemKey,
        conclusion: Annotated[str, typer.Option("--as-concluded", "-c", help="|".join(k for k in CONCLUSIONS if k))],
        reason: Annotated[str, typer.Option("--reason", help="理由 / reason")] = "",
        condition: Annotated[list[str] | None, typer.Option("--condition", help="条件(繰り返し可) / condition")] = None,
        before: Annotated[
            str | None, typer.Option("--before", help="条件を果たすべき関門の段階 / stage whose gate waits for them")
        ] = None,
        back_to: Annotated[str | None, typer.Option("--back-to", help="戻る段階 / stage to go back to")] = None,
        votes: Annotated[
            list[str] | None, typer.Option("--vote", metavar="PERSON=yes|no|abstain", help="採決(繰り返す) / a vote")
        ] = None,
        dissent: Annotated[
            list[str] | None, typer.Option("--dissent", metavar="PERSON=TEXT", help="少数意見 / dissent")
        ] = None,
        as_: As = None,
        command_id: CommandId = None,
        json_: Json = False,
    ) -> None:
        """議題の結論を入れる / enter what was concluded on an item"""
        session = Session(writing=True)
        given = {session.person(p, "--vote"): v for p, v in pairs("--vote", votes).items()}
        fields: dict[str, Any] = {
            "item": item,
            "conclusion": conclusion,
            "reason": reason,
            "way": "vote" if given else "consensus",
            "votes": given,
            "conditions": [{"text": t, "before": before} for t in condition or []],
            "back_to": back_to,
            "dissent": [
                {"person": session.person(p, "--dissent"), "text": t} for p, t in pairs("--dissent", dissent).items()
            ],
        }
        give(session, m.ConcludeItem, _of(body, number), as_, command_id, **fields)

    @group.command("instruct")
    def instruct(
        number: Number,
        lifecycle: Annotated[str, typer.Option("--lifecycle", help="どの課題について / about which lifecycle")],
        text: Text,
        due: Annotated[str, typer.Option("--due", metavar="DAY", help="回答期限 / answer by")],
        about: Annotated[str, typer.Option("--about", help="planning(企画指示)|status(状況確認)")] = "planning",
        post: Annotated[str | None, typer.Option("--post", help="答える職(既定は担当課長) / who answers")] = None,
        as_: As = None,
        command_id: CommandId = None,
        json_: Json = False,
    ) -> None:
        """企画指示・状況確認を出す / give an instruction with a due date"""
        session = Session(writing=True)
        stream = session.lifecycle(lifecycle)
        section = session.store.load(stream)[0].section
        chief = session.store.facts().directory.post_for("section_chief", section)
        fields = {
            "about": about,
            "lifecycle": stream,
            "post": post or (chief.id if chief else ""),
            "text": text,
            "due": day_of("--due", due),
        }
        give(session, m.GiveInstruction, _of(body, number), as_, command_id, **fields)

    @group.command("answer")
    def answer(
        instruction: Annotated[str, typer.Argument(metavar="INSTRUCTION", help="指示のID(先頭部分も可) / its id")],
        text: Text,
        as_: As = None,
        command_id: CommandId = None,
        json_: Json = False,
    ) -> None:
        """指示に答える / answer an instruction"""
        from store import bodies

        session = Session(writing=True)
        found = [r for r in bodies.open_instructions(session.store) if r["instruction"].startswith(instruction)]
        if len(found) != 1 or not instruction:
            raise ShellError(
                f"INSTRUCTION: {instruction}: {'複数あります / several match' if found else 'ありません / none'}",
                f"→ `./taskforce {body} instructions` で確かめてください / look it up",
            )
        row = found[0]
        give(session, m.AnswerInstruction, row["stream"], as_, command_id, instruction=row["instruction"], text=text)

    @group.command("instructions")
    def instructions(json_: Json = False) -> None:
        """未回答の指示 / instructions that wait for an answer"""
        from store import bodies

        session = Session()
        found = [r for r in bodies.open_instructions(session.store) if r["stream"].startswith(f"{body}:")]
        OUT.emit(
            found,
            lambda: OUT.table(
                "指示 / instructions",
                ("ID", "会議 / session", "種類 / kind", "職 / post", "期限 / due", "課題 / lifecycle"),
                [
                    (r["instruction"][:8], r["stream"], r["about"], r["post"], day(r["due_at"]), r["lifecycle"][:8])
                    for r in found
                ],
            ),
        )

    @group.command("close")
    def close(number: Number, as_: As = None, command_id: CommandId = None, json_: Json = False) -> None:
        """閉会し、結論をそれぞれの課題に反映する / close it; every conclusion is carried to its lifecycle, once"""
        session = Session(writing=True)
        give(session, m.CloseSession, _of(body, number), as_, command_id)

    @group.command("cancel")
    def cancel(
        number: Number, reason: Reason, as_: As = None, command_id: CommandId = None, json_: Json = False
    ) -> None:
        """取りやめる / cancel it"""
        session = Session(writing=True)
        give(session, m.CancelSession, _of(body, number), as_, command_id, reason=reason)

    @group.command("settle")
    def settle(
        number: Number,
        item: ItemKey,
        text: Text,
        again: Annotated[bool, typer.Option("--again", help="もう一度反映する / carry it again")] = False,
        conclusion: Annotated[
            str | None, typer.Option("--as-concluded", "-c", help="記入誤りのときの正しい結論 / corrected conclusion")
        ] = None,
        condition: Annotated[list[str] | None, typer.Option("--condition", help="正しい条件 / corrected")] = None,
        back_to: Annotated[str | None, typer.Option("--back-to", help="正しい戻り先 / corrected stage")] = None,
        as_: As = None,
        command_id: CommandId = None,
        json_: Json = False,
    ) -> None:
        """反映できなかった結論を処理する / settle a conclusion that a lifecycle refused"""
        session = Session(writing=True)
        fields: dict[str, Any] = {"item": item, "again": again, "text": text}
        if conclusion is not None or condition or back_to is not None:
            known = _loaded(session, _of(body, number)).items.get(item)
            said = conclusion or (known.conclusion if known is not None else None)
            fields["corrected"] = {
                "conclusion": said,
                "conditions": [{"text": t} for t in condition or []],
                "back_to": back_to,
            }
        give(session, m.SettleException, _of(body, number), as_, command_id, **fields)

    @group.command("minutes")
    def minutes(
        number: Number,
        file: Annotated[Path, typer.Argument(metavar="FILE", help="会議録(テキスト) / minutes as text")],
        closed_part: Annotated[
            Path | None, typer.Option("--non-public", help="非公開部分 / the non-public part")
        ] = None,
        full: Annotated[bool, typer.Option("--full", help="全文(既定は要旨) / full, not a summary")] = False,
        as_: As = None,
        command_id: CommandId = None,
        json_: Json = False,
    ) -> None:
        """会議録の版を入れる(確定後は訂正になる) / enter a version of the minutes; a correction once they are final"""
        session = Session(writing=True)
        fields = {
            "form": "full" if full else "summary",
            "text": _read(file),
            "closed_part": _read(closed_part) if closed_part else "",
        }
        give(session, m.WriteMinutes, _of(body, number), as_, command_id, **fields)

    @group.command("confirm")
    def confirm(
        number: Number,
        version: Annotated[
            int,
            typer.Option("--version", min=1, help="読んだ版(`read` が示す) / the version that was read, see `read`"),
        ],
        as_: As = None,
        command_id: CommandId = None,
        json_: Json = False,
    ) -> None:
        """読んだ版の会議録を確認する(出席者) / confirm the minutes in the version that was read (who was present)"""
        session = Session(writing=True)
        give(session, m.ConfirmMinutes, _of(body, number), as_, command_id, version=version)

    @group.command("finalise")
    def finalise(number: Number, as_: As = None, command_id: CommandId = None, json_: Json = False) -> None:
        """会議録を確定する / make the minutes final"""
        session = Session(writing=True)
        give(session, m.FinaliseMinutes, _of(body, number), as_, command_id)

    @group.command("rhythm")
    def rhythm(rules: Rules = "", as_: As = None, command_id: CommandId = None, json_: Json = False) -> None:
        """規程の月日に自動で招集する / from now on convene it by itself on the days of the rules"""
        from domain.sessions.rhythm import SetRhythm
        from domain.sessions.rhythm import stream_of as rhythm_of

        session = Session(writing=True)
        give(session, SetRhythm, rhythm_of(body), as_, command_id, body=body, rules=rules)

    @group.command("list")
    def list_(json_: Json = False) -> None:
        """会議の一覧 / all sessions"""
        from store import bodies

        found = bodies.all_sessions(Session().store, body)
        OUT.emit(
            found,
            lambda: OUT.table(
                title,
                ("ID", "開催日 / day", "状態 / phase", ""),
                [
                    (r["stream"], day(r["held_on"]), r["phase"], "持ち回り / circulation" if r["circulation"] else "")
                    for r in found
                ],
            ),
        )

    @group.command("register")
    def register(
        lifecycle: Annotated[
            str | None, typer.Option("--lifecycle", help="その課題のものだけ / of one lifecycle")
        ] = None,
        as_: As = None,
        json_: Json = False,
    ) -> None:
        """決定簿: 結論の一覧 / the decision register"""
        from store import bodies

        session = Session()
        stream = session.lifecycle(lifecycle) if lifecycle else None
        shown = bodies.register(session.store, stream, person=viewer(session, as_))
        found = [r for r in shown if r["body"] == body]
        OUT.emit(
            found,
            lambda: OUT.table(
                "決定簿 / decision register",
                (
                    "会議 / session",
                    "開催日 / day",
                    "議題 / item",
                    "件名 / matter",
                    "結論 / conclusion",
                    "例外 / exception",
                ),
                [
                    (
                        r["stream"],
                        day(r["held_on"]),
                        r["item"],
                        r["title"],
                        CONCLUSIONS[r["conclusion"]].ja if r["conclusion"] else "",
                        r["exception"] or "",
                    )
                    for r in found
                ],
            ),
        )

    @group.command("show")
    def show(number: Number, as_: As = None, json_: Json = False) -> None:
        """会議の全体(非公開の議題は構成員と事務局だけ) / a session; non-public items for members and secretariat only"""
        session = Session()
        state = _loaded(session, _of(body, number))
        state, recorded, told = seen_by(session, state, viewer(session, as_))
        said = texts(recorded)
        document = {
            **state.model_dump(mode="json", exclude={"rules"}),
            "title": state.title.model_dump(),
            "said": [{"item": item, "kind": kind, "text": text} for item, kind, text in said],
            "timeline": [
                {
                    "version": r.version,
                    "at": r.occurred_at,
                    "person": r.actor.person,
                    "type": r.event.type,
                    "ja": t.ja,
                    "en": t.en,
                }
                for r, t in told
            ],
        }
        OUT.emit(document, lambda: _shown(state, said))

    @group.command("pack")
    def pack(
        number: Number,
        at: Annotated[
            str | None,
            typer.Option(
                "--as-of", metavar="MOMENT", help="この時点の資料 / as of then: 2026-06-25 or 2026-06-25T10:00"
            ),
        ] = None,
        form: Annotated[str, typer.Option("--format", help="pdf|html|xlsx")] = "pdf",
        out: Annotated[Path | None, typer.Option("--out", "-o", help="書き出す先 / where to")] = None,
        force: Annotated[bool, typer.Option("--force", help="上書きする / overwrite")] = False,
        public: Annotated[
            bool, typer.Option("--public", help="非公開の議題を除く / without the non-public items")
        ] = False,
        as_: As = None,
        json_: Json = False,
    ) -> None:
        """会議資料を作る。過去の時点でも作れる / the pack of a session, also as of any past moment

        非公開の議題は、構成員か事務局の職員(--as)のときだけ入ります / non-public items only for members and secretariat (--as)
        """
        from papers import packs
        from papers.collecting import NothingToPrint
        from shell.printing import of_nothing, write
        from store import bodies

        if form not in ("pdf", "html", "xlsx"):
            raise ShellError(
                f"--format: {form}: pdf、html、xlsx のいずれか / one of pdf, html, xlsx",
                "→ 直してください / correct it",
            )
        session = Session()
        stream = _of(body, number)
        whole = not public and bodies.sees(session.store, _loaded(session, stream), viewer(session, as_))
        try:
            now = session.store.clock.now()
            position = None if at is None else packs.position_at(session.store, _moment("--as-of", at, now))
            made, when = packs.pack(session.store, stream, position, whole=whole)
        except NothingToPrint as nothing:
            raise of_nothing(nothing) from None
        content = (
            packs.as_pdf(made, when)
            if form == "pdf"
            else packs.as_html(made)
            if form == "html"
            else packs.as_xlsx(made, when)
        )
        write(content, out or Path(f"{stream.replace(':', '-')}{'' if whole else '-public'}.{form}"), force)

    add_records(group, body, lambda number: _of(body, number), _loaded)


def _matter(session: Session, stream: str, request: str | None, selection: str | None) -> dict[str, str]:
    """The fields that say what an item is about, with the hash of what lies before the body."""
    from domain.selection.kind import stream_of as round_of

    seen, asked = "", ""
    if request is not None:
        asked, stream = session.request(request)
        submission = session.store.load(stream)[0].submission
        seen = submission.content_hash if submission is not None else ""
    round_ = round_of(selection) if selection is not None else ""
    if round_:
        try:
            seen = session.store.load(round_)[0].laid_before()
        except (LookupError, AttributeError):
            raise ShellError(
                f"--selection: {selection}: ありません / no such round",
                "→ `./taskforce intake list` で確かめてください / see the list",
            ) from None
    return {"lifecycle": stream, "request": asked, "selection": round_, "seen": seen}


def _moment(option: str, text: str, now: datetime) -> datetime:
    """A day means its end in Japan, today means now; a time without a zone is Japan's."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = datetime.combine(day_of(option, text), time.max, JST)
    else:
        if "T" not in text and " " not in text:
            found = datetime.combine(found.date(), time.max, JST)
    if found.tzinfo and found.time() == time.max and local_day(now) == found.date():
        return now
    return found if found.tzinfo else found.replace(tzinfo=JST)


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ShellError(
            f"FILE: {path}: 読めません / cannot be read ({type(error).__name__})",
            "→ UTF-8 のテキストにしてください / give a text in UTF-8",
        ) from None


def _agenda(state: State, waiting: list[Any]) -> None:
    OUT.table(
        f"{state.title.ja} / {state.title.en} · {day(state.held_on)}",
        ("議題 / item", "種類 / kind", "件名 / matter", "資料 / papers", "結論 / conclusion"),
        [
            (i.key, CATEGORIES[i.category].ja, i.title, len(i.papers) or "", CONCLUSIONS[i.conclusion or ""].ja)
            for i in state.items.values()
        ],
    )
    if waiting:
        OUT.table(
            "議題になるのを待つ案件(--build で載せる) / waits to be put on it (--build)",
            ("種類 / kind", "件名 / matter"),
            [(CATEGORIES[w.category].ja, w.title) for w in waiting],
        )


def _shown(state: State, said: list[tuple[str, str, str]]) -> None:
    _agenda(state, [])
    for item, kind, text in said:
        OUT.say(f"{item + ': ' if item else ''}{kind}: {text}")
    present = set(state.present)
    OUT.table(
        f"構成員 / members ({state.phase}{'、定足数を満たす / quorum' if state.quorum else ''})",
        ("職 / post", "職員 / person", "席 / seat", "出席 / present"),
        [(s.title.ja, s.person, s.seat, "○" if s.person in present else "") for s in state.members],
    )
    for i in state.items.values():
        if i.exception is not None and not i.exception.settled:
            OUT.say(
                f"例外 / exception: {i.key}: {i.exception.message.ja} / {i.exception.message.en}",
                f"→ {i.exception.remedy.ja.removeprefix('→ ')} / {i.exception.remedy.en}",
            )


_register("council", "デジタル戦略会議 / the council")
_register("monitoring", "モニタリング会議 / the monitoring meeting")
