"""Selection rounds: `intake call|propose|correct|import|interview|merge|withdraw|close|score|choose|conclude|settle|show|list`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from domain.selection import messages as m
from domain.selection.kind import stream_of
from domain.selection.round import Proposal, SelectionRound
from shell.app import As, CommandId, Json, app
from shell.bodies import Rules, day_of, give, pairs
from shell.errors import ShellError
from shell.output import OUT, day
from shell.session import Session

if TYPE_CHECKING:
    from imports.batch import Done

intake_app = typer.Typer(help="取組課題の選定 / selecting tasks", no_args_is_help=True)
app.add_typer(intake_app, name="intake")
Round = Annotated[
    str, typer.Argument(metavar="ROUND", help="選定ラウンドの名前(例 2026) / name of the round, e.g. 2026")
]
Ref = Annotated[str, typer.Argument(metavar="REF", help="提案の番号 / ref of the proposal")]
Reason = Annotated[str, typer.Option("--reason", help="理由 / reason")]


@intake_app.command("call")
def call(
    round_: Round,
    closes: Annotated[str, typer.Option("--closes", metavar="DAY", help="締切日 / closing date")],
    title: Annotated[str, typer.Option("--title", help="件名 / title")] = "",
    field: Annotated[
        list[str] | None,
        typer.Option(
            "--field",
            help="重点取組分野(既定は規程のもの、繰り返し可) / priority field (default: those of the rules), repeatable",
        ),
    ] = None,
    definition: Annotated[str, typer.Option("--definition", help="選ばれた課題の定義 / definition of the tasks")] = "",
    rules: Rules = "",
    as_: As = None,
    command_id: CommandId = None,
    json_: Json = False,
) -> None:
    """各局に提案を求める(事務局) / call the bureaus for proposals (the secretariat)"""
    from domain.calendar import fiscal_year, wareki_fiscal_year
    from store import bodies, queries

    session = Session(writing=True)
    closing = day_of("--closes", closes)
    year = int(round_[:4]) if round_[:4].isdigit() else fiscal_year(closing)
    policy = bodies.latest_policy(session.store)
    chosen = definition or queries.latest_definition(session.store, "himeji") or ""
    give(
        session,
        m.CallForProposals,
        stream_of(round_),
        as_,
        command_id,
        fiscal_year=year,
        title=title or f"{wareki_fiscal_year(year)} 取組課題の選定",
        closes_on=closing,
        rules=rules,
        definition=chosen,
        priority_fields=field or [],
        policy=str(policy["text"]) if policy else "",
        policy_from=f"{policy['stream']}/{policy['item']}" if policy else "",
        carried=_carried(session),
    )


def _carried(session: Session) -> list[dict[str, Any]]:
    """What the last round deferred comes back with its place."""
    from store import bodies

    found = []
    for stream, ref in bodies.deferred(session.store):
        p = session.store.load(stream)[0].proposals[ref]
        common = {
            n: getattr(p, n)
            for n in ("ref", "title", "section", "problem", "viewpoint", "departments", "tags", "source")
        }
        found.append({**common, "round": stream, "reason": "前回のラウンドから持ち越し / kept from the round before"})
    return found


@intake_app.command("propose")
def propose(
    round_: Round,
    ref: Ref,
    title: Annotated[str, typer.Option("--title", help="課題名 / title")],
    section: Annotated[str, typer.Option("--section", help="担当課(組織ID) / section in charge")],
    problem: Annotated[str, typer.Option("--problem", help="解決すべき課題 / the problem")],
    viewpoint: Annotated[str | None, typer.Option("--viewpoint", help="デジタル化の視点 / viewpoint")] = None,
    department: Annotated[
        list[str] | None, typer.Option("--department", help="関係部署(繰り返し可) / department concerned, repeatable")
    ] = None,
    as_: As = None,
    command_id: CommandId = None,
    json_: Json = False,
) -> None:
    """課題を提案する(各局) / propose a challenge (a bureau)"""
    session = Session(writing=True)
    give(
        session,
        m.ProposeTask,
        stream_of(round_),
        as_,
        command_id,
        ref=ref,
        title=title,
        section=section,
        problem=problem,
        viewpoint=viewpoint,
        departments=department or [],
    )


@intake_app.command("correct")
def correct(
    round_: Round,
    ref: Ref,
    title: Annotated[str | None, typer.Option("--title", help="課題名 / title")] = None,
    section: Annotated[str | None, typer.Option("--section", help="担当課(組織ID) / section in charge")] = None,
    problem: Annotated[str | None, typer.Option("--problem", help="解決すべき課題 / the problem")] = None,
    viewpoint: Annotated[str | None, typer.Option("--viewpoint", help="デジタル化の視点 / viewpoint")] = None,
    department: Annotated[
        list[str] | None,
        typer.Option("--department", help="関係部署(繰り返し可、全部書く) / departments concerned, all of them"),
    ] = None,
    as_: As = None,
    command_id: CommandId = None,
    json_: Json = False,
) -> None:
    """募集中の提案を直す(書かないものはそのまま) / correct a proposal while the call is open; what is not named stays"""
    session = Session(writing=True)
    found = _loaded(session, round_).proposals.get(ref)
    given = {"title": title, "section": section, "problem": problem, "viewpoint": viewpoint, "departments": department}
    kept = found.model_dump(include=set(given)) if found else {"title": "-", "section": "-", "problem": "-"}
    fields = kept | {k: v for k, v in given.items() if v is not None}
    give(session, m.CorrectProposal, stream_of(round_), as_, command_id, ref=ref, **fields)


@intake_app.command("import")
def import_(
    round_: Round,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="ref, title, section, problem[, viewpoint, departments] の CSV・YAML・JSON / a file with these columns",
        ),
    ],
    check: Annotated[bool, typer.Option("--check", help="記録せずに確かめる / record nothing")] = False,
    as_: As = None,
    json_: Json = False,
) -> None:
    """提案をまとめて入れる / take proposals from a file, all rows or none; what was taken before is left alone"""
    from imports.proposals import proposals
    from shell.importing import take, totals

    session = Session(writing=True)
    actor = session.actor(session.person(as_))
    batch = proposals(session.store, actor, file, round_)
    done = take(session, actor, batch, check=check)
    taken = done.count("recorded")
    OUT.emit({**totals(batch, done), "taken": taken}, lambda: _print_taken(done, taken))


def _print_taken(done: Done, taken: int) -> None:
    if fitting := done.count("new"):
        OUT.say(f"{fitting} 件を受け付けられます / {fitting} could be taken")
    else:
        OUT.say(f"{taken} 件を受け付けました / {taken} taken")
    for t in done.told:
        if t.status == "differs":
            OUT.say(f"{t.place}: {t.ref}: 既にあります(変更は反映しません) / there already (changes not applied)")


@intake_app.command("interview")
def interview(
    round_: Round,
    ref: Ref,
    text: Annotated[str, typer.Option("--text", help="聞き取った内容 / what was said")],
    on: Annotated[str, typer.Option("--on", metavar="DAY", help="実施日 / day")],
    as_: As = None,
    command_id: CommandId = None,
    json_: Json = False,
) -> None:
    """ヒアリングの記録 / record an interview"""
    session = Session(writing=True)
    give(session, m.RecordInterview, stream_of(round_), as_, command_id, ref=ref, text=text, on=day_of("--on", on))


@intake_app.command("merge")
def merge(
    round_: Round,
    ref: Ref,
    into: Annotated[str, typer.Option("--into", metavar="REF", help="統合先 / the one it goes on in")],
    reason: Reason,
    as_: As = None,
    command_id: CommandId = None,
    json_: Json = False,
) -> None:
    """重複する提案を統合する / merge duplicates, with trace"""
    session = Session(writing=True)
    give(session, m.MergeProposals, stream_of(round_), as_, command_id, ref=ref, into=into, reason=reason)


@intake_app.command("withdraw")
def withdraw(
    round_: Round, ref: Ref, reason: Reason, as_: As = None, command_id: CommandId = None, json_: Json = False
) -> None:
    """提案を取り下げる / withdraw a proposal"""
    session = Session(writing=True)
    give(session, m.WithdrawProposal, stream_of(round_), as_, command_id, ref=ref, reason=reason)


@intake_app.command("close")
def close(round_: Round, as_: As = None, command_id: CommandId = None, json_: Json = False) -> None:
    """締切日前に募集を締め切る / close the call before its date; on its date it closes by itself"""
    session = Session(writing=True)
    give(session, m.CloseCall, stream_of(round_), as_, command_id)


@intake_app.command("score")
def score(
    round_: Round,
    ref: Ref,
    given: Annotated[
        list[str] | None, typer.Option("--score", metavar="CRITERION=1..5", help="繰り返す / repeat")
    ] = None,
    comment: Annotated[str, typer.Option("--comment", help="意見 / comment")] = "",
    as_: As = None,
    command_id: CommandId = None,
    json_: Json = False,
) -> None:
    """採点する / score a proposal under every criterion"""
    session = Session(writing=True)
    scores = {k: int(v) if v.isdigit() else -1 for k, v in pairs("--score", given).items()}
    give(session, m.ScoreProposal, stream_of(round_), as_, command_id, ref=ref, scores=scores, comment=comment)


@intake_app.command("choose")
def choose(
    round_: Round,
    ref: Ref,
    result: Annotated[str, typer.Option("--result", help="selected|deferred|other")],
    weight: Annotated[str | None, typer.Option("--weight", help="light|medium|heavy")] = None,
    chair: Annotated[str | None, typer.Option("--chair", help="座長 / chair (person)")] = None,
    adviser: Annotated[str | None, typer.Option("--adviser", help="アドバイザー / adviser (person)")] = None,
    member: Annotated[
        list[str] | None, typer.Option("--member", help="構成員(繰り返し可) / member, repeatable")
    ] = None,
    department: Annotated[
        list[str] | None, typer.Option("--department", help="関係部署(繰り返し可) / department, repeatable")
    ] = None,
    measure: Annotated[
        str, typer.Option("--measure", help="その他の事業の取組内容 / measure of an other project")
    ] = "",
    reason: Annotated[str, typer.Option("--reason", help="順位と異なる理由など / why, above all off the rank")] = "",
    as_: As = None,
    command_id: CommandId = None,
    json_: Json = False,
) -> None:
    """会議に付す案を作る / prepare the choice that is laid before the body"""
    session = Session(writing=True)
    taskforce = None
    if weight or chair or adviser or member:
        proposed = _loaded(session, round_).proposals.get(ref)
        # The departments that the proposal names, and those of what was merged into it, unless others are named.
        known = [d for d in proposed.departments if d != proposed.section] if proposed else []
        people = [session.person(p, "--member") for p in member or []]
        taskforce = {
            "weight": weight,
            "chair": session.person(chair, "--chair") if chair else None,
            "adviser": session.person(adviser, "--adviser") if adviser else None,
            "members": people,
            "departments": department or ([proposed.section, *known] if proposed else []),
        }
    fields = {"ref": ref, "result": result, "reason": reason, "taskforce": taskforce, "measure": measure}
    give(session, m.ProposeChoice, stream_of(round_), as_, command_id, **fields)


@intake_app.command("conclude")
def conclude(
    round_: Round,
    reason: Annotated[
        str, typer.Option("--reason", help="上限を超える理由など / why, where capacity is exceeded")
    ] = "",
    as_: As = None,
    command_id: CommandId = None,
    json_: Json = False,
) -> None:
    """選定を確定する(議長) / conclude the selection (the chair; or put it on the council's agenda)"""
    session = Session(writing=True)
    give(session, m.ConcludeSelection, stream_of(round_), as_, command_id, reason=reason)


@intake_app.command("settle")
def settle(
    round_: Round,
    ref: Ref,
    text: Annotated[str, typer.Option("--text", help="処理の内容 / what was done")],
    again: Annotated[bool, typer.Option("--again", help="もう一度開始する / start it again")] = False,
    start_as: Annotated[
        str, typer.Option("--start-as", metavar="REF", help="別の番号で開始する / start under another reference")
    ] = "",
    as_: As = None,
    command_id: CommandId = None,
    json_: Json = False,
) -> None:
    """開始できなかった課題を処理する / settle a selected task that could not start"""
    session = Session(writing=True)
    fields = {"ref": ref, "text": text, "again": again or bool(start_as), "start_as": start_as}
    give(session, m.SettleStart, stream_of(round_), as_, command_id, **fields)


@intake_app.command("list")
def list_(json_: Json = False) -> None:
    """選定ラウンドの一覧 / all rounds"""
    from store import bodies

    found = bodies.all_rounds(Session().store)
    OUT.emit(
        found,
        lambda: OUT.table(
            "選定ラウンド / selection rounds",
            ("ID", "年度 / FY", "件名 / title", "状態 / phase", "締切 / closes"),
            [(r["stream"], r["fiscal_year"], r["title"], r["phase"], day(r["closes_at"])) for r in found],
        ),
    )


@intake_app.command("show")
def show(round_: Round, json_: Json = False) -> None:
    """提案・採点・順位・その安定性 / proposals, scores, ranks and how stable they are"""
    from domain.selection.deciding import conflicts, departures
    from store.burdens import burdens

    session = Session()
    state = _loaded(session, round_)
    ranking = state.ranking() if state.phase != "concluded" else None
    places = {p.ref: p for p in (ranking.places if ranking else state.places)}
    with session.store.database.read() as connection:
        over, off = (conflicts(state, burdens(connection)), departures(state)) if ranking else ([], [])
    said = _said(session, state.stream)
    document = {
        "id": state.stream,
        "title": state.title,
        "phase": state.phase,
        "closes_at": state.closes_at,
        "priority_fields": list(state.priority_fields),
        "policy": state.policy,
        "policy_from": state.policy_from,
        "proposals": [
            {
                **p.model_dump(mode="json"),
                "place": places[p.ref].model_dump() if p.ref in places else None,
                "said": [{"kind": kind, "by": by, "text": text} for kind, by, text in said.get(p.ref, ())],
            }
            for p in state.proposals.values()
        ],
        "close": [c.model_dump() for c in ranking.close] if ranking else [],
        "conflicts": [t.model_dump() for t in over],
        "departures": off,
    }
    OUT.emit(document, lambda: _shown(state, places, ranking, over, off, said))


def _loaded(session: Session, round_: str) -> SelectionRound:
    try:
        state = session.store.load(stream_of(round_))[0]
    except LookupError:
        state = None
    if not isinstance(state, SelectionRound):
        raise ShellError(
            f"ROUND: {round_}: ありません / no such round",
            "→ `./taskforce intake list` で確かめてください / see the list",
        )
    return state


def _said(session: Session, stream: str) -> dict[str, list[tuple[str, str, str]]]:
    """Proposal -> (what it is, who wrote it, the text): interviews, comments of assessors, reasons of merges and choices."""
    found: dict[str, list[tuple[str, str, str]]] = {}
    for r in session.store.events(stream):
        event = r.event
        ref, text, kind = getattr(event, "ref", ""), "", ""
        if isinstance(event, m.InterviewRecorded):
            kind, text = f"ヒアリング / interview {day(event.on)}", event.text
        elif isinstance(event, m.ProposalScored):
            kind, text = "採点の意見 / comment", event.comment
        elif isinstance(event, m.ProposalsMerged):
            kind, text = f"統合の理由 / merged into {event.into}", event.reason
        elif isinstance(event, m.ChoiceProposed):
            kind, text = f"案の理由 / why {event.result}", event.reason
        elif isinstance(event, m.ProposalWithdrawn):
            kind, text = "取下げの理由 / withdrawn", event.reason
        elif isinstance(event, m.StartSettled):
            kind, text = "開始の処理 / settled", event.text
        if text:
            found.setdefault(ref, []).append((kind, r.actor.person or "", text))
    return found


def _shown(state: SelectionRound, places: Any, ranking: Any, over: Any, off: list[str], said: Any) -> None:
    OUT.say(f"{state.title} ({state.stream}) · {state.phase} · 締切 / closes {day(state.closes_at)}")
    if state.priority_fields:
        OUT.say("重点取組分野 / priority fields: " + "、".join(state.priority_fields))
    if state.policy:
        OUT.say(f"設置方針 / policy ({state.policy_from}):", *(f"  {x}" for x in state.policy.splitlines() if x))
    order = sorted(state.proposals.values(), key=lambda p: (places[p.ref].rank if p.ref in places else 9999, p.ref))
    OUT.table("", _HEADS, [_row(p, places.get(p.ref)) for p in order])
    for pair in ranking.close if ranking else ():
        word = "同順位 / level" if pair.tied else f"僅差 / too close to call ({pair.holds:.0%})"
        OUT.say(f"{word}: {pair.first} – {pair.second}")
    if one := [p.ref for p in state.proposals.values() if len(p.scores) == 1 and p.status == "open"]:
        OUT.say(f"採点者が一人だけ / one assessor only: {', '.join(one)}")
    for text in over:
        OUT.say(f"上限超過 / capacity: {text.ja} / {text.en}")
    if off:
        OUT.say(f"順位と異なり理由がない / departs from the rank without a reason: {', '.join(off)}")
    for p in order:
        _details_of(state, p, said.get(p.ref, ()))


def _details_of(state: SelectionRound, p: Proposal, said: Any) -> None:
    """Scores by criterion, what was said, and why it could not start."""
    if p.scores:
        criteria = state.rules.criteria if state.rules else ()
        OUT.table(
            f"{p.ref} {p.title}",
            ("採点者 / assessor", *(c.title.ja for c in criteria)),
            [(who, *(given.get(c.key, "") for c in criteria)) for who, given in p.scores.items()],
        )
    if p.choice is not None and p.choice.taskforce is not None:
        t = p.choice.taskforce
        OUT.say(
            f"{p.ref}: {t.weight} · 座長 / chair {t.chair} · アドバイザー / adviser {t.adviser or '-'} · "
            f"構成員 / members {', '.join(t.members)} · 関係部署 / departments {', '.join(t.departments)}"
        )
    for kind, by, text in said:
        OUT.say(f"{p.ref}: {kind} ({by}): {text}")
    if p.refused is not None:
        OUT.say(
            f"開始できません / could not start: {p.ref}: {p.refused.ja} / {p.refused.en}",
            f"→ ./taskforce intake settle {state.stream} {p.ref} --again [--start-as REF] --text … --as PERSON",
        )


_HEADS = (
    "順位 / rank",
    "ref",
    "課題 / title",
    "近さ / closeness",
    "幅 / range",
    "安定 / stable",
    "採点 / by",
    "ばらつき / spread",
    "案 / choice",
)


def _row(p: Any, place: Any) -> tuple[Any, ...]:
    choice = p.choice.result if p.status == "open" and p.choice else "" if p.status == "open" else p.status
    if p.merged_into:
        choice = f"{choice} → {p.merged_into}"
    if place is None:
        return ("", p.ref, p.title, "", "", "", len(p.scores) or "", "", choice)
    figures = (f"{place.closeness:.3f}", f"{place.best}–{place.worst}", f"{place.stable:.0%}")
    rank = f"{place.rank} (同)" if place.tied else place.rank
    return (rank, p.ref, p.title, *figures, place.assessors, f"{place.spread:.2f}", choice)
