"""The inbox: what waits for me, why me, since when, by when; what I have done; and agreeing to several at once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Literal
from uuid import uuid4

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool

from domain.calendar import local_day
from domain.lifecycle.commands import AnswerRequest
from domain.lifecycle.deputising import handed_on
from domain.lifecycle.routes import ADDED
from domain.messages import Refused, Text
from domain.misfits import said_of
from papers.circulations import timeline
from papers.course import came_back, fell_back
from store import queries
from store.answering import AnswerDrafts, Opened, answers_by, sent_back_last
from store.store import Store
from store.waiting import from_bodies
from web.app import Visit, visit_of
from web.keeping import shown_again, writing
from web.live import ANY
from web.snapshots import Reading

router = APIRouter(route_class=Reading)
PAGE = 50
View = Literal["open", "mine", "roles", "deputy", "handed", "bodies", "overdue", "done"]


@router.get("/")
def inbox(request: Request, view: View = "open", page: int = 1, done: str = "") -> Response:
    return shown(visit_of(request), view, page, done=done)


def shown(
    visit: Visit,
    view: View = "open",
    page: int = 1,
    *,
    status: int = 200,
    became: list[dict[str, Any]] | None = None,
    done: str = "",
) -> Response:
    """`became`: what became of each request that was answered in bulk."""
    store, person = visit.store, visit.person
    page = min(max(page, 1), 1_000_000)
    directory, today = store.facts().directory, local_day(store.clock.now())
    whose = _whose(directory, person, today)
    everything, bodies = queries.inbox(store, person), from_bodies(store, person)
    _with_handed(visit, everything, today)
    if view == "done":
        found = [_placed(store, r) for r in answers_by(store, person, PAGE + 1, (page - 1) * PAGE)]
    elif view == "bodies":
        found = []
    else:
        chosen = [r for r in everything if _wanted(view, r, whose, person)]
        found = [_told(r, whose, directory, person) for r in chosen[(page - 1) * PAGE : page * PAGE + 1]]
        _with_opened(visit, found)
        _with_reasons(visit, found)
    counts: dict[str, int] = {"open": len(everything) + len(bodies), "bodies": len(bodies)}
    for key in ("mine", "roles", "deputy", "handed"):
        counts[key] = sum(_wanted(key, r, whose, person) for r in everything)
    counts["overdue"] = sum(bool(r["overdue"]) for r in everything) + sum(b.overdue for b in bodies)
    with_bodies = page == 1 and view in ("open", "overdue", "bodies")
    return visit.page(
        "inbox.html",
        status,
        live=ANY if became is None else None,
        view=view,
        items=found[:PAGE],
        bodies=[b for b in bodies if view != "overdue" or b.overdue] if with_bodies else [],
        more=len(found) > PAGE,
        page=page,
        counts=counts,
        today=today,
        became=became,
        done=done,
        command_id=str(uuid4()),
    )


def _whose(directory: Any, person: str, today: Any) -> dict[str, str]:
    """Post -> `mine` where the person alone holds it, `roles` where others hold it as well. Any other one is an absent person's."""
    held = directory.posts_of(person, today)
    return {post: "mine" if len(directory.holders(post, today)) == 1 else "roles" for post in held}


def _wanted(view: str, row: dict[str, Any], whose: Mapping[str, str], person: str) -> bool:
    if view == "overdue":
        return bool(row["overdue"])
    if view != "open" and _is_handed_to(row, person):
        return view == "handed"
    return view == "open" or whose.get(row["post"], "deputy") == view


def _is_handed_to(row: Mapping[str, Any], person: str) -> bool:
    """Whether a request is handed on to this person; another deputy of the same post may see it as well."""
    return (handed := row.get("handed")) is not None and handed.to == person


def _told(row: dict[str, Any], whose: Mapping[str, str], directory: Any, person: str) -> dict[str, Any]:
    post = directory.post(row["post"])
    return {
        **row,
        "post_title": post.title if post else None,
        "deputy": row["post"] not in whose,
        "handed_to_me": _is_handed_to(row, person),
    }


def _placed(store: Store, row: dict[str, Any]) -> dict[str, Any]:
    """An answer with the titles of its stage and of its step, by its lifecycle's own definition; None where that has them no more."""
    process = store.facts(row["definition"]).definition
    stage = next((s for s in process.all_stages if s.key == row["stage"]), None) if process else None
    step = next((s.title for s in stage.gate if s.key == row["step"]), _BESIDE.get(row["step"])) if stage else None
    return {**row, "stage_title": stage.title if stage else None, "step_title": step}


def _with_handed(visit: Visit, found: list[dict[str, Any]], today: date) -> None:
    """Says of each request that is handed on to whom, and by whom. Whoever has handed one on is among those barred."""
    directory = visit.store.facts().directory
    for row in found:
        barred = row["barred"].split()
        if row["kind"] != "decide" or not set(barred) & set(directory.holders(row["post"], today)):
            continue
        state = visit.store.load(row["stream"])[0]
        asked = state.request(row["request"])
        if asked is not None and asked.handed is not None:
            facts = visit.store.facts(state.definition)
            row["handed"] = handed_on(state, asked, facts, today)
            row["fell_back"] = fell_back(asked, state, facts, today)


def _with_opened(visit: Visit, found: list[dict[str, Any]]) -> None:
    """Says of each whether its document, as it is now, was opened in this session, whether it can be agreed to together with others, and
    whether an answer was begun."""
    asked = [r["request"] for r in found if r["kind"] == "decide"]
    opened = Opened(visit.store).among(visit.token, asked) if visit.token and asked else {}
    own = AnswerDrafts(visit.store, visit.person)
    for row in found:
        seen = opened.get(row["request"])
        row["opened"] = seen is not None and seen == row["content_hash"]
        row["agreeable"] = row["opened"] and (row.get("handed") is None or row["handed_to_me"])
        row["begun"] = seen is not None and own.find(row["stream"], row["request"]) is not None


def _with_reasons(visit: Visit, found: list[dict[str, Any]]) -> None:
    """Says of each draft that came back why: the first words of the reason."""
    drafts = [r for r in found if r["kind"] == "draft"]
    refused = sent_back_last(visit.store, [r["stream"] for r in drafts])
    for row in drafts:
        stream = row["stream"]
        back = came_back(timeline(visit.store, stream), visit.store.facts()) if stream in refused else ()
        if back and back[0].result in ("returned", "rejected"):
            row["back"] = {"title": back[0].result_title, "why": first_words(back[0].why)}


def first_words(text: str, most: int = 40) -> str:
    """The beginning of a text in one line."""
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[:most].rstrip()}…"


# --- agreeing to several -----------------------------------------------------------------------------------------------


@router.post("/answers")
async def agree(request: Request) -> Response:
    """Agree to each request that was ticked; to none that was not opened in this session as it is now."""
    form = await request.form(max_files=0, max_fields=200)
    given = [(k, v) for k, v in form.multi_items() if isinstance(v, str)]
    return await run_in_threadpool(_agreed, request, dict(given), [v for k, v in given if k == "request"])


@router.get("/answers")
def back() -> Response:
    """Where a reload of what `agree` answered leads."""
    return RedirectResponse("/", 303)


@shown_again("/answers")
def _again(visit: Visit, parts: dict[str, str], kept: Mapping[str, str]) -> Response:
    """A new session has opened nothing yet: each is opened again before it is agreed to."""
    return RedirectResponse("/", 303)


def _agreed(request: Request, text: dict[str, str], chosen: list[str]) -> Response:
    visit = writing(request, text)
    if isinstance(visit, Response):
        return visit
    waiting = {r["request"]: r for r in queries.inbox(visit.store, visit.person) if r["kind"] == "decide"}
    opened = Opened(visit.store).among(visit.token or "", chosen)
    became = []
    for request_id in dict.fromkeys(chosen[:PAGE]):
        row = waiting.get(request_id)
        became.append(_one(visit, request_id, row, opened.get(request_id), text))
    return shown(visit, status=409 if any(t["refused"] for t in became) or not became else 200, became=became)


def _one(
    visit: Visit, request_id: str, row: dict[str, Any] | None, seen: str | None, text: Mapping[str, str]
) -> dict[str, Any]:
    """What became of one of them: agreed to, or why not."""
    command_id = f"bulk:{text.get('command_id', '')[:100] or uuid4()}:{request_id}"
    if row is None:
        return _sent_twice(visit, request_id, command_id) or {"title": _REQUEST, "refused": _GONE}
    title = Text(ja=row["subject_ja"], en=row["subject_en"])
    if seen is None or seen != row["content_hash"]:
        return {"title": title, "refused": _UNREAD}
    try:
        command = AnswerRequest(
            command_id=command_id,
            stream=row["stream"],
            request=request_id,
            decision="approve",
            comment=text.get("comment", "").replace("\r\n", "\n")[:4000],
            seen=seen,
        )
        visit.site.record(command, visit.actor())
    except ValidationError as error:
        return {"title": title, "refused": said_of(error.errors(include_url=False)[0])}
    except Refused as refused:
        return {"title": title, "refused": refused.refusal.message}
    return {"title": title, "refused": None}


def _sent_twice(visit: Visit, request_id: str, command_id: str) -> dict[str, Any] | None:
    """The agreement that this very form has recorded already: a second click is told what the first did."""
    stream = queries.answered_stream(visit.store, request_id)
    if stream is None or not visit.store.knows(stream, command_id):
        return None
    row = queries.lifecycle(visit.store, stream)
    title = row["title"] if row else request_id
    return {"title": Text(ja=title, en=title), "refused": None}


_REQUEST = Text(ja="依頼", en="a request")
_BESIDE = {"added": ADDED, "superior": Text(ja="共通の上司", en="the common superior")}
_UNREAD = Text(
    ja="このセッションで今の文書を開いていません。開いて読んでから同意してください",
    en="its document, as it is now, was not opened in this session: open and read it first",
)
_GONE = Text(ja="もう求められていません", en="it is not asked of you any more")
