"""Files taken in on pages: checked row by row first, then recorded as they were seen."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import RedirectResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile

from domain.messages import Refused
from imports.batch import Batch
from imports.columns import TITLES
from imports.registry import IMPORTS, Importing
from store import bodies
from web.app import Visit, visit_of
from web.keeping import shown_again, writing
from web.rendering import saved
from web.sheets import MEDIA, sheet
from web.snapshots import Reading
from web.taking import LARGEST, File, Unread, read, take

router = APIRouter(route_class=Reading)
SHOWN = 200
"""Rows and mistakes on the page; the counts are of all."""


def _kind(key: str) -> Importing:
    if key not in IMPORTS:
        raise HTTPException(404)
    return IMPORTS[key]


@router.get("/imports")
def imports(request: Request) -> Response:
    """What can be taken in from files."""
    return visit_of(request).page("imports.html", kinds=IMPORTS)


@router.get("/imports/{key}")
def form(request: Request, key: str, round: str = "") -> Response:
    return _page(visit_of(request), key, round)


@router.get("/imports/{key}/template.csv")
def template(request: Request, key: str) -> Response:
    """The columns as an empty table, those that must be filled first; a spreadsheet opens it."""
    kind, visit = _kind(key), visit_of(request)
    columns = [*kind.needed, *(c for c in kind.columns if c not in kind.needed)]
    heads = [TITLES.get(c, c) for c in columns] if visit.language == "ja" else columns
    return saved(sheet(heads, ()), f"{key}.csv", MEDIA)


def _line(place: str) -> str:
    """`tasks.csv line 3` as readers of Japanese say it."""
    return re.sub(r"\bline (\d+)", r"\1 行目", place)


def _page(visit: Visit, key: str, round_: str = "", status: int = 200, **more: Any) -> Response:
    kind = _kind(key)
    context: dict[str, Any] = {
        "batch": None,
        "done": None,
        "problems": [],
        "content": "",
        "seen": "",
        "refusal": None,
        "confirm": False,
    }
    calling = [r for r in bodies.all_rounds(visit.store) if r["phase"] == "calling"] if kind.of_round else []
    return visit.page(
        "import.html",
        status,
        key=key,
        kind=kind,
        rounds=[(r["stream"].partition(":")[2] or r["stream"], r["title"]) for r in calling],
        round=round_,
        shown=SHOWN,
        largest=LARGEST >> 20,
        titles=TITLES,
        line=_line if visit.language == "ja" else str,
        **(context | more),
    )


def _sent(request: Request, key: str, form: FormData) -> Response:
    text = {k: v for k, v in form.items() if isinstance(v, str) and k != "content"}
    visit = writing(request, text)
    if isinstance(visit, Response):
        return visit
    kind, round_ = _kind(key), text.get("round", "")
    uploads = [f for f in form.getlist("file") if isinstance(f, UploadFile) and f.filename]
    sent = [(f.filename or "", f.file.read(LARGEST + 1)) for f in uploads]
    files = sent or unpacked(str(form.get("content") or ""))
    try:
        batch = read(visit.store, kind, visit.actor(), files, round_)
    except Unread as unread:
        return _page(visit, key, round_, 422, problems=unread.faults)
    looked: dict[str, Any] = {"batch": batch, "content": packed(files), "seen": mark(batch)}
    if text.get("act") != "record" or sent:
        return _page(visit, key, round_, **looked)
    if text.get("seen") != mark(batch):  # something was recorded since
        return _page(visit, key, round_, confirm=True, **looked)
    try:
        done = take(visit.site, visit.actor(), batch)
    except Refused as refused:
        return _page(visit, key, round_, 409, refusal=refused.refusal, **looked)
    return _page(visit, key, round_, 409 if done.refused else 200, batch=batch, done=done)


def packed(files: Sequence[File]) -> str:
    """Files as text that a form carries along, byte by byte as they are."""
    return json.dumps([[name, base64.b64encode(content).decode()] for name, content in files])


def unpacked(content: str) -> list[File]:
    """What `packed` has packed; nothing of what it has not."""
    try:
        return [(str(name), base64.b64decode(text, validate=True)) for name, text in json.loads(content or "[]")]
    except (ValueError, TypeError, RecursionError):
        return []


def mark(batch: Batch) -> str:
    """What was seen of a file: its bytes, and what would become of each row."""
    told = [t.model_dump(mode="json") for t in batch.told]
    return sha256(json.dumps([batch.sha256, told, list(batch.reviews)]).encode()).hexdigest()[:32]


@router.post("/imports/{key}")
async def taken(request: Request, key: str) -> Response:
    async with request.form(max_files=10, max_fields=10, max_part_size=2 * LARGEST) as form:
        return await run_in_threadpool(_sent, request, key, form)


@shown_again("/imports/{key}")
def _again(visit: Visit, parts: dict[str, str], kept: Mapping[str, str]) -> Response:
    address = f"/imports/{parts['key']}" + (f"?{urlencode({'round': r})}" if (r := kept.get("round")) else "")
    return RedirectResponse(address, 303)  # a file does not outlive the session
