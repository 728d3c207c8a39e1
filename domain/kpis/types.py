"""Types of KPI: what a value of each may be, and how the values of several periods make one. A type is a class and one line.

The formulas are sum, arithmetic mean and last value; which of them a type takes, and its range, is ours.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import ClassVar, Literal

from domain.messages import Text

TypeKey = Literal["count", "ratio", "mean", "duration", "money", "index", "satisfaction"]
Bounds = tuple[Decimal | None, Decimal | None]


@lru_cache(maxsize=1024)
def plain(unit: str) -> str:
    """A unit with full-width signs as plain ones."""
    return unicodedata.normalize("NFKC", unit).strip()


class KpiType:
    """What is common: any finite number, point values only, periods combined by their unweighted mean."""

    key: ClassVar[TypeKey]
    title: ClassVar[Text]
    unit: ClassVar[str]
    """Where none is named."""
    accumulates: ClassVar[bool] = False
    """Values of periods may be added up towards the target."""
    whole: ClassVar[bool] = False
    combining: ClassVar[Text] = Text(ja="各期間の単純平均", en="unweighted mean of the periods")

    @classmethod
    def own(cls, unit: str) -> Bounds:
        """Least and greatest value that the type allows in a unit; None is unbounded."""
        return None, None

    @classmethod
    def combine(cls, values: Sequence[Decimal]) -> Decimal:
        """One value of several periods, in order; ValueError where there are none."""
        if not values:
            raise ValueError("no values to combine")
        return sum(values, Decimal(0)) / len(values)


class _Sum(KpiType):
    accumulates = True
    combining = Text(ja="各期間の合計", en="sum of the periods")

    @classmethod
    def combine(cls, values: Sequence[Decimal]) -> Decimal:
        if not values:
            raise ValueError("no values to combine")
        return sum(values, Decimal(0))


class Count(_Sum):
    """件数・人数: whole, never negative, added up."""

    key = "count"
    title = Text(ja="件数・人数", en="count")
    unit = "件"
    whole = True

    @classmethod
    def own(cls, unit: str) -> Bounds:
        return Decimal(0), None


class Ratio(KpiType):
    """割合: 0 to 100 in %, 0 to 1,000 in ‰, else never negative. The mean over periods is unweighted, since a share does not
    carry its denominator."""

    key = "ratio"
    title = Text(ja="割合", en="ratio")
    unit = "%"
    _WHOLES: ClassVar[Mapping[str, int]] = {"%": 100, "パーセント": 100, "‰": 1000}

    @classmethod
    def own(cls, unit: str) -> Bounds:
        whole = cls._WHOLES.get(plain(unit))
        return Decimal(0), None if whole is None else Decimal(whole)


class Mean(KpiType):
    """平均: any number."""

    key = "mean"
    title = Text(ja="平均", en="mean")
    unit = ""


class Duration(KpiType):
    """時間・日数: never negative. Hours saved may be added up (累計); a level, such as days to an answer, is averaged."""

    key = "duration"
    title = Text(ja="時間・日数", en="duration")
    unit = "時間"
    accumulates = True

    @classmethod
    def own(cls, unit: str) -> Bounds:
        return Decimal(0), None


class Money(_Sum):
    """金額: a balance may be negative, so it has no bounds; added up."""

    key = "money"
    title = Text(ja="金額", en="money")
    unit = "円"


class Index(KpiType):
    """指数: any number; of several periods the last one holds."""

    key = "index"
    title = Text(ja="指数", en="index")
    unit = ""
    combining = Text(ja="最後の期間の値", en="the last period's value")

    @classmethod
    def combine(cls, values: Sequence[Decimal]) -> Decimal:
        if not values:
            raise ValueError("no values to combine")
        return values[-1]


class Satisfaction(KpiType):
    """満足度: 0 to 100 in %, else the five grades of a questionnaire (1 to 5) unless the form names the ends of its scale."""

    key = "satisfaction"
    title = Text(ja="満足度", en="satisfaction")
    unit = "点"

    @classmethod
    def own(cls, unit: str) -> Bounds:
        return (Decimal(0), Decimal(100)) if plain(unit) == "%" else (Decimal(1), Decimal(5))


TYPES: Mapping[str, type[KpiType]] = {t.key: t for t in (Count, Ratio, Mean, Duration, Money, Index, Satisfaction)}
"""Every type, one line each."""


def bounds(key: str | None, unit: str, lowest: Decimal | None = None, highest: Decimal | None = None) -> Bounds:
    """Least and greatest value of a KPI, None where unbounded. The ends of a scale that the form names narrow those of its type;
    for a satisfaction they take their place (a scale of 0 to 10 is one too)."""
    if key is None:
        return lowest, highest
    least, most = TYPES[key].own(unit)
    if key == "satisfaction" and (lowest is not None or highest is not None):
        return lowest, highest
    if lowest is not None:
        least = lowest if least is None else max(least, lowest)
    if highest is not None:
        most = highest if most is None else min(most, highest)
    return least, most


MOST_DIGITS, MOST_PLACES = 18, 20
"""Digits before and behind the point that a value may have: more is a slip of the keyboard, and a figure such as 1e999999999 is
short to write and cannot be reckoned with or printed. Ours; a budget of a quadrillion yen has 16, a 64-bit float 17 in all."""


def unusable(value: Decimal) -> Text | None:
    """Why a figure is no value at all, in words; None for a finite number of at most 18 digits and 20 decimals."""
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int):
        return Text(ja="数値ではありません", en="not a finite number")
    if value.adjusted() >= MOST_DIGITS or exponent < -MOST_PLACES:
        return Text(
            ja=f"桁が多すぎます(整数{MOST_DIGITS}桁、小数{MOST_PLACES}桁まで)",
            en=f"too long (at most {MOST_DIGITS} digits and {MOST_PLACES} decimals)",
        )
    return None


def outside(
    key: str | None, unit: str, value: Decimal, lowest: Decimal | None = None, highest: Decimal | None = None
) -> Text | None:
    """Why a value cannot be one of this KPI, in words; None where it can."""
    least, most = bounds(key, unit, lowest, highest)
    if (least is not None and value < least) or (most is not None and value > most):
        ja = f"{'' if least is None else least}〜{'' if most is None else most}"
        en = f"{'-inf' if least is None else least} to {'inf' if most is None else most}"
        return Text(ja=f"範囲({ja}{unit})の外です", en=f"outside its range of {en}")
    if key is not None and TYPES[key].whole and value != value.to_integral_value():
        return Text(ja="件数・人数は整数です", en="no whole number, as a count is")
    return None
