"""KPIs with their figures: `kpi show`, `kpi list`; values from a file: `kpi import`; fetched by themselves: `kpi feed`, `kpi feeds`."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from uuid import uuid4

import typer

from shell.acting import done, need_reason
from shell.app import As, CommandId, Id, Json, app
from shell.errors import ShellError
from shell.output import OUT, day, minute, short
from shell.session import Session

if TYPE_CHECKING:
    from domain.lifecycle.state import Lifecycle

group = typer.Typer(help="KPI の値・達成度・見通し / KPIs: values, attainment, outlook", no_args_is_help=True)
app.add_typer(group, name="kpi")
Key = Annotated[str, typer.Argument(metavar="KPI", help="KPI の記号 / key of the KPI")]
COLOURS = {"green": "緑 / green", "amber": "黄 / amber", "red": "赤 / red"}


@group.command("show")
def show(
    id: Id,
    kpi: Annotated[
        str | None, typer.Argument(metavar="[KPI]", help="KPI の記号(省けばすべて) / one KPI; else all")
    ] = None,
    on: Annotated[
        str | None, typer.Option("--on", metavar="DAY", help="この日で見る(省けば今日) / judged on this day")
    ] = None,
    json_: Json = False,
) -> None:
    """KPI の達成度・傾向・予測・健全度 / attainment, trend, forecast and health of a lifecycle's KPIs"""
    from domain.calendar import local_day
    from figures.lifecycles import figures_of
    from figures.telling import told
    from shell.acting import parse_day
    from shell.kpi_words import lines
    from store import queries
    from store.feeds import troubles

    session = Session()
    stream = session.lifecycle(id)
    state, _ = session.store.load(stream)
    if kpi is not None and kpi not in [k.key for k in state.kpis]:
        raise ShellError(
            f"KPI: {kpi}: ありません / no such KPI",
            f"→ 次のいずれか / one of: {', '.join(k.key for k in state.kpis) or '-'}",
        )
    today = parse_day("--on", on) if on else local_day(session.store.clock.now())
    measured = queries.measurements_of(session.store, stream)
    [found] = figures_of([state], today)
    shown = [{**told(f, measured, today), "lines": lines(f, today)} for f in found if kpi in (None, f.aim.key)]
    document = {
        "id": stream,
        "ref": state.ref,
        "title": state.title,
        "on": today,
        "review_date": state.review_date,
        "stopping": [c.model_dump(mode="json") for c in state.stopping],
        "refuted": [r.model_dump() for r in state.refuted],
        "reached": [r.model_dump(mode="json") for r in state.reached],
        "feeds": {key: t.model_dump(mode="json") for key, t in state.pulls.items()},
        "feed_troubles": {k: t.model_dump() for k, t in troubles(session.store, stream, state.pulls).items()},
        "kpis": shown,
    }
    OUT.emit(document, lambda: _print(state, document))


@group.command("list")
def list_(
    health: Annotated[str | None, typer.Option("--health", help="green|amber|red")] = None,
    closed: Annotated[bool, typer.Option("--closed", help="終結したものも / closed ones too")] = False,
    json_: Json = False,
) -> None:
    """すべての課題の KPI / the KPIs of all lifecycles, the worst first"""
    from domain.calendar import local_day
    from figures.telling import briefs
    from store import queries

    if health is not None and health not in COLOURS:
        raise ShellError(f"--health: {health}: 使えない値です / no such health", f"→ {'|'.join(COLOURS)}")
    session = Session()
    rows = queries.find_lifecycles(session.store, closed=None if closed else False)
    states = [s for r in rows if (s := session.store.load(r["stream"])[0]).kpis]
    today = local_day(session.store.clock.now())
    found = briefs(states, today)
    order = {"red": 0, "amber": 1, "green": 2}
    found = sorted((f for f in found if health in (None, f["health"])), key=lambda f: order[f["health"]])
    OUT.emit(found, lambda: _print_list(found))


@group.command("import")
def import_(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE.csv", help="id, kpi, period, value[, note] の CSV / a CSV with these columns"),
    ],
    check: Annotated[bool, typer.Option("--check", help="記録せずに確かめる / record nothing")] = False,
    as_: As = None,
    json_: Json = False,
) -> None:
    """CSV の測定値を記録する(UTF-8・CP932) / record the measured values of a CSV; either every row is right or none is recorded"""
    from imports.measurements import measurements
    from shell.importing import take, totals

    session = Session(writing=True)
    actor = session.actor(session.person(as_))
    batch = measurements(session.store, actor, file)
    done = take(session, actor, batch, check=check)
    repeated, reviews = done.count("repeated"), list(batch.reviews)
    found = {**totals(batch, done), "sha256": batch.sha256, "repeated": repeated, "reviews": reviews}
    OUT.emit(found, lambda: _print_import(found))


@group.command("feed")
def feed(
    id: Id,
    kpi: Key,
    url: Annotated[str | None, typer.Option("--url", help="取得先 / address, http or https")] = None,
    value: Annotated[
        str | None,
        typer.Option("--value", metavar="POINTER", help="値の JSON Pointer(例 /data/0/value) / pointer to the value"),
    ] = None,
    period: Annotated[
        str | None,
        typer.Option(
            "--period", metavar="POINTER", help="期間の JSON Pointer(省けば終わった直近の期間) / pointer to the period"
        ),
    ] = None,
    cadence: Annotated[
        str | None,
        typer.Option(
            "--cadence", help="monthly|quarterly|half_yearly|yearly(省けば KPI の測定周期) / by default the KPI's"
        ),
    ] = None,
    lag: Annotated[
        int, typer.Option("--lag", min=1, max=180, help="期間の終わりから何日後か / days after a period's end")
    ] = 10,
    every: Annotated[
        float | None, typer.Option("--every", min=1, help="試行用: 秒ごと / for trials: seconds", hidden=True)
    ] = None,
    now: Annotated[bool, typer.Option("--now", help="すぐに一度取得する / fetch once now as well")] = False,
    stop: Annotated[bool, typer.Option("--stop", help="取りやめる(--reason) / fetch no more")] = False,
    reason: Annotated[str, typer.Option("--reason", help="取りやめる理由 / why it stops")] = "",
    as_: As = None,
    command_id: CommandId = None,
    json_: Json = False,
) -> None:
    """KPI の値を決まった時期に HTTP で自動取得する / have a KPI's values fetched by themselves"""
    from domain.feeds.messages import Terms
    from domain.lifecycle.feeding import ArrangePull, CancelPull

    session = Session(writing=True)
    person, stream = session.person(as_), session.lifecycle(id)
    given = {"command_id": command_id or str(uuid4()), "stream": stream, "kpi": kpi}
    if stop:
        command: Any = CancelPull.model_validate({**given, "reason": need_reason(reason)})
    else:
        terms = {"url": url, "value": value, "period": period, "cadence": cadence, "lag_days": lag, "every": every}
        if now and url is None:
            state, _ = session.store.load(stream)
            known = state.pulls.get(kpi)
            terms = known.model_dump() if known is not None else terms
        checked = _terms(terms, Terms)
        _warn_of_host(session, checked.url)
        command = ArrangePull.model_validate({**given, "terms": checked, "at_once": now})
    done(session, session.record(command, session.actor(person)))


@group.command("feeds")
def feeds(
    incidents: Annotated[
        bool, typer.Option("--incidents", help="値が取れていないものだけ / only those that bring no value")
    ] = False,
    json_: Json = False,
) -> None:
    """自動取得と、取得できなかったもの / all feeds, and what they could not fetch"""
    from store.feeds import all_feeds

    session = Session()
    now = session.store.clock.now()
    found = [f for f in all_feeds(session.store) if not incidents or f.trouble(now) is not None]
    shown = [f.model_dump(mode="json") | {"trouble": t.model_dump() if (t := f.trouble(now)) else None} for f in found]
    OUT.emit(shown, lambda: _print_feeds(found, now))


def _terms(given: dict[str, Any], model: Any) -> Any:
    from pydantic import ValidationError

    from domain.misfits import said_of

    options = {"lag_days": "--lag"}
    try:
        return model.model_validate({k: v for k, v in given.items() if v is not None})
    except ValidationError as error:
        lines = []
        for e in error.errors(include_url=False):
            field = str(e["loc"][0])
            shown = "" if e["type"] == "missing" else f"{e['input']}: "
            lines.append(f"{options.get(field, '--' + field)}: {shown}{said_of(e)}")
        raise ShellError(
            *lines, "→ 例 / like: --url https://data.example.jp/kpi.json --value /data/0/value --period /data/0/period"
        ) from None


def _warn_of_host(session: Session, url: str) -> None:
    from domain.feeds.messages import host_of

    host = host_of(url)
    if host not in {h.lower() for h in session.settings.pull_hosts}:
        OUT.note(
            f"{host}: ここでは TASKFORCE_PULL_HOSTS にありません。ワーカーの設定に要ります / "
            "not in TASKFORCE_PULL_HOSTS here; the worker needs it, else each fetch is an incident"
        )


# --- for people ------------------------------------------------------------------------------------------------------


def _print(state: Lifecycle, d: dict[str, Any]) -> None:
    OUT.say(f"{state.title} · {day(d['on'])} · 再検討日 / review date {day(d['review_date']) or '-'}")
    OUT.say(*(f"{r.ja} / {r.en}" for r in state.refuted))
    for k in d["kpis"]:
        OUT.say(
            "",
            f"{k['key']}  {k['title']}({k['type_title'] or '種別なし / no type'})",
            *(f"  自動取得 / feed: {t['ja']} / {t['en']}" for t in [d["feed_troubles"].get(k["key"])] if t),
            *(f"  {line}" for line in k["lines"]),
        )
        OUT.table(
            "",
            ("期間 / period", f"値 / value {k['unit']}", "累計・水準 / level", "だれ / who", "出典 / source"),
            [
                (
                    v["period"],
                    v["value"] + (f"(訂正前 / was {', '.join(v['was'])})" if v["was"] else ""),
                    v["level"] or "",
                    v["person"] or "自動 / feed",
                    " ".join(x for x in (v["source"] or "", (v["sha256"] or "")[:12]) if x),
                )
                for v in k["values"]
            ],
        )
    if not d["kpis"]:
        OUT.say("KPI はまだ定められていません / no KPIs have been set")


def _print_list(found: list[dict[str, Any]]) -> None:
    OUT.table(
        "",
        (
            "健全度 / health",
            "課題 / lifecycle",
            "KPI",
            "最新 / latest",
            "達成 / attained",
            "予測 / forecast",
            "理由 / why",
        ),
        [
            (
                COLOURS[f["health"]],
                f"{f['ref']} {f['title']}",
                f["kpi"],
                f"{f['value'] or ''}{f['unit'] if f['value'] else ''} {f['period'] or ''}",
                f["attained_percent"] or "",
                f["forecast_words"],
                f["reasons"][0]["ja"],
            )
            for f in found
        ],
    )
    OUT.say(f"{len(found):,} 件 / KPIs")


def _print_import(found: dict[str, Any]) -> None:
    done = f"記録 / recorded {found['recorded']}"
    if found["would_record"]:
        done = f"記録できる行 / would be recorded {found['would_record']}"
    again = f"、ファイル内の重複 / repeated in the file {found['repeated']}" if found["repeated"] else ""
    OUT.say(f"{done}、記録済み / on record already {found['known']}{again}", f"sha256 {found['sha256']}")
    for title in found["reviews"]:
        OUT.say(f"再検討が開きます / a review opens: {title}")


def _print_feeds(found: list[Any], now: datetime) -> None:
    OUT.table(
        "",
        ("課題・KPI / of", "取得先 / address", "最後の値 / last", "次回 / next", "状態 / state"),
        [
            (
                f"{short(f.lifecycle)} {f.title}",
                f.terms.url if f.terms else "",
                f"{f.last.period}: {f.last.value}" if f.last else "",
                minute(f.next_due) if f.next_due else "",
                _state(f, now),
            )
            for f in found
        ],
    )
    OUT.say(f"{len(found):,} 件 / feeds")


def _state(feed: Any, now: datetime) -> str:
    if feed.ended is not None:
        return f"終了 / ended: {feed.ended.ja} / {feed.ended.en}"
    if (told := feed.trouble(now)) is not None:
        return f"{told.ja} / {told.en}"
    if feed.pending:
        return f"取得中({minute(feed.pending)} から、5回まで試す) / fetching, up to 5 tries"
    return "正常 / well" if feed.last else "まだ取得していない / nothing fetched yet"
