"""Forms of the bodies' pages: where a command holds a mapping or a choice that depends on the session, a form of its own."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

from pydantic import BaseModel, Field, create_model

from domain.bodies import BodyKey, members_of
from domain.calendar import local_day
from domain.messages import Text
from domain.selection.messages import Result
from domain.selection.round import SelectionRound
from domain.sessions.kind import CATEGORIES, CONCLUSIONS
from domain.sessions.messages import Category
from domain.sessions.session import Session
from web.app import Visit

Offers = dict[str, tuple[tuple[str, Text], ...]]


def said(ja: str, en: str, default: Any = ...) -> Any:
    return Field(default, description=f"{ja} / {en}")


class Nothing(BaseModel):
    """Nothing to fill in."""


class ReasonForm(BaseModel):
    reason: str = said("理由", "reason")


class ConveningForm(BaseModel):
    body: BodyKey = said("会議", "body")
    held_on: date = said("開催日", "day of the session")
    place: str = said("場所", "place", "")
    circulation: bool = said("持ち回り", "by circulation, no meeting", False)
    urgent: str = said("通知期間に足りない理由", "why on shorter notice", "")


class ItemForm(BaseModel):
    item: str = said("議題の記号(英小文字・数字)", "key of the item, such as other-1")
    category: Category = said("種類", "kind")
    title: str = said("件名", "title")
    lifecycle: str = said("課題のID(あれば)", "id of the lifecycle, if any", "")
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
    lifecycle: str = said("課題のID", "id of the lifecycle")
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
    person: str = said("回避する構成員(職員ID)", "member (person id)")
    reason: str = said("理由", "reason")


class VoteForm(BaseModel):
    ballot: Literal["yes", "no", "abstain"] = said("賛否", "vote")
    text: str = said("意見", "opinion", "")


class SettlingForm(BaseModel):
    again: bool = said("もう一度反映する", "carry it again", False)
    text: str = said("処理の内容", "what was done")


class DissentForm(BaseModel):
    person: str = said("構成員(職員ID)", "member (person id)")
    text: str = said("意見", "opinion")


class ConditionForm(BaseModel):
    text: str = said("条件", "condition")


class ProposalForm(BaseModel):
    ref: str = said("番号", "reference")
    title: str = said("課題名", "title")
    section: str = said("担当課(組織ID)", "section (unit id)")
    problem: str = said("解決すべき課題", "the problem")
    viewpoint: Literal["citizen_services", "community", "administrative_work"] | None = said(
        "デジタル化の視点", "viewpoint of digitalisation", None
    )
    departments: tuple[str, ...] = said("関係部署(組織ID)", "departments (unit ids)", ())


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
    chair: str = said("座長(職員ID)", "chair (person id)", "")
    adviser: str = said("アドバイザー(職員ID)", "adviser (person id)", "")
    members: tuple[str, ...] = said("構成員(職員ID)", "members (person ids)", ())
    departments: tuple[str, ...] = said("関係部署(組織ID)", "departments (unit ids)", ())


class ChoiceForm(BaseModel):
    result: Result = said("結果", "result")
    taskforce: TaskforceForm = said("タスクフォースの構成(選定のとき)", "taskforce, where selected", TaskforceForm())
    measure: str = said("取組内容(その他の事業のとき)", "measure, for an other project", "")
    reason: str = said("理由", "reason", "")


def chosen(content: dict[str, Any], _: Any) -> dict[str, Any]:
    """A taskforce in which nothing was written is none."""
    given = {k: v for k, v in (content.pop("taskforce", None) or {}).items() if v}
    return {**content, "taskforce": given or None}


# --- that depend on the session or the round -------------------------------------------------------------------------


def _seated(visit: Visit, state: Session) -> list[tuple[str, str]]:
    """(person, what the label says) for each who sits in the body today."""
    store = visit.store
    directory, day = store.facts().directory, local_day(store.clock.now())
    seats = members_of(state.of, directory, day)
    return [(s.person, f"{s.title.ja} {visit.site.renderer.name_of(s.person)} / {s.title.en}") for s in seats]


def attendance(visit: Visit, state: Session) -> type[BaseModel]:
    """A tick for each member, who presides, and guests."""
    fields: dict[str, Any] = {f"p_{p}": (bool, Field(False, description=label)) for p, label in _seated(visit, state)}
    fields["presiding"] = (str, said("主宰者", "who presides"))
    fields["guests"] = (tuple[str, ...], said("構成員以外の出席者", "others who attend", ()))
    return create_model("Attendance", **fields)


def present(content: dict[str, Any], _: Any) -> dict[str, Any]:
    people = tuple(k.removeprefix("p_") for k, v in content.items() if k.startswith("p_") and v)
    return {"present": people, "presiding": content.get("presiding"), "guests": content.get("guests")}


def conclusion(visit: Visit, state: Session) -> type[BaseModel]:
    """What was concluded; a vote for each member who is present."""
    names = dict(_seated(visit, state))
    voters = [p for p in (state.present or ()) if not state.circulation]
    votes: dict[str, Any] = {
        f"v_{p}": (Literal["yes", "no", "abstain"] | None, Field(None, description=names.get(p, p))) for p in voters
    }
    fields: dict[str, Any] = {
        "conclusion": (str, said("結論", "conclusion")),
        "reason": (str, said("理由", "reason", "")),
        "conditions": (tuple[ConditionForm, ...], said("条件", "conditions", ())),
        "back_to": (str, said("戻る段階", "stage to go back to", "")),
        "votes": (create_model("Votes", **votes), said("採決(異議がなければ空欄)", "votes; none by consensus", {})),
        "dissent": (tuple[DissentForm, ...], said("少数意見", "dissent", ())),
    }
    return create_model("Conclusion", **fields)


def concluded(content: dict[str, Any], state: Any) -> dict[str, Any]:
    votes = {k.removeprefix("v_"): v for k, v in (content.get("votes") or {}).items() if v}
    back_to = content.get("back_to") or None
    return {**content, "votes": votes, "way": "vote" if votes else "consensus", "back_to": back_to}


def scores(visit: Visit, state: SelectionRound) -> type[BaseModel]:
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


def offers(visit: Visit, state: Any) -> Offers:
    """Choices whose words depend on what is acted on."""
    directory = visit.store.facts().directory
    found: Offers = {"post": tuple((p.id, p.title) for p in directory.posts)}
    if isinstance(state, Session):
        found["conclusion"] = tuple((k, t) for k, t in CONCLUSIONS.items() if k)
        found["category"] = tuple(CATEGORIES.items())
        heads = [s for s in members_of(state.of, directory, local_day(visit.store.clock.now())) if s.seat != "member"]
        found["presiding"] = tuple((s.person, _named(visit, s.person, s.title)) for s in heads)
    elif isinstance(state, SelectionRound) and state.rules is not None:
        for c in state.rules.criteria:
            found[f"s_{c.key}"] = tuple(
                (str(n), Text(ja=f"{n}: {a.ja}", en=f"{n}: {a.en}")) for n, a in enumerate(c.anchors, 1)
            )
        found["into"] = tuple((p.ref, Text(ja=p.title, en=p.title)) for p in state.open)
    return found


def _named(visit: Visit, person: str, title: Text) -> Text:
    name = visit.site.renderer.name_of(person)
    return Text(ja=f"{title.ja} {name}", en=f"{title.en} {name}")
