"""`record` and what a stream's workflow does with a store: once, in order, by the right hands, and at the right time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa

from domain.directory import Directory, Person, Tenure
from domain.directory_stream import ImportDirectory
from domain.messages import Actor, Command, Refused, Via
from store.errors import StoreVirtual
from store.queries import refusals
from store.store import Store
from store.tables import answers, deliveries, events, requests
from store.tables import refused as refused_rows
from store.verify import verify
from tests.toy import DUE, SYSTEM, TOYS, Answer, Ask, Close, Expire, Toy, Write, in_office, somebody

START = datetime(2026, 4, 1, tzinfo=UTC)
ONE = somebody()


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """A store in virtual time, so that tests need not wait."""
    store = Store.create(database_url, clock="virtual", seed="1", start=START, kinds=TOYS)
    yield store
    report = verify(store)
    store.close()
    assert report.problems == ()


def refused(store: Store, command: Command, actor: Actor = ONE) -> str:
    with pytest.raises(Refused) as raised:
        store.record(command, actor)
    return raised.value.refusal.rule


def count(store: Store, table: sa.Table) -> int:
    with store.database.read() as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())


def ask(store: Store, stream: str = "s") -> None:
    store.record(Ask(command_id="ask", stream=stream), ONE)


def test_a_command_leads_to_events_rows_and_notices(store: Store) -> None:
    outcome = store.record(Ask(command_id="c1", stream="s", title="窓口"), ONE)
    assert (outcome.version, outcome.events, outcome.duplicate) == (1, ("Asked",), False)
    assert (outcome.next_due, outcome.title) == (START + DUE, "窓口")
    assert count(store, requests) == 1
    store.record(Answer(command_id="c2", stream="s", comment="よい"), ONE)
    assert (count(store, requests), count(store, answers), count(store, events)) == (0, 1, 2)
    with store.database.read() as connection:
        owed = connection.execute(sa.select(deliveries.c.recipient, deliveries.c.channel, deliveries.c.state)).all()
    assert sorted(map(tuple, owed)) == [("post:counter", "inbox", "pending"), ("post:counter", "log", "pending")]
    told = store.events("s")
    assert [(r.position, r.version, r.event.type, r.actor) for r in told] == [
        (1, 1, "Asked", ONE),
        (2, 2, "Answered", ONE),
    ]
    assert getattr(told[1].event, "comment", None) == "よい"
    assert "封" in getattr(store.events("s", after=1, open_texts=False)[0].event, "comment", "")


def test_the_same_command_again_gives_the_stored_outcome(store: Store) -> None:
    command = Ask(command_id="c", stream="s")
    first = store.record(command, ONE)
    store.clock.set(START + timedelta(hours=1))
    again = store.record(command, ONE.model_copy(update={"via": Via.WEB}))
    assert again == first.model_copy(update={"duplicate": True})
    assert count(store, events) == 1


def test_a_command_id_cannot_be_used_for_something_else(store: Store) -> None:
    store.record(Ask(command_id="c", stream="s"), ONE)
    assert refused(store, Ask(command_id="c", stream="s", title="別")) == "command-id-reused"
    assert refused(store, Close(command_id="c", stream="s")) == "command-id-reused"
    assert refused(store, Ask(command_id="c", stream="s"), somebody("p-2")) == "command-id-reused"
    store.record(Ask(command_id="c", stream="other"), ONE)


def test_a_refusal_leaves_no_trace_in_the_stream_and_may_be_right_later(store: Store) -> None:
    answer = Answer(command_id="a", stream="s")
    assert refused(store, answer) == "not-now"
    assert count(store, events) == 0
    noted = refusals(store)
    assert [(r["stream"], r["command_type"], r["rule"], r["at"]) for r in noted] == [("s", "Answer", "not-now", START)]
    assert (noted[0]["message_ja"], noted[0]["message"]) == ("できません", "not possible")
    with store.database.write() as connection:
        connection.execute(sa.update(refused_rows).values(message_ja=None))
    assert refusals(store)[0]["message_ja"] == "not possible", (
        "what was refused before has one reason for both languages"
    )
    ask(store)
    assert store.record(answer, ONE).events == ("Answered",)


def test_the_engine_never_decides_and_nobody_plays_the_engine(store: Store) -> None:
    others = (Person(id="p-robot", service=True), Person(id="p-auditor", auditor=True), Person(id="p-2"))
    directory = in_office("p-1", others=others)
    gone = Tenure(person="p-2", post="counter", since=date(2000, 4, 1), until=date(2001, 3, 31))
    directory = directory.model_copy(update={"tenures": (*directory.tenures, gone)})
    imported = ImportDirectory(command_id="i", stream="directory", directory=directory)
    assert refused(store, imported) == "system-only"
    store.record(imported, SYSTEM)
    assert refused(store, Ask(command_id="c", stream="s"), SYSTEM) == "service-cannot-decide"
    assert refused(store, Ask(command_id="c", stream="s"), somebody("p-robot")) == "service-cannot-decide"
    assert refused(store, Ask(command_id="c", stream="s"), somebody("p-auditor")) == "service-cannot-decide"
    assert refused(store, Ask(command_id="c", stream="s"), somebody("p-2")) == "not-in-office"
    for ours in ("deadline:due:1", "council:2026-1/carry/1/0"):
        assert refused(store, Ask(command_id=ours, stream="s")) == "command-id-reserved"
    ask(store)
    assert refused(store, Expire(command_id="x", stream="s")) == "system-only"
    with store.database.read() as connection:
        named = connection.execute(sa.select(events.c.facts).where(events.c.stream == "s")).scalar_one()
    assert '"directory":"1"' in named and '"calendar":"jp-' in named


def test_an_id_belongs_to_one_kind_of_stream(store: Store) -> None:
    ask(store)
    wrong = ImportDirectory(command_id="i", stream="s", directory=Directory())
    assert refused(store, wrong, SYSTEM) == "other-kind"


def test_many_commands_in_one_transaction_are_refused_each_alone(store: Store) -> None:
    batch: list[tuple[Command, Actor]] = [
        (Ask(command_id="1", stream="b"), ONE),
        (Answer(command_id="2", stream="a"), ONE),
        (Answer(command_id="3", stream="b"), ONE),
        (Ask(command_id="1", stream="b"), ONE),
        (Ask(command_id="4", stream="a"), ONE),
    ]
    results = store.record_many(batch)
    told = [r.refusal.rule if isinstance(r, Refused) else (r.version, r.duplicate) for r in results]
    assert told == [(1, False), "not-now", (2, False), (1, True), (1, False)]
    assert len(refusals(store)) == 1
    assert store.record_many([]) == []


def test_a_fault_in_the_middle_of_a_batch_records_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(state: Toy) -> datetime | None:
        raise RuntimeError("a bug")

    with monkeypatch.context() as patched:
        patched.setattr(TOYS["toy"], "closed", broken, raising=True)
        with pytest.raises(RuntimeError):
            store.record_many(
                [(Ask(command_id="1", stream="a"), ONE), (Write(command_id="2", stream="b", texts=("x",)), ONE)]
            )
    assert (count(store, events), count(store, requests), count(store, deliveries)) == (0, 0, 0)
    ask(store)
    assert store.events("s")[0].position == 1, "a failed transaction leaves no gap"


def test_time_never_goes_back_in_a_stream(database_url: str) -> None:
    store = Store.create(database_url, clock="virtual", seed="1", start=START, kinds=TOYS)
    late = START + timedelta(days=400)
    store.clock.set(late)
    ask(store)
    store.close()
    store = Store.open(database_url, kinds=TOYS)
    store.clock._virtual_now = START  # another machine's clock lags behind
    store.record(Answer(command_id="a", stream="s"), ONE)
    assert [r.occurred_at for r in store.events("s")] == [late, late]
    store.close()


def test_virtual_time_is_kept_and_only_goes_forward(database_url: str) -> None:
    store = Store.create(database_url, clock="virtual", seed="1", start=START, kinds=TOYS)
    other = Store.open(database_url, kinds=TOYS)
    assert store.clock.virtual and store.clock.now() == START
    store.clock.set(START + timedelta(days=2))
    store.clock.set(START)
    assert store.clock.now() == START + timedelta(days=2)
    other.clock.set(START + timedelta(days=1))
    assert other.clock.now() == START + timedelta(days=2), "another process was further already"
    store.close()
    other.close()
    store = Store.open(database_url, kinds=TOYS)
    assert store.clock.now() == START + timedelta(days=2)
    store.close()


def test_a_real_clock_cannot_be_set(sqlite_url: str) -> None:
    store = Store.create(sqlite_url, kinds=TOYS)
    assert not store.clock.virtual and store.seed is None
    assert abs(store.clock.now() - datetime.now(UTC)) < timedelta(seconds=5)
    with pytest.raises(StoreVirtual):
        store.clock.set(START)
    store.close()


def test_following_moves_the_cursor_once_and_by_itself_without_effects(store: Store) -> None:
    ask(store)
    plan = store.follow("s")
    assert (plan.to, [e.key for e in plan.effects]) == (1, ["1"])
    assert store.unfollowed() == ["s"], "effects are run first"
    assert store.follow("s") == plan
    assert store.advance("s", plan.to) is True
    assert store.advance("s", plan.to) is False
    assert store.advance("s", 7) is False, "there is no such version"
    store.record(Write(command_id="w", stream="s", texts=("x", "y")), ONE)
    plan = store.follow("s")
    assert (plan.to, plan.effects) == (3, ())
    assert store.unfollowed() == []
    assert store.follow("s").effects == ()


def test_what_happens_between_follow_and_advance_is_followed_next(store: Store) -> None:
    ask(store)
    plan = store.follow("s")
    store.record(Answer(command_id="a", stream="s"), ONE)
    store.record(Ask(command_id="ask2", stream="s"), ONE)
    store.advance("s", plan.to)
    assert store.unfollowed() == ["s"]
    plan = store.follow("s")
    assert (plan.to, [e.key for e in plan.effects]) == (3, ["3"])


def test_the_relay_is_told_what_is_behind_and_leaves_alone_what_was_postponed(store: Store) -> None:
    ask(store, "a")
    ask(store, "b")
    store.record(Close(command_id="x", stream="b"), ONE)
    assert [s for _, s, _ in store.behind()] == ["a", "b"], "closed ones too"
    assert store.behind()[0] == ("toy", "a", "番号札")
    store.postpone("a", START + timedelta(minutes=1))
    assert [s for _, s, _ in store.behind()] == ["b"]
    store.clock.set(START + timedelta(minutes=2))
    assert [s for _, s, _ in store.behind()] == ["a", "b"]
    store.postpone("a", START + timedelta(days=9))
    store.record(Write(command_id="w", stream="a", texts=("x",)), ONE)
    assert [s for _, s, _ in store.behind()] == ["a", "b"], "news end a pause"
    assert [s for _, s, _ in store.behind(limit=1)] == ["a"]
    store.advance("a", 2)
    store.advance("b", 2)
    assert store.behind() == []
    assert [s for _, s, _ in store.open_streams()] == ["a"]


def test_what_is_overdue_is_behind_in_real_time(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.toy.DUE", timedelta(seconds=-60))
    store = Store.create(database_url, kinds=TOYS)
    ask(store)
    store.advance("s", 1)
    assert [s for _, s, _ in store.behind(timedelta(seconds=5))] == ["s"]
    assert store.behind(timedelta(seconds=600)) == []
    store.close()


def test_streams_without_a_workflow_are_never_behind(store: Store) -> None:
    store.record(
        ImportDirectory(command_id="i", stream="directory", directory=Directory(people=(Person(id="p"),))), SYSTEM
    )
    assert (store.behind(), store.open_streams(), store.unfollowed()) == ([], [], [])


def test_deadlines_are_commands_that_may_lose_the_race(store: Store) -> None:
    assert store.record_due("s") == []
    ask(store)
    assert store.record_due("s") == []
    store.clock.set(START + DUE)
    (outcome,) = store.record_due("s")
    assert not isinstance(outcome, Refused) and outcome.events == ("Expired",)
    assert store.record_due("s") == []
    assert refused(store, Answer(command_id="late", stream="s")) == "not-now"
    late = store.record_many([(Expire(command_id="expire-9", stream="s"), SYSTEM)])
    assert isinstance(late[0], Refused)
    assert len(refusals(store)) == 1, "the engine's own lost races are not noted"


def test_what_was_never_recorded_is_a_lookup_error(store: Store) -> None:
    with pytest.raises(LookupError):
        store.load("nothing")
    assert store.events("nothing") == []


def test_the_directory_of_facts_follows_its_stream_in_every_process(database_url: str) -> None:
    store, other = Store.create(database_url, kinds=TOYS), Store.open(database_url, kinds=TOYS)
    for number in (1, 2):
        people = tuple(Person(id=f"p-{n}") for n in range(number))
        store.record(
            ImportDirectory(command_id=str(number), stream="directory", directory=Directory(people=people)), SYSTEM
        )
        facts = other.facts()
        assert (facts.versions["directory"], len(facts.directory.people)) == (str(number), number)
        assert other.facts() is facts
    store.close()
    other.close()
