"""One change, few rooms: every event, command, form and field is handled, told and explained everywhere it must be."""

from __future__ import annotations

import inspect
import re
import types
from collections.abc import Iterator
from typing import Any, Union, get_args, get_origin

import pytest
from pydantic import BaseModel

from domain.deliverables.base import Form
from domain.deliverables.registry import DELIVERABLES
from domain.lifecycle import (
    absence,
    adopting,
    amendments,
    attaching,
    budgets,
    commands,
    committing,
    concluding,
    consultations,
    consulting,
    dates,
    decide,
    descent,
    dialogue,
    events,
    evolve,
    feeding,
    handing,
    handover,
    measuring,
    migrating,
    procuring,
    publishing,
    react,
    registering,
    reopening,
    story,
    sunset,
    valuing,
    winding,
    windows,
)
from domain.lifecycle.checks import CHECKS
from domain.lifecycle.state import Lifecycle
from domain.messages import Command, Event
from domain.process import REOPENING, PostRef
from domain.process_stream import unknown_names
from domain.registry import KINDS
from tests.given import PROCESS, Case, person

ROOMS = (
    commands,
    events,
    absence,
    adopting,
    amendments,
    attaching,
    budgets,
    committing,
    concluding,
    consultations,
    consulting,
    dates,
    descent,
    dialogue,
    feeding,
    handing,
    handover,
    measuring,
    migrating,
    procuring,
    publishing,
    registering,
    reopening,
    sunset,
    valuing,
    windows,
    winding,
)


def defined(module: types.ModuleType, base: type) -> set[type]:
    """Concrete classes of a module that derive from `base`: those with a type name of their own."""
    classes = (c for _, c in inspect.getmembers(module, inspect.isclass))
    return {c for c in classes if issubclass(c, base) and c.__module__ == module.__name__ and "type" in vars(c)}


def models(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models named anywhere in an annotation."""
    if get_origin(annotation) is not None or isinstance(
        annotation, Union if isinstance(Union, type) else types.UnionType
    ):
        for argument in get_args(annotation):
            yield from models(argument)
    elif inspect.isclass(annotation) and issubclass(annotation, BaseModel):
        yield annotation


def forms() -> set[type[BaseModel]]:
    found: set[type[BaseModel]] = set()
    todo: list[type[BaseModel]] = [d.form for d in DELIVERABLES.values()]
    while todo:
        model = todo.pop()
        if model not in found:
            found.add(model)
            todo += [m for field in model.model_fields.values() for m in models(field.annotation)]
    return found


def test_every_event_is_registered_folded_and_told() -> None:
    all_events = {e for room in ROOMS for e in defined(room, Event)}
    assert set(KINDS["lifecycle"].events.values()) == all_events
    assert set(evolve._FOLDS) == all_events
    assert set(story._LINES) == all_events
    assert set(react._QUIET) <= all_events


def test_every_command_is_registered_and_handled() -> None:
    all_commands = {c for room in ROOMS for c in defined(room, Command)}
    assert set(KINDS["lifecycle"].commands.values()) == all_commands
    assert {*decide._HANDLERS, commands.StartLifecycle, adopting.AdoptLifecycle} == all_commands


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda k: k.name)
def test_every_kind_names_its_messages_by_their_types(kind: Any) -> None:
    for messages in (kind.commands, kind.events):
        assert {name: m.type for name, m in messages.items()} == {name: name for name in messages}
    assert {m.kind for m in kind.commands.values()} == {kind.name}
    assert kind.fold_version >= 1 and kind.initial("s").stream == "s"


def test_no_two_messages_share_a_name() -> None:
    names = [name for kind in KINDS.values() for messages in (kind.commands, kind.events) for name in messages]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("message", [m for k in KINDS.values() for m in (*k.events.values(), *k.commands.values())])
def test_messages_speak_in_the_right_mood(message: type[BaseModel]) -> None:
    past = ("ed", "Made", "Held", "Sent", "Overdue", "Withdrawn", "HandedOver", "HandedOn", "TakenBack", "FellBack")
    assert message.__name__.endswith(past) == issubclass(message, Event) or message is commands.DeadlinePassed


def every_way() -> Case:
    """A lifecycle in which every type of event happens."""
    case = Case()
    case.start(title="counter").done()
    case.tick(case.state.requests[0].due_at)
    case.submit().done()
    case.give("conditions", conditions=(commands.Condition(text="monthly report"),)).done()
    case.when(case.make(commands.FulfilPromise, promise=case.state.promises[0].id)).done()
    assert case.state.requests[0].escalate_at
    case.tick(case.state.requests[0].escalate_at)
    case.when(case.make(commands.WithdrawDraft, reason="誤記")).done()
    case.when(case.make(commands.HoldLifecycle, reason="選挙", until=case.now.date().replace(year=2027))).done()
    case.tick()
    case.when(case.make(commands.ResumeLifecycle)).done()
    case.when(case.make(commands.RecordBudget, fiscal_year=2026, state="asked", amount=1), person("finance")).done()
    case.submit().done()
    case.give("return", comment="根拠").done()
    case.at("review").decide_outcome("abolition")
    case.submit().done()
    case.give("approve").done()
    case.when(case.make(commands.DropLifecycle, reason="統合")).done()
    return case


def test_every_event_happens_and_is_told_in_both_languages() -> None:
    case = every_way()
    # Merging, returning to a step and telling a coordinator need another route, see `test_routes` and `test_registering`.
    elsewhere = {events.StepMerged, events.StepReturned, events.CoordinatorInformed}
    beside = set(winding.EVENTS.values())
    assert {type(r.event) for r in case.log} - beside == set(events.EVENTS.values()) - elsewhere
    state = Lifecycle(stream=case.state.stream)
    for recorded in case.log:
        state = evolve.evolve(state, recorded)
        told = story.line(state, recorded.event)
        assert told.ja.strip() and told.en.strip()
        assert told.en.isascii(), "Japanese in the English line"
        assert not told.ja.isascii(), "no Japanese in the Japanese line"
        assert "  " not in told.en and "to ," not in told.en


def test_every_form_named_by_the_definition_exists_and_the_other_way_round() -> None:
    assert unknown_names(PROCESS) == []
    named = {s.deliverable for s in PROCESS.stages} | {PROCESS.wind_down.deliverable if PROCESS.wind_down else ""}
    assert named | {PROCESS.stage(REOPENING).deliverable} == set(DELIVERABLES)
    assert {name for s in PROCESS.stages for name in s.passes_when} <= set(CHECKS)


def test_every_form_has_rules_and_a_title_in_both_languages() -> None:
    for key, deliverable in DELIVERABLES.items():
        assert deliverable.key == key and deliverable.rules
        assert deliverable.title.ja.strip() and deliverable.title.en.strip()
        assert issubclass(deliverable.form, Form) and deliverable.form.__doc__


@pytest.mark.parametrize("model", [pytest.param(m, id=m.__name__) for m in sorted(forms(), key=str)])
def test_every_field_of_a_form_explains_itself_in_both_languages(model: type[BaseModel]) -> None:
    for name, field in model.model_fields.items():
        assert field.description, f"{model.__name__}.{name} has no help"
        ja, _, en = field.description.partition(" / ")
        assert not ja.isascii() or ja == "KPI", f"{model.__name__}.{name}: {field.description}"
        assert re.match("[A-Za-z]", en), f"{model.__name__}.{name}: {field.description}"


def test_the_forms_reach_their_parts() -> None:
    assert {"Evidence", "Option", "SmallStart", "Kpi", "Member", "Amounts"} <= {m.__name__ for m in forms()}


def test_every_title_of_the_definition_is_in_both_languages() -> None:
    stages = (*PROCESS.stages, *((PROCESS.wind_down,) if PROCESS.wind_down else ()))
    titles = [s.title for s in stages] + [g.title for s in stages for g in s.gate] + [o.title for o in PROCESS.outcomes]
    assert all(t.ja.strip() and t.en.strip() and t.en.isascii() for t in titles)


def test_every_unit_that_the_definition_refers_to_is_named() -> None:
    stages = (*PROCESS.stages, *((PROCESS.wind_down,) if PROCESS.wind_down else ()))
    refs: list[PostRef] = [s.drafter for s in stages]
    refs += [p for s in stages for g in s.gate for p in (*g.posts, *((g.escalate_to,) if g.escalate_to else ()))]
    assert {r.unit for r in refs} - {"owner", "departments"} <= set(PROCESS.units)
