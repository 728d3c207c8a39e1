"""Running lifecycles under another version of their process: what would change (`definition dry-run`), and moving (`migrate`)."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from shell.app import As, Json
from shell.errors import Exit, ShellError
from shell.output import OUT, short
from shell.session import Session

if TYPE_CHECKING:
    from domain.process import ProcessDefinition

Moves = Annotated[
    list[str] | None,
    typer.Option(
        "--stage", metavar="OLD=NEW", help="なくなる段階の移り先(何度でも) / where a stage that is gone goes on"
    ),
]
Ids = Annotated[
    list[str] | None, typer.Option("--id", metavar="ID", help="この件だけ(何度でも) / only these, repeatable")
]
From = Annotated[
    str | None,
    typer.Option(
        "--from", metavar="NAME", help="別の名の定義から(all で全部) / from a definition of another name, or all"
    ),
]
_EFFECTS = {
    "impossible": "移せない / cannot move",
    "asked_again": "改めて求める / asked again",
    "kept": "依頼はそのまま / requests kept",
    "same": "既にその版 / there already",
}
_STATUS = {"moved": "移しました / moved", "same": "既にその版 / there already", "refused": "移せません / not moved"}


def document_of(session: Session | None, given: str, option: str) -> ProcessDefinition:
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


def require_known_names(document: ProcessDefinition, file: object) -> None:
    """Forms and checks that the product does not have are bad input."""
    from domain.process_stream import unknown_names

    if problems := unknown_names(document):
        raise ShellError(
            *(f"{file}: {p}: 知られていない名前です / unknown name; 直してください / correct it" for p in problems)
        )


def dry_run(
    new: Annotated[str, typer.Argument(metavar="NEW", help="ファイルか himeji@2 / a file, or himeji@2")],
    stage: Moves = None,
    id: Ids = None,
    from_: From = None,
    json_: Json = False,
) -> None:
    """進行中のものを新しい定義に移すと何が変わるか(何も記録しない) / what moving would change; records nothing"""
    from store.moves import prospects

    session = Session()
    document = document_of(session, new, "NEW")
    _require_new(session, document, new)
    chosen = _chosen(session, id, from_ or document.name)
    rows = [
        {
            "id": p.stream,
            "ref": p.state.ref,
            "title": p.state.title,
            "definition": p.state.definition,
            "stage": p.state.work,
            "effect": p.found.effect,
            "to_stage": p.found.work,
            "words": [w.model_dump() for w in p.found.words],
        }
        for p in prospects(session.store, document, chosen, _moves(stage, document))
    ]
    totals = {effect: sum(r["effect"] == effect for r in rows) for effect in _EFFECTS}
    OUT.emit(
        {"definition": document.reference, "totals": totals, "lifecycles": rows}, lambda: _print_dry_run(rows, totals)
    )


def _require_new(session: Session, document: ProcessDefinition, given: str) -> None:
    """A changed file that still bears the number of a published version would look as if nothing changed."""
    if not Path(given).exists():
        return
    require_known_names(document, given)
    published = session.store.facts(document.reference).definition
    if published is not None and published.digest != document.digest:
        raise ShellError(
            f"{given}: version: {document.version}: {document.reference} は別の内容で公開済みです / "
            "has been published with other content",
            f"→ version を {document.version + 1} 以上にしてください / set a higher version",
        )


def _moves(given: list[str] | None, document: ProcessDefinition) -> dict[str, str]:
    moves, known = {}, [s.key for s in document.all_stages]
    for text in given or ():
        old, sign, new = text.partition("=")
        if not (old and sign and new):
            raise ShellError(
                f"--stage: {text}: OLD=NEW の形ではありません / not of the form OLD=NEW",
                "→ 例 / e.g. --stage hypothesis=analysis",
            )
        if new not in known:
            raise ShellError(
                f"--stage: {text}: {new} は {document.reference} の段階ではありません / is no stage of it",
                f"→ {', '.join(known)}",
            )
        moves[old] = new
    return moves


def _chosen(session: Session, ids: list[str] | None, name: str) -> list[str]:
    """The streams named, each once; else all open lifecycles of the definition's name (or of any)."""
    from store.moves import running

    if ids:
        return list(dict.fromkeys(session.lifecycle(i) for i in ids))
    return running(session.store, name)


def _print_dry_run(rows: list[dict[str, Any]], totals: dict[str, int]) -> None:
    """Those to which the same would happen at the same stage stand together."""
    groups: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
    for r in rows:
        if r["effect"] != "same":
            words = "\n".join(f"{w['ja']} / {w['en']}" for w in r["words"])
            groups[r["effect"], r["stage"], r["to_stage"], words].append(r)
    order = list(_EFFECTS)
    OUT.table(
        "",
        ("", "件 / how many", "段階 / stage", "何が変わるか / what changes", "ID"),
        (
            (
                _EFFECTS[effect],
                str(len(found)),
                stage if to in ("", stage) else f"{stage} → {to}",
                words,
                _some(found),
            )
            for (effect, stage, to, words), found in sorted(groups.items(), key=lambda g: order.index(g[0][0]))
        ),
    )
    OUT.say("、".join(f"{_EFFECTS[k]}: {n}" for k, n in totals.items()))


def _some(rows: Sequence[dict[str, Any]], shown: int = 5) -> str:
    return ", ".join(short(r["id"]) for r in rows[:shown]) + (" …" if len(rows) > shown else "")


def migrate(
    reference: Annotated[str, typer.Argument(metavar="REFERENCE", help="公開済みの版 / a published version, himeji@2")],
    reason: Annotated[str, typer.Option("--reason", help="理由 / reason")],
    as_: As = None,
    id: Ids = None,
    all_: Annotated[bool, typer.Option("--all", help="同じ名の定義の、開いているものすべて / all open ones")] = False,
    from_: From = None,
    stage: Moves = None,
    yes: Annotated[bool, typer.Option("--yes", help="確認を求めない / do not ask")] = False,
    json_: Json = False,
) -> int:
    """選んだものを公開済みの版に移す(一件ごとに記録) / move chosen lifecycles to a published version"""
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
    moves, why = _moves(stage, document), need_reason(reason)
    chosen = _chosen(session, id, from_ or document.name)
    if not yes and not OUT.json and len(chosen) > 1 and sys.stdin.isatty():
        typer.confirm(f"{len(chosen)} 件を {reference} に移しますか / move {len(chosen)} lifecycles?", abort=True)
    rows = _move(session, chosen, reference, moves, why, person)
    OUT.emit({"definition": reference, "lifecycles": rows}, lambda: _print_migrated(rows))
    return Exit.REFUSED if any(r["status"] == "refused" for r in rows) else Exit.OK


def _move(
    session: Session, chosen: list[str], reference: str, moves: dict[str, str], reason: str, person: str
) -> list[dict[str, Any]]:
    """Each by its own recorded command; one that is refused does not stop the others."""
    from domain.lifecycle.migrating import DefinitionMigrated, MigrateDefinition
    from domain.messages import Refused

    rows: list[dict[str, Any]] = []
    moved = []
    for stream in chosen:
        state, version = session.store.load(stream)
        row: dict[str, Any] = {"id": stream, "ref": state.ref, "title": state.title}
        rows.append(row)
        if state.definition == reference:
            row |= {"status": "same"}
            continue
        command = MigrateDefinition(
            command_id=f"migrate:{reference}:{version}",
            stream=stream,
            definition=reference,
            stage=moves.get(state.work),
            reason=reason,
        )
        try:
            outcome = session.store.record(command, session.actor(person))
        except Refused as refused:
            row |= {"status": "refused", "refusal": refused.refusal.model_dump(mode="json")}
            continue
        moved.append(outcome)
        after, _ = session.store.load(stream)
        kept = {r.id for r in state.requests} & {r.id for r in after.requests}
        row |= {
            "status": "moved",
            "stage": after.work,
            "events": list(outcome.events),
            "kept": sorted(kept),
            "asked": [r.post_title.model_dump() for r in after.requests if r.id not in kept],
            "drafted_again": any(
                r.event.drafted_again
                for r in session.store.events(stream, version, open_texts=False)
                if isinstance(r.event, DefinitionMigrated)
            ),
        }
    if moved:
        session.wake(moved)
    return rows


def _print_migrated(rows: list[dict[str, Any]]) -> None:
    for r in rows:
        OUT.say(f"{short(r['id'])} {r['title']}: {_STATUS[r['status']]}{_what_happened(r)}")
        if r["status"] == "refused":
            message, remedy = r["refusal"]["message"], r["refusal"]["remedy"]
            OUT.say(
                f"  [{r['refusal']['rule']}] {message['ja']} / {message['en']}",
                f"  → {remedy['ja']} / {remedy['en']}",
            )
    if not rows:
        OUT.say("移すものがありません / nothing to move")


def _what_happened(row: dict[str, Any]) -> str:
    if row["status"] != "moved":
        return ""
    if not row["asked"]:
        return " — 依頼はそのまま / requests kept"
    ja, en = ("、".join(p["ja"] for p in row["asked"])), ", ".join(p["en"] for p in row["asked"])
    if row["drafted_again"]:
        return f" — {row['stage']}: {ja} に作成を求めます / drafted again by {en}"
    return f" — {row['stage']}: {ja} に求めます / asked: {en}"
