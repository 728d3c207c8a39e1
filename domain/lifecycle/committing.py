"""Money over fiscal years: commitments that let a contract run beyond the year, and amounts carried into the next.

- 債務負担行為 (地方自治法214条): voted as part of a budget, with matter, period and limit.
- 継続費 (212条): voted, with a total and yearly shares.
- 長期継続契約 (234条の3, 施行令167条の17): no vote. The law itself names electricity, gas, water, telecommunications and the lease of real
  estate, the city's by-law further leases of goods and services the year round; each year's payments stay within that year's budget.
- 繰越明許費 (213条, 施行令148条): voted before the year ends, for the next year only.
- 事故繰越し (220条3項ただし書): no vote; what was committed within the year and could not be paid for unavoidable reasons.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Literal

from pydantic import Field

from domain.calendar import local_day, wareki, wareki_fiscal_year
from domain.facts import Facts
from domain.fiscal import COMMITMENT_YEARS, LONG_TERM_YEARS, accounts_close, year_ends
from domain.lifecycle.authority import may_budget
from domain.lifecycle.commands import LifecycleCommand
from domain.lifecycle.state import Budget, CarryOver, Commitment, Lifecycle
from domain.messages import Actor, Command, Event, Personal, Recorded, Refused, Text, lacking, refuse

Changes = dict[str, Any]
CommitmentKind = Literal["debt_burden", "continuing", "long_term"]
CarryKind = Literal["approved", "accident"]
KINDS: Mapping[str, Text] = {
    "debt_burden": Text(ja="債務負担行為", en="debt commitment"),
    "continuing": Text(ja="継続費", en="continuing expense"),
    "long_term": Text(ja="長期継続契約", en="long-term continuing contract"),
    "approved": Text(ja="繰越明許費", en="approved carry-over"),
    "accident": Text(ja="事故繰越し", en="accidental carry-over"),
}


class RecordCommitment(LifecycleCommand):
    """A commitment beyond the fiscal year. `limit` in yen over all its years; `bill` and `voted_on` where a vote is needed."""

    type = "RecordCommitment"
    key: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=40)
    what: CommitmentKind
    title: str = Field(min_length=1, max_length=300)
    from_year: int = Field(ge=1950, le=2100)
    to_year: int = Field(ge=1950, le=2100)
    limit: int | None = Field(default=None, ge=1)
    bill: str = Field(default="", max_length=100)
    voted_on: date | None = None


class CommitmentRecorded(Event):
    type = "CommitmentRecorded"
    key: str
    what: CommitmentKind
    title: str
    from_year: int
    to_year: int
    limit: int | None
    voted_on: date | None
    rests_on: str


class CarryOverBudget(LifecycleCommand):
    """Carry an amount of a fiscal year into the next. `on`: the vote, or the day on which an accidental carry-over was decided."""

    type = "CarryOverBudget"
    what: CarryKind
    from_year: int = Field(ge=1950, le=2100)
    amount: int = Field(ge=1)
    on: date | None = None
    bill: str = Field(default="", max_length=100)
    reason: str = Field(default="", max_length=4000)


class BudgetCarried(Event):
    type = "BudgetCarried"
    what: CarryKind
    from_year: int
    amount: int
    on: date
    bill: str
    reason: Personal


def contractable(state: Lifecycle) -> frozenset[int]:
    """Fiscal years for which a contract may be made (地方自治法232条の3): something was voted for them (a skeleton budget with nothing
    for this project is no vote), a commitment covers them, or money was carried into them."""
    voted = {year for year, b in state.budgets.items() if b.voted}
    carried = {c.from_year + 1 for c in state.carried}
    covered = {y for first, last in spans(state) for y in range(first, last + 1)}
    return frozenset(voted | carried | covered)


def spans(state: Lifecycle) -> tuple[tuple[int, int], ...]:
    """First and last fiscal year over which one contract may run. A long-term contract needs its first year's budget voted."""
    found = [
        (c.from_year, c.to_year)
        for c in state.commitments
        if c.kind != "long_term" or ((b := state.budgets.get(c.from_year)) is not None and b.voted)
    ]
    return tuple(found + [(c.from_year, c.from_year + 1) for c in state.carried])


def _no(rule: str, ja: str, en: str, remedy_ja: str, remedy_en: str, *empty: str) -> Refused:
    """`empty`: fields that would have to be filled in."""
    return refuse(rule, ja, en, remedy_ja=remedy_ja, remedy_en=remedy_en, problems=lacking(*empty))


def _commit(state: Lifecycle, command: RecordCommitment, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    may_budget(actor, facts, now)
    if any(c.key == command.key for c in state.commitments):
        raise _no(
            "commitment-known",
            f"key: {command.key} は既に記録されています",
            f"key: {command.key!r} is on record already",
            "別の記号を付けてください",
            "give it another key",
        )
    _years(command, facts)
    rests_on = _by_law(facts) if command.what == "long_term" else _voted(command, now)
    return [
        CommitmentRecorded(
            key=command.key,
            what=command.what,
            title=command.title,
            from_year=command.from_year,
            to_year=command.to_year,
            limit=command.limit,
            voted_on=None if command.what == "long_term" else command.voted_on,
            rests_on=rests_on,
        )
    ]


def _years(command: RecordCommitment, facts: Facts) -> None:
    # A commitment signed late in a year for work of the next (ゼロ債務) runs over two years as well.
    if command.to_year <= command.from_year:
        raise _no(
            "commitment-years",
            f"to_year: {command.to_year} は {command.from_year} より後の年度ではありません",
            f"to_year: {command.to_year} is not later than {command.from_year}",
            "単年度で足りるなら議決された予算で契約してください",
            "within one year the voted budget is enough",
        )
    long_term = command.what == "long_term"
    if facts.fiscal is None:
        most = LONG_TERM_YEARS if long_term else COMMITMENT_YEARS
    else:
        most = facts.fiscal.long_term_years if long_term else facts.fiscal.commitment_years
    # What begins within a fiscal year touches one more than it lasts: five years from October 2027 end in September of FY2032.
    if command.to_year - command.from_year > most:
        field = "long_term_years" if long_term else "commitment_years"
        last = command.from_year + most
        raise _no(
            "commitment-too-long",
            f"to_year: {command.to_year} は{KINDS[command.what].ja}の上限 {most} 年(市の {field})を超えます",
            f"to_year: {command.to_year} exceeds the {most} years that a {KINDS[command.what].en} may run here ({field})",
            f"{wareki_fiscal_year(last)}(FY{last})までにするか、根拠(条例・議決)を確かめて fiscal.yaml の {field} を改めてください",
            f"end it by FY{last}, or check the by-law or the vote and correct {field} in fiscal.yaml",
        )


def _voted(command: RecordCommitment, now: datetime) -> str:
    if command.limit is None:
        raise _no(
            "commitment-limit",
            f"limit: {KINDS[command.what].ja}の限度額がありません",
            f"limit: a {KINDS[command.what].en} needs its limit",
            "限度額(継続費は総額)を円で書いてください",
            "give the limit (for a continuing expense the total) in yen",
            "limit",
        )
    if command.voted_on is None or not command.bill:
        raise _no(
            "commitment-vote",
            f"{KINDS[command.what].ja}には議決が要ります(地方自治法212条・214条)",
            f"a {KINDS[command.what].en} needs a vote of the assembly (Local Autonomy Act 212, 214)",
            "議案番号と議決日を書いてください",
            "give the bill and the day of the vote",
            *(("bill",) if not command.bill else ()),
            *(("voted_on",) if command.voted_on is None else ()),
        )
    if command.voted_on > local_day(now) or command.voted_on > year_ends(command.from_year):
        raise _no(
            "commitment-date",
            f"voted_on: {wareki(command.voted_on)} はまだ来ていないか、{wareki_fiscal_year(command.from_year)}の終わりより後です",
            f"voted_on: {command.voted_on} has not come yet or lies behind the end of FY{command.from_year}",
            "実際の議決日を書いてください",
            "give the day of the vote",
        )
    return command.bill


def _by_law(facts: Facts) -> str:
    found = facts.fiscal.long_term_by_law if facts.fiscal else ""
    if not found:
        raise _no(
            "long-term-by-law",
            "長期継続契約の根拠となる条例が登録されていません(地方自治法234条の3、施行令167条の17)",
            "no by-law for long-term continuing contracts is known (Local Autonomy Act 234-3, Enforcement Order 167-17)",
            "fiscal.yaml の long_term_by_law に条例名を書くか、債務負担行為の議決を得てください",
            "name it as long_term_by_law in fiscal.yaml, or have a debt commitment voted",
        )
    return found


def _carry(state: Lifecycle, command: CarryOverBudget, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    may_budget(actor, facts, now)
    year, today = command.from_year, local_day(now)
    on = command.on or today
    budget = state.budgets.get(year, Budget())
    if on > today:
        raise _no(
            "budget-date",
            f"on: {wareki(on)} はまだ来ていません",
            f"on: {on} has not come yet",
            "実際にあった日を書いてください",
            "give the day on which it happened",
        )
    if command.what == "approved":
        _approved(command, on)
    else:
        _accident(state, command, on)
    used = (budget.executed or 0) + sum(c.amount for c in state.carried if c.from_year == year)
    came = sum(c.amount for c in state.carried if c.from_year + 1 == year)
    limit = (budget.voted or 0) + came - used
    if command.amount > limit:
        raise _no(
            "carry-above-rest",
            f"繰越額 {command.amount:,} 円は{wareki_fiscal_year(year)}の残額 {limit:,} 円を超えています",
            f"{command.amount:,} yen exceed what is left of FY{year}, {limit:,}",
            "残額以下にしてください",
            "carry over no more than is left",
        )
    return [
        BudgetCarried(
            what=command.what, from_year=year, amount=command.amount, on=on, bill=command.bill, reason=command.reason
        )
    ]


def _approved(command: CarryOverBudget, on: date) -> None:
    year = command.from_year
    if not command.bill or on > year_ends(year):
        raise _no(
            "carry-vote",
            f"繰越明許費は{wareki(year_ends(year))}までに議決された予算に定めます(地方自治法213条)",
            f"an approved carry-over is voted with a budget by {year_ends(year)} (Local Autonomy Act 213)",
            "議案番号と年度内の議決日を書いてください。議決がなければ事故繰越しの要件を確かめてください",
            "give the bill and the vote within the year; without one, see whether it is an accidental carry-over",
        )


def _accident(state: Lifecycle, command: CarryOverBudget, on: date) -> None:
    """支出負担行為 within the year, payment not within it, for a reason nobody could avoid; settled before the accounts close."""
    year = command.from_year
    committed = any(
        p.fiscal_year <= year and (day := p.steps.get("contract")) is not None and day <= year_ends(year)
        for p in state.procurements
    )
    if not committed or not command.reason.strip():
        raise _no(
            "carry-accident",
            "事故繰越しは、年度内に契約(支出負担行為)をし、避けがたい事故で支出が終わらなかったものに限ります(地方自治法220条3項)",
            "an accidental carry-over needs a contract made within the year and an unavoidable reason (Local Autonomy Act 220(3))",
            "契約を `./taskforce procure` で記録し、理由を書いてください。そうでなければ繰越明許費の議決を年度内に得ます",
            "record the contract with `./taskforce procure` and give the reason; else an approved carry-over is voted within the year",
        )
    if on > accounts_close(year):
        raise _no(
            "accounts-closed",
            f"{wareki_fiscal_year(year)}の出納は{wareki(accounts_close(year))}に閉鎖されました",
            f"the accounts of FY{year} closed on {accounts_close(year)}",
            "新年度の予算に計上してください",
            "put it into the new year's budget",
        )


def _committed(state: Lifecycle, event: CommitmentRecorded, _: Recorded) -> Changes:
    made = Commitment(kind=event.what, **event.model_dump(exclude={"what"}))
    return {"commitments": (*state.commitments, made)}


def _carried(state: Lifecycle, event: BudgetCarried, _: Recorded) -> Changes:
    return {
        "carried": (
            *state.carried,
            CarryOver(kind=event.what, from_year=event.from_year, amount=event.amount, on=event.on),
        )
    }


def _told(_: Lifecycle, event: CommitmentRecorded) -> Text:
    kind = KINDS[event.what]
    limit_ja, limit_en = (f" 限度額 {event.limit:,}円", f", limit {event.limit:,} yen") if event.limit else ("", "")
    return Text(
        ja=f"{kind.ja} {wareki_fiscal_year(event.from_year)}〜{wareki_fiscal_year(event.to_year)}{limit_ja}: {event.title}",
        en=f"{kind.en} FY{event.from_year}-FY{event.to_year}{limit_en}",
    )


def _told_carried(_: Lifecycle, event: BudgetCarried) -> Text:
    kind = KINDS[event.what]
    return Text(
        ja=f"{kind.ja}: {wareki_fiscal_year(event.from_year)}から {event.amount:,}円",
        en=f"{kind.en}: {event.amount:,} yen from FY{event.from_year}",
    )


COMMANDS: dict[str, type[Command]] = {c.type: c for c in (RecordCommitment, CarryOverBudget)}
EVENTS: dict[str, type[Event]] = {c.type: c for c in (CommitmentRecorded, BudgetCarried)}
HANDLERS: Mapping[type[Command], Callable[[Lifecycle, Any, Actor, Facts, datetime], Sequence[Event]]] = {
    RecordCommitment: _commit,
    CarryOverBudget: _carry,
}
FOLDS: Mapping[type[Event], Callable[[Lifecycle, Any, Recorded], Changes]] = {
    CommitmentRecorded: _committed,
    BudgetCarried: _carried,
}
LINES: Mapping[type[Event], Callable[[Lifecycle, Any], Text]] = {
    CommitmentRecorded: _told,
    BudgetCarried: _told_carried,
}
