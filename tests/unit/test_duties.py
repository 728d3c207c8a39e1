"""Who may change the directory and publish process definitions: the unit with the duty, everybody for their own absence."""

from __future__ import annotations

from datetime import date

import pytest

from domain.directory import Directory
from domain.directory_changes import NameDeputies, RecordAbsence, RecordMoves
from domain.directory_stream import STREAM, DirectoryKind, DirectoryState, ImportDirectory
from domain.duties import has_duty
from domain.messages import SYSTEM, Actor, Command, Refused
from domain.process_stream import DefinitionKind, DefinitionState, PublishDefinition
from tests.city import FACTS, START, person

assert FACTS.definition is not None
DEFINITION = FACTS.definition
OFFICE, CHIEF = person("office"), person("chief")
KIND = DirectoryKind()
ABSENCE = {"person": "p-chief", "since": date(2027, 4, 1), "until": date(2027, 4, 9)}


def city(**duties: tuple[str, ...]) -> Directory:
    """The small city, with duties for its units."""
    here = FACTS.directory
    units = tuple(u.model_copy(update={"duties": duties.get(u.id.replace("-", "_"), ())}) for u in here.units)
    return here.model_copy(update={"units": units})


def change(here: Directory, actor: Actor, command: type[Command], **fields: object) -> list[str]:
    made = command.model_validate({"command_id": "c", "stream": STREAM, **fields})
    facts = FACTS.model_copy(update={"directory": here})
    state = DirectoryState(stream=STREAM, directory=here)
    return [e.type for e in KIND.decide(state, made, actor, facts, START)]


def test_the_personnel_office_changes_the_directory_and_nobody_else_does() -> None:
    here = city(digital_strategy_office=("personnel",))
    assert has_duty("p-office", "personnel", here, date(2026, 5, 1))
    assert not has_duty("p-office", "processes", here, date(2026, 5, 1))
    post = here.posts_of("p-chief", date(2026, 5, 1))[0]
    deputies = {"post": post, "deputies": [here.posts_of("p-office", date(2026, 5, 1))[0]], "since": date(2027, 4, 1)}
    moves = {"on": date(2027, 4, 1), "moves": [{"person": "p-office", "post": post}]}
    for command, fields, done in (
        (NameDeputies, deputies, "DeputiesNamed"),
        (RecordMoves, moves, "PersonnelMoved"),
        (RecordAbsence, ABSENCE, "AbsenceRecorded"),
    ):
        assert change(here, OFFICE, command, **fields) == [done]
        assert change(here, SYSTEM, command, **fields) == [done], "an operator at the shell goes on doing it"
        with pytest.raises(Refused) as no:
            change(city(), OFFICE, command, **fields)
        assert no.value.refusal.rule == "not-your-duty" and no.value.refusal.remedy.ja


def test_everybody_records_their_own_absence_and_only_that() -> None:
    assert change(city(), CHIEF, RecordAbsence, **ABSENCE) == ["AbsenceRecorded"]
    with pytest.raises(Refused):
        change(city(), CHIEF, RecordAbsence, **ABSENCE | {"person": "p-office"})
    assert ImportDirectory.system_only, "a whole new directory is for operators alone"


def test_definitions_are_published_by_the_unit_that_looks_after_them() -> None:
    command = PublishDefinition(
        command_id="c", stream=f"definition:{DEFINITION.name}", definition=DEFINITION.model_copy(update={"version": 9})
    )
    kind, state = DefinitionKind(), DefinitionState(stream=command.stream)
    for here, actor, may in (
        (city(digital_strategy_office=("processes",)), OFFICE, True),
        (city(digital_strategy_office=("personnel",)), OFFICE, False),
        (city(digital_strategy_office=("processes",)), CHIEF, False),
        (city(), SYSTEM, True),
    ):
        facts = FACTS.model_copy(update={"directory": here})
        if may:
            assert [e.type for e in kind.decide(state, command, actor, facts, START)] == ["DefinitionPublished"]
        else:
            with pytest.raises(Refused) as no:
                kind.decide(state, command, actor, facts, START)
            assert no.value.refusal.rule == "not-your-duty"


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_days_beyond_the_calendars_are_no_moves(day: str) -> None:
    with pytest.raises(ValueError, match="on"):
        RecordMoves.model_validate(
            {"command_id": "c", "stream": STREAM, "on": day, "moves": [{"person": "a", "post": "b"}]}
        )
