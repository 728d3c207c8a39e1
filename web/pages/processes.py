"""Process definitions on pages: compared, tried out from a file, published, and what running lifecycles would see of a new version."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

import yaml
from fastapi import APIRouter, Form, HTTPException, Request, UploadFile
from fastapi.responses import JSONResponse, RedirectResponse, Response
from pydantic import BaseModel, ValidationError

from domain.calendar import local_day
from domain.duties import has_duty
from domain.messages import Refusal, Refused, Text
from domain.process import ProcessDefinition
from domain.process_diff import compare
from domain.process_posts import missing_posts
from domain.process_stream import PublishDefinition, stream_of, unknown_names
from domain.titles import asked_of
from imports.rows import aliased
from store import queries
from store.moves import counted, prospects, running
from web.app import Visit, visit_of
from web.keeping import shown_again, writing
from web.pages.diagram import diagram
from web.pages.forming import problems_of
from web.rendering import saved
from web.snapshots import Reading
from web.whatifs import may_suppose

router = APIRouter(route_class=Reading)
M = TypeVar("M", bound=BaseModel)
LARGEST = 1 << 20
"""Bytes of a definition that is tried out."""
MOST = 500
"""Running lifecycles that a dry run on a page looks at; the shell's looks at all."""


def published(visit: Visit) -> dict[str, ProcessDefinition]:
    """Every published version by its reference."""
    return {
        f"{r['name']}@{r['version']}": ProcessDefinition.model_validate(r["document"])
        for r in queries.published_definitions(visit.store)
    }


def may_publish(visit: Visit) -> bool:
    store = visit.store
    day = local_day(store.clock.now())
    return not store.clock.virtual and has_duty(visit.person, "processes", store.facts().directory, day)


def _page(visit: Visit, status: int = 200, **more: Any) -> Response:
    known: dict[str, Any] = {
        "old": "",
        "new": "",
        "lines": None,
        "tried": None,
        "refusal": None,
        "done": "",
        "effects": None,
        "supposes": may_suppose(visit.store, visit.person),
    }
    return visit.page(
        "definitions.html", status, known=published(visit), publishes=may_publish(visit), **(known | more)
    )


@router.get("/definitions")
def definitions(request: Request, old: str = "", new: str = "", done: str = "") -> Response:
    """All published versions; two of them compared in words."""
    visit = visit_of(request)
    known = published(visit)
    lines = compare(known[old], known[new]) if old in known and new in known else None
    return _page(visit, old=old, new=new, lines=lines, done=done)


@router.post("/definitions")
def try_definition(request: Request, file: UploadFile, csrf: Annotated[str, Form()] = "") -> Response:
    """A file is checked and compared with the newest version of its name; nothing is published by it."""
    visit = writing(request, {"csrf": csrf})
    if isinstance(visit, Response):
        return visit
    content = file.file.read(LARGEST + 1)
    return _tried(visit, file.filename or "", content)


@shown_again("/definitions")
def _try_again(visit: Visit, parts: dict[str, str], kept: Any) -> Response:
    return RedirectResponse("/definitions", 303)  # a file does not outlive the session


def _tried(visit: Visit, name: str, content: bytes, refusal: Refusal | None = None) -> Response:
    known = published(visit)
    document, problems = read(ProcessDefinition, content)
    lines, against = None, ""
    if document is not None:
        problems += [
            Text(ja=f"{p} はこの製品にありません", en=f"{p}: there is no such thing here")
            for p in unknown_names(document)
        ]
        problems += missing_posts(document, visit.store.facts().directory)
        versions = [d.version for d in known.values() if d.name == document.name]
        if versions:
            against = f"{document.name}@{max(versions)}"
            lines = compare(known[against], document)
    text = content.decode("utf-8-sig", "replace") if document is not None else ""
    base = _version(visit, document.name) if document is not None else 0
    tried = {
        "name": name,
        "document": document,
        "problems": problems,
        "against": against,
        "text": text,
        "base": base,
        "there": document is not None and known.get(document.reference) == document,
    }
    effects = _effects(visit, document) if document is not None and not problems else None
    status = 409 if refusal else 422 if problems else 200
    return _page(visit, status, old=against, lines=lines, tried=tried, refusal=refusal, effects=effects)


def read(model: type[M], content: bytes) -> tuple[M | None, list[Text]]:
    """A document that somebody wrote in YAML, or what is wrong with it, one line a mistake."""
    if len(content) > LARGEST:
        return None, [Text(ja="1 MB までのファイルにしてください", en="choose a file of at most 1 MB")]
    try:
        text = content.decode("utf-8-sig")
        if aliased(text):
            return None, [Text(ja="YAML の別名(*)は使えません", en="YAML aliases (*) are not taken; write it out")]
        return model.model_validate(yaml.safe_load(text)), []
    except (
        yaml.YAMLError,
        RecursionError,
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
    ) as error:  # or a tag on what is none
        if isinstance(error, ValidationError):
            found = problems_of(error).items()
            return None, [_in_field(path, t) for path, texts in found for t in texts]
        said = (str(error).splitlines() or [type(error).__name__])[0][:300]
        line = mark.line + 1 if (mark := getattr(error, "problem_mark", None)) else None
        ja, en = (f"({line} 行目)", f"line {line}: ") if line else ("", "")
        check = (
            "字下げ・コロン・引用符を確かめてください" if line else "文字コード(UTF-8)と日付などの値を確かめてください"
        )
        return None, [Text(ja=f"YAML として読めません{ja}。{check}", en=f"not valid YAML ({en}{said})")]


def _in_field(path: str, said: Text) -> Text:
    return Text(ja=f"{path}: {said.ja}", en=f"{path}: {said.en}") if path else said


def _version(visit: Visit, name: str) -> int:
    """Version of the definition's stream: how often it has been published."""
    try:
        return visit.store.load(stream_of(name))[1]
    except LookupError:
        return 0


@router.post("/definitions/publish")
def publish(
    request: Request,
    csrf: Annotated[str, Form()] = "",
    text: Annotated[str, Form(max_length=LARGEST)] = "",
    name: Annotated[str, Form(max_length=300)] = "",
    base: Annotated[int, Form(ge=0)] = 0,
) -> Response:
    """Publish what was tried, unless another version was published since. Running lifecycles stay on their version."""
    visit = writing(request, {"csrf": csrf, "text": text, "name": name})
    if isinstance(visit, Response):
        return visit
    content = text.replace("\r\n", "\n").encode()
    document, _ = read(ProcessDefinition, content)
    if document is None:
        return _tried(visit, name, content)
    command = PublishDefinition(
        command_id=f"publish:{document.reference}:{document.digest[:16]}",
        stream=stream_of(document.name),
        definition=document,
    )
    try:
        visit.site.record(command, visit.actor(), base)
    except Refused as refused:
        return _tried(visit, name, content, refused.refusal)
    return RedirectResponse("/definitions?done=1", 303)


@shown_again("/definitions/publish")
def _publish_again(visit: Visit, parts: dict[str, str], kept: Any) -> Response:
    return _tried(visit, kept.get("name", ""), kept.get("text", "").replace("\r\n", "\n").encode())


# --- dry run -----------------------------------------------------------------------------------------------------------

EFFECTS = ("impossible", "asked_again", "kept", "same")


def _effects(visit: Visit, document: ProcessDefinition) -> dict[str, Any]:
    """What would happen to running lifecycles of that name if they were moved to the version; nothing is recorded."""
    streams = running(visit.store, document.name, document.reference, limit=MOST)
    left = counted(visit.store, document.name, document.reference) - len(streams)
    rows = [
        {
            "stream": p.stream,
            "ref": p.state.ref,
            "title": p.state.title,
            "effect": p.found.effect,
            "words": p.found.words,
        }
        for p in prospects(visit.store, document, streams, {})
    ]
    rows.sort(key=lambda r: EFFECTS.index(r["effect"]))
    return {"reference": document.reference, "rows": rows, "left": left}


@router.get("/definitions/schema.json")
def schema(request: Request) -> Response:
    """The JSON schema of process definitions, for editors that check while one writes."""
    visit_of(request)
    return JSONResponse(ProcessDefinition.model_json_schema(), media_type="application/schema+json")


@router.get("/definitions/{reference}/file")
def as_file(request: Request, reference: str) -> Response:
    """One version as the file that it can be published from, to write the next one after it."""
    found = published(visit_of(request)).get(reference)
    if found is None:
        raise HTTPException(404)
    content = found.model_dump(mode="json", exclude_defaults=True)
    text = yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=100)
    return saved(text.encode(), f"{found.name}-{found.version}" + ".yaml", "application/yaml; charset=utf-8")


@router.get("/definitions/{reference}")
def definition(request: Request, reference: str) -> Response:
    """One version: its stages, routes and outcomes in words."""
    visit = visit_of(request)
    found = published(visit).get(reference)
    if found is None:
        raise HTTPException(404)
    directory = visit.store.facts().directory
    titles = {s.key: s.title for s in found.all_stages}
    return visit.page(
        "definition.html",
        definition=found,
        titles=titles,
        asked_of=lambda ref: asked_of(ref, found, directory),
        drawn=diagram(found, visit.language),
    )
