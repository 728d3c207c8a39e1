"""The kinds of files that can be taken in, each with its columns and how it is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from domain.messages import Actor, Text
from imports import decisions, measurements, portfolios, proposals, starts
from imports.adoptions import adopted, supplemented
from imports.batch import Batch, Wrong
from store.store import Store

SHEET, DOCUMENT = (".csv",), (".csv", ".yaml", ".yml", ".json")


@dataclass(frozen=True)
class Importing:
    """`read`: the store, who acts, the file (or folder of CSVs, where `sheets`), the name of a selection round ("" where none is needed),
    and how many rows it may have at most. `columns`: what a CSV may have, `needed` what it must. `decides`: its rows are decisions."""

    title: Text
    about: Text
    columns: tuple[str, ...]
    needed: tuple[str, ...]
    read: Callable[[Store, Actor, Path, str, int | None], Batch]
    forms: tuple[str, ...] = DOCUMENT
    sheets: tuple[str, ...] = ()
    of_round: bool = False
    decides: bool = False


def _proposals(store: Store, actor: Actor, path: Path, round_: str, most: int | None) -> Batch:
    if not round_:
        raise Wrong(
            "round", "", _t("選定ラウンドを選んでください", "name the selection round"), _t("例: 2026", "e.g. 2026")
        )
    return proposals.proposals(store, actor, path, round_, most)


def _t(ja: str, en: str) -> Text:
    return Text(ja=ja, en=en)


IMPORTS: Mapping[str, Importing] = {
    "lifecycles": Importing(
        _t("課題を始める", "Start lifecycles"),
        _t(
            "1行が1件の課題です。既に始まった id の行はそのままにします。",
            "Each row is a task. Rows whose id has begun already are left alone.",
        ),
        starts.COLUMNS,
        ("id", "title", "section"),
        lambda store, actor, path, _, most: starts.starts(store, actor, path, most),
    ),
    "adoptions": Importing(
        _t("動いている課題を引き継ぐ", "Adopt what already runs"),
        _t(
            "今いる段階と、これまでの成果物・決定・予算・測定値とともに引き継ぎます。CSV は tasks.csv と、あれば "
            "decisions.csv・budgets.csv・measurements.csv・kpis.csv を一緒に選びます。",
            "Each task comes with its stage and its earlier documents, decisions, budgets and values. As CSV choose tasks.csv together "
            "with decisions.csv, budgets.csv, measurements.csv and kpis.csv, as far as there are any.",
        ),
        portfolios.TASKS,
        ("id", "title", "section", "stage", "source"),
        lambda store, actor, path, _, most: adopted(store, actor, path, most),
        sheets=portfolios.SHEET_NAMES,
    ),
    "supplements": Importing(
        _t("引き継いだ課題に過去の記録を加える", "Add to adopted records"),
        _t(
            "引き継ぎと同じ形のファイルです。既に記録にあるものは加えません。",
            "A file as for adopting. What is on record already is not added again.",
        ),
        portfolios.TASKS,
        ("id",),
        lambda store, actor, path, _, most: supplemented(store, actor, path, most),
        sheets=portfolios.SHEET_NAMES,
    ),
    "measurements": Importing(
        _t("KPI の測定値を記録する", "Record measured values"),
        _t(
            "1行が1つの KPI の1期の値です。記録済みの値はそのままにします。",
            "Each row is the value of one KPI in one period. Values on record are left alone.",
        ),
        measurements.COLUMNS,
        measurements.NEEDED,
        lambda store, actor, path, _, most: measurements.measurements(store, actor, path, most),
        forms=SHEET,
    ),
    "proposals": Importing(
        _t("選定ラウンドに課題を提案する", "Propose challenges to a selection round"),
        _t(
            "1行が1件の提案です。関係部署は ; で区切ります。",
            "Each row is a proposal. Departments are separated by semicolons.",
        ),
        proposals.COLUMNS,
        proposals.NEEDED,
        _proposals,
        of_round=True,
    ),
    "decisions": Importing(
        _t("文書管理システムでの決裁を取り込む", "Enter decisions made in another system"),
        _t(
            "1行が1件の決裁です。seen は決裁した文書のハッシュ(先頭12字以上)です。",
            "Each row is a decision. `seen` is the hash of the document decided on (12 characters or more).",
        ),
        decisions.COLUMNS,
        decisions.NEEDED,
        lambda store, actor, path, _, most: decisions.decisions(store, actor, path, most),
        decides=True,
    ),
}
