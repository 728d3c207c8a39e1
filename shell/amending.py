"""Mending mistakes: `retract`, `correct`, `reopen`, `merge`, and `diff` between versions of a deliverable."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import uuid4

import typer

from shell.acting import Reason, done, need_reason
from shell.app import As, CommandId, Id, Json, app
from shell.errors import ShellError
from shell.output import OUT, day, short
from shell.session import Session

Request = Annotated[
    str, typer.Argument(metavar="REQUEST", help="答えた依頼のID(先頭部分も可) / id of the request that was answered")
]


@app.command()
def retract(
    request: Request, reason: Reason, as_: As = None, command_id: CommandId = None, json_: Json = False
) -> None:
    """自分の回答を取り消す(次の人が動くまで) / take back one's own answer, until somebody has acted on it"""
    from domain.lifecycle.amendments import RetractAnswer

    session = Session(writing=True)
    person = session.person(as_)
    full, stream = session.request(request)
    command = RetractAnswer(
        command_id=command_id or str(uuid4()), stream=stream, request=full, reason=need_reason(reason)
    )
    done(session, session.record(command, session.actor(person)))


@app.command()
def correct(
    request: Request,
    decision: Annotated[str, typer.Option("--decision", help="approve|conditions|return|reject")],
    reason: Reason,
    as_: As = None,
    comment: Annotated[str, typer.Option("--comment", help="意見・理由 / comment, reason")] = "",
    condition: Annotated[
        list[str] | None, typer.Option("--condition", help="条件(何度でも) / a condition, repeatable")
    ] = None,
    back_to: Annotated[str | None, typer.Option("--back-to", help="差戻し先の段階 / stage to go back to")] = None,
    outcome: Annotated[str | None, typer.Option("--outcome", help="再検討の結果 / outcome of the review")] = None,
    command_id: CommandId = None,
    json_: Json = False,
) -> None:
    """自分の回答を訂正する(次の人が動くまで) / replace one's own answer, until somebody has acted on it"""
    from domain.lifecycle.amendments import CorrectAnswer
    from shell.acting import known_decision

    known_decision(decision)
    session = Session(writing=True)
    person = session.person(as_)
    full, stream = session.request(request)
    command = CorrectAnswer.model_validate(
        {
            "command_id": command_id or str(uuid4()),
            "stream": stream,
            "request": full,
            "decision": decision,
            "comment": comment,
            "conditions": [{"text": c} for c in condition or ()],
            "back_to": back_to,
            "outcome": outcome,
            "reason": need_reason(reason),
        }
    )
    state, _ = session.store.load(stream)
    capacity = state.before.post if state.before is not None and state.before.person == person else None
    done(session, session.record(command, session.actor(person, capacity)))


@app.command()
def reopen(
    id: Id,
    stage: Annotated[str, typer.Option("--stage", help="どの段階から続けるか / the stage at which it goes on")],
    reason: Reason,
    as_: As = None,
    command_id: CommandId = None,
    json_: Json = False,
) -> None:
    """終結した課題の再開を求める(決裁で決まる) / ask that a closed lifecycle go on; its gate decides"""
    from domain.lifecycle.amendments import ReopenLifecycle

    session = Session(writing=True)
    person, stream = session.person(as_), session.lifecycle(id)
    command = ReopenLifecycle(
        command_id=command_id or str(uuid4()), stream=stream, stage=stage, reason=need_reason(reason)
    )
    done(session, session.record(command, session.actor(person)))


@app.command()
def merge(
    id: Id,
    into: Annotated[str, typer.Option("--into", metavar="ID", help="続けるほうの ID / the one that goes on")],
    reason: Reason,
    as_: As = None,
    command_id: CommandId = None,
    json_: Json = False,
) -> None:
    """同じ課題を一つにまとめる(こちらは統合先を示して終わる) / the same task twice: this one ends with a reference to the other"""
    from domain.lifecycle.amendments import MergeLifecycle

    session = Session(writing=True)
    person, stream, target = session.person(as_), session.lifecycle(id), session.lifecycle(into)
    command = MergeLifecycle(
        command_id=command_id or str(uuid4()), stream=stream, into=target, reason=need_reason(reason)
    )
    done(session, session.record(command, session.actor(person)))


@app.command()
def diff(
    id: Id,
    stage: Annotated[str, typer.Option("--stage", help="段階 / stage key")],
    from_: Annotated[
        str | None, typer.Option("--from", metavar="[ROUND.]VERSION", help="もとの版(例 1、2.1) / the older version")
    ] = None,
    to: Annotated[
        str | None,
        typer.Option("--to", metavar="[ROUND.]VERSION", help="新しい版(省けば最新) / the newer; the last one"),
    ] = None,
    json_: Json = False,
) -> None:
    """成果物の版の違い / what changed between two versions of a deliverable"""
    from store import queries
    from store.comparing import compared

    session = Session()
    stream = session.lifecycle(id)
    versions = queries.deliverable_versions(session.store, stream, stage)
    if len(versions) < 2:
        raise ShellError(
            f"--stage: {stage}: 比べる版がありません(版の数 {len(versions)}) / no two versions to compare",
            f"→ `./taskforce show {short(stream)}` で版を確認してください / see which versions there are",
        )
    newer = _version("--to", to, versions) if to else versions[-1]
    older = _version("--from", from_, versions) if from_ else versions[max(versions.index(newer) - 1, 0)]
    found = compared(session.store, older, newer)
    document = {
        "id": stream,
        "stage": stage,
        "from": _named(older),
        "to": _named(newer),
        "differences": [d.model_dump(mode="json") for d in found],
    }
    OUT.emit(document, lambda: _print_diff(document))


def _version(option: str, given: str, versions: list[dict[str, Any]]) -> dict[str, Any]:
    """`2.1` is round 2, version 1; `1` alone is a version of the last round that has it."""
    round_, _, version = given.rpartition(".")
    for row in reversed(versions):
        if str(row["version"]) == version and round_ in ("", str(row["round"])):
            return dict(row)
    raise ShellError(
        f"{option}: {given}: その版はありません / no such version",
        "→ 次のいずれか / one of: " + ", ".join(f"{r['round']}.{r['version']}" for r in versions),
    )


def _named(row: dict[str, Any]) -> dict[str, Any]:
    return {k: row[k] for k in ("round", "version", "content_hash", "person", "at")}


def _print_diff(d: dict[str, Any]) -> None:
    for sign, key in (("-", "from"), ("+", "to")):
        v = d[key]
        OUT.say(
            f"{sign} 第{v['round']}期 第{v['version']}版 / round {v['round']} version {v['version']} · "
            f"{v['person'] or '-'} · {day(v['at'])} · sha256 {v['content_hash'][:12]}"
        )
    if not d["differences"]:
        OUT.say("", "違いはありません / nothing differs")
    for item in d["differences"]:
        OUT.say("", f"{item['label']['ja']} / {item['label']['en']}  ({item['field']})")
        for sign, key in (("-", "before"), ("+", "after")):
            if item[key] is not None:
                for line in _plain(item[key]):
                    OUT.say(f"  {sign} {line}")


def _plain(value: Any) -> list[str]:
    import yaml

    if isinstance(value, dict | list):
        text = yaml.safe_dump(value, allow_unicode=True, sort_keys=False, width=100)
        return text.rstrip().splitlines()
    return str(value).splitlines() or [""]
