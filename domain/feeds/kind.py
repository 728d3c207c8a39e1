"""The feed as a stream kind: its due dates are events, its workflow only sleeps and fetches."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from domain.calendar import Calendar, end_of_business, local_day, wareki
from domain.facts import Facts
from domain.feeds import messages as m
from domain.kinds import Quiet
from domain.kpis.periods import following, last_over
from domain.messages import Actor, Command, Display, Effect, Event, Frozen, Notice, Plan, Recorded, Text, refuse

FETCH = "fetch/"
"""Begin of the keys of effects that the feed's workflow carries out by fetching."""
LATE = timedelta(hours=1)
"""So long after its moment a fetch without a result is late: five tries take three minutes."""
KEPT = 20
"""Incidents kept in the state; all stay in the events."""


class Incident(Frozen):
    due_at: datetime
    at: datetime
    code: str
    words: Text
    attempts: int


class Pulled(Frozen):
    """The last value that was taken."""

    at: datetime
    period: str
    value: str
    sha256: str


class Feed(Frozen):
    stream: str
    title: str = ""
    lifecycle: str = ""
    lifecycle_title: str = ""
    kpi: str = ""
    kpi_title: str = ""
    terms: m.Terms | None = None
    arranged_by: str | None = None
    next_due: datetime | None = None
    pending: datetime | None = None
    """Being fetched for."""
    last: Pulled | None = None
    incidents: tuple[Incident, ...] = ()
    """Newest last."""
    failing: bool = False
    """The last attempt brought no value."""
    ended: Text | None = None

    def trouble(self, now: datetime) -> Text | None:
        """Why no value comes, in words: the last incident, or that a fetch is long due (no worker, no server); None where all is well."""
        if self.ended is not None:
            return None
        if self.failing and self.incidents:
            last = self.incidents[-1]
            day, tries = local_day(last.at), last.attempts
            return Text(
                ja=f"取得できず({wareki(day)}、{tries}回試行、{last.code}): {last.words.ja}",
                en=f"no value ({day}, {tries} {'try' if tries == 1 else 'tries'}, {last.code}): {last.words.en}",
            )
        due = self.pending or self.next_due
        if due is None or now - due < LATE:
            return None
        return Text(
            ja=f"取得が遅れている({wareki(local_day(due))}分)。ワーカーと Temporal を確かめてください(`./taskforce doctor`)",
            en=f"the fetch due on {local_day(due)} has not been made; see to the worker and Temporal (`./taskforce doctor`)",
        )


def next_pull(terms: m.Terms, after: datetime, calendar: Calendar) -> datetime:
    """When it is fetched next: the close of business, `lag_days` (moved to a working day) after a period's end."""
    if terms.every is not None:
        return after + timedelta(seconds=terms.every)
    assert terms.cadence is not None
    period = last_over(terms.cadence, local_day(after) - timedelta(days=terms.lag_days))
    while True:
        day = calendar.working_day_from(period.end + timedelta(days=terms.lag_days))
        if (due := end_of_business(day)) > after:
            return due
        period = following(terms.cadence, period)


# --- rules -----------------------------------------------------------------------------------------------------------


def _configure(state: Feed, command: m.ConfigurePull, facts: Facts, now: datetime) -> list[Event]:
    due = now if command.at_once else next_pull(command.terms, now, facts.calendar)
    return [
        m.PullConfigured(
            lifecycle=command.lifecycle,
            lifecycle_title=command.lifecycle_title,
            kpi=command.kpi,
            kpi_title=command.kpi_title,
            terms=command.terms,
            arranged_by=command.arranged_by,
            next_due=due,
        )
    ]


def _end(state: Feed, command: m.EndPull, facts: Facts, now: datetime) -> list[Event]:
    return [] if state.terms is None or state.ended is not None else [m.PullEnded(words=command.words)]


def _start(state: Feed, command: m.StartPull, facts: Facts, now: datetime) -> list[Event]:
    if state.terms is None or state.ended is not None or state.next_due != command.due_at:
        return []
    if now < command.due_at:
        raise refuse(
            "not-due-yet",
            "取得の時期ではありません",
            "it is not time to fetch it yet",
            remedy_ja="待ってください",
            remedy_en="wait for it",
            retry_at=command.due_at,
        )
    following_due = next_pull(state.terms, max(now, command.due_at), facts.calendar)
    return [m.PullStarted(due_at=command.due_at, next_due=following_due)]


def _settle(state: Feed, command: m.SettlePull, facts: Facts, now: datetime) -> list[Event]:
    if state.pending != command.due_at:
        return []
    fields = {name: getattr(command, name) for name in m.PullSettled.model_fields}
    return [m.PullSettled.model_validate(fields)]


def _fail(state: Feed, command: m.FailPull, facts: Facts, now: datetime) -> list[Event]:
    if state.pending != command.due_at:
        return []
    fields = {name: getattr(command, name) for name in m.PullFailed.model_fields}
    failed = m.PullFailed.model_validate(fields)
    return [failed, m.PullEnded(words=command.words)] if command.ends else [failed]


_HANDLERS: Mapping[type[Command], Callable[[Feed, Any, Facts, datetime], list[Event]]] = {
    m.ConfigurePull: _configure,
    m.EndPull: _end,
    m.StartPull: _start,
    m.SettlePull: _settle,
    m.FailPull: _fail,
}

# --- folds -----------------------------------------------------------------------------------------------------------

Changes = dict[str, Any]


def _configured(state: Feed, event: m.PullConfigured, _: Recorded) -> Changes:
    fields = {name: getattr(event, name) for name in m.PullConfigured.model_fields}
    title = f"{event.lifecycle_title}: {event.kpi_title}"
    return {**fields, "title": title, "ended": None, "pending": None, "failing": False}


def _settled(state: Feed, event: m.PullSettled, recorded: Recorded) -> Changes:
    last = Pulled(at=recorded.occurred_at, period=event.period, value=str(event.value), sha256=event.sha256)
    return {"pending": None, "failing": False, "last": last}


def _failed(state: Feed, event: m.PullFailed, recorded: Recorded) -> Changes:
    incident = Incident(
        due_at=event.due_at, at=recorded.occurred_at, code=event.code, words=event.words, attempts=event.attempts
    )
    return {"pending": None, "failing": True, "incidents": (*state.incidents, incident)[-KEPT:]}


_FOLDS: Mapping[type[Event], Callable[[Feed, Any, Recorded], Changes]] = {
    m.PullConfigured: _configured,
    m.PullEnded: lambda s, v, _: {"ended": v.words, "pending": None, "next_due": None},
    m.PullStarted: lambda s, v, _: {"pending": v.due_at, "next_due": v.next_due},
    m.PullSettled: _settled,
    m.PullFailed: _failed,
}


def line(state: Feed, event: Event) -> Text:
    """One event in a line."""
    if isinstance(event, m.PullConfigured):
        return Text(ja=f"自動取得を設定: {event.kpi_title}", en=f"feed of {event.kpi} arranged")
    if isinstance(event, m.PullEnded):
        return Text(ja=f"自動取得を終了: {event.words.ja}", en=f"feed ended: {event.words.en}")
    if isinstance(event, m.PullStarted):
        day = local_day(event.due_at)
        return Text(ja=f"取得を開始({wareki(day)}分)", en=f"fetching what was due {day}")
    if isinstance(event, m.PullSettled):
        known_ja, known_en = ("(記録済み)", " (on record already)") if event.outcome == "unchanged" else ("", "")
        return Text(ja=f"{event.period}: {event.value}{known_ja}", en=f"{event.period}: {event.value}{known_en}")
    assert isinstance(event, m.PullFailed)
    return Text(ja=f"取得できず: {event.words.ja}", en=f"no value: {event.words.en}")


class FeedKind(Quiet[Feed]):
    name = "feed"
    fold_version = 1
    workflow: str | None = "KpiFeed"
    commands: Mapping[str, type[Command]] = {
        k.type: k for k in (m.ConfigurePull, m.EndPull, m.StartPull, m.SettlePull, m.FailPull)
    }
    events: Mapping[str, type[Event]] = {
        k.type: k for k in (m.PullConfigured, m.PullEnded, m.PullStarted, m.PullSettled, m.PullFailed)
    }
    state_type = Feed

    def initial(self, stream: str) -> Feed:
        return Feed(stream=stream)

    def decide(self, state: Feed, command: Command, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
        return _HANDLERS[type(command)](state, command, facts, now)

    def evolve(self, state: Feed, recorded: Recorded) -> Feed:
        return state.model_copy(update=_FOLDS[type(recorded.event)](state, recorded.event, recorded))

    def next_due(self, state: Feed) -> datetime | None:
        return state.next_due

    def closed(self, state: Feed) -> bool:
        return state.ended is not None

    def due_commands(self, state: Feed, now: datetime) -> Sequence[Command]:
        due = state.next_due
        if due is None or now < due:
            return []
        return [m.StartPull(command_id=f"{state.stream}/{due.isoformat()}", stream=state.stream, due_at=due)]

    def notices(self, state: Feed, recorded: Recorded) -> Sequence[Notice]:
        """An incident is told to whoever arranged the feed."""
        if not isinstance(recorded.event, m.PullFailed) or state.arranged_by is None:
            return []
        told = line(state, recorded.event)
        return [
            Notice(
                person=state.arranged_by, subject=Text(ja=f"{state.title}: {told.ja}", en=f"{state.title}: {told.en}")
            )
        ]

    def react(self, state: Feed, fresh: Sequence[Recorded], facts: Facts) -> Plan:
        to = fresh[-1].version if fresh else 0
        told = [line(state, r.event) for r in fresh if not isinstance(r.event, m.PullStarted)]
        effects: tuple[Effect, ...] = ()
        if told:
            summary = Text(ja="。".join(t.ja for t in told), en="; ".join(t.en for t in told))
            effects = (Effect(key=f"announce-{to}", summary=summary),)
        effects += tuple(
            Effect(
                key=f"{FETCH}{r.event.due_at.isoformat()}",
                kind="instruct",
                summary=line(state, r.event),
                command={"due_at": r.event.due_at.isoformat()},
            )
            for r in fresh
            if isinstance(r.event, m.PullStarted) and r.event.due_at == state.pending
        )
        due = state.next_due
        when = f"{wareki(local_day(due))} ({local_day(due)})" if due else ""
        return Plan(
            to=to,
            effects=effects,
            next_due=due,
            next_due_summary=f"{state.kpi_title}の取得 {when} / fetched {when}" if due else "",
            closed=state.ended is not None,
            display=Display(
                summary=state.title,
                details=_details(state, when),
                attributes={"stage": "feed", "due": due, "health": "red" if state.failing else "green"},
            ),
        )


def _details(state: Feed, when: str) -> str:
    terms = state.terms
    head = f"# {state.title}\n\n{terms.url if terms else ''}\n\n次回 / next: {when or '-'}\n\n"
    last = f"最後の値 / last: {state.last.period}: {state.last.value}\n\n" if state.last else ""
    rows = "\n".join(f"- {local_day(i.at)} {i.code}: {i.words.ja} / {i.words.en}" for i in state.incidents[-5:])
    return f"{head}{last}{'**取得できなかったもの / incidents**' if rows else ''}\n\n{rows}\n"
