"""The pack of a session: its agenda with what the body knew of each matter, as of one position of the log.

Everything is folded from the events up to that position, and nothing else is asked: the same position gives the same bytes,
whatever was corrected, moved or made again later. People appear by their posts. Of sealed texts only what the body said is opened
(reasons, opinions, the policy): it changes when the key of whoever wrote it is erased, and then says so.

There are two editions: `whole` for members and secretariat, and the public one, which says of a non-public item that there is one.
"""

from __future__ import annotations

import base64
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
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
from domain.calendar import local_day, wareki_fiscal_year
from domain.evaluation.reports import balance_line
from domain.evaluation.scoring import kpi_scores
from domain.kpis.health import percent
from domain.lifecycle.events import DeliverableSubmitted
from domain.lifecycle.state import Lifecycle
from domain.lifecycle.story import line
from domain.lifecycle.valuing import weighed
from domain.messages import Frozen, Recorded, Text
from domain.sessions import messages as m
from domain.sessions.kind import CATEGORIES, CONCLUSIONS
from domain.sessions.privacy import WITHHELD, veiled
from domain.sessions.session import Item, Session
from papers.collecting import NothingToPrint
from papers.decision import AsOf
from papers.summary import Main, main_fields
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
    """`baseline` and `target` as the form states them, empty where it does not; the bars share one scale with them. `attained`:
    the share of the way between them, in whole percent."""

    title: str
    unit: str
    baseline: str
    target: str
    attained: str
    bars: tuple[Bar, ...]
    figure: Figure | None = None
    """Drawn where the pack has few enough of them, else its bars stand in."""


class Said(Frozen):
    """What was said of an item: a reason, an opinion with what became of it, dissent."""

    label: Text
    text: str


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
    summary: tuple[Main, ...]
    """Main fields of that document, or of the last one handed in."""
    policy: str
    """Of an item that came from another body: what was said there."""
    said: tuple[Said, ...]
    kpis: tuple[Kpi, ...]
    budget: tuple[tuple[str, str, str, str, str], ...]
    """Fiscal year, asked, indicated, voted, allotted."""
    balance: str
    """Benefits against costs and when it pays back, where both are known: over five years, not discounted."""
    promises: int
    changes: tuple[Change, ...]
    papers: tuple[PackPaper, ...]
    conclusion: Text
    conditions: tuple[str, ...]
    """With the stage before which each is to be met."""


class Pack(Frozen):
    title: Text
    edition: Text
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
    """The last position of the log that had been recorded by a moment; 0 when nothing had.

    Raises `NothingToPrint` for a moment to come: nobody knows yet what will have been recorded by then.
    """
    if at > store.clock.now():
        raise NothingToPrint(
            "--as-of",
            moment(at),
            Text(ja="まだ来ていない時点です", en="that moment has not come yet"),
            Text(ja="今までの時点を指定してください", en="name a moment up to now"),
        )
    query = sa.select(sa.func.max(events.c.position).label("p")).where(events.c.recorded_at <= at)
    return int(queries.rows(store, query)[0]["p"] or 0)


def pack(store: Store, stream: str, position: int | None = None, *, whole: bool) -> tuple[Pack, datetime]:
    """The pack of a session as of a position of the log (by default now), and its moment. Raises `NothingToPrint`.

    `whole`: with its non-public items, for those who see them (`store.bodies.sees`).
    """
    upto = queries.head_position(store) if position is None else position
    seen = [r for r in store.events(stream) if r.position <= upto]
    if not seen:
        raise NothingToPrint(
            "SESSION",
            stream,
            Text(ja="その時点ではまだ招集されていません", en="had not been convened by then"),
            Text(ja="あとの時点を指定してください", en="name a later moment"),
        )
    session = _folded(store, "session", stream, seen)
    if not whole:
        session = veiled(session)
    before = _last_closing(store, session, seen[0].position)
    known = [(item, _lifecycle(store, item.lifecycle, upto)) for item in session.items.values()]
    lifecycles = [k.state for _, k in known if k is not None]
    drawn = sum(len(s.kpis) for s in lifecycles) <= _DRAWN
    others: dict[str, list[Recorded]] = {}
    items = [
        _item(
            item,
            k,
            before,
            _said(item, seen),
            _sent(store, item, upto, others),
            kpis(k.state, k.recorded) if drawn and k is not None else (),
        )
        for item, k in known
    ]
    when = _recorded_at(store, upto)
    present = set(session.present) if session.phase not in ("convened", "cancelled") else None
    made = Pack(
        title=session.title,
        edition=_EDITIONS[whole],
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


_EDITIONS = {
    True: Text(ja="全議題(構成員・事務局限り)", en="all items, for members and secretariat only"),
    False: Text(ja="公開版(非公開の議題を除く)", en="public edition, without non-public items"),
}
_TREATED = {
    "adopted": Text(ja="採用", en="adopted"),
    "partly": Text(ja="一部採用", en="adopted in part"),
    "not_adopted": Text(ja="不採用", en="not adopted"),
    "noted": Text(ja="聴取", en="noted"),
}


def _said(item: Item, seen: Sequence[Recorded]) -> tuple[Said, ...]:
    """Opinions with their treatment, the reason of the conclusion that stands, dissent without its names."""
    if item.title == WITHHELD.ja and not item.public:
        return ()
    found: list[Said] = []
    concluded: m.ItemConcluded | None = None
    for event in (r.event for r in seen):
        if isinstance(event, m.OpinionObtained) and event.item == item.key:
            how = _TREATED[event.treatment]
            label = Text(ja=f"意見 {event.source}({how.ja})", en=f"opinion ({how.en})")
            found.append(
                Said(label=label, text=event.text + (f"\n扱いの理由: {event.because}" if event.because else ""))
            )
        elif isinstance(event, m.ItemConcluded) and event.item == item.key:
            concluded = event
    if concluded is not None and concluded.reason:
        found.append(Said(label=Text(ja="結論の理由", en="reason"), text=concluded.reason))
    if concluded is not None and concluded.dissent:
        spoken = "\n".join(line.partition(": ")[2] or line for line in concluded.dissent.split("\n"))
        found.append(Said(label=Text(ja="少数意見", en="dissent"), text=spoken))
    return tuple(found)


def _sent(store: Store, item: Item, upto: int, others: dict[str, list[Recorded]]) -> str:
    """What the body that sent an item said of it (a policy as it was deliberated); of a non-public one nothing."""
    stream, _, key = item.follows.rpartition("/")
    if item.category not in ("policy", "evaluation") or not stream:
        return ""
    text, public = "", True
    if stream not in others:
        others[stream] = store.events(stream)
    for r in others[stream]:
        if r.position > upto:
            break
        if isinstance(r.event, m.ItemPlaced) and r.event.item == key:
            public = r.event.public
        elif isinstance(r.event, m.ItemConcluded) and r.event.item == key:
            text = r.event.reason
    return text if public else ""


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


@dataclass
class _Known:
    """A lifecycle as of the position: its state, what happened that a body is told of, the documents handed in."""

    state: Lifecycle
    told: list[tuple[Recorded, Text]]
    documents: list[DeliverableSubmitted]
    recorded: list[Recorded]


def _lifecycle(store: Store, stream: str, upto: int) -> _Known | None:
    if not stream:
        return None
    kind = store.kinds["lifecycle"]
    state, told, documents = kind.initial(stream), [], list[DeliverableSubmitted]()
    recorded = list[Recorded]()
    for r in store.events(stream, open_texts=False):
        if r.position > upto:
            break
        state = kind.evolve(state, r)
        recorded.append(r)
        if r.event.type in _TOLD:
            told.append((r, line(state, r.event)))
        if isinstance(r.event, DeliverableSubmitted):
            documents.append(r.event)
    return _Known(state, told, documents, recorded) if state.started_at else None


def _item(
    item: Item,
    known: _Known | None,
    before: Recorded | None,
    said: tuple[Said, ...],
    policy: str,
    charts: Sequence[KpiChart],
) -> PackItem:
    state = known.state if known is not None else None
    fresh = [(r, t) for r, t in (known.told if known else ()) if before is None or r.position > before.position]
    documents = known.documents if known is not None else []
    # What lies before the body, by its hash; without one the last that was handed in.
    shown = next((d for d in reversed(documents) if item.seen in ("", d.content_hash)), None)
    budget = _budget(state) if state else ()
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
        document=f"{shown.title.ja} 第{shown.round}期 第{shown.version}版" if shown is not None else "",
        document_hash=item.seen,
        summary=main_fields(shown.deliverable, shown.content) if shown is not None else (),
        policy=policy,
        said=said,
        kpis=_kpis(state, charts) if state else (),
        budget=budget,
        balance=_balance(state, known.recorded[-1]) if state and known else "",
        promises=sum(p.fulfilled_at is None for p in state.promises) if state else 0,
        changes=tuple(Change(at=moment(r.occurred_at), told=t) for r, t in fresh[-_LATEST:]),
        papers=tuple(PackPaper(name=p.name, version=p.version, kind=p.kind, hash=p.sha256) for p in item.papers),
        conclusion=CONCLUSIONS[item.conclusion or ""],
        conditions=tuple(c.text + (f"({c.before} までに)" if c.before else "") for c in item.conditions),
    )


def _figure(chart: Chart) -> Figure:
    made = svg(chart, "ja", dark=False).decode().partition("?>")[2].strip()
    return Figure(svg=made, alt=f"{telling.title(chart, 'ja')}。{telling.description(chart, 'ja')}")


def _worth(chart: FlowChart | ValueChart) -> bool:
    return bool(chart.days if isinstance(chart, FlowChart) else chart.bubbles)


def _kpis(state: Lifecycle, charts: Sequence[KpiChart]) -> tuple[Kpi, ...]:
    """Each KPI with baseline, target and how much of the way between them has been gone."""
    drawings = {c.key: _figure(c) for c in charts if c.points}
    scores = {s.key: s for s in kpi_scores(state)}
    found = []
    for kpi in state.kpis:
        values = sorted(state.values.get(kpi.key, {}).items())
        baseline, target = ("" if v is None else str(v) for v in (kpi.baseline, kpi.target))
        known = [("基準値", baseline), *values, ("目標値", target)]
        sizes = [(label, text, abs(float(text))) for label, text in known if text]
        longest = max((size for _, _, size in sizes), default=0.0) or 1.0
        share = scores[kpi.key].attainment
        found.append(
            Kpi(
                title=kpi.title,
                unit=kpi.unit,
                baseline=baseline,
                target=target,
                attained="" if share is None else percent(share),
                bars=tuple(Bar(label=n, value=text, share=round(size / longest, 4)) for n, text, size in sizes),
                figure=drawings.get(kpi.key),
            )
        )
    return tuple(found)


def _balance(state: Lifecycle, last: Recorded) -> str:
    """By the events alone: the city's rates for the details may change, and a pack does not."""
    found = weighed(state, None, local_day(last.occurred_at)).appraisal
    return balance_line(found) if found is not None and found.benefit else ""


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
        (
            *("議題", "種類", "件名", "番号", "担当", "段階", "期", "状態", "未履行の約束", "文書ハッシュ", "結論"),
            *("条件", "理由・意見"),
        ),
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
                "\n".join(f"{s.label.ja}: {s.text}" for s in i.said),
            )
            for i in made.items
        ],
    )
    kpis = [
        (i.key, i.title, k.title, k.unit, b.label, float(b.value)) for i in made.items for k in i.kpis for b in k.bars
    ]
    fields = [(i.key, i.title, i.document, f.label.ja, f.value) for i in made.items for f in i.summary]
    _sheet(book, head, "指標", ("議題", "件名", "指標", "単位", "期間", "値"), kpis)
    _sheet(book, head, "文書の要点", ("議題", "件名", "文書", "項目", "内容"), fields)
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
