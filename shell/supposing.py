"""`whatif`, and the rehearsed record on which `learn backtest` can be tried: the bridge to the rehearsal."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from domain.calendar import wareki
from shell.app import Json, app
from shell.errors import ShellError
from shell.output import OUT
from shell.session import Session

if TYPE_CHECKING:
    from domain.process import ProcessDefinition
    from learning.backtest import Backtest
    from rehearsal.asking import Ground
    from rehearsal.casting import Cast
    from rehearsal.contract import Shift, Supposition, WhatIf

_TOP = 30
_OPTIONS = {"document": "definition", "deadlines": "deadline"}
"""Fields of the question that the shell has under another name."""
_EFFECTS = {
    "same": "変わらない / as before",
    "later": "遅くなる / later",
    "earlier": "早くなる / earlier",
    "other_way": "別の道を通る / another way",
    "impossible": "移せない / cannot be moved",
}


@app.command()
def whatif(
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="[FILE]",
            help="開始ファイルかデータのフォルダ。省けば進行中のもの / start file or data folder; else what runs",
        ),
    ] = None,
    definition: Annotated[
        Path | None, typer.Option("--definition", metavar="FILE", help="この定義だったら / under this definition")
    ] = None,
    without: Annotated[
        list[str] | None,
        typer.Option("--without", metavar="STAGE/STEP", help="この手順がなかったら / without this step"),
    ] = None,
    pace: Annotated[
        list[str] | None,
        typer.Option("--pace", metavar="ROLE=TIMES", help="何倍の日数がかかるか(all も可) / how many times as long"),
    ] = None,
    capacity: Annotated[
        list[str] | None,
        typer.Option(
            "--capacity", metavar="ROLE=N", help="職が一度に扱う件数 / matters that a post has in hand at a time"
        ),
    ] = None,
    deadline: Annotated[
        list[str] | None,
        typer.Option(
            "--deadline",
            metavar="DATE",
            help="予算要求の締切(省けば財政暦のもの) / when budget requests are due (else by the fiscal calendar)",
        ),
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="DATE", help="いつまで(省けば翌年度末) / until when")
    ] = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="DATE", help="FILE の初日 / first day of FILE")
    ] = None,
    seed: Annotated[
        int, typer.Option("--seed", min=0, max=999_999_999, help="同じ種なら同じ結果 / same seed, same result")
    ] = 1,
    json_: Json = False,
) -> None:
    """もし定義や人手が違ったら(何も記録しない) / under another definition or capacity; records nothing"""
    from rehearsal.contract import Supposition
    from shell.bodies import day_of

    asked = Supposition(
        document=_document(definition),
        without=tuple(without or ()),
        pace=_pairs("--pace", pace),
        capacity={role: _whole(role, number) for role, number in _pairs("--capacity", capacity).items()},
        deadlines=tuple(day_of("--deadline", d) for d in deadline or ()),
        until=day_of("--until", until) if until else None,
        seed=seed,
    )
    begin = day_of("--since", since) if since else None
    found = _of_store(asked) if file is None else _of_file(file, asked, begin)
    OUT.emit(found.model_dump(), lambda: _print(found))


def _of_store(asked: Supposition) -> WhatIf:
    from rehearsal.asking import change, ground, last_day
    from rehearsal.present import present
    from rehearsal.whatif import of_store

    store = Session().store
    on = ground(store)
    if not on.running:
        raise ShellError(
            "進行中のものがありません / nothing is running",
            "→ `./taskforce whatif FILE` で開始ファイルを試せます / try a start file",
        )
    _require_usable(asked, on)
    return of_store(present(store), change(asked, on), last_day(asked, on), asked.seed, asked.deadlines)


def _of_file(file: Path, asked: Supposition, begin: date | None) -> WhatIf:
    from rehearsal.asking import Ground, change
    from rehearsal.casting import cast_file
    from rehearsal.whatif import of_cast

    first = begin or date((asked.until.year if asked.until else 2027) - 3, 4, 1)
    until = asked.until or date(first.year + 3, 3, 31)
    cast = _cast(lambda: cast_file(file, since=first, seed=asked.seed))
    process = cast.process
    on = Ground(first, {process.reference: len(cast.scripts)}, {process.reference: process}, cast.directory)
    _require_usable(asked.model_copy(update={"until": until}), on)
    return of_cast(cast, change(asked, on), first, until, asked.seed, asked.deadlines)


def _cast(read: Callable[[], Cast]) -> Cast:
    try:
        return read()
    except OSError as error:
        raise ShellError(f"FILE: {error.filename}: 読めません / cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise ShellError(*str(error).splitlines()) from None


def _require_usable(asked: Supposition, on: Ground) -> None:
    """Raises `ShellError` with a line for each option that cannot be used."""
    from rehearsal.asking import problems

    lines = []
    for p in problems(asked, on):
        field = p.field.partition(".")[0]
        where = f"--{_OPTIONS.get(field, field)}: " if field else ""
        value = "" if p.value is None else f"{p.value}: "
        lines.append(f"{where}{value}{p.message.ja} / {p.message.en}")
    if lines:
        raise ShellError(*lines)


def _document(file: Path | None) -> ProcessDefinition | None:
    from definitions.loader import load_definition

    return load_definition(file) if file is not None else None


def _pairs(option: str, given: list[str] | None) -> dict[str, float]:
    found: dict[str, float] = {}
    for text in given or ():
        role, _, number = text.partition("=")
        try:
            found[role] = float(number)
        except ValueError:
            raise _no_number(option, text, role) from None
    return found


def _whole(role: str, number: float) -> int:
    if not number.is_integer():
        raise _no_number("--capacity", f"{role}={number:g}", role)
    return int(number)


def _no_number(option: str, text: str, role: str) -> ShellError:
    return ShellError(
        f"{option}: {text}: 役割=数 の形にしてください / write ROLE=NUMBER",
        f"→ 例 / e.g. {option} {role or 'mayor'}=2",
    )


def _print(found: WhatIf) -> None:
    OUT.say("〔台本〕人の速さと再検討の結果は架空、規則と課題は実物 / scripted people, real rules and lifecycles", "")
    for change in found.changes:
        OUT.say(f"もし / if: {change.ja} / {change.en}")
    days = "、".join(wareki(d) for d in found.deadlines)
    OUT.say(
        f"{found.lifecycles} 件を {wareki(found.until)} まで / lifecycles, until {found.until.isoformat()}",
        "、".join(f"{_EFFECTS[e]} {n}" for e, n in found.effects.items()),
        f"予算要求の締切に間に合わなくなる / miss their budget window: {found.misses}(締切 / deadlines: {days})",
        f"早い締切に間に合う / reach an earlier one: {found.reaches_earlier}",
        "",
    )
    if found.known is not None:
        OUT.say(f"進行中 {found.known} 件からの均等な抽出 / an even choice of {found.known} that run")
    if found.left_out:
        OUT.say(f"再開の決定中のため対象外 / left out, reopening: {len(found.left_out)}")
    if found.shifts:
        OUT.table(
            "",
            ("課題 / lifecycle", "", "執務日 / days", "予算の締切 / window", "なぜ / why"),
            (_row(s) for s in found.shifts[:_TOP]),
        )
    if len(found.shifts) > _TOP:
        OUT.say(f"ほか {len(found.shifts) - _TOP} 件は --json で / the others with --json")


def _row(s: Shift) -> tuple[str, ...]:
    window = ""
    if s.window != s.would_window:
        shown = [d.isoformat() if d else "—" for d in (s.window, s.would_window)]
        window = " → ".join(shown) + (" 間に合わない / missed" if s.misses else "")
    return (
        f"{s.title}\n{s.ref} {s.stage}",
        _EFFECTS[s.effect],
        f"{s.days:+d}",
        window,
        "\n".join(f"{w.ja} / {w.en}" for w in s.why),
    )


def rehearsed(file: Path, since: date, until: date, seed: int) -> Backtest:
    """The backtest on a record that scripted people make of a file."""
    from learning.backtest import backtest
    from learning.ways import of_traces
    from rehearsal.casting import cast_file
    from rehearsal.contract import Change
    from rehearsal.playing import Programme
    from rehearsal.shares import in_memory
    from store.calendars import calendar

    if until <= since:
        raise ShellError(f"--until {until}: {since} より後の日付にしてください / must lie after --since, {since}")
    cast = _cast(lambda: cast_file(file, since=since, seed=seed))
    programme = Programme(cast, since, until, seed, change=Change())
    played = in_memory(programme)
    ways = of_traces(played.traces.values())
    return backtest(ways, lambda _: cast.process, calendar(), programme.ends)
