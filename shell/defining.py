"""`definition` and `directory`: the process and the people."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from shell.app import As, Json, app
from shell.errors import Exit, ShellError
from shell.output import OUT, day, short
from shell.session import Session, operator
from shell.starting import Document

if TYPE_CHECKING:
    from domain.process import ProcessDefinition

definition_app = typer.Typer(help="プロセス定義 / process definitions", no_args_is_help=True)
app.add_typer(definition_app, name="definition")


@definition_app.command("validate")
def definition_validate(file: Document, json_: Json = False) -> None:
    """定義ファイルを確認する / check a definition file"""
    from definitions.loader import load_definition
    from domain.process_stream import unknown_names

    document = load_definition(file)
    if problems := unknown_names(document):
        raise ShellError(
            *(f"{file}: {p}: 知られていない名前です / unknown name; 直してください / correct it" for p in problems)
        )
    OUT.emit(
        {
            "ok": True,
            "reference": document.reference,
            "digest": document.digest,
            "stages": [s.key for s in document.stages],
        },
        lambda: OUT.say(f"{document.reference}: 正しい定義です / valid ({len(document.stages)} 段階 / stages)"),
    )


@definition_app.command("publish")
def definition_publish(file: Document, json_: Json = False) -> None:
    """定義の版を公開する / publish a version of a definition"""
    from definitions.loader import load_definition
    from domain.messages import Actor, Via
    from domain.process_stream import PublishDefinition, stream_of

    document = load_definition(file)
    session = Session(writing=True)
    command = PublishDefinition(
        command_id=f"publish:{document.reference}:{document.digest[:16]}",
        stream=stream_of(document.name),
        definition=document,
    )
    outcome = session.store.record(command, Actor(via=Via.SHELL, authenticated_by=f"shell:{operator()}"))
    fresh = bool(outcome.events) and not outcome.duplicate
    OUT.emit(
        {"reference": document.reference, "digest": document.digest, "published": fresh},
        lambda: OUT.say(
            f"{document.reference}: "
            + ("公開しました / published" if fresh else "既に公開済みです / published already")
        ),
    )


def _document(session: Session | None, given: str, option: str) -> ProcessDefinition:
    """A definition file, or a published reference such as himeji@1."""
    from definitions.loader import load_definition

    if Path(given).exists():
        return load_definition(Path(given))
    if "@" in given and session is not None:
        found = session.store.facts(given).definition
        if found is not None:
            return found
    raise ShellError(
        f"{option}: {given}: ファイルでも公開済みの定義でもありません / neither a file nor a published definition",
        "→ ファイルの名か himeji@1 のように / a file name, or e.g. himeji@1 (`./taskforce definition list`)",
    )


@definition_app.command("diff")
def definition_diff(
    old: Annotated[str, typer.Argument(metavar="OLD", help="ファイルか himeji@1 / a file, or himeji@1")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="ファイルか himeji@2 / a file, or himeji@2")],
    json_: Json = False,
) -> None:
    """二つの定義の違いを言葉で / what differs between two definitions, in words"""
    from domain.process_diff import compare

    session = None if Path(old).exists() and Path(new).exists() else Session()
    before, after = _document(session, old, "OLD"), _document(session, new, "NEW")
    lines = compare(before, after)
    document = {
        "old": before.reference,
        "new": after.reference,
        "differences": [line.model_dump() for line in lines],
    }

    def told() -> None:
        OUT.say(f"{before.reference} → {after.reference}", "")
        for line in lines:
            OUT.say(f"- {line.ja}", f"  {line.en}")
        if not lines:
            OUT.say("違いはありません / nothing differs")

    OUT.emit(document, told)


Moves = Annotated[
    list[str] | None,
    typer.Option(
        "--stage", metavar="OLD=NEW", help="なくなる段階の移り先(何度でも) / where a stage that is gone goes on"
    ),
]


def _moves(given: list[str] | None) -> dict[str, str]:
    moves = {}
    for text in given or ():
        old, sign, new = text.partition("=")
        if not (old and sign and new):
            raise ShellError(
                f"--stage: {text}: OLD=NEW の形ではありません / not of the form OLD=NEW",
                "→ 例 / e.g. --stage hypothesis=analysis",
            )
        moves[old] = new
    return moves


def _chosen(session: Session, ids: list[str] | None, name: str) -> list[str]:
    """The streams named, else all open lifecycles of the definition's name."""
    from store import queries

    if ids:
        return [session.lifecycle(i) for i in ids]
    rows = queries.find_lifecycles(session.store, closed=False)
    return [r["stream"] for r in rows if r["definition"].partition("@")[0] == name]


@definition_app.command("dry-run")
def definition_dry_run(
    new: Annotated[str, typer.Argument(metavar="NEW", help="ファイルか himeji@2 / a file, or himeji@2")],
    stage: Moves = None,
    id: Annotated[list[str] | None, typer.Option("--id", help="この件だけ(何度でも) / only these, repeatable")] = None,
    from_: Annotated[
        str | None,
        typer.Option("--from", metavar="NAME", help="別の名の定義から移す / from a definition of another name"),
    ] = None,
    json_: Json = False,
) -> None:
    """進行中のものを新しい定義に移すと何が変わるか(何も記録しない) / what moving would change; records nothing"""
    from domain.lifecycle.migrating import migration

    session = Session()
    document = _document(session, new, "NEW")
    moves, now = _moves(stage), session.store.clock.now()
    facts = session.store.facts().model_copy(update={"definition": document})
    rows = []
    for stream in _chosen(session, id, from_ or document.name):
        state, _ = session.store.load(stream)
        found = migration(state, facts, now, moves.get(state.work))
        rows.append(
            {
                "id": stream,
                "ref": state.ref,
                "title": state.title,
                "definition": state.definition,
                "stage": state.work,
                "effect": found.effect,
                "to_stage": found.work,
                "words": [w.model_dump() for w in found.words],
            }
        )
    totals = {effect: sum(r["effect"] == effect for r in rows) for effect in _EFFECTS}
    OUT.emit(
        {"definition": document.reference, "totals": totals, "lifecycles": rows}, lambda: _print_dry_run(rows, totals)
    )


_EFFECTS = {
    "same": "既にその版 / there already",
    "kept": "依頼はそのまま / requests kept",
    "asked_again": "改めて求める / asked again",
    "impossible": "移せない / cannot move",
}


def _print_dry_run(rows: list[dict[str, Any]], totals: dict[str, int]) -> None:
    OUT.table(
        "",
        ("ID", "題名 / title", "段階 / stage", "", "何が変わるか / what changes"),
        (
            (
                short(r["id"]),
                r["title"],
                r["stage"],
                _EFFECTS[r["effect"]],
                "\n".join(f"{w['ja']} / {w['en']}" for w in r["words"]),
            )
            for r in rows
            if r["effect"] != "same"
        ),
    )
    OUT.say("、".join(f"{_EFFECTS[k]}: {n}" for k, n in totals.items()))


@definition_app.command("migrate")
def definition_migrate(
    reference: Annotated[str, typer.Argument(metavar="REFERENCE", help="公開済みの版 / a published version, himeji@2")],
    reason: Annotated[str, typer.Option("--reason", help="理由 / reason")],
    as_: As = None,
    id: Annotated[list[str] | None, typer.Option("--id", help="移す件(何度でも) / which to move, repeatable")] = None,
    all_: Annotated[bool, typer.Option("--all", help="同じ名の定義の、開いているものすべて / all open ones")] = False,
    stage: Moves = None,
    json_: Json = False,
) -> int:
    """選んだものを公開済みの版に移す(一件ごとに記録) / move chosen lifecycles to a published version"""
    from domain.lifecycle.migrating import MigrateDefinition
    from domain.messages import Refused
    from shell.acting import need_reason

    if bool(id) == all_:
        raise ShellError(
            "--id, --all: どちらか一方を指定してください / give one of the two", "→ 先に `definition dry-run`"
        )
    session = Session(writing=True)
    person = session.person(as_)
    document = session.store.facts(reference).definition
    if document is None:
        raise ShellError(
            f"REFERENCE: {reference}: 公開されていません / not published",
            "→ `./taskforce definition publish FILE` / `definition list`",
        )
    moves, rows, woken = _moves(stage), [], []
    for stream in _chosen(session, id, document.name):
        state, version = session.store.load(stream)
        command = MigrateDefinition(
            command_id=f"migrate:{reference}:{version}",
            stream=stream,
            definition=reference,
            stage=moves.get(state.work),
            reason=need_reason(reason),
        )
        row: dict[str, Any] = {"id": stream, "ref": state.ref, "title": state.title}
        if state.definition == reference:
            rows.append({**row, "status": "same"})
            continue
        try:
            outcome = session.store.record(command, session.actor(person))
        except Refused as refused:
            rows.append({**row, "status": "refused", "refusal": refused.refusal.model_dump(mode="json")})
            continue
        woken.append(outcome)
        rows.append({**row, "status": "moved", "events": list(outcome.events)})
    if woken:
        session.wake(woken)
    OUT.emit({"definition": reference, "lifecycles": rows}, lambda: _print_migrated(rows))
    return Exit.REFUSED if any(r["status"] == "refused" for r in rows) else Exit.OK


def _print_migrated(rows: list[dict[str, Any]]) -> None:
    words = {"moved": "移しました / moved", "same": "既にその版 / there already", "refused": "移せません / not moved"}
    for r in rows:
        OUT.say(f"{short(r['id'])} {r['title']}: {words[r['status']]}")
        if r["status"] == "refused":
            message, remedy = r["refusal"]["message"], r["refusal"]["remedy"]
            OUT.say(f"  {message['ja']} / {message['en']}", f"  → {remedy['ja']} / {remedy['en']}")
    if not rows:
        OUT.say("移すものがありません / nothing to move")


@definition_app.command("list")
def definition_list(json_: Json = False) -> None:
    """公開済みの定義 / published definitions"""
    from store import queries

    rows = [
        {
            "reference": f"{r['name']}@{r['version']}",
            "digest": r["digest"],
            "published_at": r["published_at"],
            "title": r["document"]["title"],
        }
        for r in queries.published_definitions(Session().store)
    ]
    OUT.emit(
        rows,
        lambda: OUT.table(
            "",
            ("定義 / definition", "題 / title", "公開 / published"),
            ((r["reference"], r["title"]["ja"], day(r["published_at"])) for r in rows),
        ),
    )


@definition_app.command("show")
def definition_show(reference: Annotated[str, typer.Argument(help="himeji@1")], json_: Json = False) -> None:
    """定義の内容 / a definition's content"""
    import yaml

    document = Session().store.facts(reference).definition
    if document is None:
        raise ShellError(
            f"REFERENCE: {reference}: 公開されていません / not published", "→ `./taskforce definition list`"
        )
    content = document.model_dump(mode="json", exclude_defaults=True)
    OUT.emit(content, lambda: OUT.say(yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=100)))


@definition_app.command("schema")
def definition_schema(json_: Json = False) -> None:
    """定義ファイルの JSON Schema / JSON Schema of definition files"""
    from domain.process import ProcessDefinition

    sys.stdout.write(json.dumps(ProcessDefinition.model_json_schema(), ensure_ascii=False, indent=2) + "\n")


directory_app = typer.Typer(help="名簿 / directory", no_args_is_help=True)
app.add_typer(directory_app, name="directory")


@directory_app.command("import")
def directory_import(file: Document, json_: Json = False) -> None:
    """名簿ファイル(people.yaml)を取り込む / import a directory file"""
    from definitions.loader import load_people
    from domain.directory_stream import STREAM, ImportDirectory
    from domain.messages import Actor, Via

    directory, names = load_people(file)
    session = Session(writing=True)
    content = directory.model_dump_json() + json.dumps([n.model_dump() for n in names], ensure_ascii=False)
    _, version = session.store.load(STREAM)
    command = ImportDirectory(
        command_id=f"import:{version}:{hashlib.sha256(content.encode()).hexdigest()[:16]}",
        stream=STREAM,
        directory=directory,
        names=names,
    )
    outcome = session.store.record(command, Actor(via=Via.SHELL, authenticated_by=f"shell:{operator()}"))
    document = {
        "people": len(directory.people),
        "posts": len(directory.posts),
        "units": len(directory.units),
        "version": outcome.version,
    }
    OUT.emit(
        document,
        lambda: OUT.say(
            f"取り込みました / imported: 職員 {document['people']}, 職 {document['posts']}, 組織 {document['units']}"
        ),
    )
