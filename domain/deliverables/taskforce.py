"""Forms of the taskforce phase: setup, analysis, hypothesis, coordination, proposal, budgeting."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from domain.deliverables.base import (
    Context,
    Evidence,
    Fiscal,
    Form,
    Promise,
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
from domain.messages import Frozen, Problem, Text

Viewpoint = Literal["citizen_services", "community", "administrative_work"]
Weight = Literal["light", "medium", "heavy"]


class Member(Frozen):
    person: str = said("職員ID", "person id")
    department: str = said("所属(組織ID)", "department (unit id)")
    role: str = said("役割", "role")


class Setup(Form):
    """ＴＦ設置・目的の明確化"""

    purpose: str = said("目的", "purpose")
    problem: str = said("解決すべき課題", "problem to be solved")
    beneficiaries: str = said("だれのためになるか", "who benefits")
    chair: str = said(
        "座長(市長・副市長・局長の職員ID)", "chair (person id of the mayor, a deputy mayor or a bureau director)"
    )
    adviser: str = said("アドバイザー(デジタル・マネージャーの職員ID)", "adviser (person id of the digital manager)")
    members: tuple[Member, ...] = said("構成員", "members", [])
    departments: tuple[str, ...] = said("関係部署(組織ID)", "departments concerned (unit ids)", [])
    viewpoint: Viewpoint | None = said("デジタル化の視点", "viewpoint of digitalisation", None)
    weight: Weight | None = said("課題の重さ", "weight of the task", None)
    serves: tuple[str, ...] = said(
        "資する方針・戦術等のID", "ids of the strategy's purposes and policies it serves", []
    )


class ProblemSize(Frozen):
    """At least one figure; hours and yen are per year."""

    hours_per_year: float | None = said("年間時間", "hours a year", None, ge=0, allow_inf_nan=False)
    yen_per_year: Yen | None = said("年間費用(円)", "yen a year", None)
    people: int | None = said("影響人数", "people concerned", None, ge=0)


class Analysis(Form):
    """課題分析"""

    current_state: str = said("現状", "how it is today")
    stakeholders: tuple[str, ...] = said("利害関係者", "stakeholders", [])
    root_causes: tuple[str, ...] = said("根本原因", "root causes", [])
    size: ProblemSize = said("課題の大きさ", "size of the problem", ProblemSize())
    evidence: tuple[Evidence, ...] = said("根拠資料", "evidence", [])


class HypothesisItem(Frozen):
    if_do: str = said("もし(施策)", "if (what is done)")
    then: str = said("ならば(効果)", "then (what follows)")
    because: str = said("なぜなら(理由)", "because (why)")
    metric: str = said("指標", "metric")
    expected_effect: str = said("期待する効果", "expected effect")
    verified_by: str = said("検証方法", "how it is verified")
    result: Literal["supported", "refuted", "inconclusive"] | None = said("検証結果", "result", None)


class Hypothesis(Form):
    """仮説立案・検証"""

    hypotheses: tuple[HypothesisItem, ...] = said("仮説", "hypotheses", [])
    evidence: tuple[Evidence, ...] = said("検証の根拠", "evidence of the verification", [])


class Opinion(Frozen):
    """What one department says. An objection needs a reason, and is resolved or escalated before going on."""

    department: str = said("部署(組織ID)", "department (unit id)")
    stance: Literal["agrees", "agrees_with_conditions", "objects"] | None = said("意見", "stance", None)
    conditions: tuple[str, ...] = said("条件", "conditions", [])
    reason: str = said("理由", "reason")
    objection: Literal["resolved", "escalated"] | None = said("異議の扱い", "what became of the objection", None)
    objection_note: str = said("異議の扱いの説明", "how it was resolved, or to whom it was escalated")


class Coordination(Form):
    """関係部署との調整"""

    opinions: tuple[Opinion, ...] = said("各部署の意見", "opinions of the departments", [])
    promises: tuple[Promise, ...] = said("約束", "promises made", [])


class SmallStart(Frozen):
    scope: str = said("範囲", "scope")
    months: int | None = said("期間(月)", "time in months", None, ge=1)
    cost_cap: Yen | None = said("費用の上限(円)", "cost cap in yen", None)
    minimum: Yen | None = said(
        "これを下回ると始められない額(円)",
        "yen below which it cannot start: an indication below goes back to the proposal",
        None,
    )


class Option(Frozen):
    key: str = said("記号", "key")
    title: str = said("案", "option")
    kind: Literal["digital", "analog", "mixed"] | None = said("種類", "kind", None)
    description: str = said("内容", "description")
    initial_cost: Yen | None = said("初期費用(円)", "initial cost in yen", None)
    running_cost: Yen | None = said("年間運用費(円)", "running cost in yen a year", None)
    effects: str = said("効果", "effects")
    risks: tuple[str, ...] = said("リスク", "risks", [])


class Proposal(Form):
    """解決策提案"""

    options: tuple[Option, ...] = said("比較した案", "options", [])
    no_analog_reason: str = said("アナログな案がない場合の理由", "why no analog option is feasible")
    chosen: str = said("採用する案の記号", "key of the chosen option")
    chosen_reason: str = said("採用の理由", "why it was chosen")
    small_start: SmallStart = said("スモールスタート", "small start", SmallStart())
    digital_divide: tuple[str, ...] = said("デジタル・デバイド対策", "measures for the digital divide", [])


class BudgetLine(Frozen):
    kind: Literal["initial", "running"] | None = said("区分(初期・運用)", "initial or running", None)
    title: str = said("内容", "what for")
    amount: Yen | None = said("金額(円)", "amount in yen", None)


class Funding(Frozen):
    source: str = said("財源", "funding source")
    amount: Yen | None = said("金額(円)", "amount in yen", None)


class Amounts(Frozen):
    """The four amounts of a year's budget, never one "granted"."""

    asked: Yen | None = said("要求額", "asked (要求)", None)
    indicated: Yen | None = said("内示額", "indicated (内示)", None)
    voted: Yen | None = said("議決額", "voted (議決)", None)
    allotted: Yen | None = said("配当額", "allotted (配当)", None)


class Budgeting(Form):
    """予算化支援"""

    section: str = said("担当課(組織ID)", "section in charge (unit id)")
    fiscal_year: Fiscal | None = said("予算年度(西暦)", "fiscal year", None)
    window: Literal["initial", "supplementary"] | None = said("当初・補正", "initial or supplementary budget", None)
    session: str = said("どの補正か(例: june)", "which supplementary budget, e.g. june")
    lines: tuple[BudgetLine, ...] = said("経費", "lines", [])
    funding: tuple[Funding, ...] = said("財源内訳", "funding sources", [])
    amounts: Amounts = said("金額", "amounts", Amounts())


def _chair_and_members(form: Setup, c: Context) -> Iterable[Problem]:
    yield from known_people("chair", [form.chair], c)
    yield from known_people("adviser", [form.adviser], c)
    for i, member in enumerate(form.members):
        if not member.person:
            yield missing(f"members[{i}].person", "職員ID", "person id")
        yield from known_people(f"members[{i}].person", [member.person], c)
        yield from known_units(f"members[{i}].department", [member.department], c)
    yield from known_units("departments", form.departments, c)


def _size(form: Analysis, _: Context) -> Iterable[Problem]:
    if form.size.hours_per_year is None and form.size.yen_per_year is None and form.size.people is None:
        yield missing(
            "size", "課題の大きさ(時間・円・人数のいずれか)", "the size of the problem (hours, yen or people)"
        )


def evidence_complete(items: tuple[Evidence, ...]) -> Iterable[Problem]:
    if not items:
        yield missing("evidence", "根拠資料", "evidence")
    for i, item in enumerate(items):
        for field, ja in (("source", "出典"), ("date", "日付"), ("sha256", "SHA-256")):
            if blank(getattr(item, field)):
                yield missing(f"evidence[{i}].{field}", ja, field)


def _hypotheses_complete(form: Hypothesis, _: Context) -> Iterable[Problem]:
    names = {
        "if_do": "もし",
        "then": "ならば",
        "because": "なぜなら",
        "metric": "指標",
        "expected_effect": "期待する効果",
        "verified_by": "検証方法",
        "result": "検証結果",
    }
    if not form.hypotheses:
        yield missing("hypotheses", "仮説", "at least one hypothesis")
    for i, item in enumerate(form.hypotheses):
        for field, ja in names.items():
            if blank(getattr(item, field)):
                yield missing(f"hypotheses[{i}].{field}", ja, field)


def _one_supported(form: Hypothesis, _: Context) -> Iterable[Problem]:
    if form.hypotheses and not any(h.result == "supported" for h in form.hypotheses):
        yield wrong(
            "hypotheses",
            [h.result for h in form.hypotheses],
            "支持された仮説がありません。検証し直すか、前の段階に差し戻してください",
            "none is supported; verify again, or send the work back to an earlier stage",
        )


def _everyone_asked(form: Coordination, c: Context) -> Iterable[Problem]:
    if not form.opinions:
        yield missing("opinions", "関係部署の意見", "the opinion of each department asked")
    asked = {o.department for o in form.opinions if o.stance is not None}
    for unit in c.departments:
        if form.opinions and unit not in asked:
            yield wrong(
                "opinions",
                unit,
                "関係部署の意見がありません",
                f"department {unit!r} was named at setup and has not been asked; add its opinion",
            )
    for i, opinion in enumerate(form.opinions):
        yield from known_units(f"opinions[{i}].department", [opinion.department], c)
        if blank(opinion.department):
            yield missing(f"opinions[{i}].department", "部署", "the department")
        if opinion.stance is None:
            yield missing(f"opinions[{i}].stance", "意見", "the stance")


def _reasons_given(form: Coordination, _: Context) -> Iterable[Problem]:
    for i, opinion in enumerate(form.opinions):
        if opinion.stance == "objects" and not opinion.reason.strip():
            yield missing(f"opinions[{i}].reason", "異議の理由", "the reason of the objection")
        if opinion.stance == "agrees_with_conditions" and blank(opinion.conditions):
            yield missing(f"opinions[{i}].conditions", "条件", "the conditions")


def _objections_settled(form: Coordination, _: Context) -> Iterable[Problem]:
    for i, opinion in enumerate(form.opinions):
        if opinion.stance == "objects" and (opinion.objection is None or not opinion.objection_note.strip()):
            yield wrong(
                f"opinions[{i}].objection",
                opinion.objection,
                f"{opinion.department} の異議が解決も上申もされていません。扱いと説明を書いてください",
                f"the objection of {opinion.department!r} is neither resolved nor escalated; say which, and how",
            )


def _promises_complete(form: Coordination, c: Context) -> Iterable[Problem]:
    for i, promise in enumerate(form.promises):
        for field, ja in (("text", "約束の内容"), ("by", "約束した部署"), ("due", "期限")):
            if blank(getattr(promise, field)):
                yield missing(f"promises[{i}].{field}", ja, field)
        yield from known_units(f"promises[{i}].by", [promise.by], c)


def _two_options(form: Proposal, _: Context) -> Iterable[Problem]:
    if len(form.options) < 2:
        yield wrong(
            "options",
            len(form.options),
            "比較する案を2つ以上書いてください",
            "at least two options are compared; add another",
        )
    seen: set[str] = set()
    for i, option in enumerate(form.options):
        if option.key and option.key in seen:
            yield wrong(
                f"options[{i}].key",
                option.key,
                "記号が重複しています",
                f"key {option.key!r} appears twice; give each option its own",
            )
        seen.add(option.key)
        for field, ja in (("key", "記号"), ("title", "案"), ("kind", "種類"), ("effects", "効果"), ("risks", "リスク")):
            if blank(getattr(option, field)):
                yield missing(f"options[{i}].{field}", ja, field)
        for field, ja in (("initial_cost", "初期費用"), ("running_cost", "運用費")):
            if blank(getattr(option, field)):
                yield missing(f"options[{i}].{field}", ja, field)


def _analog_weighed(form: Proposal, _: Context) -> Iterable[Problem]:
    if not any(o.kind == "analog" for o in form.options) and not form.no_analog_reason.strip():
        yield wrong(
            "options",
            [o.kind for o in form.options],
            "アナログな案を比較に加えるか、ない理由を no_analog_reason に書いてください(デジタルファースト≠デジタルオンリー)",
            "no analog option is weighed; add one, or say in no_analog_reason why none is feasible",
        )


def _chosen_is_an_option(form: Proposal, _: Context) -> Iterable[Problem]:
    if form.chosen not in {o.key for o in form.options}:
        yield wrong(
            "chosen",
            form.chosen,
            "採用する案が options にありません",
            f"chosen {form.chosen!r} is none of the options' keys; name one",
        )
    if not form.chosen_reason.strip():
        yield missing("chosen_reason", "採用の理由", "the reason for the choice")


def _small_start(form: Proposal, _: Context) -> Iterable[Problem]:
    for field, ja in (("scope", "範囲"), ("months", "期間"), ("cost_cap", "費用の上限")):
        if blank(getattr(form.small_start, field)):
            yield missing(f"small_start.{field}", f"スモールスタートの{ja}", f"small_start.{field}")
    least, cap = form.small_start.minimum, form.small_start.cost_cap
    if least is not None and cap is not None and least > cap:
        yield wrong(
            "small_start.minimum",
            least,
            f"最低額が費用の上限 {cap:,} 円を超えています",
            f"the minimum {least:,} exceeds the cost cap of {cap:,}; correct one",
        )


def _lines(form: Budgeting, c: Context) -> Iterable[Problem]:
    if not form.lines:
        yield missing("lines", "経費", "at least one budget line")
    for i, line in enumerate(form.lines):
        if line.kind is None:
            yield missing(f"lines[{i}].kind", "区分", "kind (initial or running)")
        if line.amount is None:
            yield missing(f"lines[{i}].amount", "金額", "amount")
    yield from known_units("section", [form.section], c)


def _asked_matches(form: Budgeting, _: Context) -> Iterable[Problem]:
    asked, total = form.amounts.asked, sum(line.amount or 0 for line in form.lines)
    if asked is None:
        yield missing("amounts.asked", "要求額", "the amount asked (要求額)")
    elif form.lines and asked != total:
        yield wrong(
            "amounts.asked",
            asked,
            f"要求額が経費の合計 {total:,} 円と一致しません",
            f"asked {asked:,} differs from the sum of the lines, {total:,}; correct one",
        )


def _funding(form: Budgeting, _: Context) -> Iterable[Problem]:
    funded = sum(f.amount or 0 for f in form.funding)
    if not form.funding:
        yield missing("funding", "財源", "at least one funding source")
    elif form.amounts.asked is not None and funded != form.amounts.asked:
        yield wrong(
            "funding",
            funded,
            f"財源の合計が要求額 {form.amounts.asked:,} 円と一致しません",
            f"the sources add up to {funded:,}, not to the {form.amounts.asked:,} asked; correct one",
        )


def _amounts_in_order(form: Budgeting, _: Context) -> Iterable[Problem]:
    a = form.amounts
    if a.voted is not None and a.indicated is None:
        yield wrong(
            "amounts.indicated",
            None,
            "議決額の前に内示額が要ります",
            "voted is given without indicated; 内示 comes before 議決: fill in indicated",
        )
    if a.allotted is not None and (a.voted is None or a.allotted > a.voted):
        yield wrong(
            "amounts.allotted",
            a.allotted,
            "配当額は議決額を超えられません",
            "allotted must not exceed voted; correct one of them",
        )


def t(ja: str, en: str) -> Text:
    return Text(ja=ja, en=en)


SETUP_RULES: tuple[Rule[Setup], ...] = (
    filled(
        "setup-purpose",
        "目的・課題・受益者",
        "purpose, problem and who benefits",
        "purpose",
        "problem",
        "beneficiaries",
    ),
    filled(
        "setup-people",
        "座長・アドバイザー・構成員・関係部署",
        "chair, adviser, members and departments",
        "chair",
        "adviser",
        "members",
        "departments",
    ),
    filled("setup-viewpoint", "デジタル化の視点と重さ", "viewpoint and weight", "viewpoint", "weight"),
    Rule("setup-known", t("名簿にある職員と部署", "people and units of the directory"), _chair_and_members),
)
ANALYSIS_RULES: tuple[Rule[Analysis], ...] = (
    filled(
        "analysis-state",
        "現状・利害関係者・根本原因",
        "how it is, stakeholders, root causes",
        "current_state",
        "stakeholders",
        "root_causes",
    ),
    Rule("analysis-size", t("課題の大きさ", "size of the problem"), _size),
    Rule(
        "analysis-evidence",
        t("データに基づく課題解決", "evidence with source, date and sha256"),
        lambda f, _: evidence_complete(f.evidence),
    ),
)
HYPOTHESIS_RULES: tuple[Rule[Hypothesis], ...] = (
    Rule("hypothesis-complete", t("仮説の各欄", "each hypothesis is complete"), _hypotheses_complete),
    Rule("hypothesis-supported", t("支持された仮説", "at least one is supported"), _one_supported),
)
COORDINATION_RULES: tuple[Rule[Coordination], ...] = (
    Rule("coordination-asked", t("関係部署すべての意見", "each department has been asked"), _everyone_asked),
    Rule("coordination-reasons", t("異議の理由と条件", "reasons and conditions are given"), _reasons_given),
    Rule(
        "coordination-objections",
        t("異議の解決または上申", "objections are resolved or escalated"),
        _objections_settled,
    ),
    Rule(
        "coordination-promises",
        t("約束の内容・部署・期限", "promises name what, by whom and by when"),
        _promises_complete,
    ),
)
PROPOSAL_RULES: tuple[Rule[Proposal], ...] = (
    Rule("proposal-options", t("2つ以上の案", "at least two complete options"), _two_options),
    Rule("proposal-analog", t("アナログな案の検討", "an analog option is weighed"), _analog_weighed),
    Rule("proposal-chosen", t("採用する案", "the chosen option"), _chosen_is_an_option),
    Rule("proposal-small-start", t("スモールスタート", "small start"), _small_start),
    filled("proposal-divide", "デジタル・デバイド対策", "measures for the digital divide", "digital_divide"),
)
BUDGETING_RULES: tuple[Rule[Budgeting], ...] = (
    filled(
        "budgeting-frame",
        "担当課・年度・当初補正",
        "section, fiscal year and window",
        "section",
        "fiscal_year",
        "window",
    ),
    Rule("budgeting-lines", t("経費の内訳", "budget lines"), _lines),
    Rule("budgeting-asked", t("要求額", "amount asked"), _asked_matches),
    Rule("budgeting-funding", t("財源", "funding sources"), _funding),
    Rule("budgeting-amounts", t("金額の順序", "order of the amounts"), _amounts_in_order),
)
