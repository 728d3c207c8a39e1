"""Files taken in: lifecycles, adopted portfolios, measured values, proposals, decisions made elsewhere. Every row is checked before any
is recorded; a second time the same file records nothing twice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, UploadFile

from domain.messages import Frozen, Text
from imports.batch import Batch, Done, Status, Told
from imports.registry import IMPORTS, Importing
from web.api.access import Caller, Decider, Writer
from web.api.problems import Failure, FieldProblem, documented
from web.snapshots import Reading
from web.taking import LARGEST, Unread, read, take

router = APIRouter(route_class=Reading)


class RowTold(Told):
    """What became, or with `dry_run` would become, of one row. `why`: of one that was refused though it had looked right."""

    why: Text | None = None


class FileTaken(Frozen):
    """`counts`: rows by what became of them; `reviews`: titles of lifecycles whose review it opens."""

    file: str
    sha256: str
    dry_run: bool
    counts: dict[Status, int]
    reviews: tuple[str, ...]
    rows: tuple[RowTold, ...]


def _operation(kind: Importing) -> Callable[..., FileTaken]:
    def do(
        caller: Caller,
        files: list[UploadFile],
        round_: str = "",
        dry_run: bool = False,
    ) -> FileTaken:
        sent = [(f.filename or "", f.file.read(LARGEST + 1)) for f in files]
        try:
            batch = read(caller.store, kind, caller.actor, sent, round_)
        except Unread as unread:
            raise _failure(unread) from None
        done = Done(batch.told, (), ()) if dry_run else take(caller.site, caller.actor, batch)
        return _told(batch, done, dry_run=dry_run)

    about = "A file, or the sheets of a folder" if kind.sheets else "One file"
    do.__annotations__ = {
        "caller": Decider if kind.decides else Writer,
        "files": Annotated[list[UploadFile], File(description=f"{about}: {', '.join(kind.forms)}", max_length=10)],
        "round_": Annotated[
            str, Form(alias="round", max_length=100, description="Selection round, where one is meant")
        ],
        "dry_run": Annotated[bool, Form(description="Check the rows and record nothing")],
        "return": FileTaken,
    }
    do.__doc__ = f"{kind.title.en}. {kind.about.en} Columns of a CSV: {', '.join(kind.columns)}; needed: {', '.join(kind.needed)}."
    return do


def _failure(unread: Unread) -> Failure:
    return Failure(
        422,
        "file-unfit",
        Text(
            ja="直すところのあるファイルです。何も記録していません",
            en="something in the file cannot be used; nothing was recorded",
        ),
        Text(ja="problems の各行を直して送り直してください", en="correct each of `problems` and send it again"),
        problems=[
            FieldProblem(field=f.field or "file", value=f.value or None, message=f.said, place=f.place or None)
            for f in unread.faults
        ],
    )


def _told(batch: Batch, done: Done, *, dry_run: bool) -> FileTaken:
    why = {t.place: refused.refusal.message for t, refused in done.refused}
    found: Sequence[Told] = done.told
    statuses: list[Status] = [t.status for t in found]
    return FileTaken(
        file=batch.file,
        sha256=batch.sha256,
        dry_run=dry_run,
        counts={s: statuses.count(s) for s in dict.fromkeys(statuses)},
        reviews=tuple(batch.reviews),
        rows=tuple(RowTold(**dict(t), why=why.get(t.place)) for t in found),
    )


def _route(key: str, kind: Importing) -> None:
    options: dict[str, Any] = {"responses": documented(409, 413), "tags": ["imports"]}
    router.add_api_route(
        f"/imports/{key}",
        _operation(kind),
        methods=["POST"],
        operation_id=f"import-{key}",
        name=f"import_{key}",
        **options,
    )


for _key, _kind in IMPORTS.items():
    _route(_key, _kind)
