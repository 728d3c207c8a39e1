"""What is learnt from a record: published worked examples, hand-made logs, and the silence where there is too little."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.calendar import JST, end_of_business, local_day, wareki
from domain.lifecycle.state import Lifecycle
from learning import hypotheses
from learning.backtest import due_days, error, held, tried
from learning.forecast import Expected, Forecast, Held, expected, forecast, in_words
from learning.history import MIN_CASES, History, ahead
from learning.hypotheses import Past, attained, changed, lessons, same_name, stated
from learning.log import Happening
from learning.measures import calendar_days, spread, working_days
from learning.paths import paths
from learning.survival import curve
from learning.times import cycle, waiting
from learning.traces import Trace, mixed, traces
from learning.ways import END, Way
from rehearsal.script import MARK
from tests.given import PROCESS, Case, calendar

CALENDAR = calendar()


def at(day: str, hour: float = 8.5) -> datetime:
    """An hour of a day in Japan."""
    return (datetime.fromisoformat(day).replace(tzinfo=JST) + timedelta(hours=hour)).astimezone(UTC)


# --- survival --------------------------------------------------------------------------------------------------------


def test_the_product_limit_estimate_of_the_6_mp_trial() -> None:
    """Remission of 21 children under 6-mercaptopurine in weeks (Freireich et al., Blood 21 (1963) 699–716), the table given by Cox
    and Oakes, Analysis of Survival Data (1984), section 4.2."""
    ended = [6, 6, 6, 7, 10, 13, 16, 22, 23]
    lost = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
    found = curve([*((t, True) for t in ended), *((t, False) for t in lost)])
    published = {6: 0.857, 7: 0.807, 10: 0.753, 13: 0.690, 16: 0.627, 22: 0.538, 23: 0.448}
    assert {t: round(s, 3) for t, s in zip(found.times, found.share, strict=True)} == published
    assert found.cases == 21 and found.ended_after(0) == 9 and found.ended_after(10) == 4
    assert found.quantile(0.5) == 23 and found.quantile(0.25) == 13 and found.quantile(0.9) is None


def test_who_is_lost_on_the_day_of_an_event_counts_as_under_observation() -> None:
    """V. Bewick, L. Cheek, J. Ball, "Statistics review 12: Survival analysis", Critical Care 8 (2004) 389, table 2: days under treatment 2,
    two deaths on the first and a loss on the ninth, when another died."""
    found = curve([*((t, True) for t in (1, 1, 4, 5, 9, 22)), *((t, False) for t in (6, 9))])
    published = {1: 0.75, 4: 0.625, 5: 0.5, 9: 0.333, 22: 0.0}
    assert {t: round(s, 3) for t, s in zip(found.times, found.share, strict=True)} == published


@settings(deadline=None)
@given(st.lists(st.integers(0, 300), min_size=1, max_size=40))
def test_without_open_cases_it_is_the_share_that_takes_longer(times: list[int]) -> None:
    found = curve((t, True) for t in times)
    for t in {*times, 150}:
        assert found.at(t) == pytest.approx(sum(x > t for x in times) / len(times))
    assert found.quantile(0.5, gone=-1) == sorted(times)[(len(times) - 1) // 2]


def test_who_has_come_far_is_compared_with_those_who_came_as_far() -> None:
    found = curve((t, True) for t in (5, 5, 5, 5, 100, 110, 120, 130))
    assert found.quantile(0.5) == 5
    assert found.quantile(0.5, gone=50) == 110


@settings(deadline=None)
@given(st.integers(MIN_CASES, 60), st.integers(0, 10**6))
def test_one_more_lies_in_the_band_as_often_as_it_promises(n: int, seed: int) -> None:
    """Of n + 1 cases in any order, each as the one to come: the band of the others holds four in five of them, and not one more than
    it must when no two are alike."""
    times = random.Random(seed).sample(range(1, 10**6), n + 1)
    inside = 0
    for t in times:
        low, high = curve((x, True) for x in times if x != t).band(0.1, 0.9)
        assert low is not None and high is not None
        inside += low <= t <= high
    assert 0.8 * (n + 1) - 1e-9 <= inside <= 0.8 * (n + 1) + 2


def test_a_band_says_nothing_of_what_too_few_have_shown() -> None:
    few = curve((t, True) for t in range(1, MIN_CASES))
    assert few.band(0.1, 0.9) == (None, None)
    assert curve((t, True) for t in range(1, MIN_CASES + 1)).band(0.1, 0.9) == (1, MIN_CASES)
    watched = curve([*((t, True) for t in range(1, MIN_CASES + 1)), *((50, False) for _ in range(9))])
    assert watched.band(0.1, 0.9) == (1, None), "half of them have not been seen to end"
    assert few.band(0.1, 0.9, gone=99) == (None, None)


def test_a_band_of_who_has_come_far_is_that_of_those_who_came_as_far() -> None:
    far = range(100, 100 + MIN_CASES)
    found = curve([*((5, True) for _ in range(30)), *((t, True) for t in far)])
    assert found.band(0.1, 0.9, gone=50) == curve((t, True) for t in far).band(0.1, 0.9) == (100, 108)


# --- measures --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "end", "days"),
    [
        (at("2026-04-01"), at("2026-04-01", 17.25), 1.0),
        (at("2026-04-01", 12.875), at("2026-04-02", 12.875), 1.0),
        (at("2026-04-03", 17.25), at("2026-04-06", 8.5), 0.0),  # over a weekend
        (at("2026-04-03", 22), at("2026-04-06", 12.875), 0.5),
        (at("2026-04-28"), at("2026-05-07"), 3.0),  # 29 April and 3 to 6 May are closed: the 28th, 30th and 1 May
        (at("2026-12-28"), at("2027-01-04"), 1.0),
        (at("2026-04-02"), at("2026-04-01"), 0.0),
    ],
)
def test_office_time_in_working_days(start: datetime, end: datetime, days: float) -> None:
    from store.calendars import calendar as shipped

    assert working_days(shipped(), start, end) == pytest.approx(days)


@settings(deadline=None)
@given(st.lists(st.integers(0, 60 * 24 * 60), min_size=3, max_size=3))
def test_parts_add_up_to_the_whole(minutes: list[int]) -> None:
    a, b, c = (at("2026-04-27", 0) + timedelta(minutes=m) for m in sorted(minutes))
    parts = working_days(CALENDAR, a, b) + working_days(CALENDAR, b, c)
    assert parts == pytest.approx(working_days(CALENDAR, a, c))


def test_quartiles_as_published() -> None:
    """pandas' reference of `Series.describe`: 1, 2, 3 have their quartiles at 1.5, 2.0 and 2.5."""
    found = spread([1, 2, 3])
    assert found is not None and (found.q1, found.median, found.q3) == (1.5, 2.0, 2.5)


def test_quartiles_are_those_of_definition_7() -> None:
    found = spread([1, 2, 3, 4])
    assert found is not None and (found.q1, found.median, found.q3, found.total) == (1.75, 2.5, 3.25, 10)
    assert spread([]) is None and spread([7.0]) == spread([7.0])
    fifths = spread([0, 10, 20, 30, 40, 50])
    assert fifths is not None and fifths.p80 == 40


def test_errors_of_forecasts_as_published() -> None:
    """scikit-learn's references of `mean_absolute_error` and `median_absolute_error`: [2.5, 0, 2, 8] against [3, -0.5, 2, 7] is off by
    0.5 and 0.5; in halves here."""
    found = error("x", [f - a for f, a in zip((5, 0, 4, 16), (6, -1, 4, 14), strict=True)])
    assert (found.mean / 2, found.median / 2, found.bias / 2) == (0.5, 0.5, 0.25)


# --- traces ----------------------------------------------------------------------------------------------------------


def log(*told: tuple[str, datetime, dict[str, Any]], stream: str = "s") -> list[Happening]:
    return [Happening(stream, n, type_, body, moment, "shell") for n, (type_, moment, body) in enumerate(told, 1)]


START = {"ref": "R8", "title": "t", "section": "a", "bureau": "b", "definition": "himeji@1"}


def asked(request: str, kind: str, post: str, stage: str = "setup") -> dict[str, Any]:
    return {"request": request, "kind": kind, "stage": stage, "round": 1, "step": "s", "post": post}


def entered(stage: str, because: str = "passed") -> dict[str, Any]:
    return {"stage": stage, "round": 1, "because": because}


SMALL = log(
    ("LifecycleStarted", at("2026-04-01"), START),
    ("StageEntered", at("2026-04-01"), entered("setup", "started")),
    ("RequestOpened", at("2026-04-01"), asked("d", "draft", "drafter")),
    ("RequestClosed", at("2026-04-03"), {"request": "d", "because": "submitted"}),
    ("RequestOpened", at("2026-04-03"), asked("c", "decide", "chief")),
    ("LifecycleHeld", at("2026-04-06"), {}),
    ("LifecycleResumed", at("2026-04-07"), {}),
    ("RequestAnswered", at("2026-04-08"), {"request": "c"}),
    ("StageEntered", at("2026-04-08"), entered("analysis")),
)


def test_time_waited_worked_and_held_of_a_small_log() -> None:
    (found,) = traces(SMALL)
    told = waiting([found], CALENDAR, at("2026-04-10"))
    setup = told.split[0]
    assert (setup.total, setup.worked, setup.waited, setup.held, setup.other) == (5.0, 2.0, 2.0, 1.0, 0.0)
    (chief,) = told.by_post
    assert chief.key == "chief" and chief.waiting is not None and chief.waiting.median == 2.0 and chief.share == 1
    setup_, analysis = cycle([found], CALENDAR, ["setup", "analysis"])
    assert setup_.working is not None and setup_.working.median == 5.0 and setup_.bottleneck
    assert setup_.calendar is not None and setup_.calendar.median == calendar_days(at("2026-04-01"), at("2026-04-08"))
    assert analysis.working is None and analysis.open == 1 and not analysis.bottleneck


def test_an_answer_taken_back_undoes_what_followed() -> None:
    back = ("AnswerRetracted", at("2026-04-09"), {"answered_at": 8, "request": "c"})
    (found,) = mixed([*SMALL, *(h._replace(version=10) for h in log(back))])
    assert [v.stage for v in found.visits] == ["setup"] and found.visits[0].left_at is None
    (waits,) = [w for w in found.waits if w.kind == "decide"]
    assert waits.ended_at is None and waits.opened_at == at("2026-04-03")


def test_the_domains_own_events_are_read_as_the_stores_rows_are() -> None:
    """A lifecycle that was sent back: the fold of learning stands where the lifecycle itself stands."""
    from learning.log import of_recorded

    case = Case().at("proposal")
    (found,) = mixed(of_recorded(case.log))
    assert found.visits[-1].stage == case.state.stage and found.visits[-1].entered_at == case.state.entered_at
    assert {w.request for w in found.waits if w.ended_at is None} == {r.id for r in case.state.requests}
    assert found.section == case.state.section and len(found.visits) == 5


def test_ways_loops_and_send_backs() -> None:
    again = log(
        ("LifecycleStarted", at("2026-04-01"), START),
        ("StageEntered", at("2026-04-01"), entered("setup", "started")),
        ("StageEntered", at("2026-04-02"), entered("analysis")),
        ("StageEntered", at("2026-04-03"), entered("setup", "sent_back")),
        ("StageEntered", at("2026-04-06"), entered("analysis")),
        ("LifecycleClosed", at("2026-04-07"), {"as_": "dropped"}),
        stream="t",
    )
    found = paths(traces([*SMALL, *again]))
    assert {v.stages: (v.lifecycles, v.closed) for v in found.variants} == {
        ("setup", "analysis"): (1, 0),
        ("setup", "analysis", "setup", "analysis"): (1, 1),
    }
    assert {x.stage: (x.lifecycles, x.again) for x in found.loops} == {"setup": (1, 1), "analysis": (1, 1)}
    assert [(s.before, s.after, s.times) for s in found.sent_back] == [("analysis", "setup", 1)]


# --- forecast --------------------------------------------------------------------------------------------------------


def ways(section: str, days: Iterable[int], *, open_: int = 0) -> list[Way]:
    """Lifecycles that were in the setup for so many working days from 1 April 2026 on; `open_` more are there still."""
    begun = at("2026-04-01")
    steps = [(("setup", begun), ("analysis", CALENDAR.later(begun, d))) for d in days]
    found = [Way(f"{section}{n}", section, PROCESS.reference, s) for n, s in enumerate(steps)]
    return found + [Way(f"{section}-{n}", section, PROCESS.reference, (("setup", begun),)) for n in range(open_)]


def test_a_forecast_rests_on_the_section_then_on_the_city_then_is_silent() -> None:
    since = at("2026-09-01")
    many = [*ways("a", range(10, 10 + MIN_CASES)), *ways("b", [30] * 20)]

    def next_stage(record: list[Way], section: str) -> Any:
        return expected(History(record, CALENDAR, since), PROCESS, "setup", section, since)[0]

    near = next_stage(many, "a")
    assert (near.stage, near.basis, near.cases) == ("analysis", "section", MIN_CASES)
    assert near.working_days == 10 + (MIN_CASES - 1) // 2 and near.early < near.on < near.late
    far = next_stage(many, "c")
    assert (far.basis, far.working_days, far.cases) == ("stage", 30, MIN_CASES + 20)
    few = next_stage(ways("a", range(10, 9 + MIN_CASES)), "a")
    assert (few.basis, few.on, few.cases) == ("none", None, MIN_CASES - 1)


def rounds(section: str, days: Iterable[int], again: Iterable[int], stage: str = "setup") -> list[Way]:
    """Lifecycles that were in a stage for so many days of a first round, and for so many when they came back to it."""
    begun, back = at("2024-04-01"), at("2026-04-01")
    steps = [
        ((stage, begun), (END, CALENDAR.later(begun, first)), (stage, back), (END, CALENDAR.later(back, later)))
        for first, later in zip(days, again, strict=True)
    ]
    return [Way(f"{stage}{n}", section, PROCESS.reference, s) for n, s in enumerate(steps)]


def test_who_comes_again_is_compared_with_those_who_came_again() -> None:
    since = at("2026-09-01")
    history = History(rounds("a", range(40, 60), range(10, 30)), CALENDAR, since)
    first, later = (expected(history, PROCESS, "setup", "a", since, again=again)[0] for again in (False, True))
    assert (first.working_days, later.working_days) == (49, 19) and (first.cases, later.cases) == (20, 20)
    assert not first.again and later.again and "again" not in in_words(told(first)).en
    assert (
        "2度目以降の 20 件" in in_words(told(later)).ja
        and "20 of the same section that were there again" in in_words(told(later)).en
    )


def told(e: Expected, held: Held | None = None) -> Forecast:
    return Forecast(stream="s", stage="setup", since=None, expected=(e,), held=held)


def test_days_are_written_as_people_write_them_and_the_bands_of_the_past_are_told_beside() -> None:
    since = at("2026-09-01")
    found = expected(History(ways("a", range(10, 30), open_=9), CALENDAR, since), PROCESS, "setup", "a", since)[0]
    words = in_words(told(found, Held(within=31, cases=40)))
    assert found.on is not None and found.early is not None and found.late is None
    assert f"{wareki(found.on)}ごろ({wareki(found.early)}〜未定、同じ課の 20 件による)" in words.ja
    assert f"about {found.on} ({found.early} to open, resting on 20 of the same section)" in words.en
    assert str(found.on) not in words.ja and "40 件のうち" in words.ja and "31 of 40" in words.en
    fixed = found.model_copy(update={"basis": "fixed"})
    assert "40" not in in_words(told(fixed, Held(within=31, cases=40))).en, "a day that was fixed has no band"


def test_where_few_came_again_the_pace_of_others_who_did_is_taken() -> None:
    """In the setup later visits took half of the first ones; so half is expected of the analysis, that nobody has come back to."""
    since = at("2026-09-01")
    record = [*rounds("a", [40] * 10, range(16, 26)), *rounds("b", [100] * 10, [90] * 10, "analysis")]
    known = [w if w.section == "a" else replace(w, steps=w.steps[:2]) for w in record]
    found = expected(History(known, CALENDAR, since), PROCESS, "analysis", "b", since, again=True)[0]
    assert (found.basis, found.cases, found.working_days) == ("pace", 10, 50)
    assert "10 later visits of all stages" in in_words(told(found)).en
    own = expected(History(record, CALENDAR, since), PROCESS, "analysis", "b", since, again=True)[0]
    assert (own.basis, own.working_days) == ("section", 90), "once enough have come again, they are asked"
    assert expected(History(known, CALENDAR, since), PROCESS, "analysis", "b", since)[0].working_days == 100
    alone = History([w for w in known if w.section == "b"], CALENDAR, since)
    assert expected(alone, PROCESS, "analysis", "b", since, again=True)[0].basis == "none", "nobody came again anywhere"


def test_a_way_knows_what_it_comes_to_again() -> None:
    (way,) = rounds("a", [10], [5])
    assert [way.again(i) for i in range(len(way.steps))] == [False, False, True, True]
    assert Way("s", "a", "d", way.steps[:1], round=2).again(0), "adopted in its second round"
    history = History([way], CALENDAR, at("2026-09-01"))
    assert not history.again(way.stream, "setup", at("2024-04-01")) and history.again(
        way.stream, "setup", at("2026-04-01")
    )


def test_those_still_waiting_make_the_forecast_later_and_leave_its_end_open() -> None:
    since = at("2026-09-01")
    done = ways("a", range(10, 30))
    waiting_too = [*done, *ways("a", [], open_=30)]
    early, late = (expected(History(r, CALENDAR, since), PROCESS, "setup", "a", since)[0] for r in (done, waiting_too))
    assert late.on is None and late.basis == "none", "half of them have never been seen to get there"
    assert early.on is not None and early.open == 0 and late.open == 30


def test_what_lies_ahead_is_named_once_and_ends_with_the_decision() -> None:
    route = ahead(PROCESS, "kpi_setting")
    assert route == ["implementation", "monitoring", "review"]
    since = at("2026-09-01")
    found = expected(History([], CALENDAR, since), PROCESS, "kpi_setting", "a", since)
    assert [e.stage for e in found] == [*route, END] and all(e.on is None for e in found)


def test_nothing_is_forecast_of_what_rests_or_is_over() -> None:
    case = Case().at("analysis")
    history = History([], CALENDAR, case.now)
    silent = forecast(history, PROCESS, case.state).silent
    assert silent is not None and str(MIN_CASES) in silent.ja and str(MIN_CASES) in silent.en
    over = forecast(history, PROCESS, Lifecycle(**{**vars(case.state), "closed": True}))
    assert over.silent is not None and over.silent.en == "it is closed" and over.next is None and over.end is None


def test_a_review_comes_on_the_day_that_was_fixed_and_what_follows_is_counted_from_there() -> None:
    case = Case().at("monitoring")
    fixed = case.state.review_date
    assert fixed is not None and fixed > local_day(case.now)
    begun = at("2020-04-01")
    reviewed = [
        Way(f"r{d}", "x", PROCESS.reference, (("review", begun), (END, CALENDAR.later(begun, d))))
        for d in range(10, 20)
    ]
    found = forecast(History(reviewed, CALENDAR, case.now), PROCESS, case.state)
    review, end = found.expected
    assert (review.stage, review.basis, review.on, review.early, review.late) == (
        "review",
        "fixed",
        fixed,
        fixed,
        fixed,
    )
    assert end.stage == END and end.on == local_day(CALENDAR.later(end_of_business(fixed), 14)) and end.cases == 10
    assert wareki(fixed) in in_words(found).ja and f"on {fixed}, as was fixed" in in_words(found).en
    assert fixed.isoformat() not in in_words(found).ja
    late = History(reviewed, CALENDAR, end_of_business(fixed) + timedelta(days=30))
    assert forecast(late, PROCESS, case.state).expected[0].on == local_day(late.now), (
        "a day that has passed is not forecast"
    )


def test_a_band_is_judged_by_what_came_and_by_what_is_late_for_sure() -> None:
    """Of those that have not come yet, only one whose band has passed is a miss; of the others nobody can say."""
    cut, until = at("2026-04-01"), at("2026-06-30")
    known = [
        Way(
            f"k{d}",
            "a",
            PROCESS.reference,
            (("setup", at("2025-04-01")), ("analysis", CALENDAR.later(at("2025-04-01"), d))),
        )
        for d in range(11, 31)
    ]

    def new(name: str, entered: datetime, days: int | None) -> Way:
        later = (("analysis", CALENDAR.later(entered, days)),) if days is not None else ()
        return Way(name, "a", PROCESS.reference, (("setup", entered), *later))

    asked = [
        new("in", at("2026-04-02"), 20),
        new("early", at("2026-04-02"), 5),
        new("late", at("2026-04-02"), 40),
        new("overdue", at("2026-04-02"), None),
        new("young", at("2026-06-25"), None),
    ]
    found, silent = tried([*known, *asked], lambda _: PROCESS, CALENDAR, cut, until)
    own = [t for t in found if t.stage == "setup"]
    assert [t.inside for t in own] == [True, False, False, False, None]
    assert silent == len(known) + 3, "nobody has ever left the analysis"
    assert {(t.low, t.high) for t in own} == {(12, 29)}
    record = held([*known, *asked], lambda _: PROCESS, CALENDAR, until)
    assert record is not None and record.within < record.cases


def test_due_dates_of_a_stage_add_up() -> None:
    assert due_days(PROCESS.stage("setup")) == 10 + 5 + 5 + 10


# --- hypotheses ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "change"),
    [
        ("30%減", -0.3),
        ("処理時間が3割短縮", -0.3),
        ("三割削減", -0.3),
        ("待ち時間を半減", -0.5),
        ("利用率20%向上", 0.2),
        ("25% fewer visits", -0.25),
        ("利用者の満足", None),
        ("30%", None),
        ("費用を減らし利用を10%増やす", None),
    ],
)
def test_effects_that_are_stated_as_numbers(text: str, change: float | None) -> None:
    assert stated(text) == change


def test_metrics_and_kpis_of_one_name() -> None:
    assert same_name("処理時間", f"{MARK}処理時間(1件当たり)") and same_name("窓口の 待ち時間", "窓口の待ち時間")
    assert not same_name("処理時間", "待ち時間") and not same_name("率", "オンライン利用率")


def test_attainment_and_change() -> None:
    assert attained(Decimal(20), Decimal(60), Decimal(50)) == 0.75
    assert attained(Decimal(100), Decimal(70), Decimal(70)) == 1.0
    assert changed(Decimal(100), Decimal(70)) == -0.3 and changed(Decimal(0), Decimal(5)) is None
    # infinitelexicon.com/relativechange: from 50 to 75 is 50 %; a deficit that is halved is better by half, too
    assert changed(Decimal(50), Decimal(75)) == 0.5 and changed(Decimal(-10), Decimal(-5)) == 0.5
    assert attained(Decimal(5), Decimal(5), Decimal(5)) is None


def past(n: int, section: str = "a", *, scripted: bool = False, share: float | None = 0.5) -> list[Past]:
    return [
        Past(
            stream=f"{section}{i}",
            ref=f"{section}{i}",
            title="t",
            section=section,
            metric="処理時間",
            expected_effect="30%減",
            result="supported",
            kpi="処理時間",
            period="2026-Q1",
            expected=-0.3,
            measured=-0.15,
            attained=share,
            scripted=scripted,
        )
        for i in range(n)
    ]


def test_lessons_are_silent_where_too_few_have_measured() -> None:
    few = lessons(past(hypotheses.MIN_CASES - 1), "a")
    assert few.basis == "none" and few.silent is not None and few.past == ()
    assert str(hypotheses.MIN_CASES) in hypotheses.in_words(few).ja
    assert lessons(past(hypotheses.MIN_CASES), "a", but="a0").basis == "none", "its own hypothesis teaches it nothing"
    assert lessons(past(20, share=None), "a").basis == "none", "no KPI of theirs bears the name of the metric"


def test_lessons_come_from_the_section_or_else_the_city_and_say_when_figures_are_made_up() -> None:
    near = lessons([*past(6), *past(9, "b", scripted=True)], "a")
    assert (near.basis, near.lifecycles, near.attained, near.against, near.scripted) == ("section", 6, 0.5, 0.5, False)
    assert "台本" not in hypotheses.in_words(near).ja
    far = lessons([*past(6), *past(9, "b", scripted=True)], "c")
    assert (far.basis, far.lifecycles, far.scripted) == ("city", 15, True)
    assert MARK in hypotheses.in_words(far).ja and "scripted" in hypotheses.in_words(far).en


def test_the_mark_of_what_was_made_up_is_the_rehearsals() -> None:
    assert hypotheses.SCRIPTED == MARK


def test_an_adopted_lifecycle_does_not_tell_how_long_its_first_stage_took() -> None:
    moments = (at("2026-04-01"), at("2026-04-08"))
    told = log(
        ("LifecycleAdopted", moments[0], START),
        ("StageEntered", moments[0], entered("setup", "adopted")),
        ("StageEntered", moments[1], entered("analysis")),
    )
    found: list[Trace] = mixed(told)
    assert cycle(found, CALENDAR)[0].working is None
