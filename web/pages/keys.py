"""One's own keys of the API, on the page about oneself: listed, made and shown once, revoked. A key can do what its person may, within
its scopes; nobody sees another's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated
from uuid import uuid4

import structlog
from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.responses import RedirectResponse, Response
from starlette.concurrency import run_in_threadpool

from domain.messages import refuse
from store.api_keys import AT_MOST, SCOPES, AlreadyMade, ApiKeys, Key, TooMany
from web.app import Visit
from web.governing import require_real
from web.keeping import shown_again, writing
from web.pages.administering import shown
from web.snapshots import Reading

router = APIRouter(route_class=Reading)
log = structlog.get_logger()
LIVES = (30, 90, 366)
"""Days that may be chosen on the page."""


_NO_NAME = refuse(
    "key-nameless",
    "何のための鍵か書かれていません",
    "it is not said what the key is for",
    remedy_ja="名前を書いてください",
    remedy_en="give it a name",
).refusal
_NO_SCOPE = refuse(
    "key-scopeless",
    "できることが選ばれていません",
    "nothing was chosen that it may do",
    remedy_ja="一つ以上選んでください",
    remedy_en="choose at least one",
).refusal
_TOO_MANY = refuse(
    "keys-too-many",
    f"鍵は一人 {AT_MOST} 本までです",
    f"nobody has more than {AT_MOST} keys",
    remedy_ja="使わない鍵を無効にしてください",
    remedy_en="revoke one that is not used",
).refusal
_MADE = refuse(
    "key-made-already",
    "この鍵はもう作られ、一度だけ表示されました",
    "this key has been made already, and was shown once",
    remedy_ja="見ていなければ無効にして作り直してください",
    remedy_en="if you did not see it, revoke it and make another",
).refusal


@router.post("/me/keys")
async def make(request: Request) -> Response:
    """Make a key; the answer shows it, and nothing shows it again."""
    form = await request.form(max_files=0, max_fields=20)
    text = {k: v for k, v in form.items() if isinstance(v, str)}
    scopes = [v for k, v in form.multi_items() if k == "scope" and isinstance(v, str)]
    return await run_in_threadpool(_made, request, text, scopes)


def _made(request: Request, text: Mapping[str, str], scopes: list[str]) -> Response:
    visit = writing(request, text)
    if isinstance(visit, Response):
        return visit
    require_real(visit.store)
    keys, name = ApiKeys(visit.store), text.get("name", "").replace("\x00", "").strip()[:100]
    days = text.get("days", "")
    wanted = tuple(s for s in SCOPES if s in scopes)
    if days not in map(str, LIVES):
        raise HTTPException(404)
    wrong = _NO_NAME if not name else _NO_SCOPE if not wanted else None
    if wrong is None:
        try:
            asked = text.get("command_id", "") or str(uuid4())
            key, secret = keys.make(visit.person, name, wanted, int(days), asked, AT_MOST)
        except AlreadyMade:
            wrong = _MADE
        except TooMany:
            wrong = _TOO_MANY
        else:
            return _told(visit, key, secret)
    typed = {"name": name, "scopes": wanted, "days": int(days)}
    return shown(visit, 409 if wrong in (_TOO_MANY, _MADE) else 422, key_refusal=wrong, key_typed=typed)


def _told(visit: Visit, key: Key, secret: str) -> Response:
    log.info("key of the API made", key=key.id, person=key.person, scopes=key.scopes)
    return shown(visit, new_key=key, secret=secret)


@shown_again("/me/keys")
def _make_again(visit: Visit, parts: dict[str, str], kept: Mapping[str, str]) -> Response:
    return shown(visit, key_typed={"name": kept.get("name", "")[:100], "scopes": ("read",), "days": LIVES[1]})


@router.post("/me/keys/{id_}/revoke")
def revoke(request: Request, id_: str, csrf: Annotated[str, Form()] = "") -> Response:
    """One's own key stops working at once; of others' keys this page knows nothing."""
    visit = writing(request, {"csrf": csrf})
    if isinstance(visit, Response):
        return visit
    require_real(visit.store)
    if not ApiKeys(visit.store).revoke(id_, visit.person):
        raise HTTPException(404)
    log.info("key of the API revoked", key=id_, person=visit.person)
    return RedirectResponse("/me?done=1#keys", 303)


@shown_again("/me/keys/{id_}/revoke")
def _revoke_again(visit: Visit, parts: dict[str, str], kept: Mapping[str, str]) -> Response:
    return shown(visit)
