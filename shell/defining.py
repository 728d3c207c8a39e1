"""`definition` and `directory`: the process and the people."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shell import moving
from shell.app import Json, app
from shell.errors import ShellError
from shell.output import OUT, day
from shell.session import Session, operator
from shell.starting import Document

if TYPE_CHECKING:
    from domain.directory import Directory

definition_app = typer.Typer(help="プロセス定義 / process definitions", no_args_is_help=True)
app.add_typer(definition_app, name="definition")


@definition_app.command("validate")
def definition_validate(file: Document, json_: Json = False) -> None:
    """定義ファイルを確認する / check a definition file"""
    from definitions.loader import load_definition
    from domain.process_posts import missing_posts

    document = load_definition(file)
    moving.require_known_names(document, file)
    directory, source = _directory()
    missing = missing_posts(document, directory)
    for line in missing:
        OUT.note(f"注意 / note: {line.ja} / {line.en}")
    if missing:
        OUT.note(f"→ {source} に職を加えてください / add the posts to the directory before it is used")
    OUT.emit(
        {
            "ok": True,
            "reference": document.reference,
            "digest": document.digest,
            "stages": [s.key for s in document.stages],
            "missing_posts": [line.model_dump() for line in missing],
        },
        lambda: OUT.say(f"{document.reference}: 正しい定義です / valid ({len(document.stages)} 段階 / stages)"),
    )


def _directory() -> tuple[Directory, str]:
    """The directory of the store, else (no store yet, or none that answers) the shipped one; and what it is called."""
    from definitions.loader import load_people
    from store.errors import StoreError

    try:
        held = Session().store.facts().directory
    except (ShellError, StoreError):
        return load_people()[0], "同梱の名簿 / the shipped directory (definitions/people.yaml)"
    return (held, "名簿 / the store's directory") if held.people else (load_people()[0], "definitions/people.yaml")


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


@definition_app.command("diff")
def definition_diff(
    old: Annotated[str, typer.Argument(metavar="OLD", help="ファイルか himeji@1 / a file, or himeji@1")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="ファイルか himeji@2 / a file, or himeji@2")],
    json_: Json = False,
) -> None:
    """二つの定義の違いを言葉で / what differs between two definitions, in words"""
    from domain.process_diff import compare

    session = None if Path(old).exists() and Path(new).exists() else Session()
    before, after = moving.document_of(session, old, "OLD"), moving.document_of(session, new, "NEW")
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


definition_app.command("dry-run")(moving.dry_run)
definition_app.command("migrate")(moving.migrate)


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
