"""What shells and pages read of real lifecycles: lists, inboxes, what was handed in, and ids that may be shortened."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from domain.directory_stream import ImportDirectory, Named
from domain.lifecycle.commands import AnswerRequest, Condition, HoldLifecycle, StartLifecycle, SubmitDeliverable
from domain.messages import SYSTEM
from domain.process_stream import PublishDefinition, stream_of
from store import outbox, queries
from store.rebuild import rebuild
from store.store import Store
from store.verify import verify
from tests.city import DRAFTER, PROCESS, START, VALID, directory, person

ONE, TWO = "aaaa1111-0000-5000-8000-000000000001", "aaaa2222-0000-5000-8000-000000000002"


def fill(store: Store) -> None:
    """The small city with two lifecycles: one handed in and agreed to by its first approver, one just begun."""
    names = (Named(person="p-drafter", name="姫路 太郎"),)
    store.record(ImportDirectory(command_id="i", stream="directory", directory=directory(), names=names), SYSTEM)
    publish = PublishDefinition(command_id="p", stream=stream_of(PROCESS.name), definition=PROCESS)
    store.record(publish, SYSTEM)
    for number, stream in enumerate((ONE, TWO), 1):
        store.record(
            StartLifecycle(
                command_id="start",
                stream=stream,
                ref=f"R7-{number}",
                title=f"課題{number}",
                section="child-section",
                definition=PROCESS.reference,
            ),
            SYSTEM,
        )
    handed_in = SubmitDeliverable(command_id="d", stream=ONE, stage="setup", content=VALID["setup"], comment="初稿")
    store.record(handed_in, DRAFTER)
    request = queries.live_requests(store, [ONE])[0]
    agreed = AnswerRequest(command_id="a", stream=ONE, request=request["request"], decision="approve")
    store.record(agreed, person("chief"))


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    store = Store.create(database_url, clock="virtual", seed="1", start=START)
    try:
        fill(store)
        yield store
        assert verify(store).problems == ()
    finally:
        store.close()


def test_lifecycles_are_listed_with_filters(store: Store) -> None:
    def refs(**filters: object) -> list[str]:
        return [r["ref"] for r in queries.find_lifecycles(store, **filters)]  # type: ignore[arg-type]

    assert refs() == ["R7-1", "R7-2"]
    assert refs(limit=1) == ["R7-1"]
    assert refs(bureau="child-bureau") == ["R7-1", "R7-2"] and refs(bureau="health-bureau") == []
    assert refs(stage="setup") == ["R7-1", "R7-2"] and refs(stage="review") == []
    assert refs(closed_as="dropped") == refs(held=True) == [] and refs(held=False) == ["R7-1", "R7-2"]
    assert refs(closed=True) == [] and refs(closed=False) == ["R7-1", "R7-2"]
    assert refs(viewpoint="citizen_services") == ["R7-1"]
    awaited = queries.live_requests(store, [ONE])[0]["post"]
    assert refs(awaiting=awaited) == ["R7-1"]
    row = queries.lifecycle(store, ONE)
    assert row is not None and row["version"] == store.load(ONE)[1] and row["started_at"] == START
    assert queries.lifecycle(store, "nothing") is None


def test_a_late_promise_is_counted_and_found(store: Store) -> None:
    (asked,) = queries.live_requests(store, [ONE])
    due = Condition(text="月末までに件数を示す", due=START.date() + timedelta(days=3))
    conditions = {"request": asked["request"], "decision": "conditions", "conditions": (due,)}
    store.record(AnswerRequest(command_id="c", stream=ONE, **conditions), person("director"))
    assert queries.late_promises(store, [ONE, TWO]) == {}
    store.clock.set(START + timedelta(days=5))
    assert queries.late_promises(store, [ONE, TWO]) == {ONE: 1}
    assert [r["ref"] for r in queries.find_lifecycles(store, broken=True)] == ["R7-1"]
    assert queries.count_lifecycles(store, broken=False) == 1


def test_an_inbox_holds_what_waits_for_the_posts_a_person_holds_today(store: Store) -> None:
    (waiting,) = queries.live_requests(store, [ONE])
    holders = store.facts().directory.holders(waiting["post"], START.date())
    assert [r["request"] for r in queries.inbox(store, holders[0])] == [waiting["request"]]
    assert queries.inbox(store, "p-stranger") == []
    store.record(HoldLifecycle(command_id="h", stream=ONE, reason="選挙"), person("director"))
    assert queries.inbox(store, holders[0]) == [], "nothing is asked of anybody on hold"


def test_ids_may_be_shortened_while_they_are_unique(store: Store) -> None:
    assert queries.resolve(store, ONE) == queries.resolve(store, "aaaa1") == queries.resolve(store, "R7-1") == ONE
    with pytest.raises(LookupError) as several:
        queries.resolve(store, "aaaa")
    assert sorted(getattr(several.value, "candidates", [])) == [ONE, TWO]
    for nothing in ("zzz", "", "%", "aaaa_"):
        with pytest.raises(LookupError):
            queries.resolve(store, nothing)
    (waiting,) = queries.live_requests(store, [ONE])
    assert queries.resolve_request(store, waiting["request"][:8]) == waiting["request"]
    assert queries.request_stream(store, waiting["request"]) == ONE
    answered = queries.answers_of(store, ONE)[0]["request"]
    assert queries.request_stream(store, answered) == ONE
    assert queries.request_stream(store, "no-such-request") is None


def test_what_was_handed_in_and_answered_is_kept(store: Store) -> None:
    handed_in = queries.latest_deliverable(store, ONE, "setup")
    assert handed_in is not None and handed_in["content"]["purpose"] == VALID["setup"]["purpose"]
    assert (handed_in["person"], handed_in["version"]) == ("p-drafter", 1)
    assert queries.latest_deliverable(store, TWO, "setup") is None
    (answer,) = queries.answers_of(store, ONE)
    assert (answer["person"], answer["decision"]) == ("p-chief", "approve")
    assert answer["content_hash"] == handed_in["content_hash"]
    assert [v["stage"] for v in queries.visits_of(store, ONE)] == ["setup"]
    assert queries.all_people(store)["p-drafter"]["name"] == "姫路 太郎"
    assert queries.latest_definition(store, PROCESS.name) == PROCESS.reference
    assert queries.latest_definition(store, "nothing") is None
    assert [d["version"] for d in queries.published_definitions(store)] == [PROCESS.version]
    comments = [c for r in store.events(ONE) if (c := getattr(r.event, "comment", ""))]
    assert comments == ["初稿"]


def test_figures_count_and_the_head_is_the_last_position(store: Store) -> None:
    figures = queries.figures(store)
    assert figures["events"] == queries.head_position(store)
    assert (figures["streams"], figures["lifecycles"], figures["open"], figures["answers"]) == (4, 2, 2, 1)
    assert figures["behind"] == len(store.unfollowed()) == 2


def test_notices_reach_the_holder_of_the_post_and_wait_to_be_sent(store: Store) -> None:
    (waiting,) = queries.live_requests(store, [ONE])
    holder = store.facts().directory.holders(waiting["post"], START.date())[0]
    assert "決裁依頼" in queries.notices_for(store, holder)[0]["subject_ja"]
    before = outbox.waiting(store)
    assert before["inbox"] == before["log"] > 0
    taken = outbox.take(store, "inbox", limit=2)
    assert len(taken) == 2 and len(outbox.left_behind(store, "inbox")) == 2
    outbox.mark(store, taken, "sent", datetime.now(UTC))
    assert outbox.waiting(store)["inbox"] == before["inbox"] - 2
    assert not {r["event_id"] for r in outbox.take(store, "inbox")} & {r["event_id"] for r in taken}


def test_overdue_work_shows_and_survives_a_rebuild(store: Store) -> None:
    store.clock.set(START + timedelta(days=60))
    for stream in (ONE, TWO):
        while store.record_due(stream):
            pass
    late = queries.live_requests(store)
    assert late and all(r["overdue"] for r in late)
    before = queries.find_lifecycles(store)
    assert all(r["overdue"] == 1 for r in before)
    rebuild(store)
    assert (queries.live_requests(store), queries.find_lifecycles(store)) == (late, before)
