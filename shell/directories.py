"""`directory import`: the whole directory from a YAML file or a folder of CSV files, with a dry run in words."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from shell.app import Json, app
from shell.errors import Exit, ShellError
from shell.output import OUT, short
from shell.session import Session, operator

if TYPE_CHECKING:
    from definitions.faults import Fault
    from domain.directory import Directory
    from domain.directory_stream import Named

directory_app = typer.Typer(help="名簿 / directory", no_args_is_help=True)
app.add_typer(directory_app, name="directory")

TABLES: Mapping[str, tuple[str, ...]] = {
    "units": ("id", "name", "name_en", "kind", "parent", "duties"),
    "posts": ("id", "title", "title_en", "role", "unit"),
    "people": ("id", "name", "name_en", "email", "language", "service", "auditor"),
    "tenures": ("person", "post", "since", "until", "capacity"),
    "deputies": ("post", "deputy", "order", "since", "until", "scope"),
    "absences": ("person", "since", "until", "reason"),
}
"""CSV files of a folder and their columns; the first four are needed."""
NEEDED = ("units", "posts", "people", "tenures")
_TEXTS = {"units": "name", "posts": "title"}
_YES = {"yes": True, "true": True, "1": True, "はい": True, "○": True, "no": False, "false": False, "0": False}


@directory_app.command("import")
def directory_import(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="people.yaml、または units/posts/people/tenures.csv のフォルダ / file, or folder of CSV files",
        ),
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="記録せず、何が変わるかを示す / say what would change, record nothing")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="依頼が待っている職がなくなっても / even if a post goes that work waits for")
    ] = False,
    json_: Json = False,
) -> None:
    """名簿を丸ごと取り込む / import the whole directory"""
    from definitions.loader import load_people
    from domain.directory_diff import differences
    from domain.directory_stream import STREAM, ImportDirectory
    from domain.messages import Actor, Via

    directory, names = _from_folder(file) if file.is_dir() else load_people(file)
    session = Session(writing=not dry_run)
    changes = differences(session.store.facts().directory, directory)
    orphans = _left_waiting(session, directory)
    document: dict[str, Any] = {
        "people": len(directory.people),
        "posts": len(directory.posts),
        "units": len(directory.units),
        "changes": [c.model_dump() for c in changes],
        "left_waiting": orphans,
        "recorded": not dry_run,
    }
    if dry_run:
        OUT.emit(document, lambda: _print_changes(document))
        return
    if orphans and not force:
        raise ShellError(
            *(
                f"posts: {o['post']}: 名簿からなくなると、待っている {o['requests']} 件に答える者がいません / "
                f"{o['requests']} requests wait for it (e.g. {short(o['example'])})"
                for o in orphans
            ),
            "→ 職を残すか、`directory reorganise` で引き継ぐ職を決めてください / keep the post, or name the one that takes over",
            "→ 承知の上なら --force / with --force all the same",
            code=Exit.REFUSED,
        )
    content = directory.model_dump_json() + json.dumps([n.model_dump() for n in names], ensure_ascii=False)
    _, version = session.store.load(STREAM)
    command = ImportDirectory(
        command_id=f"import:{version}:{hashlib.sha256(content.encode()).hexdigest()[:16]}",
        stream=STREAM,
        directory=directory,
        names=names,
    )
    outcome = session.store.record(command, Actor(via=Via.SHELL, authenticated_by=f"shell:{operator()}"))
    document["version"] = outcome.version
    OUT.emit(document, lambda: _print_changes(document))


def _print_changes(document: dict[str, Any]) -> None:
    word = "取り込みました / imported" if document["recorded"] else "取り込むと / it would be"
    OUT.say(f"{word}: 職員 {document['people']}, 職 {document['posts']}, 組織 {document['units']}")
    for change in document["changes"]:
        OUT.say(f"  {change['ja']} / {change['en']}")
    if not document["changes"]:
        OUT.say("  変わるところはありません / nothing changes")
    for o in document["left_waiting"]:
        OUT.say(
            f"  ! {o['post']}: {o['requests']} 件が待っています / requests wait for it; --force が要ります / needs --force"
        )


def _left_waiting(session: Session, directory: Directory) -> list[dict[str, Any]]:
    """Open requests to posts that the new directory does not know: nobody could answer them any more."""
    from store import queries

    found: dict[str, dict[str, Any]] = {}
    for r in queries.live_requests(session.store):
        if directory.post(r["post"]) is None:
            row = found.setdefault(r["post"], {"post": r["post"], "requests": 0, "example": r["stream"]})
            row["requests"] += 1
    return list(found.values())


def _from_folder(folder: Path) -> tuple[Directory, tuple[Named, ...]]:
    """The tables of a folder as one document; every mistake by file, line and column."""
    from definitions.faults import DocumentError, fault
    from definitions.loader import people_document

    missing = [f"{name}.csv" for name in NEEDED if not (folder / f"{name}.csv").is_file()]
    if missing:
        raise DocumentError(
            folder, [fault("ファイルがありません。作ってください", "no such file; add it", value=m) for m in missing]
        )
    content: dict[str, Any] = {}
    for name in TABLES:
        if (folder / f"{name}.csv").is_file():
            content[name] = _table(folder / f"{name}.csv", name)
    return people_document(content, folder)


def _table(file: Path, name: str) -> list[dict[str, Any]]:
    from definitions.faults import DocumentError, placed
    from imports.spreadsheets import read_csv

    rows, problems = [], list["Fault"]()
    for line in read_csv(file, TABLES[name]):
        row = dict(line.content)
        found = [*line.problems, *_made_proper(name, row)]
        problems += placed(f"line {line.number}", found)
        rows.append(row)
    if problems:
        raise DocumentError(file, problems)
    return rows


_FILLED = {
    "units": ("id", "name"),
    "posts": ("id", "title", "role", "unit"),
    "people": ("id",),
    "tenures": ("person", "post", "since"),
    "deputies": ("post", "deputy", "since"),
    "absences": ("person", "since", "until"),
}


def _made_proper(name: str, row: dict[str, Any]) -> list[Fault]:
    """Turns the cells of a row into what the directory takes; what cannot be turned is returned as problems."""
    from definitions.faults import fault
    from domain.days import day

    problems = [fault("空です。書いてください", "empty; fill it in", field=c) for c in _FILLED[name] if not row.get(c)]
    for column in ("since", "until"):
        if column in row:
            found = day(row[column])
            if found is None:
                ja = "日付ではありません。2027-04-01 か 令和9年4月1日 のように書いてください"
                en = "not a date; write 2027-04-01 or 令和9年4月1日"
                problems.append(fault(ja, en, field=column, value=row[column]))
            row[column] = found
    for column in ("service", "auditor"):
        if column in row:
            if str(row[column]).lower() not in _YES:
                said = fault("yes か no を書いてください", "write yes or no", field=column, value=row[column])
                problems.append(said)
            row[column] = _YES.get(str(row[column]).lower(), False)
    if "order" in row:
        if not str(row["order"]).isdecimal():
            problems.append(fault("順位を数字で書いてください", "write a number", field="order", value=row["order"]))
        row["order"] = int(row["order"]) if str(row["order"]).isdecimal() else 1
    for column in ("scope", "duties"):
        if column in row:
            row[column] = [s.strip() for s in row[column].split(";") if s.strip()]
    if (text := _TEXTS.get(name)) and row.get(text):
        row[text] = {"ja": row[text], "en": row.pop(f"{text}_en", None) or row[text]}
    return problems
