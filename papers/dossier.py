"""A whole lifecycle on paper: what it is, where it stands, every stage with its decisions, its figures, and all of its events."""

from __future__ import annotations

from typing import Any

from domain.messages import Frozen, Recorded, Text
from papers import words
from papers.circulations import Circulation
from papers.collecting import Collected
from papers.decision import AsOf, DecisionPaper, Happening, Hash, Line, as_of, decision_paper, happening
from papers.figures import Amount, KpiGroup, Record, amounts, budget_records, executed, kpi_groups
from papers.words import day, moment


class Visit(Frozen):
    """A stay in a stage, and the versions that went round in it."""

    round: int
    stage: Text
    because: Text
    entered: str
    left: str
    versions: tuple[str, ...]


class PromiseRow(Frozen):
    text: str
    by: str
    stage: str
    due: str
    fulfilled: str
    """Empty while it is open."""


class OutcomeRow(Frozen):
    round: int
    outcome: Text
    recommended: str
    decided: str
    then: str


class Event(Frozen):
    number: int
    position: int
    told: Happening
    via: str
    hash: str


class Dossier(Frozen):
    title: str
    status: Text
    state: str
    summary: tuple[Line, ...]
    waiting: tuple[Line, ...]
    visits: tuple[Visit, ...]
    papers: tuple[DecisionPaper, ...]
    amounts: tuple[Amount, ...]
    budget_records: tuple[Record, ...]
    executed: tuple[Record, ...]
    kpis: tuple[KpiGroup, ...]
    promises: tuple[PromiseRow, ...]
    outcomes: tuple[OutcomeRow, ...]
    events: tuple[Event, ...]
    trail: tuple[Hash, ...]
    as_of: AsOf
    footer: str


def dossier(found: Collected) -> Dossier:
    """The dossier as of the last event collected."""
    state = found.state
    return Dossier(
        title=state.title,
        status=status_of(found),
        state="failed" if state.closed_as == "dropped" else "passed" if state.closed else "open",
        summary=tuple(_summary(found)),
        waiting=tuple(_waiting(found)),
        visits=tuple(_visits(found)),
        papers=tuple(decision_paper(found, c) for c in _filed(found)),
        amounts=amounts(state),
        budget_records=budget_records(found),
        executed=executed(found),
        kpis=kpi_groups(found),
        promises=tuple(promise_rows(found)),
        outcomes=tuple(_outcomes(found)),
        events=tuple(_event(found, t) for t in found.told),
        trail=tuple(trail_rows(found)),
        as_of=as_of(found, found.last),
        footer=f"{state.ref} {found.stream[:8]}",
    )


def status_of(found: Collected) -> Text:
    state = found.state
    if state.closed:
        known = words.CLOSED.get(state.closed_as or "", Text(ja="", en=""))
        return Text(ja=f"終結({known.ja})", en=f"closed: {known.en}")
    if state.hold is not None:
        return Text(ja="保留中", en="on hold")
    if state.in_circulation:
        return words.RESULTS["circulating"]
    return Text(ja="起案待ち", en="being drafted")


def _line(ja: str, en: str, value: str) -> Line:
    return Line(label=Text(ja=ja, en=en), value=value)


def _summary(found: Collected) -> list[Line]:
    state, names = found.state, found.names
    results = [c.result for c in found.circulations]
    where = words.day(found.last.occurred_at) if state.closed else str(state.stage_title)
    lines = [
        _line("件名", "subject", state.title),
        _line("整理番号", "reference", f"{state.ref} / {found.stream}"),
        _line("担当", "section in charge", f"{state.bureau_name.ja} {state.section_name.ja} / {state.section_name.en}"),
        _line("プロセス定義", "process definition", state.definition),
        _line("デジタル化の視点", "viewpoint", words.choice("viewpoint", state.viewpoint or "")),
        _line("課題の重さ", "weight", words.choice("weight", state.weight or "")),
        _line("資する方針・分類", "serves, tags", "、".join(state.tags)),
        _line("出典", "source", _source(state.source)),
        _line("引継ぎ元", "adopted from", _source(getattr(state, "adopted", None))),
        _line("構成員", "people", "、".join(names.person(p) for p in state.people)),
        _line("関係部署", "departments", "、".join(names.unit(u) for u in state.departments)),
        _line("開始日", "started", day(state.began_on)),
        _line("終結日" if state.closed else "現在の段階", "closed on" if state.closed else "stage now", where),
        _line("期", "round", f"第{state.round}期 / {state.round}"),
        _line("取組方針", "outcome", words.choice("recommendation", state.outcome or "")),
        _line("再検討日", "review date", day(state.review_date)),
        _line(
            "文書",
            "documents handed in",
            f"{len(results)}(差戻し {results.count('returned')}、引戻し {results.count('withdrawn')})",
        ),
        _line("保留", "hold", f"{day(state.hold.since)} ―" if state.hold else ""),
    ]
    purpose: dict[str, Any] = next(
        (c.document.content for c in found.circulations if "purpose" in c.document.content), {}
    )
    lines += [_line("目的", "purpose", str(purpose.get("purpose") or ""))]
    lines += [_line("解決すべき課題", "problem", str(purpose.get("problem") or ""))]
    return [x for x in lines if x.value]


def _source(source: Any) -> str:
    if source is None:
        return ""
    return " ".join(str(part) for part in (source.name, source.url, source.licence) if part)


def _waiting(found: Collected) -> list[Line]:
    """Who is asked for what, and until when."""
    return [
        Line(
            label=r.post_title,
            value=f"{r.title} 期限 / due {day(r.due_at)}" + (" 超過 / overdue" if r.overdue else ""),
        )
        for r in found.state.requests
    ]


_BECAUSE = {
    "started": Text(ja="開始", en="started"),
    "adopted": Text(ja="引継ぎ", en="adopted"),
    "passed": Text(ja="通過", en="passed on"),
    "sent_back": Text(ja="差戻し", en="sent back"),
    "outcome": Text(ja="取組方針", en="outcome"),
    "review_opened": Text(ja="再検討", en="review"),
    "reopened": Text(ja="再開", en="reopened"),
}


def _visits(found: Collected) -> list[Visit]:
    entered = [t.recorded for t in found.told if t.recorded.event.type == "StageEntered"]
    ends = [r.version for r in entered[1:]] + [found.last.version + 1]
    return [_visit(found, r, end) for r, end in zip(entered, ends, strict=True)]


def _visit(found: Collected, r: Recorded, end: int) -> Visit:
    event: Any = r.event
    within = [c for c in found.circulations if r.version < c.submitted.version < end]
    left = next((t.recorded for t in found.told if t.recorded.version == end), None)
    if left is None and found.state.closed:
        left = found.last
    return Visit(
        round=event.round,
        stage=event.title,
        because=_BECAUSE.get(event.because, Text(ja=event.because, en=event.because)),
        entered=day(r.occurred_at),
        left=day(left.occurred_at) if left else "",
        versions=tuple(f"第{c.document.version}版 {words.RESULTS[c.result]}" for c in within),
    )


def _filed(found: Collected) -> list[Circulation]:
    """What gets a paper of its own: all that passed, and the last of each stage and round. The rest is told in those."""
    last = {c.key: c for c in found.circulations}
    return [c for c in found.circulations if c.in_force or c is last[c.key]]


def promise_rows(found: Collected) -> list[PromiseRow]:
    stages = found.stages(found.state.definition)
    return [
        PromiseRow(
            text=p.text,
            by=found.names.unit(p.by) if p.by else "",
            stage=f"{stages[p.stage].ja if p.stage in stages else p.stage} 第{p.round}期",
            due=day(p.due),
            fulfilled=day(p.fulfilled_at),
        )
        for p in found.state.promises
    ]


def _outcomes(found: Collected) -> list[OutcomeRow]:
    rows = []
    for t in found.told:
        event: Any = t.recorded.event
        if event.type != "OutcomeDecided":
            continue
        stages = found.stages(t.state.definition)
        on = f"→ {stages.get(event.stage, event.stage)}" if event.stage else "→ 終結・整理 / close or wind down"
        review = f"、再検討日 / review {day(event.next_review)}" if event.next_review else ""
        rows.append(
            OutcomeRow(
                round=event.round,
                outcome=event.title,
                recommended=words.choice("recommendation", event.recommended or ""),
                decided=f"{day(t.recorded.occurred_at)} {found.names.person(t.recorded.actor.person)}",
                then=on + review,
            )
        )
    return rows


def _event(found: Collected, t: Any) -> Event:
    r = t.recorded
    return Event(
        number=r.version,
        position=r.position,
        told=happening(t, found.names),
        via=r.actor.via.value,
        hash=found.hashes[r.version][:16],
    )


def trail_rows(found: Collected) -> list[Hash]:
    last = found.last
    rows = [
        Hash(
            label=Text(ja="最後の事象", en="last event"),
            detail=f"第{last.version}事象、{moment(last.occurred_at)} / event {last.version}",
            hash=found.hashes[last.version],
        )
    ]
    for reference in dict.fromkeys(t.state.definition for t in found.told if t.state.definition):
        if reference in found.definitions:
            label = Text(ja="プロセス定義", en="process definition")
            rows.append(Hash(label=label, detail=reference, hash=found.definitions[reference][1]))
    for c in _filed(found):
        d = c.document
        title = getattr(d, "title", Text(ja=d.stage, en=d.stage))
        detail = f"第{d.round}期 第{d.version}版 {words.RESULTS[c.result]}"
        rows.append(Hash(label=title, detail=detail, hash=d.content_hash))
    return rows
