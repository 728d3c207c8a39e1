"""One person's work handed over in bulk: listed first, then recorded in each lifecycle under its own rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from domain.lifecycle.handover import HandOver
from domain.messages import Refused, Text
from store.succession import open_work, waiting_for
from web.app import Visit, visit_of
from web.forms import nothing, typed
from web.governing import require_concerned, said
from web.keeping import shown_again, writing
from web.pages.forming import Filled, known, page, problems_of
from web.snapshots import Reading

router = APIRouter(route_class=Reading)


def _t(ja: str, en: str) -> Text:
    return Text(ja=ja, en=en)


class SuccessionForm(BaseModel):
    previous: str = said("前任(氏名か職員ID)", "who hands over, by name or id")
    successor: str = said("後任(氏名か職員ID)", "who takes over, by name or id")
    reason: str = said("理由", "reason", "人事異動 / personnel move")


def _succession(visit: Visit, filled: Filled | None = None, **more: Any) -> Response:
    return page(
        visit,
        SuccessionForm,
        title=_t("事務を引き継ぐ", "Hand over one person's work"),
        lead=_t(
            "本人の名で持つもの(起案、構成員、KPI)をまとめて後任に移します。職あての依頼は自動で後任の職員に移ります。",
            "What is in their own name (drafts, seats, KPIs) passes to the successor; what waits for a post passes by itself.",
        ),
        back="/organisation",
        action="/organisation/succession",
        filled=filled,
        begins={"previous": visit.person, "reason": "人事異動 / personnel move"},
        root="organisation",
        dry=True,
        **more,
    )


def _succeeded(request: Request, form: FormData) -> Response:
    text = {k: v for k, v in form.items() if isinstance(v, str)}
    visit = writing(request, text)
    if isinstance(visit, Response):
        return visit
    content = typed(SuccessionForm, text, ids=known(visit))
    try:
        given = SuccessionForm.model_validate({k: v for k, v in content.items() if not nothing(v)})
        require_concerned(visit.store, visit.person, given.previous)
    except ValidationError as error:
        return _succession(visit, Filled(text, problems=problems_of(error), status=422))
    except Refused as refused:
        return _succession(visit, Filled(text, refused.refusal, status=409))
    rows = open_work(visit.store, given.previous)
    recording = text.get("act") != "dry"
    lines = [_handed(visit, row, given, text, recording) for row in rows]
    waiting = waiting_for(visit.store, given.previous)
    lines += [
        _t(f"職あて(自動で後任へ): {r['subject_ja']}", f"by post, passes by itself: {r['subject_en']}") for r in waiting
    ]
    nothing_there = [_t("引き継ぐものはありません", "nothing is open")]
    return _succession(visit, Filled(text | {"command_id": str(uuid4())}), lines=lines or nothing_there)


def _handed(visit: Visit, row: dict[str, Any], given: SuccessionForm, text: Mapping[str, str], recording: bool) -> Text:
    """One lifecycle: what is handed over in it, and what became of it."""
    duties = [d.partition(":") for d in row["duties"]]
    words = {"drafter": ("起案", "drafter"), "member": ("構成員", "member"), "kpi": ("KPI", "KPI")}
    ja, en = ("、".join(words[d][0] for d, _, _ in duties), ", ".join(words[d][1] for d, _, _ in duties))
    became = _t("引き継ぎます", "would be handed over")
    if recording:
        command = HandOver(
            command_id=f"succession:{text.get('command_id', '')[:100]}:{row['id']}",
            stream=row["id"],
            previous=given.previous,
            successor=given.successor,
            reason=given.reason,
        )
        try:
            visit.site.record(command, visit.actor())
            became = _t("引き継ぎました", "handed over")
        except Refused as refused:
            became = refused.refusal.message
    return _t(
        f"{row['ref']} {row['title'][:60]} ({ja}): {became.ja}", f"{row['ref']} {row['title'][:60]} ({en}): {became.en}"
    )


@router.get("/organisation/succession")
def succession_page(request: Request) -> Response:
    return _succession(visit_of(request))


@router.post("/organisation/succession")
async def succeed(request: Request) -> Response:
    async with request.form(max_files=0, max_fields=20) as form:
        return await run_in_threadpool(_succeeded, request, form)


@shown_again("/organisation/succession")
def _succession_again(visit: Visit, parts: dict[str, str], kept: Mapping[str, str]) -> Response:
    return _succession(visit, Filled(kept))
