"""`start`, `form`, `people`, `definition`, `directory`: beginning lifecycles and what that needs."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from shell.app import As, Json, app
from shell.errors import ShellError
from shell.output import OUT, short
from shell.session import Session

if TYPE_CHECKING:
    from imports.batch import Told

Document = Annotated[Path, typer.Argument(metavar="FILE", help="YAML・JSON・CSV のファイル / file")]


@app.command()
def start(file: Document, as_: As = None, json_: Json = False) -> None:
    """ファイルの課題のライフサイクルを始める / start the lifecycles of a file's tasks"""
    from imports.starts import starts
    from shell.importing import take

    session = Session(writing=True)
    person = session.person(as_) if as_ or session.settings.person else None
    actor = session.actor(person)
    done = take(session, actor, starts(session.store, actor, file), told=_rows)
    rows = _rows(done.told)
    OUT.emit(rows, lambda: _told(rows))


def _rows(told: Sequence[Told]) -> list[dict[str, Any]]:
    words = {"recorded": "started", "known": "exists", "differs": "exists-differs"}
    return [{"id": t.stream, "ref": t.ref, "title": t.title, "status": words[t.status]} for t in told]


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
    from store.beginnings import beginning

    definition, content = load_definition(), None
    learnt: list[tuple[int, str]] = []
    if for_ is not None:
        session = Session()
        stream = session.lifecycle(for_)
        state, _ = session.store.load(stream)
        definition = session.store.facts(state.definition).definition or definition
        content = beginning(session.store, stream, stage)
        learnt = [(x.round, text) for x in state.lessons for text in x.learnt]
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
                "learnt": [{"round": n, "text": text} for n, text in learnt],
            },
            lambda: None,
        )
    else:
        sys.stdout.write(render_form(key, content, learnt))


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
