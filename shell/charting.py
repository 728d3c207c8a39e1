"""`chart …`: a chart as SVG with `--out`; without, its data as a table."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from shell.app import Id, Json, app
from shell.errors import ShellError
from shell.output import OUT
from shell.printing import Force, save
from shell.session import Session

if TYPE_CHECKING:
    from charts.models import Chart, Language, Table

group = typer.Typer(help="図(SVG)と、その数値の表 / charts as SVG, and their data as tables", no_args_is_help=True)
app.add_typer(group, name="chart")
Out = Annotated[
    Path | None,
    typer.Option("--out", "-o", metavar="FILE.svg", help="SVG を書き出す先 / where to write the SVG"),
]
Lang = Annotated[str, typer.Option("--lang", help="ja|en")]


@group.command("kpi")
def kpi(
    id: Id,
    key: Annotated[str, typer.Option("--kpi", metavar="KEY", help="この KPI だけ / this KPI only")] = "",
    out: Out = None,
    lang: Lang = "ja",
    force: Force = False,
    json_: Json = False,
) -> None:
    """KPI を基準値・目標値・見通しと比べる / KPIs against baseline, target and forecast"""
    from charts import gathering

    session = Session()
    found = gathering.kpis(session.store, session.lifecycle(id))
    chosen = [k for k in found if key in ("", k.key)]
    if key and not chosen:
        known = ", ".join(k.key for k in found) or "-"
        raise ShellError(f"--kpi: {key}: ありません / no such KPI", f"→ KPI: {known}")
    if not chosen:
        raise ShellError(
            f"ID: {id}: KPI がまだありません / no KPIs have been set yet",
            "→ KPI設定の段階の後に見られます / they come with the stage that sets them",
        )
    _show(chosen, out, lang, force, [k.key for k in chosen])


@group.command("value")
def value(
    round_: Annotated[
        str | None,
        typer.Argument(metavar="[ROUND]", help="選定(例 2026)。省けばすべて / a selection round; all by default"),
    ] = None,
    out: Out = None,
    lang: Lang = "ja",
    force: Force = False,
    json_: Json = False,
) -> None:
    """創出価値と難易度 / value against difficulty"""
    from charts import gathering
    from domain.selection.kind import stream_of

    store = Session().store
    try:
        found = gathering.value(store, stream_of(round_) if round_ else None)
    except LookupError:
        raise ShellError(
            f"ROUND: {round_}: ありません / no such round",
            "→ `./taskforce intake list` で確かめてください / see the list",
        ) from None
    _show([found], out, lang, force)


@group.command("flow")
def flow(
    bureau: Annotated[str, typer.Option("--bureau", metavar="UNIT", help="この局だけ / of this bureau only")] = "",
    out: Out = None,
    lang: Lang = "ja",
    force: Force = False,
    json_: Json = False,
) -> None:
    """段階別の累積フロー / cumulative flow by stage"""
    from charts import gathering

    store = Session().store
    bureaus = [u.id for u in store.facts().directory.units if u.kind == "bureau"]
    if bureau and bureau not in bureaus:
        raise ShellError(f"--bureau: {bureau}: ありません / no such bureau", f"→ {', '.join(bureaus)}")
    _show([gathering.flow(store, bureau or None)], out, lang, force)


@group.command("budget")
def budget(id: Id, out: Out = None, lang: Lang = "ja", force: Force = False, json_: Json = False) -> None:
    """年度別の予算の流れ / budget through its states by fiscal year"""
    from charts import gathering

    session = Session()
    _show([gathering.budget(session.store, session.lifecycle(id))], out, lang, force)


@group.command("timeline")
def timeline(id: Id, out: Out = None, lang: Lang = "ja", force: Force = False, json_: Json = False) -> None:
    """段階・関門・戻り・保留の経過 / timeline of stages, gates, loops and holds"""
    from charts import gathering

    session = Session()
    _show([gathering.timeline(session.store, session.lifecycle(id))], out, lang, force)


def _show(charts: Sequence[Chart], out: Path | None, lang: str, force: bool, keys: Sequence[str] = ("",)) -> None:
    from charts import telling

    language = _language(lang)
    files = _written(charts, out, language, force, keys) if out is not None else []
    document: list[dict[str, Any]] = []
    for n, chart in enumerate(charts):
        told = telling.table(chart, language)
        document.append(
            {
                "title": telling.title(chart, language),
                "description": telling.description(chart, language),
                "data": chart.model_dump(mode="json"),
                "table": {"heads": told.heads, "rows": told.rows},
                **(files[n] if files else {}),
            }
        )

    def people() -> None:
        for file in files:
            OUT.say(f"{file['file']}({file['bytes']:,} bytes)", f"sha256 {file['sha256']}")
        if not files:
            for entry, chart in zip(document, charts, strict=True):
                OUT.say(entry["description"])
                _print(telling.table(chart, language))

    OUT.emit({"charts": document}, people)


def _print(table: Table) -> None:
    if table.rows:
        OUT.table(table.caption, table.heads, table.rows)


def _written(
    charts: Sequence[Chart], out: Path, lang: Language, force: bool, keys: Sequence[str]
) -> list[dict[str, Any]]:
    """One file a chart; of several, each has the key of its KPI in its name."""
    from charts.registry import svg

    names = [out if len(charts) == 1 else out.with_stem(f"{out.stem}-{key}") for key in keys]
    found = []
    for chart, name in zip(charts, names, strict=True):
        made = svg(chart, lang)
        save(made, name, force)
        found.append({"file": str(name), "sha256": hashlib.sha256(made).hexdigest(), "bytes": len(made)})
    return found


def _language(given: str) -> Language:
    if given == "ja" or given == "en":
        return given  # type: ignore[return-value]
    raise ShellError(f"--lang: {given}: 使えない値です / not a language", "→ ja | en")
