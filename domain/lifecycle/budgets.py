"""The money of a fiscal year through its states: 要求 → 査定(財政課長・財政局長・市長) → 内示 → 復活 → 議案 → 議決 → 配当 → 執行 → 決算.

Each amount stays with its day; no state takes another's place. Law: 地方自治法211条 (the budget is voted before the year begins),
208条 (fiscal year, each year for itself), 220条 with 施行令150条1項 (execution, 配当), 232条の3 (nothing is committed but under law and
budget), 233条 (settlement), 235条の5 (accounts close on 31 May); 施行令148条 (no supplementary budget once the year is over), 165条の8
(late payments from the budget of the year in which they are paid).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from domain.calendar import local_day, wareki, wareki_fiscal_year
from domain.facts import Facts
from domain.fiscal import accounts_close, opening, year_ends
from domain.lifecycle.amounts import ASSESSED, BEFORE, NAMES, STATES, window_of, with_amount
from domain.lifecycle.authority import definition, may_budget, may_draft
from domain.lifecycle.commands import RecordBudget
from domain.lifecycle.events import BudgetRecorded, GateReturned
from domain.lifecycle.reviewing import close_requests
from domain.lifecycle.routes import enter, open_draft
from domain.lifecycle.state import Budget, BudgetLine, Cut, Lifecycle
from domain.messages import Actor, Event, Recorded, Refused, Text, refuse
from domain.process import ProcessDefinition, Stage

Changes = dict[str, Any]
SECTION_TOO = ("appealed", "executed")
"""What the section in charge may record as well as finance."""
_SETTLING = ("executed", "settled")
"""What still happens to the money once the lifecycle is closed."""


class AmountReduced(Event):
    """Less than was asked for. `floor`: what the small start of the proposal needs; `below` it, the work goes back to the proposal:
    at once, or at `return_at` unless restoration (復活) is asked for before."""

    type = "AmountReduced"
    fiscal_year: int
    window: str
    state: str
    asked: int
    amount: int
    floor: int | None
    below: bool
    return_at: datetime | None = None


def record(state: Lifecycle, command: RecordBudget, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    """The amount, and what follows when it is less than was asked for. Raises `Refused`."""
    _may_record(state, command, actor, facts, now)
    window = _window(state, command, facts)
    budget = state.budgets.get(command.fiscal_year, Budget())
    line = budget.lines.get(window, BudgetLine())
    _in_order(command, line, state)
    on = command.on or local_day(now)
    _on_a_day_that_can_be(command, line, on, local_day(now))
    if command.state == "voted":
        _in_session(command, window, on, facts)
    _within(command, line, budget, _carried_into(state, command.fiscal_year))
    recorded = BudgetRecorded(
        fiscal_year=command.fiscal_year,
        state=command.state,
        amount=command.amount,
        window=window,
        on=on,
        bill=command.bill,
        public_on=(command.public_on or on) if command.state == "billed" else command.public_on,
    )
    return [recorded, *_what_follows(state, command, window, line, facts, now)]


def _may_record(state: Lifecycle, command: RecordBudget, actor: Actor, facts: Facts, now: datetime) -> None:
    if state.closed and command.state not in _SETTLING:
        raise refuse(
            "closed",
            f"このライフサイクルは終結しています({state.closed_as})",
            f"this lifecycle is closed ({state.closed_as})",
            remedy_ja="終結後に記録できるのは執行額と決算額だけです",
            remedy_en="only executed and settled amounts are recorded once it is closed",
        )
    may_record(actor, state, command.state, facts, now)


def may_record(actor: Actor, state: Lifecycle, line: str, facts: Facts, now: datetime) -> None:
    """The finance section, of some states also those who may draft. Raises `Refused` for others."""
    try:
        may_budget(actor, facts, now)
    except Refused:
        if line not in SECTION_TOO:
            raise
        may_draft(actor, state, facts, now)


def _window(state: Lifecycle, command: RecordBudget, facts: Facts) -> str:
    if not command.window:
        return window_of(state, command.fiscal_year)
    known = [w.key for w in facts.fiscal.windows] if facts.fiscal else []
    if command.window not in (*known, "initial", "supplementary"):
        raise refuse(
            "budget-window",
            f"window: {command.window} という予算の区分はありません",
            f"window: there is no window {command.window!r}",
            remedy_ja="次のいずれか: " + "、".join(known or ["initial", "supplementary"]),
            remedy_en="one of: " + ", ".join(known or ["initial", "supplementary"]),
        )
    return command.window


def _order(command: RecordBudget, ja: str, en: str) -> Refused:
    return refuse(
        "budget-order",
        f"{wareki_fiscal_year(command.fiscal_year)}: {ja}",
        f"FY{command.fiscal_year}: {en}",
        remedy_ja="順番に記録してください(要求 → 査定 → 内示 → 復活 → 議案 → 議決 → 配当 → 執行 → 決算)",
        remedy_en=f"record them in order: {', '.join(STATES)}",
    )


def _in_order(command: RecordBudget, line: BudgetLine, state: Lifecycle) -> None:
    """What must come before is there, nothing is half done, and no assessment or appeal comes too late."""
    wanted, there = command.state, set(line.figures)
    name = NAMES[wanted]
    carried = wanted in _SETTLING and _carried_into(state, command.fiscal_year) > 0
    for earlier in ("executed",) if carried and wanted == "settled" else () if carried else BEFORE[wanted]:
        if earlier not in there:
            before = NAMES[earlier]
            raise _order(
                command,
                f"{name.ja}の前に{before.ja}が要ります(まだ記録されていません)",
                f"{name.en} comes after {before.en}, which has not been recorded",
            )
    if wanted in ASSESSED and "indicated" in there:
        raise _order(
            command,
            "内示の後に査定はできません。復活の手続をとってください",
            "an assessment comes before the indication; afterwards there is restoration",
        )
    if wanted == "indicated" and there & set(ASSESSED) and "assessed_mayor" not in there:
        raise _order(command, "市長査定がまだです", "the mayor's assessment is missing, though assessing has begun")
    if wanted in ("appealed", "restored") and there & {"billed", "voted"}:
        raise _order(command, "議案が出た後に復活はできません", "restoration comes before the bill")
    if wanted in ("billed", "voted") and "appealed" in there and "restored" not in there:
        raise _order(command, "復活要求の結果がまだです", "the answer to the restoration asked for is missing")


def _on_a_day_that_can_be(command: RecordBudget, line: BudgetLine, on: date, today: date) -> None:
    year = command.fiscal_year
    known = [(n, f.on) for n in BEFORE[command.state] if (f := line.figures.get(n)) is not None and f.on is not None]
    late = next(((n, day) for n, day in known if day > on), None)
    if on > today or late is not None:
        why = (
            (f"{wareki(on)} はまだ来ていません", f"{on} has not come yet")
            if late is None
            else (
                f"{NAMES[late[0]].ja}の {wareki(late[1])} より前です",
                f"{NAMES[late[0]].en} was on {late[1]}, later than {on}",
            )
        )
        raise refuse(
            "budget-date",
            f"on: {why[0]}",
            f"on: {why[1]}",
            remedy_ja="実際にあった日を書いてください",
            remedy_en="give the day on which it happened",
        )
    if command.state == "voted" and on > year_ends(year):
        raise refuse(
            "budget-year-over",
            f"on: {wareki_fiscal_year(year)}は{wareki(year_ends(year))}に終わりました。その後は補正できません(地方自治法施行令148条)",
            f"on: FY{year} ended on {year_ends(year)}; it cannot be amended afterwards (Enforcement Order 148)",
            remedy_ja="新年度の補正予算に計上してください",
            remedy_en="put it into a supplementary budget of the new year",
        )
    if command.state == "executed":
        _while_accounts_are_open(year, on, today)
    if command.state == "settled" and today <= accounts_close(year):
        raise refuse(
            "accounts-open",
            f"{wareki_fiscal_year(year)}の出納は{wareki(accounts_close(year))}まで開いています(地方自治法235条の5)",
            f"the accounts of FY{year} are open until {accounts_close(year)} (Local Autonomy Act 235-5)",
            remedy_ja="出納閉鎖の後に決算額を記録してください",
            remedy_en="record the settlement once they are closed",
        )


def _in_session(command: RecordBudget, window: str, on: date, facts: Facts) -> None:
    """A budget is voted in the session of its window, or later when the assembly sits longer; never before it meets."""
    found = facts.fiscal.window(window) if facts.fiscal else None
    if facts.fiscal is None or found is None:
        return  # an extraordinary session (臨時会) has no window of its own
    first, last = opening(facts.fiscal, facts.calendar, found, command.fiscal_year).session
    if on < first:
        raise refuse(
            "vote-before-session",
            f"on: {wareki(on)} は{wareki_fiscal_year(command.fiscal_year)}{found.title.ja}を審議する議会の会期"
            f"({wareki(first)}〜{wareki(last)})より前です",
            f"on: {on} lies before the session for the {found.title.en} of FY{command.fiscal_year} ({first} to {last})",
            remedy_ja="実際の議決日と窓(--window)を確かめてください。臨時会の議決は `--window supplementary`、会期が違うなら "
            "fiscal.yaml の session を直します",
            remedy_en="check the day of the vote and its window (--window); a vote of an extraordinary session goes under "
            "`--window supplementary`, and where the session's days differ, correct session in fiscal.yaml",
        )


def _while_accounts_are_open(year: int, on: date, today: date) -> None:
    if on < date(year, 4, 1):
        raise refuse(
            "budget-year-not-begun",
            f"on: {wareki_fiscal_year(year)}はまだ始まっていません(会計年度独立の原則、地方自治法208条2項)",
            f"on: FY{year} had not begun on {on} (each year for itself, Local Autonomy Act 208(2))",
            remedy_ja="4月1日以後の執行を記録してください",
            remedy_en="record what is spent from 1 April on",
        )
    if max(on, today) > accounts_close(year):
        raise refuse(
            "accounts-closed",
            f"{wareki_fiscal_year(year)}の出納は{wareki(accounts_close(year))}に閉鎖されました(地方自治法235条の5)",
            f"the accounts of FY{year} closed on {accounts_close(year)} (Local Autonomy Act 235-5)",
            remedy_ja="決算額を記録するか、未払い分は現年度の予算から過年度支出としてください(施行令165条の8)",
            remedy_en="record the settled amount; what is still owed is paid from this year's budget (Enforcement Order 165-8)",
        )


def _within(command: RecordBudget, line: BudgetLine, budget: Budget, carried: int) -> None:
    """No amount exceeds what it rests on; amounts in yen."""
    indicated = (line.amount("indicated") or 0) + (line.amount("restored") or 0)
    asked = line.amount("asked") or 0
    others = (budget.executed or 0) - (line.amount("executed") or 0)
    limits: Mapping[str, tuple[str, int, str, str]] = {
        "appealed": ("budget-above-cut", asked - indicated, "要求額と内示額の差", "what was cut from the request"),
        "restored": ("budget-above-cut", line.amount("appealed") or 0, "復活要求額", "the restoration asked for"),
        "billed": ("budget-above-indication", indicated, "内示額と復活額の計", "what was indicated and restored"),
        "allotted": ("budget-above-vote", line.amount("voted") or 0, "議決額", "what was voted"),
        "executed": (
            "budget-above-allotment",
            (budget.allotted or 0) + carried - others,
            "配当額(繰越を含む)",
            "what was allotted or carried over",
        ),
    }
    if line.amount("billed") is None:
        # What was in the bill the assembly may raise as well (Local Autonomy Act 97(2)); without one there is nothing that it could.
        limits = {**limits, "voted": limits["billed"]}
    rule, limit, ja, en = limits.get(command.state, ("", command.amount, "", ""))
    name = NAMES[command.state]
    if command.amount > limit:
        raise refuse(
            rule,
            f"{name.ja} {command.amount:,} 円は{ja} {limit:,} 円を超えています",
            f"{name.en}: {command.amount:,} exceeds {en}, {limit:,}",
            remedy_ja=f"{ja}以下にしてください",
            remedy_en="record no more than that",
        )
    allotted = line.amount("allotted")
    if command.state == "voted" and allotted is not None and command.amount < allotted:
        raise refuse(
            "budget-above-vote",
            f"議決額 {command.amount:,} 円は配当済みの {allotted:,} 円を下回ります",
            f"voted {command.amount:,} is less than the {allotted:,} already allotted",
            remedy_ja="先に配当額を改めてください",
            remedy_en="correct the allotted amount first",
        )
    if command.state == "billed" and not (command.bill or line.bill):
        raise refuse(
            "bill-number",
            "bill: 議案番号がありません",
            "bill: the number of the bill is missing",
            remedy_ja="議案番号を書いてください(例: 議案第12号)",
            remedy_en="give the number of the bill",
        )


def _carried_into(state: Lifecycle, year: int) -> int:
    return sum(c.amount for c in state.carried if c.from_year + 1 == year)


# --- an amount that is cut --------------------------------------------------------------------------------------------


def _what_follows(
    state: Lifecycle, command: RecordBudget, window: str, line: BudgetLine, facts: Facts, now: datetime
) -> list[Event]:
    """Re-planning: the cut is noted, and below the small start's minimum the work goes back to the proposal."""
    asked = line.amount("asked")
    if (
        command.state not in ("indicated", "restored", "voted")
        or asked is None
        or (command.fiscal_year, window) != (state.budget_year, window_of(state, command.fiscal_year))
    ):
        return []
    got = command.amount + ((line.amount("indicated") or 0) if command.state == "restored" else 0)
    if got >= asked:
        return []
    below = state.floor is not None and got < state.floor
    returns = below and _may_return(state, definition(facts))
    waits = _restoration_ends(state, command, window, facts, now) if returns else None
    reduced = AmountReduced(
        fiscal_year=command.fiscal_year,
        window=window,
        state=command.state,
        asked=asked,
        amount=got,
        floor=state.floor,
        below=below,
        return_at=waits,
    )
    return [reduced, *(back_to_proposal(state, facts, now) if returns and waits is None else [])]


def _restoration_ends(
    state: Lifecycle, command: RecordBudget, window: str, facts: Facts, now: datetime
) -> datetime | None:
    """Until when the return waits: for restoration after an indication, for the end of a hold in any case. Aware UTC."""
    found = facts.fiscal.window(window) if facts.fiscal else None
    if command.state == "indicated" and found is not None:
        return facts.calendar.after(now, found.restoration)
    return now if state.hold is not None else None


def _may_return(state: Lifecycle, process: ProcessDefinition) -> bool:
    """From the budget request on, and before it is carried out; never out of a wind-down or a reopening."""
    if state.closed or state.reopening is not None or _stage(process, "proposal") is None:
        return False
    order = [s.key for s in process.stages]
    forms = {s.deliverable: order.index(s.key) for s in process.stages}
    if state.work not in order or "budgeting" not in forms:
        return False
    return forms["budgeting"] <= order.index(state.work) < forms.get("implementation", len(order))


def _stage(process: ProcessDefinition, deliverable: str) -> Stage | None:
    return next((s for s in process.stages if s.deliverable == deliverable), None)


def back_to_proposal(state: Lifecycle, facts: Facts, now: datetime) -> list[Event]:
    """What was indicated cannot carry even the small start: it is proposed anew. Nothing when it has moved on meanwhile."""
    process = definition(facts)
    target = _stage(process, "proposal")
    if target is None or not _may_return(state, process):
        return []
    return [
        GateReturned(stage=state.work, round=state.round, to=target.key, to_title=target.title, rejected=False),
        *close_requests(state, "returned"),
        enter(target, state.round, "sent_back"),
        open_draft(state, target, state.round, state.serial + 1, facts, now),
    ]


def embargoed_until(state: Lifecycle, day: date) -> date | None:
    """The day from which all bills of this lifecycle are public, when one is not public yet on `day`."""
    waiting = [
        line.public_on
        for budget in state.budgets.values()
        for line in budget.lines.values()
        if line.public_on is not None and line.public_on > day and "voted" not in line.figures
    ]
    return max(waiting, default=None)


# --- folds and lines --------------------------------------------------------------------------------------------------


def _recorded(state: Lifecycle, event: BudgetRecorded, recorded: Recorded) -> Changes:
    window = event.window or window_of(state, event.fiscal_year)
    on = event.on or (None if event.imported else local_day(recorded.occurred_at))
    year = with_amount(
        state.budgets.get(event.fiscal_year, Budget()),
        window,
        event.state,
        event.amount,
        on,
        bill=event.bill,
        public_on=event.public_on,
    )
    changes: Changes = {"budgets": {**state.budgets, event.fiscal_year: year}}
    if state.cut is not None and (state.cut.fiscal_year, state.cut.window) == (event.fiscal_year, window):
        # Asked for anew in part, the return waits for the answer; whatever else comes is judged by itself.
        appealed = event.state == "appealed"
        changes["cut"] = state.cut.model_copy(update={"appealed": True}) if appealed else None
    return changes


def _reduced(state: Lifecycle, event: AmountReduced, _: Recorded) -> Changes:
    if not event.below or event.floor is None:
        return {"cut": None}
    cut = Cut(
        fiscal_year=event.fiscal_year,
        window=event.window,
        amount=event.amount,
        floor=event.floor,
        return_at=event.return_at,
    )
    return {"cut": cut}


def _told(_: Lifecycle, event: BudgetRecorded) -> Text:
    name, year = NAMES[event.state], wareki_fiscal_year(event.fiscal_year)
    ja, en = ("(移入)", " (imported)") if event.imported else ("", "")
    bill = f" {event.bill}" if event.bill else ""
    bill_en = f" (bill {event.bill})" if event.bill and event.bill.isascii() else ""
    return Text(
        ja=f"{year} {name.ja} {event.amount:,}円{ja}{bill}",
        en=f"FY{event.fiscal_year} {name.en} {event.amount:,} yen{en}{bill_en}",
    )


def _told_reduced(_: Lifecycle, event: AmountReduced) -> Text:
    name = NAMES[event.state]
    floor = event.floor or 0
    ja = f"{name.ja} {event.amount:,}円は要求額 {event.asked:,}円を下回る"
    en = f"{name.en}: {event.amount:,} of the {event.asked:,} yen asked for"
    if event.below:
        ja += f"。スモールスタートに要る {floor:,}円にも届かず、解決策提案に戻る"
        en += f", below the {floor:,} that the small start needs: back to the proposal"
        if event.return_at is not None:
            day = local_day(event.return_at)
            ja += f"({wareki(day)}までに復活要求がなければ)"
            en += f" unless restoration is asked for by {day}"
    return Text(ja=ja, en=en)


EVENTS: dict[str, type[Event]] = {AmountReduced.type: AmountReduced}
FOLDS: Mapping[type[Event], Callable[[Lifecycle, Any, Recorded], Changes]] = {
    BudgetRecorded: _recorded,
    AmountReduced: _reduced,
}
LINES: Mapping[type[Event], Callable[[Lifecycle, Any], Text]] = {BudgetRecorded: _told, AmountReduced: _told_reduced}
