"""From rows of a portfolio to commands: what people write becomes fields, and everything wrong is told by its place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from definitions.faults import DocumentError, Fault, fault, unfit
from domain.deliverables.base import digest
from domain.deliverables.registry import parse
from domain.lifecycle import adopting as ad
from domain.lifecycle.commands import LifecycleCommand, stream_of
from domain.messages import Refusal, Refused
from domain.process import ProcessDefinition
from imports import figures, records
from imports.portfolios import BRIEF, HISTORY, KNOWN, Path_, Row
from imports.spreadsheets import unknown

_FORMS = {"kpis": "kpis", "review_date": "kpis", "departments": "setup"}
"""What may be written without its form, and the form that holds it."""


@dataclass
class Desk:
    """What rows are checked against. `judge` decides a command without recording it, and gives the state it leads to."""

    definition: str
    published: set[str]
    process: Callable[[str], ProcessDefinition]
    judge: Callable[[LifecycleCommand], Refusal | None]
    begun: Callable[[str], str | None] = lambda _: None
    """The definition that a stream's lifecycle began under."""


def adoptions(path: Path, rows: Sequence[Row], desk: Desk) -> list[ad.AdoptLifecycle]:
    """A command for each row. Raises `DocumentError` with all problems of all rows."""
    problems, commands = _twice(rows), []
    for row in rows:
        intake = _Intake(row, desk)
        command = intake.adoption()
        problems += intake.problems
        if command is not None:
            commands.append(command)
    if problems:
        raise DocumentError(path, problems)
    return commands


def supplements(
    path: Path, rows: Sequence[Row], desk: Desk, known: Callable[[str], records.Known | None]
) -> list[tuple[str, ad.SupplementHistory | None]]:
    """(id, command) for each row; None where everything is on record already. Raises `DocumentError`."""
    problems, commands = _twice(rows), []
    for row in rows:
        intake = _Intake(row, desk)
        there = known(intake.ref) if intake.ref else None
        if there is None or there.state.adopted is None:
            en = "not an adopted task; `adopt FILE` it first"
            intake.say(("id",), intake.ref or None, "引き継いだ課題ではありません", en)
        else:
            commands.append((intake.ref, intake.supplement(there)))
        problems += intake.problems
    if problems:
        raise DocumentError(path, problems)
    return commands


def _twice(rows: Sequence[Row]) -> list[Fault]:
    seen: dict[str, str] = {}
    problems = []
    for row in rows:
        ref, here = str(row.content.get("id") or ""), row.where(("id",))
        if ref and ref in seen:
            ja, en = f"{seen[ref]} にもあります。一つにしてください", f"also at {seen[ref]}; keep one"
            problems.append(fault(ja, en, place=here, field="id", value=ref))
        seen.setdefault(ref, here)
    return problems


class _Intake:
    """One row on its way to a command."""

    def __init__(self, row: Row, desk: Desk) -> None:
        self.row, self.desk = row, desk
        self.problems: list[Fault] = list(row.problems)
        self.unread: set[Path_] = set()
        self.brief: dict[int, str] = {}
        """Deliverables made of what was written without its form: index -> the field it was written as."""
        self.content = {k: v for k, v in self._read(row.content, ()).items() if v is not None}
        given = self.content.get("id")
        self.ref = "" if given is None or isinstance(given, bool | dict | list) else str(given).strip()
        for name in row.content:
            if name not in KNOWN:
                said = unknown(name, KNOWN)
                self.say((name,), None, said.ja, said.en)
        if isinstance(self.content.get("source"), str):
            self.content["source"] = {"name": self.content["source"]}
        for name in ("tags", "departments"):
            if isinstance(self.content.get(name), str):
                self.content[name] = [t.strip() for t in self.content[name].split(";") if t.strip()]
        self._listed()

    def say(self, path: Path_, value: Any, ja: str, en: str) -> None:
        """One problem: place, field, value, what to do."""
        path = self._written(path)
        named = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in path).lstrip(".") or "(row)"
        self.problems.append(fault(ja, en, place=self.row.where(path), field=named, value=value))

    def _written(self, path: Path_) -> Path_:
        if len(path) > 1 and path[0] == "deliverables" and path[1] in self.brief:
            return path[3:] or (self.brief[int(path[1])],)
        return path

    def _read(self, value: Any, path: Path_) -> Any:
        """Days, years and amounts as people write them, at any depth."""
        if isinstance(value, dict):
            return {str(k): self._read(v, (*path, str(k))) for k, v in value.items()}
        if isinstance(value, list):
            return [self._read(v, (*path, i)) for i, v in enumerate(value)]
        name = path[-1] if path else None
        if value is None or value == "" or name not in figures.FIELDS or isinstance(value, bool):
            return value
        read, ja, en = figures.FIELDS[str(name)]
        found = read(value)
        if found is None:
            self.unread.add(path)
            self.say(path, value, ja, en)
        return found

    def _listed(self) -> None:
        for name in (*HISTORY, "kpis"):
            items = self.content.get(name, [])
            if not isinstance(items, list) or not all(isinstance(i, dict) for i in items):
                self.say((name,), items, "項目の並びを書いてください", "expected a list of items with fields")
                self.content[name] = []
        for item in self.content.get("measurements", []):
            if isinstance(item.get("source"), str):
                item["source"] = {"source": item["source"]}

    # --- commands ------------------------------------------------------------------------------------------------

    def adoption(self) -> ad.AdoptLifecycle | None:
        begun = self.desk.begun(stream_of(self.ref)) if self.ref else None
        reference = str(self.content.get("definition") or begun or self.desk.definition)
        if reference not in self.desk.published:
            listed = ", ".join(sorted(self.desk.published))
            self.say(("definition",), reference, "公開されていません", f"not published; published are: {listed}")
            return None
        if not self.ref:
            self.say(
                ("id",),
                self.content.get("id"),
                "固有の id を付けてください",
                "missing; give each task an id of its own",
            )
        process = self.desk.process(reference)
        self._expand(process, self.content.get("stage"), self.content.get("round", 1))
        own = {k: v for k, v in self.content.items() if k not in ("id", "source", *HISTORY, *BRIEF) and k in KNOWN}
        fields = {**own, "ref": self.ref or "-", "definition": reference, "history": self._history()}
        fields |= {"command_id": f"adopt:{self.ref}", "stream": stream_of(self.ref)}
        command: ad.AdoptLifecycle | None = self._validated(ad.AdoptLifecycle, fields)
        if command is None or not self._shaped(command.history, process):
            return None
        items = records.items(command.history)
        return command if self._judged(items, lambda some: command.model_copy(update={"history": some})) else None

    def supplement(self, known: records.Known) -> ad.SupplementHistory | None:
        """What the row brings besides what is on record. None when that is nothing, or when something is wrong."""
        state = known.state
        assert state.adopted is not None
        process = self.desk.process(state.definition)
        self.content.setdefault("source", state.adopted.model_dump())
        self._expand(process, state.adopted_at, self.content.get("round", state.round))
        fields = {"command_id": "-", "stream": state.stream, "history": self._history()}
        command: ad.SupplementHistory | None = self._validated(ad.SupplementHistory, fields)
        if command is None or not self._shaped(command.history, process):
            return None
        recorded = {sign for event in known.events if (sign := records.of_event(event)) is not None}
        items = [i for i in records.items(command.history) if records.of_item(i[2], process) not in recorded]
        if not items:
            return None
        history = records.history(command.history, items)
        named = {"command_id": f"supplement:{digest(history.model_dump(mode='json'))[:32]}"}
        made = command.model_copy(update=named)
        if not self._judged(items, lambda some: made.model_copy(update={"history": some})):
            return None
        return made.model_copy(update={"history": history})

    def _history(self) -> dict[str, Any]:
        history = {name: self.content[name] for name in HISTORY if name in self.content}
        return {**history, **({"source": self.content["source"]} if "source" in self.content else {})}

    def _expand(self, process: ProcessDefinition, stage: Any, round_: Any) -> None:
        """KPIs, review date and departments written in brief become the deliverables of their stages."""
        order = [s.key for s in process.stages] + ([process.wind_down.key] if process.wind_down else [])
        given = [*self.content.get("deliverables", [])]
        for name in BRIEF:
            if name not in self.content or (name == "kpis" and not self.content[name]):
                continue
            holder = next((s.key for s in process.stages if s.deliverable == _FORMS[name]), None)
            if holder is None:
                self.say(
                    (name,),
                    None,
                    "このプロセス定義に欄がありません",
                    f"{process.reference} has no form for it; leave it out",
                )
                continue
            ahead = stage in order and order.index(holder) > order.index(stage)
            at = round_ - 1 if ahead and isinstance(round_, int) and round_ > 1 else round_
            same = (i for i, d in enumerate(given) if (d.get("stage"), d.get("round", 1)) == (holder, at))
            index = next(same, None)
            if index is None:
                index = len(given)
                self.brief[index] = name
                given.append({"stage": holder, "round": at, "content": {}})
            content = given[index].get("content")
            if isinstance(content, dict) and name in content:
                twice = f"deliverables[{index}]"
                self.say((name,), None, f"{twice} にもあります。一つにしてください", f"also in {twice}; keep one")
            elif isinstance(content, dict):
                given[index] = {**given[index], "content": {**content, name: self.content[name]}}
        for i, past in enumerate(given):
            inside, form = (
                past.get("content"),
                {x.key: x.deliverable for x in process.stages}.get(str(past.get("stage"))),
            )
            if form == "setup" and isinstance(inside, dict):
                said = {k: v for k in ("viewpoint", "weight") if (v := self.content.get(k)) is not None}
                given[i] = {**past, "content": {**said, **inside}}
        if given:
            self.content["deliverables"] = given

    # --- what is wrong -------------------------------------------------------------------------------------------

    def _validated(self, model: type[Any], fields: dict[str, Any]) -> Any:
        """The command, or None after telling what does not fit."""
        try:
            command = model.model_validate(fields)
        except ValidationError as error:
            for found in error.errors(include_url=False):
                path = tuple(p for p in found["loc"] if p != "history")
                if path in self.unread:
                    continue
                if path == ("source",) and found["type"] == "missing":
                    en = "missing; say where this is known from (a list, a file, a person's knowledge)"
                    self.say(path, None, "出典がありません。どこから分かったかを書いてください", en)
                else:
                    named = found["loc"] and found["type"] not in ("missing", "extra_forbidden")
                    said = unfit(found).message
                    self.say(path, found.get("input") if named else None, said.ja, said.en)
            return None
        return None if self.problems else command

    def _shaped(self, history: ad.History, process: ProcessDefinition) -> bool:
        """Whether every deliverable fits its form; stages that the process does not have are left to its rules."""
        forms = {s.key: s.deliverable for s in process.all_stages}
        for i, past in enumerate(history.deliverables):
            if past.stage not in forms:
                continue
            try:
                parse(forms[past.stage], past.content)
            except Refused as refused:
                for p in refused.refusal.problems:
                    parts = tuple(int(x) if x.isdigit() else x for x in p.field.split("."))
                    self.say(("deliverables", i, "content", *parts), p.value, p.message.ja, p.message.en)
        return not self.problems

    def _judged(self, items: Sequence[records.Item], build: Callable[[ad.History], LifecycleCommand]) -> bool:
        """Whether the rules take it. If not, the first item without which they would have is named."""
        source = ad.History(source=self.content["source"])
        refusal = self.desk.judge(build(records.history(source, items)))
        if refusal is None:
            return True
        path: Path_ = (refusal.message.en.split(":")[0],)
        if self.desk.judge(build(source)) is None:
            taken, refused = 0, len(items)  # the first so many are taken, the first so many are not
            while refused - taken > 1:
                middle = (taken + refused) // 2
                if (found := self.desk.judge(build(records.history(source, items[:middle])))) is None:
                    taken = middle
                else:
                    refused, refusal = middle, found
            path = items[refused - 1][:2]
        if path[0] not in KNOWN:
            path = ()
        ja, en = _unnamed(refusal.message.ja), _unnamed(refusal.message.en)
        self.say(path, None, f"{ja}。{refusal.remedy.ja}", f"{en}; {refusal.remedy.en} ({refusal.rule})")
        return False


def _unnamed(message: str) -> str:
    """A message without the field that it begins with: the place says it better."""
    first, _, rest = message.partition(": ")
    return rest if rest and first.isascii() and " " not in first else message
