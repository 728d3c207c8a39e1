"""Feeds of a lifecycle's KPIs, arranged by whoever may measure them; each is a stream of its own that is told what to do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import Field

from domain.facts import Facts
from domain.feeds.messages import ConfigurePull, EndPull, Terms, host_of, stream_of
from domain.lifecycle.authority import may_measure
from domain.lifecycle.commands import LifecycleCommand
from domain.lifecycle.measuring import known_kpi
from domain.lifecycle.state import Lifecycle
from domain.messages import Actor, Command, Event, Personal, Recorded, Text, refuse

Changes = dict[str, Any]


class ArrangePull(LifecycleCommand):
    """Have a KPI's values fetched by themselves. Arranging it again replaces the terms; `at_once` fetches now as well."""

    type = "ArrangePull"
    kpi: str = Field(description="KPIの記号 / key of the KPI")
    terms: Terms
    at_once: bool = Field(default=False, description="すぐに一度取得する / fetch once now")


class CancelPull(LifecycleCommand):
    """Fetch the values of a KPI no more."""

    type = "CancelPull"
    kpi: str
    reason: str = Field(min_length=1, max_length=4000)


class PullArranged(Event):
    type = "PullArranged"
    kpi: str
    kpi_title: str
    terms: Terms
    by: str
    at_once: bool


class PullCancelled(Event):
    type = "PullCancelled"
    kpi: str
    reason: Personal


def _arrange(state: Lifecycle, command: ArrangePull, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    kpi = known_kpi(state, command.kpi)
    person = may_measure(actor, state, kpi.owner, facts, now)
    terms = command.terms
    if host_of(terms.url) is None:
        raise refuse(
            "url-unreadable",
            f"terms.url: {terms.url} の相手先を読めません",
            f"terms.url: the host of {terms.url!r} cannot be read",
            remedy_ja="https://data.example.jp/kpi.json のように書いてください",
            remedy_en="write it like https://data.example.jp/kpi.json",
        )
    if terms.every is None and terms.cadence is None:
        if kpi.cadence is None:
            raise refuse(
                "cadence-missing",
                f"cadence: KPI {kpi.key} に測定周期がありません",
                f"cadence: KPI {kpi.key!r} has none",
                remedy_ja="取得の周期を指定してください",
                remedy_en="name the cadence of the feed",
            )
        terms = terms.model_copy(update={"cadence": kpi.cadence})
    if terms.cadence is None and terms.period is None:
        raise refuse(
            "period-missing",
            "period: 期間の場所がありません(周期のない取得には必要です)",
            "period: a feed without a cadence must say where the answer names the period",
            remedy_ja="期間の JSON Pointer を指定してください",
            remedy_en="give the JSON pointer to the period",
        )
    if state.pulls.get(kpi.key) == terms and not command.at_once:
        return []
    return [PullArranged(kpi=kpi.key, kpi_title=kpi.title, terms=terms, by=person, at_once=command.at_once)]


def _cancel(state: Lifecycle, command: CancelPull, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    owner = next((k.owner for k in state.kpis if k.key == command.kpi), "")
    may_measure(actor, state, owner, facts, now)
    if command.kpi not in state.pulls:
        raise refuse(
            "no-feed",
            f"KPI {command.kpi} の自動取得はありません",
            f"KPI {command.kpi!r} has no feed",
            remedy_ja="`./taskforce kpi feeds` で確認してください",
            remedy_en="see `./taskforce kpi feeds`",
        )
    return [PullCancelled(kpi=command.kpi, reason=command.reason)]


def instruction(state: Lifecycle, recorded: Recorded) -> Command | None:
    """The command that an event gives to the feed."""
    event, feed = recorded.event, f"{state.stream}/{recorded.version}"
    if isinstance(event, PullArranged):
        return ConfigurePull(
            command_id=f"pull:{feed}",
            stream=stream_of(state.stream, event.kpi),
            lifecycle=state.stream,
            lifecycle_title=state.title,
            kpi=event.kpi,
            kpi_title=event.kpi_title,
            terms=event.terms,
            arranged_by=event.by,
            at_once=event.at_once,
        )
    if isinstance(event, PullCancelled):
        words = Text(ja="担当者が取りやめた", en="cancelled by those in charge")
        return EndPull(command_id=f"pull:{feed}", stream=stream_of(state.stream, event.kpi), words=words)
    return None


COMMANDS: dict[str, type[Command]] = {ArrangePull.type: ArrangePull, CancelPull.type: CancelPull}
EVENTS: dict[str, type[Event]] = {PullArranged.type: PullArranged, PullCancelled.type: PullCancelled}
HANDLERS: Mapping[type[Command], Callable[[Lifecycle, Any, Actor, Facts, datetime], Sequence[Event]]] = {
    ArrangePull: _arrange,
    CancelPull: _cancel,
}
FOLDS: Mapping[type[Event], Callable[[Lifecycle, Any, Recorded], Changes]] = {
    PullArranged: lambda s, v, _: {"pulls": {**s.pulls, v.kpi: v.terms}},
    PullCancelled: lambda s, v, _: {"pulls": {k: t for k, t in s.pulls.items() if k != v.kpi}},
}
LINES: Mapping[type[Event], Callable[[Lifecycle, Any], Text]] = {
    PullArranged: lambda s, v: Text(
        ja=f"{v.kpi_title}の自動取得を設定", en=f"values of {v.kpi_title} are fetched by themselves"
    ),
    PullCancelled: lambda s, v: Text(
        ja=f"{s.kpi_title(v.kpi)} の自動取得を取りやめ", en=f"values of {s.kpi_title(v.kpi)} are fetched no more"
    ),
}
