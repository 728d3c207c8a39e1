"""Forms of the project phase: team, KPIs, implementation, monitoring, review, wind-down."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Literal

from pydantic import Field

from domain.deliverables.base import (
    Context,
    Day,
    Evidence,
    Fiscal,
    Form,
    Rule,
    Yen,
    blank,
    filled,
    known_people,
    known_units,
    missing,
    said,
    wrong,
)
from domain.deliverables.kpi_rules import KPI_FIGURE_RULES, InterimTarget, StoppingRule
from domain.kpis.types import TypeKey
from domain.messages import Frozen, Problem, Text

OutcomeKey = Literal["expansion", "improvement", "abolition", "continuation", "completion"]


class TeamMember(Frozen):
    person: str = said("職員ID", "person id")
    department: str = said("所属(組織ID)", "department (unit id)")
    share: int | None = said("従事割合(%)", "share of time in percent", None, ge=1, le=100)
    head_consents: bool = said("所属長の同意", "consent of the head of department", False)


class Team(Form):
    """プロジェクトチームの組成"""

    leader: str = said("リーダー(職員ID)", "leader (person id)")
    members: tuple[TeamMember, ...] = said("構成員", "members", [])
    charter: str = said("憲章(目的・範囲・進め方)", "charter: aim, scope, way of working")


class Kpi(Frozen):
    key: str = Field(default="", description="記号 / key", pattern=r"^([a-z][a-z0-9_]*)?$")
    title: str = said("指標名", "title")
    kind: Literal["outcome", "cost", "output", "process"] | None = said("種類", "kind", None)
    baseline: Decimal | None = said("基準値", "baseline", None)
    target: Decimal | None = said("目標値", "target", None)
    direction: Literal["up", "down"] | None = said("向き(増・減)", "direction: up or down is better", None)
    unit: str = said("単位", "unit")
    cadence: Literal["monthly", "quarterly", "half_yearly", "yearly"] | None = said("測定周期", "cadence", None)
    owner: str = said("担当(職員ID)", "owner (person id)")
    type: TypeKey | None = said(
        "種別(件数・割合・平均・時間・金額・指数・満足度)",
        "type: count, ratio, mean, duration, money, index, satisfaction",
        None,
    )
    accumulates: Literal["cumulative", "point"] | None = said(
        "累計か時点の値か(空欄は時点)", "cumulative, or the value of a point in time (if empty)", None
    )
    baseline_on: date | None = said("基準日", "date of the baseline", None)
    target_on: date | None = said("目標日", "date of the target", None)
    interim: tuple[InterimTarget, ...] = said("途中目標", "interim targets", [])
    lowest: Decimal | None = said("尺度の下端", "lowest value of its scale", None)
    highest: Decimal | None = said("尺度の上端", "highest value of its scale", None)
    rests_on: int | None = said(
        "検証する仮説の番号(仮説検証書の何番目か)", "number of the hypothesis that it tests", None, ge=1, le=100
    )


class KpiSetting(Form):
    """KPI設定"""

    kpis: tuple[Kpi, ...] = said("KPI", "KPIs", [])
    stopping_criteria: tuple[str, ...] = said("中止・廃止の基準", "criteria for stopping", [])
    stopping: tuple[StoppingRule, ...] = said(
        "機械で判定する中止の基準(満たすと再検討が開く)", "stopping rules that open the review by themselves", []
    )
    contradicted_after: int | None = said(
        "基準値より悪い値が何期続いたら仮説に反するとみなすか(空欄は2期)",
        "periods worse than the baseline after which a supported hypothesis is contradicted (2 if empty)",
        None,
        ge=1,
        le=60,
    )
    review_date: date | None = said("取組方針の再検討日", "review date", None)


class Milestone(Frozen):
    title: str = said("マイルストーン", "milestone")
    due: date | None = said("予定日", "planned for", None)
    done: date | None = said("完了日", "done on", None)


class Report(Frozen):
    date: Day | None = said("日付", "date", None)
    text: str = said("内容", "text")


class Implementation(Form):
    """事業・実証実施"""

    kind: Literal["trial", "full"] | None = said("実証・本格", "trial or full", None)
    plan: str = said("計画", "plan")
    contract: bool = said("契約を伴うか", "does it mean a contract?", False)
    contract_until: Fiscal | None = said("契約の終わる年度(西暦)", "last fiscal year of the contract", None)
    fiscal_year: Fiscal | None = said("実施年度(西暦)", "fiscal year", None)
    sites: tuple[str, ...] = said("実施場所", "sites", [])
    participants: int | None = said("参加者数", "participants", None, ge=0)
    milestones: tuple[Milestone, ...] = said("マイルストーン", "milestones", [])
    progress: tuple[Report, ...] = said("進捗報告", "progress reports", [])
    incidents: tuple[Report, ...] = said("事故・課題", "incidents", [])
    results: str = said("結果", "results")


class Monitoring(Form):
    """モニタリング・評価"""

    period: str = said("評価期間(例: 2026-Q1)", "period, e.g. 2026-Q1")
    progress: str = said("取組状況", "progress")
    value: str = said("創出された成果・価値", "value created")
    cost: str = said("コストとのバランス", "cost balance")
    spent: Yen | None = said("執行額(円)", "spent in yen", None)
    evidence: tuple[Evidence, ...] = said("根拠資料", "evidence", [])


class Review(Form):
    """取組方針再検討"""

    report: str = said("評価報告", "evaluation report")
    recommendation: OutcomeKey | None = said("提言(拡充・改善・廃止・継続・終了)", "recommendation", None)
    reasons: tuple[str, ...] = said("理由", "reasons", [])
    back_to: str = said("改善の場合の戻り先の段階", "for improvement: the stage to go back to")
    learnt: tuple[str, ...] = said("分かったこと(次の期に引き継ぐ)", "what was learnt, for the next round", [])
    scope: str = said("拡充の場合の広げる範囲", "for expansion: the wider scope")
    targets: tuple[str, ...] = said("拡充の場合の新しい目標", "for expansion: new targets", [])
    spread_to: tuple[str, ...] = said(
        "横展開する部署(組織ID)", "for expansion: departments to start it in (unit ids)", []
    )
    system_recommendation: OutcomeKey | None = said("システムの提言", "what the system recommends", None)
    system_reasons: tuple[str, ...] = said("システムの提言の理由(規則)", "its reasons, by stated rules", [])
    override_reason: str = said("システムの提言と異なる場合の理由", "why the recommendation departs from the system's")
    evidence: tuple[Evidence, ...] = said("根拠資料", "evidence", [])


class WindDown(Form):
    """廃止に伴う整理"""

    notices: tuple[str, ...] = said("利用者等への周知", "notices to users", [])
    data: str = said("データの保存・消去", "what becomes of the data")
    assets: str = said("資産・契約の整理", "what becomes of assets and contracts")
    lessons: tuple[str, ...] = said("得られた教訓", "lessons learnt", [])


def _team(form: Team, c: Context) -> Iterable[Problem]:
    yield from known_people("leader", [form.leader], c)
    for i, member in enumerate(form.members):
        for field, ja in (("person", "職員ID"), ("department", "所属"), ("share", "従事割合")):
            if blank(getattr(member, field)):
                yield missing(f"members[{i}].{field}", ja, field)
        yield from known_people(f"members[{i}].person", [member.person], c)
        yield from known_units(f"members[{i}].department", [member.department], c)


def _consent(form: Team, _: Context) -> Iterable[Problem]:
    for i, member in enumerate(form.members):
        if not member.head_consents:
            yield wrong(
                f"members[{i}].head_consents",
                False,
                f"{member.person} の所属長の同意がありません",
                f"the head of {member.person}'s department has not consented; obtain it and set head_consents",
            )


def _kpis_complete(form: KpiSetting, c: Context) -> Iterable[Problem]:
    seen: set[str] = set()
    for i, kpi in enumerate(form.kpis):
        for field, ja in (
            ("key", "記号"),
            ("title", "指標名"),
            ("kind", "種類"),
            ("direction", "向き"),
            ("unit", "単位"),
            ("cadence", "測定周期"),
            ("owner", "担当"),
        ):
            if blank(getattr(kpi, field)):
                yield missing(f"kpis[{i}].{field}", ja, field)
        for field, ja in (("baseline", "基準値"), ("target", "目標値")):
            if blank(getattr(kpi, field)):
                yield missing(f"kpis[{i}].{field}", ja, field)
        if kpi.key in seen:
            yield wrong(
                f"kpis[{i}].key",
                kpi.key,
                "記号が重複しています",
                f"key {kpi.key!r} appears twice; give each KPI its own",
            )
        seen.add(kpi.key)
        yield from known_people(f"kpis[{i}].owner", [kpi.owner], c)


def _outcome_and_cost(form: KpiSetting, _: Context) -> Iterable[Problem]:
    kinds = {k.kind for k in form.kpis}
    for kind, ja in (("outcome", "成果"), ("cost", "費用")):
        if kind not in kinds:
            yield wrong(
                "kpis", sorted(k for k in kinds if k), f"{ja}のKPIが1つ以上必要です", f"no {kind} KPI; add at least one"
            )


def _targets_point_the_right_way(form: KpiSetting, _: Context) -> Iterable[Problem]:
    for i, kpi in enumerate(form.kpis):
        if kpi.baseline is None or kpi.target is None or kpi.direction is None:
            continue
        better = kpi.target > kpi.baseline if kpi.direction == "up" else kpi.target < kpi.baseline
        if not better and kpi.target != kpi.baseline:
            yield wrong(
                f"kpis[{i}].target",
                str(kpi.target),
                "目標値が基準値より悪い向きです",
                f"target {kpi.target} is worse than baseline {kpi.baseline} for direction {kpi.direction}; correct one",
            )


def _review_date(form: KpiSetting, c: Context) -> Iterable[Problem]:
    if form.review_date is None:
        yield missing("review_date", "再検討日", "the review date")
    elif form.review_date <= c.today:
        yield wrong(
            "review_date",
            form.review_date,
            "再検討日は将来の日付にしてください",
            f"review date {form.review_date} is not in the future; choose a later day",
        )


def _contract_waits(form: Implementation, c: Context) -> Iterable[Problem]:
    if form.contract and form.fiscal_year is not None and form.fiscal_year not in c.voted:
        yield wrong(
            "contract",
            form.fiscal_year,
            f"{form.fiscal_year}年度の予算が議決されていません。契約は議決の後です。議決額を記録してください",
            f"the budget of FY{form.fiscal_year} has not been voted (議決); a contract waits for it: record the voted amount first",
        )


def _contract_beyond(form: Implementation, c: Context) -> Iterable[Problem]:
    """What binds later years needs 債務負担行為, 継続費 or 長期継続契約 (地方自治法214条・212条・234条の3)."""
    until, year = form.contract_until, form.fiscal_year
    if not form.contract or until is None or year is None or until == year:
        return
    if until < year:
        yield wrong(
            "contract_until",
            until,
            f"契約の終わる年度が実施年度 {year} より前です",
            f"FY{until} lies before the FY{year} in which it begins; correct one",
        )
    elif not any(first <= year and until <= last for first, last in c.committed):
        yield wrong(
            "contract_until",
            until,
            f"{year}年度から{until}年度にわたる契約には、債務負担行為・継続費の議決か長期継続契約の条例が要ります。先に記録してください",
            f"a contract from FY{year} to FY{until} needs a voted debt commitment or continuing expense, or a long-term contract under a "
            "by-law: record it first (`./taskforce commit`)",
        )


def _contract_made(form: Implementation, c: Context) -> Iterable[Problem]:
    if form.contract and c.contracted is False:
        yield wrong(
            "contract",
            True,
            "調達がまだ契約に至っていません。契約を記録するか、調達を中止してください",
            "what is being procured is not under contract yet: record the contract, or cancel the procurement (`./taskforce procure`)",
        )


def _milestones(form: Implementation, _: Context) -> Iterable[Problem]:
    for i, milestone in enumerate(form.milestones):
        for field, ja in (("title", "マイルストーン"), ("due", "予定日")):
            if blank(getattr(milestone, field)):
                yield missing(f"milestones[{i}].{field}", ja, field)
    for name, reports in (("progress", form.progress), ("incidents", form.incidents)):
        for i, report in enumerate(reports):
            if report.date is None or not report.text.strip():
                yield missing(f"{name}[{i}]", "日付と内容", "date and text")


def _measured(form: Monitoring, c: Context) -> Iterable[Problem]:
    for key in c.kpis:
        if key not in c.measured:
            yield wrong(
                "period",
                key,
                f"KPI {key} の測定値がありません。measure で記録してください",
                f"KPI {key!r} has no measurement yet; record one with `measure`",
            )


def _recommendation(form: Review, c: Context) -> Iterable[Problem]:
    if form.recommendation is None:
        yield missing("recommendation", "提言", "the recommendation")
    elif c.outcomes and form.recommendation not in c.outcomes:
        yield wrong(
            "recommendation",
            form.recommendation,
            "このプロセス定義にない結果です",
            f"this process has no outcome {form.recommendation!r}; name one of {', '.join(c.outcomes)}",
        )
    if not any(r.strip() for r in form.reasons):
        yield missing("reasons", "理由", "the reasons")


def _back_to(form: Review, c: Context) -> Iterable[Problem]:
    if form.recommendation == "improvement" and form.back_to not in c.back_to:
        yield wrong(
            "back_to",
            form.back_to,
            "改善で戻る段階を書いてください: " + ", ".join(c.back_to),
            f"improvement goes back to a named stage; {form.back_to!r} is none of {', '.join(c.back_to)}",
        )


def _expansion(form: Review, c: Context) -> Iterable[Problem]:
    """Wider scope, new targets and 横展開 belong to an expansion; departments are known, others', and named once."""
    if form.recommendation != "expansion":
        for field in ("scope", "targets", "spread_to"):
            if not blank(getattr(form, field)):
                yield wrong(
                    field,
                    getattr(form, field),
                    "拡充を提言するときだけ書いてください",
                    "only an expansion has this; recommend an expansion, or leave it empty",
                )
    yield from known_units("spread_to", form.spread_to, c)
    for unit in form.spread_to:
        if unit and unit in (c.section, *c.spread):
            yield wrong(
                "spread_to",
                unit,
                "担当課自身か、既に横展開した部署です。除いてください",
                f"{unit!r} is the section in charge, or has been carried to before; leave it out",
            )
        if unit and unit in c.came_through:
            yield wrong(
                "spread_to",
                unit,
                "この課題の横展開元の部署です。除き、元の課題の再検討で拡充・改善してください",
                f"it was carried here from {unit!r}; leave it out, and let the review of the one there widen or improve it",
            )


def _override(form: Review, c: Context) -> Iterable[Problem]:
    """The system's recommendation is on record as it was made; departing from it needs a reason."""
    system = form.system_recommendation
    if system is None:
        return
    if c.evaluated and system != c.evaluated:
        yield wrong(
            "system_recommendation",
            system,
            f"いまの記録からのシステムの提言は {c.evaluated} です。様式を作り直すか、この欄を {c.evaluated} にしてください",
            f"from what is on record the system recommends {c.evaluated!r} now; draft the form anew, or correct this field",
        )
    if form.recommendation is not None and form.recommendation != system and blank(form.override_reason):
        yield wrong(
            "override_reason",
            form.recommendation,
            f"システムの提言({system})と異なる提言には理由が要ります",
            f"departing from what the system recommends ({system}) needs a reason; write it",
        )


def t(ja: str, en: str) -> Text:
    return Text(ja=ja, en=en)


TEAM_RULES: tuple[Rule[Team], ...] = (
    filled("team-charter", "リーダー・構成員・憲章", "leader, members and charter", "leader", "members", "charter"),
    Rule("team-members", t("構成員の所属と従事割合", "members with department and share of time"), _team),
    Rule("team-consent", t("所属長の同意", "consent of the heads"), _consent),
)
KPI_RULES: tuple[Rule[KpiSetting], ...] = (
    Rule("kpi-complete", t("KPIの各欄", "each KPI is complete"), _kpis_complete),
    Rule("kpi-outcome-and-cost", t("成果と費用のKPI", "an outcome and a cost KPI"), _outcome_and_cost),
    Rule("kpi-direction", t("目標値の向き", "targets point the right way"), _targets_point_the_right_way),
    filled("kpi-stopping", "中止・廃止の基準", "criteria for stopping", "stopping_criteria"),
    Rule("kpi-review-date", t("再検討日", "review date"), _review_date),
    *KPI_FIGURE_RULES,
)
IMPLEMENTATION_RULES: tuple[Rule[Implementation], ...] = (
    filled(
        "implementation-plan",
        "種類・計画・年度・場所・参加者",
        "kind, plan, fiscal year, sites, participants",
        "kind",
        "plan",
        "fiscal_year",
        "sites",
        "participants",
    ),
    filled(
        "implementation-results",
        "マイルストーン・進捗・結果",
        "milestones, progress reports, results",
        "milestones",
        "progress",
        "results",
    ),
    Rule(
        "implementation-milestones", t("マイルストーンと報告の各欄", "milestones and reports are complete"), _milestones
    ),
    Rule("implementation-contract", t("契約は議決の後", "a contract waits for the vote"), _contract_waits),
    Rule(
        "implementation-contract-years",
        t("年度を越える契約の根拠", "a contract beyond the year rests on a commitment"),
        _contract_beyond,
    ),
    Rule("implementation-contract-made", t("調達は契約まで", "what is procured is under contract"), _contract_made),
)
MONITORING_RULES: tuple[Rule[Monitoring], ...] = (
    filled(
        "monitoring-evaluation",
        "期間・取組状況・成果・コスト",
        "period, progress, value and cost",
        "period",
        "progress",
        "value",
        "cost",
    ),
    Rule("monitoring-measured", t("各KPIの測定値", "every KPI is measured"), _measured),
)
REVIEW_RULES: tuple[Rule[Review], ...] = (
    filled("review-report", "評価報告", "evaluation report", "report"),
    Rule("review-recommendation", t("提言と理由", "recommendation with its reasons"), _recommendation),
    Rule(
        "review-expansion", t("拡充の範囲・目標・横展開先", "what an expansion widens, and where it goes"), _expansion
    ),
    Rule(
        "review-override", t("システムの提言と異なる理由", "why it departs from what the system recommends"), _override
    ),
    Rule("review-back-to", t("改善で戻る段階", "the stage that improvement goes back to"), _back_to),
)
WIND_DOWN_RULES: tuple[Rule[WindDown], ...] = (
    filled(
        "wind-down-complete",
        "周知・データ・資産・教訓",
        "notices, data, assets, lessons",
        "notices",
        "data",
        "assets",
        "lessons",
    ),
)


class Reopening(Form):
    """終結した課題の再開"""

    stage: str = said("再開する段階", "stage at which it goes on")
    closed_as: str = said("終結の種類", "as what it was closed")
    reason: str = said("再開の理由", "why it should go on")


REOPENING_RULES: tuple[Rule[Reopening], ...] = (
    filled("reopening-reasoned", "段階と理由", "stage and reason", "stage", "reason"),
)
