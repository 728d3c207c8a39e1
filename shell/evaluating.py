"""The evaluation of a lifecycle, or of all that are being monitored, as the record stands today."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from shell.app import Json, app
from shell.errors import ShellError
from shell.output import OUT
from shell.session import Session

if TYPE_CHECKING:
    from domain.lifecycle.state import Lifecycle


@app.command()
def report(
    id: Annotated[
        str | None,
        typer.Argument(
            metavar="ID", help="課題の番号かID。省けばモニタリング中のすべて / without it: all being monitored"
        ),
    ] = None,
    json_: Json = False,
) -> None:
    """評価の材料と、定めた規則による提言 / what an evaluation rests on, and the recommendation by stated rules"""
    session = Session()
    if id is not None:
        state = session.store.load(session.lifecycle(id))[0]
        document = _document(session, state)
        OUT.emit(document, lambda: _print(document))
        return
    found = [_document(session, state) for state in _monitored(session)]
    OUT.emit(found, lambda: _print_all(found))


def _monitored(session: Session) -> list[Lifecycle]:
    from store import queries

    rows = queries.find_lifecycles(session.store, closed=False)
    states: list[Lifecycle] = [session.store.load(r["stream"])[0] for r in rows]
    return [s for s in states if s.repeats]


def _document(session: Session, state: Lifecycle) -> dict[str, Any]:
    from domain.calendar import local_day
    from figures.lifecycles import figures_of
    from figures.telling import brief
    from store.beginnings import evaluated

    found = evaluated(session.store, state)
    if found is None:
        raise ShellError(
            f"ID: {state.ref}: KPI がまだ定められていません / no KPI has been set yet",
            "→ KPI設定の段階を終えてください / finish the setting of KPIs first",
        )
    [figures] = figures_of([state], local_day(session.store.clock.now()))
    worst = min((f.health.colour for f in figures), key=("red", "amber", "green").index)
    return {
        "id": state.stream,
        "ref": state.ref,
        "title": state.title,
        "stage": state.stage,
        "round": state.round,
        "health": worst,
        "kpis": [brief(state, f) for f in figures],
        "hypotheses": [h.model_dump(mode="json") for h in found.evaluation.hypotheses],
        "recommendation": found.evaluation.recommendation.model_dump(mode="json"),
        "appraisal": found.appraisal.model_dump(mode="json") if found.appraisal else None,
        "lines": list(found.lines),
    }


_CONCLUSION = ("推奨 / recommended", "規則 / rule", "収支(円) / balance in yen")


def _print(document: dict[str, Any]) -> None:
    recommended = document["recommendation"]
    OUT.say(f"{document['ref']} {document['title']}")
    for line in document["lines"]:
        OUT.say(line)
    OUT.say(f"【提言 / recommendation】{recommended['outcome'] or '-'} ({recommended['rule']})")
    for reason in recommended["reasons"]:
        OUT.say(f"・{reason['ja']} / {reason['en']}")
    OUT.say(f"→ ./taskforce form review --for {document['ref']} > review.yaml")


def _print_all(found: Sequence[dict[str, Any]]) -> None:
    heads = ("ID", "件名 / title", "健全度 / health", "達成率 / attained", *_CONCLUSION)
    rows = []
    for d in found:
        attained = [k["attained_percent"] for k in d["kpis"] if k["attained_percent"]]
        balance = d["appraisal"]["balance"] if d["appraisal"] and d["appraisal"]["benefit"] else None
        said = d["recommendation"]
        shown = "-" if balance is None else f"{balance:+,}"
        rows.append((d["ref"], d["title"], d["health"], "・".join(attained), said["outcome"], said["rule"], shown))
    OUT.table("評価 / evaluation", heads, rows)
