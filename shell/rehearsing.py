"""`rehearse` and `demo`: the same code in virtual time, with scripted people."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from shell.app import Json, app
from shell.errors import ShellError
from shell.output import OUT

Seed = Annotated[int, typer.Option("--seed", help="同じ種なら同じ事象 / same seed, same events")]
Pace = Annotated[
    float | None, typer.Option("--pace", metavar="DAYS_PER_SECOND", help="1秒に進む日数 / days a second", min=0.01)
]


@app.command()
def rehearse(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="開始ファイル、またはデータのフォルダ / start file or data folder")
    ],
    until: Annotated[str, typer.Option("--until", metavar="DATE", help="いつまで(例 2027-03-31) / until when")],
    seed: Seed = 1,
    pace: Pace = None,
    since: Annotated[str | None, typer.Option("--since", metavar="DATE", help="いつから / since when")] = None,
    database: Annotated[
        str | None, typer.Option("--database", help="予行用の新しいデータベース / a fresh database for the rehearsal")
    ] = None,
    memory: Annotated[
        bool, typer.Option("--memory", help="Temporal なしで記憶内で(高速) / in memory, without Temporal: fast")
    ] = False,
    processes: Annotated[
        int | None,
        typer.Option(
            "--processes", help="--memory を分担するプロセス数 / processes that share the work of --memory", min=1
        ),
    ] = None,
    people: Annotated[
        Path | None, typer.Option("--people", metavar="FILE", help="名簿ファイル(省けば同梱) / directory file")
    ] = None,
    definition: Annotated[
        Path | None, typer.Option("--definition", metavar="FILE", help="定義ファイル(省けば同梱) / definition file")
    ] = None,
    json_: Json = False,
) -> None:
    """仮想時間で予行する / rehearse in virtual time"""
    from rehearsal.run import rehearse as run

    url = None if memory else database or "sqlite:///var/rehearsal/taskforce.db"
    summary = run(
        file,
        _date("--until", until),
        seed,
        pace,
        _rooted(url),
        since=_date("--since", since) if since else None,
        temporal=_temporal(),
        console=_console(),
        processes=processes,
        people=people,
        definition=definition,
    )
    OUT.emit(summary.model_dump(mode="json"), lambda: None)


@app.command()
def demo(
    data: Annotated[
        Path | None, typer.Option("--data", metavar="FOLDER", help="行政事業レビューのデータのフォルダ / data folder")
    ] = None,
    seed: Seed = 1,
    pace: Pace = None,
    limit: Annotated[int | None, typer.Option("--limit", help="事業の数 / number of projects", min=1)] = None,
    json_: Json = False,
) -> None:
    """実在の事業を3か年度、全段階にわたって予行する / three fiscal years of real projects"""
    from rehearsal.run import demo as run

    summary = run(
        data,
        seed=seed,
        pace=pace,
        database_url=_demo_url(),
        temporal=_temporal(),
        console=_console(),
        limit=limit,
    )
    OUT.emit(summary.model_dump(mode="json"), lambda: None)


@app.command()
def ui() -> None:
    """予行演習の Temporal UI を開く(TASKFORCE_DATABASE_URL、省けばデモ) / look at a rehearsal's workflows, the demo's by default"""
    import os

    from rehearsal.theatre import show_ui

    url = os.environ.get("TASKFORCE_DATABASE_URL") or _demo_url()
    show_ui(_rooted(url) or url, Console(highlight=False))


def _console() -> Console | None:
    return None if OUT.json else Console(stderr=False, highlight=False)


def _demo_url() -> str:
    """Where the demo's store is: below the folder for databases."""
    from settings import load

    return f"sqlite:///{load().var_dir / 'demo' / 'taskforce.db'}"


def _rooted(url: str | None) -> str | None:
    """Relative SQLite files lie in the project, wherever the command is typed."""
    from settings import ROOT

    if url is None or not url.startswith("sqlite:///") or url.startswith("sqlite:////"):
        return url
    return f"sqlite:///{ROOT / url.removeprefix('sqlite:///')}"


def _temporal() -> str | None:
    import os

    return os.environ.get("TEMPORAL_ADDRESS")


def _date(option: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ShellError(
            f"{option}: {text}: 日付ではありません / not a date",
            "→ 2027-03-31 のように書いてください / write it like 2027-03-31",
        ) from None
