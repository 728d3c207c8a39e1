"""Sunset by default: figures that speak for stopping open the review by themselves, in the record of the value that did it.

Two rules do: a stopping criterion fixed with the KPIs, and a KPI that contradicts the evidence on which a gate passed (it rests
on a supported hypothesis, yet is worse than its baseline). Outside monitoring, or on hold, what was met is recorded and the
review opens on entering monitoring. What a review has decided on is not brought up again: it takes new periods.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from domain.facts import Facts
from domain.kpis.stopping import CONTRADICTED_AFTER, Criterion, Row, contradiction, met
from domain.lifecycle import events as e
from domain.lifecycle.authority import definition
from domain.lifecycle.reviewing import review_events
from domain.lifecycle.state import Lifecycle, Reached
from domain.messages import Command, Event, Recorded, Text
from domain.process import REOPENING

Changes = dict[str, Any]


class CriterionReached(Event):
    """`key` names the criterion, `periods` the row that met it, `words` the rule and the figures."""

    type = "CriterionReached"
    basis: Literal["stopping", "contradiction"]
    key: str
    kpi: str
    periods: tuple[str, ...]
    value: Decimal
    words: Text


class CriterionLifted(Event):
    """A corrected value takes a criterion back that had waited for monitoring."""

    type = "CriterionLifted"
    key: str
    kpi: str


class CriterionRevised(Event):
    """A corrected value took the ground from a criterion on which a review was opened (`holds` false), or gave it back. `words`: the
    rule and the figures on which it was opened."""

    type = "CriterionRevised"
    key: str
    kpi: str
    holds: bool
    words: Text


def standing(state: Lifecycle) -> dict[str, tuple[Literal["stopping", "contradiction"], str, Row]]:
    """All that speaks for a review now: key of the rule -> (basis, KPI, the row that meets it)."""
    found: dict[str, tuple[Literal["stopping", "contradiction"], str, Row]] = {}
    kpis = {k.key: k for k in state.kpis}
    for criterion in state.stopping:
        aim = kpis.get(criterion.kpi)
        judged = state.judged.get(criterion.kpi, ())
        if aim and (row := met(criterion, aim, state.values.get(aim.key, {}), judged)):
            found[criterion.key] = ("stopping", aim.key, row)
    for aim in state.kpis:
        if aim.rests_on is None or state.hypotheses[aim.rests_on - 1 : aim.rests_on] != ("supported",):
            continue
        judged = state.judged.get(aim.key, ())
        if row := contradiction(aim, state.values.get(aim.key, {}), state.contradicted_after, judged):
            found[f"{aim.key} contradicts hypothesis {aim.rests_on}"] = ("contradiction", aim.key, row)
    return found


def after_value(state: Lifecycle, kpi: str, period: str, value: Decimal, facts: Facts, now: datetime) -> list[Event]:
    """What follows from a value that was recorded or corrected; `state` is the state before it."""
    values = {**state.values, kpi: {**state.values.get(kpi, {}), period: str(value)}}
    judged = {**state.judged, kpi: tuple(p for p in state.judged.get(kpi, ()) if p != period)}
    now_standing = standing(state.model_copy(update={"values": values, "judged": judged}))
    known = {r.key for r in state.reached}
    fresh = [
        CriterionReached(basis=basis, key=key, kpi=of, periods=row.periods, value=row.value, words=row.words)
        for key, (basis, of, row) in now_standing.items()
        if key not in known
    ]
    lifted = [
        CriterionLifted(key=r.key, kpi=r.kpi) for r in state.reached if not r.opened and r.key not in now_standing
    ]
    revised = [
        CriterionRevised(key=r.key, kpi=r.kpi, holds=not r.holds, words=r.words)
        for r in state.reached
        if r.opened and r.holds != (r.key in now_standing)
    ]
    gone = {x.key for x in lifted}
    waiting = tuple(r for r in state.reached if r.key not in gone) + tuple(_kept(event) for event in fresh)
    told: list[Event] = [*fresh, *lifted, *revised]
    if not fresh:
        return told
    return [*told, *_opening(state.model_copy(update={"reached": waiting}), facts, now)]


def on_entering(
    events: Sequence[Event], after: Callable[[], Lifecycle], waiting: Sequence[Reached], facts: Facts, now: datetime
) -> list[Event]:
    """What waited for monitoring opens the review when `events` enter it, or end a hold. `after` folds them; asked only then."""
    if all(r.opened for r in waiting) or not any(
        isinstance(x, e.LifecycleResumed) or (isinstance(x, e.StageEntered) and x.repeats) for x in events
    ):
        return []
    return _opening(after(), facts, now)


def _opening(state: Lifecycle, facts: Facts, now: datetime) -> list[Event]:
    waiting = [r for r in state.reached if not r.opened]
    if not waiting or state.hold is not None or state.closed or state.work == REOPENING:
        return []
    stage = definition(facts).stage(state.work)
    if not stage.repeats or stage.next is None:
        return []
    by = "criterion" if any(r.basis == "stopping" for r in waiting) else "contradiction"
    why = Text(ja="。".join(r.words.ja for r in waiting), en="; ".join(r.words.en for r in waiting))
    return review_events(state, by, "", facts, now, criteria=[r.key for r in waiting], why=why)


def _kept(event: CriterionReached) -> Reached:
    return Reached(key=event.key, basis=event.basis, kpi=event.kpi, words=event.words)


# --- folds -----------------------------------------------------------------------------------------------------------


def from_form(content: Mapping[str, Any]) -> Changes:
    """The rules of a KPI setting; criteria of earlier versions count no more."""
    rules = tuple(
        Criterion(kpi=r["kpi"], when=r["when"], value=r["value"], periods=r.get("periods") or 1)
        for r in content.get("stopping") or ()
        if r.get("kpi") and r.get("when") and r.get("value") is not None
    )
    after = content.get("contradicted_after") or CONTRADICTED_AFTER
    return {"stopping": rules, "contradicted_after": after, "reached": ()}


def entered(state: Lifecycle, event: e.StageEntered) -> Changes:
    """A new round measures anew. Where a review has decided (or was sent back for more monitoring), its figures are judged."""
    if event.round != state.round and event.because != "adopted":
        return {"reached": (), "judged": {}}
    opened = any(r.opened for r in state.reached)
    if event.because in ("outcome", "reopened") or (event.because == "sent_back" and opened):
        return {"reached": (), "judged": {kpi: tuple(periods) for kpi, periods in state.values.items()}}
    return {}


def review_opened(state: Lifecycle, _: e.ReviewOpened, __: Recorded) -> Changes:
    return {"reached": tuple(r.model_copy(update={"opened": True}) for r in state.reached)}


def _revised(state: Lifecycle, event: CriterionRevised, _: Recorded) -> Changes:
    return {
        "reached": tuple(
            r.model_copy(update={"holds": event.holds}) if r.key == event.key else r for r in state.reached
        )
    }


def _told_revised(_: Lifecycle, event: CriterionRevised) -> Text:
    if event.holds:
        return Text(
            ja=f"訂正により、再検討を開いた基準に再び当たる({event.kpi})",
            en=f"{event.kpi}: meets again, after a correction, what opened the review",
        )
    return Text(
        ja=f"訂正により、再検討を開いた基準に当たらなくなった。再検討は続く({event.words.ja})",
        en=f"after a correction no longer met, though the review opened on it and goes on: {event.words.en}",
    )


def corrected(state: Lifecycle, kpi: str, period: str) -> Changes:
    """A corrected value is a new one: no review has decided on it."""
    if period not in state.judged.get(kpi, ()):
        return {}
    return {"judged": {**state.judged, kpi: tuple(p for p in state.judged[kpi] if p != period)}}


COMMANDS: dict[str, type[Command]] = {}
EVENTS: dict[str, type[Event]] = {k.type: k for k in (CriterionReached, CriterionLifted, CriterionRevised)}
FOLDS: Mapping[type[Event], Callable[[Lifecycle, Any, Recorded], Changes]] = {
    CriterionReached: lambda s, v, _: {"reached": (*s.reached, _kept(v))},
    CriterionLifted: lambda s, v, _: {"reached": tuple(r for r in s.reached if r.key != v.key)},
    CriterionRevised: _revised,
}
LINES: Mapping[type[Event], Callable[[Lifecycle, Any], Text]] = {
    CriterionReached: lambda s, v: v.words,
    CriterionLifted: lambda s, v: Text(
        ja=f"訂正により基準に当たらなくなった({s.kpi_title(v.kpi)})",
        en=f"{s.kpi_title(v.kpi)}: no longer meets the criterion, after a correction",
    ),
    CriterionRevised: _told_revised,
}
