"""What follows from events already recorded, and what an operator sees of it in the Temporal UI."""

from __future__ import annotations

from collections.abc import Sequence

from domain.facts import Facts
from domain.lifecycle import descent, feeding, overview
from domain.lifecycle import events as e
from domain.lifecycle.amendments import LifecycleMerged, NoteMerge
from domain.lifecycle.reopening import LifecycleReopened
from domain.lifecycle.state import Lifecycle, Question, Request
from domain.lifecycle.story import day, line
from domain.lifecycle.timers import next_due, pending
from domain.messages import Display, Effect, Event, Plan, Recorded, Text

_QUIET: tuple[type[Event], ...] = (e.RequestClosed, e.DeliverableSubmitted, e.MeasurementRecorded)
"""Events that by themselves need nobody's attention."""
_TIMERS = {
    "remind": Text(ja="期限前のお知らせ", en="reminder"),
    "due": Text(ja="期限", en="due"),
    "coordinator": Text(ja="庶務担当への連絡", en="coordinator is told"),
    "consult": Text(ja="協議の期限", en="end of consultation"),
    "escalate": Text(ja="上司への報告", en="superior is told"),
    "hold": Text(ja="保留の期日", en="end of hold"),
    "window": Text(ja="予算要求の締切", en="close of budget requests"),
    "restoration": Text(ja="復活要求の期限", en="restoration may be asked for"),
    "review": Text(ja="再検討日", en="review date"),
    "task_remind": Text(ja="廃止の整理のお知らせ", en="reminder of the wind-down"),
    "task_due": Text(ja="廃止の整理の期限", en="a task of the wind-down is due"),
}


def react(state: Lifecycle, fresh: Sequence[Recorded], facts: Facts) -> Plan:
    """The plan after `fresh`; `state` includes them. One announcement tells all that is worth telling.

    `facts` are those of today: what is shown names the posts that the route asks."""
    told = [line(state, r.event) for r in fresh if not isinstance(r.event, _QUIET)]
    to = fresh[-1].version if fresh else 0
    effects: tuple[Effect, ...] = ()
    if told:
        summary = Text(ja="。".join(t.ja for t in told), en="; ".join(t.en for t in told))
        effects = (Effect(key=f"announce-{to}", summary=summary),)
    effects += tuple(
        Effect(key=f"instruct-{r.version}", kind="instruct", summary=line(state, r.event), command=command)
        for r in fresh
        if (command := _instruction(state, r))
    )
    effects += tuple(start for r in fresh for start in descent.starts(state, r))
    return Plan(
        to=to,
        effects=effects,
        next_due=next_due(state),
        next_due_summary=_next(state),
        closed=state.closed,
        display=Display(summary=state.title, details=details(state, facts), attributes=attributes(state, facts)),
    )


def _instruction(state: Lifecycle, recorded: Recorded) -> dict[str, object] | None:
    """The command that an event gives to another stream; its id follows from the event, so that it is recorded once."""
    event = recorded.event
    fed = feeding.instruction(state, recorded)
    if fed is not None:
        return {"kind": fed.kind, "type": fed.type, **fed.model_dump(mode="json")}
    if isinstance(event, LifecycleMerged):
        other, separated = event.into, False
    elif isinstance(event, LifecycleReopened) and event.separated_from is not None:
        other, separated = event.separated_from, True
    else:
        return None
    note = NoteMerge(
        command_id=f"merge:{state.stream}/{recorded.version}",
        stream=other,
        other=state.stream,
        other_ref=state.ref,
        other_title=state.title,
        separated=separated,
    )
    return {"kind": note.kind, "type": note.type, **note.model_dump(mode="json")}


def _next(state: Lifecycle) -> str:
    earliest = min(pending(state), default=None, key=lambda t: t[0])
    if earliest is None:
        return ""
    moment, timer, request = earliest
    asked = state.request(request) if request else None
    who = f" {asked.post_title.ja}" if asked else ""
    return f"{_TIMERS[timer].ja}{who} {day(moment).ja} / {_TIMERS[timer].en} {day(moment).en}"


def attributes(state: Lifecycle, facts: Facts) -> dict[str, object]:
    """Search attributes by their key in `workflows/contract.py`."""
    due = min((r.due_at for r in state.requests), default=None)
    return {
        "stage": "closed" if state.closed else state.stage,
        "bureau": state.bureau,
        "viewpoint": state.viewpoint,
        "awaiting": [] if state.hold else _awaited(state, facts),
        "due": None if state.hold else due,
        "round": state.round,
        "health": state.health,
    }


def _awaited(state: Lifecycle, facts: Facts) -> list[str]:
    """Posts and their roles: "what waits for this post" and "what waits for any section chief" are both found."""
    posts = {r.post for r in state.requests} | {q.post for q in state.questions} | _consulting(state)
    found = (facts.directory.post(p) for p in posts)
    return sorted(posts | {f"role:{p.role}" for p in found if p is not None})


def _consulting(state: Lifecycle) -> set[str]:
    return {c.post for c in state.consultations if not c.referred}


def details(state: Lifecycle, facts: Facts) -> str:
    """Markdown for the workflow's current details: what it waits for, since when, and how to answer."""
    head = f"# {state.title}\n\n**{state.stage_title.ja} / {state.stage_title.en}** · 第{state.round}期 / round {state.round}\n\n"
    foot = (
        f"\n\n担当 / in charge: {state.section_name.ja} ({state.bureau_name.ja}) · ID: {state.stream} · {state.ref}\n"
    )
    if state.closed:
        return f"{head}終結しています({state.closed_as})。何も待っていません。\n\nClosed ({state.closed_as}). It waits for nothing.{foot}"
    if state.hold is not None:
        since = day(state.hold.since)
        until = (
            f"{day(state.hold.until).ja} まで / until {day(state.hold.until).en}"
            if state.hold.until
            else "期日なし / open-ended"
        )
        held = f"**保留中 / on hold**: {since.ja} から / since {since.en}, {until}"
        return f"{head}{held}\n\n    ./taskforce resume {state.stream} --as PERSON{foot}"
    rows = "\n".join([*(_row(r) for r in state.requests), *(_asked(q) for q in state.questions)])
    table = (
        f"| 待っている相手 / waits for | 何を / what | いつから / since | 期限 / due | 依頼 / request |\n|---|---|---|---|---|\n{rows}\n"
        if rows
        else ""
    )
    return f"{head}{table}\n{overview.table(state, facts)}{_consultations(state)}{_tasks(state)}{_how(state)}{foot}"


def _consultations(state: Lifecycle) -> str:
    lines = [
        f"**協議中 / in consultation**: {c.post_title.ja} / {c.post_title.en}, "
        f"{day(c.due_at).ja} まで / until {day(c.due_at).en}\n\n"
        for c in state.consultations
        if not c.referred
    ]
    return "".join(lines)


def _tasks(state: Lifecycle) -> str:
    """What the wind-down still waits for."""
    lines = [
        f"- {t.title.ja} / {t.title.en}: {t.post_title.ja} / {t.post_title.en}, "
        f"{day(t.due_at).ja} まで / due {day(t.due_at).en}\n"
        for t in state.open_tasks
    ]
    head = "**廃止の整理 / wind-down** (`./taskforce winddown`)\n\n"
    return head + "".join(lines) + "\n" if lines else ""


def _row(r: Request) -> str:
    since, due = day(r.opened_at), day(r.due_at)
    late = " **期限超過 / overdue**" if r.overdue else ""
    late += " (質問により時計停止 / clock stands for a question)" if r.paused_at else ""
    cells = (
        f"{r.post_title.ja} / {r.post_title.en}",
        f"{r.title.ja} / {r.title.en}",
        f"{since.ja} / {since.en}",
        f"{due.ja} / {due.en}{late}",
        r.id,
    )
    return "| " + " | ".join(cells) + " |"


def _asked(q: Question) -> str:
    since, due = day(q.at), day(q.due_at)
    cells = (
        f"{q.post_title.ja} / {q.post_title.en}",
        "質問への回答 / answer to a question",
        f"{since.ja} / {since.en}",
        f"{due.ja} / {due.en}",
        q.id,
    )
    return "| " + " | ".join(cells) + " |"


def _how(state: Lifecycle) -> str:
    decide = next((r for r in state.requests if r.kind == "decide"), None)
    if decide is not None:
        return (
            "**答え方 / how to answer**\n\n"
            f"    ./taskforce answer {decide.id} --as PERSON --decision approve|conditions|return|reject --comment TEXT\n\n"
            "または、この画面から Update `answer` を送る(署名は `./taskforce answer … --print-update`)。\n"
            "Or send the Update `answer` from this page; `./taskforce answer … --print-update` prints its signed input.\n"
        )
    return (
        "**答え方 / how to answer**\n\n"
        f"    ./taskforce form {state.work} > form.yaml\n    ./taskforce submit {state.stream} form.yaml --as PERSON\n"
    )
