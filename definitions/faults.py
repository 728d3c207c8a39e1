"""What is wrong in a document that people wrote: where, which field, which value, and what to do about it, in both languages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from domain.messages import Frozen, Text
from domain.misfits import said_of

LONGEST = 80
"""Characters of a value that are shown."""


class Fault(Frozen):
    """One thing that is wrong. `place`: `line 3`, `kpis.csv line 2`, "" for the document as a whole; `field` and `value` likewise;
    `message`: what is the matter; `remedy`: what to do, where the message does not say it."""

    place: str = ""
    field: str = ""
    value: str = ""
    message: Text
    remedy: Text | None = None

    @property
    def said(self) -> Text:
        """The message with the remedy."""
        if self.remedy is None:
            return self.message
        return Text(ja=f"{self.message.ja}。{self.remedy.ja}", en=f"{self.message.en}; {self.remedy.en}")

    @property
    def where(self) -> str:
        """Place, field and value, as far as there are any: `line 3: value: 12,5: `."""
        return "".join(f"{part}: " for part in (self.place, self.field, self.value) if part)

    def __str__(self) -> str:
        return f"{self.where}{self.said}"

    def at(self, place: str) -> Fault:
        """The same at a place."""
        return self.model_copy(update={"place": place})


def fault(ja: str, en: str, *, place: str = "", field: str = "", value: Any = None) -> Fault:
    """What is the matter and what to do, of a value of any kind: long ones are shortened, None is none."""
    shown = "" if value is None else str(value)
    shown = shown if len(shown) <= LONGEST else f"{shown[:LONGEST]}…"
    return Fault(place=place, field=field, value=shown, message=Text(ja=ja, en=en))


class DocumentError(ValueError):
    """A file that cannot be used, with everything that is wrong in it."""

    def __init__(self, path: Path, faults: Sequence[Fault]) -> None:
        super().__init__("\n".join(f"{path}: {f}" for f in faults))
        self.faults = tuple(faults)


def placed(place: str, faults: Iterable[Fault]) -> list[Fault]:
    """Faults of one row, at its place."""
    return [f.at(place) for f in faults]


def unfit(error: Mapping[str, Any]) -> Fault:
    """One error of pydantic's, as `ValidationError.errors` gives it."""
    field = ".".join(str(part) for part in error["loc"])
    if error["type"] == "missing":
        return fault("ありません。記入してください", "missing; fill it in", field=field)
    if error["type"] == "extra_forbidden":
        return fault(
            "知らない項目です。除いてください", "unknown field; take it out", field=field, value=error.get("input")
        )
    said = said_of(error)
    return fault(said.ja, f"{said.en}; correct it", field=field, value=error.get("input") if field else None)
