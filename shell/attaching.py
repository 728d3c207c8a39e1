"""Evidence files: `attach`, `detach`, `attachments`, `fetch`."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

import typer

from shell.acting import done
from shell.app import As, CommandId, Id, Json, app
from shell.bodies import viewer
from shell.errors import Exit, ShellError
from shell.output import OUT, minute
from shell.session import Session


@app.command()
def attach(
    id: Id,
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="添付するファイル / files to attach")],
    name: Annotated[
        str | None,
        typer.Option("--name", help="添付の名前(ファイルが一つのとき) / name to attach it under, for one file"),
    ] = None,
    as_: As = None,
    command_id: CommandId = None,
    json_: Json = False,
) -> None:
    """作成中の文書に証拠のファイルを添付する / attach evidence files to the document being drafted"""
    from blobs.inspection import Unfit, inspect
    from blobs.registry import configured
    from domain.lifecycle.attaching import AttachFile

    if len(files) > 1 and (name or command_id):
        raise ShellError(
            f"--{'name' if name else 'command-id'}: ファイルが一つのときだけ使えます / for one file only",
            "→ 一つずつ添付してください / attach them one by one",
        )
    session = Session(writing=True)
    person, stream = session.person(as_), session.lifecycle(id)
    try:
        found = [(inspect(f, largest=session.settings.attachment_mb << 20, name=name), f) for f in files]
    except Unfit as unfit:
        raise ShellError(*str(unfit).splitlines()) from None
    _require_own_names([a.name for a, _ in found])
    blobs = configured(session.settings)
    for file, path in found:
        # The bytes first: what is recorded can always be read. Bytes without a record are harmless.
        blobs.put(file.sha256, path)
        command = AttachFile(command_id=command_id or str(uuid4()), stream=stream, file=file)
        outcome = session.record(command, session.actor(person))
        if len(found) == 1:
            done(session, outcome)
        elif not OUT.json:
            OUT.say(f"添付しました / attached: {file.name} sha256 {file.sha256[:12]}")
    if len(found) > 1 and OUT.json:
        OUT.emit({"attached": [a.model_dump() for a, _ in found]}, lambda: None)


def _require_own_names(names: list[str]) -> None:
    twice = sorted({n for n in names if names.count(n) > 1})
    if twice:
        raise ShellError(
            f"FILE: {', '.join(twice)}: 同じ名前が二つあります / the same name twice",
            "→ 一つずつ --name で添付してください / attach them one by one with --name",
        )


@app.command()
def detach(
    id: Id,
    name: Annotated[str, typer.Argument(metavar="NAME", help="添付の名前 / name of the attachment")],
    as_: As = None,
    command_id: CommandId = None,
    json_: Json = False,
) -> None:
    """作成中の文書から添付を外す(提出済みの版には残る) / take an attachment off the draft"""
    from domain.lifecycle.attaching import DetachFile

    session = Session(writing=True)
    person, stream = session.person(as_), session.lifecycle(id)
    command = DetachFile(command_id=command_id or str(uuid4()), stream=stream, name=name)
    done(session, session.record(command, session.actor(person)))


@app.command()
def attachments(id: Id, as_: As = None, json_: Json = False) -> None:
    """添付の一覧: いつ誰が添付し、どの版に付いているか / all evidence files that you may see, and the versions that have them"""
    session = Session()
    found = _seen_by(session, as_, session.lifecycle(id))
    OUT.emit({"attachments": found}, lambda: _print(found))


def _print(found: list[dict[str, Any]]) -> None:
    if not found:
        OUT.say(
            "見られる添付はありません(作成中の文書のものは作成できる人に) / nothing attached that you may see",
            "→ `--as PERSON`; `./taskforce attach ID FILE`",
        )
        return
    OUT.table(
        "添付 / attachments(取り出す / take out: fetch ID NAME)",
        ("段階 / stage", "期", "版 / versions", "名前 / name", "バイト / bytes", "だれ / by", "いつ / when", "sha256"),
        [
            (
                r["stage"],
                r["round"],
                "、".join(str(v) for v in r["versions"]) or ("作成中 / draft" if r["on_draft"] else "外した / off"),
                r["name"],
                f"{r['size']:,}",
                r["person"] or "-",
                minute(r["at"]),
                r["sha256"][:12],
            )
            for r in found
        ],
    )


@app.command()
def fetch(
    id: Id,
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="添付の名前か sha256 の先頭 / name, or beginning of its sha256")
    ],
    to: Annotated[
        str | None, typer.Option("--to", help="置き場所(省けば今の場所) / file, or folder that is there, to write to")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="あるものに上書きする / overwrite what is there")] = False,
    as_: As = None,
    json_: Json = False,
) -> None:
    """添付を取り出す(ハッシュを確かめながら) / take a file out, its hash checked on the way"""
    session = Session()
    take_out(session, _chosen(_seen_by(session, as_, session.lifecycle(id)), name), to, force)


def _seen_by(session: Session, as_: str | None, stream: str) -> list[dict[str, Any]]:
    """The files that whoever looks may see: `--as` or `TASKFORCE_PERSON`; nobody in particular sees those of documents handed in."""
    from store import evidence

    return evidence.for_whom(session.store, session.actor(viewer(session, as_)), stream)


def take_out(session: Session, chosen: Mapping[str, Any], to: str | Path | None, force: bool) -> None:
    """Write the file of a row (`name`, `sha256`, `size`) to a file or folder, its hash checked on the way. Raises `ShellError`."""
    from blobs.contract import Altered, Missing, checked
    from blobs.registry import configured

    target = _target(to, chosen["name"])
    if target.exists() and not force:
        raise ShellError(
            f"--to: {target}: 既にあります / exists already", "→ 別の場所か --force / elsewhere, or --force"
        )
    part: Path | None = None
    try:
        with tempfile.NamedTemporaryFile(dir=target.parent, prefix=".", delete=False) as out:
            part = Path(out.name)
            for chunk in checked(configured(session.settings), chosen["sha256"]):
                out.write(chunk)
        part.chmod(0o644)
        part.replace(target)
    except (Missing, Altered) as problem:
        raise ShellError(
            f"{chosen['name']}: {problem}",
            "→ 添付の置き場をバックアップから戻してください / restore it",
            code=Exit.NOT_OK,
        ) from None
    except OSError as error:
        raise ShellError(f"--to: {target}: 書けません / cannot be written: {error.strerror or error}") from None
    finally:
        if part is not None:
            part.unlink(missing_ok=True)
    document = {"name": chosen["name"], "file": str(target), "sha256": chosen["sha256"], "size": chosen["size"]}
    OUT.emit(document, lambda: OUT.say(f"{target} · {chosen['size']:,} bytes · sha256 {chosen['sha256']}"))


def _target(to: str | Path | None, name: str) -> Path:
    """The file to write. A folder that is not there is an error, not the name of a file: `out/`, or `out` for `plan.pdf`."""
    if to is None:
        return Path(name)
    place = Path(to)
    if place.is_dir():
        return place / name
    if str(to).endswith(("/", os.sep)) or (Path(name).suffix and not place.suffix and not place.exists()):
        raise ShellError(
            f"--to: {to}: そのフォルダはありません / no such folder",
            f"→ 先にフォルダを作るか、拡張子のあるファイル名にしてください / make it first, or name a file such as {name}",
        )
    return place


def _chosen(found: list[dict[str, Any]], name: str) -> dict[str, Any]:
    """The newest file of that name, or the one whose sha256 begins so."""
    named = [r for r in found if r["name"] == name]
    begun = {r["sha256"]: r for r in found if len(name) >= 6 and r["sha256"].startswith(name.lower())}
    if named:
        return named[-1]
    if len(begun) == 1:
        return next(iter(begun.values()))
    names = ", ".join(dict.fromkeys(r["name"] for r in found)) or "-"
    raise ShellError(
        f"NAME: {name}: {'複数が当てはまります / several match' if begun else '添付がありません / no such attachment'}",
        f"→ 添付 / attached: {names}",
    )
