"""Process definitions as the API lets read and try them, published or not: compared, checked, and what moving running lifecycles to
them would change. Nothing here records anything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import Field

from domain.deliverables.registry import DELIVERABLES
from domain.messages import Frozen, Text, refuse
from domain.process import ProcessDefinition
from domain.process_diff import compare
from domain.process_posts import missing_posts
from domain.process_stream import unknown_names
from store import moves as moves_of
from store import queries
from store.store import Store
from web.api import models as m
from web.api.access import Caller, Reader
from web.api.problems import Failure, documented, not_found
from web.api.reading import Cursor, Limit, after_page, place_of, row_of, word
from web.snapshots import Reading

router = APIRouter(route_class=Reading, tags=["definitions"])
Reference = Annotated[str, Path(max_length=100, description="A published version, such as himeji@2")]
Source = Annotated[
    str | None, Query(max_length=100, description="Lifecycles under this definition or version, or `all`")
]


class Asked(Frozen):
    definition: ProcessDefinition


class Compared(Frozen):
    """Each a definition, or the reference of a published one such as himeji@1."""

    old: Annotated[str, Field(max_length=100)] | ProcessDefinition
    new: Annotated[str, Field(max_length=100)] | ProcessDefinition


class Tried(Frozen):
    """A definition that need not be published. `goes_on`: stage that is gone -> where its lifecycles go on."""

    definition: ProcessDefinition
    goes_on: dict[Annotated[str, Field(max_length=100)], Annotated[str, Field(max_length=100)]] = {}


class Checked(Frozen):
    """`valid`: it could be published. `unknown`: forms and checks that there are not; `missing_posts`: what the directory lacks for
    its routes; `against`: the newest published version of its name, and what differs from that."""

    reference: str
    digest: str
    stages: tuple[str, ...]
    valid: bool
    unknown: tuple[str, ...]
    missing_posts: tuple[Text, ...]
    against: str | None
    differences: tuple[Text, ...]


class Differences(Frozen):
    """What differs, one sentence a difference."""

    old: str
    new: str
    differences: tuple[Text, ...]


@router.get("/definitions", responses=documented())
def definitions(caller: Reader) -> m.Page[m.DefinitionSeen]:
    """Every published version of every process definition."""
    found = queries.published_definitions(caller.store)
    return m.Page(items=tuple(row_of(m.DefinitionSeen, r) for r in found))


@router.get("/definitions/schema", responses=documented())
def definition_schema(caller: Reader) -> dict[str, Any]:
    """The JSON schema of process definitions."""
    return ProcessDefinition.model_json_schema()


@router.post("/definitions/validate", responses=documented(413))
def validate(caller: Reader, body: Asked) -> Checked:
    """Check a definition and compare it with the newest version of its name. What is no definition at all is told by 422."""
    store, document = caller.store, body.definition
    unknown = tuple(unknown_names(document))
    against = queries.latest_definition(store, document.name)
    newest = store.facts(against).definition if against is not None else None
    return Checked(
        reference=document.reference,
        digest=document.digest,
        stages=tuple(s.key for s in document.stages),
        valid=not unknown,
        unknown=unknown,
        missing_posts=tuple(missing_posts(document, store.facts().directory)),
        against=against,
        differences=tuple(compare(newest, document)) if newest is not None else (),
    )


@router.post("/definitions/diff", responses=documented(404, 413))
def diff(caller: Reader, body: Compared) -> Differences:
    """What differs between two definitions, in words."""
    old, new = _named(caller.store, body.old), _named(caller.store, body.new)
    return Differences(old=old.reference, new=new.reference, differences=tuple(compare(old, new)))


def _named(store: Store, named: str | ProcessDefinition) -> ProcessDefinition:
    """Raises `Failure` 404."""
    if isinstance(named, ProcessDefinition):
        return named
    found = store.facts(named).definition
    if found is None:
        raise not_found(named)
    return found


@router.get("/definitions/{reference}", responses=documented(404))
def definition(caller: Reader, reference: Reference) -> m.DefinitionSeen:
    """One published version. It never changes."""
    found = _named(caller.store, reference)
    return m.DefinitionSeen(name=found.name, version=found.version, document=found.model_dump(mode="json"))


# --- dry runs --------------------------------------------------------------------------------------------------------


@router.get("/definitions/{reference}/dry-run", responses=documented(404))
def dry_run(
    caller: Reader,
    reference: Reference,
    source: Source = None,
    stage: Annotated[
        list[str] | None, Query(max_length=50, description="OLD=NEW: where a stage that is gone goes on")
    ] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> m.Page[m.WouldMove]:
    """What moving running lifecycles to a version would change, each with its version for If-Match; nothing is recorded.
    They are moved one by one with `migrate-definition`, or several at once with `POST /definitions/{reference}/moves`."""
    document = _named(caller.store, reference)
    return _prospects(caller, document, dict(_move(given) for given in stage or ()), source, limit, cursor)


@router.post("/definitions/dry-run", responses=documented(409, 413))
def dry_run_unpublished(
    caller: Reader, body: Tried, source: Source = None, limit: Limit = 50, cursor: Cursor = None
) -> m.Page[m.WouldMove]:
    """What moving running lifecycles to a definition would change if it were published; nothing is recorded."""
    document = body.definition
    if unknown := unknown_names(document):
        raise Failure(
            422,
            "definition-unknown-names",
            Text(ja=f"知られていない様式・検査です: {unknown[0]}", en=f"unknown forms or checks: {unknown[0]}"),
            Text(ja="POST /definitions/validate で確かめてください", en="see `POST /definitions/validate`"),
        )
    published = caller.store.facts(document.reference).definition
    if published is not None and published.digest != document.digest:
        raise refuse(
            "definition-published-otherwise",
            f"{document.reference} は別の内容で公開済みです",
            f"{document.reference} has been published with other content",
            remedy_ja=f"version を {document.version + 1} 以上にしてください",
            remedy_en="set a higher version",
        )
    with caller.store.database.snapshot():
        return _prospects(caller, document, body.goes_on, source, limit, cursor)


def _prospects(
    caller: Caller,
    document: ProcessDefinition,
    moves: Mapping[str, str],
    source: str | None,
    limit: int,
    cursor: str | None,
) -> m.Page[m.WouldMove]:
    place = place_of(cursor, word)
    streams = sorted(moves_of.running(caller.store, source or document.name, document.reference))
    left = [s for s in streams if place is None or s > place[0]]
    items = tuple(m.WouldMove.of(p) for p in moves_of.prospects(caller.store, document, left[:limit], moves))
    return m.Page(items=items, next=after_page(left, limit, lambda s: (s,)))


def _move(given: str) -> tuple[str, str]:
    old, sign, new = given.partition("=")
    if not (old and sign and new):
        raise Failure(
            422,
            "request-shape",
            Text(ja="stage は 旧=新 の形です", en="stage has the form OLD=NEW"),
            Text(ja="stage=hypothesis=analysis のように送ってください", en="send it like stage=hypothesis=analysis"),
        )
    return old, new


@router.get("/forms/{key}", responses=documented(404))
def form(caller: Reader, key: Annotated[str, Path(max_length=100)]) -> m.DeliverableForm:
    """The form of a deliverable as JSON schema, with the rules it must meet."""
    found = DELIVERABLES.get(key)
    if found is None:
        raise not_found(key)
    rules = tuple({"name": r.name, "ja": r.title.ja, "en": r.title.en} for r in found.rules)
    return m.DeliverableForm(key=key, title=found.title, form=found.form.model_json_schema(), rules=rules)
