"""Money at the shell: value against cost, benefits, windows of the budget, commitments and carry-overs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any
from uuid import uuid4

import typer

from imports import figures
from shell.acting import done, need_reason, parse_day
from shell.app import As, CommandId, Id, Json, app
from shell.errors import ShellError
from shell.output import OUT
from shell.session import Session

if TYPE_CHECKING:
    from domain.fiscal import Reach
    from domain.lifecycle.state import Budget
    from domain.lifecycle.valuing import Value

Year = Annotated[int, typer.Option("--from-year", min=1950, max=2100, help="年度(西暦) / fiscal year")]


def decimal(option: str, text: str) -> Decimal:
    """A number as people write it. Raises `ShellError`."""
    found = figures.decimal(text)
    if found is None:
        raise ShellError(
            f"{option}: {text}: 数値ではありません / not a number", "→ 0.04 のように書いてください / write it like 0.04"
        )
    return found


def give_to(id: str, kind: Any, as_: str | None, command_id: str | None, **fields: Any) -> None:
    session = Session(writing=True)
    person, stream = session.person(as_), session.lifecycle(id)
    command = kind.model_validate({"command_id": command_id or str(uuid4()), "stream": stream, **fields})
    done(session, session.record(command, session.actor(person)))


# --- value ------------------------------------------------------------------------------------------------------------


@app.command("value")
def show_value(
    id: Id,
    rate: Annotated[
        str, typer.Option("--rate", help="割引率(省けば市の値、4%) / discount rate; the city's by default")
    ] = "",
    years: Annotated[
        int | None, typer.Option("--years", min=1, max=60, help="見る年数 / years looked at, the city's by default")
    ] = None,
    json_: Json = False,
) -> None:
    """費用と便益: 収支・回収年数、詳細に正味現在価値と感度分析 / value against cost: balance and payback, then NPV and sensitivity"""
    from domain.calendar import local_day
    from domain.lifecycle.valuing import value

    given = decimal("--rate", rate) if rate else None
    if given is not None and not -1 < given < 1:
        raise ShellError(
            f"--rate: {rate}: 割引率ではありません / not a discount rate",
            "→ 4% なら 0.04 と書いてください / for 4 % write 0.04",
        )
    session = Session()
    stream = session.lifecycle(id)
    state, _ = session.store.load(stream)
    found = value(
        state, session.store.facts(state.definition), local_day(session.store.clock.now()), rate=given, years=years
    )
    OUT.emit({"id": stream, **found.model_dump(mode="json")}, lambda: _tell_value(state.title, found))


def _tell_value(title: str, found: Value) -> None:
    OUT.say(title)
    a = found.appraisal
    if a is None:
        OUT.say(
            "費用がまだ分かりません(予算額も提案の費用もありません) / no cost is known yet, neither a budget nor a proposal's"
        )
        _tell_benefits(found)
        return
    back = (
        f"{a.payback_years} 年 / years"
        if a.payback_years is not None
        else "期間内には回収しない / not within these years"
    )
    first, last = a.years[0].fiscal_year, a.years[-1].fiscal_year
    OUT.say(
        f"収支 / balance FY{first}–FY{last}: {a.balance:+,} 円(便益 / benefits {a.benefit:,}、費用 / costs {a.cost:,})",
        f"回収年数 / payback: {back}",
        "",
    )
    from_ = {c.fiscal_year: c.from_ for c in found.costs}
    OUT.table(
        "年度別(円) / by fiscal year (yen)",
        ("年度 / FY", "費用 / cost", "出所 / from", "便益 / benefit", "収支 / balance", "累計 / cumulative"),
        (
            (
                y.fiscal_year,
                f"{y.cost:,}",
                from_.get(y.fiscal_year, ""),
                f"{y.benefit:,}",
                f"{y.balance:+,}",
                f"{y.cumulative:+,}",
            )
            for y in a.years
        ),
    )
    _tell_benefits(found)
    even = a.break_even
    OUT.say(
        "",
        f"詳細 / detail: 正味現在価値 / NPV {a.npv:+,} 円(割引率 / rate {a.rate * 100:.2f}%)、B/C {'-' if a.ratio is None else a.ratio}",
        *(
            []
            if even is None
            else [f"便益が見込みの {even:.0%} で収支ゼロ / breaks even at {even:.0%} of the benefits"]
        ),
    )
    OUT.table(
        "感度分析 / sensitivity",
        ("前提 / assumption", "収支 / balance", "回収 / payback", "NPV"),
        (
            (
                f"{c.title.ja} / {c.title.en}",
                f"{c.balance:+,}",
                str(c.payback_years) if c.payback_years is not None else "-",
                f"{c.npv:+,}",
            )
            for c in a.sensitivity
        ),
    )


def _tell_benefits(found: Value) -> None:
    from domain.lifecycle.valuing import UNITS

    if found.benefits:
        OUT.say("")
        OUT.table(
            "便益 / benefits",
            ("記号 / key", "内容 / what", "年 / a year", "", "年度 / FY", "出典 / source"),
            (
                (
                    b.key,
                    b.title,
                    f"{b.per_year:,} {UNITS[b.kind].ja}" + (f" × {b.wage:,}円" if b.wage else "")
                    if b.per_year
                    else UNITS[b.kind].ja,
                    "実測 / measured" if b.basis == "measured" else "見込み / expected",
                    f"{b.from_year}–{b.to_year or ''}",
                    b.source.source,
                )
                for b in found.benefits
            ),
        )


@app.command()
def benefit(
    id: Id,
    key: Annotated[str, typer.Argument(metavar="KEY", help="便益の記号 / key of the benefit")],
    kind: Annotated[
        str, typer.Option("--kind", help="hours|yen|people|quality (時間・円・人数・定性) / what kind")
    ] = "",
    title: Annotated[str, typer.Option("--title", help="内容 / what it is")] = "",
    per_year: Annotated[str, typer.Option("--per-year", help="年間の数値 / figure for a year")] = "",
    wage: Annotated[
        int | None,
        typer.Option("--wage", min=0, help="時間単価(円。省けば市の値) / yen an hour, the city's by default"),
    ] = None,
    from_year: Annotated[
        int | None, typer.Option("--from-year", min=1950, max=2100, help="始まる年度 / first fiscal year")
    ] = None,
    to_year: Annotated[
        int | None, typer.Option("--to-year", min=1950, max=2100, help="終わる年度 / last fiscal year")
    ] = None,
    source: Annotated[str, typer.Option("--source", help="出典 / source")] = "",
    sha256: Annotated[str, typer.Option("--sha256", help="原本のSHA-256 / sha256 of the evidence")] = "",
    measured: Annotated[bool, typer.Option("--measured", help="実測値として / as measured, not expected")] = False,
    withdraw: Annotated[
        bool, typer.Option("--withdraw", help="取り消す(記録は残る) / take it back; it stays on record")
    ] = False,
    reason: Annotated[str, typer.Option("--reason", help="取消しの理由 / why it is withdrawn")] = "",
    as_: As = None,
    command_id: CommandId = None,
    json_: Json = False,
) -> None:
    """便益を出典とともに記録・取消しする / record or withdraw a benefit, with its source"""
    from domain.lifecycle.valuing import RecordBenefit, WithdrawBenefit

    basis = "measured" if measured else "expected"
    if withdraw:
        give_to(id, WithdrawBenefit, as_, command_id, key=key, basis=basis, reason=need_reason(reason))
        return
    if kind not in ("hours", "yen", "people", "quality"):
        raise ShellError(
            f"--kind: {kind or '-'}: 便益の種類ではありません / not a kind of benefit",
            "→ 次のいずれか / one of: hours, yen, people, quality",
        )
    if from_year is None:
        raise ShellError("--from-year: 始まる年度が要ります / the first fiscal year is missing", "→ --from-year 2027")
    give_to(
        id,
        RecordBenefit,
        as_,
        command_id,
        key=key,
        what=kind,
        title=title or key,
        basis=basis,
        per_year=decimal("--per-year", per_year) if per_year else None,
        wage=wage,
        from_year=from_year,
        to_year=to_year,
        source={"source": source, "sha256": sha256 or None},
    )


# --- windows ----------------------------------------------------------------------------------------------------------


@app.command("windows")
def windows(
    id: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="ライフサイクルのID / id of a lifecycle", show_default=False)
    ] = None,
    ready: Annotated[
        str,
        typer.Option(
            "--ready", metavar="DAY", help="要求できる見込みの日 / day on which the request is forecast to be ready"
        ),
    ] = "",
    aim: Annotated[str, typer.Option("--aim", metavar="WINDOW", help="この予算を目指す / aim at this window")] = "",
    fiscal_year: Annotated[
        int | None, typer.Option("--fiscal-year", min=1950, max=2100, help="--aim の年度 / fiscal year of --aim")
    ] = None,
    reason: Annotated[str, typer.Option("--reason", help="理由 / reason")] = "",
    schema: Annotated[bool, typer.Option("--schema", help="fiscal.yaml のJSON Schema / its JSON Schema")] = False,
    as_: As = None,
    command_id: CommandId = None,
    json_: Json = False,
) -> None:
    """予算編成の日程(当初・補正)と、どれに間に合うか / windows of the budget, and which can be reached"""
    if schema:
        _print_schema()
        return
    if aim:
        if id is None or fiscal_year is None:
            raise ShellError(
                "--aim: ID と --fiscal-year が要ります / needs ID and --fiscal-year",
                "→ ./taskforce windows ID --aim june --fiscal-year 2027 --as PERSON",
            )
        from domain.lifecycle.windows import AimAtWindow

        give_to(id, AimAtWindow, as_, command_id, window=aim, fiscal_year=fiscal_year, reason=reason)
        return
    _show_windows(id, parse_day("--ready", ready) if ready else None)


def _print_schema() -> None:
    """A document, with or without `--json`."""
    import json
    import sys

    from domain.fiscal import FiscalCalendar

    sys.stdout.write(json.dumps(FiscalCalendar.model_json_schema(), ensure_ascii=False, indent=2) + "\n")


def _show_windows(id: str | None, ready: date | None) -> None:
    from learning.reaching import windows_of

    session = Session()
    seen = windows_of(session.store, session.lifecycle(id) if id is not None else None, ready)
    document = {
        "id": seen.stream,
        "calendar": seen.calendar,
        "today": seen.today,
        "ready": seen.ready,
        "ready_by": seen.ready_by,
        "aim": seen.aim.model_dump(mode="json") if seen.aim else None,
        "windows": [
            {
                **r.opening.model_dump(mode="json"),
                "spends_from": r.opening.spends_from,
                **(
                    {}
                    if seen.asked
                    else {"reachable": r.reachable, "spare_working_days": r.spare, "because": r.because}
                ),
                "lifecycles": seen.aiming(r),
            }
            for r in seen.reach
        ],
    }
    OUT.emit(document, lambda: _tell_windows(document, seen.reach, seen.title))


_BECAUSE = {"late": "間に合わない / too late", "skeleton": "骨格予算 / skeleton budget"}


def _tell_windows(d: Mapping[str, Any], found: tuple[Reach, ...], title: str) -> None:
    from domain.calendar import wareki, wareki_fiscal_year

    asked = d["ready_by"] == "asked"
    if title:
        OUT.say(title)
    if asked:
        OUT.say(
            "予算要求は既に出ているか、要求の段階を過ぎています / the budget has been asked for, or that stage lies behind"
        )
    else:
        why = {
            "given": "指定の日 / as given",
            "history": "これまでの実績による見通し / by the city's own history",
            "due_dates": "各段階の期限どおりに進んだ場合 / when everybody takes the time the process gives",
            "today": "今日 / today",
        }[d["ready_by"]]
        OUT.say(f"要求できる日 / request ready: {wareki(d['ready'])} {d['ready']}({why})")
    OUT.table(
        "予算編成の日程 / budget windows",
        (
            "年度 / FY",
            "予算の区分 / window",
            "要求締切 / requests close",
            "内示 / indication",
            "議決 / vote",
            "",
            "余裕(開庁日) / spare",
            "件",
        ),
        (
            (
                wareki_fiscal_year(r.opening.fiscal_year),
                f"{r.opening.title.ja} / {r.opening.window}",
                r.opening.requests_close,
                r.opening.indication,
                r.opening.session[1],
                "" if asked else _BECAUSE.get(r.because, "間に合う / in reach"),
                "" if asked else r.spare,
                w["lifecycles"],
            )
            for r, w in zip(found, d["windows"], strict=True)
        ),
    )


# --- money over years -------------------------------------------------------------------------------------------------


@app.command("commit")
def commit(
    id: Id,
    key: Annotated[str, typer.Argument(metavar="KEY", help="記号 / key")],
    kind: Annotated[
        str, typer.Option("--kind", help="debt_burden|continuing|long_term (債務負担行為・継続費・長期継続契約)")
    ],
    from_year: Year,
    to_year: Annotated[int, typer.Option("--to-year", min=1950, max=2100, help="終わりの年度 / last fiscal year")],
    title: Annotated[str, typer.Option("--title", help="事項 / matter")] = "",
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="限度額(円) / limit in yen")] = None,
    bill: Annotated[str, typer.Option("--bill", help="議案番号 / number of the bill")] = "",
    voted_on: Annotated[str, typer.Option("--voted-on", metavar="DAY", help="議決日 / day of the vote")] = "",
    as_: As = None,
    command_id: CommandId = None,
    json_: Json = False,
) -> None:
    """年度を越える負担を記録する(財政課) / record a commitment beyond the fiscal year (finance)"""
    from domain.lifecycle.committing import RecordCommitment

    if kind not in ("debt_burden", "continuing", "long_term"):
        raise ShellError(
            f"--kind: {kind}: 種類ではありません / not a kind",
            "→ 次のいずれか / one of: debt_burden, continuing, long_term",
        )
    fields = {"from_year": from_year, "to_year": to_year, "limit": limit, "bill": bill, "title": title or key}
    day = parse_day("--voted-on", voted_on) if voted_on else None
    give_to(id, RecordCommitment, as_, command_id, key=key, what=kind, voted_on=day, **fields)


@app.command("carry")
def carry(
    id: Id,
    from_year: Year,
    amount: Annotated[int, typer.Option("--amount", min=1, help="円 / yen")],
    accident: Annotated[bool, typer.Option("--accident", help="事故繰越し / accidental; else 繰越明許費")] = False,
    bill: Annotated[str, typer.Option("--bill", help="議案番号 / number of the bill")] = "",
    on: Annotated[str, typer.Option("--on", metavar="DAY", help="議決日・決定日 / day of the vote or decision")] = "",
    reason: Annotated[str, typer.Option("--reason", help="事故繰越しの理由 / why")] = "",
    as_: As = None,
    command_id: CommandId = None,
    json_: Json = False,
) -> None:
    """翌年度への繰越しを記録する(財政課) / record what is carried into the next fiscal year (finance)"""
    from domain.lifecycle.committing import CarryOverBudget

    fields = {"from_year": from_year, "amount": amount, "bill": bill, "reason": reason}
    day = parse_day("--on", on) if on else None
    give_to(id, CarryOverBudget, as_, command_id, what="accident" if accident else "approved", on=day, **fields)


def budget_rows(budgets: Mapping[int, Budget]) -> Iterator[tuple[str, str, str, str, str]]:
    """One row an amount, in the order of the states, of each window of each year."""
    from domain.calendar import wareki_fiscal_year
    from domain.lifecycle.amounts import entered

    last = ""
    for found in entered(budgets):
        head = f"{wareki_fiscal_year(found.fiscal_year)} {found.window}"
        name = f"{found.name.ja} / {found.name.en}"
        yield "" if head == last else head, name, f"{found.amount:,}", str(found.on or ""), found.bill
        last = head
