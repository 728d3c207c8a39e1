"""What people do with sessions and rounds: the command, its form, when it makes sense, and to whom it is offered.

Offering is a courtesy: whether it may be done is for the rules, which every way in asks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from domain.bodies import BodyRules, members_of
from domain.calendar import local_day
from domain.messages import Command, Text
from domain.selection import messages as sm
from domain.selection.deciding import of_its_section, written_by
from domain.selection.round import SelectionRound
from domain.sessions import messages as m
from domain.sessions.session import Session
from web.app import Visit
from web.governing import is_secretariat
from web.pages import body_forms as forms

Who = Callable[[Visit, Any, str], bool]
"""Whether an act is offered: the visit, the session or round, and the item (empty: it is about the whole)."""


def _office(visit: Visit, state: Any, _: str) -> bool:
    return is_secretariat(visit.store, visit.person, state.rules)


def _votes(visit: Visit, state: Session, item: str) -> bool:
    seated = {s.person for s in state.members}
    return visit.person in seated and (not item or visit.person not in state.items[item].recused)


def _recuses(visit: Visit, state: Session, item: str) -> bool:
    return _office(visit, state, item) or _votes(visit, state, item)


def _was_there(visit: Visit, state: Session, _: str) -> bool:
    return visit.person in state.present and visit.person not in state.confirmed


def _decides(visit: Visit, state: Session, item: str) -> bool:
    """Whoever holds the post that takes the drafted decision on, and the secretariat."""
    found = state.decisions.get(item)
    if found is None or found.number:
        return False
    day = local_day(visit.store.clock.now())
    return visit.person in visit.store.facts().directory.holders(found.post, day) or _office(visit, state, item)


def _seated(visit: Visit, rules: BodyRules, *keys: str) -> set[str]:
    directory, day = visit.store.facts().directory, local_day(visit.store.clock.now())
    return {s.person for b in rules.bodies if b.key in keys for s in members_of(b, directory, day)}


def _scores(visit: Visit, state: SelectionRound, ref: str) -> bool:
    if state.rules is None or (ref and visit.person in written_by(state, state.proposals[ref])):
        return False
    keys = [b.key for b in state.rules.bodies]
    return _office(visit, state, ref) or visit.person in _seated(visit, state.rules, *keys)


def _chairs(visit: Visit, state: SelectionRound, _: str) -> bool:
    if state.rules is None:
        return False
    directory, day = visit.store.facts().directory, local_day(visit.store.clock.now())
    seats = members_of(state.rules.body(state.rules.selects), directory, day)
    return any(s.person == visit.person and s.seat == "chair" for s in seats)


def _owns(visit: Visit, state: SelectionRound, ref: str) -> bool:
    found = state.proposals.get(ref)
    day = local_day(visit.store.clock.now())
    return _office(visit, state, ref) or (
        found is not None and of_its_section(found, visit.person, visit.store.facts().directory, day)
    )


def _anybody(visit: Visit, state: Any, item: str) -> bool:
    return True


@dataclass(frozen=True)
class Act:
    """What somebody does with a session or a round."""

    command: type[Command]
    title: Text
    when: Callable[[Any], bool]
    form: Callable[[Visit, Any, str], type[BaseModel]]
    fields: Callable[[dict[str, Any], Any], dict[str, Any]] = lambda content, _: content
    """How the form's content becomes fields of the command."""
    of_item: bool = False
    """It is about one item (or proposal), named in the address."""
    who: Who = _office
    file: bool = False
    """A file comes with it; its name, hash and size are fields of the command."""
    begins: Callable[[Visit, Any, str], dict[str, Any]] = lambda v, s, i: {}
    """What the form holds at first."""
    hidden: Callable[[Any], dict[str, str]] = lambda _: {}
    """What the page says of what it showed, such as the version that was read."""
    places: Mapping[str, str] = field(default_factory=dict)
    """Beginning of a field of the command -> beginning of its box on the page, where they differ."""
    about: Text | None = None
    """What it does, where its form does not say it: above all what cannot be taken back."""


def _t(ja: str, en: str) -> Text:
    return Text(ja=ja, en=en)


def _in(*phases: str) -> Callable[[Any], bool]:
    return lambda state: state.phase in phases


def _version(text: str) -> int:
    return int(text) if text.isdigit() and len(text) < 9 else 0


_BEFORE = ("convened", "sitting")


def _deliberating(state: Any) -> bool:
    return bool(state.deliberating)


_ROUND_OPEN = _in("calling", "scoring")
SESSION_ACTS: Mapping[str, Act] = {
    "confirm": Act(
        m.ConfirmMinutes,
        _t("会議録を確認する", "Confirm the minutes"),
        lambda s: s.phase == "closed" and s.minutes > 0,
        lambda v, s, i: forms.Nothing,
        lambda c, s: {"version": _version(c.get("version", ""))},
        who=_was_there,
        hidden=lambda s: {"version": str(s.minutes)},
    ),
    "item": Act(
        m.PutItem,
        _t("議題を載せる", "Put an item on it"),
        _in(*_BEFORE),
        lambda v, s, i: forms.ItemForm,
        forms.placed,
        begins=forms.next_item,
    ),
    "attendance": Act(
        m.TakeAttendance,
        _t("出席をとる", "Take attendance"),
        lambda s: s.phase in _BEFORE and not s.circulation,
        forms.attendance,
        forms.present,
        begins=forms.attended,
    ),
    "briefing": Act(
        m.RecordBriefing,
        _t("事前説明を記録する", "Record a briefing"),
        _in(*_BEFORE),
        lambda v, s, i: forms.BriefingForm,
    ),
    "instruct": Act(
        m.GiveInstruction,
        _t("企画指示・状況確認を出す", "Give an instruction"),
        _in("sitting", "closed"),
        lambda v, s, i: forms.InstructionForm,
    ),
    "close": Act(
        m.CloseSession,
        _t("閉会する", "Close the session"),
        _deliberating,
        lambda v, s, i: forms.Nothing,
        about=_t(
            "結論を課題に反映し、要る決裁を起案します。すべての議題に結論(継続審議を含む)が要ります。閉会は取り消せません。",
            "What was concluded takes effect on the lifecycles, and the decisions that it needs are drafted. Every item needs a "
            "conclusion (held is one). It cannot be taken back.",
        ),
    ),
    "minutes": Act(
        m.WriteMinutes,
        _t("会議録を書く", "Write the minutes"),
        _in("sitting", "closed", "final"),
        lambda v, s, i: forms.MinutesForm,
        begins=forms.written,
    ),
    "finalise": Act(
        m.FinaliseMinutes,
        _t("会議録を確定する", "Make the minutes final"),
        lambda s: s.phase == "closed" and s.minutes > 0,
        lambda v, s, i: forms.Nothing,
        about=_t(
            "主宰者と出席者の過半が確認した版を確定し、公開部分を全職員が読めるようにします。",
            "The version that whoever presided and more than half of those present have confirmed becomes final, and its public "
            "part is there for everybody to read.",
        ),
    ),
    "cancel": Act(
        m.CancelSession,
        _t("会議を取りやめる", "Cancel the session"),
        _in(*_BEFORE),
        lambda v, s, i: forms.ReasonForm,
        about=_t(
            "会議そのものを取りやめます。載っていた議題は、また次の会議に載せられます。取り消せません。",
            "The whole session is called off; what was on its agenda can be put on another. It cannot be taken back.",
        ),
    ),
    "vote": Act(
        m.CastVote,
        _t("投票する", "Vote"),
        lambda s: s.circulation and s.phase in _BEFORE,
        lambda v, s, i: forms.VoteForm,
        of_item=True,
        who=_votes,
    ),
    "conclude": Act(
        m.ConcludeItem,
        _t("結論を入れる", "Enter the conclusion"),
        _deliberating,
        forms.conclusion,
        forms.concluded,
        True,
        places={"votes.": "votes.v_"},
    ),
    "paper": Act(
        m.PutPaper,
        _t("資料を付ける", "Add a paper"),
        _in(*_BEFORE),
        lambda v, s, i: forms.PaperForm,
        forms.paper,
        True,
        file=True,
        places={"as_": "sort"},
    ),
    "opinion": Act(
        m.ObtainOpinion,
        _t("意見聴取を記録する", "Record an opinion"),
        _in(*_BEFORE),
        lambda v, s, i: forms.OpinionForm,
        of_item=True,
    ),
    "recuse": Act(
        m.RecuseFromItem,
        _t("回避する", "Recuse"),
        _in(*_BEFORE),
        lambda v, s, i: forms.RecusalForm,
        of_item=True,
        who=_recuses,
        begins=lambda v, s, i: {"person": v.person if v.person in {x.person for x in s.members} else ""},
    ),
    "remove": Act(
        m.TakeItemOff,
        _t("議題を取り下げる", "Take it off"),
        _in(*_BEFORE),
        lambda v, s, i: forms.ReasonForm,
        of_item=True,
    ),
    "settle": Act(
        m.SettleException,
        _t("例外を処理する", "Settle the exception"),
        _in("closed", "final"),
        lambda v, s, i: forms.SettlingForm,
        forms.settled,
        of_item=True,
    ),
    "decision": Act(
        m.EnterDecision,
        _t("決裁を入れる", "Enter the decision"),
        lambda s: any(not d.number for d in s.decisions.values()),
        lambda v, s, i: forms.DecidedForm,
        of_item=True,
        who=_decides,
    ),
}
ROUND_ACTS: Mapping[str, Act] = {
    "propose": Act(
        sm.ProposeTask,
        _t("課題を提案する", "Propose a challenge"),
        _in("calling"),
        lambda v, s, i: forms.ProposalForm,
        who=_anybody,
        begins=forms.next_proposal,
    ),
    "close": Act(
        sm.CloseCall,
        _t("募集を締め切る", "Close the call"),
        _in("calling"),
        lambda v, s, i: forms.Nothing,
        about=_t(
            "締切日には自動で締め切られます。ここでは締切日を待たずに、今すぐ締め切ります。その後は提案を加えることも"
            "直すこともできず、採点が始まります。取り消せません。",
            "It closes by itself on the closing date; here it is closed now, before that. From then on nothing is proposed or "
            "corrected any more, and scoring begins. It cannot be taken back.",
        ),
    ),
    "conclude": Act(
        sm.ConcludeSelection,
        _t("選定を確定する(議長)", "Conclude the selection (the chair)"),
        _in("scoring"),
        lambda v, s, i: forms.SelectionForm,
        who=_chairs,
        about=_t(
            "案のとおりに選定を確定します。選ばれた課題は自動で始まり、持ち越しは次の募集に入ります。取り消せません。",
            "The choices become the selection: what is selected starts by itself, what is kept goes into the next round. It cannot "
            "be taken back.",
        ),
    ),
    "score": Act(
        sm.ScoreProposal,
        _t("採点する", "Score"),
        _in("scoring"),
        forms.scores,
        forms.scored,
        True,
        who=_scores,
        begins=forms.scored_before,
        places={"scores.": "s_"},
    ),
    "choose": Act(
        sm.ProposeChoice,
        _t("案を作る", "Prepare the choice"),
        _in("scoring"),
        lambda v, s, i: forms.ChoiceForm,
        forms.chosen,
        True,
        begins=forms.chosen_before,
    ),
    "correct": Act(
        sm.CorrectProposal,
        _t("提案を直す", "Correct the proposal"),
        _in("calling"),
        lambda v, s, i: forms.ProposalCorrectionForm,
        of_item=True,
        who=_owns,
        begins=forms.proposed_before,
    ),
    "interview": Act(
        sm.RecordInterview,
        _t("ヒアリングを記録する", "Record an interview"),
        _ROUND_OPEN,
        lambda v, s, i: forms.InterviewForm,
        of_item=True,
    ),
    "merge": Act(
        sm.MergeProposals, _t("統合する", "Merge"), _ROUND_OPEN, lambda v, s, i: forms.MergeForm, of_item=True
    ),
    "withdraw": Act(
        sm.WithdrawProposal,
        _t("取り下げる", "Withdraw"),
        _ROUND_OPEN,
        lambda v, s, i: forms.ReasonForm,
        of_item=True,
        who=_owns,
    ),
    "settle": Act(
        sm.SettleStart,
        _t("開始できなかったものを処理する", "Settle a start that was refused"),
        _in("concluded"),
        lambda v, s, i: forms.StartForm,
        of_item=True,
        who=lambda v, s, i: s.proposals[i].refused is not None and _office(v, s, i),
    ),
}


def offered(visit: Visit, acts: Mapping[str, Act], state: Any) -> dict[str, Act]:
    """The acts on the whole that make sense now and are for the visitor."""
    if visit.store.clock.virtual:
        return {}
    return {k: a for k, a in acts.items() if not a.of_item and a.when(state) and a.who(visit, state, "")}


def offered_on(visit: Visit, acts: Mapping[str, Act], state: Any, item: str) -> dict[str, Act]:
    """The same for one item or proposal."""
    if visit.store.clock.virtual:
        return {}
    return {k: a for k, a in acts.items() if a.of_item and a.when(state) and a.who(visit, state, item)}
