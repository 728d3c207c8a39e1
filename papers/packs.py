"""The pack of a session: its agenda with what the body knew of each matter, as of one position of the log.

Everything is folded from the events up to that position, and nothing else is asked: the same position gives the same bytes,
whatever was corrected, moved or made again later. People appear by their posts, and sealed texts stay sealed.
"""

from __future__ import annotations

import base64
import io
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
import xlsxwriter  # type: ignore[import-untyped]
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from charts import telling
from charts.gathering import flow_at, value_at
from charts.models import Chart, FlowChart, KpiChart, ValueChart
from charts.reading import kpis
from charts.registry import svg
from domain.calendar import wareki_fiscal_year
from domain.lifecycle.state import Lifecycle
from domain.lifecycle.story import line
from domain.messages import Frozen, Recorded, Text
from domain.sessions.kind import CATEGORIES, CONCLUSIONS
from domain.sessions.session import Item, Session
from papers.collecting import NothingToPrint
from papers.decision import AsOf
from papers.typesetting import TEMPLATES, pdf
from papers.words import day, moment, yen
from store import queries
from store.store import Store
from store.tables import events

_TOLD = {
    "StageEntered",
    "GatePassed",
    "GateReturned",
    "OutcomeDecided",
    "BudgetRecorded",
    "MeasurementRecorded",
    "MeasurementCorrected",
    "LifecycleHeld",
    "LifecycleResumed",
    "RequestEscalated",
    "ReviewOpened",
    "ConclusionCarried",
    "LifecycleClosed",
}
"""Events that a body is told of; none of them holds a sealed text in its line."""
_LATEST = 12
_DRAWN = 60
"""Of more KPIs than these a pack draws bars only: a chart takes a tenth of a second to draw."""


class Seat(Frozen):
    title: Text
    seat: Text
    present: bool | None


class Bar(Frozen):
    """One bar of a chart; `share` of the longest, 0 to 1."""

    label: str
    value: str
    share: float


class Figure(Frozen):
    """A chart as it is printed, and what it shows for those who do not see it."""

    svg: str
    alt: str


class Kpi(Frozen):
    title: str
    unit: str
    bars: tuple[Bar, ...]
    figure: Figure | None = None
    """Drawn where the pack has few enough of them, else its bars stand in."""


class Change(Frozen):
    at: str
    told: Text


class PackPaper(Frozen):
    name: str
    version: int
    kind: str
    hash: str


class PackItem(Frozen):
    key: str
    category: Text
    title: str
    public: bool
    ref: str
    section: str
    stage: str
    round: int
    health: str
    document: str
    document_hash: str
    kpis: tuple[Kpi, ...]
    budget: tuple[tuple[str, str, str, str, str], ...]
    """Fiscal year, asked, indicated, voted, allotted."""
    promises: int
    changes: tuple[Change, ...]
    papers: tuple[PackPaper, ...]
    conclusion: Text
    conditions: tuple[str, ...]


class Pack(Frozen):
    title: Text
    held_on: str
    place: str
    phase: str
    members: tuple[Seat, ...]
    quorum: bool
    stages: tuple[Bar, ...]
    healths: tuple[Bar, ...]
    figures: tuple[Figure, ...]
    """The portfolio: its flow through the stages, and the proposals that were scored."""
    since: str
    items: tuple[PackItem, ...]
    as_of: AsOf
    footer: str


_SEATS = {
    "chair": Text(ja="議長", en="chair"),
    "vice_chair": Text(ja="副議長", en="vice-chair"),
    "member": Text(ja="構成員", en="member"),
}
_PHASES = {
    "convened": "招集",
    "sitting": "開会",
    "closed": "閉会",
    "final": "会議録確定",
    "cancelled": "取りやめ",
}


def position_at(store: Store, at: datetime) -> int:
    """The last position of the log that had been recorded by a moment; 0 when nothing had."""
    query = sa.select(sa.func.max(events.c.position).label("p")).where(events.c.recorded_at <= at)
    return int(queries.rows(store, query)[0]["p"] or 0)


def pack(store: Store, stream: str, position: int | None = None) -> tuple[Pack, datetime]:
    """The pack of a session as of a position of the log (by default now), and its moment. Raises `NothingToPrint`."""
    upto = queries.head_position(store) if position is None else position
    seen = [r for r in store.events(stream, open_texts=False) if r.position <= upto]
    if not seen:
        raise NothingToPrint(
            "SESSION",
            stream,
            Text(ja="その時点ではまだ招集されていません", en="had not been convened by then"),
            Text(ja="あとの時点を指定してください", en="name a later moment"),
        )
    session = _folded(store, "session", stream, seen)
    before = _last_closing(store, session, seen[0].position)
    known = [(item, *_lifecycle(store, item.lifecycle, upto)) for item in session.items.values()]
    lifecycles = [state for _, state, _, _ in known if state is not None]
    drawn = sum(len(s.kpis) for s in lifecycles) <= _DRAWN
    items = [
        _item(item, state, told, before, kpis(state, seen) if drawn and state else ())
        for item, state, told, seen in known
    ]
    when = _recorded_at(store, upto)
    present = set(session.present) if session.phase not in ("convened", "cancelled") else None
    made = Pack(
        title=session.title,
        held_on=day(session.held_on),
        place=session.place,
        phase=_PHASES[session.phase],
        members=tuple(
            Seat(title=s.title, seat=_SEATS[s.seat], present=None if present is None else s.person in present)
            for s in session.members
        ),
        quorum=session.quorum,
        stages=_bars(Counter(s.stage_title.ja for s in lifecycles)),
        healths=_bars(Counter({"green": "順調", "amber": "注意", "red": "要対応"}[s.health] for s in lifecycles)),
        figures=tuple(_figure(c) for c in (flow_at(store, upto, when), value_at(store, upto)) if _worth(c)),
        since="" if before is None else moment(before.occurred_at),
        items=tuple(items),
        as_of=AsOf(number=upto, at=moment(when), rehearsal=store.clock.virtual),
        footer=stream,
    )
    return made, when


def _recorded_at(store: Store, position: int) -> datetime:
    """When the last event up to a position was recorded."""
    query = sa.select(events.c.recorded_at).where(events.c.position <= position)
    found: datetime = queries.rows(store, query.order_by(events.c.position.desc()).limit(1))[0]["recorded_at"]
    return found


def _folded(store: Store, kind: str, stream: str, recorded: Sequence[Recorded]) -> Any:
    of = store.kinds[kind]
    state = of.initial(stream)
    for r in recorded:
        state = of.evolve(state, r)
    return state


def _last_closing(store: Store, session: Session, position: int) -> Recorded | None:
    """The closing of this body's session before: what changed is counted from there."""
    query = (
        sa.select(events.c.stream, events.c.version)
        .where(
            events.c.type == "SessionClosed",
            events.c.stream.like(f"{session.body}:%"),
            events.c.position < position,
        )
        .order_by(events.c.position.desc())
        .limit(1)
    )
    found = queries.rows(store, query)
    if not found:
        return None
    return store.events(found[0]["stream"], found[0]["version"] - 1, open_texts=False)[0]


def _lifecycle(
    store: Store, stream: str, upto: int
) -> tuple[Lifecycle | None, list[tuple[Recorded, Text]], list[Recorded]]:
    """Its state, the events that a body is told of, and all events, up to a position."""
    if not stream:
        return None, [], []
    kind = store.kinds["lifecycle"]
    seen: list[Recorded] = []
    state, told = kind.initial(stream), []
    for r in store.events(stream, open_texts=False):
        if r.position > upto:
            break
        state = kind.evolve(state, r)
        seen.append(r)
        if r.event.type in _TOLD:
            told.append((r, line(state, r.event)))
    return (state if state.started_at else None), told, seen


def _item(
    item: Item,
    state: Lifecycle | None,
    told: list[tuple[Recorded, Text]],
    before: Recorded | None,
    charts: Sequence[KpiChart],
) -> PackItem:
    fresh = [(r, t) for r, t in told if before is None or r.position > before.position]
    submission = state.submission if state is not None else None
    return PackItem(
        key=item.key,
        category=CATEGORIES[item.category],
        title=item.title,
        public=item.public,
        ref=state.ref if state else "",
        section=f"{state.bureau_name.ja} {state.section_name.ja}" if state else "",
        stage=state.stage_title.ja if state else "",
        round=state.round if state else 0,
        health=state.health if state else "",
        document=f"{submission.stage} 第{submission.version}版" if submission and item.request else "",
        document_hash=item.seen,
        kpis=_kpis(state, charts) if state else (),
        budget=_budget(state) if state else (),
        promises=sum(p.fulfilled_at is None for p in state.promises) if state else 0,
        changes=tuple(Change(at=moment(r.occurred_at), told=t) for r, t in fresh[-_LATEST:]),
        papers=tuple(PackPaper(name=p.name, version=p.version, kind=p.kind, hash=p.sha256) for p in item.papers),
        conclusion=CONCLUSIONS[item.conclusion or ""],
        conditions=tuple(c.text for c in item.conditions),
    )


def _figure(chart: Chart) -> Figure:
    made = svg(chart, "ja", dark=False).decode().partition("?>")[2].strip()
    return Figure(svg=made, alt=f"{telling.title(chart, 'ja')}。{telling.description(chart, 'ja')}")


def _worth(chart: FlowChart | ValueChart) -> bool:
    return bool(chart.days if isinstance(chart, FlowChart) else chart.bubbles)


def _kpis(state: Lifecycle, charts: Sequence[KpiChart]) -> tuple[Kpi, ...]:
    figures = {c.key: _figure(c) for c in charts if c.points}
    found = []
    for kpi in state.kpis:
        values = sorted(state.values.get(kpi.key, {}).items())
        longest = max((abs(float(v)) for _, v in values), default=0.0) or 1.0
        bars = tuple(Bar(label=p, value=v, share=round(abs(float(v)) / longest, 4)) for p, v in values)
        found.append(Kpi(title=kpi.title, unit=kpi.unit, bars=bars, figure=figures.get(kpi.key)))
    return tuple(found)


def _budget(state: Lifecycle) -> tuple[tuple[str, str, str, str, str], ...]:
    def shown(amount: int | None) -> str:
        return "" if amount is None else yen(amount)

    return tuple(
        (wareki_fiscal_year(year), shown(b.asked), shown(b.indicated), shown(b.voted), shown(b.allotted))
        for year, b in sorted(state.budgets.items())
    )


def _bars(counted: Counter[str]) -> tuple[Bar, ...]:
    longest = max(counted.values(), default=1)
    order = sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))
    return tuple(Bar(label=name, value=f"{n}件", share=round(n / longest, 4)) for name, n in order)


# --- forms -----------------------------------------------------------------------------------------------------------


def as_pdf(made: Pack, at: datetime) -> bytes:
    return pdf("pack", made, at)


def as_html(made: Pack) -> bytes:
    """One file that needs nothing else."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters["picture"] = lambda drawn: base64.b64encode(drawn.encode()).decode()
    return environment.get_template("pack.html").render(d=made).encode()


def as_xlsx(made: Pack, at: datetime) -> bytes:
    """The tables for a spreadsheet: agenda, figures, budgets, changes. Texts are never taken for formulas."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"title": made.title.ja, "created": at.replace(tzinfo=None)})
    head = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
    _sheet(
        book,
        head,
        "議題",
        ("議題", "種類", "件名", "番号", "担当", "段階", "期", "状態", "未履行の約束", "文書ハッシュ", "結論", "条件"),
        [
            (
                i.key,
                i.category.ja,
                i.title,
                i.ref,
                i.section,
                i.stage,
                i.round,
                i.health,
                i.promises,
                i.document_hash,
                i.conclusion.ja,
                "\n".join(i.conditions),
            )
            for i in made.items
        ],
    )
    kpis = [
        (i.key, i.title, k.title, k.unit, b.label, float(b.value)) for i in made.items for k in i.kpis for b in k.bars
    ]
    _sheet(book, head, "指標", ("議題", "件名", "指標", "単位", "期間", "値"), kpis)
    budgets = [(i.key, i.title, *b) for i in made.items for b in i.budget]
    _sheet(book, head, "予算", ("議題", "件名", "年度", "要求", "内示", "議決", "配当"), budgets)
    changes = [(i.key, i.title, c.at, c.told.ja) for i in made.items for c in i.changes]
    _sheet(book, head, "前回からの変化", ("議題", "件名", "日時", "内容"), changes)
    book.close()
    return out.getvalue()


def _sheet(book: Any, head: Any, name: str, heads: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    sheet = book.add_worksheet(name)
    sheet.freeze_panes(1, 0)
    sheet.write_row(0, 0, heads, head)
    for n, row in enumerate(rows, 1):
        sheet.write_row(n, 0, row)
    sheet.autofit()
