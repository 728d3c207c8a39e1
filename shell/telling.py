"""One lifecycle in full, as a document and as pages for people."""

from __future__ import annotations

from datetime import date
from typing import Any

import yaml

from domain.calendar import wareki_fiscal_year
from domain.kpis.periods import parse
from domain.lifecycle.attaching import attached
from domain.lifecycle.overview import STANDINGS, route
from domain.messages import Event
from shell.output import OUT, day, minute, short, short_day
from shell.session import Session


def show_document(session: Session, stream: str) -> dict[str, Any]:
    """Everything that `show` tells. Moments are aware UTC."""
    from shell.looking import awaited, listed
    from store import queries

    store = session.store
    row = queries.lifecycle(store, stream)
    assert row is not None
    requests = queries.live_requests(store, [stream])
    state, _ = store.load(stream)
    document, seen = listed(session, row, requests), _seen_files(session, stream)
    document |= {
        "started_at": row["started_at"],
        "entered_at": row["entered_at"],
        "followed": row["followed"],
        "source": row["source"],
        "tags": row["tags"],
        "awaiting": awaited(session, requests),
        "route": [s.model_dump() for s in route(state, store.facts(row["definition"]))],
        "consultations": [c.model_dump() for c in state.consultations],
        "recused": list(state.recused),
        "marks": list(state.marks),
        "timeline": _timeline(session, stream),
        "deliverables": queries.deliverable_versions(store, stream),
        "attachments": [a.model_dump() for a in attached(state) if a.sha256 in seen],
        "outcomes": queries.outcomes_of(store, stream),
        "kpis": [k.model_dump() for k in state.kpis],
        "refuted": [r.model_dump() for r in state.refuted],
        "review_date": state.review_date,
        "measurements": queries.measurements_of(store, stream),
        "budgets": {str(year): b.model_dump() for year, b in state.budgets.items()},
        "aim": state.aim.model_dump() if state.aim else None,
        "commitments": [c.model_dump() for c in state.commitments],
        "carried": [c.model_dump() for c in state.carried],
        "procurements": [p.model_dump() for p in state.procurements],
        "benefits": [b.model_dump() for b in state.benefits],
        "promises": queries.promises_of(store, stream),
        "adopted": state.adopted.model_dump() if state.adopted else None,
        "merged_into": state.merged_into,
        "absorbed": list(state.absorbed),
        "origin": state.origin.model_dump() if state.origin else None,
        "spread": [s.model_dump() for s in state.spread],
        "lessons": [x.model_dump() for x in state.lessons],
        "wind_down": [t.model_dump() for t in state.tasks],
    }
    return document | _learnt(session, stream, state)


def _learnt(session: Session, stream: str, state: Any) -> dict[str, Any]:
    """What the city's history says: the forecast, and at a hypothesis what became of earlier ones."""
    from learning import forecast, hypotheses
    from learning.asking import forecast_of, lessons_at

    expected, lessons = forecast_of(session.store, stream), lessons_at(session.store, state)
    return {
        "forecast": expected.model_dump() | {"words": forecast.in_words(expected).model_dump()},
        "past_hypotheses": None
        if lessons is None
        else lessons.model_dump() | {"words": hypotheses.in_words(lessons).model_dump()},
    }


def _seen_files(session: Session, stream: str) -> set[str]:
    from shell.bodies import viewer
    from store import evidence

    return {f["sha256"] for f in evidence.for_whom(session.store, session.actor(viewer(session, None)), stream)}


def _timeline(session: Session, stream: str) -> list[dict[str, Any]]:
    """Every event told in a line, with who and what they wrote."""
    from papers.circulations import timeline
    from papers.veiling import told_to
    from shell.bodies import viewer

    store, found = session.store, []
    for told in told_to(store, session.actor(viewer(session, None)), stream, timeline(store, stream)):
        r = told.recorded
        found.append(
            {
                "version": r.version,
                "at": r.occurred_at,
                "type": r.event.type,
                "ja": told.line.ja,
                "en": told.line.en,
                "person": r.actor.person,
                "capacity": r.actor.capacity,
                "via": r.actor.via.value,
                "said": _said(r.event),
            }
        )
    return found


def told_lines(session: Session, stream: str) -> list[str]:
    """What happened, one line each: the day, and what it was."""
    return [f"{day(e['at'])}: {e['ja']}" for e in _timeline(session, stream) if e["type"] not in _QUIET]


_WORDS = ("text", "comment", "reason", "by", "note")
"""Fields in which people say something, in the order in which they matter."""


def _said(event: Event) -> str:
    if event.type == "PromiseMade":  # its line says it already
        return ""
    if event.type == "ReviewOpened":
        return str(getattr(event, "reason", ""))
    return next((str(said) for name in _WORDS if (said := getattr(event, name, ""))), "")


_QUIET = {"RequestClosed", "RequestOpened"}


def print_show(d: dict[str, Any], *, whole: bool) -> None:
    """Pages for people; `whole` prints the deliverables themselves and nothing else."""
    if whole:
        for item in d["deliverables"]:
            OUT.say(
                f"# {item['stage']} 第{item['round']}期 第{item['version']}版 {item['person']} {day(item['at'])}",
                f"# sha256 {item['content_hash']}",
                *(f"# 添付 / attached: {a['name']} sha256 {a['sha256']}" for a in item["attachments"] or ()),
            )
            OUT.say(yaml.safe_dump(item["content"], allow_unicode=True, sort_keys=False, width=100))
        return
    OUT.say(d["title"], f"ID {d['id']} · {d['ref']} · {d['section']} ({d['bureau']}) · {d['definition']}")
    if d["source"]:
        OUT.say(f"出典 / source: {d['source']['name']} {d['source'].get('url') or ''}")
    if d["adopted"]:
        OUT.say(
            f"引継ぎ / adopted from: {d['adopted']['name']}(欠けている記録 / what is missing: adopt --gaps {short(d['id'])})"
        )
    for label, other in (("統合先 / merged into", d["merged_into"]), *(("統合 / absorbed", o) for o in d["absorbed"])):
        if other:
            OUT.say(f"{label}: {other}")
    _print_family(d)
    outcome = f" · 結果 / outcome: {d['outcome']}" if d["outcome"] else ""
    OUT.say(f"段階 / stage: {d['stage']} · 第{d['round']}期 / round {d['round']} · {d['health']}{outcome}", "")
    _print_waiting(d)
    _print_route(d)
    OUT.table(
        "経過 / timeline",
        ("時刻 (JST)", "", "だれ / who"),
        (
            (minute(e["at"]), e["ja"] + (f" 「{e['said']}」" if e["said"] else ""), e["person"] or "-")
            for e in d["timeline"]
            if e["type"] not in _QUIET
        ),
    )
    if d["deliverables"]:
        OUT.say("")
        OUT.table(
            "成果物 / deliverables(全文 / in full: show ID --stage STAGE)",
            ("段階 / stage", "期", "版", "だれ / by", "日 / on", "sha256"),
            (
                (i["stage"], i["round"], i["version"], i["person"], short_day(i["at"]), i["content_hash"][:12])
                for i in d["deliverables"]
            ),
        )
    print_tasks(d["wind_down"])
    _print_figures(d)


KINDS = {
    "draft": "作成 / draft",
    "decide": "決裁 / decide",
    "question": "質問 / question",
    "read": "供覧 / for information",
    "task": "廃止の整理 / wind-down",
    "vote": "投票 / vote",
    "confirm": "会議録の確認 / minutes",
    "instruction": "指示への回答 / instruction",
    "decision": "決裁の起案 / decision",
}


def _print_family(d: dict[str, Any]) -> None:
    """Where it came from, where it was carried to, and what earlier rounds taught."""
    if d["origin"]:
        o = d["origin"]
        OUT.say(f"横展開元 / came from: {o['ref']} {o['title']}(第{o['round']}期 / round {o['round']})")
    for s in d["spread"]:
        wrong = f" 例外 / exception {s['rule']}: {s['message']['ja']}" if s["rule"] else ""
        OUT.say(f"横展開先 / carried to: {s['ref']} {s['section_name']['ja']}{wrong}")
    for x in d["lessons"]:
        for text in x["learnt"]:
            OUT.say(f"第{x['round']}期に分かったこと / learnt in round {x['round']}: {text}")
        if x["scope"]:
            OUT.say(f"第{x['round']}期の拡充 / widened after round {x['round']}: {x['scope']}")
        for text in x["targets"]:
            OUT.say(f"新しい目標 / new target: {text}")


def _print_waiting(d: dict[str, Any]) -> None:
    if d["closed"]:
        OUT.say(f"終結しています / closed: {d['closed_as']}", "")
        return
    if d["held"]:
        OUT.say("保留中です / on hold", "")
    OUT.table(
        "待っているもの / awaiting",
        ("依頼 / request", "職 / post", "職員 / person", "", "いつから / since", "期限 / due"),
        (
            (
                short(a["request"]),
                a["title"],
                f"{a['person'] or '空席 / vacant'} {a['name']}",
                KINDS.get(a["kind"], ""),
                short_day(a["opened_at"]),
                short_day(a["due_at"]) + (" 超過 / overdue" if a["overdue"] else ""),
            )
            for a in d["awaiting"]
        ),
    )
    if d["next_due"]:
        OUT.say(f"次の期限 / next deadline: {day(d['next_due'])}")
    for label, found in (("見通し / forecast", d["forecast"]), ("過去の仮説 / past hypotheses", d["past_hypotheses"])):
        if found is not None:
            OUT.say(f"{label}: {found['words']['ja']} / {found['words']['en']}")
    OUT.say("")


def _print_route(d: dict[str, Any]) -> None:
    """Where the document stands on its route, and what sets this matter apart."""
    if d["route"]:
        OUT.table(
            "経路 / route",
            ("段階 / step", "職 / posts", "状態 / state", "答えた者 / answered by"),
            (
                (
                    f"{s['title']['ja']} / {s['title']['en']}",
                    "、".join(p["ja"] for p in s["posts"]) or "-",
                    f"{STANDINGS[s['standing']].ja} / {STANDINGS[s['standing']].en}",
                    ", ".join(f"{p}(代)" if p in s["deputies"] else p for p in s["people"]) or "-",
                )
                for s in d["route"]
            ),
        )
        OUT.say("")
    for a in d["attachments"]:
        OUT.say(f"添付 / attached: {a['name']} ({a['size']:,} bytes, sha256 {a['sha256'][:12]})")
    for c in d["consultations"]:
        state = (
            "共通の上司の裁定待ち / with the common superior"
            if c["referred"]
            else f"{day(c['due_at'])} まで / until then"
        )
        OUT.say(f"協議 / consultation {short(c['id'])}: {c['post_title']['ja']} / {c['post_title']['en']}, {state}")
    if d["marks"]:
        OUT.say(f"代決できない案件 / not decided in absence: {', '.join(d['marks'])}")
    if d["recused"]:
        OUT.say(f"回避 / recused: {', '.join(d['recused'])}")


def print_tasks(tasks: list[dict[str, Any]]) -> None:
    """What a wind-down asks for; nothing when there is none."""
    if not tasks:
        return
    OUT.say("")
    OUT.table(
        "廃止の整理 / wind-down",
        ("作業 / task", "", "職 / post", "期限 / due", "状態 / state"),
        (
            (
                t["key"],
                f"{t['title']['ja']} / {t['title']['en']}",
                t["post_title"]["ja"],
                short_day(t["due_at"]),
                _task(t),
            )
            for t in tasks
        ),
    )


def _task(t: dict[str, Any]) -> str:
    if t["done_at"] is None:
        return "超過 / overdue" if t["overdue"] else "未 / open"
    return ("該当なし / not applicable " if t["not_applicable"] else "済 / done ") + short_day(t["done_at"])


def _marks(measurement: dict[str, Any]) -> str:
    """A corrected or imported value says so."""
    corrected = f"(訂正 / corrected, {measurement['was']})" if measurement["was"] is not None else ""
    return corrected + ("(移入 / imported)" if measurement["imported"] else "")


def _ends(measurement: dict[str, Any]) -> date:
    """The last day of a value's period: a correction of an old one is not the latest. What cannot be read comes first."""
    period = parse(measurement["period"])
    return period.end if period else date.min


def _print_figures(d: dict[str, Any]) -> None:
    if d["budgets"]:
        OUT.say("")
        from domain.lifecycle.state import Budget
        from shell.money import budget_rows

        OUT.table(
            "予算(円) / budget (yen)",
            ("年度・予算の区分 / FY, window", "状態 / state", "金額 / amount", "日 / on", "議案 / bill"),
            budget_rows({int(y): Budget.model_validate(b) for y, b in d["budgets"].items()}),
        )
    for p in d["procurements"]:
        done = list(p["steps"])[-1] if p["steps"] else "-"
        OUT.say(f"調達 / procurement {p['key']}: {p['title']} · {done}" + (f" · {p['ended']}" if p["ended"] else ""))
    for c in d["commitments"]:
        OUT.say(
            f"年度を越える負担 / commitment {c['key']}: {c['title']} FY{c['from_year']}–FY{c['to_year']} ({c['rests_on']})"
        )
    if d["aim"] and not d["aim"]["handed_in"] and not d["closed"]:
        at = d["aim"]["at"]
        OUT.say(
            f"目指す予算 / budget window: {wareki_fiscal_year(at['fiscal_year'])} {at['title']['ja']}"
            f"(要求締切 / requests close {day(at['closes_at'])})"
        )
    if d["kpis"]:
        OUT.say("", *(f"{r['ja']} / {r['en']}" for r in d["refuted"]))
        latest = {m["kpi"]: {**m, "value": m["value"] + _marks(m)} for m in sorted(d["measurements"], key=_ends)}
        OUT.table(
            f"KPI(再検討日 / review date {day(d['review_date'])})",
            ("記号 / key", "指標 / title", "最新値 / latest", "期間 / period", "単位"),
            (
                (
                    k["key"],
                    k["title"],
                    latest.get(k["key"], {}).get("value", ""),
                    latest.get(k["key"], {}).get("period", ""),
                    k["unit"],
                )
                for k in d["kpis"]
            ),
        )
    if d["promises"]:
        OUT.say("")
        OUT.table(
            "条件・約束 / conditions and promises",
            ("ID", "内容 / what", "部署 / by", "期限 / due", ""),
            (
                (
                    short(p["promise"]),
                    p["text"],
                    p["by_unit"] or "",
                    p["due"] or "",
                    "済 / kept" if p["fulfilled_at"] else "未 / open",
                )
                for p in d["promises"]
            ),
        )
