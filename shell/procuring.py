"""Procurement at the shell: `procure begin`, `procure step`, `procure cancel`, `procure show`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from shell.acting import parse_day
from shell.app import As, CommandId, Id, Json, app
from shell.errors import ShellError
from shell.money import give_to
from shell.output import OUT
from shell.session import Session

procure = typer.Typer(help="調達(RFI・公告・選定・契約) / procurement, step by step", no_args_is_help=True)
app.add_typer(procure, name="procure")
Key = Annotated[str, typer.Argument(metavar="KEY", help="調達の記号 / key of the procurement")]


def _one_of(option: str, given: str, known: tuple[str, ...]) -> str:
    if given not in known:
        raise ShellError(
            f"{option}: {given}: 使えない値です / not known", f"→ 次のいずれか / one of: {', '.join(known)}"
        )
    return given


@procure.command("begin")
def begin(
    id: Id,
    key: Key,
    method: Annotated[
        str,
        typer.Option(
            "--method", help="open_bid|designated_bid|proposal|negotiated (一般・指名競争入札、プロポーザル、随意契約)"
        ),
    ],
    fiscal_year: Annotated[int, typer.Option("--fiscal-year", min=1950, max=2100, help="年度(西暦) / fiscal year")],
    expected_price: Annotated[
        int, typer.Option("--expected-price", min=1, help="予定価格(円) / expected price in yen")
    ],
    bought: Annotated[
        str, typer.Option("--bought", help="works|property|service (工事・製造の請負、財産の取得、役務)")
    ] = "service",
    title: Annotated[str, typer.Option("--title", help="件名 / title")] = "",
    reason: Annotated[str, typer.Option("--reason", help="随意契約の理由 / why without competition")] = "",
    as_: As = None,
    command_id: CommandId = None,
    json_: Json = False,
) -> None:
    """調達を始める / begin a procurement"""
    from domain.lifecycle.procuring import METHODS, BeginProcurement

    fields: dict[str, Any] = {"fiscal_year": fiscal_year, "expected_price": expected_price, "reason": reason}
    fields["method"] = _one_of("--method", method, tuple(METHODS))
    fields["bought"] = _one_of("--bought", bought, ("works", "property", "service"))
    give_to(id, BeginProcurement, as_, command_id, key=key, title=title or key, **fields)


@procure.command("step")
def step(
    id: Id,
    key: Key,
    step: Annotated[str, typer.Argument(metavar="STEP", help="rfi|notice|received|selected|provisional|vote|contract")],
    on: Annotated[str, typer.Option("--on", metavar="DAY", help="あった日(省けば今日) / day, today by default")] = "",
    supplier: Annotated[str, typer.Option("--supplier", help="相手方 / supplier")] = "",
    price: Annotated[int | None, typer.Option("--price", min=1, help="金額(円) / price in yen")] = None,
    bill: Annotated[str, typer.Option("--bill", help="契約議案の番号 / number of the bill")] = "",
    as_: As = None,
    command_id: CommandId = None,
    json_: Json = False,
) -> None:
    """調達の手順を記録する / record a step of a procurement"""
    from domain.lifecycle.procuring import STEPS, RecordProcurement

    fields = {"step": _one_of("STEP", step, tuple(STEPS)), "supplier": supplier, "price": price, "bill": bill}
    give_to(id, RecordProcurement, as_, command_id, key=key, on=parse_day("--on", on) if on else None, **fields)


@procure.command("cancel")
def cancel(
    id: Id,
    key: Key,
    reason: Annotated[str, typer.Option("--reason", help="理由 / reason")],
    as_: As = None,
    command_id: CommandId = None,
    json_: Json = False,
) -> None:
    """契約前の調達を中止する / give up a procurement before its contract"""
    from domain.lifecycle.procuring import CancelProcurement
    from shell.acting import need_reason

    give_to(id, CancelProcurement, as_, command_id, key=key, reason=need_reason(reason))


@procure.command("show")
def show(id: Id, json_: Json = False) -> None:
    """調達の状況を見る / see how procurements stand"""
    from domain.lifecycle.procuring import METHODS, STEPS, route

    session = Session()
    stream = session.lifecycle(id)
    state, _ = session.store.load(stream)
    found = [
        {
            **p.model_dump(mode="json"),
            "route": list(route(p)),
            "next": next((s for s in route(p) if s not in p.steps), None) if not p.ended else None,
        }
        for p in state.procurements
    ]

    def told() -> None:
        OUT.say(state.title)
        OUT.table(
            "調達 / procurements",
            ("記号 / key", "件名 / title", "方法 / method", "予定価格 / expected", "済んだ手順 / done", "次 / next"),
            (
                (
                    p["key"],
                    p["title"],
                    METHODS[p["method"]].ja,
                    f"{p['expected_price']:,}",
                    "、".join(f"{STEPS[s].ja} {day}" for s, day in p["steps"].items()) or "-",
                    p["ended"] or (STEPS[p["next"]].ja if p["next"] else "契約済み / under contract"),
                )
                for p in found
            ),
        )

    OUT.emit({"id": stream, "procurements": found}, told)
