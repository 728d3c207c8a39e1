"""What people do with a lifecycle besides drafting and answering: each act is a command, its form made from the command."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool

from definitions.loader import load_fiscal
from domain.calendar import local_day, wareki
from domain.facts import Facts
from domain.lifecycle import (
    amendments,
    budgets,
    commands,
    consulting,
    dates,
    descent,
    dialogue,
    feeding,
    publishing,
    registering,
    winding,
)
from domain.lifecycle.absence import MarkMatter
from domain.lifecycle.state import Lifecycle
from domain.lifecycle.state import Request as Asked
from domain.messages import Command, Refusal, Refused, Text
from store.queries import stage_titles
from web.app import Visit, visit_of
from web.forms import boxes, by_place, nothing, typed
from web.keeping import shown_again, writing
from web.pages import spending
from web.pages.finding import stream_of
from web.pages.for_whom import is_for, may
from web.pages.forming import known, lists, misplaced, named, problems_of
from web.snapshots import Reading

router = APIRouter(route_class=Reading)
Choices = tuple[tuple[str, Text], ...]


def _t(ja: str, en: str) -> Text:
    return Text(ja=ja, en=en)


@dataclass(frozen=True)
class Act:
    """A command as people choose it; `when`: where it makes sense (the rules decide whether it may be done)."""

    command: type[Command]
    title: Text
    help: Text
    when: Callable[[Lifecycle], bool]
    fixed: Callable[[Lifecycle], dict[str, Any]] = lambda _: {}
    """Fields that the page fills in by itself."""
    labels: Mapping[str, Text] = field(default_factory=dict)
    """Labels of its own for some of its fields."""


def _open(s: Lifecycle) -> bool:
    return not s.closed and s.reopening is None


ACTS: Mapping[str, Act] = {
    "withdraw": Act(
        commands.WithdrawDraft,
        _t("引き戻す", "Take back"),
        _t(
            "起案者が回議中の文書を引き戻します。起案者が不在の間は、起案できる方が代わって引き戻せます。",
            "The drafter takes back the document in circulation; while the drafter is away, somebody else who may draft.",
        ),
        lambda s: s.in_circulation,
    ),
    "comment": Act(
        dialogue.AddComment,
        _t("意見を書く", "Remark"),
        _t("関係者全員が読めます。何も決定しません。", "For everybody concerned; it decides nothing."),
        _open,
    ),
    "share": Act(
        dialogue.ShareForInformation,
        _t("供覧する", "Send for information"),
        _t("決定を求めずに文書を見せます。", "Shows the document to a post that has nothing to decide."),
        lambda s: _open(s) and s.submission is not None,
    ),
    "concurrence": Act(
        consulting.AddConcurrence,
        _t("合議先を加える", "Add a concurrence"),
        _t("回議中に、もう一つの職の同意を求めます。", "Asks one more post to agree while the document circulates."),
        lambda s: s.in_circulation,
    ),
    "settle": Act(
        consulting.SettleConsultation,
        _t("協議を終える", "End a consultation"),
        _t(
            "異議が取り下げられたか、共通の上司に委ねます。",
            "The objection is withdrawn, or left to the common superior.",
        ),
        lambda s: bool(s.consultations),
    ),
    "mark": Act(
        MarkMatter,
        _t("重要・異例・疑義の印を付ける", "Mark the matter"),
        _t("印のある案件は、指示か急施でなければ代決できません。", "Marked matters are not decided in absence."),
        _open,
    ),
    "outside": Act(
        registering.EnterOutsideDecision,
        _t("外部の決裁を入れる", "Enter a decision made elsewhere"),
        _t(
            "文書管理システムで決裁された番号と日付を一度だけ入れます。",
            "Number and date of a decision in the city's system.",
        ),
        lambda s: s.in_circulation,
        lambda s: {"seen": s.submission.content_hash if s.submission else ""},
    ),
    "enforce": Act(
        registering.EnforceDecision,
        _t("施行日を入れる", "Put into effect"),
        _t("決裁済みの文書の施行日を記録します。", "The day on which a decision took effect."),
        lambda s: bool(s.decided),
    ),
    "measure": Act(
        commands.RecordMeasurement,
        _t("測定値を記録する", "Record a measurement"),
        _t("KPIの値を期間ごとに記録します。", "A KPI's value for a period."),
        lambda s: _open(s) and bool(s.kpis),
    ),
    "correct-measurement": Act(
        amendments.CorrectMeasurement,
        _t("測定値を訂正する", "Correct a measurement"),
        _t("誤った値は記録に残り、正しい値が使われます。", "The wrong value stays on record; the right one counts."),
        lambda s: bool(s.values),
    ),
    "feed": Act(
        feeding.ArrangePull,
        _t("KPIの値を自動で取得する", "Have a KPI's values fetched"),
        _t(
            "測定周期ごとに、その URL から値を取得します。改めて定めると置き換わります。",
            "From an address, after each period. Arranging it again replaces it.",
        ),
        lambda s: _open(s) and bool(s.kpis),
        labels={
            "terms": _t("取得の条件", "What is fetched, and when"),
            "at_once": _t("今も取得する", "Fetch once now"),
        },
    ),
    "end-feed": Act(
        feeding.CancelPull,
        _t("KPIの自動取得をやめる", "Fetch a KPI's values no more"),
        _t("値は手で記録します。", "Its values are recorded by hand again."),
        lambda s: bool(s.pulls),
    ),
    "budget": Act(
        commands.RecordBudget,
        _t("予算額を記録する", "Record a budget amount"),
        _t(
            "要求から決算までの額を財政課が記録します。",
            "Amounts, from request to settlement, are recorded by the finance section.",
        ),
        lambda s: s.reopening is None,
        labels=spending.BUDGET,
    ),
    **{key: Act(*spec) for key, spec in spending.ACTS.items()},
    "fulfil": Act(
        commands.FulfilPromise,
        _t("約束の履行を記録する", "A promise was kept"),
        _t("条件や約束が果たされたことを記録します。", "Records that a condition or promise was met."),
        lambda s: any(p.fulfilled_at is None for p in s.promises),
    ),
    "finish-task": Act(
        winding.FinishWindDownTask,
        _t("廃止の整理の作業を終える", "A task of the wind-down is done"),
        _t("何をしたかと根拠を記録します。", "Records what was done, and the evidence."),
        lambda s: bool(s.open_tasks),
    ),
    "waive-task": Act(
        winding.WaiveWindDownTask,
        _t("作業を該当なしとする", "A task does not apply"),
        _t("理由を記録し、その作業を求めません。", "Records why, and asks for it no more."),
        lambda s: bool(s.open_tasks),
    ),
    "reopen-task": Act(
        winding.ReopenWindDownTask,
        _t("作業を未了に戻す", "Open a task again"),
        _t("誤って完了・該当なしとした作業を戻します。", "It was taken for done, or for not applicable, by mistake."),
        lambda s: not s.closed and s.reopening is None and len(s.open_tasks) < len(s.tasks),
    ),
    "assign-task": Act(
        winding.ReassignWindDownTask,
        _t("作業を別の職へ移す", "Another post does a task"),
        _t(
            "担当の職が空席のときなどに移します。期限は変わりません。",
            "Where its owner's post is vacant, say. Dates stay.",
        ),
        lambda s: bool(s.open_tasks),
    ),
    "settle-spread": Act(
        descent.SettleSpread,
        _t("横展開の例外を処理する", "Settle a start that was refused"),
        _t("断られた開始を再試行するか、取りやめます。", "Tries it again, or gives it up."),
        lambda s: any(b.rule and not b.given_up for b in s.spread),
    ),
    "review": Act(
        commands.OpenReview,
        _t("取組方針を再検討する", "Open the review"),
        _t("モニタリングを終え、評価と再検討に進みます。", "Ends monitoring and opens the review of the policy."),
        lambda s: _open(s) and s.repeats,
    ),
    "due": Act(
        dates.ChangeDue,
        _t("期限を変える", "Change a due date"),
        _t("催促と報告の時期も一緒に動きます。", "Its reminder and escalations move with it."),
        lambda s: _open(s) and s.hold is None and bool(s.requests),
        labels={"request": _t("依頼", "Request"), "due": _t("新しい期限", "New due date")},
    ),
    "hold": Act(
        commands.HoldLifecycle,
        _t("保留する", "Hold"),
        _t("再開まで何も求められず、期限も進みません。", "Nothing is asked or due until it is resumed."),
        lambda s: _open(s) and s.hold is None,
    ),
    "resume": Act(
        commands.ResumeLifecycle,
        _t("保留を解く", "Resume"),
        _t("期限は保留した分だけ延びます。", "Due dates move by the time held."),
        lambda s: s.hold is not None,
    ),
    "merge": Act(
        amendments.MergeLifecycle,
        _t("他の課題に統合する", "Merge into another"),
        _t(
            "同じ課題であるとして、他の課題に引き継いで終えます。",
            "It is the same as another, and ends with a reference.",
        ),
        _open,
    ),
    "drop": Act(
        commands.DropLifecycle,
        _t("廃案にする", "Drop"),
        _t("成果なく終えます。同意した職に伝わります。", "Ends without a result; those who concurred are told."),
        _open,
    ),
    "publish": Act(
        publishing.PublishLifecycle,
        _t("市民に公開する", "Publish for citizens"),
        _t(
            "事務局が、要約と選んだ部分だけを、指定の日から公開します。氏名や本文は公開されません。",
            "The secretariat publishes the summary and the chosen parts from a day on; never names or other texts.",
        ),
        lambda s: s.merged_into is None,
    ),
    "unpublish": Act(
        publishing.UnpublishLifecycle,
        _t("公開をやめる", "Take off the public page"),
        _t("公開ページから外します。", "Takes it off the public page."),
        lambda s: s.publication is not None,
    ),
    "reopen": Act(
        amendments.ReopenLifecycle,
        _t("再開を申請する", "Ask to reopen"),
        _t(
            "終結した課題の再開は、定められた経路で決定されます。",
            "Reopening is decided by the definition's gate for it.",
        ),
        lambda s: s.closed,
    ),
}
LABELS: Mapping[str, Text] = {
    "reason": _t("理由", "Reason"),
    "text": _t("本文", "Text"),
    "note": _t("備考", "Note"),
    "comment": _t("コメント", "Comment"),
    "until": _t("いつまで(未定なら空欄)", "Until (empty: not known)"),
    "post": _t("職", "Post"),
    "consultation": _t("協議", "Consultation"),
    "agreed": _t("異議は取り下げられた", "The objection is withdrawn"),
    "marks": _t("印", "Marks"),
    "system": _t("システム名", "System"),
    "number": _t("文書番号", "Number of the document"),
    "decided_on": _t("決裁日", "Decided on"),
    "decided_by": _t("決裁した職", "Post that decided"),
    "outcome": _t("結果(再検討のとき)", "Outcome (of a review)"),
    "back_to": _t("戻り先の段階(改善のとき)", "Stage to go back to (improvement)"),
    "stage": _t("段階", "Stage"),
    "on": _t("施行日", "In effect on"),
    "kpi": _t("KPI", "KPI"),
    "period": _t("期間(例: 2026-Q1)", "Period, e.g. 2026-Q1"),
    "value": _t("値", "Value"),
    "source": _t("根拠", "Source"),
    "fiscal_year": _t("年度(西暦)", "Fiscal year"),
    "state": _t("区分", "State"),
    "amount": _t("金額(円)", "Amount in yen"),
    "promise": _t("約束", "Promise"),
    "summary": _t("市民向けの要約", "Summary for citizens"),
    "summary_en": _t("要約(英語、任意)", "Summary in English (optional)"),
    "since": _t("公開日", "Published from"),
    "parts": _t(
        "公開する部分(選ばなければ段階・指標・取組方針)", "Parts (none ticked: stages, figures, results of reviews)"
    ),
    "task": _t("作業", "Task"),
    "evidence": _t("根拠資料", "Evidence"),
    "section": _t("部署", "Department"),
    "again": _t("再試行する(しない場合は取りやめ)", "Try again (otherwise it is given up)"),
    "into": _t("統合先の課題", "The other lifecycle"),
}
_BY_THE_PAGE = ("command_id", "stream", "round", "seen")


def possible(state: Lifecycle) -> dict[str, Act]:
    """The acts that make sense now."""
    return {key: act for key, act in ACTS.items() if act.when(state)}


def offered(visit: Visit, state: Lifecycle) -> dict[str, Act]:
    """The acts that make sense now and are for the visitor; whether they may be done is for the rules."""
    if visit.store.clock.virtual:
        return {}
    facts, now, actor = visit.store.facts(state.definition), visit.store.clock.now(), visit.actor()
    return {key: act for key, act in possible(state).items() if is_for(key, actor, state, facts, now)}


def _asked(asked: Asked) -> Text:
    """An open request by what is asked, of whom, and by when."""
    day = local_day(asked.due_at)
    return _t(
        f"{asked.title.ja}({asked.post_title.ja}、{wareki(day)}まで)",
        f"{asked.title.en} ({asked.post_title.en}, by {day})",
    )


def _keys(state: Lifecycle, name: str) -> dict[str, Choices]:
    """What an act goes on with, by its key: benefits on record, procurements under way."""
    if name == "withdraw-benefit":
        return {"key": tuple({b.key: (b.key, _t(b.title, b.title)) for b in state.benefits}.values())}
    if name in ("procurement", "cancel-procurement"):
        return {"key": tuple((p.key, _t(p.title, p.title)) for p in state.procurements if not p.ended)}
    return {}


def _lines(visit: Visit, state: Lifecycle, facts: Facts) -> Choices:
    """The states of an amount that the visitor may record."""
    actor, now = visit.actor(), visit.store.clock.now()
    return tuple(s for s in spending.STATES if may(budgets.may_record, actor, state, s[0], facts, now))


def _offers(visit: Visit, state: Lifecycle, name: str) -> dict[str, Choices]:
    today = visit.store.facts()
    fiscal = today.fiscal or load_fiscal()
    posts: Choices = tuple((p.id, p.title) for p in visit.directory.posts)
    facts = visit.store.facts(state.definition)
    process = facts.definition
    titles = stage_titles(visit.store)
    stages: Choices = tuple((s.key, s.title) for s in process.all_stages) if process else ()
    decided = tuple(
        (place.partition("/")[0], titles.get(place.partition("/")[0], _t(place, place))) for place in state.decided
    )
    return {
        "post": posts,
        "decided_by": posts,
        "stage": decided if state.decided and not state.closed else stages,
        "back_to": stages,
        "outcome": tuple((o.key, o.title) for o in process.outcomes) if process else (),
        "kpi": tuple((k.key, _t(k.title, k.title)) for k in state.kpis),
        "promise": tuple((p.id, _t(p.text, p.text)) for p in state.promises if p.fulfilled_at is None),
        "task": tuple((t.key, t.title) for t in state.tasks),
        "section": tuple((b.section, b.section_name) for b in state.spread if b.rule and not b.given_up),
        "request": tuple((r.id, _asked(r)) for r in state.requests),
        "consultation": tuple((c.id, c.post_title) for c in state.consultations),
        "state": _lines(visit, state, facts) or spending.STATES,
        "window": tuple((w.key, w.title) for w in fiscal.windows),
        **_keys(state, name),
    }


@router.get("/lifecycles/{given}/do/{name}")
def act_page(request: Request, given: str, name: str) -> Response:
    visit = visit_of(request)
    return _shown(visit, stream_of(visit, given), name)


def _shown(
    visit: Visit,
    stream: str,
    name: str,
    *,
    status: int = 200,
    given: Mapping[str, str] | None = None,
    refusal: Refusal | None = None,
    problems: Mapping[str, list[Text]] | None = None,
) -> Response:
    act = ACTS.get(name)
    if act is None:
        raise HTTPException(404)
    state, _ = visit.store.load(stream)
    content = typed(act.command, given or {}, ids=known(visit))
    if given is None and name == "mark":
        content["marks"] = list(state.marks)
    shown = boxes(
        act.command,
        content,
        problems,
        offers=_offers(visit, state, name),
        labels={**LABELS, **act.labels},
        without=_BY_THE_PAGE,
        named=named(visit),
    )
    return visit.page(
        "act.html",
        status,
        state=state,
        act=act,
        name=name,
        boxes=shown,
        above=misplaced(shown, problems or {}, refusal),
        command_id=(given or {}).get("command_id") or str(uuid4()),
        refusal=refusal.model_copy(update={"problems": ()}) if refusal else None,
        **lists(visit, shown),
    )


@shown_again("/lifecycles/{given}/do/{name}")
def _again(visit: Visit, parts: dict[str, str], kept: Mapping[str, str]) -> Response:
    return _shown(visit, stream_of(visit, parts["given"]), parts["name"], given=kept)


def _written(content: Mapping[str, Any]) -> dict[str, Any]:
    """What was written, groups within included: for the rest the command has its own defaults."""
    found = {k: _written(v) if isinstance(v, Mapping) else v for k, v in content.items()}
    return {k: v for k, v in found.items() if not nothing(v)}


@router.post("/lifecycles/{given}/do/{name}")
async def do(request: Request, given: str, name: str) -> Response:
    form = await request.form(max_files=0, max_fields=100)
    text = {k: v for k, v in form.items() if isinstance(v, str)}
    return await run_in_threadpool(_done, request, given, name, text)


def _done(request: Request, given: str, name: str, text: dict[str, str]) -> Response:
    visit = writing(request, text)
    if isinstance(visit, Response):
        return visit
    stream, act = stream_of(visit, given), ACTS.get(name)
    if act is None:
        raise HTTPException(404)
    state, _ = visit.store.load(stream)
    fields = {k: v for k, v in _written(typed(act.command, text, ids=known(visit))).items() if k not in _BY_THE_PAGE}
    fields |= {"command_id": text.get("command_id") or str(uuid4()), "stream": stream, **act.fixed(state)}
    if name == "mark":
        fields.setdefault("marks", ())
    if name == "settle":
        fields.setdefault("agreed", False)
    if name == "settle-spread":
        fields.setdefault("again", False)
    try:
        visit.site.record(act.command.model_validate(fields), visit.actor())
    except ValidationError as error:
        return _shown(visit, stream, name, status=422, given=text, problems=problems_of(error))
    except Refused as refused:
        kept = text | {"command_id": str(uuid4())}
        found = by_place(refused.refusal)
        return _shown(visit, stream, name, status=409, given=kept, refusal=refused.refusal, problems=found)
    return RedirectResponse(f"/lifecycles/{stream}?done={name}", 303)
