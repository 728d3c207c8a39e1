"""What the page of a lifecycle tells at a glance: its stages in their right state, whatever happened in rounds before."""

from __future__ import annotations

from domain.lifecycle import events as e
from domain.lifecycle.commands import OpenReview
from tests.city import PROCESS, person
from tests.given import Case
from web.pages.portrait import loops, stages


def seen(case: Case) -> dict[str, tuple[str, bool]]:
    visits = [{"stage": r.event.stage} for r in case.log if isinstance(r.event, e.StageEntered)]
    return {s.key: (s.standing, s.earlier) for s in stages(PROCESS, case.state, visits)}


def test_stages_behind_are_done_and_those_ahead_are_to_come_also_in_a_second_round() -> None:
    case = Case().at("monitoring")
    first = seen(case)
    assert first["setup"] == ("done", False) and first["monitoring"] == ("now", False)
    assert first["review"] == ("ahead", False) and "wind_down" not in first
    case.measure()
    case.when(case.make(OpenReview, reason="一年たった"), person("office")).done()
    case.decide_outcome("improvement", back_to="kpi_setting")
    second = seen(case)
    assert second["kpi_setting"] == ("now", False) and second["pt_formation"] == ("done", False)
    assert second["monitoring"] == second["review"] == ("ahead", True), "been there, and still to come"
    closed = Case(state=case.state.model_copy(update={"closed": True}), log=case.log)
    assert {standing for standing, _ in seen(closed).values()} == {"done"}


def test_ways_back_lead_from_the_review_to_where_a_round_begins() -> None:
    told = {loop.outcome.en: (loop.begins.en, loop.to.en) for loop in loops(PROCESS)}
    assert told["continuation"][1] == PROCESS.stage("monitoring").title.en
    assert loops(None) == [] and stages(None, Case().state, []) == []
