"""One's own password, on the page about oneself: changed by who knows the old one; every other session ends with it."""

from __future__ import annotations

from typing import Annotated

import structlog
from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from domain.messages import Refusal, Text
from store.accounts import LONGEST, SHORTEST, PasswordUnfit, SignInRefused
from web.app import require_own_form, visit_of
from web.pages.administering import shown
from web.pages.signing import place_of, with_session
from web.rendering import minute_in
from web.snapshots import Reading

router = APIRouter(route_class=Reading)
log = structlog.get_logger()


def _no(rule: str, ja: str, en: str, remedy_ja: str, remedy_en: str) -> Refusal:
    return Refusal(rule=rule, message=Text(ja=ja, en=en), remedy=Text(ja=remedy_ja, en=remedy_en))


_DIFFER = _no(
    "password-differs",
    "2つの入力が違います",
    "the two entries differ",
    "同じものを入れてください",
    "enter the same twice",
)
_UNFIT = _no(
    "password-unfit",
    "パスワードの長さが合いません",
    "the password is too short or too long",
    f"{SHORTEST} 文字以上 {LONGEST} 文字以下にしてください",
    f"use {SHORTEST} to {LONGEST} characters",
)
_WRONG = _no(
    "password-wrong",
    "今のパスワードが違います",
    "the present password is not right",
    "確かめて入れ直してください。忘れたときは管理者に新しい招待を求めてください",
    "enter it again; if it is forgotten, ask your operator for a new invitation",
)


@router.post("/me/password")
def change(
    request: Request,
    csrf: Annotated[str, Form()] = "",
    old: Annotated[str, Form(max_length=1000)] = "",
    new: Annotated[str, Form(max_length=1000)] = "",
    again: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    visit = visit_of(request)
    require_own_form(request, visit.csrf, csrf)
    if new != again:
        return shown(visit, 422, password_refusal=_DIFFER)
    try:
        token = visit.site.accounts.change(visit.person, old, new, place_of(request))
    except PasswordUnfit:
        return shown(visit, 422, password_refusal=_UNFIT)
    except SignInRefused as refused:
        return shown(visit, 429 if refused.retry_at else 403, password_refusal=_later(refused) or _WRONG)
    log.info("a password was changed", person=visit.person)
    return with_session(RedirectResponse("/me?done=1", 303), token)


def _later(refused: SignInRefused) -> Refusal | None:
    if refused.retry_at is None:
        return None
    ja, en = (minute_in(language)(refused.retry_at) for language in ("ja", "en"))
    return _no(
        "password-tries", "誤りが続いたため今は試せません", "too many wrong tries", f"{ja} 以降に", f"try again at {en}"
    )
