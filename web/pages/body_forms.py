"""Forms of the bodies' pages: where a command holds a mapping or a choice that depends on the session, a form of its own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Literal

from pydantic import BaseModel, Field, create_model

from domain.bodies import members_of
from domain.calendar import local_day
from domain.messages import Text
from domain.selection.messages import Result
from domain.selection.round import SelectionRound
from domain.sessions.kind import CATEGORIES, CONCLUSIONS
from domain.sessions.messages import Category, MinutesDrafted
from domain.sessions.session import Session
from web.app import Visit
from web.governing import said

Offers = dict[str, tuple[tuple[str, Text], ...]]


def _words(**words: tuple[str, str]) -> tuple[tuple[str, Text], ...]:
    return tuple((key, Text(ja=ja, en=en)) for key, (ja, en) in words.items())


BALLOTS = _words(yes=("賛成", "for"), no=("反対", "against"), abstain=("棄権", "abstain"))
OFFERED: Offers = {
    "ballot": BALLOTS,
    "about": _words(planning=("企画指示", "planning instruction"), status=("状況確認", "status check")),
    "form": _words(summary=("要旨", "summary"), full=("全文", "in full")),
    "treatment": _words(
        adopted=("採用", "adopted"),
        partly=("一部採用", "adopted in part"),
        not_adopted=("不採用", "not adopted"),
        noted=("聴取", "noted"),
    ),
    "sort": _words(
        paper=("事前配付", "sent before"), replacement=("差替え", "replacement"), handout=("席上配付", "handed out")
    ),
    "result": _words(
        selected=("選定", "selected"),
        deferred=("次回へ持ち越し", "kept for the next round"),
        other=("その他の事業", "other project"),
    ),
}
"""Choices in words that depend on nothing."""
_OUTCOMES = ("expansion", "improvement", "continuation", "abolition", "completion")
_ON_REPORTS = ("endorsed", "conditions", "sent_back", "not_endorsed", "held")
FITTING: Mapping[str, tuple[str, ...]] = {
    "selection": ("selected", "sent_back", "held", "noted"),
    "proposal": _ON_REPORTS,
    "objection": _ON_REPORTS,
    "evaluation": (*_OUTCOMES, "endorsed", "conditions", "review", "sent_back", "not_endorsed", "held", "noted"),
    "policy": ("endorsed", "conditions", "sent_back", "not_endorsed", "held", "noted"),
    "progress": ("noted", "endorsed", "conditions", "review", "sent_back", "not_endorsed", "held"),
    "other": ("noted", "endorsed", "conditions", "review", "sent_back", "not_endorsed", "held"),
}
"""Kind of item -> the conclusions that make sense for it; the rules have the last word."""


class Nothing(BaseModel):
    """Nothing to fill in."""


class ReasonForm(BaseModel):
    reason: str = said("理由", "reason")


class ItemForm(BaseModel):
    item: str = said("議題の短い名(英小文字・数字)", "short name of the item, such as other-1")
    category: Category = said("種類", "kind")
    title: str = said("件名", "title")
    lifecycle: str = said("課題(番号か課題のID。あれば)", "lifecycle by its reference or id, if any", "")
    non_public: bool = said("非公開", "non-public", False)


def placed(content: dict[str, Any], _: Any) -> dict[str, Any]:
    """An item is public unless somebody says otherwise: a box left alone says nothing."""
    closed = content.pop("non_public", False)
    return {**content, "public": not closed}


class BriefingForm(BaseModel):
    on: date = said("実施日", "day")
    text: str = said("内容", "what was said")


class InstructionForm(BaseModel):
    about: Literal["planning", "status"] = said("種類", "kind")
    lifecycle: str = said("課題(番号か課題のID)", "lifecycle, by its reference or id")
    post: str = said("答える職", "post that answers")
    text: str = said("指示の内容", "what is asked")
    due: date = said("回答期限", "answer by")


class MinutesForm(BaseModel):
    form: Literal["summary", "full"] = said("形式", "form")
    text: str = said("会議録", "minutes")
    closed_part: str = said("非公開部分", "non-public part", "")


class OpinionForm(BaseModel):
    source: str = said("だれの意見か", "whose opinion")
    text: str = said("意見の内容", "what was said")
    treatment: Literal["adopted", "partly", "not_adopted", "noted"] = said("扱い", "what became of it")
    because: str = said("その理由", "why", "")


class RecusalForm(BaseModel):
    person: str = said("回避する構成員", "member")
    reason: str = said("理由", "reason")


class PaperForm(BaseModel):
    sort: Literal["paper", "replacement", "handout"] = said("種類", "kind of paper")
    name: str = said(
        "資料名(空欄ならファイル名。差替えは元の資料と同じ名前)",
        "name (empty: the file's; a replacement has the name of what it replaces)",
        "",
    )


class VoteForm(BaseModel):
    ballot: Literal["yes", "no", "abstain"] = said("賛否", "vote")
    text: str = said("意見", "opinion", "")


class ConditionForm(BaseModel):
    text: str = said("条件", "condition")


class CorrectionForm(BaseModel):
    conclusion: str = said("正しい結論", "the conclusion as it was", "")
    conditions: tuple[ConditionForm, ...] = said("条件", "conditions", ())
    back_to: str = said("戻る段階(差戻し・改善のとき)", "stage to go back to, when sent back or improved", "")


class SettlingForm(BaseModel):
    again: bool = said("もう一度反映する", "carry it again", False)
    corrected: CorrectionForm = said(
        "入力の訂正(結論を誤って入れたとき)", "correction of what was entered", CorrectionForm()
    )
    text: str = said("処理の内容", "what was done")


class StartForm(BaseModel):
    again: bool = said("もう一度開始する", "start it again", False)
    start_as: str = said("別の番号で開始する場合の番号", "reference, where it is to be another", "")
    text: str = said("処理の内容", "what was done")


class DecidedForm(BaseModel):
    number: str = said("文書番号", "number of the document")
    decided_on: date = said("決裁日", "day of the decision")
    post: str = said("決裁した職", "post that decided")


class DissentForm(BaseModel):
    member: str = said("構成員", "member")
    text: str = said("意見", "opinion")


class ProposalCorrectionForm(BaseModel):
    title: str = said("課題名", "title")
    section: str = said("担当課(名称か組織ID)", "section, by name or id")
    problem: str = said("解決すべき課題", "the problem")
    viewpoint: Literal["citizen_services", "community", "administrative_work"] | None = said(
        "デジタル化の視点", "viewpoint of digitalisation", None
    )
    departments: tuple[str, ...] = said("関係部署(名称か組織ID)", "departments, by name or id", ())


class ProposalForm(ProposalCorrectionForm):
    ref: str = said("提案の番号", "reference of the proposal")


def proposed_before(visit: Visit, state: SelectionRound, ref: str) -> dict[str, Any]:
    """The proposal as it stands."""
    return state.proposals[ref].model_dump(include=set(ProposalCorrectionForm.model_fields), exclude_none=True)


def next_proposal(visit: Visit, state: SelectionRound, ref: str) -> dict[str, Any]:
    """A reference that is free, which may be replaced by one's own."""
    return {"ref": next(str(n) for n in range(1, 100_000) if str(n) not in state.proposals)}


class SelectionForm(BaseModel):
    reason: str = said("理由(人の上限を超えるときなど)", "reason, where capacity is exceeded", "")


class InterviewForm(BaseModel):
    on: date = said("実施日", "day")
    text: str = said("聞き取った内容", "what was said")


class MergeForm(BaseModel):
    into: str = said("統合先の番号", "reference of the other")
    reason: str = said("理由", "reason")


class TaskforceForm(BaseModel):
    weight: Literal["light", "medium", "heavy"] | None = said("課題の重さ", "weight", None)
    chair: str = said("座長(氏名か職員ID)", "chair, by name or id", "")
    adviser: str = said("アドバイザー(氏名か職員ID)", "adviser, by name or id", "")
    members: tuple[str, ...] = said("構成員(氏名か職員ID)", "members, by name or id", ())
    departments: tuple[str, ...] = said("関係部署(名称か組織ID)", "departments, by name or id", ())


class ChoiceForm(BaseModel):
    result: Result = said("結果", "result")
    taskforce: TaskforceForm = said("タスクフォースの構成(選定のとき)", "taskforce, where selected", TaskforceForm())
    measure: str = said("取組内容(その他の事業のとき)", "measure, for an other project", "")
    reason: str = said("理由", "reason", "")


def paper(content: dict[str, Any], _: Any) -> dict[str, Any]:
    return {("as_" if k == "sort" else k): v for k, v in content.items()}


def settled(content: dict[str, Any], _: Any) -> dict[str, Any]:
    """A correction in which no conclusion was chosen is none."""
    given = content.pop("corrected", None) or {}
    right = {**given, "back_to": given.get("back_to") or None} if given.get("conclusion") else None
    return {**content, "corrected": right}


def chosen(content: dict[str, Any], _: Any) -> dict[str, Any]:
    """A taskforce in which nothing was written is none; its departments stand there from the proposal, and alone make none."""
    given = {k: v for k, v in (content.pop("taskforce", None) or {}).items() if v}
    selected = content.get("result") == "selected" or set(given) - {"departments"}
    return {**content, "taskforce": given if given and selected else None}


def chosen_before(visit: Visit, state: SelectionRound, ref: str) -> dict[str, Any]:
    """The choice as it was prepared, or what the proposal says: its departments with those of what was merged into it."""
    found = state.proposals[ref]
    if found.choice is not None:
        return found.choice.model_dump(exclude_none=True)
    parts = [state.proposals[p] for p in found.parts if p in state.proposals]
    departments = [d for p in (found, *parts) for d in (p.section, *p.departments) if p is not found or d != p.section]
    return {"taskforce": {"departments": list(dict.fromkeys([*found.departments, *departments]))}}


# --- that depend on the session or the round -------------------------------------------------------------------------


def _seated(visit: Visit, state: Session) -> list[tuple[str, Text]]:
    """(person, post and name) for each who sits in the body today."""
    store = visit.store
    directory, day = store.facts().directory, local_day(store.clock.now())
    return [(s.person, _named(visit, s.person, s.title)) for s in members_of(state.of, directory, day)]


def next_item(visit: Visit, state: Session, item: str) -> dict[str, Any]:
    """A key that is free."""
    number = next(n for n in range(1, 1000) if f"other-{n}" not in state.items)
    return {"item": f"other-{number}", "category": "other"}


def attendance(visit: Visit, state: Session, item: str) -> type[BaseModel]:
    """A tick for each member, who presides, and guests."""
    fields: dict[str, Any] = {
        f"p_{p}": (bool, Field(False, description=f"{label.ja} / {label.en}")) for p, label in _seated(visit, state)
    }
    fields["presiding"] = (str, said("主宰者", "who presides"))
    fields["guests"] = (tuple[str, ...], said("構成員以外の出席者", "others who attend", ()))
    return create_model("Attendance", **fields)


def attended(visit: Visit, state: Session, item: str) -> dict[str, Any]:
    here = {f"p_{p}": True for p in state.present}
    return {**here, "presiding": state.presiding, "guests": list(state.guests)}


def present(content: dict[str, Any], _: Any) -> dict[str, Any]:
    people = tuple(k.removeprefix("p_") for k, v in content.items() if k.startswith("p_") and v)
    return {"present": people, "presiding": content.get("presiding"), "guests": content.get("guests")}


def written(visit: Visit, state: Session, item: str) -> dict[str, Any]:
    """The newest version of the minutes, to go on from."""
    found = [r.event for r in visit.store.events(state.stream) if isinstance(r.event, MinutesDrafted)]
    if not found:
        return {"form": "summary"}
    return {"form": found[-1].form, "text": found[-1].text, "closed_part": found[-1].closed_part}


def conclusion(visit: Visit, state: Session, item: str) -> type[BaseModel]:
    """What was concluded; a vote for each member who is present, unless votes come in by circulation."""
    names = dict(_seated(visit, state))
    recused = state.items[item].recused if item in state.items else ()
    voters = [p for p in (state.present or ()) if not state.circulation and p not in recused]
    votes: dict[str, Any] = {}
    for p in voters:
        label = names.get(p, Text(ja=p, en=p))
        votes[f"v_{p}"] = (Literal["yes", "no", "abstain"] | None, Field(None, description=f"{label.ja} / {label.en}"))
    fields: dict[str, Any] = {
        "conclusion": (str, said("結論", "conclusion")),
        "reason": (str, said("理由", "reason", "")),
        "conditions": (tuple[ConditionForm, ...], said("条件", "conditions", ())),
    }
    if item in state.items and state.items[item].lifecycle:
        fields["back_to"] = (
            str,
            said("戻る段階(差戻し・改善のとき)", "stage to go back to, when sent back or improved", ""),
        )
    if votes:
        fields["votes"] = (
            create_model("Votes", **votes),
            said("採決(異議がなければ空欄)", "votes; none by consensus", {}),
        )
    fields["dissent"] = (tuple[DissentForm, ...], said("少数意見", "dissent", ()))
    return create_model("Conclusion", **fields)


def concluded(content: dict[str, Any], state: Any) -> dict[str, Any]:
    votes = {k.removeprefix("v_"): v for k, v in (content.get("votes") or {}).items() if v}
    back_to = content.get("back_to") or None
    dissent = [{"person": d.get("member"), "text": d.get("text")} for d in content.get("dissent") or ()]
    way = "vote" if votes else "consensus"
    return {**content, "votes": votes, "way": way, "back_to": back_to, "dissent": dissent}


def scores(visit: Visit, state: SelectionRound, ref: str) -> type[BaseModel]:
    """A choice of five anchored scores for each criterion."""
    assert state.rules is not None
    fields: dict[str, Any] = {
        f"s_{c.key}": (str, Field(description=f"{c.title.ja} / {c.title.en}")) for c in state.rules.criteria
    }
    fields["comment"] = (str, said("意見", "comment", ""))
    return create_model("Scores", **fields)


def scored(content: dict[str, Any], _: Any) -> dict[str, Any]:
    given = {k.removeprefix("s_"): v for k, v in content.items() if k.startswith("s_")}
    return {"scores": {k: int(v) for k, v in given.items() if str(v).isdigit()}, "comment": content.get("comment")}


def scored_before(visit: Visit, state: SelectionRound, ref: str) -> dict[str, Any]:
    """The visitor's own scores."""
    return {f"s_{k}": str(v) for k, v in state.proposals[ref].scores.get(visit.person, {}).items()}


def offers(visit: Visit, state: Any, item: str = "") -> Offers:
    """Choices in words: those that depend on nothing, and those of what is acted on."""
    directory = visit.directory
    found: Offers = {**OFFERED, "post": tuple((p.id, p.title) for p in directory.posts)}
    if isinstance(state, Session):
        found |= _of_session(visit, state, item)
    elif isinstance(state, SelectionRound) and state.rules is not None:
        for c in state.rules.criteria:
            found[f"s_{c.key}"] = tuple(
                (str(n), Text(ja=f"{n}: {a.ja}", en=f"{n}: {a.en}")) for n, a in enumerate(c.anchors, 1)
            )
        found["into"] = tuple((p.ref, Text(ja=p.title, en=p.title)) for p in state.open if p.ref != item)
    return found


def _of_session(visit: Visit, state: Session, item: str) -> Offers:
    directory, day = visit.store.facts().directory, local_day(visit.store.clock.now())
    seats, seated = members_of(state.of, directory, day), tuple(_seated(visit, state))
    found: Offers = {"category": tuple(CATEGORIES.items()), "person": seated, "member": seated}
    found["presiding"] = tuple((s.person, _named(visit, s.person, s.title)) for s in seats if s.seat != "member")
    found |= {f"v_{p}": BALLOTS for p in state.present}
    about = state.items.get(item)
    if about is None:
        return found
    wanted = FITTING[about.category]
    if about.request or not about.lifecycle:
        wanted = tuple(c for c in wanted if c != "review")  # only where nothing waits to be decided
    found["conclusion"] = tuple((k, CONCLUSIONS[k]) for k in wanted)
    found["back_to"] = _stages(visit, about.lifecycle)
    return found


def _stages(visit: Visit, lifecycle: str) -> tuple[tuple[str, Text], ...]:
    if not lifecycle:
        return ()
    state, _ = visit.store.load(lifecycle)
    process = visit.store.facts(state.definition).definition
    return tuple((s.key, s.title) for s in process.all_stages) if process is not None else ()


def _named(visit: Visit, person: str, title: Text) -> Text:
    name_of = visit.site.renderer.name_of
    return Text(ja=f"{title.ja} {name_of(person)}", en=f"{title.en} {name_of(person, 'en')}")
