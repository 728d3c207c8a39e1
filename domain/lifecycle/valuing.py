"""Value against cost of one lifecycle: benefits that people record with their source, and costs taken from the budget's own states."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from pydantic import Field

from domain.calendar import fiscal_year, wareki_fiscal_year
from domain.deliverables.base import Evidence, blank
from domain.facts import Facts
from domain.fiscal import FiscalCalendar, accounts_close
from domain.kpis.types import unusable
from domain.lifecycle.authority import may_draft, may_steer
from domain.lifecycle.commands import LifecycleCommand
from domain.lifecycle.state import Budget, Lifecycle
from domain.messages import Actor, Command, Event, Frozen, Personal, Recorded, Refused, Text, lacking, refuse
from domain.money.appraisal import Appraisal, appraise
from domain.money.benefits import Basis, Benefit, BenefitKind, money_by_year

Changes = dict[str, Any]
UNITS: Mapping[str, Text] = {
    "hours": Text(ja="時間", en="hours"),
    "yen": Text(ja="円", en="yen"),
    "people": Text(ja="人", en="people"),
    "quality": Text(ja="定性", en="qualitative"),
}


class RecordBenefit(LifecycleCommand):
    """What the project gives, from a fiscal year on: hours saved at a wage (yen an hour), yen, people reached, or value told in words.

    The same key again with `measured` puts what was measured beside what was expected.
    """

    type = "RecordBenefit"
    key: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=40)
    what: BenefitKind
    title: str = Field(min_length=1, max_length=1000)
    basis: Basis = "expected"
    per_year: Decimal | None = None
    wage: int | None = Field(default=None, ge=0)
    from_year: int = Field(ge=1950, le=2100)
    to_year: int | None = Field(default=None, ge=1950, le=2100)
    source: Evidence


class BenefitRecorded(Event):
    type = "BenefitRecorded"
    benefit: Benefit


class WithdrawBenefit(LifecycleCommand):
    """Take back a benefit that was recorded in error; the record stays in the history."""

    type = "WithdrawBenefit"
    key: str = Field(min_length=1, max_length=40)
    basis: Basis = "expected"
    reason: str = Field(min_length=1, max_length=4000)


class BenefitWithdrawn(Event):
    type = "BenefitWithdrawn"
    key: str
    basis: Basis
    reason: Personal


class Cost(Frozen):
    """A fiscal year's cost in yen and where it comes from: a state of the budget, or `proposed` where there is none yet."""

    fiscal_year: int
    amount: int
    from_: str


class Value(Frozen):
    """All of it: what was given, what it costs, and the appraisal of the two. None while no cost is known: benefits alone would
    promise what nobody has weighed."""

    benefits: tuple[Benefit, ...]
    costs: tuple[Cost, ...]
    appraisal: Appraisal | None


# --- what is weighed --------------------------------------------------------------------------------------------------


def _year_cost(year: int, budget: Budget, day: date) -> Cost | None:
    """The most that is known of a year: settled; executed once its accounts are closed; else allotted, voted, in the bill, indicated
    with what was restored, asked. Never a mixture, and always said which."""
    given = budget.indicated
    indicated = None if given is None else given + (budget.restored or 0)
    executed = budget.executed if day > accounts_close(year) else None
    for state, amount in (
        ("settled", budget.settled),
        ("executed", executed),
        ("allotted", budget.allotted),
        ("voted", budget.voted),
        ("billed", budget.billed),
        ("indicated", indicated),
        ("asked", budget.asked),
    ):
        if amount is not None:
            return Cost(fiscal_year=year, amount=amount, from_=state)
    return None


def costs_of(state: Lifecycle, day: date, years: int) -> tuple[Cost, ...]:
    """Costs by fiscal year, in yen: from the budget where there is one, else as the proposal's chosen option has it (initial and a
    first year's running cost, then running costs), over `years` from the first."""
    known = {y: c for y, b in state.budgets.items() if (c := _year_cost(y, b, day)) is not None}
    first = min(known, default=state.budget_year or fiscal_year(day) + 1)
    running, initial = state.estimated.get("running"), state.estimated.get("initial")
    for year in range(first, first + years):
        if year in known or (running is None and initial is None):
            continue
        opening = (initial or 0) if year == first and not known else 0
        known[year] = Cost(fiscal_year=year, amount=opening + (running or 0), from_="proposed")
    return tuple(known[y] for y in sorted(known))


def value(state: Lifecycle, facts: Facts, day: date, *, rate: Decimal | None = None, years: int | None = None) -> Value:
    """The lifecycle's value against its cost; `rate` and `years` take the place of the city's own. Sources: `domain/money/appraisal.py`."""
    return weighed(state, facts.fiscal, day, rate=rate, years=years)


def weighed(
    state: Lifecycle, fiscal: FiscalCalendar | None, day: date, *, rate: Decimal | None = None, years: int | None = None
) -> Value:
    """`value` by the figures of a fiscal calendar; without one over five years, discounted at 4 %."""
    horizon = years or (fiscal.horizon_years if fiscal else 5)
    costs = costs_of(state, day, horizon)
    begin = min([c.fiscal_year for c in costs] + [b.from_year for b in state.benefits], default=fiscal_year(day))
    last = max([begin + horizon - 1, *(c.fiscal_year for c in costs)])
    if not costs:
        return Value(benefits=state.benefits, costs=(), appraisal=None)
    found = appraise(
        {c.fiscal_year: c.amount for c in costs},
        money_by_year(state.benefits, last),
        rate if rate is not None else fiscal.discount_rate if fiscal else Decimal("0.04"),
        fiscal.sensitivity if fiscal else Decimal("0.2"),
    )
    return Value(benefits=state.benefits, costs=costs, appraisal=found)


# --- rules ------------------------------------------------------------------------------------------------------------


def _no(rule: str, ja: str, en: str, remedy_ja: str, remedy_en: str, *empty: str) -> Refused:
    """`empty`: fields that would have to be filled in."""
    return refuse(rule, ja, en, remedy_ja=remedy_ja, remedy_en=remedy_en, problems=lacking(*empty))


def _record(state: Lifecycle, command: RecordBenefit, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    try:
        may_draft(actor, state, facts, now)
    except Refused:
        may_steer(actor, state, facts, now)
    if blank(command.source.source):
        raise _no(
            "benefit-source",
            "source: 出典がありません",
            "source: a benefit without a source counts for nothing",
            "--source で出典を書いてください",
            "give it with --source",
            "source.source",
        )
    _figures(command)
    if any((b.key, b.basis) == (command.key, command.basis) for b in state.benefits):
        raise _no(
            "benefit-known",
            f"key: {command.key} ({command.basis}) は既に記録されています",
            f"key: {command.key!r} ({command.basis}) is on record already",
            "改めるには取り消してから記録し直すか、別の記号を付けてください(`./taskforce benefit --withdraw`)",
            "withdraw it first (`./taskforce benefit --withdraw`), or give it another key",
        )
    wage = command.wage
    if command.what == "hours" and wage is None:
        wage = facts.fiscal.wage_per_hour if facts.fiscal else None
    if command.what == "hours" and wage is None:
        raise _no(
            "benefit-wage",
            "wage: 時間単価(円)がありません",
            "wage: yen an hour are missing",
            "--wage で書いてください",
            "give them with --wage",
            "wage",
        )
    benefit = Benefit(
        key=command.key,
        kind=command.what,
        title=command.title,
        basis=command.basis,
        per_year=command.per_year,
        wage=wage if command.what == "hours" else None,
        from_year=command.from_year,
        to_year=command.to_year,
        source=command.source,
    )
    return [BenefitRecorded(benefit=benefit)]


def _figures(command: RecordBenefit) -> None:
    amount = command.per_year
    if command.what == "quality" and amount is not None:
        raise _no(
            "benefit-amount",
            "per_year: 定性的な価値に数値は付けません",
            "per_year: qualitative value has no figure",
            "数えられるなら hours・yen・people のいずれかにしてください",
            "if it can be counted, it is hours, yen or people",
        )
    if amount is not None and (why := unusable(amount)) is not None:
        raise _no(
            "benefit-amount",
            f"per_year: {f'{amount}'[:60]} は{why.ja}",
            f"per_year: {f'{amount}'[:60]} is {why.en}",
            "年間の数値を確かめてください",
            "check the figure for a year",
        )
    if command.what != "quality" and (amount is None or amount <= 0):
        raise _no(
            "benefit-amount",
            f"per_year: {amount} は正の数値ではありません({UNITS[command.what].ja}・年)",
            f"per_year: {amount} is not a positive number of {UNITS[command.what].en} a year",
            "年間の数値を書いてください",
            "give the figure for a year",
        )
    if command.to_year is not None and command.to_year < command.from_year:
        raise _no(
            "benefit-years",
            f"to_year: {command.to_year} は {command.from_year} より前です",
            f"to_year: {command.to_year} lies before {command.from_year}",
            "年度を直してください",
            "correct the years",
        )


def _withdraw(state: Lifecycle, command: WithdrawBenefit, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    try:
        may_draft(actor, state, facts, now)
    except Refused:
        may_steer(actor, state, facts, now)
    if not any((b.key, b.basis) == (command.key, command.basis) for b in state.benefits):
        known = ", ".join(f"{b.key} ({b.basis})" for b in state.benefits) or "-"
        raise _no(
            "benefit-unknown",
            f"key: {command.key} ({command.basis}) はありません(あるもの: {known})",
            f"key: there is no {command.key!r} ({command.basis}); there are: {known}",
            "`./taskforce value` で確かめてください",
            "see `./taskforce value`",
        )
    return [BenefitWithdrawn(key=command.key, basis=command.basis, reason=command.reason)]


def _told(_: Lifecycle, event: BenefitRecorded) -> Text:
    b = event.benefit
    measured = b.basis == "measured"
    ja, en = ("便益(実測)", "benefit (measured)") if measured else ("便益(見込み)", "benefit (expected)")
    unit = UNITS[b.kind]
    amount = f"{b.per_year:,}" if b.per_year is not None else ""
    since = wareki_fiscal_year(b.from_year)
    return Text(
        ja=f"{ja} {b.title}: " + (f"年 {amount}{unit.ja}、{since}から" if amount else f"{unit.ja}、{since}から"),
        en=f"{en} {b.key}: " + (f"{amount} {unit.en} a year" if amount else unit.en) + f" from FY{b.from_year}",
    )


COMMANDS: dict[str, type[Command]] = {c.type: c for c in (RecordBenefit, WithdrawBenefit)}
EVENTS: dict[str, type[Event]] = {c.type: c for c in (BenefitRecorded, BenefitWithdrawn)}
HANDLERS: Mapping[type[Command], Callable[[Lifecycle, Any, Actor, Facts, datetime], Sequence[Event]]] = {
    RecordBenefit: _record,
    WithdrawBenefit: _withdraw,
}
FOLDS: Mapping[type[Event], Callable[[Lifecycle, Any, Recorded], Changes]] = {
    BenefitRecorded: lambda s, v, _: {"benefits": (*s.benefits, v.benefit)},
    BenefitWithdrawn: lambda s, v, _: {
        "benefits": tuple(b for b in s.benefits if (b.key, b.basis) != (v.key, v.basis))
    },
}
LINES: Mapping[type[Event], Callable[[Lifecycle, Any], Text]] = {
    BenefitRecorded: _told,
    BenefitWithdrawn: lambda s, v: Text(ja=f"便益 {v.key} を取り消し", en=f"benefit {v.key} withdrawn"),
}
