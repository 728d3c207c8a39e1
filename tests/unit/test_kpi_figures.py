"""Periods, types, attainment and health, given as tables."""

from __future__ import annotations

from datetime import date
from decimal import Decimal as D
from typing import Any

import pytest

from charts.gathering import kpis_of
from domain.kpis.aim import Aim, aim_fields
from domain.kpis.attainment import attainment, by_fiscal_year, expected, interim_in_force, levels, undated
from domain.kpis.health import RULES, Forecast, Standing, health
from domain.kpis.periods import following, last_over, name_of, parse
from domain.kpis.types import TYPES, outside
from domain.lifecycle.commands import OpenReview
from domain.messages import Text
from figures.lifecycles import figures_of
from tests.city import VALID, person
from tests.given import Case


@pytest.mark.parametrize(
    ("text", "name", "start", "end"),
    [
        ("2026-Q1", "2026-Q1", "2026-01-01", "2026-03-31"),
        ("2026-04", "2026-04", "2026-04-01", "2026-04-30"),
        ("2028-02", "2028-02", "2028-02-01", "2028-02-29"),
        ("2026", "2026", "2026-01-01", "2026-12-31"),
        ("2026-H2", "2026-H2", "2026-07-01", "2026-12-31"),
        ("FY2025", "FY2025", "2025-04-01", "2026-03-31"),
        ("FY2025-Q4", "FY2025-Q4", "2026-01-01", "2026-03-31"),
        ("FY2025-H1", "FY2025-H1", "2025-04-01", "2025-09-30"),
        ("令和7年度", "FY2025", "2025-04-01", "2026-03-31"),
        ("R7", "FY2025", "2025-04-01", "2026-03-31"),
        ("令和元年度", "FY2019", "2019-04-01", "2020-03-31"),
        ("平成31年度", "FY2019", "2019-04-01", "2020-03-31"),
        ("令和7年4月", "2025-04", "2025-04-01", "2025-04-30"),
        ("令和7年度第2四半期", "FY2025-Q2", "2025-07-01", "2025-09-30"),
        ("2025年度下半期", "FY2025-H2", "2025-10-01", "2026-03-31"),
    ],
)
def test_a_period_is_read_by_any_of_its_names(text: str, name: str, start: str, end: str) -> None:
    found = parse(text)
    assert found is not None
    assert (found.name, str(found.start), str(found.end)) == (name, start, end)
    assert parse(found.name) == found


@pytest.mark.parametrize("text", ["Q1", "2026-Q5", "2026-H3", "2026-13", "2026-00", "春", "", "20260401", "R", "FY25"])
def test_what_is_no_period_is_none(text: str) -> None:
    assert parse(text) is None


def test_periods_follow_each_other_over_the_year() -> None:
    assert last_over("monthly", date(2026, 1, 31)).name == "2025-12"
    assert last_over("quarterly", date(2026, 3, 31)).name == "2025-Q4"
    assert last_over("quarterly", date(2026, 4, 1)).name == "2026-Q1"
    assert last_over("yearly", date(2026, 12, 31)).name == "2025"
    period = parse("2026-Q3")
    assert period is not None and [following("quarterly", period).name, name_of("half_yearly", period.end)] == [
        "2026-Q4",
        "2026-H2",
    ]


def test_a_period_belongs_to_the_fiscal_year_in_which_it_ends() -> None:
    assert [p.fiscal_year for n in ("2026-03", "2026-04", "2026", "FY2025") if (p := parse(n))] == [
        2025,
        2026,
        2026,
        2025,
    ]


def aim(**more: Any) -> Aim:
    given = {
        "key": "k",
        "title": "利用率",
        "unit": "%",
        "type": "ratio",
        "direction": "up",
        "baseline": 10,
        "target": 60,
    }
    days = {"baseline_on": date(2025, 3, 31), "target_on": date(2030, 3, 31)}
    return Aim.model_validate({**given, **days, **more})


@pytest.mark.parametrize(
    ("key", "unit", "value", "fits"),
    [
        ("count", "件", "3", True),
        ("count", "件", "-1", False),
        ("count", "件", "2.5", False),
        ("ratio", "%", "100", True),
        ("ratio", "%", "100.1", False),
        ("ratio", "%", "120", False),
        ("ratio", "‰", "900", True),
        ("ratio", "倍", "3", True),
        ("mean", "点", "-3", True),
        ("duration", "日", "-1", False),
        ("money", "円", "-5000", True),
        ("index", "", "104.5", True),
        ("satisfaction", "点", "5", True),
        ("satisfaction", "点", "6", False),
        ("satisfaction", "%", "80", True),
        (None, "%", "999", True),
    ],
)
def test_a_value_lies_in_the_range_of_its_type(key: str | None, unit: str, value: str, fits: bool) -> None:
    assert (outside(key, unit, D(value)) is None) is fits


def test_the_ends_of_a_scale_narrow_a_type_and_replace_those_of_a_satisfaction() -> None:
    assert outside("satisfaction", "点", D(8), D(0), D(10)) is None
    assert outside("ratio", "%", D(120), None, D(200)) is not None
    assert outside("index", "", D(3), D(5), None) is not None


def test_every_type_is_named_in_both_languages_and_says_how_it_combines() -> None:
    for key, kind in TYPES.items():
        assert kind.key == key and not kind.title.ja.isascii() and kind.title.en.isascii()
        assert kind.combining.en.isascii() and kind.__doc__
        assert kind.combine([D(2), D(4)]) in (D(6), D(3), D(4))
        with pytest.raises(ValueError, match="no values"):
            kind.combine([])


@pytest.mark.parametrize(
    ("baseline", "target", "value", "direction", "share"),
    [
        # 「数値目標の達成率の計算式」 (sabcd.thebase.in/blog/2021/05/28/145350), 計算式②: from 100 to 110, at 105: 50 %, not 105/110
        (100, 110, 105, "up", "0.5"),
        (10, 60, 35, "up", "0.5"),
        (10, 60, 5, "up", "-0.1"),
        (10, 60, 70, "up", "1.2"),
        (100, 60, 80, "down", "0.5"),
        (100, 60, 110, "down", "-0.25"),
        (5, 5, 5, "up", "1"),
        (5, 5, 4, "up", "0"),
        (5, 5, 4, "down", "1"),
        (5, 5, 6, "down", "0"),
    ],
)
def test_attainment_both_ways(baseline: int, target: int, value: int, direction: Any, share: str) -> None:
    assert attainment(D(baseline), D(target), D(value), direction) == D(share)


def test_a_cumulative_kpi_adds_up_from_its_baseline_and_counts_nothing_twice() -> None:
    total = aim(type="count", unit="人", accumulates="cumulative", baseline=100, target=500)
    found = levels(total, {"2025-Q3": "20", "2025-Q2": "10", "2025-Q1": "99", "Q": "7"})
    assert [(x.period.name, x.value, x.level) for x in found] == [
        ("2025-Q2", D(10), D(110)),
        ("2025-Q3", D(20), D(130)),
    ]  # 2025-Q1 ended on the baseline's day
    assert undated({"2025-Q2": "1", "Q": "7"}) == ["Q"]


def test_the_even_share_of_the_years_is_what_is_expected() -> None:
    """20 % a year in a plan of five, as in the source of the formula."""
    plan = aim(baseline=0, target=100)
    for years, share in enumerate((20, 40, 60, 80, 100), 1):
        found = expected(plan, date(2025 + years, 3, 31))
        assert found is not None and abs(found - share) < D("0.1")
    assert expected(plan, date(2024, 1, 1)) == 0 and expected(plan, date(2031, 1, 1)) == 100
    assert expected(aim(target_on=None), date(2026, 3, 31)) is None


def test_the_interim_target_in_force_is_the_last_whose_day_has_come() -> None:
    steps = aim(interim=[{"due": "2026-03-31", "value": 15}, {"due": "2028-03-31", "value": 40}])
    assert interim_in_force(steps, date(2026, 3, 30)) is None
    assert [interim_in_force(steps, date(y, 3, 31)).value for y in (2026, 2027, 2028, 2030)] == [15, 15, 40, 60]  # type: ignore[union-attr]
    assert expected(steps, date(2026, 3, 31)) == 15
    middle = expected(steps, date(2027, 3, 31))
    assert middle is not None and D("27") < middle < D("28")


@pytest.mark.parametrize(
    ("key", "more", "combined"),
    [
        ("count", {}, 30),
        ("ratio", {}, 15),
        ("index", {}, 20),
        ("duration", {}, 15),
        ("duration", {"accumulates": "cumulative"}, 30),
        ("money", {}, 30),
    ],
)
def test_periods_of_a_fiscal_year_combine_as_their_type_says(key: str, more: dict[str, Any], combined: int) -> None:
    found = by_fiscal_year(
        aim(type=key, unit="", baseline=0, **more), {"2026-Q1": "20", "2025-Q4": "10", "2026-Q2": "1"}
    )
    assert found == {2025: combined, 2026: 1}


TODAY = date(2026, 4, 15)


def judged(values: dict[str, str], forecast: Forecast | None = None, stops: Any = (), **more: Any) -> Any:
    own = aim(cadence="quarterly", **more)
    return health(Standing(aim=own, levels=levels(own, values), today=TODAY, forecast=forecast, stops=stops))


MISSES = Forecast(on=date(2030, 3, 31), value=50, low=40, high=55, level=0.8, points=8)


@pytest.mark.parametrize(
    ("rule", "colour", "values", "more"),
    [
        ("green", "green", {"2026-Q1": "21"}, {}),
        ("far-behind", "red", {"2026-Q1": "12"}, {}),
        ("behind", "amber", {"2026-Q1": "18"}, {}),
        ("worse-than-baseline", "red", {"2025-Q4": "9", "2026-Q1": "8"}, {"baseline_on": None}),
        ("target-missed", "red", {"2026-Q1": "59"}, {"baseline_on": None, "target_on": date(2026, 3, 31)}),
        (
            "interim-missed",
            "amber",
            {"2026-Q1": "12"},
            {"baseline_on": None, "interim": [{"due": "2026-03-31", "value": 15}]},
        ),
        ("forecast-misses", "amber", {"2026-Q1": "21"}, {"forecast": MISSES}),
        ("unmeasured", "amber", {"2025-Q3": "21"}, {}),
        ("unmeasured", "amber", {}, {}),
        ("no-aim", "amber", {"2026-Q1": "12"}, {"target": None}),
        ("stopping", "red", {"2026-Q1": "21"}, {"stops": [Text(ja="基準", en="met")]}),
    ],
)
def test_each_rule_of_health_speaks_and_says_why(
    rule: str, colour: str, values: dict[str, str], more: dict[str, Any]
) -> None:
    found = judged(values, **more)
    assert found.colour == colour
    assert all(r.ja.strip() and r.en.isascii() and not r.ja.isascii() for r in found.reasons)
    own = aim(cadence="quarterly", **{k: v for k, v in more.items() if k not in ("forecast", "stops")})
    standing = Standing(own, levels(own, values), TODAY, more.get("forecast"), more.get("stops", ()))
    spoken = [name for name, (_, check) in RULES.items() if check(standing) is not None]
    assert spoken == ([] if rule == "green" else [rule])


@pytest.mark.parametrize(
    ("value", "colour"), [("20", "green"), ("19.9", "amber"), ("12", "amber"), ("11.9", "red"), ("24", "green")]
)
def test_colours_change_where_the_table_of_tama_does(value: str, colour: str) -> None:
    """多摩市「まち・ひと・しごと創生総合戦略の評価方法(案)」(資料6, 2016), (1)基準表: of the 20 % due in the first year at least 100 % are
    着実, 60 to under 100 % 概ね, under 60 % 改善や工夫が必要."""
    first = [{"due": "2026-03-31", "value": 20}]
    assert judged({"2026-Q1": value}, baseline=0, target=100, interim=first).colour == colour


def test_nothing_is_late_before_its_first_period_is_over_and_a_month_has_passed() -> None:
    assert judged({}, baseline_on=date(2026, 3, 31)).colour == "green"
    assert judged({}, baseline_on=date(2025, 12, 1)).colour == "amber"


def test_a_kpi_is_judged_by_all_that_was_measured_since_its_baseline_and_its_chart_says_so() -> None:
    case = Case().at("monitoring")
    case.measure("2025-Q4")
    case.when(case.make(OpenReview, reason="一年たった"), person("office")).done()
    case.decide_outcome("improvement", back_to="kpi_setting")
    key, today = case.state.kpis[0].key, date(2030, 1, 5)

    def seen() -> tuple[list[str], list[tuple[str, bool]], bool]:
        [[figure, *_]] = figures_of([case.state], today)
        chart, *_ = kpis_of(case.state, case.log, today)
        said = " ".join(r.en for r in figure.health.reasons)
        drawn = [(p.period, p.outdated) for p in chart.points if p.value is not None]
        return [x.period.name for x in figure.levels], drawn, "set anew" in said

    assert case.state.round == 2 and not case.state.values
    assert seen() == (["2025-Q4"], [("2025-Q4", False)], False), "a new round does not forget"
    before = case.at("kpi_setting").state
    case.do_stage()
    assert case.state.counted(key) == {"2025-Q4": "12"}, "set as before, the values count on"
    case.state = before
    rows = [{**k, "baseline": "11"} for k in VALID["kpis"]["kpis"]]
    case.submit(kpis=rows).done()
    case.pass_gate()
    assert seen() == ([], [("2025-Q4", True)], True), "set anew, they are told apart"
    [[figure, *_]] = figures_of([case.state], today)
    assert "2025-Q4 の 12" in figure.health.reasons[0].ja


def test_what_falls_short_never_reads_as_all_of_it() -> None:
    assert "99%" in judged({"2026-Q1": "19.99"}).reasons[0].en


def test_an_aim_is_read_from_a_form_of_any_age() -> None:
    old = {"key": "k", "title": "t", "unit": "件", "baseline": "1", "target": None, "owner": "p"}
    assert Aim.model_validate(aim_fields(old)) == Aim(key="k", title="t", unit="件", baseline=D(1))
    half = {**old, "interim": [{"due": None, "value": "3"}, {"due": "2026-04-01", "value": "3"}]}
    assert len(Aim.model_validate(aim_fields(half)).interim) == 1
