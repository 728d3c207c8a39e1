"""Procurement as steps before implementation: RFI, notice, selection, and the contract, with the assembly's vote where it needs one.

Law: 地方自治法234条 (open and designated bidding, 随意契約; its 3項: bids within the expected price), 施行令167条・167条の2 (when a city
may choose them; a proposal contest ends in a 随意契約), 96条1項5号・8号 with 施行令121条の2の2 (121条の2 until February 2023; contracts
that the assembly must agree to, by expected price), 232条の3 (no commitment but under the budget), 208条2項 (each year for itself).

Preparation goes on after 内示; nothing that means a contract before 議決.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Literal

from pydantic import Field

from domain.calendar import local_day, wareki, wareki_fiscal_year
from domain.facts import Facts
from domain.fiscal import Bought, year_ends
from domain.lifecycle import committing
from domain.lifecycle.authority import may_draft
from domain.lifecycle.commands import LifecycleCommand
from domain.lifecycle.state import Lifecycle, Procurement
from domain.messages import Actor, Command, Event, Personal, Recorded, Refused, Text, lacking, refuse

Changes = dict[str, Any]
Method = Literal["open_bid", "designated_bid", "proposal", "negotiated"]
Step = Literal["rfi", "notice", "received", "selected", "provisional", "vote", "contract"]
METHODS: Mapping[str, Text] = {
    "open_bid": Text(ja="一般競争入札", en="open bidding"),
    "designated_bid": Text(ja="指名競争入札", en="designated bidding"),
    "proposal": Text(ja="公募型プロポーザル", en="proposal contest"),
    "negotiated": Text(ja="随意契約", en="negotiated contract"),
}
STEPS: Mapping[str, Text] = {
    "rfi": Text(ja="情報提供依頼(RFI)", en="request for information"),
    "notice": Text(ja="公告・公募・指名通知", en="notice or invitation"),
    "received": Text(ja="入札・提案の受付", en="bids or proposals received"),
    "selected": Text(ja="落札者・優先交渉権者の決定", en="supplier selected"),
    "provisional": Text(ja="仮契約", en="provisional contract"),
    "vote": Text(ja="契約の議決", en="vote on the contract"),
    "contract": Text(ja="契約", en="contract"),
}


class BeginProcurement(LifecycleCommand):
    """Say what is to be bought, how, in which fiscal year and at what expected price (予定価格, yen)."""

    type = "BeginProcurement"
    key: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=40)
    title: str = Field(min_length=1, max_length=300)
    method: Method
    bought: Bought = "service"
    fiscal_year: int = Field(ge=1950, le=2100)
    expected_price: int = Field(ge=1)
    reason: str = Field(default="", max_length=4000)
    """Why without competition; needed for a negotiated contract."""


class ProcurementStarted(Event):
    """`needs_vote`: the expected price reaches the amount from which the assembly must agree."""

    type = "ProcurementStarted"
    key: str
    title: str
    method: Method
    bought: Bought
    fiscal_year: int
    expected_price: int
    needs_vote: bool
    reason: Personal


class RecordProcurement(LifecycleCommand):
    """A step of a procurement was taken. `supplier` and `price` (yen) with the selection; `bill` with the vote."""

    type = "RecordProcurement"
    key: str = Field(min_length=1, max_length=40)
    step: Step
    on: date | None = None
    supplier: str = Field(default="", max_length=300)
    price: int | None = Field(default=None, ge=1)
    bill: str = Field(default="", max_length=100)


class ProcurementAdvanced(Event):
    type = "ProcurementAdvanced"
    key: str
    step: Step
    on: date
    supplier: str
    price: int | None
    bill: str


class CancelProcurement(LifecycleCommand):
    """Give a procurement up before its contract (no bids, a failed negotiation); another may be begun."""

    type = "CancelProcurement"
    key: str = Field(min_length=1, max_length=40)
    reason: str = Field(min_length=1, max_length=4000)


class ProcurementCancelled(Event):
    type = "ProcurementCancelled"
    key: str
    reason: Personal


def contracted(state: Lifecycle) -> bool | None:
    """Whether all that is being procured is under contract; None when nothing is."""
    running = [p for p in state.procurements if not p.ended]
    return all("contract" in p.steps for p in running) if running else None


def route(procurement: Procurement) -> tuple[str, ...]:
    """The steps that must come, in order; an RFI may come before them. A negotiated contract has no public notice."""
    selection = ("selected",) if procurement.method == "negotiated" else ("notice", "received", "selected")
    return (*selection, *(("provisional", "vote") if procurement.needs_vote else ()), "contract")


def _no(rule: str, ja: str, en: str, remedy_ja: str, remedy_en: str, *empty: str) -> Refused:
    """`empty`: fields that would have to be filled in."""
    return refuse(rule, ja, en, remedy_ja=remedy_ja, remedy_en=remedy_en, problems=lacking(*empty))


def _begin(state: Lifecycle, command: BeginProcurement, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    may_draft(actor, state, facts, now)
    if any(p.key == command.key for p in state.procurements):
        raise _no(
            "procurement-known",
            f"key: {command.key} は既に始まっています",
            f"key: {command.key!r} has begun already",
            "別の記号を付けてください",
            "give it another key",
        )
    if command.method == "negotiated" and not command.reason.strip():
        raise _no(
            "negotiated-reason",
            "reason: 随意契約の理由がありません(施行令167条の2)",
            "reason: a negotiated contract needs its reason (Enforcement Order 167-2)",
            "該当する号と理由を書いてください",
            "name the item that applies and why",
        )
    threshold = facts.fiscal.contract_votes.get(command.bought) if facts.fiscal else None
    return [
        ProcurementStarted(
            key=command.key,
            title=command.title,
            method=command.method,
            bought=command.bought,
            fiscal_year=command.fiscal_year,
            expected_price=command.expected_price,
            needs_vote=threshold is not None and command.expected_price >= threshold,
            reason=command.reason,
        )
    ]


def _running(state: Lifecycle, key: str) -> Procurement:
    found = next((p for p in state.procurements if p.key == key and not p.ended), None)
    if found is None:
        known = ", ".join(p.key for p in state.procurements if not p.ended) or "-"
        raise _no(
            "procurement-unknown",
            f"key: 進行中の調達 {key} はありません(あるもの: {known})",
            f"key: no procurement {key!r} is under way; there are: {known}",
            "`./taskforce procure begin` で始めてください",
            "begin it with `./taskforce procure begin`",
        )
    if "contract" in found.steps:
        raise _no(
            "procurement-over",
            f"{key} は契約済みです",
            f"{key!r} is under contract",
            "別の調達として始めてください",
            "begin another procurement",
        )
    return found


def _advance(
    state: Lifecycle, command: RecordProcurement, actor: Actor, facts: Facts, now: datetime
) -> Sequence[Event]:
    may_draft(actor, state, facts, now)
    found = _running(state, command.key)
    on = command.on or local_day(now)
    _in_order(found, command, on, local_day(now))
    if command.step not in ("rfi",):
        _prepared(state, found)
    price = command.price if command.price is not None else found.price
    supplier = command.supplier or found.supplier
    if command.step in ("selected", "provisional", "contract"):
        _named(found, supplier, price)
    if command.step == "vote" and not command.bill:
        raise _no(
            "bill-number",
            "bill: 議案番号がありません",
            "bill: the number of the bill is missing",
            "契約議案の番号を書いてください",
            "give the number of the bill",
        )
    if command.step == "contract":
        _may_contract(state, found, price or 0, on)
    return [
        ProcurementAdvanced(
            key=found.key,
            step=command.step,
            on=on,
            supplier=command.supplier,
            price=command.price,
            bill=command.bill,
        )
    ]


def _in_order(found: Procurement, command: RecordProcurement, on: date, today: date) -> None:
    steps = route(found)
    if command.step != "rfi" and command.step not in steps:
        raise _no(
            "procurement-step",
            f"{METHODS[found.method].ja}では{STEPS[command.step].ja}をしません",
            f"{STEPS[command.step].en} is no step of this procurement ({METHODS[found.method].en})",
            "次のいずれか: " + "、".join(steps),
            "one of: " + ", ".join(steps),
        )
    due = next(s for s in ("rfi", *steps) if s not in found.steps and (s != "rfi" or command.step == "rfi"))
    if command.step != due or (command.step == "rfi" and found.steps):
        raise _no(
            "procurement-order",
            f"次の手順は{STEPS[due].ja}です({STEPS[command.step].ja}ではありません)",
            f"what comes next is: {STEPS[due].en}, not {STEPS[command.step].en}",
            "順番に記録してください: " + "、".join(steps),
            "record the steps in order: " + ", ".join(steps),
        )
    last = max(found.steps.values(), default=on)
    if on > today or on < last:
        raise _no(
            "procurement-date",
            f"on: {wareki(on)} はまだ来ていないか、前の手順({wareki(last)})より前です",
            f"on: {on} has not come yet, or lies before the step before ({last})",
            "実際にあった日を書いてください",
            "give the day on which it happened",
        )


def _prepared(state: Lifecycle, found: Procurement) -> None:
    """A notice may go out on the strength of the indication; the contract itself waits, see `_may_contract`."""
    budget = state.budgets.get(found.fiscal_year)
    indicated = budget is not None and (budget.indicated is not None or budget.voted is not None)
    if not indicated and found.fiscal_year not in committing.contractable(state):
        raise _no(
            "procurement-before-indication",
            f"{wareki_fiscal_year(found.fiscal_year)}の予算がまだ内示されていません",
            f"the budget of FY{found.fiscal_year} has not been indicated (内示)",
            "内示までは情報提供依頼(RFI)にとどめてください",
            "until then only a request for information may go out",
        )


def _named(found: Procurement, supplier: str, price: int | None) -> None:
    if not supplier.strip() or price is None:
        raise _no(
            "procurement-supplier",
            "相手方と金額(円)を書いてください",
            "supplier and price (yen) are missing",
            "--supplier と --price で書いてください",
            "give them with --supplier and --price",
            *(("supplier",) if not supplier.strip() else ()),
            *(("price",) if price is None else ()),
        )
    if price > found.expected_price:
        bids = found.method in ("open_bid", "designated_bid")
        law_ja, law_en = ("(地方自治法234条3項)", " (Local Autonomy Act 234(3))") if bids else ("", "")
        raise _no(
            "procurement-price",
            f"price: {price:,} 円は予定価格 {found.expected_price:,} 円を超えています{law_ja}",
            f"price: {price:,} exceeds the expected price of {found.expected_price:,}{law_en}",
            "予定価格の範囲内で決めるか、調達をやり直してください",
            "select within the expected price, or cancel and begin again",
        )


def _may_contract(state: Lifecycle, found: Procurement, price: int, on: date) -> None:
    """After the vote, within what was voted or committed, and no earlier than the money allows. Amounts in yen."""
    year = found.fiscal_year
    commitments = [c for c in state.commitments if c.from_year <= year <= c.to_year and c.kind != "long_term"]
    budget = state.budgets.get(year)
    carried = sum(c.amount for c in state.carried if c.from_year + 1 == year)
    voted = ((budget.voted or 0) if budget else 0) + carried
    if year not in committing.contractable(state):
        raise _no(
            "contract-before-vote",
            f"{wareki_fiscal_year(year)}の予算が議決されていません(地方自治法232条の3)",
            f"nothing has been voted (議決) for FY{year} (Local Autonomy Act 232-3)",
            "議決額か債務負担行為の議決を記録してから契約してください。骨格予算なら肉付け予算の議決を待ちます",
            "record the vote, or a voted commitment, first; after a skeleton budget wait for the supplement",
        )
    first = min((date(c.from_year, 4, 1) for c in commitments), default=date(year, 4, 1))
    first = min((first, *(c.voted_on for c in commitments if c.voted_on is not None)))
    votes = [
        f.on for b in (budget,) if b for x in b.lines.values() if (f := x.figures.get("voted")) and f.on and f.amount
    ]
    votes += [c.voted_on for c in commitments if c.voted_on is not None]
    first = max(first, min(votes, default=first))
    last = max((year_ends(year), *(year_ends(c.to_year) for c in commitments)))
    if not first <= on <= last:
        raise _no(
            "contract-outside-year",
            f"on: 契約できるのは{wareki(first)}から{wareki(last)}までです(地方自治法208条2項)",
            f"on: a contract on this money can be made from {first} to {last} (Local Autonomy Act 208(2))",
            "年度内の契約日にするか、債務負担行為の議決を得てください",
            "make it within the year, or have a debt commitment voted",
        )
    # A debt commitment's limit is for the years behind the budget's own; a continuing expense is voted as a total.
    burdens = sum(c.limit or 0 for c in commitments if c.kind == "debt_burden")
    limit = max(voted + burdens, *(c.limit or 0 for c in commitments if c.kind == "continuing"), 0)
    others = sum(
        p.price or 0 for p in state.procurements if p.fiscal_year == year and "contract" in p.steps and not p.ended
    )
    long_term = any(c.kind == "long_term" and c.from_year <= year <= c.to_year for c in state.commitments)
    if price + others > limit and not long_term:
        raise _no(
            "contract-above-budget",
            f"price: 契約額の計 {price + others:,} 円は議決額・限度額 {limit:,} 円を超えています",
            f"price: contracts of {price + others:,} in all exceed the {limit:,} voted or committed",
            "金額を見直すか、補正予算・債務負担行為の議決を得てください",
            "reduce it, or have a supplementary budget or a commitment voted",
        )


def _cancel(state: Lifecycle, command: CancelProcurement, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    may_draft(actor, state, facts, now)
    return [ProcurementCancelled(key=_running(state, command.key).key, reason=command.reason)]


def _changed(state: Lifecycle, key: str, **changes: Any) -> Changes:
    found = tuple(p.model_copy(update=changes) if p.key == key and not p.ended else p for p in state.procurements)
    return {"procurements": found}


def _started(state: Lifecycle, event: ProcurementStarted, _: Recorded) -> Changes:
    made = Procurement(**event.model_dump(exclude={"reason"}))
    return {"procurements": (*state.procurements, made)}


def _advanced(state: Lifecycle, event: ProcurementAdvanced, _: Recorded) -> Changes:
    found = next((p for p in state.procurements if p.key == event.key and not p.ended), None)
    if found is None:
        return {}
    return _changed(
        state,
        event.key,
        steps={**found.steps, event.step: event.on},
        supplier=event.supplier or found.supplier,
        price=event.price if event.price is not None else found.price,
    )


def _told_start(_: Lifecycle, event: ProcurementStarted) -> Text:
    vote_ja, vote_en = ("、議会の議決を要する", ", needs a vote of the assembly") if event.needs_vote else ("", "")
    return Text(
        ja=f"調達開始 {event.title}: {METHODS[event.method].ja}、予定価格 {event.expected_price:,}円{vote_ja}",
        en=f"procurement {event.key} begun: {METHODS[event.method].en}, expected price {event.expected_price:,} yen{vote_en}",
    )


def _told_step(_: Lifecycle, event: ProcurementAdvanced) -> Text:
    price = f" {event.price:,}" if event.price is not None else ""
    return Text(
        ja=f"調達 {event.key}: {STEPS[event.step].ja}({wareki(event.on)})" + (f"{price}円" if price else ""),
        en=f"procurement {event.key}: {STEPS[event.step].en} on {event.on}" + (f",{price} yen" if price else ""),
    )


COMMANDS: dict[str, type[Command]] = {c.type: c for c in (BeginProcurement, RecordProcurement, CancelProcurement)}
EVENTS: dict[str, type[Event]] = {c.type: c for c in (ProcurementStarted, ProcurementAdvanced, ProcurementCancelled)}
HANDLERS: Mapping[type[Command], Callable[[Lifecycle, Any, Actor, Facts, datetime], Sequence[Event]]] = {
    BeginProcurement: _begin,
    RecordProcurement: _advance,
    CancelProcurement: _cancel,
}
FOLDS: Mapping[type[Event], Callable[[Lifecycle, Any, Recorded], Changes]] = {
    ProcurementStarted: _started,
    ProcurementAdvanced: _advanced,
    ProcurementCancelled: lambda s, v, _: _changed(s, v.key, ended="cancelled"),
}
LINES: Mapping[type[Event], Callable[[Lifecycle, Any], Text]] = {
    ProcurementStarted: _told_start,
    ProcurementAdvanced: _told_step,
    ProcurementCancelled: lambda s, v: Text(ja=f"調達 {v.key} を中止", en=f"procurement {v.key} given up"),
}
