"""Columns and units as offices call them: a sheet may say 担当課 and 子育て支援課 where the record says `section` and `child-support`."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Mapping
from typing import Any

from domain.directory import Directory

TITLES: Mapping[str, str] = {
    "id": "番号",
    "ref": "番号",
    "title": "課題名",
    "section": "担当課",
    "viewpoint": "デジタル化の視点",
    "weight": "課題の重さ",
    "tags": "タグ",
    "source": "出典",
    "source.name": "出典名",
    "source.url": "出典URL",
    "source.licence": "出典の利用条件",
    "drafter": "起案者",
    "definition": "プロセス定義",
    "setup": "設置書",
    "setup.purpose": "目的",
    "setup.problem": "解決すべき課題",
    "setup.beneficiaries": "受益者",
    "setup.chair": "座長",
    "setup.adviser": "アドバイザー",
    "setup.members": "構成員",
    "setup.departments": "関係部署",
    "setup.viewpoint": "設置書の視点",
    "setup.weight": "設置書の重さ",
    "setup.serves": "資する方針",
    "problem": "解決すべき課題",
    "departments": "関係部署",
    "stage": "段階",
    "round": "回",
    "started_on": "開始日",
    "closed_as": "終結",
    "review_date": "評価日",
    "kpi": "KPI",
    "key": "KPI",
    "kind": "種別",
    "unit": "単位",
    "baseline": "基準値",
    "baseline_on": "基準日",
    "target": "目標値",
    "target_on": "目標日",
    "direction": "向き",
    "cadence": "測定周期",
    "owner": "担当者",
    "type": "型",
    "accumulates": "累計",
    "interim": "中間目標",
    "lowest": "下限",
    "highest": "上限",
    "rests_on": "基にするKPI",
    "period": "期間",
    "value": "値",
    "note": "備考",
    "system": "システム",
    "number": "文書番号",
    "document": "文書番号",
    "decided_on": "決裁日",
    "decided_by": "決裁者",
    "by": "決裁者",
    "seen": "文書ハッシュ",
    "comment": "意見",
    "outcome": "結果",
    "back_to": "差戻し先",
    "fiscal_year": "年度",
    "state": "予算の状態",
    "amount": "金額",
}
"""Field -> its name in a Japanese sheet; among the columns of one sheet each name stands once."""


def field_of(cell: str, columns: Collection[str]) -> str:
    """The field that a cell of the first row names, by its key or by its Japanese name; anything else as it stands."""
    name = unicodedata.normalize("NFKC", cell).strip()
    if cell in columns or not name:
        return cell
    return next((c for c in columns if c == name or _plain(TITLES.get(c)) == _plain(name)), cell)


def _plain(name: str | None) -> str | None:
    return None if name is None else unicodedata.normalize("NFKC", name).replace(" ", "").casefold()


def with_units(directory: Directory, row: Mapping[str, Any]) -> dict[str, Any]:
    """A row whose units stand by their ids: a name that one unit has is as good."""
    made = {**row}
    if isinstance(made.get("section"), str):
        made["section"] = _unit(directory, made["section"])
    concerned = made.get("departments")
    if isinstance(concerned, str):
        concerned = [d.strip() for d in concerned.split(";") if d.strip()]
    if isinstance(concerned, list):
        made["departments"] = [_unit(directory, d) if isinstance(d, str) else d for d in concerned]
    if isinstance(made.get("setup"), dict):
        made["setup"] = with_units(directory, made["setup"])
    return made


def _unit(directory: Directory, given: str) -> str:
    if directory.unit(given) is not None:
        return given
    named = [u.id for u in directory.units if given.strip() in (u.name.ja, u.name.en)]
    return named[0] if len(named) == 1 else given
