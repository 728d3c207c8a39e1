"""`whatif`, and the rehearsed record on which `learn backtest` can be tried: the bridge to the rehearsal."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from domain.calendar import fiscal_year, local_day, wareki
from shell.app import Json, app
from shell.errors import ShellError
from shell.output import OUT
from shell.session import Session

if TYPE_CHECKING:
    from domain.process import ProcessDefinition
    from learning.backtest import Backtest
    from rehearsal.casting import Cast
    from rehearsal.differing import Shift, WhatIf
    from rehearsal.shifting import Change

    Changed = Callable[[ProcessDefinition, int, set[str]], Change]

_TOP = 30
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
    seed: Annotated[int, typer.Option("--seed", help="同じ種なら同じ結果 / same seed, same result")] = 1,
    json_: Json = False,
) -> None:
    """もし定義や人手が違ったら(何も記録しない) / under another definition or capacity; records nothing"""
    from rehearsal.shifting import ALL, Change
    from shell.bodies import day_of

    def changed(process: ProcessDefinition, newest: int, roles: set[str]) -> Change:
        return Change(
            definition=_definition(definition, without, process, newest),
            pace=_pairs("--pace", pace, roles | {ALL}, least=0.05),
            capacity={r: int(n) for r, n in _pairs("--capacity", capacity, roles, least=1).items()},
        )

    deadlines = tuple(day_of("--deadline", d) for d in deadline or ())
    last = day_of("--until", until) if until else None
    if file is None:
        found = _of_store(changed, last, seed, deadlines)
    else:
        begin = day_of("--since", since) if since else None
        found = _of_file(file, changed, begin, last, seed, deadlines)
    OUT.emit(found.model_dump(), lambda: _print(found))


def _of_store(changed: Changed, last: date | None, seed: int, deadlines: tuple[date, ...]) -> WhatIf:
    from rehearsal.present import present
    from rehearsal.whatif import of_store

    now = present(Session().store)
    if not now.running:
        raise ShellError(
            "進行中のものがありません / nothing is running",
            "→ `./taskforce whatif FILE` で開始ファイルを試せます / try a start file",
        )
    names = [state.definition for state, _ in now.running.values()]
    process = now.definitions[max(sorted(set(names)), key=names.count)]
    newest = max(d.version for d in now.definitions.values() if d.name == process.name)
    change = changed(process, newest, {p.role for p in now.directory.directory.posts})
    until = last or date(fiscal_year(local_day(now.now)) + 2, 3, 31)
    return of_store(now, change, until, seed, deadlines)


def _of_file(
    file: Path, changed: Changed, begin: date | None, last: date | None, seed: int, deadlines: tuple[date, ...]
) -> WhatIf:
    from rehearsal.casting import cast_file
    from rehearsal.whatif import of_cast

    first = begin or date((last.year if last else 2027) - 3, 4, 1)
    until = last or date(first.year + 3, 3, 31)
    if until <= first:
        raise ShellError(f"--until {until}: {first} より後の日付にしてください / must lie after the beginning, {first}")
    cast = _cast(lambda: cast_file(file, since=first, seed=seed))
    change = changed(cast.process, cast.process.version, {p.role for p in cast.directory.posts})
    return of_cast(cast, change, first, until, seed, deadlines)


def _cast(read: Callable[[], Cast]) -> Cast:
    try:
        return read()
    except OSError as error:
        raise ShellError(f"FILE: {error.filename}: 読めません / cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise ShellError(*str(error).splitlines()) from None


def _definition(
    file: Path | None, without: list[str] | None, process: ProcessDefinition, newest: int
) -> ProcessDefinition | None:
    """The changed process: of a file, with steps left out; always as a version of its own."""
    from definitions.loader import load_definition
    from rehearsal.whatif import without as left_out
    from shell.moving import require_known_names

    if file is None and not without:
        return None
    chosen = load_definition(file) if file is not None else process
    if file is not None:
        require_known_names(chosen, file)
    if without:
        return left_out(chosen, without, newest + 1)
    return chosen.model_copy(update={"version": max(chosen.version, newest + 1)})


def _pairs(option: str, given: list[str] | None, roles: set[str], *, least: float) -> dict[str, float]:
    found: dict[str, float] = {}
    for text in given or ():
        role, _, number = text.partition("=")
        if role not in roles:
            raise ShellError(f"{option}: {role}: 役割がありません / no such role", f"→ {', '.join(sorted(roles))}")
        try:
            value = float(number)
        except ValueError:
            value = -1.0
        if not least <= value <= 1000:
            raise ShellError(
                f"{option}: {text}: {least:g} から 1000 までの数にしてください / a number from {least:g} to 1000",
                f"→ 例 / e.g. {option} {role}=2",
            )
        found[role] = value
    return found


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
    from rehearsal.playing import Programme
    from rehearsal.shares import in_memory
    from rehearsal.shifting import Change
    from store.calendars import calendar

    if until <= since:
        raise ShellError(f"--until {until}: {since} より後の日付にしてください / must lie after --since, {since}")
    cast = _cast(lambda: cast_file(file, since=since, seed=seed))
    programme = Programme(cast, since, until, seed, change=Change())
    played = in_memory(programme)
    ways = of_traces(played.traces.values())
    return backtest(ways, lambda _: cast.process, calendar(), programme.ends)
