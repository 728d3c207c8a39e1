"""Charts: whole SVG documents that say what the data says, the same bytes for the same data, whatever people wrote into it."""

from __future__ import annotations

import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charts import gathering, periods, reading, telling
from charts.models import (
    Amount,
    Bubble,
    BudgetChart,
    BudgetYear,
    Chart,
    FlowChart,
    Forecast,
    KpiChart,
    Language,
    Level,
    Mark,
    Pause,
    Point,
    StageDays,
    StageName,
    TimelineChart,
    TimesChart,
    ValueChart,
    Visit,
)
from charts.palette import DARK
from charts.places import apart
from charts.registry import PICTURES, svg, tag
from charts.spots import spots
from charts.telling import MANY
from charts.words import cut, months, number, short_day, short_yen, width, wrapped
from domain.lifecycle import commands as c
from domain.lifecycle.amendments import CorrectMeasurement, RetractAnswer
from domain.messages import Text
from settings import ROOT
from store.flows import ENDED, Move
from tests.given import PROCESS, Case, person

HOSTILE = '<script>alert(1)</script> & "$\\frac{1}{2}$" ]]> \x00\x1b _x 😀 \u202e'
LONG = "市民窓口における手続のオンライン化及び来庁者待ち時間の短縮に向けた庁内横断的な業務改革と小規模実証による効果検証のための取組"
SVG = "{http://www.w3.org/2000/svg}"
STAGES = tuple(StageName(key=f"s{i}", title=Text(ja=f"段階{i}", en=f"stage {i}"), phase="taskforce") for i in range(3))


def kpi(title: str = "申請率", **changes: object) -> KpiChart:
    points = tuple(
        Point(period=f"2026-{m:02}", on=date(2026, m, 28), value=None if m == 6 else float(m), corrected=m == 7)
        for m in range(4, 10)
    )
    fields: dict[str, object] = {
        "lifecycle": "x",
        "key": "rate",
        "title": title,
        "unit": "%",
        "direction": "up",
        "baseline": Level(value=3, on=date(2026, 4, 1)),
        "target": Level(value=60, on=date(2027, 3, 31)),
        "interim": (Level(value=21.5, on=date(2026, 12, 31)),),
        "points": points,
        "forecast": (Forecast(on=date(2027, 3, 31), low=40.5, mid=52.25, high=64.75),),
    }
    return KpiChart.model_validate({**fields, **changes})


def bubbles(n: int, title: str = "課題") -> ValueChart:
    made = (
        Bubble(
            ref=f"r{i}",
            title=f"{title}{i}",
            difficulty=1 + i % 5,
            value=1 + i % 4,
            digital=3,
            assessors=2,
            status=("selected", "open", "deferred", "other")[i % 4],
            rank=i,
            round="selection:2026",
        )
        for i in range(n)
    )
    return ValueChart(scope="", bubbles=tuple(made))


def flow(days: int, stages: tuple[StageName, ...] = STAGES, each: int = 1) -> FlowChart:
    return FlowChart(
        stages=stages,
        days=tuple(date(2025, 4, 30) + timedelta(days=31 * n) for n in range(days)),
        counts=tuple(tuple(each * (n + i) for n in range(days)) for i, _ in enumerate(stages)),
        ended=tuple(range(days)),
    )


def budget(years: int) -> BudgetChart:
    amounts = (
        Amount(state="asked", title=Text(ja="要求額", en="asked"), amount=12_000_000),
        Amount(state="indicated", title=Text(ja="内示額", en="indicated"), amount=0),
        Amount(state="voted", title=Text(ja="議決額", en="voted"), amount=None),
    )
    return BudgetChart(lifecycle="x", years=tuple(BudgetYear(year=2026 + n, amounts=amounts) for n in range(years)))


def timeline(visits: int, title: str = "段階") -> TimelineChart:
    stages = tuple(s.model_copy(update={"title": Text(ja=title, en=title)}) for s in STAGES)
    start = date(2025, 4, 1)
    made = [
        Visit(
            stage=f"s{n % 3}",
            round=1 + n // 3,
            start=start + timedelta(days=40 * n),
            end=start + timedelta(days=40 * (n + 1)) if n + 1 < visits else None,
        )
        for n in range(visits)
    ]
    marks = [Mark(on=v.end, stage=v.stage, kind="passed", told=Text(ja="通過", en="passed")) for v in made if v.end]
    holds = (Pause(start=date(2025, 4, 10), end=None),) if visits else ()
    until = start + timedelta(days=40 * visits)
    return TimelineChart(lifecycle="x", stages=stages, visits=tuple(made), marks=tuple(marks), holds=holds, until=until)


def times(stages: int, each: float = 40.5) -> TimesChart:
    made = [
        StageDays(stage=StageName(key=str(n), title=Text(ja=f"段階{n}", en=f"Stage {n}")), cases=n, **_days(each, n))
        for n in range(1, stages + 1)
    ]
    return TimesChart(stages=tuple(made))


def _days(each: float, n: int) -> dict[str, float]:
    return {"waited": each, "worked": each * n, "held": each * (n % 2), "other": 0.0}


CASES: dict[str, Chart] = {
    "kpi": kpi(),
    "kpi-one": kpi(points=kpi().points[:1], forecast=(), interim=(), target=None),
    "kpi-sixty": kpi(
        title=LONG,
        points=tuple(Point(period=str(n), on=date(2022, 1, 1) + timedelta(days=30 * n), value=n) for n in range(60)),
    ),
    "kpi-names": kpi(points=tuple(Point(period=f"第{n}回", on=None, value=n) for n in range(30)), forecast=()),
    "kpi-flat": kpi(points=(), baseline=Level(value=0), target=Level(value=0), interim=(), forecast=()),
    "value": bubbles(20, LONG),
    "value-many": bubbles(2000),
    "flow": flow(36),
    "flow-one-day": flow(1),
    "flow-one-stage": flow(5, STAGES[:1]),
    "flow-thousands": flow(60, each=700),
    "budget": budget(2),
    "budget-many": budget(12),
    "timeline": timeline(2),
    "timeline-many": timeline(40, LONG),
    "times": times(11),
    "times-one": times(1, 0.25),
    "times-long": times(3, 100_000),
}
EMPTY: dict[str, tuple[Chart, str]] = {
    "kpi": (KpiChart(lifecycle="x", title="t", unit=""), "まだ測定値がありません"),
    "kpi-unmeasured": (kpi(points=(), forecast=()), "まだ測定値がありません"),
    "value": (bubbles(0), "採点された課題はまだありません"),
    "flow": (flow(0), "課題はまだありません"),
    "budget": (budget(0), "予算額はまだ記録されていません"),
    "timeline": (timeline(0), "まだ始まっていません"),
    "times": (times(0), "終わった段階はまだありません"),
}


def texts(made: bytes) -> list[str]:
    return ["".join(t.itertext()) for t in ET.fromstring(made).iter(f"{SVG}text")]


@pytest.mark.parametrize("lang", ["ja", "en"])
@pytest.mark.parametrize("name", CASES)
def test_every_chart_is_a_whole_document_with_title_and_description(name: str, lang: Language) -> None:
    chart = CASES[name]
    made = svg(chart, lang)
    root = ET.fromstring(made)
    assert root.tag == f"{SVG}svg" and root.get("role") == "img" and root.get("lang") == lang
    assert root.get("aria-labelledby") == "title desc"
    assert root.findtext(f"{SVG}title") == telling.title(chart, lang)
    assert root.findtext(f"{SVG}desc") == telling.description(chart, lang)
    ids = [e.get("id") for e in root.iter() if e.get("id")]
    assert len(ids) == len(set(ids))
    told = telling.table(chart, lang)
    assert told.rows and all(len(row) == len(told.heads) == len(told.right) for row in told.rows)
    x, y, wide, high = map(float, root.get("viewBox", "").split())
    assert (x, y, str(round(wide)), str(round(high))) == (0, 0, root.get("width"), root.get("height"))
    for t in root.iter(f"{SVG}text"):
        at = float(t.get("x", "0")), float(t.get("y", "0"))
        if not t.get("transform", "").startswith("translate"):
            assert 0 <= at[0] <= wide and 0 <= at[1] <= high, "".join(t.itertext())


@pytest.mark.parametrize("name", EMPTY)
def test_a_chart_without_data_says_so(name: str) -> None:
    chart, said = EMPTY[name]
    assert said in texts(svg(chart, "ja")) and said in telling.description(chart, "ja")
    assert all(t.isascii() or t == "t" for t in texts(svg(chart, "en")) if "申請率" not in t)


def test_a_chart_shows_its_numbers_as_text() -> None:
    shown = texts(svg(kpi(), "ja"))
    for text in (
        "申請率(%)",
        "目標値 60",
        "基準値 3",
        "最新 9",
        "見通し 52.25",
        "大きいほど良い",
        "欠測",
        "訂正した値",
        "中間目標",
    ):
        assert text in shown, text
    assert ["中間目標", "令和8年12月31日", "21.5", ""] in [list(r) for r in telling.table(kpi(), "ja").rows]
    assert ["forecast", "2027-03-31", "52.25", "40.5 to 64.75"] in [list(r) for r in telling.table(kpi(), "en").rows]
    assert "1,200万円" in texts(svg(budget(1), "ja")) and "未定" in texts(svg(budget(1), "ja"))
    assert "122日、待ち 33%" in texts(svg(times(1), "ja"))
    assert ["段階2", "40.5", "81.0", "0.0", "0.0", "121.5", "2"] in [
        list(r) for r in telling.table(times(2), "ja").rows
    ]
    assert "段階2 5" in texts(svg(flow(4), "ja")) and "終結 3" in texts(svg(flow(4), "ja"))


def test_the_same_data_gives_the_same_bytes_in_another_process_too() -> None:
    chart = kpi()
    code = (
        "import hashlib, sys; from charts.models import KpiChart; from charts.registry import svg; "
        "print(hashlib.sha256(svg(KpiChart.model_validate_json(sys.argv[1]), 'ja')).hexdigest())"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", code, chart.model_dump_json()],
            cwd=ROOT,
            env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "PYTHONHASHSEED": seed, "TZ": zone},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed, zone in (("1", "UTC"), ("2", "Asia/Tokyo"))
    }
    assert len(found) == 1
    assert b"Date" not in svg(chart, "ja") and b"<metadata" not in svg(chart, "ja")


@settings(max_examples=10, deadline=None)
@given(st.text(max_size=40))
def test_whatever_is_written_stays_text(written: str) -> None:
    for chart in (kpi(written), bubbles(2, written), timeline(3, written)):
        root = ET.fromstring(svg(chart, "ja"))
        assert not {e.tag for e in root.iter()} & {f"{SVG}script", f"{SVG}image", f"{SVG}a", f"{SVG}foreignObject"}


def test_hostile_titles_stay_text() -> None:
    for chart in (kpi(HOSTILE), bubbles(3, HOSTILE), timeline(3, HOSTILE)):
        made = svg(chart, "ja")
        assert b"<script" not in made and b"onload" not in made
        assert any("<scr" in t for t in texts(made))
    [title] = [t for t in texts(svg(kpi(HOSTILE), "ja")) if "alert" in t]
    assert "$\\frac{1}{2}$" in title and "😀" in title and "\x00" not in title and "\u202e" not in title


def test_colours_follow_the_reader_and_are_plain_on_paper() -> None:
    for name, chart in CASES.items():
        made = svg(chart, "ja").decode()
        used = set(re.findall(r"(?:fill|stroke): (#[0-9a-f]{6})", made.partition("</style>")[2]))
        assert used <= set(DARK), (name, used - set(DARK))
        assert "prefers-color-scheme" not in svg(chart, "ja", dark=False).decode()


def test_a_name_of_the_bytes_changes_with_data_and_language() -> None:
    assert len({tag(kpi(), "ja"), tag(kpi(), "en"), tag(kpi("x"), "ja"), tag(bubbles(1), "ja")}) == 4
    assert tag(kpi(), "ja") == tag(kpi(), "ja")


def test_every_kind_of_chart_has_a_picture_and_words() -> None:
    assert set(PICTURES) == set(telling._TELLERS) == set(Chart.__args__)


def test_the_words_need_no_drawing_library() -> None:
    code = "import sys, charts.gathering, charts.telling, charts.registry; print('matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True, text=True)
    assert done.stdout.strip() == "False"


def test_many_bubbles_are_counted_together() -> None:
    one, more = svg(bubbles(MANY), "ja"), svg(bubbles(2000), "ja")
    assert "48" in texts(one) and "選定" in texts(one)
    counts = [int(t) for t in texts(more) if t.isdigit() and t not in {"1", "2", "3", "4", "5"}]
    assert sum(counts) == 2000 and len(telling.table(bubbles(2000), "ja").rows) == 2000


# --- words -----------------------------------------------------------------------------------------------------------


def test_texts_are_cut_and_wrapped_to_their_width() -> None:
    assert cut("あいうえお", 5) == "あいうえお" and cut("あいうえおか", 5) == "あいうえ…"
    assert wrapped("あいうえおかきくけこ", 4, 2) == ["あいうえ", "おかき…"]
    assert wrapped("one two three four", 6, 3) == ["one two", "three four"]
    assert wrapped("", 5, 2) == []
    assert all(width(line) <= 10 for line in wrapped(LONG, 10, 3))


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, "–"), (0.0, "0"), (-0.00001, "0"), (12.5, "12.5"), (1234567.891, "1,234,567.89"), (0.1234, "0.1234")],
)
def test_numbers_are_short(value: float | None, shown: str) -> None:
    assert number(value) == shown


def test_days_and_amounts_in_both_languages() -> None:
    assert (short_day(date(2019, 5, 1), "ja"), short_day(date(2019, 4, 30), "ja")) == ("R1.5", "H31.4")
    assert short_day(date(2026, 4, 1), "en") == "2026-04"
    assert (short_yen(9999, "ja"), short_yen(12_345_678, "ja"), short_yen(123_456_789, "ja")) == (
        "9,999円",
        "1,234.6万円",
        "1.23億円",
    )
    assert (short_yen(950_000, "en"), short_yen(12_300_000, "en")) == ("¥950,000", "¥12.3M")


def test_ticks_are_few_and_begin_with_the_fiscal_year() -> None:
    assert months(date(2025, 4, 1), date(2025, 6, 30), 8) == [date(2025, m, 1) for m in (4, 5, 6)]
    assert months(date(2025, 1, 5), date(2030, 12, 1), 8) == [date(y, 4, 1) for y in range(2025, 2031)]
    assert len(months(date(1990, 1, 1), date(2090, 1, 1), 8)) <= 8


@given(st.lists(st.floats(0, 300), min_size=1, max_size=12))
def test_labels_stand_apart_and_keep_their_order(wanted: list[float]) -> None:
    placed = apart(wanted, 20, 0, 300)
    assert all(0 - 1e-9 <= p <= 300 + 1e-9 for p in placed)
    order = sorted(range(len(wanted)), key=lambda i: (wanted[i], i))
    for a, b in pairwise(order):
        assert placed[b] - placed[a] >= 20 - 1e-9


# --- periods ---------------------------------------------------------------------------------------------------------


def test_what_was_not_measured_in_between_is_missing() -> None:
    ends = [date(2026, 3, 31), date(2026, 12, 31)]
    found = [("2026-Q2", date(2026, 6, 30)), ("2026-Q3", date(2026, 9, 30))]
    assert periods.missing(ends, "quarterly") == found
    assert len(periods.missing(ends, "monthly")) == 8 and periods.missing(ends, None) == []
    assert periods.missing([date(2026, 3, 31), date(2026, 8, 31)], "quarterly") == [], (
        "the names do not follow the cadence"
    )


# --- from events -----------------------------------------------------------------------------------------------------


def test_a_kpi_has_its_baseline_target_and_the_value_that_holds() -> None:
    case = Case()
    case.start().done()
    case.at("monitoring")
    key = case.state.kpis[0].key
    case.when(case.make(c.RecordMeasurement, kpi=key, period="2025-01", value="12"), person("office")).done()
    case.when(case.make(c.RecordMeasurement, kpi=key, period="2025-03", value="30"), person("office")).done()
    corrected = case.make(CorrectMeasurement, kpi=key, period="2025-01", value="14", reason="誤記")
    case.when(corrected, person("office")).done()
    chart = next(k for k in reading.kpis(case.state, case.log) if k.key == key)
    assert chart.baseline is not None and chart.target is not None and chart.direction in ("up", "down")
    values = [(p.period, p.value, p.corrected) for p in chart.points if p.value is not None]
    assert values[-2:] == [("2025-01", 14.0, True), ("2025-03", 30.0, False)]
    assert "実績(訂正)" in {r[0] for r in telling.table(chart, "ja").rows}


def test_a_timeline_tells_gates_loops_holds_and_the_end() -> None:
    case = Case()
    case.start().done()
    case.submit().done()
    case.give("return", comment="根拠").done()
    case.when(case.make(c.HoldLifecycle, reason="選挙", until=None)).done()
    case.when(case.make(c.ResumeLifecycle)).done()
    case.at("review").decide_outcome("completion")
    names = gathering.stages_of([PROCESS])
    way = reading.timeline(case.state, case.log, names, case.now.date())
    kinds = [m.kind for m in way.marks]
    assert "returned" in kinds and "passed" in kinds and kinds[-1] == "outcome"
    assert len(way.holds) == 1 and way.holds[0].end is not None
    assert [s.key for s in way.stages] == [s.key for s in PROCESS.stages], "not where it never was"
    assert all(v.end is not None for v in way.visits) and way.visits[0].stage == PROCESS.stages[0].key
    assert ET.fromstring(svg(way, "ja")) is not None


def test_what_was_taken_back_is_not_drawn() -> None:
    case = Case()
    case.start().done()
    case.submit().done()
    before = case.state.stage
    request = case.state.requests[0].id
    while case.state.stage == before:
        request = case.state.requests[0].id
        case.give("approve").done()
    drawn = reading.timeline(case.state, case.log, gathering.stages_of([PROCESS]), case.now.date())
    assert len(drawn.visits) == 2 and len(drawn.marks) == 1
    answered = next(r for r in case.log if r.event.type == "RequestAnswered" and r.event.request == request)  # type: ignore[attr-defined]
    case.when(case.make(RetractAnswer, request=request, reason="誤り"), answered.actor).done()
    drawn = reading.timeline(case.state, case.log, gathering.stages_of([PROCESS]), case.now.date())
    assert [v.stage for v in drawn.visits] == [before] and drawn.marks == () and drawn.visits[0].end is None


def test_a_budget_has_a_row_for_every_state() -> None:
    case = Case()
    case.start().done()
    case.when(case.make(c.RecordBudget, fiscal_year=2026, state="asked", amount=1000), person("finance")).done()
    chart = reading.budget(case.state)
    assert [(a.state, a.amount) for a in chart.years[0].amounts][:4] == [
        ("asked", 1000),
        ("indicated", None),
        ("voted", None),
        ("allotted", None),
    ]


# --- flow ------------------------------------------------------------------------------------------------------------


def test_moves_add_up_to_what_is_at_each_stage() -> None:
    moves = [
        Move(day="2026-04-01", stage="s0", change=3),
        Move(day="2026-04-03", stage="s0", change=-2),
        Move(day="2026-04-03", stage="s1", change=2),
        Move(day="2026-04-05", stage=ENDED, change=1),
        Move(day="2026-04-05", stage="s1", change=-1),
    ]
    chart = gathering.summed(moves, STAGES, date(2026, 4, 6), Text(ja="", en=""))
    assert chart.days[0] == date(2026, 4, 1) and chart.days[-1] == date(2026, 4, 6)
    assert chart.counts == ((3, 3, 1, 1, 1, 1), (0, 0, 2, 2, 1, 1), (0,) * 6) and chart.ended == (0, 0, 0, 0, 1, 1)
    assert "進行中2件、終結1件" in telling.description(chart, "ja")


@given(st.dates(date(2000, 1, 1), date(2060, 1, 1)), st.integers(0, 20000))
def test_a_flow_is_drawn_through_few_days_and_the_last(first: date, span: int) -> None:
    last = first + timedelta(days=span)
    days = gathering.sampled(first, last)
    assert days[0] == first and days[-1] == last and len(days) <= gathering.POINTS + 1
    assert days == sorted(set(days))


def test_marks_lie_where_they_are_drawn() -> None:
    """What is laid over a picture is reckoned without drawing it: size of the sheet, ends of a band, middles of bubbles."""
    title = Text(ja="段階", en="stage")
    days = (date(2026, 4, 3), date(2026, 5, 1), date(2026, 6, 1))
    names = tuple(StageName(key=k, title=title, phase="taskforce") for k in ("a", "b"))
    flow = FlowChart(days=days, stages=names, counts=((1, 2, 0), (0, 1, 3)), ended=(0, 0, 1))
    bubbles = tuple(
        Bubble(ref=r, round="r", title=r, difficulty=x, value=y, digital=None, assessors=1, rank=None, status="open")
        for r, x, y in (("p", 2.0, 4.0), ("q", 4.5, 1.5))
    )
    value = ValueChart(scope="", bubbles=bubbles)
    for chart in (flow, value):
        over, drawn = spots(chart, "ja"), svg(chart, "ja").decode()
        assert f'viewBox="0 0 {over.width} {over.height}"' in drawn
    assert [s.number for s in spots(flow, "ja").found] == [3, 2, 1]
    paths = re.findall(r'<path id="\w+" d="([^"]+)"', svg(flow, "ja").decode())
    corners = {round(float(x)) for path in paths for x in re.findall(r"[ML] ([\d.]+) -", path)}
    assert {round(float(x)) for x in re.findall(r"[ML](\d+) ", spots(flow, "ja").found[0].path)} >= corners
    placed = re.findall(
        r'<use xlink:href="#\w+" x="([\d.]+)" y="([\d.]+)" style="fill: #ffffff', svg(value, "ja").decode()
    )
    for spot in spots(value, "ja").found:
        x, y, r = (float(v) for v in re.match(r"M([\d.]+) ([\d.]+)a([\d.]+) ", spot.path).groups())  # type: ignore[union-attr]
        assert any(abs(float(px) - x - r) < 1 and abs(float(py) - y) < 1 for px, py in placed), (spot, placed)
