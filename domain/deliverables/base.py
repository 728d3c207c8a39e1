"""What all forms share: fields with help in two languages, rules with a name, and the checks that recur.

Every field may be left empty while a form is being drafted; whether it is complete is a matter of the form's rules, which
name what is missing. Wrong shapes (text where a number belongs) are errors of input.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Generic, TypeVar

from pydantic import Field, StringConstraints

from domain.messages import Frozen, Problem, Text

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Day = date
"""A type name for fields that are themselves called `date`."""
Fiscal = Annotated[int, Field(ge=1950, le=2100, description="fiscal year by its first calendar year / 年度(西暦)")]
Yen = Annotated[int, Field(ge=0, description="yen / 円")]


def said(ja: str, en: str, default: Any = "", **constraints: Any) -> Any:
    """A field with its help text in both languages; empty unless given. Lists and models pass a `default`."""
    if isinstance(default, tuple | list | dict):
        return Field(
            default=tuple(default) if isinstance(default, list) else default, description=f"{ja} / {en}", **constraints
        )
    return Field(default=default, description=f"{ja} / {en}", **constraints)


class Form(Frozen):
    """Base of every deliverable."""


class Evidence(Frozen):
    """Where a statement comes from: the source, its date, and the sha256 of what was read."""

    source: str = said("出典", "source")
    date: Day | None = said("日付", "date of the source", None)
    sha256: Sha256 | None = said("原本のSHA-256", "sha256 of the evidence", None)
    note: str = said("備考", "note")


class Promise(Frozen):
    """Something promised to or by a department, and until when."""

    text: str = said("約束の内容", "what is promised")
    by: str = said("約束した部署(組織ID)", "unit that promises (unit id)")
    due: date | None = said("期限", "until when", None)


F = TypeVar("F", bound=Form)


@dataclass(frozen=True)
class Context:
    """What a rule may look at besides the form: known ids, and what the lifecycle already knows."""

    today: date
    people: frozenset[str]
    units: frozenset[str]
    departments: tuple[str, ...] = ()
    round: int = 1
    voted: frozenset[int] = frozenset()
    """Fiscal years for which a contract may be made: a budget has been voted (議決), or a commitment covers them."""
    committed: tuple[tuple[int, int], ...] = ()
    """Spans of fiscal years, first and last, over which one contract may run."""
    contracted: bool | None = None
    """Whether what is being procured is under contract; None when no procurement was begun."""
    measured: frozenset[str] = frozenset()
    """KPI keys with at least one measurement in this round."""
    kpis: tuple[str, ...] = ()
    hypotheses: int = 0
    """How many hypotheses the lifecycle knows of; 0 where it knows none."""
    outcomes: tuple[str, ...] = ()
    back_to: tuple[str, ...] = ()
    fixed_before: date | None = None
    section: str = ""
    """The section in charge."""
    spread: frozenset[str] = frozenset()
    """Sections to which an earlier expansion has been carried."""
    came_through: frozenset[str] = frozenset()
    """Sections that it was carried here from."""
    evaluated: str = ""
    """What the system recommends now, by its stated rules; empty when it recommends nothing."""


@dataclass(frozen=True)
class Rule(Generic[F]):
    """A named demand on a form. `check` gives the problems, none when it is met."""

    name: str
    title: Text
    check: Callable[[F, Context], Iterable[Problem]]


def missing(field: str, ja: str, en: str) -> Problem:
    return Problem(
        field=field, value=None, message=Text(ja=f"{ja}を記入してください", en=f"{en} is missing; fill it in")
    )


def wrong(field: str, value: Any, ja: str, en: str) -> Problem:
    shown = value.isoformat() if isinstance(value, date) else value
    return Problem(field=field, value=shown, message=Text(ja=ja, en=en))


def blank(value: Any) -> bool:
    """Nothing there: None, text of spaces, or a list of nothing but blanks. Zero and False are something."""
    if isinstance(value, str):
        return not value.strip()
    return value is None or (isinstance(value, tuple) and all(blank(item) for item in value))


def filled(name: str, ja: str, en: str, *fields: str) -> Rule[Any]:
    """The rule that each of the named fields is there and not blank."""

    def check(form: Form, _: Context) -> Iterable[Problem]:
        for field in fields:
            value = getattr(form, field)
            if blank(value):
                titles = (type(form).model_fields[field].description or field).split(" / ", 1)
                yield missing(field, titles[0], titles[-1])

    return Rule(name=name, title=Text(ja=ja, en=en), check=check)


def known_people(field: str, people: Iterable[str], context: Context) -> Iterable[Problem]:
    for person in people:
        if person and person not in context.people:
            yield wrong(
                field,
                person,
                "名簿にない職員です。people.yaml の ID を書いてください",
                f"person {person!r} is not in the directory; use an id of people.yaml",
            )


def known_units(field: str, units: Iterable[str], context: Context) -> Iterable[Problem]:
    for unit in units:
        if unit and unit not in context.units:
            yield wrong(
                field,
                unit,
                "組織表にない部署です。people.yaml の組織IDを書いてください",
                f"unit {unit!r} is not in the directory; use a unit id of people.yaml",
            )


def digest(content: Any) -> str:
    """sha256 of a form's canonical JSON: what a decision is taken on."""
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()
