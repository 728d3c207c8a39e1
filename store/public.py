"""What citizens may read: of each published lifecycle the parts that the secretariat chose, from its day on, and never a name."""

from __future__ import annotations

from datetime import date
from typing import Any

import sqlalchemy as sa

from domain.calendar import fiscal_year, local_day
from domain.kinds import Row
from domain.lifecycle.state import Lifecycle
from domain.messages import Frozen, Text
from store import queries
from store.queries import rows
from store.store import Store
from store.tables import lifecycles, outcomes, publications, stage_visits


class PublicKpi(Frozen):
    """`values`: period -> the value that holds now."""

    title: str
    unit: str
    values: dict[str, str]


class PublicStep(Frozen):
    """A stage that was entered, or the result of a review, on a day in Japan."""

    day: date
    title: Text
    round: int


class PublicProject(Frozen):
    """One project as citizens see it. What was not chosen for publication is None."""

    ref: str
    title: str
    section: Text
    bureau: Text
    summary: Text
    since: date
    stage: Text | None
    closed: bool | None
    stages: tuple[PublicStep, ...] | None
    outcomes: tuple[PublicStep, ...] | None
    kpis: tuple[PublicKpi, ...] | None
    voted: dict[int, int] | None
    """Fiscal year -> yen voted by the assembly; amounts before the vote are never shown."""


def published(store: Store, today: date, ref: str | None = None) -> list[PublicProject]:
    """Everything whose day has come, by its ref; with `ref` that one only."""
    query = (
        sa.select(publications, lifecycles.c.ref)
        .join(lifecycles, lifecycles.c.stream == publications.c.stream)
        .where(publications.c.since <= today)
        .order_by(lifecycles.c.ref, lifecycles.c.stream)
    )
    if ref is not None:
        query = query.where(lifecycles.c.ref == ref)
    return [_project(store, row) for row in rows(store, query)]


def _project(store: Store, row: Row) -> PublicProject:
    stream, parts = row["stream"], set(row["parts"])
    state, _ = store.load(stream)
    assert isinstance(state, Lifecycle)
    process = store.facts(state.definition).definition
    titles = {s.key: s.title for s in process.all_stages} if process else {}
    results: dict[str, Text] = {o.key: o.title for o in process.outcomes} if process else {}
    way = "stages" in parts
    return PublicProject(
        ref=state.ref,
        title=state.title,
        section=state.section_name,
        bureau=state.bureau_name,
        summary=Text.model_validate(row["summary"]),
        since=row["since"],
        stage=state.stage_title if way else None,
        closed=state.closed if way else None,
        stages=_steps(store, stage_visits, "stage", "entered_at", stream, titles) if way else None,
        outcomes=_steps(store, outcomes, "outcome", "at", stream, results) if "outcomes" in parts else None,
        kpis=tuple(PublicKpi(title=k.title, unit=k.unit, values=state.counted(k.key)) for k in state.kpis)
        if "kpis" in parts
        else None,
        voted={year: b.voted for year, b in sorted(state.budgets.items()) if b.voted is not None}
        if "budget" in parts
        else None,
    )


def _steps(
    store: Store, table: sa.Table, what: str, when: str, stream: str, titles: dict[str, Text]
) -> tuple[PublicStep, ...]:
    found = queries.visits_of(store, stream) if table is stage_visits else queries.outcomes_of(store, stream)
    return tuple(
        PublicStep(
            day=local_day(r[when]), title=titles.get(r[what], Text(ja=r[what], en=r[what])), round=int(r["round"])
        )
        for r in found
    )


def flat(projects: list[PublicProject]) -> list[dict[str, Any]]:
    """One row a measurement, or one for a project without any: what the CSV holds."""
    found: list[dict[str, Any]] = []
    for p in projects:
        base: dict[str, Any] = {
            "ref": p.ref,
            "title": p.title,
            "bureau": p.bureau.ja,
            "section": p.section.ja,
            "summary": p.summary.ja,
            "published": p.since.isoformat(),
            "fiscal_year": fiscal_year(p.since),
            "stage": p.stage.ja if p.stage else "",
            "outcome": p.outcomes[-1].title.ja if p.outcomes else "",
            "kpi": "",
            "unit": "",
            "period": "",
            "value": "",
        }
        values = [(k, period, value) for k in p.kpis or () for period, value in sorted(k.values.items())]
        found += [
            {**base, "kpi": k.title, "unit": k.unit, "period": period, "value": value} for k, period, value in values
        ] or [base]
    return found
