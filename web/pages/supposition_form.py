"""The form of a what-if: what was typed as a question, and a question as it was typed; what cannot be used stands beside its box."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from domain.days import day as written_day
from domain.messages import Problem, Refusal, Text
from domain.process import ProcessDefinition
from rehearsal.contract import Supposition
from web.pages.forming import problems_of
from web.pages.processes import read

STEP, PACE, CAPACITY = "without.", "pace.", "capacity."
"""Before a step's place and before a role in the names of boxes."""


@dataclass
class Typed:
    """What was typed, as it was typed; the question that it makes, as far as it makes one; and what of it cannot be used."""

    text: Mapping[str, str]
    asked: Supposition | None = None
    problems: dict[str, list[Text]] = field(default_factory=dict)
    refusal: Refusal | None = None


def typed(text: Mapping[str, str]) -> Typed:
    """The question of a form. Numbers and days as people write them; what is none is told beside its box."""
    found = Typed(text)
    pace = _numbers(text, PACE, found.problems)
    capacity = _numbers(text, CAPACITY, found.problems)
    fields: dict[str, Any] = {
        "definition": text.get("definition", "").strip() or None,
        "document": document(text, found.problems),
        "without": tuple(k.removeprefix(STEP) for k, v in text.items() if k.startswith(STEP) and v == "yes"),
        "pace": pace,
        "capacity": capacity,
        "deadlines": _days(text.get("deadlines", ""), "deadlines", found.problems),
        "until": next(iter(_days(text.get("until", ""), "until", found.problems)), None),
    }
    if seed := _plain(text.get("seed", "")):
        fields["seed"] = seed
    try:
        asked = Supposition.model_validate(fields)
    except ValidationError as error:
        for path, texts in problems_of(error).items():
            found.problems.setdefault(path, []).extend(texts)
        return found
    found.asked = asked
    return found


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).replace(",", "").strip()


def _numbers(text: Mapping[str, str], prefix: str, problems: dict[str, list[Text]]) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, value in text.items():
        plain = _plain(value).removesuffix("倍").removesuffix("件").strip()
        if not name.startswith(prefix) or not plain:
            continue
        whole = prefix == CAPACITY
        if not re.fullmatch(r"\d{1,6}" if whole else r"\d{1,6}(\.\d{1,6})?", plain, re.ASCII):
            said = Text(ja="1 以上の整数にしてください", en="give a whole number from 1")
            problems[name] = [
                said if whole else Text(ja="1.5 のような数にしてください", en="give a number such as 1.5")
            ]
            continue
        found[name.removeprefix(prefix)] = int(plain) if whole else float(plain)
    return found


def _days(text: str, name: str, problems: dict[str, list[Text]]) -> tuple[Any, ...]:
    found = []
    for line in re.split(r"[\n、,]+", text.strip()) if text.strip() else ():
        day = written_day(line.strip())
        if day is None:
            said = Text(
                ja=f"日付として読めません({line.strip()[:40]})。令和9年2月12日のように書いてください",
                en=f"not a day ({line.strip()[:40]}); write it like 2027-02-12",
            )
            problems.setdefault(name, []).append(said)
        else:
            found.append(day)
    return tuple(found)


def document(text: Mapping[str, str], problems: dict[str, list[Text]]) -> ProcessDefinition | None:
    """The definition that was pasted or uploaded, None where there is none or it cannot be read."""
    given = text.get("document", "")
    if not given.strip():
        return None
    found, wrong = read(ProcessDefinition, given.replace("\r\n", "\n").encode("utf-8", "replace"))
    if wrong:
        problems["document"] = wrong
    return found


def words(asked: Supposition) -> dict[str, str]:
    """The form as it was when a question was asked."""
    own = asked.document.model_dump_json(exclude_defaults=True, indent=1) if asked.document is not None else ""
    return {
        "definition": asked.definition or "",
        "document": own,
        "deadlines": "\n".join(d.isoformat() for d in asked.deadlines),
        "until": asked.until.isoformat() if asked.until else "",
        "seed": str(asked.seed),
        **{f"{STEP}{place}": "yes" for place in asked.without},
        **{f"{PACE}{role}": f"{number:g}" for role, number in asked.pace.items()},
        **{f"{CAPACITY}{role}": str(number) for role, number in asked.capacity.items()},
    }


def beside(found: Typed, problems: Iterable[Problem]) -> None:
    """Put what cannot be used beside its boxes; what a box does not show itself is named."""
    for p in problems:
        named = p.value is not None and p.field in ("without", "document")
        said = Text(ja=f"{p.value}: {p.message.ja}", en=f"{p.value}: {p.message.en}") if named else p.message
        found.problems.setdefault(p.field, []).append(said)
