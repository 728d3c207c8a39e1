"""`migrate`, `verify`, `rebuild`, `recover`, `doctor`, `seal`: keeping the system well."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from shell.app import Json, app
from shell.errors import Exit, ShellError
from shell.output import OUT
from shell.session import Session, furnish


@app.command()
def migrate(json_: Json = False) -> None:
    """データベースを作る・最新の版にする / make the database, or bring it to the newest version"""
    from settings import load
    from store.engine import Database
    from store.migrate import current, head
    from store.store import Store

    settings = load()
    database = Database(settings.database_url)
    try:
        done = current(database) != head()
    finally:
        database.close()
    store = Store.migrated(settings.database_url)
    if not store.clock.virtual:
        furnish(store)
    document = {"database": store.database.shown, "version": head(), "migrated": done}
    OUT.emit(
        document,
        lambda: OUT.say(
            f"{document['database']}: {document['version']}"
            + (" に移行しました / migrated" if done else " です / up to date")
        ),
    )


@app.command()
def verify(
    checkpoint: Annotated[
        Path | None, typer.Option("--checkpoint", help="外に保管した封印 / a checkpoint kept elsewhere")
    ] = None,
    json_: Json = False,
) -> int:
    """記録がすべて揃い、改められていないか確かめる / is the record whole?"""
    from rich.console import Console

    from store.verify import check_exported
    from store.verify import verify as run_verify
    from workflows.signing import load_or_create_key

    session = Session()
    key = load_or_create_key(session.settings.key_file) if session.settings.key_file.exists() else None
    with Console(stderr=True).status("確認中 / verifying") if sys.stderr.isatty() else _nothing():
        report = run_verify(session.store, key=key)
    problems = list(report.problems)
    if checkpoint is not None:
        problems += check_exported(session.store, _read_checkpoint(checkpoint), key or b"")
    problems += _files(session)
    document = {**report.model_dump(mode="json"), "ok": not problems, "problems": problems}
    OUT.emit(document, lambda: _print_report(document))
    return Exit.OK if not problems else Exit.NOT_OK


def _files(session: Session) -> list[str]:
    """Every evidence file is there, and as it was when it was attached."""
    from blobs.contract import problem_with
    from blobs.registry import configured
    from store import evidence

    blobs = configured(session.settings)
    found = ((row, problem_with(blobs, row["sha256"])) for row in evidence.distinct(session.store))
    return [f"{row['stream']}: {row['name']} ({row['sha256'][:12]}): {problem}" for row, problem in found if problem]


def _read_checkpoint(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text("utf-8"))
        return {k: content[k] for k in ("position", "root", "signature")}
    except (OSError, ValueError, KeyError, TypeError):
        raise ShellError(
            f"--checkpoint: {path}: 封印として読めません / not a checkpoint",
            "→ `./taskforce seal --json > FILE` の出力を指定",
        ) from None


def _nothing() -> Any:
    from contextlib import nullcontext

    return nullcontext()


def _print_report(d: dict[str, Any]) -> None:
    if d["ok"]:
        OUT.say(
            f"記録は完全です / the record is whole: {d['streams']} streams, {d['events']} events, head {d['head']['position']}"
        )
        return
    for problem in d["problems"]:
        OUT.say(problem)
    OUT.say(
        f"{len(d['problems'])} 件の問題 / problems(読み取りモデルだけなら `rebuild` で直ります / `rebuild` mends read models)"
    )


@app.command()
def seal(json_: Json = False) -> None:
    """記録の先頭までを封印する(出力を外に保管) / seal the log; keep the output elsewhere"""
    from store.verify import seal as run_seal
    from workflows.signing import load_or_create_key

    session = Session(writing=True)
    document = run_seal(session.store, load_or_create_key(session.settings.key_file))
    OUT.emit(document, lambda: OUT.say(json.dumps(document)))


@app.command()
def rebuild(json_: Json = False) -> None:
    """読み取りモデルとスナップショットを事象から作り直す / make read models and snapshots again from the events"""
    from store.rebuild import rebuild as run_rebuild

    session = Session()
    counts = run_rebuild(session.store)
    OUT.emit(
        counts, lambda: OUT.say(f"作り直しました / rebuilt: {counts['streams']} streams, {counts['events']} events")
    )


@app.command()
def recover(json_: Json = False) -> int:
    """開いているライフサイクルをすべて今起こす / wake every open lifecycle now"""
    session = Session(writing=True)

    async def run() -> tuple[int, int]:
        from workflows.wake import wake

        client = await session.client(patience=2)
        if client is None:
            raise ShellError(
                f"Temporal({session.settings.temporal_address})に届きません / Temporal is out of reach",
                "→ `make up` で起動するか TEMPORAL_ADDRESS を確認してください / start it with `make up` or check TEMPORAL_ADDRESS",
                code=Exit.UNREACHABLE,
            )
        streams = session.store.open_streams()
        gate = asyncio.Semaphore(16)

        async def one(kind: str, stream: str, title: str) -> bool:
            async with gate:
                return await wake(
                    client,
                    kind,
                    stream,
                    title=title,
                    task_queue=session.settings.task_queue,
                    within=5.0,
                    continue_after=session.settings.continue_as_new_after,
                )

        return len(streams), sum(await asyncio.gather(*(one(*s) for s in streams)))

    total, woken = asyncio.run(run())
    if woken < total:
        OUT.note(
            f"{total - woken} 件は起こせませんでした。もう一度 `./taskforce recover`(worker も時とともに起こします) / "
            f"{total - woken} could not be woken; run it again (the worker's relay gets there too)"
        )
    OUT.emit(
        {"open": total, "woken": woken},
        lambda: OUT.say(f"{total} 件中 {woken} 件を起こしました / {woken} of {total} woken"),
    )
    return Exit.OK if woken == total else Exit.NOT_OK


@app.command()
def doctor(json_: Json = False) -> int:
    """何が入っていて、何に届き、何が古いか / what is installed, reachable, out of date"""
    from shell.checkup import examine

    findings = asyncio.run(examine())
    words = {"ok": "良 / ok", "warn": "注意 / warn", "bad": "不可 / bad"}
    OUT.emit(
        [f.as_dict() for f in findings],
        lambda: OUT.table(
            "", ("", "何 / what", "状態 / found", "→"), ((words[f.level], f.what, f.found, f.remedy) for f in findings)
        ),
    )
    return Exit.NOT_OK if any(f.level == "bad" for f in findings) else Exit.OK
