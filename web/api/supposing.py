"""What if, as the API asks it: a question is put into the queue, and its answer is read where it will be."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Path, Response

from domain.messages import Frozen, Text
from rehearsal.contract import Supposition, WhatIf
from store.whatifs import Asked, Questions, State
from web.api.access import Caller, Reader, Writer
from web.api.acting import IdempotencyKey
from web.api.bodies import paged
from web.api.models import Page
from web.api.problems import documented, not_found
from web.api.reading import Cursor, Limit
from web.snapshots import Reading
from web.whatifs import ask, require_supposing

router = APIRouter(route_class=Reading, prefix="/whatif", tags=["learning"])
QuestionId = Annotated[str, Path(max_length=100, description="`id` of a question")]


class QuestionListed(Frozen):
    """How a question stands. `ahead`: how many come before it; `problem`: why there is no answer, where it failed."""

    id: str
    person: str
    state: State
    asked_at: datetime
    begun_at: datetime | None
    ended_at: datetime | None
    ahead: int
    problem: Text | None


class QuestionSeen(QuestionListed):
    """A question, and what was found once its state is `done`."""

    question: Supposition
    found: WhatIf | None


def _listed(asked: Asked) -> QuestionListed:
    return QuestionListed.model_validate({n: getattr(asked, n) for n in QuestionListed.model_fields})


def _seen(asked: Asked) -> QuestionSeen:
    return QuestionSeen(
        **dict(_listed(asked)),
        question=Supposition.model_validate_json(asked.question),
        found=WhatIf.model_validate_json(asked.found) if asked.found is not None else None,
    )


def _allowed(caller: Caller) -> Questions:
    """Raises `Refused`."""
    require_supposing(caller.store, caller.key.person)
    return Questions(caller.store)


@router.post("", status_code=202, responses=documented(409, 413))
def ask_whatif(caller: Writer, body: Supposition, response: Response, key: IdempotencyKey = None) -> QuestionSeen:
    """Ask how running lifecycles would go on under another definition, without steps, at another pace or with another capacity: for the
    unit that looks after process definitions, the secretariat and auditors. It is reckoned beside; `Location` is where to read it.
    Nothing is recorded, and the answer stays for some days."""
    _allowed(caller)
    question = ask(caller.site, caller.key.person, key or str(uuid4()), body)
    response.headers["Location"] = f"/api/v1/whatif/{question.id}"
    return _seen(question)


@router.get("", responses=documented(409))
def whatifs(caller: Reader, limit: Limit = 50, cursor: Cursor = None) -> Page[QuestionListed]:
    """Questions that were asked, the newest first."""
    return paged(_allowed(caller).latest(), limit, cursor, _listed)


@router.get("/{id}", responses=documented(404, 409))
def whatif(caller: Reader, id: QuestionId) -> QuestionSeen:
    """How a question stands, and what was found."""
    found = _allowed(caller).find(id)
    if found is None:
        raise not_found(id)
    caller.site.reckoning.see_to_it()
    return _seen(found)


@router.post("/{id}/cancel", responses=documented(404, 409))
def cancel_whatif(caller: Writer, id: QuestionId) -> QuestionListed:
    """Take back a question of one's own; one that is over stays as it is."""
    found = _allowed(caller).cancel(id, caller.key.person)
    if found is None:
        raise not_found(id)
    return _listed(found)
