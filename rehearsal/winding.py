"""What the owners of a wind-down's tasks do: one after the other, most before their due date, each with a note."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from domain.calendar import local_day
from domain.deliverables.base import Evidence
from domain.lifecycle.state import Lifecycle
from domain.lifecycle.winding import FinishWindDownTask, WaiveWindDownTask
from domain.messages import Command
from rehearsal.script import MARK, Intention, later

if TYPE_CHECKING:
    from rehearsal.people import Deed, People

_NOTES: Mapping[str, str] = {
    "notice": "市ホームページと窓口で周知し、利用者に通知を送った",
    "data": "保存年限のあるものを移し、他は消去して消去証明を得た",
    "contracts": "契約の終了を通知し、精算を終えた",
    "assets": "機器を返却し、アカウントを停止した",
    "lessons": "利用者の範囲を始める前に確かめることを記録した",
}
_NO_CONTRACT = 0.2
"""Share of wind-downs without a contract to end (ours)."""


def intentions(people: People, state: Lifecycle, now: datetime) -> list[Intention]:
    """When the owner of each open task means to do it."""
    found = []
    for task in state.open_tasks:
        if people.means(state.stream, "winddown", task.id):
            continue
        rng = people.dice("winddown", task.id)
        at = later(people.facts.calendar, now, rng.randrange(5, 36), rng)
        found.append(Intention(at, state.stream, "winddown", task.id))
    return found


def deed(people: People, intention: Intention, state: Lifecycle, now: datetime) -> Deed | None:
    """The task done, or declared not applicable, by its owner."""
    task = next((t for t in state.open_tasks if t.id == intention.subject), None)
    actor = people.drafter(state, task.post, now) if task else None
    if task is None or actor is None:
        people.forget(intention)
        return None
    common = {"stream": state.stream, "task": task.id}
    rng = people.dice("winddown deed", task.id)
    command: Command
    if task.key == "contracts" and rng.random() < _NO_CONTRACT:
        command = WaiveWindDownTask(
            command_id=f"rehearsal:waive:{task.id}", reason=f"{MARK}契約を伴わない取組だった", **common
        )
    else:
        command = FinishWindDownTask(
            command_id=f"rehearsal:winddown:{task.id}",
            note=MARK + _NOTES.get(task.key, f"{task.title.ja}を終えた"),
            evidence=Evidence(source=f"{MARK}{task.title.ja}の記録", date=local_day(now)),
            **common,
        )
    return command, actor
