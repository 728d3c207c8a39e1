"""A lifecycle at a glance, for its page: its stages with the way it took, its people, and its history with what each line leads to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal
from urllib.parse import quote

import sqlalchemy as sa

from charts.reading import ASIDE
from domain.kinds import Row
from domain.lifecycle import events as e
from domain.lifecycle.adopting import DeliverableImported
from domain.lifecycle.amendments import MeasurementCorrected
from domain.lifecycle.concluding import ConclusionCarried
from domain.lifecycle.state import Lifecycle
from domain.messages import Frozen, Text
from domain.process import Outcome, ProcessDefinition
from papers.circulations import Told
from store import queries
from store.store import Store
from store.tables import session_items
from web.saying import concluded, half

NEWEST = 12
"""Lines of the history, and documents, that are shown unfolded."""


class StageSeen(Frozen):
    """A stage on the way. `times`: how often it was entered; `earlier`: it lies ahead in this round, and was there in one before;
    `back`: where its gate may send back to."""

    key: str
    title: Text
    standing: Literal["done", "now", "ahead", "left_out"]
    times: int = 0
    earlier: bool = False
    repeats: bool = False
    back: tuple[Text, ...] = ()


class Loop(Frozen):
    """A way back that an outcome takes: from the stage that decides it to where the next round begins."""

    outcome: Text
    begins: Text
    to: Text


class Person(Frozen):
    """Somebody with a part in it: as what, and what of (a KPI, a department)."""

    role: str
    person: str
    of: str = ""


class Line(Frozen):
    """A line of the history. `said`: what the person wrote; `leads`: the address of its document or session."""

    version: int
    text: Text
    said: str = ""
    leads: str = ""


def stages(process: ProcessDefinition | None, state: Lifecycle, visits: Sequence[Row]) -> list[StageSeen]:
    """In the order of the process; what lies aside of it (winding down, reopening) only once it was there."""
    if process is None:
        return []
    titles = {s.key: s.title for s in process.all_stages}
    been = {v["stage"] for v in visits}
    order = [s for s in process.all_stages if s.key not in ASIDE or s.key in been or s.key == state.work]
    here = next((i for i, s in enumerate(order) if s.key == state.work), len(order))
    found = []
    for i, s in enumerate(order):
        times = sum(v["stage"] == s.key for v in visits)
        standing: Literal["done", "now", "ahead", "left_out"]
        if i == here and not state.closed:
            standing = "now"
        elif i > here and not state.closed:
            standing = "ahead"
        else:
            standing = "done" if times else "left_out"
        back = tuple(titles[key] for key in s.send_back_to if key in titles)
        earlier = standing == "ahead" and times > 0
        found.append(
            StageSeen(
                key=s.key,
                title=s.title,
                standing=standing,
                times=times,
                earlier=earlier,
                repeats=s.repeats,
                back=back,
            )
        )
    return found


def loops(process: ProcessDefinition | None) -> list[Loop]:
    """Where outcomes of the review lead back to."""
    if process is None:
        return []
    titles = {s.key: s.title for s in process.all_stages}
    deciding = next((s for s in process.all_stages if s.decides_outcome), None)
    if deciding is None:
        return []
    outcomes: Sequence[Outcome] = process.outcomes
    return [
        Loop(outcome=o.title, begins=deciding.title, to=titles[o.stage])
        for o in outcomes
        if o.stage and o.stage in titles
    ]


def people(store: Store, state: Lifecycle) -> list[Person]:
    """Chair, adviser and members as the setup names them, the project team, the drafter, and who answers for each KPI."""
    setup, team = (_content(store, state.stream, stage) for stage in ("setup", "pt_formation"))
    found = [
        Person(role="chair", person=setup.get("chair") or ""),
        Person(role="adviser", person=setup.get("adviser") or ""),
    ]
    found += [_member("member", m) for m in setup.get("members") or ()]
    found.append(Person(role="leader", person=team.get("leader") or ""))
    found += [_member("team", m) for m in team.get("members") or ()]
    drafter = state.drafter or (state.submission.person if state.submission else "")
    found.append(Person(role="drafter", person=drafter))
    found += [Person(role="owner", person=k.owner, of=k.title) for k in state.kpis]
    return [p for p in found if p.person]


def _content(store: Store, stream: str, stage: str) -> Mapping[str, Any]:
    row = queries.latest_deliverable(store, stream, stage)
    return row["content"] if row is not None and isinstance(row["content"], dict) else {}


def _member(role: str, member: Any) -> Person:
    found = member if isinstance(member, dict) else {}
    return Person(role=role, person=found.get("person") or "", of=found.get("role") or "")


def history(store: Store, told: Sequence[Told], language: str) -> list[Line]:
    """Newest first, in the reader's language, sessions and items of their agendas by name."""
    named = _items(store, told)
    return [
        Line(
            version=t.recorded.version,
            text=t.line,
            said=_renamed(half(concluded(t.said, language), language), named),
            leads=_leads(t),
        )
        for t in reversed(told)
    ]


def _leads(told: Told) -> str:
    event, here = told.recorded.event, f"/lifecycles/{told.recorded.stream}"
    if isinstance(event, e.DeliverableSubmitted | DeliverableImported):
        return f"{here}/documents/{event.stage}/{event.round}/{event.version}"
    if isinstance(event, e.GatePassed | e.RequestAnswered | e.GateReturned) and told.state.submission is not None:
        s = told.state.submission
        return f"{here}/documents/{s.stage}/{s.round}/{s.version}"
    if isinstance(event, ConclusionCarried):
        return f"/sessions/{event.session}#{quote(event.item)}"
    if isinstance(event, e.MeasurementRecorded | MeasurementCorrected):
        return f"{here}#kpis"
    return f"{here}#promises" if isinstance(event, e.PromiseMade | e.PromiseFulfilled) else ""


def _items(store: Store, told: Sequence[Told]) -> dict[str, str]:
    """How a conclusion names its session and item -> the same with the item's title; with none where it is not public, or is called
    as the lifecycle is."""
    carried = [t for t in told if isinstance(t.recorded.event, ConclusionCarried)]
    if not carried:
        return {}
    own, i = carried[-1].state.title, session_items.c
    sessions = sorted({t.recorded.event.session for t in carried})  # type: ignore[attr-defined]
    query = sa.select(i.stream, i.item, i.title).where(i.public, i.stream.in_(sessions))
    titles = {(r["stream"], r["item"]): r["title"] for r in queries.rows(store, query)}
    found: dict[str, str] = {}
    for t in carried:
        event = t.recorded.event
        assert isinstance(event, ConclusionCarried)
        title = titles.get((event.session, event.item), "")
        shown = "" if own in title else title
        ja, en = event.session_title.ja, event.session_title.en
        found[f"{ja} 議題 {event.item} の"] = f"{ja} 議題「{shown}」の" if shown else f"{ja}の"
        found[f"{en}, item {event.item}:"] = f"{en}, item “{shown}”:" if shown else f"{en}:"
    return found


def _renamed(text: str, named: Mapping[str, str]) -> str:
    for key, name in named.items():
        text = text.replace(key, name)
    return text
