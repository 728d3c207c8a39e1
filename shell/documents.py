"""Documents and the record of refusals: `decided`, `decided-import`, `enforce`, `register`, `attempts`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

import typer

from shell.acting import done, parse_day
from shell.app import As, CommandId, Id, Json, app
from shell.errors import ShellError
from shell.output import OUT, minute, short
from shell.session import Session


@app.command()
def decided(
    id: Id,
    system: Annotated[str, typer.Option("--system", help="決裁した文書管理システム / the system it was decided in")],
    number: Annotated[str, typer.Option("--number", help="文書番号 / its number there")],
    on: Annotated[str, typer.Option("--on", help="決裁日 / day of the decision")],
    by: Annotated[str, typer.Option("--by", metavar="POST", help="最後に決裁した職 / the post that decided last")],
    seen: Annotated[
        str | None,
        typer.Option("--seen", help="決裁を受けた文書のハッシュ(先頭12字以上) / hash of what was decided on"),
    ] = None,
    comment: Annotated[str, typer.Option("--comment", help="備考 / a remark")] = "",
    outcome: Annotated[str | None, typer.Option("--outcome", help="再検討の結果 / outcome of the review")] = None,
    back_to: Annotated[str | None, typer.Option("--back-to", help="改善の戻り先 / stage to go back to")] = None,
    as_: As = None,
    command_id: CommandId = None,
    json_: Json = False,
) -> None:
    """外部の文書管理システムでの決裁を入力する(関門は一度だけ通る) / enter a decision made in another system"""
    from domain.lifecycle.registering import EnterOutsideDecision

    session = Session(writing=True)
    person, stream = session.person(as_), session.lifecycle(id)
    state, _ = session.store.load(stream)
    current = state.submission.content_hash if state.submission is not None else ""
    if seen is None or len(seen) < 12:
        raise ShellError(
            f"--seen: {seen or '-'}: 決裁を受けた文書のハッシュが要ります / say which document was decided on",
            f"→ 回議中の文書 / in circulation: --seen {current[:16]}"
            if current
            else "→ 先に提出してください / submit first",
        )
    command = EnterOutsideDecision(
        command_id=command_id or str(uuid4()),
        stream=stream,
        system=system,
        number=number,
        decided_on=parse_day("--on", on),
        decided_by=by,
        seen=current if current.startswith(seen) else seen,
        comment=comment,
        outcome=outcome,
        back_to=back_to,
    )
    done(session, session.record(command, session.actor(person)))


@app.command("decided-import")
def decided_import(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="id, system, number, decided_on, decided_by, seen[, comment, outcome, back_to] の CSV・YAML・JSON / "
            "a CSV, YAML or JSON file with these columns",
        ),
    ],
    check: Annotated[bool, typer.Option("--check", help="記録せずに確かめる / record nothing")] = False,
    as_: As = None,
    json_: Json = False,
) -> None:
    """外部の文書管理システムでの決裁をファイルから取り込む / enter decisions made in another system from a file; all rows or none"""
    from imports.decisions import decisions
    from shell.importing import take, totals

    session = Session(writing=True)
    actor = session.actor(session.person(as_))
    batch = decisions(session.store, actor, file)
    found = totals(batch, take(session, actor, batch, check=check))
    OUT.emit(found, lambda: _print_decided(found))


def _print_decided(found: dict[str, Any]) -> None:
    known = f"、記録済み {found['known']} 件" if found["known"] else ""
    known_en = f"; {found['known']} on record already" if found["known"] else ""
    if found["would_record"] and not found["recorded"]:
        OUT.say(
            f"{found['would_record']} 件を記録できます{known} / {found['would_record']} could be recorded{known_en}",
            "→ --check を外して実行してください / run it without --check",
        )
        return
    OUT.say(f"{found['recorded']} 件の決裁を記録しました{known} / {found['recorded']} recorded{known_en}")


@app.command()
def enforce(
    id: Id,
    stage: Annotated[str, typer.Option("--stage", help="段階 / stage key")],
    on: Annotated[str, typer.Option("--on", help="施行日 / day it takes effect")],
    round_: Annotated[int | None, typer.Option("--round", help="期(省けば今の期) / round", min=1)] = None,
    as_: As = None,
    command_id: CommandId = None,
    json_: Json = False,
) -> None:
    """決裁を施行する(施行日の記録) / record the day on which a decision took effect"""
    from domain.lifecycle.registering import EnforceDecision

    session = Session(writing=True)
    person, stream = session.person(as_), session.lifecycle(id)
    command = EnforceDecision(
        command_id=command_id or str(uuid4()), stream=stream, stage=stage, round=round_, on=parse_day("--on", on)
    )
    done(session, session.record(command, session.actor(person)))


@app.command()
def register(
    year: Annotated[str | None, typer.Option("--year", help="年度(令和8年度、FY2026、2026) / fiscal year")] = None,
    section: Annotated[str | None, typer.Option("--section", help="課のID / section")] = None,
    json_: Json = False,
) -> None:
    """起案簿: 起案番号、起案日、決裁日、施行日 / the register of documents with their numbers and dates"""
    from store.register import documents

    session = Session()
    found = documents(session.store, _fiscal_year(year) if year else None, section)
    for row in found:
        del row["place"]
    OUT.emit({"register": found}, lambda: _print_register(found))


def _print_register(found: list[dict[str, Any]]) -> None:
    if not found:
        OUT.say("起案はありません / nothing has been drafted", "→ `./taskforce submit`")
        return
    OUT.table(
        "起案簿 / register of documents",
        (
            "年度 / FY",
            "課 / section",
            "番号 / no.",
            "件名 / matter",
            "起案日 / drafted",
            "決裁日 / decided",
            "施行日 / in effect",
        ),
        [_line(row) for row in found],
    )


def _fiscal_year(text: str) -> int:
    from imports.figures import fiscal_year

    found = fiscal_year(text)
    if found is None:
        raise ShellError(
            f"--year: {text}: 年度ではありません / not a fiscal year",
            "→ 令和8年度、R8、FY2026、2026 のように書いてください / write 2026, R8 or 令和8年度",
        )
    return found


def _line(row: dict[str, Any]) -> tuple[str, ...]:
    from domain.calendar import wareki, wareki_fiscal_year

    outside = f" ({row['system']} {row['outside_number']})" if row["system"] else ""
    return (
        wareki_fiscal_year(row["fiscal_year"]) if row["fiscal_year"] else "-",
        row["section"] or "-",
        str(row["serial"] or "-"),
        f"{row['title']} {row['stage']} ({short(row['stream'])})",
        wareki(row["drafted"]) if row["drafted"] else "-",
        (wareki(row["decided"]) if row["decided"] else "-") + outside,
        wareki(row["enforced"]) if row["enforced"] else "-",
    )


@app.command()
def attempts(
    who: Annotated[str | None, typer.Option("--who", help="職員 / only of this person")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000)] = 50,
    json_: Json = False,
) -> None:
    """断られた操作(誰が、何を、なぜ) / what was refused: who tried what, and why not"""
    from store.queries import refusals

    session = Session()
    try:
        person = session.person(who, "--who") if who else None
    except ShellError:
        person = who  # attempts of who is not in the directory are looked for as they were named
    found = refusals(session.store, limit, person)
    OUT.emit({"attempts": found}, lambda: _print_attempts(found))


def _print_attempts(found: list[dict[str, Any]]) -> None:
    if not found:
        OUT.say("断られた操作はありません / nothing has been refused")
        return
    OUT.table(
        "断られた操作 / refused",
        ("いつ / when", "誰が / who", "何を / what", "どこで / where", "なぜ / why"),
        [
            (
                minute(r["at"]),
                r["actor"]["person"] or "-",
                r["command_type"],
                short(r["stream"]),
                f"{r['rule']}: {_both(r['message_ja'], r['message'])}",
            )
            for r in found
        ],
    )


def _both(ja: str, en: str) -> str:
    """Of what was refused before schema 0016 there is the English alone."""
    return en if ja == en else f"{ja} / {en}"
