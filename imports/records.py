"""The items of an earlier record: taken apart and put together, and compared with what is on record already."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from domain.deliverables.base import digest
from domain.deliverables.registry import parse
from domain.lifecycle import adopting as ad
from domain.lifecycle import events as e
from domain.lifecycle.state import Lifecycle
from domain.messages import Event
from domain.process import ProcessDefinition
from imports.portfolios import HISTORY


@dataclass
class Known:
    """An adopted lifecycle as it stands, with the events of its record."""

    state: Lifecycle
    events: Sequence[Event]


Item = tuple[str, int, Any]
"""(list, index as written, what it says)"""


def items(history: ad.History) -> list[Item]:
    return [(name, i, item) for name in HISTORY for i, item in enumerate(getattr(history, name))]


def history(model: ad.History, among: Iterable[Item]) -> ad.History:
    chosen = list(among)
    return model.model_copy(update={name: tuple(i for n, _, i in chosen if n == name) for name in HISTORY})


def of_item(item: Any, process: ProcessDefinition) -> tuple[Any, ...] | None:
    """What makes two items the same."""
    if isinstance(item, ad.PastBudget):
        return ("budget", item.fiscal_year, item.state, item.amount)
    if isinstance(item, ad.PastMeasurement):
        return ("measurement", item.kpi, item.period, item.value)
    if isinstance(item, ad.PastDecision):
        return ("decision", item.stage, item.round, item.decided_on, item.document, item.outcome)
    form = next((s.deliverable for s in process.all_stages if s.key == item.stage), None)
    content = parse(form, item.content).model_dump(mode="json") if form else item.content
    return ("deliverable", item.stage, item.round, digest(content))


def of_event(event: Event) -> tuple[Any, ...] | None:
    if isinstance(event, e.BudgetRecorded):
        return ("budget", event.fiscal_year, event.state, event.amount)
    if isinstance(event, e.MeasurementRecorded):
        return ("measurement", event.kpi, event.period, event.value)
    if isinstance(event, ad.DecisionImported):
        return ("decision", event.stage, event.round, event.decided_on, event.document, event.outcome)
    if isinstance(event, ad.DeliverableImported):
        return ("deliverable", event.stage, event.round, event.content_hash)
    return None
