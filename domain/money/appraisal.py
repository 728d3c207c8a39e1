"""Cost balance and payback as the headline, net present value and sensitivity as the detail.

Sources of the formulas:
- Net present value: NPV = sum over t of (B_t - C_t) / (1 + r)^t, and benefit-cost ratio B/C from the discounted sums, with t = 0 in the
  base year: 国土交通省「公共事業評価の費用便益分析に関する技術指針(共通編)」(平成20年6月; 令和5年9月改定), 現在価値化 and 評価指標.
  L. J. Gitman, Principles of Managerial Finance, Brief, 3rd ed., Addison-Wesley 2003, p. 346, has the same formula.
- Social discount rate 4 %: the same guideline, which since 2023 names 1 % and 2 % as rates to compare with.
- Payback: years before full recovery + unrecovered at the start of the year / flow of the year, flows being even within a year
  (J. Dahlquist, R. Knight, Principles of Finance, OpenStax 2022, section 16.1; the fraction of a year as in J. J. Wild, K. W. Shaw,
  Fundamental Accounting Principles, McGraw-Hill, chapter on capital budgeting).
- Benefit-cost ratio: the conventional B/C of L. Blank, A. Tarquin, Engineering Economy, McGraw-Hill, chapter on benefit/cost analysis.
- Break-even share: the switching value of the benefits (HM Treasury, The Green Book), here of the sums that are not discounted.
- Sensitivity: one assumption varied at a time, the others held (感度分析, the same guideline, which varies by plus and minus 10 % or 20 %).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal

from domain.messages import Frozen, Text

REFERENCE_RATES = (Decimal("0.01"), Decimal("0.02"))
"""Rates of the guideline's revision of 2023 for comparison."""


def yen(amount: Decimal) -> int:
    """Whole yen, half away from zero (ours: these are plans, no claims)."""
    return int(amount.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def discount_factor(rate: Decimal, years: int) -> Decimal:
    """1 / (1 + rate)^years. `rate` as a share (0.04 is 4 %), above -1."""
    return Decimal(1) / (Decimal(1) + rate) ** years


def present_value(rate: Decimal, flows: Sequence[Decimal]) -> Decimal:
    """Sum of flow_t / (1 + rate)^t; the first flow is of the base year and not discounted. Not rounded."""
    return sum((flow * discount_factor(rate, t) for t, flow in enumerate(flows)), Decimal(0))


def payback(outlay: Decimal, flows: Sequence[Decimal]) -> Decimal | None:
    """Years until what has flowed back covers `outlay` for good; `flows[0]` comes evenly during the first year.

    0 when nothing was ever owed; None when it is not recovered within the flows. Where later costs outweigh it again, the last
    recovery counts: the first would promise too much.
    """
    owed, found = outlay, Decimal(0) if outlay <= 0 else None
    for year, flow in enumerate(flows):
        left = owed - flow
        if left > 0:
            found = None
        elif owed > 0:
            found = year + owed / flow
        owed = left
    return found


class Year(Frozen):
    """One fiscal year in yen. `cumulative` is the balance from the first year up to and with this one."""

    fiscal_year: int
    cost: int
    benefit: int
    balance: int
    cumulative: int


class Case(Frozen):
    """What comes out when one assumption differs."""

    key: str
    title: Text
    balance: int
    payback_years: Decimal | None
    npv: int


class Appraisal(Frozen):
    """`balance` is benefits less costs over all years, in yen; `payback_years` counts from the start of the first year, to a tenth.

    `npv` and `ratio` (discounted benefits over discounted costs, to a hundredth) rest on `rate`. `break_even`: the share of the
    expected benefits at which the balance is nought, to a hundredth; None without benefits.
    """

    years: tuple[Year, ...]
    cost: int
    benefit: int
    balance: int
    payback_years: Decimal | None
    rate: Decimal
    npv: int
    ratio: Decimal | None
    break_even: Decimal | None
    sensitivity: tuple[Case, ...] = ()


def appraise(
    costs: Mapping[int, int], benefits: Mapping[int, Decimal], rate: Decimal, vary: Decimal = Decimal("0.2")
) -> Appraisal | None:
    """Value against cost from fiscal year -> yen. `vary`: the share by which benefits and costs are varied. None when there is neither."""
    if not costs and not benefits:
        return None
    first, last = min((*costs, *benefits)), max((*costs, *benefits))
    span = range(first, last + 1)
    spent = [Decimal(costs.get(y, 0)) for y in span]
    gained = [Decimal(benefits.get(y, 0)) for y in span]
    years, running = [], Decimal(0)
    for y, c, b in zip(span, spent, gained, strict=True):
        running += b - c
        years.append(Year(fiscal_year=y, cost=yen(c), benefit=yen(b), balance=yen(b - c), cumulative=yen(running)))
    cost, benefit = sum(spent, Decimal(0)), sum(gained, Decimal(0))
    base = _case("base", Text(ja="基準", en="as expected"), spent, gained, rate)
    discounted = present_value(rate, spent)
    return Appraisal(
        years=tuple(years),
        cost=yen(cost),
        benefit=yen(benefit),
        balance=base.balance,
        payback_years=base.payback_years,
        rate=rate,
        npv=base.npv,
        ratio=_share(present_value(rate, gained), discounted),
        break_even=_share(cost, benefit),
        sensitivity=(base, *_varied(spent, gained, rate, vary)),
    )


def _share(part: Decimal, whole: Decimal) -> Decimal | None:
    return (part / whole).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP) if whole else None


def _case(key: str, title: Text, spent: Sequence[Decimal], gained: Sequence[Decimal], rate: Decimal) -> Case:
    flows = [b - c for b, c in zip(gained, spent, strict=True)]
    back = payback(Decimal(0), flows)
    return Case(
        key=key,
        title=title,
        balance=yen(sum(flows, Decimal(0))),
        payback_years=None if back is None else back.quantize(Decimal("0.1"), rounding=ROUND_HALF_UP),
        npv=yen(present_value(rate, flows)),
    )


def _varied(spent: Sequence[Decimal], gained: Sequence[Decimal], rate: Decimal, vary: Decimal) -> list[Case]:
    share = f"{(vary * 100).normalize():f}%"
    more, less = 1 + vary, 1 - vary

    def times(flows: Sequence[Decimal], by: Decimal) -> list[Decimal]:
        return [f * by for f in flows]

    found = [
        _case("benefit_down", Text(ja=f"便益 −{share}", en=f"benefits -{share}"), spent, times(gained, less), rate),
        _case("benefit_up", Text(ja=f"便益 +{share}", en=f"benefits +{share}"), spent, times(gained, more), rate),
        _case("cost_up", Text(ja=f"費用 +{share}", en=f"costs +{share}"), times(spent, more), gained, rate),
        _case("cost_down", Text(ja=f"費用 −{share}", en=f"costs -{share}"), times(spent, less), gained, rate),
    ]
    for other in REFERENCE_RATES:
        if other != rate:
            shown = f"{(other * 100).normalize():f}%"
            title = Text(ja=f"割引率 {shown}", en=f"discount rate {shown}")
            found.append(_case(f"rate_{shown.rstrip('%')}", title, spent, gained, other))
    return found
