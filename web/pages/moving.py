"""Running lifecycles moved to a published version of their process: tried for all to see, then carried out one by one with a reason."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response
from pydantic import BaseModel, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from domain.lifecycle.authority import may_steer
from domain.lifecycle.events import RequestOpened
from domain.lifecycle.migrating import DefinitionMigrated, MigrateDefinition
from domain.lifecycle.state import Lifecycle
from domain.messages import Refused, Text, refuse
from domain.process import ProcessDefinition
from store import queries
from store.moves import ALL, Prospect, counted, in_use, prospects, running
from store.queries import stage_titles
from web.app import Visit, visit_of
from web.governing import said
from web.keeping import shown_again, writing
from web.pages.finding import stream_of
from web.pages.forming import problems_of
from web.pages.processes import EFFECTS, published
from web.snapshots import Reading

router = APIRouter(route_class=Reading)
PAGE = 50
"""Lifecycles on one page: so many are looked at, and moved at once at most."""
_GOES_ON, _CHOSEN, _LISTED = "stage.", "chosen.", "listed."


def _t(ja: str, en: str) -> Text:
    return Text(ja=ja, en=en)


class Why(BaseModel):
    reason: str = said("理由", "reason", min_length=1, max_length=4000)


@dataclass(frozen=True)
class Asked:
    """Which lifecycles the page is about: one, or those under `source`, page by page."""

    source: str
    only: str = ""
    page: int = 1


@dataclass(frozen=True)
class Sent:
    """The form as it was sent, and what came of it. `results`: what became of each lifecycle."""

    text: Mapping[str, str] = field(default_factory=dict)
    status: int = 200
    problems: Mapping[str, list[Text]] = field(default_factory=dict)
    note: Text | None = None
    results: list[dict[str, Any]] | None = None

    @property
    def moves(self) -> dict[str, str]:
        """Stage that is gone -> where it goes on, as chosen."""
        names = (n for n in self.text if n.startswith(_GOES_ON))
        return {n.removeprefix(_GOES_ON): self.text[n] for n in sorted(names) if self.text[n]}


def _asked(text: Mapping[str, str], document: ProcessDefinition) -> Asked:
    page = text.get("page", "1")
    number = int(page) if page.isascii() and page.isdigit() and len(page) < 7 else 1
    return Asked(text.get("from", "") or document.name, text.get("id", ""), max(number, 1))


def _page(visit: Visit, document: ProcessDefinition, asked: Asked, sent: Sent | None = None) -> Response:
    store, sent = visit.store, sent or Sent()
    if asked.only:
        streams, total = [stream_of(visit, asked.only)], 1
    else:
        total = counted(store, asked.source, document.reference)
        asked = Asked(asked.source, "", min(asked.page, max(-(-total // PAGE), 1)))
        offset = (asked.page - 1) * PAGE
        streams = running(store, asked.source, document.reference, limit=PAGE, offset=offset)
    known = {s.key for s in document.stages}
    moves = {old: new for old, new in sent.moves.items() if new in known}
    found, titles = prospects(store, document, streams, moves), stage_titles(store)
    rows = [_row(visit, document, p, moves) for p in found]
    rows.sort(key=lambda r: EFFECTS.index(r["effect"]))
    return visit.page(
        "move.html",
        sent.status,
        definition=document,
        asked=asked,
        sources=_sources(visit, document),
        total=total,
        last=max(-(-total // PAGE), 1),
        rows=rows,
        counts={e: sum(r["effect"] == e for r in rows) for e in EFFECTS},
        gone=_gone([p.state for p in found], known, moves, titles),
        titles=titles,
        stages=[(s.key, s.title) for s in document.stages],
        movable=sum(r["may"] and r["effect"] not in ("same", "impossible") for r in rows),
        seen=_fingerprint(moves),
        reason=sent.text.get("reason", ""),
        ticked={n.removeprefix(_CHOSEN) for n in sent.text if n.startswith(_CHOSEN)},
        command_id=sent.text.get("command_id") or str(uuid4()),
        problems={"reason": (), "chosen": (), **sent.problems},
        wrong=bool(sent.problems),
        note=sent.note,
        results=sent.results,
    )


def _row(visit: Visit, document: ProcessDefinition, p: Prospect, moves: Mapping[str, str]) -> dict[str, Any]:
    unplaced = p.found.effect == "impossible" and _is_gone(p.state, {s.key for s in document.stages})
    words = p.found.words
    if unplaced and p.state.work not in moves:
        words = (
            _t(
                "今の段階が新しい版にありません。「なくなる段階の移り先」を選んで、もう一度確かめてください",
                "its present stage is not in the new version: choose where it goes on, then look again",
            ),
        )
    return {
        "stream": p.stream,
        "version": p.version,
        "ref": p.state.ref,
        "title": p.state.title,
        "definition": p.state.definition,
        "stage": p.state.work,
        "effect": p.found.effect,
        "words": words,
        "may": _may_move(visit, document, p.state),
    }


def _is_gone(state: Lifecycle, known: set[str]) -> bool:
    """Whether somebody has to say where it goes on; a wind-down and a reopening go on where they are, or not at all."""
    return state.work == state.stage and state.work not in known and state.reopening is None


def _may_move(visit: Visit, document: ProcessDefinition, state: Lifecycle) -> bool:
    """Offered to those whom the rule lets steer it; a rehearsal is read only."""
    if visit.store.clock.virtual:
        return False
    facts = visit.store.facts(document.reference)
    try:
        may_steer(visit.actor(), state, facts, visit.store.clock.now())
    except Refused:
        return False
    return True


def _gone(
    states: list[Lifecycle], known: set[str], moves: Mapping[str, str], titles: Mapping[str, Any]
) -> list[tuple[str, Text, str]]:
    """Stages of these lifecycles that the version does not have: key, title, and where it was said to go on."""
    gone = dict.fromkeys(s.work for s in states if _is_gone(s, known))
    return [(k, titles.get(k, Text(ja=k, en=k)), moves.get(k, "")) for k in gone]


def _sources(visit: Visit, document: ProcessDefinition) -> list[tuple[str, Text]]:
    used = in_use(visit.store)
    own = sum(n for reference, n in used.items() if reference.partition("@")[0] == document.name)
    found = [(document.name, _t(f"{document.name} のすべての版({own} 件)", f"{document.name}, every version ({own})"))]
    found += [(r, _t(f"{r}({n} 件)", f"{r} ({n})")) for r, n in used.items()]
    return [*found, (ALL, _t("すべての定義", "every definition"))]


def _fingerprint(moves: Mapping[str, str]) -> str:
    """The stages chosen, as they were when the page said what moving does."""
    return json.dumps(dict(sorted(moves.items())))


def _document(visit: Visit, reference: str) -> ProcessDefinition:
    found = published(visit).get(reference)
    if found is None:
        raise HTTPException(404)
    return found


# --- carried out -------------------------------------------------------------------------------------------------------


def _moved(request: Request, reference: str, form: FormData) -> Response:
    text = {k: v for k, v in form.items() if isinstance(v, str)}
    visit = writing(request, text)
    if isinstance(visit, Response):
        return visit
    document = _document(visit, reference)
    asked, sent = _asked(text, document), Sent(text)
    act = text.get("act", "")
    if act not in ("some", "all"):
        return _page(visit, document, asked, sent)
    if text.get("seen", "") != _fingerprint(sent.moves):
        note = _t(
            "移り先の段階が変わりました。何が変わるかを確かめてから移してください",
            "where they go on has been changed: look at what it does now, then move them",
        )
        return _page(visit, document, asked, Sent(text, 409, note=note))
    which = _LISTED if act == "all" else _CHOSEN
    chosen = {n.removeprefix(which): v for n, v in text.items() if n.startswith(which)}
    problems: dict[str, list[Text]] = {}
    try:
        reason = Why.model_validate({"reason": text.get("reason", "").replace("\r\n", "\n").strip()}).reason
    except ValidationError as error:
        problems, reason = problems_of(error), ""
    if not chosen:
        problems["chosen"] = [_t("移すものに印を付けてください", "tick those that are to be moved")]
    if problems:
        return _page(visit, document, asked, Sent(text, 422, problems))
    results = [
        _move(visit, document, row, shown, sent.moves, reason, text.get("command_id", ""))
        for stream, shown in list(chosen.items())[:PAGE]
        if (row := queries.lifecycle(visit.store, stream)) is not None
    ]
    status = 409 if results and all(r["status"] == "refused" for r in results) else 200
    left = {k: v for k, v in text.items() if not k.startswith(_CHOSEN)} | {"command_id": str(uuid4())}
    return _page(visit, document, asked, Sent(left, status, results=results))


def _move(
    visit: Visit,
    document: ProcessDefinition,
    row: Mapping[str, Any],
    shown: str,
    moves: Mapping[str, str],
    reason: str,
    command_id: str,
) -> dict[str, Any]:
    """One lifecycle by its own command, as it was `shown` (version and stage); one that is refused stops no other."""
    told: dict[str, Any] = {k: row[k] for k in ("stream", "ref", "title")}
    version, _, stage = shown.partition(" ")
    command = MigrateDefinition(
        command_id=f"move:{command_id[:100]}:{row['stream']}",
        stream=row["stream"],
        definition=document.reference,
        stage=moves.get(stage),
        reason=reason,
    )
    try:
        outcome = visit.site.record(command, visit.actor(), _number(version))
    except Refused as refused:
        return told | {"status": "refused", "refusal": refused.refusal, "words": ()}
    after = outcome.version - len(outcome.events)
    events = [
        r.event for r in visit.store.events(row["stream"], after, open_texts=False) if r.version <= outcome.version
    ]
    return told | {"status": "moved", "refusal": None, "words": _happened(events)}


def _number(version: str) -> int:
    if version.isascii() and version.isdigit() and len(version) < 10:
        return int(version)
    raise refuse(
        "stream-moved-on",
        "どの時点のものか分かりません",
        "it is not said as of which moment",
        remedy_ja="ページを開き直してください",
        remedy_en="open the page again",
    )


def _happened(events: list[Any]) -> tuple[Text, ...]:
    asked = [e.post_title for e in events if isinstance(e, RequestOpened)]
    if not asked:
        return (_t("依頼はそのままです", "its requests stay as they are"),)
    ja, en = "、".join(p.ja for p in asked), ", ".join(p.en for p in asked)
    if any(isinstance(e, DefinitionMigrated) and e.drafted_again for e in events):
        return (_t(f"{ja} に作成を求めました", f"the draft is asked of {en} again"),)
    return (_t(f"{ja} に改めて求めました", f"asked again: {en}"),)


# --- routes ------------------------------------------------------------------------------------------------------------


@router.get("/definitions/{reference}/dry-run")
def dry_run(request: Request, reference: str) -> Response:
    """What moving running lifecycles to a published version would change."""
    visit = visit_of(request)
    document = _document(visit, reference)
    return _page(visit, document, _asked(dict(request.query_params), document))


@router.post("/definitions/{reference}/dry-run")
async def move(request: Request, reference: str) -> Response:
    async with request.form(max_files=0, max_fields=500) as form:
        return await run_in_threadpool(_moved, request, reference, form)


@shown_again("/definitions/{reference}/dry-run")
def _move_again(visit: Visit, parts: dict[str, str], kept: Mapping[str, str]) -> Response:
    document = _document(visit, parts["reference"])
    return _page(visit, document, _asked(kept, document), Sent(kept))
