"""The conductor over the rules alone: scripted people take lifecycles to the outcomes of their records."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from datetime import UTC, date, datetime, time, timedelta
from uuid import NAMESPACE_URL, uuid5

import pytest

from domain.calendar import JST
from domain.directory_stream import ImportDirectory
from domain.lifecycle import events as e
from domain.messages import SYSTEM, Event, Recorded, Refused
from domain.process_stream import PublishDefinition, stream_of
from rehearsal.conductor import Conductor
from rehearsal.ledger import MemoryLedger
from rehearsal.people import People
from rehearsal.script import Intention, Outcome, Script
from rehearsal.summary import Tally
from store.calendars import calendar
from tests.given import PROCESS, directory

UNTIL = datetime(2027, 3, 31, 14, 59, tzinfo=UTC)
OUTCOMES: tuple[Outcome | None, ...] = (
    "expansion",
    "improvement",
    "abolition",
    "continuation",
    "completion",
    None,
)


def script(number: int, **more: object) -> Script:
    outcome = OUTCOMES[number % 6]
    start = {
        "ref": f"r-{number}",
        "title": f"課題{number}",
        "section": "child-section",
        "viewpoint": "community",
        "weight": "medium",
    }
    return Script(
        **{
            "stream": str(uuid5(NAMESPACE_URL, f"conductor-{number}")),
            "start": start,
            "starts_on": date(2024, 4, 1) + timedelta(days=number),
            "outcome": outcome,
            "back_to": "kpi_setting" if outcome == "improvement" else None,
            **more,
        }  # type: ignore[arg-type]
    )


class Run:
    """One rehearsal in memory, played to its end."""

    def __init__(self, scripts: list[Script], seed: int = 1, until: datetime = UNTIL) -> None:
        self.scripts = scripts
        self.refused: list[tuple[Intention, Refused]] = []
        self.ledger = MemoryLedger(calendar(), datetime(2024, 3, 31, tzinfo=UTC))
        self.ledger.record(ImportDirectory(command_id="i", stream="directory", directory=directory()), SYSTEM)
        publish = PublishDefinition(command_id="p", stream=stream_of(PROCESS.name), definition=PROCESS)
        self.ledger.record(publish, SYSTEM)
        self.tally = Tally(PROCESS, calendar())
        people = People(scripts, self.ledger.facts(PROCESS.reference), seed)
        self.conductor = Conductor(
            self.ledger,
            people,
            observe=self.tally.saw,
            on_refused=lambda i, r: self.refused.append((i, r)),
        )
        asyncio.run(self.conductor.run(until))

    def of(self, number: int) -> list[Recorded]:
        return [r for r in self.ledger.events if r.stream == self.scripts[number].stream]

    def facts_of_events(self) -> list[object]:
        return [r.model_dump(mode="json") | {"type": r.event.type} for r in self.ledger.events]


@pytest.fixture(scope="module")
def run() -> Run:
    return Run([script(n) for n in range(36)])


def test_each_outcome_equals_what_its_record_says(run: Run) -> None:
    said = {s.stream: s.outcome for s in run.scripts}
    for stream, outcome in run.tally.first_outcome.items():
        assert outcome == said[stream]
    assert set(run.tally.first_outcome.values()) == {o for o in OUTCOMES if o}


def test_what_the_record_left_undecided_stays_open(run: Run) -> None:
    undecided = [run.tally.states[s.stream] for s in run.scripts if s.outcome is None]
    assert undecided and not any(s.closed or s.outcome for s in undecided)


def test_expansion_and_improvement_go_round_again(run: Run) -> None:
    for state in run.tally.states.values():
        if state.outcome in ("expansion", "improvement"):
            assert state.round == 2


def test_abolition_is_wound_down_and_closed(run: Run) -> None:
    closed = [s.stream for s in run.tally.states.values() if s.closed_as == "abolition"]
    assert closed
    for stream in closed:
        handed_in = [
            r.event.deliverable
            for r in run.ledger.events
            if r.stream == stream and isinstance(r.event, e.DeliverableSubmitted)
        ]
        assert handed_in[-1] == "wind_down"


def test_nothing_that_people_do_is_refused(run: Run) -> None:
    assert run.refused == []


def test_people_act_in_office_hours_alone(run: Run) -> None:
    for r in run.ledger.events:
        if r.actor.person is not None:
            at = r.occurred_at.astimezone(JST)
            assert time(8, 30) <= at.time() <= time(17, 15) and calendar().is_working(at.date()), at


def test_time_never_runs_back(run: Run) -> None:
    times = [r.occurred_at for r in run.ledger.events]
    assert times == sorted(times)


def test_people_are_late_send_back_object_and_agree_with_conditions(run: Run) -> None:
    summary = run.tally.summary(seed=1, until=UNTIL, commands=run.conductor.commands, seconds=1.0)
    decisions = {r.event.decision for r in run.ledger.events if isinstance(r.event, e.RequestAnswered)}
    assert decisions == {"approve", "conditions", "return", "reject"}
    assert min(summary.sent_back, summary.late_answers, summary.holds, summary.reminders, summary.escalations) > 0
    assert summary.late_answers < summary.answers / 10
    assert {s.stage for s in summary.stages} == {s.key for s in PROCESS.stages}


def test_budgets_are_indicated_voted_and_allotted_in_their_season(run: Run) -> None:
    months = defaultdict(set)
    for r in run.ledger.events:
        if isinstance(r.event, e.BudgetRecorded) and r.event.fiscal_year == 2025:
            months[r.event.state].add(r.occurred_at.astimezone(JST).month)
    assert months["indicated"] & {1, 2} and 3 in months["voted"] and 4 in months["allotted"]


def test_every_kpi_is_measured_before_a_period_is_reported(run: Run) -> None:
    measured: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    reports = 0
    for r in run.ledger.events:
        if isinstance(r.event, e.MeasurementRecorded):
            measured[r.stream, r.event.period].add(r.event.kpi)
        if isinstance(r.event, e.DeliverableSubmitted) and r.event.deliverable == "monitoring":
            reports += 1
            assert len(measured[r.stream, r.event.content["period"]]) == 2
    assert reports > 20


def test_same_seed_gives_the_same_events_and_another_seed_others() -> None:
    first, again, other = (Run([script(n) for n in range(4)], seed=s) for s in (5, 5, 6))
    assert first.facts_of_events() == again.facts_of_events()
    assert first.facts_of_events() != other.facts_of_events()


def test_who_else_takes_part_changes_nothing_for_a_lifecycle() -> None:
    alone, among = Run([script(3)]), Run([script(n) for n in range(6)])

    def told(events: list[Recorded]) -> list[object]:
        """All but the numbers of documents: those run on within a section, whoever drafts."""
        return [(r.version, unnumbered(r.event), r.actor, r.occurred_at, r.command_id) for r in events]

    def unnumbered(event: Event) -> Event:
        return event.model_copy(update={"number": None}) if hasattr(event, "number") else event

    assert told(alone.of(0)) == told(among.of(3))


@pytest.mark.parametrize(("fate", "by_gate"), [("withdrawn", False), ("rejected", True)])
def test_a_fate_drops_the_lifecycle_before_its_review(fate: str, by_gate: bool) -> None:
    run = Run([script(3, fate=fate)])
    dropped = [r.event for r in run.of(0) if isinstance(r.event, e.LifecycleDropped)]
    assert [d.by_gate for d in dropped] == [by_gate]
    assert not run.tally.first_outcome


def test_contents_of_the_record_are_handed_in_and_the_rest_is_marked() -> None:
    own = {"analysis": {"current_state": "記録にある現状", "root_causes": ["記録にある原因"]}}
    run = Run([script(3, deliverables=own)], until=datetime(2024, 8, 1, tzinfo=UTC))
    submitted = {r.event.stage: r.event.content for r in run.of(0) if isinstance(r.event, e.DeliverableSubmitted)}
    assert submitted["analysis"]["current_state"] == "記録にある現状"
    assert submitted["analysis"]["evidence"][0]["source"].startswith("〔台本〕")
    assert submitted["setup"]["purpose"].startswith("〔台本〕")


def test_contents_that_a_rule_refuses_are_replaced_and_counted() -> None:
    own = {"analysis": {"evidence": [{"source": "日付なし"}]}}
    run = Run([script(3, deliverables=own)], until=datetime(2024, 8, 1, tzinfo=UTC))
    assert [r.refusal.rule for _, r in run.refused] == ["analysis-evidence"]
    assert any(isinstance(r.event, e.StageEntered) and r.event.stage == "hypothesis" for r in run.of(0))
