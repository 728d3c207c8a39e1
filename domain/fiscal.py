"""The city's fiscal and assembly calendar as data: windows of the budget, what of them can be reached, and the year's edges.

Shape of `definitions/fiscal.yaml`. What the law fixes is no data: the fiscal year runs from 1 April to 31 March (地方自治法208条1項),
each year's spending comes from that year's revenue (208条2項), the accounts close on 31 May (235条の5), the settlement follows within
three months (233条1項).
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from domain.calendar import Calendar, Span, end_of_business, fiscal_year, local_day
from domain.messages import Frozen, Misfit, Text

WindowKind = Literal["initial", "supplementary"]
Bought = Literal["works", "property", "service"]
"""工事又は製造の請負, 財産の取得, and everything else (役務・委託), whose contracts need no vote of the assembly."""


def _year_day(text: str) -> str:
    found = re.fullmatch(r"(\d\d)-(\d\d)", text)
    if not found or not 1 <= int(found[1]) <= 12 or not 1 <= int(found[2]) <= monthrange(2024, int(found[1]))[1]:
        raise Misfit(
            f"{text!r} は年の中の日ではありません。11-28 のように MM-DD で書いてください",
            f"{text!r} is no day of the year; write it as MM-DD, e.g. 11-28",
        )
    return text


LONG_TERM_YEARS, COMMITMENT_YEARS = 5, 30
"""Where the city's file names none: the five years of most by-laws, and the 30 of the longest PFI contracts (ours)."""
YearDay = Annotated[str, AfterValidator(_year_day)]
"""A day within a fiscal year, as MM-DD. 02-29 is the last day of February in every year."""


def day_in(year: int, text: str) -> date:
    """The day of a fiscal year (by its first calendar year): (2027, "02-29") -> 2028-02-29, (2028, "02-29") -> 2029-02-28."""
    month, day = int(text[:2]), int(text[3:])
    calendar_year = year if month >= 4 else year + 1
    return date(calendar_year, month, min(day, monthrange(calendar_year, month)[1]))


def year_ends(year: int) -> date:
    """31 March, the last day of a fiscal year (地方自治法208条1項)."""
    return date(year + 1, 3, 31)


def accounts_close(year: int) -> date:
    """出納閉鎖期日: 31 May after the fiscal year (地方自治法235条の5). No later on a closed day: the law moves filings, not this."""
    return date(year + 1, 5, 31)


def last_working(calendar: Calendar, day: date) -> date:
    """`day` itself when offices are open, else the working day before: what is due on a holiday is due before it."""
    while not calendar.is_working(day):
        day -= timedelta(days=1)
    return day


class Window(Frozen):
    """One chance a year to ask for money. All its days lie in one fiscal year: the initial budget's in the year before its own."""

    key: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: Text
    kind: WindowKind
    policy: YearDay | None = None
    """予算編成方針: the policy under which it is drawn up."""
    requests_open: YearDay
    requests_close: YearDay
    assessment: tuple[YearDay, YearDay]
    indication: YearDay
    restoration: Span = Span(working_days=3)
    """So long after the indication a restoration (復活) may be asked for."""
    bill: YearDay
    """The bill is laid before the assembly; until then it is not public."""
    session: tuple[YearDay, YearDay]

    @model_validator(mode="after")
    def _in_order(self) -> Window:
        days = (
            *((self.policy,) if self.policy else ()),
            self.requests_open,
            self.requests_close,
            self.assessment[0],
            self.indication,
            self.bill,
            self.session[0],
            self.session[1],
        )
        resolved = [day_in(2024, d) for d in days]
        if resolved != sorted(resolved):
            raise Misfit(
                f"windows.{self.key}: 日の順が違います({', '.join(days)})。方針・"
                "要求・査定・内示・議案・会期の順に、4月から3月の間で書いてください",
                f"windows.{self.key}: its days are out of order ({', '.join(days)}); "
                "policy, requests, assessment, indication, bill and session follow each other within April to March",
            )
        return self


class Opening(Frozen):
    """A window of one fiscal year, its days on the working-day calendar. `fiscal_year`: the year whose money it is."""

    window: str
    title: Text
    kind: WindowKind
    fiscal_year: int
    policy: date | None
    requests_open: date
    requests_close: date
    assessment: tuple[date, date]
    indication: date
    restoration_by: date
    bill: date
    session: tuple[date, date]
    skeleton: bool = False
    """骨格予算: takes only what goes on already; `follows` names the window that takes what is new (肉付け)."""
    follows: str = ""

    @property
    def spends_from(self) -> date:
        """From when a contract may be made on it: the vote, and for an initial budget the first day of its year."""
        return max(self.session[1], date(self.fiscal_year, 4, 1))


class FiscalCalendar(Frozen):
    """All of it. Amounts in yen."""

    name: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    version: int = Field(ge=1)
    windows: tuple[Window, ...] = Field(min_length=1)
    skeleton_years: tuple[int, ...] = ()
    skeleton_followed_by: str = ""
    warn_before: Span = Span(working_days=15)
    contract_votes: Mapping[Bought, int] = {}
    """Expected prices from which a contract needs the assembly's vote (地方自治法96条1項5号・8号, 施行令121条の2の2)."""
    long_term_by_law: str = ""
    """The by-law that 長期継続契約 rests on (地方自治法234条の3, 施行令167条の17); without one none is recorded. (The law itself names
    electricity, gas, water, telecommunications and the lease of real estate; what is contracted is told in words only.)"""
    long_term_years: int = Field(default=LONG_TERM_YEARS, ge=1, le=100)
    """Years that a long-term continuing contract may last; by-laws mostly say five."""
    commitment_years: int = Field(default=COMMITMENT_YEARS, ge=1, le=100)
    """Years that a debt burden or a continuing expense may run: no law limits them, so the city says what is no slip of the keyboard."""
    wage_per_hour: int = Field(default=2800, ge=0)
    discount_rate: Decimal = Field(default=Decimal("0.04"), gt=-1, lt=1)
    horizon_years: int = Field(default=5, ge=1, le=60)
    sensitivity: Decimal = Field(default=Decimal("0.2"), gt=0, lt=1)

    @model_validator(mode="after")
    def _whole(self) -> FiscalCalendar:
        keys = [w.key for w in self.windows]
        if len(set(keys)) != len(keys):
            raise Misfit(
                "windows: 同じ key が2度あります。それぞれ別の key にしてください",
                "windows: a key appears twice; give each its own",
            )
        if self.skeleton_years and self.skeleton_followed_by not in keys:
            raise Misfit(
                f"skeleton_followed_by: {self.skeleton_followed_by!r} という予算の区分はありません。"
                f"{', '.join(keys)} のいずれかを書いてください",
                f"skeleton_followed_by: {self.skeleton_followed_by!r} is none of the windows; name one of {', '.join(keys)}",
            )
        return self

    @property
    def reference(self) -> str:
        return f"{self.name}@{self.version}"

    def window(self, key: str) -> Window | None:
        return next((w for w in self.windows if w.key == key), None)


def opening(fiscal: FiscalCalendar, calendar: Calendar, window: Window, year: int) -> Opening:
    """A window for the money of fiscal year `year`. Deadlines on closed days come before them, sessions after them."""
    held = year - 1 if window.kind == "initial" else year
    skeleton = window.kind == "initial" and year in fiscal.skeleton_years

    def by(text: str) -> date:
        return last_working(calendar, day_in(held, text))

    def on(text: str) -> date:
        return calendar.working_day_from(day_in(held, text))

    indication = by(window.indication)
    return Opening(
        window=window.key,
        title=window.title,
        kind=window.kind,
        fiscal_year=year,
        policy=on(window.policy) if window.policy else None,
        requests_open=on(window.requests_open),
        requests_close=by(window.requests_close),
        assessment=(on(window.assessment[0]), by(window.assessment[1])),
        indication=indication,
        restoration_by=local_day(calendar.after(end_of_business(indication), window.restoration)),
        bill=by(window.bill),
        # The vote must be there before the year ends, so a session's end never moves into April.
        session=(on(window.session[0]), min(on(window.session[1]), last_working(calendar, year_ends(held)))),
        skeleton=skeleton,
        follows=fiscal.skeleton_followed_by if skeleton else "",
    )


def still_open(now: datetime) -> date:
    """The first day whose closing is still ahead: today until the end of business, then tomorrow."""
    today = local_day(now)
    return today if now < end_of_business(today) else today + timedelta(days=1)


def openings(fiscal: FiscalCalendar, calendar: Calendar, day: date, *, years: int = 2) -> tuple[Opening, ...]:
    """All windows whose requests close on or after `day`, over the next `years` fiscal years, the earliest first."""
    now = fiscal_year(day)
    found = [
        opening(fiscal, calendar, window, year) for year in range(now, now + years + 1) for window in fiscal.windows
    ]
    return tuple(sorted((o for o in found if o.requests_close >= day), key=lambda o: (o.requests_close, o.window)))


class Reach(Frozen):
    """One window as seen from the day on which a request will be ready. `spare`: working days to the close, negative when late."""

    opening: Opening
    reachable: bool
    spare: int
    because: Literal["", "late", "skeleton"] = ""


def reach(
    fiscal: FiscalCalendar, calendar: Calendar, today: date, ready: date, *, new: bool = True, years: int = 2
) -> tuple[Reach, ...]:
    """Which windows a request that is ready on `ready` can reach, in order. A function of the days alone: whoever forecasts better
    passes a better day. What is `new` cannot go into a skeleton budget."""
    found = []
    for o in openings(fiscal, calendar, today, years=years):
        spare = (
            calendar.working_days_between(end_of_business(ready), end_of_business(o.requests_close))
            if ready <= o.requests_close
            else -calendar.working_days_between(end_of_business(o.requests_close), end_of_business(ready))
        )
        late = ready > o.requests_close
        because: Literal["", "late", "skeleton"] = "late" if late else "skeleton" if o.skeleton and new else ""
        found.append(Reach(opening=o, reachable=not because, spare=spare, because=because))
    return tuple(found)


def first_reachable(
    fiscal: FiscalCalendar, calendar: Calendar, today: date, ready: date, *, new: bool = True
) -> Opening | None:
    """The first window that can be reached; looks as far ahead as the forecast does. None when there is none."""
    ahead = max(2, fiscal_year(ready) - fiscal_year(today) + 2)
    found: Sequence[Reach] = reach(fiscal, calendar, today, ready, new=new, years=ahead)
    return next((r.opening for r in found if r.reachable), None)


def warn_at(fiscal: FiscalCalendar, calendar: Calendar, found: Opening) -> datetime:
    """When it is told that requests close soon; aware UTC."""
    return calendar.before(end_of_business(found.requests_close), fiscal.warn_before)
