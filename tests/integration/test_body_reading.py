"""What the store says about the bodies: what waits for an agenda, what people carry, what comes back, what goes on from a session."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from domain.bodies_stream import STREAM as BODIES
from domain.bodies_stream import PublishRules
from domain.lifecycle.commands import StartLifecycle
from domain.lifecycle.commands import stream_of as lifecycle_of
from domain.lifecycle.events import RequestAnswered
from domain.messages import SYSTEM, Quote, Refused
from domain.selection import messages as sm
from domain.sessions import messages as m
from rehearsal.ledger import given_by
from store import bodies
from store.burdens import burdens
from store.rebuild import rebuild
from store.store import Store
from store.verify import verify
from tests.bodies import rules
from tests.city import person
from tests.integration.test_bodies import Office
from tests.integration.test_packs import _monitored
from tests.integration.town import Town

TASKFORCE: dict[str, Any] = {
    "weight": "light",
    "chair": "p-director",
    "departments": ["child-section"],
    "members": ["p-member"],
}


@pytest.fixture
def office(database_url: str, tmp_path: Path) -> Iterator[Office]:
    made = Office(Town(database_url, "127.0.0.1:1", tmp_path, "bodies"))
    yield made
    made.store.close()


def follow(store: Store, stream: str) -> None:
    """What the workflow of a stream does: every effect recorded, refusals kept."""
    kind = store.kind_of(stream)
    while (plan := store.follow(stream)).effects:
        for effect in plan.effects:
            if effect.command is not None:
                try:
                    store.record(given_by(effect), SYSTEM)
                except Refused as refused:
                    note = kind.turned_down(stream, effect.key, refused.refusal)
                    assert note is not None
                    store.record(note, SYSTEM)
        store.advance(stream, plan.to)


def scored_round(office: Office, name: str, *refs: str, **call: Any) -> str:
    stream = f"selection:{name}"
    fields = {"fiscal_year": 2026, "title": name, "closes_on": office.today() + timedelta(days=3)}
    office.do(sm.CallForProposals, stream, **fields, definition=office.town.process.reference, **call)
    for ref in refs:
        what = {"ref": ref, "title": f"課題 {ref}", "section": "child-section", "problem": "窓口が混む"}
        office.do(sm.ProposeTask, stream, person("drafter"), **what)
    office.do(sm.CloseCall, stream)
    for ref in office.store.load(stream)[0].proposals:
        scores = {k.key: 3 for k in rules().criteria}
        office.do(sm.ScoreProposal, stream, ref=ref, scores=scores)
    return stream


def choose(office: Office, stream: str, **results: str) -> None:
    for ref, result in results.items():
        taskforce = TASKFORCE if result == "selected" else None
        office.do(sm.ProposeChoice, stream, ref=ref, result=result, taskforce=taskforce, reason="x")


def test_what_was_selected_counts_until_it_ends_and_a_taken_reference_is_settled(office: Office) -> None:
    stream = scored_round(office, "a", "A", "B")
    choose(office, stream, A="selected", B="selected")
    # Somebody starts a lifecycle of the same reference in the meantime.
    task = {"ref": "B", "title": "x", "section": "child-section", "definition": office.town.process.reference}
    office.do(StartLifecycle, lifecycle_of("B"), person("drafter"), **task)
    office.do(sm.ConcludeSelection, stream, person("mayor"), reason="増員する")
    follow(office.store, stream)
    with office.store.database.read() as connection:
        found = burdens(connection)
    assert found["chair"] == {"p-director": 1} and found["member"] == {"p-member": 1}
    assert [(r["stream"], r["ref"]) for r in bodies.not_started(office.store)] == [(stream, "B")]
    office.do(sm.SettleStart, stream, ref="B", again=True, start_as="B-2", text="番号の重複")
    follow(office.store, stream)
    assert bodies.not_started(office.store) == []
    assert office.store.load(lifecycle_of("B-2"))[0].ref == "B-2"
    with office.store.database.read() as connection:
        assert burdens(connection)["chair"] == {"p-director": 2}
    again = scored_round(office, "b", "C", "D")
    office.do(sm.ProposeChoice, again, ref="C", result="selected", taskforce=TASKFORCE)
    office.do(sm.ProposeChoice, again, ref="D", result="selected", taskforce=TASKFORCE)
    with pytest.raises(Refused, match="capacity-exceeded"):
        office.do(sm.ConcludeSelection, again, person("mayor"))
    # What the engine says of a session, and the sealed text that it takes over, is for nobody to claim.
    sealed = Quote(stream=stream, version=office.store.load(stream)[1] - 1, field="text", into="reason")
    for claimed in ({"reasoned": True, "session": "council:2026-1"}, {"quotes": sealed, "reason": "x"}):
        with pytest.raises(Refused, match="engine-only"):
            office.do(sm.ConcludeSelection, again, person("mayor"), **claimed)
    assert verify(office.store).ok


def test_what_was_deferred_is_taken_up_once_and_never_lost(office: Office) -> None:
    first = scored_round(office, "a", "A")
    choose(office, first, A="deferred")
    office.do(sm.ConcludeSelection, first, person("mayor"))
    second = scored_round(office, "b", "B")
    choose(office, second, B="deferred")
    office.do(sm.ConcludeSelection, second, person("mayor"))
    assert bodies.deferred(office.store) == [(first, "A"), (second, "B")]
    common = {"title": "x", "section": "child-section", "problem": "y", "reason": "次回"}
    third = scored_round(office, "c", carried=[{"ref": "A", "round": first, **common}])
    assert bodies.deferred(office.store) == [(second, "B")]
    choose(office, third, A="deferred")
    office.do(sm.ConcludeSelection, third, person("mayor"))
    assert bodies.deferred(office.store) == [(second, "B"), (third, "A")]


def test_choices_that_change_after_the_session_come_back_by_name(office: Office) -> None:
    stream = scored_round(office, "a", "A")
    choose(office, stream, A="selected")
    council = office.session("council")
    (item,) = office.state(council).items.values()
    choose(office, stream, A="deferred")
    # While nobody has concluded the agenda takes the newer choices.
    (renewed,) = bodies.matters(office.store, office.state(council))
    assert renewed.item == item.key and renewed.seen != item.seen
    office.store.record(bodies.put(council, renewed), person("office"))
    assert office.state(council).items[item.key].seen == renewed.seen
    office.do(m.ConcludeItem, council, item=item.key, conclusion="selected")
    choose(office, stream, A="selected")
    office.do(m.CloseSession, council)
    follow(office.store, council)
    assert [r["exception"] for r in bodies.open_exceptions(office.store)] == ["choices-changed"]
    assert office.store.load(stream)[0].phase == "scoring"
    drafted = bodies.drafted_decisions(office.store, "council")
    assert [(s.stream, key, d.number) for s, key, d in drafted] == [(council, item.key, "")]
    again = office.session("council")
    assert [i.selection for i in office.state(again).items.values()] == [stream]


def test_a_team_s_report_reaches_the_council_once(office: Office) -> None:
    stream = _monitored(office)
    first = office.session("council")
    (item,) = office.state(first).items.values()
    assert (item.category, item.lifecycle) == ("progress", stream) and item.seen
    office.conclude(first, progress="noted")
    follow(office.store, first)
    assert bodies.matters(office.store, office.state(office.session("council"))) == []


def test_the_reason_of_a_public_item_goes_on_sealed_and_once(office: Office) -> None:
    office.town.begin("a")
    stream = office.town.stream("a")
    office.walk(stream)
    council = office.session("council")
    (item,) = office.state(council).items.values()
    office.do(m.ConcludeItem, council, item=item.key, conclusion="sent_back", reason="費用の根拠が足りない")
    office.do(m.CloseSession, council)
    assert "費用の根拠" not in str(office.store.follow(council).model_dump())
    follow(office.store, council)
    told = [r.event for r in office.store.events(stream) if isinstance(r.event, RequestAnswered)]
    assert "費用の根拠が足りない" in told[-1].comment
    sealed = office.store.events(stream, open_texts=False)
    closed = [r.event for r in sealed if isinstance(r.event, RequestAnswered)]
    assert "費用の根拠" not in closed[-1].comment
    rebuild(office.store)
    assert verify(office.store).ok


def test_nobody_brings_rules_of_their_own(office: Office) -> None:
    fields = {"body": "council", "fiscal_year": 2026, "number": 7, "held_on": office.today(), "urgent": "x"}
    with pytest.raises(Refused, match="not-secretariat"):
        office.do(m.ConveneSession, "council:2026-7", person("drafter"), **fields)
    with pytest.raises(Refused, match="not-headquarters"):
        theirs = rules(version=2, secretariat="child-section")
        office.store.record(PublishRules(command_id="x", stream=BODIES, rules=theirs), person("drafter"))
    office.do(m.ConveneSession, "council:2026-7", **fields)
    newer = rules(version=2, secretariat="child-section")
    office.store.record(PublishRules(command_id="y", stream=BODIES, rules=newer), person("mayor"))
    # A session keeps the rules it began with; the next one has the newer.
    office.do(m.PutItem, "council:2026-7", item="a", category="other", title="x")
    with pytest.raises(Refused, match="not-secretariat"):
        office.do(m.ConveneSession, "council:2026-8", **{**fields, "number": 8})
    assert [r.event.type for r in office.store.events(BODIES)] == ["RulesPublished"] * 2
    assert office.store.rules() == newer and office.store.rules("himeji-bodies@1") == rules()
