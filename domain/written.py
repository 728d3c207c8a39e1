"""What people wrote, as pages show it: the texts of an event that search finds, and whose session keeps them to itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from domain.messages import Event, Frozen, Recorded, Text, subject_of
from domain.sessions import messages as m
from domain.sessions.privacy import ever_withheld, withheld
from domain.sessions.session import Session

SAID = ("comment", "reason", "note", "text")
"""Fields of free text in the order in which they are told: one event says one of them."""
CONDITION = "PromiseMade"
_BODIES: Mapping[str, tuple[str, ...]] = {
    "OpinionObtained": ("text", "because"),
    "ItemConcluded": ("reason", "dissent"),
    "ChairBriefed": ("text",),
    "InstructionIssued": ("text",),
    "InstructionAnswered": ("text",),
    "MinutesDrafted": ("text", "closed_part"),
    "InterviewRecorded": ("text",),
    "ProposalsMerged": ("reason",),
    "ProposalScored": ("comment",),
    "ChoiceProposed": ("reason",),
}
"""Of sessions and rounds: what their pages show. A vote's text is told with the conclusion, other reasons nowhere."""
TITLES: Mapping[str, Text] = {
    "comment": Text(ja="コメント", en="comment"),
    "reason": Text(ja="理由", en="reason"),
    "note": Text(ja="備考", en="note"),
    "text": Text(ja="記載", en="remark"),
    "because": Text(ja="意見の扱いの理由", en="why the opinion was treated so"),
    "dissent": Text(ja="反対意見", en="dissent"),
    "closed_part": Text(ja="議事録の非公開部分", en="non-public part of the minutes"),
    "QuestionAsked": Text(ja="質問", en="question"),
    "QuestionAnswered": Text(ja="質問への回答", en="answer to a question"),
    "CommentAdded": Text(ja="コメント", en="comment"),
    "ConclusionCarried": Text(ja="会議の結論", en="conclusion of a body"),
    CONDITION: Text(ja="条件・約束", en="condition or promise"),
    "OpinionObtained": Text(ja="意見", en="opinion"),
    "ChairBriefed": Text(ja="会長への説明", en="briefing of the chair"),
    "InstructionIssued": Text(ja="指示", en="instruction"),
    "InstructionAnswered": Text(ja="指示への回答", en="answer to an instruction"),
    "MinutesDrafted": Text(ja="議事録", en="minutes"),
    "InterviewRecorded": Text(ja="聴き取り", en="interview"),
}
"""What a text is called: by the type of its event where its field is `text`, otherwise by its field."""


class Written(Frozen):
    """One text. `of`: whose key seals it in the record, empty for what the record holds open."""

    field: str
    text: str
    of: str


def said(event: Event) -> str:
    """The free text of an event."""
    return told(event)[1]


def told(event: Event) -> tuple[str, str]:
    """The field and the free text of an event: a comment, a reason, a note, a question; both empty where it has none."""
    for field in SAID:
        if (text := getattr(event, field, None)) and not (event.type == CONDITION and field == "text"):
            return field, str(text)
    return "", ""


def texts(kind: str, recorded: Recorded) -> list[Written]:
    """The texts of an event that the page of its stream shows to somebody, opened."""
    event, of = recorded.event, subject_of(recorded.event, recorded.actor)
    if kind == "lifecycle":
        if event.type == "PersonRecused":
            return []  # a personal matter, told to few
        # What a body decided is told by `ConclusionCarried` beside it.
        field, text = (
            told(event) if not getattr(event, "presided", None) or event.type == "ConclusionCarried" else ("", "")
        )
        found = [Written(field=field, text=text, of=of)] if text else []
        if event.type == CONDITION:
            found.append(Written(field="text", text=str(getattr(event, "text", "")), of=""))
        return found
    if kind not in ("session", "selection"):
        return []
    return [Written(field=f, text=t, of=of) for f in _BODIES.get(event.type, ()) if (t := getattr(event, f))]


def title_of(type_: str, field: str) -> Text:
    return TITLES.get(type_ if field == "text" else field, TITLES["text"])


def place_of(event: Event, version: int, field: str) -> str:
    """Where on the page of a session or round a text stands: the id of the element."""
    if isinstance(event, m.MinutesDrafted):
        return "minutes"
    if isinstance(event, m.ChairBriefed):
        return "briefings"
    if isinstance(event, m.InstructionIssued | m.InstructionAnswered):
        return f"i-{event.instruction}"
    return about(event) or f"e-{version}"


def about(event: Event) -> str:
    """The item of a session or the proposal of a round that an event is about; empty where it is about none."""
    return str(getattr(event, "item", "") or getattr(event, "ref", ""))


def readable(state: Session, recorded: Sequence[Recorded], privy: bool) -> dict[tuple[int, str], str]:
    """(version, field) of each text that the session's page shows, and where; `privy`: to somebody who sees all of it."""
    ever = {} if privy else ever_withheld([r.event for r in recorded])
    last = {r.event.item: r.version for r in recorded if isinstance(r.event, m.ItemConcluded)}
    minutes = [r for r in recorded if isinstance(r.event, m.MinutesDrafted)]
    newest = minutes[-1].version if minutes else 0
    final = next((r.version for r in minutes if getattr(r.event, "version", 0) == state.final), 0)
    found = {}
    for r in recorded:
        event, item = r.event, str(getattr(r.event, "item", ""))
        if withheld(event, ever) or (item and item not in state.items):
            continue
        if (isinstance(event, m.ItemConcluded) and r.version != last[event.item]) or (
            isinstance(event, m.MinutesDrafted) and r.version != (newest if privy else final)
        ):
            continue
        if isinstance(event, m.ChairBriefed) and not privy:
            continue
        for field in _BODIES.get(event.type, ()):
            if privy or field != "closed_part":
                found[r.version, field] = place_of(event, r.version, field)
    return found
