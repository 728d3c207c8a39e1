"""`adopt`: lifecycles that began before the system did, from a file; and what their records lack."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from shell.app import As, Json, app
from shell.errors import ShellError
from shell.output import OUT, short
from shell.session import Session

if TYPE_CHECKING:
    from domain.lifecycle.state import Lifecycle

Told = tuple[str, str]
"""(stream, status)"""
_WORDS = {
    "adopted": "引継ぎ / adopted",
    "would-adopt": "引継ぎ可 / would be adopted",
    "exists": "既に引継ぎ済み / there already",
    "exists-differs": "既にあります(変更は反映しません。追加は --add) / there already (changes not applied; use --add)",
    "added": "追加 / added",
    "would-add": "追加可 / would be added",
    "nothing-new": "新しい記録なし / nothing new",
    "on-record": "",
}
_TAKEN: Mapping[str, str] = {
    "recorded": "adopted",
    "new": "would-adopt",
    "known": "exists",
    "differs": "exists-differs",
}
_ADDED: Mapping[str, str] = {
    "recorded": "added",
    "new": "would-add",
    "known": "nothing-new",
    "differs": "exists-differs",
}
_STAGEWISE = {
    "deliverable": "成果物のない段階 / stages without a deliverable",
    "decision": "決定の記録のない段階 / without a decision",
}
"""Gaps that are told in one line for all stages."""
_WEIGHTS = {"needed": "要 / needed", "useful": "任意 / useful"}


@app.command()
def adopt(
    target: Annotated[
        str | None,
        typer.Argument(
            metavar="FILE",
            help="YAML・JSON・CSV のファイル、CSV のフォルダ(--gaps では ID) / file or folder; with --gaps an id",
        ),
    ] = None,
    add: Annotated[
        bool, typer.Option("--add", help="引き継いだ課題に過去の記録を加える / add to adopted records")
    ] = False,
    check: Annotated[bool, typer.Option("--check", help="記録せずに確かめる / record nothing, report only")] = False,
    gaps: Annotated[
        bool, typer.Option("--gaps", help="引き継いだ課題に足りないもの / what adopted records lack")
    ] = False,
    as_: As = None,
    json_: Json = False,
) -> None:
    """既に動いている課題を引き継ぐ / adopt what already runs, at any stage, with its earlier record"""
    if gaps:
        if add or check:
            raise ShellError(
                "--gaps: --add・--check と一緒には使えません / cannot go with --add or --check", "→ adopt --gaps [ID]"
            )
        session = Session()
        streams = [session.lifecycle(target)] if target else _adopted(session)
        _report(session, [(s, "on-record") for s in streams], {})
        return
    if target is None:
        raise ShellError(
            "FILE: ファイルがありません / no file is named", "→ `./taskforce adopt examples/adopt/portfolio.yaml`"
        )
    from imports.adoptions import adopted, supplemented
    from shell.importing import take

    session = Session(writing=True)
    person = session.person(as_) if as_ or session.settings.person else None
    actor = session.actor(person)
    batch = (supplemented if add else adopted)(session.store, actor, Path(target))
    words = _ADDED if add else _TAKEN
    done = take(
        session,
        actor,
        batch,
        check=check,
        told=lambda rows: [{"id": t.stream, "status": words[t.status]} for t in rows],
    )
    _report(session, [(t.stream, words[t.status]) for t in done.told], batch.states if check else {})


# --- the report ------------------------------------------------------------------------------------------------------


def _adopted(session: Session) -> list[str]:
    """Streams of the adopted lifecycles, oldest first."""
    from store import queries

    return [row["stream"] for row in queries.find_lifecycles(session.store) if row["adopted"]]


def _report(session: Session, told: Iterable[Told], imagined: Mapping[str, Lifecycle]) -> None:
    """Each lifecycle with what its record lacks, and the totals."""
    from domain.lifecycle.adopting import gaps

    rows: list[dict[str, Any]] = []
    for stream, status in told:
        state = imagined.get(stream) or session.store.load(stream)[0]
        process = session.store.facts(state.definition).definition
        found = gaps(state, process) if process is not None else []
        rows.append(
            {
                "id": stream,
                "ref": state.ref,
                "title": state.title,
                "status": status,
                "stage": state.work or state.stage,
                "round": state.round,
                "closed_as": state.closed_as,
                "gaps": [g.model_dump(mode="json") for g in found],
            }
        )
    lacking = [g for r in rows for g in r["gaps"]]
    totals = {
        "lifecycles": len(rows),
        **{k: n for k, n in sorted(Counter(r["status"] for r in rows).items()) if k != "on-record"},
        **{weight: sum(g["weight"] == weight for g in lacking) for weight in _WEIGHTS},
        "by_field": dict(sorted(Counter(g["field"] for g in lacking).items())),
    }
    OUT.emit({"lifecycles": rows, "totals": totals}, lambda: _told(rows, totals))


def _told(rows: list[dict[str, Any]], totals: dict[str, Any]) -> None:
    for r in rows:
        words = _WORDS[r["status"]]
        stage = r["closed_as"] or r["stage"]
        OUT.say(f"{short(r['id'])} {r['ref']} {r['title']} [{stage}]" + (f" {words}" if words else ""))
        for g in r["gaps"]:
            if g["field"] not in _STAGEWISE:
                OUT.say(f"  {_WEIGHTS[g['weight']]}: {g['message']['ja']} / {g['message']['en']}")
        for field, words in _STAGEWISE.items():
            if stages := [g["stage"] for g in r["gaps"] if g["field"] == field]:
                OUT.say(f"  {_WEIGHTS['useful']}: {words}: {', '.join(stages)}")
    by_field = ", ".join(f"{k} {n}" for k, n in totals["by_field"].items())
    OUT.say("", f"{len(rows)} 件 / lifecycles; 要 / needed {totals['needed']}, 任意 / useful {totals['useful']}")
    if by_field:
        OUT.say(f"  {by_field}")
        OUT.say(
            "足すには、同じ id の行に書いて / to add, write it under the same id and run: ./taskforce adopt --add FILE"
        )
