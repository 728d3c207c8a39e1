"""What a person has on the desk: drafts of forms and of answers as pages keep them, how they hear, and the board."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Response
from pydantic import Field

from domain.deliverables.registry import DELIVERABLES
from domain.lifecycle.state import Lifecycle
from domain.messages import Frozen, Text, unstorable
from domain.reader_stream import Choice
from domain.reader_stream import stream_of as reader_of
from papers.circulations import timeline
from papers.course import Earlier, came_back
from store import queries
from store.answering import AnswerDrafts, answers_by
from store.beginnings import beginning
from store.boards import Bottleneck
from store.drafts import Drafts, Meanwhile
from web.api.access import Caller, Reader, Writer
from web.api.bodies import first_of
from web.api.models import OwnAnswer, Page
from web.api.problems import Failure, FieldProblem, documented, not_found
from web.api.reading import Cursor, Filter, Id, Limit, cursor_of, row_of, stream_of
from web.api.tags import IfMatch, expected, tag
from web.asking import is_asked
from web.checking import drafted, form_asked, problems_in
from web.glancing import LONG, glance_of, in_order, strategy
from web.governing import require_oversight
from web.snapshots import Reading

router = APIRouter(route_class=Reading)
RequestId = Annotated[str, Path(max_length=100)]


# --- drafts of forms -------------------------------------------------------------------------------------------------


class DraftSeen(Frozen):
    """The form of the document that is asked for now, shared by those who may draft it. `version` is 0 where nothing was saved yet, and
    `content` what the form begins with; it is also the ETag. It may be sent back as it is. `came_back`: why the document is asked for
    again, the newest first."""

    stage: str
    round: int
    form: str
    version: int
    content: dict[str, Any]
    person: str | None
    at: datetime | None
    came_back: tuple[Earlier, ...]


class Content(Frozen):
    """A form as far as it is filled in: fields by name, whether they fit or not. What else was read may be sent along: `stage`, `round`
    and `form` are then those of the document asked for now; `version`, `person`, `at` and `came_back` change nothing (If-Match
    guards)."""

    content: dict[str, Any]
    stage: str | None = None
    round: int | None = None
    form: str | None = None
    version: int | None = None
    person: str | None = None
    at: datetime | None = None
    came_back: tuple[Earlier, ...] = ()


class Problems(Frozen):
    """What handing in would find; none: it can be handed in."""

    problems: tuple[FieldProblem, ...]


@router.get("/lifecycles/{id}/draft", responses=documented(404, 409, tagged=True), tags=["lifecycles"])
def saved_draft(caller: Reader, id: Id, response: Response) -> DraftSeen:
    """The draft as it was saved last, by a page or by the API. 404 where no document is asked for now."""
    state = _drafted(caller, id)
    return _seen(caller, state, response)


@router.put("/lifecycles/{id}/draft", responses=documented(404, 409, 412, 413, tagged=True), tags=["lifecycles"])
def save_draft(caller: Writer, id: Id, body: Content, response: Response, match: IfMatch = None) -> DraftSeen:
    """Save the draft; If-Match keeps what somebody else has saved meanwhile. It goes when the document is handed in."""
    state, drafts = _drafted(caller, id), Drafts(caller.store)
    _require_asked(caller, state, body)
    _require_fields(form_asked(caller.store, state), body.content)
    known = drafts.find(state.stream, state.work, state.round)
    base = expected(match)
    try:
        now = known.version if known else 0
        drafts.save(
            state.stream, state.work, state.round, now if base is None else base, body.content, caller.key.person
        )
    except Meanwhile:
        raise Failure(
            412,
            "draft-moved-on",
            Text(ja="その間にほかの人が保存しました", en="somebody else has saved it meanwhile"),
            Text(ja="読み直して合わせてください", en="read it again, and join the two"),
        ) from None
    return _seen(caller, state, response)


@router.delete("/lifecycles/{id}/draft", status_code=204, responses=documented(404, 409), tags=["lifecycles"])
def discard_draft(caller: Writer, id: Id) -> None:
    """Throw the draft away; the form begins anew."""
    state = _drafted(caller, id)
    Drafts(caller.store).remove(state.stream, state.work, state.round)


@router.post("/lifecycles/{id}/draft/check", responses=documented(404, 409, 413), tags=["lifecycles"])
def check_draft(caller: Reader, id: Id, body: Content) -> Problems:
    """All that handing this in would find; nothing is kept of it."""
    state = _drafted(caller, id)
    found = problems_in(caller.store, state, body.content)
    return Problems(problems=tuple(FieldProblem(field=p.field, value=p.value, message=p.message) for p in found))


def _drafted(caller: Caller, id_: str) -> Lifecycle:
    """Raises `Failure` 404, and `Refused` where it is not theirs."""
    state = drafted(caller.store, caller.actor, stream_of(caller.store, id_))
    if state is None:
        raise not_found(f"{id_}: draft")
    return state


def _seen(caller: Caller, state: Lifecycle, response: Response) -> DraftSeen:
    """As on pages, what the form has no field for (after a move to another definition) is left out."""
    found, form = Drafts(caller.store).find(state.stream, state.work, state.round), form_asked(caller.store, state)
    content = found.content if found else beginning(caller.store, state.stream, state.work) or {}
    tag(response, found.version if found else 0)
    return DraftSeen(
        stage=state.work,
        round=state.round,
        form=form,
        version=found.version if found else 0,
        content={name: value for name, value in content.items() if name in DELIVERABLES[form].form.model_fields},
        person=found.person if found else None,
        at=found.at if found else None,
        came_back=came_back(timeline(caller.store, state.stream), caller.store.facts()),
    )


def _require_asked(caller: Caller, state: Lifecycle, body: Content) -> None:
    """Raises `Failure` 412 for the draft of another document than the one that is asked for now."""
    asked = {"stage": state.work, "round": state.round, "form": form_asked(caller.store, state)}
    for field, now in asked.items():
        if (given := getattr(body, field)) not in (None, now):
            shown = str(given)[:80]
            raise Failure(
                412,
                "draft-moved-on",
                Text(
                    ja=f"{field}: 今求められているのは {now!r} で、{shown!r} ではありません",
                    en=f"{field}: {now!r} is asked for now, not {shown!r}",
                ),
                Text(ja="読み直してください", en="read it again"),
            )


def _require_fields(form: str, content: dict[str, Any]) -> None:
    """Raises `Failure` 422 for what the form does not have, or what cannot be stored."""
    unknown = next((name for name in content if name not in DELIVERABLES[form].form.model_fields), None)
    if unknown is None and unstorable(content) is None:
        return
    what = "content" if unknown is None else unknown[:80]
    raise Failure(
        422,
        "form-shape",
        Text(
            ja=f"content: 使えない項目か文字です: {what!r}",
            en=f"content: no field of the form, or not storable: {what!r}",
        ),
        Text(ja=f"GET /forms/{form} の項目名を使ってください", en=f"use the fields of `GET /forms/{form}`"),
    )


# --- drafts of answers -----------------------------------------------------------------------------------------------

Line = Annotated[str, Field(max_length=100)]
Words = Annotated[str, Field(max_length=10_000)]


class AnswerDraft(Frozen):
    """An answer that is not given yet, as the page of the request keeps it; `condition`: one a line."""

    decision: Line = ""
    comment: Words = ""
    condition: Words = ""
    outcome: Line = ""
    back_to: Line = ""
    in_absence: Line = ""


@router.get("/requests/{request}/draft", responses=documented(404), tags=["lifecycles"])
def answer_draft(caller: Reader, request: RequestId) -> AnswerDraft:
    """The answer that the key's person has begun to write; nobody else reads it."""
    stream = _asked(caller, request)
    found = AnswerDrafts(caller.store, caller.key.person).find(stream, request)
    if found is None:
        raise not_found(f"{request}: draft")
    return AnswerDraft.model_validate(found.content)


@router.put("/requests/{request}/draft", responses=documented(404, 413), tags=["lifecycles"])
def save_answer_draft(caller: Writer, request: RequestId, body: AnswerDraft) -> AnswerDraft:
    """Keep an answer for later; it decides nothing."""
    stream = _asked(caller, request)
    AnswerDrafts(caller.store, caller.key.person).save(stream, request, body.model_dump())
    return body


@router.delete("/requests/{request}/draft", status_code=204, responses=documented(404), tags=["lifecycles"])
def discard_answer_draft(caller: Writer, request: RequestId) -> None:
    """Throw it away."""
    AnswerDrafts(caller.store, caller.key.person).remove(_asked(caller, request), request)


def _asked(caller: Caller, request: str) -> str:
    """The lifecycle of a request that waits for the key's person. Raises `Failure` 404 for any other."""
    stream = queries.request_stream(caller.store, request)
    state = caller.store.load(stream)[0] if stream is not None else None
    if stream is None or state is None or not is_asked(caller.store, caller.key.person, state, state.request(request)):
        raise not_found(request)
    return stream


# --- notices, operations, the board ----------------------------------------------------------------------------------


class ChosenNotices(Frozen):
    """How the person hears, by channel. The inbox is always at once; mail is at once until something else is chosen."""

    channels: dict[str, Choice]


class Figures(Frozen):
    """Counts over the whole record; `behind`: streams that wait to be followed by Temporal."""

    streams: int
    events: int
    lifecycles: int
    open: int
    requests: int
    answers: int
    behind: int


class Glimpse(Frozen):
    """One lifecycle on the board."""

    stream: str
    ref: str
    title: str
    stage: str
    health: str
    next_due: datetime | None = None
    entered_at: datetime | None = None


class ColumnSeen(Frozen):
    """A stage: how many are open there, and those that are due first. `late`: amber without being on hold, `paused`: amber on hold."""

    stage: str
    title: Text
    count: int
    red: int
    amber: int
    held: int
    late: int
    paused: int
    first: tuple[Glimpse, ...]


class CellSeen(Frozen):
    """A field of the smart-city map at one stage of life (None: at no particular one)."""

    field: str
    life: str | None
    found: tuple[Glimpse, ...]


class BoardSeen(Frozen):
    """The portfolio at a glance: `columns` of the bureau that was asked for, the rest of the whole city. `health`: bureau -> colour ->
    how many; `ended`: how many ended as what; `late`: posts that most is waited for; `stale`: at one stage for `stale_days` and more."""

    columns: tuple[ColumnSeen, ...]
    health: dict[str, dict[str, int]]
    ended: dict[str, int]
    late: tuple[Bottleneck, ...]
    stale: tuple[Glimpse, ...]
    stale_days: int
    cells: tuple[CellSeen, ...]
    fields: dict[str, Text]
    lives: dict[str, Text]


@router.get("/me/notices", responses=documented(), tags=["me"])
def chosen_notices(caller: Reader) -> ChosenNotices:
    """How notices reach the key's person, as they have chosen."""
    store, stream = caller.store, reader_of(caller.key.person)
    chosen = store.load(stream)[0].choices if queries.has_stream(store, stream) else {}
    return ChosenNotices(channels={"inbox": Choice(), "email": Choice(), **chosen})


@router.get("/me/answers", responses=documented(), tags=["me"])
def own_answers(caller: Reader, limit: Limit = 50, cursor: Cursor = None) -> Page[OwnAnswer]:
    """What the key's person has answered, newest first."""
    first = first_of(cursor)
    found = answers_by(caller.store, caller.key.person, limit + 1, first)
    following = cursor_of(first + limit) if len(found) > limit else None
    return Page(items=tuple(row_of(OwnAnswer, r) for r in found[:limit]), next=following)


@router.get("/operations", responses=documented(409), tags=["operations"])
def operations(caller: Reader) -> Figures:
    """How much there is, and whether Temporal follows: for the secretariat and auditors."""
    require_oversight(caller.store, caller.key.person)
    return Figures.model_validate(queries.figures(caller.store))


@router.get("/board", responses=documented(404), tags=["portfolio"])
def board(caller: Reader, bureau: Filter = None) -> BoardSeen:
    """The portfolio by stage, health, what is late, and the smart-city map."""
    unit = caller.store.facts().directory.unit(bureau) if bureau is not None else None
    if bureau is not None and (unit is None or unit.kind != "bureau"):
        raise not_found(bureau)
    found, titles, city = glance_of(caller.store, bureau), queries.stage_titles(caller.store), strategy()["smart_city"]
    return BoardSeen(
        columns=tuple(
            ColumnSeen(
                **column.model_dump(exclude={"first"}),
                title=titles.get(column.stage, Text(ja=column.stage, en=column.stage)),
                first=_glimpses(column.first),
            )
            for column in in_order(found, titles)
        ),
        health=found.health,
        ended=found.ended,
        late=found.bottlenecks,
        stale=_glimpses(found.stale),
        stale_days=LONG,
        cells=tuple(CellSeen(field=c.field, life=c.life, found=_glimpses(c.found)) for c in found.cells),
        fields={f["id"]: Text.model_validate(f["title"]) for f in city["fields"]},
        lives={life["id"]: Text.model_validate(life["child"]) for life in city["life"]},
    )


def _glimpses(rows: tuple[dict[str, Any], ...]) -> tuple[Glimpse, ...]:
    return tuple(Glimpse(**{n: r[n] for n in Glimpse.model_fields if n in r}) for r in rows)
