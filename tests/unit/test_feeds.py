"""A feed's dates, what an answer says, and what follows from events; no network here."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal as D
from typing import Any

import pytest

from domain.calendar import local_day
from domain.feeds import messages as m
from domain.feeds.kind import FETCH, Feed, FeedKind, line, next_pull
from domain.feeds.reading import BadAnswer, document_of, period_of, pointed, value_of
from domain.lifecycle.feeding import ArrangePull, CancelPull
from domain.messages import SYSTEM, Event, Recorded, Refused, Text
from tests.given import FACTS, STREAM, Case, calendar, person

KIND = FeedKind()
NOW = datetime(2026, 4, 15, 3, tzinfo=UTC)
TERMS = m.Terms(url="https://data.example/kpi.json", value="/v", cadence="monthly")
FEED = m.stream_of(STREAM, "users")


# --- pointers, values, periods ---------------------------------------------------------------------------------------

RFC = document_of(
    b'{"foo": ["bar", "baz"], "": 0, "a/b": 1, "c%d": 2, "e^f": 3, "g|h": 4, "i\\\\j": 5, "k\\"l": 6, " ": 7, "m~n": 8}'
)
"""The document of RFC 6901, section 5."""


@pytest.mark.parametrize(
    ("pointer", "found"),
    [
        ("", RFC),
        ("/foo", ["bar", "baz"]),
        ("/foo/0", "bar"),
        ("/", 0),
        ("/a~1b", 1),
        ("/c%d", 2),
        ("/e^f", 3),
        ("/g|h", 4),
        ("/i\\j", 5),
        ('/k"l', 6),
        ("/ ", 7),
        ("/m~0n", 8),
    ],
)
def test_pointers_are_those_of_the_standard(pointer: str, found: Any) -> None:
    assert pointed(RFC, pointer) == found


@pytest.mark.parametrize("pointer", ["/foo/2", "/foo/-", "/foo/01", "/bar", "/foo/0/x"])
def test_what_a_pointer_does_not_find_is_missing(pointer: str) -> None:
    with pytest.raises(BadAnswer) as bad:
        pointed(RFC, pointer)
    assert bad.value.code == "missing" and bad.value.words.ja


def test_numbers_stay_exact() -> None:
    assert value_of(document_of(b'{"v": 0.1}'), "/v") == D("0.1")
    assert value_of(document_of('{"v": "1,234.50"}'.encode("utf-8-sig")), "/v") == D("1234.50")


@pytest.mark.parametrize("told", [b"1e999999999", b"1e-999999999", b'"1e18"', b'"NaN"', b'"1e25"'])
def test_a_number_that_cannot_be_reckoned_with_is_no_value(told: bytes) -> None:
    with pytest.raises(BadAnswer) as bad:
        value_of(document_of(b'{"v": ' + told + b"}"), "/v")
    assert bad.value.code == "no-value"
    assert value_of(document_of(b'{"v": 0.30000000000000004}'), "/v") == D("0.30000000000000004")


@pytest.mark.parametrize(
    ("found", "code"),
    [
        ("2026-03", None),
        ("令和8年3月", None),
        (2025, "stale"),
        ("2026-02", "stale"),
        ("2026-04", "period-not-over"),
        (None, "no-period"),
    ],
)
def test_the_period_of_an_answer_is_the_one_that_is_due(found: Any, code: str | None) -> None:
    today = date(2026, 4, 15)
    if code is None:
        assert period_of({"p": found}, "/p", "monthly", today).name == "2026-03"
    else:
        with pytest.raises(BadAnswer) as bad:
            period_of({"p": found}, "/p", "monthly", today)
        assert bad.value.code == code
    assert period_of({}, None, "quarterly", today).name == "2026-Q1"


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://Data.example.jp/kpi.json", "data.example.jp"),
        ("http://10.0.0.5:8080/", "10.0.0.5:8080"),
        ("http://[::1]:80/x", "::1:80"),
        ("http://[", None),
        ("http://data.example:port/", None),
        ("http://:80/", None),
    ],
)
def test_the_host_of_an_address(url: str, host: str | None) -> None:
    assert m.host_of(url) == host


def test_an_address_without_a_host_is_refused() -> None:
    case = Case().at("monitoring")
    terms = {"url": "http://[", "value": "/v"}
    case.when(case.make(ArrangePull, kpi="users", terms=terms), person("member")).refused("url-unreadable")
    again = {"url": "https://data.example/x", "value": "/v", "every": 5.0}
    case.when(case.make(ArrangePull, kpi="users", terms=again), person("member")).refused("period-missing")
    case.when(case.make(CancelPull, kpi="users", reason="r"), person("member")).refused("no-feed")
    bare = tuple(k.model_copy(update={"cadence": None}) for k in case.state.kpis)  # as adopted ones may be
    case.state = case.state.model_copy(update={"kpis": bare})
    never = {"url": "https://data.example/x", "value": "/v"}
    case.when(case.make(ArrangePull, kpi="users", terms=never), person("member")).refused("cadence-missing")


# --- dates -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cadence", "lag", "after", "due"),
    [
        ("monthly", 10, date(2026, 4, 1), date(2026, 4, 10)),
        ("monthly", 10, date(2026, 4, 10), date(2026, 5, 11)),  # 10 May 2026 is a Sunday
        ("quarterly", 10, date(2026, 4, 11), date(2026, 7, 10)),
        ("yearly", 90, date(2026, 2, 1), date(2026, 3, 31)),
        ("monthly", 60, date(2028, 4, 29), date(2028, 5, 1)),  # 60 days after 29 February is a holiday's Saturday
    ],
)
def test_it_is_fetched_so_long_after_each_period_on_a_working_day(
    cadence: Any, lag: int, after: date, due: date
) -> None:
    terms = TERMS.model_copy(update={"cadence": cadence, "lag_days": lag})
    moment = datetime(after.year, after.month, after.day, 9, tzinfo=UTC)  # after the close of business in Japan
    assert local_day(next_pull(terms, moment, calendar())) == due


def test_dates_never_stand_still() -> None:
    moment, seen = NOW, []
    for _ in range(30):
        following = next_pull(TERMS, moment, calendar())
        assert following > moment
        seen.append(local_day(following))
        moment = following
    assert len({(d.year, d.month) for d in seen}) == 30


# --- the stream ------------------------------------------------------------------------------------------------------


class Line:
    """A feed under test."""

    def __init__(self) -> None:
        self.state, self.now = Feed(stream=FEED), NOW
        self.log: list[Recorded] = []

    def do(self, kind: type[m.FeedCommand], **fields: Any) -> list[Event]:
        command = kind.model_validate({"command_id": f"c{len(self.log)}", "stream": FEED, **fields})
        events = list(KIND.decide(self.state, command, SYSTEM, FACTS, self.now))
        for event in events:
            recorded = Recorded(
                stream=FEED,
                version=len(self.log) + 1,
                position=len(self.log) + 1,
                event=event,
                actor=SYSTEM,
                occurred_at=self.now,
                command_id=command.command_id,
            )
            self.log.append(recorded)
            self.state = KIND.evolve(self.state, recorded)
            told = line(self.state, event)
            assert told.ja.strip() and told.en.isascii()
        return events

    def configure(self, **more: Any) -> None:
        of = {"lifecycle": STREAM, "lifecycle_title": "窓口", "kpi": "users", "kpi_title": "利用者"}
        self.do(m.ConfigurePull, terms=TERMS, arranged_by="p-member", **of, **more)

    def due(self) -> datetime:
        """Time comes, and the fetching begins."""
        assert self.state.next_due is not None
        self.now = max(self.now, self.state.next_due)
        [command] = KIND.due_commands(self.state, self.now)
        assert isinstance(command, m.StartPull)
        self.do(m.StartPull, due_at=command.due_at)
        return command.due_at

    def fail(self, due: datetime, **more: Any) -> list[Event]:
        words = Text(ja="数値ではありません", en="no number")
        return self.do(m.FailPull, due_at=due, code="no-value", words=words, attempts=1, **more)


def test_a_failure_is_an_incident_and_the_next_date_stands() -> None:
    feed = Line()
    feed.configure()
    due = feed.due()
    following = feed.state.next_due
    assert following is not None and following > due
    feed.fail(due)
    assert (feed.state.next_due, feed.state.failing, feed.state.last) == (following, True, None)
    assert [i.code for i in feed.state.incidents] == ["no-value"]
    [notice] = KIND.notices(feed.state, feed.log[-1])
    assert notice.person == "p-member" and "利用者" in notice.subject.ja
    settled = {"period": "2026-04", "value": "12", "sha256": "0" * 64, "outcome": "recorded"}
    feed.do(m.SettlePull, due_at=feed.due(), **settled)
    assert not feed.state.failing and feed.state.last is not None and feed.state.last.period == "2026-04"


def test_a_feed_in_trouble_says_why_and_one_that_nobody_fetches_is_in_trouble_too() -> None:
    feed = Line()
    assert feed.state.trouble(feed.now) is None
    feed.configure()
    due = feed.state.next_due
    assert due is not None and feed.state.trouble(due + timedelta(minutes=59)) is None
    late = feed.state.trouble(due + timedelta(hours=1))
    assert late is not None and "doctor" in late.en and "ワーカー" in late.ja, "no worker"
    feed.due()
    assert feed.state.trouble(due + timedelta(minutes=59)) is None
    assert feed.state.trouble(due + timedelta(hours=1)) == late, "begun, and never settled"
    feed.fail(due)
    told = feed.state.trouble(feed.now)
    assert told is not None and "no number" in told.en and "no-value" in told.en and "数値ではありません" in told.ja
    settled = {"period": "2026-04", "value": "12", "sha256": "0" * 64, "outcome": "recorded"}
    feed.do(m.SettlePull, due_at=feed.due(), **settled)
    assert feed.state.trouble(feed.now) is None
    feed.do(m.EndPull, words=Text(ja="終", en="end"))
    assert feed.state.trouble(feed.now + timedelta(days=400)) is None


def test_what_is_settled_is_settled_once() -> None:
    feed = Line()
    feed.configure(at_once=True)
    due = feed.due()
    feed.fail(due)
    assert feed.fail(due) == []
    assert feed.do(m.StartPull, due_at=due) == []


def test_it_fetches_only_what_still_waits() -> None:
    feed = Line()
    feed.configure(at_once=True)
    due = feed.due()
    plan = KIND.react(feed.state, feed.log, FACTS)
    assert [e.key for e in plan.effects if e.command] == [f"{FETCH}{due.isoformat()}"]
    feed.fail(due)
    again = KIND.react(feed.state, feed.log, FACTS)
    assert [e.key for e in again.effects if e.command] == [] and again.display.attributes["health"] == "red"


def test_too_early_is_refused_until_its_time() -> None:
    feed = Line()
    feed.configure()
    due = feed.state.next_due
    with pytest.raises(Refused) as no:
        feed.do(m.StartPull, due_at=due)
    assert no.value.refusal.retry_at == due


def test_an_ended_feed_is_closed_until_it_is_arranged_again() -> None:
    feed = Line()
    feed.configure(at_once=True)
    feed.fail(feed.due(), ends=True)
    assert KIND.closed(feed.state) and feed.state.next_due is None
    assert feed.do(m.EndPull, words=Text(ja="終", en="end")) == []
    feed.now += timedelta(days=1)
    feed.configure()
    assert not KIND.closed(feed.state) and feed.state.next_due is not None
