"""`learn …` and `forecast`: what the record teaches."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from domain.calendar import wareki_fiscal_year
from domain.messages import Text
from shell.app import Id, Json, app
from shell.errors import ShellError
from shell.output import OUT, day
from shell.session import Session

if TYPE_CHECKING:
    from learning.backtest import Backtest
    from learning.forecast import Forecast
    from learning.hypotheses import Past
    from learning.measures import Spread
    from learning.times import Waited
    from learning.traces import Trace

learn = typer.Typer(help="記録から学ぶ / what the record teaches", no_args_is_help=True)
app.add_typer(learn, name="learn")
Section = Annotated[
    str | None, typer.Option("--section", metavar="UNIT", help="この課のものだけ(組織ID) / only of this section")
]
_TOP = 15
"""Rows shown to people; a document (`--json`) holds all."""


def _traces(session: Session, section: str | None) -> list[Trace]:
    from learning.overview import traces_of

    directory = session.store.facts().directory
    if section is not None and directory.unit(section) is None:
        units = ", ".join(u.id for u in directory.units if u.kind == "section")
        raise ShellError(f"--section: {section}: 組織がありません / no such unit", f"→ {units}")
    return traces_of(session.store, section)


def _named(titles: dict[str, Text], key: str) -> str:
    return f"{titles[key].ja} / {key}" if key in titles else key


def _spread(s: Spread | None) -> tuple[str, str, str]:
    """How many, the median, and the quartiles."""
    return ("0", "", "") if s is None else (str(s.n), f"{s.median:.1f}", f"{s.q1:.1f}–{s.q3:.1f}")


@learn.command("cycle")
def learn_cycle(section: Section = None, json_: Json = False) -> None:
    """段階ごとの所要日数と滞留 / cycle time of the stages, and bottlenecks"""
    from learning.times import cycle
    from store.queries import stage_titles

    session = Session()
    titles = stage_titles(session.store)
    found = cycle(_traces(session, section), session.store.facts().calendar, list(titles))
    OUT.emit(
        {"stages": [f.model_dump() for f in found]},
        lambda: OUT.table(
            "段階の所要日数(執務日) / time in each stage (working days); ● = 全体の半分を占める段階 / half of all time",
            (
                "段階 / stage",
                "済 / done",
                "中央値 / median",
                "四分位 / quartiles",
                "暦日 / days",
                "進行中 / open",
                "割合 / share",
                "",
            ),
            (
                (
                    _named(titles, f.stage),
                    *_spread(f.working),
                    f"{f.calendar.median:.0f}" if f.calendar else "",
                    f.open,
                    f"{f.share:.0%}",
                    "●" if f.bottleneck else "",
                )
                for f in found
            ),
        ),
    )


@learn.command("waiting")
def learn_waiting(section: Section = None, json_: Json = False) -> None:
    """人を待った時間と作業した時間(職・課・段階別) / time waited for people against time worked"""
    from learning.times import waiting
    from store.queries import stage_titles

    session = Session()
    store, titles = session.store, stage_titles(session.store)
    found = waiting(_traces(session, section), store.facts().calendar, store.clock.now(), list(titles))

    def people() -> None:
        OUT.table(
            "時間の内訳(執務日、終わった段階) / where time went (working days, finished stages)",
            ("段階 / stage", "計 / total", "決裁待ち / waited", "作成中 / worked", "保留 / held", "他 / other"),
            (
                (_named(titles, s.key), *(f"{v:,.0f}" for v in (s.total, s.waited, s.worked, s.held, s.other)))
                for s in found.split
            ),
        )
        directory = store.facts().directory
        posts = {p.id: p.title.ja for p in directory.posts}
        units = {u.id: u.name.ja for u in directory.units}
        for title, names, rows in (
            ("待った職 / posts waited for", posts, found.by_post),
            ("待った課題の担当課 / by section in charge", units, found.by_section),
        ):
            OUT.say("")
            _print_waited(title, names, rows)

    OUT.emit(found.model_dump(), people)


def _print_waited(title: str, names: dict[str, str], rows: tuple[Waited, ...]) -> None:
    OUT.table(
        f"{title}(執務日 / working days)",
        (
            "",
            "回答 / answers",
            "中央値 / median",
            "四分位 / quartiles",
            "割合 / share",
            "待ち / open",
            "その日数 / so far",
        ),
        (
            (
                f"{names.get(w.key, '')} {w.key}".strip(),
                *_spread(w.waiting),
                f"{w.share:.0%}",
                w.open or "",
                f"{w.open_days:.0f}" if w.open else "",
            )
            for w in rows[:_TOP]
        ),
    )


@learn.command("paths")
def learn_paths(section: Section = None, json_: Json = False) -> None:
    """たどった道筋・繰返し・差戻し / the ways taken: variants, loops, send-backs"""
    from learning.paths import paths

    session = Session()
    found = paths(_traces(session, section))

    def people() -> None:
        OUT.table(
            f"道筋 / ways ({len(found.variants)} 通り / variants, {found.lifecycles} 件 / lifecycles)",
            ("件 / how many", "終結 / closed", "段階 / stages"),
            ((v.lifecycles, v.closed, " → ".join(v.stages)) for v in found.variants[:_TOP]),
        )
        OUT.say("")
        OUT.table(
            "繰返した段階 / stages entered again",
            ("段階 / stage", "件 / lifecycles", "再び / again"),
            ((x.stage, x.lifecycles, x.again) for x in found.loops),
        )
        OUT.say("")
        OUT.table(
            "差戻し / sent back",
            ("から / from", "へ / to", "回 / times"),
            ((s.before, s.after, s.times) for s in found.sent_back),
        )

    OUT.emit(found.model_dump(), people)


@learn.command("hypotheses")
def learn_hypotheses(section: Section = None, json_: Json = False) -> None:
    """過去の仮説の期待と実測 / what past hypotheses expected, and what was measured"""
    from learning.hypotheses import in_words, lessons, past

    session = Session()
    found = lessons(past(session.store), section)
    words = in_words(found)

    def people() -> None:
        OUT.say(f"{words.ja} / {words.en}", "")
        shown = [p for p in found.past if p.attained is not None]
        OUT.table(
            f"仮説と実測 / hypotheses and measured values ({found.matched} / {found.hypotheses} 件の指標が KPI と対応 / matched)",
            ("課題 / lifecycle", "指標 / metric", "期待 / expected", "実測 / measured", "目標比 / attained", ""),
            (_past_row(p) for p in shown[:_TOP]),
        )

    OUT.emit(found.model_dump() | {"words": words.model_dump()}, people)


def _past_row(p: Past) -> tuple[str, ...]:
    return (
        p.ref,
        p.metric[:30],
        p.expected_effect[:30] if p.expected is None else f"{p.expected:+.0%}",
        "" if p.measured is None else f"{p.measured:+.0%} ({p.period})",
        "" if p.attained is None else f"{p.attained:.0%}",
        "〔台本〕" if p.scripted else "",
    )


@learn.command("backtest")
def learn_backtest(
    data: Annotated[
        Path | None,
        typer.Option(
            "--data", metavar="FILE", help="記録の代わりに予行するファイルかフォルダ / rehearse these instead"
        ),
    ] = None,
    since: Annotated[str, typer.Option("--since", metavar="DATE", help="予行の初日 / first day of it")] = "2023-04-01",
    until: Annotated[str, typer.Option("--until", metavar="DATE", help="予行の末日 / last day of it")] = "2027-03-31",
    seed: Annotated[int, typer.Option("--seed", help="同じ種なら同じ事象 / same seed, same events")] = 1,
    json_: Json = False,
) -> None:
    """最後の年度を伏せて見通しを試す / the forecast put to the test: the last fiscal year held out"""
    from learning.overview import tested
    from shell.bodies import day_of

    if data is not None:
        from shell.supposing import rehearsed

        found = rehearsed(data, day_of("--since", since), day_of("--until", until), seed)
    else:
        found = tested(Session().store)
    OUT.emit(found.model_dump() | {"scripted": data is not None}, lambda: _print_backtest(found, data))


_NAMES = {
    "forecast": "見通し / forecast",
    "due_dates": "定義の期限どおり / the definition's due dates",
    "overall_mean": "全段階の平均 / mean of all stages",
}


def _print_backtest(found: Backtest, data: Path | None) -> None:
    if data is not None:
        OUT.say("〔台本〕予行による / of a rehearsal: people and days are made up")
    OUT.say(
        f"{wareki_fiscal_year(found.fiscal_year)}を伏せて予測 / held out: FY{found.fiscal_year}, from {found.cut} to {found.until}",
        f"{found.lifecycles} 件、学習した段階 {found.trained} / lifecycles, stages learnt from",
        f"比べた予測 {found.cases}、見通しなし {found.silent}、未到達 {found.unfinished} / compared, silent, not there by the end",
        "",
    )
    if not found.cases:
        OUT.say(
            "比べられる予測がありません。記録が1年度を超えるまで待つか、--data で予行してください / nothing to compare yet"
        )
        return
    OUT.table(
        "次の段階に入る日の誤差(執務日) / error of the day on which the next stage is entered (working days)",
        ("", "平均 / mean", "中央値 / median", "偏り / bias"),
        ((_NAMES[e.name], f"{e.mean:.1f}", f"{e.median:.1f}", f"{e.bias:+.1f}") for e in found.errors),
    )
    if found.within is None:
        return
    OUT.say(
        "",
        f"幅に入った / held by the band: {found.judged} 件中 {found.held} 件、{found.within:.0%}(約束 / promised {found.promised:.0%})",
    )
    if found.width is not None:
        OUT.say(f"幅の平均 / mean width: {found.width:.0f} 執務日 / working days")
    if found.endless:
        OUT.say(f"終わりが未定の幅 / bands without an end: {found.endless} 件")
    OUT.table(
        "根拠ごと / by what it rests on",
        ("", "入った / held", "件 / of"),
        ((_BASES[b], *numbers) for b, numbers in found.by_basis.items()),
    )


@learn.command("export")
def learn_export(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="書き出すファイル / the file to write")],
    format_: Annotated[str, typer.Option("--format", help="xes(IEEE 1849)か ocel(OCEL 2.0 JSON)")] = "xes",
    detail: Annotated[
        str, typer.Option("--detail", help="xes の活動: stages か requests / activities of xes")
    ] = "stages",
    json_: Json = False,
) -> None:
    """プロセスマイニング用に事象を書き出す(氏名・文章なし) / the log for process mining, without names or texts"""
    from learning.exporting import EXPORTED, write_ocel, write_xes
    from learning.log import happenings
    from learning.traces import TYPES, traces

    _one_of("--format", format_, ("xes", "ocel"))
    _one_of("--detail", detail, ("stages", "requests"))
    if out.exists():
        raise ShellError(
            f"OUT: {out}: すでにあります / it exists already", "→ 別の名前にしてください / name another file"
        )
    store = Session().store
    chosen: Literal["stages", "requests"] = "stages" if detail == "stages" else "requests"
    try:
        with out.open("w", encoding="utf-8") as file:
            if format_ == "xes":
                number = write_xes(traces(happenings(store, TYPES)), file, chosen)
            else:
                number = write_ocel(happenings(store, EXPORTED), file)
    except OSError as error:
        raise ShellError(f"OUT: {out}: 書けません / cannot be written: {error.strerror}") from None
    OUT.emit(
        {"file": str(out), "format": format_, "events": number},
        lambda: OUT.say(f"{out}: {number:,} 事象 / events ({format_})"),
    )


def _one_of(option: str, given: str, known: tuple[str, ...]) -> None:
    if given not in known:
        raise ShellError(f"{option}: {given}: 使えない値です / unknown value", f"→ {', '.join(known)}")


@app.command("forecast")
def forecast_command(id: Id, json_: Json = False) -> None:
    """次の段階と終わりの見通し(市の実績から) / when the next stages and the end are to be expected"""
    from learning.asking import forecast_of

    session = Session()
    found = forecast_of(session.store, session.lifecycle(id))
    OUT.emit(found.model_dump(), lambda: _print_forecast(found))


_BASES = {
    "section": "同じ課 / same section",
    "stage": "全庁 / whole city",
    "fixed": "定めた期日 / a day that was fixed",
    "pace": "各段階の2度目以降の進み方 / pace of later visits anywhere",
    "none": "例が少ない / too few",
}


def _print_forecast(found: Forecast) -> None:
    from learning.forecast import held_in_words

    OUT.say(f"段階 / stage: {found.stage}({day(found.since)} から / since)", "")
    if found.silent is not None:
        OUT.say(f"{found.silent.ja} / {found.silent.en}")
        return
    OUT.table(
        "見通し / forecast(中央値と、5件中4件が入る幅 / median, and the band of four in five)",
        (
            "段階 / stage",
            "ごろ / about",
            "早ければ / early",
            "遅ければ / late",
            "根拠 / rests on",
            "件 / cases",
            "未達 / open",
        ),
        (
            (
                f"{e.title.ja} / {e.stage}",
                _date(e.on),
                _date(e.early),
                _date(e.late) if e.on is None or e.late else "未定 / open",
                _BASES[e.basis] + ("・2度目以降 / there again" if e.again and e.basis in ("section", "stage") else ""),
                e.cases,
                e.open,
            )
            for e in found.expected
        ),
    )
    if found.held is not None:
        words = held_in_words(found.held)
        OUT.say(f"{words.ja} / {words.en}")


def _date(value: date | None) -> Any:
    return value.isoformat() if value else ""
