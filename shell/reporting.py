"""What people report of a lifecycle: measurements, budget amounts, promises kept."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

import typer

from domain.messages import Command
from imports.figures import HOW_TO_WRITE, decimal
from shell.acting import done, need_reason
from shell.app import As, CommandId, Id, Json, app
from shell.errors import ShellError
from shell.output import short
from shell.session import Session


@app.command(context_settings={"ignore_unknown_options": True})  # a value may be negative
def measure(
    id: Id,
    kpi: Annotated[str, typer.Argument(metavar="KPI", help="KPI の記号 / key of the KPI")],
    value: Annotated[str, typer.Argument(metavar="VALUE", help="測定値 / value")],
    as_: As = None,
    period: Annotated[
        str | None,
        typer.Option(
            "--period",
            help="期間(省けば今の月・四半期など、測定周期による) / period; by default the current one of the KPI's cadence",
        ),
    ] = None,
    source: Annotated[str, typer.Option("--source", help="出典 / source")] = "",
    file: Annotated[
        Path | None,
        typer.Option("--file", metavar="FILE", help="出典のファイル(SHA-256 を残す) / source file; its sha256 is kept"),
    ] = None,
    note: Annotated[str, typer.Option("--note")] = "",
    correct: Annotated[
        bool,
        typer.Option("--correct", help="誤った値を訂正する(元の値は残る) / correct a wrong value; it stays on record"),
    ] = False,
    reason: Annotated[str, typer.Option("--reason", help="訂正の理由 / why it is corrected")] = "",
    command_id: CommandId = None,
    json_: Json = False,
) -> None:
    """KPI の測定値を記録・訂正する / record or correct a measurement"""
    from domain.lifecycle.amendments import CorrectMeasurement
    from domain.lifecycle.commands import RecordMeasurement

    number = decimal(value)
    if number is None:
        raise ShellError(f"VALUE: {value}: 数値ではありません / not a number", f"→ {HOW_TO_WRITE}")
    session = Session(writing=True)
    person, stream = session.person(as_), session.lifecycle(id)
    fields = {
        "command_id": command_id or str(uuid4()),
        "stream": stream,
        "kpi": kpi,
        "period": period or _current_period(session, stream, kpi),
        "value": number,
        "source": _evidence(source, file),
    }
    if correct:
        command: Command = CorrectMeasurement.model_validate({**fields, "reason": need_reason(reason)})
    else:
        command = RecordMeasurement.model_validate({**fields, "note": note})
    done(session, session.record(command, session.actor(person)))


def _evidence(source: str, file: Path | None) -> Any:
    """Where a value comes from: what was named, and the hash of the file that was read."""
    import hashlib

    from domain.deliverables.base import Evidence

    if file is None:
        return Evidence(source=source) if source else None
    try:
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError as error:
        raise ShellError(
            f"--file: {file}: 読めません / cannot be read ({error.strerror})",
            "→ パスを確認してください / check the path",
        ) from None
    return Evidence(source=source or file.name, sha256=digest)


def _current_period(session: Session, stream: str, kpi: str) -> str:
    """The period of today in the cadence that the KPI was given when it was set."""
    from domain.calendar import local_day
    from store import queries

    today = local_day(session.store.clock.now())
    cadence = None
    for handed_in in queries.deliverable_versions(session.store, stream):
        for k in handed_in["content"].get("kpis") or ():
            if isinstance(k, dict) and k.get("key") == kpi:
                cadence = k.get("cadence")
    return period_of(cadence, today)


def period_of(cadence: str | None, day: date) -> str:
    """The name of the period that `day` is in: 2026-11 (also without a cadence), 2026-Q4, 2026-H2 or 2026."""
    from domain.kpis.periods import name_of

    return name_of(cadence, day)


@app.command()
def budget(
    id: Id,
    fiscal_year: Annotated[int, typer.Option("--fiscal-year", help="年度(西暦) / fiscal year")],
    state: Annotated[
        str,
        typer.Option(
            "--state",
            help="asked|assessed_section|assessed_bureau|assessed_mayor|indicated|appealed|restored|billed|voted|allotted|executed|settled "
            "(要求・財政課長査定・財政局長査定・市長査定・内示・復活要求・復活内示・議案・議決・配当・執行・決算)",
        ),
    ],
    amount: Annotated[int, typer.Option("--amount", min=0, help="円 / yen")],
    as_: As = None,
    window: Annotated[
        str,
        typer.Option(
            "--window", help="当初・補正の別(省けば要求したもの) / initial, june …; by default the one asked for"
        ),
    ] = "",
    on: Annotated[str, typer.Option("--on", metavar="DAY", help="あった日(省けば今日) / day, today by default")] = "",
    bill: Annotated[str, typer.Option("--bill", help="議案番号 / number of the bill")] = "",
    public_on: Annotated[
        str, typer.Option("--public-on", metavar="DAY", help="議案が公になる日 / from when the bill is public")
    ] = "",
    command_id: CommandId = None,
    json_: Json = False,
) -> None:
    """予算額を記録する(財政課。復活要求と執行は担当課も) / record a budget amount (finance; appeals and execution the section too)"""
    from domain.lifecycle.amounts import STATES as states
    from domain.lifecycle.commands import RecordBudget
    from shell.acting import parse_day

    if state not in states:
        raise ShellError(
            f"--state: {state}: 使えない値です / not a state", f"→ 次のいずれか / one of: {', '.join(states)}"
        )
    if not 1950 <= fiscal_year <= 2100:
        raise ShellError(
            f"--fiscal-year: {fiscal_year}: 年度ではありません / not a fiscal year",
            "→ 2027 のように西暦で / write it like 2027",
        )
    session = Session(writing=True)
    person, stream = session.person(as_), session.lifecycle(id)
    command = RecordBudget.model_validate(
        {
            "command_id": command_id or str(uuid4()),
            "stream": stream,
            "fiscal_year": fiscal_year,
            "state": state,
            "amount": amount,
            "window": window,
            "on": parse_day("--on", on) if on else None,
            "bill": bill,
            "public_on": parse_day("--public-on", public_on) if public_on else None,
        }
    )
    done(session, session.record(command, session.actor(person)))


@app.command()
def promise(
    id: Id,
    promise: Annotated[str, typer.Argument(metavar="PROMISE", help="約束のID / id of the promise")],
    as_: As = None,
    note: Annotated[str, typer.Option("--note")] = "",
    command_id: CommandId = None,
    json_: Json = False,
) -> None:
    """約束を果たしたと記録する / record that a promise was kept"""
    from domain.lifecycle.commands import FulfilPromise

    session = Session(writing=True)
    person, stream = session.person(as_), session.lifecycle(id)
    state, _ = session.store.load(stream)
    found = [p.id for p in state.promises if p.id.startswith(promise)]
    if len(found) != 1:
        raise ShellError(
            f"PROMISE: {promise}: {'複数あります / several match' if found else '見つかりません / not found'}",
            "→ "
            + (f"候補 / candidates: {', '.join(found[:8])}; " if found else "")
            + f"`./taskforce show {short(stream)}` で確認してください / look it up there",
        )
    command = FulfilPromise(command_id=command_id or str(uuid4()), stream=stream, promise=found[0], note=note)
    done(session, session.record(command, session.actor(person)))
