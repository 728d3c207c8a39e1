"""`start`, `form`, `people`, `definition`, `directory`: beginning lifecycles and what that needs."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from shell.app import As, Json, app
from shell.errors import ShellError
from shell.output import OUT, day, short
from shell.session import Session, operator

Document = Annotated[Path, typer.Argument(metavar="FILE", help="YAML・JSON・CSV のファイル / file")]


@app.command()
def start(file: Document, as_: As = None, json_: Json = False) -> None:
    """ファイルの課題のライフサイクルを始める / start the lifecycles of a file's tasks"""
    from rich.progress import Progress

    from domain.messages import Refused
    from shell.files import read_start_file
    from store import queries
    from store.transaction import Outcome

    session = Session(writing=True)
    store = session.store
    person = session.person(as_) if as_ or session.settings.person else None
    published = {f"{r['name']}@{r['version']}" for r in queries.published_definitions(store)}
    default = queries.latest_definition(store, "himeji") or min(published)
    commands = read_start_file(file, store.facts().directory, default, published)
    actor = session.actor(person)
    results: list[Outcome | Refused] = []
    from rich.console import Console

    with Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as progress:
        for begin in progress.track(range(0, len(commands), 50), description="開始 / starting"):
            results += store.record_many([(c, actor) for c in commands[begin : begin + 50]])
    rows: list[dict[str, Any]] = []
    refused: list[Refused] = []
    for command, result in zip(commands, results, strict=True):
        status = "started"
        if isinstance(result, Refused):
            if result.refusal.rule not in ("command-id-reused", "already-started"):
                refused.append(result)
                continue
            status = "exists-differs"
        elif result.duplicate:
            status = "exists"
        rows.append({"id": command.stream, "ref": command.ref, "title": command.title, "status": status})
    fresh = [r for r in results if isinstance(r, Outcome) and not r.duplicate]
    if fresh:
        session.wake(fresh)
    if refused:
        raise refused[0]
    OUT.emit(rows, lambda: _told(rows))


def _told(rows: list[dict[str, Any]]) -> None:
    words = {
        "started": "開始 / started",
        "exists": "既に開始済み / there already",
        "exists-differs": "既に開始済み(変更は反映しません) / there already (changes not applied)",
    }
    OUT.table(
        "", ("ID", "id", "題名 / title", ""), ((short(r["id"]), r["ref"], r["title"], words[r["status"]]) for r in rows)
    )
    if rows:
        OUT.say("", f"次は / next: ./taskforce show {short(rows[0]['id'])}")


@app.command()
def form(
    stage: Annotated[str, typer.Argument(metavar="STAGE", help="段階の名 / stage key, e.g. setup")],
    for_: Annotated[
        str | None,
        typer.Option("--for", metavar="ID", help="このライフサイクルの内容で埋める / prefill from a lifecycle"),
    ] = None,
    json_: Json = False,
) -> None:
    """段階の成果物の様式(注釈付き YAML) / the form of a stage's deliverable, as commented YAML"""
    from definitions.loader import load_definition
    from domain.deliverables.registry import DELIVERABLES
    from shell.forms import render_form

    definition, content = load_definition(), None
    if for_ is not None:
        session = Session()
        stream = session.lifecycle(for_)
        state, _ = session.store.load(stream)
        definition = session.store.facts(state.definition).definition or definition
        content = _known_content(session, stream, stage)
    try:
        key = definition.stage(stage).deliverable
    except KeyError:
        if stage not in DELIVERABLES:
            known = [s.key for s in definition.stages] + ([definition.wind_down.key] if definition.wind_down else [])
            raise ShellError(
                f"STAGE: {stage}: そのような段階はありません / no such stage",
                f"→ 次のいずれか / one of: {', '.join(known)}",
            ) from None
        key = stage
    if OUT.json:
        OUT.emit(
            {
                "stage": stage,
                "deliverable": key,
                "schema": DELIVERABLES[key].form.model_json_schema(),
                "content": content,
            },
            lambda: None,
        )
    else:
        sys.stdout.write(render_form(key, content))


def _known_content(session: Session, stream: str, stage: str) -> dict[str, Any] | None:
    from domain.lifecycle.events import LifecycleStarted
    from store import queries

    found = queries.latest_deliverable(session.store, stream, stage)
    if found is not None:
        return dict(found["content"])
    first = session.store.events(stream)[0].event
    if isinstance(first, LifecycleStarted) and first.setup is not None and stage == "setup":
        return first.setup
    return None


@app.command()
def people(
    search: Annotated[
        str | None, typer.Argument(help="ID・氏名・職・組織の一部 / part of an id, name, post or unit")
    ] = None,
    json_: Json = False,
) -> None:
    """職員・職・組織の一覧 / who is who"""
    from domain.calendar import local_day
    from store import queries

    session = Session(create=True) if _fresh() else Session()
    directory = session.store.facts().directory
    names = queries.all_people(session.store)
    today = local_day(session.store.clock.now())
    rows = []
    for person in directory.people:
        posts = [p for held in directory.posts_of(person.id, today) if (p := directory.post(held))]
        name = names.get(person.id, {})
        units = [u for p in posts if (u := directory.unit(p.unit))]
        row = {
            "person": person.id,
            "name": name.get("name", ""),
            "name_en": name.get("name_en", ""),
            "posts": [{"post": p.id, "title": p.title.ja, "title_en": p.title.en, "unit": p.unit} for p in posts],
            "units": [u.id for u in units],
        }
        text = " ".join(
            [person.id, row["name"], row["name_en"], *(f"{p.id} {p.title.ja} {p.title.en} {p.role}" for p in posts)]
        )
        text += " ".join(f"{u.id} {u.name.ja} {u.name.en}" for u in units)
        if search is None or search.lower() in text.lower():
            rows.append(row)
    OUT.emit(
        rows,
        lambda: OUT.table(
            "",
            ("職員 / person", "氏名 / name", "職 / post", "組織 / unit"),
            (
                (
                    r["person"],
                    f"{r['name']} {r['name_en']}".strip(),
                    ", ".join(p["title"] for p in r["posts"]),
                    ", ".join(r["units"]),
                )
                for r in rows
            ),
        ),
    )


def _fresh() -> bool:
    """The default SQLite store is not there yet: looking people up may make it."""
    from settings import load
    from store.engine import parse_url

    url = parse_url(load().database_url)
    return url.get_backend_name() == "sqlite" and not Path(url.database or "").exists()


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
