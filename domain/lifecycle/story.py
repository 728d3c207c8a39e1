"""Events as a person tells them, in Japanese and English: notices, summaries in the Temporal UI, the timeline."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from domain.calendar import local_day, wareki
from domain.kpis.stopping import number
from domain.lifecycle import (
    absence,
    adopting,
    amendments,
    attaching,
    budgets,
    committing,
    concluding,
    consulting,
    dates,
    descent,
    dialogue,
    feeding,
    handing,
    handover,
    migrating,
    procuring,
    publishing,
    registering,
    sunset,
    valuing,
    winding,
    windows,
)
from domain.lifecycle import events as e
from domain.lifecycle.state import Lifecycle
from domain.messages import Event, Text

_DECISIONS = {
    "approve": Text(ja="同意", en="agreed"),
    "conditions": Text(ja="条件付き同意", en="agreed with conditions"),
    "return": Text(ja="差戻し", en="sent back"),
    "reject": Text(ja="否", en="refused"),
}
_BECAUSE = {
    "started": Text(ja="開始", en="started"),
    "passed": Text(ja="前段階を通過", en="the stage before passed"),
    "sent_back": Text(ja="差戻し", en="sent back"),
    "outcome": Text(ja="再検討の結果", en="outcome of the review"),
    "review_opened": Text(ja="再検討を開始", en="review opened"),
    "adopted": Text(ja="引継ぎ", en="adopted"),
    "reopened": Text(ja="再開", en="reopened"),
}


def day(moment: datetime) -> Text:
    """A moment's day in Japan, as people write it: 令和7年4月1日 / 2025-04-01."""
    local = local_day(moment)
    return Text(ja=wareki(local), en=local.isoformat())


def line(state: Lifecycle, event: Event) -> Text:
    """One event in one line. `state` is the state after it."""
    return _LINES[type(event)](state, event)


def _t(ja: str, en: str) -> Text:
    return Text(ja=ja, en=en)


def _opened(_: Lifecycle, event: e.RequestOpened) -> Text:
    due = day(event.due_at)
    if event.kind == "draft":
        return _t(
            f"{event.post_title.ja}へ作成依頼: {event.title.ja}(期限 {due.ja})",
            f"{event.post_title.en} asked to draft {event.title.en}, due {due.en}",
        )
    return _t(
        f"{event.post_title.ja}へ決裁依頼: {event.title.ja}(期限 {due.ja})",
        f"{event.post_title.en} asked to decide ({event.title.en}), due {due.en}",
    )


_STANDS = {
    "holder": Text(ja="", en=""),
    "deputy": Text(ja="(代)", en=" (in absence)"),
    "vacancy": Text(ja="(職務代理)", en=" (for the vacant post)"),
    "recusal": Text(ja="(回避により代理)", en=" (for one recused)"),
    "handed": Text(ja="(依頼を受けて代)", en=" (at the holder's request)"),
    "body": Text(ja="(会議)", en=" (in session)"),
}


def _answered(_: Lifecycle, event: e.RequestAnswered) -> Text:
    decision, stands = _DECISIONS[event.decision], _STANDS[event.stands]
    return _t(f"{event.step_title.ja}: {decision.ja}{stands.ja}", f"{event.step_title.en}: {decision.en}{stands.en}")


def _of_request(ja: str, en: str) -> Callable[[Lifecycle, Any], Text]:
    def told(state: Lifecycle, event: Any) -> Text:
        request = state.request(event.request)
        # A run that was away for a while tells of requests that have been answered meanwhile.
        who = request.post_title if request else Text(ja="依頼先", en="the post asked")
        due = day(event.due_at)
        return _t(ja.format(who=who.ja, due=due.ja), en.format(who=who.en, due=due.en))

    return told


def _outcome(_: Lifecycle, event: e.OutcomeDecided) -> Text:
    return _t(f"取組方針: {event.title.ja}(第{event.round}期)", f"outcome: {event.title.en} (round {event.round})")


def _closed(_: Lifecycle, event: e.LifecycleClosed) -> Text:
    names = {"completion": "終了", "abolition": "廃止", "dropped": "廃案", "merged": "統合"}
    return _t(f"終結: {names.get(event.as_, event.as_)}", f"closed: {event.as_}")


_LINES: Mapping[type[Event], Callable[[Lifecycle, Any], Text]] = {
    e.LifecycleStarted: lambda s, v: _t(
        f"開始: {v.title}({v.bureau_name.ja})", f"started: {v.title} ({v.bureau_name.en})"
    ),
    e.StageEntered: lambda s, v: _t(
        f"段階 {v.title.ja}(第{v.round}期、{_BECAUSE[v.because].ja})",
        f"stage {v.title.en} (round {v.round}, {_BECAUSE[v.because].en})",
    ),
    e.RequestOpened: _opened,
    e.DeliverableSubmitted: lambda s, v: _t(
        f"{v.title.ja}を提出(第{v.version}版)", f"{v.title.en}: handed in (version {v.version})"
    ),
    e.AgreementsVoided: lambda s, v: _t(
        f"第{v.version}版で変わった部分への同意 {len(v.agreements)} 件は失効",
        f"version {v.version} changes what {len(v.agreements)} had agreed to: asked again",
    ),
    e.RequestAnswered: _answered,
    e.StepMerged: lambda s, v: _t(
        f"{v.step_title.ja}: 同一人のため併合", f"{v.step_title.en}: merged, the same person has agreed"
    ),
    e.StepReturned: lambda s, v: _t(f"{v.to_title.ja}へ差戻し(回議中)", f"sent back to the step {v.to_title.en}"),
    e.RequestClosed: lambda s, v: (
        _t("依頼は取り消されました", "what was asked is asked no more")
        if v.post or v.handed_to
        else _t("依頼を終了", "request closed")
    ),
    e.GatePassed: lambda s, v: _t(f"{v.title.ja}の関門を通過", f"{v.title.en}: gate passed"),
    e.GateReturned: lambda s, v: _t(f"{v.to_title.ja}へ差戻し", f"sent back to {v.to_title.en}"),
    e.DraftWithdrawn: lambda s, v: _t("引戻し", "draft withdrawn by the drafter"),
    e.LifecycleHeld: lambda s, v: _t(
        "保留" + (f"({day(v.until).ja}まで)" if v.until else ""),
        "on hold" + (f" until {day(v.until).en}" if v.until else ""),
    ),
    e.LifecycleResumed: lambda s, v: _t("再開", "resumed"),
    e.HoldExpired: lambda s, v: _t("保留の期日が来ました", "the hold's day has come"),
    e.MeasurementRecorded: lambda s, v: _t(
        f"測定{'(移入)' if v.imported else ''} {s.kpi_title(v.kpi)} {v.period}: {s.measured_as(v.kpi, v.value)}",
        f"measured{' (imported)' if v.imported else ''} {s.kpi_title(v.kpi)} {v.period}: {number(v.value)}",
    ),
    e.PromiseMade: lambda s, v: _t(f"条件・約束: {v.text}", f"condition or promise: {v.text}"),
    e.PromiseFulfilled: lambda s, v: _t("約束を果たした", "promise kept"),
    e.ReminderSent: _of_request("期限前のお知らせ: {who}(期限 {due})", "reminder to {who}, due {due}"),
    e.RequestOverdue: _of_request("期限超過: {who}(期限 {due})", "overdue: {who}, was due {due}"),
    e.CoordinatorInformed: _of_request(
        "庶務担当へ連絡: {who} の期限超過({due})", "coordinator told: {who} is overdue since {due}"
    ),
    e.RequestEscalated: _of_request(
        "上司へ報告: {who} の期限超過({due})", "superior told: {who} is overdue since {due}"
    ),
    e.ReviewOpened: lambda s, v: _t(
        "取組方針の再検討を開始" + (f"({v.why.ja})" if v.why else ""),
        "review of the policy opened" + (f" ({v.why.en})" if v.why else ""),
    ),
    e.OutcomeDecided: _outcome,
    e.WindDownStarted: lambda s, v: _t("廃止の整理を開始", "wind-down started"),
    e.LifecycleDropped: lambda s, v: _t("廃案", "dropped"),
    e.LifecycleClosed: _closed,
    **absence.LINES,
    **adopting.LINES,
    **amendments.LINES,
    **attaching.LINES,
    **budgets.LINES,
    **committing.LINES,
    **concluding.LINES,
    **consulting.LINES,
    **dates.LINES,
    **descent.LINES,
    **dialogue.LINES,
    **feeding.LINES,
    **handing.LINES,
    **handover.LINES,
    **migrating.LINES,
    **procuring.LINES,
    **publishing.LINES,
    **registering.LINES,
    **sunset.LINES,
    **valuing.LINES,
    **windows.LINES,
    **winding.LINES,
}
