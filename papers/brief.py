"""答弁資料: a brief for an assembly question on one lifecycle, from its events alone: what it is, why, who decided when and in which
capacity, money, KPIs, promises, what is next. The same events and question give the same bytes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from domain.calendar import local_day, wareki, wareki_fiscal_year
from domain.evaluation.scoring import STANDINGS, kpi_scores, plain
from domain.kpis.health import percent
from domain.lifecycle.amounts import NAMES
from domain.lifecycle.budgets import embargoed_until
from domain.lifecycle.state import Budget, Lifecycle
from domain.messages import Frozen, Text
from domain.process import REOPENING
from papers import words
from papers.circulations import Circulation
from papers.collecting import Collected
from papers.decision import AsOf, Hash, Line, as_of
from papers.dossier import PromiseRow, promise_rows, status_of, trail_rows
from papers.figures import Amount, Record, amounts, executed
from papers.typesetting import TEMPLATES, pdf
from papers.words import day, yen

Section = Literal["decisions", "money", "kpis", "promises", "next", "why"]
ASKED_BY: Mapping[Section, tuple[str, ...]] = {
    "why": ("なぜ", "理由", "目的", "背景", "必要", "課題", "趣旨", "廃止", "やめ", "拡充", "見直"),
    "decisions": ("決定", "決裁", "誰", "だれ", "責任", "経緯", "手続", "会議", "判断"),
    "money": ("予算", "費用", "経費", "金額", "円", "財源", "契約", "コスト", "執行", "決算"),
    "kpis": ("効果", "成果", "KPI", "指標", "実績", "達成", "目標", "利用"),
    "promises": ("条件", "約束", "配慮", "附帯"),
    "next": ("今後", "予定", "いつ", "見通し", "スケジュール", "次"),
}
"""Words of a question that ask for a section: those asked for come first. Order without any: that of this map."""


class DecisionRow(Frozen):
    """One decision: what, on which day, by whom in which capacity, and who had agreed before."""

    on: str
    what: str
    by: str
    capacity: str
    result: str
    agreed: str
    number: str


class KpiRow(Frozen):
    title: str
    baseline: str
    target: str
    value: str
    period: str
    share: str
    standing: str


class Part(Frozen):
    """A section and whether the question asks for it."""

    key: Section
    asked: bool


class Brief(Frozen):
    title: str
    question: str
    status: Text
    points: tuple[str, ...]
    facts: tuple[Line, ...]
    why: tuple[Line, ...]
    decisions: tuple[DecisionRow, ...]
    amounts: tuple[Amount, ...]
    executed: tuple[Record, ...]
    kpis: tuple[KpiRow, ...]
    promises: tuple[PromiseRow, ...]
    next: tuple[Line, ...]
    order: tuple[Part, ...]
    trail: tuple[Hash, ...]
    as_of: AsOf
    footer: str


def brief(found: Collected, question: str = "") -> Brief:
    """The brief as of the last event collected."""
    state = found.state
    return Brief(
        title=state.title,
        question=question.strip(),
        status=status_of(found),
        points=tuple(_points(found)),
        facts=tuple(_facts(found)),
        why=tuple(_why(found)),
        decisions=tuple(_decisions(found)),
        amounts=amounts(state),
        executed=executed(found),
        kpis=tuple(_kpis(found)),
        promises=tuple(promise_rows(found)),
        next=tuple(_next(found)),
        order=order_of(question),
        trail=tuple(trail_rows(found)),
        as_of=as_of(found, found.last),
        footer=f"{state.ref} {found.stream[:8]}",
    )


def order_of(question: str) -> tuple[Part, ...]:
    """The sections, those that the question asks for first."""
    asked = {key for key, said in ASKED_BY.items() if any(word in question for word in said)}
    return tuple(Part(key=key, asked=key in asked) for key in sorted(ASKED_BY, key=lambda k: k not in asked))


def as_pdf(made: Brief, at: datetime) -> bytes:
    return pdf("brief", made, at)


def as_html(made: Brief) -> bytes:
    """One page that fetches nothing, for a screen."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    return environment.get_template("brief.html").render(d=made).encode()


def _line(ja: str, en: str, value: str) -> Line:
    return Line(label=Text(ja=ja, en=en), value=value)


def _in_force(found: Collected, deliverable: str) -> dict[str, Any]:
    """The content of a deliverable that holds: the last that passed (or was brought along), whatever the round; empty without one."""
    held = [c for c in found.circulations if (c.in_force or c.imported) and _key(c) == deliverable]
    return dict(held[-1].document.content) if held else {}


def _key(c: Circulation) -> str:
    return str(getattr(c.document, "deliverable", c.document.stage))


def _points(found: Collected) -> list[str]:
    """What an answer would say, in sentences."""
    state, setup = found.state, _in_force(found, "setup")
    purpose = str(setup.get("purpose") or "").strip()
    began = f"{wareki(state.began_on)}に" if state.began_on else ""
    lines = [
        f"「{state.title}」は、{state.section_name.ja}が{began}始めた取組です。"
        + (f"目的: {purpose}" if purpose else "")
    ]
    where = (
        f"終結しています({status_of(found).ja})"
        if state.closed
        else f"廃止が決まり、廃止の整理を進めています(残る作業 {len(state.open_tasks)}件)"
        if _winds_down(state)
        else f"第{state.round}期の「{state.stage_title.ja}」にあります"
    )
    lines.append(f"{wareki(local_day(found.last.occurred_at))}現在、{where}。")
    decisions = [d for d in _decisions(found) if d.by]
    if decisions:
        last = decisions[-1]
        lines.append(f"直近の決定は、{last.on.split(' (')[0]}の{last.what}({last.result})で、{last.by}によるものです。")
    if reasons := _reasons(found):
        lines.append(
            f"{words.choice('recommendation', state.outcome or '').split(' / ')[0]}とした理由: {'、'.join(reasons)}"
        )
    if state.budgets:
        year, budget = max(state.budgets.items())
        known = [(k, v) for k in NAMES if (v := getattr(budget, k)) is not None]
        granted, spent = ([x for x in known if (x[0] in _SPENT) is late] for late in (False, True))
        if told := [f"{NAMES[k].ja}{v:,}円" for k, v in (*granted[-1:], *spent[-1:])]:
            lines.append(f"{wareki_fiscal_year(year)}の予算は{'、'.join(told)}です。{_reserve(found, budget)}")
    measured = [k for k in kpi_scores(state) if k.value is not None]
    lines += [f"{k.told}。" for k in measured if k.kind == "outcome"]
    open_ = sum(p.fulfilled_at is None for p in state.promises)
    if state.promises:
        lines.append(f"決定に付された条件・約束は{len(state.promises)}件、うち未履行は{open_}件です。")
    return lines


def _winds_down(state: Lifecycle) -> bool:
    return state.outcome == "abolition" and state.work not in (state.stage, REOPENING)


def _reasons(found: Collected) -> list[str]:
    """Why the last review ended as it did, from the document; none where it was decided otherwise than the document recommends."""
    review, outcome = _in_force(found, "review"), found.state.outcome
    if outcome is None or review.get("recommendation") != outcome:
        return []
    told = (str(review.get("override_reason") or ""), *(str(r) for r in review.get("reasons") or ()))
    return [r.strip() for r in told if r.strip()]


def _reserve(found: Collected, budget: Budget) -> str:
    """A warning beside amounts that are not for the public yet: before the bill is, nobody outside may hear of them."""
    today = local_day(found.last.occurred_at)
    waiting = [x for x in budget.lines.values() if "indicated" in x.figures and "voted" not in x.figures]
    if not any(x.public_on is None or x.public_on > today for x in waiting):
        return ""
    until = embargoed_until(found.state, today)
    return f"(取扱注意: 議決前の額。{wareki(until) if until else '議案の公表'}まで答弁で述べない)"


_SPENT = ("executed", "settled")
"""States of an amount that say what became of the budget; those before say what it is."""


def _facts(found: Collected) -> list[Line]:
    state = found.state
    origin = f"{state.origin.ref} {state.origin.title}(第{state.origin.round}期)" if state.origin else ""
    lines = [
        _line("件名", "subject", state.title),
        _line("整理番号", "reference", state.ref),
        _line("担当", "section in charge", f"{state.bureau_name.ja} {state.section_name.ja}"),
        _line("開始日", "started", day(state.began_on)),
        _line(
            "段階", "stage", f"{state.stage_title}(第{state.round}期)" if not state.closed else str(status_of(found))
        ),
        _line("横展開元", "carried from", origin),
        _line("横展開先", "carried to", "、".join(s.section_name.ja for s in state.spread if not s.given_up)),
        _line("取組方針", "outcome", words.choice("recommendation", state.outcome or "")),
        _line("再検討日", "review date", "" if _winds_down(state) else day(state.review_date)),
    ]
    return [x for x in lines if x.value]


def _why(found: Collected) -> list[Line]:
    """From the documents that were decided on."""
    setup, analysis, proposal = (_in_force(found, k) for k in ("setup", "analysis", "proposal"))
    chosen: dict[str, Any] = next(
        (o for o in proposal.get("options", ()) if o.get("key") == proposal.get("chosen")), {}
    )
    start = proposal.get("small_start") or {}
    small = [
        str(start.get("scope") or ""),
        f"{start['months']}か月" if start.get("months") else "",
        yen(start.get("cost_cap")),
    ]
    lines = [
        _line("目的", "purpose", str(setup.get("purpose") or "")),
        _line("解決すべき課題", "problem", str(setup.get("problem") or "")),
        _line("受益者", "beneficiaries", str(setup.get("beneficiaries") or "")),
        _line("現状", "current state", str(analysis.get("current_state") or "")),
        _line("根本原因", "root causes", "\n".join(str(x) for x in analysis.get("root_causes") or ())),
        _line("選んだ解決策", "option chosen", str(chosen.get("title") or "")),
        _line("選んだ理由", "why", str(proposal.get("chosen_reason") or "")),
        _line("スモールスタート", "small start", "、".join(x for x in small if x)),
        _line(
            "デジタル・デバイド対策", "digital divide", "\n".join(str(x) for x in proposal.get("digital_divide") or ())
        ),
    ]
    outcome = words.choice("recommendation", found.state.outcome or "").split(" / ")[0]
    lines.insert(0, _line(f"{outcome}の理由", "why this outcome", "\n".join(_reasons(found))))
    return [x for x in lines if x.value]


def _decisions(found: Collected) -> list[DecisionRow]:
    """Every document that was decided on, and every outcome, in order."""
    decided = [c for c in found.circulations if c.in_force or c.result in ("rejected", "dropped")]
    return [_decision(found, c) for c in decided]


def _decision(found: Collected, c: Circulation) -> DecisionRow:
    title = getattr(c.document, "title", None) or found.stages(c.state.definition).get(c.document.stage)
    what = f"{title.ja if title else c.document.stage}(第{c.document.round}期)"
    outcome: Any = next((t.recorded.event for t in c.told if t.recorded.event.type == "OutcomeDecided"), None)
    result = words.RESULTS[c.result].ja + (f"、{outcome.title.ja}" if outcome is not None else "")
    outside: Any = next((t.recorded.event for t in c.told if t.recorded.event.type == "OutsideDecisionEntered"), None)
    if c.imported:
        decided: Any = c.ended.event if c.ended is not None and c.result == "decided_before" else None
        on, by = (day(decided.decided_on), decided.by) if decided is not None else ("", "")
        return DecisionRow(
            on=on,
            what=what,
            by=by,
            capacity="移行元の記録",
            result=result,
            agreed="",
            number=decided.document if decided else "",
        )
    answers = [(a.recorded.event, a.answer.recorded) for a in c.asked if a.answer is not None]
    if outside is not None:
        return DecisionRow(
            on=day(outside.decided_on),
            what=what,
            by=outside.post_title.ja,
            capacity="外部の文書管理システムでの決裁",
            result=result,
            agreed="、".join(_post(asked) for asked, _ in answers),
            number=f"{outside.system} {outside.number}",
        )
    number = getattr(c.document, "number", None)
    last: Any = answers[-1] if answers else None
    return DecisionRow(
        on=day(c.ended.occurred_at) if c.ended else "",
        what=what,
        by=f"{_post(last[0])} {_person(found, last[1])}" if last else "",
        capacity=_capacity(found, last[1]) if last else "",
        result=result,
        agreed="、".join(f"{_post(asked)} {_person(found, given)}" for asked, given in answers[:-1]),
        number=f"{number.fiscal_year}-{number.serial}" if number is not None else "",
    )


def _post(asked: Any) -> str:
    return str(asked.post_title.ja)


def _person(found: Collected, given: Any) -> str:
    return found.names.person(getattr(given.event, "presided", None) or given.actor.person)


def _capacity(found: Collected, given: Any) -> str:
    """As whom the person decided: holder of the post, deputy (代決), for a vacant post, or presiding over a body."""
    event = given.event
    stands = getattr(event, "stands", "holder")
    if stands == "holder":
        return "職にある者として"
    acting = getattr(event, "acting_as", None)
    return words.STANDS[stands].ja + (f"({found.names.post(acting).ja})" if acting else "")


def _kpis(found: Collected) -> list[KpiRow]:
    return [
        KpiRow(
            title=f"{k.title}({k.unit})" if k.unit else k.title,
            baseline=plain(k.baseline),
            target=plain(k.target),
            value=plain(k.value) if k.value is not None else "",
            period=k.period,
            share=percent(k.attainment) if k.attainment is not None else "",
            standing=STANDINGS[k.standing].ja,
        )
        for k in kpi_scores(found.state)
    ]


def _next(found: Collected) -> list[Line]:
    """Who is asked for what until when, what a wind-down still owes, and the review."""
    state = found.state
    if state.closed:
        return []
    lines = [
        Line(label=r.post_title, value=f"{r.title.ja} 期限 {day(r.due_at)}" + (" 超過" if r.overdue else ""))
        for r in state.requests
    ]
    lines += [
        Line(label=t.post_title, value=f"廃止の整理: {t.title.ja} 期限 {day(t.due_at)}") for t in state.open_tasks
    ]
    if state.hold is not None:
        lines.append(_line("保留", "on hold", f"{day(state.hold.since)}から"))
    if state.review_date is not None and not _winds_down(state):
        lines.append(_line("取組方針の再検討", "review", day(state.review_date)))
    return lines
